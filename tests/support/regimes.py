"""Worlds with known truth, by regime: what a model trained at one step has lost at another. Nothing of truecost's own
hypotheses is used to write them: classifiers on moving Gaussian classes, whose accuracy is reckoned exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from math import erf

import numpy as np
from numpy.typing import NDArray

from truecost.decisions.worlds import World

Floats = NDArray[np.float64]
WEEKS = 130
REGIMES = ("none", "sudden", "gradual", "seasonal", "recurring")


def angles(regime: str, draw: np.random.Generator) -> Floats:
    """By week: the direction in which two classes lie apart, in radians."""
    weeks = np.arange(WEEKS)
    if regime == "none":
        return np.zeros(WEEKS)
    if regime == "sudden":
        found = np.zeros(WEEKS)
        for at in draw.choice(np.arange(8, 104), size=draw.integers(1, 4), replace=False):
            found[at:] += draw.choice((-1, 1)) * draw.uniform(0.45, 1.0)
        return found
    if regime == "gradual":
        pace = draw.uniform(0.5, 1.6) / 52
        return np.cumsum(np.maximum(0.0, draw.normal(pace, pace / 3, WEEKS)))
    if regime == "seasonal":
        return draw.uniform(0.3, 0.6) * np.sin(2 * np.pi * (weeks + draw.uniform(0, 52)) / 52)
    spell = draw.uniform(6, 30)
    return draw.uniform(0.45, 0.9) * ((weeks + draw.uniform(0, spell)) // spell % 2)


def accuracy(angle: Floats, apart: float = 1.5) -> Floats:
    """Of a linear classifier whose direction is off by ``angle`` from that in which the classes lie apart."""
    half: Callable[[Floats], Floats] = np.vectorize(lambda value: 0.5 * (1 + erf(value / np.sqrt(2))))
    return half(apart * np.cos(angle))


def world(regime: str, seed: int) -> World:
    """A life of two and a half years, scored each week."""
    draw = np.random.default_rng([REGIMES.index(regime), seed])
    place = angles(regime, draw)
    loss = accuracy(np.zeros(1)) - accuracy(place[None, :] - place[:, None])
    price = draw.uniform(8_000, 40_000)
    requests = draw.uniform(3_000, 30_000) * 7 * np.exp(draw.normal(0, 0.1, WEEKS))
    worth = draw.uniform(0.1, 0.5)
    error = draw.uniform(0.006, 0.014)
    return World(
        loss=loss,
        value=requests * worth,
        price=price,
        delay=int(draw.integers(1, 5)),
        error=np.full(WEEKS, error),
        noise=draw.standard_normal(WEEKS),
        luck=draw.normal(0, error, WEEKS),
        luck_error=error,
        days=7.0,
    )
