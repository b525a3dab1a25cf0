"""What may happen beside a plan's figures: levels of months, blow-ups, no production, retrainings nobody planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from truecost.planning.causes import Causes
from truecost.planning.drawn import Part, added

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BUILD = ("data_curation", "training", "failed_experiments", "evaluation")
_RETRAINED = {"training": 1.0, "failed_experiments": 1.0, "data_curation": 0.5}


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


def moved(
    bare: Mapping[str, Sequence[Part]], causes: Causes, months: int, spread: Spread
) -> dict[str, tuple[Part, ...]]:
    """The parts of each stage with what hits them beside their own figures."""
    grown, reached = blow_ups(causes, spread), reaches(causes, spread)
    bare = {stage: added(parts) for stage, parts in bare.items()}
    found: dict[str, tuple[Part, ...]] = {}
    for stage in sorted(bare):
        is_build = stage in BUILD
        level = levels(causes, _last(bare, is_build), "build" if is_build else "run", spread)
        times = grown if is_build else reached
        found[stage] = tuple(
            Part(part.cost if times is None else part.cost * times, part.shares, (*part.paths, *level))
            for part in bare[stage]
        )
    if retrained := _retrainings(bare, causes, months, spread):
        cost = retrained.cost if reached is None else retrained.cost * reached
        found["maintenance"] = (*found.get("maintenance", ()), Part(cost, retrained.shares, retrained.paths))
    return found


def _last(bare: Mapping[str, Sequence[Part]], is_build: bool) -> int:
    """How many months a part of the stages has: a path needs no more, and begins the same however long it is."""
    stages = [parts for stage, parts in bare.items() if (stage in BUILD) == is_build]
    return max((m + 1 for parts in stages for part in parts for m, share in enumerate(part.shares) if share), default=0)


def levels(causes: Causes, months: int, part: str, spread: Spread) -> tuple[tuple[Floats, int], ...]:
    """What each month's cost is multiplied by, of mean 1: a path [months, draws]; none where levels do not stray."""
    import numpy as np

    if not spread.month_spread:
        return ()
    key = f"levels:{months}:{part}:{spread.month_spread}:{spread.month_memory}"
    if key not in causes.held:
        path = np.empty((months, causes.draws))
        common, own = (causes.walk(months, spread.month_memory, name) for name in ("all", part))
        for row, one, other in zip(path, common, own, strict=True):
            np.add(one, other, out=row)
            row *= spread.month_spread / np.sqrt(2)
            row -= spread.month_spread**2 / 2
            np.exp(row, out=row)
        causes.held[key] = path
    return ((causes.held[key], 0),)


def blow_ups(causes: Causes, spread: Spread) -> Floats | None:
    """What a first build's cost is multiplied by, by draw: 1 where it does not blow up; None where none can."""
    import numpy as np

    if not spread.blow_up:
        return None
    key = f"blow ups:{spread.blow_up}:{spread.blow_up_least}:{spread.blow_up_tail}"
    if key not in causes.held:
        chance, size = causes.stream("event", "blow up").random((2, causes.draws))
        times, blown = np.ones(causes.draws), chance < spread.blow_up
        times[blown] += spread.blow_up_least * (1 - size[blown]) ** (-1 / spread.blow_up_tail)
        causes.held[key] = times
    return causes.held[key]


def reaches(causes: Causes, spread: Spread) -> Floats | None:
    """Whether the model reaches production, by draw: 1 or 0; where it does not, nothing is run and kept up (F28)."""
    if spread.reaches_production >= 1:
        return None
    return (causes.stream("event", "production").random(causes.draws) < spread.reaches_production).astype(float)


def arrivals(causes: Causes, months: int, first: int, rate: float, *names: str) -> Floats:
    """How often something that comes ``rate`` times a year comes in each month from ``first`` on; [months, draws]."""
    import numpy as np

    random, exposed = causes.stream("event", *names), months - first
    counts = np.zeros(months * causes.draws)
    if rate and exposed > 0:
        number = int(random.poisson(rate / 12 * exposed * causes.draws))
        places = random.integers(0, exposed * causes.draws, number)
        np.add.at(counts, places + first * causes.draws, 1.0)
    return counts.reshape(months, causes.draws)


def _retrainings(bare: Mapping[str, Sequence[Part]], causes: Causes, months: int, spread: Spread) -> Part | None:
    """What unplanned retrainings cost; None where there is no training that is not certain, or no month after it."""
    import numpy as np

    if "training" not in bare or not (spread.retrain_rate and spread.retrain_share):
        return None
    trained = [m for part in bare["training"] if part.cost.any() for m, share in enumerate(part.shares) if share]
    first = min(trained, default=months) + 1
    if first >= months:
        return None
    key = f"retrainings:{months}:{first}:{spread.retrain_rate}"
    if key not in causes.held:
        causes.held[key] = arrivals(causes, months, first, spread.retrain_rate, "retraining")
    build = np.zeros(causes.draws)
    for stage, times in sorted(_RETRAINED.items()):
        for part in bare.get(stage, ()):
            build += part.cost * (spread.retrain_share * sum(part.shares) * times)
    return Part(build, tuple(float(m >= first) for m in range(months)), ((causes.held[key], 0),))
