"""Bookkeeping: the loaded facts -> receipts (what became of each delivery) -> the books (whose cost it is).

What each number means is in ``sql/receipts`` and ``sql/books``, read in order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from truecost.attribution import any_match_sql, rule_number_sql
from truecost.landing import source_files
from truecost.queries import literal, names, query
from truecost.sources import formats
from truecost.warehouse import last_fingerprint, remember_fingerprint, transaction
from truecost.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP = "attribute"
_RECEIPTS_STEP = "settle"


def settle_receipts(con: DuckDBPyConnection, workspace: Workspace) -> bool:
    """Derive what became of each delivery (``sql/receipts``), unless nothing it rests on has changed."""
    return _derive(con, workspace, _RECEIPTS_STEP, names("receipts"))


def keep_books(con: DuckDBPyConnection, workspace: Workspace) -> bool:
    """Derive the receipts and the books anew, unless nothing they rest on has changed; returns whether they were."""
    return _derive(con, workspace, STEP, (*names("receipts"), *names("books")))


def rebuild_books(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """Derive the receipts and the books, whatever was derived before."""
    with transaction(con):
        _run(con, workspace, (*names("receipts"), *names("books")))


def _derive(con: DuckDBPyConnection, workspace: Workspace, step: str, sql_names: Sequence[str]) -> bool:
    fingerprint = _fingerprint(con, workspace, sql_names)
    if last_fingerprint(con, step) == fingerprint:
        return False
    with transaction(con):
        _run(con, workspace, sql_names)
        remember_fingerprint(con, step, fingerprint)
    return True


def _run(con: DuckDBPyConnection, workspace: Workspace, sql_names: Sequence[str]) -> None:
    tell_config(con, workspace)
    config = workspace.config
    rules = rule_number_sql([rule.match for rule in config.attribution])
    covered = any_match_sql([item.usage for item in config.coverage], "x_basis = 'usage'")
    con.execute("CREATE SCHEMA IF NOT EXISTS books")
    for name in sql_names:
        con.execute(query(name).replace("/* rule number */ NULL", rules).replace("/* covered usage */ FALSE", covered))


def _fingerprint(con: DuckDBPyConnection, workspace: Workspace, sql_names: Sequence[str]) -> str:
    """Everything a derivation rests on: the loaded deliveries, the settings that give them meaning, and the SQL."""
    loaded = con.execute("SELECT delivery_id, fingerprint FROM log.deliveries ORDER BY delivery_id").fetchall()
    settings = workspace.config.model_dump(mode="json")
    sql = [query(name) for name in (*names("macros"), *sql_names)]
    gone = _gone_files(con, workspace)
    return hashlib.sha256(json.dumps([loaded, gone, settings, workspace.staff_lines, sql]).encode()).hexdigest()


def tell_config(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """The workspace as temp tables and variables that the SQL reads."""
    config = workspace.config
    con.execute(f"SET VARIABLE reporting_currency = {literal(config.workspace.reporting_currency)}")
    con.execute(f"SET VARIABLE fiscal_year_start_month = {config.workspace.fiscal_year_start_month}")
    con.execute(f"SET VARIABLE tax = {literal(config.workspace.tax)}")
    _fill(
        con,
        "config_sources (source VARCHAR, format VARCHAR, dataset VARCHAR, restates VARCHAR)",
        [[s.name, s.format, formats()[s.format].dataset, s.restates] for s in config.sources],
    )
    _fill(con, "config_models (model_id VARCHAR)", [[model.id] for model in config.models])
    _fill(
        con,
        "config_rules (rule_no INTEGER, model_id VARCHAR, activity VARCHAR, cost_kind VARCHAR)",
        [[n, rule.model, rule.activity, rule.cost_kind] for n, rule in enumerate(config.attribution, start=1)],
    )
    staff_lines = workspace.staff_lines or range(1, len(config.staff) + 1)
    gone = _gone_files(con, workspace)
    con.execute("CREATE OR REPLACE TEMP TABLE config_gone (source VARCHAR, file VARCHAR)")
    if gone:
        con.execute(
            "INSERT INTO config_gone SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            [list(names) for names in zip(*gone, strict=True)],
        )
    _fill(
        con,
        "config_rates (rate_no INTEGER, role VARCHAR, people VARCHAR[], hourly_cost DECIMAL(38, 20), currency VARCHAR, "
        "first_day DATE, last_day DATE)",
        [
            [n, rate.role, rate.people, rate.hourly_cost, rate.currency, rate.first_day, rate.last_day]
            for n, rate in enumerate(config.rates, start=1)
        ],
    )
    _fill(
        con,
        "config_staff (staff_no INTEGER, line INTEGER, role VARCHAR, model_id VARCHAR, activity VARCHAR, "
        "share DECIMAL(18, 6), first_day DATE, last_day DATE, monthly_cost DECIMAL(38, 20), currency VARCHAR)",
        [
            [n, at, s.role, s.model, s.activity, s.share, s.first_day, s.last_day, s.monthly_cost, s.currency]
            for n, (s, at) in enumerate(zip(config.staff, staff_lines, strict=True), start=1)
        ],
    )
    _fill(
        con,
        "config_expected (source VARCHAR, every_days DOUBLE)",
        [[item.source, item.every.total_seconds() / 86400] for item in config.expected],
    )


def _gone_files(con: DuckDBPyConnection, workspace: Workspace) -> list[tuple[str, str]]:
    """(source, file) of what may count for nothing and has been taken out of the inbox since, by someone's hand."""
    delivered = con.execute(query("report/questionable_files")).fetchall()
    if not delivered:
        return []
    moving = {
        source.name
        for source in workspace.config.sources
        if (source.landing or workspace.config.workspace.landing) == "move"
    }
    present = {(source.name, file) for source in workspace.config.sources for file in source_files(workspace, source)}
    return [item for item in delivered if item[0] not in moving and tuple(item) not in present]


def _fill(con: DuckDBPyConnection, table: str, rows: list[list[object]]) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    for row in rows:
        con.execute(f"INSERT INTO {table.split(' ')[0]} VALUES ({', '.join('?' * len(row))})", row)
