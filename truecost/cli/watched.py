"""What a person sees of drift: how far production is from the reference, and which eval scores fell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from truecost.cli.output import print_line, print_table

Row = dict[str, Any]

NO_SIGNALS = "There is nothing to compare: a drift check needs a request log or eval scores; docs/drift.md says how."


def show_signals(signals: Sequence[Row]) -> None:
    """A table a model for its requests, worst feature first, then one for all eval scores."""
    if not signals:
        print_line(NO_SIGNALS)
        return
    requests = [row for row in signals if row["method"] != "eval_drop"]
    for model, rows in groupby(requests, key=lambda row: row["model_id"]):
        _show_window(str(model), list(rows))
    _show_evals([row for row in signals if row["method"] == "eval_drop"])


def _show_window(model: str, rows: Sequence[Row]) -> None:
    whole = rows[0]
    current = f"{whole['current_rows']:,} requests, {_days(whole['window_start'], whole['window_end'])}"
    reference = f"{whole['reference_rows']:,}, {_days(whole['reference_start'], whole['reference_end'])}"
    print_line(f"{model}: {current}, against {reference}")
    if whole["verdict"] == "too_few_rows":
        print_line("Too few rows to compare; [drift] min_rows says how many it takes.")
        return
    print_table(
        "",
        [("feature", "left"), ("method", "left"), ("value", "right"), ("threshold", "right"), ("verdict", "left")],
        [(row["feature"], *_judged(row)) for row in rows],
    )
    print_line(f"Evidently's report: {whole['report']}")


def _show_evals(rows: Sequence[Row]) -> None:
    if not rows:
        return
    print_table(
        "Eval scores below the deployed baseline",
        [
            *(("model", "left"), ("task and metric", "left"), ("baseline", "left"), ("score", "left")),
            *(("method", "left"), ("drop", "right"), ("threshold", "right"), ("verdict", "left")),
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
    return f"{start:%Y-%m-%d} to {end:%Y-%m-%d}"
