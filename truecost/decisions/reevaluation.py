"""Re-evaluation: an alert asks whether the model is still good enough; evals answer, and a decision is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

from truecost.alerts.states import DRIFT, Reevaluation, evaluations_of_month, open_reevaluations, standings
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.decisions.evaluation import Evaluated, evaluate
from truecost.decisions.outcomes import PRIOR_GAIN, expected_gain
from truecost.decisions.policy import Decision, Evidence, Score, Verdict, decide
from truecost.decisions.pricing import Priced, priced
from truecost.store.journal import Event, Journal, Kind
from truecost.store.sql import query
from truecost.store.warehouse import connect
from truecost.workspace.config import ModelSection
from truecost.workspace.workspace import Workspace


@dataclass(frozen=True)
class Decided:
    """A decision as recorded."""

    model_id: str
    reevaluation_id: int
    decided_at: datetime
    verdict: Verdict
    reasons: tuple[str, ...]
    currency: str
    staleness_cost: Decimal | None
    retrain_cost: Decimal | None


def opened(workspace: Workspace, clock: Clock, model_id: str) -> Reevaluation:
    """The model's open re-evaluation; one is opened where there is none, because someone asked."""
    workspace.model(model_id)
    journal = Journal(workspace.journal)
    with connect(workspace.warehouse, workspace.wait):  # its lock keeps two from opening one each
        events = journal.events()
        if model_id not in open_reevaluations(events):
            events.append(journal.append("reevaluation", clock.now(), model_id, triggers=["asked"], alert_ids=[]))
        return open_reevaluations(events)[model_id]


def evaluated(workspace: Workspace, clock: Clock, reevaluation: Reevaluation) -> Evaluated:
    """Run the eval command and record how it ended; what a run that died has recorded is not run again."""
    journal = Journal(workspace.journal)
    events = journal.events()
    for event in _recorded(events, "evaluation", reevaluation):
        return Evaluated(**{name: value for name, value in event.data.items() if name != "reevaluation_id"})
    model = workspace.model(reevaluation.model_id)
    found = _over_budget(workspace, clock, events, model)
    found = found or evaluate(workspace, clock, model, reevaluation.reevaluation_id)
    told = asdict(found)
    journal.append("evaluation", clock.now(), model.id, reevaluation_id=reevaluation.reevaluation_id, **told)
    return found


def _over_budget(workspace: Workspace, clock: Clock, events: list[Event], model: ModelSection) -> Evaluated | None:
    """That this evaluation would cost more than is left of the month's budget, where it would."""
    budget = workspace.config.decisions.monthly_budget
    if budget is None or model.evaluation_cost is None:
        return None
    costs = {item.id: item.evaluation_cost or Decimal(0) for item in workspace.config.models}
    spent = sum((costs.get(ran, Decimal(0)) for ran in evaluations_of_month(events, clock.now())), Decimal(0))
    if spent + model.evaluation_cost <= budget:
        return None
    currency = workspace.config.workspace.reporting_currency
    reason = (
        f"evaluating {model.id} costs {currency} {model.evaluation_cost:,.2f}, and {spent:,.2f} of the month's "
        f"{budget:,.2f} is spent ([decisions] monthly_budget): raise it, or evaluate next month"
    )
    return Evaluated("over_budget", reason)


def decided(session: Session, reevaluation: Reevaluation, ended: Evaluated) -> Decided:
    """Weigh what is known by now, and record the decision; one that another run has recorded meanwhile stands."""
    workspace = session.workspace
    journal = Journal(workspace.journal)
    events = journal.events()
    for event in _recorded(events, "decision", reevaluation):
        return _as_recorded(event)
    evidence, found = _evidence(session, events, reevaluation, ended)
    decision = decide(evidence, workspace.config.drift.retrain_drop)
    return _as_recorded(_record(journal, session, reevaluation, evidence, decision, found))


def _recorded(events: list[Event], kind: Kind, reevaluation: Reevaluation) -> Iterator[Event]:
    """What the journal holds of that kind for a re-evaluation."""
    number = reevaluation.reevaluation_id
    return (event for event in events if event.kind == kind and event.data["reevaluation_id"] == number)


def _evidence(
    session: Session, events: list[Event], reevaluation: Reevaluation, ended: Evaluated
) -> tuple[Evidence, Priced]:
    since = datetime.combine(reevaluation.opened_at.date(), time())
    rows = session.con.execute(query("decisions/scores"), {"model": reevaluation.model_id, "since": since}).fetchall()
    scores = [Score(feature, score, fall, allowed) for feature, score, fall, allowed in rows]
    outcome, reason = ended.outcome, ended.reason
    if outcome == "scored" and not scores:
        outcome, reason = "no_score", f"the eval command left no score since {since:%Y-%m-%d}; see {ended.log}"
    alerts = {
        held.rule: held.message
        for held in standings(events).values()
        if held.model_id == reevaluation.model_id and held.state == "ALERT"
    }
    gain = expected_gain(events, reevaluation.model_id)
    found = priced(session, reevaluation.model_id, scores, gain, DRIFT in alerts)
    return Evidence(outcome, reason, found.price, scores, alerts, found.weighed, found.beside), found


def _record(
    journal: Journal,
    session: Session,
    reevaluation: Reevaluation,
    evidence: Evidence,
    decision: Decision,
    found: Priced,
) -> Event:
    price = evidence.price
    return journal.append(
        "decision",
        session.clock.now(),
        reevaluation.model_id,
        reevaluation_id=reevaluation.reevaluation_id,
        verdict=decision.verdict,
        reasons=list(decision.reasons),
        currency=price.currency,
        staleness_cost=None if price.staleness_cost is None else str(price.staleness_cost),
        retrain_cost=None if price.retrain_cost is None else str(price.retrain_cost),
        evaluation=evidence.outcome,
        is_told=True,
        retrain_cost_is_at_least=price.is_at_least,
        missing=list(price.missing),
        **_to_ask_again(session, reevaluation.model_id, found),
        **_predicted(evidence, found),
    )


def _to_ask_again(session: Session, model_id: str, found: Priced) -> dict[str, Any]:
    """When a hold is asked again: on a day, or once staleness costs more a day than its evidence lets it."""
    cadence = session.workspace.model(model_id).reevaluate_every or session.workspace.config.decisions.every
    ask_on = session.clock.today() + cadence
    stakes = found.stakes
    if stakes is None:
        return {"ask_again_on": ask_on.isoformat()}
    days = stakes.days_until_price
    if days is not None and days < cadence.days:
        cooldown = session.workspace.config.decisions.cooldown
        ask_on = session.clock.today() + max(cooldown, timedelta(days=ceil(days)))
    return {"ask_again_on": ask_on.isoformat(), "worst_a_day": stakes.worst_a_day, "accumulated": stakes.accumulated}


def _predicted(evidence: Evidence, found: Priced) -> dict[str, Any]:
    """What the outcome is held against: the score that fell, and what it is expected to be after a retraining."""
    judged = [item for item in evidence.scores if item.fall is not None]
    if not judged:
        return {}
    fallen = max(judged, key=lambda item: item.fall or 0.0)
    fall, gain = fallen.fall or 0.0, found.stakes.gain if found.stakes else PRIOR_GAIN
    told = {"feature": fallen.feature, "score": fallen.score, "fall": fall, "expected_fall_after": fall * (1 - gain)}
    if found.stakes is None:
        return told
    low, high = found.stakes.staying
    figures = {"staleness_low": low, "staleness_high": high, "a_day": found.stakes.a_day}
    more = {"break_even_days": found.stakes.break_even_days, "break_even_fall": found.stakes.break_even_fall}
    return {**told, **figures, **more, "break_even_price": found.stakes.break_even_price}


def _as_recorded(event: Event) -> Decided:
    staleness, retrain = event.data["staleness_cost"], event.data["retrain_cost"]
    return Decided(
        model_id=event.model_id,
        reevaluation_id=event.data["reevaluation_id"],
        decided_at=event.happened_at,
        verdict=event.data["verdict"],
        reasons=tuple(event.data["reasons"]),
        currency=event.data["currency"],
        staleness_cost=None if staleness is None else Decimal(staleness),
        retrain_cost=None if retrain is None else Decimal(retrain),
    )
