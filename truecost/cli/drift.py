"""``truecost drift``: how far production is from the reference, and which eval scores fell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from truecost.cli.frame import Frame, Model

Row = dict[str, Any]

EXAMPLES = ("truecost drift --workspace books", "truecost drift -w books --model support-bot --as-of 2026-10-05")
NO_SIGNALS = "There is nothing to compare: a drift check needs a request log or eval scores; docs/drift.md says how."


def drift(frame: Frame, model: Model = None) -> None:
    """Hold production and evals against what each model was accepted on: drift by feature, and fallen eval scores."""
    from truecost import steps
    from truecost.cli.progress import shown_progress

    workspace, clock = frame.workspace, frame.clock
    frame.see_model(model)
    with shown_progress():
        steps.attribute(workspace)
        is_new = steps.drift(workspace, clock)
        found = steps.drift_signals(workspace, clock, model)
    frame.answer({"is_new": is_new, "signals": found}, lambda: show_signals(found))


def show_signals(signals: Sequence[Row]) -> None:
    """A table a model for its requests, worst feature first, then one for all eval scores."""
    from truecost.cli.text import echo

    if not signals:
        echo(NO_SIGNALS)
        return
    requests = [row for row in signals if row["method"] != "eval_drop"]
    for model, rows in groupby(requests, key=lambda row: row["model_id"]):
        _show_window(str(model), list(rows))
    _show_evals([row for row in signals if row["method"] == "eval_drop"])


def _show_window(model: str, rows: Sequence[Row]) -> None:
    from truecost.cli.tables import name, number, print_table, state, text
    from truecost.cli.text import echo

    whole = rows[0]
    current = f"{whole['current_rows']:,} requests, {_days(whole['window_start'], whole['window_end'])}"
    reference = f"{whole['reference_rows']:,}, {_days(whole['reference_start'], whole['reference_end'])}"
    echo(f"{model}: {current}, against {reference}")
    if whole["verdict"] == "too_few_rows":
        echo("Too few rows to compare; [drift] min_rows says how many it takes.")
        return
    print_table(
        "",
        [name("feature"), text("method", spare=1), number("value"), number("threshold"), state("verdict")],
        [(row["feature"], *_judged(row)) for row in rows],
    )
    echo(f"Evidently's report: {whole['report']}")


def _show_evals(rows: Sequence[Row]) -> None:
    from truecost.cli.tables import name, number, print_table, state, text

    if not rows:
        return
    print_table(
        "Eval scores below the deployed baseline",
        [
            *(name("model"), name("task and metric"), text("baseline", spare=2), text("score", spare=1)),
            *(text("method", spare=3), number("drop"), number("threshold"), state("verdict")),
        ],
        [
            (
                *(row["model_id"], row["feature"]),
                *(f"{row['window_start']:%Y-%m-%d}", f"{row['window_end']:%Y-%m-%d}"),
                *_judged(row),
            )
            for row in rows
        ],
    )


def _judged(row: Row) -> tuple[str | None, ...]:
    return row["method"], _number(row["value"]), _number(row["threshold"]), row["verdict"].replace("_", " ")


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _days(start: Any, end: Any) -> str:
    """The days of [start, end): the last one is in it."""
    return f"{start:%Y-%m-%d} to {end - timedelta(microseconds=1):%Y-%m-%d}"
