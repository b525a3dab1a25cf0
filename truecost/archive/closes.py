"""Which quarters are closed: read from the journal, with what was frozen of each in ``closed/<quarter>/<version>/``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from truecost.archive.sealed import file_faults, put_in_place, stamp_of
from truecost.errors import TruecostError
from truecost.store.journal import Event, Journal
from truecost.workspace.config import AttributionSection
from truecost.workspace.lookups import Lookup, LookupRow
from truecost.workspace.workspace import Workspace

COSTS = "costs.parquet"
PLAN = "plan.parquet"
QUANTITIES = "planned_quantities.parquet"  # a close of an older truecost has none
SETTINGS = "settings.json"
REPORT = "report"
# The finance views that rest on more than frozen costs: their rows of a quarter are frozen with it, and with them those
# of closed quarters before it that no close has frozen.
VIEWS = ("model_life", "unit_economics", "variance_drivers")


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
    report_files: dict[str, str] | None = None  # None where no report has been kept yet

    @property
    def settings(self) -> dict[str, Any]:
        """What was frozen of the configuration, the lookup tables and the plans."""
        path = self.folder / SETTINGS
        return _parsed(path, stamp_of(path))

    @cached_property
    def rules(self) -> list[AttributionSection]:
        """The attribution rules of then."""
        frozen = self.settings["config"]["attribution"]  # with `match = {}` where a rule has a lookup alone
        return [AttributionSection.model_validate({k: v for k, v in rule.items() if v != {}}) for rule in frozen]

    @cached_property
    def lookups(self) -> dict[str, Lookup]:
        """The lookup tables of then."""
        return {
            name: Lookup(name, {key: LookupRow(**row) for key, row in table["rows"].items()})
            for name, table in self.settings.get("lookups", {}).items()
        }

    def view(self, name: str) -> Path | None:
        """The rows of a finance view it froze; None where it froze none, as the closes of an older truecost."""
        file = view_file(name)
        return self.folder / file if file in self.files else None

    def faults(self) -> list[str]:
        """What is wrong with the frozen files and the kept report, a sentence each."""
        return [
            *file_faults(self.folder, self.files, f"{self.quarter} was closed"),
            *file_faults(self.folder / REPORT, self.report_files or {}, f"the report of {self.quarter} was kept"),
        ]


@dataclass(frozen=True)
class Closes:
    """Every close there was, oldest first, as the journal tells them; and those whose quarter is closed now."""

    every: tuple[Close, ...] = ()
    standing: tuple[Close, ...] = ()
    decided: tuple[Event, ...] = ()  # of deliveries: accepted or rejected; the books rest on it as they do on closes

    @cached_property
    def times(self) -> Counter[str]:
        """How often each quarter has been closed, be it open again or not."""
        return Counter(close.quarter for close in self.every)


def read_closes(workspace: Workspace, events: Sequence[Event]) -> Closes:
    """The closes the journal tells of; what one of them had laid out and not put in place yet is put there."""
    kept = {
        (event.data["quarter"], event.data["version"]): event.data["files"]
        for event in reversed(events)  # the first to be kept is the one that stays
        if event.kind == "report"
    }
    every, standing = list[Close](), list[Close]()
    for event in events:
        if event.kind == "close":
            close = _close(workspace, event, kept.get((event.data["quarter"], event.data["version"])))
            put_in_place(close.folder, close.files)
            if close.report_files:
                put_in_place(close.folder / REPORT, close.report_files)
            every.append(close)
            standing.append(close)
        elif event.kind == "reopen":
            standing = [close for close in standing if close.quarter != event.data["quarter"]]
    decided = tuple(event for event in events if event.kind == "delivery")
    return Closes(tuple(every), tuple(standing), decided)


def closed_quarters(workspace: Workspace) -> list[Close]:
    """The quarters that are closed now, oldest first.

    Raises:
        TruecostError: what was frozen of one is not there.
    """
    held = read_closes(workspace, Journal(workspace.journal).events()).standing
    see_that_all_is_there(held)
    return list(held)


def see_that_all_is_there(closes: Iterable[Close]) -> None:
    """Raises:
    TruecostError: what was frozen of a close is not there.
    """
    for close in closes:
        for name in close.files:
            if not (close.folder / name).is_file():
                raise TruecostError(f"{close.folder / name} is missing: {close.quarter} is closed; restore it")


def quarters_frozen(closes: Sequence[Close], view: str) -> list[str]:
    """The closed quarters whose rows of a finance view are frozen: with their own close, or with a later one."""
    last = max((number for number, close in enumerate(closes, 1) if close.view(view)), default=0)
    return [close.quarter for close in closes[:last]]


def view_file(name: str) -> str:
    """Where a close keeps its rows of a finance view."""
    return f"{name}.parquet"


def folder_of(workspace: Workspace, quarter: str, version: int) -> Path:
    return workspace.closed / quarter / str(version)


def _close(workspace: Workspace, event: Event, report_files: dict[str, str] | None) -> Close:
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
        report_files=report_files,
    )


@lru_cache(maxsize=64)
def _parsed(path: Path, stamp: tuple[int, ...]) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return held
