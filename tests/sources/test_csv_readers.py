"""The fast and the careful reader of delimited files: the same rows, on the same lines, and no line lost."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.effort import examples
from truecost.errors import DeliveryRefused
from truecost.sources import Column, FileOptions, Format, RawTable
from truecost.sources.datasets import RATES
from truecost.sources.readers import delimited
from truecost.sources.readers.delimited import by_line, read, text_line
from truecost.sources.refusals import refusing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUOTED = Format(
    name="table",
    title="Any table",
    versions=("1",),
    dataset=RATES,
    disposition="merge",
    basis="billed",
    columns=(Column("a", required=True), Column("b", required=True), Column("c", required=True)),
    sql="",
    read=read,
)
PIPES = replace(QUOTED, quoted=False, delimiters=("|",))

Line = tuple[int, tuple[str, ...]]
"""(the line a record starts on, its fields)"""


def pieces(*parts: str, most: int) -> st.SearchStrategy[str]:
    """Texts made of these parts."""
    return st.lists(st.sampled_from(parts), max_size=most).map("".join)


plain = st.text(st.sampled_from("ab1 .-'\\éß€\t;|"), max_size=8)
wild = pieces("a", "1", " ", '"', ",", "\n", "\r\n", "\r", "é", "\\", "'", "\0", ";", "NULL", most=6)


@dataclass(frozen=True)
class Written:
    """A well-formed file, and what is in it."""

    content: bytes
    rows: list[Line]


@st.composite
def well_formed(draw: st.DrawFn) -> Written:
    """Any table a CSV writer could write."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    always = draw(st.booleans())

    def shown(field: str) -> str:
        if always or set(field) & set('",\r\n') or draw(st.integers(0, 9)) == 0:
            return '"' + field.replace('"', '""') + '"'
        return field

    fields = st.lists(plain | wild, min_size=3, max_size=3).map(tuple)
    text, rows = f"a,b,c{end}", []
    for record in draw(st.lists(fields, max_size=8)):
        rows.append((text.count("\n") + 1, record))
        text += ",".join(shown(field) for field in record) + end
    if draw(st.booleans()):
        text = text.removesuffix(end)
    content = text.encode()
    if draw(st.booleans()):
        content = b"\xef\xbb\xbf" + content
    return Written(gzip.compress(content) if draw(st.integers(0, 4)) == 0 else content, rows)


def fast(con: DuckDBPyConnection, table: RawTable) -> list[Line] | None:
    """What the fast reader makes of it, where it is to be trusted."""
    import duckdb

    assert table.first_line is not None
    try:
        rows = con.execute(f"FROM {table.relation}").fetchall()
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    if len(rows) != table.expected_rows:
        return None
    return [(table.first_line + n, tuple(field or "" for field in row)) for n, row in enumerate(rows)]


def careful(con: DuckDBPyConnection, table: RawTable) -> tuple[list[Line], RawTable]:
    told = table.careful() if table.careful else table
    rows = con.execute("SELECT * EXCLUDE (__place) FROM raw_rows ORDER BY rowid").fetchall()
    return [(row[-1], row[:-1]) for row in rows], told


@given(well_formed())
@example(Written(b'a,b,c\n"x\ny","""",\n1,2,3\n', [(2, ("x\ny", '"', "")), (4, ("1", "2", "3"))]))
@example(Written(b'a,b,c\n"\r",,\n1,2,3\n', [(2, ("\r", "", "")), (3, ("1", "2", "3"))]))
@settings(max_examples=examples(150))
def test_both_readers_give_the_rows_and_lines_of_a_well_formed_file(
    con: DuckDBPyConnection, folder: Path, file: Written
) -> None:
    path = folder / "table.csv"
    path.write_bytes(file.content)
    table = read(con, path, QUOTED, FileOptions())
    if table.careful is not None:
        assert fast(con, table) in (None, file.rows)
    rows, told = careful(con, table)
    assert (rows, told.malformed) == (file.rows, ())


def test_a_bare_carriage_return_never_passes_for_the_end_of_a_line(con: DuckDBPyConnection, folder: Path) -> None:
    path = folder / "bare.csv"
    path.write_bytes(b'a,b,c\n1,2,3\r4,5,6\n"x\ny",7,8\n')  # as many rows as lines, if it did
    table = read(con, path, QUOTED, FileOptions())
    assert table.careful is None, "the fast reader is not asked"
    rows, told = careful(con, table)
    assert rows == [(3, ("x\ny", "7", "8"))]
    assert [(bad.line, bad.text) for bad in told.malformed] == [(2, "1,2,3\r4,5,6")]


@given(
    st.lists(st.lists(plain.filter(lambda text: "|" not in text), min_size=3, max_size=3), max_size=10),
    st.sampled_from(["\n", "\r\n"]),
)
def test_both_readers_agree_where_quotes_are_text(
    con: DuckDBPyConnection, folder: Path, records: list[list[str]], end: str
) -> None:
    records = [["a", "b", "c"], *([field.replace("b", '"') for field in record] for record in records)]
    path = folder / "table.txt"
    path.write_bytes(end.join(["|".join(record) for record in records] + [""]).encode())
    table = read(con, path, PIPES, FileOptions())
    expected = [(line, tuple(record)) for line, record in enumerate(records[1:], start=2)]
    assert fast(con, table) in (None, expected)
    assert careful(con, table)[0] == expected


@given(pieces("a", "a,b,c", '"', '""', ",", ",", "\n", "\n", "\r\n", "\r", " ", "é", "\0", "\\", most=40))
@settings(max_examples=examples(150))
def test_whatever_the_file_every_line_of_it_is_read_once(con: DuckDBPyConnection, folder: Path, body: str) -> None:
    path = folder / "any.csv"
    path.write_bytes(f"a,b,c\n{body}".encode())
    table = read(con, path, QUOTED, FileOptions())
    rows, told = careful(con, table)
    starts = sorted([line for line, _ in rows] + [bad.line for bad in told.malformed])
    assert len(set(starts)) == len(starts)
    assert all(text_line(path, line) for line in starts), "no record starts on a blank line"
    lines = f"a,b,c\n{body}".split("\n")
    spanned = {line + extra for line, record in rows for extra in range(1 + sum(field.count("\n") for field in record))}
    spanned |= {bad.line + extra for bad in told.malformed for extra in range(1 + bad.text.count("\n"))}
    unread = {number for number, line in enumerate(lines, start=1) if line.strip("\r")} - spanned - {1}
    assert not unread
    for line, record in rows:
        first = (text_line(path, line) or "").lstrip("\r")
        assert len(record) == 3
        assert first.lstrip('"').startswith(record[0].split("\n")[0].split('"')[0].rstrip("\r"))


@given(
    st.lists(st.lists(plain.filter(bool), min_size=3, max_size=3), min_size=1, max_size=8),
    st.integers(0, 8),
    st.booleans(),
)
def test_a_quote_that_is_never_closed_spoils_its_own_line_only(
    con: DuckDBPyConnection, folder: Path, records: list[list[str]], at: int, is_last_quoted: bool
) -> None:
    lines = [",".join(record) for record in records]
    if is_last_quoted:
        lines[-1] = '"a, b",c,d'
    at = min(at, len(lines))
    lines.insert(at, 'x,"y,z')
    path = folder / "open.csv"
    path.write_text("\n".join(["a,b,c", *lines]) + "\n", newline="")
    rows, told = careful(con, read(con, path, QUOTED, FileOptions()))
    assert [(bad.line, bad.text) for bad in told.malformed] == [(at + 2, 'x,"y,z')]
    assert [line for line, _ in rows] == [line for line in range(2, len(lines) + 2) if line != at + 2]


@given(st.binary(max_size=60))
@settings(max_examples=examples(100))
def test_bytes_that_are_no_table_are_refused_in_a_sentence_and_nothing_else(
    con: DuckDBPyConnection, folder: Path, content: bytes
) -> None:
    path = folder / "bytes"
    for head in (b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"\xff\xfe"):
        path.write_bytes(head + content)
        with pytest.raises(DeliveryRefused) as refusal, refusing(path, "bytes"):
            read(con, path, QUOTED, FileOptions())
        sentence = str(refusal.value)
        assert "; " in sentence
        assert "\n" not in sentence
        assert str(folder) not in sentence


@given(st.lists(st.lists(wild, min_size=3, max_size=3), min_size=1, max_size=5), st.data())
def test_a_line_that_is_not_utf_8_is_malformed_and_the_others_load(
    con: DuckDBPyConnection, folder: Path, records: list[list[str]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(records)))
    lines = [",".join('"' + field.replace('"', '""') + '"' for field in record).encode() for record in records]
    lines.insert(at, b"x,Schl\xfcssel,y")
    path = folder / "latin.csv"
    path.write_bytes(b"\n".join([b"a,b,c", *lines]))
    rows, told = careful(con, read(con, path, QUOTED, FileOptions()))
    assert [record for _, record in rows] == [tuple(record) for record in records]
    (bad,) = told.malformed
    assert bad.line == 2 + at + sum(line.count(b"\n") for line in lines[:at])


def test_millions_of_blank_lines_cost_next_to_nothing_and_keep_the_count_of_lines(
    con: DuckDBPyConnection, folder: Path
) -> None:
    path = folder / "blank.csv"
    path.write_bytes(b"a,b,c\n1,2\n" + b"\n" * 3_000_000 + b'\r\n"x\n\n\ny",2,3\n')
    with path.open("r", encoding="utf-8", newline="\n") as file:
        assert sum(1 for _ in by_line(file)) < 20
    rows, told = careful(con, read(con, path, QUOTED, FileOptions()))
    assert rows == [(3_000_004, ("x\n\n\ny", "2", "3"))]
    assert [bad.line for bad in told.malformed] == [2]


def test_a_file_of_which_most_is_malformed_is_refused_and_says_so(
    con: DuckDBPyConnection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MOST_BAD", 100)
    path = folder / "bomb.csv"
    path.write_bytes(b"a,b,c\n1,2,3\n" + b"a,b\n" * 101)
    with pytest.raises(DeliveryRefused, match="by line 103 it has 101 malformed records and 1 good ones, the last"):
        careful(con, read(con, path, QUOTED, FileOptions()))
    path.write_bytes(b"a,b,c\n" + b"1,2,3\na,b\n" * 101)
    rows, told = careful(con, read(con, path, QUOTED, FileOptions()))
    assert (len(rows), len(told.malformed)) == (101, 101)
