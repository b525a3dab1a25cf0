"""What a run leaves to be read in Prefect: how the workspace stands, first of all, then its deliveries and figures."""

from __future__ import annotations

import re
from decimal import Decimal

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from truecost import steps
from truecost.alerts.standing import Standing
from truecost.publish.publication import open_published
from truecost.store.sql import query
from truecost.workspace.workspace import Workspace

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")
_HEADINGS = {"failed": "faults", "asks": "needs attention", "done": "nothing is open"}
_LISTED = 50  # lines; the log has all of them


def show_standing(workspace: Workspace, standing: Standing, quarter: str | None) -> None:
    """What is open: a sentence a kind, where the report is, then line by line."""
    told = [f"## {_plain(workspace.name)}: {_HEADINGS[standing.outcome]}", ""]
    told += [f"- {_plain(sentence)}" for sentence in standing.summary()]
    told += ["", *_where(workspace, quarter)]
    lines = [sentence for _, sentence in standing.lines()]
    if lines:
        told += ["", "### Each of them", "", *(f"- {_plain(line)}" for line in lines[:_LISTED])]
    if len(lines) > _LISTED:
        told.append(f"- and {len(lines) - _LISTED:,} more: the log of this run has them all")
    create_markdown_artifact(key="standing", markdown="\n".join(told), description="What is open, and the report.")


def show_deliveries(workspace: Workspace) -> None:
    """The table of deliveries, those that ask for someone first."""
    headline = steps.standing(workspace).headline()
    _show_table(workspace, "deliveries", "report/latest_deliveries", [], f"{headline}. The latest deliveries")


def show_quarter(workspace: Workspace, quarter: str) -> None:
    """The quarter's figures."""
    headline = steps.standing(workspace).headline()
    title = f"{headline}. True cost beside training-only cost in {quarter}"
    _show_table(workspace, "true-cost", "report/quarter_figures", [quarter], title)


def _show_table(workspace: Workspace, key: str, name: str, values: list[str], title: str) -> None:
    with open_published(workspace.published) as con:
        found = con.execute(query(name), values)
        columns = [column[0] for column in found.description or ()]
        rows = [dict(zip(columns, map(_shown, row), strict=True)) for row in found.fetchall()]
    description = "\n\n".join([f"{_plain(title)}.", *_where(workspace, values[0] if values else None)])
    create_table_artifact(key=key, table=rows, description=description)


def _where(workspace: Workspace, quarter: str | None) -> list[str]:
    """Links to what was written; a browser that may not follow them shows the path."""
    page = workspace.reports / quarter / "true-cost.html" if quarter else None
    told = [f"[Report of {quarter}]({page.as_uri()}): `{page}`"] if page and page.is_file() else []
    if workspace.published.is_file():
        told.append(f"[For finance]({workspace.published.as_uri()}): `{workspace.published}`")
    return ["  \n".join(told)] if told else []


def _plain(text: str) -> str:
    """Text in which nothing is a mark of Markdown: names are others'."""
    return _MARKS.sub(r"\\\1", "".join(character if character.isprintable() else " " for character in text))


def _shown(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return "" if value is None else str(value)
