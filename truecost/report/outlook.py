"""What the report says beside the books: plan and forecast, drift and evals, alerts and decisions.

Everything is read from the published file. A view that a file of an older truecost does not hold counts as empty, and
what a model does not have is absent from its part, never shown as zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from truecost.publish.publishing import read_rows, view_names
from truecost.quarters import Quarter, quarter_of
from truecost.store.sql import query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]
TOTAL = "total"
WHOLE_MODEL = "dataset"  # the feature that stands for all features of a model
_PLANNED = ("planned_mean", "planned_p10", "planned_p50", "planned_p90")
_COMPARED = (*_PLANNED, "actual", "variance", "variance_pct")
_FORECAST = (
    *("as_of", "budget", "actual_to_date", "estimate_at_completion_p10", "estimate_at_completion_p50"),
    *("estimate_at_completion_p90", "probability_over_budget"),
)
_WINDOW = (
    *("window_start", "window_end", "reference_start", "reference_end", "verdict", "reference_rows", "current_rows"),
    "report",
)
_FEATURE = ("feature", "method", "value", "threshold", "drifted")
_DECISION = ("model_id", "decided_at", "verdict", "currency", "staleness_cost", "retrain_cost")


@dataclass(frozen=True)
class Outlook:
    """The parts by model, as the JSON holds them, and what concerns all models."""

    plans: dict[str, Row]
    forecasts: dict[str, Row]
    drift: dict[str, Row]
    evals: dict[str, list[Row]]
    alerts: list[Row]
    decisions: list[Row]

    def of_model(self, model: str) -> Row:
        """``plan``, ``forecast``, ``drift`` and ``evals`` of one model; a key it has nothing for is absent."""
        parts: dict[str, Mapping[str, Any]] = {"plan": self.plans, "forecast": self.forecasts}
        parts |= {"drift": self.drift, "evals": self.evals}
        return {name: part[model] for name, part in parts.items() if model in part}

    def of_all(self) -> Row:
        """``alerts`` and ``decisions``; a key with nothing in it is absent."""
        parts = {"alerts": self.alerts, "decisions": self.decisions}
        return {name: rows for name, rows in parts.items() if rows}


def read_outlook(con: DuckDBPyConnection, quarter: Quarter, as_of: date, stages: tuple[str, ...]) -> Outlook:
    """What was known at the time the quarter's report speaks of (see ``known_before``)."""
    views = view_names(con)

    def ask(name: str, *parameters: object, of: set[str]) -> list[Row]:
        return read_rows(con, query(f"report/{name}"), *parameters) if of <= views else []

    until = known_before(quarter, as_of)
    return Outlook(
        plans=_plans(plan_rows(con, quarter.end), quarter, stages),
        forecasts={
            row["model_id"]: {key: row[key] for key in _FORECAST} for row in ask("forecast", until, of={"forecast"})
        },
        drift=_drift(ask("drift", until, of={"drift_signals"})),
        evals=_without_model(ask("evals", until, of={"eval_scores", "drift_signals"})),
        alerts=ask("alerts", quarter.start, until, of={"alerts"}),
        decisions=[
            {key: row[key] for key in _DECISION} | {"reasons": row["reasons"] or []}
            for row in ask("decisions", quarter.start, until, of={"retrain_decisions"})
        ],
    )


def plan_rows(con: DuckDBPyConnection, end: date) -> list[Row]:
    """Plan against actual by month, quarter and whole plan; actual cost from the day ``end`` on is left out."""
    return read_rows(con, query("report/plan"), end) if "actual_vs_plan" in view_names(con) else []


def known_before(quarter: Quarter, as_of: date) -> date:
    """The first day the report of ``quarter`` knows nothing of.

    The report of the latest quarter that has ended, and of the running one, tells of alerts and decisions up to the day
    it is made; that of an earlier quarter stops where its quarter stops.
    """
    next_end = quarter_of(quarter.end, quarter.end.month).end
    return as_of + timedelta(days=1) if as_of < next_end else quarter.end


def _plans(rows: list[Row], quarter: Quarter, stages: tuple[str, ...]) -> dict[str, Row]:
    """By model: the quarter by ``stages`` with its ``total``, the ``months`` (all stages), and the ``whole`` plan."""
    order = {stage: place for place, stage in enumerate((*stages, TOTAL))}
    found = {}
    for model, held in _by_model(rows).items():
        here = [row for row in held if row["month"] is None and row["quarter"] == quarter.name]
        here.sort(key=lambda row: order.get(row["stage"], len(order)))
        compared = [{key: row[key] for key in ("stage", *_COMPARED)} for row in here]
        whole = next((row for row in held if row["quarter"] is None and row["stage"] == TOTAL), None)
        found[model] = {
            "stages": [row for row in compared if row["stage"] != TOTAL],
            TOTAL: next((row for row in compared if row["stage"] == TOTAL), None),
            "is_complete": all(row["is_complete"] for row in here),
            "months": [
                {key: row[key] for key in ("month", *_PLANNED, "actual")}
                for row in held
                if row["month"] is not None and row["stage"] == TOTAL
            ],
            "whole": {key: whole[key] for key in (*_PLANNED, "actual")} if whole else None,
        }
    return found


def _drift(rows: list[Row]) -> dict[str, Row]:
    """By model: the window, its model-level share of drifted features, and the ``features``, furthest first."""
    found = {}
    for model, held in _by_model(rows).items():
        whole = next((row for row in held if row["feature"] == WHOLE_MODEL), held[0])
        found[model] = {
            **{key: whole[key] for key in _WINDOW},
            **{
                key: whole[key]
                for key in ("method", "value", "threshold", "drifted")
                if whole["feature"] == WHOLE_MODEL
            },
            "features": [{key: row[key] for key in _FEATURE} for row in held if row["feature"] != WHOLE_MODEL],
        }
    return found


def _by_model(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["model_id"], []).append({key: _finite(value) for key, value in row.items()})
    return found


def _without_model(rows: list[Row]) -> dict[str, list[Row]]:
    by_model = _by_model(rows).items()
    return {model: [{key: row[key] for key in row if key != "model_id"} for row in held] for model, held in by_model}


def _finite(value: object) -> object:
    """JSON and spreadsheets have no name for what is not a number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
