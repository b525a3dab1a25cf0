"""Writing a workbook: sheets from the top down, cells by kind, and totals that stand where a reader looks first.

A cell is a formula only where a ``Formula`` is written: text stays text, whatever it begins with. Rows go to the file
as they come, so a workbook of a million rows needs no more memory than one of ten. The same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LONGEST_TEXT = 32_767  # a cell's limit
_FIRST_DATE = date(1900, 3, 1)  # Excel counts a 29 February 1900: an earlier day is written as text
_LINE = 15.0  # the height of a line, in points
_MIDDLE = {"valign": "vcenter"}
_HEADER = {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "bg_color": "#EEF2F7"}
_MONEY = "#,##0.00_);[Red]-#,##0.00_)"  # the _) keeps a figure at a distance from a text beside it
_FORMATS: dict[str, dict[str, Any]] = {
    "text": _MIDDLE,
    "wrap": {"text_wrap": True, **_MIDDLE},
    "money": {"num_format": _MONEY, **_MIDDLE},
    "number": {"num_format": "#,##0.00####_)", **_MIDDLE},
    "whole": {"num_format": "#,##0_)", **_MIDDLE},
    "id": {"num_format": "0_)", **_MIDDLE},
    "share": {"num_format": "0.0%_);[Red]-0.0%_)", **_MIDDLE},
    "times": {"num_format": '0.0"×"_)', **_MIDDLE},
    "date": {"num_format": "yyyy-mm-dd", "align": "left", **_MIDDLE},
    "month": {"num_format": "yyyy-mm", "align": "left", **_MIDDLE},
    "moment": {"num_format": "yyyy-mm-dd hh:mm", "align": "left", **_MIDDLE},
    "title": {"bold": True, "font_size": 15},
    "about": {"font_color": "#4B5563"},
    "lead": {"text_wrap": True, "font_size": 11, "valign": "top"},
    "heading": {"bold": True, "font_size": 12, "font_color": "#0B5394"},
    "term": {"bold": True, **_MIDDLE},
    "warning": {"bold": True, "font_color": "#8A4B00"},
    "header": _HEADER,
    "header_right": {**_HEADER, "align": "right", "indent": 1},
    "total": {"bold": True, "top": 1},
    "total_money": {"bold": True, "top": 1, "num_format": _MONEY},
    "total_times": {"bold": True, "top": 1, "num_format": '0.0"×"_)'},
    "filtered": {"italic": True, "font_color": "#4B5563"},
    "filtered_money": {"italic": True, "font_color": "#4B5563", "num_format": _MONEY},
}
_TO_THE_RIGHT = frozenset({"money", "number", "whole", "id", "share", "times"})


@dataclass(frozen=True)
class Column:
    """A column: its heading, the kind of its values (a key of the formats), and its width in digits."""

    heading: str
    kind: str = "text"
    width: float = 14


@dataclass(frozen=True)
class Formula:
    """A formula, with its value for viewers that don't calculate."""

    text: str
    value: Decimal | float


@dataclass(frozen=True)
class Part:
    """Rows that are added up apart from the others: those with ``value`` in the column ``place``."""

    label: str
    place: int
    value: str
    sums: Mapping[int, Decimal]


@dataclass
class Sheet:
    """A worksheet under the pen. Rows are numbered from 1, as its reader sees them."""

    name: str
    columns: Sequence[Column]
    worksheet: Worksheet
    formats: Mapping[str, Format]
    printed: int  # of the columns
    rows: int = field(default=0, init=False)

    def put(self, values: Sequence[Any], kinds: Sequence[str], across: int | None = None) -> int:
        """Write the next row; returns its number. The last value may run ``across`` to that column, over lines."""
        place = len(values) - 1
        if across is not None:
            self._merge(place, across, values[place], kinds[place])
        for column, (value, kind) in enumerate(zip(values, kinds, strict=True)):
            if across is None or column < place:
                self._write(column, value, kind)
        self.rows += 1
        return self.rows

    def skip(self) -> None:
        self.rows += 1

    def title(self, title: str, *lines: str) -> None:
        """The head of a sheet: what it shows, and what a reader should know first."""
        self.worksheet.set_row(self.rows, 24)
        self.put([title], ["title"])
        for line in lines:
            self.put([line], ["about"])
        self.skip()

    def heading(self, text: str) -> None:
        """A new part of the sheet."""
        self.skip()
        self.worksheet.set_row(self.rows, 20)
        self.put([text], ["heading"])

    def header(self, columns: Sequence[Column], across: int | None = None) -> None:
        kinds = ["header_right" if column.kind in _TO_THE_RIGHT else "header" for column in columns]
        widths = [1.15 * column.width - 2 for column in self.columns]  # a letter is narrower than a digit
        lines = max(_lines(column.heading, width) for column, width in zip(columns, widths, strict=False))
        self.worksheet.set_row(self.rows, _LINE * lines + 2)
        self.put([column.heading for column in columns], kinds, across)

    def table(
        self, columns: Sequence[Column], rows: Iterable[Sequence[Any]], across: int | None = None
    ) -> tuple[int, int]:
        """A header with its rows; returns the numbers of the first and the last row (last before first: none)."""
        self.header(columns, across)
        first, kinds = self.rows + 1, [column.kind for column in columns]
        for values in rows:
            self.put(values, kinds, across)
        return first, self.rows

    def data(
        self,
        rows: Iterable[Sequence[Any]],
        count: int,
        sums: Mapping[int, Decimal],
        parts: Sequence[Part] = (),
    ) -> int:
        """The sheet's own table, with a filter: ``count`` rows, below the totals of the columns in ``sums``.

        Where the rows are of several ``parts``, each has its total in place of the one. Returns the number of the
        (first) row of totals.
        """
        above = self.rows + (1 + max(len(parts), 1) if sums else 0)
        first, last = above + 2, above + 1 + count
        totals = [
            (part.label, "total", f'SUMIF({self.cells(part.place, first, last)},"{part.value}",{{}})', part.sums)
            for part in parts
        ] or [("Total", "total", "SUM({})", sums)]
        top = self.rows + 1
        for label, kind, function, held in [*totals, ("As filtered", "filtered", "SUBTOTAL(109,{})", sums)]:
            if not sums:
                break
            values: list[Any] = [label, *[None] * (len(self.columns) - 1)]
            kinds = [kind] * len(self.columns)
            for place, value in held.items():
                values[place] = added(function, self.cells(place, first, last), value) if count else value
                kinds[place] = f"{kind}_money"
            self.put(values, kinds)
        self.table(self.columns, rows)
        self.worksheet.freeze_panes(above + 1, 1)
        self.worksheet.repeat_rows(above)
        self.worksheet.autofilter(above, 0, max(self.rows, above + 1) - 1, len(self.columns) - 1)
        self.worksheet.print_area(0, 0, max(self.rows, 1) - 1, self.printed - 1)
        return top

    def cells(self, place: int, first: int, last: int) -> str:
        """``C5:C9``"""
        return f"{self.letters(place)}{first}:{self.letters(place)}{last}"

    def reference(self, place: int, row: int) -> str:
        """A cell as another sheet names it."""
        return f"'{self.name}'!{self.letters(place)}{row}"

    @staticmethod
    def letters(place: int) -> str:
        from xlsxwriter.utility import xl_col_to_name

        return str(xl_col_to_name(place))

    def _merge(self, first: int, last: int, value: Any, kind: str) -> None:
        """A text over several columns: its height is set here, since no viewer finds it by itself."""
        text = cell_text("" if value is None else str(value))
        width = sum(column.width for column in self.columns[first : last + 1])
        lines = sum(_lines(line, width) for line in text.splitlines() or [""])
        self.worksheet.set_row(self.rows, _LINE * min(lines, 20) + 1)
        self.worksheet.merge_range(self.rows, first, self.rows, last, "", self.formats[kind])
        if text:
            self.worksheet.write_string(self.rows, first, text, self.formats[kind])

    def _write(self, column: int, value: Any, kind: str) -> None:
        style = self.formats[kind]
        if value is None:
            if kind.startswith("total") or kind == "header":  # their line goes on over empty cells
                self.worksheet.write_blank(self.rows, column, None, style)
        elif isinstance(value, Formula):
            self.worksheet.write_formula(self.rows, column, f"={value.text}", style, float(value.value))
        elif isinstance(value, bool):
            self.worksheet.write_string(self.rows, column, "yes" if value else "no", style)
        elif isinstance(value, int | float | Decimal):
            self.worksheet.write_number(self.rows, column, float(value), style)
        elif isinstance(value, date) and day_of(value) >= _FIRST_DATE:
            self.worksheet.write_datetime(self.rows, column, value, style)
        else:
            self.worksheet.write_string(self.rows, column, cell_text(str(value)), style)


@dataclass(frozen=True)
class Book:
    """An open workbook."""

    workbook: Workbook
    formats: Mapping[str, Format]
    footer: str

    def sheet(self, name: str, columns: Sequence[Column], printed: int | None = None) -> Sheet:
        """A new sheet, to print across one page; of many columns only the first ``printed``."""
        made = self.workbook.add_worksheet(name)
        for place, column in enumerate(columns):
            made.set_column(place, place, column.width)
        made.hide_gridlines(2)
        made.set_landscape()
        made.set_paper(9)  # A4
        made.set_margins(0.4, 0.4, 0.5, 0.6)
        made.fit_to_pages(1, 0)
        # A footer has a language of its own, in which & begins a command.
        made.set_footer(f"&L&8{self.footer[:150].replace('&', '&&')}&R&8&P of &N")
        return Sheet(name, columns, made, self.formats, printed or len(columns))


@contextmanager
def open_book(path: Path, title: str, author: str, made_on: date) -> Iterator[Book]:
    """A workbook that is written to ``path`` when the block ends."""
    import xlsxwriter

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": False,
    }
    workbook = xlsxwriter.Workbook(str(path), options)
    try:
        workbook.set_properties({"title": title, "author": author, "created": datetime.combine(made_on, time())})
        plain = {"font_name": "Arial", "font_size": 10}
        formats = {name: workbook.add_format(plain | told) for name, told in _FORMATS.items()}
        yield Book(workbook, formats, title)
    finally:
        workbook.close()


def added(function: str, cells: str, value: Decimal) -> Formula:
    """``added("SUM({})", "C5:C9", value)``"""
    return Formula(function.format(cells), value)


def _lines(text: str, width: float) -> int:
    """How many lines ``text`` takes in a column of ``width`` digits, broken at blanks."""
    lines, used = 1, 0.0
    for word in text.split():
        if used and used + 1 + len(word) > width:
            lines, used = lines + 1, 0.0
        used += len(word) + (1 if used else 0)
        while used > width:
            lines, used = lines + 1, used - width
    return lines


def day_of(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def cell_text(text: str) -> str:
    """``text`` as a cell can hold it: within the limit, and never what XlsxWriter takes for its own rich text.

    XlsxWriter writes a string from ``<r>`` to ``</r>`` as it is, unescaped; a space at the end keeps it text.
    """
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 6] + " (cut)"
    return f"{text[: LONGEST_TEXT - 1]} " if text.startswith("<r>") and text.endswith("</r>") else text
