"""Tables that never cut an amount or a name, however narrow the terminal.

What does not fit is wrapped (headings and text), then left out where its column may be (and said so), then set as
several tables below one another, then as one block a row. ``laid_out`` is pure: it takes a width and gives lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from truecost.cli.text import cell_width, coloured, folded, screen_width, visible, write

Kind = Literal["name", "amount", "number", "state", "text"]
Line = list[str]

NONE = "–"
_GAP = "   "
_LABEL_GAP = "  "
_MOST_PARTS = 3  # tables below one another; what takes more is better read row by row
_LEAST_TEXT = 16


@dataclass(frozen=True)
class Column:
    """A column: only ``text`` is ever wrapped; the ``name`` columns say which row it is and are in every part.

    ``spare`` columns may be left out where there is no room, those of the highest number first.
    """

    heading: str
    kind: Kind = "text"
    spare: int = 0
    least: int = _LEAST_TEXT  # columns below which a text is better read in a block of its own

    @property
    def is_right(self) -> bool:
        return self.kind in ("amount", "number")


def name(heading: str) -> Column:
    """What says which row it is."""
    return Column(heading, "name")


def amount(heading: str) -> Column:
    """Money: never cut, never left out."""
    return Column(heading, "amount")


def number(heading: str, spare: int = 0) -> Column:
    return Column(heading, "number", spare)


def state(heading: str = "") -> Column:
    """A state, in its colour."""
    return Column(heading, "state")


def text(heading: str, spare: int = 0, least: int = _LEAST_TEXT) -> Column:
    return Column(heading, "text", spare, least)


def print_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    """A table as wide as the terminal allows."""
    write("\n".join(laid_out(title, columns, rows, screen_width())) + "\n")


def laid_out(title: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]], width: int) -> Line:
    """The lines of a table, none longer than ``width`` unless a single amount is."""
    table = _Table(tuple(columns), [[NONE if cell is None else visible(cell) for cell in row] for row in rows])
    kept, left_out = _without_spare(table, width)
    parts = [kept] if kept.fits(width) else kept.split(width)
    lines = [*folded(visible(title), width), ""] if title else [""]
    if parts:
        for part in parts:
            lines += [*part.lines(width), ""]
    else:
        lines += table.blocks(width)
    if left_out and parts:
        said = f"No room for: {', '.join(left_out)}. A wider terminal shows them, and --json."
        lines += [*folded(said, width), ""]
    return lines


@dataclass(frozen=True)
class _Table:
    columns: tuple[Column, ...]
    rows: list[Line]

    def pick(self, places: Sequence[int]) -> _Table:
        return _Table(tuple(self.columns[i] for i in places), [[row[i] for i in places] for row in self.rows])

    def fits(self, width: int) -> bool:
        return _sum(self._least()) <= width

    def split(self, width: int) -> list[_Table]:
        """Tables below one another, each with the names; none where that is no gain, or names don't fit."""
        names = [i for i, column in enumerate(self.columns) if column.kind == "name"]
        if len(names) == len(self.columns) or any(column.kind == "text" for column in self.columns):
            return []
        parts: list[list[int]] = []
        for place in (i for i in range(len(self.columns)) if i not in names):
            if parts and self.pick([*parts[-1], place]).fits(width):
                parts[-1].append(place)
            else:
                parts.append([*names, place])
        tables = [self.pick(part) for part in parts]
        return tables if len(tables) <= _MOST_PARTS and all(table.fits(width) for table in tables) else []

    def lines(self, width: int) -> Line:
        """Heading, rule and rows."""
        widths = self._widths(width)
        headings = [
            [line for part in column.heading.split("\n") for line in folded(part, size)]
            for column, size in zip(self.columns, widths, strict=True)
        ]
        tall = max(map(len, headings), default=0)
        headings = [[""] * (tall - len(heading)) + heading for heading in headings]
        cells = [[folded(cell, size) for cell, size in zip(row, widths, strict=True)] for row in self.rows]
        return [
            *self._set(headings, widths, is_heading=True),
            " " + "─" * (_sum(widths) - 1),
            *(line for row in cells for line in self._set(row, widths)),
        ]

    def blocks(self, width: int) -> Line:
        """A block a row: its names (and a state that needs no heading), then a line a column, amounts aligned."""
        names = [i for i, column in enumerate(self.columns) if column.kind == "name" and column.heading]
        plain = [i for i, column in enumerate(self.columns) if not column.heading]
        others = [i for i in range(len(self.columns)) if i not in (*names, *plain)]
        labels = {i: self.columns[i].heading.replace("\n", " ") for i in others}
        label_width = max((cell_width(label) for label in labels.values()), default=0)
        right = max((cell_width(row[i]) for row in self.rows for i in others if self.columns[i].is_right), default=0)
        lines: Line = []
        for row in self.rows:
            block = self._head([row[i] for i in names], [i for i in plain if row[i]], row, width)
            for i in others:
                if row[i] not in ("", NONE):
                    value = row[i].rjust(right) if self.columns[i].is_right else row[i]
                    block += _labelled(labels[i].ljust(label_width), value, self.columns[i], width)
            is_apart = len(block) > 1
            lines += ["", *block, ""] if is_apart and lines and lines[-1] else [*block, *([""] if is_apart else [])]
        return lines if lines and not lines[-1] else [*lines, ""]

    def _head(self, names: Line, plain: list[int], row: Line, width: int) -> Line:
        """Which row it is, and its state where that has no heading."""
        told = ": ".join(filter(None, (", ".join(names), *(row[i] for i in plain))))
        *above, last = folded(told, width - 1)
        word = row[plain[-1]] if plain and self.columns[plain[-1]].kind == "state" else ""
        if word and last.endswith(word):
            last = last.removesuffix(word) + coloured(word, word)
        return [*(f" {line}" for line in above), f" {last}"]

    def _set(self, row: list[Line], widths: list[int], is_heading: bool = False) -> Line:
        """The lines of a row whose cells are several lines high."""
        lines = []
        for place in range(max(map(len, row), default=0)):
            shown = []
            for column, cell, size in zip(self.columns, row, widths, strict=True):
                piece = cell[place] if place < len(cell) else ""
                blank = " " * (size - cell_width(piece))
                told = coloured(piece, piece) if column.kind == "state" and not is_heading else piece
                shown.append(blank + told if column.is_right else told + blank)
            lines.append((" " + _GAP.join(shown)).rstrip())
        return lines

    def _widths(self, width: int) -> list[int]:
        """As wide as they would be, then with narrower headings, then with narrower texts, the widest first."""
        natural = [max(heading, cells) for heading, cells in self._measured()]
        if _sum(natural) <= width:
            return natural
        least = self._least()
        widths = [n if column.kind == "text" else m for column, n, m in zip(self.columns, natural, least, strict=True)]
        while _sum(widths) > width:
            place = max(range(len(widths)), key=lambda i: widths[i] if widths[i] > least[i] else -1)
            widths[place] -= 1
        return widths

    def _least(self) -> list[int]:
        """The widths below which something would be cut."""
        least = []
        for place, (column, (_, cells)) in enumerate(zip(self.columns, self._measured(), strict=True)):
            heading = _longest_word(column.heading)
            if column.kind == "text":
                words = max((_longest_word(row[place]) for row in self.rows), default=0)
                cells = max(words, min(cells, column.least))
            least.append(max(heading, cells))
        return least

    def _measured(self) -> list[tuple[int, int]]:
        """(heading, widest cell) of each column."""
        return [
            (
                max(map(cell_width, column.heading.split("\n"))),
                max((cell_width(row[place]) for row in self.rows), default=0),
            )
            for place, column in enumerate(self.columns)
        ]


def _without_spare(table: _Table, width: int) -> tuple[_Table, list[str]]:
    """The table without what may be left out, as far as it has to be, and the headings that went."""
    kept = list(range(len(table.columns)))
    left_out: list[str] = []
    spare = sorted((i for i in kept if table.columns[i].spare), key=lambda i: -table.columns[i].spare)
    for place in spare:
        if table.pick(kept).fits(width):
            break
        kept.remove(place)
        left_out.append(table.columns[place].heading)
    return table.pick(kept), left_out


def _labelled(label: str, value: str, column: Column, width: int) -> Line:
    """``label  value``; the value below its label where there is no room beside it."""
    lead = f"   {label}{_LABEL_GAP}"
    room = width - cell_width(lead)
    if cell_width(value) > room and (column.kind != "text" or room < _LEAST_TEXT):
        lead, value = "     ", value.strip()
        return [f"   {label.rstrip()}", *(lead + line for line in folded(value, width - len(lead)))]
    first, *others = folded(value, room) if column.kind == "text" else [value]
    shown = coloured(first, first) if column.kind == "state" else first
    return [lead + shown, *(" " * cell_width(lead) + line for line in others)]


def _longest_word(told: str) -> int:
    """Of what is only broken at blanks, and after a ``/`` (paths)."""
    return max((cell_width(part) for word in told.split() for part in _after_slashes(word)), default=0)


def _after_slashes(word: str) -> list[str]:
    *heads, last = word.split("/")
    return [*(f"{head}/" for head in heads), last]


def _sum(widths: Sequence[int]) -> int:
    """The columns that a line of such cells takes."""
    return 1 + sum(widths) + len(_GAP) * (len(widths) - 1)
