"""What was seen of a plan: the books by its stages and months, and how much of each month has been told."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from truecost.planning.completion import Seen
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from truecost.planning.departure import Floats


@dataclass(frozen=True)
class Heard:
    """A source of a model's stage: which part of it it brings, and the first day it has not spoken for."""

    source: str
    part: float
    heard_until: date
    rhythm_days: float | None

    def share_of(self, month: date) -> float:
        """How much of a month it has spoken for, 0 to 1."""
        days = monthrange(month.year, month.month)[1]
        return min(max((self.heard_until - month).days, 0), days) / days


@dataclass(frozen=True)
class Ledger:
    """The books of a model: rows of ``sql/planning/spent.sql``; by stage, '' for all, who speaks for it."""

    spent: Sequence[Row]
    heard: dict[str, list[Heard]]

    def of(self, stage: str) -> list[Heard]:
        """Who speaks for a stage; where it never cost anything, who speaks for the model."""
        return self.heard.get(stage) or self.heard.get("", [])

    def until(self, month: date) -> Decimal:
        """What was spent in all months up to one."""
        return sum((row["cost"] for row in self.spent if row["month"] <= month), Decimal(0))

    def seen(self, stages: Sequence[str], months: Sequence[date], as_of: date) -> Seen:
        """As ``completion`` takes it, in the order of ``stages`` and ``months``.

        What is posted to months after ``as_of`` is a part of what will be, as what is accrued is.
        """
        import numpy as np

        cost, accrued, told = (np.zeros((len(stages), len(months))) for _ in range(3))
        place = {(stage, month): (s, m) for s, stage in enumerate(stages) for m, month in enumerate(months)}
        for row in self.spent:
            if (at := place.get((row["stage"], row["month"]))) is not None:
                cost[at] += float(row["cost"])
                accrued[at] += float(row["cost"] if row["month"] > as_of else row["accrued"])
        for (stage, month), at in place.items():
            told[at] = min(sum(one.part * one.share_of(month) for one in self.of(stage)), 1.0)
        return Seen(cost, accrued, told)

    def waited_for(self, stages: Sequence[str], months: Sequence[date], happened: Floats) -> dict[Heard, float]:
        """``happened`` [stages, months] and not told, by who is to tell it."""
        found: dict[str, tuple[Heard, float]] = {}
        for s, stage in enumerate(stages):
            for m, month in enumerate(months):
                untold = [(one, one.part * (1 - one.share_of(month))) for one in self.of(stage)]
                whole = sum(part for _, part in untold)
                for one, part in untold if whole > 0 else ():
                    held = found.get(one.source, (one, 0.0))[1]
                    found[one.source] = (one, held + float(happened[s, m]) * part / whole)
        return dict(found.values())


NOTHING_SPENT = Ledger((), {})


def read_ledgers(con: DuckDBPyConnection, as_of: date, known_until: datetime | None = None) -> dict[str, Ledger]:
    """The books of each model, seen on a day; of a moment, only what had landed by then (of what is current today)."""
    spent: dict[str, list[Row]] = {}
    for row in read_rows(con, query("planning/spent"), {"known_until": known_until}):
        spent.setdefault(row["model_id"], []).append(row)
    heard: dict[str, dict[str, list[Heard]]] = {}
    for row in read_rows(con, query("planning/heard"), {"as_of": as_of, "known_until": known_until}):
        one = Heard(row["source"], row["part"], row["heard_until"], row["rhythm_days"])
        heard.setdefault(row["model_id"], {}).setdefault(row["stage"], []).append(one)
    return {model: Ledger(rows, heard.get(model, {})) for model, rows in spent.items()}
