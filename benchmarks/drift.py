"""The drift check on a large request log, against Evidently's own time and a DuckDB scan of the columns.

    python benchmarks/drift.py [--rows 10000000] [--runs 3] [--keep FOLDER]

A is the whole check: windows, samples, columns, days, thresholds, Evidently, its page and its workspace, the signals.
In the same pass, E is what of that is Evidently's own: its report on the sample, its page and its workspace. B is one
DuckDB query that reads each of the compared columns of the whole log, the features out of their JSON. Importing
Evidently is not timed. It fails where A takes more than E + 3 B, in the median of the runs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from truecost.archive.closes import Closes
from truecost.books.derivation import rebuild_books
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.drift import drift
from truecost.store.warehouse import connect
from truecost.workspace.config import ConfigFile
from truecost.workspace.workspace import Workspace

_SCANS = 3
_DAY = date(2026, 10, 5)
_GENERATE = """
INSERT INTO ledger.requests BY NAME
SELECT
    'req-' || number AS request_id,
    'bot' AS model_id,
    TIMESTAMP '2026-08-03' + to_microseconds(number * CAST(63 * 86400000000 // $rows AS BIGINT)) AS requested_at,
    CAST(exp(5 + random() + random() + random()) AS BIGINT) AS input_tokens,
    CAST(exp(4 + random() + random() + random()) AS BIGINT) AS output_tokens,
    round(exp(6 + random() + random() + random()), 3) AS latency_ms,
    CAST(to_json({
        'language': ['en', 'de', 'fr', 'es', 'ja'][1 + CAST(floor(5 * random() * random()) AS INTEGER)],
        'tier': ['free', 'pro', 'team'][1 + CAST(floor(3 * random() * random()) AS INTEGER)],
        'channel': ['web', 'app', 'api'][1 + CAST(floor(3 * random()) AS INTEGER)],
        'temperature': CAST(round(random(), 2) AS VARCHAR),
        'top_score': CAST(round(random(), 6) AS VARCHAR)
    }) AS VARCHAR) AS features,
    request_id AS x_key,
    1 AS x_occurrence,
    1 AS x_delivery_id,
    number + 1 AS x_line,
    md5(request_id) AS x_content
FROM range($rows) AS numbers (number)
"""
_SCAN = """
SELECT
    max(requested_at), sum(input_tokens), sum(output_tokens), sum(latency_ms),
    max(features[1]), max(features[2]), max(features[3]), max(features[4]), max(features[5])
FROM (
    SELECT
        * EXCLUDE (features),
        json_extract_string(features, ['/language', '/tier', '/channel', '/temperature', '/top_score']) AS features
    FROM books.requests
    WHERE status = 'current'
)
"""


def workspace_in(folder: Path) -> Workspace:
    settings = {
        "workspace": {"name": "benchmark"},
        "sources": [{"name": "log", "format": "training_runs", "path": "inbox/*"}],
        "models": [{"id": "bot"}],
    }
    return Workspace(folder, ConfigFile.model_validate(settings))


def generate(con: Any, workspace: Workspace, rows: int) -> None:
    """Rows straight into a warehouse, seeded, and the books over them."""
    con.execute("SELECT setseed(0.5)")
    con.execute(_GENERATE, {"rows": rows})
    con.execute(
        "INSERT INTO log.deliveries BY NAME SELECT 1 AS delivery_id, 'log' AS source, 'requests' AS dataset, "
        "'log.csv' AS file, 'log.csv' AS set_name, 1 AS set_version, ? AS rows_read, ? AS rows_accepted, "
        "0 AS rows_quarantined, 0 AS rows_skipped, '1' AS fingerprint",
        [rows, rows],
    )
    rebuild_books(Session(con, workspace, Clock(_DAY), Closes()))
    con.execute("INSERT INTO log.steps VALUES ('attribute', '1', now() AT TIME ZONE 'UTC')")
    con.execute("CHECKPOINT")


class Stopwatch:
    """What the calls of some functions take together."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.seconds += time.perf_counter() - started

        return timed


def checked(con: Any, workspace: Workspace) -> tuple[float, float]:
    """(seconds of the whole check, seconds of it that are Evidently's own)."""
    con.execute("DELETE FROM log.steps WHERE step IN ('drift', 'eval_drops')")
    evidently = Stopwatch()
    own = {name: getattr(drift, name) for name in ("compare", "write_page", "keep_run")}
    try:
        for name, function in own.items():
            setattr(drift, name, evidently.around(function))
        started = time.perf_counter()
        if not drift.watch(Session(con, workspace, Clock(_DAY), Closes())):
            raise SystemExit("the check had nothing to do")
        return time.perf_counter() - started, evidently.seconds
    finally:
        for name, function in own.items():
            setattr(drift, name, function)


def scanned(con: Any) -> float:
    started = time.perf_counter()
    con.execute(_SCAN).fetchall()
    return time.perf_counter() - started


def main() -> None:
    """Alternate the check and the scan, and print the medians beside the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in FOLDER and leave the files there")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        workspace = workspace_in(folder)
        con = stack.enter_context(connect(workspace.warehouse))
        generate(con, workspace, options.rows)
        checked(con, workspace)  # imports Evidently
        whole, own, scans = [], [], []
        for _ in range(options.runs):
            seconds, evidently = checked(con, workspace)
            scan = statistics.median(scanned(con) for _ in range(3))
            whole, own, scans = [*whole, seconds], [*own, evidently], [*scans, scan]
            print(f"  check {seconds:.2f} s, of it Evidently {evidently:.2f} s; scan {scan:.2f} s")
        found = drift.signals(Session(con, workspace, Clock(_DAY), Closes()))
    a, e, b = (statistics.median(times) for times in (whole, own, scans))
    times_scan = statistics.median((w - o) / s for w, o, s in zip(whole, own, scans, strict=True))
    print(json.dumps({"rows": options.rows, "features": len(found) - 1, "share": found[0]["value"]}))
    print(f"median: check {a:.2f} s, Evidently {e:.2f} s, scan {b:.2f} s: Evidently + {times_scan:.1f} scans")
    if times_scan > _SCANS:
        raise SystemExit(f"over the bound of Evidently's own time and {_SCANS} scans")


if __name__ == "__main__":
    main()
