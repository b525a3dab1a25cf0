"""The file finance opens: the promised columns, a comment on each, figures that add up, and never half of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from truecost import steps
from truecost.clock import Clock
from truecost.publish.publication import open_published
from truecost.sources.focus import FORMAT as FOCUS
from truecost.workspace.workspace import load_workspace

PROMISED = {
    "true_cost_by_quarter": (
        "model_id quarter quarter_start quarter_end currency training_only_cost true_cost billed_cost multiplier "
        "multiplier_reason true_cost_to_date training_only_cost_to_date multiplier_to_date training_share "
        "idle_assigned unconverted_count completeness status version"
    ),
    "cost_by_stage": "model_id quarter stage activity round cost_kind is_idle currency cost",
    "charges": (
        "billed_cost effective_cost billing_currency charge_period_start charge_period_end billing_account_id "
        "service_name tags x_model_id x_activity x_round x_stage x_cost_kind x_delivery_id x_line x_cost currency"
    ),
    "deliveries": (
        "source file sha256 received_at rows_read rows_loaded rows_quarantined rows_duplicate rows_held rows_skipped "
        "superseded_by"
    ),
    "control_totals": (
        "delivery_id column_name currency amount_read amount_loaded amount_quarantined amount_duplicate amount_held "
        "amount_skipped"
    ),
    "quarantine": "delivery_id line dataset rule column_name value row_json",
    "actual_vs_plan": (
        "model_id month quarter stage currency planned_mean planned_p10 planned_p50 planned_p90 actual variance "
        "variance_pct"
    ),
    "forecast": (
        "model_id as_of currency budget actual_to_date estimate_at_completion_p10 estimate_at_completion_p50 "
        "estimate_at_completion_p90 probability_over_budget"
    ),
    "drift_signals": "model_id window_start window_end feature method value threshold drifted verdict",
    "totals": (
        "quarter quarter_start quarter_end currency as_of training_only_cost true_cost billed_cost multiplier "
        "multiplier_reason training_only_cost_to_date true_cost_to_date billed_cost_to_date multiplier_to_date "
        "unallocated_cost unallocated_share allocated_share is_lower_bound completeness status version"
    ),
    "cost_by_stage_to_date": "model_id quarter stage currency cost cost_to_date share share_to_date",
    "cost_by_kind_to_date": "model_id quarter cost_kind currency cost cost_to_date share share_to_date",
    "delivery_totals": "source files rows_read rows_loaded rows_quarantined rows_duplicate rows_held rows_skipped",
    "adjustment_totals": "from_quarter into_quarter model_id stage reason currency row_count amount billed_amount",
    "training_runs": "run_id parent_run_id model_id round outcome gpu_hours currency cost activity",
}
NO_MONEY = {"gpu_hours", "multiplier", "multiplier_to_date"}  # nor is what is called a share

READER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
for _ in sys.stdin:
    print(con.execute("SELECT sum(cost) FROM finance.cost_by_stage WHERE stage = 'serving'").fetchone()[0], flush=True)
"""
PUBLISHER = """
import sys
from datetime import date, timedelta
from pathlib import Path
from truecost import steps
from truecost.clock import Clock
from truecost.workspace.workspace import load_workspace

workspace = load_workspace(Path(sys.argv[1]))
for day in range(1, 5):
    assert steps.publish(workspace, Clock(date(2027, 1, day)))
"""


@pytest.fixture
def own_demo(demo: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(demo, tmp_path / "demo")


@pytest.fixture
def published(demo: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(demo / "reports/reports.duckdb") as con:
        yield con


@pytest.mark.parametrize("view", PROMISED)
def test_each_view_has_the_promised_columns(published: duckdb.DuckDBPyConnection, view: str) -> None:
    found = columns_of(published, view)
    assert set(PROMISED[view].split()) <= set(found)
    if view in ("true_cost_by_quarter", "cost_by_stage"):
        assert [name for name in found if name in PROMISED[view].split()] == PROMISED[view].split()


def test_every_view_table_and_column_is_explained(published: duckdb.DuckDBPyConnection) -> None:
    for kind in ("views", "tables"):
        unexplained = published.execute(
            f"SELECT schema_name, {kind[:-1]}_name FROM duckdb_{kind}() "
            f"WHERE NOT internal AND {kind[:-1]}_name <> 'publication' AND coalesce(comment, '') = ''"
        ).fetchall()
        assert unexplained == []
    columns = published.execute(
        "SELECT table_name, column_name, coalesce(comment, '') FROM duckdb_columns() "
        "WHERE NOT internal AND schema_name = 'finance'"
    ).fetchall()
    assert {view for view, _, _ in columns} >= PROMISED.keys()
    specified = {column.name for column in FOCUS.columns}
    for view, column, comment in columns:
        assert comment, f"{view}.{column} has no comment"
        if comment.startswith("FOCUS 1.2: "):
            assert view == "charges"
            assert column in specified, f"{column} is no column of FOCUS: it needs a comment of its own"


def test_an_amount_never_stands_without_its_currency(published: duckdb.DuckDBPyConnection) -> None:
    for view in views_of(published):
        kinds = published.execute(
            "SELECT column_name FROM duckdb_columns() "
            "WHERE schema_name = 'finance' AND table_name = ? AND data_type LIKE 'DECIMAL%'",
            [view],
        ).fetchall()
        money = [name for (name,) in kinds if name not in NO_MONEY and "share" not in name.split("_")]
        if not money:
            continue
        assert "currency" in columns_of(published, view), f"{view} has {money} and no currency"
        # A charge's own amounts are in `billing_currency`; a row may be in quarantine for lack of a currency.
        own = {"charges": ["x_cost"], "control_totals": ["amount_loaded", "amount_duplicate"]}.get(view, money)
        stated = " OR ".join(f"{name} <> 0" for name in own)
        alone = published.execute(f"SELECT count(*) FROM {view} WHERE currency IS NULL AND ({stated})").fetchone()
        assert alone == (0,)
    (alone,) = published.execute(
        "SELECT count(*) FROM charges WHERE billing_currency IS NULL AND (billed_cost <> 0 OR effective_cost <> 0)"
    ).fetchall()
    assert alone == (0,)


def test_the_stages_add_up_to_the_true_cost(published: duckdb.DuckDBPyConnection) -> None:
    rows = published.execute(
        "SELECT whole.model_id, whole.quarter, whole.true_cost, coalesce(sum(part.cost), 0) "
        "FROM true_cost_by_quarter AS whole LEFT JOIN cost_by_stage AS part "
        "ON part.model_id IS NOT DISTINCT FROM whole.model_id AND part.quarter = whole.quarter "
        "GROUP BY whole.model_id, whole.quarter, whole.true_cost"
    ).fetchall()
    assert len(rows) > 3
    for model_id, quarter, whole, parts in rows:
        assert whole == parts, f"{model_id} in {quarter}"


def test_the_charges_add_up_to_the_true_cost(published: duckdb.DuckDBPyConnection) -> None:
    def total(sql: str) -> Decimal:
        (row,) = published.execute(sql).fetchall()
        return Decimal(row[0])

    whole = total("SELECT sum(true_cost) FROM true_cost_by_quarter")
    assert whole > 0
    assert total("SELECT sum(x_cost) FROM charges") == whole
    assert total("SELECT sum(cost) FROM costs") == whole
    assert total("SELECT sum(billed_cost) FROM costs") == total("SELECT sum(billed_cost) FROM true_cost_by_quarter")
    last = "quarter = (SELECT max(quarter) FROM true_cost_by_quarter)"
    assert total(f"SELECT sum(true_cost_to_date) FROM true_cost_by_quarter WHERE {last}") == whole


def test_every_row_and_amount_received_is_accounted_for(published: duckdb.DuckDBPyConnection) -> None:
    lost = published.execute(
        "SELECT file FROM deliveries "
        "WHERE rows_read <> rows_loaded + rows_quarantined + rows_duplicate + rows_held + rows_skipped "
        "UNION ALL SELECT column_name FROM control_totals "
        "WHERE amount_read <> amount_loaded + amount_quarantined + amount_duplicate + amount_held + amount_skipped "
        "UNION ALL SELECT file FROM deliveries "
        "WHERE rows_quarantined <> (SELECT count(*) FROM quarantine WHERE delivery_id = deliveries.delivery_id)"
    ).fetchall()
    assert lost == []


def test_the_newest_schema_and_its_version_agree(published: duckdb.DuckDBPyConnection) -> None:
    views = views_of(published)
    assert {*PROMISED, "costs", "gaps"} <= set(views)
    tables = published.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'finance_v1' AND table_name <> 'publication'"
    ).fetchall()
    assert {name for (name,) in tables} == set(views)
    for view in views:
        newest, kept = f"SELECT * FROM finance.{view}", f"SELECT * FROM finance_v1.{view}"
        assert published.execute(f"DESCRIBE {newest}").fetchall() == published.execute(f"DESCRIBE {kept}").fetchall()
        for one, other in ((newest, kept), (kept, newest)):
            assert published.execute(f"{one} EXCEPT ALL {other}").fetchall() == []


@pytest.mark.slow
def test_a_reader_that_holds_the_old_file_keeps_the_old_figures(own_demo: Path) -> None:
    file = own_demo / "reports/reports.duckdb"
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def read() -> Decimal:
        assert reader.stdin is not None
        assert reader.stdout is not None
        reader.stdin.write("\n")
        reader.stdin.flush()
        return Decimal(reader.stdout.readline())

    with reader:
        before = read()
        assert before == serving_cost(file)
        config = own_demo / "truecost.toml"
        text = config.read_text("utf-8")
        changed = text.replace('activity = "serving"', 'activity = "evaluation"', 1)
        assert changed != text
        config.write_text(changed, "utf-8")
        workspace = load_workspace(own_demo)
        assert steps.attribute(workspace)
        assert steps.publish(workspace, Clock(workspace.config.workspace.as_of))
        assert read() == before
        assert serving_cost(file) < before
        assert read() == before
    assert reader.returncode == 0


@pytest.mark.slow
def test_no_path_ever_shows_half_a_file(own_demo: Path) -> None:
    file = own_demo / "reports/reports.duckdb"
    seen: dict[int, tuple[int, int]] = {}
    figures = set()
    publish_often = [sys.executable, "-c", PUBLISHER, str(own_demo)]
    with ExitStack() as held, subprocess.Popen(publish_often) as publisher:
        while publisher.poll() is None:
            handle = file.open("rb")  # there is a file at every moment
            status = os.fstat(handle.fileno())
            now = (status.st_mtime_ns, status.st_size)
            if status.st_ino in seen:
                handle.close()
                assert now == seen[status.st_ino], "a file was written to after it could be seen"
                continue
            seen[status.st_ino] = now
            held.enter_context(handle)  # held open, so that its number is not given to another
            figures.add(whole_file(file))
            names = {path.name for path in file.parent.iterdir() if not path.name.startswith(".new-")}
            assert names == {"reports.duckdb", "drift", "evaluations", *(path.name for path in file.parent.glob("FY*"))}
    assert publisher.returncode == 0
    assert len(seen) >= 3, "the publisher was not seen at work"
    assert len(figures) == 1, "the figures do not depend on the day"
    assert not list(file.parent.glob(".new-*"))


def test_sums_by_month_are_those_of_the_costs(published: duckdb.DuckDBPyConnection) -> None:
    grain = "model_id, month, quarter, stage, activity, round, cost_kind, currency"
    told = f"SELECT {grain}, row_count, cost, billed_cost FROM cost_by_month"
    summed = f"SELECT {grain}, count(*), sum(cost), sum(billed_cost) FROM costs GROUP BY ALL"
    rows = published.execute(f"{told} ORDER BY ALL").fetchall()
    assert rows == published.execute(f"{summed} ORDER BY ALL").fetchall()
    assert len({row[0] for row in rows}) > 2


def test_what_no_rule_claims_is_told_by_source_and_service(published: duckdb.DuckDBPyConnection) -> None:
    told = "SELECT quarter, x_source, service_name, charge_count, cost FROM unallocated"
    summed = (
        "SELECT costs.quarter, x_source, service_name, count(DISTINCT x_charge_id), sum(cost) "
        "FROM costs INNER JOIN charges USING (x_charge_id) WHERE model_id IS NULL GROUP BY ALL"
    )
    rows = published.execute(f"{told} ORDER BY ALL").fetchall()
    assert rows == published.execute(f"{summed} ORDER BY ALL").fetchall()
    assert len({row[0] for row in rows}) > 1


def test_the_published_file_needs_nothing_beside_it(demo: Path, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere.duckdb"
    shutil.copyfile(demo / "reports/reports.duckdb", alone)
    assert not list((demo / "reports").glob("*.wal"))
    with duckdb.connect(str(alone), read_only=True, config={"enable_external_access": "false"}) as con:
        assert con.execute("SELECT sum(true_cost) > 0 FROM finance.true_cost_by_quarter").fetchone() == (True,)


def columns_of(con: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    return [row[0] for row in con.execute(f"DESCRIBE finance.{view}").fetchall()]


def views_of(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'finance' ORDER BY ALL").fetchall()
    return [row[0] for row in rows]


def serving_cost(file: Path) -> Decimal:
    with open_published(file) as con:
        (row,) = con.execute("SELECT sum(cost) FROM cost_by_stage WHERE stage = 'serving'").fetchall()
    return Decimal(row[0])


def whole_file(file: Path) -> tuple[Any, ...]:
    """Everything the file must hold once it can be seen at all."""
    with open_published(file) as con:
        assert set(views_of(con)) >= PROMISED.keys()
        con.execute("SELECT * FROM finance_v1.publication").fetchall()
        (row,) = con.execute("SELECT count(*), sum(x_cost) FROM charges").fetchall()
    return tuple(row)
