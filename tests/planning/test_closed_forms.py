"""The engine against theory: figures, sums, products, levels and events, each within Monte Carlo error."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from truecost.planning.causes import Causes
from truecost.planning.events import CALM, arrivals, blow_ups, levels
from truecost.planning.figures import Bounds, Figure, Known, Likely, LogNormal, Normal, Uniform, values
from truecost.planning.simulate import Line, simulate

pytestmark = pytest.mark.pure

DRAWS = 200_000
ONE = Known(Decimal(1))


def line(name: str, quantity: Figure, unit_cost: Figure = ONE, stage: str = "serving") -> Line:
    return Line(name, stage, (Fraction(1),), quantity, unit_cost)


def near(found: float, expected: float, sd: float) -> bool:
    """Within four standard errors of a mean."""
    return abs(found - expected) < 4 * sd / DRAWS**0.5


@pytest.mark.parametrize(
    ("figure", "theory"),
    [
        (Bounds(10, 30, 80), stats.triang(c=20 / 70, loc=10, scale=70)),
        (Uniform(5, 25), stats.uniform(5, 20)),
        (LogNormal(50, 20), stats.lognorm(np.log(1.16) ** 0.5, scale=50 / 1.16**0.5)),
        (Normal(50, 10), stats.norm(50, 10)),
    ],
)
def test_a_figure_has_the_quantiles_of_its_distribution(figure: Figure, theory: stats.rv_frozen) -> None:
    percents = np.array([0.01, 0.1, 0.5, 0.8, 0.9, 0.99])
    np.testing.assert_allclose(values(figure, stats.norm.ppf(percents), 1.0), theory.ppf(percents), rtol=1e-9)


@pytest.mark.parametrize("figure", [Likely(4, 6, 9), Likely(5, 6, 6), Likely(0, 6, 9), Likely(0, 0, 9)])
def test_low_likely_and_high_are_met_as_percentiles_and_widened_away_from_likely(figure: Likely) -> None:
    scores = stats.norm.ppf([0.1, 0.5, 0.9])
    np.testing.assert_allclose(values(figure, scores, 1.0), [figure.low, figure.likely, figure.high], atol=1e-9)
    low, likely, high = values(figure, scores, 1.5)
    assert low <= figure.low <= likely == figure.likely <= figure.high <= high


def test_a_sum_of_independent_costs_has_the_sum_of_means_and_variances() -> None:
    parts = [(100.0, 30.0), (50.0, 25.0), (10.0, 10.0)]
    drawn = simulate([line(str(n), LogNormal(*part)) for n, part in enumerate(parts)], 1, DRAWS, 1, CALM).cost()[:, 0]
    sd = sum(sd**2 for _, sd in parts) ** 0.5
    assert near(drawn.mean(), 160, sd)
    assert abs(drawn.std() / sd - 1) < 0.02


@pytest.mark.parametrize(("stages", "rho"), [(("serving", "serving"), 0.65), (("serving", "training"), 0.25)])
def test_two_correlated_costs_have_the_covariance_of_their_logarithms(stages: tuple[str, str], rho: float) -> None:
    spread = replace(CALM, between=0.25, within=0.65)
    lines = [line(str(n), LogNormal(100, 40), stage=stage) for n, stage in enumerate(stages)]
    drawn = simulate(lines, 1, DRAWS, 1, spread).cost()[:, 0]
    sigma2 = np.log(1.16)
    variance = 2 * 40**2 + 2 * 100**2 * np.expm1(rho * sigma2)
    assert near(drawn.mean(), 200, variance**0.5)
    assert abs(drawn.var() / variance - 1) < 0.03


@pytest.mark.parametrize("between", [0.0, 0.3])
def test_a_product_of_quantity_and_price_has_the_mean_their_common_cause_gives_it(between: float) -> None:
    spread = replace(CALM, between=between, within=0.65)
    drawn = simulate([line("a", LogNormal(10, 4), LogNormal(5, 2))], 1, DRAWS, 1, spread).cost()[:, 0]
    assert near(drawn.mean(), 50 * np.exp(2 / 3 * between * np.log(1.16)), drawn.std())


def test_a_quantile_of_a_log_normal_cost_is_that_of_theory() -> None:
    outcome = simulate([line("a", LogNormal(100, 40))], 1, DRAWS, 1, CALM).outcome("serving", {0: 1})
    theory = stats.lognorm(np.log(1.16) ** 0.5, scale=100 / 1.16**0.5)
    for percent in (10, 50, 80, 90):
        at = theory.ppf(percent / 100)
        error = (percent / 100 * (1 - percent / 100) / DRAWS) ** 0.5 / theory.pdf(at)
        assert abs(float(outcome.quantile(percent)) - at) < 4 * error


def test_levels_have_mean_one_their_spread_and_their_memory() -> None:
    spread = replace(CALM, month_spread=0.2, month_memory=0.9)
    ((found, _),) = levels(Causes(1, DRAWS, 0, 0), 6, "run", spread)
    logs = np.log(found)
    for month in range(6):
        assert near(found[month].mean(), 1, np.expm1(0.04) ** 0.5)
        assert abs(logs[month].std() - 0.2) < 0.002
    assert abs(np.corrcoef(logs[0], logs[1])[0, 1] - 0.9) < 0.003
    assert abs(np.corrcoef(logs[0], logs[5])[0, 1] - 0.9**5) < 0.006


def test_retrainings_come_as_often_as_their_rate_says() -> None:
    found = arrivals(Causes(1, DRAWS, 0, 0), 12, 3, 0.5, "retraining")
    expected = 0.5 * 9 / 12
    assert not found[:3].any()
    assert near(found.sum(axis=0).mean(), expected, expected**0.5)
    assert abs((found.sum(axis=0) == 0).mean() - np.exp(-expected)) < 0.005


def test_a_build_blows_up_as_often_and_as_far_as_it_is_said_to() -> None:
    spread = replace(CALM, blow_up=0.2, blow_up_least=0.5)
    times = blow_ups(Causes(1, DRAWS, 0, 0), spread)
    assert times is not None
    found = times - 1
    assert abs((found > 0).mean() - 0.2) < 0.004
    assert found[found > 0].min() >= 0.5
    assert abs(found.mean() - 0.2 * 0.5 * 1.5) < 0.004  # the mean of a Pareto from 0.5 on, of index 3
    cost = simulate([line("a", LogNormal(100, 40), stage="training")], 1, DRAWS, 1, spread).cost()
    assert near(cost.mean(), 115, cost.std())


def test_what_is_certain_is_not_moved_by_any_cause() -> None:
    lines = [line("a", Known(Decimal("12.5")), stage="training"), line("b", Likely(5, 10, 20), stage="training")]
    drawn = simulate(lines, 1, 100, 1, replace(CALM, blow_up=1, month_spread=0.5))
    assert drawn.certain["training"] == (Fraction(25, 2),)
    assert simulate(lines[:1], 1, 100, 1, replace(CALM, blow_up=1)).outcome("training", {0: 1}).mean == Fraction(25, 2)
