"""P10 to P90 of the forecast holds what it says it does, on programmes that the model did not write."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from tomllib import loads

import numpy as np
import pytest
import scoringrules

from tests.support.lives import FRACTIONS, REGIMES, STAGES, Floats, came, naive, programme, seeded
from truecost.planning.completion import Seen, complete
from truecost.planning.projection import draw
from truecost.workspace.plans import Plan

DRAWS = 1500
SHARES = [0.1, 0.5, 0.9]
FEW, MANY = 40, 400


@dataclass(frozen=True)
class Scores:
    """Over the programmes of a regime, at one time of their lives; amounts as shares of what came after it."""

    inside: float
    below: float
    above: float
    pinball: float
    interval: float
    naive_pinball: dict[str, float]
    naive_interval: dict[str, float]


@cache
def scored(regime: str, programmes: int) -> dict[str, Scores]:
    """By fraction of life."""
    rows: dict[str, list[tuple[float, Floats, dict[str, float]]]] = {name: [] for name in FRACTIONS}
    random = seeded("programmes", regime)
    for number in range(programmes):
        plan = programme(random)
        planned = plan_draws(plan.as_toml(), seed=number)
        cost = plan_draws(plan.as_toml(), seed=10_000 + number)[7] if regime == "own" else came(random, plan, regime)
        for name, fraction in FRACTIONS.items():
            seen = round(plan.months * fraction)
            told = np.broadcast_to(np.arange(plan.months) < seen, cost.shape).astype(float)
            rest = complete(planned, Seen(cost * told, np.zeros_like(cost), told), seed=number)
            after = float(cost[:, seen:].sum())
            others = {key: value / after for key, value in naive(planned.mean(axis=0), cost, seen).items()}
            rows[name].append((after, rest.quantiles(SHARES) / after, others))
    return {name: _scores(held) for name, held in rows.items()}


def plan_draws(toml: str, seed: int) -> Floats:
    """[draws, stages, months]"""
    drawn = draw(Plan.model_validate(loads(toml) | {"seed": seed, "trials": DRAWS})).drawn
    nothing = np.zeros((DRAWS, drawn.months))
    return np.stack([drawn.cost(stage) if stage in drawn.stages else nothing for stage in STAGES], axis=1)


def _scores(rows: list[tuple[float, Floats, dict[str, float]]]) -> Scores:
    low, middle, high = np.array([quantiles for _, quantiles, _ in rows]).T
    one = np.ones(len(rows))
    naives = {name: np.array([others[name] for *_, others in rows]) for name in rows[0][2]}

    def pinball(*figures: Floats) -> float:
        told = [scoringrules.quantile_score(one, figure, share) for figure, share in zip(figures, SHARES, strict=True)]
        return float(np.mean(told))

    return Scores(
        inside=float(np.mean((low <= 1) & (high >= 1))),
        below=float(np.mean(low > 1)),
        above=float(np.mean(high < 1)),
        pinball=pinball(low, middle, high),
        interval=float(np.mean(scoringrules.interval_score(one, low, high, 0.2))),
        naive_pinball={name: pinball(told, told, told) for name, told in naives.items()},
        naive_interval={
            name: float(np.mean(scoringrules.interval_score(one, told, told, 0.2))) for name, told in naives.items()
        },
    )


@pytest.mark.slow
def test_a_few_programmes_of_each_regime_end_within_the_band() -> None:
    """Few programmes: a band far too narrow, or far too wide, shows all the same."""
    held = [scores for regime in REGIMES for scores in scored(regime, FEW).values()]
    assert 0.7 <= np.mean([scores.inside for scores in held]) <= 0.92
    assert all(scores.inside >= 0.45 for scores in held)


@pytest.mark.slow
@pytest.mark.parametrize("regime", REGIMES)
def test_each_regime_ends_within_the_band_as_often_as_it_says(regime: str) -> None:
    held = scored(regime, MANY)
    inside = {name: scores.inside for name, scores in held.items()}
    assert 0.68 <= np.mean(list(inside.values())) <= 0.92, inside
    for name, scores in held.items():
        for other in scores.naive_pinball:
            assert scores.pinball < scores.naive_pinball[other], (name, other)
            assert scores.interval < scores.naive_interval[other], (name, other)


@pytest.mark.slow
def test_over_all_regimes_the_band_holds_four_in_five_and_each_tail_one_in_ten() -> None:
    """Runs after the others where they ran in the same process: what they found is kept."""
    for name in FRACTIONS:
        held = [scored(regime, MANY)[name] for regime in REGIMES]
        assert 0.75 <= np.mean([scores.inside for scores in held]) <= 0.85, name
        assert 0.05 <= np.mean([scores.below for scores in held]) <= 0.15, name
        assert 0.05 <= np.mean([scores.above for scores in held]) <= 0.15, name
