"""The report of a quarter, read from the published file alone, so that it and finance's own queries can't disagree.

Nothing is added up here. A quarter in which a model has no row of its own is one without a cost of anyone's, or one of
a model that is planned and has none yet: its figures are zero, or those it has come to so far.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from truecost.errors import TruecostError
from truecost.publish.figures import (
    Accepted,
    Adjustment,
    Compared,
    Deliveries,
    KindCost,
    Missing,
    ModelFigures,
    PastQuarter,
    QuarantinedRow,
    QuarterReport,
    Redelivered,
    Run,
    SignedClose,
    StageCost,
    Totals,
    Unclaimed,
)
from truecost.publish.publication import view_names
from truecost.publish.yardsticks import YARDSTICKS
from truecost.quarters import Quarter
from truecost.report.outlook import Outlook, read_outlook
from truecost.report.rows import by_model, filled, filled_all
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace.config import COST_KINDS, STAGES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEEDED = {"totals", "cost_by_stage_to_date", "cost_by_kind_to_date", "delivery_totals", "adjustment_totals"}
_SHOWN_FAULTS = 20
_NOTHING = Decimal(0)
_QUIET = "no cost in this quarter"
_OF_THE_QUARTER = ("true_cost", "training_only_cost", "billed_cost")
_NO_COST = {
    "multiplier": None,
    "multiplier_reason": _QUIET,
    "training_share": None,
    "unconverted_count": 0,
    "completeness": "incomplete: no compute; no labor",
    "is_lower_bound": True,
    **dict.fromkeys(_OF_THE_QUARTER, _NOTHING),
}
_NEVER_A_COST = {
    **dict.fromkeys(
        (
            *("multiplier_to_date", "training_share_to_date", "failed_share", "people_and_compute_share"),
            *(
                "horizon_months",
                "horizon_end",
                "is_horizon_reached",
                "multiplier_at_horizon",
                "training_share_at_horizon",
            ),
        )
    ),
    **dict.fromkeys(("multiplier_to_date_reason", "multiplier_at_horizon_reason"), "no cost so far"),
    **dict.fromkeys((f"{figure}_to_date" for figure in _OF_THE_QUARTER), _NOTHING),
}


@dataclass(frozen=True)
class _Rows:
    """The rows of the views that tell of models, up to the quarter; by model, oldest first."""

    quarters: dict[str, list[Row]]
    stages: dict[str, list[Row]]
    kinds: dict[str, list[Row]]
    runs: dict[str, list[Row]]


def read_report(con: DuckDBPyConnection, quarter: Quarter) -> QuarterReport:
    """The figures of ``quarter``.

    Raises:
        TruecostError: no cost falls in or before the quarter, or an older truecost published the file.
    """
    views = view_names(con)
    if not views >= NEEDED:
        raise TruecostError("what is published is of an older truecost; run `truecost publish` first")
    about = read_rows(con, "SELECT * FROM finance_v1.publication")[0]
    totals = read_rows(con, query("report/totals"), [quarter.start])
    if not totals:
        raise TruecostError(f"there is no cost in {quarter.name} or before it; {_known_quarters(con)}")
    total = totals[0] if totals[0]["quarter"] == quarter.name else _quiet_total(con, quarter, totals[0])
    models = _models(con, quarter, outlook := read_outlook(con, quarter, about["as_of"]))
    quarantined = read_rows(con, query("report/quarantine"))
    return QuarterReport(
        workspace=about["workspace"],
        quarter=quarter.name,
        quarter_start=quarter.start,
        quarter_end=quarter.end,
        status=total["status"],
        version=total["version"],
        currency=about["currency"],
        as_of=about["as_of"],
        truecost_version=about["truecost_version"],
        total=filled(Totals, total),
        models=models,
        alerts=outlook.alerts,
        decisions=outlook.decisions,
        unallocated=filled_all(Unclaimed, read_rows(con, query("report/unallocated"), [quarter.name])),
        missing=[
            Missing(_with_amounts(row), row["remedy"], row["kind"], row["source"])
            for row in read_rows(con, query("report/missing"), [quarter.name])
        ],
        adjustments=filled_all(Adjustment, read_rows(con, query("report/adjustments"), [quarter.name])),
        quarantine=filled_all(QuarantinedRow, quarantined[:_SHOWN_FAULTS]),
        quarantine_total=sum(row["rows"] for row in quarantined),
        deliveries=filled(Deliveries, read_rows(con, query("report/deliveries"))[0]),
        yardsticks=_compared(models),
        closes=_signed(con, quarter),
        budgets=outlook.budgets,
        earned_value=outlook.earned_value.get(None) if len(outlook.earned_value) > 2 else None,
        plans_to_date=outlook.plans_to_date.get(None) if len(outlook.plans_to_date) > 2 else None,  # one says it itself
        redeliveries=_redelivered(con, quarter) if "redeliveries" in views else [],
        lessons=outlook.lessons,
    )


def _known_quarters(con: DuckDBPyConnection) -> str:
    held = [row["quarter"] for row in read_rows(con, "SELECT DISTINCT quarter FROM true_cost_by_quarter ORDER BY 1")]
    return f"the quarters with costs are {', '.join(held)}" if held else "no costs are loaded yet"


def _models(con: DuckDBPyConnection, quarter: Quarter, outlook: Outlook) -> list[ModelFigures]:
    """A section for each model that has a cost or a plan by the end of the quarter."""
    rows = _Rows(
        by_model(read_rows(con, query("report/by_quarter"), [quarter.start])),
        by_model(read_rows(con, query("report/by_stage"), [quarter.start])),
        by_model(read_rows(con, query("report/by_kind"), [quarter.start])),
        by_model(read_rows(con, query("report/runs"), [quarter.end])),
    )
    planned = {model for model, plan in outlook.plans.items() if plan.months[0].month < quarter.end}
    return [_model(model, quarter, rows, outlook) for model in sorted(rows.quarters.keys() | planned)]


def _model(model: str, quarter: Quarter, rows: _Rows, outlook: Outlook) -> ModelFigures:
    quarters, stages = rows.quarters.get(model, []), rows.stages.get(model, [])
    last = quarters[-1] if quarters else {"model_id": model, "quarter": None, **_NEVER_A_COST}
    now = last if last["quarter"] == quarter.name else {**last, **_NO_COST}
    return filled(
        ModelFigures,
        now,
        stages=filled_all(StageCost, _newest(stages, quarter, "stage", STAGES)),
        kinds=filled_all(KindCost, _newest(rows.kinds.get(model, []), quarter, "cost_kind", COST_KINDS)),
        history=[filled(PastQuarter, row, stages=_spent(row["quarter"], stages)) for row in quarters],
        runs=filled_all(Run, rows.runs.get(model, [])),
        plan=outlook.plans.get(model),
        forecast=outlook.forecasts.get(model),
        drift=outlook.drift.get(model),
        evals=outlook.evals.get(model, []),
        plan_to_date=outlook.plans_to_date.get(model),
        ahead=outlook.ahead.get(model),
        payback=outlook.payback.get(model),
        earned_value=outlook.earned_value.get(model),
        versions=outlook.versions.get(model, []),
        past_forecasts=outlook.past_forecasts.get(model),
    )


def _newest(rows: Iterable[Row], quarter: Quarter, key: str, order: Sequence[str]) -> list[Row]:
    """The newest row of each stage or kind, in their order; one of an earlier quarter has no cost in this one."""
    newest = {row[key]: row for row in rows}
    quiet = {"cost": _NOTHING, "share": None}
    return [
        row if row["quarter"] == quarter.name else {**row, **quiet}
        for row in (newest[name] for name in order if name in newest)
    ]


def _spent(quarter: str, stages: Iterable[Row]) -> dict[str, Decimal]:
    costs = {row["stage"]: row["cost"] for row in stages if row["quarter"] == quarter}
    return {stage: costs[stage] for stage in STAGES if costs.get(stage)}


def _quiet_total(con: DuckDBPyConnection, quarter: Quarter, last: Row) -> Row:
    """The total of a quarter in which nobody has a cost; that can be closed too."""
    nothing = dict.fromkeys((*_OF_THE_QUARTER, "unallocated_cost", "unallocated_billed_cost"), _NOTHING)
    none = {**dict.fromkeys(("multiplier", "unallocated_share", "allocated_share")), "multiplier_reason": _QUIET}
    closed = read_rows(con, query("report/closed"), [quarter.name]) if "closes" in view_names(con) else []
    return {**last, **nothing, **none, **(closed[0] if closed else {"status": "preliminary", "version": 1})}


def _signed(con: DuckDBPyConnection, quarter: Quarter) -> list[SignedClose]:
    """The closes of the quarter; none where what is published is of a truecost that told less of them."""
    columns = {row["column_name"] for row in read_rows(con, query("report/columns"), ["closes"])}
    if "accepted_because" not in columns:
        return []
    return [
        filled(SignedClose, row, accepted=_accepted(row))
        for row in read_rows(con, query("report/signed"), [quarter.name])
    ]


def _redelivered(con: DuckDBPyConnection, quarter: Quarter) -> list[Redelivered]:
    return filled_all(Redelivered, read_rows(con, query("report/redeliveries"), [quarter.name]))


def _accepted(row: Row) -> list[Accepted]:
    reasons, found = json.loads(row["accepted_because"]), json.loads(row["found"])
    return [
        Accepted(check, [item["what"] for item in found.get(check, ())], reasons.get(check))
        for check in json.loads(row["accepted"])
    ]


def _compared(models: Sequence[ModelFigures]) -> list[Compared]:
    """The yardsticks beside ours; a model that has no such figure is left out."""
    return [
        Compared(name, yardstick.text, yardstick.figure, _ours(models, yardstick.ours))
        for name, yardstick in YARDSTICKS.items()
    ]


def _ours(models: Sequence[ModelFigures], figure: str) -> str:
    figures = [(model.model_id, getattr(model, figure)) for model in models]
    shown = _times if figure.startswith("multiplier") else _percent
    return ", ".join(f"{model} {shown(value)}" for model, value in figures if value is not None) or "none yet"


def _times(value: Decimal) -> str:
    return f"{value:.1f}×"


def _percent(value: Decimal) -> str:
    return f"{100 * value:.0f} %"


def _with_amounts(gap: Row) -> str:
    readable = " readable" if gap["kind"] == "quarantined" else ""  # what can't be read is not in the sum
    return f"{gap['what']} ({gap['amounts']}{readable})" if gap["amounts"] else str(gap["what"])
