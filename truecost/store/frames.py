"""Rows of Python on their way into DuckDB: a Polars frame SQL reads by name, of exactly the types it is to have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from truecost.store.rows import Row
from truecost.store.sql import identifier

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

_IN_REACH = "python_rows"


@contextmanager
def in_reach(con: DuckDBPyConnection, name: str, frame: pl.DataFrame) -> Iterator[None]:
    """Let SQL read ``frame`` as ``name`` for as long as this lasts."""
    con.register(name, frame)
    try:
        yield
    finally:
        con.unregister(name)


def insert_rows(con: DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Add ``rows`` to ``table``, each a dict of the same columns; every value as the table's types have it.

    Raises:
        ValueError: an amount has more digits than its column.
    """
    if not rows:
        return
    columns = ", ".join(map(identifier, rows[0]))
    frame = frame_of(rows, con.execute(f"SELECT {columns} FROM {table} LIMIT 0").pl().schema)
    with in_reach(con, _IN_REACH, frame):
        con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM {_IN_REACH}")


def frame_of(rows: Sequence[Row], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The rows as a frame of the columns of ``schema``.

    Raises:
        ValueError: an amount has more digits than its column.
    """
    import polars as pl

    frame = pl.DataFrame({name: [row[name] for row in rows] for name in schema}, schema=dict(schema))
    for name, kind in schema.items():
        if isinstance(kind, pl.Decimal):
            _see_exact(name, [row[name] for row in rows], frame[name].to_list())
    return frame


def _see_exact(name: str, given: Sequence[Any], held: Sequence[Any]) -> None:
    """Polars cuts what a decimal has no place for, and says nothing."""
    for amount, kept in zip(given, held, strict=True):
        if amount != kept:
            raise ValueError(f"{name} can't hold {amount} exactly")
