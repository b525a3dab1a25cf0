"""Amounts as text: the SQL macros agree with Python's decimals, digit for digit."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXACT = Context(prec=2500, rounding=ROUND_HALF_EVEN, Emax=10_000, Emin=-10_000)
UNIT = Decimal("1E-20")
GRAMMAR = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)

signs = st.sampled_from(["", "-", "+"])
digits = st.text("0123456789", max_size=24) | st.text("09", max_size=24)
exponents = (
    st.just("")
    | st.builds("{}{}".format, st.sampled_from("eE"), st.integers(-420, 420))
    | st.builds("{}{}{}".format, st.sampled_from("eE"), st.sampled_from(["+", "-", ""]), st.integers(0, 25))
)
numbers = st.builds("{}{}.{}{}".format, signs, digits, digits | st.text("0123456789", max_size=45), exponents)
whole_numbers = st.builds("{}{}{}".format, signs, st.text("0123456789", min_size=1, max_size=18), exponents)
plain = st.builds(
    "{}{}{}{}".format,
    signs,
    st.text("0123456789", min_size=1, max_size=16),
    st.sampled_from(".,"),
    st.text("0123456789", min_size=1, max_size=22),
)
short = st.builds("{}{}.{:0{}d}".format, signs, st.integers(0, 10**7), st.integers(1, 10**9), st.integers(9, 20))
ties = st.builds(
    "{}{}.{}{}{}".format,
    signs,
    st.integers(0, 10**15 - 1),
    st.text("0123456789", min_size=20, max_size=20),
    st.sampled_from(["5", "50", "49", "51", "4999999999999", "5000000000001"]),
    st.text("0", max_size=5),
)
garbage = st.text(st.sampled_from("0123456789.,_eE+- $€'\"NaInf\n\t\0٣１")) | st.text(max_size=8)
texts = st.lists(numbers | whole_numbers | plain | short | ties | garbage, min_size=1, max_size=150)

REJECTED = [
    *("", " ", ".", "-", "+", "e5", "1e", "1e+", "--1", "+-1", "1.2.3", "1 ", " 1", "1\n", "1_000", "1,000.00", "1,5"),
    *("$10,000.00 ", "€5", "5 USD", "NaN", "nan", "inf", "-Infinity", "0x10", "1e5.5", "(5)", "٣", "１", "NULL", "1\0"),
]


def judged(text: str) -> tuple[str, Decimal | None]:
    """What the macros should say, by Python's own means."""
    if not GRAMMAR.fullmatch(text):
        return "not_a_number", None
    value = EXACT.create_decimal(text)
    if value.copy_abs() >= 10**15:
        return "out_of_range", None
    rounded = EXACT.quantize(value, UNIT)
    return ("ok" if rounded == value else "rounded"), rounded


def read(con: DuckDBPyConnection, texts: list[str]) -> list[tuple[str, Decimal | None]]:
    return con.execute(
        "SELECT amount_state(text), parse_amount(text) FROM (SELECT unnest(?::VARCHAR[]) AS text)", [texts]
    ).fetchall()


@given(texts)
@example(REJECTED)
@example(["1e400", "1E-400", "-0", "0e999", "1e15", "1e14", "999999999999999.999999999999999999995", "5e-21", "15e-21"])
@example(
    ["123456.123456789012", "1234567.123456789012", "123.123456789012345", "-999.9999999999999", "+1.5", "000001.50"]
)
def test_every_amount_is_read_as_the_decimal_it_is_or_not_at_all(con: DuckDBPyConnection, texts: list[str]) -> None:
    assert dict(zip(texts, read(con, texts), strict=True)) == {text: judged(text) for text in texts}


def test_what_is_no_plain_number_is_rejected(con: DuckDBPyConnection) -> None:
    assert read(con, REJECTED) == [("not_a_number", None)] * len(REJECTED)


def test_an_exponent_beyond_any_amount_is_out_of_range_unless_the_amount_is_zero(con: DuckDBPyConnection) -> None:
    assert read(con, ["1e1000", "1e99999999999", "0e99999999999"]) == [
        ("out_of_range", None),
        ("out_of_range", None),
        ("ok", Decimal(0)),
    ]


def test_a_missing_amount_is_missing_and_not_zero(con: DuckDBPyConnection) -> None:
    assert con.execute("SELECT amount_state(NULL), parse_amount(NULL)").fetchone() == ("missing", None)


amounts = st.decimals(-(10**15) + 1, 10**15 - 1, places=20)


@given(st.lists(amounts, min_size=1, max_size=100))
def test_amounts_go_to_whole_units_and_back_unchanged(con: DuckDBPyConnection, values: list[Decimal]) -> None:
    found = con.execute(
        "SELECT CAST(to_units(amount) AS VARCHAR), from_units(to_units(amount)) "
        "FROM (SELECT CAST(unnest(?::VARCHAR[]) AS DECIMAL(38, 20)) AS amount)",
        [[f"{value:f}" for value in values]],
    ).fetchall()
    assert found == [(str(int(EXACT.scaleb(value, 20))), value) for value in values]


@given(st.lists(st.tuples(st.integers(-(10**37), 10**37), st.integers(1, 10**7)), min_size=1, max_size=100))
@example([(5, 10), (15, 10), (-5, 10), (-15, 10), (0, 3), (1, 3), (2, 3), (-1, 3), (-2, 3), (7, 1)])
def test_division_rounds_half_to_even(con: DuckDBPyConnection, pairs: list[tuple[int, int]]) -> None:
    found = con.execute(
        "SELECT CAST(divide_half_even(CAST(above AS HUGEINT), CAST(below AS HUGEINT)) AS VARCHAR) "
        "FROM (SELECT unnest(?::VARCHAR[]) AS above, unnest(?::VARCHAR[]) AS below)",
        [[str(above) for above, _ in pairs], [str(below) for _, below in pairs]],
    ).fetchall()
    assert [int(row[0]) for row in found] == [round(Fraction(above, below)) for above, below in pairs]


money = st.decimals(-(10**9), 10**9, places=6)


@given(st.lists(st.tuples(money, money), min_size=1, max_size=60))
@example([(Decimal(1), Decimal(3)), (Decimal(-1), Decimal(3)), (Decimal(1), Decimal(-3)), (Decimal(5), Decimal(0))])
def test_a_ratio_is_exact_to_six_places_and_absent_over_nothing_or_less(
    con: DuckDBPyConnection, pairs: list[tuple[Decimal, Decimal]]
) -> None:
    found = con.execute(
        "SELECT ratio(CAST(above AS DECIMAL(38, 20)), CAST(below AS DECIMAL(38, 20))) "
        "FROM (SELECT unnest(?::VARCHAR[]) AS above, unnest(?::VARCHAR[]) AS below)",
        [[f"{above:f}" for above, _ in pairs], [f"{below:f}" for _, below in pairs]],
    ).fetchall()
    expected = [
        None if below <= 0 else Decimal(round(Fraction(above) / Fraction(below) * 10**6)) / 10**6
        for above, below in pairs
    ]
    assert [row[0] for row in found] == expected
