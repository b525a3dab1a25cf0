"""Exports that the time tracking tools made: what is loaded ties out to totals taken from the files by other means."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import Books
from truecost import steps

DATES = {"clockify_solidtime_1.csv": 'dates = "month_first"\n'}  # 03/04/2024 twice: the file does not settle it


@pytest.fixture(scope="module")
def books(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Every export there is, each as a source of its own, after one run."""
    toml = '[workspace]\nname = "real"\n'
    for number, path in enumerate(sorted((shared / "staff_time").glob("*.csv"))):
        toml += f'\n[[sources]]\nname = "s{number}"\nformat = "timesheet"\npath = "{path.as_posix()}"\n'
        toml += DATES.get(path.name, "")
    toml += '\n[[rates]]\nrole = "*"\nhourly_cost = 36.00\ncurrency = "USD"\n'
    ledger = Books.of(tmp_path_factory.mktemp("real") / "workspace", toml)
    ledger.run()
    return ledger


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "tool", "rows", "seconds"),
    [
        ("clockify_solidtime_1.csv", "Clockify", 2, 3601),
        ("clockify_solidtime_2.csv", "Clockify", 1, 1800),
        ("harvest_solidtime_1.csv", "Harvest", 2, 72036),
        ("toggl_solidtime_1.csv", "Toggl Track", 2, 3601),
        ("toggl_timba.csv", "Toggl Track", 11, 38700),
    ],
)
def test_each_export_loads_whole_and_ties_out_to_its_hours(
    books: Books, file: str, tool: str, rows: int, seconds: int
) -> None:
    delivery = books.delivery(file)
    assert (delivery["status"], delivery["format_version"]) == ("loaded", tool)
    assert (delivery["rows_read"], delivery["rows_loaded"], delivery["rows_quarantined"]) == (rows, rows, 0)
    number = delivery["delivery_id"]
    assert books.one("SELECT sum(seconds) FROM books.worklogs WHERE x_delivery_id = ?", number) == seconds
    (charged,) = books.ask(
        "SELECT sum(consumed_quantity) AS hours, sum(effective_cost) AS cost FROM books.labor_charges "
        "WHERE x_delivery_id = ?",
        number,
    )
    assert abs(charged["hours"] - Decimal(seconds) / 3600) < Decimal("1e-18")
    assert charged["cost"] == Decimal(seconds) / 100, "36 an hour is a cent a second"


def test_hours_with_a_decimal_comma_are_no_thousands(books: Books) -> None:
    rows = books.ask("SELECT seconds FROM books.worklogs WHERE person = 'Peter Tester' ORDER BY seconds")
    assert [row["seconds"] for row in rows] == [36, 72000], "0,01 and 20,0 hours"


def test_what_a_client_is_billed_is_no_cost_of_ours(books: Books) -> None:
    assert books.ask("SELECT DISTINCT billed_cost, billing_currency FROM books.labor_charges") == [
        {"billed_cost": 0, "billing_currency": "USD"}
    ]
    assert "Billable Amount" in books.delivery("harvest_solidtime_1.csv")["columns_ignored"]


def test_text_of_any_kind_is_kept_as_it_stands(books: Books, shared: Path) -> None:
    (row,) = books.ask(
        "SELECT description, role FROM books.worklogs WHERE x_delivery_id = ?",
        books.delivery("clockify_solidtime_2.csv")["delivery_id"],
    )
    assert row["description"] in (shared / "staff_time" / "clockify_solidtime_2.csv").read_text("utf-8")
    assert "🔥" in row["description"]
    assert row["role"] == "Group1, Group2"


def test_dates_no_file_settles_are_asked_for(shared: Path, tmp_path: Path) -> None:
    path = shared / "staff_time" / "clockify_solidtime_1.csv"
    toml = f'[workspace]\nname = "w"\n[[sources]]\nname = "s"\nformat = "timesheet"\npath = "{path.as_posix()}"\n'
    books = Books.of(tmp_path / "workspace", toml)
    (loaded,) = books.take_in()
    assert "Start Date 03/04/2024 could be day or month first" in str(loaded.refused_because)
    assert "dates =" in str(loaded.refused_because)


def test_nothing_of_the_real_exports_is_lost_or_doubled(books: Books) -> None:
    assert not steps.check_invariants(books.workspace)
    assert {status for _, status in books.statuses()} == {"loaded"}
