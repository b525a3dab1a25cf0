"""Every policy on the same world: what each would have cost. The tuned ones are the best that hindsight picks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from truecost.decisions.rivals import Alarm, Calendar, Cusum, Expected, Forecasting, Staleness
from truecost.decisions.worlds import Lived, Policy, World, foreseen, live

OWN, ORACLE = "truecost", "oracle"
_SLACKS, _LIMITS = (0.25, 0.5, 1.0, 2.0, 4.0), (2.0, 4.0, 8.0, 16.0, 32.0)
_SHARES = (0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0)  # of a retraining's price


@dataclass(frozen=True)
class Tried:
    """What a policy cost on average over the worlds, and how often it retrained; hindsight chose its ``setting``."""

    policy: str
    total: float
    staleness: float
    retrainings: float
    setting: str = ""


def try_all(worlds: Sequence[World]) -> list[Tried]:
    """Replay every policy on the worlds, which differ in what the scores say: the cheapest first, the oracle on top."""
    first = worlds[0]
    weeks = first.steps
    fixed: list[tuple[str, Iterable[tuple[str, Callable[[World], Policy]]]]] = [
        ("never", [("", lambda world: Calendar(None))]),
        ("best calendar", [(_each(k, first), _calendar(k)) for k in range(1, max(2, weeks))]),
        ("quarterly", [("", _calendar(max(1, round(91 / first.days))))]),
        ("monthly", [("", _calendar(max(1, round(30 / first.days))))]),
        ("alarm only", [("", lambda world: Alarm(2.0, world.luck_error))]),
        ("tuned CUSUM", [(f"slack {s:g}, limit {h:g}", _cusum(s, h)) for s in _SLACKS for h in _LIMITS]),
        ("CARA threshold", [(f"{share:.0%} of the price a step", _staleness(share / 4, False)) for share in _SHARES]),
        ("CARA cumulative", [(f"{share:.0%} of the price", _staleness(share, True)) for share in _SHARES]),
        ("UPF", [("", lambda world: Forecasting(world))]),
        (OWN, [("", lambda world: Expected(world))]),
    ]
    found = [_best(name, choices, worlds) for name, choices in fixed]
    oracle = _mean(ORACLE, "", [foreseen(world) for world in worlds])
    return [oracle, *sorted(found, key=lambda tried: tried.total)]


def _best(name: str, choices: Iterable[tuple[str, Callable[[World], Policy]]], worlds: Sequence[World]) -> Tried:
    tried = [_mean(name, setting, [live(world, make(world)) for world in worlds]) for setting, make in choices]
    return min(tried, key=lambda one: one.total)


def _mean(name: str, setting: str, lives: Sequence[Lived]) -> Tried:
    count = len(lives)
    total, staleness = sum(one.total for one in lives) / count, sum(one.staleness for one in lives) / count
    return Tried(name, total, staleness, float(np.mean([len(one.retrained) for one in lives])), setting)


def _each(steps: int, world: World) -> str:
    return f"each {steps * world.days:g} days"


def _calendar(every: int) -> Callable[[World], Policy]:
    return lambda world: Calendar(every)


def _cusum(slack: float, limit: float) -> Callable[[World], Policy]:
    return lambda world: Cusum(slack, limit, world.luck_error)


def _staleness(share: float, is_cumulative: bool) -> Callable[[World], Policy]:
    return lambda world: Staleness(world.value, share * world.price, is_cumulative)
