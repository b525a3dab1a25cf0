"""``truecost reopen``: take a close back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.close import show_set_aside
from truecost.cli.completion import quarters
from truecost.cli.frame import Frame

if TYPE_CHECKING:
    from truecost.closing.close import Reopening

EXAMPLES = ("truecost reopen --quarter FY2026-Q3 --reason 'a bill was missing' --by 'M. Finance' --workspace books",)


def reopen(
    frame: Frame,
    quarter: Annotated[
        str, typer.Option("--quarter", metavar="Q", help="The latest closed quarter.", autocompletion=quarters)
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; the journal keeps it.")],
    by: Annotated[str, typer.Option("--by", help="Who reopens it.")],
) -> None:
    """Open the latest closed quarter again: its next close is the next version, and this one stays."""
    from truecost import steps
    from truecost.cli.progress import shown_progress

    workspace, clock = frame.workspace, frame.clock
    frame.see_quarter(quarter)
    with shown_progress():
        undone = steps.reopen(workspace, clock, quarter, reason, by)
    told = asdict(undone)
    frame.answer(told.pop("close") | told, lambda: _show_reopening(undone))


def _show_reopening(reopening: Reopening) -> None:
    """That the quarter is open again; and by whose word, where that had begun before."""
    from truecost.cli.text import echo

    close = reopening.close
    if reopening.is_taken_up:
        echo(
            f"That reopening of {close.quarter} had begun before and was cut short. It is finished now as "
            f"{reopening.by} asked for it: {reopening.reason}."
        )
        show_set_aside(reopening.set_aside, "the journal keeps what was said first")
    echo(f"{close.quarter} is open again; version {close.version} stays in {close.folder}.")
