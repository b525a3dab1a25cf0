"""A model's own history as worlds to replay: its scores tell where the world went, its log the traffic, its ledger the
price.

The world is taken to move along one line: a model has lost as far as the world has gone since it was trained. Between
two scores it goes straight. What the scores would have said of other models is drawn anew, with their errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from statistics import median

import numpy as np

from truecost.books.session import Session
from truecost.decisions.pricing import Scored, history_of, retraining_of, worth_of
from truecost.decisions.rivalry import Tried, try_all
from truecost.decisions.worlds import Floats, World
from truecost.errors import TruecostError
from truecost.store.sql import query

STEP_DAYS = 7
_DRAWS = 8
_SEED = 0
_DAY = 86400.0


@dataclass(frozen=True)
class Backtest:
    """What each policy would have cost a model from ``since`` on, in ``currency``, over ``weeks``."""

    model_id: str
    feature: str
    currency: str
    since: datetime
    weeks: int
    scores: int
    price: float
    price_is_at_least: bool
    tried: list[Tried]


def backtest(session: Session, model_id: str) -> Backtest:
    """Replay the model's history under every policy.

    Raises:
        TruecostError: the history lacks what a replay needs; it says what.
    """
    feature, history = _longest(session, model_id)
    worth, lacking = worth_of(session, model_id, feature)
    price, _, unknown = retraining_of(session, model_id)
    missing = [*lacking, *(unknown if price is None else ())]
    errors = [item.score_error for item in history if item.score_error]
    if not errors:
        missing.append(f"the scores of {feature} state no error")
    if worth is None or price is None or missing:
        raise TruecostError(f"{model_id} can't be replayed: {'; '.join(missing)}")
    since = history[0].baseline_at
    now = session.clock.now().astimezone(UTC).replace(tzinfo=None)
    weeks = max(2, ceil((now - since).total_seconds() / _DAY / STEP_DAYS))
    calls = _calls(session, model_id, since, weeks)
    delay = max(1, round(session.workspace.config.decisions.retrain_delay.total_seconds() / _DAY / STEP_DAYS))
    worlds = worlds_of(history, calls * worth, float(price), delay, median(errors), since)
    currency = session.workspace.config.workspace.reporting_currency
    return Backtest(
        model_id, feature, currency, since, weeks, len(history), float(price), bool(unknown), try_all(worlds)
    )


def worlds_of(
    history: Sequence[Scored], value: Floats, price: float, delay: int, error: float, since: datetime
) -> list[World]:
    """Worlds that went where the history says, each with other draws of the scores' errors."""
    weeks = len(value)
    place = _path(history, weeks, since)
    errors = np.full(weeks, np.nan)
    for item in history:
        errors[min(weeks - 1, _week(item.evaluated_at, since))] = item.score_error or error
    draw = np.random.default_rng(_SEED)
    return [
        World(
            loss=np.abs(place[None, :] - place[:, None]),
            value=value,
            price=price,
            delay=delay,
            error=errors,
            noise=draw.standard_normal(weeks),
            luck=error * draw.standard_normal(weeks),
            luck_error=error,
            days=float(STEP_DAYS),
        )
        for _ in range(_DRAWS)
    ]


def _path(history: Sequence[Scored], weeks: int, since: datetime) -> Floats:
    """Where the world was in each week, from where it was when the first model was accepted."""
    days, places = [0.0], [0.0]
    for item in history:
        begun = float(np.interp(_days(item.baseline_at, since), days, places))
        days.append(_days(item.evaluated_at, since))
        places.append(begun + max(0.0, item.fall))
    found: Floats = np.interp(np.arange(weeks) * STEP_DAYS, days, places)
    return found


def _longest(session: Session, model_id: str) -> tuple[str, list[Scored]]:
    """The score with the longest history; of those, the one that fell furthest."""
    features = [name for (name,) in session.con.execute(query("decisions/features"), {"model": model_id}).fetchall()]
    histories = [(feature, history_of(session, model_id, feature)) for feature in features]
    if not any(history for _, history in histories):
        raise TruecostError(f"{model_id} has no score that has an earlier one to be held against: there is no history")
    return max(histories, key=lambda found: (len(found[1]), max((one.fall for one in found[1]), default=0.0)))


def _calls(session: Session, model_id: str, since: datetime, weeks: int) -> Floats:
    """Calls by week; a week that the log says nothing of is taken for an average one."""
    asked = {"model": model_id, "since": since, "days": STEP_DAYS, "day": session.clock.today()}
    known = dict(session.con.execute(query("decisions/traffic_by_week"), asked).fetchall())
    if not known:
        raise TruecostError(f"{model_id} can't be replayed: no request log speaks of it, so its traffic is not known")
    usual = sum(known.values()) / len(known)
    return np.array([known.get(week, usual) for week in range(weeks)], dtype=float)


def _week(moment: datetime, since: datetime) -> int:
    return int(_days(moment, since) // STEP_DAYS)


def _days(moment: datetime, since: datetime) -> float:
    return (moment - since).total_seconds() / _DAY
