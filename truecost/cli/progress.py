"""Progress on stderr: one moving line on a terminal, a line a step where nobody looks (a log, a pipe)."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from truecost.cli.text import visible, write
from truecost.progress import Step, listening

_PATIENCE_SECONDS = 10.0


@contextmanager
def shown_progress(is_flow: bool = False) -> Iterator[None]:
    """Say what is being done, with counts and time.

    Where stderr is no terminal, a flow of many steps says each; a command that is one step says nothing unless it takes
    long, since its outcome tells what it did.
    """
    if sys.stderr.isatty():
        with _moving_line():
            yield
    else:
        with listening(_Lines(0.0 if is_flow else _PATIENCE_SECONDS)):
            yield


@contextmanager
def shown_waiting() -> Iterator[None]:
    """Of a command that shows no progress: only what must be told at once, such as that it waits for another."""
    with listening(_Lines(math.inf)):
        yield


@contextmanager
def _moving_line() -> Iterator[None]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
        TextColumn("{task.fields[count]}", markup=False, table_column=Column(no_wrap=True)),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=None, count="")

        def update(step: Step) -> None:
            count = f"{step.number:,} of {step.total:,}" if step.total else ""
            told = f"{step.what} {step.item}" if step.item else step.what
            shown.update(task, description=visible(told), count=count)

        with listening(update):
            yield


class _Lines:
    """A line a step: when it began, counted from the start, and how many things it is about."""

    def __init__(self, quiet_for: float) -> None:
        self.began = time.monotonic()
        self.quiet_for = quiet_for
        self.last: str | None = None

    def __call__(self, step: Step) -> None:
        seconds = time.monotonic() - self.began
        told = f"{step.what} {step.total:,} files" if step.total else " ".join(filter(None, (step.what, step.item)))
        if told != self.last and (step.at_once or seconds >= self.quiet_for):
            write(f"{seconds:6.1f} s  {visible(told)}\n", sys.stderr)
            sys.stderr.flush()
            self.last = told
