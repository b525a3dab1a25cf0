"""Which quarters are closed: read from the journal, with what was frozen of each in ``closed/<quarter>/<version>/``.

What is frozen is laid out aside, told to the journal with its hashes, and only then put in its place: a folder whose
event is missing is thus never a close that died half way, but one whose event was lost.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from truecost.clock import Clock
from truecost.errors import ConfigError, Fault, TruecostError
from truecost.store.files import sync_folder
from truecost.store.journal import Event, Journal
from truecost.store.warehouse import connect
from truecost.workspace.config import AttributionSection
from truecost.workspace.lookups import Lookup, LookupRow
from truecost.workspace.tomlfiles import read_toml
from truecost.workspace.workspace import CONFIG, Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COSTS = "costs.parquet"
PLAN = "plan.parquet"
QUANTITIES = "planned_quantities.parquet"  # a close of an older truecost has none
SETTINGS = "settings.json"
REPORT = "report"
# The finance views that rest on more than frozen costs: their rows of a quarter are frozen with it, and with them those
# of closed quarters before it that no close has frozen.
VIEWS = ("model_life", "unit_economics", "variance_drivers")
HEAD = "head.json"  # beside the folders of the quarters: the journal's newest event when a close was last written down

# What gives the closed figures their currency and their months: it can't change under them.
_FIXED = ("reporting_currency", "fiscal_year_start_month")


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
        return _parsed(path, _stamp(path))

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
            *_file_faults(self.folder, self.files, f"{self.quarter} was closed"),
            *_file_faults(self.folder / REPORT, self.report_files or {}, f"the report of {self.quarter} was kept"),
        ]


def closed_quarters(workspace: Workspace) -> list[Close]:
    """The quarters that are closed now, oldest first.

    Raises:
        TruecostError: what was frozen of one is not there.
    """
    held = _standing(workspace)
    for close in held:
        for name in close.files:
            if not (close.folder / name).is_file():
                raise TruecostError(f"{close.folder / name} is missing: {close.quarter} is closed; restore it")
    return held


def every_close(workspace: Workspace) -> list[Close]:
    """Every close there was, oldest first, be its quarter open again or not."""
    events = Journal(workspace.journal).events()
    kept = {
        (event.data["quarter"], event.data["version"]): event.data["files"]
        for event in reversed(events)  # the first to be kept is the one that stays
        if event.kind == "report"
    }
    found = []
    for event in events:
        if event.kind == "close":
            close = _close(workspace, event, kept.get((event.data["quarter"], event.data["version"])))
            put_in_place(close.folder, close.files)
            if close.report_files:
                put_in_place(close.folder / REPORT, close.report_files)
            found.append(close)
    return found


def times_closed(workspace: Workspace) -> Counter[str]:
    """How often each quarter has been closed, be it open again or not."""
    events = Journal(workspace.journal).events()
    return Counter(event.data["quarter"] for event in events if event.kind == "close")


def quarters_frozen(closes: Sequence[Close], view: str) -> list[str]:
    """The closed quarters whose rows of a finance view are frozen: with their own close, or with a later one."""
    last = max((number for number, close in enumerate(closes, 1) if close.view(view)), default=0)
    return [close.quarter for close in closes[:last]]


def view_file(name: str) -> str:
    """Where a close keeps its rows of a finance view."""
    return f"{name}.parquet"


def folder_of(workspace: Workspace, quarter: str, version: int) -> Path:
    return workspace.closed / quarter / str(version)


def write_down(workspace: Workspace, kind: Literal["close", "reopen", "report"], at: datetime, **data: Any) -> Event:
    """Tell the journal of a close, and keep beside what is frozen how far the journal goes.

    ``at`` is the time the clock states; the event also holds the time it was in truth.
    """
    recorded_at = datetime.now(UTC).isoformat(timespec="seconds")
    journal = Journal(workspace.journal)
    event = journal.append(kind, at, "", **data, recorded_at=recorded_at)
    number, sha256 = journal.tail() or (event.event_id, "")
    workspace.closed.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=workspace.closed, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"event_id": number, "sha256": sha256}, file)
        os.fchmod(file.fileno(), 0o644)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(workspace.closed / HEAD)
    sync_folder(workspace.closed)
    return event


# ---- Laid out aside, told to the journal, put in place ----


def laid_out(target: Path) -> Path:
    """An empty folder beside ``target`` to lay out what will be there once the journal knows of it.

    Raises:
        TruecostError: it is there already, and the journal does not know of it.
    """
    if target.exists():
        raise TruecostError(
            f"{target} is there already, and the journal does not know of it; put the journal back from a backup, or "
            "move the folder away"
        )
    staged = _staged(target)
    shutil.rmtree(staged, ignore_errors=True)  # of a run that died before the journal knew
    staged.mkdir(parents=True)
    return staged


def seal(staged: Path) -> dict[str, str]:
    """See what was laid out on disk, for reading only; returns the sha256 of each file."""
    files = {}
    for path in sorted(staged.iterdir()):
        with path.open("rb") as file:
            files[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        path.chmod(0o444)
    sync_folder(staged)
    sync_folder(staged.parent)
    return files


def put_in_place(target: Path, files: Mapping[str, str]) -> None:
    """Move to ``target`` what was laid out for it and told to the journal, unless it is there already."""
    staged = _staged(target)
    if target.exists() or not staged.is_dir() or _file_faults(staged, files, ""):
        return
    with suppress(FileNotFoundError):  # another process was first
        staged.rename(target)
        sync_folder(target.parent)


def keep_report(workspace: Workspace, clock: Clock, close: Close, folder: Path, names: Iterable[str]) -> None:
    """Keep the first report after a close as it is: it is the quarter's from then on."""
    if workspace.home:  # a past view reads what was kept, and keeps nothing
        return
    with connect(workspace.warehouse):  # two reports at once: the first is kept
        if any(event.kind == "report" and _is_of(event, close) for event in Journal(workspace.journal).events()):
            return
        staged = laid_out(close.folder / REPORT)
        for name in names:
            shutil.copyfile(folder / name, staged / name)
        files = seal(staged)
        write_down(workspace, "report", clock.now(), quarter=close.quarter, version=close.version, files=files)
        put_in_place(close.folder / REPORT, files)


def kept_report(close: Close) -> Path | None:
    """The folder of the report that was kept at the close; None where none has been.

    Raises:
        TruecostError: it is not as it was kept.
    """
    if close.report_files is None:
        return None
    for fault in _file_faults(close.folder / REPORT, close.report_files, f"the report of {close.quarter} was kept"):
        raise TruecostError(fault)
    return close.folder / REPORT


# ---- Whether it is all as it was written ----


def see_that_it_is_sound(workspace: Workspace, con: DuckDBPyConnection | None = None) -> None:
    """What every step that derives or publishes asks first; ``con`` is the warehouse, where the step has it open.

    Raises:
        TruecostError: the journal or what was frozen is not as it was written.
        ConfigError: a setting was changed that gives closed figures their meaning.
    """
    found = frozen_faults(workspace, con)
    if found:
        more = f" ({len(found) - 1} more: `truecost doctor` lists them)" if len(found) > 1 else ""
        raise TruecostError(f"{found[0]}{more}")
    changed = changed_settings(workspace)
    if changed:
        raise ConfigError(changed)


def frozen_faults(workspace: Workspace, con: DuckDBPyConnection | None = None) -> list[str]:
    """What of the journal and of every version of every close is not as it was written, a sentence each."""
    head, folders = _head(workspace), _folders(workspace)  # before the journal, which may grow meanwhile
    journal = Journal(workspace.journal)
    found = journal.faults()
    try:
        closes = every_close(workspace)
        found += journal.mirror_faults(con) if con else []
    except TruecostError as error:  # a damaged event, which the journal has named
        return found or [str(error)]
    for close in closes:
        found += close.faults()
    if workspace.home:  # a past view has only the older part of the journal
        return found
    if head and not _is_in(journal, head):
        found.append(
            f"{journal.path(head['event_id'])} is missing or was changed: {workspace.closed / HEAD} holds another hash "
            "of it; put it back from a backup"
        )
    known = {close.folder for close in closes} | {close.folder / REPORT for close in closes if close.report_files}
    found += [
        f"{folder} is there, and the journal does not know of it; put {workspace.journal} back from a backup, or move "
        "the folder away"
        for folder in folders
        if folder not in known
    ]
    return list(dict.fromkeys(found))


def changed_settings(workspace: Workspace) -> list[Fault]:
    """Settings that closed quarters hang on and that are no longer those of then."""
    held = _standing(workspace)
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


def _standing(workspace: Workspace) -> list[Close]:
    closes = {close.event_id: close for close in every_close(workspace)}
    held: list[Close] = []
    for event in Journal(workspace.journal).events():
        if event.kind == "close" and event.event_id in closes:
            held.append(closes[event.event_id])
        elif event.kind == "reopen":
            held = [close for close in held if close.quarter != event.data["quarter"]]
    return held


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


def _is_of(event: Event, close: Close) -> bool:
    return (event.data["quarter"], event.data["version"]) == (close.quarter, close.version)


def _staged(target: Path) -> Path:
    return target.with_name(f"{target.name}.new")


def _folders(workspace: Workspace) -> list[Path]:
    """What is in the place of a close or of its report."""
    return sorted(
        path
        for path in (*workspace.closed.glob("*/*"), *workspace.closed.glob(f"*/*/{REPORT}"))
        if path.is_dir() and (path.parent if path.name == REPORT else path).name.isdecimal()
    )


def _head(workspace: Workspace) -> dict[str, Any] | None:
    with suppress(FileNotFoundError, ValueError):
        held: dict[str, Any] = json.loads((workspace.closed / HEAD).read_text("utf-8"))
        return held
    return None


def _is_in(journal: Journal, head: Mapping[str, Any]) -> bool:
    path = journal.path(head["event_id"])
    return path.is_file() and _sha256(path, _stamp(path)) == head["sha256"]


def _file_faults(folder: Path, files: Mapping[str, str], when: str) -> list[str]:
    found = []
    for name, sha256 in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{path} is missing; put it back from a backup")
        elif _sha256(path, _stamp(path)) != sha256:
            found.append(f"{path} was changed after {when}; put it back from a backup")
    return found


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes with the file: it is read again only then."""
    told = path.stat()
    return (told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)


@lru_cache(maxsize=4096)
def _sha256(path: Path, stamp: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=64)
def _parsed(path: Path, stamp: tuple[int, ...]) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return held


def _line(workspace: Workspace, key: str) -> int | None:
    path = workspace.root / CONFIG
    return read_toml(path, CONFIG)[1].find(("workspace", key)) if path.is_file() else None
