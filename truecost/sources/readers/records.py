"""Records of text -> the temp table ``raw_rows``, for readers that take a file apart in Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from truecost.store.sql import identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINE = "__line"
PLACE = "__place"
_CHUNK_ROWS = 20_000


def store_records(
    con: DuckDBPyConnection, header: Sequence[str], records: Iterable[tuple[int, Sequence[str | None]]]
) -> None:
    """Fill ``raw_rows`` with (line, fields) in order: a VARCHAR column per name of ``header``, ``__line``, ``__place``.

    A record's place is how many records before it start on the same line: a whole document may be one line.
    """
    import pyarrow as pa

    names = ", ".join(f"{identifier(name)} VARCHAR" for name in header)
    con.execute(f"CREATE OR REPLACE TEMP TABLE raw_rows ({names}, {LINE} BIGINT, {PLACE} INTEGER)")
    schema = pa.schema([*((name, pa.string()) for name in header), (LINE, pa.int64()), (PLACE, pa.int32())])
    lines: list[int] = []
    places: list[int] = []
    rows: list[Sequence[str | None]] = []

    def flush() -> None:
        con.register("raw_batch", pa.table([*zip(*rows, strict=True), lines, places], schema=schema))
        con.execute("INSERT INTO raw_rows SELECT * FROM raw_batch")
        con.unregister("raw_batch")
        rows.clear()
        lines.clear()
        places.clear()

    last_line, place = 0, 0
    for line, fields in records:
        last_line, place = line, place + 1 if line == last_line else 0
        rows.append(fields)
        lines.append(line)
        places.append(place)
        if len(rows) >= _CHUNK_ROWS:
            flush()
    if rows:
        flush()
