"""``truecost decisions``: what was decided, what was done about it and by whom, and what came of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import Frame, Model, add, group

if TYPE_CHECKING:
    from truecost.decisions.follow import Did
    from truecost.decisions.outcomes import Followed

Number = Annotated[int, typer.Argument(metavar="ID", help="Its number, as `truecost decisions list` shows it.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so.", show_default=False)]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.", show_default=False)]


def list_all(frame: Frame, model: Model = None) -> None:
    """Every decision, the newest first: its verdict, where it stands, and what came of it."""
    from truecost.decisions.follow import decisions

    frame.see_model(model)
    found = decisions(frame.workspace, model)
    frame.answer(found, lambda: _show_all(found))


def show(frame: Frame, decision_id: Number) -> None:
    """One decision: why, the price of both ways, what was done, and what came of it."""
    from truecost.decisions.follow import decision

    found = decision(frame.workspace, decision_id)
    frame.answer(found, lambda: _show(found))


def accept(frame: Frame, decision_id: Number, by: By, reason: Reason = None) -> None:
    """Say that it will be done as it was decided."""
    _follow(frame, decision_id, "accept", by, reason)


def reject(frame: Frame, decision_id: Number, by: By, reason: Reason = None) -> None:
    """Say that it will not, and why."""
    _follow(frame, decision_id, "reject", by, reason)


def done(frame: Frame, decision_id: Number, by: By, reason: Reason = None) -> None:
    """Say that it was done; a quarter later its outcome is written beside it."""
    _follow(frame, decision_id, "done", by, reason)


def _follow(frame: Frame, decision_id: int, did: Did, by: str, reason: str | None) -> None:
    from truecost.cli.text import echo
    from truecost.decisions.follow import follow

    found = follow(frame.workspace, frame.clock, decision_id, did, by, reason)
    frame.answer(found, lambda: echo(f"Decision {decision_id} ({found.model_id}) is {found.stand}, by {found.by}."))


def _show_all(found: list[Followed]) -> None:
    from truecost.cli.tables import name, number, print_table, text
    from truecost.cli.text import echo

    if not found:
        echo("Nothing has been decided yet: an alert opens a re-evaluation, or `truecost reevaluate` does.")
        return
    print_table(
        "Decisions",
        [
            *(number("id"), name("model"), text("decided"), name("verdict"), name("stands"), text("by", spare=2)),
            *(text("ask again", spare=1), text("outcome", least=20)),
        ],
        [
            (
                *(item.decision_id, item.model_id, f"{item.decided_at:%Y-%m-%d}", item.verdict.replace("_", "-")),
                *(item.stand, item.by, item.data.get("ask_again_on"), _outcome(item)),
            )
            for item in found
        ],
    )


def _show(item: Followed) -> None:
    from truecost.cli.text import echo

    verdict = item.verdict.replace("_", "-")
    echo(f"Decision {item.decision_id}, {item.decided_at:%Y-%m-%d}: {item.model_id}: {verdict}, because", verdict)
    for reason in item.data["reasons"]:
        echo(f"  - {reason}")
    if item.stand == "open":
        echo(f"Nobody has answered it: truecost decisions accept {item.decision_id} --by NAME (or reject, done).")
    else:
        because = f": {item.reason}" if item.reason else ""
        echo(f"It is {item.stand}, by {item.by} on {item.stood_at:%Y-%m-%d}{because}.")
    if item.outcome:
        echo(f"What came of it: {_outcome(item)}.")
    elif item.verdict != "retrain" and item.data.get("ask_again_on"):
        echo(f"It is asked again on {item.data['ask_again_on']}, or once the evidence worsens.")


def _outcome(item: Followed) -> str | None:
    came = item.outcome
    if not came:
        return None
    from truecost.cli.text import money

    expected = came.get("expected_fall")
    predicted = f" ({expected:.3f} predicted)" if expected is not None else ""
    planned = f" ({money(Decimal(came['expected_cost']))} predicted)" if came.get("expected_cost") else ""
    spent = f"{item.data['currency']} {money(Decimal(came['cost']))}"
    return f"{came['score']:.3f}, {came['fall']:.3f} below the baseline{predicted}; {spent} spent{planned}"


app = group("What was decided, what was done about it and by whom, and what came of it.")
add(app, list_all, ("truecost decisions list -w books", "truecost decisions list --model support-bot --json"), "list")
add(app, show, ("truecost decisions show 12 -w books",))
add(app, accept, ("truecost decisions accept 12 --by ana",))
add(app, reject, ('truecost decisions reject 12 --by ana --reason "the base model is replaced in May"',))
add(app, done, ('truecost decisions done 12 --by ana --reason "run sb-07 promoted"',))
