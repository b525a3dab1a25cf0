"""What speaks against closing a quarter: each check, what it found, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from truecost.books.invariants import breaches
from truecost.books.session import Session
from truecost.store.journal import Event, Journal
from truecost.store.sql import query

INVARIANTS = "invariants"  # a promise of the books that does not hold can't be accepted
ACCRUED = "accrued"  # told, and speaks against nothing
REMEDIES = {
    "quarantined": "correct the lines and deliver the files again",
    "held": "settle which delivery holds",
    "refused": "mend the file and deliver it again",
    "pages": "save the pages that follow (has_more) and deliver them too",
    "invoices": "ask the supplier, or deliver the corrected invoice",
    "silent": "deliver what is missing",
    "unallocated": "add rules (`truecost attribution suggest`)",
    "unpriced": "add the price to a rate card or to [[rates]]",
    "unconverted": "book them in the reporting currency, or deliver exchange rates",
    "contested": "name each job in one run only, with its cluster where several know its id",
    "gpus_not_named": "export the jobs with AllocTRES, AllocGRES and ReqTRES",
    "run_without_cost": "deliver the records of its jobs, or correct their ids",
    "unknown_run": "name the run in a training_runs file",
    "left_out": "deliver an entry that no longer holds once more, with a duration of 0",
    INVARIANTS: "see `truecost doctor`; it can't be accepted",
    ACCRUED: "nothing now; it is reversed when the bill comes",
}
CHECKS = tuple(name for name in REMEDIES if name not in (INVARIANTS, ACCRUED))  # what --accept may name
# What these find is of no quarter, and found again at each close: it is accepted once.
ACCEPTED_ONCE = ("quarantined", "held", "refused", "pages", "unknown_run", "left_out")


@dataclass(frozen=True)
class Finding:
    """What a check found: ``key`` tells it apart from the next, ``what`` is for people."""

    key: str
    what: str


@dataclass(frozen=True)
class Check:
    """A check before a close: what speaks against it (nothing, where ``found`` is empty), and what to do about it.

    ``accepted_before`` was found as well, and accepted at an earlier close: it says at which.
    """

    name: str
    found: tuple[str, ...]
    remedy: str
    is_accepted: bool = False
    accepted_before: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()  # all of them

    @property
    def is_passed(self) -> bool:
        return not self.found or self.name == ACCRUED


def check_quarter(session: Session, accepted: Collection[str]) -> tuple[Check, ...]:
    """Every check of the quarter that the connection has been told (``quarter``, ``quarter_start``), in order."""
    limit = session.workspace.config.close.max_unallocated_share
    session.con.execute(f"SET VARIABLE max_unallocated_share = CAST('{limit}' AS DECIMAL(18, 6))")
    findings: defaultdict[str, list[Finding]] = defaultdict(list)
    for name, key, what in session.con.execute(query("closing/checks")).fetchall():
        findings[name].append(Finding(key, what))
    broken = [(breach.subject, f"{breach.subject}: {breach.fault}") for breach in breaches(session)]
    findings[INVARIANTS] = [Finding(subject, what) for subject, what in broken]
    before = accepted_before(Journal(session.workspace.journal).events())
    return tuple(
        judged(name, remedy, tuple(findings[name]), before, name in accepted) for name, remedy in REMEDIES.items()
    )


def judged(
    name: str, remedy: str, findings: tuple[Finding, ...], before: Mapping[tuple[str, str], str], is_named: bool
) -> Check:
    """What a check comes to: what was found now, less what an earlier close let through."""
    still = tuple(found.what for found in findings if (name, found.key) not in before)
    return Check(
        name,
        still,
        remedy,
        is_accepted=is_named and bool(still),
        accepted_before=tuple(
            f"{found.what} (accepted with {before[name, found.key]})"
            for found in findings
            if (name, found.key) in before
        ),
        findings=findings,
    )


def accepted_before(events: Iterable[Event]) -> dict[tuple[str, str], str]:
    """(check, key) of what was let through at an earlier close and is of no quarter -> that close."""
    held: dict[tuple[str, str], str] = {}
    for event in events:
        if event.kind == "close":
            named = f"{event.data['quarter']}, version {event.data['version']}, by {event.data['approver']}"
            for name, findings in event.data.get("findings", {}).items():
                for found in findings if name in ACCEPTED_ONCE else ():
                    held.setdefault((name, found["key"]), named)
    return held
