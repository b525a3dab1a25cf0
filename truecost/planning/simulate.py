"""The uncertainty engine: typed lines -> their cost, draw by draw, by stage and month.

For whoever builds on it:

    lines = [Line("labels", "data_curation", (Fraction(1, 2), Fraction(1, 2), Fraction(0)), quantity, unit_cost), ...]
    drawn = simulate(lines, months=3, draws=10_000, seed=7, spread=Spread())
    drawn.cost("training")      # float array [draws, months] of a stage; of all of them with TOTAL
    drawn.stages                # in order of first line; events may add to "maintenance"
    drawn.outcome("serving", {0: 1, 1: Fraction(1, 2)})   # cost in (parts of) months, exact where it is certain

- A line costs quantity x unit cost x its share of the month. Each factor is a figure (``figures``), at a score that it
  shares with others (``causes``). A line whose factors are both certain is certain: nothing below moves it.
- Months hang together: what is not certain is multiplied, month by month, by a level of mean 1 whose logarithm
  remembers (Spread.month_spread, month_memory); half of it is common to all, half to building (``BUILD``) or running.
- A first build may blow up: with Spread.blow_up its uncertain lines of the stages in ``BUILD`` cost ``1 + s`` times as
  much, s at least blow_up_least and Pareto above (Flyvbjerg and Budzier 2011: one IT project in six; a fifth overrun by
  half and more in later samples, of which the rest comes from the other causes here).
- Unplanned retrainings come at Spread.retrain_rate a year after the first month with training; each costs
  Spread.retrain_share of what the first build's training, failed experiments and half of its data came to.
- With Spread.reaches_production below 1, a draw that does not reach it has no serving and no maintenance (F28).
- Arrays are float64, [draws, months]; the same lines, seed and spread give the same bytes, in whatever order the lines
  come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from truecost.planning.causes import Causes, Kind
from truecost.planning.drawn import TOTAL as TOTAL
from truecost.planning.drawn import Drawn, Part, exact_mean
from truecost.planning.events import CALM as CALM
from truecost.planning.events import Spread, moved
from truecost.planning.figures import Figure, middle, values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


VARYING = "varying"
"""What is kept of a figure in which options differ begins so: the next option has no use for it."""


@dataclass(frozen=True)
class Factor:
    """A figure that several lines, and several options, have in common: the same draws wherever its name stands.

    Where options differ in it (``varies``), what they share is its score.
    """

    name: str
    kind: Kind
    driver: str
    figure: Figure
    varies: bool = False


@dataclass(frozen=True)
class Line:
    """Something that costs money: ``shares`` says, by month, which part (or how many times) of it falls there.

    ``more`` are further factors of its cost, shared by name; ``growth`` is one by which it grows from month to month,
    from its first on. ``cost_kind`` is as in the books.
    """

    name: str
    stage: str
    shares: tuple[Fraction, ...]
    quantity: Figure
    unit_cost: Figure
    driver: str | None = None
    more: tuple[Factor, ...] = ()
    growth: Factor | None = None
    cost_kind: str | None = None

    @property
    def is_certain(self) -> bool:
        figures = (self.quantity, self.unit_cost, *(factor.figure for factor in self.more))
        return self.growth is None and all(figure.is_certain for figure in figures)

    @property
    def certain_cost(self) -> Fraction:
        """What a certain line costs."""
        cost = middle(self.quantity) * middle(self.unit_cost)
        for factor in self.more:
            cost *= middle(factor.figure)
        return cost


def simulate(lines: Sequence[Line], months: int, draws: int, seed: int, spread: Spread) -> Drawn:
    """Draw every line that is not certain ``draws`` times, over ``months`` months."""
    return simulate_on(Causes(seed, draws, spread.between, spread.within), lines, months, spread)


def simulate_on(causes: Causes, lines: Sequence[Line], months: int, spread: Spread) -> Drawn:
    """The same on causes that are at hand: what is simulated on the same causes shares their draws."""
    certain = {line.stage: [Fraction()] * months for line in lines}
    bare: dict[str, list[Part]] = {}
    line_means: dict[str, Fraction] = {}
    quantity_means: dict[str, Fraction] = {}
    for line in sorted(lines, key=lambda line: line.name):
        if line.is_certain:
            quantity_means[line.name] = middle(line.quantity)
            line_means[line.name] = cost = line.certain_cost
            held = certain[line.stage]
            certain[line.stage] = [so_far + cost * share for so_far, share in zip(held, line.shares, strict=True)]
            continue
        quantity, cost_drawn = draw_line(causes, line, spread.widen)
        line_means[line.name], quantity_means[line.name] = exact_mean(cost_drawn), quantity
        bare.setdefault(line.stage, []).append(_part(causes, line, cost_drawn, months, spread.widen))
    parts = moved(bare, causes, months, spread)
    for stage in parts:
        certain.setdefault(stage, [Fraction()] * months)
    sealed = {stage: tuple(by_month) for stage, by_month in certain.items()}
    return Drawn(causes.draws, months, sealed, parts, line_means, quantity_means)


def draw_line(causes: Causes, line: Line, widen: float) -> tuple[Fraction, Floats]:
    """The mean quantity of an uncertain line, and its cost by draw."""
    import numpy as np

    mean, constant, drawn = middle(line.quantity), 1.0, []
    own: tuple[tuple[Kind, Figure], ...] = (("quantity", line.quantity), ("unit_cost", line.unit_cost))
    for kind, figure in own:
        if figure.is_certain:
            constant *= float(middle(figure))
        else:
            drawn.append(_own(causes, line, kind, figure, widen))
            mean = exact_mean(drawn[0]) if kind == "quantity" else mean
    for factor in line.more:
        if factor.figure.is_certain:
            constant *= float(middle(factor.figure))
        else:
            drawn.append(drawn_factor(causes, factor, widen))
    cost = np.full(causes.draws, constant) if not drawn else drawn[0] * constant
    for values_drawn in drawn[1:]:
        cost *= values_drawn
    return mean, cost


def drawn_factor(causes: Causes, factor: Factor, widen: float) -> Floats:
    """A shared figure, by draw; drawn once."""
    key = f"{VARYING if factor.varies else 'factor'}:{factor}:{widen}"
    if key not in causes.held:
        import numpy as np

        if factor.figure.is_certain:
            causes.held[key] = np.full(causes.draws, float(middle(factor.figure)))
        else:
            causes.held[key] = values(factor.figure, _scores(causes, factor), widen)
    return causes.held[key]


def _scores(causes: Causes, factor: Factor) -> Floats:
    """A shared figure's scores: kept where another option asks for them again."""
    key = f"scores:{factor.kind}:{factor.driver}:{factor.name}"
    if key in causes.held:
        return causes.held[key]
    scores = causes.scores(factor.kind, factor.driver, factor.name)
    if factor.varies:
        causes.held[key] = scores
    return scores


def growth_of(causes: Causes, line: Line, months: int, widen: float) -> Floats | None:
    """What a line's cost is multiplied by, month by month, [months, draws]; None where it does not grow."""
    import numpy as np

    if line.growth is None:
        return None
    key = f"growth:{line.growth.name}:{months}:{widen}"
    if key not in causes.held:
        factor = drawn_factor(causes, line.growth, widen)
        path = np.ones((months, causes.draws))
        for month in range(1, months):
            np.multiply(path[month - 1], factor, out=path[month])
        causes.held[key] = path
    return causes.held[key]


def _own(causes: Causes, line: Line, kind: Kind, figure: Figure, widen: float) -> Floats:
    return values(figure, causes.scores(kind, line.driver or line.stage, line.name), widen)


def _part(causes: Causes, line: Line, cost: Floats, months: int, widen: float) -> Part:
    shares, growth = tuple(map(float, line.shares)), growth_of(causes, line, months, widen)
    first = next((month for month, share in enumerate(line.shares) if share), 0)
    return Part(cost, shares, () if growth is None else ((growth, first),))
