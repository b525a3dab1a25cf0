"""Delimited text and Parquet -> a :class:`RawTable`.

DuckDB reads a well-formed file fast, and refuses the whole of it at the first bad record. So a file it refuses, and
one whose lines and records don't run in step, is read again by Python's ``csv``: slower, but it keeps the good records,
names each bad one, and knows the line each starts on. Both readers agree on every well-formed file (a test says so).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from truecost.errors import DeliveryRefused
from truecost.sources import FileOptions, Format, Limits, RawTable
from truecost.sources.readers.records import LINE, PLACE, SetAside, store_records
from truecost.store.sql import identifier, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

UNNAMED = "__unnamed_"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_BLOCK = 2_000_000  # DuckDB's own bound for a line, by which it sizes its buffers
_VALUE = re.compile(r"[+-]?\d+([.,:]\d+)*|\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?|\d{1,2}[./-]\d{1,2}[./-]\d{4}")
_UNPACKED_AT_ONCE = 1 << 20
MOST_BAD = 1_000_000  # malformed records: a file with so many, and fewer good ones, is something else
_TEXT_BLOCK = 1 << 20
_LINE = re.compile(r"(?:\r?\n)+|[^\n]*\n")
_ANY_SIZE = Limits(max_file=sys.maxsize)  # where only the beginning is read, or what was within bounds before
_IS_EMPTY = "the file is empty; export it again"
_IS_UTF16 = "the file is UTF-16; save it as UTF-8"


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read a CSV-like or Parquet file, plain or compressed (gz, zst).

    Raises:
        DeliveryRefused: the file as a whole can't be read, or lacks a required column.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if not magic:
        raise DeliveryRefused(_IS_EMPTY)
    if magic[:2] in _UTF16:
        raise DeliveryRefused(_IS_UTF16)
    if magic == _PARQUET:
        return _read_parquet(con, path, fmt, options)
    return _read_text(con, path, _compression(magic), fmt, options)


def header_of(path: Path, fmt: Format | None = None) -> list[str]:
    """The column names in a delimited file's first line, for guessing its format."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _PARQUET:
        import pyarrow.parquet as pq

        return list(pq.read_schema(path).names)
    first = _first_line(path, _compression(magic), _ANY_SIZE)
    delimiter = max(",;|\t", key=first.count)
    return _split(first, delimiter)


def text_line(path: Path, line: int) -> str | None:
    """Line ``line`` (from 1) of a landed text file as it stands there; None for Parquet, which has no lines."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _PARQUET:
        return None
    with open_landed(path) as lines:
        raw = next(itertools.islice(lines, line - 1, line), b"")
    return raw.decode("utf-8", "replace").rstrip("\r\n")


def open_landed(path: Path, limits: Limits | None = None) -> BinaryIO:
    """The bytes of a landed file, unpacked (gz, zst); reading beyond the limit for files refuses it."""
    with path.open("rb") as file:
        magic = file.read(4)
    return _open_binary(path, _compression(magic), limits or _ANY_SIZE)


def read_whole(path: Path, limits: Limits, largest: int, too_large: str) -> bytes:
    """The bytes of a landed file, unpacked.

    Raises:
        DeliveryRefused: they are more than ``largest``, which is seen before they are held.
    """
    size = 0
    with open_landed(path, limits) as file:
        while block := file.read(_BLOCK):
            size += len(block)
            if size > largest:
                raise DeliveryRefused(too_large)
    with open_landed(path, limits) as file:
        return file.read()


def _compression(magic: bytes) -> str:
    return "gzip" if magic[:2] == _GZIP else "zstd" if magic == _ZSTD else "none"


def _read_parquet(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    import duckdb

    source = f"read_parquet({literal(str(path))})"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error as error:
        raise _damaged_parquet(error, path) from error
    header = tuple(str(row[0]) for row in described)
    require_columns(header, fmt, options)
    _see_parquet_sizes(path, options.limits)
    as_text = ", ".join(_parquet_text(str(name), str(kind)) for name, kind, *_ in described)
    try:  # the schema is in the footer; only a full read finds a damaged body
        con.execute(f"CREATE OR REPLACE TEMP TABLE raw_rows AS SELECT {as_text} FROM {source}")
    except duckdb.Error as error:
        raise _damaged_parquet(error, path) from error
    return RawTable("raw_rows", header, first_line=1)


def _see_parquet_sizes(path: Path, limits: Limits) -> None:
    """Refuse a Parquet file whose footer says that it, or a row of it on the average, is too large."""
    import pyarrow.parquet as pq

    try:
        told = pq.read_metadata(path)
    except (OSError, ValueError) as error:
        raise _damaged_parquet(error, path) from error
    groups = [told.row_group(at) for at in range(told.num_row_groups)]
    limits.see_file(max(sum(group.total_byte_size for group in groups), told.num_rows * told.num_columns))
    row = 1
    for group in groups:
        limits.see_row(row, group.total_byte_size // max(group.num_rows, 1))
        row += group.num_rows


def _damaged_parquet(error: Exception, path: Path) -> DeliveryRefused:
    told = str(error).splitlines()[0].replace(f"'{path}'", "").replace(str(path), "").split(": ", 1)[-1]
    return DeliveryRefused(f"the Parquet file can't be read ({' '.join(told.split()).rstrip('.')}); export it again")


def _parquet_text(name: str, kind: str) -> str:
    column = identifier(name)
    nested = kind.startswith(("MAP", "STRUCT")) or kind.endswith("]")
    return f"{f'CAST(to_json({column}) AS VARCHAR)' if nested else f'CAST({column} AS VARCHAR)'} AS {column}"


def _read_text(con: DuckDBPyConnection, path: Path, compression: str, fmt: Format, options: FileOptions) -> RawTable:
    limits = options.limits
    first = _first_line(path, compression, limits)
    sizes = _measure_lines(path, compression, limits)
    delimiter, header, has_header = _header(first, path, compression, fmt, options)
    require_columns(header, fmt, options)
    skipped = int(has_header)

    def read_carefully() -> RawTable:
        return _read_record_by_record(con, path, compression, delimiter, header, has_header, fmt, limits)

    if not sizes.in_step:
        return read_carefully()
    return RawTable(
        relation=_duckdb_relation(path, compression, delimiter, header, has_header, fmt, sizes.longest),
        header=header,
        first_line=1 + skipped,
        expected_rows=sizes.lines - skipped,
        careful=read_carefully,
    )


def _header(
    first: str, path: Path, compression: str, fmt: Format, options: FileOptions
) -> tuple[str, tuple[str, ...], bool]:
    """(delimiter, column names, whether the file names them itself)."""
    delimiter = max(fmt.delimiters, key=first.count)
    if first.count('"') % 2 and fmt.quoted:  # a column name with a line break in it
        with _open_text(path, compression, options.limits) as file:
            names = _split(file, delimiter)
    else:
        names = _split(first, delimiter) if fmt.quoted else first.split(delimiter)
    names = [name.strip() for name in names]
    if options.fields:
        return _named_by_source(delimiter, names, options.fields)
    implied = fmt.default_header.get(len(names))
    missing = len(fmt.missing_columns(names, options))
    named = sum(column.required for column in fmt.columns) - missing
    if implied and missing and named < 2:  # data may hold one of the names, as a job called "start" does
        return delimiter, implied, False
    if missing and _is_data(names, fmt, options):
        raise DeliveryRefused(
            f"line 1 is data and names no columns; export the file with its header, or name its {len(names)} columns "
            f'in their order: `fields = ["{fmt.columns[0].shown}", ...]` of the source'
        )
    # `sacct -p` ends each line with its delimiter; a data frame's index has no name.
    names = [name or f"{UNNAMED}{position}" for position, name in enumerate(names, start=1)]
    if len({name.casefold() for name in names}) < len(names):
        twice = sorted({name for name in names if [n.casefold() for n in names].count(name.casefold()) > 1})
        raise DeliveryRefused(f"line 1 names the column {', '.join(twice)} twice; keep one")
    return delimiter, tuple(names), True


def _named_by_source(delimiter: str, first: list[str], fields: tuple[str, ...]) -> tuple[str, tuple[str, ...], bool]:
    """Columns as the source's `fields` name them; a first line that names them itself is no data."""
    while len(first) > len(fields) and not first[-1]:  # `sacct -p` ends each line with its delimiter
        first = first[:-1]
    if [name.casefold() for name in first] == [name.casefold() for name in fields]:
        return delimiter, fields, True
    if len(first) != len(fields):
        raise DeliveryRefused(
            f"line 1 has {len(first)} fields, and `fields` of the source names {len(fields)}; name each, in their order"
        )
    return delimiter, fields, False


def _split(lines: str | Iterable[str], delimiter: str) -> list[str]:
    """The names in the first record of ``lines``."""
    try:
        return next(csv.reader([lines] if isinstance(lines, str) else lines, delimiter=delimiter), [])
    except csv.Error as error:
        raise DeliveryRefused(f"line 1 can't be split into column names ({error}); export the file again") from error


def require_columns(header: tuple[str, ...], fmt: Format, options: FileOptions, where: str = "line 1") -> None:
    """Refuse a file that lacks a column its format needs, or has one that truecost keeps for itself.

    Raises:
        DeliveryRefused: naming the columns, and what to do.
    """
    for kept in (LINE, PLACE):
        if kept in header:
            raise DeliveryRefused(f"{where} names the column {kept}, which truecost keeps for itself; rename it")
    fmt.version_of(header)  # refuses a version whose columns mean other things
    missing = fmt.missing_columns(header, options)
    if missing:
        it, plural = ("them", "s") if len(missing) > 1 else ("it", "")
        settings = [f"`{key}`" for key in fmt.settings_for_missing(header, options)]
        raise DeliveryRefused(
            f"{where} lacks the column{plural} {', '.join(missing)} that {fmt.name} needs; export {it}, or map {it} "
            f"under `columns` of the source{', or set ' + ' and '.join(settings) + ' there' if settings else ''}"
        )


def _is_data(header: Sequence[str], fmt: Format, options: FileOptions) -> bool:
    """Whether a first line holds values: none of its fields is a column of ours, and some are times or numbers."""
    if fmt.match_columns(header, options):
        return False
    return any(_VALUE.fullmatch(name) for name in header)


def _duckdb_relation(
    path: Path, compression: str, delimiter: str, header: tuple[str, ...], has_header: bool, fmt: Format, longest: int
) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    quote = '"' if fmt.quoted else ""
    return (
        f"read_csv({literal(str(path))}, auto_detect = false, header = false, skip = {int(has_header)}, "
        f"delim = {literal(delimiter)}, quote = {literal(quote)}, escape = {literal(quote)}, "
        f"compression = {literal(compression)}, strict_mode = true, null_padding = false, "
        f"max_line_size = {longest}, columns = {{{columns}}})"
    )


def _read_record_by_record(
    con: DuckDBPyConnection,
    path: Path,
    compression: str,
    delimiter: str,
    header: tuple[str, ...],
    has_header: bool,
    fmt: Format,
    limits: Limits,
) -> RawTable:
    """The careful reader: every good record in ``raw_rows`` with its line, every bad one set aside."""
    malformed = SetAside(limits)

    def good_records() -> Iterator[tuple[int, list[str]]]:
        good = bad = 0
        for line, record, fault in _records(path, compression, delimiter, fmt, limits):
            if has_header and line == 1:
                continue
            while len(record) > len(header) and not record[-1]:  # delimiters at the end of a line stand for nothing
                record.pop()
            fault = fault or _width_fault(record, len(header)) or _encoding_fault(record)
            if not fault:
                good += 1
                yield line, record
                continue
            malformed.add(line, delimiter.join(record), fault)
            bad += 1
            if bad > max(good, MOST_BAD):
                raise _mostly_malformed(bad, good, line, fault)

    store_records(con, header, good_records())
    return RawTable("raw_rows", header, first_line=None, malformed=malformed.found())


def _mostly_malformed(bad: int, good: int, line: int, fault: str) -> DeliveryRefused:
    return DeliveryRefused(
        f"by line {line:,} it has {bad:,} malformed records and {good:,} good ones, the last because {fault}; "
        "export it again, or correct its source's format"
    )


def _records(
    path: Path, compression: str, delimiter: str, fmt: Format, limits: Limits
) -> Iterator[tuple[int, list[str], str | None]]:
    """(line the record starts on, its fields, what is wrong with its quotes), blank lines left out.

    A quote that is never closed spoils its own line only: what follows is read anew, line by line.
    """
    csv.field_size_limit(limits.max_row)
    with _open_text(path, compression, limits) as file:
        lines = _Lines(by_line(file), limits.max_row)
        if fmt.quoted:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        else:
            reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        while True:
            start, is_reread = lines.start_record()
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield start, [lines.take_back()], _quote_fault(error)
                continue
            if is_reread and fmt.quoted and lines.has_odd_quotes():
                yield start, [lines.take_back()], "the line is part of a record whose quotes don't add up"
            elif record:
                yield start, record, None


def by_line(file: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a file; blank lines that follow one another come as one, for there may be millions of them."""
    rest = ""
    while block := file.read(_TEXT_BLOCK):
        text = rest + block
        whole = text.rfind("\n") + 1
        yield from _LINE.findall(text, 0, whole) if text.strip("\r\n") else [text[:whole]] * bool(whole)
        rest = text[whole:]
    if rest:
        yield rest


class _Lines:
    """The lines of a file, for a reader of records: all but the first of a faulty record can be given out again.

    Between records blank lines are left out; within quotes they stand for themselves.
    """

    def __init__(self, file: Iterator[str], longest_record: int) -> None:
        self._file = file
        self._longest_record = longest_record
        self._number = 0
        self._given: list[str] = []
        self._letters = 0
        self._again: deque[str] = deque()
        self._ahead: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._next()
        self._given.append(line)
        self._number += _line_count(line)
        self._letters += len(line)
        if self._letters > self._longest_record and len(self._given) > 1:
            raise csv.Error("the record does not end")
        return line

    def start_record(self) -> tuple[int, bool]:
        """(the number of the line that comes next, whether it has been given out before)."""
        self._given.clear()
        self._letters = 0
        is_reread = bool(self._again)
        while (line := self._peek()) is not None and not line.strip("\r\n"):
            self._number += _line_count(self._next())
            is_reread = bool(self._again)
        return self._number + 1, is_reread

    def _next(self) -> str:
        if self._again:
            return self._again.popleft()
        line, self._ahead = self._ahead, None
        return next(self._file) if line is None else line

    def _peek(self) -> str | None:
        if self._again:
            return self._again[0]
        if self._ahead is None:
            self._ahead = next(self._file, None)
        return self._ahead

    def take_back(self) -> str:
        """The first line of the record, without its end; the others come again."""
        first, *others = self._given
        self._again.extendleft(reversed(others))
        self._number -= sum(map(_line_count, others))
        return first.rstrip("\r\n")

    def has_odd_quotes(self) -> bool:
        return sum(line.count('"') for line in self._given) % 2 == 1


def _line_count(line: str) -> int:
    return line.count("\n") or 1


def _quote_fault(error: csv.Error) -> str:
    if "new-line character" in str(error):
        return "the line has a carriage return outside quotes"
    return f"the quotes of the record that starts here don't add up ({error})"


def _width_fault(record: list[str], width: int) -> str | None:
    if len(record) == width:
        return None
    plural = "" if len(record) == 1 else "s"
    return f"the line has {len(record)} column{plural} where the header has {width}"


def _encoding_fault(record: list[str]) -> str | None:
    if any("\udc80" <= character <= "\udcff" for field in record if not field.isascii() for character in field):
        return "the line is not UTF-8 (Latin-1, perhaps)"
    return None


def _first_line(path: Path, compression: str, limits: Limits) -> str:
    with _open_binary(path, compression, limits) as file:
        raw = file.readline(limits.max_row + 1)
    if not raw:
        raise DeliveryRefused(_IS_EMPTY)
    if raw[:2] in _UTF16:
        raise DeliveryRefused(_IS_UTF16)
    if b"\0" in raw:
        raise DeliveryRefused("line 1 holds NUL bytes; export the file again, as UTF-8")
    limits.see_row(1, len(raw))
    try:
        first = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DeliveryRefused("line 1 is not UTF-8 (Latin-1, perhaps); save the file as UTF-8") from error
    if not first.strip():
        raise DeliveryRefused("line 1 is blank where the column names should be; take the blank lines out")
    if "\r" in first:
        raise DeliveryRefused("the lines end in carriage returns only; save the file with LF or CRLF line ends")
    return first


class _LineSizes(NamedTuple):
    """How many lines a file has, a length that none is longer than, and whether every reader takes them alike."""

    lines: int
    longest: int
    in_step: bool


def _measure_lines(path: Path, compression: str, limits: Limits) -> _LineSizes:
    """Look through a file by blocks, so that no reader meets a line that is too long for it.

    The last line counts whether or not it is ended. Lines are taken alike where no carriage return stands on its own,
    and all of it is UTF-8: of what is not, DuckDB may fail in a way that leaves its database unusable.

    Raises:
        DeliveryRefused: a line is longer than a row may be.
    """
    size = min(_BLOCK, limits.max_row)  # a line within a block is short enough: only what spans blocks is measured
    count, returns, pairs, last, longest, begun = 0, 0, 0, b"\n", size, 0
    text = _Utf8()
    with _open_binary(path, compression, limits) as file:
        while block := file.read(size):
            text.see(block)
            at = block.find(b"\n")
            begun += len(block) if at < 0 else at
            limits.see_row(count + 1, begun)
            longest = max(longest, begun)
            if at >= 0:
                begun = len(block) - block.rfind(b"\n") - 1
            count += block.count(b"\n")
            if b"\r" in block or last == b"\r":
                returns += block.count(b"\r")
                pairs += block.count(b"\r\n") + (last == b"\r" and block[:1] == b"\n")
            last = block[-1:]
    return _LineSizes(count + (last != b"\n"), max(longest + len("\r\n"), _BLOCK), returns == pairs and text.is_whole)


class _Utf8:
    """Whether blocks that follow one another are UTF-8, a character over two of them too."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_good = True

    def see(self, block: bytes) -> None:
        if self._is_good and not (block.isascii() and not self._decoder.getstate()[0]):
            try:
                self._decoder.decode(block)
            except UnicodeDecodeError:
                self._is_good = False

    @property
    def is_whole(self) -> bool:
        return self._is_good and not self._decoder.getstate()[0]


class _Unpacked(io.RawIOBase):
    """What a packed file unpacks to, up to the limit for files: it may be a thousand times its size."""

    def __init__(self, packed: Any, limits: Limits) -> None:
        self._packed = packed
        self._limits = limits
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken = int(self._packed.readinto(buffer))
        self._size += taken
        self._limits.see_file(self._size)
        return taken

    def close(self) -> None:
        self._packed.close()
        super().close()


def _open_binary(path: Path, compression: str, limits: Limits) -> BinaryIO:
    if compression == "none":
        limits.see_file(path.stat().st_size)
        return path.open("rb")
    if compression == "gzip":
        return cast(BinaryIO, io.BufferedReader(_Unpacked(gzip.open(path, "rb"), limits), _UNPACKED_AT_ONCE))
    import pyarrow as pa

    packed = pa.input_stream(str(path), compression="zstd")
    return cast(BinaryIO, io.BufferedReader(_Unpacked(packed, limits), _UNPACKED_AT_ONCE))


def _open_text(path: Path, compression: str, limits: Limits) -> io.TextIOWrapper:
    """UTF-8 text whose bad bytes survive as lone surrogates, so that one bad line is one bad line.

    Only a line feed ends a line, here as where lines are counted and shown.
    """
    binary = _open_binary(path, compression, limits)
    return io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="\n")
