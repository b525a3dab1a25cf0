"""The clock. Everything that needs "now" takes one, so that ``--as-of`` and tests can hold it still."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time


@dataclass(frozen=True)
class Clock:
    """The time a run believes in: real, or fixed to the start (UTC) of ``as_of``."""

    as_of: date | None = None

    def now(self) -> datetime:
        """The current time, UTC, to the second."""
        if self.as_of is not None:
            return datetime.combine(self.as_of, time(), UTC)
        return datetime.now(UTC).replace(microsecond=0)

    def today(self) -> date:
        return self.now().date()


REAL = Clock()  # what a step goes by where nobody holds the time still
