"""The calibrated threshold: two samples of one distribution pass it as seldom as it says, however sparse their bins."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.effort import examples
from truecost.drift import psi

pytestmark = pytest.mark.pure

DISTRIBUTIONS = {
    "even": np.full(5, 0.2),
    "many rare categories": (1 / np.arange(1, 51) ** 1.5) / (1 / np.arange(1, 51) ** 1.5).sum(),
    "one category and three rare ones": np.array([0.98, 0.01, 0.005, 0.005]),
    "a long tail of bins": np.exp(-np.arange(12.0)) / np.exp(-np.arange(12.0)).sum(),
}
SIZES = [(200, 200), (5000, 200), (200, 5000)]

counts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=30).filter(
    lambda pairs: all(sum(side) > 0 for side in zip(*pairs, strict=True)) and all(map(any, pairs))
)


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{sizes[0]} and {sizes[1]} rows")
@pytest.mark.parametrize("shares", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
def test_chance_passes_the_threshold_no_more_often_than_promised(shares: Any, sizes: tuple[int, int]) -> None:
    once_in, trials = 20, 300
    draw = np.random.default_rng(7)
    alarms = 0
    for trial in range(trials):
        reference, current = (draw.multinomial(rows, shares) for rows in sizes)
        seen = (reference + current) > 0
        reference, current = reference[seen], current[seen]
        alarms += psi.psi(reference, current) >= psi.threshold(reference, current, 1e-9, trial, once_in)
    expected = trials / once_in
    assert alarms <= expected + 4 * np.sqrt(expected)


def test_the_chi_squared_law_alone_would_raise_false_alarms_in_sparse_bins() -> None:
    shares = DISTRIBUTIONS["many rare categories"]
    draw = np.random.default_rng(7)
    alarms = 0
    for _ in range(200):
        reference, current = (draw.multinomial(200, shares) for _ in range(2))
        seen = (reference + current) > 0
        alarms += psi.psi(reference[seen], current[seen]) > psi.chi_squared_quantile(int(seen.sum()), 200, 200, 20)
    assert alarms > 3 * 200 / 20


def test_with_full_bins_drawing_and_the_chi_squared_law_agree() -> None:
    reference = current = np.full(10, 2000)
    drawn = psi.drawn_quantile(reference, current, seed=1)
    assert drawn == pytest.approx(psi.chi_squared_quantile(10, 20_000, 20_000), rel=0.15)


def test_a_clear_shift_passes_the_threshold_even_of_small_samples() -> None:
    reference, current = np.array([120, 60, 20]), np.array([40, 60, 100])
    assert psi.psi(reference, current) > psi.threshold(reference, current, 0.1, 0)


@settings(max_examples=examples(60), deadline=None)
@given(counts, st.randoms(use_true_random=False))
def test_the_threshold_does_not_depend_on_the_order_of_the_bins(pairs: list[tuple[int, int]], random: Any) -> None:
    shuffled = random.sample(pairs, len(pairs))
    first, second = (
        psi.threshold(np.array(order)[:, 0], np.array(order)[:, 1], 0.001, 3, once_in=20) for order in (pairs, shuffled)
    )
    assert first == second
    assert first >= 0.001


@settings(max_examples=examples(60), deadline=None)
@given(counts)
def test_our_index_is_evidentlys(pairs: list[tuple[int, int]]) -> None:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently.legacy.calculations.stattests.psi import _psi
        from evidently.legacy.core import ColumnType

    reference, current = np.array(pairs).T
    names = [f"level {number}" for number in range(len(pairs))]
    samples = [pd.Series(np.repeat(names, side)) for side in (reference, current)]
    value, _ = _psi(*samples, ColumnType.Categorical, 0.1)
    assert psi.psi(reference, current) == pytest.approx(value)
