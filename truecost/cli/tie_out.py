"""``truecost tie-out``: the general ledger held against the quarter's journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import DONE, FAILED, Frame, OneQuarter

if TYPE_CHECKING:
    from truecost.exports.general_ledger import Tie

EXAMPLES = ("truecost tie-out ledger-2026-q3.csv --quarter FY2026-Q3 --workspace books",)


def tie_out(
    frame: Frame,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export of the general ledger, as CSV.")],
    quarter: OneQuarter,
) -> None:
    """Hold the general ledger against the quarter's journal, line by line and account by account."""
    from truecost.exports.general_ledger import tie_out as tied

    frame.see_quarter(quarter)
    ties = tied(frame.workspace, file, quarter)
    frame.answer(
        [{**asdict(tie), "is_tied": tie.is_tied, "difference": tie.difference} for tie in ties],
        lambda: _show_ties(ties),
    )
    raise typer.Exit(FAILED if any(tie.is_apart for tie in ties) else DONE)


def _show_ties(ties: Sequence[Tie]) -> None:
    from truecost.cli.tables import amount, name, print_table, text
    from truecost.cli.text import echo, money

    apart = [tie for tie in ties if tie.is_apart]
    set_aside = [tie for tie in ties if tie.is_set_aside]
    if apart:
        print_table(
            "What does not tie",
            [name(""), amount("ours"), amount("the ledger"), amount("difference"), text("lines of the file")],
            [
                (tie.what, money(tie.ours), money(tie.theirs), money(tie.difference), _listed(tie.lines))
                for tie in apart
            ],
        )
    for tie in set_aside:
        echo(f"Set aside: {money(tie.theirs)} {tie.what}, lines {_listed(tie.lines)}.")
    asked = len(ties) - len(set_aside)
    echo(f"{asked - len(apart)} of {asked} tie.")


def _listed(lines: tuple[int, ...]) -> str | None:
    return ", ".join(map(str, lines)) or None
