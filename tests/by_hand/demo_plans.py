"""The demo's plans a second time: drawn, added up and forecast in plain Python, as docs/plans.md says."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from random import Random
from statistics import quantiles
from typing import Any

Weights = Mapping[date, Fraction]  # month -> which part of it is meant


class Projected:
    """A plan, drawn. Amounts in cents."""

    def __init__(self, text: str) -> None:
        self._plan = tomllib.loads(text, parse_float=str)
        self.months = _between(self._plan["first_month"], self._plan["last_month"])
        self.stages = list(dict.fromkeys(item["stage"] for item in self._plan["items"]))
        self.budget = Decimal(self._plan["budget"])

    @cached_property
    def _costs(self) -> dict[str, list[float] | Fraction]:
        return {item["name"]: self._drawn(item) for item in self._plan["items"]}

    def _drawn(self, item: Mapping[str, Any]) -> list[float] | Fraction:
        """What an item costs, trial by trial; one number where it is certain."""
        factors = [item.get("quantity", "1"), item["unit_cost"]]
        if not any(isinstance(factor, dict) for factor in factors):
            return Fraction(str(factors[0])) * Fraction(str(factors[1]))
        trials = int(self._plan.get("trials", 10_000))
        drawn = []
        for name, factor in zip(("quantity", "unit_cost"), factors, strict=True):
            if isinstance(factor, dict):
                random = Random(f"{self._plan.get('seed', 0)}:{item['name']}:{name}")
                low, likely, high = (float(factor[bound]) for bound in ("low", "likely", "high"))
                drawn.append([random.triangular(low, high, likely) for _ in range(trials)])
            else:
                drawn.append([float(factor)] * trials)
        return [quantity * cost for quantity, cost in zip(*drawn, strict=True)]

    def _share(self, item: Mapping[str, Any], weights: Weights) -> Fraction:
        told = item.get("months", [self._plan["first_month"], self._plan["last_month"]])
        months = _between(*(told if isinstance(told, list) else [told, told]))
        if item.get("per") == "month":
            return sum((weights.get(month, Fraction(0)) for month in months), Fraction(0))
        days = sum(map(_days, months))
        return sum((weights.get(month, Fraction(0)) * _days(month) / days for month in months), Fraction(0))

    def _trials(self, stage: str | None, weights: Weights) -> tuple[Fraction, Fraction, list[float]]:
        """What is certain, the mean, and the sorted trials of what is not."""
        certain = mean = Fraction(0)
        sums: list[float] = []
        for item in sorted(self._plan["items"], key=lambda item: str(item["name"])):
            share = self._share(item, weights)
            if stage not in (None, item["stage"]) or not share:
                continue
            costs = self._costs[item["name"]]
            if isinstance(costs, Fraction):
                certain += costs * share
                mean += costs * share
                continue
            mean += self._mean(item["name"]) * share
            part = float(share)
            sums = [held + cost * part for held, cost in zip(sums or [0.0] * len(costs), costs, strict=True)]
        return certain, mean, sorted(sums)

    def _mean(self, name: str) -> Fraction:
        costs = self._costs[name]
        assert isinstance(costs, list)
        return sum(map(Fraction, costs), Fraction(0)) / len(costs)

    @cache  # noqa: B019 - a plan lives as long as the tests do
    def planned(self, stage: str | None, months: tuple[date, ...]) -> dict[str, Decimal]:
        """Mean, P10, P50 and P90 of a stage, or of all, in some months."""
        certain, mean, trials = self._trials(stage, dict.fromkeys(months, Fraction(1)))
        found = {"planned_mean": cents(mean)}
        for name, quantile in zip(("p10", "p50", "p90"), _quantiles(trials), strict=True):
            found[f"planned_{name}"] = cents(certain + quantile)
        return found

    def forecast(self, spent: Fraction, as_of: date) -> dict[str, Any]:
        """Where it will end: what is spent and what is still to come."""
        weights = {}
        for month in self.months:
            if month > as_of:
                weights[month] = Fraction(1)
            elif (month.year, month.month) == (as_of.year, as_of.month):
                weights[month] = 1 - Fraction(as_of.day, _days(month))
        certain, _, trials = self._trials(None, weights)
        found: dict[str, Any] = {"budget": self.budget}
        for name, quantile in zip(("p10", "p50", "p90"), _quantiles(trials), strict=True):
            found[f"estimate_at_completion_{name}"] = cents(spent + certain + quantile)
        limit = Fraction(self.budget) - spent - certain
        over = len(trials) - bisect_right(trials, limit)
        return {**found, "probability_over_budget": over / len(trials) if trials else float(limit < 0)}


@cache
def projected(text: str) -> Projected:
    """Plans are drawn once for all tests."""
    return Projected(text)


def cents(amount: Fraction) -> Decimal:
    """Half-even."""
    return Decimal(round(amount * 100)).scaleb(-2)


def _quantiles(trials: list[float]) -> list[Fraction]:
    if not trials:
        return [Fraction(0)] * 3
    found = quantiles(trials, n=10, method="inclusive")
    return [Fraction(found[place]) for place in (0, 4, 8)]


def _between(first: str, last: str) -> list[date]:
    start, end = (date.fromisoformat(f"{month}-01") for month in (first, last))
    count = 12 * (end.year - start.year) + end.month - start.month
    months = [start.month - 1 + number for number in range(count + 1)]
    return [date(start.year + month // 12, month % 12 + 1, 1) for month in months]


def _days(month: date) -> int:
    return monthrange(month.year, month.month)[1]
