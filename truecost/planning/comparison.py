"""Comparing: the plans -> their projection and forecast, held against the books.

It writes ``outlook.projection``, ``outlook.planned_quantities``, ``outlook.forecast`` with its percentiles,
``outlook.nowcast``, ``outlook.plans_in_force``, ``outlook.budget_chances``, ``outlook.promises``,
``outlook.milestones`` with what was told of them, ``outlook.forecast_record`` and ``outlook.lessons``. The first is
set beside the costs by ``finance.actual_vs_plan``; by the second ``finance.variance_drivers`` says why they differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.gaps import tell_day
from truecost.books.session import Session
from truecost.errors import Fault, TruecostError
from truecost.planning.backtest import remember
from truecost.planning.baselines import Baseline, baselines, in_force, plans_in_force
from truecost.planning.budgets import chances
from truecost.planning.forecast import PERCENTS, forecast
from truecost.planning.lessons import lessons, read_seen
from truecost.planning.milestones import milestones, reports
from truecost.planning.projection import draw, planned_quantities, project
from truecost.planning.promises import promises
from truecost.planning.seen import NOTHING_SPENT, read_ledgers
from truecost.planning.tornado import Bar, tornado
from truecost.planning.yardsticks import Fit, Yardstick, feasibility, yardsticks
from truecost.store.fingerprint import fingerprint
from truecost.store.frames import insert_rows
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.store.warehouse import last_fingerprint, remember_fingerprint, transaction
from truecost.workspace.plan_figures import Range
from truecost.workspace.plans import Plan, read_doubts
from truecost.workspace.tomlfiles import suggestion
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from truecost.planning.backtest import Remembered
    from truecost.planning.forecast import Forecast
    from truecost.planning.projection import Projected, Trials

STEP = "compare"
_LEARNED_FROM = ("training_runs", "forecast_record")  # views of ``finance``


@dataclass(frozen=True)
class Comparison:
    """Actual against plan by quarter and stage, and to date, and the forecasts, as ``finance`` holds them."""

    by_quarter: list[Row]
    to_date: list[Row]
    forecasts: list[Row]
    earned_value: list[Row]
    milestones: list[Row]
    models_without_plan: list[str]


@dataclass(frozen=True)
class PlannedCost:
    """What a plan comes to by quarter and stage; ``quarter`` None for the whole plan.

    Beside it: how it stands against the facts, whether it fits its GPUs, what of it can hardly be meant, and which
    inputs drive its spread.
    """

    model_id: str
    currency: str
    budget: Decimal | None
    seed: int
    trials: int
    by_quarter: list[Row]
    yardsticks: list[Yardstick]
    feasibility: list[Fit]
    doubts: list[Fault]
    tornado: list[Bar]
    baselines: list[Baseline]


@dataclass(frozen=True)
class ForecastRecord:
    """How good a model's past forecasts were: ``forecasts`` as ``finance.forecast_record`` has them.

    ``quality`` is its row of ``finance.forecast_quality``: what they come to.
    """

    quality: Row
    forecasts: list[Row]


def compare(session: Session) -> bool:
    """Project the plans and forecast where they end; returns whether anything had changed since the last time.

    Raises:
        TruecostError: there are no books yet.
    """
    con, workspace, today = session.con, session.workspace, session.clock.today()
    books = last_fingerprint(con, BOOKS_STEP)
    if books is None:
        raise TruecostError("there are no books to compare with yet; run `truecost run` or `truecost compare`")
    rests_on = _fingerprint(workspace, today, books)
    if last_fingerprint(con, STEP) == rests_on:
        return False
    ledgers = read_ledgers(con, today)
    drawn = {model: draw(plan) for model, plan in in_force(workspace, today).items()}
    start_month = workspace.config.workspace.fiscal_year_start_month
    with transaction(con):
        projected = [_projection_rows(m, t.plan, project(t, start_month)) for m, t in drawn.items()]
        _replace(con, "outlook.projection", [row for rows in projected for row in rows])
        _replace(con, "outlook.planned_quantities", _quantity_rows(drawn, start_month))
        ends = {model: forecast(t, ledgers.get(model, NOTHING_SPENT), today) for model, t in drawn.items()}
        _replace(con, "outlook.forecast", [_forecast_row(m, drawn[m].plan, end, today) for m, end in ends.items()])
        _replace(
            con, "outlook.forecast_percentiles", [row for m, end in ends.items() for row in _percentile_rows(m, end)]
        )
        _replace(con, "outlook.nowcast", [row for m, end in ends.items() for row in _nowcast_rows(m, end)])
        unclaimed = read_rows(con, query("planning/unclaimed"))
        likely = chances(workspace.config.budgets, drawn, ends, ledgers, unclaimed, start_month, today)
        _replace(con, "outlook.budget_chances", likely)
        promised = [row for model, trials in drawn.items() for row in promises(model, trials)]
        _replace(con, "outlook.promises", promised)
        _replace(con, "outlook.plans_in_force", plans_in_force(workspace, today))
        named = [row for model, trials in drawn.items() for row in milestones(model, trials)]
        _replace(con, "outlook.milestones", named)
        _replace(con, "outlook.milestone_reports", reports(workspace, today))
        past = remember(con, drawn, ledgers, today)
        _replace(con, "outlook.forecast_record", [_record_row(one, drawn[one.model_id].plan) for one in past])
        _replace(con, "outlook.lessons", _lesson_rows(con, today))
        remember_fingerprint(con, STEP, rests_on)
    return True


def read_comparison(session: Session) -> Comparison:
    """What the last ``compare`` came to."""
    read_against_plan(session)
    con = session.con
    tell_day(con)
    return Comparison(
        by_quarter=read_rows(con, query("planning/by_quarter")),
        to_date=read_rows(con, query("finance/plan_to_date")),
        forecasts=read_rows(con, query("finance/forecast")),
        earned_value=read_rows(con, query("finance/earned_value")),
        milestones=read_rows(con, query("finance/milestones")),
        models_without_plan=[model.id for model in session.workspace.config.models if model.plan is None],
    )


def read_record(session: Session, model: str | None = None) -> list[ForecastRecord]:
    """How good past forecasts were, as last compared; of each model with a plan, or of one.

    Raises:
        TruecostError: there is no such model, or it has no plan.
    """
    if model is not None:
        plan_of(session.workspace, model)
    tell_day(session.con)
    forecasts = read_rows(session.con, query("finance/forecast_record"))
    return [
        ForecastRecord(row, [one for one in forecasts if one["model_id"] == row["model_id"]])
        for row in read_rows(session.con, query("finance/forecast_quality"))
        if model in (None, row["model_id"])
    ]


def read_against_plan(session: Session) -> None:
    """Let queries read ``finance.actual_vs_plan`` before it is published, as ``actual_vs_plan``."""
    session.con.execute(f"CREATE OR REPLACE TEMP VIEW actual_vs_plan AS {query('finance/actual_vs_plan')}")


def planned_costs(workspace: Workspace, model: str | None = None) -> list[PlannedCost]:
    """What the plan of ``model``, or each plan, comes to; from the files alone.

    Raises:
        TruecostError: there is no such model, or it has no plan.
    """
    if model is not None:
        plan_of(workspace, model)
    return [_planned_cost(workspace, name, plan) for name, plan in workspace.plans.items() if model in (None, name)]


def plan_of(workspace: Workspace, model: str) -> Plan:
    """The plan of a model.

    Raises:
        TruecostError: there is no such model, or it has no plan.
    """
    known = {item.id for item in workspace.config.models}
    if model not in known:
        raise TruecostError(f"no [[models]] has the id {model!r}; {suggestion(model, known, _listed(known))}")
    if model not in workspace.plans:
        raise TruecostError(f"{model} has no plan; name one with `plan` under [[models]]")
    return workspace.plans[model]


def _planned_cost(workspace: Workspace, name: str, plan: Plan) -> PlannedCost:
    trials, file = draw(plan), next(str(item.plan) for item in workspace.config.models if item.id == name)
    return PlannedCost(
        name,
        plan.currency,
        plan.budget,
        plan.seed,
        plan.trials,
        list(_quarter_rows(workspace, trials)),
        yardsticks(trials),
        feasibility(plan.lifecycle) if plan.lifecycle else [],
        read_doubts(workspace.root / file, file),
        tornado(trials),
        baselines(workspace, name),
    )


def _quarter_rows(workspace: Workspace, trials: Trials) -> Iterator[Row]:
    for row in project(trials, workspace.config.workspace.fiscal_year_start_month):
        if row.month is None:
            cost = row.cost
            yield {"quarter": row.quarter, "stage": row.stage, **vars(cost)}


def _projection_rows(model: str, plan: Plan, projected: Iterable[Projected]) -> list[Row]:
    return [
        {
            "model_id": model,
            "month": row.month,
            "quarter": row.quarter,
            "stage": row.stage,
            "currency": plan.currency,
            "planned_mean": row.cost.mean,
            "planned_p10": row.cost.p10,
            "planned_p50": row.cost.p50,
            "planned_p80": row.cost.p80,
            "planned_p90": row.cost.p90,
        }
        for row in projected
    ]


def _quantity_rows(drawn: dict[str, Trials], start_month: int) -> list[Row]:
    return [
        {
            "model_id": model,
            "quarter": row.quarter,
            "stage": row.stage,
            "unit": row.unit,
            "sku": row.sku,
            "currency": trials.plan.currency,
            "planned_quantity": row.quantity,
            "planned_cost": row.cost,
        }
        for model, trials in drawn.items()
        for row in planned_quantities(trials, start_month)
    ]


def _forecast_row(model: str, plan: Plan, end: Forecast, as_of: date) -> Row:
    return {
        "model_id": model,
        "as_of": as_of,
        "currency": plan.currency,
        "budget": end.budget,
        "actual_to_date": end.known,
        "estimate_at_completion_p10": end.percentile(10),
        "estimate_at_completion_p50": end.percentile(50),
        "estimate_at_completion_p90": end.percentile(90),
        "probability_over_budget": end.chance_over,
        "known_ahead": end.known_ahead,
        "nowcast": end.nowcast,
        "to_come": end.to_come,
        "whole_months": end.whole_months,
        "over_budget_since": end.over_since,
        "crosses_budget_in": end.crosses_in,
    }


def _percentile_rows(model: str, end: Forecast) -> list[Row]:
    return [
        {"model_id": model, "percent": percent, "estimate_at_completion": end.percentile(percent)}
        for percent in PERCENTS
    ]


def _lesson_rows(con: DuckDBPyConnection, today: date) -> list[Row]:
    tell_day(con)
    for view in _LEARNED_FROM:
        con.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {query(f'finance/{view}')}")
    return [
        {
            "as_of": today,
            "default_name": f"{one.section}.{one.key}",
            **_ends(one.value),
            "learned_from": one.source.removeprefix("learned: "),
        }
        for one in lessons(read_seen(con, _LEARNED_FROM, today))
    ]


def _ends(value: Range | Decimal) -> Row:
    low, likely, high = (value.low, value.likely, value.high) if isinstance(value, Range) else (None, value, None)
    return {"low": low, "likely": likely, "high": high}


def _record_row(one: Remembered, plan: Plan) -> Row:
    told = {f"forecast_{name}": getattr(one, name) for name in ("p10", "p50", "p90")}
    held = {name: getattr(one, name) for name in ("last_quarter", "linear", "cpi", "actual")}
    days = {"as_of": one.as_of, "until": one.until}
    return {"model_id": one.model_id, **days, "currency": plan.currency, "basis": one.basis, **told, **held}


def _nowcast_rows(model: str, end: Forecast) -> list[Row]:
    return [
        {
            "model_id": model,
            "source": one.source,
            "heard_until": one.heard_until,
            "rhythm_days": one.rhythm_days,
            "amount": amount,
        }
        for one, amount in end.waited_for.items()
        if amount
    ]


def _replace(con: DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    """Put ``rows`` in the place of all that ``table`` holds."""
    con.execute(f"DELETE FROM {table}")
    insert_rows(con, table, rows)


def _fingerprint(workspace: Workspace, today: date, books: str) -> str:
    """Everything a comparison rests on: the books, the plans, the day and the code."""
    plans = {model: plan.model_dump(mode="json") for model, plan in in_force(workspace, today).items()}
    budgets = [budget.model_dump(mode="json") for budget in workspace.config.budgets]
    code = [fingerprint("planning"), *(query(f"finance/{view}") for view in _LEARNED_FROM)]
    told = reports(workspace, today)
    parts = [books, plans, plans_in_force(workspace, today), budgets, told, today.isoformat(), code]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _listed(known: set[str]) -> str:
    return f"the models are {', '.join(sorted(known))}" if known else "there are none yet"
