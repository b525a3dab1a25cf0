"""The books of a bill four times as long touch four times as many rows, whatever share of it is taxes and credits.

Rows are counted by DuckDB: what each operator of each query puts out, of the books and of every finance view. Seconds
say how busy the machine is; rows say how the cost grows.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, rates, sacct
from truecost.books.derivation import rebuild_books
from truecost.books.gaps import tell_day
from truecost.store.sql import names, query

SMALL, LARGE = 20_000, 80_000
MODELS = [{"id": f"model-{number}"} for number in range(8)]
RULES = [
    {
        "match": {"source": ["aws"], "charge_category": ["Usage"], "service_name": [f"Service {number}"], **tag},
        "model": f"model-{number % 8}",
        "activity": "serving",
    }
    for number in range(12)
    for tag in ({"tags.team": [f"team-{number % 5}"]}, {"sub_account_id": ["account-1*"]})
]
SHARED = {
    "attribution": [
        *RULES,
        {"match": {"source": ["slurm"], "sub_account_id": ["nlp"]}, "model": "model-0", "activity": "serving"},
    ],
    "coverage": [
        {
            "billed": {"source": "aws", "service_name": "Service 3"},
            "usage": {"source": "slurm"},
            "gpu_type": "a100",
            "gpu_hours_per_unit": 8,
        }
    ],
    "allocations": [{"match": {"service_name": "Service 5"}, "driver": "equal", "models": ["model-1", "model-2"]}],
}

# A bill as clouds write it: a resource of its own a line, some dozens of services and accounts, a month. What is
# adjusted names, in turn, a resource of its own, that of another line, or none; one in a hundred only its account.
BILL = """
INSERT INTO ledger.charges BY NAME
WITH line AS (
    SELECT i, hash(i) % 100 < $percent AS is_adjusted, is_adjusted AND i % 100 = 7 AS is_bare
    FROM range($count) AS counted (i)
)

SELECT
    CASE WHEN is_adjusted THEN ['Tax', 'Credit', 'Adjustment'][1 + i % 3] ELSE 'Usage' END AS charge_category,
    'AWS' AS provider_name,
    '1234' AS billing_account_id,
    TIMESTAMP '2026-01-01' AS billing_period_start,
    CASE WHEN NOT is_bare THEN 'Service ' || (i % 17) END AS service_name,
    CASE WHEN NOT is_bare THEN 'account-' || (i % 23) END AS sub_account_id,
    CASE
        WHEN NOT is_adjusted OR i % 3 < 2 THEN 'r-' || (i - CAST(is_adjusted AND i % 3 = 1 AS INTEGER))
    END AS resource_id,
    CASE WHEN NOT is_adjusted THEN '{"team": "team-' || (i % 5) || '"}' END AS tags,
    'USD' AS billing_currency,
    CAST(1 + (i % 1000) * 0.01 AS DECIMAL(38, 20)) AS billed_cost,
    billed_cost AS effective_cost,
    CAST(1 AS DECIMAL(38, 20)) AS consumed_quantity,
    'Hours' AS consumed_unit,
    TIMESTAMP '2026-01-01' + to_hours(CAST(i % 720 AS INTEGER)) AS charge_period_start,
    charge_period_start + INTERVAL 1 HOUR AS charge_period_end,
    $delivery AS x_delivery_id,
    i + 2 AS x_line,
    0 AS x_part,
    1 AS x_slot_no
FROM line
"""


class Counting:
    """A connection that counts the rows that the operators of its queries put out."""

    def __init__(self, con: Any, profile: Path) -> None:
        self.con, self.profile, self.rows = con, profile, 0
        con.execute("PRAGMA enable_profiling = 'json'")
        con.execute(f"PRAGMA profiling_output = '{profile}'")

    def execute(self, sql: str, *values: Any) -> Any:
        found = self.con
        for statement in self.con.extract_statements(sql):
            found = self.con.execute(statement, *values)
            if self.profile.exists():
                self.rows += _rows(json.loads(self.profile.read_text("utf-8")))
                self.profile.unlink()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.con, name)


def _rows(operator: dict[str, Any]) -> int:
    return int(operator.get("operator_cardinality") or 0) + sum(map(_rows, operator.get("children") or []))


def touched(folder: Path, count: int, percent: int, settings: dict[str, Any]) -> int:
    """The rows that books and finance views of such a bill touch."""
    bench = Bench.open(folder, {"models": MODELS, **settings})
    number = bench.put_charges([{}])
    bench.con.execute("DELETE FROM ledger.charges")
    bench.con.execute(BILL, {"count": count, "percent": percent, "delivery": number})
    bench.deliver("rates", rates({}))
    bench.deliver("slurm", sacct(*(one_day(day) for day in range(1, 29))))
    counting: Any = Counting(bench.con, folder / "profile.json")
    rebuild_books(replace(bench.session(date(2026, 4, 10)), con=counting))
    tell_day(bench.con)
    for name in names("finance"):
        counting.execute(f"CREATE OR REPLACE TEMP TABLE published AS {query(name)}")
    bench.con.execute("PRAGMA disable_profiling")
    split = bench.con.execute("SELECT count(DISTINCT x_line) FROM books.shares WHERE pool_no IS NULL").fetchone()
    bench.close()
    assert split
    assert split[0] > 0.9 * count * percent / 100, "nearly all taxes, credits and adjustments follow something"
    return int(counting.rows)


def one_day(day: int) -> dict[str, str]:
    return {"JobID": str(day), "Start": f"2026-01-{day:02d}T01:00:00", "End": f"2026-01-{day:02d}T02:00:00"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("percent", "settings"),
    [(10, {}), (50, {"attribution": RULES}), (10, SHARED)],
    ids=["a tenth adjusted, no rules", "half adjusted, with rules", "a tenth adjusted, with rules and shared costs"],
)
def test_the_rows_that_books_touch_grow_with_the_bill(tmp_path: Path, percent: int, settings: dict[str, Any]) -> None:
    small, large = (touched(tmp_path, count, percent, settings) for count in (SMALL, LARGE))
    assert large < 1.1 * LARGE / SMALL * small
