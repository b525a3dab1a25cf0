"""The state machine of alerts: pure functions from what has happened, and what is read today, to what to write down.

Each rule of each model is in one state: ``OK``, ``WARNING``, ``ALERT`` or ``NO_DATA``. A change of state is one
message; a state that lasts is told again from time to time, until someone acknowledges it. Nothing here reads or
writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from truecost.store.journal import Event

State = Literal["OK", "WARNING", "ALERT", "NO_DATA"]
Key = tuple[str, str]  # model, rule

OVERSPEND = "overspend"
DRIFT = "drift"
EVAL_DECAY = "eval_decay"
DELIVERIES = "deliveries"
SILENCE = "silence"
BOOKS = "books"
BUDGET = "budget"
VOLUME = "volume"
UNUSUAL = "unusual"
WORKSPACE_RULES = (DELIVERIES, SILENCE, BOOKS, UNUSUAL)  # of the workspace as a whole, whatever the model
_ASKING: tuple[State, ...] = ("WARNING", "ALERT")  # the states that ask someone to act


@dataclass(frozen=True)
class Reading:
    """What a rule says of a model today; of the workspace as a whole, the model is ``""``.

    ``drivers`` are what weighs most, in words, the largest first. ``about`` is what it is about, where that can grow
    while the state lasts: files, sources.
    """

    model_id: str
    rule: str
    state: State
    message: str
    drivers: tuple[str, ...] = ()
    about: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return self.model_id, self.rule

    @property
    def text(self) -> str:
        """The message with its drivers, as a person is told."""
        return f"{self.message}: most in {', '.join(self.drivers)}" if self.drivers else self.message


@dataclass(frozen=True)
class Standing:
    """The state a rule of a model is in, since the event ``alert_id``."""

    alert_id: int
    model_id: str
    rule: str
    state: State
    message: str
    raised_at: datetime
    told_at: datetime
    acknowledged_at: datetime | None = None
    about: tuple[str, ...] = ()
    acknowledged_until: date | None = None
    snoozed_until: date | None = None

    @property
    def key(self) -> Key:
        return self.model_id, self.rule

    @property
    def asks(self) -> bool:
        """Whether it asks someone to act, and nobody has said that they will."""
        return self.state in _ASKING and self.acknowledged_at is None

    def asks_on(self, day: date) -> bool:
        """Whether it does so on a day: an acknowledgement lasts for its quarter, a snooze for as long as it says."""
        is_asleep = self.snoozed_until is not None and day < self.snoozed_until
        return self.state in _ASKING and not self.is_seen_on(day) and not is_asleep

    def is_seen_on(self, day: date) -> bool:
        """Whether an acknowledgement of it still holds."""
        return self.acknowledged_at is not None and not _is_over(self.acknowledged_until, day)


def _is_over(until: date | None, day: date) -> bool:
    return until is not None and day > until


@dataclass(frozen=True)
class Move:
    """What is to be written down of a reading: an ``alert`` (a change of state) or a ``reminder`` of one."""

    kind: Literal["alert", "reminder"]
    reading: Reading
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reevaluation:
    """A re-evaluation that was opened and not decided yet."""

    reevaluation_id: int
    model_id: str
    opened_at: datetime
    triggers: tuple[str, ...]


def standings(events: Iterable[Event]) -> dict[Key, Standing]:
    """The state of each rule of each model that has been read."""
    found: dict[Key, Standing] = {}
    of_alert: dict[int, Key] = {}
    for event in events:
        if event.kind == "alert":
            key = event.model_id, event.data["rule"]
            of_alert[event.event_id] = key
            found[key] = Standing(
                alert_id=event.event_id,
                model_id=event.model_id,
                rule=event.data["rule"],
                state=event.data["state"],
                message=event.data["message"],
                raised_at=event.happened_at,
                told_at=event.happened_at,
                about=tuple(event.data.get("about", ())),
            )
        elif event.kind in ("reminder", "acknowledged", "snoozed"):
            key = of_alert[event.data["alert_id"]]
            if found[key].alert_id == event.data["alert_id"]:  # else of a state that has passed
                found[key] = _went_on(found[key], event)
    return found


def _went_on(held: Standing, event: Event) -> Standing:
    """A state after it was told again, seen, or put to sleep. One told again is to be seen again."""
    if event.kind == "reminder":
        is_over = _is_over(held.acknowledged_until, event.happened_at.date())
        seen_at = None if is_over else held.acknowledged_at
        return replace(held, told_at=event.happened_at, acknowledged_at=seen_at)
    until = date.fromisoformat(event.data["until"]) if event.data.get("until") else None
    if event.kind == "snoozed":
        return replace(held, snoozed_until=until)
    first = held.acknowledged_at or event.happened_at
    return replace(held, acknowledged_at=first, acknowledged_until=until)


def moves(
    held: Mapping[Key, Standing], readings: Sequence[Reading], now: datetime, renotify_every: timedelta
) -> list[Move]:
    """What today's readings change. A rule that nothing is read of any more has no data.

    What comes to a state that lasts, another refused file, begins it anew: who has acknowledged it has not seen that.
    """
    read = {reading.key for reading in readings}
    silent = [
        Reading(model, rule, "NO_DATA", f"{model}: there is nothing to judge {rule.replace('_', ' ')} by any more")
        for model, rule in held
        if (model, rule) not in read
    ]
    found = (_move(held.get(reading.key), reading, now, renotify_every) for reading in (*readings, *silent))
    return [move for move in found if move is not None]


def _move(held: Standing | None, reading: Reading, now: datetime, renotify_every: timedelta) -> Move | None:
    if held is None and reading.state == "OK" and reading.rule in (*WORKSPACE_RULES, BUDGET):
        return None  # that nothing has ever been amiss is no event
    if held is None or held.state != reading.state or set(reading.about) - set(held.about):
        told = {
            "rule": reading.rule,
            "state": reading.state,
            "previous": held.state if held else None,
            # That all is well, or nothing known yet, is no news where nothing has been said before.
            "is_told": held is not None or reading.state in _ASKING,
            **({"about": list(reading.about)} if reading.about else {}),
        }
        return Move("alert", reading, told)
    if held.asks_on(now.date()) and now - held.told_at >= renotify_every:
        return Move("reminder", reading, {"alert_id": held.alert_id})
    return None


def open_reevaluations(events: Iterable[Event]) -> dict[str, Reevaluation]:
    """By model: the re-evaluation that is open. A model has one at most."""
    found: dict[str, Reevaluation] = {}
    for event in events:
        if event.kind == "reevaluation":
            triggers = tuple(event.data["triggers"])
            found[event.model_id] = Reevaluation(event.event_id, event.model_id, event.happened_at, triggers)
        elif event.kind == "decision":
            found.pop(event.model_id, None)
    return found


def due_reevaluations(events: Sequence[Event]) -> dict[str, tuple[Standing, ...]]:
    """By model: the alerts that ask for a re-evaluation and have none.

    An alert that was raised while a re-evaluation was open is part of its evidence and asks for no other one; one of
    the workspace as a whole, of a budget or of volume asks for none.
    """
    is_open = open_reevaluations(events)
    decided = {event.model_id: event.event_id for event in events if event.kind == "decision"}
    found: dict[str, tuple[Standing, ...]] = {}
    for held in standings(events).values():
        if not held.model_id or held.rule in (BUDGET, VOLUME):
            continue
        if held.state == "ALERT" and held.model_id not in is_open and held.alert_id > decided.get(held.model_id, 0):
            found[held.model_id] = (*found.get(held.model_id, ()), held)
    return found


@dataclass(frozen=True)
class AskedAgain:
    """Why a model that was held is evaluated again."""

    model_id: str
    because: str


def asked_again(events: Sequence[Event], now: datetime, costs_a_day: Mapping[str, float]) -> list[AskedAgain]:
    """The models whose last decision was no retraining and is to be made again, seen or not.

    That is where what the fall costs a day lies beyond what the decision's evidence let it, or once the day has come
    that it named: that of its cadence, or on which staleness will have cost as much as a retraining.

    Args:
        events: the journal.
        now: the day.
        costs_a_day: by model, what its fall costs a day now; a model of which that is not known is not in it.
    """
    is_open = open_reevaluations(events)
    last = {event.model_id: event for event in events if event.kind == "decision"}
    found = []
    for model, decision in last.items():
        if model in is_open or decision.data["verdict"] == "retrain" or "ask_again_on" not in decision.data:
            continue
        worst, day = decision.data.get("worst_a_day"), decision.data["ask_again_on"]
        if worst is not None and costs_a_day.get(model, 0.0) > worst:
            found.append(AskedAgain(model, "worsened"))
        elif now.date() >= date.fromisoformat(day):
            found.append(AskedAgain(model, "due"))
    return found


def is_cooling(events: Iterable[Event], model_id: str, now: datetime, cooldown: timedelta) -> bool:
    """Whether a model was evaluated again so lately that nothing but a person may ask for another time."""
    opened = [event.happened_at for event in events if event.kind == "reevaluation" and event.model_id == model_id]
    return bool(opened) and now - max(opened) < cooldown


def evaluations_of_month(events: Iterable[Event], now: datetime) -> list[str]:
    """The models whose eval command was run in the month, as often as it was."""
    ran = ("scored", "failed", "timed_out", "no_score")
    return [
        event.model_id
        for event in events
        if event.kind == "evaluation"
        and (event.happened_at.year, event.happened_at.month) == (now.year, now.month)
        and event.data["outcome"] in ran
    ]


def undelivered(events: Sequence[Event], addresses: int, now: datetime, kept_for: timedelta) -> list[tuple[Event, int]]:
    """(message, place of the address, from 1) for all that an address has not been told, oldest first.

    What is past, and older than ``kept_for``, is let go: the message of the newer state has taken its place. Only what
    was decided since the journal keeps what is told of decisions (``is_told``) is.
    """
    messages = [
        event
        for event in events
        if event.kind in ("reminder", "digest") or (event.kind in ("alert", "decision") and event.data.get("is_told"))
    ]
    return _owed(events, messages, addresses, now, kept_for, "everyone")


def unescalated(events: Sequence[Event], addresses: int, now: datetime, kept_for: timedelta) -> list[tuple[Event, int]]:
    """The same of what nobody has acknowledged, for the addresses that are told of that."""
    messages = [event for event in events if event.kind == "escalation"]
    return _owed(events, messages, addresses, now, kept_for, "escalation")


def to_escalate(
    held: Mapping[Key, Standing], events: Iterable[Event], now: datetime, after: timedelta
) -> list[Standing]:
    """The alerts that nobody has acknowledged for so long, each once."""
    told = {event.data["alert_id"] for event in events if event.kind == "escalation"}
    return [
        one
        for one in held.values()
        if one.state == "ALERT"
        and one.asks_on(now.date())
        and one.alert_id not in told
        and now - one.raised_at >= after
    ]


def is_digest_due(events: Sequence[Event], now: datetime, every: timedelta) -> bool:
    """Whether the last one is so long ago; the first is due as soon as there is anything to tell."""
    last = max((event.happened_at for event in events if event.kind == "digest"), default=None)
    return bool(events) if last is None else now - last >= every


def _owed(
    events: Sequence[Event], messages: Sequence[Event], addresses: int, now: datetime, kept_for: timedelta, who: str
) -> list[tuple[Event, int]]:
    reached = {
        (event.data["message_id"], event.data["address"])
        for event in events
        if event.kind == "delivered" and event.data.get("who", "everyone") == who
    }
    current = {held.alert_id for held in standings(events).values()}
    current |= {event.event_id for event in {e.model_id: e for e in events if e.kind == "decision"}.values()}
    return [
        (message, address)
        for message in messages
        for address in range(1, addresses + 1)
        if (message.event_id, address) not in reached
        and (message.data.get("alert_id", message.event_id) in current or now - message.happened_at < kept_for)
    ]
