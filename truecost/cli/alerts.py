"""``truecost alerts``: what asks for someone; ``ack`` says that it was seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import Frame, add, group

if TYPE_CHECKING:
    from truecost.alerts.states import Reevaluation, Standing

WORKSPACE = "(workspace)"  # in the place of a model, where an alert is of all of it


def alerts(frame: Frame) -> None:
    """Every rule that is not OK (spending, drift, evals, deliveries, silent sources, the books), and what waits for
    its re-evaluation.
    """
    from truecost.alerts.alerts import standing_alerts, waiting_reevaluations

    held, waiting = standing_alerts(frame.workspace), waiting_reevaluations(frame.workspace)
    frame.answer({"alerts": held, "reevaluations": waiting}, lambda: show_alerts(held, waiting))


def ack(
    frame: Frame,
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `truecost alerts` shows it.")],
) -> None:
    """Say that you have seen an alert: it is not told again while it lasts, for the rest of the quarter."""
    from truecost.alerts.alerts import acknowledge
    from truecost.cli.text import echo

    held = acknowledge(frame.workspace, frame.clock, alert_id)
    frame.answer(
        held,
        lambda: echo(
            f"Alert {alert_id} ({held.model_id or WORKSPACE}, {held.rule.replace('_', ' ')}) is acknowledged."
        ),
    )


def snooze(
    frame: Frame,
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `truecost alerts` shows it.")],
    until: Annotated[
        datetime, typer.Option("--until", formats=["%Y-%m-%d"], metavar="DATE", help="The day it may speak again.")
    ],
) -> None:
    """Let an alert rest until a day: it is neither told again nor escalated before."""
    from truecost.alerts.alerts import snooze as let_rest
    from truecost.cli.text import echo

    held = let_rest(frame.workspace, frame.clock, alert_id, until.date())
    frame.answer(held, lambda: echo(f"Alert {alert_id} ({held.model_id or WORKSPACE}) rests until {until:%Y-%m-%d}."))


def show_alerts(alerts: Sequence[Standing], waiting: Sequence[Reevaluation]) -> None:
    """Every rule that is not ``OK``, alerts first, and the re-evaluations that wait."""
    from truecost.cli.tables import name, number, print_table, state, text
    from truecost.cli.text import echo

    if not alerts:
        echo("Nothing asks for anyone: every rule that is judged is OK.")
    else:
        print_table(
            "Alerts",
            [
                *(number("id"), state("state"), name("model"), name("rule"), text("since", spare=1)),
                *(text("acknowledged", spare=2), text("message", least=32)),
            ],
            [
                (
                    *(held.alert_id, held.state, held.model_id or WORKSPACE, held.rule, f"{held.raised_at:%Y-%m-%d}"),
                    f"{held.acknowledged_at:%Y-%m-%d}" if held.acknowledged_at else None,
                    held.message,
                )
                for held in alerts
            ],
        )
    for item in waiting:
        because = ", ".join(rule.replace("_", " ") for rule in item.triggers)
        echo(f"{item.model_id} waits for its re-evaluation ({because}): `truecost reevaluate --model`.")


app = group(
    "What asks for someone; `ack` says that you have seen it.",
    alerts,
    ("truecost alerts --workspace books", "truecost alerts ack 5 -w books"),
)
add(app, ack, ("truecost alerts ack 5 --workspace books",), "ack")
add(app, snooze, ("truecost alerts snooze 5 --until 2026-11-01",), "snooze")
