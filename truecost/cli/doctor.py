"""``truecost doctor``: whether the books keep their promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from truecost.cli.frame import DONE, FAILED, Frame

EXAMPLES = ("truecost doctor --workspace books", "truecost doctor --deep")


def doctor(
    frame: Frame,
    deep: Annotated[bool, typer.Option("--deep", help="Load every landed file anew, aside, and compare.")] = False,
) -> None:
    """Whether the books keep their promises, and all that landed, was loaded, published or closed is as it was."""
    from truecost import steps
    from truecost.cli.progress import shown_progress

    with shown_progress():
        faults = steps.faults(frame.workspace, deep=deep)
    frame.answer(faults, lambda: show_faults(faults))
    raise typer.Exit(FAILED if faults else DONE)


def show_faults(faults: Sequence[str]) -> None:
    """A line each; or that there is none."""
    from truecost.cli.text import echo

    for fault in faults:
        echo(f"fault: {fault}.", "fault")
    if not faults:
        echo(
            "The books keep every promise; what landed, the ledger, the journal and what was frozen are as they were "
            "written."
        )
