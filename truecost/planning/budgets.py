"""How likely each of ``[[budgets]]`` is exceeded in its running period, by the forecasts of its models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from truecost.planning.forecast import Forecast
from truecost.planning.projection import Trials
from truecost.planning.seen import Ledger
from truecost.quarters import quarter_of
from truecost.store.rows import Row
from truecost.workspace.config import BudgetSection

if TYPE_CHECKING:
    from truecost.planning.departure import Floats

_SAMPLES = 4_000


def chances(
    budgets: Sequence[BudgetSection],
    drawn: Mapping[str, Trials],
    ends: Mapping[str, Forecast],
    ledgers: Mapping[str, Ledger],
    unclaimed: Sequence[Row],
    start_month: int,
    today: date,
) -> list[Row]:
    """A row of ``outlook.budget_chances`` a budget that can be told: all of whose models with costs have a plan.

    Models are taken to be independent of one another.
    """
    import numpy as np

    found: list[Row] = []
    for budget in budgets:
        start, end = period(budget, start_month, today)
        named = {budget.model} if budget.model else {*ends, *ledgers}
        if not named <= ends.keys():
            continue
        posted = [row for model in named if model in ledgers for row in ledgers[model].spent]
        posted += [] if budget.model else unclaimed
        spent = sum((row["cost"] for row in posted if _is_of(row, budget, start, end)), Decimal(0))
        rest = np.zeros(_SAMPLES)
        for number, model in enumerate(sorted(named)):
            rest += _rest(ends[model], drawn[model].plan.months, budget, start, end, number)
        chance = float((rest > float(budget.amount - spent)).mean())
        found.append({"name": budget.name, "period_start": start, "chance": chance})
    return found


def period(budget: BudgetSection, start_month: int, today: date) -> tuple[date, date]:
    """The first day of the running period, and the first after it."""
    quarter = quarter_of(today, start_month)
    if budget.per == "quarter":
        return quarter.start, quarter.end
    year = today.year - (today.month < start_month)
    return date(year, start_month, 1), date(year + 1, start_month, 1)


def _is_of(row: Row, budget: BudgetSection, start: date, end: date) -> bool:
    return start <= row["month"] < end and budget.stage in (None, row["stage"])


def _rest(
    forecast: Forecast, months: Sequence[date], budget: BudgetSection, start: date, end: date, number: int
) -> Floats:
    """What is still to come of a model in the period, in equally likely samples."""
    import numpy as np

    stages = [place for place, stage in enumerate(forecast.stages) if budget.stage in (None, stage)]
    within = [place for place, month in enumerate(months) if start <= month < end]
    rest, weights = forecast.rest.rest, forecast.rest.weights
    if not stages or not within:
        return np.zeros(_SAMPLES)
    amounts = rest[:, stages][:, :, within].sum(axis=(1, 2))
    reached = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(reached, (np.arange(_SAMPLES) + 0.5) / _SAMPLES)
    random = np.random.Generator(np.random.PCG64(number))
    return np.asarray(random.permutation(amounts[np.minimum(places, len(amounts) - 1)]))
