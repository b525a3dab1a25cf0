"""Whether what landed is as it came, and the ledger as it was loaded from it.

A delivery's content is kept under its sha256, and the landing log numbers deliveries without a gap. What a delivery
wrote to the warehouse is summed as it is loaded (``log.contents``), so that a row that was changed since shows, however
many runs have followed. ``deep_faults`` asks the files themselves: it loads them all anew, aside.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from truecost import progress
from truecost.errors import TruecostError
from truecost.intake.landing import LandedSet, Landing
from truecost.intake.load import contents_of, load_landed
from truecost.store.rows import read_rows
from truecost.store.sql import query
from truecost.store.warehouse import connect
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def landing_faults(workspace: Workspace) -> list[str]:
    """What of the landing folder is not as it was written: a log entry, or a file's content."""
    landing = Landing(workspace.landing)
    try:
        entries = landing.entries()
    except TruecostError as damaged:
        return [str(damaged)]
    found = list(_missing_entries(entries, landing)) if not workspace.home else []  # a past view lacks what came since
    parts = {part.sha256: part for entry in entries for part in entry.parts if part.sha256}
    for number, (sha256, part) in enumerate(parts.items(), 1):
        progress.say("reading what landed", part.file, number, len(parts))
        fault = landing.object_fault(sha256)
        found += [f"{part.file}, delivery {part.delivery_id}: {fault}"] if fault else []
    return found


def see_that_landing_is_sound(workspace: Workspace) -> None:
    """A past view rests on the landed files alone.

    Raises:
        TruecostError: one of them is not as it came.
    """
    for fault in landing_faults(workspace):
        raise TruecostError(f"what was known then can't be told: {fault}")


def ledger_faults(workspace: Workspace, con: DuckDBPyConnection) -> list[str]:
    """What of the ledger is not as it was loaded, or is of no delivery that the landing log knows."""
    found = []
    files = {row["delivery_id"]: row["file"] for row in read_rows(con, query("intake/integrity/deliveries"))}
    for name, column in contents_of().items():
        asked = query("intake/integrity/changed", table=name, delivery_column=column)
        for row in read_rows(con, asked, {"name": name}):
            number, now, told = row["delivery_id"], row["rows_now"], row["rows_told"]
            file = files.get(number, "a file that no delivery names")
            what = f"{now} rows where {told} were loaded" if now != told else "rows that are not those that were loaded"
            found.append(f"{name} holds {what} of delivery {number}, {file}; {_rebuild(workspace)}")
    return found + list(_unlike_the_log(workspace, con))


def log_faults(workspace: Workspace, con: DuckDBPyConnection) -> list[str]:
    """What the next load would set right without a word: deliveries that were forgotten, and those whose entry names
    another file or content than it did when they were loaded.
    """
    found = [
        f"delivery {row['delivery_id']} was loaded, and the log of the warehouse has lost it; {_rebuild(workspace)}"
        for row in read_rows(con, query("intake/integrity/forgotten"))
    ]
    return found + list(_unlike_the_log(workspace, con))


def deep_faults(workspace: Workspace, con: DuckDBPyConnection) -> list[str]:
    """Where loading every landed file anew comes to other rows than the warehouse holds."""
    with (
        tempfile.TemporaryDirectory(dir=workspace.warehouse.parent, prefix=".deep-") as folder,
        connect(Path(folder) / "anew.duckdb") as anew,
    ):
        load_landed(anew, workspace)
        expected = {tuple(row) for row in anew.execute(query("intake/integrity/contents")).fetchall()}
    held = {tuple(row) for row in con.execute(query("intake/integrity/contents")).fetchall()}
    apart = sorted({(number, name) for number, name, *_ in held ^ expected if name != "log.deliveries"})
    return [
        f"{name} holds other rows of delivery {number} than its file gives when it is loaded anew; "
        f"{_rebuild(workspace)}"
        for number, name in apart
    ]


def _missing_entries(entries: Sequence[LandedSet], landing: Landing) -> Iterator[str]:
    """Deliveries are numbered from 1 without a gap: an entry that is missing leaves one."""
    expected = 1
    for entry in entries:
        if entry.set_version != expected:
            yield (
                f"{landing.entry_path(expected)} is missing: deliveries {expected} to {entry.set_version - 1} came and "
                "are not in the log; put it back from a backup"
            )
        expected = entry.set_version + len(entry.parts)


def _unlike_the_log(workspace: Workspace, con: DuckDBPyConnection) -> Iterator[str]:
    """What the warehouse and the landing log tell differently of a delivery."""
    landing = Landing(workspace.landing)
    told = {
        part.delivery_id: (entry.source, part.file, entry.set_name, entry.set_version, part.sha256, part.size_bytes)
        for entry in landing.entries()
        for part in entry.parts
    }
    for row in read_rows(con, query("intake/integrity/deliveries")):
        number = row.pop("delivery_id")
        if number not in told:
            yield (
                f"delivery {number}, {row['file']}, is in the warehouse, and the landing log does not know it; put "
                f"{landing.entry_path(row['set_version'])} back from a backup"
            )
        elif tuple(row.values()) != told[number]:
            yield f"log.deliveries tells delivery {number}, {row['file']}, as the landing log does not; " + _rebuild(
                workspace
            )


def _rebuild(workspace: Workspace) -> str:
    return f"move {workspace.warehouse} away and run `truecost run`, which builds it anew from what landed"
