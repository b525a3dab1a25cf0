"""Programmes that a plan did not write: items as someone would estimate them, and what they came to under five regimes.

Nothing of truecost is used here, so that a band is not held against the model that drew it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

STAGES = ("data_curation", "training", "failed_experiments", "evaluation", "serving", "maintenance")
BUILT = STAGES[:4]
Regime = Callable[[np.random.Generator, "Programme"], "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class Estimated:
    """An item: its stage, first and last month, cost as estimated, and low and high as parts of it, of two factors."""

    stage: str
    first: int
    last: int
    cost: float
    amount: tuple[float, float]
    price: tuple[float, float]


@dataclass(frozen=True)
class Programme:
    """10 to 60 items over 9 to 24 months; ``is_bounded``: whoever estimated meant the most and the least."""

    months: int
    items: Sequence[Estimated]
    is_bounded: bool

    def spread(self, costs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The items' costs by month."""
        by_month = np.zeros(self.months)
        for item, cost in zip(self.items, costs, strict=True):
            by_month[item.first : item.last + 1] += cost / (item.last - item.first + 1)
        return by_month


def programme(random: np.random.Generator) -> Programme:
    months = int(random.integers(9, 25))
    items = []
    for _ in range(int(random.integers(10, 61))):
        stage = str(random.choice(STAGES, p=[0.2, 0.2, 0.1, 0.1, 0.25, 0.15]))
        first = int(random.integers(0, months))
        last = int(min(months - 1, first + random.integers(0, months)))
        if stage not in BUILT:
            first, last = int(random.integers(months // 4, months // 2 + 1)), months - 1
        amount = 1 - random.uniform(0.1, 0.3), 1 + random.uniform(0.15, 0.55)
        price = (1 - random.uniform(0.05, 0.2), 1 + random.uniform(0.05, 0.3)) if random.random() < 0.5 else (1.0, 1.0)
        items.append(Estimated(stage, first, last, float(random.lognormal(9, 1)), amount, price))
    return Programme(months, items, bool(random.random() < 0.5))


def as_estimated(random: np.random.Generator, plan: Programme) -> np.ndarray[Any, Any]:
    """What each item costs where its estimate holds: independent, and no more."""

    def factor(low: float, high: float) -> float:
        if low == high:
            return 1.0
        if plan.is_bounded:
            return float(random.triangular(low, 1, high))
        score = random.standard_normal() / 1.2816
        return float(high**score if score > 0 else low**-score)

    return np.array([item.cost * factor(*item.amount) * factor(*item.price) for item in plan.items])


def own_model(random: np.random.Generator, plan: Programme) -> np.ndarray[Any, Any]:
    """As docs/plans.md says a plan comes about, written a second time."""
    common, kinds = random.standard_normal(), random.standard_normal(2)
    groups = {stage: random.standard_normal(2) for stage in STAGES}
    levels = {part: _walk(random, plan.months, 0.9, 0.1 / 2**0.5) for part in ("all", "build", "run")}
    blown = 1 + (0.5 / (1 - random.random()) ** (1 / 3) if random.random() < 0.1 else 0)
    total, build, trained = np.zeros(plan.months), 0.0, plan.months
    for item in plan.items:
        cost = item.cost
        for kind, (low, high) in enumerate((item.amount, item.price)):
            own = random.standard_normal()
            score = (1 / 6) ** 0.5 * common + (1 / 12) ** 0.5 * kinds[kind]
            score += 0.4**0.5 * groups[item.stage][kind] + 0.35**0.5 * own
            score *= 1.1 / 1.2816
            cost *= high**score if score > 0 else low**-score
        is_built = item.stage in BUILT
        level = np.exp(levels["all"] + levels["build" if is_built else "run"] - 0.005)
        share = np.zeros(plan.months)
        share[item.first : item.last + 1] = cost / (item.last - item.first + 1)
        total += share * level * (blown if is_built else 1)
        build += cost * {"training": 1, "failed_experiments": 1, "data_curation": 0.5}.get(item.stage, 0)
        trained = min(trained, item.first) if item.stage == "training" else trained
    for month in range(trained + 1, plan.months):
        total[month] += random.poisson(0.25 / 12) * 0.5 * build
    return total


def heavy_tails(random: np.random.Generator, plan: Programme) -> np.ndarray[Any, Any]:
    """Each item on its own, by far more than anyone estimated: log-normal or Student's t with three degrees."""
    noise = np.where(
        random.random(len(plan.items)) < 0.5,
        random.normal(0, 0.6, len(plan.items)),
        np.clip(0.4 * random.standard_t(3, len(plan.items)), -2, 2.5),
    )
    return plan.spread(as_estimated(random, plan) * np.exp(noise))


def common_cause(random: np.random.Generator, plan: Programme) -> np.ndarray[Any, Any]:
    """One thing hits all items alike."""
    return plan.spread(as_estimated(random, plan)) * random.lognormal(0, random.uniform(0.18, 0.3))


def months_together(random: np.random.Generator, plan: Programme) -> np.ndarray[Any, Any]:
    """The level of cost wanders, and a month goes on where the last one stood."""
    step, at, levels = random.uniform(0.05, 0.09), 0.0, []
    for _ in range(plan.months + 1):
        at = 0.97 * at + random.normal(0, step)
        levels.append(at)
    return plan.spread(as_estimated(random, plan)) * np.exp(levels[1:])


def scope_growth(random: np.random.Generator, plan: Programme) -> np.ndarray[Any, Any]:
    """It becomes more as it goes, a build blows up now and then, and retrainings come that nobody planned."""
    costs = as_estimated(random, plan)
    total = plan.spread(costs)
    growth = random.lognormal(random.uniform(0.05, 0.15), 0.12) - 1
    total = total * (1 + growth * np.linspace(0.5, 1.5, plan.months))
    if random.random() < 0.15:
        total = total * (1.2 + 0.3 * random.pareto(3))
    built = sum(c for c, item in zip(costs, plan.items, strict=True) if item.stage in BUILT[:3])
    for _ in range(random.poisson(0.4 * plan.months / 12)):
        total[int(random.integers(plan.months // 2, plan.months))] += built * random.uniform(0.2, 0.5)
    return total


def _walk(random: np.random.Generator, months: int, memory: float, spread: float) -> np.ndarray[Any, Any]:
    at, path = random.standard_normal(), []
    for _ in range(months):
        path.append(spread * at)
        at = memory * at + (1 - memory**2) ** 0.5 * random.standard_normal()
    return np.array(path)


REGIMES: dict[str, Regime] = {
    "its own model": own_model,
    "heavy tails": heavy_tails,
    "a common cause": common_cause,
    "months that hang together": months_together,
    "scope growth": scope_growth,
}
