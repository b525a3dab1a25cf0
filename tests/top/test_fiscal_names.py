"""Quarters by example; what holds for all of them is under tests/property."""

from __future__ import annotations

from datetime import date

import pytest

from truecost.errors import TruecostError
from truecost.quarters import Quarter, latest_ended, parse_quarter, quarter_of

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("day", "start_month", "quarter"),
    [
        (date(2026, 8, 15), 1, Quarter(date(2026, 7, 1), date(2026, 10, 1), "FY2026-Q3")),
        (date(2026, 12, 31), 1, Quarter(date(2026, 10, 1), date(2027, 1, 1), "FY2026-Q4")),
        (date(2026, 1, 1), 1, Quarter(date(2026, 1, 1), date(2026, 4, 1), "FY2026-Q1")),
        (date(2026, 10, 1), 10, Quarter(date(2026, 10, 1), date(2027, 1, 1), "FY2027-Q1")),
        (date(2026, 9, 30), 10, Quarter(date(2026, 7, 1), date(2026, 10, 1), "FY2026-Q4")),
        (date(2026, 1, 31), 2, Quarter(date(2025, 11, 1), date(2026, 2, 1), "FY2026-Q4")),
        (date(2026, 1, 15), 12, Quarter(date(2025, 12, 1), date(2026, 3, 1), "FY2026-Q1")),
        (date(2024, 2, 29), 3, Quarter(date(2023, 12, 1), date(2024, 3, 1), "FY2024-Q4")),
    ],
)
def test_a_day_falls_in_its_quarter(day: date, start_month: int, quarter: Quarter) -> None:
    assert quarter_of(day, start_month) == quarter
    assert parse_quarter(quarter.name, start_month) == quarter


def test_the_latest_ended_quarter_on_its_first_day_after_is_that_quarter() -> None:
    assert latest_ended(date(2026, 10, 1), 1).name == "FY2026-Q3"
    assert latest_ended(date(2026, 9, 30), 1).name == "FY2026-Q2"
    assert latest_ended(date(2026, 1, 1), 1).name == "FY2025-Q4"


@pytest.mark.parametrize(
    "name", ["", "2026-Q3", "FY2026-Q5", "FY2026-Q0", "FY26-Q1", "fy2026-q3", "FY2026-Q3 ", "FY2026Q3"]
)
def test_what_is_no_quarter_says_how_to_write_one(name: str) -> None:
    with pytest.raises(TruecostError, match="is not a quarter; write it like FY2026-Q3"):
        parse_quarter(name, 1)
