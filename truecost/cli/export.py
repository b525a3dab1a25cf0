"""``truecost export``: what other systems take in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import Frame, OneQuarter, add, group

if TYPE_CHECKING:
    from truecost.exports.general_ledger import Journal


def journal(
    frame: Frame,
    quarter: OneQuarter,
    out: Annotated[Path, typer.Option("--out", metavar="F", help="The CSV to write.")],
) -> None:
    """A quarter's true cost as journal entries, by the accounts of [[accounts]]."""
    from truecost.exports.general_ledger import journal_of, write_journal

    frame.see_quarter(quarter)
    found = journal_of(frame.workspace, quarter)
    write_journal(found, out)
    frame.answer(found, lambda: _show_journal(found, out))


def _show_journal(found: Journal, out: Path) -> None:
    from truecost.cli.text import echo, shown_path

    echo(f"{shown_path(out.resolve())}: {len(found.entries)} entries of {found.quarter}.")
    if found.status != "closed":
        echo(f"{found.quarter} is preliminary: its entries still change until it is closed.")
    if found.unmapped:
        echo(f"{found.unmapped} entries have no [[accounts]] and are on {found.suspense_account}.")


app = group("What other systems take in.")
add(app, journal, ("truecost export journal --quarter FY2026-Q3 --out journal.csv --workspace books",), "journal")
