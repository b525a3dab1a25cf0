"""What a person sees: tables in a terminal, JSON for machines, progress only where someone looks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from truecost import progress

_PIPED_WIDTH = 160  # columns of a table that goes to a file or a pipe


def print_json(value: Any) -> None:
    """``value`` as JSON: amounts as text, so that no digit is lost."""
    sys.stdout.write(json.dumps(value, indent=2, default=_jsonable, ensure_ascii=False) + "\n")


def print_line(text: str = "") -> None:
    sys.stdout.write(text + "\n")


def print_table(title: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> None:
    """A table; ``columns`` are (heading, "left" or "right")."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, title_style="bold")
    for heading, side in columns:
        table.add_column(
            heading, justify="right" if side == "right" else "left", overflow="fold", no_wrap=side == "right"
        )
    for row in rows:
        table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    console.print(table)


def shown_path(path: Path) -> str:
    """``path`` as one would type it here: relative where it lies below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.quantize(Decimal('0.01')):,}"


def times(ratio: Decimal | None) -> str | None:
    return None if ratio is None else f"{ratio:.1f}×"


@contextmanager
def shown_progress() -> Iterator[None]:
    """A line on the terminal that says what is being done; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    with (
        console.status("starting") as status,
        progress.listening(lambda message: status.update(escape(message))),
    ):
        yield


def _jsonable(value: object) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} can't be shown as JSON")
