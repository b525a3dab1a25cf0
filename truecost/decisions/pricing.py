"""What staying and retraining cost by the records, and what all scores since the baseline come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from truecost.alerts.staleness import falls, traffic, worth_of_all
from truecost.books.gaps import tell_day
from truecost.books.session import Session
from truecost.decisions.breakeven import Stakes, told
from truecost.decisions.policy import Price, Score
from truecost.store.sql import query

if TYPE_CHECKING:
    from truecost.decisions.weighing import Weighed

_CENT = Decimal("0.01")
_DAY = 86400.0
_DRIFTED = 5.0  # how many times as likely as usual a move is where production has drifted


class Scored(NamedTuple):
    """A score of the history: its fall below the baseline it is held against, and the errors of both."""

    evaluated_at: datetime
    baseline_at: datetime
    fall: float
    score_error: float | None
    baseline_error: float | None


@dataclass(frozen=True)
class Priced:
    """The price of both ways, and what follows from it where both are known."""

    price: Price
    stakes: Stakes | None = None
    weighed: Weighed | None = None
    beside: tuple[str, ...] = ()


def priced(session: Session, model_id: str, scores: Sequence[Score], gain: float, drifted: bool = False) -> Priced:
    """Price what the furthest fallen score of a model costs against its retraining.

    Args:
        gain: the share of a fall that a retraining is expected to win back, from the outcomes of those before.
        drifted: whether production has drifted: a fall is the likelier for it.
    """
    currency = session.workspace.config.workspace.reporting_currency
    fallen = max((item for item in scores if item.fall is not None), key=lambda item: item.fall or 0.0, default=None)
    retrain, why_retrain, lacking = retraining_of(session, model_id)
    if fallen is None or not fallen.fall or fallen.fall <= 0:
        return Priced(Price(currency, None, retrain, "", why_retrain))
    staying = _staying(session, model_id, fallen)
    missing = (*staying.missing, *lacking)
    is_at_least = not staying.missing and bool(lacking) and retrain is not None
    price = Price(currency, staying.cost, retrain, staying.reason, why_retrain, missing, is_at_least)
    if staying.cost is None or retrain is None:
        return Priced(price)
    history = history_of(session, model_id, fallen.feature)
    stakes = _stakes(session, fallen, history, staying, retrain, gain)
    weighed = _weighed(session, history, stakes, _DRIFTED if drifted else 1.0)
    found = (weighed.mended, weighed.pays) if weighed else (None, None)
    beside = told(stakes, currency, float(staying.worth), staying.what, *found)
    return Priced(price, stakes, weighed, (*beside, *_on_forecast(session, model_id, currency, retrain)))


class _Staying(NamedTuple):
    """What staying costs; ``worth`` is what ``what`` costs, ``a_unit`` what a whole unit of the score costs a day."""

    cost: Decimal | None
    reason: str
    missing: tuple[str, ...]
    a_unit: float = 0.0
    worth: Decimal = Decimal(0)
    what: str = ""


def _staying(session: Session, model_id: str, fallen: Score) -> _Staying:
    """fall × requests a day × what it costs a request to lose a whole unit × days of the horizon."""
    workspace = session.workspace
    model, fall = workspace.model(model_id), fallen.fall or 0.0
    worth, calls = worth_of_all(model, fallen.score, fall), traffic(session).get(model_id)
    missing = []
    if worth is None and model.error_cost is None:
        missing.append("what a wrong answer costs is not known: set `error_cost` or `value_per_point` under [[models]]")
    elif worth is None:
        missing.append(f"{fallen.feature} is no share of right answers: set `value_per_point` under [[models]]")
    if calls is None:
        days = max(1, workspace.config.drift.window.days)
        missing.append(f"no request log speaks of {model_id} in the last {days} days, so its traffic is not known")
    if worth is None or calls is None:
        return _Staying(None, "", tuple(missing))
    currency = workspace.config.workspace.reporting_currency
    horizon = Decimal(workspace.config.drift.horizon.total_seconds()) / 86400
    requests = Decimal(repr(calls))
    cost = (Decimal(repr(fall)) * requests * worth * horizon).quantize(_CENT, ROUND_HALF_EVEN)
    if model.value_per_point is not None:
        points, what = worth / model.value_per_point, "a point a request"
        lost, shown = f"{fall * float(points):,.2f} points lost a request", model.value_per_point
    else:
        what, lost, shown = "a wrong answer", f"{fall:.3f} more wrong answers a request", worth
    shown_worth = f"{currency} {shown:,.2f}" if shown == shown.quantize(_CENT) else f"{currency} {shown.normalize():f}"
    factors = (lost, f"{calls:,.1f} requests a day", f"{shown_worth} {what}", f"{horizon:g} days")
    reason = f"staying as it is costs {currency} {cost:,}: {' × '.join(factors)}"
    return _Staying(cost, reason, (), float(worth) * calls, shown, what)


def worth_of(session: Session, model_id: str, feature: str) -> tuple[float | None, tuple[str, ...]]:
    """What it costs a call to lose a whole unit of a score, or what is missing to say so."""
    newest = {item.feature: item for item in falls(session).get(model_id, [])}
    model = session.workspace.model(model_id)
    worth = worth_of_all(model, newest[feature].score, newest[feature].fall) if feature in newest else None
    if worth is not None:
        return float(worth), ()
    return None, (f"what a point of {feature} is worth is not known: set `value_per_point` under [[models]]",)


def retraining_of(session: Session, model_id: str) -> tuple[Decimal | None, str, tuple[str, ...]]:
    """What a retraining costs, in words, and what is not known of it.

    As the last round that ended in a promotion did; for the first, as the plan says.
    """
    currency = session.workspace.config.workspace.reporting_currency
    tell_day(session.con)
    rounds = session.con.execute(query("decisions/retrain_cost"), {"model": model_id}).fetchall()
    for round_no, cost, unknown_count, completeness in rounds:
        if cost:
            amount = cost.quantize(_CENT, ROUND_HALF_EVEN)
            what = "the first build" if round_no == 0 else f"retraining {round_no}, the last one,"
            is_low = bool(unknown_count) or (completeness or "").startswith("incomplete")
            if not is_low:
                return amount, f"a retraining costs about {currency} {amount:,}: what {what} cost", ()
            lacks = (completeness or "").partition(": ")[2] or f"{unknown_count} charges without a price or a rate"
            reason = f"a retraining costs at least {currency} {amount:,}: what is known of what {what} cost"
            return amount, reason, (f"what {what.rstrip(',')} cost is not known in full: {lacks}",)
    if rounds:
        return None, "", ("nothing is known of what the last round cost: its runs have no cost",)
    planned = session.con.execute(query("decisions/planned_build"), {"model": model_id}).fetchall()[0][0]
    if planned:
        amount = planned.quantize(_CENT, ROUND_HALF_EVEN)
        return amount, f"a retraining costs about {currency} {amount:,}: what the plan says of building it", ()
    lacking = "what a retraining costs is not known: no run of the model was promoted, and no plan says what one costs"
    return None, "", (lacking,)


def history_of(session: Session, model_id: str, feature: str) -> list[Scored]:
    """The model's scores of a task and metric that have a baseline, oldest first."""
    rows = session.con.execute(query("decisions/history"), {"model": model_id, "feature": feature}).fetchall()
    found = [Scored(*row) for row in rows]
    accepted = {item.baseline_at for item in found}  # of the model that came next, not of the one in production
    return [item for item in found if item.evaluated_at not in accepted]


def _stakes(
    session: Session, fallen: Score, history: Sequence[Scored], staying: _Staying, retrain: Decimal, gain: float
) -> Stakes:
    drift, decisions = session.workspace.config.drift, session.workspace.config.decisions
    newest = history[-1] if history else None
    errors = (newest.score_error or 0.0, newest.baseline_error or 0.0) if newest else (0.0, 0.0)
    return Stakes(
        fall=fallen.fall or 0.0,
        error=sqrt(errors[0] ** 2 + errors[1] ** 2),
        unit_cost_a_day=staying.a_unit,
        retrain_cost=float(retrain),
        accumulated=_point_days(history, session.clock.now().replace(tzinfo=None)) * staying.a_unit,
        horizon=drift.horizon.total_seconds() / _DAY,
        delay=decisions.retrain_delay.total_seconds() / _DAY,
        gain=gain,
    )


def _point_days(history: Sequence[Scored], now: datetime) -> float:
    """Units lost × days since the newest baseline: falls joined by straight lines, the last one lasting until now."""
    if not history:
        return 0.0
    since = [item for item in history if item.baseline_at == history[-1].baseline_at]
    total, before, lost = 0.0, since[0].baseline_at, 0.0
    for item in since:
        fall = max(0.0, item.fall)
        total += (lost + fall) / 2 * (item.evaluated_at - before).total_seconds() / _DAY
        before, lost = item.evaluated_at, fall
    return total + lost * max(0.0, (now - before).total_seconds()) / _DAY


def _weighed(session: Session, history: Sequence[Scored], stakes: Stakes, hint: float) -> Weighed | None:
    """What all scores come to; None where their errors are not known."""
    from statistics import median

    from truecost.decisions.belief import Belief
    from truecost.decisions.weighing import Terms, weigh

    known = [item for item in history if item.score_error is not None and item.baseline_error is not None]
    errors = [item.score_error for item in known if item.score_error]
    if not errors:
        return None
    unit, start = median(errors), known[0].baseline_at
    belief: Belief | None = None
    baseline = start
    for item in known:
        error, accepted = item.score_error or unit, item.baseline_error or 0.0
        if belief is None:
            belief = Belief.fresh(unit, 0.0, accepted)
        elif item.baseline_at != baseline:
            belief = belief.at((item.baseline_at - start).total_seconds() / _DAY).retrained(accepted)
        baseline = item.baseline_at
        likelier = hint if item is known[-1] else 1.0
        belief = belief.at((item.evaluated_at - start).total_seconds() / _DAY, likelier).told(item.fall, error)
    assert belief is not None
    cadence = session.workspace.config.decisions.cooldown.total_seconds() / _DAY
    terms = Terms(
        price=stakes.retrain_cost,
        value=stakes.unit_cost_a_day,
        delay=stakes.delay,
        horizon=stakes.horizon,
        until_look=cadence,
        gain=stakes.gain,
    )
    return weigh(belief, terms)


def _on_forecast(session: Session, model_id: str, currency: str, retrain: Decimal) -> tuple[str, ...]:
    """What a retraining does to where the model's cost will end."""
    for p50, budget in session.con.execute(query("decisions/forecast"), {"model": model_id}).fetchall():
        if p50 is None or not budget:
            continue
        ends = p50 + retrain
        share = 100 * (ends - budget) / budget
        side = f"{abs(share):,.0f} % {'over' if share > 0 else 'under'} the budget of {budget:,.2f}"
        return (f"if you retrain, the forecast goes from {currency} {p50:,.2f} to {ends:,.2f}, {side}",)
    return ()
