"""What a person sees of attribution: why a charge is whose it is, and rules for what is nobody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from truecost.books.explaining import NAMES_ITS_MODEL, Considered, Explained
from truecost.books.suggesting import Suggestion
from truecost.cli.output import money, print_line, print_table

_SHOWN_BILLS = 3


def show_explained(found: Explained) -> None:
    """Whose the charge is, and why; then the rules that nearly claimed it."""
    whose = "several" if found.by == "shares" else found.model or "nobody"
    print_line(f"{found.charge_id} is of {whose}, {_why(found)}.")
    if found.by != "shares":
        print_line(f"stage {found.stage}, activity {found.activity or 'none'}, cost kind {found.cost_kind}")
    if found.by == "contested":
        claims = ", ".join(f"{claim.run} (by {claim.claimed_by})" for claim in found.runs)
        print_line(f"Runs that claim it: {claims}. It can be of one only: see `contested` in finance.gaps.")
    if found.overlaps:
        print_line(
            f"It lies only in part within the time window of {', '.join(found.overlaps)}, so it is not that run's."
        )
    if found.covered_by:
        more = len(found.covered_by) - _SHOWN_BILLS
        bills = ", ".join(found.covered_by[:_SHOWN_BILLS]) + (f" and {more} more" if more > 0 else "")
        rest = "; what they do not pay for is accrued at the rate card" if found.is_accrued else ""
        print_line(f"A bill covers it: its cost is its share of the bill ({bills}){rest}.")
    if found.by == "nobody" and found.settled_with:
        closed = f"{found.settled_with} was closed with it, and rules written since are for what came later."
        print_line(f"{closed} Reopen it to claim this.")
    if found.shares:
        print_table(
            "Shares",
            [
                *(("model", "left"), ("activity", "left"), ("idle", "left")),
                *(("cost", "right"), ("weight", "left"), ("how", "left")),
            ],
            [
                (
                    *(row["model_id"], row["activity"], "idle" if row["is_idle"] else None),
                    *(money(row["effective_cost"]), _weight(row["allocated_method_details"])),
                    row["allocated_method_id"],
                )
                for row in found.shares
            ],
        )
    if found.rule:
        _show_rule("Rule", found.rule)
    for rule in found.nearly:
        _show_rule("Nearly: rule", rule)


def show_suggestions(suggestions: Sequence[Suggestion]) -> None:
    """Rules as TOML, to be pasted; each with what it would claim. What no rule can mend is told in a comment."""
    for found in suggestions:
        charges = "1 charge" if found.charges == 1 else f"{found.charges} charges"
        told = f"# {found.currency} {money(found.cost)} in {charges}"
        if found.credits:
            told += f", {money(-found.credits)} of credits taken off"
        if found.bill_share:
            told += f", {money(found.bill_share)} of it their share of the bills that cover them"
        print_line(told)
        if found.matter:
            print_line(f"# of {', '.join(found.match.values())}: {found.matter}")
        if found.rule:
            print_line(found.rule)
        print_line()
    if not suggestions:
        print_line("Nothing is unallocated.")


def _why(found: Explained) -> str:
    rule = found.rule
    by_rule = f"by rule {rule.rule}{_of_close(rule)}" if rule else "no rule matches"
    if found.by == "run" and found.runs:
        return f"by the run {found.run}, which claims it by {found.runs[0].claimed_by}"
    if found.by == "contested" and not rule:
        return "since it is contested, and no rule matches"
    if found.by in NAMES_ITS_MODEL:
        return f"as {found.by} says"
    return "in shares, by who used what it pays for" if found.by == "shares" else by_rule


def _of_close(rule: Considered) -> str:
    return f" of the rules frozen with {rule.frozen_with}" if rule.frozen_with else ""


def _weight(details: Mapping[str, str | None]) -> str | None:
    """What a share was measured by: ``345600 of 518400 GPU seconds``; of idle that is handed on, how it was."""
    if not details.get("weight"):
        return None
    measured = f"{details['weight']} of {details.get('of')} {details.get('unit')}"
    handed_on = f", of it {details['idle_weight']} of {details.get('idle_of')}" if details.get("idle_weight") else ""
    return measured + handed_on


def _show_rule(title: str, rule: Considered) -> None:
    where = f"frozen with {rule.frozen_with}" if rule.frozen_with else f"line {rule.line} of truecost.toml"
    print_table(
        f"{title} {rule.rule} ({where}), for {rule.model or 'what its lookup says'}",
        [("column", "left"), ("wanted", "left"), ("the charge says", "left"), ("", "left")],
        [(test.column, test.wanted, test.value, "fits" if test.fits else "differs") for test in rule.tests],
    )
