"""What a person sees of alerts, and of the decisions they led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from truecost.alerts.alerting import Reevaluation, Standing
from truecost.cli.output import print_line, print_table


def show_alerts(alerts: Sequence[Standing], waiting: Sequence[Reevaluation]) -> None:
    """Every rule that is not ``OK``, alerts first, and the re-evaluations that wait."""
    if not alerts:
        print_line("Nothing asks for anyone: every rule that is judged is OK.")
    else:
        print_table(
            "Alerts",
            [
                *(("id", "right"), ("state", "left"), ("model", "left"), ("rule", "left"), ("since", "left")),
                *(("acknowledged", "left"), ("message", "left")),
            ],
            [
                (
                    *(held.alert_id, held.state, held.model_id, held.rule, f"{held.raised_at:%Y-%m-%d}"),
                    f"{held.acknowledged_at:%Y-%m-%d}" if held.acknowledged_at else None,
                    held.message,
                )
                for held in alerts
            ],
        )
    for item in waiting:
        because = ", ".join(rule.replace("_", " ") for rule in item.triggers)
        print_line(f"{item.model_id} waits for its re-evaluation ({because}): `truecost reevaluate --model`.")


def show_open_alerts(alerts: Sequence[Standing]) -> None:
    """A line each, for a run's summary."""
    for held in alerts:
        rule = held.rule.replace("_", " ")
        print_line(f"{held.state} {held.alert_id} ({rule}): {held.message}.")


def show_decision(decision: Mapping[str, Any], alerts: Sequence[Standing] = ()) -> None:
    """The verdict, and its reasons one below the other; not again what ``alerts``, shown above it, say."""
    print_line(f"{decision['model_id']}: {decision['verdict'].replace('_', '-')}, because")
    shown = {held.message for held in alerts}
    for reason in decision["reasons"]:
        if reason not in shown:
            print_line(f"  - {reason}")


def show_undelivered(names: Sequence[str]) -> None:
    """Who could not be told. An address is a secret: its place in the list and its service are all that is shown."""
    for name in names:
        print_line(f"warning: {name} did not take a message; the next run tries again.")
