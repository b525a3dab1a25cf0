"""What the workspace says, told to the SQL: variables, and a temp table ``config_<name>`` a section.

Each table is made by ``sql/settings/<name>.sql``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeVar

from truecost.books.rulesets import RuleSet
from truecost.clock import Clock
from truecost.intake.landing import gone_files
from truecost.sources import formats
from truecost.store.sql import literal, query
from truecost.workspace.config import (
    CapacitySection,
    ConfigFile,
    Match,
    PromptingSection,
    RateSection,
    StaffSection,
    TokenRateSection,
)
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CAPACITY = "[[capacity]]"  # the source of the charges that sql/books makes of it

Item = TypeVar("Item")
Rows = Sequence[Mapping[str, object]]


def tell(con: DuckDBPyConnection, workspace: Workspace, clock: Clock) -> None:
    """The workspace and the day as temp tables and variables that the SQL reads."""
    for name, value in _variables(workspace.config, clock).items():
        con.execute(f"SET VARIABLE {name} = {value}")
    tables: dict[str, Rows] = {
        "gone": [{"source": source, "file": file} for source, file in gone_files(con, workspace)],
        **_sections(workspace),
        **_sharing(workspace),
    }
    for name, rows in tables.items():
        fill(con, name, rows)
    tell_todays_rules(con, workspace)


def tell_todays_rules(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """The rules of the workspace, and none that a close froze."""
    fill(con, "rules", [])
    fill(con, "lookups", [])
    tell_rules(con, RuleSet(workspace.config.attribution, workspace.lookups))


def tell_rules(con: DuckDBPyConnection, held: RuleSet) -> None:
    """Add rules to ``config_rules``; what they look up, to ``config_lookups``."""
    frozen_with = held.quarters[0] if held.quarters else None
    _insert(
        con,
        "rules",
        [
            {
                "rule_no": number,
                "model_id": rule.model,
                "activity": rule.activity,
                "cost_kind": rule.cost_kind,
                "rule_position": number - held.first,
                "treatment": rule.treatment,
                "frozen_with": frozen_with,
            }
            for number, rule in held.numbered
        ],
    )
    for number, rule in held.numbered:
        if rule.lookup and (rows := held.lookups[rule.lookup.table].rows):
            told = zip(*([row.model, row.activity, row.cost_kind] for row in rows.values()), strict=True)
            con.execute(
                "INSERT INTO config_lookups SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
                "unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
                [number, list(rows), *(list(column) for column in told)],
            )


def fill(con: DuckDBPyConnection, name: str, rows: Rows) -> None:
    """Make the temp table ``config_<name>`` anew, of these rows."""
    con.execute(query(f"settings/{name}"))
    _insert(con, name, rows)


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


def _insert(con: DuckDBPyConnection, name: str, rows: Rows) -> None:
    if rows:
        columns = ", ".join(rows[0])
        marks = ", ".join([f"({', '.join('?' * len(rows[0]))})"] * len(rows))
        values = [value for row in rows for value in row.values()]
        con.execute(f"INSERT INTO config_{name} ({columns}) VALUES {marks}", values)


def _variables(config: ConfigFile, clock: Clock) -> dict[str, str]:
    """Each variable the SQL reads of the settings, and its value as SQL."""
    return {
        "reporting_currency": literal(config.workspace.reporting_currency),
        "fiscal_year_start_month": str(config.workspace.fiscal_year_start_month),
        "fx_max_age_days": str(config.fx.max_age // timedelta(days=1)),
        "tax": literal(config.workspace.tax),
        "yardstick_months": str(config.workspace.yardstick_months),
        "idle_policy": literal(config.idle.policy),
        "idle_activity": literal(config.idle.activity),
        "as_of": f"TIMESTAMP {literal(clock.today().isoformat())}",
    }


def _sections(workspace: Workspace) -> dict[str, Rows]:
    """Sources, models, rates, staff, prices of tokens, and who must speak: the rows of a table each."""
    config = workspace.config
    return {
        "sources": [
            {
                "source": source.name,
                "format": source.format,
                "dataset": formats()[source.format].dataset.name,
                "restates": source.restates,
                "is_merged": source.delivery == "merge",
                "is_keyed": bool(source.key),
                "one_in": source.one_in,
                "promoted_aliases": source.promoted_aliases,
            }
            for source in config.sources
        ],
        "models": [
            {
                "model_id": model.id,
                **_headline(model.headline_eval),
                "version_tag": model.version_tag,
                "version_share": model.version_share,
                "useful_life_months": model.useful_life_months,
                "abandoned_on": model.abandoned,
            }
            for model in config.models
        ],
        "prompting": [
            {
                "model_id": price.model,
                **_token_prices(price),
                "saved_tokens": price.saved_tokens,
                "cached_share": price.cached_share,
                **_days(price),
            }
            for price in config.prompting
        ],
        "budgets": [
            {
                "name": budget.name,
                "model_id": budget.model,
                "stage": budget.stage,
                "per": budget.per,
                "amount": budget.amount,
            }
            for budget in config.budgets
        ],
        "rates": [
            {
                "rate_no": number,
                "role": rate.role,
                "people": rate.people,
                "hourly_cost": rate.hourly_cost,
                "currency": rate.currency,
                **_days(rate),
            }
            for number, rate in enumerate(config.rates, start=1)
        ],
        "staff": [
            {
                "staff_no": number,
                "line": line,
                "role": staff.role,
                "model_id": staff.model,
                "activity": staff.activity,
                "share": staff.share,
                "monthly_cost": staff.monthly_cost,
                "currency": staff.currency,
                "treatment": staff.treatment,
                **_days(staff),
            }
            for number, (staff, line) in _lined(config.staff, workspace.staff_lines)
        ],
        "token_rates": [
            {
                "token_rate_no": number,
                "line": line,
                "model_id": rate.model,
                "source": rate.source,
                **_token_prices(rate),
                "currency": rate.currency,
                **_days(rate),
            }
            for number, (rate, line) in _lined(config.token_rates, workspace.token_rate_lines)
        ],
        "expected": [
            {"source": expected.source, "every_days": expected.every.total_seconds() / 86400}
            for expected in config.expected
        ],
    }


def _sharing(workspace: Workspace) -> dict[str, Rows]:
    """Capacities, coverages, allocations and who takes over idle cost."""
    config = workspace.config
    everyone = [model.id for model in config.models]
    return {
        "capacity": [
            {
                "line": line,
                "name": capacity.name,
                "gpu_type": capacity.gpu_type,
                "gpus": capacity.gpus,
                "monthly_cost": capacity.monthly_cost,
                "currency": capacity.currency,
                **_days(capacity),
            }
            for _, (capacity, line) in _lined(config.capacity, workspace.capacity_lines)
        ],
        "coverage": [
            {
                "coverage_no": number,
                "name": pool.name,
                "join_on": pool.join,
                "gpu_type": pool.gpu_type,
                "gpu_hours_per_unit": pool.gpu_hours_per_unit,
                "is_capacity": number > len(config.coverage),
            }
            for number, pool in enumerate(coverages(config), start=1)
        ],
        "allocations": [
            {
                "allocation_no": number,
                "driver": item.driver,
                "model_id": model,
                "share": share,
                "activity": item.activity,
                "cost_kind": item.cost_kind,
                "gpu_hours_per_unit": item.gpu_hours_per_unit,
            }
            for number, item in enumerate(config.allocations, start=1)
            for model, share in zip_longest(item.models, item.shares)
        ],
        "idle": [
            {"model_id": model, "share": share}
            for model, share in zip_longest(config.idle.models or everyone, config.idle.shares)
        ],
    }


def _days(
    item: RateSection | StaffSection | TokenRateSection | CapacitySection | PromptingSection,
) -> dict[str, object]:
    return {"first_day": item.first_day, "last_day": item.last_day}


def _token_prices(priced: PromptingSection | TokenRateSection) -> dict[str, Decimal]:
    """Per million tokens; what is read from a cache costs as the others where it has no price of its own."""
    fresh, cached = priced.cost_per_1m_input_tokens, priced.cost_per_1m_cached_input_tokens
    return {
        "input_cost": fresh,
        "cached_input_cost": fresh if cached is None else cached,
        "output_cost": priced.cost_per_1m_output_tokens,
    }


def _lined(items: Sequence[Item], lines: Sequence[int]) -> Iterable[tuple[int, tuple[Item, int]]]:
    """Each item with its number, and the line where it stands in truecost.toml."""
    return enumerate(zip(items, lines or range(1, len(items) + 1), strict=True), start=1)


def _headline(named: str | None) -> dict[str, object]:
    """``task:metric``; the metric is what follows the last colon."""
    task, _, metric = (named or "").rpartition(":")
    return {"headline_task": task or None, "headline_metric": metric or None}
