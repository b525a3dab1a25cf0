"""``truecost plan``: what a model is expected to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from truecost.cli.completion import models
from truecost.cli.frame import Frame, add, group

if TYPE_CHECKING:
    from truecost.planning.comparison import PlannedCost

NO_PLAN = "No model has a plan: name one with `plan` under [[models]]; docs/plans.md says how to write it."


def show(
    frame: Frame,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A model.", show_default=False, autocompletion=models)
    ] = None,
) -> None:
    """Planned cost by quarter and stage: mean, P10, P50, P80, P90. It needs the plans alone, and no costs."""
    from truecost.cli.text import echo
    from truecost.planning.comparison import planned_costs

    planned = planned_costs(frame.workspace, model)

    def shown() -> None:
        for item in planned:
            show_plan(item)
        if not planned:
            echo(NO_PLAN)

    frame.answer(planned, shown)


def show_plan(planned: PlannedCost) -> None:
    """A plan's cost by quarter and stage, without the stages that a quarter plans nothing for."""
    from truecost.cli.tables import amount, name, print_table
    from truecost.cli.text import echo, money

    print_table(
        f"{planned.model_id}: planned cost ({planned.currency}, {planned.trials:,} trials, seed {planned.seed})",
        [name("quarter"), name("stage"), *map(amount, ("mean", "P10", "P50", "P80", "P90"))],
        [
            (period(row), row["stage"], *(money(row[key]) for key in ("mean", "p10", "p50", "p80", "p90")))
            for row in planned.by_quarter
            if row["p90"] or row["stage"] == "total"
        ],
    )
    echo(f"Budget: {money(planned.budget) or 'none; the planned mean stands in for it'}")


def period(row: dict[str, Any]) -> str:
    """The quarter a row is of, or the whole plan."""
    return row["quarter"] or "whole plan"


app = group("What a model is expected to cost.")
add(app, show, ("truecost plan show support-bot --workspace books", "truecost plan show -w books --json"), "show")
