"""The quarantine, for a person who works on it: by cause, row by row, and loaded anew once the cause is mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from truecost.errors import TruecostError
from truecost.store.rows import read_rows
from truecost.store.sql import query
from truecost.store.warehouse import transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FIRST_FILES = 3
Outcome = Literal["loaded", "duplicate", "held", "rejected", "superseded", "quarantined", "refused"]


@dataclass(frozen=True)
class QuarantinedRow:
    """A row, or several of one fault where a file has very many: what it failed, and the file's own values."""

    delivery_id: int
    source: str
    file: str
    line: int | None
    rule: str
    column_name: str
    value: str | None
    message: str
    remedy: str | None
    row_json: str | None
    rows: int

    @property
    def cause(self) -> tuple[str, str, str]:
        return self.rule, self.column_name, self.message


@dataclass(frozen=True)
class Cause:
    """What rows are quarantined for, and where: the commonest first, numbered from 1."""

    number: int
    rule: str
    column_name: str
    message: str
    remedy: str | None
    rows: int
    files: int
    first_files: tuple[str, ...]


@dataclass(frozen=True)
class Retried:
    """A row that was loaded anew: what has become of it, and why where it still is not in."""

    delivery_id: int
    file: str
    line: int | None
    rows: int
    was: str
    outcome: Outcome
    because: str | None


def quarantined_rows(con: DuckDBPyConnection) -> list[QuarantinedRow]:
    """What is quarantined of files as last delivered, in their order."""
    return [QuarantinedRow(**row) for row in read_rows(con, query("intake/quarantined"))]


def causes(rows: Sequence[QuarantinedRow]) -> list[Cause]:
    """The rows by what they failed."""
    grouped: dict[tuple[str, str, str], list[QuarantinedRow]] = defaultdict(list)
    for row in rows:
        grouped[row.cause].append(row)
    ordered = sorted(grouped.items(), key=lambda item: (-sum(row.rows for row in item[1]), item[0]))
    found = []
    for number, ((rule, column, message), of_cause) in enumerate(ordered, 1):
        files = tuple(dict.fromkeys(row.file for row in of_cause))
        count = sum(row.rows for row in of_cause)
        found.append(Cause(number, rule, column, message, of_cause[0].remedy, count, len(files), files[:_FIRST_FILES]))
    return found


def rows_meant(rows: Sequence[QuarantinedRow], what: str | None) -> list[QuarantinedRow]:
    """The rows of a cause, by its number, or of a file, by its path or the end of it; of none named, all.

    Raises:
        TruecostError: nothing of that name is quarantined.
    """
    if what is None:
        return list(rows)
    if what.isdigit():
        named = {cause.number: (cause.rule, cause.column_name, cause.message) for cause in causes(rows)}
        found = [row for row in rows if row.cause == named.get(int(what))]
    else:
        found = [row for row in rows if row.file == what or row.file.endswith(f"/{what}")]
    if not found:
        raise TruecostError(
            f"nothing of {what} is quarantined; `truecost quarantine list` shows the causes by number, and their files"
        )
    return found


def forget_loads(con: DuckDBPyConnection, deliveries: Sequence[int]) -> None:
    """Let the next load take these deliveries up again, whatever they were loaded with."""
    with transaction(con):
        con.execute("UPDATE log.deliveries SET fingerprint = '' WHERE list_contains(?, delivery_id)", [deliveries])


def outcomes(con: DuckDBPyConnection, before: Sequence[QuarantinedRow]) -> list[Retried]:
    """What has become of rows that were quarantined, now that their deliveries are loaded anew."""
    states = {row["delivery_id"]: row for row in read_rows(con, query("claims/deliveries"))}
    still: dict[tuple[int, int | None], list[QuarantinedRow]] = defaultdict(list)
    for row in quarantined_rows(con):
        still[row.delivery_id, row.line].append(row)
    return [_outcome(row, still.get((row.delivery_id, row.line), []), states[row.delivery_id]) for row in before]


def _outcome(row: QuarantinedRow, still: Sequence[QuarantinedRow], delivery: Mapping[str, object]) -> Retried:
    status = str(delivery["status"])
    outcome: Outcome = "loaded"
    because = None
    if status == "refused":
        outcome, because = "refused", str(delivery["reason"])
    elif still:
        outcome, because = "quarantined", next((it.message for it in still if it.cause == row.cause), still[0].message)
    elif status in ("held", "rejected", "superseded", "duplicate"):
        outcome = status  # type: ignore[assignment]
        because = f"its delivery is {status}"
    return Retried(row.delivery_id, row.file, row.line, row.rows, row.message, outcome, because)
