"""Where a plan will end: its draws, bent towards what was seen of it, and added to what is known.

The draws of the plan, each with a departure of its own (``departure``), are many ways it may go. Those whose first
months look like the ones that were seen are kept, and the rest of each is adjusted by how it differs from them:
approximate Bayesian computation with local-linear, heteroscedastic regression (Beaumont, Zhang and Balding 2002; Blum
and François 2010). So remaining months inherit the pace as far as the pace speaks for them, a stage that has not begun
inherits what is common, and rough months widen what is to come. With few months seen, the plan speaks; with many, what
was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from truecost.planning.departure import Departure, depart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_DRAWS = 4_000  # of the plan's; more move no quantile by more than the draws themselves do
_LATE = 3  # months
_KEPT = 0.4  # of the draws: the nearest
_FARTHEST = 4.0  # robust standard deviations that what was seen may lie outside the draws, to find the nearest
_RIDGE = 0.5
_SMALL = 0.02  # of a month's planned cost: below it a ratio says nothing
_WHOLE = 0.95  # a month of which so much has been told is whole


@dataclass(frozen=True)
class Seen:
    """What was seen, [stages, months] in the plan's order.

    ``cost``; ``accrued``: the part of it that what is still to be told will take in; ``told``: which share of a
    month has been told, 0 to 1.
    """

    cost: Floats
    accrued: Floats
    told: Floats

    def whole_months(self, planned: Floats) -> int:
        """How many months, from the first, are whole, weighed by what ``planned`` [stages, months] expects of them."""
        weight = planned.sum(axis=0)
        share = (planned * self.told).sum(axis=0)
        held = [
            share[month] >= _WHOLE * weight[month] if weight[month] > 0 else bool(self.told[:, month].min() >= _WHOLE)
            for month in range(len(weight))
        ]
        return held.index(False) if False in held else len(held)


@dataclass(frozen=True)
class Completion:
    """Weighted draws of what is still to be told. ``rest``: [draws, stages, months], on top of what was seen."""

    rest: Floats
    weights: Floats
    whole_months: int
    _order: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)

    def quantiles(self, shares: Floats | list[float], months: slice = slice(None)) -> Floats:
        """Of the rest of these months, at shares from 0 to 1."""
        return weighted_quantiles(self.rest[:, :, months].sum(axis=(1, 2)), self.weights, shares)

    def by_month(self, share: float) -> Floats:
        """The same quantile of the rest up to each month."""
        import numpy as np

        so_far = self.rest.sum(axis=1).cumsum(axis=1)
        return np.array([weighted_quantiles(so_far[:, m], self.weights, [share])[0] for m in range(so_far.shape[1])])

    def chance_above(self, amount: float) -> float:
        """How likely the rest comes to more."""
        above = self.rest.sum(axis=(1, 2)) > amount
        return float(self.weights[above].sum() / self.weights.sum())


def complete(planned: Floats, seen: Seen, seed: int, how: Departure | None = None) -> Completion:
    """What is still to be told of a plan, as a distribution.

    ``planned``: the plan's draws, [draws, stages, months]; costs of stages and months it has nothing for may be seen
    all the same. The same arguments give the same bytes.
    """
    import numpy as np

    ways = depart(planned[:MOST_DRAWS], seed, how or Departure())
    mean = planned.mean(axis=0)
    whole = seen.whole_months(mean)
    untold = np.clip(1 - seen.told, 0, 1)
    if not untold.any():
        return Completion(np.zeros((1, *mean.shape)), np.ones(1), whole)
    kept, factors, weights = _conditioned(ways, mean, seen, whole, untold)
    rest = ways[kept] * factors[:, :, None] * untold
    return Completion(np.maximum(rest - seen.accrued * (untold > 0), 0), weights, whole)


def weighted_quantiles(values: Floats, weights: Floats, shares: Floats | list[float]) -> Floats:
    """Interpolated linearly between the midpoints of the weights."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return np.asarray(np.interp(shares, (reached - weights[order] / 2) / reached[-1], values[order]))


def _conditioned(
    ways: Floats, mean: Floats, seen: Seen, whole: int, untold: Floats
) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Which draws are kept, by what each stage of theirs is multiplied, and how much each counts."""
    import numpy as np

    draws, stages, _ = ways.shape
    if whole == 0:
        return np.arange(draws), np.ones((draws, stages)), np.ones(draws)
    traits = _traits(ways, mean, whole)
    here = _traits(seen.cost[None], mean, whole)[0]
    middle = np.median(traits, axis=0)
    scale = 1.4826 * np.median(np.abs(traits - middle), axis=0) + 1e-9
    kept, weights = _nearest((traits - middle) / scale, (here - middle) / scale)
    differs = ((traits - here) / scale)[kept]
    regression = _Regression.of(differs, weights)
    small = _small(mean)
    factors = np.ones((len(kept), stages))
    for stage in range(stages):
        to_come = float((mean[stage] * untold[stage]).sum())
        if to_come > 0:
            rest = (ways[kept, stage] * untold[stage]).sum(axis=1)
            moved = (to_come + small) * np.exp(regression.adjusted(np.log((rest + small) / (to_come + small)))) - small
            factors[:, stage] = np.maximum(moved, 0) / np.maximum(rest, 1e-9)
    return kept, factors, weights


def _small(mean: Floats) -> float:
    return max(float(_SMALL * mean.sum() / mean.shape[1]), 1e-6)


def _traits(ways: Floats, mean: Floats, whole: int) -> Floats:
    """What is compared of the first ``whole`` months, [draws, traits]: the pace in all, of late and by stage, and how
    rough the months are. What a credit makes less than nothing has no logarithm, and counts as nothing."""
    import numpy as np

    small, late = _small(mean), max(1, min(_LATE, whole // 2))
    first, plan = np.maximum(ways[:, :, :whole], 0), mean[:, :whole]
    cost, planned = first.sum(axis=1), plan.sum(axis=0)
    found = [
        np.log((cost.sum(axis=1) + small) / (planned.sum() + small)),
        np.log((cost[:, -late:].sum(axis=1) + small) / (planned[-late:].sum() + small)),
    ]
    if whole >= _LATE:
        by_month = np.log((cost + small) / (planned + small))
        found.append(np.log(np.median(np.abs(np.diff(by_month, axis=1)), axis=1) + 0.01))
        found.append(np.log(by_month.std(axis=1) + 0.01))
        found.append(_roughness(first, plan, small / 10))
    ahead = mean[:, whole:].sum(axis=1)
    for stage in range(len(mean)):
        held = plan[stage].sum()
        if held > _SMALL * planned.sum() and ahead[stage] > 0:
            found.append(np.log((first[:, stage].sum(axis=1) + small) / (held + small)))
    return np.stack(found, axis=1)


def _roughness(first: Floats, plan: Floats, small: float) -> Floats:
    """By how much the ratio to the plan moves from month to month, stage by stage, weighed by what was planned."""
    import numpy as np

    weight = np.sqrt(plan[:, 1:] * plan[:, :-1])
    weight = weight / max(weight.sum(), 1e-9)
    moves = np.abs(np.diff(np.log((first + small) / (plan + small)), axis=2))
    return np.asarray(np.log((np.clip(moves, 0, 1) * weight).sum(axis=(1, 2)) + 0.005))


def _nearest(traits: Floats, here: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The draws nearest to what was seen, by Mahalanobis distance, and their weights (Epanechnikov's)."""
    import numpy as np

    spread = np.atleast_2d(np.cov(np.clip(traits, -5, 5).T)) + 0.05 * np.eye(traits.shape[1])
    apart = np.clip(traits, -6, 6) - np.clip(here, -_FARTHEST, _FARTHEST)
    distance = np.sqrt(np.einsum("ij,jk,ik->i", apart, np.linalg.inv(spread), apart))
    weights = np.clip(1 - (distance / max(np.quantile(distance, _KEPT), 1e-9)) ** 2, 0, None)
    kept = np.flatnonzero(weights > 0)
    return (kept, weights[kept]) if len(kept) else (np.arange(len(traits)), np.ones(len(traits)))


@dataclass(frozen=True)
class _Regression:
    """Weighted ridge regression on how draws differ from what was seen."""

    differs: Floats
    solve: Floats

    @classmethod
    def of(cls, differs: Floats, weights: Floats) -> _Regression:
        import numpy as np

        design = np.column_stack([np.ones(len(differs)), differs])
        ridge = _RIDGE * np.eye(design.shape[1])
        ridge[0, 0] = 0
        weighed = design * weights[:, None]
        solved: Floats = np.asarray(np.linalg.solve(design.T @ weighed + ridge, weighed.T), dtype=np.float64)
        return cls(differs, solved)

    def adjusted(self, values: Floats) -> Floats:
        """``values`` as they would be, had the draws looked like what was seen: moved to its mean and to its spread."""
        import numpy as np

        found = self.solve @ values
        apart = values - found[0] - self.differs @ found[1:]
        widths = self.solve @ np.log(apart**2 + 1e-4)
        narrower = np.exp(np.clip(-0.5 * (self.differs @ widths[1:]), -1.6, 0.7))
        return np.asarray(found[0] + apart * narrower)
