"""Re-evaluation: an alert asks whether the model is still good enough; evals answer, and a decision is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from truecost.alerts.states import Reevaluation, open_reevaluations, standings
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.decisions.evaluation import Evaluated, evaluate
from truecost.decisions.policy import Decision, Evidence, Price, Score, Verdict, decide, worst_fall
from truecost.store.journal import Event, Journal, Kind
from truecost.store.sql import query
from truecost.store.warehouse import connect
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    pass

_CENT = Decimal("0.01")


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
    for event in _recorded(journal.events(), "evaluation", reevaluation):
        return Evaluated(**{name: value for name, value in event.data.items() if name != "reevaluation_id"})
    model = workspace.model(reevaluation.model_id)
    found = evaluate(workspace, clock, model, reevaluation.reevaluation_id)
    told = asdict(found)
    journal.append("evaluation", clock.now(), model.id, reevaluation_id=reevaluation.reevaluation_id, **told)
    return found


def decided(session: Session, reevaluation: Reevaluation, ended: Evaluated) -> Decided:
    """Weigh what is known by now, and record the decision; one that another run has recorded meanwhile stands."""
    workspace = session.workspace
    journal = Journal(workspace.journal)
    events = journal.events()
    for event in _recorded(events, "decision", reevaluation):
        return _as_recorded(event)
    evidence = _evidence(session, events, reevaluation, ended)
    decision = decide(evidence, workspace.config.drift.retrain_drop)
    return _as_recorded(_record(journal, session.clock, reevaluation, evidence, decision))


def _recorded(events: list[Event], kind: Kind, reevaluation: Reevaluation) -> Iterator[Event]:
    """What the journal holds of that kind for a re-evaluation."""
    number = reevaluation.reevaluation_id
    return (event for event in events if event.kind == kind and event.data["reevaluation_id"] == number)


def _evidence(session: Session, events: list[Event], reevaluation: Reevaluation, ended: Evaluated) -> Evidence:
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
    return Evidence(outcome, reason, _price(session, reevaluation.model_id, scores), scores, alerts)


def _price(session: Session, model_id: str, scores: list[Score]) -> Price:
    currency = session.workspace.config.workspace.reporting_currency
    staleness, why_staleness = _staleness(session, model_id, worst_fall(scores))
    retrain, why_retrain = _retraining(session, currency, model_id)
    return Price(currency, staleness, retrain, why_staleness, why_retrain)


def _staleness(session: Session, model_id: str, fallen: Score | None) -> tuple[Decimal | None, str]:
    """What staying as it is costs, and how that is reckoned; None where it can't be known.

    fall x requests a day x cost of a wrong answer x days of the horizon. The fall is taken as the share of answers that
    were right and no longer are, so it is known only of scores between 0 and 1.
    """
    workspace = session.workspace
    error_cost = workspace.model(model_id).error_cost
    if fallen is None or fallen.fall is None or error_cost is None or not (fallen.score >= 0 and fallen.fall <= 1):
        return None, ""
    drift, currency = workspace.config.drift, workspace.config.workspace.reporting_currency
    days, horizon = max(1, drift.window.days), Decimal(drift.horizon.total_seconds()) / 86400
    asked = {"model": model_id, "day": session.clock.today(), "days": days}
    requests = session.con.execute(query("decisions/requests"), asked).fetchall()[0][0]
    if not requests:
        return None, ""
    wrong = Decimal(repr(fallen.fall)) * requests * horizon / days
    cost = (wrong * error_cost).quantize(_CENT, ROUND_HALF_EVEN)
    factors = (
        f"{fallen.fall:.3f} more wrong answers a request",
        f"{Decimal(requests) / days:,.1f} requests a day",
        f"{currency} {error_cost:,.2f} a wrong answer",
        f"{horizon:g} days",
    )
    return cost, f"staying as it is costs {currency} {cost:,}: {' × '.join(factors)}"


def _retraining(session: Session, currency: str, model_id: str) -> tuple[Decimal | None, str]:
    """What a retraining costs, by the last round that ended in a promotion; None without one."""
    for round_no, cost in session.con.execute(query("decisions/retrain_cost"), {"model": model_id}).fetchall():
        if cost:
            amount = cost.quantize(_CENT, ROUND_HALF_EVEN)
            what = "the first build" if round_no == 0 else f"retraining {round_no}, the last one,"
            return amount, f"a retraining costs about {currency} {amount:,}: what {what} cost"
    return None, ""


def _record(
    journal: Journal, clock: Clock, reevaluation: Reevaluation, evidence: Evidence, decision: Decision
) -> Event:
    price = evidence.price
    return journal.append(
        "decision",
        clock.now(),
        reevaluation.model_id,
        reevaluation_id=reevaluation.reevaluation_id,
        verdict=decision.verdict,
        reasons=list(decision.reasons),
        currency=price.currency,
        staleness_cost=None if price.staleness_cost is None else str(price.staleness_cost),
        retrain_cost=None if price.retrain_cost is None else str(price.retrain_cost),
        evaluation=evidence.outcome,
    )


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
