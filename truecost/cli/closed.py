"""What a person sees of a close: the checks, what is frozen, and what is wrong with the books."""

from __future__ import annotations

from collections.abc import Sequence

from truecost.cli.output import money, print_line, print_table
from truecost.closing.checks import CHECKS, Check
from truecost.closing.closing import Closing, Reopening


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
        if closing.is_taken_up:
            print_line(
                f"That close of {closing.quarter} had begun before and was cut short. It is finished now as "
                f"{closing.close.approver} approved it at {closing.close.closed_at:%Y-%m-%d %H:%M}."
            )
            _show_set_aside(closing.set_aside, "`truecost reopen` takes the close back")
        print_line(f"{closing.quarter} is closed, version {closing.version}: {closing.row_count} costs are frozen.")
        print_line(f"Content hash: {closing.content_hash}")
    elif closing.refused_by:
        named = " ".join(f"--accept {name}" for name in closing.refused_by if name in CHECKS)
        accept = f", or accept it with {named}" if named else ""
        print_line(f"{closing.quarter} stays open: mend what was found{accept}.")
    elif dry_run:
        print_line(f"{closing.quarter} can be closed: {closing.row_count} costs would be frozen. Nothing was written.")
        print_line(f"Content hash: {closing.content_hash}")


def show_reopening(reopening: Reopening) -> None:
    """That the quarter is open again; and by whose word, where that had begun before."""
    close = reopening.close
    if reopening.is_taken_up:
        print_line(
            f"That reopening of {close.quarter} had begun before and was cut short. It is finished now as "
            f"{reopening.by} asked for it: {reopening.reason}."
        )
        _show_set_aside(reopening.set_aside, "the journal keeps what was said first")
    print_line(f"{close.quarter} is open again; version {close.version} stays in {close.folder}.")


def _show_set_aside(set_aside: Sequence[str], remedy: str) -> None:
    if set_aside:
        counts = "count" if len(set_aside) > 1 else "counts"
        print_line(f"{' and '.join(set_aside)} of this call {counts} for nothing: {remedy}.")


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
