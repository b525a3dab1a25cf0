"""The promises the books keep, each once, as a query that finds what breaks it.

A broken promise is data: a :class:`Breach` that names the delivery, slot or charge. Tests and ``doctor`` ask the same
questions. Those that need a second look at the world (replaying the landing log, reading a report) are tests only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from truecost.store.sql import names, query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Breach:
    """A promise that does not hold: which, for what, and how."""

    invariant: str
    subject: str
    fault: str


def breaches(con: DuckDBPyConnection) -> list[Breach]:
    """Every breach in the books of an open warehouse; none is what one expects.

    The workspace must have been told to the connection (``bookkeeping.tell_config``), as keeping its books does.
    """
    found = []
    for name in names("invariants"):
        invariant = name.removeprefix("invariants/")
        found += [Breach(invariant, subject, fault) for subject, fault in con.execute(query(name)).fetchall()]
    return found
