"""What the journal is told of closes, how far it goes, and the report that is kept with one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from truecost.archive.closes import REPORT, Close
from truecost.archive.sealed import file_faults, laid_out, put_in_place, seal
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.store.files import clear_leftovers, write_anew
from truecost.store.journal import Event, Journal
from truecost.store.warehouse import connect
from truecost.workspace.workspace import Workspace

HEAD = "head.json"  # beside the folders of the quarters: the journal's newest event when a close was last written down


def write_down(workspace: Workspace, kind: Literal["close", "reopen", "report"], at: datetime, **data: Any) -> Event:
    """Tell the journal of a close, and keep beside what is frozen how far the journal goes.

    ``at`` is the time the clock states; the event also holds the time it was in truth.
    """
    recorded_at = datetime.now(UTC).isoformat(timespec="seconds")
    clear_leftovers(workspace.journal, workspace.closed)
    journal = Journal(workspace.journal)
    event = journal.append(kind, at, "", **data, recorded_at=recorded_at)
    _vouch_for(workspace, *(journal.read().tail or (event.event_id, "")))
    return event


def vouch(workspace: Workspace) -> None:
    """Keep how far the journal goes, where a close that died had told the journal and not come to that."""
    head, history = head_of(workspace), Journal(workspace.journal).read()
    tail = history.tail
    told = [event.event_id for event in history.sound_events() if event.kind in ("close", "reopen", "report")]
    if tail and told and (head is None or head["event_id"] < told[-1]):
        clear_leftovers(workspace.journal, workspace.closed)
        _vouch_for(workspace, *tail)


def keep_report(workspace: Workspace, clock: Clock, close: Close, folder: Path, names: Iterable[str]) -> None:
    """Keep the first report after a close as it is: it is the quarter's from then on."""
    if workspace.home:  # a past view reads what was kept, and keeps nothing
        return
    with connect(workspace.warehouse, workspace.wait):  # two reports at once: the first is kept
        if any(event.kind == "report" and _is_of(event, close) for event in Journal(workspace.journal).events()):
            return
        staged = laid_out(close.folder / REPORT)
        for name in names:
            shutil.copyfile(folder / name, staged / name)
        files = seal(staged)
        at = max(clock.now(), close.closed_at)  # a close that is finished later keeps what its own day says
        write_down(workspace, "report", at, quarter=close.quarter, version=close.version, files=files)
        put_in_place(close.folder / REPORT, files)


def kept_report(close: Close) -> Path | None:
    """The folder of the report that was kept at the close; None where none has been.

    Raises:
        TruecostError: it is not as it was kept.
    """
    if close.report_files is None:
        return None
    for fault in file_faults(close.folder / REPORT, close.report_files, f"the report of {close.quarter} was kept"):
        raise TruecostError(fault)
    return close.folder / REPORT


def head_of(workspace: Workspace) -> dict[str, Any] | None:
    """The journal's newest event when a close was last written down: its number and its sha256."""
    with suppress(FileNotFoundError, ValueError):
        held: dict[str, Any] = json.loads((workspace.closed / HEAD).read_text("utf-8"))
        return held
    return None


def _vouch_for(workspace: Workspace, number: int, sha256: str) -> None:
    workspace.closed.mkdir(parents=True, exist_ok=True)
    write_anew(workspace.closed / HEAD, json.dumps({"event_id": number, "sha256": sha256}).encode())


def _is_of(event: Event, close: Close) -> bool:
    return (event.data["quarter"], event.data["version"]) == (close.quarter, close.version)
