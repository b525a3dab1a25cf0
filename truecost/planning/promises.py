"""What a plan with a ``[lifecycle]`` promises beside its cost: when production begins, how much is asked and how long
the questions are, and how many answers are accepted.

``finance.promises`` holds what came against it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from truecost.planning.evidence import quality
from truecost.planning.lifecycle import shared_figures
from truecost.planning.projection import Trials
from truecost.planning.written import spread_of
from truecost.store.rows import Row

if TYPE_CHECKING:
    from truecost.planning.departure import Floats

_DRAWS = 2_000
_SHARES = (0.1, 0.5, 0.9)


def promises(model: str, trials: Trials) -> list[Row]:
    """Rows of ``outlook.promises``: low, middle and high are P10, P50 and P90; none for a plan without a lifecycle.

    Of the answers that are accepted only the middle is told: the share that `[decision]` gives the plan's approach.
    """
    plan, lifecycle = trials.plan, trials.plan.lifecycle
    if lifecycle is None or lifecycle.build_months >= len(plan.months):
        return []
    figures = shared_figures(lifecycle, plan.months, _DRAWS, plan.seed, spread_of(plan.uncertainty))
    answers = quality(lifecycle.approach, plan.decision)
    found = [_row(model, "production", plan.months[lifecycle.build_months])]
    for place, month in enumerate(plan.months):
        if place >= lifecycle.build_months:
            found.append(_row(model, "requests", month, *_percentiles(figures["requests"][:, place])))
            found.append(_row(model, "input_tokens", month, *_percentiles(figures["input_tokens"])))
            if answers is not None:
                found.append(_row(model, "accepted", month, None, answers.accepted))
    return found


def _row(
    model: str,
    promise: str,
    month: date,
    low: float | None = None,
    middle: float | None = None,
    high: float | None = None,
) -> Row:
    return {"model_id": model, "promise": promise, "month": month, "low": low, "middle": middle, "high": high}


def _percentiles(draws: Floats) -> list[float]:
    import numpy as np

    return [float(value) for value in np.quantile(draws, _SHARES)]
