"""What drift detection sees and what it leaves alone: the table of docs/drift.md.

    python benchmarks/drift_power.py [--seeds 10] [--years 5]

Days of requests are drawn as summaries, straight from the law that their rows would follow: a log-normal column's
mean of logarithms and their spread, a category's counts. Weeks, seasons, restless days and plantings are added to the
law.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truecost.drift.judge import Days, Spans, Terms, Verdicts, judge
from truecost.drift.terms import LEVEL, MISSING, SHARE, SPREAD, UNSEEN, Term, evidence_for, spread_variance

Floats = NDArray[np.float64]
YEAR = 364


@dataclass(frozen=True)
class Traffic:
    """A law of traffic: requests a day, and what varies. ``daily`` is the standard deviation of a day's level in
    logs."""

    a_day: int = 1000
    daily: float = 0.0
    memory: float = 0.0
    mixes: float = 0.0  # the concentration of a day's Dirichlet mix; 0: the mix stands still
    season: float = 0.0
    tails: bool = False
    weekly: bool = True


@dataclass(frozen=True)
class Planted:
    """A change from a day on: of which column, how much, and over how many days it comes."""

    column: str = ""
    size: float = 0.0
    day: int = 0
    over: int = 0

    def on(self, column: str, days: int) -> Floats:
        if column != self.column:
            return np.zeros(days)
        since = np.arange(days) - self.day
        return self.size * (np.clip((since + 1) / self.over, 0, 1) if self.over else (since >= 0).astype(float))


NUMBERS = {"input_tokens": 0.6, "output_tokens": 0.9, "latency_ms": 0.3, "score": 0.6}
MIXES = {
    "language": (0.7, 0.2, 0.09, 0.01),
    "intent": (0.3, 0.25, 0.2, 0.15, 0.1),
    "tier": (0.5, 0.5),
}
_WEEKEND = np.array([0, 0, 0, 0, 0, 1, 1])


def drawn(traffic: Traffic, days: int, seed: int, planted: Planted = Planted()) -> tuple[Days, list[tuple[str, Term]]]:
    """Days of one model's requests: the series, and which column and term each is."""
    draw = np.random.default_rng(seed)
    weekend = np.resize(np.roll(_WEEKEND, draw.integers(7)), days)
    phase = draw.uniform(0, 2 * np.pi)
    season = traffic.season * np.sin(2 * np.pi * np.arange(days) / 365.25 + phase)
    volume = traffic.a_day * (np.where(weekend == 1, 0.5, 1.2) if traffic.weekly else 1.0)
    counts = draw.poisson(np.maximum(volume * np.exp(0.1 * draw.standard_normal(days)), 1)).astype(float)
    series, names = [], []
    for column, spread in NUMBERS.items():
        missing = np.clip(planted.on(f"{column} missing", days), 0, 1)
        lost = draw.binomial(counts.astype(int), missing).astype(float)
        level = np.log1p(season) + 0.15 * weekend * traffic.weekly + _restless(draw, traffic, days)
        level = level + np.log1p(planted.on(column, days))
        series += list(_number(draw, counts - lost, level, spread, traffic.tails))
        series.append(_share(lost, counts))
        names += [(column, LEVEL), (column, SPREAD), (column, MISSING)]
    for column, shares in MIXES.items():
        for name, item in _mix(draw, traffic, column, np.asarray(shares), counts, weekend, planted):
            series.append(item)
            names.append((column, name))
    values, variances, weights = (np.stack(part, axis=1) for part in zip(*series, strict=True))
    return Days(values, variances, weights), names


def _restless(draw: np.random.Generator, traffic: Traffic, days: int) -> Floats:
    if not traffic.daily:
        return np.zeros(days)
    found = np.empty(days)
    found[0] = traffic.daily * draw.standard_normal()
    steps = traffic.daily * np.sqrt(1 - traffic.memory**2) * draw.standard_normal(days)
    for day in range(1, days):
        found[day] = traffic.memory * found[day - 1] + steps[day]
    return found


def _number(
    draw: np.random.Generator, counts: Floats, level: Floats, spread: float, tails: bool
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """The mean of the logarithms and the logarithm of their spread, day by day."""
    rows = np.maximum(counts, 1)
    if tails:  # logarithms of Student's t with 4 degrees of freedom: moments by the batch of their mixing variable
        mixing = draw.gamma(2.0, 0.5, size=len(rows))
        own = spread * np.sqrt(1 + (1 / np.maximum(mixing, 0.05) - 1) / np.sqrt(rows) * 0.2)
    else:
        own = np.full(len(rows), spread)
    yield _known(counts, level + own / np.sqrt(rows) * draw.standard_normal(len(rows)), spread**2 / rows)
    free = np.maximum(rows - 1, 1)
    told = np.log(own) + 0.5 * np.log(draw.chisquare(free) / free)
    yield _known(np.where(rows >= 5, counts, 0), told, spread_variance(rows))


def _known(counts: Floats, values: Floats, variances: Floats) -> tuple[Floats, Floats, Floats]:
    return np.where(counts > 0, values, np.nan), variances, counts


def _share(found: Floats, counts: Floats) -> tuple[Floats, Floats, Floats]:
    rows = np.maximum(counts, 1)
    smooth = (found + 0.5) / (rows + 1)
    return np.where(counts > 0, found / rows, np.nan), smooth * (1 - smooth) / rows, counts


def _mix(
    draw: np.random.Generator,
    traffic: Traffic,
    column: str,
    shares: Floats,
    counts: Floats,
    weekend: Floats,
    planted: Planted,
) -> Iterator[tuple[Term, tuple[Floats, Floats, Floats]]]:
    days = len(counts)
    law = np.tile(shares, (days, 1))
    if traffic.weekly:
        law[weekend == 1, 0] *= 0.85
        law /= law.sum(axis=1, keepdims=True)
    to_rare, to_second, to_new = (planted.on(f"{column} {where}", days) for where in ("rare", "second", "new"))
    law[:, 0] -= to_rare + to_second
    law[:, -1] += to_rare
    law[:, 1] += to_second
    law = np.concatenate([law * (1 - to_new[:, None]), to_new[:, None]], axis=1)
    if traffic.mixes:
        varied = draw.gamma(np.maximum(law * traffic.mixes, 1e-12))
        law = np.where(law > 0, varied, 0)
    law = np.clip(law, 0, None)
    found = draw.multinomial(counts.astype(int), law / law.sum(axis=1, keepdims=True)).astype(float)
    for place in range(len(shares)):
        yield SHARE, _share(found[:, place], counts)
    yield UNSEEN, _share(found[:, -1], counts)


def judged(models: list[tuple[Days, list[tuple[str, Term]]]], spans: Spans) -> Verdicts:
    """Several models judged in one pass: series of all of them side by side."""
    whole = Days(
        *(
            np.concatenate([getattr(days, part) for days, _ in models], axis=1)
            for part in ("values", "variances", "weights")
        )
    )
    terms = [term for _, names in models for _, term in names]
    reference = np.nanmean(whole.values[: spans.reference], axis=0)
    floors = np.array([term.smallest(float(level)) for term, level in zip(terms, reference, strict=True)])
    seasons = np.array([term.season(float(level)) for term, level in zip(terms, reference, strict=True)])
    own = replace(spans, evidence=evidence_for(len(models[0][1]), spans.window))
    return judge(whole, Terms(floors, seasons, np.array([term.kind == "level" for term in terms])), own)


def episodes(verdicts: Verdicts, models: int) -> tuple[int, int]:
    """Over all models: how many runs of windows with anything moved, and how many windows there were."""
    moved = verdicts.moved.reshape(len(verdicts.ends), models, -1).any(axis=2)
    starts = moved & ~np.vstack([np.zeros((1, models), bool), moved[:-1]])
    return int(starts.sum()), moved.size


QUIET: dict[str, Callable[[int], Traffic]] = {
    "weekly season": lambda n: Traffic(n),
    "days vary, AR(1) 0.10": lambda n: Traffic(n, daily=0.10, memory=0.5, mixes=200),
    "days vary, AR(1) 0.20": lambda n: Traffic(n, daily=0.20, memory=0.5, mixes=50),
    "days vary, AR(1) 0.10, long": lambda n: Traffic(n, daily=0.10, memory=0.8, mixes=200),
    "days vary, AR(1) 0.20, long": lambda n: Traffic(n, daily=0.20, memory=0.8, mixes=50),
    "heavy tails": lambda n: Traffic(n, tails=True, mixes=500),
    "season of 15 %": lambda n: Traffic(n, season=0.15),
    "season of 15 %, AR(1) 0.10": lambda n: Traffic(n, season=0.15, daily=0.10, memory=0.5, mixes=200),
}
SHIFTS: dict[str, tuple[Planted, tuple[int, ...]]] = {
    "median +20 %, sd of logs 0.3": (Planted("latency_ms", 0.2), (1000, 20000)),
    "median +20 %, sd of logs 0.6": (Planted("input_tokens", 0.2), (1000, 20000)),
    "median +20 %, sd of logs 0.9": (Planted("output_tokens", 0.2), (1000, 20000)),
    "10 points of a category": (Planted("language second", 0.10), (1000, 20000)),
    "5 points to a rare one": (Planted("language rare", 0.05), (20000,)),
    "20 % missing": (Planted("score missing", 0.20), (1000, 20000)),
    "a new category at 5 %": (Planted("language new", 0.05), (1000, 20000)),
    "slope +20 % in 8 weeks, 0.3": (Planted("latency_ms", 0.2, over=56), (1000, 20000)),
    "slope +20 % in 8 weeks, 0.6": (Planted("input_tokens", 0.2, over=56), (1000, 20000)),
    "slope +20 % in 8 weeks, 0.9": (Planted("output_tokens", 0.2, over=56), (1000, 20000)),
}


def false_alarms(traffic: Traffic, window: int, seed: int, years: int = 5) -> tuple[int, int]:
    """Episodes and windows of so many model-years without any change."""
    models = [drawn(traffic, YEAR + 28 + window - 1, 1000 * seed + number) for number in range(years)]
    return episodes(judged(models, Spans(window, 28)), years)


def found(traffic: Traffic, planted: Planted, window: int, seeds: int, day: int) -> int:
    """In how many seeds the column is told within two windows after the change, or before a slope ends."""
    until = day + (planted.over or 2 * window)
    planted = replace(planted, day=day)
    models = [drawn(traffic, until, 77 + number, planted) for number in range(seeds)]
    verdicts = judged(models, Spans(window, 28))
    after = verdicts.ends > day
    moved = verdicts.moved[after].any(axis=0).reshape(seeds, -1)
    column = planted.column.split()[0]
    own = np.array([name == column for name, _ in models[0][1]])
    return int(moved[:, own].any(axis=1).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    started = time.perf_counter()
    print("| no change | window | " + " | ".join(f"{n:,} a day" for n in (40, 100, 1000, 20000)) + " |")
    print("| --- | --- |" + " --- |" * 4)
    for name, law in QUIET.items():
        if options.only not in name:
            continue
        for window in (7, 1):
            told = []
            for a_day in (40, 100, 1000, 20000):
                runs = [false_alarms(law(a_day), window, seed, options.years) for seed in range(options.repeat)]
                told.append(" ".join(str(count) for count, _ in runs))
            print(f"| {name} | {window} d | " + " | ".join(told) + " |", flush=True)
    print()
    for name, (planted, volumes) in SHIFTS.items():
        told = [
            f"{n:,}: {found(Traffic(n), planted, 7, options.seeds, day)} ({day})"
            for n in volumes
            for day in (28 + 14, 28 + 100)
        ]
        print(f"| {name} | " + " | ".join(told) + " |", flush=True)
    print(f"{time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
