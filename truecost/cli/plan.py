"""``truecost plan``: what a model is expected to cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truecost.cli.completion import models
from truecost.cli.frame import Frame, add, group
from truecost.cli.milestones import reached
from truecost.errors import TruecostError

if TYPE_CHECKING:
    from truecost.planning.comparison import ForecastRecord, PlannedCost
    from truecost.planning.yardsticks import Yardstick

NO_PLAN = "No model has a plan: name one with `plan` under [[models]]; docs/plans.md says how to write it."
_LOSSES = {
    "truecost": "loss",
    "last_quarter": "last_quarter_loss",
    "linear": "linear_loss",
    "cpi": "cpi_loss",
}


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


def backtest(
    frame: Frame,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A model.", show_default=False, autocompletion=models)
    ] = None,
) -> None:
    """How good the forecasts would have been: each month's, knowing only what had landed by then."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.text import echo

    with shown_progress():
        steps.attribute(frame.workspace, frame.clock)
        steps.compare(frame.workspace, frame.clock)
        record = steps.forecast_record(frame.workspace, frame.clock, model)

    def shown() -> None:
        for one in record:
            show_record(one)
        if not record:
            echo("There is no past forecast: of no plan have two months ended that the records speak for as a whole.")

    frame.answer(record, shown)


def show_record(record: ForecastRecord) -> None:
    """A model's past forecasts, and how they compare with simpler ones."""
    from truecost.cli.tables import amount, name, number, print_table, state
    from truecost.cli.text import echo, money

    quality, currency = record.quality, record.forecasts[-1]["currency"]
    print_table(
        f"{quality['model_id']}: past forecasts of the cost up to {quality['until']:%Y-%m} ({currency})",
        [name("on"), *map(amount, ("P10", "P50", "P90", "actual")), state(), name("knew")],
        [
            (
                *(f"{row['as_of']:%Y-%m-%d}", *(money(row[f"forecast_{key}"]) for key in ("p10", "p50", "p90"))),
                *(money(row["actual"]), "" if row["is_inside"] else "outside", row["basis"]),
            )
            for row in record.forecasts
        ],
    )
    echo(
        f"The cost lies from P10 to P90 in {quality['inside']} of {quality['forecasts']} "
        f"({100 * quality['coverage']:.0f} %; 80 % is meant). The P50s are {_off(quality['bias_pct'])} on average."
    )
    if quality["is_lower_bound"]:
        echo("The actual cost is at least what is shown: what is missing of it counts as a forecast that was too high.")
    print_table(
        "Mean loss, of each forecast as a share of the actual cost",
        [name("forecast"), number("pinball")],
        [(told, f"{quality[loss]:.4f}") for told, loss in _LOSSES.items()],
    )


def _off(bias_pct: float) -> str:
    return f"{abs(bias_pct):.1f} % too {'high' if bias_pct > 0 else 'low'}"


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
    if planned.baselines:
        last = planned.baselines[-1]
        state = (
            "as this plan is" if last.is_file else "which this plan differs from: costs are held against the baseline"
        )
        echo(f"Baseline: {last.number}, frozen {last.frozen_at:%Y-%m-%d} by {last.frozen_by} ({last.reason}), {state}")
    _show_tornado(planned)
    _show_yardsticks(planned)
    for fit in planned.feasibility:
        fits = "fits" if fit.holds else "does not fit"
        echo(f"Memory, {fit.what}: {fit.with_margin:,.1f} GB with margin; it {fits} {fit.available:,.0f} GB")
    for doubt in planned.doubts:
        echo(f"{doubt}")


def _show_tornado(planned: PlannedCost) -> None:
    from truecost.cli.tables import amount, name, print_table
    from truecost.cli.text import money

    if planned.tornado:
        print_table(
            f"{planned.model_id}: what drives the spread (mean cost of the plan)",
            [name("input"), *map(amount, ("where it is low", "where it is high", "swing"))],
            [(bar.driver, money(bar.low), money(bar.high), money(bar.swing)) for bar in planned.tornado],
        )


def _show_yardsticks(planned: PlannedCost) -> None:
    from truecost.cli.tables import name, number, print_table, state

    if planned.yardsticks:
        print_table(
            f"{planned.model_id}: against the facts of docs/facts.md",
            [name("fact"), name("what"), number("here"), number("range"), state()],
            [(y.fact, y.about, f"{y.value:,.2f}", _span(y), "" if y.holds else "outside") for y in planned.yardsticks],
        )


def _span(yardstick: Yardstick) -> str:
    low, high = (None if bound is None else f"{bound:,g}" for bound in (yardstick.low, yardstick.high))
    return f"{low} to {high}" if low and high else f"up to {high}" if high else f"from {low}"


def period(row: dict[str, Any]) -> str:
    """The quarter a row is of, or the whole plan."""
    return row["quarter"] or "whole plan"


def new(
    frame: Frame,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model; the file bears its name.")],
    approach: Annotated[
        str, typer.Option(metavar="A", help="prompt, retrieval, managed, lora, qlora or full.")
    ] = "lora",
    to: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it.", show_default=False)] = None,
) -> None:
    """Write a commented plan by an approach: each default with its fact, or the record of ours that wins over it."""
    from truecost import steps
    from truecost.cli.text import echo
    from truecost.workspace.lifecycle import APPROACHES

    chosen = next((known for known in APPROACHES if known == approach), None)
    if chosen is None:
        raise TruecostError(f"there is no approach {approach}; it is one of {', '.join(APPROACHES)}")
    path = steps.new_plan(frame.workspace, model, chosen, frame.clock, to)
    frame.answer({"plan": path, "model": model, "approach": approach}, lambda: echo(_next_step(path, model)))


def _next_step(path: Path, model: str) -> str:
    return f"{path} is written: change what you know better, and name it with `plan` under [[models]] of {model}."


def freeze(
    frame: Frame,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model.", autocompletion=models)],
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever reads the history.")],
    by: Annotated[str, typer.Option("--by", help="Who freezes it.")],
) -> None:
    """Number and lock a model's plan: costs are held against it until the next baseline; a re-forecast is a new one."""
    from truecost.cli.text import echo, money
    from truecost.planning.baselines import freeze as freeze_plan

    frame.see_model(model)
    frozen = freeze_plan(frame.workspace, frame.clock, model, reason, by)
    mean = money(frozen.planned.mean)
    frame.answer(frozen, lambda: echo(f"Baseline {frozen.number} of {model} is frozen: planned mean {mean}."))


app = group("What a model is expected to cost.")
_REACHED = "truecost plan reached support-bot pilot --on 2026-03-12 --evidence reviews/pilot.md --by ana"
add(app, freeze, ("truecost plan freeze support-bot --reason 'approved' --by 'M. Lead' -w books",), "freeze")
add(app, new, ("truecost plan new support-bot --approach lora -w books",), "new")
add(app, show, ("truecost plan show support-bot --workspace books", "truecost plan show -w books --json"), "show")
add(app, reached, (_REACHED,), "reached")
add(app, backtest, ("truecost plan backtest -w books", "truecost plan backtest support-bot --json"), "backtest")
