"""An invoice line spread over its service period: day by day, and back to the line exactly."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.books import Bench
from tests.support.effort import examples

UNIT = Fraction(1, 10**20)

amounts = st.decimals(-(10**12), 10**12, places=2) | st.decimals(-(10**9), 10**9, places=20)
first_days = st.dates(date(2024, 1, 1), date(2027, 1, 1))
Line = tuple[Decimal, date, int, int]
"""(amount, the service period's first day, its days, how many days after its start the line is issued)"""
lines = st.tuples(amounts, first_days, st.integers(1, 800), st.integers(-400, 400))


def month_of(day: date) -> date:
    return day.replace(day=1)


def after(month: date) -> date:
    return month_of(month + timedelta(days=31))


def costs(bench: Bench, given_lines: list[Line]) -> dict[int, list[dict[str, object]]]:
    """The rows of ``books.costs`` of each line, by month."""
    bench.con.execute("DELETE FROM ledger.charges; DELETE FROM log.deliveries; DELETE FROM log.claims")
    bench.put_charges(
        [
            {
                "billed_cost": amount,
                "effective_cost": amount,
                "billing_currency": "USD",
                "charge_category": "Usage",
                "charge_period_start": datetime.combine(first, datetime.min.time()),
                "charge_period_end": datetime.combine(first + timedelta(days=days), datetime.min.time()),
                "x_issued_at": datetime.combine(first + timedelta(days=issued), datetime.min.time()),
            }
            for amount, first, days, issued in given_lines
        ],
        "annotators",
    )
    bench.keep_books()
    by_line: dict[int, list[dict[str, object]]] = {}
    for row in bench.ask("FROM books.costs ORDER BY x_line, month"):
        by_line.setdefault(row["x_line"], []).append(row)
    return by_line


@pytest.mark.slow
@given(st.lists(lines, min_size=1, max_size=30))
@example([(Decimal("100"), date(2026, 1, 31), 1, 0), (Decimal("0.01"), date(2026, 1, 15), 59, 90)])
@example([(Decimal("-0.00000000000000000007"), date(2026, 1, 1), 365, 0), (Decimal(0), date(2028, 2, 29), 1, -1)])
@settings(max_examples=examples(20))
def test_the_months_of_a_line_add_up_to_it_exactly_and_each_has_its_days_share(
    bench: Bench, given_lines: list[Line]
) -> None:
    found = costs(bench, given_lines)
    for number, (amount, first, days, issued) in enumerate(given_lines, start=1):
        rows = found[number]
        assert sum(Fraction(str(row["effective_cost"])) for row in rows) == Fraction(amount)
        assert sum(Fraction(str(row["billed_cost"])) for row in rows) == Fraction(amount)
        end = first + timedelta(days=days)
        service = {month_of(first + timedelta(days=n)) for n in range(days)}
        issue_month = month_of(first + timedelta(days=issued))
        assert {row["month"] for row in rows} == service | {issue_month}
        for row in rows:
            month = row["month"]
            assert isinstance(month, date)
            share = max((min(after(month), end) - max(month, first)).days, 0)
            exact = Fraction(amount) * share / days
            assert abs(Fraction(str(row["effective_cost"])) - exact) < 2 * UNIT
            assert row["billed_cost"] == (amount if month == issue_month else 0)


@given(st.lists(st.tuples(amounts, first_days), min_size=1, max_size=30))
@settings(max_examples=examples(10))
def test_a_line_of_one_day_stands_in_its_month_whole(bench: Bench, given_lines: list[tuple[Decimal, date]]) -> None:
    found = costs(bench, [(amount, day, 1, 0) for amount, day in given_lines])
    for number, (amount, day) in enumerate(given_lines, start=1):
        assert [(row["month"], row["effective_cost"]) for row in found[number]] == [(month_of(day), amount)]
