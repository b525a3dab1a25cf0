"""Deliveries as a person asks after them: what came of each, what it changed, and the word on one that is held."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from getpass import getuser
from typing import Any, Literal

from truecost.books.claims import Decision
from truecost.books.session import Session
from truecost.books.slots import set_key
from truecost.errors import TruecostError
from truecost.store.journal import Event, Journal
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query

_DONE = {"accept": "accepted", "reject": "rejected"}
_OPEN_TO: dict[str, tuple[str, ...]] = {"accept": ("held", "rejected"), "reject": ("held", "current")}


@dataclass(frozen=True)
class Delivered:
    """One delivery and what became of it."""

    delivery_id: int
    source: str
    file: str
    status: str
    is_open: bool
    received_at: datetime
    set_name: str
    set_version: int
    rows_read: int
    rows_loaded: int
    rows_held: int
    rows_duplicate: int
    rows_quarantined: int
    rows_skipped: int
    superseded_by: int | None
    reason: str | None
    warnings: list[str]
    sha256: str | None


@dataclass(frozen=True)
class Change:
    """What two sets say differently of a day and a service."""

    what: Literal["came", "went", "changed"]
    day: date | None
    service: str | None
    currency: str | None
    rows_before: int
    rows_now: int
    billed_before: Decimal
    billed_now: Decimal
    effective_before: Decimal
    effective_now: Decimal


@dataclass(frozen=True)
class Comparison:
    """A set beside the one that it would replace, or has replaced; ``lost`` is what it says less, in words."""

    against: int
    against_file: str
    lost: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Slot:
    """What a delivery speaks for, and how that stands."""

    slot: str
    status: str
    held_because: str | None


@dataclass(frozen=True)
class Ruling:
    """The word on a delivery, as the journal keeps it."""

    decision: str
    happened_at: datetime
    reason: str
    by: str


@dataclass(frozen=True)
class Shown:
    """All there is to say of a delivery."""

    delivery: Delivered
    slots: tuple[Slot, ...]
    comparisons: tuple[Comparison, ...]
    rulings: tuple[Ruling, ...]


_WHY = {
    "taken": "another delivery holds it",
    "invoice": "the invoice is held already, with other lines",
    "shrunk": "it says less than the one it would replace",
}


def list_deliveries(session: Session, source: str | None = None, only_open: bool = False) -> list[Delivered]:
    """Every delivery, the newest first."""
    told = [Delivered(**row) for row in read_rows(session.con, query("claims/deliveries"))]
    return [one for one in told if source in (None, one.source) and (one.is_open or not only_open)]


def show_delivery(session: Session, number: int) -> Shown:
    """A delivery, what it changed or would change, and the word on it.

    Raises:
        TruecostError: there is no such delivery.
    """
    delivery = _delivery(session, number)
    claims = _claims_of(session, delivery)
    slots = [
        Slot(row["slot"], row["status"], _why_held(row))
        for row in claims
        if row["delivery_id"] == number or row["status"] == "held"
    ]
    return Shown(delivery, tuple(slots), tuple(_compared(session, delivery, claims)), _rulings_of(session, delivery))


def decide_delivery(
    session: Session, number: int, decision: Decision, reason: str, by: str | None = None
) -> tuple[Delivered, Event]:
    """Accept a delivery that is held, in the place of what counts so far, or reject it; the journal keeps the word.

    It is kept by what the files hold and not by their number, so that books which are derived anew come out the same.

    Raises:
        TruecostError: there is nothing to decide of it.
    """
    if not reason.strip():
        raise TruecostError("say why with --reason: the journal keeps it for whoever asks")
    delivery = _delivery(session, number)
    claims = _claims_of(session, delivery)
    if delivery.status == "held" and not claims:
        raise TruecostError(f"delivery {number} is not whole: {delivery.reason}")
    slots = sorted({row["slot"] for row in claims if row["status"] in _decidable(session, delivery, decision)})
    if not slots:
        raise TruecostError(
            f"delivery {number} is {delivery.status}: there is nothing to {decision} of it; "
            "`truecost deliveries list --open` shows what waits"
        )
    data: dict[str, Any] = {
        **set_key(session.con, delivery.set_version),
        "decision": decision,
        "slots": slots,
        "reason": reason.strip(),
        "by": by or _user(),
        "delivery_id": number,
        "lost": next((row["lost"] for row in claims if row["lost"]), None),
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    journal = Journal(session.workspace.journal)
    return delivery, journal.append("delivery", session.clock.now(), "", **data)


def _decidable(session: Session, delivery: Delivered, decision: Decision) -> tuple[str, ...]:
    """The statuses of which there is something to decide; what counts is only rejected where it was accepted."""
    ruled = _rulings_of(session, delivery)
    was_accepted = bool(ruled) and ruled[-1].decision == "accept"
    return _OPEN_TO[decision] if decision == "accept" or was_accepted else ("held",)


def _delivery(session: Session, number: int) -> Delivered:
    for one in list_deliveries(session):
        if one.delivery_id == number:
            return one
    raise TruecostError(f"there is no delivery {number}; `truecost deliveries list` shows which there are")


def _claims_of(session: Session, delivery: Delivered) -> list[Row]:
    return read_rows(session.con, query("claims/of_set"), {"set_version": delivery.set_version})


def _why_held(row: Row) -> str | None:
    if row["status"] != "held":
        return None
    why = _WHY[row["held_form"]]
    return f"{why}: {row['lost']}" if row["lost"] and row["held_form"] == "shrunk" else why


def _compared(session: Session, delivery: Delivered, claims: Sequence[Row]) -> list[Comparison]:
    """The set of a delivery beside each other set that it meets."""
    met: dict[int, list[Row]] = {}
    for row in claims:
        if row["against"] is not None and row["against"] != delivery.set_version:
            met.setdefault(row["against"], []).append(row)
    told = []
    for against, rows in met.items():
        asked = {
            "before": against,
            "now": delivery.set_version,
            "periods": sorted({row["period"] for row in rows}),
        }
        changes = tuple(_change(row) for row in read_rows(session.con, query("claims/compared"), asked))
        lost = next((row["lost"] for row in rows if row["lost"]), None)
        told.append(Comparison(against, rows[0]["against_file"], lost, changes))
    return told


def _change(row: Row) -> Change:
    what: Literal["came", "went", "changed"] = "changed"
    if not row["rows_before"]:
        what = "came"
    elif not row["rows_now"]:
        what = "went"
    return Change(what=what, **row)


def _rulings_of(session: Session, delivery: Delivered) -> tuple[Ruling, ...]:
    if not session.closes.decided:
        return ()
    key = set_key(session.con, delivery.set_version)
    return tuple(
        Ruling(event.data["decision"], event.happened_at, event.data["reason"], event.data["by"])
        for event in session.closes.decided
        if all(event.data[name] == key[name] for name in ("source", "files", "occurrence"))
    )


def _user() -> str:
    with suppress(OSError, KeyError):
        return getuser()
    return ""
