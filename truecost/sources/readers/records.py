"""Records of text -> the temp table ``raw_rows``, for readers that take a file apart in Python; and what is no record.

Both within bounds, whatever a file holds: records go to DuckDB by chunks, malformed ones are kept up to a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from truecost.sources import Limits, Malformed
from truecost.store.frames import in_reach
from truecost.store.sql import identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINE = "__line"
PLACE = "__place"
_CHUNK_ROWS = 20_000
_CHUNK_LETTERS = 1 << 25
KEPT_TEXT = 10_000  # letters of a malformed record
_KEPT_TEXTS = 1 << 24  # of all of them, beyond which each is cut shorter
_SHORT_TEXT = 200
_MOST_MESSAGES = 100
_OTHERWISE = "the record is malformed in a way of its own"


class SetAside:
    """The malformed records of a file, as a reader comes upon them: the first in full, the others counted by fault."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.max_faults
        self._kept: list[Malformed] = []
        self._letters = 0
        self._beyond: dict[str, tuple[Malformed, int]] = {}

    def add(self, line: int, text: str, message: str) -> None:
        """Set a record aside."""
        if len(self._kept) < self._limit:
            self._kept.append(self._bounded(line, text, message))
            return
        if message not in self._beyond and len(self._beyond) >= _MOST_MESSAGES:
            message = _OTHERWISE
        first, rows = self._beyond.get(message) or (self._bounded(line, text, message), 0)
        self._beyond[message] = (first, rows + 1)

    def _bounded(self, line: int, text: str, message: str) -> Malformed:
        shown = text[: KEPT_TEXT if self._letters < _KEPT_TEXTS else _SHORT_TEXT]
        self._letters += len(shown)
        # Half a letter, as JSON can name one, is no text for a database.
        whole, said = (part.encode("utf-8", "replace").decode("utf-8") for part in (shown, message))
        return Malformed(line, whole, said)

    def found(self) -> tuple[Malformed, ...]:
        """All of them, by line."""
        beyond = (replace(first, rows=rows) for first, rows in self._beyond.values())
        return tuple(sorted((*self._kept, *beyond), key=lambda bad: bad.line))

    def __bool__(self) -> bool:
        return bool(self._kept or self._beyond)


def store_records(
    con: DuckDBPyConnection, header: Sequence[str], records: Iterable[tuple[int, Sequence[str | None]]]
) -> None:
    """Fill ``raw_rows`` with (line, fields) in order: a VARCHAR column per name of ``header``, ``__line``, ``__place``.

    A record's place is how many records before it start on the same line: a whole document may be one line.
    """
    import polars as pl

    names = ", ".join(f"{identifier(name)} VARCHAR" for name in header)
    con.execute(f"CREATE OR REPLACE TEMP TABLE raw_rows ({names}, {LINE} BIGINT, {PLACE} INTEGER)")
    schema = {**dict.fromkeys(header, pl.String), LINE: pl.Int64, PLACE: pl.Int32}
    lines: list[int] = []
    places: list[int] = []
    rows: list[Sequence[str | None]] = []

    def flush() -> None:
        columns = (*zip(*rows, strict=True), lines, places)
        frame = pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema)
        with in_reach(con, "raw_batch", frame):
            con.execute("INSERT INTO raw_rows SELECT * FROM raw_batch")
        rows.clear()
        lines.clear()
        places.clear()

    last_line, place, letters = 0, 0, 0
    for line, fields in records:
        last_line, place = line, place + 1 if line == last_line else 0
        rows.append(fields)
        lines.append(line)
        places.append(place)
        letters += sum(len(field) for field in fields if field)
        if len(rows) >= _CHUNK_ROWS or letters >= _CHUNK_LETTERS:
            flush()
            letters = 0
    if rows:
        flush()
