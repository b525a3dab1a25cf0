"""docs/formats.md shows a whole package of someone else's: exactly that package is installed, and loads files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"
FILE_ON_PAGE = re.compile(r"^`([\w./-]+)`.*?:\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGE_LINES = 60

TOML = """
[workspace]
name = "machine room"
as_of = 2026-10-05

[[sources]]
name = "power"
format = "power_meter"
path = "inbox/power/*.csv"
"""
MAY = """meter,Read At,cost,currency
rack-1,2026-05-01T00:00:00Z,10.10,USD
rack-2,2026-05-01T00:00:00Z,20.20,USD
,2026-05-01T00:00:00Z,1.00,USD
rack-3,2026-05-01T00:00:00Z,much,USD
total,2026-05-01T00:00:00Z,31.30,USD
"""
MAY_AGAIN = """currency,cost,read_at,meter
USD,10.10,2026-05-01 02:00:00+02:00,rack-1
USD,20.50,2026-05-01T00:00:00Z,rack-2
"""

Say = Callable[..., str]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as the page writes it."""
    folder = tmp_path_factory.mktemp("truecost-meters")
    for name, text in FILE_ON_PAGE.findall(PAGE.read_text("utf-8")):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip put it."""
    target = tmp_path_factory.mktemp("installed")
    told = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--target"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *told, str(target), str(source)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("room")
    (root / "truecost.toml").write_text(TOML, "utf-8")
    (root / "inbox" / "power").mkdir(parents=True)
    (root / "inbox" / "power" / "may.csv").write_text(MAY, "utf-8")
    return root


@pytest.fixture(scope="module")
def say(installed: Path, workspace: Path) -> Say:
    """``truecost ARGUMENTS`` in an environment that has the package."""

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(installed), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, "-m", "truecost", *arguments, "--workspace", str(workspace)],
            capture_output=True,
            text=True,
            env=environment,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def published(workspace: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(workspace / "reports" / "reports.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_the_page_shows_the_whole_package_in_under_sixty_lines() -> None:
    shown = FILE_ON_PAGE.findall(PAGE.read_text("utf-8"))
    assert {Path(name).suffix for name, _ in shown} == {".toml", ".py", ".sql", ".json"}
    assert sum(text.count("\n") for _, text in shown) < PAGE_LINES


def test_the_package_of_the_page_loads_files_as_a_format_of_ours_does(say: Say, workspace: Path) -> None:
    assert "power_meter" in say("sources")
    (checked,) = [json.loads(say("sources", "check", str(workspace / "inbox" / "power" / "may.csv"), "--json"))]
    assert (checked["format"], checked["rows_read"], checked["rows_quarantined"]) == ("power_meter", 5, 2)

    say("ingest")
    (workspace / "inbox" / "power" / "may-again.csv").write_text(MAY_AGAIN, "utf-8")
    say("ingest")
    say("publish")
    assert published(
        workspace,
        "SELECT status, rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_skipped FROM finance.deliveries",
    ) == [("loaded", 5, 2, 2, 0, 1), ("loaded", 2, 1, 0, 1, 0)]
    assert published(
        workspace,
        "SELECT CAST(COLUMNS('amount_.*') AS DECIMAL(9, 2)) FROM finance.control_totals ORDER BY delivery_id",
    ) == [tuple(map(_cents, row)) for row in ((62.60, 30.30, 1.00, 0, 0, 31.30), (30.60, 20.50, 0, 10.10, 0, 0))]
    assert published(workspace, "SELECT line, dataset, column_name, remedy FROM finance.quarantine") == [
        (4, "meter_readings", "meter", "name the meter"),
        (5, "meter_readings", "cost", "write a plain number such as 12.50"),
    ]
    assert published(workspace, "SELECT meter, CAST(cost AS VARCHAR)[:5] FROM finance.meter_readings") == [
        ("rack-1", "10.10"),
        ("rack-2", "20.50"),
    ]
    assert published(workspace, "SELECT comment FROM duckdb_views() WHERE view_name = 'meter_readings'") == [
        ("What the power meters counted, as last told.",)
    ]
    say("doctor")


def test_a_changed_file_of_the_package_loads_its_deliveries_again(say: Say, workspace: Path, installed: Path) -> None:
    say("ingest")
    table = installed / "truecost_meters" / "table.sql"
    table.write_text(table.read_text("utf-8").replace("currency VARCHAR,", "currency VARCHAR, room VARCHAR,"), "utf-8")
    typed = installed / "truecost_meters" / "format.sql"
    typed.write_text(typed.read_text("utf-8").replace("    meter, ", "    meter, 'cellar' AS room, "), "utf-8")
    say("ingest")
    with duckdb.connect(str(workspace / "warehouse.duckdb"), read_only=True) as con:
        rooms = con.execute("SELECT DISTINCT room FROM books.meter_readings").fetchall()
    assert rooms == [("cellar",)]
    say("doctor")


def _cents(amount: float) -> Any:
    from decimal import Decimal

    return Decimal(str(amount)).quantize(Decimal("0.01"))
