"""What people do about a decision, and what came of it: written to the journal, beside the decision."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any, Literal

from truecost.books.session import Session
from truecost.clock import Clock
from truecost.decisions.outcomes import Followed, followed, owed
from truecost.errors import TruecostError
from truecost.store.journal import Journal
from truecost.store.sql import query
from truecost.workspace.workspace import Workspace

Did = Literal["accept", "reject", "done"]


def decisions(workspace: Workspace, model_id: str | None = None) -> list[Followed]:
    """Every decision of every model, or of one, the newest first."""
    found = followed(Journal(workspace.journal).events())
    return [item for item in reversed(found) if model_id in (None, item.model_id)]


def decision(workspace: Workspace, decision_id: int) -> Followed:
    """One of them.

    Raises:
        TruecostError: there is no decision of that number.
    """
    found = {item.decision_id: item for item in decisions(workspace)}
    if decision_id not in found:
        raise TruecostError(f"there is no decision {decision_id}; `truecost decisions list` lists those there are")
    return found[decision_id]


def follow(workspace: Workspace, clock: Clock, decision_id: int, did: Did, by: str, reason: str | None) -> Followed:
    """Write down what was done about a decision, and by whom; said again by the same, nothing is added.

    Raises:
        TruecostError: there is no such decision, nobody is named, or it was rejected without a reason or done already.
    """
    found = decision(workspace, decision_id)
    if not by.strip():
        raise TruecostError("say with --by who it is that decides")
    if did == "reject" and not (reason or "").strip():
        raise TruecostError("say with --reason why it is rejected: the next forecast can learn from that")
    stands = {"accept": "accepted", "reject": "rejected", "done": "done"}[did]
    if (found.stand, found.by, found.reason) == (stands, by, reason):
        return found
    if found.stand == "done":
        raise TruecostError(f"decision {decision_id} was done on {found.stood_at:%Y-%m-%d} by {found.by}")
    if found.stood_at is not None and clock.now() < found.stood_at:
        raise TruecostError(f"decision {decision_id} was answered on {found.stood_at:%Y-%m-%d}; name a later day")
    journal = Journal(workspace.journal)
    journal.append("followed", clock.now(), found.model_id, decision_id=decision_id, did=did, by=by, reason=reason)
    return decision(workspace, decision_id)


def write_outcomes(session: Session) -> list[int]:
    """Write beside each decision what came of it, once that is due; returns the numbers of those decisions.

    The score is the newest since; without one the outcome waits for it.
    """
    workspace, clock = session.workspace, session.clock
    journal = Journal(workspace.journal)
    events = journal.events()
    if events and clock.now() < events[-1].happened_at:
        return []
    known = {model.id for model in workspace.config.models}
    written = []
    for item in owed(events, clock.now(), workspace.config.decisions.outcome_after):
        came = _came(session, item) if item.model_id in known else None
        if came is not None:
            journal.append("outcome", clock.now(), item.model_id, decision_id=item.decision_id, **came)
            written.append(item.decision_id)
    return written


def _came(session: Session, item: Followed) -> dict[str, Any] | None:
    """The score now against the one decided on, and what was spent; None while there is none to go by."""
    if "feature" not in item.data:
        return None
    since = (item.stood_at or item.decided_at).astimezone(UTC).replace(tzinfo=None)
    asked = {"model": item.model_id, "since": since, "day": session.clock.today()}
    scored = {**asked, "feature": item.data["feature"]}
    for score, higher_is_better, evaluated_at in session.con.execute(query("decisions/outcome"), scored).fetchall():
        before, fall = float(item.data["score"]), float(item.data["fall"])
        won = (score - before) if higher_is_better or higher_is_better is None else (before - score)
        cost = session.con.execute(query("decisions/spent_since"), asked).fetchall()[0][0]
        return {
            "score": score,
            "scored_at": evaluated_at.isoformat(),
            "fall": fall - won,
            "expected_fall": item.data.get("expected_fall_after") if item.stand == "done" else fall,
            "won_share": won / fall if fall > 0 else None,
            "cost": str(cost if cost is not None else Decimal(0)),
            "expected_cost": item.data["retrain_cost"] if item.stand == "done" else None,
        }
    return None
