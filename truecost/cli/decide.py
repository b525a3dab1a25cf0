"""``truecost decide``: whether to fine-tune at all, before anyone commits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.completion import models
from truecost.cli.frame import Frame

if TYPE_CHECKING:
    from truecost.planning.beginning import Begun
    from truecost.planning.verdict import Option

EXAMPLES = (
    "truecost decide support-bot --workspace books",
    "truecost decide plans/new-idea.toml --html decision.html",
    'truecost decide support-bot --record --by "A. Lead" --reason "the quarter\'s review"',
)


def decide(
    frame: Frame,
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="A model that has a plan, or a plan's file.", autocompletion=models)
    ],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it as a page too.", show_default=False)
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Keep the verdict in the journal.")] = False,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who decides, with --record.", show_default=False)
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, with --record.", show_default=False)
    ] = None,
) -> None:
    """Whether to fine-tune: options side by side on the same traffic, conditions, gates, and what would flip it."""
    from truecost import steps
    from truecost.cli.text import echo

    begun = steps.weigh_plan(frame.workspace, frame.clock, plan) if _is_model(plan) else _of_file(plan)
    if html:
        from truecost.dashboards.decision import decision_page

        html.write_text(decision_page(begun), "utf-8")
    if record:
        steps.record_beginning(frame.workspace, frame.clock, begun, by or "", reason or "")

    def shown() -> None:
        show_beginning(begun)
        if html:
            echo(f"The page is {html}.")
        if record:
            echo("The journal keeps the verdict; `truecost decide` of later days can be held against it.")

    frame.answer(begun, shown)


def _is_model(plan: str) -> bool:
    """Whether it is a model's name, and no path."""
    return not (plan.endswith(".toml") or "/" in plan)


def _of_file(plan: str) -> Begun:
    """A plan's file, with no workspace needed: it is in its own currency."""
    from truecost.planning.beginning import begin
    from truecost.workspace.plans import read_plan

    path = Path(plan)
    return begin(path.stem, read_plan(path, plan, None), None)


def show_beginning(begun: Begun) -> None:
    """Options, verdict, why, what it waits for, conditions, gates and flips."""
    from truecost.cli.tables import amount, name, number, print_table, state, text
    from truecost.cli.text import echo

    choice = begun.choice
    print_table(
        f"{begun.name}: {begun.months} months ({begun.currency}, {begun.trials:,} trials, seed {begun.seed})",
        [
            *(name("option"), amount("P10"), amount("P50"), amount("P90"), number("paid by month", spare=2)),
            *(number("pays within", spare=1), number("ever", spare=4), number("accepted", spare=3)),
            number("per accepted answer", spare=3),
        ],
        [
            (
                *(option.name, _whole(option.cost_p10), _whole(option.cost_p50), _whole(option.cost_p90)),
                *_paid(option),
                *_answers(option),
            )
            for option in choice.options
        ],
    )
    word = choice.verdict.word
    echo(f"Verdict: {word}{f' (then {choice.verdict.option})' if word == 'wait' else ''}.", word)
    for told in choice.verdict.reasons:
        echo(f"  - {told}.")
    for told in choice.verdict.waits_for:
        echo(f"  - waits for: {told}.", "wait")
    for option in choice.options:
        if option.why_not:
            echo(f"  - {option.name} can't be had: {option.why_not}.")
    for flip in choice.flips:
        echo(f"  - {flip.driver} at {flip.factor:.2f} times what is planned would make it {flip.becomes}.")
    echo()
    print_table(
        "Conditions",
        [name("fact"), text("condition", least=24), text("speaks", spare=3), state("holds"), text("evidence", spare=2)],
        [(item.fact, item.text, item.speaks, item.answer, item.evidence) for item in choice.conditions],
    )
    print_table(
        "Order of work (F29)",
        [number("step"), text("gate", least=24), state("passed"), text("evidence", spare=2)],
        [(gate.number, gate.text, gate.answer, gate.evidence) for gate in choice.gates],
    )


def _paid(option: Option) -> tuple[str | None, str | None, str | None]:
    held = option.break_even
    if held is None:
        return None, None, None
    return str(held.month_p50) if held.month_p50 else "never here", f"{held.pays_within:.0%}", f"{held.pays_ever:.0%}"


def _answers(option: Option) -> tuple[str | None, str | None]:
    held, cost = option.quality, option.cost_per_accepted
    if held is None or cost is None:
        return None, None
    return f"{held.accepted:.0%}{' (assumed)' if held.is_assumed else ''}", f"{cost:.4f}"


def _whole(cost: float) -> str:
    return f"{cost:,.0f}"
