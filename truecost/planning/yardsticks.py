"""A plan held against the yardsticks of docs/facts.md: what it comes to, and whether that is in their range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from truecost.planning.approaches import TRAINED, settled
from truecost.planning.drawn import TOTAL
from truecost.planning.feasibility import Memory, serving_memory, training_memory
from truecost.planning.figures import middle
from truecost.planning.lifecycle import PREFIX, RUN, lifecycle_lines
from truecost.planning.projection import Trials
from truecost.planning.written import figure_of
from truecost.workspace.lifecycle import Lifecycle


@dataclass(frozen=True)
class Yardstick:
    """A fact, what the plan has of it, and the range of the fact; None where it has no bound on that side."""

    fact: str
    about: str
    value: float
    low: float | None
    high: float | None

    @property
    def holds(self) -> bool:
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


def yardsticks(trials: Trials) -> list[Yardstick]:
    """Those that a plan with a ``[lifecycle]`` can be held against; none without one.

    Shares are of the plan's mean cost over its whole horizon. F1 takes the training stage (the run and the engineers on
    it) as the estimate, of which F2 is the inverse; F3 takes the GPU hours of the final run alone.
    """
    lifecycle = trials.plan.lifecycle
    if lifecycle is None:
        return []
    return [*_costs(trials, lifecycle), *_memory(settled(lifecycle, lifecycle.approach))]


def _costs(trials: Trials, lifecycle: Lifecycle) -> Iterator[Yardstick]:
    approach, plan = lifecycle.approach, trials.plan
    if approach not in TRAINED:
        return
    lines = lifecycle_lines(lifecycle, approach, plan.months)
    means = trials.drawn.line_means
    costs = {line.name.removeprefix(PREFIX): float(means[line.name] * sum(line.shares, Fraction())) for line in lines}
    other = sum(costs[line.name.removeprefix(PREFIX)] for line in lines if line.cost_kind == "other")
    whole = dict.fromkeys(range(len(plan.months)), 1)
    total, training = (float(trials.drawn.mean(stage, whole)) for stage in (TOTAL, "training"))
    run, failed = costs[RUN], costs.get("runs that fail", 0.0)
    yield Yardstick("F1", "true cost, as a multiple of the training stage", total / training, 3.0, 5.0)
    yield Yardstick("F2", "the training stage's share of true cost", training / total, 0.2, 0.3)
    if approach == "full":
        yield Yardstick("F8", "compute of a run, full fine-tuning", run, None, 12_000)
    else:
        yield Yardstick("F7", "compute of a run", run, 1000, 3500)
    yield Yardstick("F12", "failed runs' share of the compute of training", failed / (run + failed), 0.3, 0.5)
    yield Yardstick("F13", "runs until a model is worth deploying", _iterations(lifecycle), 3, 5)
    yield Yardstick("F17", "chips' and staff's share of true cost", 1 - other / total, 0.7, 0.8)
    if approach != "managed":
        yield Yardstick("F3", "true cost, as a multiple of a run's GPU hours (about 10)", total / run, 8, 12)


def _iterations(lifecycle: Lifecycle) -> float:
    return float(middle(figure_of(lifecycle.training.iterations)))


def _memory(lifecycle: Lifecycle) -> Iterator[Yardstick]:
    fact = {"full": ("F9", 100, 120), "lora": ("F18", 16, 24), "qlora": ("F21", None, 24)}
    found = training_memory(lifecycle.base, lifecycle.approach)
    if found is not None:
        name, low, high = fact[lifecycle.approach]
        state = found.weights + found.training_state if lifecycle.approach == "full" else found.total
        yield Yardstick(name, "GB to train a 7B model with", state, low, high)


@dataclass(frozen=True)
class Fit:
    """Whether something fits its GPUs: memory needed with the margin, and what there is, in GB."""

    what: str
    needed: Memory
    with_margin: float
    available: float

    @property
    def holds(self) -> bool:
        return self.with_margin <= self.available


def feasibility(lifecycle: Lifecycle) -> list[Fit]:
    """Training on the GPUs of a run, and serving on as many as a replica has; nothing where a provider does both."""
    told = settled(lifecycle, lifecycle.approach)
    margin, found = float(told.base.margin), []
    training = training_memory(told.base, told.approach)
    serving = serving_memory(told.base, told.approach, told.serving.active_adapters)
    if training is not None:
        there = float(told.training.gpus or 1) * float(told.training.gpu_memory or 0)
        found.append(Fit("training", training, training.with_margin(margin), there))
    if serving is not None:
        each = float(told.serving.gpu_memory or 0)
        found.append(Fit("serving, a replica", serving, serving.with_margin(margin), each))
    return found
