"""The terms a column is judged in: what is told of it day by day, the smallest change that matters, what a season may do."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, Literal

Kind = Literal["level", "spread", "share", "missing", "unseen"]

SEASON = 0.15  # the amplitude of a year's season that is no drift, as a share of the level
_WINDOWS_A_YEAR = 365.0
YEARS_BETWEEN_ALARMS = 50.0  # a model's expected time between false alarms, over all columns, if errors were normal
_LEAST_EVIDENCE = 3.5


@dataclass(frozen=True)
class Term:
    """``floor``: the smallest change that matters, in the series' unit: logarithms for level and spread, shares else."""

    kind: Kind
    floor: float

    def smallest(self, level: float) -> float:
        """The smallest change that matters of a series whose reference is at ``level``: what is rare counts sooner."""
        return min(self.floor, max(self.floor / 2, level)) if self.kind == "share" else self.floor

    def season(self, level: float, amplitude: float = SEASON) -> float:
        """The amplitude of a season in the series' unit; ``level`` is what the reference has."""
        if self.kind == "level":
            return amplitude
        if self.kind == "share":
            return amplitude * level
        return 0.0


LEVEL = Term("level", log(1.10))
SPREAD = Term("spread", log(1.25))
SHARE = Term("share", 0.05)
MISSING = Term("missing", 0.05)
UNSEEN = Term("unseen", 0.02)


def spread_variance(rows: Any) -> Any:
    """The sampling variance of the logarithm of a standard deviation: 1 / (2 n) of a normal law, half as much again for
    tails."""
    return 0.75 / rows


def evidence_for(series: int, window: int) -> float:
    """How many standard errors count as evidence: chance passes them, in any of the series and windows, once in
    ``YEARS_BETWEEN_ALARMS`` (two-sided; windows that overlap count as a third of as many apart)."""
    from scipy.stats import norm

    apart = _WINDOWS_A_YEAR * min(1.0, 3.0 / window)
    return max(_LEAST_EVIDENCE, float(norm.isf(1 / (2 * YEARS_BETWEEN_ALARMS * apart * max(1, series)))))
