"""When one way of serving a model has paid for itself against another: both on the same draws of the same traffic.

Pure: arrays of cost by draw and month in, figures out. A month counts from 1; "pays" means that what was spent so far
is no more than the other way would have cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PACE_MONTHS = 3
"""The last months of the horizon, whose pace is taken to go on where a question reaches beyond it."""


@dataclass(frozen=True)
class BreakEven:
    """One way against another, over the horizon of both.

    ``month_p10``, ``month_p50``, ``month_p90``: by when it has paid, in a tenth, half and nine tenths of the draws;
    None where fewer draws pay within the horizon. ``pays_within``: the share of draws in which it has paid by the end
    of the horizon. ``pays_ever``: or would, were the pace of the last three months to go on. ``saving_*``: what it
    saves over the horizon, in the currency of the costs; less than nothing where it costs more.
    """

    month_p10: int | None
    month_p50: int | None
    month_p90: int | None
    pays_within: float
    pays_ever: float
    saving_mean: float
    saving_p10: float
    saving_p50: float
    saving_p90: float


def break_even(cost: Floats, against: Floats) -> BreakEven:
    """Hold ``cost`` against ``against``, each [draws, months] on the same draws.

    Raises:
        ValueError: they differ in shape, or hold no month.
    """
    import numpy as np

    if cost.shape != against.shape or cost.ndim != 2 or not cost.size:
        raise ValueError(f"costs of {cost.shape} and {against.shape} can't be held against each other")
    saved = np.cumsum(against - cost, axis=1)
    months = paid_from(saved)
    pace = (against - cost)[:, -PACE_MONTHS:].mean(axis=1)
    by_p10, by_p50, by_p90 = (_month_by(months, share, cost.shape[1]) for share in (0.1, 0.5, 0.9))
    p10, p50, p90 = np.quantile(saved[:, -1], (0.1, 0.5, 0.9))
    return BreakEven(
        month_p10=by_p10,
        month_p50=by_p50,
        month_p90=by_p90,
        pays_within=float((saved[:, -1] >= 0).mean()),
        pays_ever=float(((saved[:, -1] >= 0) | (pace > 0)).mean()),
        saving_mean=float(saved[:, -1].mean()),
        saving_p10=float(p10),
        saving_p50=float(p50),
        saving_p90=float(p90),
    )


def paid_from(saved: Floats) -> NDArray[np.int64]:
    """By draw, the month from which on what is saved so far is never below nothing; months + 1 where it is at the end.

    ``saved``: the saving up to each month, [draws, months].
    """
    import numpy as np

    short = saved < 0
    last_short = np.where(short.any(axis=1), saved.shape[1] - np.argmax(short[:, ::-1], axis=1), 0)
    return np.asarray(last_short + 1)


def _month_by(months: NDArray[np.int64], share: float, horizon: int) -> int | None:
    """The month by which so large a share of the draws has paid."""
    import numpy as np

    month = int(np.quantile(months, share, method="inverted_cdf"))
    return month if month <= horizon else None
