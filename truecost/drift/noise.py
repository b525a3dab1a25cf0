"""How far days differ by themselves, learned from the days: beyond what sampling gives, and how long it lasts.

Days are taken in blocks of four weeks, less the mean of their weekday: what the week does is no noise. What is left
beyond the sampling variance is taken to hang together from day to day (a first-order autoregression), since that is
what makes the means of whole windows restless.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_WEEK, _BLOCK_WEEKS = 7, 4
_BLOCK = _WEEK * _BLOCK_WEEKS
_TWO_WEEKS = 2 * _WEEK
_DF = _WEEK * (_BLOCK_WEEKS - 1)  # a block's days less its seven weekday means
_MOST_BLOCKS = 8
_HIDDEN = 0.35
_UNCLEAR = 0.5  # what part counts of a variance that may well be chance
_CLEARLY = 2.5  # standard errors of a variance
_LONGEST = 0.95  # no longer memory is told from a season by a few months


@dataclass(frozen=True)
class Noise:
    """By series: the variance of a day beyond sampling, the correlation of neighbours, a day's sampling variance, and
    whether days vary clearly more than sampling can make them."""

    daily: Floats
    memory: Floats
    sampling: Floats
    is_restless: NDArray[np.bool_]
    doubt: float = 0.0

    @property
    def tails(self) -> Floats:
        """By how much more it takes to be sure where the noise of restless days is known from few of them, as Student's
        distribution has it."""
        return np.where(self.is_restless, 1 + self.doubt, 1.0)

    def of_window(self, length: int) -> Floats:
        """The variance of the mean of so many days in a row, beyond sampling."""
        return self.daily * _of_mean(length, self.memory)

    def of_baseline(self, length: int, weeks: int) -> Floats:
        """The same of the weeks that such a window is held against: whole weeks, or single weekdays."""
        if length >= _WEEK:
            return self.daily * _of_mean(_WEEK * weeks, self.memory)
        return self.daily * _of_mean(weeks, self.memory**_WEEK)


@dataclass(frozen=True)
class Blocks:
    """Blocks x series, the blocks in order; ``starts``: the day each begins."""

    starts: NDArray[np.int64]
    spread: Floats
    neighbours: Floats
    sampling: Floats

    def before(self, day: int) -> Noise:
        """What the blocks that had ended by ``day`` tell; the first block at least."""
        count = max(1, int(np.searchsorted(self.starts + _BLOCK, day, side="right")))
        first = max(0, count - _MOST_BLOCKS)
        return _noise(self.spread[first:count], self.neighbours[first:count], self.sampling[first:count])


def learn(values: Floats, variances: Floats, weights: Floats, reference: int) -> Blocks:
    """The blocks of a series from its first day on; a reference shorter than a block is taken as it is.

    Days count by their weight, as they do in the mean of a window: what a quiet day does matters little. Two or three
    weeks do not tell how days vary beyond sampling (each weekday comes two or three times), so there sampling alone
    counts until there are four.

    Args:
        values: days x series, NaN where a day has no rows.
        variances: the same, what sampling alone gives each value.
        weights: the same, how many rows each rests on.
        reference: how many days at the start are the reference.
    """
    total = len(values)
    starts = np.arange(0, max(1, total - _BLOCK + 1), _BLOCK)
    ends = np.where(starts == 0, min(reference, _BLOCK), starts + _BLOCK)
    parts = [slice(start, end) for start, end in zip(starts, ends, strict=True)]
    rows = [_block(values[part], variances[part], weights[part]) for part in parts]
    if _TWO_WEEKS <= reference < _BLOCK:
        rows[0] = (rows[0][2], np.zeros_like(rows[0][1]), rows[0][2])
    spread, neighbours, sampling = (np.asarray(part) for part in zip(*rows, strict=True))
    return Blocks(starts, spread, neighbours, sampling)


def _block(values: Floats, variances: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """A block's variance of days, covariance of neighbours, and mean sampling variance."""
    left = np.full_like(values, np.nan)
    for weekday in range(min(_WEEK, len(values))):
        of_day = values[weekday::_WEEK]
        known = ~np.isnan(of_day)
        count = known.sum(axis=0)
        mean = np.where(known, of_day, 0.0).sum(axis=0) / np.maximum(count, 1)
        left[weekday::_WEEK] = np.where(count > 1, (of_day - mean) * np.sqrt(count / np.maximum(count - 1, 1)), np.nan)
    known = ~np.isnan(left)
    clean, weight = np.where(known, left, 0.0), np.where(known, weights, 0.0)
    total = np.maximum(weight.sum(axis=0), 1e-300)
    spread = (weight * clean**2).sum(axis=0) / total
    pairs = np.sqrt(weight[1:] * weight[:-1])
    neighbours = (pairs * clean[1:] * clean[:-1]).sum(axis=0) / np.maximum(pairs.sum(axis=0), 1e-300)
    sampled = (weight * np.where(known, variances, 0.0)).sum(axis=0) / total
    return spread, neighbours, sampled


def _noise(spread: Floats, neighbours: Floats, sampling: Floats) -> Noise:
    blocks = len(spread)
    # A block that holds a change is out of line with the others; the median of three does not see it.
    middle = np.median if blocks > 2 else np.mean
    total, along, sampled = (middle(part, axis=0) for part in (spread, neighbours, sampling))
    beyond = np.maximum(total - sampled, 0.0)
    is_restless = total > sampled * (1 + _CLEARLY * np.sqrt(2 / (_DF * blocks)))
    few = 1 / np.sqrt(blocks)
    daily = beyond * np.where(is_restless, 1 + 0.5 * few, _UNCLEAR)
    memory = along / np.where(beyond > 0, beyond, 1.0)
    # What hangs together seems to do so less than it does, in few days.
    memory += _HIDDEN * few * np.clip(memory / _HIDDEN, 0.0, 1.0)
    return Noise(daily, np.clip(memory, 0.0, _LONGEST), sampled, is_restless, 0.2 * few)


def _of_mean(length: int, memory: Floats) -> Floats:
    """The variance of the mean of ``length`` values of variance 1 whose correlation falls as memory**distance."""
    gaps = np.arange(1, length)
    weights = 2 * (1 - gaps / length)
    return np.asarray((1 + (weights[:, None] * memory[None, :] ** gaps[:, None]).sum(axis=0)) / length)
