"""Bookkeeping: the landed facts -> the books. What each number means is in ``sql/books``, read in order."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from truecost.attribution import any_match_sql, rule_number_sql
from truecost.queries import literal, names, query
from truecost.sources import formats
from truecost.warehouse import last_fingerprint, remember_fingerprint, transaction
from truecost.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP = "attribute"


def keep_books(con: DuckDBPyConnection, workspace: Workspace) -> bool:
    """Derive the books anew, unless nothing they rest on has changed; returns whether they were derived."""
    fingerprint = books_fingerprint(con, workspace)
    if last_fingerprint(con, STEP) == fingerprint:
        return False
    rebuild_books(con, workspace)
    remember_fingerprint(con, STEP, fingerprint)
    return True


def rebuild_books(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """Run ``sql/books`` from first to last, in one transaction."""
    tell_config(con, workspace)
    config = workspace.config
    rules = rule_number_sql([rule.match for rule in config.attribution])
    covered = any_match_sql([item.usage for item in config.coverage], "x_basis = 'usage'")
    with transaction(con):
        con.execute("CREATE SCHEMA IF NOT EXISTS books")
        for name in names("books"):
            sql = query(name).replace("/* rule number */ NULL", rules).replace("/* covered usage */ FALSE", covered)
            con.execute(sql)


def books_fingerprint(con: DuckDBPyConnection, workspace: Workspace) -> str:
    """Everything the books rest on: the loaded deliveries, the settings that give them meaning, and the SQL."""
    loaded = con.execute("SELECT delivery_id, fingerprint FROM log.deliveries ORDER BY delivery_id").fetchall()
    settings = workspace.config.model_dump(mode="json")
    sql = [query(name) for name in (*names("macros"), *names("books"))]
    return hashlib.sha256(json.dumps([loaded, settings, sql]).encode()).hexdigest()


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


def _fill(con: DuckDBPyConnection, table: str, rows: list[list[object]]) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    for row in rows:
        con.execute(f"INSERT INTO {table.split(' ')[0]} VALUES ({', '.join('?' * len(row))})", row)
