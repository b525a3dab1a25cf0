"""The judgement, by simulation: it leaves alone what varies by itself, and sees what matters. The rows of the table
in docs/drift.md.

Days are drawn by ``benchmarks/drift_power.py``, which draws summaries from the law that the rows would follow.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from truecost.drift.judge import Days, Spans, Terms, judge
from truecost.drift.noise import learn
from truecost.drift.terms import evidence_for

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "drift_power.py"
VOLUMES = (40, 100, 1000, 20000)


def _benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("drift_power", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


power = _benchmark()


@pytest.mark.pure
@pytest.mark.parametrize(
    ("name", "a_day", "window"),
    [
        ("days vary, AR(1) 0.20", 40, 7),
        ("weekly season", 1000, 1),
        ("season of 15 %", 20000, 7),
    ],
)
def test_five_model_years_without_a_change_raise_one_alarm_at_most(name: str, a_day: int, window: int) -> None:
    alarms, windows = power.false_alarms(power.QUIET[name](a_day), window, seed=0)
    assert windows == 1820
    assert alarms <= 1


@pytest.mark.slow
@pytest.mark.pure
@pytest.mark.parametrize("window", [7, 1])
@pytest.mark.parametrize("name", list(power.QUIET))
def test_whatever_varies_by_itself_raises_one_alarm_in_five_model_years_at_most(name: str, window: int) -> None:
    for a_day in VOLUMES:
        alarms, windows = power.false_alarms(power.QUIET[name](a_day), window, seed=0)
        assert (a_day, alarms <= 1, windows) == (a_day, True, 1820)


@pytest.mark.pure
@pytest.mark.parametrize("name", [name for name in power.SHIFTS if not name.startswith("slope")])
def test_a_change_that_matters_is_told_within_two_windows_in_ten_of_ten_seeds(name: str) -> None:
    planted, volumes = power.SHIFTS[name]
    for a_day in volumes:
        assert power.found(power.Traffic(a_day), planted, 7, seeds=10, day=70) == 10


@pytest.mark.pure
@pytest.mark.parametrize("name", [name for name in power.SHIFTS if name.startswith("slope")])
def test_a_slope_of_a_fifth_in_eight_weeks_is_told_before_it_ends(name: str) -> None:
    planted, volumes = power.SHIFTS[name]
    for a_day in volumes:
        assert power.found(power.Traffic(a_day), planted, 7, seeds=10, day=128) == 10


def _series(values: np.ndarray) -> Days:
    column = values[:, None]
    return Days(column, np.full_like(column, 1e-4), np.full_like(column, 1000.0))


def _judged(values: np.ndarray) -> np.ndarray:
    terms = Terms(np.array([np.log(1.1)]), np.array([0.15]), np.array([True]))
    return judge(_series(values), terms, Spans(7, 28, evidence_for(20, 7))).moved[:, 0]


@pytest.mark.pure
def test_what_has_moved_stays_so_until_it_is_back() -> None:
    noise = 0.01 * np.random.default_rng(1).standard_normal(200)
    level = np.where((np.arange(200) >= 60) & (np.arange(200) < 150), 0.25, 0.0)
    moved = _judged(noise + level)
    ends = np.arange(35, 201)
    assert not moved[ends <= 60].any()
    assert moved[(ends >= 68) & (ends <= 150)].all()
    assert not moved[ends >= 165].any()


@pytest.mark.pure
def test_a_threshold_rises_where_days_vary_and_falls_where_there_is_much_traffic() -> None:
    def limit(a_day: int, daily: float) -> float:
        models = [power.drawn(power.Traffic(a_day, daily=daily, memory=0.5), 120, 5)]
        return float(power.judged(models, Spans(7, 28)).limit[-1, 0])

    assert limit(20000, 0.0) < limit(1000, 0.0) < limit(40, 0.0)
    assert limit(20000, 0.0) < limit(20000, 0.05) < limit(20000, 0.20)
    assert limit(20000, 0.0) == pytest.approx(np.log(1.1), rel=0.1)


@pytest.mark.pure
def test_days_that_hang_together_are_told_from_days_that_do_not() -> None:
    draw = np.random.default_rng(3)
    white = 0.1 * draw.standard_normal((280, 40))
    hanging = np.zeros((280, 40))
    for day in range(1, 280):
        hanging[day] = 0.8 * hanging[day - 1] + 0.06 * draw.standard_normal(40)
    both = np.concatenate([white, hanging], axis=1)
    known = learn(both, np.full_like(both, 1e-6), np.ones_like(both), 28).before(280)
    assert known.is_restless.all()
    assert np.median(known.memory[:40]) < 0.2
    assert np.median(known.memory[40:]) > 0.6
    assert np.median(np.sqrt(known.daily)) == pytest.approx(0.1, rel=0.25)
