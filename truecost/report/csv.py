"""The report as CSV: every figure of it, one a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from truecost.publish.cells import plain, text_cell
from truecost.publish.figures import ModelFigures, QuarterReport, Totals

HEADER = ("quarter", "model_id", "figure", "stage", "cost_kind", "currency", "amount", "amount_to_date")
_PLANNED = ("planned_mean", "planned_p10", "planned_p50", "planned_p90", "variance")
_FORECAST = ("budget", *(f"estimate_at_completion_{quantile}" for quantile in ("p10", "p50", "p90")))


@dataclass(frozen=True)
class _Line:
    """A figure; ``is_ratio`` where it is in no currency."""

    figure: str
    amount: Decimal | None
    to_date: Decimal | None
    stage: str = ""
    kind: str = ""
    is_ratio: bool = False


def report_csv(report: QuarterReport) -> str:
    """Every figure of the report, as in ``HEADER``. The rows of figure ``true_cost`` without a model are the total."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    models = ((model.model_id, line) for model in report.models for line in _model_lines(model))
    for model, line in (*models, *(("", line) for line in _total_lines(report.total))):
        unit = "" if line.is_ratio else report.currency
        words = (report.quarter, text_cell(model), line.figure, text_cell(line.stage), line.kind, unit)
        writer.writerow([*words, plain(line.amount), plain(line.to_date)])
    return out.getvalue()


def _cost_lines(held: ModelFigures | Totals) -> Iterator[_Line]:
    yield _Line("true_cost", held.true_cost, held.true_cost_to_date)
    yield _Line("training_only_cost", held.training_only_cost, held.training_only_cost_to_date)
    yield _Line("billed_cost", held.billed_cost, held.billed_cost_to_date)
    yield _Line("multiplier", held.multiplier, held.multiplier_to_date, is_ratio=True)


def _model_lines(model: ModelFigures) -> Iterator[_Line]:
    yield from _cost_lines(model)
    for stage in model.stages:
        yield _Line("cost_by_stage", stage.cost, stage.cost_to_date, stage=stage.stage)
    for kind in model.kinds:
        yield _Line("cost_by_kind", kind.cost, kind.cost_to_date, kind=kind.cost_kind)
    yield _Line("failed_share", None, model.failed_share, is_ratio=True)
    yield from _plan_lines(model)


def _plan_lines(model: ModelFigures) -> Iterator[_Line]:
    """The plan's figures of the quarter by stage, then where the plan will end; these count for the whole plan."""
    plan, forecast = model.plan, model.forecast
    for row in (*plan.stages, plan.total) if plan and plan.total else ():
        for figure in _PLANNED:
            yield _Line(figure, getattr(row, figure), None, stage=row.stage)
    if forecast:
        for figure in _FORECAST:
            yield _Line(figure, getattr(forecast, figure), None)
        if forecast.probability_over_budget is not None:
            chance = Decimal(str(forecast.probability_over_budget))
            yield _Line("probability_over_budget", chance, None, is_ratio=True)


def _total_lines(total: Totals) -> Iterator[_Line]:
    yield from _cost_lines(total)
    yield _Line("unallocated_cost", total.unallocated_cost, total.unallocated_cost_to_date, stage="unallocated")
