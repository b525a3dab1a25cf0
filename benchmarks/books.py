"""Keeping the books of many charges, and publishing every finance view, beside one full scan in DuckDB.

    python benchmarks/books.py [CHARGES] [--rules 200]
    python benchmarks/books.py [CHARGES] --sample FOCUS.csv [--adjustments 0.1] [--rules N] [--coverage] [--allocations]

10,000,000 charges of 50 models by default, claimed by 200 rules: half by columns, half by a tag as well. The scan is
what a query would do that only said which rule each charge matches: ``CREATE TABLE AS SELECT CASE ... END``, 200 times
WHEN, over the same table in the same file. The bound is twice the scan; a quarter's report must follow in 3 s, after
imports: what a report loads when it is written (``REPORTS_WITH``) is loaded before, which takes a second or two.

``--sample`` takes the lines of a real FOCUS export instead, loaded as ever and then repeated, each repetition with
resources of its own; ``--adjustments`` makes so large a share of the lines taxes, credits and adjustments that no rule
claims. Rules are then of the services, accounts and tags that the sample has; with ``--rules 0`` the books have none,
and the scan is that of 200 all the same. ``--coverage`` lets GPU jobs share the bill of EC2, ``--allocations`` splits
two services over five models.

Seconds are told twice: of the clock, and of the processor, which another process on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.archive.closes import Closes
from truecost.books.attribution import match_sql
from truecost.books.derivation import keep_books
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.publish.publication import publish
from truecost.report.quarterly import write_report
from truecost.steps import land, load
from truecost.store.warehouse import connect
from truecost.workspace.config import ConfigFile
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CHARGES = 10_000_000
MODELS, RULES, JOBS = 50, 200, 5_000
TODAY = date(2026, 4, 10)
REPORTS_WITH = ("jinja2", "pandas", "polars", "pyarrow", "xlsxwriter", "truecost.dashboards.render")
FILL = """
INSERT INTO ledger.charges BY NAME
SELECT
    'Service ' || (i % 40) AS service_name,
    'Compute' AS service_category,
    'Usage' AS charge_category,
    'account-' || (i % 97) AS sub_account_id,
    'i-' || (i % 5000) AS resource_id,
    '{"team": "team-' || (i % 211) || '", "env": "prod"}' AS tags,
    'USD' AS billing_currency,
    CAST(1 + (i % 1000) * 0.01 AS DECIMAL(38, 20)) AS billed_cost,
    CAST(1 + (i % 1000) * 0.01 AS DECIMAL(38, 20)) AS effective_cost,
    CAST(1 AS DECIMAL(38, 20)) AS consumed_quantity,
    'Hours' AS consumed_unit,
    TIMESTAMP '2026-01-01' + to_hours(CAST(i % 2160 AS INTEGER)) AS charge_period_start,
    TIMESTAMP '2026-01-01' + to_hours(CAST(i % 2160 + 1 AS INTEGER)) AS charge_period_end,
    1 AS x_delivery_id,
    i + 2 AS x_line,
    0 AS x_part,
    1 AS x_slot_no
FROM range(?) AS counted (i)
"""

# The loaded sample, as often as it takes: each time with resources of its own, and costs, which most of its lines have
# not. What becomes a tax, credit or adjustment has no tags and names, in thirds, a resource of its own, that of another
# charge, or none; one in a hundred tells its account and nothing else.
REPEAT = """
INSERT INTO ledger.charges BY NAME
WITH copied AS (
    SELECT
        sample.* EXCLUDE (place),
        repetition.i AS copy_no,
        repetition.i * $size + sample.place AS n,
        hash(n) % 10000 < 10000 * $adjustments AS is_adjusted,
        CASE WHEN is_adjusted THEN 0.001 ELSE 0.01 END AS unit
    FROM range($charges // $size + 1) AS repetition (i)
    CROSS JOIN sample
)

SELECT
    * EXCLUDE (copy_no, n, is_adjusted, unit) REPLACE (
        n + 2 AS x_line,
        CASE
            WHEN is_adjusted THEN CASE n % 3 WHEN 0 THEN 'Tax' WHEN 1 THEN 'Credit' ELSE 'Adjustment' END
            ELSE charge_category
        END AS charge_category,
        CASE
            WHEN NOT is_adjusted OR n // 3 % 3 = 0 THEN resource_id || '-' || copy_no
            WHEN n // 3 % 3 = 1 THEN resource_id || '-' || greatest(copy_no - 1, 0)
        END AS resource_id,
        CASE WHEN NOT is_adjusted OR n % 100 <> 0 THEN service_name END AS service_name,
        CASE WHEN NOT is_adjusted OR n % 100 <> 0 THEN sub_account_id END AS sub_account_id,
        CASE WHEN NOT is_adjusted THEN tags END AS tags,
        CAST(billed_cost + CAST(unit * (1 + n % 997) AS DECIMAL(38, 20)) AS DECIMAL(38, 20)) AS billed_cost,
        CAST(effective_cost + CAST(unit * (1 + n % 991) AS DECIMAL(38, 20)) AS DECIMAL(38, 20)) AS effective_cost
    )
FROM copied
WHERE n < $charges
"""

SCAN = """
CREATE OR REPLACE TABLE scanned AS
SELECT CASE {whens} END AS rule_no FROM (SELECT *, 'aws' AS source FROM ledger.charges)
"""

FILL_JOBS = """
INSERT INTO ledger.jobs BY NAME
SELECT
    'job-' || i AS job_id,
    'account-' || (i % 20) AS account,
    'COMPLETED' AS state,
    TIMESTAMP '2024-09-01' + to_hours(CAST(i % 720 AS INTEGER)) AS started_at,
    started_at + INTERVAL 1 HOUR AS ended_at,
    3600 AS elapsed_seconds,
    4 AS gpus,
    [{'gpu_type': 'a100', 'gpus': 4}] AS gpu_types,
    2 AS x_delivery_id,
    i + 2 AS x_line
FROM range(?) AS counted (i)
"""


def rules() -> list[dict[str, Any]]:
    """Half of the rules by service and account, half by service and tag; about one charge in ten matches none."""
    found = []
    for number in range(RULES):
        match: dict[str, Any] = {"source": "aws"}
        if number % 2:
            match |= {"service_name": f"Service {number % 40}", "sub_account_id": f"account-{number % 97}"}
        else:
            match |= {"tags.team": f"team-{number}"}
        found.append({"match": match, "model": f"model-{number % MODELS}", "activity": "serving"})
    found[-1]["match"] = {"source": "aws", "service_name": "Service 1*"}
    return found


def sample_rules(con: DuckDBPyConnection, count: int) -> list[dict[str, Any]]:
    """Rules of what the loaded sample has: half by service and account, half by service and tag; none claims a tax."""
    found = []
    groups = {
        "sub_account_id": "SELECT service_name, sub_account_id, count(*) FROM ledger.charges GROUP BY ALL",
        "tags.application": "SELECT service_name, tags ->> '$.application', count(*) FROM ledger.charges GROUP BY ALL",
    }
    told = {
        column: con.execute(
            f"SELECT * FROM ({sql}) AS told (a, b, n) WHERE b IS NOT NULL ORDER BY n DESC, a, b"
        ).fetchall()
        for column, sql in groups.items()
    }
    for number in range(count):
        column, values = list(told.items())[number % 2]
        service, value, _ = values[number // 2 % len(values)]
        match = {"source": "aws", "charge_category": ["Usage", "Purchase"], "service_name": service, column: value}
        found.append({"match": match, "model": f"model-{number % MODELS}", "activity": "serving"})
    return found


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """The workspace, but for its rules."""
    told: dict[str, Any] = {
        "workspace": {"name": "benchmark"},
        "sources": [
            {"name": "aws", "format": "focus", "path": "inbox/aws/*.csv"},
            {"name": "slurm", "format": "slurm", "path": "inbox/slurm/*"},
        ],
        "models": [{"id": f"model-{number}"} for number in range(MODELS)],
    }
    if options.coverage:
        told["coverage"] = [
            {
                "billed": {"source": "aws", "service_name": "Amazon Elastic Compute Cloud"},
                "usage": {"source": "slurm"},
                "gpu_type": "a100",
                "gpu_hours_per_unit": 8,
            }
        ]
    if options.allocations:
        told["allocations"] = [
            {
                "match": {"source": "aws", "service_name": service},
                "driver": "equal",
                "models": [f"model-{number}" for number in range(5)],
            }
            for service in ("Amazon Simple Storage Service", "AmazonCloudWatch")
        ]
    return told


def fill(con: DuckDBPyConnection, workspace: Workspace, options: argparse.Namespace) -> None:
    """The charges of the benchmark: made by rule, or the sample repeated."""
    if options.sample:
        con.execute(
            "CREATE TEMP TABLE sample AS SELECT row_number() OVER (ORDER BY x_line) - 1 AS place, * FROM ledger.charges"
        )
        con.execute("DELETE FROM ledger.charges")
        size = con.execute("SELECT count(*) FROM sample").fetchone() or (0,)
        con.execute(REPEAT, {"charges": options.charges, "size": size[0], "adjustments": options.adjustments})
    else:
        con.execute(FILL, [options.charges])
        tell_delivery(con, 1, "aws", "charges", options.charges)
    if options.coverage:
        con.execute(FILL_JOBS, [JOBS])
        tell_delivery(con, 2, "slurm", "jobs", JOBS)
    con.execute("CHECKPOINT")


def tell_delivery(con: DuckDBPyConnection, number: int, source: str, dataset: str, rows: int) -> None:
    con.execute(
        "INSERT INTO log.deliveries BY NAME SELECT ? AS delivery_id, ? AS source, ? AS dataset, 'inbox/a.csv' AS file, "
        "file AS set_name, 1 AS set_version, ? AS rows_read, ? AS rows_accepted, 0 AS rows_quarantined, "
        "0 AS rows_skipped",
        [number, source, dataset, rows, rows],
    )
    con.execute(
        "INSERT INTO log.claims BY NAME SELECT ? AS delivery_id, 1 AS slot_no, 'all' AS slot, '' AS content, "
        "? AS rows_accepted, FALSE AS is_incomplete",
        [number, rows],
    )


def main(options: argparse.Namespace) -> None:
    for module in REPORTS_WITH:
        importlib.import_module(module)
    root, clock = Path(tempfile.mkdtemp(prefix="books-", dir=options.folder)), Clock(TODAY)
    try:
        told = settings(options)
        workspace = Workspace(root, ConfigFile.model_validate(told))
        if options.sample:
            (root / "inbox" / "aws").mkdir(parents=True)
            shutil.copy(options.sample, root / "inbox" / "aws" / "sample.csv")
            land(workspace, clock)
            load(workspace)
        with connect(workspace.warehouse) as con:
            scanned = sample_rules(con, options.rules or RULES) if options.sample else rules()[: options.rules or RULES]
            kept = ConfigFile.model_validate({**told, "attribution": scanned})
            workspace = Workspace(root, kept if options.rules else workspace.config)
            fill(con, workspace, options)
            whens = " ".join(
                f"WHEN {match_sql(rule.match)} THEN {number}" for number, rule in enumerate(kept.attribution, start=1)
            )
            scan = min(timed(con.execute, SCAN.format(whens=whens)) for _ in range(2))
            con.execute("DROP TABLE scanned")
            session = Session(con, workspace, clock, Closes())
            books = timed(keep_books, session)
            published = timed(publish, session)
            shares = con.execute("SELECT count(*) FROM books.shares").fetchone()
        reported = timed(write_report, workspace, clock)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000
        say(
            f"{options.charges:,} charges, {options.rules} rules, {MODELS} models, {options.adjustments:.0%} adjusted"
            f"{', coverage' * options.coverage}{', allocations' * options.allocations}; {(shares or [0])[0]:,} shares"
        )
        for kind, place in (("seconds", 0), ("processor", 1)):
            ratio = (books[place] + published[place]) / scan[place]
            say(
                f"  {kind}: scan with a CASE {scan[place]:.1f}; books {books[place]:.1f}; "
                f"finance views {published[place]:.1f}; ratio {ratio:.2f} (bound 2)"
            )
        say(f"  memory {peak:.1f} GB; the quarter's report {reported[0]:.1f} s (bound 3)")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def timed(call: Any, *arguments: Any) -> tuple[float, float]:
    """(seconds, seconds of the processor) that a call takes."""
    start, worked = time.perf_counter(), time.process_time()
    call(*arguments)
    return time.perf_counter() - start, time.process_time() - worked


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("charges", nargs="?", type=lambda text: int(text.replace(",", "")), default=CHARGES)
    parser.add_argument("--sample", type=Path, metavar="FOCUS.csv", help="a real export to repeat, which is only read")
    parser.add_argument("--adjustments", type=float, default=0.0, help="the share of the sample's lines, such as 0.1")
    parser.add_argument("--rules", type=int, default=RULES)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--allocations", action="store_true")
    parser.add_argument("--folder", type=Path, help="where to work; default: the system's temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    main(parse())
