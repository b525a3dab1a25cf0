"""Alerts: the readings of the day -> the journal -> whoever is to be told.

What is raised is on disk before anyone is told, and that they were told is written down after: a run that dies between
the two tells them twice, never not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from truecost import progress
from truecost.alerts.notify import Message, Severity, addresses, deliver, service
from truecost.alerts.readings import read_all
from truecost.alerts.states import (
    BOOKS,
    BUDGET,
    DELIVERIES,
    SILENCE,
    Reading,
    Reevaluation,
    Standing,
    State,
    due_reevaluations,
    moves,
    open_reevaluations,
    standings,
)
from truecost.alerts.states import undelivered as find_undelivered
from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.session import open_session
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.store.journal import Event, Journal
from truecost.store.warehouse import last_fingerprint
from truecost.workspace.workspace import Workspace

# An alert that has passed is good news.
_SEVERITY: dict[State, Severity] = {"ALERT": "failure", "WARNING": "warning", "OK": "success", "NO_DATA": "info"}
_WHERE = {
    DELIVERIES: "Each with its reason: truecost status",
    SILENCE: "What the totals lack: truecost status, and the view finance.gaps",
    BOOKS: "Each of them: truecost doctor",
    BUDGET: "Each of them: the view finance.budgets",
}


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
        opened = _open_due(journal, [*events, *made], clock)
    delivered, undelivered = _tell(journal, workspace, clock)
    return Alerted(
        raised=[event for event in made if event.kind == "alert" and event.data["is_told"]],
        reminded=sum(event.kind == "reminder" for event in made),
        delivered=delivered,
        undelivered=undelivered,
        opened=opened,
    )


def acknowledge(workspace: Workspace, clock: Clock, alert_id: int) -> Standing:
    """Say that someone has seen an alert: it is not told again while its state lasts.

    Raises:
        TruecostError: there is no alert of that number, or its state has passed.
    """
    journal = Journal(workspace.journal)
    held = {standing.alert_id: standing for standing in standings(journal.events()).values()}
    if alert_id not in held:
        raise TruecostError(f"no alert {alert_id} stands; `truecost alerts` lists those that do")
    found = held[alert_id]
    if found.acknowledged_at is None:
        journal.append("acknowledged", clock.now(), found.model_id, alert_id=alert_id)
    return found


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
    """The messages of alerts that hold and that none of the addresses has taken; without addresses, none."""
    if not addresses(workspace):
        return []
    events = Journal(workspace.journal).events()
    taken = {event.data["message_id"] for event in events if event.kind == "delivered"}
    return [held.message for held in standings(events).values() if held.asks and held.alert_id not in taken]


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


def _open_due(journal: Journal, events: list[Event], clock: Clock) -> list[str]:
    due = due_reevaluations(events)
    for model, alerts in due.items():
        rules, numbers = [held.rule for held in alerts], [held.alert_id for held in alerts]
        journal.append("reevaluation", clock.now(), model, triggers=rules, alert_ids=numbers)
    return list(due)


def _tell(journal: Journal, workspace: Workspace, clock: Clock) -> tuple[int, list[str]]:
    """Returns how many messages were taken, and by which address the others were not."""
    told = addresses(workspace)
    events = journal.events()
    by_id = {event.event_id: event for event in events}
    kept_for = workspace.config.alerts.renotify_every
    delivered, failed = 0, []
    for message, place in find_undelivered(events, len(told), clock.now(), kept_for):
        address = told[place - 1]
        name = f"address {place} ({service(address)})"
        progress.say(f"telling {name}")
        if deliver(address, _worded(workspace, by_id, message)):
            event_data = {"message_id": message.event_id, "address": place, "service": service(address)}
            journal.append("delivered", clock.now(), message.model_id, **event_data)
            delivered += 1
        else:
            failed.append(name)
    return delivered, list(dict.fromkeys(failed))


def _worded(workspace: Workspace, by_id: dict[int, Event], message: Event) -> Message:
    """A reminder names the alert it repeats."""
    alert_event = by_id[message.data.get("alert_id", message.event_id)]
    rule, state = alert_event.data["rule"].replace("_", " "), alert_event.data["state"]
    again = ", still" if message.kind == "reminder" else ""
    of_model = f"{message.model_id}: " if message.model_id else ""
    since = f"since {alert_event.happened_at:%Y-%m-%d}"
    before = alert_event.data["previous"]
    before = f", {before.replace('_', ' ')} before" if before not in (None, state) else ""
    lines = [f"{message.data['message']}.", f"{state.replace('_', ' ')} {since}{before}."]
    if not message.model_id and state != "OK":
        lines.append(_WHERE[alert_event.data["rule"]])
    if state in ("WARNING", "ALERT"):
        lines.append(f"To hear no more of it: truecost alerts ack {alert_event.event_id}")
    title = f"[truecost {workspace.name}] {of_model}{rule} {state.replace('_', ' ')}{again}"
    return Message(title, tuple(lines), _SEVERITY[state])
