"""P10 to P90 holds what comes: on programmes that the model did not write, for the whole plan and for a quarter."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.support.programmes import REGIMES, Programme, programme
from truecost.planning.drawn import Drawn
from truecost.planning.events import CALM, Spread
from truecost.planning.figures import Figure, Known, Likely
from truecost.planning.simulate import Line, simulate
from truecost.planning.written import spread_of
from truecost.workspace.plan_figures import Uncertainty

pytestmark = pytest.mark.pure

DEFAULTS = spread_of(Uncertainty())
WHOLE, QUARTER = "whole plan", "quarter"


def lines_of(plan: Programme) -> list[Line]:
    def figure(scale: float, low: float, high: float) -> Any:
        return Likely(scale * low, scale, scale * high) if low < high else Known(Decimal(scale))

    def share(first: int, last: int) -> tuple[Fraction, ...]:
        return tuple(Fraction(first <= m <= last, last - first + 1) for m in range(plan.months))

    return [
        Line(str(at), i.stage, share(i.first, i.last), figure(i.cost, *i.amount), figure(1, *i.price))
        for at, i in enumerate(plan.items)
    ]


def held(programmes: int, draws: int, seed: int) -> dict[tuple[str, str], Counter[str]]:
    """(regime, period) -> how often the outcome was below P10, within, above P90."""
    found: dict[tuple[str, str], Counter[str]] = {
        (regime, period): Counter() for regime in REGIMES for period in (WHOLE, QUARTER)
    }
    random = np.random.default_rng(seed)
    for number in range(programmes):
        plan = programme(random)
        drawn = simulate(lines_of(plan), plan.months, draws, number, DEFAULTS).cost()
        start = 3 * int(random.integers(0, plan.months // 3))
        for name, regime in REGIMES.items():
            outcome = regime(random, plan)
            for period, months in ((WHOLE, slice(None)), (QUARTER, slice(start, start + 3))):
                p10, p90 = np.quantile(drawn[:, months].sum(axis=1), (0.1, 0.9))
                came = outcome[months].sum()
                found[name, period]["below" if came < p10 else "above" if came > p90 else "within"] += 1
    return found


def shares(counts: Counter[str]) -> tuple[float, float, float]:
    return tuple(counts[name] / counts.total() for name in ("below", "within", "above"))  # type: ignore[return-value]


def test_a_sample_of_programmes_ends_within_p10_and_p90_as_often_as_it_should() -> None:
    found = held(60, 300, seed=1)
    for period in (WHOLE, QUARTER):
        of_period = [shares(counts) for (_, told), counts in found.items() if told == period]
        below, within, above = (sum(part) / len(part) for part in zip(*of_period, strict=True))
        assert 0.7 < within < 0.9, (period, of_period)
        assert below > 0.03
        assert above > 0.03


@pytest.mark.slow
def test_in_five_regimes_p10_to_p90_holds_four_of_five_outcomes() -> None:
    found = held(400, 800, seed=2)
    for (regime, period), counts in found.items():
        print(f"{regime:28} {period:12} below, within, above: {shares(counts)}")  # noqa: T201 - the figures are the point
        assert 0.68 <= shares(counts)[1] <= 0.92, (regime, period)
    for period in (WHOLE, QUARTER):
        of_period = [shares(counts) for (_, told), counts in found.items() if told == period]
        below, within, above = (sum(part) / len(part) for part in zip(*of_period, strict=True))
        print(f"{'on average':28} {period:12} {below:.3f} {within:.3f} {above:.3f}")  # noqa: T201
        assert 0.75 <= within <= 0.85
        assert 0.05 <= below <= 0.15
        assert 0.05 <= above <= 0.15


@pytest.mark.parametrize("spread", [DEFAULTS, Spread(month_spread=0, blow_up=0, retrain_rate=0)])
@pytest.mark.parametrize("figure", [Likely(70, 100, 150), Likely(90, 100, 110)])
def test_splitting_an_item_into_fifty_changes_the_width_by_at_most_a_fifth(spread: Spread, figure: Likely) -> None:
    def width(parts: int, price: Figure) -> float:
        part = Likely(figure.low / parts, figure.likely / parts, figure.high / parts)
        lines = [Line(f"part {n}", "serving", (Fraction(1, 3),) * 3, part, price) for n in range(parts)]
        p10, p90 = np.quantile(simulate(lines, 3, 40_000, 1, spread).cost().sum(axis=1), (0.1, 0.9))
        return float(p90 - p10)

    for price in (Known(Decimal(1)), Likely(0.8, 1, 1.3)):
        assert 0.8 <= width(50, price) / width(1, price) <= 1.2


def test_the_same_seed_gives_the_same_bytes_in_whatever_order() -> None:
    plan = programme(np.random.default_rng(5))
    lines = lines_of(plan)

    def drawn(which: list[Line], seed: int) -> Drawn:
        return simulate(which, plan.months, 500, seed, DEFAULTS)

    first, again, other = drawn(lines, 1), drawn(lines[::-1], 1), drawn(lines, 2)
    assert {stage: first.cost(stage).tobytes() for stage in first.stages} == {
        stage: again.cost(stage).tobytes() for stage in again.stages
    }
    assert first.cost().tobytes() != other.cost().tobytes()


def test_stages_add_up_to_the_total_draw_by_draw() -> None:
    plan = programme(np.random.default_rng(6))
    drawn = simulate(lines_of(plan), plan.months, 200, 1, DEFAULTS)
    np.testing.assert_allclose(sum(drawn.cost(stage) for stage in drawn.stages), drawn.cost(), rtol=1e-12)


def test_a_calm_spread_moves_nothing_together() -> None:
    lines = [Line(name, "serving", (Fraction(1),), Likely(5, 10, 20), Known(Decimal(1))) for name in "ab"]
    one, two = (simulate([line], 1, 50_000, 1, CALM).cost()[:, 0] for line in lines)
    assert abs(np.corrcoef(np.log(one), np.log(two))[0, 1]) < 0.015
