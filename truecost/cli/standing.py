"""What is open and asks for someone, as the end of a run and ``truecost status`` tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truecost.cli.frame import ASKS_FOR_SOMEONE, DONE, FAILED
from truecost.cli.text import echo

if TYPE_CHECKING:
    from truecost.alerts.standing import Standing


def show_standing(standing: Standing) -> None:
    """A line each: refused, held, quarantined, what no file matches, alerts."""
    for state, sentence in standing.lines():
        echo(sentence, state)


def exit_code(standing: Standing, strict: bool) -> int:
    """How it went."""
    return {"failed": FAILED, "asks": ASKS_FOR_SOMEONE if strict else DONE, "done": DONE}[standing.outcome]
