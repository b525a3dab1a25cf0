"""The terms a column is judged in: what is told of it day by day, the smallest change that matters, what a season may
do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from truecost.workspace.config import DriftSection

Kind = Literal["level", "spread", "share", "missing", "unseen", "new_words"]

SEASON = 0.15  # the amplitude of a year's season that is no drift, as a share of the level
YEARS_BETWEEN_ALARMS = 50.0
_WINDOWS_A_YEAR = 365.0
_LEAST_EVIDENCE = 3.5


@dataclass(frozen=True)
class Term:
    """``floor``: the smallest change that matters, in the series' unit: logarithms for level and spread, shares else.

    ``share_of``: of a level that is not in logarithms, the middle of the column in that unit.
    """

    kind: Kind
    floor: float
    share_of: float = 1.0

    def smallest(self, level: float) -> float:
        """The smallest change that matters of a series whose reference is at ``level``: what is rare counts sooner."""
        return min(self.floor, max(self.floor / 2, level)) if self.kind == "share" else self.floor

    def season(self, level: float, amplitude: float = SEASON) -> float:
        """The amplitude of a season in the series' unit; ``level`` is what the reference has."""
        if self.kind == "level":
            return amplitude * min(1.0, abs(self.share_of))
        if self.kind in ("share", "new_words"):
            return amplitude * level
        return 0.0


LEVEL = Term("level", log(1.10))
SPREAD = Term("spread", log(1.25))
SHARE = Term("share", 0.05)
MISSING = Term("missing", 0.05)
UNSEEN = Term("unseen", 0.02)
NEW_WORDS = Term("new_words", 0.05)


def terms_of(settings: DriftSection) -> Mapping[Kind, Term]:
    """The terms, with the smallest changes as configured."""
    return {
        "level": replace(LEVEL, floor=log(1 + settings.shift)),
        "spread": replace(SPREAD, floor=log(1 + 2.5 * settings.shift)),
        "share": replace(SHARE, floor=settings.points),
        "missing": replace(MISSING, floor=settings.points),
        "unseen": replace(UNSEEN, floor=0.4 * settings.points),
        "new_words": replace(NEW_WORDS, floor=settings.points),
    }


def spread_variance(rows: Any) -> Any:
    """The sampling variance of the logarithm of a standard deviation: 1 / (2 n) of a normal law, half as much again for
    tails."""
    return 0.75 / rows


def share_variance(found: Any, rows: Any) -> Any:
    """The sampling variance of a share; half a row more keeps that of none or all from being 0."""
    import numpy as np

    smooth = (found + 0.5) / (rows + 1)
    return smooth * (1 - smooth) / np.maximum(rows, 1)


def evidence_for(series: int, window: int, years: float = YEARS_BETWEEN_ALARMS) -> float:
    """How many standard errors count as evidence: chance passes them, in any of the series and windows of a model,
    once in ``years`` (two-sided; windows that overlap count as a third of as many apart)."""
    from scipy.stats import norm

    apart = _WINDOWS_A_YEAR * min(1.0, 3.0 / window)
    return max(_LEAST_EVIDENCE, float(norm.isf(1 / (2 * years * apart * max(1, series)))))
