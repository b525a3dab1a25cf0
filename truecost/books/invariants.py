"""The promises the books keep, each once, as a query that finds what breaks it.

A broken promise is data: a :class:`Breach` that names the delivery, slot or charge. Tests and ``doctor`` ask the same
questions. Those that need a second look at the world (replaying the landing log, reading a report) are tests only.
"""

from __future__ import annotations

from dataclasses import dataclass

from truecost.books.gaps import tell_day
from truecost.books.session import Session
from truecost.store.sql import names, query


@dataclass(frozen=True)
class Breach:
    """A promise that does not hold: which, for what, and how."""

    invariant: str
    subject: str
    fault: str


def breaches(session: Session) -> list[Breach]:
    """Every breach in the books, and in what is said of them on the session's day; none is what one expects."""
    tell_day(session.con)
    found = []
    for name in names("invariants"):
        invariant = name.removeprefix("invariants/")
        found += [Breach(invariant, subject, fault) for subject, fault in session.con.execute(query(name)).fetchall()]
    return found
