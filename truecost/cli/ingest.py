"""``truecost ingest``: land, validate and load what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.deliveries import became
from truecost.cli.frame import Frame, Strict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truecost.books.redelivery import Delivered, Shown
    from truecost.intake.load import Loaded

EXAMPLES = (
    "truecost ingest --workspace books",
    "truecost ingest -w books --strict",
    "truecost ingest --explain -w books",
)


def ingest(
    frame: Frame,
    strict: Strict = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each delivery changes of what it replaces, or would.")
    ] = False,
) -> None:
    """Land, validate and load what is new in the inbox."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.standing import exit_code, show_standing

    workspace, clock = frame.workspace, frame.clock
    with shown_progress():
        landed = steps.land(workspace, clock)
        loaded = steps.load(workspace)
        standing = steps.standing(workspace)
        numbers = {item.delivery_id for item in loaded}
        told = [one for one in steps.deliveries(workspace, clock) if one.delivery_id in numbers] if loaded else []
        sets = {one.set_version: one.delivery_id for one in told}  # one part speaks for its set
        changes = steps.delivery(workspace, clock, *sorted(sets.values())) if explain else []
        changes = [shown for shown in changes if shown.comparisons]

    def show() -> None:
        _show_loaded(loaded, told)
        for shown in changes:
            _show_change(shown)
        show_standing(standing)

    answer = {"landed": landed, "loaded": loaded, "standing": standing, "became": became(told)}
    frame.answer(answer | ({"changes": changes} if explain else {}), show)
    raise typer.Exit(exit_code(standing, strict))


def _show_change(shown: Shown) -> None:
    from truecost.cli.deliveries import show_comparison
    from truecost.cli.text import echo

    one = shown.delivery
    echo(f"Delivery {one.delivery_id}, {one.set_name}, is {one.status}.", one.status)
    for comparison in shown.comparisons:
        show_comparison(comparison)


def _show_loaded(loaded: Sequence[Loaded], told: Sequence[Delivered]) -> None:
    from truecost.cli.tables import number, print_table, state, text
    from truecost.cli.text import echo

    if not loaded:
        echo("Nothing new to load.")
        return
    stands = {one.delivery_id: one for one in told}
    rows = []
    for item in loaded:
        one = stands.get(item.delivery_id)
        status = "refused" if item.refused_because else one.status if one else "loaded"
        counts = (item.rows_read, item.rows_accepted, item.rows_quarantined, item.rows_skipped)
        rows.append((item.file, status, *((None,) * 4 if item.refused_because else counts)))
    print_table(
        "Loaded",
        [text("file"), state(), number("read"), number("good"), number("quarantined"), number("skipped", spare=1)],
        rows,
    )
    files = ", ".join(f"{count} {status}" for status, count in became(told).items())
    echo(f"{len(loaded)} {'file' if len(loaded) == 1 else 'files'}: {files}.")
