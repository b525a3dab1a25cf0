"""A model's life replayed under a policy: what staying and retraining cost in all. And the best that could be done.

Pure: a world is arrays, a policy is told what it could have seen, and says when to retrain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What truly happens, by step of ``days``.

    Attributes:
        loss: (steps, steps) points: ``loss[i, t]`` is what the model trained on step i has lost on step t.
        value: (steps,) money: what a point lost costs during a step, its traffic times what a point is worth.
        price: money: what a retraining costs in all.
        delay: steps from the beginning of a retraining to its model in production; 0 counts as the same step.
        error: (steps,) points: standard error of the score of a step; not a number where there is none.
        noise: (steps,) how far each score is off, in its errors.
        luck: (steps,) points: how far off the score is that the model trained on a step is accepted with.
        luck_error: points: the standard error of that.
        hint: (steps,) how many times as likely as usual a move is, by what production shows; 1 says nothing.
    """

    loss: Floats
    value: Floats
    price: float
    delay: int
    error: Floats
    noise: Floats
    luck: Floats
    luck_error: float = 0.0
    days: float = 1.0
    hint: Floats = field(default_factory=lambda: np.ones(0))

    @property
    def steps(self) -> int:
        return len(self.value)


@dataclass(frozen=True)
class Seen:
    """What a policy is told at a step, of the model in production: its fall by the score of the step, or None."""

    step: int
    fall: float | None
    error: float
    hint: float = 1.0


class Policy(Protocol):
    """Asked at each step at which no retraining is under way."""

    def wants(self, seen: Seen) -> bool:
        """Whether to begin a retraining now."""

    def deployed(self, step: int, origin: int) -> None:
        """The model trained on step ``origin`` is in production from ``step`` on."""


@dataclass(frozen=True)
class Lived:
    """What a life came to, in money, and the steps at which a retraining began."""

    staleness: float
    retrained: tuple[int, ...]
    price: float

    @property
    def total(self) -> float:
        return self.staleness + self.price * len(self.retrained)


def live(world: World, policy: Policy) -> Lived:
    """Replay the world under the policy."""
    origin, under_way, ready, staleness = 0, False, -1, 0.0
    retrained: list[int] = []
    for step in range(world.steps):
        if under_way and step >= ready:
            origin, under_way = retrained[-1], False
            policy.deployed(step, origin)
        if not under_way and policy.wants(_seen(world, step, origin)):
            retrained.append(step)
            under_way, ready = True, step + world.delay
            if world.delay == 0:
                origin, under_way = step, False
                policy.deployed(step, origin)
        staleness += world.value[step] * world.loss[origin, step]
    return Lived(float(staleness), tuple(retrained), world.price)


def _seen(world: World, step: int, origin: int) -> Seen:
    error = float(world.error[step])
    hint = float(world.hint[step]) if world.hint.size else 1.0
    if np.isnan(error):
        return Seen(step, None, error, hint)
    fall = world.loss[origin, step] + error * world.noise[step] + world.luck[origin]
    return Seen(step, float(fall), float(np.hypot(error, 0.0)), hint)


def foreseen(world: World, loss: Floats | None = None, first: int = 0, origin: int = 0) -> Lived:
    """The cheapest that could be done by one who knows it all: dynamic programming over step and model in production.

    Args:
        world: what happens.
        loss: in place of the world's own.
        first: the step to begin at.
        origin: the model in production then.
    """
    loss = world.loss if loss is None else loss
    steps, price, delay = world.steps, world.price, world.delay
    paid = np.concatenate((np.zeros((steps, 1)), np.cumsum(loss * world.value, axis=1)), axis=1)  # [i, t]: before t
    best = np.zeros((steps + 1, steps))
    begins = np.zeros((steps + 1, steps), dtype=bool)
    for step in range(steps - 1, first - 1, -1):
        ready = min(step + delay, steps)
        stay = paid[:, step + 1] - paid[:, step] + best[step + 1]
        retrain = price + paid[:, ready] - paid[:, step] + _after(best, world, paid, step, ready)
        begins[step] = retrain < stay
        best[step] = np.minimum(stay, retrain)
    return _followed(world, paid, begins, first, origin)


def _after(best: Floats, world: World, paid: Floats, step: int, ready: int) -> float:
    """The cost from where the model trained on ``step`` is in production."""
    if world.delay:
        return float(best[ready, step])
    return float(paid[step, step + 1] - paid[step, step] + best[step + 1, step])


def _followed(world: World, paid: Floats, begins: NDArray[np.bool_], first: int, origin: int) -> Lived:
    step, staleness, retrained = first, 0.0, list[int]()
    while step < world.steps:
        until = step + 1
        if begins[step, origin]:
            retrained.append(step)
            if world.delay == 0:
                origin = step
            else:
                until = min(step + world.delay, world.steps)
                staleness += paid[origin, until] - paid[origin, step]
                origin, step = step, until
                continue
        staleness += paid[origin, until] - paid[origin, step]
        step = until
    return Lived(float(staleness), tuple(retrained), world.price)


Make = Callable[[World], Policy]
