"""Alerts: the readings of the day -> the journal -> whoever is to be told.

What is raised is on disk before anyone is told, and that they were told is written down after: a run that dies between
the two tells them twice, never not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from truecost.alerts.notify import addresses, escalation_addresses
from truecost.alerts.outbox import tell
from truecost.alerts.readings import read_all
from truecost.alerts.staleness import costs_a_day
from truecost.alerts.states import (
    Reading,
    Reevaluation,
    Standing,
    asked_again,
    due_reevaluations,
    is_cooling,
    is_digest_due,
    moves,
    open_reevaluations,
    standings,
    to_escalate,
)
from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.session import open_session
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.quarters import quarter_of
from truecost.store.journal import Event, Journal
from truecost.store.warehouse import last_fingerprint
from truecost.workspace.workspace import Workspace


@dataclass(frozen=True)
class Alerted:
    """What came of a look at the readings. ``undelivered`` names addresses by their place and service alone."""

    raised: list[Event] = field(default_factory=list)
    reminded: int = 0
    delivered: int = 0
    undelivered: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)


def alert(workspace: Workspace, clock: Clock) -> Alerted:
    """Judge every rule of every model, write down what changed, open the re-evaluations it asks for, and tell people.

    A clock that stands before the journal's last event changes nothing: what has happened stays as it was.
    """
    journal = Journal(workspace.journal)
    # The warehouse's lock keeps two runs from raising the same alert at once.
    with open_session(workspace, clock) as session:
        if last_fingerprint(session.con, BOOKS_STEP) is None:
            return Alerted()
        events = journal.events()
        if events and clock.now() < events[-1].happened_at:
            return Alerted()
        made = _write_down(journal, events, workspace, clock, read_all(session))
        opened = _open_due(journal, [*events, *made], workspace, clock, costs_a_day(session))
        _write_to_others(journal, workspace, clock)
    delivered, undelivered = tell(workspace, clock)
    return Alerted(
        raised=[event for event in made if event.kind == "alert" and event.data["is_told"]],
        reminded=sum(event.kind == "reminder" for event in made),
        delivered=delivered,
        undelivered=undelivered,
        opened=opened,
    )


def acknowledge(workspace: Workspace, clock: Clock, alert_id: int) -> Standing:
    """Say that someone has seen an alert: it is not told again while its state lasts, until its quarter ends.

    Raises:
        TruecostError: there is no alert of that number, or its state has passed.
    """
    journal = Journal(workspace.journal)
    found = _standing(journal, alert_id)
    if found.acknowledged_at is None or not found.is_seen_on(clock.today()):
        quarter = quarter_of(clock.today(), workspace.config.workspace.fiscal_year_start_month)
        until = quarter.end - timedelta(days=1)
        journal.append("acknowledged", clock.now(), found.model_id, alert_id=alert_id, until=until.isoformat())
    return found


def snooze(workspace: Workspace, clock: Clock, alert_id: int, until: date) -> Standing:
    """Let an alert rest: until that day it is not told again, nor escalated; then it is, as if nobody had seen it.

    Raises:
        TruecostError: there is no such alert, or the day is not ahead.
    """
    if until <= clock.today():
        raise TruecostError(f"{until} is not ahead of {clock.today()}; name a later day, or `truecost alerts ack` it")
    journal = Journal(workspace.journal)
    found = _standing(journal, alert_id)
    journal.append("snoozed", clock.now(), found.model_id, alert_id=alert_id, until=until.isoformat())
    return found


def _standing(journal: Journal, alert_id: int) -> Standing:
    held = {standing.alert_id: standing for standing in standings(journal.events()).values()}
    if alert_id not in held:
        raise TruecostError(f"no alert {alert_id} stands; `truecost alerts` lists those that do")
    return held[alert_id]


def standing_alerts(workspace: Workspace) -> list[Standing]:
    """Each rule of each model that is read and not ``OK``: alerts first."""
    order = {"ALERT": 0, "WARNING": 1, "NO_DATA": 2}
    found = [held for held in standings(Journal(workspace.journal).events()).values() if held.state != "OK"]
    return sorted(found, key=lambda held: (order[held.state], held.alert_id))


def waiting_reevaluations(workspace: Workspace) -> list[Reevaluation]:
    """The re-evaluations that are open, oldest first; of models the workspace still has."""
    known = {model.id for model in workspace.config.models}
    found = open_reevaluations(Journal(workspace.journal).events()).values()
    return sorted((item for item in found if item.model_id in known), key=lambda item: item.reevaluation_id)


def untold_alerts(workspace: Workspace) -> list[str]:
    """The messages of alerts that hold, and decisions, that no address has taken; without addresses, none."""
    if not addresses(workspace):
        return []
    events = Journal(workspace.journal).events()
    taken = {event.data["message_id"] for event in events if event.kind == "delivered"}
    untold = [held.message for held in standings(events).values() if held.asks and held.alert_id not in taken]
    last = {event.model_id: event for event in events if event.kind == "decision"}
    return untold + [
        f"{model}: {event.data['verdict'].replace('_', '-')}"
        for model, event in last.items()
        if event.data.get("is_told") and event.event_id not in taken
    ]


def _write_down(
    journal: Journal, events: list[Event], workspace: Workspace, clock: Clock, readings: list[Reading]
) -> list[Event]:
    found = moves(standings(events), readings, clock.now(), workspace.config.alerts.renotify_every)
    return [
        journal.append(
            move.kind,
            clock.now(),
            move.reading.model_id,
            **move.data,
            message=move.reading.text,
            drivers=list(move.reading.drivers),
        )
        for move in found
    ]


def _open_due(
    journal: Journal, events: list[Event], workspace: Workspace, clock: Clock, costs: Mapping[str, float]
) -> list[str]:
    """Open what alerts ask for and what is to be asked again; none so soon after the one before."""
    cooldown, known = workspace.config.decisions.cooldown, {model.id for model in workspace.config.models}
    asked = {
        model: ([held.rule for held in alerts], [held.alert_id for held in alerts])
        for model, alerts in due_reevaluations(events).items()
    }
    for again in asked_again(events, clock.now(), costs):
        if again.model_id in known:
            asked.setdefault(again.model_id, ([again.because], []))
    opened = []
    for model, (rules, numbers) in asked.items():
        if not is_cooling(events, model, clock.now(), cooldown):
            journal.append("reevaluation", clock.now(), model, triggers=rules, alert_ids=numbers)
            opened.append(model)
    return opened


def _write_to_others(journal: Journal, workspace: Workspace, clock: Clock) -> None:
    """Write down what goes to others than those told of each change: escalations, and the digest."""
    settings, events = workspace.config.alerts, journal.events()
    held = standings(events)
    if escalation_addresses(workspace):
        for one in to_escalate(held, events, clock.now(), settings.escalate_after):
            journal.append("escalation", clock.now(), one.model_id, alert_id=one.alert_id, message=one.message)
    every = settings.digest_every
    if every is not None and addresses(workspace) and is_digest_due(events, clock.now(), every):
        lines = [_in_a_line(one) for one in held.values() if one.state in ("ALERT", "WARNING")]
        waiting = [f"{model} waits for its re-evaluation" for model in open_reevaluations(events)]
        journal.append("digest", clock.now(), "", message=f"{len(lines)} alerts stand", lines=[*lines, *waiting])


def _in_a_line(held: Standing) -> str:
    seen = ", acknowledged" if held.acknowledged_at else ""
    since = f"{held.rule.replace('_', ' ')}, since {held.raised_at:%Y-%m-%d}{seen}"
    return f"{held.state} {held.alert_id} ({since}): {held.message}"
