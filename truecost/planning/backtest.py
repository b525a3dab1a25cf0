"""Past forecasts made again, month by month, of what has come since: how good they were, and beside what others say.

A forecast is made at the end of each month of the plan, of the cost up to the last month that is whole today. It knows
what had landed by then (``landed``); where that is less than half of what today's books say of the months up to then,
as after a first load of old files, it knows what these say (``booked``). The plan is today's. A delivery that was
superseded since is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from truecost.planning.completion import complete
from truecost.planning.forecast import cents, planned_draws, stages_of
from truecost.planning.projection import Trials
from truecost.planning.seen import NOTHING_SPENT, Ledger, read_ledgers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from truecost.planning.completion import Seen
    from truecost.planning.departure import Floats

DRAWS = 1_000
_LATE = 3  # months


@dataclass(frozen=True)
class Remembered:
    """The forecast of a day of the cost up to and with the month ``until``, and what it came to.

    ``last_quarter``, ``linear`` and ``cpi`` go on at the pace of the last three months, of all months so far, and by
    plan x actual / plan.
    """

    model_id: str
    as_of: date
    until: date
    basis: Literal["landed", "booked"]
    p10: Decimal
    p50: Decimal
    p90: Decimal
    last_quarter: Decimal
    linear: Decimal
    cpi: Decimal
    actual: Decimal


def remember(
    con: DuckDBPyConnection, drawn: dict[str, Trials], ledgers: dict[str, Ledger], today: date
) -> list[Remembered]:
    """The forecasts of every month of each plan that has ended, but for the last."""
    found: list[Remembered] = []
    ends = {month for trials in drawn.values() for month in trials.plan.months if _next(month) <= today}
    for month in sorted(ends):
        moment = datetime.combine(_next(month), time())
        landed = read_ledgers(con, _next(month) - timedelta(days=1), moment)
        for model, trials in drawn.items():
            if month in trials.plan.months and model in ledgers:
                found += _remembered(model, trials, ledgers[model], landed.get(model, NOTHING_SPENT), month)
    return sorted(found, key=lambda one: (one.model_id, one.as_of))


def _remembered(model: str, trials: Trials, now: Ledger, then: Ledger, month: date) -> Iterator[Remembered]:
    stages = stages_of(trials, now)
    months = trials.plan.months
    planned = planned_draws(trials, stages, DRAWS)
    mean = planned.mean(axis=0)
    whole = now.seen(stages, months, months[-1]).whole_months(mean)
    if whole == 0 or month >= months[whole - 1]:
        return
    until, as_of = months[whole - 1], _next(month) - timedelta(days=1)
    had_landed = then.until(month) >= now.until(month) / 2 > 0
    seen = then.seen(stages, months, as_of) if had_landed else _booked(now.seen(stages, months, as_of), months, month)
    ahead = slice(0, whole)
    known = float((seen.cost * _until(months, as_of))[:, ahead].sum())
    quantiles = complete(planned, seen, trials.plan.seed).quantiles([0.1, 0.5, 0.9], ahead)
    rests = (*quantiles, *_naive(mean[:, ahead], seen.cost[:, ahead], months.index(month) + 1))
    low, middle, high, last, linear, cpi = (cents(known + float(rest)) for rest in rests)
    actual = sum((row["cost"] for row in now.spent if months[0] <= row["month"] <= until), Decimal(0))
    yield Remembered(
        model, as_of, until, "landed" if had_landed else "booked", low, middle, high, last, linear, cpi, actual
    )


def _booked(seen: Seen, months: Sequence[date], month: date) -> Seen:
    """As today's books tell the months up to one, and nothing of those after it."""
    kept = _until(months, month)
    return replace(seen, cost=seen.cost * kept, accrued=seen.accrued * kept, told=seen.told * kept)


def _until(months: Sequence[date], day: date) -> Floats:
    import numpy as np

    return np.array([float(month <= day) for month in months])


def _naive(mean: Floats, cost: Floats, seen: int) -> tuple[float, float, float]:
    """What the months after ``seen`` come to at the pace of the last quarter, of all months, and by the plan's own."""
    left, so_far = mean.shape[1] - seen, float(cost[:, :seen].sum())
    late = min(_LATE, seen)
    by_plan = float(mean[:, seen:].sum()) * so_far / max(float(mean[:, :seen].sum()), 0.01)
    return float(cost[:, seen - late : seen].sum()) / late * left, so_far / seen * left, by_plan


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
