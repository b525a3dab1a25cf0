"""``truecost quarantine``: rows that failed a check, by cause; ``retry`` loads them anew once the cause is mended."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import ASKS_FOR_SOMEONE, DONE, Frame, Strict, add, group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truecost.books.quarantine import Cause, QuarantinedRow, Retried

What = Annotated[
    str | None, typer.Argument(metavar="[CAUSE|FILE]", help="A cause by its number in the list, or a file; or all.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many rows to show.")]


def list_(frame: Frame) -> None:
    """What rows are quarantined for: each cause, how often, and where first."""
    from truecost import steps

    found, _ = steps.quarantine(frame.workspace, frame.clock)
    frame.answer(found, lambda: _show_causes(found))


def show(frame: Frame, what: What = None, limit: Limit = 20) -> None:
    """The rows of a cause or a file, with their values and what to do."""
    from truecost import steps

    _, rows = steps.quarantine(frame.workspace, frame.clock, what)
    frame.answer(rows, lambda: _show_rows(rows, limit))


def retry(frame: Frame, what: What = None, limit: Limit = 20, strict: Strict = False) -> None:
    """Load deliveries with quarantined rows anew, under the configuration and the suites of today."""
    from truecost import steps
    from truecost.cli.progress import shown_progress

    with shown_progress():
        told = steps.retry(frame.workspace, frame.clock, what)
    frame.answer(told, lambda: _show_retried(told, limit))
    is_left = any(row.outcome in ("quarantined", "refused") for row in told)
    raise typer.Exit(ASKS_FOR_SOMEONE if strict and is_left else DONE)


def _show_causes(found: Sequence[Cause]) -> None:
    from truecost.cli.tables import name, number, print_table, text
    from truecost.cli.text import echo

    if not found:
        echo("Nothing is quarantined.")
        return
    print_table(
        "Quarantined",
        [
            *(number("cause"), number("rows"), number("files"), name("column"), text("what is wrong", least=20)),
            *(text("first files", spare=1), text("what to do", spare=2)),
        ],
        [
            (
                *(cause.number, cause.rows, cause.files, cause.column_name, cause.message),
                *(_first_files(cause), cause.remedy),
            )
            for cause in found
        ],
    )
    echo("`truecost quarantine show CAUSE` shows the rows; `truecost quarantine retry CAUSE` loads them anew.")


def _first_files(cause: Cause) -> str:
    more = cause.files - len(cause.first_files)
    return ", ".join(cause.first_files) + (f" and {more} more" if more else "")


def _show_rows(rows: Sequence[QuarantinedRow], limit: int) -> None:
    from truecost.cli.text import echo

    if not rows:
        echo("Nothing is quarantined.")
    for row in rows[:limit]:
        where = f"{row.file}, line {row.line}" if row.line is not None else row.file
        value = f" ({row.column_name}: {row.value!r})" if row.column_name else ""
        count = f" ({row.rows} rows)" if row.rows > 1 else ""
        echo(f"{where}{count}: {row.message}{value}; {row.remedy}.")
        if row.row_json and (told := _values(row.row_json)):
            echo(f"  {told}")
    if len(rows) > limit:
        echo(f"And {len(rows) - limit} more: --limit shows them.")


def _values(row_json: str) -> str:
    """The values of a row that has some, as `name: value`."""
    held = json.loads(row_json)
    return ", ".join(f"{name}: {value}" for name, value in held.items() if value not in (None, ""))


def _show_retried(told: Sequence[Retried], limit: int) -> None:
    from truecost.cli.tables import name, number, print_table, state, text
    from truecost.cli.text import echo

    if not told:
        echo("Nothing is quarantined.")
        return
    counted: Counter[str] = Counter()
    for row in told:
        counted[row.outcome] += row.rows
    print_table(
        "Loaded anew",
        [name("file"), number("line"), number("rows", spare=1), state("now"), text("why", least=20)],
        [(row.file, row.line, row.rows, row.outcome, row.because) for row in told[:limit]],
    )
    if len(told) > limit:
        echo(f"And {len(told) - limit} more: --limit shows them.")
    counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items()))
    rows = sum(counted.values())
    what = "1 row that was" if rows == 1 else f"{rows} rows that were"
    echo(f"Of {what} quarantined: {counts}.")


app = group("Rows that failed a check, by cause; `retry` loads them anew.")
add(app, list_, ("truecost quarantine list --workspace books",), "list")
add(
    app,
    show,
    ("truecost quarantine show 1 --workspace books", "truecost quarantine show inbox/aws/2026-09.csv -w books"),
    "show",
)
add(app, retry, ("truecost quarantine retry --workspace books", "truecost quarantine retry 1 -w books"), "retry")
