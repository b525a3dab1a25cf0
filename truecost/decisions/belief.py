"""What is believed of a model's fall: a Bayesian filter over how the world may move, told each score as it comes.

The world stands at a place, a model at the place it was trained at; what a model has lost is how far they are apart.
The world may stay, creep along a shape (a slope, a year's wave), jump for good, or go away and come back by itself.
All of that is a grid of hypotheses with exact weights, so the same scores give the same belief.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

YEAR = 365.25
_LEVELS = 12  # how far a jump may go
_SLOPES = 7
_SWINGS, _PHASES = 5, 8  # of a wave
_PERIODS = (YEAR, YEAR, YEAR / 2, YEAR / 4, YEAR / 12)  # of the waves; of a year's, what is lost may be a square
_POWERS = (1.0, 2.0, 1.0, 1.0, 1.0)
_FINEST = 1e-3  # of a score: a smaller error is taken for this
_STILL = 0.6  # the prior weight of a world that does not creep
_WAVE_SHARE = 0.5  # of those that do
_CREEP = 3.0  # a year: how often what has jumped goes one level further
_INEXACT = 0.15  # a hypothesis says a fall only to this share of it
# How often the world moves for good, a year; and how often it goes away, and comes back, a year. With prior weights.
_JUMPS = ((0.1, 0.3), (0.5, 0.5), (2.0, 0.2))
_TRIPS = ((0.0, 1.0, 0.85), (12.0, 12.0, 0.03), (5.0, 5.0, 0.03), (2.4, 2.4, 0.03), (1.2, 6.0, 0.03), (2.0, 17.0, 0.03))
# Hypotheses of where world and model are, each by level: at home; away with the world; left behind for good; trained
# away and there still; trained away, and the world back home.
_HOME, _AWAY, _LEFT, _ABROAD, _RETURNED = range(5)


@dataclass(frozen=True)
class Shapes:
    """How the world may creep: along a slope, or on a wave of a year, half, a quarter, a month; the first stays put.

    What is lost is as far as the world has moved, or the square of it: a classifier loses little at first.
    """

    slopes: Floats  # a day
    swings: Floats  # from peak to trough
    phases: Floats  # radians
    periods: Floats  # days
    powers: Floats  # by shape, slopes first

    @classmethod
    def of(cls, unit: float) -> Shapes:
        """Shapes that lose some to many ``unit`` (the error of a score) a year."""
        slopes, swings = np.geomspace(1.5, 200.0, _SLOPES) * unit, np.geomspace(3.0, 120.0, _SWINGS) * unit
        turns = 2 * np.pi * np.arange(_PHASES) / _PHASES
        waves = np.concatenate([swings if power == 1.0 else np.sqrt(swings) for power in _POWERS])
        each = _SWINGS * _PHASES
        return cls(
            slopes=np.concatenate(([0.0], slopes, np.sqrt(slopes))) / YEAR,
            swings=np.repeat(waves, _PHASES),
            phases=np.tile(turns, len(waves)),
            periods=np.repeat(_PERIODS, each),
            powers=np.concatenate(
                ([1.0], np.repeat([1.0, 2.0], _SLOPES), np.repeat(_POWERS, each)),
            ),
        )

    @cached_property
    def coarse(self) -> Floats:
        """How far off a shape may be for its phase and period being only near: a tenth of a wave's swing, in points."""
        return np.concatenate((np.zeros_like(self.slopes), 0.1 * self.swings ** self.powers[len(self.slopes) :]))

    @cached_property
    def prior(self) -> Floats:
        steep = 0.5 ** np.arange(_SLOPES)  # what moves fast seldom goes on for long
        waves, creeping = len(self.swings), 1 - _STILL
        slopes = np.tile(steep, 2) / (2 * steep.sum())
        return np.concatenate(
            (
                [_STILL],
                creeping * (1 - _WAVE_SHARE) * slopes,
                np.full(waves, creeping * _WAVE_SHARE / waves),
            )
        )

    def place(self, day: float | Floats) -> Floats:
        """Where each shape has brought the world by ``day``: (shapes, ...)."""
        days = np.asarray(day, dtype=float)[..., None]
        waves = self.swings / 2 * np.sin(2 * np.pi * days / self.periods + self.phases)
        return np.moveaxis(np.concatenate((days * self.slopes, waves), axis=-1), -1, 0)

    def fall(self, origin: float, day: float | Floats) -> Floats:
        """What a model trained on day ``origin`` has lost by ``day``: (shapes, ...) points."""
        begun = self.place(origin)
        now = self.place(day)
        beside = (1,) * (now.ndim - begun.ndim)
        moved = np.abs(now - begun.reshape(begun.shape + beside))
        found: Floats = np.where(self.powers.reshape(begun.shape + beside) == 1.0, moved, moved**2)
        return found


@dataclass(frozen=True)
class Grid:
    """The hypotheses: worlds (how it creeps, and how often it moves) × where world and model are."""

    levels: Floats
    shapes: Shapes
    shape: NDArray[np.intp]  # by world
    jumps: Floats
    leaves: Floats
    returns: Floats
    prior: Floats

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, unit: float) -> Grid:
        """For scores of that standard error: a world that stands still may move in any way, one that creeps only jump,
        one on a wave hardly that."""
        levels, shapes = np.geomspace(1.0, 180.0, _LEVELS) * unit, Shapes.of(unit)
        slopes = 1 + 2 * _SLOPES
        worlds = [(0, jump, go, back, p * q) for jump, p in _JUMPS for go, back, q in _TRIPS]
        worlds += [(shape, jump, 0.0, 0.0, p) for shape in range(1, slopes) for jump, p in _JUMPS]
        worlds += [(shape, _JUMPS[0][0], 0.0, 0.0, 1.0) for shape in range(slopes, len(shapes.prior))]
        shape, jumps, leaves, returns, share = (np.array(column) for column in zip(*worlds, strict=True))
        prior = share * shapes.prior[shape.astype(int)]
        return cls(levels, shapes, shape.astype(int), jumps / YEAR, leaves / YEAR, returns / YEAR, prior)

    @cached_property
    def offsets(self) -> Floats:
        """The level lost of each place a model may be in: (1 + 4 × levels)."""
        none = np.zeros_like(self.levels)
        return np.concatenate(([0.0], self.levels, self.levels, none, self.levels))

    @property
    def start(self) -> Floats:
        """The weights of a model that was just trained: (worlds, places)."""
        found = np.zeros((len(self.prior), len(self.offsets)))
        found[:, 0] = self.prior
        return found


def _parts(weights: Floats) -> tuple[Floats, ...]:
    """Views of the weights by where world and model are."""
    return (weights[..., 0], *np.split(weights[..., 1:], 4, axis=-1))


def _joined(home: Floats, *others: Floats) -> Floats:
    return np.concatenate((home[..., None], *others), axis=-1)


@dataclass(frozen=True)
class Belief:
    """What is believed on ``day`` of the model trained on day ``origin``; its weights sum to 1.

    ``unit`` is the error of a score, in its points. ``offset`` is by how much the score it was accepted with seems to
    have been too high, with its variance: every fall is measured from it.
    """

    grid: Grid
    unit: float
    day: float
    origin: float
    weights: Floats
    offset: float
    offset_variance: float

    @classmethod
    def fresh(cls, unit: float, day: float, baseline_error: float) -> Belief:
        """Of a model that was trained on ``day`` and accepted with a score of that standard error."""
        unit = max(unit, _FINEST)
        grid = Grid.of(unit)
        return cls(grid, unit, day, day, grid.start, 0.0, baseline_error**2)

    @cached_property
    def falls(self) -> Floats:
        """The fall of each hypothesis: (worlds, places) points."""
        crept = self.grid.shapes.fall(self.origin, self.day)[self.grid.shape]
        return crept[:, None] + self.grid.offsets

    @cached_property
    def fall(self) -> float:
        """The expected fall, in points."""
        return float((self.weights * self.falls).sum())

    def within(self, low: float, high: float) -> tuple[float, float]:
        """Quantiles of the fall."""
        order = np.argsort(self.falls, axis=None)
        reached = np.cumsum(self.weights.ravel()[order])
        falls = self.falls.ravel()[order]
        first, last = np.searchsorted(reached, (low, high))
        return float(falls[min(first, falls.size - 1)]), float(falls[min(last, falls.size - 1)])

    def at(self, day: float, hint: float = 1.0) -> Belief:
        """The belief with time gone by. ``hint`` is how many times as likely as usual a move is: production drifted."""
        days = day - self.day
        if days <= 0:
            return self
        grid = self.grid
        moves = _gone(grid.jumps * hint, days)
        leaves, returns = _gone(grid.leaves * hint, days), _gone(grid.returns, days)
        creeps = -np.expm1(-_CREEP / YEAR * days)
        home, away, left, abroad, returned = _parts(self.weights)
        spread = np.full(len(grid.levels), 1 / len(grid.levels))
        leaving = home * leaves
        home, away = (
            home - leaving + (away * returns[..., None]).sum(axis=-1),
            away * (1 - returns[..., None]) + leaving[..., None] * spread,
        )
        abroad, returned = (
            abroad * (1 - returns[..., None]) + returned * leaves[..., None],
            returned * (1 - leaves[..., None]) + abroad * returns[..., None],
        )
        crept = left[..., :-1] * creeps
        left = np.concatenate((left[..., :1] - crept[..., :1], left[..., 1:]), axis=-1)
        left[..., 1:] += crept
        left[..., 1:-1] -= crept[..., 1:]
        whole = _joined(home, away, left, abroad, returned)
        moved = whole.sum(axis=-1) * moves
        whole = whole * (1 - moves[..., None])
        levels = len(grid.levels)
        whole[..., 1 + levels : 1 + 2 * levels] += moved[..., None] * spread
        return replace(self, day=day, weights=whole / whole.sum())

    def told(self, fall: float, error: float) -> Belief:
        """The belief once a score is known that is ``fall`` below the accepted one, with a standard error."""
        error, seen = max(error, _FINEST), fall - self.offset
        coarse = self.grid.shapes.coarse[self.grid.shape][:, None]
        variance = error**2 + self.offset_variance + (_INEXACT * self.falls) ** 2 + coarse**2
        fit = -0.5 * ((seen - self.falls) ** 2 / variance + np.log(variance))
        weights = self.weights * np.exp(fit - fit.max())
        weights /= weights.sum()
        found = replace(self, weights=weights)
        unmoved = float(found.weights[found.falls < self.unit / 2].sum())
        # What a model that has not fallen scores tells how lucky the score was that it was accepted with.
        gain = unmoved * self.offset_variance / (self.offset_variance + error**2)
        return replace(found, offset=self.offset + gain * seen, offset_variance=self.offset_variance * (1 - gain))

    def retrained(self, baseline_error: float) -> Belief:
        """Of the model whose training begins now, from what is known now."""
        home, away, left, abroad, returned = _parts(self.weights)
        nobody = np.zeros_like(away)
        home = home + left.sum(axis=-1) + returned.sum(axis=-1)
        weights = _joined(home, nobody, nobody, away + abroad, nobody)
        return replace(self, origin=self.day, weights=weights, offset=0.0, offset_variance=baseline_error**2)


def _gone(rate: Floats, days: float) -> Floats:
    """The chance that something of that rate a day has happened within the days."""
    found: Floats = -np.expm1(-rate * days)
    return found
