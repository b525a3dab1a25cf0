"""The options of a plan weighed against each other: what each costs and answers, the verdict, and what would flip it.

Pure: the costs come from whoever knows the lifecycle, as arrays on the same draws of the same traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from truecost.planning.break_even import break_even
from truecost.planning.evidence import OwnRecord, conditions, gates, lacks_knowledge, quality
from truecost.planning.verdict import Condition, Gate, Option, Verdict, decide

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from truecost.workspace.plan_decision import DecisionSection

    Floats = NDArray[np.float64]

Driver = Literal["requests", "prices", "tokens saved"]
DRIVERS: tuple[Driver, ...] = ("requests", "prices", "tokens saved")
"""What is scaled to see what would flip a verdict: the traffic; the prices per token that prompting pays; by how many
prompt tokens fewer a fine-tuned model is asked."""

_FURTHEST = 16.0
_STEPS = 24  # of the grid from one end to the other, on which the nearest flip is looked for
_HALVINGS = 8


@dataclass(frozen=True)
class Costs:
    """What the options cost, each [draws, months], and what they serve.

    ``requests``: the mean number over the horizon. ``why_not``: of options that can't be had.
    """

    by_option: Mapping[str, Floats]
    requests: float
    why_not: Mapping[str, str]


@dataclass(frozen=True)
class Flip:
    """A driver that would change the verdict: from so many times what is planned, it is another."""

    driver: str
    factor: float
    becomes: str


@dataclass(frozen=True)
class Choice:
    """All that is said of whether to begin. ``flips`` are of the option alone, whatever gates are open."""

    options: tuple[Option, ...]
    conditions: tuple[Condition, ...]
    gates: tuple[Gate, ...]
    verdict: Verdict
    flips: tuple[Flip, ...]


def choose(costs_at: Callable[[Mapping[Driver, float]], Costs], told: DecisionSection, known: OwnRecord) -> Choice:
    """Weigh the options; ``costs_at`` gives their costs where drivers are so many times what is planned.

    Raises:
        ValueError: prompting is not among the options.
    """
    options = _options(costs_at({}), told)
    asked = conditions(told, known)
    steps = gates(told, known)

    def verdict_of(ways: Sequence[Option], open_steps: Sequence[Gate]) -> Verdict:
        return decide(ways, asked, open_steps, lacks_knowledge=lacks_knowledge(told), sureness=told.sureness)

    def option_at(driver: Driver, factor: float) -> str:
        return verdict_of(_options(costs_at({driver: factor}), told), ()).option

    now = option_at(DRIVERS[0], 1.0)  # on the same draws as what it is held against
    flips = [flip for driver in DRIVERS if (flip := _flip(driver, now, partial(option_at, driver)))]
    flips += _quality_flips(options, lambda ways: verdict_of(ways, ()).option, now)
    return Choice(tuple(options), tuple(asked), tuple(steps), verdict_of(options, steps), tuple(flips))


def _options(costs: Costs, told: DecisionSection) -> list[Option]:
    import numpy as np

    prompting = costs.by_option["prompt"]
    found = []
    for name, cost in costs.by_option.items():
        whole = cost.sum(axis=1)
        p10, p50, p90 = (float(value) for value in np.quantile(whole, (0.1, 0.5, 0.9)))
        against = None if name == "prompt" else break_even(cost, prompting)
        answers, why_not = quality(name, told), costs.why_not.get(name)
        found.append(Option(name, float(whole.mean()), p10, p50, p90, against, answers, costs.requests, why_not))
    return found


def _flip(driver: str, now: str, option_at: Callable[[float], str]) -> Flip | None:
    """The change nearest to what is planned, in steps of a tenth or so, then halved to within a hundredth."""
    step = _FURTHEST ** (2 / _STEPS)
    for number in range(1, _STEPS // 2 + 1):
        for direction in (1, -1):
            beyond, within = step ** (direction * number), step ** (direction * (number - 1))
            if (other := option_at(beyond)) != now:
                for _ in range(_HALVINGS):
                    middle = (beyond * within) ** 0.5
                    if (at := option_at(middle)) != now:
                        beyond, other = middle, at
                    else:
                        within = middle
                return Flip(driver, beyond, other)
    return None


def _quality_flips(options: Sequence[Option], option_of: Callable[[Sequence[Option]], str], now: str) -> list[Flip]:
    """By how much the answers of the option that is chosen, or that would be, have to differ for another to be."""
    chosen = next(option for option in options if option.name == now)
    if chosen.quality is None:
        return []
    held = chosen.quality

    def option_at(factor: float) -> str:
        moved = replace(held, accepted=min(1.0, held.accepted * factor))
        return option_of([replace(o, quality=moved) if o.name == now else o for o in options])

    flip = _flip(f"answers of {now} accepted", now, option_at)
    return [flip] if flip else []
