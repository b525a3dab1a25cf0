"""The forecast of a plan: what was seen moves what is to come, and what has not been billed is no saving."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from tomllib import loads
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.effort import examples
from truecost.planning.completion import Seen, complete, weighted_quantiles
from truecost.planning.forecast import Forecast, forecast
from truecost.planning.projection import draw
from truecost.planning.seen import NOTHING_SPENT, Heard, Ledger
from truecost.workspace.plans import Plan

PLAN = """
currency = "USD"
first_month = "2025-01"
last_month = "2025-12"
budget = 15000
trials = 2000

[[items]]
name = "labels"
stage = "data_curation"
months = ["2025-01", "2025-03"]
unit_cost = { low = 700, likely = 1000, high = 1400 }
per = "month"

[[items]]
name = "hosting"
stage = "serving"
unit_cost = { low = 850, likely = 1000, high = 1250 }
per = "month"
"""
MONTHS = [date(2025, month, 1) for month in range(1, 13)]


def plan_of(toml: str = PLAN, **more: Any) -> Plan:
    return Plan.model_validate(loads(toml) | more)


def ledger(spent: dict[str, list[float]], heard_until: date, accrued: dict[date, float] | None = None) -> Ledger:
    """Costs by stage, month after month from January, of a source that has spoken for all days before a day."""
    rows = [
        {
            "stage": stage,
            "month": month,
            "cost": Decimal(str(cost)),
            "accrued": Decimal(str((accrued or {}).get(month, 0))),
        }
        for stage, costs in spent.items()
        for month, cost in zip(MONTHS, costs, strict=False)
    ]
    return Ledger(rows, {"": [Heard("aws", 1.0, heard_until, 1.0)]})


def at_pace(pace: float, months: int) -> dict[str, list[float]]:
    return {"data_curation": [1000 * pace] * min(months, 3), "serving": [1000 * pace] * months}


def seen_by(months: int) -> date:
    return MONTHS[months] if months < 12 else date(2026, 1, 1)


def end(pace: float, months: int, **more: Any) -> Forecast:
    last_day = seen_by(months) - timedelta(days=1)
    return forecast(draw(plan_of(**more)), ledger(at_pace(pace, months), seen_by(months)), last_day)


def test_what_was_seen_moves_what_is_to_come() -> None:
    """Half way: 9,000 planned so far, and 6,000 to come."""
    as_planned, twice = end(1, 6), end(2, 6)
    assert as_planned.known == 9000
    assert as_planned.percentile(50) - as_planned.known == pytest.approx(6000, rel=0.15)
    assert twice.known == 18000
    assert twice.percentile(50) - twice.known == pytest.approx(12000, rel=0.25)
    assert twice.chance_over == 1


def test_thin_data_moves_it_less() -> None:
    early, late = (end(1.5, months) for months in (1, 8))
    planned = {1: 13000, 8: 4000}
    moved = [float(found.percentile(50) - found.known) / planned[m] for found, m in ((early, 1), (late, 8))]
    assert 1 < moved[0] < moved[1] < 1.6
    widths = [float(found.percentile(90) - found.percentile(10)) / planned[m] for found, m in ((early, 1), (late, 8))]
    assert widths[1] < widths[0]


def test_a_stage_that_has_not_begun_inherits_what_is_common() -> None:
    plan = PLAN.replace('stage = "serving"', 'stage = "serving"\nmonths = ["2025-04", "2025-12"]')
    seen = {"data_curation": [1600.0] * 3}
    found, calm = (
        forecast(draw(plan_of(plan)), ledger({"data_curation": [cost] * 3}, seen_by(3)), date(2025, 3, 31))
        for cost in (seen["data_curation"][0], 1000.0)
    )
    assert found.percentile(50) - found.known > calm.percentile(50) - calm.known


@given(st.integers(1, 11), st.integers(1, 28), st.integers(0, 40))
@settings(max_examples=examples(15))
def test_a_day_without_records_moves_nothing_of_the_whole(months: int, day: int, later: int) -> None:
    """However long the bills take: what has happened grows, what is to come shrinks, the end stays."""
    held = ledger(at_pace(1.2, months), seen_by(months))
    trials = draw(plan_of(trials=300))
    first = seen_by(months).replace(day=day)
    now, then = (forecast(trials, held, as_of) for as_of in (first, first + timedelta(days=later)))
    assert then.percentiles == now.percentiles
    assert then.nowcast >= now.nowcast
    assert then.nowcast + then.to_come == pytest.approx(now.nowcast + now.to_come, abs=Decimal("0.02"))


def test_what_happened_and_is_not_billed_is_told_with_who_is_waited_for() -> None:
    held = ledger(at_pace(1, 6), date(2025, 7, 1))
    found = forecast(draw(plan_of()), held, date(2025, 8, 31))
    assert float(found.nowcast) == pytest.approx(2000, rel=0.15)  # July and August
    ((source, amount),) = found.waited_for.items()
    assert (source.source, source.heard_until) == ("aws", date(2025, 7, 1))
    assert amount == pytest.approx(found.nowcast, abs=Decimal("0.02"))


def test_half_a_month_that_was_told_leaves_half_of_it() -> None:
    costs = at_pace(1, 6) | {"serving": [1000.0] * 6 + [500.0]}
    whole = forecast(draw(plan_of()), ledger(at_pace(1, 6), date(2025, 7, 1)), date(2025, 7, 15))
    half = forecast(draw(plan_of()), ledger(costs, date(2025, 7, 16)), date(2025, 7, 15))
    assert float(half.percentile(50)) == pytest.approx(float(whole.percentile(50)), rel=0.01)
    assert half.known == 9500
    assert half.nowcast < 50  # told up to the day: nothing has happened that was not


def test_what_is_accrued_until_its_bill_comes_is_not_counted_twice() -> None:
    costs = at_pace(1, 6) | {"serving": [1000.0] * 6 + [900.0]}
    accrued = ledger(costs, date(2025, 7, 1), {date(2025, 7, 1): 900})
    bare = ledger(at_pace(1, 6), date(2025, 7, 1))
    found, without = (forecast(draw(plan_of()), held, date(2025, 7, 31)) for held in (accrued, bare))
    assert float(found.percentile(50)) == pytest.approx(float(without.percentile(50)), rel=0.02)


def test_over_budget_since_when_or_when_it_crosses() -> None:
    over, crosses, within = end(2, 8), end(1.3, 8), end(0.6, 8)
    assert (over.over_since, over.crosses_in) == (date(2025, 5, 1), None)  # 4,000 a month, then 2,000: 16,000 by May
    assert over.over_since is not None
    assert crosses.over_since is None
    assert crosses.crosses_in is not None
    assert date(2025, 9, 1) <= crosses.crosses_in <= date(2025, 12, 1)
    assert (within.over_since, within.crosses_in) == (None, None)


def test_a_plan_that_is_over_ends_at_what_it_cost() -> None:
    found = end(1.1, 12)
    assert set(found.percentiles) == {Decimal("16500.00")}
    assert (found.nowcast, found.to_come, found.chance_over) == (0, 0, 1)


def test_before_anything_was_seen_the_plan_speaks() -> None:
    trials = draw(plan_of())
    found = forecast(trials, NOTHING_SPENT, date(2025, 3, 1))
    planned = trials.outcome("total", dict.fromkeys(MONTHS, 1))
    assert found.known == 0
    assert float(found.percentile(50)) == pytest.approx(float(planned.quantile(50)), rel=0.08)
    assert found.percentile(90) - found.percentile(10) > 0.9 * float(planned.quantile(90) - planned.quantile(10))


def test_the_same_gives_the_same_and_the_percentiles_rise() -> None:
    first, again = end(1.2, 5), end(1.2, 5)
    assert first == again
    assert list(first.percentiles) == sorted(first.percentiles)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=6),  # a credit is less than nothing
    st.lists(st.floats(0, 1), min_size=6, max_size=6),
    st.sampled_from([0.0, 1.0, 1e6]),
)
@settings(max_examples=examples(20))
def test_whatever_was_seen_the_rest_is_a_number_and_not_less_than_nothing(
    costs: list[float], told: list[float], planned: float
) -> None:
    draws = planned * np.random.default_rng(1).lognormal(0, 0.3, (150, 1, 6))
    seen = Seen(np.array([costs]), np.zeros((1, 6)), np.array([told]))
    found = complete(draws, seen, seed=3)
    assert np.isfinite(found.rest).all()
    assert (found.rest >= 0).all()
    assert np.isfinite(found.quantiles([0.1, 0.9])).all()


def test_weights_count_in_quantiles() -> None:
    assert weighted_quantiles(np.array([3.0, 1, 2]), np.ones(3), [0.5]) == pytest.approx([2])
    assert weighted_quantiles(np.array([1.0, 2]), np.array([1.0, 3]), [0.5]) == pytest.approx([1.75])


def test_a_month_is_told_by_its_days() -> None:
    one = Heard("aws", 1.0, date(2025, 2, 15), None)
    assert [one.share_of(date(2025, month, 1)) for month in (1, 2, 3)] == [1, 14 / monthrange(2025, 2)[1], 0]
