"""Which inputs drive the spread: how far a plan's cost moves between the low and the high of each.

Of a figure, it is the plan's likely cost with that figure at its 10th and 90th percentile (widened) and all others
likely. Of a cause that figures share, and of a blow-up, it is the mean cost in the tenth of the draws in which it is
lowest, and highest: no figure moves alone there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from truecost.planning.drawn import TOTAL
from truecost.planning.events import blow_ups
from truecost.planning.figures import Z90, Figure, values
from truecost.planning.lifecycle import PREFIX
from truecost.planning.projection import Trials, engine_of, lines_of
from truecost.planning.simulate import Line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST = 12
_CAUSES = {
    "what hits all figures alike": ("all",),
    "effort and scope of all": ("kind", "quantity"),
    "the price level of all": ("kind", "unit_cost"),
}


@dataclass(frozen=True)
class Bar:
    """The plan's cost where an input is low and where it is high, in cents; ``is_cause``: by draws, not by a figure."""

    driver: str
    low: Decimal
    high: Decimal
    swing: Decimal
    is_cause: bool


def tornado(trials: Trials) -> list[Bar]:
    """The inputs that move the plan's cost furthest, the furthest first; at most ``MOST``. None of a certain plan."""
    lines = lines_of(trials.plan)
    if all(line.is_certain for line in lines):
        return []
    bars = [*_by_figure(lines, engine_of(trials.plan)[1].widen), *_by_cause(trials)]
    moving = [bar for bar in bars if bar.swing]
    return sorted(moving, key=lambda bar: (-bar.swing, bar.driver))[:MOST]


def _by_figure(lines: Sequence[Line], widen: float) -> Iterator[Bar]:
    named = dict.fromkeys(name for line in lines for name, figure in _figures(line) if not figure.is_certain)
    for name in named:
        low, high = (sum(map(partial(_cost, name, score, widen), lines)) for score in (-Z90, Z90))
        yield _bar(name, low, high, is_cause=False)


def _by_cause(trials: Trials) -> Iterator[Bar]:
    import numpy as np

    causes, spread = engine_of(trials.plan)
    total = trials.drawn.cost(TOTAL).sum(axis=1)
    drawn = {name: causes.cause(*names) for name, names in _CAUSES.items()}
    blown = blow_ups(causes, spread)
    if blown is not None:
        drawn["a build that blows up"] = blown
    tenth = max(1, len(total) // 10)
    for name, found in drawn.items():
        order = np.argsort(found, kind="stable")
        yield _bar(name, float(total[order[:tenth]].mean()), float(total[order[-tenth:]].mean()), is_cause=True)


def _figures(line: Line) -> Iterator[tuple[str, Figure]]:
    """The figures of a line by name: shared ones by theirs, its own by the line's."""
    name = line.name.removeprefix(PREFIX)
    yield f"{name}, quantity", line.quantity
    yield f"{name}, unit cost", line.unit_cost
    for factor in (*line.more, *([line.growth] if line.growth else [])):
        yield factor.name, factor.figure


def _cost(name: str, score: float, widen: float, line: Line) -> float:
    """A line's cost with the figure ``name`` at a score and all others in their middle."""
    at = _at(name, score, widen)
    cost = 1.0
    for held, figure in list(_figures(line))[: 2 + len(line.more)]:
        cost *= at(held, figure)
    growth = at(line.growth.name, line.growth.figure) if line.growth else 1.0
    first = next((month for month, share in enumerate(line.shares) if share), 0)
    return cost * sum(float(share) * growth ** max(0, month - first) for month, share in enumerate(line.shares))


def _at(name: str, score: float, widen: float) -> Callable[[str, Figure], float]:
    import numpy as np

    def value(held: str, figure: Figure) -> float:
        return float(values(figure, np.array([score if held == name else 0.0]), widen)[0])

    return value


def _bar(name: str, low: float, high: float, is_cause: bool) -> Bar:
    first, last = (Decimal(repr(round(amount, 2))).quantize(Decimal("0.01")) for amount in (low, high))
    return Bar(name, first, last, abs(last - first), is_cause)
