"""What the report says beside the books: plan and forecast, drift and evals, alerts and decisions.

Everything is read from the published file. A view that a file of an older truecost does not hold counts as empty, and
what a model does not have is absent from its part, never shown as zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from truecost.publish.figures import (
    Ahead,
    Alert,
    Budget,
    Decision,
    Drift,
    EarnedValue,
    EvalScore,
    Feature,
    Forecast,
    Lesson,
    Milestone,
    PastForecasts,
    Payback,
    Plan,
    PlannedMonth,
    PlannedStage,
    PlanToDate,
    Scenario,
    Version,
    Waited,
    WholePlan,
)
from truecost.publish.publication import view_names
from truecost.quarters import Quarter, quarter_of
from truecost.report.rows import by_model, filled, filled_all
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace.config import STAGES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NEVER_FROZEN = {"baseline": None, "frozen_at": None}  # what a file of an older truecost does not tell
TOTAL = "total"
WHOLE_MODEL = "dataset"  # the feature that stands for all features of a model


@dataclass(frozen=True)
class Outlook:
    """The parts by model, and what concerns all models; plans to date and earned value of all are under None."""

    plans: Mapping[str, Plan]
    forecasts: Mapping[str, Forecast]
    drift: Mapping[str, Drift]
    evals: Mapping[str, Sequence[EvalScore]]
    alerts: Sequence[Alert]
    decisions: Sequence[Decision]
    plans_to_date: Mapping[str | None, PlanToDate]
    ahead: Mapping[str, Ahead]
    budgets: Sequence[Budget]
    payback: Mapping[str, Payback]
    earned_value: Mapping[str | None, EarnedValue]
    versions: Mapping[str, Sequence[Version]]
    past_forecasts: Mapping[str, PastForecasts]
    lessons: Sequence[Lesson]


def read_outlook(con: DuckDBPyConnection, quarter: Quarter, as_of: date) -> Outlook:
    """What was known at the time the quarter's report speaks of (see ``known_before``)."""
    views = view_names(con)

    def ask(name: str, *parameters: object, of: set[str]) -> list[Row]:
        return read_rows(con, query(f"report/{name}"), parameters) if of <= views else []

    until = known_before(quarter, as_of)
    scenarios = by_model(ask("scenarios", until, of={"forecast_scenarios"}))
    waited = by_model(ask("waited_for", until, of={"nowcast"}))
    decisions = ask("decisions", quarter.start, until, of={"retrain_decisions"})
    milestones = by_model(ask("milestones", until, of={"milestones"}))
    evals = by_model(ask("evals", until, of={"eval_scores", "drift_signals"}))
    return Outlook(
        plans={model: _plan(rows, quarter) for model, rows in by_model(plan_rows(con, quarter.end)).items()},
        forecasts={
            row["model_id"]: filled(Forecast, {**_NEVER_FROZEN, **row})
            for row in ask("forecast", until, of={"forecast"})
        },
        drift={model: _drift(rows) for model, rows in by_model(ask("drift", until, of={"drift_signals"})).items()},
        evals={model: filled_all(EvalScore, rows) for model, rows in evals.items()},
        alerts=filled_all(Alert, ask("alerts", quarter.start, until, of={"alerts"})),
        decisions=[filled(Decision, row, reasons=row["reasons"] or []) for row in decisions],
        plans_to_date={
            row["model_id"]: filled(PlanToDate, row) for row in ask("plan_to_date", until, of={"plan_to_date"})
        },
        budgets=filled_all(Budget, ask("budgets", until, of={"budgets"})),
        payback={row["model_id"]: filled(Payback, row) for row in ask("payback", until, of={"payback"})},
        versions={
            model: filled_all(Version, rows)
            for model, rows in by_model(ask("versions", until, of={"version_comparison"})).items()
        },
        past_forecasts={
            row["model_id"]: filled(PastForecasts, row)
            for row in ask("forecast_quality", until, of={"forecast_quality"})
            if until > as_of  # it is as known today
        },
        lessons=filled_all(Lesson, ask("lessons", until, of={"lessons"})),
        earned_value={
            row["model_id"]: filled(
                EarnedValue, row, listed=filled_all(Milestone, milestones.get(row["model_id"] or "", []))
            )
            for row in ask("earned_value", until, of={"earned_value", "milestones"})
        },
        ahead={
            row["model_id"]: filled(
                Ahead,
                row,
                waited_for=filled_all(Waited, waited.get(row["model_id"], [])),
                scenarios=filled_all(Scenario, scenarios.get(row["model_id"], [])),
            )
            for row in ask("ahead", until, of={"forecast", "forecast_scenarios", "nowcast"})
        },
    )


def plan_rows(con: DuckDBPyConnection, end: date) -> list[Row]:
    """Plan against actual by month, quarter and whole plan; actual cost from the day ``end`` on is left out."""
    return read_rows(con, query("report/plan"), [end]) if "actual_vs_plan" in view_names(con) else []


def known_before(quarter: Quarter, as_of: date) -> date:
    """The first day the report of ``quarter`` knows nothing of.

    The report of the latest quarter that has ended, and of the running one, tells of alerts and decisions up to the day
    it is made; that of an earlier quarter stops where its quarter stops.
    """
    next_end = quarter_of(quarter.end, quarter.end.month).end
    return as_of + timedelta(days=1) if as_of < next_end else quarter.end


def _plan(rows: list[Row], quarter: Quarter) -> Plan:
    order = {stage: place for place, stage in enumerate((*STAGES, TOTAL))}
    here = [row for row in rows if row["month"] is None and row["quarter"] == quarter.name]
    here.sort(key=lambda row: order.get(row["stage"], len(order)))
    compared = filled_all(PlannedStage, here)
    whole = next((row for row in rows if row["quarter"] is None and row["stage"] == TOTAL), None)
    return Plan(
        stages=[row for row in compared if row.stage != TOTAL],
        total=next((row for row in compared if row.stage == TOTAL), None),
        is_complete=all(row["is_complete"] for row in here),
        months=filled_all(PlannedMonth, (row for row in rows if row["month"] and row["stage"] == TOTAL)),
        whole=filled(WholePlan, whole) if whole else None,
    )


def _drift(rows: list[Row]) -> Drift:
    """The window with its model-level share of drifted features, where that was measured, and each feature."""
    told = next((row for row in rows if row["feature"] == WHOLE_MODEL), None)
    features = filled_all(Feature, (row for row in rows if row["feature"] != WHOLE_MODEL))
    nothing = dict.fromkeys(("method", "value", "threshold", "drifted"))
    return filled(Drift, told or {**rows[0], **nothing}, features=features)
