"""``sources check``: one file, read as a source would read it, into a warehouse that lives in memory only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from truecost.errors import DeliveryRefused, Fault, TruecostError
from truecost.intake.landing import LandedSet, Part, source_files
from truecost.intake.load import load_delivery
from truecost.intake.validation import load_suite
from truecost.sources import formats
from truecost.sources.recognise import guesses, headerless, nearest
from truecost.sources.refusals import refusing
from truecost.store.warehouse import IN_MEMORY, connect
from truecost.workspace.config import ConfigFile, SourceSection, WorkspaceSection
from truecost.workspace.workspace import CONFIG, Workspace, load_workspace


@dataclass(frozen=True)
class Checked:
    """What loading the file would come to."""

    file: str
    format: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_skipped: int
    rows_told: int  # of those that are quarantined, the ones that `faults` speaks of
    refused_because: str | None
    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]


def check_file(file: Path, format_name: str | None, workspace_dir: Path, limit: int) -> Checked:
    """Read, type and judge ``file``; nothing is landed or loaded.

    The format is ``format_name``, else that of the workspace's source whose path names the file, else the one whose
    columns the file has.

    Raises:
        TruecostError: the file is not there, or its format can't be told.
    """
    if not file.is_file():
        raise TruecostError(f"{file} is not a file; name the file to check")
    workspace = _workspace(workspace_dir)
    source = _source(file, format_name, workspace)
    suite = load_suite(workspace, formats()[source.format].dataset)
    entry = LandedSet(source.name, str(file), 1, "2000-01-01T00:00:00+00:00", ())
    part = Part(1, str(file), "", file.stat().st_size)
    with connect(IN_MEMORY) as con:
        loaded = load_delivery(con, entry, part, file, source, suite, limits=workspace.config.limits.of_files)
        rows_found = con.execute(
            "SELECT line, column_name, value, message, remedy, rows FROM log.quarantine ORDER BY line LIMIT ?",
            [limit],
        ).fetchall()
        warned = con.execute("SELECT unnest(warnings) FROM log.deliveries").fetchall()
    return Checked(
        str(file),
        source.format,
        *(
            loaded.rows_read,
            loaded.rows_accepted,
            loaded.rows_quarantined,
            loaded.rows_skipped,
            sum(rows for *_, rows in rows_found),
            loaded.refused_because,
        ),
        tuple(
            Fault(file.name, line, _said(column, value, message), remedy)
            for line, column, value, message, remedy, _ in rows_found
        ),
        tuple(row[0] for row in warned),
    )


def _said(column: str | None, value: str | None, message: str) -> str:
    if column is None:
        return message
    shown = "" if value is None else f" {value!r}" if len(value) <= 80 else f" {value[:77] + '...'!r}"
    return f"{column}{shown} {message}"


def _workspace(directory: Path) -> Workspace:
    if (directory / CONFIG).is_file():
        return load_workspace(directory)
    return Workspace(directory.resolve(), ConfigFile(workspace=WorkspaceSection(name="check")))


def _source(file: Path, format_name: str | None, workspace: Workspace) -> SourceSection:
    for source in workspace.config.sources:
        named = {os.path.realpath(workspace.root / name) for name in source_files(workspace, source)}
        if os.path.realpath(file) in named and format_name in (None, source.format):
            return source
    if format_name is None:
        try:
            with refusing(file, str(file)):
                found = [guess.format.name for guess in guesses(file)]
        except DeliveryRefused as refusal:
            raise TruecostError(f"{file} can't be read: {refusal}") from refusal
        if len(found) != 1:
            told = f"it could be {' or '.join(found)}" if found else _nearest(file)
            raise TruecostError(f"the format of {file} can't be told: {told}; name it with --format")
        format_name = found[0]
    if format_name not in formats():
        raise TruecostError(f"the format {format_name!r} is unknown; use one of {', '.join(sorted(formats()))}")
    return SourceSection(name="check", format=format_name, path=str(file))


def _nearest(file: Path) -> str:
    """What a file that is of no format comes closest to."""
    try:
        with refusing(file, str(file)):
            as_data, near = headerless(file), nearest(file)
    except DeliveryRefused:
        as_data, near = [], []
    if as_data:
        names = " or ".join(fmt.name for fmt in as_data)
        return f"it looks like {names} without a header, whose columns a source names in their order under `fields`"
    if not near:
        return "no format shares more than a column with it"
    lacks = [f"{fmt.name}, of which it lacks {', '.join(missing)}" for fmt, missing in near if missing]
    return f"nearest is {'; then '.join(lacks)}: export these columns, or map them under `columns` of the source"
