"""The forecast of a plan on a day: what is known, what has happened and is not billed yet, and what is to come.

The three are not told apart by the day but by what the records speak for (``seen``): a day that passes without records
moves cost from what is to come to what has happened, and no figure of the whole.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from truecost.planning.completion import MOST_DRAWS, Completion, complete
from truecost.planning.projection import Trials
from truecost.planning.seen import Heard, Ledger
from truecost.planning.simulate import TOTAL

if TYPE_CHECKING:
    from truecost.planning.departure import Floats

PERCENTS = range(1, 100)


@dataclass(frozen=True)
class Forecast:
    """Where a model's cost will end, in the plan's currency.

    ``known``: spent up to the month of the day; ``known_ahead``: posted to later months of the plan already, prepaid
    say. ``nowcast`` and ``to_come``: means of what has happened and is not told, and of the rest. ``percentiles``: of
    the whole at completion, the 1st to the 99th. Over budget since the month ``over_since``, or in half of the draws
    from ``crosses_in`` on; neither where it is not. ``rest`` is what is not told, in the order of ``stages``.
    """

    budget: Decimal
    known: Decimal
    known_ahead: Decimal
    nowcast: Decimal
    to_come: Decimal
    percentiles: Sequence[Decimal]
    chance_over: float
    whole_months: int
    over_since: date | None
    crosses_in: date | None
    waited_for: dict[Heard, Decimal]
    rest: Completion = field(repr=False, compare=False)
    stages: Sequence[str] = field(repr=False, compare=False)

    def percentile(self, percent: int) -> Decimal:
        return self.percentiles[percent - 1]


def forecast(trials: Trials, ledger: Ledger, as_of: date) -> Forecast:
    """Where a plan will end, seen on a day, which counts as over."""
    months, stages = trials.plan.months, stages_of(trials, ledger)
    seen = ledger.seen(stages, months, as_of)
    rest = complete(planned_draws(trials, stages, MOST_DRAWS), seen, trials.plan.seed)
    happened = _mean_of(rest, _gone(seen.told, months, as_of))
    known, ahead = ledger.until(as_of), _known_ahead(ledger, months, as_of)
    budget, held = budget_of(trials), known + ahead
    mean = float((rest.rest.sum(axis=(1, 2)) * rest.weights).sum() / rest.weights.sum())
    now = float(happened.sum())
    over = _over_since(ledger, budget, as_of)
    return Forecast(
        budget=budget,
        known=known,
        known_ahead=ahead,
        nowcast=cents(now),
        to_come=cents(mean - now),
        percentiles=[_round(held + cents(float(value))) for value in rest.quantiles([p / 100 for p in PERCENTS])],
        chance_over=rest.chance_above(float(budget - held)),
        whole_months=rest.whole_months,
        over_since=over,
        crosses_in=None if over else _crosses_in(rest, ledger, months, budget),
        waited_for={one: cents(amount) for one, amount in ledger.waited_for(stages, months, happened).items()},
        rest=rest,
        stages=stages,
    )


def budget_of(trials: Trials) -> Decimal:
    """The plan's, or else its mean."""
    whole = trials.drawn.mean(TOTAL, dict.fromkeys(range(trials.drawn.months), 1))
    return trials.plan.budget if trials.plan.budget is not None else cents(float(whole))


def stages_of(trials: Trials, ledger: Ledger) -> list[str]:
    """The plan's, and those that only cost was seen at; what nobody planned falls to maintenance, which stands last."""
    named = {*trials.drawn.stages, *(row["stage"] for row in ledger.spent), "maintenance"}
    return [*sorted(named - {"maintenance"}), "maintenance"]


def planned_draws(trials: Trials, stages: Sequence[str], most: int) -> Floats:
    """The first ``most`` of the plan's draws, [draws, stages, months]."""
    import numpy as np

    nothing = np.zeros((min(trials.drawn.draws, most), trials.drawn.months))
    drawn = trials.drawn
    return np.stack([drawn.cost(s)[:most] if s in drawn.stages else nothing for s in stages], axis=1)


def _gone(told: Floats, months: Sequence[date], as_of: date) -> Floats:
    """Which share of what is not told of each month has happened, [stages, months]."""
    import numpy as np

    gone = np.array([_share_gone(month, as_of) for month in months])
    return np.clip((gone - told) / np.maximum(1 - told, 1e-9), 0, 1)


def _share_gone(month: date, as_of: date) -> float:
    if (month.year, month.month) == (as_of.year, as_of.month):
        return as_of.day / monthrange(month.year, month.month)[1]
    return float(month < as_of)


def _mean_of(rest: Completion, shares: Floats) -> Floats:
    """The mean over the draws, [stages, months], times shares."""
    import numpy as np

    return np.asarray(np.tensordot(rest.weights / rest.weights.sum(), rest.rest, axes=1) * shares)


def _known_ahead(ledger: Ledger, months: Sequence[date], as_of: date) -> Decimal:
    return sum((row["cost"] for row in ledger.spent if as_of < row["month"] <= months[-1]), Decimal(0))


def _over_since(ledger: Ledger, budget: Decimal, as_of: date) -> date | None:
    """The month in which what was spent first exceeded the budget, if it still does."""
    if ledger.until(as_of) <= budget:
        return None
    months = sorted({row["month"] for row in ledger.spent if row["month"] <= as_of})
    within = [month for month in months if ledger.until(month) <= budget]
    return next((month for month in months if not within or month > within[-1]), None)


def _crosses_in(rest: Completion, ledger: Ledger, months: Sequence[date], budget: Decimal) -> date | None:
    middle, spent = rest.by_month(0.5), [float(ledger.until(month)) for month in months]
    over = (month for month, held, more in zip(months, spent, middle, strict=True) if held + more > float(budget))
    return next(over, None)


def cents(amount: float) -> Decimal:
    """An amount of draws, rounded half-even to cents."""
    return _round(Decimal(amount))


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))
