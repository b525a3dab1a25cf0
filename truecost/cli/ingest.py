"""``truecost ingest``: land, validate and load what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from truecost.cli.frame import Frame, Strict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truecost.intake.load import Loaded

EXAMPLES = ("truecost ingest --workspace books", "truecost ingest -w books --strict")


def ingest(frame: Frame, strict: Strict = False) -> None:
    """Land, validate and load what is new in the inbox."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.standing import exit_code, show_standing

    workspace, clock = frame.workspace, frame.clock
    with shown_progress():
        landed = steps.land(workspace, clock)
        loaded = steps.load(workspace)
        standing = steps.standing(workspace)

    def show() -> None:
        _show_loaded(loaded)
        show_standing(standing)

    frame.answer({"landed": landed, "loaded": loaded, "standing": standing}, show)
    raise typer.Exit(exit_code(standing, strict))


def _show_loaded(loaded: Sequence[Loaded]) -> None:
    from truecost.cli.tables import number, print_table, state, text
    from truecost.cli.text import echo

    if not loaded:
        echo("Nothing new to load.")
        return
    print_table(
        "Loaded",
        [text("file"), state(), number("read"), number("good"), number("quarantined"), number("skipped", spare=1)],
        [
            (item.file, "loaded", item.rows_read, item.rows_accepted, item.rows_quarantined, item.rows_skipped)
            if not item.refused_because
            else (item.file, "refused", None, None, None, None)
            for item in loaded
        ],
    )
