"""What of a drift is weighty, so that it asks for a re-evaluation: pure functions over the rows of a model's newest
window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from truecost.store.rows import Row

ESTIMATE = "estimated_quality"
_IN_SHARES = ("share", "missing", "unseen", "new_words")


@dataclass(frozen=True)
class Weights:
    """From when on a drift is weighty. ``error_cost`` prices an estimated loss of quality, at ``calls_a_day`` over
    ``horizon``; ``changes`` are what is known to have changed, as (day, what) in words."""

    size: float = 2.0
    persists: timedelta = timedelta(days=14)
    error_cost: Decimal | None = None
    calls_a_day: float | None = None
    currency: str = ""
    horizon: timedelta = timedelta(days=90)
    changes: tuple[str, ...] = ()


def reasons(whole: Row, moved: Sequence[Row], weights: Weights) -> Iterator[str]:
    """Why what moved asks for a re-evaluation; nothing where it does not."""
    if whole["drifted"]:
        yield f"{100 * whole['value']:.0f} % of the columns moved"
    for row in moved:
        if row["method"] == ESTIMATE:
            yield _estimate(row, weights)
        elif is_large(row, weights):
            yield f"{row['feature']} moved by {_times(row):.1f} times the smallest change that matters"
        elif row.get("since") and row["window_end"] - row["since"] >= weights.persists:
            yield f"{row['feature']} has moved since {row['since'] - timedelta(days=1):%Y-%m-%d}"


def is_large(row: Row, weights: Weights) -> bool:
    """Whether it moved by several times the smallest change that matters; a column that is gone did."""
    return bool(row["method"] == "absent" or _times(row) >= weights.size)


def _times(row: Row) -> float:
    change, smallest = row.get("change"), row.get("smallest")
    return abs(change / smallest) if change is not None and smallest else 0.0


def _estimate(row: Row, weights: Weights) -> str:
    said = f"by the {row['feature']} logged, {100 * row['value']:.1f} points of answers fewer are right (an estimate)"
    if weights.error_cost is None or weights.calls_a_day is None:
        return said
    wrong = Decimal(repr(row["value"])) * Decimal(repr(weights.calls_a_day))
    cost = wrong * weights.error_cost * Decimal(weights.horizon.days)
    return f"{said}: {weights.currency} {cost:,.2f} over {weights.horizon.days} days"


def in_words(row: Row) -> str:
    """What a column did, in its own terms, with the limit."""
    change, method = row.get("change"), row["method"]
    if method == "absent":
        return f"{row['feature']} ({row.get('detail') or 'absent'})"
    if change is None:
        return f"{row['feature']} ({method} {row['value']:.2f}, limit {row['threshold']:.2f})"
    if method == ESTIMATE:
        return f"{row['feature']} (estimated quality {-100 * row['value']:+.1f} points)"
    of = f" {row['detail']}" if row.get("detail") else ""
    if method in _IN_SHARES:
        what = {"share": "share of", "missing": "missing", "unseen": "new values, most of them"}.get(method)
        told = f"{what}{of} " if what else ""
        return f"{row['feature']} ({told}{100 * change:+.1f} points)"
    in_terms = {"level": "middle", "spread": "spread", "slope": "middle, over eight weeks,"}.get(method, method)
    return f"{row['feature']} ({in_terms} {100 * change:+.1f} %)"
