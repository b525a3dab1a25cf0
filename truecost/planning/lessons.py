"""What the published books teach: finished rounds and past forecasts, read for the next plan and for the page."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING

from truecost.planning.approaches import settled
from truecost.planning.learned import Learned, Seen, learned
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace.lifecycle import Approach, Lifecycle
from truecost.workspace.plan_figures import Uncertainty

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Whose defaults the page tells of: the approaches that train on GPUs have these in common.
_APPROACH: Approach = "lora"


def read_seen(con: DuckDBPyConnection, views: Collection[str], today: date) -> Seen:
    """What a published file holds of finished rounds and past forecasts, as far as it has the ``views`` for it."""
    seen = Row()
    if "training_runs" in views:
        seen |= read_rows(con, query("planning/own_rounds"), {"today": today})[0]
    if "forecast_record" in views:
        seen |= read_rows(con, query("planning/own_forecasts"))[0]
    return Seen(**seen)


def lessons(seen: Seen) -> list[Learned]:
    """What the next plan will have in place of defaults."""
    return list(learned(seen, settled(Lifecycle(approach=_APPROACH), _APPROACH), Uncertainty()))
