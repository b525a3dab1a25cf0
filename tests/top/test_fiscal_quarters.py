"""Fiscal quarters: Python and SQL name and bound them alike, whenever the fiscal year starts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from truecost.quarters import latest_ended, parse_quarter, quarter_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

days = st.dates(date(1999, 1, 1), date(2105, 12, 31))
start_months = st.integers(1, 12)


def test_every_month_has_the_same_quarter_in_sql_and_in_python(con: DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT CAST(month AS DATE), start_month, fiscal_quarter(month, start_month), "
        "CAST(fiscal_quarter_start(month, start_month) AS DATE) "
        "FROM (SELECT unnest(generate_series(DATE '1999-01-01', DATE '2105-12-01', INTERVAL 1 MONTH)) AS month) "
        "CROSS JOIN (SELECT CAST(unnest(range(1, 13)) AS INTEGER) AS start_month)"
    ).fetchall()
    assert len(found) == 107 * 12 * 12
    for month, start_month, name, start in found:
        quarter = quarter_of(month, start_month)
        assert (quarter.name, quarter.start) == (name, start)


@given(days, start_months)
def test_a_quarter_is_three_whole_months_that_hold_the_day(day: date, start_month: int) -> None:
    quarter = quarter_of(day, start_month)
    assert quarter.start <= day < quarter.end
    assert quarter.start.day == quarter.end.day == 1
    assert (quarter.end.year - quarter.start.year) * 12 + quarter.end.month - quarter.start.month == 3
    assert (quarter.start.month - start_month) % 3 == 0


@given(days, start_months)
def test_a_quarters_name_leads_back_to_it(day: date, start_month: int) -> None:
    quarter = quarter_of(day, start_month)
    assert parse_quarter(quarter.name, start_month) == quarter


@given(days, start_months)
def test_the_fiscal_year_is_named_by_the_calendar_year_it_ends_in(day: date, start_month: int) -> None:
    last = parse_quarter(f"{quarter_of(day, start_month).name[:6]}-Q4", start_month)
    assert last.name[2:6] == str((last.end - timedelta(days=1)).year)


@given(days, start_months)
def test_the_latest_ended_quarter_is_the_one_before_the_days_own(day: date, start_month: int) -> None:
    ended, own = latest_ended(day, start_month), quarter_of(day, start_month)
    assert ended.end == own.start <= day


@given(days, start_months)
def test_quarters_follow_one_another_without_gaps(day: date, start_month: int) -> None:
    quarter = quarter_of(day, start_month)
    following = quarter_of(quarter.end, start_month)
    assert following.start == quarter.end
    assert following > quarter
