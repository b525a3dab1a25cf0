"""What a person sees of a new workspace: the sources it proposes, what it asks, and what it could not tell."""

from __future__ import annotations

from truecost.cli.output import print_line
from truecost.workspace import tomltext
from truecost.workspace.proposals import MOST_FILES, Proposal
from truecost.workspace.scaffold import Made

_SHOWN = 5


def show_made(made: Made) -> None:
    """The sources that were proposed, one a line, then what is to be done."""
    config = made.directory / "truecost.toml"
    print_line(f"Made a workspace in {made.directory}: edit {config}, then `truecost run -w {made.directory}`.")
    for proposal in made.found.proposals:
        print_line(f"  {_told(proposal)}")
    unknown = made.found.unknown
    if unknown:
        shown = ", ".join(tomltext.visible(name) for name in unknown[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        print_line(f"  Of no format that can be told: {shown}{more}. `truecost sources check FILE` says more of one.")
    if made.found.is_cut:
        print_line(f"  There are more than {MOST_FILES:,} files; only so many were looked at.")


def _told(proposal: Proposal) -> str:
    count = "1 file" if len(proposal.files) == 1 else f"{len(proposal.files)} files"
    told = f"{proposal.name}: {proposal.format}, {count} ({tomltext.visible(proposal.path)})"
    if proposal.needed:
        keys = " and ".join(question.key for question in proposal.needed)
        return f"{told}; waits until its {keys} is set"
    return told
