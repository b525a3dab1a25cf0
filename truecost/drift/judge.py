"""The judgement, pure: summaries of days in, verdicts out. NumPy alone; no store, no Evidently.

A series is one thing told of a column day by day: the middle of its logarithms, its spread, the share of a category,
the share that is missing. Each window is held against the same weekdays of the weeks before, the days since the
reference apart that may hold the change itself; how far windows differ by chance is learned from the series' own
days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truecost.drift import slope
from truecost.drift.noise import Noise, learn

Floats = NDArray[np.float64]
WEEK = 7
YEAR = 365.25
_LEAST_WEEKS = 4
SURE_OF_SIZE = 1.5  # standard errors by which a change must pass the smallest one that matters


@dataclass(frozen=True)
class Days:
    """Summaries, days x series: the day's value, the variance its sampling gives it, and how many rows it rests on.

    A day without rows has a value of NaN and a weight of 0.
    """

    values: Floats
    variances: Floats
    weights: Floats


@dataclass(frozen=True)
class Terms:
    """By series, in its own unit: the smallest change that matters, the amplitude of a season that is none, and whether
    it is a level, of which slopes are looked for."""

    floors: Floats
    seasons: Floats
    is_level: NDArray[np.bool_]


@dataclass(frozen=True)
class Spans:
    """In days: the window, and the reference at the start of the series. ``evidence``: standard errors it takes."""

    window: int = 7
    reference: int = 28
    evidence: float = 5.0


@dataclass(frozen=True)
class Verdicts:
    """Windows x series. ``ends``: the day after each window. ``since``: the end of the window a change was first seen
    in, -1 where there is none; ``by_slope``: that a slope told it, not a step."""

    ends: NDArray[np.int64]
    change: Floats
    limit: Floats
    error: Floats
    baseline: Floats
    slope_change: Floats
    slope_limit: Floats
    since: NDArray[np.int64]
    by_slope: NDArray[np.bool_]

    @property
    def moved(self) -> NDArray[np.bool_]:
        return self.since >= 0


@dataclass(frozen=True)
class _Contrast:
    change: Floats
    limit: Floats
    error: Floats
    baseline: Floats

    @property
    def is_over(self) -> NDArray[np.bool_]:
        return np.asarray(np.abs(self.change) > self.limit)


def judge(days: Days, terms: Terms, spans: Spans, ends: Sequence[int] | None = None) -> Verdicts:
    """Judge every window that ends at one of ``ends`` (default: each day from the first whole window after the
    reference). What has moved stays so until the series is back within the smallest change that matters."""
    total, width = days.values.shape
    told = list(range(spans.reference + spans.window, total + 1)) if ends is None else list(ends)
    noise = learn(days.values, days.variances, days.weights, spans.reference)
    since = np.full(width, -1)
    held = np.zeros(width, dtype=np.int64)  # where the baseline of a series that moved ends
    before = np.zeros(width)  # the sign of what was over the limit in the window before
    by_slope = np.zeros(width, dtype=bool)
    level_from = np.full(
        width, -2 * slope.DAYS
    )  # when a series that had moved was back: on its way it looked like a slope
    kept: list[tuple[Any, ...]] = []
    for end in told:
        known = noise.before(max(spans.reference, end - 2 * spans.window))
        # While it has moved, and until the weeks behind are free of that, it is held against what came before.
        is_held = (since >= 0) | (end - level_from < WEEK * _LEAST_WEEKS + 2 * max(spans.window, WEEK))
        moving = np.where(is_held, held, max(spans.reference, end - 2 * max(spans.window, WEEK)))
        found = _contrast(days, terms, spans, known, end, spans.window, moving)
        over = found.is_over
        if spans.window < WEEK:  # a short window counts where the one before says the same, or the week does
            sign = np.where(over, np.sign(found.change), 0.0)
            over, before = (sign != 0) & (sign == before), sign
            if end >= spans.reference + WEEK:
                week = _contrast(days, terms, spans, known, end, WEEK, moving)
                found = _chosen(week.is_over & ~over, week, found)
                over = over | week.is_over
        by_first = np.zeros(width, dtype=bool)
        if end - spans.window > spans.reference:
            first = _contrast(days, terms, spans, known, end, max(spans.window, WEEK), np.full(width, spans.reference))
            by_first = first.is_over & ~over & (since < 0)
            found = _chosen(by_first | np.isinf(found.limit), first, found)
            over = over | first.is_over
        accepted = noise.before(max(spans.reference, end - slope.DAYS))
        steep = slope.seen(days, terms, accepted, known, end, spans.evidence)
        over_slope = (np.abs(steep.change) > steep.limit) & (end - level_from >= 2 * slope.DAYS)
        is_back = (since >= 0) & ~over & ~(over_slope & by_slope) & ~(np.abs(found.change) > terms.floors)
        level_from = np.where(is_back, end, level_from)
        is_new = (since < 0) & (over | over_slope)
        by_slope = np.where(is_new, over_slope & ~over, by_slope) & ~is_back
        ends_at = np.where(by_first, spans.reference, _baseline_end(spans, end, over_slope & ~over))
        held = np.where(is_new, ends_at, held)
        since = np.where(is_new, end, np.where(is_back, -1, since))
        kept.append((found, steep, since.copy(), by_slope.copy()))
    return Verdicts(
        ends=np.asarray(told, dtype=np.int64),
        change=_stack([found.change for found, *_ in kept], width),
        limit=_stack([found.limit for found, *_ in kept], width),
        error=_stack([found.error for found, *_ in kept], width),
        baseline=_stack([found.baseline for found, *_ in kept], width),
        slope_change=_stack([steep.change for _, steep, *_ in kept], width),
        slope_limit=_stack([steep.limit for _, steep, *_ in kept], width),
        since=np.asarray([row[2] for row in kept]).reshape(len(kept), width),
        by_slope=np.asarray([row[3] for row in kept], dtype=bool).reshape(len(kept), width),
    )


def _stack(rows: list[Floats], width: int) -> Floats:
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), width)


def _baseline_end(spans: Spans, end: int, is_slope: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where the days end that a change is held against: before its first windows, or before the slope began."""
    step = max(spans.reference, end - 2 * max(spans.window, WEEK))
    return np.where(is_slope, max(spans.reference, end - slope.DAYS), step)


def _chosen(take: NDArray[np.bool_], one: _Contrast, other: _Contrast) -> _Contrast:
    return _Contrast(
        np.where(take, one.change, other.change),
        np.where(take, one.limit, other.limit),
        np.where(take, one.error, other.error),
        np.where(take, one.baseline, other.baseline),
    )


def _contrast(
    days: Days, terms: Terms, spans: Spans, noise: Noise, end: int, length: int, baseline_ends: NDArray[np.int64]
) -> _Contrast:
    """The last ``length`` days before ``end`` against the same weekdays of the weeks up to each baseline's end."""
    series = np.arange(days.values.shape[1])
    window = np.arange(end - length, end)
    weeks = max(_LEAST_WEEKS, round(spans.reference / WEEK))
    last = np.minimum(baseline_ends, end - length)[:, None] - 1
    newest = last - (last - window[None, :]) % WEEK
    places = newest[:, :, None] - WEEK * np.arange(weeks)
    weights = np.where(places >= 0, days.weights[np.maximum(places, 0), series[:, None, None]], 0.0)
    values = days.values[np.maximum(places, 0), series[:, None, None]]
    variances = days.variances[np.maximum(places, 0), series[:, None, None]]
    total = weights.sum(axis=2)
    safe = np.where(total > 0, total, 1.0)
    base = np.where(weights > 0, weights * values, 0.0).sum(axis=2) / safe
    base_variance = np.where(weights > 0, weights**2 * variances, 0.0).sum(axis=2) / safe**2
    own = np.where(total > 0, days.weights[window].T, 0.0)
    share = own / np.maximum(own.sum(axis=1, keepdims=True), 1e-300)
    value, variance = days.values[window].T, days.variances[window].T
    change = np.where(share > 0, share * (value - base), 0.0).sum(axis=1)
    sampled = np.where(share > 0, share**2 * (variance + base_variance), 0.0).sum(axis=1)
    is_told = own.sum(axis=1) > 0
    error = np.sqrt(sampled + noise.of_window(length) + noise.of_baseline(length, weeks))
    lag = end - length / 2 - (last[:, 0] + 1 - WEEK * weeks / 2)
    season = 2 * terms.seasons * np.sin(np.pi * np.clip(lag, 0, YEAR / 2) / YEAR)
    limit = np.maximum(terms.floors + SURE_OF_SIZE * error, season + spans.evidence * noise.tails * error)
    middle = np.where(share > 0, share * base, 0.0).sum(axis=1)
    return _Contrast(np.where(is_told, change, 0.0), np.where(is_told, limit, np.inf), error, middle)
