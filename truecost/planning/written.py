"""Figures as a plan writes them -> figures as the engine draws them."""

from __future__ import annotations

from decimal import Decimal

from truecost.planning import figures
from truecost.planning.events import Spread
from truecost.workspace.plan_figures import Even, Named, Range, Uncertainty


def spread_of(told: Uncertainty) -> Spread:
    """What a plan says of how its figures hang together."""
    return Spread(**{name: float(getattr(told, name)) for name in Uncertainty.model_fields})


def figure_of(written: Range | Named | Even) -> figures.Figure:
    """A figure as it is written, as the engine draws it."""
    match written:
        case Range() if written.is_certain:
            return figures.Known(written.likely)
        case Range():
            kind = figures.Bounds if written.reading == "bounds" else figures.Likely
            return kind(float(written.low), float(written.likely), float(written.high))
        case Even():
            return (
                figures.Known(written.low)
                if written.is_certain
                else figures.Uniform(*_floats(written.low, written.high))
            )
        case Named() if written.is_certain:
            return figures.Known(written.mean)
        case Named():
            named = figures.LogNormal if written.distribution == "lognormal" else figures.Normal
            return named(*_floats(written.mean, written.sd))


def _floats(*amounts: Decimal) -> tuple[float, float]:
    first, second = map(float, amounts)
    return first, second
