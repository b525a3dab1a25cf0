"""What a close or a reopening began and did not finish, since it died on the way.

Nothing marks it: it is told from the journal, what is published and what is written, so it can't be out of date. A
close counts from its event on, and is finished once its report is kept and the published file calls the quarter closed;
a reopening, once neither the published file nor the quarter's report calls it closed any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from truecost.archive.closes import read_closes
from truecost.store.journal import Event, Journal
from truecost.workspace.workspace import Workspace

REMEDY = "`truecost publish` finishes it, and so does the same command again"

Status = tuple[str, int]  # preliminary or closed, and the version


@dataclass(frozen=True)
class PublishedCloses:
    """What the published file says of each quarter, and of which closes it knows: (quarter, version, taken back)."""

    statuses: Mapping[str, Status]
    closes: frozenset[tuple[str, int, bool]]


@dataclass(frozen=True)
class Unfinished:
    """A close or a reopening that was cut short: who made it, when, and what it lacks."""

    kind: Literal["close", "reopen"]
    quarter: str
    version: int
    by: str
    at: datetime
    event_id: int
    is_report_kept: bool
    lacking: tuple[str, ...]

    def __str__(self) -> str:
        what = "close" if self.kind == "close" else "reopening"
        who = "approved" if self.kind == "close" else "asked for"
        return (
            f"the {what} of {self.quarter}, version {self.version}, {who} by {self.by}, was cut short: "
            f"{' and '.join(self.lacking)}; {REMEDY}"
        )


def find_unfinished(
    workspace: Workspace, published: PublishedCloses | None, reported: Callable[[str], Status | None]
) -> list[Unfinished]:
    """What is to be finished, oldest first; ``reported`` tells what the report on disk says of a quarter.

    Where nothing is published, nothing contradicts the journal: what is published can be deleted at any time.
    """
    last: dict[str, Event] = {}
    events = Journal(workspace.journal).events()
    for event in events:
        if event.kind in ("close", "reopen"):
            last[event.data["quarter"]] = event
    kept = {close.event_id for close in read_closes(workspace, events).every if close.report_files is not None}
    found = [
        _unfinished(event, event.event_id in kept, published, reported(event.data["quarter"]))
        for event in sorted(last.values(), key=lambda event: event.event_id)
    ]
    return [item for item in found if item.lacking]


def _unfinished(event: Event, is_kept: bool, published: PublishedCloses | None, reported: Status | None) -> Unfinished:
    quarter, version, is_close = event.data["quarter"], event.data["version"], event.kind == "close"
    lacking = []
    if published and not _is_told(published, quarter, version, is_close):
        lacking.append(f"what is published does not call it {'closed' if is_close else 'open'} yet")
    if is_close and not is_kept:
        lacking.append("its report is not kept yet")
    if not is_close and reported and reported[0] == "closed":
        lacking.append("its report calls it closed still")
    return Unfinished(
        kind="close" if is_close else "reopen",
        quarter=quarter,
        version=version,
        by=event.data["approver" if is_close else "by"],
        at=event.happened_at,
        event_id=event.event_id,
        is_report_kept=is_kept,
        lacking=tuple(lacking),
    )


def _is_told(published: PublishedCloses, quarter: str, version: int, is_close: bool) -> bool:
    right = ("closed", version) if is_close else ("preliminary", version + 1)
    return (quarter, version, not is_close) in published.closes and published.statuses.get(quarter, right) == right
