"""Rows of Python reach DuckDB as they are: every digit, every letter, in the table's own types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import given
from hypothesis import strategies as st

from truecost.sources.readers.records import store_records
from truecost.store.frames import in_reach, insert_rows

amounts = st.decimals(min_value=-(10**18) + 1, max_value=10**18 - 1, places=20, allow_nan=False)


@given(st.lists(st.one_of(st.none(), amounts), min_size=1, max_size=20))
def test_amounts_keep_every_digit_there_and_back(con: DuckDBPyConnection, given_amounts: list[Decimal | None]) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE kept (place INTEGER, amount DECIMAL(38, 20))")
    insert_rows(con, "kept", [{"amount": amount, "place": n} for n, amount in enumerate(given_amounts)])
    asked = "SELECT amount FROM kept ORDER BY place"
    assert [amount for (amount,) in con.execute(asked).fetchall()] == given_amounts
    frame = con.execute(asked).pl()
    assert frame.schema == {"amount": pl.Decimal(38, 20)}
    assert frame["amount"].to_list() == given_amounts


@pytest.mark.parametrize("amount", [Decimal("1E-21"), Decimal("0.123456789012345678901")])
def test_an_amount_with_more_digits_than_its_column_is_an_error_and_not_rounded(
    con: DuckDBPyConnection, amount: Decimal
) -> None:
    con.execute("CREATE OR REPLACE TEMP TABLE kept (amount DECIMAL(38, 20))")
    with pytest.raises(ValueError, match="amount can't hold"):
        insert_rows(con, "kept", [{"amount": Decimal(1)}, {"amount": amount}])
    assert con.execute("SELECT count(*) FROM kept").fetchall() == [(0,)]


def test_rows_take_the_types_of_the_table_even_where_they_hold_nothing(con: DuckDBPyConnection) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE kept (moment TIMESTAMP, day DATE, share DOUBLE, is_so BOOLEAN, name VARCHAR)"
    )
    told = [
        {"day": None, "moment": None, "share": None, "is_so": None, "name": None},
        {"day": date(1, 1, 1), "moment": datetime(2026, 1, 1, 0, 0, 0, 1), "share": 1, "is_so": True, "name": "1"},
    ]
    insert_rows(con, "kept", told)
    insert_rows(con, "kept", [])
    found = con.execute("SELECT day, moment, share, is_so, name FROM kept").fetchall()
    assert found == [tuple(row.values()) for row in told]


def test_a_frame_is_out_of_reach_afterwards_whatever_happens(con: DuckDBPyConnection) -> None:
    frame = pl.DataFrame({"name": ["one"]})
    with pytest.raises(duckdb.ConversionException), in_reach(con, "passing", frame):
        con.execute("SELECT CAST(name AS INTEGER) FROM passing").fetchall()
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM passing")


texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(st.one_of(st.none(), texts), texts), max_size=30))
def test_text_stays_text_as_the_record_has_it(con: DuckDBPyConnection, fields: list[tuple[str | None, str]]) -> None:
    store_records(con, ("a b", "c"), ((line // 2, row) for line, row in enumerate(fields, start=2)))
    found = con.execute("SELECT * FROM raw_rows ORDER BY rowid").fetchall()
    assert found == [(*row, line // 2, line % 2) for line, row in enumerate(fields, start=2)]
    kinds = [kind for _, kind, *_ in con.execute("DESCRIBE raw_rows").fetchall()]
    assert kinds == ["VARCHAR", "VARCHAR", "BIGINT", "INTEGER"]
