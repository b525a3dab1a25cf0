"""What a plan with a ``[lifecycle]`` promises beside its cost: when production begins, how much is asked, and how long.

``finance.promises`` holds what came against it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from truecost.planning.lifecycle import shared_figures
from truecost.planning.projection import Trials
from truecost.planning.written import spread_of
from truecost.store.rows import Row

if TYPE_CHECKING:
    from truecost.planning.departure import Floats

_DRAWS = 2_000
_SHARES = (0.1, 0.5, 0.9)


def promises(model: str, trials: Trials) -> list[Row]:
    """Rows of ``outlook.promises``: low, middle and high are P10, P50 and P90; none for a plan without a lifecycle."""
    plan, lifecycle = trials.plan, trials.plan.lifecycle
    if lifecycle is None or lifecycle.build_months >= len(plan.months):
        return []
    figures = shared_figures(lifecycle, plan.months, _DRAWS, plan.seed, spread_of(plan.uncertainty))
    found = [_row(model, "production", plan.months[lifecycle.build_months], None)]
    for place, month in enumerate(plan.months):
        if place >= lifecycle.build_months:
            found.append(_row(model, "requests", month, figures["requests"][:, place]))
            found.append(_row(model, "input_tokens", month, figures["input_tokens"]))
    return found


def _row(model: str, promise: str, month: date, draws: Floats | None) -> Row:
    import numpy as np

    low, middle, high = (None, None, None) if draws is None else map(float, np.quantile(draws, _SHARES))
    return {"model_id": model, "promise": promise, "month": month, "low": low, "middle": middle, "high": high}
