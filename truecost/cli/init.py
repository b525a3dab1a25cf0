"""``truecost init``: a new workspace, beside what is there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import Frame

if TYPE_CHECKING:
    from truecost.workspace.proposals import Proposal
    from truecost.workspace.scaffold import Made

EXAMPLES = ("truecost init books", "truecost init .")
_SHOWN = 5


def init(
    frame: Frame,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made if need be.")],
) -> None:
    """Make a commented workspace in DIR, beside what is there; exports it recognises become sources."""
    from truecost.workspace.scaffold import make_workspace
    from truecost.workspace.workspace import CONFIG

    root = frame.at(directory).root
    made = make_workspace(root)
    proposed = [
        {"name": one.name, "format": one.format, "path": one.path, "needed": [asked.key for asked in one.needed]}
        for one in made.found.proposals
    ]
    frame.answer(
        {"workspace": root, "config": root / CONFIG, "sources": proposed, "unknown": made.found.unknown},
        lambda: show_made(made),
    )


def show_made(made: Made) -> None:
    """The sources that were proposed, one a line, then what is to be done."""
    from truecost.cli.text import echo
    from truecost.workspace.proposals import MOST_FILES

    config = made.directory / "truecost.toml"
    echo(f"Made a workspace in {made.directory}: edit {config}, then `truecost run -w {made.directory}`.")
    for proposal in made.found.proposals:
        echo(f"  {_told(proposal)}")
    unknown = made.found.unknown
    if unknown:
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        echo(
            f"  Of no format that can be told: {', '.join(unknown[:_SHOWN])}{more}. "
            "`truecost sources check FILE` says more of one."
        )
    if made.found.is_cut:
        echo(f"  There are more than {MOST_FILES:,} files; only so many were looked at.")


def _told(proposal: Proposal) -> str:
    count = "1 file" if len(proposal.files) == 1 else f"{len(proposal.files)} files"
    told = f"{proposal.name}: {proposal.format}, {count} ({proposal.path})"
    if proposal.needed:
        keys = " and ".join(question.key for question in proposal.needed)
        return f"{told}; waits until its {keys} is set"
    return told
