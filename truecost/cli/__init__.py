"""The command line: ``truecost COMMAND``. Nothing heavy is imported until a command needs it."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> None:
    """The entry point: one sentence and an exit code for whatever goes wrong."""
    from truecost.cli.commands import app
    from truecost.errors import TruecostError

    if "--debug" in sys.argv:
        import logging

        logging.getLogger("truecost").addHandler(logging.StreamHandler())  # what the log keeps, on stderr
    try:
        app()
    except TruecostError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}; mend that, then run again")
    except KeyboardInterrupt:
        sys.stderr.write("truecost: stopped; run it again to go on where it was\n")
        sys.exit(130)
    except Exception as error:
        said = next(iter(str(error).splitlines()), "")
        _fail(f"unexpected {type(error).__name__}: {said}; run it again with --debug to see where it arose")


def _fail(sentence: str, exit_code: int = 1) -> NoReturn:
    if "--debug" in sys.argv:
        raise  # the exception that main is handling
    sys.stderr.write(f"truecost: {sentence}\n")
    sys.exit(exit_code)
