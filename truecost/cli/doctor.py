"""``truecost doctor``: whether the books keep their promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import DONE, FAILED, Frame

if TYPE_CHECKING:
    from truecost.errors import WarehouseBusy

EXAMPLES = ("truecost doctor --workspace books", "truecost doctor --deep")


def doctor(
    frame: Frame,
    deep: Annotated[bool, typer.Option("--deep", help="Load every landed file anew, aside, and compare.")] = False,
) -> None:
    """Whether the books keep their promises, and all that landed, was loaded, published or closed is as it was."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.errors import WarehouseBusy

    is_whole = True
    with shown_progress():
        try:
            faults = steps.faults(frame.workspace.without_waiting(), deep=deep)
        except WarehouseBusy as busy:
            is_whole = False
            faults = steps.faults_beside(frame.workspace)
            _tell_what_is_left_out(frame, busy)
    frame.answer(faults, lambda: show_faults(faults, is_whole))
    raise typer.Exit(FAILED if faults else DONE)


def show_faults(faults: Sequence[str], is_whole: bool = True) -> None:
    """A line each; or that there is none."""
    from truecost.cli.text import echo

    for fault in faults:
        echo(f"fault: {fault}.", "fault")
    if not faults and is_whole:
        echo(
            "The books keep every promise; what landed, the ledger, the journal and what was frozen are as they were "
            "written."
        )
    elif not faults:
        echo("What landed, the journal, what was frozen and the reports that were kept are as they were written.")


def _tell_what_is_left_out(frame: Frame, busy: WarehouseBusy) -> None:
    """On stderr, so that machines get their faults alone."""
    import sys

    from truecost.cli.text import visible, write

    held = str(busy).partition(";")[0]
    write(f"warning: {visible(held)}: the ledger and the books are not looked at; run it again for them.\n", sys.stderr)
