"""Readings of the workspace as a whole: what came in and could not be used, who fell silent, whether the books hold.

Each is one reading, however many files or sources it is about: its message counts them by cause and names the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from truecost.alerts.causes import told_by_cause
from truecost.alerts.states import BOOKS, DELIVERIES, SILENCE, Reading, State
from truecost.alerts.unusual_readings import unusual, unusual_days
from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.invariants import Breach, breaches
from truecost.books.session import Session
from truecost.intake.unmatched import Unmatched, unmatched_sources
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.store.warehouse import last_fingerprint, remember_fingerprint

_SOUND = "alerts/books"  # the step that remembers the books that were found sound


def of_workspace(session: Session) -> list[Reading]:
    """A reading a rule."""
    con, workspace = session.con, session.workspace
    share = workspace.config.alerts.quarantined_share
    delivered = {source for (source,) in con.execute(query("report/delivered_sources")).fetchall()}
    gone = [found for found in unmatched_sources(workspace, delivered) if found.source in delivered]
    return [
        deliveries(read_rows(con, query("alerts/deliveries"), {"share": share}), share),
        silence(read_rows(con, query("alerts/silence")), gone),
        books(_breaches(session)),
        unusual(unusual_days(con)),
    ]


def deliveries(rows: Sequence[Row], share: Decimal) -> Reading:
    """The reading of files as they were last delivered: rows of ``sql/alerts/deliveries.sql``."""
    refused = [(row["file"], row["reason"]) for row in rows if row["trouble"] == "refused"]
    held = [(row["file"], "") for row in rows if row["trouble"] == "held"]
    spoilt = [(row["file"], "") for row in rows if row["trouble"] == "quarantined"]
    percent = f"{(100 * share).normalize():f} %"
    told = (
        told_by_cause("file refused", "files refused", refused),
        told_by_cause("file held", "files held", held),
        told_by_cause(
            f"file with more than {percent} of its rows quarantined",
            f"files with more than {percent} of their rows quarantined",
            spoilt,
        ),
    )
    state: State = "ALERT" if refused else "WARNING" if rows else "OK"
    return _reading(DELIVERIES, state, told, [row["delivery_id"] for row in rows], "every delivery is taken in")


def silence(silent: Sequence[Row], gone: Sequence[Unmatched]) -> Reading:
    """The reading of sources that should speak (rows of ``sql/alerts/silence.sql``), and of paths that lead nowhere."""
    since = [
        (row["source"], f"it last spoke for {row['last_day']}" if row["last_day"] else "it has never spoken")
        for row in silent
    ]
    told = (
        told_by_cause("source is silent for longer than it may", "sources are silent for longer than they may", since),
        told_by_cause(
            "source finds no file any more", "sources find no file any more", [(one.source, one.what) for one in gone]
        ),
    )
    about = [row["source"] for row in silent] + [f"path of {one.source}" for one in gone]
    state: State = "ALERT" if silent else "WARNING" if gone else "OK"
    return _reading(SILENCE, state, told, about, "every source speaks")


def books(broken: Sequence[Breach]) -> Reading:
    """The reading of the promises the books keep."""
    about = sorted({breach.invariant for breach in broken})
    told = ""
    if broken:
        promises = ", ".join(f"`{name.replace('_', ' ')}`" for name in about)
        first = f"{broken[0].subject}: {broken[0].fault}"
        told = f"the books break a promise in {len(broken):,} places: {promises}; first: {first}"
    return _reading(BOOKS, "ALERT" if broken else "OK", (told,), about, "the books keep every promise")


def _reading(rule: str, state: State, told: Sequence[str], about: Sequence[object], all_well: str) -> Reading:
    message = ". ".join(filter(None, told)) or all_well
    return Reading("", rule, state, message, about=tuple(map(str, about)))


def _breaches(session: Session) -> list[Breach]:
    """What breaks a promise; books that were found sound are looked at again once they are derived anew."""
    derived = last_fingerprint(session.con, BOOKS_STEP)
    if derived is None or last_fingerprint(session.con, _SOUND) == derived:
        return []
    found = breaches(session)
    if not found:
        remember_fingerprint(session.con, _SOUND, derived)
    return found
