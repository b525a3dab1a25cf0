"""Which quarters are closed: read from the journal, with what was frozen of each in ``closed/<quarter>/<version>/``.

A folder without its event is a close that died half way: it counts for nothing, and the next close replaces it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from truecost.config import AttributionSection
from truecost.errors import TruecostError
from truecost.journal import Event, Journal
from truecost.lookups import Lookup, LookupRow
from truecost.workspace import Workspace

COSTS = "costs.parquet"
PLAN = "plan.parquet"
SETTINGS = "settings.json"
REPORT = "report"


@dataclass(frozen=True)
class Close:
    """A closed quarter: its version (1, and one more after each reopening), its frozen files and their hashes."""

    quarter: str
    start: date
    end: date
    version: int
    closed_at: datetime
    approver: str
    content_hash: str
    files: dict[str, str]
    completeness: dict[str, str]
    event_id: int
    folder: Path

    @cached_property
    def rules(self) -> list[AttributionSection]:
        """The attribution rules of then."""
        settings = json.loads((self.folder / SETTINGS).read_text("utf-8"))
        return [AttributionSection.model_validate(rule) for rule in settings["config"]["attribution"]]

    @cached_property
    def lookups(self) -> dict[str, Lookup]:
        """The lookup tables of then."""
        settings = json.loads((self.folder / SETTINGS).read_text("utf-8"))
        return {
            name: Lookup(name, {key: LookupRow(**row) for key, row in table["rows"].items()})
            for name, table in settings.get("lookups", {}).items()
        }

    def faults(self) -> list[str]:
        """What is wrong with the frozen files, a sentence each."""
        found = []
        for name, sha256 in self.files.items():
            path = self.folder / name
            if not path.is_file():
                found.append(f"{path} is missing; put it back from a backup")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                found.append(f"{path} was changed after {self.quarter} was closed; put it back from a backup")
        return found


def closed_quarters(workspace: Workspace) -> list[Close]:
    """The quarters that are closed now, oldest first.

    Raises:
        TruecostError: what was frozen of one is not there.
    """
    held: list[Close] = []
    for event in Journal(workspace.journal).events():
        if event.kind == "close":
            held.append(_close(workspace, event))
        elif event.kind == "reopen":
            held = [close for close in held if close.quarter != event.data["quarter"]]
    for close in held:
        for name in close.files:
            if not (close.folder / name).is_file():
                raise TruecostError(f"{close.folder / name} is missing: {close.quarter} is closed; restore it")
    return held


def times_closed(workspace: Workspace) -> Counter[str]:
    """How often each quarter has been closed, be it open again or not."""
    events = Journal(workspace.journal).events()
    return Counter(event.data["quarter"] for event in events if event.kind == "close")


def folder_of(workspace: Workspace, quarter: str, version: int) -> Path:
    return workspace.closed / quarter / str(version)


def _close(workspace: Workspace, event: Event) -> Close:
    data: dict[str, Any] = event.data
    return Close(
        quarter=data["quarter"],
        start=date.fromisoformat(data["quarter_start"]),
        end=date.fromisoformat(data["quarter_end"]),
        version=data["version"],
        closed_at=event.happened_at,
        approver=data["approver"],
        content_hash=data["content_hash"],
        files=data["files"],
        completeness=data["completeness"],
        event_id=event.event_id,
        folder=folder_of(workspace, data["quarter"], data["version"]),
    )
