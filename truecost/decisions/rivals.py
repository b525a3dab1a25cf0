"""Policies to hold truecost's against: calendars, an alarm, CUSUM, after CARA, after UPF. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from truecost.decisions.belief import Belief
from truecost.decisions.weighing import SURE, Terms, chance_in_vain, weigh
from truecost.decisions.worlds import Floats, Seen, World, foreseen


@dataclass
class Calendar:
    """Retrains each so many steps; never, where that is None."""

    every: int | None
    _last: int = 0

    def wants(self, seen: Seen) -> bool:
        due = self.every is not None and seen.step - self._last >= self.every
        self._last = seen.step if due else self._last
        return due

    def deployed(self, step: int, origin: int) -> None:
        """A calendar does not look."""


@dataclass
class Alarm:
    """Retrains as soon as a score lies beyond its error."""

    errors: float = 2.0
    accepted_error: float = 0.0

    def wants(self, seen: Seen) -> bool:
        return seen.fall is not None and seen.fall > self.errors * float(np.hypot(seen.error, self.accepted_error))

    def deployed(self, step: int, origin: int) -> None:
        """Nothing to forget."""


@dataclass
class Cusum:
    """Page's one-sided cumulative sum of falls in their errors: reference ``slack``, limit ``limit`` (Page, 1954)."""

    slack: float
    limit: float
    accepted_error: float = 0.0
    _sum: float = 0.0

    def wants(self, seen: Seen) -> bool:
        if seen.fall is not None:
            spread = float(np.hypot(seen.error, self.accepted_error))
            self._sum = max(0.0, self._sum + seen.fall / spread - self.slack)
        return self._sum > self.limit

    def deployed(self, step: int, origin: int) -> None:
        self._sum = 0.0


@dataclass
class Staleness:
    """After CARA (Mahadevan and Mathioudakis, 2024): retrains where staleness, of a step or since the last retraining,
    exceeds a limit in money. The fall is taken from the score, as it is."""

    value: Floats
    limit: float
    is_cumulative: bool
    _sum: float = 0.0
    _fall: float = 0.0

    def wants(self, seen: Seen) -> bool:
        self._fall = max(0.0, seen.fall) if seen.fall is not None else self._fall
        cost = float(self.value[seen.step]) * self._fall
        self._sum += cost
        return (self._sum if self.is_cumulative else cost) > self.limit

    def deployed(self, step: int, origin: int) -> None:
        self._sum = self._fall = 0.0


@dataclass
class Forecasting:
    """After UPF (Regol et al., 2025): the performance of every pair of training and serving time is forecast with its
    uncertainty from the pairs seen, and the schedule planned on that forecast; it retrains where that begins now.

    Performance is linear in the model's age, with an error; ``caution`` standard errors are taken off the slope.
    """

    world: World
    caution: float = 1.0
    _origin: int = 0
    _ages: list[float] = field(default_factory=list)
    _falls: list[float] = field(default_factory=list)

    def wants(self, seen: Seen) -> bool:
        if seen.fall is None:
            return False
        self._ages.append(float(seen.step - self._origin))
        self._falls.append(seen.fall)
        slope = self._slope(seen.error)
        if slope <= 0:
            return False
        steps = np.arange(self.world.steps, dtype=float)
        loss = slope * np.maximum(steps[None, :] - steps[:, None], 0.0)
        return foreseen(self.world, loss, seen.step, self._origin).retrained[:1] == (seen.step,)

    def _slope(self, error: float) -> float:
        ages, falls = np.array(self._ages), np.array(self._falls)
        weight = float(ages @ ages)
        if weight == 0:
            return 0.0
        slope = float(ages @ falls) / weight
        spread = max(error, float(np.std(falls - slope * ages))) / np.sqrt(weight)
        return slope - self.caution * float(spread)

    def deployed(self, step: int, origin: int) -> None:
        self._origin = origin


@dataclass
class Expected:
    """truecost's own: belief by each score, a retraining where it is expected to pay and something surely fell."""

    world: World
    horizon: float | None = None  # days; None is the rest of the world
    _belief: Belief | None = None
    _next: Belief | None = None

    def wants(self, seen: Seen) -> bool:
        belief = (self._belief or self._fresh()).at(seen.step * self.world.days, seen.hint)
        self._belief = belief if seen.fall is None else belief.told(seen.fall, seen.error)
        if seen.fall is None:
            return False
        terms = self._terms(seen.step)
        if chance_in_vain(self._belief, terms) > SURE or not weigh(self._belief, terms).pays:
            return False
        self._next = self._belief.retrained(self.world.luck_error)
        return True

    def deployed(self, step: int, origin: int) -> None:
        self._belief = self._next

    def _fresh(self) -> Belief:
        unit = float(np.nanmedian(self.world.error))
        return Belief.fresh(unit, 0.0, self.world.luck_error)

    def _terms(self, step: int) -> Terms:
        world = self.world
        left = (world.steps - step) * world.days
        recent = world.value[max(0, step - 3) : step + 1]
        looks = np.flatnonzero(~np.isnan(world.error))
        gaps = np.diff(looks)
        until = float(np.median(gaps)) * world.days if gaps.size else world.days
        horizon = left if self.horizon is None else min(left, self.horizon)
        return Terms(
            price=world.price,
            value=float(recent.mean()) / world.days,
            delay=world.delay * world.days,
            horizon=horizon,
            until_look=until,
        )
