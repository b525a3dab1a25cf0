"""The journal: what happened, and can't be derived again: alerts, who was told, evaluations, decisions.

``journal/00000007.json`` is the seventh event, written once and never changed. Each holds the sha256 of the one before
it, so that what was changed, taken out or put in later shows. The warehouse mirrors the folder and can be made anew
from it; until then it also shows what is missing at the end, where no later event vouches for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from truecost.errors import TruecostError
from truecost.store.files import write_once
from truecost.store.frames import insert_rows
from truecost.store.warehouse import last_fingerprint, remember_fingerprint, transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP = "journal"

Kind = Literal[
    "alert",  # a rule's state changed: rule, state, previous, is_told, message, drivers
    "reminder",  # it still holds: alert_id, and a message of its own
    "delivered",  # a message reached an address: message_id, address (its place in the list), service
    "acknowledged",  # someone has seen it: alert_id, until (its quarter's end)
    "snoozed",  # it is not told again for a while: alert_id, until
    "escalation",  # nobody has acknowledged it: alert_id, message; told to the addresses for that
    "digest",  # all that is open, in one message: message, lines; the model is ""
    "reevaluation",  # one was opened: triggers (rules), alert_ids
    "evaluation",  # its command ended: reevaluation_id, outcome, exit_code, seconds, log
    "decision",  # reevaluation_id, verdict, reasons, staleness_cost, retrain_cost, currency, and what was predicted
    "followed",  # what was done about a decision: decision_id, did (accept, reject, done), by, reason
    "outcome",  # what came of it a quarter later: decision_id, score, fall, won_share, staleness and cost since
    "beginning",  # whether to fine-tune was decided: verdict, option, currency, to_date (by month), plan, by, reason
    "baseline",  # a plan was frozen: baseline (its number), plan (its text), sha256, budget, planned, reason, by
    "milestone",  # of a plan, what was told of it: milestone, on, count, evidence, by, is_withdrawn
    "close",  # quarter, version, content_hash, files, approver, accepted, reasons, findings, recorded_at; no model
    "reopen",  # quarter, version (of the close it undoes), reason, by, recorded_at; the model is ""
    "delivery",  # one that was held: decision, source, set_name, files, occurrence, slots, reason, by; model ""
    "hard_stop",  # a budget is spent, its command is run: budget, period_start, amount, spent, currency
    "hard_stopped",  # how it ended: budget, hard_stop_id, exit_code, error, log
    "report",  # the report of a close was kept: quarter, version, files, recorded_at; the model is ""
]


@dataclass(frozen=True)
class Event:
    """One event. ``happened_at`` is UTC; ``data`` holds what JSON can hold, amounts as text."""

    event_id: int
    kind: Kind
    happened_at: datetime
    model_id: str
    data: dict[str, Any]


@dataclass(frozen=True)
class History:
    """The journal as it was read: its events, oldest first, and what is wrong with the chain, a sentence each.

    An event that was changed, taken out or put in later shows. Events from before the chain are covered from the first
    link on: it holds the file before it. ``tail`` is the number and the sha256 of the newest event, which no later one
    vouches for yet.
    """

    events: tuple[Event, ...]
    faults: tuple[str, ...]
    tail: tuple[int, str] | None
    damage: TruecostError | None = None

    def sound_events(self) -> list[Event]:
        """Every event.

        Raises:
            TruecostError: a file of the journal is damaged.
        """
        if self.damage:
            raise self.damage
        return list(self.events)


@dataclass(frozen=True)
class _Written:
    """A file of the journal, as it was read."""

    path: Path
    content: bytes

    @property
    def number(self) -> int:
        return int(self.path.stem)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def held(self) -> Any:
        with suppress(ValueError):
            return json.loads(self.content)
        return None

    @property
    def is_readable(self) -> bool:
        return isinstance(self.held, dict)

    @property
    def previous(self) -> str | None:
        return self.held.get("previous") if isinstance(self.held, dict) else None

    def event(self) -> Event:
        try:
            held = json.loads(self.content)
            moment = datetime.fromisoformat(held["happened_at"])
            return Event(self.number, held["kind"], moment, held["model_id"], held["data"])
        except (ValueError, KeyError, TypeError) as error:
            raise TruecostError(f"{self.path} is damaged ({error}); put it back from a backup") from error


class Journal:
    """The journal of a workspace, in its folder ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self) -> History:
        """The journal as it stands now, each file of it read once."""
        written = [_Written(path, path.read_bytes()) for path in self._files()]
        events, found, before, is_chained = list[Event](), list[str](), None, False
        damage: TruecostError | None = None
        for item in sorted(written, key=lambda item: item.number):
            expected = before.number + 1 if before else 1
            if item.number != expected:
                found.append(f"{self.path(expected)} is missing; put it back from a backup")
            if item.previous is None and is_chained and item.is_readable:
                found.append(f"{item.path} was not written by truecost: it does not name the event before it")
            elif item.previous is not None and before and item.previous != before.sha256:
                found.append(f"{before.path} was changed after {item.path.name} was written; put it back from a backup")
            is_chained = is_chained or item.previous is not None
            try:
                events.append(item.event())
            except TruecostError as error:
                damage = damage or error
                found.append(f"{item.path} is damaged; put it back from a backup")
            before = item
        return History(tuple(events), tuple(found), (before.number, before.sha256) if before else None, damage)

    def events(self) -> list[Event]:
        """Every event, oldest first.

        Raises:
            TruecostError: a file of the journal is damaged.
        """
        return self.read().sound_events()

    def append(self, kind: Kind, happened_at: datetime, model_id: str, **data: Any) -> Event:
        """Write an event down, for good; it has the next number when this returns."""
        self._root.mkdir(parents=True, exist_ok=True)
        while True:
            last = max(self._files(), key=lambda path: int(path.stem), default=None)
            number = int(last.stem) + 1 if last else 1
            written = {"kind": kind, "happened_at": happened_at.isoformat(), "model_id": model_id, "data": data}
            if last:
                written["previous"] = hashlib.sha256(last.read_bytes()).hexdigest()
            text = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
            with suppress(FileExistsError):  # another process was first: the number after its own
                write_once(self.path(number), text.encode())
                return Event(number, kind, happened_at, model_id, data)

    def path(self, event_id: int) -> Path:
        """The file of an event."""
        return self._root / f"{event_id:08d}.json"

    def _files(self) -> list[Path]:
        return sorted(self._root.glob("[0-9]*.json"))


def mirror_faults(con: DuckDBPyConnection, journal: Journal, events: Sequence[Event]) -> list[str]:
    """What the warehouse remembers and the journal no longer says, a sentence each: its end was cut, or changed."""
    rows = con.execute(
        "SELECT event_id, kind, happened_at, model_id, data FROM outlook.events ORDER BY event_id"
    ).fetchall()
    held = {event.event_id: tuple(_mirrored(event).values()) for event in events} if rows else {}
    found = []
    for number, kind, *_ in (row for row in rows if row[0] not in held):
        found.append(
            f"{journal.path(number)} is missing, and the warehouse knows of it ({kind}); put it back from a backup"
        )
    for row in rows:
        if row[0] in held and held[row[0]] != row:
            found.append(
                f"{journal.path(row[0])} was changed after it was written, as the warehouse shows; "
                "put it back from a backup"
            )
    return found


def mirror(con: DuckDBPyConnection, events: Sequence[Event]) -> bool:
    """Bring ``outlook.events`` up to date with the journal; returns whether anything had changed."""
    rows = [_mirrored(event) for event in events]
    fingerprint = hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest() if rows else None
    if last_fingerprint(con, STEP) == fingerprint:
        return False
    with transaction(con):
        con.execute("DELETE FROM outlook.events")
        if fingerprint is None:
            con.execute("DELETE FROM log.steps WHERE step = ?", [STEP])
            return True
        insert_rows(con, "outlook.events", rows)
        remember_fingerprint(con, STEP, fingerprint)
    return True


def _mirrored(event: Event) -> dict[str, Any]:
    """The event as a row of ``outlook.events``."""
    return {
        "event_id": event.event_id,
        "kind": event.kind,
        "happened_at": event.happened_at.astimezone(UTC).replace(tzinfo=None),
        "model_id": event.model_id,
        "data": json.dumps(event.data),
    }
