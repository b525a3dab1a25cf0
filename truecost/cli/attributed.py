"""What a person sees of attribution: why a charge is whose it is, and rules for what is nobody's."""

from __future__ import annotations

from collections.abc import Sequence

from truecost.cli.output import money, print_line, print_table
from truecost.explaining import Considered, Explained, Suggestion


def show_explained(found: Explained) -> None:
    """Whose the charge is, and why; then the rules that nearly claimed it."""
    whose = found.model or "nobody"
    told = {
        "rule": f"by rule {found.rule.rule if found.rule else ''}",
        "run": f"by the run {found.run}, which it belongs to",
        "[[staff]]": "as [[staff]] says",
        "shares": "in shares, by who used what it pays for",
        "nobody": "no rule matches",
    }
    print_line(f"{found.charge_id} is of {whose if found.by != 'shares' else 'several'}, {told[found.by]}.")
    if found.by != "shares":
        print_line(f"stage {found.stage}, activity {found.activity or 'none'}, cost kind {found.cost_kind}")
    if found.shares:
        print_table(
            "Shares",
            [("model", "left"), ("activity", "left"), ("idle", "left"), ("cost", "right"), ("how", "left")],
            [
                (
                    *(row["model_id"], row["activity"], "idle" if row["is_idle"] else None),
                    *(money(row["effective_cost"]), row["allocated_method_id"]),
                )
                for row in found.shares
            ],
        )
    if found.rule:
        _show_rule("Rule", found.rule)
    for rule in found.nearly:
        _show_rule("Nearly: rule", rule)


def show_suggestions(suggestions: Sequence[Suggestion]) -> None:
    """Rules as TOML, to be pasted; each with what it would claim."""
    for found in suggestions:
        charges = "1 charge" if found.charges == 1 else f"{found.charges} charges"
        print_line(f"# {found.currency} {money(found.cost)} in {charges}")
        print_line(found.toml)
        print_line()
    if not suggestions:
        print_line("Nothing is unallocated.")


def _show_rule(title: str, rule: Considered) -> None:
    where = f"line {rule.line} of truecost.toml"
    print_table(
        f"{title} {rule.rule} ({where}), for {rule.model or 'what its lookup says'}",
        [("column", "left"), ("wanted", "left"), ("the charge says", "left"), ("", "left")],
        [(test.column, test.wanted, test.value, "fits" if test.fits else "differs") for test in rule.tests],
    )
