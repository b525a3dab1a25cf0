"""What a plan comes to: a seeded Monte Carlo over its items, and its mean, P10, P50 and P90 by period and stage.

How a figure is made, so that it can be made again by hand:

- An item's cost in a trial is quantity x unit cost. A factor that is not certain is drawn once a trial from the
  triangular distribution, trial after trial, by ``random.Random(f"{seed}:{name}:{factor}")`` and its
  ``triangular(low, high, likely)``; the factor is ``quantity`` or ``unit_cost``. So items are independent, and one more
  changes no other's draws.
- A month has its share of an item: by its days, or the whole again each month where ``per = "month"``. A period's or
  stage's cost in a trial is the sum over the items, in order of name, of cost x share.
- Quantiles interpolate linearly between order statistics: P10 of n trials stands at 0.1 (n - 1), counted from 0
  (``statistics.quantiles(method="inclusive")``, NumPy's ``linear``).
- What is certain is computed in exact fractions, and a mean is exact over the trials, so means add up over months and
  stages (quantiles don't). Each figure is then rounded half-even to cents on its own.
- A planned quantity is the mean of the same draws, of the items that name its unit, rounded half-even to six places.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

from truecost.quarters import quarter_of
from truecost.workspace.plans import Item, Plan, Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOTAL = "total"
Weights = dict[str, Fraction]
"""Item -> which part of its cost is meant: 0 to 1, or how many times where it comes again each month."""


@dataclass(frozen=True)
class Estimate:
    """Cost over the trials, in cents, in the plan's currency."""

    mean: Decimal
    p10: Decimal
    p50: Decimal
    p90: Decimal


@dataclass(frozen=True)
class Projected:
    """Planned cost of a stage (or ``total``) in a month; in a quarter, ``month`` None; in the whole plan, both None."""

    month: date | None
    quarter: str | None
    stage: str
    cost: Estimate


@dataclass(frozen=True)
class PlannedQuantity:
    """How much of a unit a stage was planned to take in a quarter, and at which mean cost; ``sku`` None: of any."""

    quarter: str
    stage: str
    unit: str
    sku: str | None
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True)
class Forecast:
    """Where a model's cost will end: what is spent and what of the plan is still to come."""

    budget: Decimal
    actual_to_date: Decimal
    p10: Decimal
    p50: Decimal
    p90: Decimal
    probability_over_budget: float


@dataclass(frozen=True)
class _Outcome:
    """A sum over items: a certain part, and the sorted trials of the rest."""

    certain: Fraction
    mean: Fraction
    trials: list[float]

    def quantile(self, percent: int) -> Fraction:
        if not self.trials:
            return self.certain
        below, rest = divmod((len(self.trials) - 1) * percent, 100)
        at = Fraction(self.trials[below])
        return self.certain + (at if rest == 0 else at + (Fraction(self.trials[below + 1]) - at) * rest / 100)

    def share_above(self, limit: Fraction) -> float:
        if not self.trials:
            return float(self.certain > limit)
        return (len(self.trials) - bisect_right(self.trials, limit - self.certain)) / len(self.trials)


@dataclass(frozen=True)
class Trials:
    """The drawn costs of a plan's items, and the means of these and of the items' quantities."""

    plan: Plan
    certain: Mapping[str, Fraction]
    drawn: Mapping[str, NDArray[np.float64]]
    means: Mapping[str, Fraction]
    quantities: Mapping[str, Fraction]

    def outcome(self, weights: Weights) -> _Outcome:
        """The items' costs, each times its weight, added up trial by trial."""
        import numpy as np

        certain = sum(
            (self.certain[name] * weight for name, weight in weights.items() if name in self.certain), Fraction()
        )
        mean = sum((self.means[name] * weight for name, weight in weights.items()), Fraction())
        drawn = [name for name in sorted(weights) if name in self.drawn and weights[name]]
        if not drawn:
            return _Outcome(certain, mean, [])
        total = np.zeros(self.plan.trials)
        for name in drawn:
            total = total + self.drawn[name] * float(weights[name])
        return _Outcome(certain, mean, np.sort(total).tolist())

    def estimate(self, weights: Weights) -> Estimate:
        found = self.outcome(weights)
        return Estimate(_cents(found.mean), *(_cents(found.quantile(percent)) for percent in (10, 50, 90)))


def draw(plan: Plan) -> Trials:
    """Draw every item that is not certain, ``plan.trials`` times."""
    import numpy as np

    certain: dict[str, Fraction] = {}
    drawn: dict[str, NDArray[np.float64]] = {}
    means: dict[str, Fraction] = {}
    quantities: dict[str, Fraction] = {}
    for item in plan.items:
        if item.quantity.is_certain:
            quantities[item.name] = Fraction(item.quantity.low)
        if item.quantity.is_certain and item.unit_cost.is_certain:
            means[item.name] = certain[item.name] = quantities[item.name] * Fraction(item.unit_cost.low)
            continue
        quantity = np.array(_draws(plan, item, "quantity", item.quantity))
        costs = quantity * np.array(_draws(plan, item, "unit_cost", item.unit_cost))
        drawn[item.name] = costs
        means[item.name] = _mean(costs)
        quantities.setdefault(item.name, _mean(quantity))
    return Trials(plan, certain, drawn, means, quantities)


def project(trials: Trials, fiscal_year_start_month: int) -> list[Projected]:
    """The planned cost by month, by quarter (of the plan's months in it) and in all, each by stage and in total."""
    plan = trials.plan
    stages = [*dict.fromkeys(item.stage for item in plan.items), TOTAL]
    quarters = {month: quarter_of(month, fiscal_year_start_month).name for month in plan.months}
    periods: list[tuple[date | None, str | None, list[date]]] = [
        *((month, quarters[month], [month]) for month in plan.months),
        *((None, name, [m for m in plan.months if quarters[m] == name]) for name in dict.fromkeys(quarters.values())),
        (None, None, plan.months),
    ]
    return [
        Projected(month, quarter, stage, trials.estimate(_weights(plan, stage, dict.fromkeys(months, Fraction(1)))))
        for month, quarter, months in periods
        for stage in stages
    ]


def planned_quantities(trials: Trials, fiscal_year_start_month: int) -> list[PlannedQuantity]:
    """What the items that name a unit come to, by quarter, stage, unit and sku."""
    plan = trials.plan
    sums: dict[tuple[str, str, str, str | None], list[Fraction]] = {}
    for item in plan.items:
        if item.unit is None:
            continue
        for month in plan.months_of(item):
            key = (quarter_of(month, fiscal_year_start_month).name, item.stage, item.unit, item.sku)
            held, share = sums.setdefault(key, [Fraction(), Fraction()]), month_share(plan, item, month)
            held[0] += trials.quantities[item.name] * share
            held[1] += trials.means[item.name] * share
    return [PlannedQuantity(*key, _rounded(quantity, 6), _cents(cost)) for key, (quantity, cost) in sums.items()]


def forecast(trials: Trials, actual_to_date: Decimal, as_of: date) -> Forecast:
    """What is spent plus, trial by trial, the plan's whole months after ``as_of`` and the rest of the running one.

    ``as_of`` itself counts as over. The budget is the plan's, or else its mean.
    """
    outcome = trials.outcome(_weights(trials.plan, TOTAL, {m: _share_to_come(m, as_of) for m in trials.plan.months}))
    budget = trials.plan.budget
    if budget is None:
        budget = _cents(sum((trials.means[n] * w for n, w in _whole(trials.plan).items()), Fraction()))
    actual = Fraction(actual_to_date)
    p10, p50, p90 = (_cents(actual + outcome.quantile(percent)) for percent in (10, 50, 90))
    return Forecast(budget, actual_to_date, p10, p50, p90, outcome.share_above(Fraction(budget) - actual))


def month_share(plan: Plan, item: Item, month: date) -> Fraction:
    """Which part of an item's cost falls in a month: by days, or all of it again where it is ``per`` month."""
    months = plan.months_of(item)
    if month not in months:
        return Fraction()
    return Fraction(1) if item.per == "month" else Fraction(_days(month), sum(map(_days, months)))


def _weights(plan: Plan, stage: str, months: Mapping[date, Fraction]) -> Weights:
    """The weights of a stage's items over (parts of) months."""
    return {
        item.name: sum((month_share(plan, item, month) * part for month, part in months.items()), Fraction())
        for item in plan.items
        if stage in (item.stage, TOTAL)
    }


def _whole(plan: Plan) -> Weights:
    return _weights(plan, TOTAL, dict.fromkeys(plan.months, Fraction(1)))


def _share_to_come(month: date, as_of: date) -> Fraction:
    if month > as_of:
        return Fraction(1)
    if (month.year, month.month) < (as_of.year, as_of.month):
        return Fraction()
    return 1 - Fraction(as_of.day, _days(month))


def _draws(plan: Plan, item: Item, factor: str, figure: Range) -> Iterable[float]:
    if figure.is_certain:
        return [float(figure.low)]
    random = Random(f"{plan.seed}:{item.name}:{factor}")
    low, likely, high = float(figure.low), float(figure.likely), float(figure.high)
    return [random.triangular(low, high, likely) for _ in range(plan.trials)]


def _mean(drawn: NDArray[np.float64]) -> Fraction:
    return Fraction(math.fsum(drawn.tolist())) / len(drawn)


def _days(month: date) -> int:
    return monthrange(month.year, month.month)[1]


def _cents(amount: Fraction) -> Decimal:
    return _rounded(amount, 2)


def _rounded(amount: Fraction, places: int) -> Decimal:
    units = round(amount * 10**places)  # of a Fraction: to the nearest, a tie to the even
    return Decimal(units).scaleb(-places)
