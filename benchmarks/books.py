"""Keeping the books of many charges, and publishing every finance view, beside one full scan in DuckDB.

    python benchmarks/books.py [CHARGES]

10,000,000 charges of 50 models by default, claimed by 200 rules: half by columns, half by a tag as well. The scan is
what a query would do that only said which rule each charge matches: ``CREATE TABLE AS SELECT CASE ... END``, 200 times
WHEN, over the same table in the same file. The bound is twice the scan; a quarter's report must follow in 3 s, after
imports: what a report loads when it is written (``REPORTS_WITH``) is loaded before, which takes a second or two.
"""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from truecost.archive.closes import Closes
from truecost.books.attribution import match_sql
from truecost.books.derivation import keep_books
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.publish.publishing import publish
from truecost.report.reporting import write_report
from truecost.store.warehouse import connect
from truecost.workspace.config import ConfigFile
from truecost.workspace.workspace import Workspace

CHARGES = 10_000_000
MODELS, RULES = 50, 200
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


def main(count: int) -> None:
    for module in REPORTS_WITH:
        importlib.import_module(module)
    root = Path(tempfile.mkdtemp(prefix="books-"))
    try:
        config = ConfigFile.model_validate(
            {
                "workspace": {"name": "benchmark"},
                "sources": [{"name": "aws", "format": "focus", "path": "inbox/*.csv"}],
                "models": [{"id": f"model-{number}"} for number in range(MODELS)],
                "attribution": rules(),
            }
        )
        workspace, clock = Workspace(root, config), Clock(TODAY)
        with connect(workspace.warehouse) as con:
            con.execute(FILL, [count])
            con.execute(
                "INSERT INTO log.deliveries BY NAME SELECT 1 AS delivery_id, 'aws' AS source, 'charges' AS dataset, "
                "'inbox/a.csv' AS file, file AS set_name, 1 AS set_version, ? AS rows_read, ? AS rows_accepted, "
                "0 AS rows_quarantined, 0 AS rows_skipped",
                [count, count],
            )
            con.execute(
                "INSERT INTO log.claims BY NAME SELECT 1 AS delivery_id, 1 AS slot_no, 'all' AS slot, '' AS content, "
                "? AS rows_accepted, FALSE AS is_incomplete",
                [count],
            )
            con.execute("CHECKPOINT")
            whens = " ".join(
                f"WHEN {match_sql(rule.match)} THEN {number}" for number, rule in enumerate(config.attribution, start=1)
            )
            scan = timed(
                con.execute,
                f"CREATE TABLE scanned AS SELECT CASE {whens} END AS rule_no "
                "FROM (SELECT *, 'aws' AS source FROM ledger.charges)",
            )
            con.execute("DROP TABLE scanned")
            session = Session(con, workspace, clock, Closes())
            books = timed(keep_books, session)
            published = timed(publish, session)
        reported = timed(write_report, workspace, clock)
        say(f"{count:,} charges, {RULES} rules, {MODELS} models")
        say(f"  scan with a CASE {scan:.1f} s; books {books:.1f} s; finance views {published:.1f} s")
        say(f"ratio {(books + published) / scan:.2f} (bound 2); the quarter's report {reported:.1f} s (bound 3)")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def timed(call: Any, *arguments: Any) -> float:
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main(int(sys.argv[1].replace(",", "").replace("_", "")) if len(sys.argv) > 1 else CHARGES)
