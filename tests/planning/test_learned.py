"""Defaults give way to what was seen, the more the more often it was seen; and never beyond it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost.planning.approaches import settled
from truecost.planning.learned import Learned, Seen, learned
from truecost.workspace.lifecycle import Lifecycle
from truecost.workspace.plan_figures import Range, Uncertainty

pytestmark = pytest.mark.pure

LORA = settled(Lifecycle(approach="lora"), "lora")


def of(seen: Seen) -> dict[str, Learned]:
    return {one.key: one for one in learned(seen, LORA, Uncertainty())}


def likely(one: Learned) -> float:
    return float(one.value.likely if isinstance(one.value, Range) else one.value)


def test_where_nothing_was_seen_the_facts_stand() -> None:
    assert of(Seen()) == {}


@given(st.integers(1, 40), st.integers(1, 12))
def test_what_is_learned_lies_between_the_fact_and_what_was_seen_and_comes_nearer(rounds: int, each: int) -> None:
    once, often = (likely(of(Seen(rounds=n, runs=n * each))["iterations"]) for n in (rounds, rounds * 5))
    assert min(4, each) - 0.01 <= often <= max(4, each) + 0.01
    assert abs(often - each) <= abs(once - each) + 0.05


@given(st.integers(1, 50), st.floats(0, 20))
def test_a_failed_run_is_a_share_of_the_final_one(failed: int, size: float) -> None:
    value = of(Seen(failed=failed, failed_size=failed * size))["iteration_size"].value
    assert isinstance(value, Range)
    assert 0 <= value.low <= value.likely <= value.high <= 1


@pytest.mark.parametrize(
    ("retrainings", "years", "rate"), [(0, 4.0, "0.125"), (4, 4.0, "0.625"), (100, 46.0, "2.02"), (1, 1.2, "0.385")]
)
def test_retrainings_a_year_by_hand(retrainings: int, years: float, rate: str) -> None:
    found = of(Seen(retrainings=retrainings, model_years=years))["retrain_rate"]
    assert found.value == Decimal(rate)


def test_ranges_are_widened_as_far_as_past_forecasts_were_off_and_never_narrowed_below_what_people_say() -> None:
    wide = [likely(of(Seen(forecasts=n, off=2.0))["widen"]) for n in (1, 8, 80)]
    assert wide == [pytest.approx(1.1 * 2 ** (n / (n + 8)), abs=0.01) for n in (1, 8, 80)]
    assert likely(of(Seen(forecasts=80, off=0.2))["widen"]) == 1.0
    assert likely(of(Seen(forecasts=10**6, off=50.0))["widen"]) == pytest.approx(3.3, abs=0.01)
