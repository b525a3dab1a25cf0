"""The state machine of alerts over random readings, days, acknowledgements, failed deliveries and crashes.

The machine is pure; the driver below does with it what ``truecost.alerts.alerts`` does, and can die before any event is
written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost.alerts.states import (
    Reading,
    asked_again,
    due_reevaluations,
    is_cooling,
    moves,
    open_reevaluations,
    standings,
    to_escalate,
    undelivered,
    unescalated,
)
from truecost.store.journal import Event, Kind

pytestmark = pytest.mark.pure

START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
MODELS, RULES = ("bot", "reader"), ("overspend", "drift")
STATES = ("OK", "WARNING", "ALERT", "NO_DATA")


class Crash(Exception):
    """The process has died."""


@dataclass
class Driver:
    """What a workspace keeps, the address it tells, and how many events may be written before it dies."""

    events: list[Event] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)  # the messages the address took, as often as it did
    lives_for: int | None = None

    def append(self, kind: Kind, now: datetime, model: str, **data: Any) -> None:
        if self.lives_for == 0:
            raise Crash
        if self.lives_for is not None:
            self.lives_for -= 1
        self.events.append(Event(len(self.events) + 1, kind, now, model, data))

    def run(self, now: datetime, readings: list[Reading], is_reachable: bool) -> None:
        for move in moves(standings(self.events), readings, now, WEEK):
            self.append(move.kind, now, move.reading.model_id, **move.data, message=move.reading.message)
        for model, alerts in due_reevaluations(self.events).items():
            numbers = [held.alert_id for held in alerts]
            self.append("reevaluation", now, model, triggers=[held.rule for held in alerts], alert_ids=numbers)
        if is_reachable:
            for message, address in undelivered(self.events, 1, now, WEEK):
                self.taken.append(message.event_id)
                self.append("delivered", now, message.model_id, message_id=message.event_id, address=address)

    def decide(self, now: datetime) -> None:
        for model, opened in open_reevaluations(self.events).items():
            self.append("decision", now, model, reevaluation_id=opened.reevaluation_id)

    def acknowledge(self, now: datetime) -> None:
        for held in list(standings(self.events).values()):
            if held.asks:
                self.append("acknowledged", now, held.model_id, alert_id=held.alert_id)


@dataclass(frozen=True)
class Day:
    """One day: the state of each rule (None: nothing to read), and what people and machines do."""

    states: tuple[str | None, ...]
    is_reachable: bool
    is_acknowledged: bool
    is_decided: bool
    dies_after: int | None

    def readings(self) -> list[Reading]:
        keys = [(model, rule) for model in MODELS for rule in RULES]
        return [
            Reading(model, rule, state, f"{model} {rule} {state}")  # type: ignore[arg-type]
            for (model, rule), state in zip(keys, self.states, strict=True)
            if state is not None
        ]


DAYS = st.lists(
    st.builds(
        Day,
        st.tuples(*[st.sampled_from((*STATES, None))] * 4),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.none() | st.integers(0, 6),
    ),
    max_size=25,
)


def lived(days: list[Day], is_mortal: bool) -> Driver:
    """The days one after the other; a day on which the run died is run again."""
    driver = Driver()
    for now, day in dated(days):
        driver.lives_for = day.dies_after if is_mortal else None
        try:
            driver.run(now, day.readings(), day.is_reachable)
        except Crash:
            driver.lives_for = None
            driver.run(now, day.readings(), day.is_reachable)
        driver.lives_for = None
        if day.is_decided:
            driver.decide(now)
        if day.is_acknowledged:
            driver.acknowledge(now)
    return driver


def dated(days: list[Day]) -> Iterator[tuple[datetime, Day]]:
    return ((START + timedelta(days=number), day) for number, day in enumerate(days))


def told(driver: Driver) -> list[Event]:
    return [e for e in driver.events if e.kind == "reminder" or (e.kind == "alert" and e.data["is_told"])]


@given(DAYS)
def test_each_change_of_state_is_one_event_and_nothing_else_is(days: list[Day]) -> None:
    changes = [event for event in lived(days, is_mortal=False).events if event.kind == "alert"]
    for model in MODELS:
        for place, rule in enumerate(RULES):
            read = [day.states[2 * MODELS.index(model) + place] for day in days]
            known = [state or "NO_DATA" for state in read[next((n for n, s in enumerate(read) if s), len(read)) :]]
            expected = [state for state, _ in groupby(known)]
            found = [e.data["state"] for e in changes if (e.model_id, e.data["rule"]) == (model, rule)]
            assert found == expected


@given(DAYS)
def test_a_run_that_died_and_was_run_again_leaves_the_states_it_would_have_left(days: list[Day]) -> None:
    calm, mortal = (lived(days, is_mortal) for is_mortal in (False, True))
    assert {key: (held.state, held.raised_at) for key, held in standings(calm.events).items()} == {
        key: (held.state, held.raised_at) for key, held in standings(mortal.events).items()
    }
    assert Counter((e.kind, e.model_id, e.happened_at) for e in calm.events) == Counter(
        (e.kind, e.model_id, e.happened_at) for e in mortal.events
    )


@given(DAYS)
def test_a_message_is_taken_once_and_after_a_crash_never_less(days: list[Day]) -> None:
    calm, mortal = (lived(days, is_mortal) for is_mortal in (False, True))
    assert all(times == 1 for times in Counter(calm.taken).values())
    assert set(calm.taken) <= {event.event_id for event in told(calm)}
    if days:
        now = START + timedelta(days=len(days))
        for driver in (calm, mortal):  # on a day on which the address can be reached, nothing that stands is left
            driver.lives_for = None
            driver.run(now, days[-1].readings(), is_reachable=True)
            current = {held.alert_id for held in standings(driver.events).values()}
            standing = {e.event_id for e in told(driver) if e.data.get("alert_id", e.event_id) in current}
            assert standing <= set(driver.taken)


@given(DAYS)
def test_a_second_run_on_the_same_day_changes_nothing(days: list[Day]) -> None:
    driver = lived(days, is_mortal=False)
    if days:
        now = START + timedelta(days=len(days) - 1)
        driver.run(now, days[-1].readings(), is_reachable=True)
        before = list(driver.events)
        driver.run(now, days[-1].readings(), is_reachable=True)
        assert driver.events == before


@given(DAYS)
def test_reminders_come_each_week_and_stop_once_acknowledged(days: list[Day]) -> None:
    driver = lived(days, is_mortal=True)
    last: dict[int, datetime] = {}
    seen: set[int] = set()
    for event in driver.events:
        if event.kind == "alert":
            last[event.event_id] = event.happened_at
        elif event.kind == "acknowledged":
            seen.add(event.data["alert_id"])
        elif event.kind == "reminder":
            alert = event.data["alert_id"]
            assert alert not in seen
            assert event.happened_at - last[alert] == WEEK  # there is a run each day, so none comes late
            last[alert] = event.happened_at
    if days:
        now = START + timedelta(days=len(days) - 1)
        for held in standings(driver.events).values():
            assert not held.asks or now - last[held.alert_id] < WEEK  # none is owed


@given(DAYS)
def test_a_model_has_one_open_reevaluation_and_every_alert_is_evidence_of_one(days: list[Day]) -> None:
    driver = lived(days, is_mortal=True)
    is_open: dict[str, bool] = {}
    for event in driver.events:
        if event.kind == "reevaluation":
            assert not is_open.get(event.model_id)
            is_open[event.model_id] = True
        elif event.kind == "decision":
            assert is_open.pop(event.model_id)
    # Each alert, also one that has passed, has a re-evaluation opened for it, or one was open when it was raised.
    for event in driver.events:
        if event.kind == "alert" and event.data["state"] == "ALERT":
            named = [e for e in driver.events if event.event_id in e.data.get("alert_ids", ())]
            was_open = event.model_id in open_reevaluations(driver.events[: event.event_id - 1])
            assert len(named) == (0 if was_open else 1)


# ---- Asked again, seen for a while, escalated --------------------------------------------------------------------


def event(number: int, kind: Kind, day: datetime, model: str = "bot", **data: Any) -> Event:
    return Event(number, kind, day, model, data)


def held_decision(verdict: str = "hold") -> list[Event]:
    """An alert, acknowledged, and a decision of three days later that lets the fall cost 100 a day at worst."""
    told = {"rule": "eval_decay", "state": "ALERT", "previous": None, "is_told": True, "message": "fell", "drivers": []}
    again = {"ask_again_on": "2026-03-01", "worst_a_day": 100.0}
    return [
        event(1, "alert", START, **told),
        event(2, "acknowledged", START, alert_id=1, until="2026-03-31"),
        event(3, "reevaluation", START, triggers=["eval_decay"], alert_ids=[1]),
        event(4, "decision", START + timedelta(days=3), reevaluation_id=3, verdict=verdict, **again),
    ]


@pytest.mark.parametrize(
    ("days", "a_day", "because"),
    [(10, 99.0, None), (10, 101.0, "worsened"), (58, 99.0, None), (59, 99.0, "due"), (59, 0.0, "due")],
)
def test_a_hold_is_asked_again_where_the_evidence_worsens_or_its_day_has_come_though_it_was_seen(
    days: int, a_day: float, because: str | None
) -> None:
    """By what the fall costs a day, so by the fall, by traffic and by what an answer is worth alike."""
    found = asked_again(held_decision(), START + timedelta(days=days), {"bot": a_day})
    assert [again.because for again in found] == ([because] if because else [])


def test_what_is_to_be_retrained_or_is_open_is_not_asked_again() -> None:
    late = START + timedelta(days=400)
    assert asked_again(held_decision("retrain"), late, {"bot": 1e9}) == []
    reopened = event(5, "reevaluation", late, triggers=["due"], alert_ids=[])
    assert asked_again([*held_decision(), reopened], late, {"bot": 1e9}) == []


def test_no_alert_opens_another_reevaluation_within_the_cooldown() -> None:
    events = held_decision()
    assert is_cooling(events, "bot", START + timedelta(days=6), WEEK)
    assert not is_cooling(events, "bot", START + timedelta(days=7), WEEK)
    assert not is_cooling(events, "reader", START + timedelta(days=1), WEEK)


def test_an_acknowledgement_lasts_for_its_quarter_and_a_snooze_as_long_as_it_says() -> None:
    (held,) = standings(held_decision()).values()
    assert not held.asks_on(date(2026, 3, 31))
    assert held.asks_on(date(2026, 4, 1))
    reading = [Reading("bot", "eval_decay", "ALERT", "fell")]
    assert moves({held.key: held}, reading, datetime(2026, 3, 31, tzinfo=UTC), WEEK) == []
    assert [move.kind for move in moves({held.key: held}, reading, datetime(2026, 4, 1, tzinfo=UTC), WEEK)] == [
        "reminder"
    ]
    asleep = event(5, "snoozed", START, alert_id=1, until="2026-04-10")
    (held,) = standings([*held_decision(), asleep]).values()
    assert not held.asks_on(date(2026, 4, 9))
    assert held.asks_on(date(2026, 4, 10))
    told_again = event(6, "reminder", datetime(2026, 4, 10, tzinfo=UTC), alert_id=1)
    (held,) = standings([*held_decision(), told_again]).values()
    assert held.asks  # who saw it last quarter has not seen it in this


def test_what_nobody_acknowledges_is_escalated_once() -> None:
    alert, *_ = held_decision()
    held = standings([alert])
    assert to_escalate(held, [alert], START + timedelta(days=6), WEEK) == []
    (found,) = to_escalate(held, [alert], START + timedelta(days=7), WEEK)
    told = event(2, "escalation", START + timedelta(days=7), alert_id=found.alert_id, message="fell")
    assert to_escalate(held, [alert, told], START + timedelta(days=70), WEEK) == []
    assert to_escalate(standings(held_decision()), held_decision(), START + timedelta(days=70), WEEK) == []
    assert [at for _, at in unescalated([alert, told], 2, START + timedelta(days=7), WEEK)] == [1, 2]
    assert undelivered([alert, told], 1, START + timedelta(days=7), WEEK) == [(alert, 1)]
