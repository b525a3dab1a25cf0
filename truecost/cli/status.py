"""``truecost status``: how the workspace stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truecost.cli.frame import Frame

if TYPE_CHECKING:
    from truecost.cli.overview import Overview
    from truecost.workspace.workspace import Workspace

EXAMPLES = ("truecost status --workspace books", "truecost status -w books --json")


def status(frame: Frame) -> None:
    """What is loaded, refused, held or quarantined, and what is published."""
    from truecost.cli.overview import read_overview

    overview = read_overview(frame.workspace, frame.clock)
    frame.answer(overview, lambda: _show_overview(frame.workspace, overview))


def _show_overview(workspace: Workspace, overview: Overview) -> None:
    from truecost.cli.standing import show_standing
    from truecost.cli.tables import name, number, print_table, text
    from truecost.cli.text import echo, shown_path

    print_table(
        f"{workspace.name}: sources",
        [
            *(name("source"), text("format", spare=5), number("waiting"), number("files"), number("refused", spare=1)),
            *(
                number("held", spare=2),
                number("duplicate", spare=6),
                number("loaded rows", spare=3),
                number("held rows", spare=4),
            ),
            *(number("quarantined"), text("last received")),
        ],
        [
            (
                *(found.name, found.format, found.files_waiting, found.files, found.files_refused),
                *(found.files_held, found.files_duplicate, found.rows_loaded, found.rows_held),
                *(found.rows_quarantined, found.last_received_at and f"{found.last_received_at:%Y-%m-%d %H:%M}"),
            )
            for found in overview.sources
        ],
    )
    for warning in overview.warnings:
        echo(f"warning: {warning}.", "warning")
    show_standing(overview.standing)
    if overview.quarters:
        quarters, models = ", ".join(overview.quarters), ", ".join(overview.models)
        echo(f"Published: {shown_path(workspace.published)}, quarters {quarters}; models {models}.")
        closed = ", ".join(f"{close.quarter} (version {close.version})" for close in overview.closed)
        echo(f"Closed: {closed or 'no quarter; `truecost close` does it'}.")
    else:
        echo("Published: nothing yet; `truecost run` does it.")
    if overview.gaps:
        told = "; ".join(
            f"{held.quarter} {held.faults}"
            + (f" ({held.bounding} for which its cost is at least what is shown)" if held.bounding else "")
            for held in overview.gaps
        )
        echo(f"Missing, as last published: {told}. `truecost gaps` says what, and how to mend it.")
    for item in overview.unfinished:
        echo(f"warning: {item}.", "warning")
