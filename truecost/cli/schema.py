"""``truecost schema``: what editors check a workspace's files by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truecost.cli.frame import Frame

EXAMPLES = ("truecost schema --workspace books", "truecost schema --to schemas")


def schema(
    frame: Frame,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Another folder to write to.", show_default=False)
    ] = None,
) -> None:
    """Write the JSON schemas that editors check truecost.toml and plans by, anew after an upgrade."""
    from truecost.workspace.scaffold import renew_schemas

    written = renew_schemas(frame.root, to)
    frame.answer(written, lambda: _show(written))


def _show(written: list[Path]) -> None:
    from truecost.cli.text import echo

    for path in written:
        echo(f"Wrote {path}.")
