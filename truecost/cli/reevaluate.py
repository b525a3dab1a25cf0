"""``truecost reevaluate``: evaluate a model again, and decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truecost.cli.completion import models
from truecost.cli.frame import Frame
from truecost.cli.run import flow

if TYPE_CHECKING:
    from truecost.alerts.states import Standing

EXAMPLES = ("truecost reevaluate --model support-bot --workspace books",)


def reevaluate(
    frame: Frame,
    model: Annotated[
        str, typer.Option("--model", help="The model to evaluate again.", show_default=False, autocompletion=models)
    ],
) -> None:
    """Run the model's eval command, take in what it leaves, and decide: hold, re-evaluate further or retrain."""
    from truecost.cli.progress import shown_progress

    frame.see_model(model)  # a faulty call fails here, before anything is started
    with shown_progress(is_flow=True):
        result = flow("reevaluate", frame.is_debug)(frame.root, frame.day, model)
    frame.answer(result, lambda: show_decision(result["decision"]))


def show_decision(decision: Mapping[str, Any], alerts: Sequence[Standing] = ()) -> None:
    """The verdict, and its reasons one below the other; not again what ``alerts``, shown above it, say."""
    from truecost.cli.text import echo

    verdict = decision["verdict"].replace("_", "-")
    echo(f"{decision['model_id']}: {verdict}, because", verdict)
    shown = {held.message for held in alerts}
    for reason in decision["reasons"]:
        if reason not in shown:
            echo(f"  - {reason}")
