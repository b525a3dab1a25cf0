"""What a fallen score costs a day: points lost, times calls, times what a point is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from truecost.books.session import Session
from truecost.store.sql import query
from truecost.workspace.config import ModelSection


@dataclass(frozen=True)
class Falling:
    """The newest score of a task and metric, and how far it is below the deployed baseline, in the score's own unit."""

    feature: str
    score: float
    fall: float


def traffic(session: Session) -> dict[str, float]:
    """Calls a day of each model over ``[drift] window``; a model whose log is silent is not in it."""
    days = max(1, session.workspace.config.drift.window.days)
    asked = {"day": session.clock.today(), "days": days}
    return dict(session.con.execute(query("alerts/traffic"), asked).fetchall())


def falls(session: Session) -> dict[str, list[Falling]]:
    """By model: its newest scores that have a direction."""
    found: dict[str, list[Falling]] = {}
    day = datetime.combine(session.clock.today(), time())
    for model, feature, score, fall in session.con.execute(query("alerts/falls"), {"day": day}).fetchall():
        if fall is not None:
            found.setdefault(model, []).append(Falling(feature, score, fall))
    return found


def worth_of_all(model: ModelSection, score: float, fall: float) -> Decimal | None:
    """What it costs a call to lose 1 of the score's own unit; None where the model does not say, or it can't be told.

    An error cost is of answers that were right and no longer are, so it needs a score that is a share of them.
    """
    is_share = score >= 0 and max(score, score + fall, fall) <= 1
    if model.value_per_point is not None:
        return model.value_per_point * 100 if is_share else model.value_per_point
    return model.error_cost if is_share else None


def costs_a_day(session: Session) -> Mapping[str, float]:
    """By model: what its furthest fallen score costs a day now, in the reporting currency."""
    calls, models = traffic(session), {model.id: model for model in session.workspace.config.models}
    found: dict[str, float] = {}
    for model, fallen in falls(session).items():
        furthest = max(fallen, key=lambda one: one.fall)
        worth = worth_of_all(models[model], furthest.score, furthest.fall) if model in models else None
        if worth is not None and model in calls:
            found[model] = max(0.0, furthest.fall) * calls[model] * float(worth)
    return found
