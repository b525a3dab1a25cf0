"""What every command shares: the options said once, the workspace they open, names that are nearly right, exit codes.

``framed`` turns ``command(frame, ...)`` into what typer takes. The shared options stand before or after the command;
what is said nearest to it wins.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from truecost.cli.completion import models, quarters, quarters_in
from truecost.cli.progress import shown_waiting
from truecost.errors import ConfigError, TruecostError

if TYPE_CHECKING:
    from truecost.clock import Clock
    from truecost.workspace.workspace import Workspace

DONE, FAILED, WRONG_USE, ASKS_FOR_SOMEONE, STOPPED = 0, 1, 2, 3, 130

HELP = {"help_option_names": ["-h", "--help"]}
HERE = Path()
_META = "truecost.frame"

WorkspaceDir = Annotated[Path | None, typer.Option("--workspace", "-w", metavar="DIR", help="The workspace folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day to take for today."),
]
KnownAt = Annotated[
    datetime | None,
    typer.Option(
        "--known-at",
        formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        metavar="TIME",
        help="Only what had arrived by then (UTC), in reports/known-at.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 3 where a row is quarantined, a delivery held or an alert open.")
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="M", help="One model only.", show_default=False, autocompletion=models)
]
QuarterName = Annotated[
    str | None,
    typer.Option("--quarter", metavar="Q", help="A fiscal quarter, like FY2026-Q3.", autocompletion=quarters),
]
OneQuarter = Annotated[
    str, typer.Option("--quarter", metavar="Q", help="The quarter, like FY2026-Q3.", autocompletion=quarters)
]

_SHARED: tuple[tuple[str, Any, Any], ...] = (
    ("workspace", WorkspaceDir, None),
    ("as_of", AsOf, None),
    ("json", Json, False),
    ("debug", Debug, False),
)
_KNOWN_AT: tuple[str, Any, Any] = ("known_at", KnownAt, None)


@dataclass(frozen=True)
class Frame:
    """What was said around a command, and what follows from it."""

    folder: Path | None = None
    day: date | None = None
    moment: datetime | None = None
    is_json: bool = False
    is_debug: bool = False

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace, checked.

        Raises:
            ConfigError: every fault of its files.
        """
        from truecost.workspace.workspace import load_workspace

        return load_workspace(self.root)

    @property
    def root(self) -> Path:
        return self.folder or HERE

    def at(self, directory: Path | None, otherwise: Path = HERE) -> Frame:
        """The frame around ``directory``, or where ``--workspace`` says."""
        if directory and self.folder and directory != self.folder:
            raise TruecostUsage(f"{directory} and --workspace {self.folder} are two places; name one", "", "truecost")
        return replace(self, folder=directory or self.folder or otherwise)

    @property
    def clock(self) -> Clock:
        from truecost.clock import Clock

        return Clock(self.day or self.workspace.config.workspace.as_of)

    def answer(self, value: Any, show: Callable[[], None]) -> None:
        """``value`` for machines where they ask for it; else what ``show`` prints."""
        from truecost.cli.text import print_json

        if self.is_json:
            print_json(value)
        else:
            show()

    def see_model(self, name: str | None) -> None:
        """That the workspace has such a model, where one is named.

        Raises:
            TruecostError: there is none; it says which was likely meant.
        """
        known = [model.id for model in self.workspace.config.models]
        if name is not None and name not in known:
            listed = ", ".join(known) or "none yet"
            raise TruecostError(f"there is no model {name}; {meant(name, known) or f'the models are {listed}'}")

    def see_quarter(self, name: str | None) -> None:
        """That ``name`` is a quarter's, where one is named.

        Raises:
            TruecostError: it is not; it says which was likely meant.
        """
        from truecost.quarters import parse_quarter

        if name is None:
            return
        try:
            parse_quarter(name, self.workspace.config.workspace.fiscal_year_start_month)
        except TruecostError as error:
            raise hinted(error, name, quarters_in(self.workspace.reports)) from error


def meant(word: str, known: Iterable[str]) -> str:
    """``did you mean FY2026-Q3?``, or nothing where no name is near."""
    names = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), names, n=1)
    return f"did you mean {names[close[0]]}?" if close else ""


def hinted(error: TruecostError, word: str, known: Iterable[str]) -> TruecostError:
    """The error with the name that was likely meant."""
    hint = meant(word, known)
    return TruecostError(f"{error}; {hint}") if hint else error


def framed(function: Callable[..., None], takes_known_at: bool = False) -> Callable[..., None]:
    """``function(frame, ...)`` as typer takes it: the shared options in place of ``frame``."""
    _, *own = inspect.signature(function, eval_str=True).parameters.values()
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, annotation, default in (*_SHARED, *((_KNOWN_AT,) if takes_known_at else ()))
    ]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)

    @functools.wraps(function)
    def call(context: typer.Context, **said: Any) -> None:
        frame = _told(context, **{option.name: said.pop(option.name) for option in shared})
        context.meta[_META] = frame
        if context.invoked_subcommand:
            return
        if frame.moment and not takes_known_at:
            raise typer.BadParameter("--known-at is for `truecost report` alone; leave it out", ctx=context)
        try:
            with shown_waiting():
                function(frame, **said)
        except KeyboardInterrupt as stopped:
            raise Stopped from stopped

    parameters = [context, *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), *shared]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in parameters}
    return call


def _told(
    context: typer.Context,
    workspace: Path | None,
    as_of: datetime | None,
    json: bool,
    debug: bool,
    known_at: datetime | None = None,
) -> Frame:
    """What was said before, and now; what is said later wins."""
    before: Frame = context.meta.get(_META, Frame())
    return replace(
        before,
        folder=workspace or before.folder,
        day=as_of.date() if as_of else before.day,
        moment=known_at.replace(tzinfo=UTC) if known_at else before.moment,
        is_json=json or before.is_json,
        is_debug=debug or before.is_debug,
    )


class Stopped(TruecostError):
    """Someone pressed Ctrl-C."""

    exit_code = STOPPED

    def __init__(self) -> None:
        super().__init__("stopped; run it again to go on where it was")


class Group(TyperGroup):
    """A group of commands: ``-h`` may stand before the command too, and a name that is none is told with its like."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        place = next((i for i, word in enumerate(args) if word in self.commands), len(args))
        asked = [word for word in args[:place] if word in ctx.help_option_names]
        if asked and place < len(args):
            before = [word for word in args[:place] if word not in asked]
            args = [*before, args[place], asked[0], *args[place + 1 :]]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            hint = meant(args[0], self.commands)
            raise TruecostUsage(f"{ctx.command_path} has no command {args[0]}", hint, ctx.command_path)
        return super().resolve_command(ctx, args)


class TruecostUsage(TruecostError):
    """A command line that can't be meant."""

    exit_code = WRONG_USE

    def __init__(self, message: str, hint: str, command: str) -> None:
        super().__init__(f"{message}; {hint + ' ' if hint else ''}`{command} --help` says what there is")


def group(about: str, alone: Callable[..., None] | None = None, examples: Sequence[str] = ()) -> typer.Typer:
    """A group of commands; ``alone`` is what it does without one."""
    app = typer.Typer(
        help=about,
        epilog=epilog(examples),
        cls=Group,
        add_completion=False,
        context_settings=HELP,
        invoke_without_command=alone is not None,
        no_args_is_help=alone is None,
    )
    app.callback()(framed(alone or _nothing))
    return app


def _nothing(frame: Frame) -> None:
    """A group that is no command itself."""


def add(
    app: typer.Typer,
    function: Callable[..., None],
    examples: Sequence[str],
    name: str | None = None,
    takes_known_at: bool = False,
) -> None:
    """Add a command with examples in its help."""
    app.command(name, epilog=epilog(examples), context_settings=HELP)(framed(function, takes_known_at))


def epilog(examples: Sequence[str]) -> str | None:
    """Examples as they are typed; the mark before them keeps click from wrapping them."""
    return "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples) if examples else None


def run(app: typer.Typer) -> NoReturn:
    """The entry point: one sentence and an exit code for whatever goes wrong."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        _wrong_use(error)
    except ConfigError as error:
        _fail([str(fault) for fault in error.faults], error.exit_code)
    except TruecostError as error:
        _fail([str(error)], error.exit_code)
    except OSError as error:
        _fail_where_denied(error)
        where = f"{error.filename}: " if error.filename else ""
        _fail([f"{where}{error.strerror or error}; mend that, then run again"], FAILED)
    except (KeyboardInterrupt, typer.Abort):
        _fail([str(Stopped())], STOPPED)
    except Exception as error:
        _fail_where_denied(error)
        said = next(iter(str(error).splitlines()), "")
        _fail([f"unexpected {type(error).__name__}: {said}; run it again with --debug to see where it arose"], FAILED)
    sys.exit(code if isinstance(code, int) else DONE)


def _fail_where_denied(error: Exception) -> None:
    from truecost.store.machine import denied

    if told := denied(error):
        _fail([told], FAILED)


def _wrong_use(error: typer.TyperException) -> NoReturn:
    """A sentence; the help itself where a group was named alone."""
    from truecost.cli.text import write

    context = getattr(error, "ctx", None)
    told = error.format_message()
    if context and told == context.get_help():
        write(f"{told}\n", sys.stderr)
        sys.exit(error.exit_code)
    where = f"; `{context.command_path} --help` says how" if context else ""
    _fail([" ".join(told.split()).rstrip(".") + where], error.exit_code)


def _fail(sentences: Sequence[str], exit_code: int) -> NoReturn:
    """Say what is wrong, a line a fault; with ``--debug``, where it arose before that."""
    import traceback

    from truecost.cli.text import visible, write

    if "--debug" in sys.argv:
        write("".join(f"{visible(line)}\n" for line in traceback.format_exc().splitlines()), sys.stderr)
    write("truecost: " + "".join(f"{visible(sentence)}\n" for sentence in sentences), sys.stderr)
    sys.exit(exit_code)
