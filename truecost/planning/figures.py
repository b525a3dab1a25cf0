"""Figures that are not certain: what each may be, as a function of a standard normal score.

Scores carry what figures have in common (``causes``); here each becomes a value. A figure's own quantiles are met
exactly where its range is not widened.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Z90 = 1.2815515655446004
"""The standard normal's 90th percentile."""


@dataclass(frozen=True)
class Known:
    """A certain figure."""

    value: Decimal

    @property
    def is_certain(self) -> bool:
        return True


@dataclass(frozen=True)
class Likely:
    """Low, likely and high as people mean them: the 10th, 50th and 90th percentile.

    Below and above the middle its logarithm is normal, each side with its own spread; a low of 0 makes the lower side
    normal instead, cut off at 0.
    """

    low: float
    likely: float
    high: float

    @property
    def is_certain(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class Bounds:
    """Hard limits: triangular from low to high, with its mode at likely; it is never widened."""

    low: float
    likely: float
    high: float

    @property
    def is_certain(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class LogNormal:
    """Log-normal with this mean and standard deviation; it is as wide as it says."""

    mean: float
    sd: float

    @property
    def is_certain(self) -> bool:
        return self.sd == 0


@dataclass(frozen=True)
class Normal:
    """Normal with this mean and standard deviation, cut off at 0; it is as wide as it says."""

    mean: float
    sd: float

    @property
    def is_certain(self) -> bool:
        return self.sd == 0


@dataclass(frozen=True)
class Uniform:
    """Anything from low to high, all alike."""

    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True)
class Rest:
    """What a share leaves of 1; it falls as the share rises."""

    share: Known | Likely

    @property
    def is_certain(self) -> bool:
        return self.share.is_certain


@dataclass(frozen=True)
class Beyond:
    """A figure less one, and 0 at the least: the runs that came before the last."""

    count: Known | Likely | Bounds | LogNormal | Normal | Uniform

    @property
    def is_certain(self) -> bool:
        return self.count.is_certain


Figure = Known | Likely | Bounds | LogNormal | Normal | Uniform | Rest | Beyond


def middle(figure: Figure) -> Fraction:
    """The one value of a certain figure; of any other, that which its middle score gives."""
    match figure:
        case Known(value):
            return Fraction(value)
        case Likely(likely=likely):
            return Fraction(likely)
        case LogNormal(mean, sd):
            return Fraction(mean / (1 + (sd / mean) ** 2) ** 0.5) if mean else Fraction()
        case Normal(mean):
            return Fraction(mean)
        case Uniform(low, high):
            return (Fraction(low) + Fraction(high)) / 2
        case Rest(share):
            return 1 - middle(share)
        case Beyond(count):
            return max(middle(count) - 1, Fraction())
        case Bounds():
            import numpy as np

            return Fraction(float(values(figure, np.zeros(1), 1.0)[0]))


def values(figure: Figure, scores: Floats, widen: float) -> Floats:
    """The figure at each score, of any shape; ``widen`` stretches what people gave as low, likely and high."""
    import numpy as np

    match figure:
        case Known(value):
            return np.full(scores.shape, float(value))
        case Likely(low, likely, high):
            return _split_log_normal(low, likely, high, scores, widen / Z90)
        case LogNormal(mean, sd):
            if not mean:
                return np.zeros(scores.shape)
            sigma = np.sqrt(np.log1p((sd / mean) ** 2))
            return np.asarray(mean * np.exp(sigma * scores - sigma**2 / 2))
        case Normal(mean, sd):
            return np.maximum(mean + sd * scores, 0.0)
        case Uniform(low, high):
            return low + (high - low) * _probabilities(scores)
        case Bounds():
            return _triangular(figure, _probabilities(scores))
        case Rest(share):
            return np.maximum(1 - values(share, scores, widen), 0.0)
        case Beyond(count):
            return np.maximum(values(count, scores, widen) - 1, 0.0)


def _split_log_normal(low: float, likely: float, high: float, scores: Floats, scale: float) -> Floats:
    """A score of -1 / ``scale`` gives low, 0 likely, 1 / ``scale`` high."""
    import numpy as np

    if likely == 0:  # a logarithm has no 0: what is above it is then half a normal
        return np.maximum(scores * scale, 0.0) * high
    above = float(np.log(high / likely)) * scale
    if low == 0:
        falling = np.maximum(likely * (1 + scale * scores), 0.0)
        return np.where(scores > 0, likely * np.exp(above * scores), falling)
    found: Floats = np.where(scores > 0, above, float(np.log(likely / low)) * scale)
    found *= scores
    np.exp(found, out=found)
    found *= likely
    return found


def _triangular(figure: Bounds, probabilities: Floats) -> Floats:
    import numpy as np

    low, likely, high = figure.low, figure.likely, figure.high
    width = high - low
    rising = low + np.sqrt(probabilities * width * (likely - low))
    falling = high - np.sqrt((1 - probabilities) * width * (high - likely))
    return np.where(probabilities * width < likely - low, rising, falling)


def _probabilities(scores: Floats) -> Floats:
    import numpy as np
    from scipy.special import ndtr

    return np.asarray(ndtr(scores))
