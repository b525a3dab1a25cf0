"""``truecost gaps``: what the figures miss, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import Frame

if TYPE_CHECKING:
    from truecost.books.gaps import Gap

EXAMPLES = (
    "truecost gaps --workspace books",
    "truecost gaps --quarter FY2026-Q3 --model support-bot",
    "truecost gaps --kind quarantined --json",
)


def gaps(
    frame: Frame,
    quarter: Annotated[str | None, typer.Option(help="Only what concerns this fiscal quarter, or may.")] = None,
    model: Annotated[str | None, typer.Option(help="Only what concerns this model, or may.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind: refused, held, quarantined, silent, ...")] = None,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
) -> None:
    """What is missing from the figures: of which quarter and model, and what to do about it."""
    from truecost import steps

    frame.see_quarter(quarter)
    frame.see_model(model)
    found = steps.gaps(frame.workspace, frame.clock, quarter=quarter, model=model, kind=kind, source=source)
    frame.answer(found, lambda: show_gaps(found))


def show_gaps(found: Sequence[Gap]) -> None:
    """A block a fault: what, of when and whom, and the remedy."""
    from truecost.cli.text import echo

    for gap in found:
        bound = "the cost is at least what is shown" if gap.is_lower_bound else "no cost is too low for it"
        amounts = f" ({gap.amounts})" if gap.amounts else ""
        echo(f"{gap.kind}: {gap.what}{amounts}.", "fault" if gap.is_lower_bound else None)
        quarters = ", ".join(gap.quarters) or "any quarter"
        models = ", ".join(gap.models) or "any model, or none"
        echo(f"    {quarters}; {models}; {bound}. To mend it: {gap.remedy}.")
    if not found:
        echo("Nothing that truecost knows of is missing.")
