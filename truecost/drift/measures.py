"""Which of Evidently's measures a column is compared by, and which value of it counts.

A number is measured by the Wasserstein distance of its logarithms, in standard deviations of the reference: where all
values grow by a share, it is that share. A category is measured by the Jensen-Shannon distance. The value that counts
is the one that the judgement of its days (``drift.judge``) corresponds to: the smallest change that matters or what
the evidence takes, what a season has moved already, and what the shape of samples this large differs by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truecost.drift.columns import Column
from truecost.drift.daily import Judged

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
WASSERSTEIN, JENSEN_SHANNON = "wasserstein", "jensenshannon"
_SHAPE = 2.0  # standard errors: the distance of two samples of one distribution is about 0.8 of them, and seldom 2
_CHANCE = 6.0  # times its expected square: how far the Jensen-Shannon distance of two samples may come by chance
_LEAST_NORM = 0.001  # Evidently's own


def method_of(column: Column) -> str:
    """Evidently's name of the measure."""
    return WASSERSTEIN if column.kind == "number" else JENSEN_SHANNON


def threshold_of(
    column: Column, judged: Sequence[Judged], reference: pl.Series, current: pl.Series, evidence: float
) -> float:
    """The value of the column's measure that counts; ``judged`` are its series, the sides those Evidently is given."""
    own = [one for one in judged if one.series.column.name == column.name]
    rows = [max(side.count(), 1) for side in (reference, current)]
    apart = 1 / rows[0] + 1 / rows[1]
    return _number(own, reference, apart, evidence) if column.kind == "number" else _category(own, reference, apart)


def _number(own: Sequence[Judged], reference: pl.Series, apart: float, evidence: float) -> float:
    level = next(one for one in own if one.series.term.kind in ("level", "new_words"))
    spread = next((one for one in own if one.series.term.kind == "spread"), None)
    norm = max(float(np.std(reference.drop_nulls().to_numpy())), _LEAST_NORM)
    limit = level.limit if np.isfinite(level.limit) else level.floor
    spreads = 0.8 * evidence * spread.error if spread and np.isfinite(spread.error) else 0.0
    # A shift and another spread together come to no more than the root of the sum of their squares.
    both = float(np.hypot((limit + abs(level.baseline - level.reference)) / norm, spreads))
    return both + _SHAPE * float(apart**0.5)


def jensen_shannon(one: Floats, other: Floats) -> float:
    """The Jensen-Shannon distance of two laws over the same values, with natural logarithms, as Evidently takes it."""
    middle = np.where(one + other > 0, (one + other) / 2, 1.0)
    parts = [np.where(law > 0, law * np.log(np.where(law > 0, law, 1.0) / middle), 0.0) for law in (one, other)]
    return float(np.sqrt(max(sum(float(part.sum()) for part in parts) / 2, 0.0)))


def _of_points(shares: Floats, points: float) -> float:
    """The distance of a law from itself with so many points moved from its commonest value to the next."""
    law = np.concatenate([shares, [0.0]]) if len(shares) < 2 else shares
    points = min(points, float(law[0]))
    moved = law.copy()
    moved[0], moved[1] = law[0] - points, law[1] + points
    return jensen_shannon(law, moved)


def _category(own: Sequence[Judged], reference: pl.Series, apart: float) -> float:
    shares = [one for one in own if one.series.term.kind == "share"]
    counts = np.sort(reference.drop_nulls().value_counts()["count"].to_numpy())[::-1]
    total = max(float(counts.sum()), 1.0)
    points = max((one.series.term.floor for one in shares), default=0.05)
    smallest = _of_points(counts / total, points) ** 2
    moved = sum(((one.baseline - one.reference) ** 2) / (8 * max(one.reference, 1 / total)) for one in shares)
    by_days = sum(one.error**2 / (8 * max(one.reference, 1 / total)) for one in shares if np.isfinite(one.error))
    by_chance = max(by_days, len(counts) * apart / 8)
    return float(np.sqrt(smallest + moved + _CHANCE * by_chance))
