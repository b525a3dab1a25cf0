"""What every part of the demo is made with: its time, its seeded dice, and money and text as exports write them."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

SEED = "larkfell-2026"
FIRST_MONTH = date(2025, 10, 1)
MONTH_COUNT = 12
LAST_DAY = date(2026, 9, 30)


class Window(NamedTuple):
    """A stretch of time in UTC, its end exclusive."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> Decimal:
        return Decimal(int((self.end - self.start).total_seconds())) / 3600


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def months() -> list[date]:
    """The first day of each month of the demo."""
    found = [FIRST_MONTH]
    while len(found) < MONTH_COUNT:
        found.append(next_month(found[-1]))
    return found


def last_of(month: date) -> date:
    return next_month(month) - timedelta(days=1)


def month_window(month: date) -> Window:
    return Window(midnight(month), midnight(next_month(month)))


def cut(window: Window, cuts: Iterable[datetime]) -> Iterator[Window]:
    """The window in pieces, cut wherever a cut falls inside it."""
    start = window.start
    for moment in cuts:
        if start < moment < window.end:
            yield Window(start, moment)
            start = moment
    if start < window.end:
        yield Window(start, window.end)


def weeks(month: date) -> list[datetime]:
    """The 1st, 8th, 15th, 22nd and 29th: a bill's weekly lines never reach into the next month."""
    return [midnight(month + timedelta(days=7 * week)) for week in range(5)]


def overlap(window: Window, first: date, last: date) -> Window | None:
    """The part of the window from the first to the last day, both included."""
    start = max(window.start, midnight(first))
    end = min(window.end, midnight(last + timedelta(days=1)))
    return Window(start, end) if start < end else None


def iso_utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def quantity(amount: Decimal, unit: str) -> Decimal:
    return amount.quantize(Decimal(1 if unit == "Requests" else "0.0001"), ROUND_HALF_EVEN)


def plain(number: Decimal) -> str:
    """Without exponent and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dice(*key: object) -> random.Random:
    """A generator of its own for each key, so a change in one place leaves every other number as it was."""
    return random.Random("/".join([SEED, *map(str, key)]))


def jitter(amount: Decimal, percent: int, *key: object) -> Decimal:
    """The amount moved by up to so many percent, either way."""
    basis_points = dice(*key).randint(-100 * percent, 100 * percent)
    return amount * (10_000 + basis_points) / 10_000


def words(text: str) -> list[str]:
    return text.split()


def table(text: str) -> list[list[str]]:
    """The words of each line of a table; `#` opens a comment."""
    lines = (line.split("#")[0] for line in text.splitlines())
    return [line.split() for line in lines if line.strip()]


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
