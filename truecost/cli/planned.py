"""What a person sees of plans: planned cost, actual against plan, and where it will end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from truecost.cli.output import money, print_line, print_table

if TYPE_CHECKING:
    from truecost.planning.comparing import Comparison, PlannedCost

NO_PLAN = "No model has a plan: name one with `plan` under [[models]]; docs/plans.md says how to write it."


def show_plan(planned: PlannedCost) -> None:
    """A plan's cost by quarter and stage, without the stages that a quarter plans nothing for."""
    print_table(
        f"{planned.model_id}: planned cost ({planned.currency}, {planned.trials:,} trials, seed {planned.seed})",
        [("quarter", "left"), ("stage", "left"), *((name, "right") for name in ("mean", "P10", "P50", "P90"))],
        [
            (
                *(_period(row), row["stage"]),
                *(money(row[name]) for name in ("mean", "p10", "p50", "p90")),
            )
            for row in planned.by_quarter
            if row["p90"] or row["stage"] == "total"
        ],
    )
    print_line(f"Budget: {money(planned.budget) or 'none; the planned mean stands in for it'}")


def show_comparison(compared: Comparison) -> None:
    """Totals by quarter, the stages above plan, the forecasts, and which models have no plan."""
    if not compared.forecasts:
        print_line(NO_PLAN)
        return
    currency = compared.forecasts[0]["currency"]
    totals = [row for row in compared.by_quarter if row["stage"] == "total"]
    stages = [row for row in compared.by_quarter if row["stage"] != "total" and row["quarter"] is not None]
    _show_against_plan(f"Actual against plan ({currency})", totals)
    if above := [row for row in stages if row["actual"] is not None and row["variance"] > 0]:
        _show_against_plan(f"Stages above plan ({currency})", above, with_stage=True)
    print_table(
        f"Where it will end ({currency}, as of {compared.forecasts[0]['as_of']})",
        [
            *(("model", "left"), ("budget", "right"), ("actual to date", "right")),
            *(("P10", "right"), ("P50", "right"), ("P90", "right"), ("over budget", "right")),
        ],
        [
            (
                *(row["model_id"], money(row["budget"]), money(row["actual_to_date"])),
                *(money(row[f"estimate_at_completion_{name}"]) for name in ("p10", "p50", "p90")),
                f"{100 * row['probability_over_budget']:.0f}%",
            )
            for row in compared.forecasts
        ],
    )
    for model in compared.models_without_plan:
        print_line(f"{model} has no plan: name one with `plan` under [[models]].")


def _show_against_plan(title: str, rows: Iterable[dict[str, Any]], with_stage: bool = False) -> None:
    stage: Sequence[tuple[str, str]] = [("stage", "left")] if with_stage else []
    print_table(
        title,
        [
            *(("model", "left"), ("quarter", "left"), *stage),
            *(("planned mean", "right"), ("P10", "right"), ("P90", "right")),
            *(("actual", "right"), ("variance", "right"), ("%", "right"), ("", "left")),
        ],
        [
            (
                *(row["model_id"], _period(row), *([row["stage"]] if with_stage else [])),
                *(money(row["planned_mean"]), money(row["planned_p10"]), money(row["planned_p90"])),
                *(money(row["actual"]), money(row["variance"]), _pct(row["variance_pct"])),
                _progress(row),
            )
            for row in rows
        ],
    )


def _period(row: dict[str, Any]) -> str:
    return row["quarter"] or "whole plan"


def _progress(row: dict[str, Any]) -> str:
    if row["is_complete"]:
        return ""
    return "to come" if row["actual"] is None else "running"


def _pct(share: Decimal | None) -> str | None:
    return None if share is None else f"{share:+.1f}"
