"""What is open and asks for someone, as the end of a run and ``truecost status`` tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truecost.cli.alerts import show_open_alerts
from truecost.cli.frame import ASKS_FOR_SOMEONE, DONE, FAILED
from truecost.cli.text import echo

if TYPE_CHECKING:
    from truecost.steps import Standing


def show_standing(standing: Standing) -> None:
    """A line each: refused, held, quarantined, alerts."""
    for file, because in standing.refused:
        echo(f"refused: {file}: {because}.", "refused")
    for file, number in zip(standing.held, standing.held_numbers, strict=True):
        echo(f"held: {file}: it counts for nothing yet; `truecost deliveries show {number}` says why.", "held")
    if standing.quarantined_rows:
        rows = "1 row is" if standing.quarantined_rows == 1 else f"{standing.quarantined_rows} rows are"
        echo(f"{rows} quarantined: `truecost quarantine list` says why.", "quarantined")
    show_open_alerts(standing.alerts)


def exit_code(standing: Standing, strict: bool) -> int:
    """How it went."""
    if standing.refused:
        return FAILED
    return ASKS_FOR_SOMEONE if strict and not standing.is_clean else DONE
