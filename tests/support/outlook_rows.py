"""Rows for the published views of plan, drift, alerts and decisions, put into a published file.

The demo has its own; these hold what it does not: odd names, a plan that ended, events after the quarter.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]

MONTHS = [date(2025 + (month > 11), month % 12 + 1, 1) for month in range(9, 24)]  # October 2025 to December 2026
STAGES = {"data_curation": 1200, "training": 700, "failed_experiments": 300, "serving": 2400, "maintenance": 900}
ACTUAL_SHARE = Decimal("1.31")  # the actual cost of each stage, of its planned mean
TYPES = {Decimal: "DECIMAL(38, 20)", float: "DOUBLE", bool: "BOOLEAN", int: "BIGINT", str: "VARCHAR"}
TYPES |= {datetime: "TIMESTAMP", date: "DATE", list: "VARCHAR[]", type(None): "VARCHAR"}


def put_outlook(published: Path, model: str, stage: str = "", message: str = "") -> None:
    """Give ``model`` a plan, a forecast, drift, evals, alerts and a decision; a ``stage`` and ``message`` to show."""
    _put(published, "actual_vs_plan", _plan(model, stage))
    _put(published, "forecast", [_forecast(model)])
    _put(published, "eval_scores", _scores(model))
    _put(published, "drift_signals", [*_drift(model), *_drops(model)])
    _put(published, "alerts", _alerts(model, message or "Input drift: 3 of 5 features, intent furthest"))
    _put(published, "retrain_decisions", _decisions(model))
    with duckdb.connect(str(published)) as con:
        con.execute("UPDATE finance_v1.publication SET fingerprint = md5(fingerprint || ?)", [model + stage + message])


def _put(published: Path, view: str, rows: list[Row]) -> None:
    """The rows take the place of what the model has in the view; a view that is not there is made."""
    kinds = {name: next((type(row[name]) for row in rows if row[name] is not None), str) for name in rows[0]}
    columns = ", ".join(f"CAST(? AS {TYPES[kind]}) AS {name}" for name, kind in kinds.items())
    with duckdb.connect(str(published)) as con:
        held = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [view]).fetchone()
        if held == (0,):
            con.execute(f"CREATE TABLE finance_v1.{view} AS SELECT {columns} LIMIT 0", [None] * len(kinds))
            con.execute(f"CREATE VIEW finance.{view} AS FROM finance_v1.{view}")
        con.execute(f"DELETE FROM finance_v1.{view} WHERE model_id = ?", [rows[0]["model_id"]])
        for row in rows:
            con.execute(f"INSERT INTO finance_v1.{view} BY NAME SELECT {columns}", list(row.values()))


def _plan(model: str, odd_stage: str) -> list[Row]:
    stages = STAGES | ({odd_stage: 10} if odd_stage else {})
    rows = []
    quarters: dict[str, list[date]] = {}
    for month in MONTHS:
        quarters.setdefault(f"FY{month.year}-Q{(month.month + 2) // 3}", []).append(month)
    for stage, mean in (*stages.items(), ("total", sum(stages.values()))):
        for quarter, months in quarters.items():
            rows += [_compared(model, month, quarter, stage, mean, [month]) for month in months]
            rows.append(_compared(model, None, quarter, stage, mean, months))
        rows.append(_compared(model, None, None, stage, mean, MONTHS))
    return rows


def _compared(model: str, month: date | None, quarter: str | None, stage: str, mean: int, months: list[date]) -> Row:
    count = Decimal(len(months))
    planned = mean * count
    spread = Decimal("0.4") if count == 1 else Decimal("0.25")
    begun = [one for one in months if one <= date(2026, 10, 5)]
    spent = mean * ACTUAL_SHARE * len(begun) if begun else None
    return {
        "model_id": model,
        "month": month,
        "quarter": quarter,
        "stage": stage,
        "currency": "USD",
        "planned_mean": planned,
        "planned_p10": planned * (1 - spread),
        "planned_p50": planned * Decimal("0.98"),
        "planned_p90": planned * (1 + spread),
        "actual": spent,
        "variance": None if spent is None else spent - planned,
        "variance_pct": None if spent is None else 100 * (spent - planned) / planned,
        "is_complete": months[-1] < date(2026, 10, 1),
    }


def _forecast(model: str) -> Row:
    return {
        "model_id": model,
        "as_of": date(2026, 10, 5),
        "currency": "USD",
        "budget": Decimal("88000.00"),
        "actual_to_date": Decimal("93665.00"),
        "estimate_at_completion_p10": Decimal("101200.00"),
        "estimate_at_completion_p50": Decimal("107450.50"),
        "estimate_at_completion_p90": Decimal("115020.00"),
        "probability_over_budget": 0.9341,
    }


def _window(model: str, **more: Any) -> Row:
    return {
        "model_id": model,
        "window_start": datetime(2026, 9, 28),
        "window_end": datetime(2026, 10, 5),
        "reference_start": datetime(2026, 7, 14),
        "reference_end": datetime(2026, 8, 11),
        "feature": "",
        "method": "psi",
        "value": 0.0,
        "threshold": 0.1,
        "drifted": False,
        "verdict": "stable",
        "reference_rows": 1834,
        "current_rows": 1207,
        "report": "reports/drift/a model/2026-10-05.html",
        **more,
    }


def _drift(model: str) -> list[Row]:
    told = {"intent": (1.42, True), "language": (0.61, True), "input_tokens": (0.33, True)}
    told |= {"latency_ms": (0.04, False), "channel": (0.01, False)}
    rows = [
        _window(model, feature=name, value=value, drifted=drifted, verdict="drift" if drifted else "stable")
        for name, (value, drifted) in told.items()
    ]
    whole = {"feature": "dataset", "method": "share_of_drifted_features", "value": 0.6, "threshold": 0.5}
    earlier = {"window_start": datetime(2026, 6, 23), "window_end": datetime(2026, 6, 30), "value": 0.2}
    return [_window(model, **whole, drifted=True, verdict="drift"), *rows, _window(model, **(whole | earlier))]


def _drops(model: str) -> list[Row]:
    return [
        _window(
            model,
            feature="support_intents acc",
            method="eval_drop",
            value=0.062,
            threshold=0.031,
            window_start=datetime(2026, 7, 14, 9),
            window_end=datetime(2026, 10, 5),
            drifted=True,
            verdict="drift",
            report=None,
        )
    ]


def _scores(model: str) -> list[Row]:
    told = [
        ("support_intents", datetime(2026, 7, 14, 9), "v3", 0.913),
        ("support_intents", datetime(2026, 10, 5), "v3", 0.851),
    ]
    told += [("tone", datetime(2026, 7, 14, 9), "v3", 0.7702)]
    return [
        {
            "model_id": model,
            "model_version": version,
            "task": task,
            "metric": "acc",
            "score": score,
            "stderr": 0.011,
            "n": 600,
            "higher_is_better": True,
            "evaluated_at": at,
        }
        for task, at, version, score in told
    ]


def _alerts(model: str, message: str) -> list[Row]:
    told = [
        (1, "overspend", "WARNING", datetime(2026, 5, 5), "FY2026-Q2 is 12 % over plan; maintenance furthest"),
        (2, "overspend", "OK", datetime(2026, 6, 5), "back within the plan"),
        (3, "drift", "ALERT", datetime(2026, 10, 5), message),
        (
            4,
            "eval_decay",
            "ALERT",
            datetime(2026, 10, 5),
            "support_intents acc fell by 0.062, 0.031 is within its error",
        ),
    ]
    return [
        {
            "id": number,
            "rule": rule,
            "model_id": model,
            "state": state,
            "raised_at": at,
            "delivered_at": at,
            "acknowledged_at": datetime(2026, 5, 7) if number == 1 else None,
            "message": text,
        }
        for number, rule, state, at, text in told
    ]


def _decisions(model: str) -> list[Row]:
    fell = "the drop of support_intents acc (0.062) is beyond its error (0.031)"
    reasons = [fell, "staying costs more than retraining"]
    return [
        {
            "model_id": model,
            "decided_at": datetime(2026, 10, 5),
            "verdict": "retrain",
            "currency": "USD",
            "staleness_cost": Decimal("18414.00"),
            "retrain_cost": Decimal("9120.37"),
            "reasons": reasons,
        }
    ]
