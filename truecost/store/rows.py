"""The answer to a query, a dict a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]


def read_rows(con: DuckDBPyConnection, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
    """Each row by its columns' names; amounts as decimals, moments as datetimes without a zone (UTC)."""
    found = con.execute(sql, parameters or None)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
