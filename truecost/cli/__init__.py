"""The command line: ``truecost COMMAND``. Nothing heavy is imported until a command needs it."""

from __future__ import annotations


def main() -> None:
    """The entry point: one sentence and an exit code for whatever goes wrong."""
    from truecost.cli import frame
    from truecost.cli.commands import app

    frame.run(app)
