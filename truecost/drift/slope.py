"""A slow slope, told from a season: what half a year's weeks did that no season of the allowed size explains as well.

The weekly means of up to 26 weeks are explained twice: by the nearest season that goes round once a year, and by the
nearest one with a slope over the last eight weeks beside it. How much better the second is, is the evidence. It
accumulates week by week, and the weekdays are no part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truecost.drift.noise import Noise

if TYPE_CHECKING:
    from truecost.drift.judge import Days, Terms

Floats = NDArray[np.float64]
_WEEK = 7
WEEKS, MOST_WEEKS = 8, 26
DAYS = WEEKS * _WEEK
_LEAST_BEFORE = 3
# Eight weeks are looked at less often than windows, so less is enough; but not where days vary by themselves, since how
# they hang together is then only estimated.
_STEADY, _RESTLESS = -1.4, 1.0
_STANDS_OUT = 4.0  # the smallest slope that matters, in its standard errors, below which none is looked for
_PHASES = np.linspace(0, 2 * np.pi, 120, endpoint=False)
_SIZES, _SLACK = 6, 1.02
_ROUGH = 0.004**2  # the variance of a weekly mean: no season is as smooth as a sine


@dataclass(frozen=True)
class Slope:
    """By series: the change over the last eight weeks, and what it may be; NaN and infinity where that is not known."""

    change: Floats
    limit: Floats


def seen(days: Days, terms: Terms, accepted: Noise, lately: Noise, end: int, evidence: float) -> Slope:
    """The slope of the eight weeks before ``end``, beside the weeks before them.

    ``accepted`` is the noise of the days before the slope, ``lately`` of all but the last: where days vary by
    themselves the larger counts.
    """
    width = days.values.shape[1]
    change, limit = np.full(width, np.nan), np.full(width, np.inf)
    weeks = min(MOST_WEEKS, end // _WEEK)
    if weeks < WEEKS + _LEAST_BEFORE:
        return Slope(change, limit)
    series = np.flatnonzero(terms.is_level)
    since = end - weeks * _WEEK
    means = days.values[since:end, series].reshape(weeks, _WEEK, -1).mean(axis=1)
    known = ~np.isnan(means).any(axis=0)
    series, means = series[known], means[:, known]
    place = (np.arange(WEEKS) - (WEEKS - 1) / 2) * _WEEK
    change[series] = place @ means[-WEEKS:] / (place @ place) * DAYS
    limit[series] = np.maximum(terms.floors[series], np.abs(change[series]))
    large = np.abs(change[series]) > terms.floors[series]
    series, means = series[large], means[:, large]
    if not len(series):
        return Slope(change, limit)
    restless = accepted.is_restless[series]
    error = np.sqrt(_weekly_variance(days.variances[since:end, series].mean(axis=0), accepted, lately, series))
    clear = terms.floors[series] > _STANDS_OUT * error * DAYS / np.sqrt(place @ place)
    series, means, error, restless = series[clear], means[:, clear], error[clear], restless[clear]
    far = _beyond_seasons(means, error, terms.seasons[series])
    enough = evidence + np.where(restless, _RESTLESS, _STEADY)
    told = np.abs(change[series])
    # The limit is what the change would have to pass, for the evidence that it lacks or has to spare.
    needed = told * enough / np.maximum(far, 1e-9)
    limit[series] = np.where(far > enough, np.maximum(terms.floors[series], needed), np.maximum(needed, told))
    return Slope(change, limit)


def _weekly_variance(sampled: Floats, accepted: Noise, lately: Noise, series: NDArray[np.int64]) -> Floats:
    restless = accepted.is_restless[series]
    daily = np.where(restless, np.maximum(accepted.daily, lately.daily)[series], 0.0)
    memory = np.where(restless, np.maximum(accepted.memory, lately.memory)[series], 0.0)
    noise = Noise(daily, memory, sampled, restless)
    across = memory**4  # about how whole weeks that follow each other hang together
    return np.asarray(_ROUGH + sampled / _WEEK + noise.of_window(_WEEK) * (1 + across) / (1 - across))


def _beyond_seasons(means: Floats, error: Floats, seasons: Floats) -> Floats:
    """The root of the likelihood ratio, one degree of freedom: a season with a slope beside it against a season
    alone."""
    weeks = len(means)
    climb = np.clip(np.arange(weeks) - (weeks - WEEKS) + 0.5, 0, None)
    climb = climb - climb.mean()
    climb /= np.sqrt((climb**2).sum())
    found = np.empty(means.shape[1])
    for place, size in enumerate(seasons):
        left = (means[:, place] - means[:, place].mean())[:, None] - _seasons(float(size), weeks)
        squares = np.einsum("ij,ij->j", left, left)
        better = squares.min() - (squares - (climb @ left) ** 2).min()
        found[place] = np.sqrt(max(better, 0.0)) / error[place]
    return found


@cache
def _seasons(size: float, weeks: int) -> Floats:
    """Seasons of up to ``size`` in logarithms, less their mean: weeks x (phases and amplitudes)."""
    angle = 2 * np.pi / 365.25 * np.arange(weeks * _WEEK)[:, None] + _PHASES
    sizes = np.linspace(0, size * _SLACK, _SIZES)
    shapes = np.log1p(sizes[None, None, :] * np.sin(angle)[:, :, None]).reshape(weeks, _WEEK, -1).mean(axis=1)
    return np.asarray(shapes - shapes.mean(axis=0))
