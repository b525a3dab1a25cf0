"""``truecost versions``: versions of a model that served side by side, and which is the better value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from truecost.cli.completion import models
from truecost.cli.frame import Frame

EXAMPLES = ("truecost versions -w books", "truecost versions support-bot --all --json")
NONE = "No two versions of a model served side by side, as far as request logs name them (`model_version`)."


def versions(
    frame: Frame,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A model.", show_default=False, autocompletion=models)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Earlier windows too, and not the last alone.")] = False,
) -> None:
    """Cost, volume, latency and scores of versions that served side by side, and which is the better value."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.text import echo

    frame.see_model(model)
    with shown_progress():
        steps.attribute(frame.workspace, frame.clock)
        rows = steps.version_comparison(frame.workspace, frame.clock, model)
    told = [row for row in rows if every or row["is_latest"]]

    def shown() -> None:
        for key in dict.fromkeys((row["model_id"], row["window_start"]) for row in told):
            show_window([row for row in told if (row["model_id"], row["window_start"]) == key])
        if not told:
            echo(NONE)

    frame.answer(told, shown)


def show_window(rows: Sequence[dict[str, Any]]) -> None:
    """The versions of one window, a row each, and what is said of them in a sentence."""
    from truecost.cli.tables import amount, name, number, print_table
    from truecost.cli.text import at_least, echo

    first = rows[0]
    days = f"{first['window_start']} to {first['window_end']}"
    print_table(
        f"{first['model_id']}, {days} ({first['currency']})",
        [
            *(name("version"), number("requests"), number("p50 ms", spare=2), number("p95 ms", spare=1)),
            *(amount("serving cost"), amount("per 1,000"), number("score"), number("95 %")),
            *(amount("per 1,000 accepted"), number("best, chance")),
        ],
        [
            (
                *(row["version"], f"{row['requests']:,}", _whole(row["latency_p50_ms"]), _whole(row["latency_p95_ms"])),
                *(at_least(row, "serving_cost"), at_least(row, "cost_per_1k_requests")),
                *(_score(row["score"]), _interval(row), at_least(row, "cost_per_1k_accepted")),
                None if row["probability_best"] is None else f"{100 * row['probability_best']:.0f} %",
            )
            for row in rows
        ],
    )
    best = next((row for row in rows if row["is_best_value"]), None)
    if best:
        chance = f"{100 * best['probability_best']:.0f} %"
        echo(f"An accepted answer costs least of {best['version']}, with a confidence of {chance}.")
    for row in rows:
        if row["reason"]:
            echo(f"{row['version']}: {row['reason']}.")


def _whole(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}"


def _score(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _interval(row: dict[str, Any]) -> str | None:
    low, high = row["score_low"], row["score_high"]
    return None if low is None or high is None else f"{low:.3f} to {high:.3f}"
