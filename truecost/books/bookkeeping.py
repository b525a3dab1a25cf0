"""Bookkeeping: the loaded facts -> receipts (what became of each delivery) -> the books (whose cost it is).

What each number means is in ``sql/books/10_deliveries`` and ``sql/books``, read in order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate, zip_longest
from typing import TYPE_CHECKING

from truecost.archive.closes import (
    COSTS,
    PLAN,
    QUANTITIES,
    VIEWS,
    Close,
    closed_quarters,
    quarters_frozen,
    times_closed,
    view_file,
)
from truecost.books.attribution import Subjects, lookup_key_sql, rule_number_sql, rule_numbers_sql, rule_sets_sql
from truecost.books.rulesets import RuleSet, rule_sets
from truecost.clock import Clock
from truecost.intake.landing import source_files
from truecost.sources import formats
from truecost.store.sql import literal, names, query
from truecost.store.warehouse import last_fingerprint, remember_fingerprint, transaction
from truecost.workspace.config import ConfigFile, Match
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP = "attribute"
CAPACITY = "[[capacity]]"  # the source of the charges that sql/books makes of it
_RECEIPTS_STEP = "settle"


def settle_receipts(con: DuckDBPyConnection, workspace: Workspace) -> bool:
    """Derive what became of each delivery (``sql/books/10_deliveries``), unless nothing it rests on has changed."""
    return _derive(con, workspace, _RECEIPTS_STEP, names("books/10_deliveries"))


def keep_books(con: DuckDBPyConnection, workspace: Workspace) -> bool:
    """Derive the receipts and the books anew, unless nothing they rest on has changed; returns whether they were."""
    return _derive(con, workspace, STEP, names("books"))


def rebuild_books(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """Derive the receipts and the books, whatever was derived before."""
    with transaction(con):
        _run(con, workspace, names("books"))


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
    pools = coverages(config)
    compiled = {
        **_tell_closes(con, workspace),
        **_rules_sql(con, workspace),
        "/* shared charge */ NULL": rule_number_sql([allocation.match for allocation in config.allocations]),
        "/* token bills */ []": rule_numbers_sql([rate.billed for rate in config.token_rates]),
        "/* covering bill */ NULL": rule_number_sql([pool.billed for pool in pools]),
        "/* covering pools */ []": rule_numbers_sql([pool.usage for pool in pools]),
    }
    con.execute("CREATE SCHEMA IF NOT EXISTS books")
    for name in sql_names:
        sql = query(name)
        for placeholder, expression in compiled.items():
            sql = sql.replace(placeholder, expression)
        con.execute(sql)


def _fingerprint(con: DuckDBPyConnection, workspace: Workspace, sql_names: Sequence[str]) -> str:
    """Everything a derivation rests on: the loaded deliveries, the settings that give them meaning, and the SQL."""
    loaded = con.execute("SELECT delivery_id, fingerprint FROM log.deliveries ORDER BY delivery_id").fetchall()
    settings = workspace.config.model_dump(mode="json")
    sql = [query(name) for name in (*names("macros"), *sql_names)]
    gone = _gone_files(con, workspace)
    lookups = {name: asdict(lookup) for name, lookup in workspace.lookups.items()}
    closes = [[close.event_id, close.content_hash] for close in closed_quarters(workspace)]
    closes += [[*item] for item in times_closed(workspace).items()]
    return hashlib.sha256(
        json.dumps(
            [
                *(loaded, gone, closes, settings),
                *(workspace.staff_lines, workspace.capacity_lines, workspace.token_rate_lines),
                *(lookups, sql),
            ]
        ).encode()
    ).hexdigest()


def _tell_closes(con: DuckDBPyConnection, workspace: Workspace) -> dict[str, str]:
    """Which quarters are closed, as temp tables; returns where their frozen rows are to be read from."""
    closes = closed_quarters(workspace)
    frozen_quarters = {view: quarters_frozen(closes, view) for view in VIEWS}
    _fill(
        con,
        "config_closes (quarter VARCHAR, quarter_start DATE, quarter_end DATE, version INTEGER, content_hash VARCHAR, "
        "last_delivery_id INTEGER, frozen_views VARCHAR[])",
        [
            [
                *(close.quarter, close.start, close.end, close.version, close.content_hash, last),
                [view for view, quarters in frozen_quarters.items() if close.quarter in quarters],
            ]
            for close, last in zip(closes, _last_deliveries(con, closes), strict=True)
        ],
    )
    _fill(
        con,
        "config_versions (quarter VARCHAR, closed_times INTEGER)",
        [[quarter, times] for quarter, times in times_closed(workspace).items()],
    )
    _fill(
        con,
        "config_completeness (quarter VARCHAR, model_id VARCHAR, frozen_completeness VARCHAR)",
        [[close.quarter, model or None, told] for close in closes for model, told in close.completeness.items()],
    )
    frozen = {
        "/* frozen costs */ FROM books.frozen": COSTS,
        "/* frozen plans */ FROM books.frozen_plan": PLAN,
        "/* frozen quantities */ FROM books.frozen_quantities": QUANTITIES,
        "/* frozen life */ FROM books.frozen_life": view_file("model_life"),
    }
    read = {}
    for placeholder, name in frozen.items():
        paths = ", ".join(literal(str(close.folder / name)) for close in closes if name in close.files)
        if paths:
            read[placeholder] = f"FROM read_parquet([{paths}], union_by_name = true)"
    return read


def rules_in_force(con: DuckDBPyConnection, workspace: Workspace) -> list[RuleSet]:
    """Today's rules, and those of each close that are still for some charges: in the order in which they claim them."""
    closes = closed_quarters(workspace)
    return rule_sets(
        zip(closes, _last_deliveries(con, closes), strict=True), workspace.config.attribution, workspace.lookups
    )


def _last_deliveries(con: DuckDBPyConnection, closes: Sequence[Close]) -> list[int]:
    """The last delivery of which each close, or one before it, froze a cost: what it saw came with no later one."""
    frozen = [literal(str(close.folder / COSTS)) for close in closes]
    last = [con.execute(f"SELECT max(x_delivery_id) FROM read_parquet({path})").fetchone() for path in frozen]
    return list(accumulate(((row and row[0]) or 0 for row in last), max))


def _rules_sql(con: DuckDBPyConnection, workspace: Workspace) -> dict[str, str]:
    """The rule of each charge. Frozen rules that are not today's join ``config_rules`` under numbers of their own."""
    sets, subjects = rules_in_force(con, workspace), Subjects()
    for held in sets:
        if held.quarters:
            _tell_rules(con, held)
    return {
        "/* rule number */ NULL": rule_sets_sql(sets, subjects),
        "/* looked up */ NULL": lookup_key_sql(sets, subjects),
        "/* tags that rules read */": subjects.columns,
    }


def _tell_rules(con: DuckDBPyConnection, held: RuleSet) -> None:
    """Add rules to ``config_rules``; what they look up, to ``config_lookups``."""
    frozen_with = held.quarters[0] if held.quarters else None
    for number, rule in held.numbered:
        con.execute(
            "INSERT INTO config_rules VALUES (?, ?, ?, ?, ?, ?, ?)",
            [number, rule.model, rule.activity, rule.cost_kind, number - held.first, rule.treatment, frozen_with],
        )
        if rule.lookup:
            rows = held.lookups[rule.lookup.table].rows
            told = [[row.model, row.activity, row.cost_kind] for row in rows.values()]
            con.execute(
                "INSERT INTO config_lookups SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
                "unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
                [number, list(rows), *(list(column) for column in zip(*told, strict=True))]
                if told
                else [number, *[[]] * 4],
            )


def tell_config(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """The workspace as temp tables and variables that the SQL reads."""
    config = workspace.config
    con.execute(f"SET VARIABLE reporting_currency = {literal(config.workspace.reporting_currency)}")
    con.execute(f"SET VARIABLE fiscal_year_start_month = {config.workspace.fiscal_year_start_month}")
    con.execute(f"SET VARIABLE fx_max_age_days = {config.fx.max_age // timedelta(days=1)}")
    con.execute(f"SET VARIABLE tax = {literal(config.workspace.tax)}")
    _fill(
        con,
        "config_sources (source VARCHAR, format VARCHAR, dataset VARCHAR, restates VARCHAR, one_in INTEGER, "
        "promoted_aliases VARCHAR[])",
        [
            [s.name, s.format, formats()[s.format].dataset, s.restates, s.one_in, s.promoted_aliases]
            for s in config.sources
        ],
    )
    _fill(
        con,
        "config_models (model_id VARCHAR, headline_task VARCHAR, headline_metric VARCHAR, useful_life_months INTEGER, "
        "abandoned_on DATE)",
        [[m.id, *_headline(m.headline_eval), m.useful_life_months, m.abandoned] for m in config.models],
    )
    _fill(
        con,
        "config_rules (rule_no INTEGER, model_id VARCHAR, activity VARCHAR, cost_kind VARCHAR, rule_position INTEGER, "
        "treatment VARCHAR, frozen_with VARCHAR)",
        [],
    )
    _fill(
        con,
        "config_lookups (rule_no INTEGER, lookup_key VARCHAR, model_id VARCHAR, activity VARCHAR, cost_kind VARCHAR)",
        [],
    )
    _tell_rules(con, RuleSet(config.attribution, workspace.lookups))
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
        "share DECIMAL(18, 6), first_day DATE, last_day DATE, monthly_cost DECIMAL(38, 20), currency VARCHAR, "
        "treatment VARCHAR)",
        [
            [
                *(n, at, s.role, s.model, s.activity, s.share, s.first_day, s.last_day, s.monthly_cost, s.currency),
                s.treatment,
            ]
            for n, (s, at) in enumerate(zip(config.staff, staff_lines, strict=True), start=1)
        ],
    )
    _tell_sharing(con, workspace)
    lines = workspace.token_rate_lines or range(1, len(config.token_rates) + 1)
    _fill(
        con,
        "config_token_rates (token_rate_no INTEGER, line INTEGER, model_id VARCHAR, source VARCHAR, "
        "input_cost DECIMAL(38, 20), output_cost DECIMAL(38, 20), currency VARCHAR, first_day DATE, last_day DATE)",
        [
            [
                *(n, line, r.model, r.source, r.cost_per_1m_input_tokens, r.cost_per_1m_output_tokens),
                *(r.currency, r.first_day, r.last_day),
            ]
            for n, (r, line) in enumerate(zip(config.token_rates, lines, strict=True), start=1)
        ],
    )
    _fill(
        con,
        "config_expected (source VARCHAR, every_days DOUBLE)",
        [[item.source, item.every.total_seconds() / 86400] for item in config.expected],
    )


def tell_clock(con: DuckDBPyConnection, clock: Clock) -> None:
    """The day, and what depends on it (``sql/clock``), to a connection that knows the workspace."""
    con.execute(f"SET VARIABLE as_of = TIMESTAMP {literal(clock.today().isoformat())}")
    for name in names("clock"):
        con.execute(query(name))


@dataclass(frozen=True)
class Coverage:
    """A bill and the usage it pays for: what ``[[coverage]]`` says, and each ``[[capacity]]``."""

    billed: Match
    usage: Match
    join: str
    gpu_type: str | None
    gpu_hours_per_unit: Decimal | None
    name: str


def coverages(config: ConfigFile) -> list[Coverage]:
    """Every coverage, numbered from 1 by its place: ``[[coverage]]`` first, then ``[[capacity]]``."""
    return [
        *(
            Coverage(item.billed, item.usage, item.join, item.gpu_type, item.gpu_hours_per_unit, f"coverage {number}")
            for number, item in enumerate(config.coverage, start=1)
        ),
        *(
            Coverage(
                {"source": [CAPACITY], "resource_id": [item.name]},
                {"consumed_unit": ["GPU-Hours"], **item.usage},
                "gpu_type+day",
                item.gpu_type,
                Decimal(1),
                f"capacity {item.name}",
            )
            for item in config.capacity
        ),
    ]


def _headline(named: str | None) -> tuple[str | None, str | None]:
    """``task:metric``; the metric is what follows the last colon."""
    task, _, metric = (named or "").rpartition(":")
    return task or None, metric or None


def _tell_sharing(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """Capacities, coverages, allocations and the idle policy, each as a temp table."""
    config = workspace.config
    lines = workspace.capacity_lines or range(1, len(config.capacity) + 1)
    _fill(
        con,
        "config_capacity (line INTEGER, name VARCHAR, gpu_type VARCHAR, gpus INTEGER, monthly_cost DECIMAL(38, 20), "
        "currency VARCHAR, first_day DATE, last_day DATE)",
        [
            [line, c.name, c.gpu_type, c.gpus, c.monthly_cost, c.currency, c.first_day, c.last_day]
            for c, line in zip(config.capacity, lines, strict=True)
        ],
    )
    _fill(
        con,
        "config_coverage (coverage_no INTEGER, name VARCHAR, join_on VARCHAR, gpu_type VARCHAR, "
        "gpu_hours_per_unit DECIMAL(18, 6), is_capacity BOOLEAN)",
        [
            [n, pool.name, pool.join, pool.gpu_type, pool.gpu_hours_per_unit, n > len(config.coverage)]
            for n, pool in enumerate(coverages(config), start=1)
        ],
    )
    _fill(
        con,
        "config_allocations (allocation_no INTEGER, driver VARCHAR, model_id VARCHAR, share DECIMAL(18, 6), "
        "activity VARCHAR, cost_kind VARCHAR, gpu_hours_per_unit DECIMAL(18, 6))",
        [
            [n, item.driver, model, share, item.activity, item.cost_kind, item.gpu_hours_per_unit]
            for n, item in enumerate(config.allocations, start=1)
            for model, share in zip_longest(item.models, item.shares)
        ],
    )
    con.execute(f"SET VARIABLE idle_policy = {literal(config.idle.policy)}")
    con.execute(f"SET VARIABLE idle_activity = {literal(config.idle.activity)}")
    _fill(
        con,
        "config_idle (model_id VARCHAR, share DECIMAL(18, 6))",
        [
            [model, share]
            for model, share in zip_longest(
                config.idle.models or [model.id for model in config.models], config.idle.shares
            )
        ],
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
