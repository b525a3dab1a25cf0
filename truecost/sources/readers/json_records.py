"""JSON Lines, or one JSON array of objects -> a :class:`RawTable` with a column for each key.

A broken line is one broken record; a broken array is a broken file. Values keep the text they were written with, but
for numbers, which DuckDB may spell another way (1e3 as 1000.0); an object or a list within a record stays JSON.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from truecost.errors import DeliveryRefused
from truecost.sources import FileOptions, Format, Malformed, RawTable
from truecost.sources.readers.delimited import open_landed, require_columns
from truecost.sources.readers.documents import as_text
from truecost.sources.readers.records import LINE, PLACE, store_records
from truecost.store.sql import identifier, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LARGEST_ARRAY = 500 * 1024 * 1024
_MOST_KEYS = 1_000
_LONGEST_LINE = 16 * 1024 * 1024
_KEPT_TEXT = 10_000
_PEEKED = 4096
_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(r"[ \t\r\n]*")
_CUT = "the compressed file is cut or damaged ({}); send it again"


def is_json(path: Path) -> bool:
    """Whether the file begins as JSON objects do, or an array of them."""
    return _first_byte(path) in (b"{", b"[")


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read a file of JSON objects, plain or compressed.

    Raises:
        DeliveryRefused: the file as a whole can't be read, holds no objects, or lacks a required column.
    """
    malformed: list[Malformed] = []
    records = _elements(path) if _first_byte(path) == b"[" else _lines(path, malformed)
    try:
        store_records(con, ("record",), ((line, [text]) for line, text in records))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DeliveryRefused(_CUT.format(error)) from error
    con.execute(
        "CREATE OR REPLACE TEMP TABLE json_rows AS "
        f"SELECT record, {LINE}, {PLACE}, CASE WHEN json_valid(record) THEN json_type(record) END AS kind FROM raw_rows"
    )
    malformed += _not_objects(con)
    header = _keys(con)
    require_columns(header, fmt, options, where="the file")
    _spread(con, header)
    return RawTable("raw_rows", header, first_line=None, malformed=tuple(sorted(malformed, key=lambda bad: bad.line)))


def _first_byte(path: Path) -> bytes:
    """The first byte that is neither blank nor a byte order mark; none where the file can't be unpacked."""
    try:
        with open_landed(path) as file:
            return file.read(_PEEKED).removeprefix(_BOM).lstrip()[:1]
    except (OSError, EOFError, ValueError, zlib.error):
        return b""


def _lines(path: Path, malformed: list[Malformed]) -> Iterator[tuple[int, str]]:
    """(line, its text) of each line that is not blank; what is no text is added to ``malformed``."""
    with open_landed(path) as file:
        for number, raw in _numbered(file):
            content = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
            if not content:
                continue
            try:
                text = content.decode()
            except UnicodeDecodeError:
                shown = content[:_KEPT_TEXT].decode("utf-8", "replace")
                malformed.append(Malformed(number, shown, "the line is not UTF-8 (Latin-1, perhaps)"))
            else:
                yield number, text


def _numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := file.readline(_LONGEST_LINE + 1):
        number += 1
        if len(raw) > _LONGEST_LINE:
            raise DeliveryRefused(f"line {number} is longer than {_LONGEST_LINE >> 20} MB; write one object a line")
        yield number, raw


def _elements(path: Path) -> list[tuple[int, str]]:
    """(line, text) of each element of the array; where two start on one line, their numbers stand for the lines."""
    with open_landed(path) as file:
        content = file.read(LARGEST_ARRAY + 1)
    if len(content) > LARGEST_ARRAY:
        raise DeliveryRefused(
            f"the array is larger than {LARGEST_ARRAY >> 20} MB; write one object a line (JSON Lines)"
        )
    found = list(_located_elements(as_text(content)))
    if all(line < following for (line, _), (following, _) in pairwise(found)):
        return found
    return [(number, text) for number, (_, text) in enumerate(found, start=1)]


def _located_elements(text: str) -> Iterator[tuple[int, str]]:
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
            yield line, text[at:end]
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
    except RecursionError as error:
        raise DeliveryRefused("the JSON is nested too deeply; export it again") from error


def _skip_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _not_objects(con: DuckDBPyConnection) -> Iterator[Malformed]:
    bad = con.execute(
        f"SELECT {LINE}, left(record, {_KEPT_TEXT}), kind FROM json_rows "
        f"WHERE kind IS DISTINCT FROM 'OBJECT' ORDER BY {LINE}"
    ).fetchall()
    for line, text, kind in bad:
        told = "is not JSON" if kind is None else "is not a JSON object"
        yield Malformed(line, text, f"the record {told}")


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
