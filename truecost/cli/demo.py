"""``truecost demo``: the example workspace, and everything run on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truecost.cli.frame import Frame
from truecost.cli.run import run_daily

EXAMPLES = ("truecost demo", "truecost demo /tmp/example --json")


def demo(
    frame: Frame,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Where to put it.", show_default=False)
    ] = None,
) -> None:
    """Write the example workspace to DIR (default: demo), unless it is there already, and run everything on it."""
    from truecost.cli.text import echo
    from truecost.workspace.scaffold import write_demo

    framed = frame.at(directory, Path("demo"))
    is_new = write_demo(framed.root)
    if not frame.is_json:
        echo(f"{'Wrote' if is_new else 'Found'} the example workspace in {framed.root}.")
    run_daily(framed, strict=False)
