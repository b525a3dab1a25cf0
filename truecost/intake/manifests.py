"""Manifests of cost exports (Azure Cost Management, AWS Data Exports): which run a folder holds, if it is whole.

A run's folder is named by an id that says nothing of order; its manifest says when the run was asked for, which days it
is of and which files it wrote. No path of a manifest is ever opened: the files are looked for, by their names alone, in
the folder that the manifest belongs to.
"""

from __future__ import annotations

import calendar
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from truecost.errors import DeliveryRefused
from truecost.intake.inbox import open_taken, taken_path

_LARGEST = 16 << 20  # a manifest lists columns and files: no real one comes near
_NAME = re.compile(r"(^|[-_./])manifest\.json$", re.IGNORECASE)
_STAMP = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d)[:-]?(\d\d)(?:[:-]?(\d\d))?")
_PERIOD = re.compile(r"^BILLING_PERIOD=(\d{4})-(\d\d)$", re.IGNORECASE)
_PACKED = (".gz", ".zst")  # what a file's name loses where it was unpacked on the way
# What newer manifests may say of when a run was; AWS says it in the folder's name.
_WHEN = ("submittedtime", "createdat", "creationtime", "lastupdatedtime", "executiontime")


@dataclass(frozen=True)
class Run:
    """What a manifest says of a run. ``order`` is when it was asked for (UTC), None where nothing says that.

    ``files`` are the names of its files with their sizes, empty where the manifest lists none.
    """

    manifest: str
    run_id: str
    export: str
    order: str | None
    covers_from: str | None
    covers_until: str | None
    files: Mapping[str, int | None]
    fault: str | None = None


def is_manifest(name: str) -> bool:
    """Whether a file of this name is a manifest, and so no data."""
    return _NAME.search(name) is not None


def run_of(folder: Path, root: Path, workspace: Path) -> Run | None:
    """The run whose files lie in ``folder``; None where no manifest of an export tells of one."""
    for place in _places(folder):
        for path in _manifests(place):
            run = _read(path, folder, root, workspace)
            if run is not None and (place in (folder, _metadata(folder)) or run.run_id in folder.name):
                return run
    return None


def bare_runs(root: Path, workspace: Path, filled: Collection[str], wanted: str) -> Iterator[tuple[str, Run]]:
    """(folder, run) of each manifest under ``root`` none of whose files has come.

    ``filled`` are the folders that hold data, ``wanted`` is the pattern that the files would have to match; both, and
    the folders told, are relative to ``workspace`` where they lie in it.
    """
    for place, _, names in os.walk(root):
        if not any(map(is_manifest, names)):
            continue
        folder = _data_folder(Path(place))
        shown = folder.relative_to(workspace).as_posix() if folder.is_relative_to(workspace) else folder.as_posix()
        if any(held == shown or held.startswith(f"{shown}/") for held in filled):
            continue
        run = run_of(folder, root, workspace)
        if run and any(fnmatchcase(f"{shown}/{name}", wanted) for name in run.files):
            yield shown, run


def _data_folder(place: Path) -> Path:
    """Where the files of a manifest lie: beside it, or under ``data`` where it lies under ``metadata``."""
    parts = place.parts
    at = max((number for number, part in enumerate(parts) if part == "metadata"), default=None)
    return place if at is None else Path(*parts[:at], "data", *parts[at + 1 :])


def _places(folder: Path) -> Iterator[Path]:
    """Where the manifest of a folder may lie: in it, or under ``metadata`` where the folder lies under ``data``."""
    yield folder
    if (beside := _metadata(folder)) is not None:
        yield beside
        if not _PERIOD.match(folder.name):
            yield beside.parent


def _metadata(folder: Path) -> Path | None:
    parts = folder.parts
    at = max((place for place, part in enumerate(parts) if part == "data"), default=None)
    return Path(*parts[:at], "metadata", *parts[at + 1 :]) if at is not None else None


def _manifests(place: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path for path in place.iterdir() if is_manifest(path.name))
    return []


def _read(path: Path, folder: Path, root: Path, workspace: Path) -> Run | None:
    shown = path.relative_to(workspace).as_posix() if path.is_relative_to(workspace) else path.as_posix()
    try:
        with open_taken(taken_path(path, root)) as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError("it is larger than any manifest")
        told = json.loads(content.decode("utf-8-sig"))
    except (DeliveryRefused, OSError, ValueError, RecursionError) as error:
        return _faulty(shown, f"its manifest {shown} can't be read ({error})")
    if not isinstance(told, dict):
        return None
    try:
        return _azure(told, shown) or _aws(told, shown, folder)
    except (ValueError, TypeError, AttributeError) as error:
        return _faulty(shown, f"its manifest {shown} is not as an export writes it ({error})")


def _faulty(shown: str, fault: str) -> Run:
    return Run(shown, "", "", None, None, None, {}, fault)


def _azure(told: Mapping[str, Any], shown: str) -> Run | None:
    """Azure Cost Management: exportConfig, deliveryConfig, runInfo and blobs."""
    run, config = _section(told, "runInfo"), _section(told, "exportConfig")
    if run is None:
        return None
    scope = str(_get(config or {}, "resourceId") or "").casefold().partition("/providers/microsoft.costmanagement/")[0]
    blobs = _get(told, "blobs") or []
    files = {_plain(_get(blob, "blobName")): _size(_get(blob, "byteCount")) for blob in blobs}
    return Run(
        manifest=shown,
        run_id=str(_get(run, "runId") or ""),
        export=f"azure {scope}".strip(),
        order=_order(*(_get(run, key) for key in _WHEN)),
        covers_from=_day(_get(run, "startDate")),
        covers_until=_day(_get(run, "endDate")),
        files=files,
    )


def _aws(told: Mapping[str, Any], shown: str, folder: Path) -> Run | None:
    """AWS Data Exports: executionId, exportArn, dataFiles; and older reports: assemblyId, reportKeys, billingPeriod."""
    listed = _get(told, "dataFiles")
    listed = _get(told, "reportKeys") if listed is None else listed
    if listed is None:
        return None
    run_id = str(_get(told, "executionId") or _get(told, "assemblyId") or "")
    account = [*str(_get(told, "exportArn") or "").split(":"), *[""] * 5][4] or str(_get(told, "account") or "")
    first, last = _month(folder) or (None, None)
    return Run(
        manifest=shown,
        run_id=run_id,
        export=f"aws {account}".strip(),
        order=_order(*(_get(told, key) for key in _WHEN)) or _stamp(folder.name) or _stamp(run_id),
        covers_from=first,
        covers_until=last,
        files={_plain(_uri(item)): None for item in listed},
    )


def absent(run: Run, present: Sequence[str]) -> list[str]:
    """The files that the manifest lists and the folder lacks, by name."""
    held = {_unpacked(PurePosixPath(file).name) for file in present}
    return [name for name in run.files if _unpacked(name) not in held]


def unlisted(run: Run, present: Sequence[str]) -> list[str]:
    """The files of the folder that are none of the run's: what an earlier, larger run has left there."""
    listed = {_unpacked(name) for name in run.files}
    return [file for file in present if listed and _unpacked(PurePosixPath(file).name) not in listed]


def _section(told: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    found = _get(told, name)
    return found if isinstance(found, dict) else None


def _get(told: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in told.items() if key.casefold() == name.casefold()), None)


def _uri(item: Any) -> Any:
    return item if isinstance(item, str) else _get(item, "uri") or _get(item, "key")


def _plain(path: Any) -> str:
    """The name of a listed file.

    Raises:
        ValueError: the path leads somewhere else.
    """
    parts = re.split(r"[/\\]", path) if isinstance(path, str) else [""]
    if ".." in parts or not parts[-1].strip() or not parts[-1].isprintable() or parts[-1] == ".":
        raise ValueError(f"it lists a file {path!r}, which can't lie in its folder")
    return parts[-1]


def _unpacked(name: str) -> str:
    return next((name.removesuffix(ending) for ending in _PACKED if name.endswith(ending)), name)


def _size(told: Any) -> int | None:
    return told if isinstance(told, int) and told >= 0 else None


def _order(*told: Any) -> str | None:
    """The first moment that is told, so that texts sort as moments do."""
    for value in told:
        if isinstance(value, str) and value:
            moment = datetime.fromisoformat(value)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return aware.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
    return None


def _stamp(name: str) -> str | None:
    found = _STAMP.search(name)
    return _order("{}-{}-{}T{}:{}:{}".format(*found.groups("00"))) if found else None


def _day(told: Any) -> str | None:
    return datetime.fromisoformat(told).date().isoformat() if isinstance(told, str) and told else None


def _month(folder: Path) -> tuple[str, str] | None:
    """The month of a BILLING_PERIOD=2026-07 folder, or of a folder in it."""
    for name in (folder.name, folder.parent.name):
        if found := _PERIOD.match(name):
            year, month = int(found[1]), int(found[2])
            last = calendar.monthrange(year, month)[1]
            return date(year, month, 1).isoformat(), date(year, month, last).isoformat()
    return None
