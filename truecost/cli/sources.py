"""``truecost sources``: what comes in; ``check`` holds one file against its format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.completion import formats as format_names
from truecost.cli.frame import ASKS_FOR_SOMEONE, DONE, FAILED, Frame, Strict, add, group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truecost.intake.check import Checked
    from truecost.workspace.config import SourceSection


def sources(frame: Frame) -> None:
    """What comes in: the sources of the workspace, and the formats there are."""
    from truecost.intake.landing import source_files

    workspace = frame.workspace
    listed = [(source, source_files(workspace, source)) for source in workspace.config.sources]
    frame.answer(
        [{**source.model_dump(mode="json"), "files": files} for source, files in listed], lambda: _show_sources(listed)
    )


def check(
    frame: Frame,
    file: Annotated[Path, typer.Argument(help="The file to check; nothing is loaded.")],
    format_name: Annotated[
        str | None,
        typer.Option("--format", help="Its format; default: its source's, or a guess.", autocompletion=format_names),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many faults to show.")] = 20,
    strict: Strict = False,
) -> None:
    """Check one file as a source would read it: the first faults by line and column, with remedies."""
    from truecost.cli.progress import shown_progress
    from truecost.intake.check import check_file

    with shown_progress():
        checked = check_file(file, format_name, frame.root, limit)
    frame.answer(checked, lambda: _show_checked(file, checked))
    if checked.refused_because:
        raise typer.Exit(FAILED)
    raise typer.Exit(ASKS_FOR_SOMEONE if strict and checked.rows_quarantined else DONE)


def _show_sources(listed: Sequence[tuple[SourceSection, Sequence[str]]]) -> None:
    from truecost.cli.tables import name, number, print_table, text
    from truecost.sources import formats

    print_table(
        "Sources",
        [name("source"), text("format", spare=1), text("path"), number("files now")],
        [(source.name, source.format, source.path, len(files)) for source, files in listed],
    )
    print_table(
        "Formats",
        [
            *(name("format"), text("what"), text("versions")),
            *(text("basis", spare=1), text("disposition", spare=2), text("key", spare=3)),
        ],
        [
            (f.name, f.title, ", ".join(f.versions), f.basis, f.disposition, ", ".join(f.natural_key))
            for f in formats().values()
        ],
    )


def _show_checked(file: Path, checked: Checked) -> None:
    from truecost.cli.text import echo

    if checked.refused_because:
        echo(f"{file}: refused as {checked.format}: {checked.refused_because}.", "refused")
        return
    echo(
        f"{file}: {checked.format}, {checked.rows_read} rows read, {checked.rows_accepted} good, "
        f"{checked.rows_quarantined} faulty, {checked.rows_skipped} skipped."
    )
    for fault in checked.faults:
        echo(f"  {fault}")
    hidden = checked.rows_quarantined - checked.rows_told
    if hidden > 0:
        echo(f"  and {hidden} more: --limit shows them.")
    for warning in checked.warnings:
        echo(f"  warning: {warning}.", "warning")


app = group(
    "What comes in: the sources, or the faults of one file.",
    sources,
    ("truecost sources --workspace books", "truecost sources check inbox/aws/2026-09.csv"),
)
add(
    app,
    check,
    (
        "truecost sources check inbox/aws/2026-09.csv --workspace books",
        "truecost sources check bill.csv --format focus",
    ),
    "check",
)
