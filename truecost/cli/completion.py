"""What the shell may complete: names the workspace holds, read from its files alone, since Tab must answer at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer


def models(context: typer.Context, incomplete: str) -> list[str]:
    """The ids of [[models]]."""
    return _names(context, "models", "id")


def sources(context: typer.Context, incomplete: str) -> list[str]:
    """The names of [[sources]]."""
    return _names(context, "sources", "name")


def quarters(context: typer.Context, incomplete: str) -> list[str]:
    """The quarters that are published."""
    root = _root(context)
    section = _config(root).get("workspace")
    reports = section.get("reports", "reports") if isinstance(section, dict) else "reports"
    return quarters_in(root / str(reports))


def formats(context: typer.Context, incomplete: str) -> list[str]:
    """The formats there are."""
    from importlib.metadata import entry_points

    return sorted(entry.name for entry in entry_points(group="truecost.sources"))


def quarters_in(reports: Path) -> list[str]:
    """The quarters that are published in the folder ``reports``."""
    import duckdb

    published = reports / "reports.duckdb"
    if not published.is_file():
        return []
    try:
        with duckdb.connect(str(published), read_only=True) as con:
            rows = con.execute("SELECT DISTINCT quarter FROM finance.true_cost_by_quarter ORDER BY quarter").fetchall()
    except duckdb.Error:  # no file of ours: nothing to complete from
        return []
    return [row[0] for row in rows]


def _names(context: typer.Context, section: str, key: str) -> list[str]:
    listed = _config(_root(context)).get(section)
    tables = listed if isinstance(listed, list) else []
    names = (str(table[key]) for table in tables if isinstance(table, dict) and key in table)
    return [name for name in names if name.isprintable()]


def _root(context: typer.Context) -> Path:
    """The workspace that the command line names so far, the nearest to the command first."""
    one: Any = context
    while one is not None:
        if named := one.params.get("workspace"):
            return Path(named)
        one = one.parent
    return Path()


def _config(root: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads((root / "truecost.toml").read_text("utf-8"))
    except (OSError, ValueError):  # nothing to complete from
        return {}
