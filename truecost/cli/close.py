"""``truecost close``: check a quarter and freeze it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import DONE, FAILED, Frame, OneQuarter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truecost.closing.checks import Check
    from truecost.closing.close import Closing

EXAMPLES = (
    "truecost close --quarter FY2026-Q3 --dry-run --workspace books",
    "truecost close --quarter FY2026-Q3 --approver 'M. Finance' --accept 'quarantined=two lines, 14 USD' -w books",
)


def close(
    frame: Frame,
    quarter: OneQuarter,
    approver: Annotated[str | None, typer.Option("--approver", help="Who approves the figures.")] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            metavar="CHECK[=REASON]",
            help="Close although this check found something; the reason stands on the report.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the checks and the figures, write nothing.")] = False,
) -> None:
    """Close a quarter: check it and freeze its figures; what comes later is posted to the open quarter."""
    from truecost import steps
    from truecost.cli.progress import shown_progress

    workspace, clock = frame.workspace, frame.clock
    frame.see_quarter(quarter)
    with shown_progress():
        closing = steps.close(workspace, clock, quarter, approver, _with_reasons(accept or []), dry_run)
    frame.answer(closing, lambda: show_closing(closing, dry_run))
    raise typer.Exit(FAILED if closing.refused_by else DONE)


def show_closing(closing: Closing, dry_run: bool) -> None:
    """The checks and the figures; then what was done, or would be."""
    from truecost.cli.tables import amount, name, print_table, state, text
    from truecost.cli.text import echo, money
    from truecost.closing.checks import CHECKS

    print_table(
        f"{closing.quarter}, version {closing.version}: checks",
        [name("check"), state(), text("found", least=24), text("remedy", least=24)],
        [
            (
                check.name,
                _judgement(check),
                "; ".join([*check.found, *check.accepted_before]) or None,
                None if check.is_passed else check.remedy,
            )
            for check in closing.checks
        ],
    )
    print_table(
        f"True cost ({closing.currency})",
        [name("model"), amount("cost")],
        [(model, money(cost)) for model, cost in closing.true_cost.items()],
    )
    if closing.adjustments:
        echo(f"Of it, adjustments of earlier quarters: {closing.currency} {money(closing.adjustments)}.")
    if closing.close:
        if closing.is_taken_up:
            echo(
                f"That close of {closing.quarter} had begun before and was cut short. It is finished now as "
                f"{closing.close.approver} approved it at {closing.close.closed_at:%Y-%m-%d %H:%M}."
            )
            show_set_aside(closing.set_aside, "`truecost reopen` takes the close back")
        echo(f"{closing.quarter} is closed, version {closing.version}: {closing.row_count} costs are frozen.")
        echo(f"Content hash: {closing.content_hash}")
    elif closing.refused_by:
        named = " ".join(f"--accept {name}" for name in closing.refused_by if name in CHECKS)
        accept = f", or accept it with {named}" if named else ""
        echo(f"{closing.quarter} stays open: mend what was found{accept}.")
    elif dry_run:
        echo(f"{closing.quarter} can be closed: {closing.row_count} costs would be frozen. Nothing was written.")
        echo(f"Content hash: {closing.content_hash}")


def show_set_aside(set_aside: Sequence[str], remedy: str) -> None:
    """What a command that took up an earlier one was asked for otherwise."""
    from truecost.cli.text import echo

    if set_aside:
        counts = "count" if len(set_aside) > 1 else "counts"
        echo(f"{' and '.join(set_aside)} of this call {counts} for nothing: {remedy}.")


def _with_reasons(accepted: Sequence[str]) -> dict[str, str]:
    """``CHECK=REASON`` -> check: reason; without one, the reason is empty."""
    told = (item.partition("=") for item in accepted)
    return {name.strip(): reason.strip() for name, _, reason in told}


def _judgement(check: Check) -> str:
    if check.is_passed:
        return "noted" if check.found else "accepted before" if check.accepted_before else "ok"
    return "accepted" if check.is_accepted else "refused"
