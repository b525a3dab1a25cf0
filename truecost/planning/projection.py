"""What a plan comes to: its items as lines, drawn by ``simulate``; mean, P10, P50, P80 and P90 by period and stage.

- A month has its share of an item: by its days, or the whole again each month where ``per = "month"``.
- Quantiles interpolate linearly between order statistics: P10 of n draws stands at 0.1 (n - 1), counted from 0.
- What is certain is computed in exact fractions; a month's mean is that of its draws, and the means of quarters and of
  the whole plan are sums of months, so means add up (quantiles don't). Each figure is then rounded half-even to cents.
- A planned quantity is the mean of the same draws, of the items that name its unit, rounded half-even to six places.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from truecost.planning.causes import Causes
from truecost.planning.drawn import TOTAL, Drawn, Outcome
from truecost.planning.events import Spread
from truecost.planning.lifecycle import lifecycle_lines, spread_for
from truecost.planning.simulate import Line, simulate_on
from truecost.planning.written import figure_of, spread_of
from truecost.quarters import quarter_of
from truecost.workspace.plans import Item, Plan

QUANTILES = (10, 50, 80, 90)


@dataclass(frozen=True)
class Estimate:
    """Cost over the draws, in cents, in the plan's currency."""

    mean: Decimal
    p10: Decimal
    p50: Decimal
    p80: Decimal
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
class Trials:
    """A plan and its draws."""

    plan: Plan
    drawn: Drawn

    def outcome(self, stage: str, parts: Mapping[date, Fraction | int]) -> Outcome:
        """What a stage comes to in (parts of) months."""
        places = {month: place for place, month in enumerate(self.plan.months)}
        return self.drawn.outcome(stage, {places[month]: part for month, part in parts.items()})

    def estimate(self, stage: str, months: list[date]) -> Estimate:
        found = self.outcome(stage, dict.fromkeys(months, 1))
        return Estimate(_cents(found.mean), *(_cents(found.quantile(percent)) for percent in QUANTILES))


def draw(plan: Plan) -> Trials:
    """Draw every item that is not certain, ``plan.trials`` times."""
    causes, spread = engine_of(plan)
    return Trials(plan, simulate_on(causes, lines_of(plan), len(plan.months), spread))


def engine_of(plan: Plan) -> tuple[Causes, Spread]:
    """The causes and the spread that a plan is drawn with."""
    spread = spread_of(plan.uncertainty)
    causes = Causes(plan.seed, plan.trials, spread.between, spread.within)
    if plan.lifecycle is not None:
        spread = spread_for(plan.lifecycle, plan.lifecycle.approach, spread)
    return causes, spread


def lines_of(plan: Plan) -> list[Line]:
    """What the lifecycle comes to, and the items, as the engine takes them."""
    items = item_lines(plan)
    if plan.lifecycle is None:
        return items
    return [*lifecycle_lines(plan.lifecycle, plan.lifecycle.approach, plan.months), *items]


def item_lines(plan: Plan) -> list[Line]:
    """The items as the engine takes them."""
    return [
        Line(
            item.name,
            item.stage,
            tuple(month_share(plan, item, month) for month in plan.months),
            figure_of(item.quantity),
            figure_of(item.unit_cost),
            item.driver,
        )
        for item in plan.items
    ]


def project(trials: Trials, fiscal_year_start_month: int) -> list[Projected]:
    """The planned cost by month, by quarter (of the plan's months in it) and in all, each by stage and in total."""
    plan = trials.plan
    quarters = {month: quarter_of(month, fiscal_year_start_month).name for month in plan.months}
    periods: list[tuple[date | None, str | None, list[date]]] = [
        *((month, quarters[month], [month]) for month in plan.months),
        *((None, name, [m for m in plan.months if quarters[m] == name]) for name in dict.fromkeys(quarters.values())),
        (None, None, plan.months),
    ]
    return [
        Projected(month, quarter, stage, trials.estimate(stage, months))
        for month, quarter, months in periods
        for stage in (*trials.drawn.stages, TOTAL)
    ]


def planned_quantities(trials: Trials, fiscal_year_start_month: int) -> list[PlannedQuantity]:
    """What the items that name a unit come to, by quarter, stage, unit and sku."""
    plan, drawn = trials.plan, trials.drawn
    sums: dict[tuple[str, str, str, str | None], list[Fraction]] = {}
    for item in plan.items:
        if item.unit is None:
            continue
        for month in plan.months_of(item):
            key = (quarter_of(month, fiscal_year_start_month).name, item.stage, item.unit, item.sku)
            held, share = sums.setdefault(key, [Fraction(), Fraction()]), month_share(plan, item, month)
            held[0] += drawn.quantity_means[item.name] * share
            held[1] += drawn.line_means[item.name] * share
    return [PlannedQuantity(*key, _rounded(quantity, 6), _cents(cost)) for key, (quantity, cost) in sums.items()]


def month_share(plan: Plan, item: Item, month: date) -> Fraction:
    """Which part of an item's cost falls in a month: by days, or all of it again where it is ``per`` month."""
    months = plan.months_of(item)
    if month not in months:
        return Fraction()
    return Fraction(1) if item.per == "month" else Fraction(_days(month), sum(map(_days, months)))


def _days(month: date) -> int:
    return monthrange(month.year, month.month)[1]


def _cents(amount: Fraction) -> Decimal:
    return _rounded(amount, 2)


def _rounded(amount: Fraction, places: int) -> Decimal:
    units = round(amount * 10**places)  # of a Fraction: to the nearest, a tie to the even
    return Decimal(units).scaleb(-places)
