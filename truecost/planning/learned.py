"""What finished rounds and past forecasts have taught: defaults of the next plan, shrunk towards the facts. Pure.

What was seen n times with the mean x takes the place of a default d as (k d + n x) / (k + n): the default counts as if
it had been seen k times itself (the posterior mean under a conjugate prior). Of factors the logarithms are taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import inf

from truecost.workspace.lifecycle import Lifecycle
from truecost.workspace.plan_figures import Range, Uncertainty

ROUNDS, FAILED_RUNS, YEARS, FORECASTS = 2.0, 4.0, 4.0, 8.0  # how often each default counts as seen
_NARROWEST, _WIDEST = 0.5, 3.0


@dataclass(frozen=True)
class Seen:
    """What the books hold of finished rounds (``sql/planning/own_rounds.sql``) and of past forecasts.

    ``failed_size`` is the sum over failed runs of their GPU hours, each as a part of its round's promoted run;
    ``off`` within how many times the way from P50 to P10 or P90 four in five costs came, ``forecasts`` of how many
    quarters of a model.
    """

    rounds: int = 0
    runs: int = 0
    failed: int = 0
    failed_size: float = 0.0
    retrainings: int = 0
    model_years: float = 0.0
    forecasts: int = 0
    off: float | None = None


@dataclass(frozen=True)
class Learned:
    """A default that gives way: where it stands, its new value as TOML is made of it, and what it was learned from."""

    section: str
    key: str
    value: Range | Decimal
    source: str


def learned(seen: Seen, lifecycle: Lifecycle, uncertainty: Uncertainty) -> Iterator[Learned]:
    """What of a plan's defaults is better known by now; nothing where nothing was seen."""
    training = lifecycle.training
    if seen.rounds and isinstance(training.iterations, Range):
        mean = seen.runs / seen.rounds
        source = (
            f"learned: {mean:.2f} in {_counted(seen.rounds, 'finished round')}; F13 says {training.iterations.likely:f}"
        )
        yield Learned("training", "iterations", _shrunk(training.iterations, mean, seen.rounds, ROUNDS, 1.0), source)
    if seen.failed:
        mean = seen.failed_size / seen.failed
        size = _shrunk(training.iteration_size, mean, seen.failed, FAILED_RUNS, 0.0, 1.0)
        failed = _counted(seen.failed, "failed run")
        source = f"learned: {mean:.2f} in {failed}; F12 gives {training.iteration_size.likely:f}"
        yield Learned("training", "iteration_size", size, source)
    if seen.model_years > 0:
        rate = (YEARS * uncertainty.retrain_rate + seen.retrainings) / (YEARS + seen.model_years)
        source = f"learned: {_counted(seen.retrainings, 'retraining')} in {seen.model_years:.1f} years of production"
        yield Learned("uncertainty", "retrain_rate", _rounded(rate), source)
    if seen.forecasts and seen.off is not None:
        off = min(max(seen.off, _NARROWEST), _WIDEST)
        widen = max(1.0, uncertainty.widen * off ** (seen.forecasts / (seen.forecasts + FORECASTS)))
        source = f"learned: four in five past forecasts came within {seen.off:.2f} times their band"
        yield Learned("uncertainty", "widen", _rounded(widen), source)


def _shrunk(default: Range, mean: float, times: int, weight: float, least: float, most: float = inf) -> Range:
    """The default moved towards what was seen; it keeps its shape."""
    likely = float(default.likely)
    factor = (weight * likely + times * mean) / (weight + times) / likely
    moved = (min(max(float(side) * factor, least), most) for side in (default.low, default.likely, default.high))
    return default.model_copy(update=dict(zip(("low", "likely", "high"), map(_rounded, moved), strict=True)))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _rounded(number: float) -> Decimal:
    return Decimal(f"{number:.3g}")
