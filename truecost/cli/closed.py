"""What a person sees of a close: the checks, what is frozen, and what is wrong with the books."""

from __future__ import annotations

from collections.abc import Sequence

from truecost.cli.output import money, print_line, print_table
from truecost.closing.closing import CHECKS, Check, Closing


def show_closing(closing: Closing, dry_run: bool) -> None:
    """The checks and the figures; then what was done, or would be."""
    print_table(
        f"{closing.quarter}, version {closing.version}: checks",
        [("check", "left"), ("", "left"), ("found", "left"), ("remedy", "left")],
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
        [("model", "left"), ("cost", "right")],
        [(model, money(cost)) for model, cost in closing.true_cost.items()],
    )
    if closing.adjustments:
        print_line(f"Of it, adjustments of earlier quarters: {closing.currency} {money(closing.adjustments)}.")
    if closing.close:
        print_line(f"{closing.quarter} is closed, version {closing.version}: {closing.row_count} costs are frozen.")
        print_line(f"Content hash: {closing.content_hash}")
    elif closing.refused_by:
        named = " ".join(f"--accept {name}" for name in closing.refused_by if name in CHECKS)
        accept = f", or accept it with {named}" if named else ""
        print_line(f"{closing.quarter} stays open: mend what was found{accept}.")
    elif dry_run:
        print_line(f"{closing.quarter} can be closed: {closing.row_count} costs would be frozen. Nothing was written.")
        print_line(f"Content hash: {closing.content_hash}")


def _judgement(check: Check) -> str:
    if check.is_passed:
        return "noted" if check.found else "accepted before" if check.accepted_before else "ok"
    return "accepted" if check.is_accepted else "refused"


def show_faults(faults: Sequence[str]) -> None:
    """A line each; or that there is none."""
    for fault in faults:
        print_line(f"fault: {fault}.")
    if not faults:
        print_line("The books keep every promise; the journal and what was frozen are as they were written.")
