"""Every figure on the page can be queried: it stands in a ``finance`` view of the file the page was made from."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from truecost.dashboards import charts, formats

from truecost.publish.figures import BRIDGE
from truecost.publish.publication import open_published, view_names
from truecost.store.rows import read_rows
from truecost.workspace.config import COST_KINDS, STAGES

QUARTER = "FY2026-Q3"
# Sentences of alerts and gaps, published figures of others, what the words mean, and rows as they were delivered.
WORDS = re.compile(r'<section[^>]*aria-labelledby="(?:alerts|incomplete|yardsticks|notes)".*?</section>', re.DOTALL)
REASONS = re.compile(
    r'<ul class="reasons">.*?</ul>|<td>[^<]*</td></tr>|<table class="wide">\s*<caption>Quar.*?</table>', re.DOTALL
)
OTHERS = re.compile(r"<style>.*?</style>|<footer>.*?</footer>|<svg.*?</svg>|\(F\d+:[^)]*\)", re.DOTALL)
FIGURE = re.compile(r"[−+]?\d[\d,]*\.\d+[%×]?|\d{1,3}(?:,\d{3})+")

Row = dict[str, Any]


@pytest.fixture(scope="module")
def views(demo: Path) -> dict[str, list[Row]]:
    with open_published(demo / "reports/reports.duckdb") as con:
        return {name: read_rows(con, f"FROM {name}") for name in view_names(con)}


@pytest.fixture(scope="module")
def report(demo: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((demo / "reports" / QUARTER / "true-cost.json").read_text("utf-8"))
    return told


def test_each_figure_of_the_page_stands_in_a_view(demo: Path, views: dict[str, list[Row]]) -> None:
    page = (demo / "reports" / QUARTER / "true-cost.html").read_text("utf-8")
    known = {text for rows in views.values() for row in rows for value in row.values() for text in shown(value)}
    told = figures_of(page)
    assert len(told) > 300
    assert [figure for figure in told if figure not in known] == []


def test_the_report_s_own_figures_are_those_of_the_quarter_s_rows(
    report: dict[str, Any], views: dict[str, list[Row]]
) -> None:
    """By name and place: a figure of the same amount elsewhere is not enough."""
    (total,) = (row for row in views["totals"] if row["quarter"] == QUARTER)
    assert_told(report["total"], total)
    for model in report["models"]:
        here = {"model_id": model["model_id"], "quarter": QUARTER}
        (row,) = matching(views["true_cost_by_quarter"], here)
        assert_told({name: model[name] for name in model.keys() & row.keys()}, row)
        assert not {name for name in model if "cost" in name or "share" in name} - row.keys()
        for part, view, key in (
            ("stages", "cost_by_stage_to_date", "stage"),
            ("kinds", "cost_by_kind_to_date", "cost_kind"),
        ):
            rows = {row[key]: row for row in matching(views[view], here)}
            assert [held[key] for held in model[part]] == [name for name in (*STAGES, *COST_KINDS) if name in rows]
            for held in model[part]:
                assert_told(held, rows[held[key]])
    (came,) = (row for row in views["delivery_totals"] if row["source"] is None)
    assert report["deliveries"] == {name: came[name] for name in report["deliveries"]}


def test_what_is_named_once_is_what_the_views_hold(views: dict[str, list[Row]]) -> None:
    steps = {row["position"]: row["step"] for row in views["bridge"]}
    assert tuple(BRIDGE) == tuple(steps[position] for position in sorted(steps))
    assert {row["stage"] for row in views["cost_by_stage"]} <= set(STAGES) == charts.COLOURS.keys()
    assert {row["cost_kind"] for row in views["cost_by_stage"]} <= set(COST_KINDS)


def figures_of(page: str) -> list[str]:
    """The figures of its tables, key figures and sentences, and of what its charts say in words."""
    page = REASONS.sub("", WORDS.sub("", page))
    words = " ".join(re.findall(r'<svg[^>]*aria-label="([^"]*)"', page))
    text = re.sub(r"<[^>]*>", " ", OTHERS.sub(" ", page))
    return FIGURE.findall(html.unescape(f"{text} {words}"))


def shown(value: object) -> Iterator[str]:
    """A value of a view, in each way in which the page may show it."""
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield f"{value:,}"
    elif isinstance(value, Decimal | float):
        ways = (formats.share, formats.multiplier, formats.percent, formats.hours, formats.index)
        yield from (way(value) for way in ways)
        yield formats.measure(float(value))
        if isinstance(value, Decimal):
            yield from (formats.money(value), formats.variance(value))


def matching(rows: list[Row], wanted: Row) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def assert_told(told: dict[str, Any], row: Row) -> None:
    for name, value in told.items():
        held = str(row[name]) if isinstance(row[name], date) else row[name]
        assert (Decimal(value) if isinstance(held, Decimal) else value) == held, name
