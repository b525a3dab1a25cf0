"""Milestones and earned value: what ``truecost compare`` shows of them, and ``truecost plan reached``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from truecost.cli.completion import models
from truecost.cli.frame import Frame


def reached(
    frame: Frame,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model.", autocompletion=models)],
    milestone: Annotated[str, typer.Argument(metavar="MILESTONE", help="A milestone of its plan, by its name.")],
    evidence: Annotated[str, typer.Option("--evidence", help="Where it is to be seen: a file, a page, a decision.")],
    by: Annotated[str, typer.Option("--by", help="Who tells it.")],
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="The day it was; today where left out."),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", help="Labels accepted in all by then.", show_default=False)
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="It was told in error: take the word back.")] = False,
) -> None:
    """Tell that a milestone's gate was passed, or how many labels were accepted by a day; the rest records show."""
    from truecost.cli.text import echo
    from truecost.planning.milestones import report

    frame.see_model(model)
    day = on.date() if on else frame.clock.today()
    told = report(frame.workspace, frame.clock, model, milestone, day, evidence, by, count, withdraw)
    said = f"{milestone} of {model}: {_said(day.isoformat(), count, withdraw)}; `truecost compare` counts it."
    frame.answer(told.data, lambda: echo(said))


def _said(day: str, count: int | None, is_withdrawn: bool) -> str:
    if is_withdrawn:
        return "taken back"
    return f"passed on {day}" if count is None else f"{count:,} labels accepted by {day}"


def show_earned_value(rows: Sequence[dict[str, Any]], milestones: Sequence[dict[str, Any]]) -> None:
    """What was planned, earned and spent by each model's last whole month, and the milestones it is made of."""
    from truecost.cli.tables import amount, name, number, print_table, state
    from truecost.cli.text import at_least, money

    latest = [row for row in rows if row["is_latest"]]
    shown = latest if len(latest) > 2 else [row for row in latest if row["model_id"] is not None]
    if not shown:
        return
    print_table(
        f"Earned value, by the end of the last whole month ({shown[0]['currency']})",
        [
            *(name("model"), number("complete"), amount("PV"), amount("EV"), amount("AC"), amount("CV"), amount("SV")),
            *(number("CPI"), number("SPI"), number("TCPI"), amount("EAC"), state()),
        ],
        [
            (
                *(row["model_id"] or "all", _percent(row["complete_pct"])),
                *(money(row["planned_value"]), money(row["earned_value"]), at_least(row, "actual_cost")),
                *(money(row["cost_variance"]), money(row["schedule_variance"])),
                *(_index(row[f"{key}_performance_index"]) for key in ("cost", "schedule", "to_complete")),
                at_least(row, "estimate_at_completion"),
                "" if row["is_reliable"] else "unreliable",
            )
            for row in shown
        ],
    )
    print_table(
        f"Milestones ({shown[0]['currency']})",
        [name("model"), name("milestone"), amount("value"), name("planned"), state("state"), name("reached")],
        [
            (
                *(row["model_id"], row["milestone"], money(row["value"]), f"{row['planned_on']}"),
                *(row["state"].replace("_", " "), f"{row['reached_on'] or ''}"),
            )
            for row in milestones
        ],
    )


def _index(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _percent(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.0f} %"
