"""The month in which one way has paid for itself against another, worked out by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from truecost.planning.break_even import break_even, paid_from

pytestmark = pytest.mark.pure
savings = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.integers(-9, 9).map(float))


def test_what_costs_900_more_at_first_and_saves_300_a_month_has_paid_in_the_third() -> None:
    prompting = np.full((1, 6), 1000.0)
    tuned = np.array([[1000.0 + 900 - 300, *[700.0] * 5]])
    found = break_even(tuned, prompting)
    assert (found.month_p10, found.month_p50, found.month_p90) == (3, 3, 3)
    assert (found.pays_within, found.pays_ever, found.saving_mean) == (1.0, 1.0, 900.0)


def test_what_has_not_paid_by_the_end_may_at_the_pace_of_its_last_months() -> None:
    prompting = np.full((2, 4), 100.0)
    tuned = np.array([[1000.0, 90.0, 90.0, 90.0], [1000.0, 110.0, 110.0, 110.0]])
    found = break_even(tuned, prompting)
    assert (found.month_p50, found.pays_within, found.pays_ever) == (None, 0.0, 0.5)


@given(savings)
def test_the_month_is_the_first_from_which_nothing_is_owed_any_more(monthly: np.ndarray) -> None:
    saved = np.cumsum(monthly, axis=1)
    for row, month in zip(saved, paid_from(saved), strict=True):
        owed = [number for number, held in enumerate(row, start=1) if held < 0]
        assert month == (max(owed) if owed else 0) + 1


@given(savings, st.integers(1, 50))
def test_a_higher_cost_never_pays_sooner_or_more_surely(monthly: np.ndarray, more: int) -> None:
    cheap = break_even(-monthly, np.zeros_like(monthly))
    dear = break_even(-monthly + more, np.zeros_like(monthly))
    assert dear.pays_within <= cheap.pays_within
    assert dear.pays_ever <= cheap.pays_ever
    assert (dear.month_p50 or 99) >= (cheap.month_p50 or 99)


def test_costs_of_other_draws_are_not_held_against_each_other() -> None:
    with pytest.raises(ValueError, match="can't be held"):
        break_even(np.zeros((2, 3)), np.zeros((3, 3)))
