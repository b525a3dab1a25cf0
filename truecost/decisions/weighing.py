"""Whether a retraining begun now is expected to pay, by what is believed: its regret against that of looking again.

For each hypothesis the best of "now", "later" and "never" is known; what is not known is which hypothesis holds. So the
cost of being wrong is weighed both ways, as in QMDP (Littman, Cassandra and Kaelbling, 1995): to wait costs a fall that
was worth mending for as long as until the next look, to retrain in vain costs the retraining.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from truecost.decisions.belief import YEAR, Belief, Floats, Shapes

SURE = 0.002  # a retraining begins only where at most this is the chance that nothing has fallen
_LEAST_WEIGHT = 1e-5
_AHEAD = 24  # moments that a horizon is looked at
_CYCLES, _LONGEST = 20, 4 * YEAR


@dataclass(frozen=True)
class Terms:
    """What the two ways cost. ``value`` is what a point lost costs a day; times are in days.

    ``gain`` is the share of a fall that a retraining is expected to win back; ``until_look`` how long until the next
    score.
    """

    price: float
    value: float
    delay: float
    horizon: float
    until_look: float
    gain: float = 1.0


@dataclass(frozen=True)
class Weighed:
    """What weighing came to.

    ``advantage`` is by how much a retraining now is expected to be cheaper than to look again first, in money;
    ``in_vain`` the chance that nothing has fallen that is worth mending; ``staying`` what the fall is expected to cost
    within the horizon, of which ``mended`` is what a retraining now would save.
    """

    advantage: float
    in_vain: float
    staying: float
    mended: float
    pays_from: float

    @property
    def pays(self) -> bool:
        return self.advantage > 0

    @property
    def is_sure(self) -> bool:
        return self.in_vain <= SURE


def pays_from(terms: Terms) -> float:
    """The fall, in points, from which a retraining pays within the horizon if the fall lasts."""
    lasts = max(terms.horizon - terms.delay, 1e-9)
    worth = terms.value * terms.gain * lasts
    return terms.price / worth if worth > 0 else float("inf")


def chance_in_vain(belief: Belief, terms: Terms) -> float:
    """How likely it is that nothing has fallen that is worth mending, or that a score could tell."""
    least = max(min(pays_from(terms), belief.fall) / 2, belief.unit / 4)
    return float(belief.weights[belief.falls < least].sum())


def weigh(belief: Belief, terms: Terms) -> Weighed:
    """Hold a retraining now against looking again, over all hypotheses."""
    least, in_vain = pays_from(terms), chance_in_vain(belief, terms)
    lasting = terms.horizon > terms.delay
    if not lasting or terms.value <= 0:
        return Weighed(-terms.price, in_vain, 0.0, 0.0, least)
    world, place = np.nonzero(belief.weights > _LEAST_WEIGHT)
    weights = belief.weights[world, place]
    weights = weights / weights.sum()
    ahead = np.linspace(0.0, terms.horizon, _AHEAD + 1)
    paths = _paths(belief, terms, ahead, world, place)
    later = np.where(ahead >= terms.delay, weights @ paths.saved, 0.0)
    advantage = _advantage(terms, ahead, weights, paths, _charges(belief, terms, ahead)[belief.grid.shape[world]])
    staying, mended = (terms.value * float(np.trapezoid(path, ahead)) for path in (weights @ paths.staying, later))
    return Weighed(advantage, in_vain, staying, mended, least)


@dataclass(frozen=True)
class _Paths:
    """By hypothesis and moment: the fall if nothing is done, what of it a model trained now would not have, and the
    chance that the fall has not passed by itself. By hypothesis: what it costs to be wrong once it has."""

    staying: Floats
    saved: Floats
    lasts: Floats
    wrong: Floats


def _paths(belief: Belief, terms: Terms, ahead: Floats, world: NDArray[np.intp], place: NDArray[np.intp]) -> _Paths:
    grid = belief.grid
    shape = grid.shape[world]
    crept = grid.shapes.fall(belief.origin, belief.day + ahead)[shape]
    where = np.where(place == 0, 0, 1 + (place - 1) // len(grid.levels))  # home, away, left behind, abroad, returned
    leaves, returns = grid.leaves[world], grid.returns[world]
    both = leaves + returns
    away = np.divide(leaves, both, out=np.zeros_like(both), where=both > 0)
    level = grid.offsets[place]
    passes = np.select([where == 1, where == 4], [returns, leaves], 0.0)  # how often the world comes to this model
    other = np.where(where == 1, away, 1 - away)[:, None]  # how often the world is where it is now
    settling = np.exp(-both[:, None] * ahead)
    trips = np.isin(where, (1, 4))[:, None]
    lasting = np.exp(-grid.jumps[world][:, None] * ahead)  # after the next jump, old and new are wrong alike
    stays = level[:, None] * np.where(trips, other + (1 - other) * settling, 1.0)
    saves = level[:, None] * np.where(trips, 2 * (1 - other) * settling + 2 * other - 1, 1.0)
    fallen = (level > 0) | (shape > 0)
    wrong = np.divide(terms.value * level, both, out=np.zeros_like(both), where=(both > 0) & (passes > 0))
    return _Paths(
        staying=crept + stays,
        saved=terms.gain * (crept + saves) * lasting,
        lasts=np.exp(-passes[:, None] * ahead) * fallen[:, None],
        wrong=np.minimum(terms.price, wrong),
    )


def _advantage(terms: Terms, ahead: Floats, weights: Floats, paths: _Paths, charges: Floats) -> float:
    """What a retraining now saves against the best of: later, if it has not passed by then; and never."""
    worth = np.where(ahead >= terms.delay, terms.value * paths.saved - charges, 0.0)
    steps = (worth[:, 1:] + worth[:, :-1]) / 2 * np.diff(ahead)
    total = np.concatenate((np.zeros((len(weights), 1)), np.cumsum(steps, axis=1)), axis=1)
    # What is lost by it later is never more than one more retraining.
    total = np.maximum(total, np.maximum.accumulate(total, axis=1) - terms.price)
    waits = np.array([terms.until_look * 2**n for n in range(8)])
    waits = waits[waits + terms.delay <= terms.horizon]
    saved, lasts = (_at(waits + by, ahead, weights @ path) for by, path in ((terms.delay, total), (0.0, paths.lasts)))
    spared = terms.price * (1 - lasts) + (weights * paths.wrong) @ (1 - _at_each(waits, ahead, paths.lasts))
    never = float(weights @ total[:, -1]) - terms.price
    return float(min([*(saved - spared), never]))


def _at(days: Floats, ahead: Floats, path: Floats) -> Floats:
    found: Floats = np.interp(days, ahead, path)
    return found


def _at_each(days: Floats, ahead: Floats, paths: Floats) -> Floats:
    """The paths at those days, by linear interpolation: (paths, days)."""
    place = np.clip(np.searchsorted(ahead, days) - 1, 0, len(ahead) - 2)
    share = (days - ahead[place]) / (ahead[place + 1] - ahead[place])
    found: Floats = paths[:, place] * (1 - share) + paths[:, place + 1] * share
    return found


def _charges(belief: Belief, terms: Terms, ahead: Floats) -> Floats:
    """(shapes, moments): what a model trained now costs a day: retrained again each so many days, or never, if less."""
    cycles = np.geomspace(max(1.0, terms.until_look), _LONGEST, _CYCLES)
    lost = _mean_loss(belief.unit, max(1.0, terms.until_look))
    fits = cycles <= max(terms.horizon, cycles[0])
    retrained = ((terms.price + terms.value * lost[:, fits]) / cycles[fits]).min(axis=1)
    never = terms.value * belief.grid.shapes.fall(belief.day, belief.day + ahead)
    is_never = np.trapezoid(never, ahead, axis=1) <= retrained * terms.horizon
    found: Floats = np.where(is_never[:, None], never, retrained[:, None])
    return found


@lru_cache(maxsize=64)
def _mean_loss(unit: float, shortest: float) -> Floats:
    """(shapes, cycles): points × days that a model loses to a shape from its training to the end of a cycle."""
    shapes, cycles = Shapes.of(unit), np.geomspace(shortest, _LONGEST, _CYCLES)
    ages = np.linspace(0.0, 1.0, 17) * cycles[:, None]
    origins = YEAR * np.arange(4) / 8
    falls = np.stack([shapes.fall(origin, origin + ages) for origin in origins])
    found: Floats = np.trapezoid(falls, ages, axis=-1).mean(axis=0)
    return found
