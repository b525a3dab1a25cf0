"""The quarterly report: which quarter, and its page, workbook, CSV and JSON, each swapped in whole.

A report is written again only where the published file or what makes a report has changed; that of a closed quarter is
kept as it was written first, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from truecost.archive.closes import Close, closed_quarters
from truecost.archive.record import keep_report, kept_report
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.publish.figures import QuarterReport
from truecost.publish.publication import open_published
from truecost.quarters import Quarter, latest_ended, parse_quarter
from truecost.report.csv import report_csv
from truecost.report.json import report_json
from truecost.report.page import report_page
from truecost.report.read import read_report
from truecost.report.workbook import write_workbook
from truecost.store.files import clear_leftovers, sha256_of, swap_in, write_anew
from truecost.store.fingerprint import fingerprint
from truecost.store.rows import read_rows
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILES = ("true-cost.html", "true-cost.xlsx", "true-cost.csv", "true-cost.json")


def write_report(workspace: Workspace, clock: Clock, quarter_name: str | None = None) -> Path | None:
    """Write ``reports/<quarter>/true-cost.{html,xlsx,csv,json}``; returns the folder, or None if nothing had changed.

    Raises:
        TruecostError: nothing is published, the quarter has no costs, or it is closed and not yet published as closed.
    """
    quarter = report_quarter(workspace, clock, quarter_name)
    folder = workspace.reports / quarter.name
    close = next((close for close in closed_quarters(workspace) if close.quarter == quarter.name), None)
    if close and (kept := kept_report(close)):
        return _put_back(kept, folder)
    with open_published(workspace.published) as con:
        stamp = _stamp(con, quarter)
        # What is there may be of a run that died before it was kept, and changed since: what is kept is written anew.
        if not close and _is_written(folder, stamp):
            return None
        report = read_report(con, quarter)
        if close:
            _see_that_it_is_published(workspace, close, report)
        folder.mkdir(parents=True, exist_ok=True)
        clear_leftovers(folder)
        _write_workbook(folder / "true-cost.xlsx", con, report)
    texts = {
        "true-cost.html": report_page(report, workspace.root, folder),
        "true-cost.csv": report_csv(report),
        "true-cost.json": report_json(report, stamp),
    }
    for name, text in texts.items():  # the JSON, which holds the stamp, comes last
        write_anew(folder / name, text.encode())
    if close:
        keep_report(workspace, clock, close, folder, FILES)
    return folder


def reported_status(folder: Path) -> tuple[str, int] | None:
    """(preliminary or closed, version), as the report in ``folder`` says; None where there is none."""
    with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        told = json.loads((folder / "true-cost.json").read_text("utf-8"))
        return str(told["status"]), int(told["version"])
    return None


def report_faults(workspace: Workspace) -> list[str]:
    """Reports of closed quarters that are not as they were kept; one that is not there can be put back at any time."""
    return [
        f"{folder / name} is not the report that was kept when {close.quarter} was closed; "
        f"`truecost report --quarter {close.quarter}` puts it back"
        for close in closed_quarters(workspace)
        for folder in [workspace.reports / close.quarter]
        for name, sha256 in (close.report_files or {}).items()
        if (folder / name).is_file() and sha256_of(folder / name) != sha256
    ]


def report_quarter(workspace: Workspace, clock: Clock, name: str | None) -> Quarter:
    """The quarter asked for; without a name, the latest one that has ended."""
    start_month = workspace.config.workspace.fiscal_year_start_month
    return parse_quarter(name, start_month) if name else latest_ended(clock.today(), start_month)


def _put_back(archive: Path, folder: Path) -> Path | None:
    """The report as it was kept, byte for byte; None where it is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    clear_leftovers(folder)
    kept = {name: (archive / name).read_bytes() for name in FILES}
    changed = [name for name in FILES if not (folder / name).is_file() or (folder / name).read_bytes() != kept[name]]
    for name in changed:
        write_anew(folder / name, kept[name])
    return folder if changed else None


def _see_that_it_is_published(workspace: Workspace, close: Close, report: QuarterReport) -> None:
    """A report that is kept for good must be of the close."""
    if (report.status, report.version) != ("closed", close.version):
        raise TruecostError(
            f"{close.quarter} is closed, and {workspace.published} does not call it so yet; `truecost publish` does, "
            "and keeps its report"
        )


def _write_workbook(target: Path, con: DuckDBPyConnection, report: QuarterReport) -> None:
    temporary = target.with_name(f".new-{target.name}")
    try:
        write_workbook(temporary, con, report)
        swap_in(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _is_written(folder: Path, stamp: str) -> bool:
    if not all((folder / name).is_file() for name in FILES):
        return False
    try:
        written: object = json.loads((folder / "true-cost.json").read_text("utf-8"))
    except ValueError:
        return False
    return isinstance(written, dict) and written.get("fingerprint") == stamp


def _stamp(con: DuckDBPyConnection, quarter: Quarter) -> str:
    """Of the published file, the quarter, and all that decides what a report of them looks like."""
    published = read_rows(con, "SELECT fingerprint FROM finance_v1.publication")[0]["fingerprint"]
    return hashlib.sha256(f"{published} {quarter.name} {fingerprint('report')}".encode()).hexdigest()
