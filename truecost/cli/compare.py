"""``truecost compare``: actual against plan, and where it will end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from truecost.cli.frame import Frame
from truecost.cli.milestones import show_earned_value
from truecost.cli.plan import NO_PLAN, period

if TYPE_CHECKING:
    from truecost.cli.tables import Column
    from truecost.planning.comparison import Comparison

EXAMPLES = ("truecost compare --workspace books", "truecost compare -w books --as-of 2026-10-05 --json")


def compare(frame: Frame) -> None:
    """Hold the costs against the plans by quarter and stage, and forecast where they end."""
    from truecost import steps
    from truecost.cli.progress import shown_progress

    workspace, clock = frame.workspace, frame.clock
    with shown_progress():
        steps.attribute(workspace)
        is_new = steps.compare(workspace, clock)
        compared = steps.comparison(workspace, clock)
    frame.answer({"is_new": is_new, **vars(compared)}, lambda: show_comparison(compared))


def show_comparison(compared: Comparison) -> None:
    """Totals by quarter and to date, the stages above plan, the forecasts, and which models have no plan."""
    from truecost.cli.text import echo

    if not compared.forecasts:
        echo(NO_PLAN)
        return
    currency = compared.forecasts[0]["currency"]
    totals = [row for row in compared.by_quarter if row["stage"] == "total"]
    stages = [row for row in compared.by_quarter if row["stage"] != "total" and row["quarter"] is not None]
    _show_against_plan(f"Actual against plan ({currency})", totals)
    if above := [row for row in stages if row["actual"] is not None and row["variance"] > 0]:
        _show_against_plan(f"Stages above plan ({currency})", above, with_stage=True)
    _show_to_date([row for row in compared.to_date if row["stage"] == "total"])
    show_earned_value(compared.earned_value, compared.milestones)
    _show_forecasts(f"Where it will end ({currency}, as of {compared.forecasts[0]['as_of']})", compared.forecasts)
    for row in compared.forecasts:
        if row["baseline"]:
            frozen = f"baseline {row['baseline']}, frozen {row['frozen_at']:%Y-%m-%d}"
            echo(f"{row['model_id']} is held against {frozen}.")
    for model in compared.models_without_plan:
        echo(f"{model} has no plan: name one with `plan` under [[models]].")


def _show_to_date(totals: Sequence[dict[str, Any]]) -> None:
    """Plan and actual over the same whole months; the row over all models only where there are several."""
    from truecost.cli.tables import amount, name, number, print_table
    from truecost.cli.text import at_least, money

    shown = totals if len(totals) > 2 else [row for row in totals if row["model_id"] is not None]
    if not shown:
        return
    print_table(
        f"Plan to date, whole months ({shown[0]['currency']})",
        [
            *(name("model"), name("months"), amount("planned"), amount("actual"), amount("variance")),
            *(number("%"), number("pace of late")),
        ],
        [
            (
                *(row["model_id"] or "all", f"{row['first_month']:%Y-%m} to {row['last_month']:%Y-%m}"),
                *(money(row["planned_to_date"]), at_least(row, "actual_to_date")),
                *(money(row["variance"]), _pct(row["variance_pct"])),
                None if row["pace"] is None else f"{row['pace']:.2f}",
            )
            for row in shown
        ],
    )


def _show_forecasts(title: str, forecasts: Sequence[dict[str, Any]]) -> None:
    from truecost.cli.tables import amount, name, number, print_table
    from truecost.cli.text import money

    print_table(
        title,
        [
            *(name("model"), amount("budget"), amount("actual to date")),
            *(amount("P10"), amount("P50"), amount("P90"), number("over budget")),
        ],
        [
            (
                *(row["model_id"], money(row["budget"]), money(row["actual_to_date"])),
                *(money(row[f"estimate_at_completion_{name}"]) for name in ("p10", "p50", "p90")),
                f"{100 * row['probability_over_budget']:.0f}%",
            )
            for row in forecasts
        ],
    )


def _show_against_plan(title: str, rows: Iterable[dict[str, Any]], with_stage: bool = False) -> None:
    from truecost.cli.tables import amount, name, number, print_table, state
    from truecost.cli.text import money

    stage: Sequence[Column] = [name("stage")] if with_stage else []
    print_table(
        title,
        [
            *(name("model"), name("quarter"), *stage),
            *(amount("planned mean"), amount("P10"), amount("P90")),
            *(amount("actual"), amount("variance"), number("%"), state()),
        ],
        [
            (
                *(row["model_id"], period(row), *([row["stage"]] if with_stage else [])),
                *(money(row["planned_mean"]), money(row["planned_p10"]), money(row["planned_p90"])),
                *(
                    money(row["actual"]),
                    money(row["variance"]),
                    _pct(_of_whole(row)),
                ),
                _running(row),
            )
            for row in rows
        ],
    )


def _of_whole(row: dict[str, Any]) -> Decimal | None:
    """A period that still runs has no share yet: a quarter five days old is not 100 % under its plan."""
    share: Decimal | None = row["variance_pct"]
    return share if row["is_complete"] else None


def _running(row: dict[str, Any]) -> str:
    if row["is_complete"]:
        return ""
    return "to come" if row["actual"] is None else "running"


def _pct(share: Decimal | None) -> str | None:
    return None if share is None else f"{share:+.1f}"
