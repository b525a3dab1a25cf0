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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from truecost.planning.causes import Causes, Kind
from truecost.planning.figures import Figure, middle, values

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOTAL = "total"
BUILD = ("data_curation", "training", "failed_experiments", "evaluation")


@dataclass(frozen=True)
class Spread:
    """How uncertain figures hang together, and what may happen beside them; docs/plans.md says where each is from.

    Raises:
        ValueError: a correlation is not from 0 to 1, or ``between`` above ``within``.
    """

    widen: float = 1.1
    between: float = 0.25
    within: float = 0.65
    month_spread: float = 0.1
    month_memory: float = 0.9
    blow_up: float = 0.1
    blow_up_least: float = 0.5
    blow_up_tail: float = 3.0
    retrain_rate: float = 0.25
    retrain_share: float = 0.5
    reaches_production: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.between <= self.within <= 1:
            raise ValueError("correlations are from 0 to 1, and that between drivers at most that within one")
        if not 0 <= self.month_memory < 1:
            raise ValueError("the memory of months is from 0 to below 1")


CALM = Spread(widen=1, between=0, within=0, month_spread=0, month_memory=0, blow_up=0, retrain_rate=0, retrain_share=0)
"""Independent figures as wide as they are written, and no events: what closed forms are held against."""


@dataclass(frozen=True)
class Factor:
    """A figure that several lines, and several options, have in common: wherever its name stands, its draws are the
    same."""

    name: str
    kind: Kind
    driver: str
    figure: Figure


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


@dataclass(frozen=True)
class Outcome:
    """A sum of costs: a certain part, and the sorted draws of the rest (empty where all is certain)."""

    certain: Fraction
    mean: Fraction
    sorted_draws: Floats

    def quantile(self, percent: int) -> Fraction:
        """Interpolated linearly between order statistics."""
        if not len(self.sorted_draws):
            return self.certain
        below, rest = divmod((len(self.sorted_draws) - 1) * percent, 100)
        at = Fraction(float(self.sorted_draws[below]))
        if rest == 0:
            return self.certain + at
        return self.certain + at + (Fraction(float(self.sorted_draws[below + 1])) - at) * rest / 100

    def share_above(self, limit: Fraction) -> float:
        if not len(self.sorted_draws):
            return float(self.certain > limit)
        import numpy as np

        over = len(self.sorted_draws) - int(np.searchsorted(self.sorted_draws, float(limit - self.certain), "right"))
        return over / len(self.sorted_draws)


@dataclass(frozen=True)
class Drawn:
    """The cost of a plan, draw by draw. ``certain``: by stage and month, exact. ``drawn``: the rest, [months, draws].

    ``line_means`` and ``quantity_means``: the mean of each line's cost and quantity, before levels and events.
    """

    draws: int
    months: int
    certain: Mapping[str, tuple[Fraction, ...]]
    drawn: Mapping[str, Floats]
    means: Mapping[str, tuple[Fraction, ...]]
    line_means: Mapping[str, Fraction]
    quantity_means: Mapping[str, Fraction]
    _sums: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)

    @property
    def stages(self) -> list[str]:
        return list(self.certain)

    def cost(self, stage: str = TOTAL) -> Floats:
        """Cost by draw and month, [draws, months]."""
        import numpy as np

        certain = [float(sum((self.certain[s][m] for s in self._of(stage)), Fraction())) for m in range(self.months)]
        return np.asarray(self._drawn_of(stage).T + np.array(certain))

    def mean(self, stage: str, weights: Mapping[int, Fraction | int]) -> Fraction:
        """Exact over the draws, so that means add up."""
        parts = (self.means[s][month] * weight for s in self._of(stage) for month, weight in weights.items())
        return sum(parts, Fraction())

    def outcome(self, stage: str, weights: Mapping[int, Fraction | int]) -> Outcome:
        """What a stage (or TOTAL) comes to in months, each times its weight."""
        import numpy as np

        held = weights.items()
        certain = sum((self.certain[s][m] * w for s in self._of(stage) for m, w in held), Fraction())
        mean = self.mean(stage, weights)
        if not any(s in self.drawn for s in self._of(stage)):
            return Outcome(certain, mean, np.zeros(0))
        matrix, total = self._drawn_of(stage), np.zeros(self.draws)
        for month, weight in sorted(held):
            if weight:
                total += matrix[month] * float(weight)
        return Outcome(certain, mean, np.sort(total))

    def _of(self, stage: str) -> list[str]:
        return self.stages if stage == TOTAL else [stage]

    def _drawn_of(self, stage: str) -> Floats:
        """Of a stage, or the sum of all; [months, draws]."""
        import numpy as np

        if stage in self.drawn:
            return self.drawn[stage]
        if stage not in self._sums:
            total = np.zeros((self.months, self.draws))
            for name in sorted(self.drawn):
                if stage == TOTAL:
                    total += self.drawn[name]
            self._sums[stage] = total
        return self._sums[stage]


def simulate(lines: Sequence[Line], months: int, draws: int, seed: int, spread: Spread) -> Drawn:
    """Draw every line that is not certain ``draws`` times, over ``months`` months."""
    return simulate_on(Causes(seed, draws, spread.between, spread.within), lines, months, spread)


def simulate_on(causes: Causes, lines: Sequence[Line], months: int, spread: Spread) -> Drawn:
    """The same on causes that are at hand: what is simulated on the same causes shares their draws."""
    certain = {line.stage: [Fraction()] * months for line in lines}
    bare: dict[str, Floats] = {}
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
        _spread_over(bare, line, cost_drawn, months, growth_of(causes, line, months, spread.widen))
    with_events = _moved(bare, lines, causes, months, spread)
    for stage in with_events:
        certain.setdefault(stage, [Fraction()] * months)
    means = {
        stage: tuple(
            held + (exact_mean(with_events[stage][month]) if stage in with_events else 0)
            for month, held in enumerate(by_month)
        )
        for stage, by_month in certain.items()
    }
    sealed = {stage: tuple(by_month) for stage, by_month in certain.items()}
    return Drawn(causes.draws, months, sealed, with_events, means, line_means, quantity_means)


def draw_line(causes: Causes, line: Line, widen: float) -> tuple[Fraction, Floats]:
    """The mean quantity of an uncertain line, and its cost by draw."""
    quantity = _factor(causes, line, "quantity", line.quantity, widen)
    mean = middle(line.quantity) if line.quantity.is_certain else exact_mean(quantity)
    cost = quantity * _factor(causes, line, "unit_cost", line.unit_cost, widen)
    for factor in line.more:
        cost *= drawn_factor(causes, factor, widen)
    return mean, cost


def drawn_factor(causes: Causes, factor: Factor, widen: float) -> Floats:
    """A shared figure, by draw; drawn once."""
    key = f"factor:{factor}:{widen}"
    if key not in causes.held:
        import numpy as np

        if factor.figure.is_certain:
            causes.held[key] = np.full(causes.draws, float(middle(factor.figure)))
        else:
            scores = causes.scores(factor.kind, factor.driver, factor.name)
            causes.held[key] = values(factor.figure, scores, widen)
    return causes.held[key]


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


def exact_mean(drawn: Floats) -> Fraction:
    """The mean of the draws, rounded once."""
    return Fraction(float(drawn.sum())) / len(drawn)


def _factor(causes: Causes, line: Line, kind: Kind, figure: Figure, widen: float) -> Floats:
    import numpy as np

    if figure.is_certain:
        return np.full(causes.draws, float(middle(figure)))
    return values(figure, causes.scores(kind, line.driver or line.stage, line.name), widen)


def _spread_over(bare: dict[str, Floats], line: Line, cost: Floats, months: int, growth: Floats | None) -> None:
    """Add a line's cost to its stage, month by month."""
    import numpy as np

    if line.stage not in bare:
        bare[line.stage] = np.zeros((months, len(cost)))
    held, first = bare[line.stage], next((month for month, share in enumerate(line.shares) if share), 0)
    for month, share in enumerate(line.shares):
        if share:
            held[month] += cost * float(share) if growth is None else cost * growth[month - first] * float(share)


def _moved(
    bare: dict[str, Floats], lines: Sequence[Line], causes: Causes, months: int, spread: Spread
) -> dict[str, Floats]:
    """The draws with what hits them beside their own figures: the level of the months, a blow-up, retrainings."""
    import numpy as np

    retrained = _retrainings(bare, causes, months, spread)
    grown, reached = 1 + blow_ups(causes, spread), reaches(causes, spread)
    for is_build in (True, False):
        stages = [stage for stage in sorted(bare) if (stage in BUILD) == is_build]
        if not stages:
            continue
        level = levels(causes, months, "build" if is_build else "run", spread)
        for stage in stages:
            bare[stage] *= level
            bare[stage] *= grown if is_build else reached
    if retrained is not None:
        held = bare.setdefault("maintenance", np.zeros((months, causes.draws)))
        held += retrained * reached
    return bare


def levels(causes: Causes, months: int, part: str, spread: Spread) -> Floats:
    """What each month's cost is multiplied by, of mean 1; [months, draws]."""
    import numpy as np

    key = f"levels:{months}:{part}:{spread.month_spread}:{spread.month_memory}"
    if key not in causes.held:
        path = np.zeros((months, causes.draws))
        if spread.month_spread:
            path += causes.walk(months, spread.month_memory, "all")
            path += causes.walk(months, spread.month_memory, part)
            path *= spread.month_spread / np.sqrt(2)
            path -= spread.month_spread**2 / 2
        causes.held[key] = np.exp(path, out=path)
    return causes.held[key]


def blow_ups(causes: Causes, spread: Spread) -> Floats:
    """By how much more a first build costs, by draw: 0 where it does not blow up."""
    import numpy as np

    if not spread.blow_up:
        return np.zeros(causes.draws)
    chance, size = causes.stream("event", "blow up").random((2, causes.draws))
    more = spread.blow_up_least * (1 - size) ** (-1 / spread.blow_up_tail)
    return np.where(chance < spread.blow_up, more, 0.0)


def reaches(causes: Causes, spread: Spread) -> Floats | float:
    """Whether the model reaches production, by draw: 1 or 0; where it does not, nothing is run and kept up (F28)."""
    if spread.reaches_production >= 1:
        return 1.0
    return (causes.stream("event", "production").random(causes.draws) < spread.reaches_production).astype(float)


def arrivals(causes: Causes, months: int, first: int, rate: float, *names: str) -> Floats:
    """How often something that comes ``rate`` times a year comes in each month from ``first`` on; [months, draws]."""
    import numpy as np

    random, exposed = causes.stream("event", *names), months - first
    counts = np.zeros((months, causes.draws))
    if rate and exposed > 0:
        number = int(random.poisson(rate / 12 * exposed * causes.draws))
        places = random.integers(0, exposed * causes.draws, number)
        counts[first:] = np.bincount(places, minlength=exposed * causes.draws).reshape(exposed, causes.draws)
    return counts


def _retrainings(bare: Mapping[str, Floats], causes: Causes, months: int, spread: Spread) -> Floats | None:
    """What unplanned retrainings cost; None where there is no training that is not certain."""
    if "training" not in bare or not (spread.retrain_rate and spread.retrain_share):
        return None
    first = next((month + 1 for month in range(months) if bare["training"][month].any()), months)
    if first == months:
        return None
    parts = {"training": 1.0, "failed_experiments": 1.0, "data_curation": 0.5}
    build = sum(bare[stage].sum(axis=0) * part for stage, part in sorted(parts.items()) if stage in bare)
    came = arrivals(causes, months, first, spread.retrain_rate, "retraining")
    came *= spread.retrain_share * build
    return came
