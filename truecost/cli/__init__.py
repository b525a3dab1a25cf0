"""The command line: ``truecost COMMAND``. Nothing heavy is imported until a command needs it."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point: one sentence and an exit code for whatever goes wrong."""
    from truecost.cli.commands import app
    from truecost.errors import TruecostError

    try:
        app()
    except TruecostError as error:
        if "--debug" in sys.argv:
            raise
        sys.stderr.write(f"truecost: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("truecost: stopped; run it again to go on where it was\n")
        sys.exit(130)
