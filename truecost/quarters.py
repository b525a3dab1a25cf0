"""Fiscal quarters: ``FY2026-Q3`` is named by the calendar year in which the fiscal year ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from truecost.errors import TruecostError

_NAME = re.compile(r"FY(\d{4})-Q([1-4])")


@dataclass(frozen=True, order=True)
class Quarter:
    """A fiscal quarter. ``start`` is its first day, ``end`` the first day after it."""

    start: date
    end: date
    name: str


def quarter_of(day: date, start_month: int) -> Quarter:
    """The quarter ``day`` falls in, where the fiscal year starts in ``start_month`` (1 to 12)."""
    into = (day.month - start_month) % 12
    start = _add_months(day.replace(day=1), -(into % 3))
    fiscal_year = day.year + (1 if start_month > 1 and day.month >= start_month else 0)
    return Quarter(start, _add_months(start, 3), f"FY{fiscal_year}-Q{into // 3 + 1}")


def latest_ended(today: date, start_month: int) -> Quarter:
    """The last quarter that is wholly before ``today``."""
    first = quarter_of(today, start_month).start
    return quarter_of(_add_months(first, -1), start_month)


def parse_quarter(name: str, start_month: int) -> Quarter:
    """``FY2026-Q3`` -> its days.

    Raises:
        TruecostError: the name is not of that form.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise TruecostError(f"{name!r} is not a quarter; write it like FY2026-Q3")
    year, number = int(found.group(1)), int(found.group(2))
    first = date(year - (1 if start_month > 1 else 0), start_month, 1)
    return quarter_of(_add_months(first, 3 * (number - 1)), start_month)


def _add_months(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
