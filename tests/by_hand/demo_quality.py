"""What is compared of the demo's request logs and scores a second time, as docs/drift.md says: windows and falls.

What Evidently measures between two windows is its own; which windows, how many requests and which features is not.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from math import sqrt
from typing import Any

from tests.by_hand.demo_by_hand import Books

Fields = dict[str, Any]


def windows(books: Books, model: str) -> Fields:
    """The current window and the one it is held against, with the requests in each, and the features compared."""
    settings = books.config["drift"]
    requests = books.requests[model]
    end = datetime.combine(books.as_of, time())
    start = end - _days(settings["window"])
    promoted = [at for at in books.promotions(model) if at <= start]
    first = datetime.combine(min(requests).date(), time())
    reference_start = min(start, max([first, *promoted]))
    reference_end = min(start, reference_start + _days(settings["reference"]))
    return {
        "window_start": start,
        "window_end": end,
        "reference_start": reference_start,
        "reference_end": reference_end,
        "current_rows": sum(start <= at < end for at in requests),
        "reference_rows": sum(reference_start <= at < reference_end for at in requests),
        "features": books.features[model],
    }


def falls(books: Books, model: str) -> dict[tuple[str, str], Fields]:
    """The newest score of each task and metric the report can know of, and how far it fell below its baseline.

    ``two_errors``: the least that a fall is held against; how often is looked makes it more.
    """
    known = [
        score for score in books.scores if score["model_id"] == model and score["evaluated_at"] < books.known_before
    ]
    return {
        (task, metric): _fall(
            [score for score in known if (score["task"], score["metric"]) == (task, metric)], books.promotions(model)
        )
        for task, metric in {(score["task"], score["metric"]) for score in known}
    }


def _fall(scores: list[Fields], promotions: list[datetime]) -> Fields:
    *_, newest = scores = sorted(scores, key=lambda score: score["evaluated_at"])
    promoted = [at for at in promotions if at <= newest["evaluated_at"]]
    accepted = [score for score in scores if promoted and score["evaluated_at"] <= max(promoted)]
    later = [score for score in scores if score not in accepted]
    baseline = accepted[-1] if accepted else later[0]
    told = {name: newest[name] for name in ("task", "metric", "model_version", "evaluated_at", "score", "stderr", "n")}
    if baseline is newest:
        return told | dict.fromkeys(("baseline_version", "baseline_at", "baseline_score", "drop", "two_errors"))
    if not newest["higher_is_better"]:
        raise NotImplementedError("a score that is better the lower it is")
    drop = baseline["score"] - newest["score"]
    two_errors = 2 * sqrt(baseline["stderr"] ** 2 + newest["stderr"] ** 2)
    return told | {
        "baseline_version": baseline["model_version"],
        "baseline_at": baseline["evaluated_at"],
        "baseline_score": baseline["score"],
        "drop": drop,
        "two_errors": two_errors,
    }


def _days(told: str) -> timedelta:
    return timedelta(days=int(told.removesuffix("d")))
