"""Which format a file is of, told from it alone: for ``sources check``, and for the sources that ``init`` proposes.

A guess may be wrong, so it is only ever shown to a person; what a run reads is what the workspace says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from truecost.errors import DeliveryRefused
from truecost.sources import FileOptions, Format, formats
from truecost.sources.readers.delimited import header_of, open_landed
from truecost.sources.readers.json_records import is_json
from truecost.sources.refusals import refusing

_PEEKED = 1 << 20
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
_MOST_NEAREST = 3
_FEWEST_COLUMNS = 3  # that a file without all its required ones must share with a format


@dataclass(frozen=True)
class Guess:
    """A format that a file may be of. ``needs`` are keys its source must set, since the file does not say it."""

    format: Format
    header: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def has(self, column: str) -> bool:
        """Whether the file has what we call ``column``."""
        return column in self.format.match_columns(self.header, FileOptions())


def guesses(file: Path) -> list[Guess]:
    """The formats that fit best: one where it can be told, none where nothing fits, several where they fit alike.

    Raises:
        DeliveryRefused: the file can't be read at all.
    """
    keys, are_records = _keys(file) if is_json(file) else ((), False)
    found = list(_by_header(keys)) if are_records else []
    found = found or [Guess(fmt, (), fmt.required_settings) for fmt in formats().values() if _is_recognised(fmt, file)]
    found = found or list(_by_header(keys))
    if not found and not keys:
        names = tuple(header_of(file))
        found = list(_by_header(names)) or list(_headerless(names))
    return _closest(found)


def nearest(file: Path) -> list[tuple[Format, list[str]]]:
    """The formats that a file of none comes closest to, and the columns that it lacks of each: at most three.

    A single column says nothing: many files have a date.

    Raises:
        DeliveryRefused: the file can't be read at all.
    """
    names = _keys(file)[0] if is_json(file) else tuple(header_of(file))
    found = []
    for fmt in formats().values():
        matched = fmt.match_columns(names, FileOptions())
        required = {column.name for column in fmt.columns if column.required}
        missing = fmt.missing_columns(names, FileOptions())
        if missing and len(matched) >= _FEWEST_COLUMNS and matched.keys() & required:
            found.append((len(missing) / len(required), -len(matched), fmt.name, missing))
    return [(formats()[name], missing) for _, _, name, missing in sorted(found)[:_MOST_NEAREST]]


def headerless(file: Path) -> list[Format]:
    """The formats whose files look like this one, of which the first line is data."""
    if is_json(file):
        return []
    first = header_of(file)
    return [fmt for fmt in formats().values() if fmt.is_data is not None and fmt.is_data(first)]


def _is_recognised(fmt: Format, file: Path) -> bool:
    """Whether a format knows the file for one of its own; what it stumbles over is for another."""
    try:
        with refusing(file, str(file)):
            return fmt.recognises is not None and fmt.recognises(file)
    except DeliveryRefused:
        return False


def _by_header(header: Sequence[str]) -> Iterator[Guess]:
    """Formats whose required columns the file has; failing that, those where keys of the source may stand in."""
    whole = list(_fitting(header, frozenset()))
    if whole:
        yield from whole
        return
    every = frozenset(column.setting for fmt in formats().values() for column in fmt.columns if column.setting)
    for guess in _fitting(header, every):
        if len(guess.format.match_columns(header, FileOptions())) >= _FEWEST_COLUMNS:
            yield guess


def _fitting(header: Sequence[str], settings: frozenset[str]) -> Iterator[Guess]:
    for fmt in formats().values():
        if fmt.recognises is not None or fmt.missing_columns(header, FileOptions(settings=settings)):
            continue
        if len(fmt.versions) > 1 and not _version(fmt, header):
            continue
        needs = dict.fromkeys([*fmt.settings_for_missing(header, FileOptions()), *fmt.required_settings])
        yield Guess(fmt, tuple(header), tuple(needs))


def _version(fmt: Format, header: Sequence[str]) -> str:
    try:
        return fmt.version_of(header)
    except DeliveryRefused:
        return ""


def _headerless(first: Sequence[str]) -> Iterator[Guess]:
    """Formats known by how many fields a line has; a line of data has a time in it, and column names have none."""
    if any(_TIME.match(value) for value in first):
        for fmt in formats().values():
            if implied := fmt.default_header.get(len(first)):
                yield Guess(fmt, implied)


def _closest(found: Iterable[Guess]) -> list[Guess]:
    """Those that ask most of a file: three required columns that are all there say more than one."""
    ranked = [(sum(column.required for column in guess.format.columns), guess) for guess in found]
    most = max((rank for rank, _ in ranked), default=0)
    return [guess for rank, guess in ranked if rank == most]


def _keys(file: Path) -> tuple[tuple[str, ...], bool]:
    """(the keys of the first object, whether more may follow: JSON Lines or an array, no document of its own).

    None where it is longer than what is looked at.
    """
    try:
        with open_landed(file) as opened:
            text = opened.read(_PEEKED).decode("utf-8-sig", "replace").lstrip()
        opening = text.removeprefix("[").lstrip()
        first, end = json.JSONDecoder().raw_decode(opening)
    except (OSError, EOFError, ValueError, RecursionError):
        return (), False
    are_records = text.startswith("[") or opening[end:].lstrip().startswith("{")
    return (tuple(first) if isinstance(first, dict) else ()), are_records
