"""``truecost attribution``: why a charge is whose it is, and rules for what is nobody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import Frame, add, group

if TYPE_CHECKING:
    from truecost.books.explain import Considered, Explained
    from truecost.books.suggest import Suggestion

_SHOWN_BILLS = 3


def explain(
    frame: Frame, charge: Annotated[str, typer.Argument(metavar="CHARGE", help="A charge id, like 12:34:0.")]
) -> None:
    """Which rule claimed a charge, test by test, and which earlier ones nearly did."""
    from truecost import steps

    found = steps.explain_charge(frame.workspace, charge)
    frame.answer(found, lambda: show_explained(found))


def suggest(
    frame: Frame, limit: Annotated[int, typer.Option("--limit", min=1, help="How many groups of charges.")] = 5
) -> None:
    """Rules for the largest groups of charges that nobody claims, to paste into truecost.toml."""
    from truecost import steps

    found = steps.suggest_rules(frame.workspace, limit)
    frame.answer(found, lambda: show_suggestions(found))


def show_explained(found: Explained) -> None:
    """Whose the charge is, and why; then the rules that nearly claimed it."""
    from truecost.cli.tables import amount, name, print_table, text
    from truecost.cli.text import echo, money

    whose = "several" if found.by == "shares" else found.model or "nobody"
    echo(f"{found.charge_id} is of {whose}, {_why(found)}.")
    if found.by != "shares":
        echo(f"stage {found.stage}, activity {found.activity or 'none'}, cost kind {found.cost_kind}")
    if found.by == "contested":
        claims = ", ".join(f"{claim.run} (by {claim.claimed_by})" for claim in found.runs)
        echo(f"Runs that claim it: {claims}. It can be of one only: see `contested` in finance.gaps.")
    if found.overlaps:
        echo(f"It lies only in part within the time window of {', '.join(found.overlaps)}, so it is not that run's.")
    if found.covered_by:
        more = len(found.covered_by) - _SHOWN_BILLS
        bills = ", ".join(found.covered_by[:_SHOWN_BILLS]) + (f" and {more} more" if more > 0 else "")
        rest = "; what they do not pay for is accrued at the rate card" if found.is_accrued else ""
        echo(f"A bill covers it: its cost is its share of the bill ({bills}){rest}.")
    if found.by == "nobody" and found.settled_with:
        closed = f"{found.settled_with} was closed with it, and rules written since are for what came later."
        echo(f"{closed} Reopen it to claim this.")
    if found.shares:
        print_table(
            "Shares",
            [
                *(name("model"), text("activity"), text("idle", spare=2)),
                *(amount("cost"), text("weight", spare=3), text("how", spare=1)),
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
    from truecost.cli.text import echo, echo_code, money

    for found in suggestions:
        charges = "1 charge" if found.charges == 1 else f"{found.charges} charges"
        told = f"# {found.currency} {money(found.cost)} in {charges}"
        if found.credits:
            told += f", {money(-found.credits)} of credits taken off"
        if found.bill_share:
            told += f", {money(found.bill_share)} of it their share of the bills that cover them"
        echo(told)
        if found.matter:
            echo(f"# of {', '.join(found.match.values())}: {found.matter}")
        if found.rule:
            echo_code(found.rule)
        echo()
    if not suggestions:
        echo("Nothing is unallocated.")


def _why(found: Explained) -> str:
    from truecost.books.explain import NAMES_ITS_MODEL

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
    from truecost.cli.tables import name, print_table, state, text

    where = f"frozen with {rule.frozen_with}" if rule.frozen_with else f"line {rule.line} of truecost.toml"
    print_table(
        f"{title} {rule.rule} ({where}), for {rule.model or 'what its lookup says'}",
        [name("column"), text("wanted"), text("the charge says"), state()],
        [(test.column, test.wanted, test.value, "fits" if test.fits else "differs") for test in rule.tests],
    )


app = group("Whose cost a charge is, and why.")
add(app, explain, ("truecost attribution explain 58:3:0 --workspace books",), "explain")
add(app, suggest, ("truecost attribution suggest --workspace books --limit 3",), "suggest")
