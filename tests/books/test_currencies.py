"""Other currencies: converted whole at the rate of their day, with one rounding; without a rate they do not count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, asked
from tests.support.effort import examples

UNIT = Decimal("0.00000000000000000001")
EXACT = Context(prec=80)
FIRST = date(2026, 2, 1)

HISTORY = """Date,USD,JPY,RUB,
2026-02-10,1.1172,175.68,N/A,
2026-02-06,1.1091,175.02,,
2026-02-02,1.0998,174.4,88.1,
"""
DAILY = "Date, USD, JPY, \n11 February 2026, 1.12000, 176.1, \n"
RATES = {
    date(2026, 2, 2): {"USD": "1.0998", "JPY": "174.4", "RUB": "88.1", "EUR": "1"},
    date(2026, 2, 6): {"USD": "1.1091", "JPY": "175.02", "EUR": "1"},
    date(2026, 2, 10): {"USD": "1.1172", "JPY": "175.68", "EUR": "1"},
    date(2026, 2, 11): {"USD": "1.12000", "JPY": "176.1", "EUR": "1"},
}

charges = st.lists(
    st.fixed_dictionaries(
        {
            "currency": st.sampled_from(["EUR", "JPY", "RUB", "USD", "XAU"]),
            "day": st.integers(0, 25),
            "cost": st.decimals("-1000000000", "1000000000", places=9),
            "months": st.none() | st.integers(1, 120),
        }
    ),
    min_size=1,
    max_size=6,
)


def rounded(value: Fraction) -> Decimal:
    scaled = value * 10**20
    whole = EXACT.quantize(Decimal(scaled.numerator) / 1, Decimal(1)) if scaled.denominator == 1 else None
    if whole is None:
        floor = scaled.numerator // scaled.denominator
        rest = scaled - floor
        up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2 == 1)
        whole = Decimal(floor + up)
    return EXACT.multiply(whole, UNIT)


def rate(currency: str, day: date) -> Fraction | None:
    """Dollars for one unit, by the last day that quotes it and is at most a week old."""
    for known in sorted(RATES, reverse=True):
        if known <= day and (day - known).days <= 7 and currency in RATES[known]:
            return Fraction(RATES[known]["USD"]) / Fraction(RATES[known][currency])
    return None


@pytest.fixture
def fx_bench(folder: Path) -> Iterator[Bench]:
    opened = Bench.open(
        folder,
        {
            "sources": [
                {"name": "ecb", "format": "ecb_rates", "path": "x"},
                {"name": "aws", "format": "focus", "path": "y"},
                {"name": "annotators", "format": "invoice_csv", "path": "z"},
            ]
        },
    )
    opened.deliver("ecb", HISTORY)
    opened.deliver("ecb", DAILY)
    yield opened
    opened.close()


@pytest.mark.slow
@given(charges)
@settings(max_examples=examples(15))
def test_an_amount_is_converted_at_the_rate_of_its_day_and_its_months_add_up(
    fx_bench: Bench, listed: list[dict[str, Any]]
) -> None:
    rows = []
    for item in listed:
        start = datetime(2026, 2, 1) + timedelta(days=item["day"])
        rows.append(
            {
                "billing_currency": item["currency"],
                "charge_category": "Usage",
                "charge_period_start": start,
                "charge_period_end": start + timedelta(days=item["months"] or 1),
                "effective_cost": item["cost"].quantize(UNIT, context=EXACT),
                "billed_cost": item["cost"].quantize(UNIT, context=EXACT),
                "x_issued_at": start if item["months"] else None,
            }
        )
    number = fx_bench.put_charges(rows)
    fx_bench.keep_books()
    for line, item in enumerate(listed, start=1):
        day = FIRST + timedelta(days=item["day"])
        found = asked(
            fx_bench.con,
            "SELECT sum(cost) AS cost, sum(billed) AS billed, bool_or(is_unconverted) AS is_unconverted, "
            "any_value(fx_rate) AS fx_rate FROM books.costs WHERE x_delivery_id = ? AND x_line = ?",
            number,
            line,
        )[0]
        quoted = Fraction(1) if item["currency"] == "USD" else rate(item["currency"], day)
        if quoted is None:
            assert found == {"cost": None, "billed": None, "is_unconverted": True, "fx_rate": None}
            continue
        expected = rounded(Fraction(item["cost"]) * quoted)
        assert (found["cost"], found["billed"], found["is_unconverted"]) == (expected, expected, False)
        if item["currency"] != "USD":
            assert found["fx_rate"] == rounded(quoted)


def test_a_day_told_again_with_other_rates_counts_as_last_told(fx_bench: Bench) -> None:
    fx_bench.deliver("ecb", "Date,USD,\n2026-02-10,2,\n2026-02-06,1.1091,\n2026-02-31,1,\n2026-02-05,-1,\n")
    fx_bench.keep_books()
    days = fx_bench.ask("SELECT rate_date, rate FROM books.fx_rates WHERE currency = 'USD' ORDER BY rate_date")
    assert [(row["rate_date"].day, row["rate"]) for row in days] == [
        *((2, Decimal("1.0998")), (6, Decimal("1.1091")), (10, Decimal(2)), (11, Decimal("1.12")))
    ]
    faults = fx_bench.ask("SELECT line, value, message FROM log.quarantine ORDER BY line")
    assert [(row["line"], row["value"]) for row in faults] == [(4, "2026-02-31"), (5, "2026-02-05")]


@pytest.mark.slow
def test_the_history_of_the_ecb_ties_to_what_it_says(folder: Path, shared: Path) -> None:
    bench = Bench.open(folder, {"sources": [{"name": "ecb", "format": "ecb_rates", "path": "x"}]})
    try:
        for name in ("ecb_eurofxref-hist_2026-10-30.csv", "ecb_eurofxref_daily_2026-10-30.csv"):
            loaded = bench.deliver("ecb", (shared / "fx" / name).read_bytes())
            assert loaded.rows_quarantined == 0
        bench.keep_books()
        (days,) = bench.ask("SELECT count(*) AS n, min(rate_date) AS first, max(rate_date) AS last FROM books.fx_days")
        assert (days["n"], days["first"], days["last"]) == (7127, date(1999, 1, 4), date(2026, 10, 30))
        rates = bench.ask("SELECT currency, rate FROM books.fx_rates WHERE rate_date = DATE '2023-06-30'")
        told = {row["currency"]: row["rate"] for row in rates}
        assert {name: told[name] for name in ("USD", "GBP", "NOK", "EUR")} == {
            "USD": Decimal("1.0866"),
            "GBP": Decimal("0.85828"),
            "NOK": Decimal("11.704"),
            "EUR": Decimal(1),
        }
        assert "RUB" not in told
    finally:
        bench.close()
