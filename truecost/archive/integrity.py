"""Whether the journal and all that closes froze are as they were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.archive.closes import REPORT, Close, Closes, read_closes, see_that_all_is_there
from truecost.archive.record import HEAD, head_of
from truecost.archive.sealed import settled_sha256
from truecost.errors import ConfigError, Fault, TruecostError
from truecost.store.journal import Journal, mirror_faults
from truecost.workspace.tomlfiles import read_toml
from truecost.workspace.workspace import CONFIG, Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What gives the closed figures their currency and their months: it can't change under them.
_FIXED = ("reporting_currency", "fiscal_year_start_month")


def sound_closes(workspace: Workspace, con: DuckDBPyConnection | None = None) -> Closes:
    """The closes, where all is as it was written: what every step that derives or publishes asks first.

    ``con`` is the warehouse, where the step has it open.

    Raises:
        TruecostError: the journal or what was frozen is not as it was written.
        ConfigError: a setting was changed that gives closed figures their meaning.
    """
    closes, found = _checked(workspace, con)
    if found:
        more = f" ({len(found) - 1} more: `truecost doctor` lists them)" if len(found) > 1 else ""
        raise TruecostError(f"{found[0]}{more}")
    changed = _changed_settings(workspace, closes.standing)
    if changed:
        raise ConfigError(changed)
    see_that_all_is_there(closes.standing)
    return closes


def archive_faults(workspace: Workspace, con: DuckDBPyConnection | None = None) -> list[str]:
    """What of the journal, of every version of every close, or of the settings they hang on is not as it was."""
    closes, found = _checked(workspace, con)
    return found or [str(fault).removesuffix(".") for fault in _changed_settings(workspace, closes.standing)]


def _checked(workspace: Workspace, con: DuckDBPyConnection | None) -> tuple[Closes, list[str]]:
    """The closes, and what of the journal and of what was frozen is not as it was written, a sentence each."""
    head, folders = head_of(workspace), _folders(workspace)  # before the journal, which may grow meanwhile
    journal = Journal(workspace.journal)
    history = journal.read()
    found = list(history.faults)
    if history.damage:  # a damaged event, which the faults have named
        return Closes(), found or [str(history.damage)]
    closes = read_closes(workspace, history.events)
    found += mirror_faults(con, journal, history.events) if con else []
    for close in closes.every:
        found += close.faults()
    if workspace.home:  # a past view has only the older part of the journal
        return closes, found
    if head and not _is_in(journal, head):
        found.append(
            f"{journal.path(head['event_id'])} is missing or was changed: {workspace.closed / HEAD} holds another hash "
            "of it; put it back from a backup"
        )
    known = {close.folder for close in closes.every}
    known |= {close.folder / REPORT for close in closes.every if close.report_files}
    found += [
        f"{folder} is there, and the journal does not know of it; put {workspace.journal} back from a backup, or move "
        "the folder away"
        for folder in folders
        if folder not in known
    ]
    return closes, list(dict.fromkeys(found))


def _changed_settings(workspace: Workspace, held: Sequence[Close]) -> list[Fault]:
    """Settings that closed quarters hang on and that are no longer those of then."""
    found = []
    for key in _FIXED:
        now = getattr(workspace.config.workspace, key)
        other = {
            close.quarter: then
            for close in reversed(held)
            if (then := close.settings["config"]["workspace"][key]) != now
        }
        if other:
            quarters, then = ", ".join(other), next(iter(other.values()))
            message = f"{key} is {now}, and was {then} when {quarters} {'were' if len(other) > 1 else 'was'} closed"
            remedy = f"set it back to {then}; to change it, reopen {quarters} first"
            found.append(Fault(CONFIG, _line(workspace, key), message, remedy))
    return found


def _folders(workspace: Workspace) -> list[Path]:
    """What is in the place of a close or of its report."""
    return sorted(
        path
        for path in (*workspace.closed.glob("*/*"), *workspace.closed.glob(f"*/*/{REPORT}"))
        if path.is_dir() and (path.parent if path.name == REPORT else path).name.isdecimal()
    )


def _is_in(journal: Journal, head: Mapping[str, Any]) -> bool:
    path = journal.path(head["event_id"])
    return path.is_file() and settled_sha256(path) == head["sha256"]


def _line(workspace: Workspace, key: str) -> int | None:
    path = workspace.root / CONFIG
    return read_toml(path, CONFIG)[1].find(("workspace", key)) if path.is_file() else None
