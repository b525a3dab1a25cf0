"""Drift: requests and evals -> ``outlook.drift_signals``.

The last days of each model's request log are held against the days it was accepted on, by Evidently, on samples that
DuckDB takes, and day by day by what each column is like; eval scores are held against the deployed baseline. Earlier
windows stay.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from importlib.metadata import version
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from truecost import progress
from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.drift.columns import Sample, read_sample
from truecost.drift.daily import Judged, judge_newest, read_series
from truecost.drift.evidently_report import Window, compare, keep_run, write_page
from truecost.drift.measures import threshold_of
from truecost.drift.signals import Signal, Windows, decided, estimate, undecided
from truecost.drift.terms import evidence_for
from truecost.drift.texts import one_in
from truecost.store.fingerprint import fingerprint
from truecost.store.frames import insert_rows
from truecost.store.sql import query
from truecost.store.warehouse import last_fingerprint, remember_fingerprint, transaction
from truecost.workspace.config import DriftSection
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP = "drift"
EVALS_STEP = "eval_drops"
EVIDENTLY = "evidently"
_HASHES = 2**64
_PROBED_ROWS = 2000  # a side: enough to tell a number from a category


def watch(session: Session) -> bool:
    """Bring the signals up to date with requests, evals, settings and the day; returns whether anything had changed.

    Without books, there is nothing to watch yet.
    """
    con, workspace = session.con, session.workspace
    if last_fingerprint(con, BOOKS_STEP) is None:
        return False
    evals = _watch_evals(con, workspace)
    return _watch_requests(con, workspace, session.clock) or evals


def signals(session: Session, model_id: str | None = None) -> list[dict[str, Any]]:
    """The newest signals, as of the clock's day, of every configured model or of one: a dict a row."""
    found = session.con.execute(query("drift/newest"), {"until": session.clock.today(), "model": model_id})
    columns = [column[0] for column in found.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def _watch_requests(con: DuckDBPyConnection, workspace: Workspace, clock: Clock) -> bool:
    day = datetime.combine(clock.today(), time())
    rests_on = _fingerprint(con, workspace, "requests", day)
    if last_fingerprint(con, STEP) == rests_on and _has_pages(con, workspace, day):
        return False
    watched = _windows(con, workspace, day)
    found = [signal for windows in watched for signal in _judge(con, workspace, windows)]
    with transaction(con):
        for windows in watched:
            con.execute(
                "DELETE FROM outlook.drift_signals WHERE model_id = ? AND window_end = ? AND method <> 'eval_drop'",
                [windows.model_id, windows.current_end],
            )
        insert_rows(con, "outlook.drift_signals", [asdict(signal) for signal in found])
        remember_fingerprint(con, STEP, rests_on)
    return True


def _has_pages(con: DuckDBPyConnection, workspace: Workspace, day: datetime) -> bool:
    pages = con.execute(query("drift/pages"), {"day": day}).fetchall()
    return all((workspace.root / page).is_file() for (page,) in pages)


def _watch_evals(con: DuckDBPyConnection, workspace: Workspace) -> bool:
    """Eval drops are derived anew from all scores: each score that has a baseline keeps its row."""
    rests_on = _fingerprint(con, workspace, "evals", None)
    if last_fingerprint(con, EVALS_STEP) == rests_on:
        return False
    with transaction(con):
        con.execute("DELETE FROM outlook.drift_signals WHERE method = 'eval_drop'")
        con.execute(
            f"INSERT INTO outlook.drift_signals BY NAME {query('drift/eval_drops')}",
            {
                "eval_errors": workspace.config.drift.eval_errors,
                "years": workspace.config.drift.years_between_eval_alarms,
            },
        )
        remember_fingerprint(con, EVALS_STEP, rests_on)
    return True


def _windows(con: DuckDBPyConnection, workspace: Workspace, day: datetime) -> list[Windows]:
    settings = workspace.config.drift
    changes = [change for change in workspace.config.changes if change.day <= day.date()]
    spans = {
        "day": day,
        "window": settings.window,
        "reference": settings.reference,
        "min_rows": settings.min_rows,
        "change_models": [change.model for change in changes],
        "change_days": [datetime.combine(change.day, time()) for change in changes],
    }
    return [
        Windows(
            model_id=model,
            reference_start=reference_start,
            reference_end=reference_end,
            current_start=start,
            current_end=end,
            reference_rows=_row_count(con, model, reference_start, reference_end),
            current_rows=_row_count(con, model, start, end),
        )
        for model, start, end, reference_start, reference_end in con.execute(query("drift/windows"), spans).fetchall()
    ]


def _row_count(con: DuckDBPyConnection, model_id: str, start: datetime, end: datetime) -> int:
    window = {"model": model_id, "window_start": start, "window_end": end}
    return int(con.execute(query("drift/rows"), window).fetchall()[0][0])


def _judge(con: DuckDBPyConnection, workspace: Workspace, windows: Windows) -> list[Signal]:
    settings = workspace.config.drift
    if min(windows.reference_rows, windows.current_rows) < settings.min_rows:
        return [undecided(windows)]
    progress.say(f"comparing the requests of {windows.model_id} with Evidently")
    take_sample(con, windows, settings.sample_rows, settings.seed)
    probed = min(settings.sample_rows, _PROBED_ROWS)
    sample = read_sample(
        con,
        settings,
        {
            "reference": _hash_limit(windows.reference_rows, probed),
            "current": _hash_limit(windows.current_rows, probed),
        },
        one_in(windows.current_rows / max(settings.window / timedelta(days=1), 1.0)),
    )
    if sample is None:
        return [undecided(windows)]
    judged = _judge_days(con, settings, windows, sample)
    evidence = evidence_for(len(judged), max(1, settings.window.days), settings.years_between_alarms)
    thresholds = {
        column.name: threshold_of(
            column, judged, sample.reference[column.label], sample.current[column.label], evidence
        )
        for column in sample.columns
    }
    window = Window(windows.model_id, windows.current_start, windows.current_end)
    compared = compare(sample, thresholds, settings.drifted_share, window) if sample.columns else None
    report = None
    if compared is not None:
        page = report_path(workspace, windows.model_id, windows.current_end)
        write_page(compared, page, window.title)
        keep_run(compared, workspace.root / EVIDENTLY, window)
        report = os.path.relpath(page, workspace.root)
    told = list(decided(windows, compared, judged, sample.watched, settings.drifted_share, report))
    return [*told, *_estimates(settings, windows, sample, told)]


def _estimates(settings: DriftSection, windows: Windows, sample: Sample, told: Sequence[Signal]) -> Iterator[Signal]:
    """Quality without labels: by how much the mean of a logged confidence, or of a judge's scores, fell."""
    import numpy as np

    named = {name.casefold() for name in (settings.confidence, settings.judge) if name}
    for column in sample.columns:
        if column.name.casefold() not in named or column.kind != "number":
            continue
        sides = (frame[column.label].drop_nulls().to_numpy() for frame in (sample.reference, sample.current))
        before, now = (float(np.mean(np.exp(side) if column.is_log else side * column.unit)) for side in sides)
        is_moved = any(row.feature == column.name and row.drifted for row in told)
        yield estimate(windows, column.name, before - now, settings.retrain_drop, is_moved)


def _judge_days(con: DuckDBPyConnection, settings: DriftSection, windows: Windows, sample: Sample) -> list[Judged]:
    start, whole = windows.reference_start, timedelta(days=1)
    first = datetime(start.year, start.month, start.day)
    reference = -(-(windows.reference_end - first) // whole)
    requests = _row_count(con, windows.model_id, start, windows.current_end)
    series = read_series(
        con, windows.model_id, start, windows.current_end, sample.watched, settings, reference, requests
    )
    return judge_newest(series, max(1, -(-settings.window // whole)), reference, settings)


def report_path(workspace: Workspace, model_id: str, window_end: datetime) -> Path:
    """Where Evidently's page of a window is kept, by its last day; the model's name is made safe for a folder."""
    folder = quote(model_id, safe=" ")
    folder = f"%2E{folder[1:]}" if folder.startswith(".") else folder
    return workspace.reports / "drift" / folder / f"{window_end - timedelta(days=1):%Y-%m-%d}.html"


def take_sample(con: DuckDBPyConnection, windows: Windows, sample_rows: int, seed: int) -> None:
    """Fill the temp table ``drift_sample`` with at most ``sample_rows`` requests of each window."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE drift_sample (side VARCHAR, request_hash UBIGINT, requested_at TIMESTAMP, "
        "input_tokens BIGINT, output_tokens BIGINT, latency_ms DOUBLE, features VARCHAR)"
    )
    for side, start, end, rows in (
        ("reference", windows.reference_start, windows.reference_end, windows.reference_rows),
        ("current", windows.current_start, windows.current_end, windows.current_rows),
    ):
        wanted = {"side": side, "model": windows.model_id, "window_start": start, "window_end": end, "seed": seed}
        con.execute(query("drift/sample"), {**wanted, "hash_limit": _hash_limit(rows, sample_rows)})
        if rows > sample_rows:
            con.execute(query("drift/trim"), {"side": side, "sample_rows": sample_rows})


def _hash_limit(rows: int, sample_rows: int) -> int:
    """A hash that, but for one time in a billion, at least ``sample_rows`` of so many rows lie below."""
    share = (sample_rows + 6 * sqrt(sample_rows)) / rows
    return _HASHES - 1 if share >= 1 else int(share * _HASHES)


def _fingerprint(con: DuckDBPyConnection, workspace: Workspace, dataset: str, day: datetime | None) -> str:
    """What the signals of a dataset rest on: its deliveries, the promotions, the settings, the day and the code."""
    parts = [
        con.execute(query("drift/rests_on"), {"dataset": dataset}).fetchall(),
        workspace.config.drift.model_dump(mode="json"),
        [change.model_dump(mode="json") for change in workspace.config.changes],
        workspace.config.workspace.reports,
        day,
        version("evidently"),
        fingerprint("drift"),
    ]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
