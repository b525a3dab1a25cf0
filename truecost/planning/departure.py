"""How programmes depart from their plans beyond what the plans say: a level, a path of months, a slope, events.

No plan knows how wrong it is. So each draw of it is moved by a departure of its own, of a size that is itself drawn:
most are small, some are not. Which of them fit what was seen is for ``completion`` to find.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_FARTHEST = 2.5  # of the logarithm: what was planned as 1 costs 0.08 to 12
_LEAST = 1e-9


@dataclass(frozen=True)
class Departure:
    """Sizes, as standard deviations of logarithms; ``*_tail`` is that of the size's own logarithm, so how heavy it is.

    ``level`` is all stages', ``stage`` each one's, ``path`` the months' (an autoregression whose memory is drawn from
    ``memory``), ``slope`` what it comes to by the end (upward in ``upward`` of the draws: scope grows more than it
    shrinks), ``noise`` each stage's and month's own. ``events`` come so often a year, at ``event_size`` months' cost.
    ``wiggle``: how much of the months' own movement in the plan's draws is kept, from and to.

    The values were set on simulated programmes that differ from their plans as badly as docs/plans.md says.
    """

    level: float = 0.03
    level_tail: float = 0.6
    stage: float = 0.03
    path: float = 0.03
    path_tail: float = 1.4
    memory: tuple[float, float] = (0.6, 0.95)
    slope: float = 0.1
    slope_tail: float = 0.8
    upward: float = 0.8
    noise: float = 0.12
    noise_tail: float = 0.6
    events: float = 0.08
    event_size: float = 1.0
    wiggle: tuple[float, float] = (0.4, 1.0)


def depart(planned: Floats, seed: int, how: Departure) -> Floats:
    """``planned`` [draws, stages, months] with a departure a draw; events fall to the last stage."""
    import numpy as np

    draws, stages, months = planned.shape
    random = np.random.Generator(np.random.PCG64(seed))

    def size(tail: float) -> Floats:
        return np.asarray(np.exp(tail * random.standard_normal((draws, 1, 1))))

    base, moved = _level_and_wiggle(planned)
    moved *= random.uniform(*how.wiggle, (draws, 1, 1))
    apart = how.level * random.standard_normal((draws, 1, 1)) + how.stage * random.standard_normal((draws, stages, 1))
    lean = np.where(random.random((draws, 1, 1)) < how.upward, 1.0, -1.0)
    slope = how.slope * np.abs(random.standard_normal((draws, 1, 1))) * lean * np.arange(1, months + 1) / months
    apart = size(how.level_tail) * apart + size(how.slope_tail) * slope
    apart = apart + size(how.path_tail) * how.path * _walk(random, draws, months, how.memory)
    apart = apart + size(how.noise_tail) * how.noise * random.standard_normal((draws, stages, months))
    moved += np.clip(apart, -_FARTHEST, _FARTHEST)
    cost = base * np.exp(moved)
    cost[:, -1] += _events(random, planned, how)
    return np.asarray(cost)


def _level_and_wiggle(planned: Floats) -> tuple[Floats, Floats]:
    """Each draw's cost at the level of its stages, and the logarithm of how its months differ from that."""
    import numpy as np

    mean = planned.mean(axis=0)
    level = planned.sum(axis=2) / np.maximum(mean.sum(axis=1), _LEAST)
    base = np.maximum(mean * np.maximum(level, 1e-6)[:, :, None], _LEAST)
    return base, np.log(np.maximum(planned / base, 1e-3))


def _walk(random: np.random.Generator, draws: int, months: int, memory: tuple[float, float]) -> Floats:
    """An autoregression of variance 1, [draws, 1, months]."""
    import numpy as np

    kept = random.uniform(*memory, (draws, 1))
    steps = random.standard_normal((draws, 1, months))
    path = np.empty_like(steps)
    path[..., 0] = steps[..., 0]
    for month in range(1, months):
        path[..., month] = kept * path[..., month - 1] + np.sqrt(1 - kept**2) * steps[..., month]
    return path


def _events(random: np.random.Generator, planned: Floats, how: Departure) -> Floats:
    """What nobody planned, by draw and month."""
    import numpy as np

    draws, _, months = planned.shape
    month_cost = planned.sum(axis=1).mean()
    often = how.events / 12 * random.gamma(0.7, 1 / 0.7, (draws, 1))
    cost = month_cost * how.event_size * np.exp(0.6 * random.standard_normal((draws, months)))
    return np.where(random.random((draws, months)) < often, cost, 0.0)
