"""Staff time: the detailed CSV exports of Toggl Track, Harvest and Clockify, told apart by their columns.

No export names its entries, so an entry is known by who, when, project and task. Where the layout has a start time, the
text is left out of the key: an edited text is a new version of the entry, and its hours count once. Harvest gives the
day only, and a day holds many entries of one task, so there the notes belong to the key. An entry that was moved to
another project, time or (Harvest) text since an earlier export can't be told from a new one: both count, and the
published ``gaps`` show what a newer export of the same days left out.

Exports may be in the language of who made them: the headings of some languages are known (timesheet_headings.py), any
other is named under `columns`, and the tool is told by the columns it then has.

What could be read two ways is settled by the file as a whole, or by the source's `dates`, or not read at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from truecost.errors import DeliveryRefused
from truecost.sources import Column, FileOptions, Format, RawTable
from truecost.sources.datasets import WORKLOGS
from truecost.sources.readers import delimited
from truecost.sources.timesheet_headings import HEADINGS
from truecost.store.sql import identifier, literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TOGGL, HARVEST, CLOCKIFY = "Toggl Track", "Harvest", "Clockify"
_HOURS = {"hours", "stunden", "horas", "heures", "ore", "godziny", "時間"}
_DATES = {"date", "datum", "fecha", "data", "日付"}
_NUMBERS = ("hours", "billable rate", "billable amount", "cost rate", "cost amount")
_ORDERS = {"day_first": "the day", "month_first": "the month"}


def layout_of(header: Sequence[str]) -> str:
    """The tool that wrote a file with this header; "" where it is none of the three."""
    return _layout(header, FileOptions())


def _layout(header: Sequence[str], options: FileOptions) -> str:
    """The tool, by what the file has: Clockify's heading says how a duration is written, Harvest has no start time."""
    matched = FORMAT.match_columns(header, options)
    if not {"start_date", "duration"} <= matched.keys():
        return ""
    duration, date = matched["duration"], matched["start_date"].strip()
    if duration.rstrip().endswith(")"):
        return CLOCKIFY
    if "start_time" in matched:
        return TOGGL
    if {"duration", "start_date"} & options.columns.keys():
        return HARVEST
    is_of_hours = duration.strip().casefold() in _HOURS
    if is_of_hours and date.casefold() in _DATES:
        return HARVEST
    return "" if is_of_hours or date.casefold() in _DATES else TOGGL


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read an export, and settle as a whole how it writes dates and numbers.

    Sets the variables ``timesheet_layout``, ``timesheet_dates`` and ``timesheet_mark`` for the format's SQL.

    Raises:
        DeliveryRefused: the file is of none of the tools, or its dates could be read either way.
    """
    raw = delimited.read(con, path, fmt, options)
    raw = raw.careful() if raw.careful else raw  # it is looked at twice, so it must be read for good
    layout = _layout(raw.header, options)
    if not layout:
        raise DeliveryRefused(
            "the columns are not those of Toggl Track, Harvest or Clockify; export the detailed report as CSV; or, if "
            "it is one in another language, name start_date, start_time and duration under `columns` of the source"
        )
    matched = fmt.match_columns(raw.header, options)
    if layout != HARVEST and "start_time" not in matched:
        raise DeliveryRefused(
            "line 1 lacks the column Start time; export the detailed report, not a summary, or map it under `columns` "
            "of the source"
        )
    dates = _date_order(con, raw, matched["start_date"])
    mark = _decimal_mark(con, raw, {matched.get("duration"), matched.get("cost_amount")})
    mark = mark or (None if layout == HARVEST else ".")
    for name, value in (("layout", layout), ("dates", dates), ("mark", mark)):
        con.execute(f"SET VARIABLE timesheet_{name} = {literal(value) if value else 'NULL::VARCHAR'}")
    return replace(raw, version=layout)


def _date_order(con: DuckDBPyConnection, raw: RawTable, column: str) -> str | None:
    """``day_first`` or ``month_first``: as the source says, else as a day over 12 shows for the whole file.

    None where every date is read the same either way.
    """
    row = con.execute("SELECT getvariable('source_dates')").fetchone()
    if row and row[0]:
        return str(row[0])
    date = identifier(column)
    asked = f"SELECT date_order({date}), min({date}) FROM {raw.relation} GROUP BY ALL"
    examples = {order: example for order, example in con.execute(asked).fetchall() if order}
    shown = [order for order in _ORDERS if order in examples]
    if len(shown) == 2:
        raise DeliveryRefused(
            f"{column} has dates with the day first ({examples['day_first']}) and with the month first "
            f"({examples['month_first']}); export the file again with one date format"
        )
    if not shown and "open" in examples:
        raise DeliveryRefused(
            f"{column} {examples['open']} could be day or month first, and no date of the file settles it; "
            'set `dates = "month_first"` or `dates = "day_first"` on the source'
        )
    return shown[0] if shown else None


def _decimal_mark(con: DuckDBPyConnection, raw: RawTable, numbers: set[str | None]) -> str | None:
    """The decimal mark of the file, where its numbers that allow one reading only all agree; else None."""
    names = [name for name in raw.header if name in numbers or name.casefold().strip() in _NUMBERS]
    columns = [identifier(name) for name in names]
    marks: set[str] = set()
    for column in columns:
        asked = f"SELECT DISTINCT decimal_mark({column}) FROM {raw.relation}"
        marks |= {mark for (mark,) in con.execute(asked).fetchall() if mark in (",", ".")}
    return marks.pop() if len(marks) == 1 else None


FORMAT = Format(
    name="timesheet",
    title="Staff time: detailed CSV of Toggl Track, Harvest or Clockify",
    versions=(TOGGL, HARVEST, CLOCKIFY),
    dataset=WORKLOGS,
    disposition="merge",
    basis="usage",
    columns=tuple(
        Column(name, (*english, *HEADINGS.get(name, ())), name in ("start_date", "duration"))
        for name, english in (
            ("start_date", ("Start date", "Date")),
            ("project", ("Project",)),
            ("duration", ("Duration (h)", "Duration", "Hours", "Duration (decimal)")),
            ("start_time", ("Start time",)),
            ("email", ("Email",)),
            ("user_name", ("User", "Member")),
            ("first_name", ("First Name",)),
            ("last_name", ("Last Name",)),
            ("role", ("Roles", "Group", "User group")),
            ("client", ("Client",)),
            ("task", ("Task",)),
            ("description", ("Description", "Notes")),
            ("tags", ("Tags",)),
            ("cost_amount", ("Cost Amount",)),
            ("cost_currency", ("Currency",)),
        )
    ),
    sql="formats/timesheet",
    read=read,
    settings=("role", "timezone", "dates", "currency", "fields"),
    money={"cost_amount": "stated_cost"},
    currency_column="stated_currency",
    version_of=layout_of,
)
