"""The outbox: what the journal says is to be told, worded and sent, at least once.

A message is an event of the journal before it is sent, and that an address took it is one after; what failed is sent
with the next run. A run that dies between the two sends it again, with the same key, by which a channel that looks at
keys tells it once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from truecost import progress
from truecost.alerts.notify import Message, Severity, addresses, deliver, escalation_addresses, service
from truecost.alerts.states import BOOKS, BUDGET, DELIVERIES, SILENCE, UNUSUAL, State, undelivered, unescalated
from truecost.clock import Clock
from truecost.store.journal import Event, Journal
from truecost.workspace.workspace import Workspace

# An alert that has passed is good news.
_SEVERITY: dict[State, Severity] = {"ALERT": "failure", "WARNING": "warning", "OK": "success", "NO_DATA": "info"}
_OF_VERDICT: dict[str, Severity] = {"retrain": "failure", "re_evaluate": "warning", "hold": "info"}
_GRAVEST: tuple[Severity, ...] = ("failure", "warning", "info", "success")
_WHERE = {
    DELIVERIES: "Each with its reason: truecost status",
    SILENCE: "What the totals lack: truecost status, and the view finance.gaps",
    BOOKS: "Each of them: truecost doctor",
    BUDGET: "Each of them: the view finance.budgets",
    UNUSUAL: "What it is of: the view finance.charges",
}
_GROUPED = 3  # so many alerts of one run to one address are one message


def tell(workspace: Workspace, clock: Clock) -> tuple[int, list[str]]:
    """Send all that is owed.

    Returns how many messages were taken, and which addresses did not take one, each by its place and service.
    """
    journal, kept_for = Journal(workspace.journal), workspace.config.alerts.renotify_every
    events = journal.events()
    taken, failed = 0, list[str]()
    for who, told, owed in (
        ("everyone", addresses(workspace), undelivered),
        ("escalation", escalation_addresses(workspace), unescalated),
    ):
        for place, address in enumerate(told, start=1):
            found = [message for message, at in owed(events, len(told), clock.now(), kept_for) if at == place]
            name = f"{'address' if who == 'everyone' else 'escalation address'} {place} ({service(address)})"
            for together in _grouped(found):
                progress.say(f"telling {name}")
                if not deliver(address, _worded(workspace, events, together), workspace.config.alerts.allow_private):
                    failed.append(name)
                    continue
                taken += len(together)
                for message in together:
                    data = {"message_id": message.event_id, "address": place, "service": service(address), "who": who}
                    journal.append("delivered", clock.now(), message.model_id, **data)
    return taken, list(dict.fromkeys(failed))


def _grouped(messages: Sequence[Event]) -> Iterator[list[Event]]:
    """What is sent as one: the alerts of one run, where they are many; all else by itself."""
    for _, written in groupby(messages, key=lambda event: event.happened_at):
        together = list(written)
        alerts = [event for event in together if event.kind in ("alert", "reminder")]
        if len(alerts) < _GROUPED:
            yield from ([event] for event in together)
        else:
            yield alerts
            yield from ([event] for event in together if event not in alerts)


def _worded(workspace: Workspace, events: Sequence[Event], together: Sequence[Event]) -> Message:
    by_id = {event.event_id: event for event in events}
    key = f"truecost-{workspace.name}-{'-'.join(str(event.event_id) for event in together)}"
    parts = [_message(workspace, by_id, event) for event in together]
    if len(parts) == 1:
        title, lines, severity = parts[0]
        return Message(f"[truecost {workspace.name}] {title}", lines, severity, key)
    told = [line for title, lines, _ in parts for line in (title, *lines, "")]
    gravest = min((severity for *_, severity in parts), key=_GRAVEST.index)
    return Message(f"[truecost {workspace.name}] {len(parts)} alerts", tuple(told[:-1]), gravest, key)


def _message(workspace: Workspace, by_id: dict[int, Event], message: Event) -> tuple[str, tuple[str, ...], Severity]:
    """Title, lines, and how grave it is."""
    if message.kind == "decision":
        return _of_decision(workspace, message)
    if message.kind == "digest":
        lines = tuple(message.data["lines"]) or ("Nothing asks for anyone.",)
        return f"digest: {message.data['message']}", lines, "info"
    return _of_alert(by_id, message)


def _of_alert(by_id: dict[int, Event], message: Event) -> tuple[str, tuple[str, ...], Severity]:
    """A reminder, or an escalation, names the alert it repeats."""
    alert_event = by_id[message.data.get("alert_id", message.event_id)]
    rule, state = alert_event.data["rule"].replace("_", " "), alert_event.data["state"]
    again = {"reminder": ", still", "escalation": ", and nobody has acknowledged it"}.get(message.kind, "")
    of_model = f"{message.model_id}: " if message.model_id else ""
    since = f"since {alert_event.happened_at:%Y-%m-%d}"
    before = alert_event.data["previous"]
    before = f", {before.replace('_', ' ')} before" if before not in (None, state) else ""
    lines = [f"{message.data['message']}.", f"{state.replace('_', ' ')} {since}{before}."]
    if not message.model_id and state != "OK":
        lines.append(_WHERE[alert_event.data["rule"]])
    if state in ("WARNING", "ALERT"):
        lines.append(f"To hear no more of it: truecost alerts ack {alert_event.event_id}")
    return f"{of_model}{rule} {state.replace('_', ' ')}{again}", tuple(lines), _SEVERITY[state]


def _of_decision(workspace: Workspace, decision: Event) -> tuple[str, tuple[str, ...], Severity]:
    """The verdict, the price of both ways, what drives it, and where to read and answer it."""
    told, number = decision.data, decision.event_id
    verdict = told["verdict"].replace("_", "-")
    staying, retraining = (_price(told, key) for key in ("staleness_cost", "retrain_cost"))
    at_least = "at least " if told.get("retrain_cost_is_at_least") else ""
    lines = [f"Staying as it is: {staying}. A retraining: {at_least}{retraining}."]
    lines += [f"- {reason}" for reason in told["reasons"]]
    if workspace.config.alerts.link:
        lines.append(f"The report: {workspace.config.alerts.link}")
    lines.append(f"To answer: truecost decisions show {number}, then accept, reject or done {number} --by NAME")
    return f"{decision.model_id}: {verdict}", tuple(lines), _OF_VERDICT[told["verdict"]]


def _price(told: dict[str, object], key: str) -> str:
    amount = told.get(key)
    return "not known" if amount is None else f"{told['currency']} {Decimal(str(amount)):,.2f}"
