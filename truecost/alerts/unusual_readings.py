"""The reading of days on which a source cost far more than its own history lets expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from truecost.alerts.states import UNUSUAL, Reading, State
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RECENT = 7  # days of the source's own, and so how long a day is told
ERRORS = 5.5  # of the source's own spread, that a day lies above its weekday
LEAST = 0.5  # more than expected; a smaller excess is not worth a message
_FAR = 3.0  # times what is expected, or two days of a run, is an alert
_DRIVERS = 3  # so many are named


def unusual_days(con: DuckDBPyConnection, recent: int = RECENT) -> list[Row]:
    """Rows of ``sql/alerts/unusual.sql``: a run of such days a row, the largest excess first."""
    return read_rows(con, query("alerts/unusual"), {"recent": recent, "errors": ERRORS, "least": LEAST})


def unusual(rows: Sequence[Row]) -> Reading:
    """One reading of the workspace as a whole, however many sources it is about; drivers are those of the first."""
    if not rows:
        return Reading("", UNUSUAL, "OK", "every day is in line with its source's own history")
    state: State = "ALERT" if any(_is_far(row) for row in rows) else "WARNING"
    drivers = tuple(
        f"{d['model_id'] or 'unallocated'}, {d['stage'].replace('_', ' ')} (+{d['excess']:,.2f})"
        for d in rows[0]["drivers"][:_DRIVERS]
    )
    return Reading("", UNUSUAL, state, ". ".join(map(_told, rows)), drivers, tuple(row["source"] for row in rows))


def _is_far(row: Row) -> bool:
    return bool(row["days"] > 1 or float(row["cost"]) > _FAR * float(row["expected"]))


def _told(row: Row) -> str:
    when = f"on {row['first_day']}" if row["days"] == 1 else f"on {row['days']} days from {row['first_day']}"
    return (
        f"{row['source']} cost {row['currency']} {row['cost']:,.2f} {when}, where its own history lets expect "
        f"{row['expected']:,.2f}"
    )
