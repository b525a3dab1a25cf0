"""Timesheets of the two ML engineers of support-bot: Toggl Track's detailed CSV export, one file a month.

What stands here stands nowhere in payroll. Nobody works after 16:00, so each entry is on one day in UTC as well.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from .basics import MONTH_COUNT, csv_text, dice, last_of, months, table

COLUMNS = (
    *("User", "Email", "Client", "Project", "Task", "Description", "Billable"),
    *("Start date", "Start time", "End date", "End time", "Duration", "Tags", "Amount ()"),
)
CLIENT = "Customer Care"
PROJECT = "support-bot"
HOLIDAYS = {date(2025, 11, 27), date(2025, 12, 25), date(2026, 1, 1), date(2026, 5, 25), date(2026, 9, 7)}

# person, hours by month, task
HOURS_TABLE = """
# person            Oct Nov Dec Jan Feb Mar Apr May Jun Jul Aug Sep  task
Mara_Keller           0  30  34   9   0   0   0  25  14   0   0   3  Fine-tuning
Tolu_Adeyemi          0  22  24   4   0   0   0  20   9   0   0   5  Fine-tuning
Mara_Keller           2   4   5   6   2   2   2   5   6   2   2   2  Evaluation
Tolu_Adeyemi          6  10  10   8   4   5   5   9   8   5   4   5  Evaluation
"""
WORK = {
    "Fine-tuning": (
        "Data mix for the next run",
        "Learning rates, reading the sweep",
        "Loss spike after the checkpoint",
        "Run set-up and launch",
        "Tokenizer and packing",
        "Watching the run, first epochs",
    ),
    "Evaluation": (
        "Judge prompts",
        "Reading failures",
        "Regression test, report",
        "Test set, new topics",
    ),
}


class Stint(NamedTuple):
    """A stretch of work on one task."""

    task: str
    seconds: int


class Entry(NamedTuple):
    person: str
    start: datetime  # on the wall clock
    stint: Stint


def stints(rng: random.Random, task: str, hours: int) -> Iterator[Stint]:
    """The hours in timed stretches of three quarters to two and three quarter hours; they add up to the second."""
    left = hours * 3600
    while left > 0:
        seconds = left if left <= 9900 else min(rng.randint(2700, 9900), left - 900)
        yield Stint(task, seconds)
        left -= seconds


def entries(person: str, month: date) -> Iterator[Entry]:
    """A month of a person: at most one entry a morning and one an afternoon."""
    rng = dice("timesheet", person, month)
    work = [
        stint
        for who, *numbers in table(HOURS_TABLE)
        if who == person
        for stint in stints(rng, numbers[MONTH_COUNT], int(numbers[months().index(month)]))
    ]
    rng.shuffle(work)
    days = [month + timedelta(days=n) for n in range(last_of(month).day)]
    slots = [
        (day, hour) for day in days if day.weekday() < 5 and day not in HOLIDAYS for hour in (time(8, 30), time(12, 50))
    ]
    for (day, hour), stint in zip(sorted(rng.sample(slots, len(work))), work, strict=True):
        yield Entry(person, datetime.combine(day, hour) + timedelta(seconds=rng.randint(0, 1500)), stint)


def timesheet(month: date) -> str:
    """The export of a month; like Toggl's it opens with a byte order mark."""
    found = [entry for person in ("Mara_Keller", "Tolu_Adeyemi") for entry in entries(person, month)]
    rows = []
    for entry in sorted(found, key=lambda entry: (entry.start, entry.person)):
        name = entry.person.replace("_", " ")
        first, last = entry.person.split("_")
        end = entry.start + timedelta(seconds=entry.stint.seconds)
        description = dice("work", entry.person, entry.start).choice(WORK[entry.stint.task])
        known = (name, f"{first[0]}.{last}@example.com".lower(), CLIENT, PROJECT, entry.stint.task, description, "No")
        duration = str(timedelta(seconds=entry.stint.seconds)).rjust(8, "0")
        rows.append((*known, entry.start.date(), entry.start.time(), end.date(), end.time(), duration, "", ""))
    return "\N{BYTE ORDER MARK}" + csv_text(COLUMNS, rows)
