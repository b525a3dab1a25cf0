"""The journal: what happened, and can't be derived again: alerts, who was told, evaluations, decisions.

``journal/00000007.json`` is the seventh event, written once and never changed. The warehouse mirrors the folder and can
be made anew from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from truecost.durable import write_once
from truecost.errors import TruecostError
from truecost.warehouse import last_fingerprint, remember_fingerprint, transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP = "journal"

Kind = Literal[
    "alert",  # a rule's state changed: rule, state, previous, is_told, message, drivers
    "reminder",  # it still holds: alert_id, and a message of its own
    "delivered",  # a message reached an address: message_id, address (its place in the list), service
    "acknowledged",  # someone has seen it: alert_id
    "reevaluation",  # one was opened: triggers (rules), alert_ids
    "evaluation",  # its command ended: reevaluation_id, outcome, exit_code, seconds, log
    "decision",  # reevaluation_id, verdict, reasons, staleness_cost, retrain_cost, currency
]


@dataclass(frozen=True)
class Event:
    """One event. ``happened_at`` is UTC; ``data`` holds what JSON can hold, amounts as text."""

    event_id: int
    kind: Kind
    happened_at: datetime
    model_id: str
    data: dict[str, Any]


class Journal:
    """The journal of a workspace, in its folder ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def events(self) -> list[Event]:
        """Every event, oldest first.

        Raises:
            TruecostError: a file of the journal is damaged.
        """
        return [_read(path) for path in self._files()]

    def append(self, kind: Kind, happened_at: datetime, model_id: str, **data: Any) -> Event:
        """Write an event down, for good; it has the next number when this returns."""
        self._root.mkdir(parents=True, exist_ok=True)
        while True:
            number = max((int(path.stem) for path in self._files()), default=0) + 1
            written = {"kind": kind, "happened_at": happened_at.isoformat(), "model_id": model_id, "data": data}
            text = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
            with suppress(FileExistsError):  # another process was first: the number after its own
                write_once(self._root / f"{number:08d}.json", text.encode())
                return Event(number, kind, happened_at, model_id, data)

    def _files(self) -> list[Path]:
        return sorted(self._root.glob("[0-9]*.json"))


def mirror(con: DuckDBPyConnection, events: Sequence[Event]) -> bool:
    """Bring ``outlook.events`` up to date with the journal; returns whether anything had changed."""
    import pyarrow as pa

    rows = [
        {
            "event_id": event.event_id,
            "kind": event.kind,
            "happened_at": event.happened_at.astimezone(UTC).replace(tzinfo=None),
            "model_id": event.model_id,
            "data": json.dumps(event.data),
        }
        for event in events
    ]
    fingerprint = hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest() if rows else None
    if last_fingerprint(con, STEP) == fingerprint:
        return False
    with transaction(con):
        con.execute("DELETE FROM outlook.events")
        if fingerprint is None:
            con.execute("DELETE FROM log.steps WHERE step = ?", [STEP])
            return True
        con.register("journal_batch", pa.Table.from_pylist(rows))
        con.execute("INSERT INTO outlook.events BY NAME SELECT * FROM journal_batch")
        con.unregister("journal_batch")
        remember_fingerprint(con, STEP, fingerprint)
    return True


def _read(path: Path) -> Event:
    try:
        held = json.loads(path.read_text("utf-8"))
        moment = datetime.fromisoformat(held["happened_at"])
        return Event(int(path.stem), held["kind"], moment, held["model_id"], held["data"])
    except (ValueError, KeyError, TypeError) as error:
        raise TruecostError(f"{path} is damaged ({error}); put it back from a backup") from error
