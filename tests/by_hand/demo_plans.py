"""The demo's plans a second time: drawn and added up by another hand, as docs/plans.md says."""

from __future__ import annotations

import hashlib
import math
import tomllib
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from statistics import quantiles
from typing import Any

import numpy as np

Weights = Mapping[date, Fraction]  # month -> which part of it is meant


KINDS = ("quantity", "unit_cost")
BUILD = ("data_curation", "training", "failed_experiments", "evaluation")
NINE_TENTHS = 1.2815515655446004  # of a standard normal
DEFAULTS = {"widen": 1.1, "between": 0.25, "within": 0.65, "month_spread": 0.1, "month_memory": 0.9, "blow_up": 0.1}
DEFAULTS |= {"blow_up_least": 0.5, "retrain_rate": 0.25, "retrain_share": 0.5}
Numbers = Any  # an array of floats


class Projected:
    """A plan, drawn. Amounts in cents."""

    def __init__(self, text: str) -> None:
        self._plan = tomllib.loads(text, parse_float=str)
        self.months = _between(self._plan["first_month"], self._plan["last_month"])
        items = self._plan["items"]
        self.stages = list(dict.fromkeys(item["stage"] for item in items))
        self.budget = Decimal(self._plan.get("budget", 0))
        self._trials = int(self._plan.get("trials", 10_000))
        told = {key: float(value) for key, value in self._plan.get("uncertainty", {}).items()}
        self._how = DEFAULTS | told

    def _random(self, *names: str) -> Any:
        told = ":".join([str(self._plan.get("seed", 0)), *names])
        return np.random.Generator(np.random.PCG64(int(hashlib.sha256(told.encode()).hexdigest(), 16)))

    def _normal(self, *names: str) -> Numbers:
        return self._random(*names).standard_normal(self._trials)

    def _score(self, item: Mapping[str, Any], kind: str) -> Numbers:
        between, within = self._how["between"], self._how["within"]
        driver = item.get("driver", item["stage"])
        parts = {
            ("cause", "all"): 2 * between / 3,
            ("cause", "kind", kind): between / 3,
            ("cause", "driver", driver, kind): within - between,
            ("item", item["name"], kind): 1 - within,
        }
        return sum(math.sqrt(part) * self._normal(*names) for names, part in parts.items())

    def _drawn(self, item: Mapping[str, Any]) -> Numbers | Fraction:
        """What an item costs, trial by trial; one number where it is certain."""
        factors = [item.get("quantity", "1"), item["unit_cost"]]
        if not any(_is_open(factor) for factor in factors):
            first, second = (Fraction(str(f["likely"] if isinstance(f, dict) else f)) for f in factors)
            return first * second
        cost = np.ones(self._trials)
        for kind, factor in zip(KINDS, factors, strict=True):
            if not _is_open(factor):
                cost = cost * float(factor["likely"] if isinstance(factor, dict) else factor)
                continue
            low, likely, high = (float(factor[bound]) for bound in ("low", "likely", "high"))
            scores = self._score(item, kind) * self._how["widen"] / NINE_TENTHS
            cost = cost * np.where(scores > 0, likely * (high / likely) ** scores, likely * (likely / low) ** scores)
        return cost

    def mean(self, item: Mapping[str, Any]) -> Fraction:
        """What an item costs in the mean, before what else may happen."""
        cost = self._drawn(item)
        return cost if isinstance(cost, Fraction) else Fraction(math.fsum(cost.tolist())) / len(cost)

    def _shares(self, item: Mapping[str, Any]) -> dict[date, Fraction]:
        told = item.get("months", [self._plan["first_month"], self._plan["last_month"]])
        months = _between(*(told if isinstance(told, list) else [told, told]))
        if item.get("per") == "month":
            return dict.fromkeys(months, Fraction(1))
        return {month: Fraction(_days(month), sum(map(_days, months))) for month in months}

    @cached_property
    def _tables(self) -> tuple[dict[tuple[str, date], Fraction], dict[tuple[str, date], Numbers]]:
        """By stage and month: what is certain, and the trials of what is not."""
        certain: dict[tuple[str, date], Fraction] = {}
        drawn: dict[tuple[str, date], Numbers] = {}
        for item in sorted(self._plan["items"], key=lambda item: str(item["name"])):
            cost = self._drawn(item)
            for month, share in self._shares(item).items():
                place = item["stage"], month
                if isinstance(cost, Fraction):
                    certain[place] = certain.get(place, Fraction(0)) + cost * share
                else:
                    drawn[place] = drawn.get(place, 0) + cost * float(share)
        return certain, self._moved(drawn)

    def _moved(self, drawn: dict[tuple[str, date], Numbers]) -> dict[tuple[str, date], Numbers]:
        """With the months' levels, a build that blows up, and retrainings that nobody planned."""
        how, months = self._how, self.months
        parts = {"training": 1.0, "failed_experiments": 1.0, "data_curation": 0.5}
        build = sum(parts.get(stage, 0) * cost for (stage, _), cost in drawn.items())
        chance, size = self._random("event", "blow up").random((2, self._trials))
        grown = np.where(chance < how["blow_up"], 1 + how["blow_up_least"] / np.cbrt(1 - size), 1)
        walks = {name: self._walk(name) for name in ("all", "build", "run")}
        moved = {}
        for (stage, month), cost in drawn.items():
            walk = walks["all"] + walks["build" if stage in BUILD else "run"]
            level = np.exp(
                how["month_spread"] / math.sqrt(2) * walk[months.index(month)] - how["month_spread"] ** 2 / 2
            )
            moved[stage, month] = cost * level * (grown if stage in BUILD else 1)
        first = min((months.index(month) for stage, month in drawn if stage == "training"), default=len(months)) + 1
        if first < len(months):
            random, ahead = self._random("event", "retraining"), months[first:]
            number = random.poisson(how["retrain_rate"] / 12 * len(ahead) * self._trials)
            came = np.zeros(len(ahead) * self._trials)
            for place in random.integers(0, len(came), number):
                came[place] += 1
            for month, times in zip(ahead, came.reshape(len(ahead), self._trials), strict=True):
                held = moved.get(("maintenance", month), 0)
                moved["maintenance", month] = held + times * how["retrain_share"] * build
        return moved

    def _walk(self, name: str) -> list[Numbers]:
        steps = self._random("months", name).standard_normal((len(self.months), self._trials))
        memory, walk = self._how["month_memory"], [steps[0]]
        for step in steps[1:]:
            walk.append(memory * walk[-1] + math.sqrt(1 - memory**2) * step)
        return np.array(walk)

    def _sums(self, stage: str | None, weights: Weights) -> tuple[Fraction, Fraction, list[float]]:
        """What is certain, the mean, and the sorted trials of what is not."""
        certain = mean = Fraction(0)
        sums = np.zeros(self._trials)
        for (held, month), cost in self._tables[0].items():
            certain += cost * weights.get(month, 0) if stage in (None, held) else 0
        for (held, month), drawn in self._tables[1].items():
            if stage in (None, held):
                sums = sums + drawn * float(weights.get(month, 0))
                mean += Fraction(math.fsum(drawn.tolist())) / self._trials * weights.get(month, 0)
        return certain, certain + mean, sorted(sums.tolist())

    @cache  # noqa: B019 - a plan lives as long as the tests do
    def planned(self, stage: str | None, months: tuple[date, ...]) -> dict[str, Decimal]:
        """Mean, P10, P50 and P90 of a stage, or of all, in some months."""
        certain, mean, trials = self._sums(stage, dict.fromkeys(months, Fraction(1)))
        found = {"planned_mean": cents(mean)}
        for name, quantile in _quantiles(trials).items():
            found[f"planned_{name}"] = cents(certain + quantile)
        return found


@cache
def projected(text: str) -> Projected:
    """Plans are drawn once for all tests."""
    return Projected(text)


def cents(amount: Fraction) -> Decimal:
    """Half-even."""
    return Decimal(round(amount * 100)).scaleb(-2)


def _is_open(factor: Any) -> bool:
    return isinstance(factor, dict) and Decimal(str(factor["low"])) < Decimal(str(factor["high"]))


def _quantiles(trials: list[float]) -> dict[str, Fraction]:
    found = quantiles(trials, n=10, method="inclusive")
    return {f"p{10 * tenths}": Fraction(found[tenths - 1]) for tenths in (1, 5, 9)}


def _between(first: str, last: str) -> list[date]:
    start, end = (date.fromisoformat(f"{month}-01") for month in (first, last))
    count = 12 * (end.year - start.year) + end.month - start.month
    months = [start.month - 1 + number for number in range(count + 1)]
    return [date(start.year + month // 12, month % 12 + 1, 1) for month in months]


def _days(month: date) -> int:
    return monthrange(month.year, month.month)[1]
