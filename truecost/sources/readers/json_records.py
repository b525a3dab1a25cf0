"""JSON Lines, or one JSON array of objects -> a :class:`RawTable` with a column for each key.

A broken line is one broken record; a broken array is a broken file. Values keep the text they were written with, but
for numbers, which DuckDB may spell another way (1e3 as 1000.0); an object or a list within a record stays JSON.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from truecost.errors import DeliveryRefused
from truecost.sources import FileOptions, Format, Limits, RawTable
from truecost.sources.readers.delimited import open_landed, read_whole, require_columns
from truecost.sources.readers.documents import as_text
from truecost.sources.readers.records import KEPT_TEXT, LINE, PLACE, SetAside, store_records
from truecost.store.sql import identifier, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LARGEST_ARRAY = 500 * 1024 * 1024
_MOST_ELEMENTS = 10_000_000
_MOST_KEYS = 1_000
_BATCH_ROWS = 10_000
_PEEKED = 4096
_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(r"[ \t\r\n]*")


def is_json(path: Path) -> bool:
    """Whether the file begins as JSON objects do, or an array of them."""
    return _first_byte(path) in (b"{", b"[")


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read a file of JSON objects, plain or compressed.

    Raises:
        DeliveryRefused: the file as a whole can't be read, holds no objects, or lacks a required column.
    """
    malformed = SetAside(options.limits)
    is_array = _first_byte(path) == b"["
    records = _elements(path, options.limits) if is_array else _lines(path, malformed, options.limits)
    store_records(con, ("record",), ((line, [text]) for line, text in records))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE json_rows AS "
        f"SELECT record, {LINE}, {PLACE}, CASE WHEN json_valid(record) THEN json_type(record) END AS kind FROM raw_rows"
    )
    _set_aside_others(con, malformed)
    header = _keys(con)
    require_columns(header, fmt, options, where="the file")
    _spread(con, header)
    return RawTable("raw_rows", header, first_line=None, malformed=malformed.found())


def _first_byte(path: Path) -> bytes:
    """The first byte that is neither blank nor a byte order mark."""
    with open_landed(path) as file:
        return file.read(_PEEKED).removeprefix(_BOM).lstrip()[:1]


def _lines(path: Path, malformed: SetAside, limits: Limits) -> Iterator[tuple[int, str]]:
    """(line, its text) of each line that is not blank; what is no text is added to ``malformed``."""
    with open_landed(path, limits) as file:
        for number, raw in _numbered(file, limits):
            content = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
            if not content:
                continue
            try:
                text = content.decode()
            except UnicodeDecodeError:
                shown = content[:KEPT_TEXT].decode("utf-8", "replace")
                malformed.add(number, shown, "the line is not UTF-8 (Latin-1, perhaps)")
            else:
                yield number, text


def _numbered(file: BinaryIO, limits: Limits) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := file.readline(limits.max_row + 1):
        number += 1
        limits.see_row(number, len(raw))
        yield number, raw


def _elements(path: Path, limits: Limits) -> Iterator[tuple[int, str]]:
    """(line, text) of each element of the array; where two start on one line, their numbers stand for the lines."""
    too_large = f"the array is larger than {LARGEST_ARRAY >> 20} MB; write one object a line (JSON Lines)"
    text = as_text(read_whole(path, limits, LARGEST_ARRAY, too_large))
    lines, starts, ends = array("q"), array("q"), array("q")
    for line, start, end in _located_elements(text):
        limits.see_row(line, end - start)
        lines.append(line)
        starts.append(start)
        ends.append(end)
        if len(lines) > _MOST_ELEMENTS:
            raise DeliveryRefused(
                f"the array has more than {_MOST_ELEMENTS:,} elements; write one object a line (JSON Lines)"
            )
    is_in_step = all(line < following for line, following in pairwise(lines))
    for number, (line, start, end) in enumerate(zip(lines, starts, ends, strict=True), start=1):
        yield line if is_in_step else number, text[start:end]


def _located_elements(text: str) -> Iterator[tuple[int, int, int]]:
    """(line, where it starts, where it ends) of each element."""
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    line, counted = 1, 0
    at = _skip_blank(text, _skip_blank(text, 0) + 1)
    try:
        if text[at : at + 1] == "]":
            raise DeliveryRefused("the array is empty; there is nothing to load")
        while True:
            _, end = decoder.raw_decode(text, at)
            line += text.count("\n", counted, at)
            counted = at
            yield line, at, end
            at = _skip_blank(text, end)
            if text[at : at + 1] == "]":
                break
            if text[at : at + 1] != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
            at = _skip_blank(text, at + 1)
        if _skip_blank(text, at + 1) < len(text):
            raise json.JSONDecodeError("Extra data", text, at + 1)
    except json.JSONDecodeError as error:
        raise DeliveryRefused(
            f"line {error.lineno}, column {error.colno}: the JSON is cut or broken ({error.msg}); export it again"
        ) from error


def _skip_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _set_aside_others(con: DuckDBPyConnection, malformed: SetAside) -> None:
    """Set aside the records that are no objects, a batch at a time: there may be as many as lines."""
    asked = (
        f"SELECT {LINE}, left(record, {KEPT_TEXT}), kind FROM json_rows "
        f"WHERE kind IS DISTINCT FROM 'OBJECT' ORDER BY {LINE}"
    )
    for batch in con.execute(asked).to_arrow_reader(_BATCH_ROWS):
        for line, text, kind in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            malformed.add(line, text, f"the record {'is not JSON' if kind is None else 'is not a JSON object'}")


def _keys(con: DuckDBPyConnection) -> tuple[str, ...]:
    """The keys of all records, in the order they come up; a key without a name is left out."""
    found = con.execute(
        "WITH named AS ("
        "SELECT unnest(json_keys(record)) AS key, rowid AS row_no FROM json_rows WHERE kind = 'OBJECT'"
        ") SELECT key FROM named WHERE key <> '' GROUP BY key ORDER BY min(row_no), key"
    ).fetchall()
    keys = tuple(str(key) for (key,) in found)
    if not keys:
        raise DeliveryRefused("the file holds no JSON objects with keys; write one object a line (JSON Lines)")
    if len(keys) > _MOST_KEYS:
        raise DeliveryRefused(
            f"the records have {len(keys):,} different keys, more than {_MOST_KEYS:,}; keep values out of the keys"
        )
    folded = [key.casefold() for key in keys]
    if len(set(folded)) < len(keys):
        twice = sorted(key for key in keys if folded.count(key.casefold()) > 1)
        raise DeliveryRefused(f"the records have the keys {', '.join(twice)}, which differ in case only; keep one")
    return keys


def _spread(con: DuckDBPyConnection, header: tuple[str, ...]) -> None:
    """The temp table ``raw_rows``: a column a key. Every path is asked for at once, so that a record is parsed once."""
    paths = ", ".join(literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in header)
    columns = ", ".join(f"found[{position}] AS {identifier(key)}" for position, key in enumerate(header, start=1))
    con.execute(
        "CREATE OR REPLACE TEMP TABLE raw_rows AS WITH object AS NOT MATERIALIZED ("
        f"SELECT json_extract_string(record, [{paths}]) AS found, {LINE}, {PLACE} FROM json_rows WHERE kind = 'OBJECT'"
        f") SELECT {columns}, {LINE}, {PLACE} FROM object"
    )
    con.execute("DROP TABLE json_rows")
