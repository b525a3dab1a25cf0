"""Landing: every file as received, kept for good.

``landing/objects/ab/abcd...`` holds each content once, under its sha256. ``landing/log/00000007.json`` says what came
seventh: a delivery set, which is one file, or a folder's part files. Both are written aside and put in place in one
step, so a run that dies leaves either the whole or nothing, and the ledger can be rebuilt from them alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from truecost.clock import Clock
from truecost.errors import DeliveryRefused, TruecostError
from truecost.intake.inbox import inbox_root, named_paths, open_taken, taken_path
from truecost.intake.manifests import Run, absent, bare_runs, is_manifest, run_of, unlisted
from truecost.sources import formats, shown_size
from truecost.store.files import clear_leftovers, sha256_of, sync_folder, write_once
from truecost.store.machine import disk_refuses
from truecost.store.sql import query
from truecost.workspace.config import SourceSection
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_BLOCK = 1 << 24
_FICLONE = 0x40049409  # Linux's ioctl for a reflink: a copy that shares its blocks until one side is written


@dataclass(frozen=True)
class Part:
    """One file of a set: its delivery number, its path in the workspace, its content.

    A run of an export that is not all there yet stands for nothing but why it is ``held_because``.
    """

    delivery_id: int
    file: str
    sha256: str | None
    size_bytes: int
    refused_because: str | None = None
    held_because: str | None = None


@dataclass(frozen=True)
class RunFacts:
    """What the manifest of an export says of a set: whose run it is, which is newer, and of which days it is.

    ``notes`` are what is odd about it.
    """

    run_id: str
    export: str
    order: str
    covers_from: str | None
    covers_until: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LandedSet:
    """One entry of the landing log. ``set_version`` is the number of its first delivery."""

    source: str
    set_name: str
    set_version: int
    received_at: str
    parts: tuple[Part, ...]
    run: RunFacts | None = None


@dataclass(frozen=True)
class _FileSet:
    """The files that one delivery is made of, as they lie in the inbox; ``run`` is what their manifest says."""

    name: str
    files: list[str]
    run: Run | None = None


@dataclass(frozen=True)
class _Content:
    sha256: str | None
    size_bytes: int
    refused_because: str | None = None
    state: tuple[int, ...] = ()
    held_because: str | None = None


class Landing:
    """The landing folder of a workspace."""

    def __init__(self, root: Path) -> None:
        self._objects = root / "objects"
        self._log = root / "log"
        self._seen = root / "seen.json"

    def object_path(self, sha256: str) -> Path:
        return self._objects / sha256[:2] / sha256

    def entries(self) -> list[LandedSet]:
        """The log, oldest first."""
        if not self._log.is_dir():
            return []
        found = []
        for path in sorted(self._log.glob("*.json")):
            try:
                entry = json.loads(path.read_text("utf-8"))
                parts = tuple(Part(**part) for part in entry["parts"])
                run = entry.get("run")
                facts = RunFacts(**{**run, "notes": tuple(run["notes"])}) if run else None
                found.append(LandedSet(**{**entry, "parts": parts, "run": facts}))
            except (ValueError, TypeError, KeyError) as error:
                raise TruecostError(
                    f"{path} is damaged: it is no entry of the landing log; put it back from a backup"
                ) from error
        return found

    def entry_path(self, set_version: int) -> Path:
        return self._log / f"{set_version:08d}.json"

    def object_fault(self, sha256: str) -> str | None:
        """What is wrong with a landed content, and what to do; None where it is as it came."""
        path = self.object_path(sha256)
        try:
            if sha256_of(path) == sha256:
                return None
            what = "was changed since it landed"
        except FileNotFoundError:
            what = "is missing"
        except OSError as error:
            what = f"can't be read ({error.strerror or error})"
        return (
            f"its landed content {path} {what}; put it back from a backup, or, where the inbox still holds the file, "
            "take the object away and run again"
        )

    def land(self, workspace: Workspace, clock: Clock) -> list[LandedSet]:
        """Take in every new content of the workspace's sources; returns the new entries.

        A path whose content is that of its last delivery is left alone, unless the source now takes it as part of
        another set (``delivery``). What is no file inside the inbox, can't be read, is larger than the limit, or keeps
        changing while it is read, is logged as a refused delivery and tried again next time.
        """
        for folder in (self._objects, self._log):
            folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(self._objects, self._log)
        entries = self.entries()
        last = {(e.source, p.file): (e, p) for e in entries for p in e.parts}
        number = max((part.delivery_id for e in entries for part in e.parts), default=0) + 1
        seen = _Seen(self._seen)
        landed = []
        limit = workspace.config.limits.max_file
        for source in workspace.config.sources:
            root = inbox_root(workspace.root, source.path)
            known_sets = {entry.set_name for entry in entries if entry.source == source.name}
            for found in _sets(workspace, source, root, known_sets):
                held = _why_not_whole(found)
                if held and found.run:
                    contents = {found.run.manifest: _Content(None, 0, held_because=held)}
                else:
                    taken = {file: self._take(workspace.root / file, root, limit, seen) for file in found.files}
                    contents = {file: content for file, content in taken.items() if content is not None}
                facts = None if held else _facts(found, contents)
                known = {file: last.get((source.name, file)) for file in contents}
                if all(_same(known[file], found.name, facts, content) for file, content in contents.items()):
                    self._clear_inbox(workspace, source, contents)
                    continue
                entry = LandedSet(
                    source.name,
                    found.name,
                    number,
                    clock.now().isoformat(),
                    tuple(
                        Part(
                            number + i,
                            file,
                            content.sha256,
                            content.size_bytes,
                            content.refused_because,
                            content.held_because,
                        )
                        for i, (file, content) in enumerate(contents.items())
                    ),
                    facts,
                )
                self._append(entry)
                number += len(entry.parts)
                landed.append(entry)
                self._clear_inbox(workspace, source, contents)
        seen.save()
        return landed

    def _append(self, entry: LandedSet) -> None:
        told = asdict(entry)
        # What only a run of an export has is not said of any other: an entry reads as it always did.
        for part in (told, *told["parts"]):
            for name in ("run", "held_because"):
                if name in part and part[name] is None:
                    del part[name]
        text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
        write_once(self.entry_path(entry.set_version), text.encode())

    def _clear_inbox(self, workspace: Workspace, source: SourceSection, contents: Mapping[str, _Content]) -> None:
        """With ``landing = "move"``, take what has landed out of the inbox: only now that it is safe here.

        What has been written to since it was read stays for the next run.
        """
        if (source.landing or workspace.config.workspace.landing) != "move":
            return
        for file, content in contents.items():
            path = workspace.root / file
            with contextlib.suppress(OSError):
                if content.sha256 and _state(path) == content.state:
                    path.unlink()

    def _take(self, path: Path, root: Path, limit: int, seen: _Seen) -> _Content | None:
        """The content of ``path``, now among the objects; None where there is no such file any more."""
        try:
            for _ in range(3):
                real = taken_path(path, root)
                before = _state(real)
                known = seen.get(path, before)
                if known and self.object_path(known).exists():
                    return _Content(known, before[0], state=before)
                if before[0] > limit:
                    raise DeliveryRefused(
                        f"the file is larger than {shown_size(limit)}; deliver it in parts, or raise `max_file` of "
                        "[limits]"
                    )
                sha256, temporary = self._copy(real)
                if self._is_unchanged(path, root, real, before) and temporary.stat().st_size == before[0]:
                    self._keep(temporary, sha256)
                    seen.put(path, before, sha256)
                    return _Content(sha256, before[0], state=before)
                temporary.unlink()
        except DeliveryRefused as refusal:
            return _Content(None, 0, str(refusal))
        except FileNotFoundError:
            return None  # taken away since it was listed: there is nothing to land
        except OSError as error:
            if disk_refuses(error) or self._is_ours(error):
                error.filename = error.filename or str(self._objects)
                raise  # no fault of the file
            what = "folder" if path.is_dir() else "file"
            return _Content(None, 0, f"the {what} can't be read ({error.strerror or error}); allow reading it")
        return _Content(None, 0, "the file changes while it is read; it is left for the next run")

    def _is_ours(self, error: OSError) -> bool:
        """Whether it is the landing folder that can't be written, rather than the file that can't be read."""
        return error.filename is not None and Path(os.fsdecode(error.filename)).is_relative_to(self._objects)

    def _is_unchanged(self, path: Path, root: Path, real: Path, before: tuple[int, ...]) -> bool:
        """Whether ``path`` still leads to the same file, and that is as it was before it was copied."""
        try:
            return taken_path(path, root) == real and _state(real) == before
        except (DeliveryRefused, OSError):
            return False  # asked again, it says why

    def _copy(self, path: Path) -> tuple[str, Path]:
        """A private copy of ``path`` and its sha256: a reflink where the file system has one.

        Nobody may write it, and only those may read it who may read the original.
        """
        handle, name = tempfile.mkstemp(dir=self._objects, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as target, open_taken(path) as origin, ThreadPoolExecutor(1) as disk:
                if not _reflink(origin.fileno(), target.fileno()):
                    _copy_blocks(origin, target)
                synced = disk.submit(os.fsync, target.fileno())  # the disk works while the copy is read
                with Path(name).open("rb") as copy:
                    digest = hashlib.file_digest(copy, "sha256")
                synced.result()
                Path(name).chmod(_kept_mode(os.fstat(origin.fileno()), os.fstat(target.fileno())))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return digest.hexdigest(), Path(name)

    def _keep(self, temporary: Path, sha256: str) -> None:
        target = self.object_path(sha256)
        if target.exists():
            held, asked = (stat.S_IMODE(path.stat().st_mode) for path in (target, temporary))
            if held & asked != held:  # the same content came from a file that fewer may read
                target.chmod(held & asked)
            temporary.unlink()
            return
        target.parent.mkdir(exist_ok=True)
        temporary.rename(target)
        sync_folder(target.parent)


class _Seen:
    """Which content a path last had, by what the file system says of it: spares hashing what has not changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[object]] = {}
        with contextlib.suppress(OSError, ValueError):
            self._known = json.loads(path.read_text("utf-8"))

    def get(self, path: Path, state: tuple[int, ...]) -> str | None:
        known = self._known.get(str(path))
        return str(known[1]) if known and known[0] == list(state) else None

    def put(self, path: Path, state: tuple[int, ...], sha256: str) -> None:
        # A file written in this very moment could be written again without a trace in its times.
        if state[1] < datetime.now().timestamp() * 1e9 - 2e9:
            self._known[str(path)] = [list(state), sha256]

    def save(self) -> None:
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(self._known), "utf-8")
        temporary.rename(self._path)


def source_files(workspace: Workspace, source: SourceSection) -> list[str]:
    """The paths of data that ``source`` names now, sorted, relative to the workspace where they lie in it."""
    named = named_paths(workspace.root, source.path)
    if formats()[source.format].manifests:
        named = [path for path in named if not is_manifest(path.name)]
    return sorted(_relative(path, workspace.root) for path in named)


def set_order(source: SourceSection, file: str) -> str | None:
    """What ``version`` captures of the path: which delivery of a period is newer, where the source says so."""
    captured = captured_version(source, file)
    return captured.zfill(20) if captured and captured.isdigit() else captured


def captured_version(source: SourceSection, file: str) -> str | None:
    """What the group of ``version`` captures of the path, as it stands there."""
    found = re.search(source.version, file) if source.version else None
    return found.group(1) if found else None


def _sets(workspace: Workspace, source: SourceSection, root: Path, known_sets: Collection[str]) -> Iterator[_FileSet]:
    """What the source delivers now: the run of an export where a manifest tells of one, else files or folders.

    So is a run of which nothing but the manifest has come; where it had come before, its files were taken out.
    """
    folders: dict[str, list[str]] = {}
    for file in source_files(workspace, source):
        folders.setdefault(str(Path(file).parent), []).append(file)
    reads_manifests = formats()[source.format].manifests and source.delivery != "merge"
    alone: list[_FileSet] = []
    for folder, files in sorted(folders.items()):
        run = run_of(workspace.root / folder, root, workspace.root) if reads_manifests else None
        if run is not None:
            yield _FileSet(folder, files, run)
        elif source.delivery == "folder":
            yield _FileSet(folder, files)
        else:
            alone += [_FileSet(file, [file]) for file in files]
    yield from sorted(alone, key=lambda item: item.name)
    if reads_manifests:
        for folder, run in bare_runs(root, workspace.root, folders, source.path):
            if folder not in known_sets:
                yield _FileSet(folder, [], run)


def _why_not_whole(found: _FileSet) -> str | None:
    """Why a run is not let in: its manifest can't be relied on, or lists files that have not come."""
    if found.run is None:
        return None
    if found.run.fault:
        return found.run.fault
    missing = absent(found.run, found.files)
    if not missing:
        return None
    named = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    return f"its manifest lists {named}, which is not there; deliver the missing partition"


def _facts(found: _FileSet, contents: dict[str, _Content]) -> RunFacts | None:
    """What is kept of a run; files that are none of it are taken out of ``contents``.

    A run that nothing orders is a set like any other: it takes no other's place by itself.
    """
    run = found.run
    if run is None:
        return None
    notes = []
    for file in unlisted(run, list(contents)):
        del contents[file]
        notes.append(f"{file} is left out: {run.manifest} does not list it")
    for file, content in contents.items():
        size = run.files.get(Path(file).name)
        if content.sha256 and size is not None and size != content.size_bytes:
            notes.append(f"{run.manifest} says that {file} has {size} bytes, and it has {content.size_bytes}")
    if run.order is None:
        return None
    return RunFacts(run.run_id, run.export, run.order, run.covers_from, run.covers_until, tuple(notes))


def _relative(path: Path, root: Path) -> str:
    try:
        shown = path.relative_to(root).as_posix()
    except ValueError:
        shown = path.as_posix()
    return os.fsencode(shown).decode("utf-8", "backslashreplace")


def _same(last: tuple[LandedSet, Part] | None, set_name: str, run: RunFacts | None, content: _Content) -> bool:
    if last is None:
        return False
    came_in, part = last
    was = (came_in.set_name, came_in.run, part.sha256, part.refused_because, part.held_because)
    return was == (set_name, run, content.sha256, content.refused_because, content.held_because)


def _state(path: Path) -> tuple[int, ...]:
    told = path.stat()
    return told.st_size, max(told.st_mtime_ns, told.st_ctime_ns), told.st_mtime_ns, told.st_ino


def _kept_mode(origin: os.stat_result, copy: os.stat_result) -> int:
    """Who may read a copy: its owner, and of the others those who may read the original."""
    readers = origin.st_mode & (stat.S_IRGRP | stat.S_IROTH)
    if copy.st_gid != origin.st_gid and not origin.st_mode & stat.S_IROTH:
        readers = 0  # the copy's group is another one, to which the original says nothing
    return stat.S_IRUSR | readers


def _reflink(origin: int, target: int) -> bool:
    try:
        import fcntl

        fcntl.ioctl(target, _FICLONE, origin)
    except (ImportError, OSError):
        return False
    return True


def _copy_blocks(origin: BinaryIO, target: BinaryIO) -> None:
    """Copy within the kernel where it can, else through this process."""
    with contextlib.suppress(AttributeError, OSError):
        while os.copy_file_range(origin.fileno(), target.fileno(), _BLOCK):
            pass
    # What a file system that can't do that has left; nothing, where it could.
    origin.seek(target.seek(0, os.SEEK_END))
    shutil.copyfileobj(origin, target, _BLOCK)
    target.flush()


def gone_files(con: DuckDBPyConnection, workspace: Workspace) -> list[tuple[str, str]]:
    """(source, file) of what may count for nothing and has been taken out of the inbox since, by someone's hand."""
    delivered = con.execute(query("intake/questionable_files")).fetchall()
    if not delivered:
        return []
    moving = {
        source.name
        for source in workspace.config.sources
        if (source.landing or workspace.config.workspace.landing) == "move"
    }
    present = {(source.name, file) for source in workspace.config.sources for file in source_files(workspace, source)}
    gone = [item for item in delivered if item[0] not in moving and tuple(item) not in present]
    return [item for item in gone if not (is_manifest(item[1]) and os.path.lexists(workspace.root / item[1]))]
