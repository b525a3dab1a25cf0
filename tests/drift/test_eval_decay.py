"""Decay of evals: like is held against like, and neither a winner's luck nor many looks raise an alarm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.drift.test_drift_windows import at, drops, insert, promote, score
from tests.support.books import Bench

MODELS, MONTHS = 60, 60


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, {"models": [{"id": "bot"}, *({"id": f"m{number}"} for number in range(MODELS))]})
    opened.con.execute(
        "CREATE SCHEMA books; CREATE TABLE books.evals AS SELECT *, 'evals' AS source, 'current' AS status "
        "FROM ledger.evals; CREATE TABLE books.training_runs (model_id VARCHAR, outcome VARCHAR, decided_at TIMESTAMP)"
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "other", [{"task_version": "9", "shots": 0}, {"task_version": "2", "shots": 5}, {"prompts": "other", "shots": 0}]
)
def test_scores_of_another_version_number_of_shots_or_prompt_are_never_held_against_each_other(
    bench: Bench, other: dict[str, Any]
) -> None:
    setup = {"task_version": "2", "shots": 0, "prompts": "asked"}
    score(bench, at(2), 0.90, **setup)
    score(bench, at(5), 0.50, **(setup | other))
    assert drops(bench) == []
    score(bench, at(6), 0.89, **setup)
    (found,) = drops(bench)
    assert (found["reference_end"], found["verdict"]) == (at(2), "stable")


def test_scores_that_tell_nothing_of_their_setup_are_compared_as_before(bench: Bench) -> None:
    score(bench, at(2), 0.90)
    score(bench, at(5), 0.50, task_version="2", shots=0)
    assert [row["verdict"] for row in drops(bench)] == ["drift"]


def test_a_change_is_told_with_its_interval(bench: Bench) -> None:
    score(bench, at(2), 0.90)
    score(bench, at(5), 0.80)
    (found,) = drops(bench)
    assert found["change"] == pytest.approx(-0.10)
    assert found["detail"] == "-0.128 to -0.072 at 95 %"


def test_the_winner_of_several_is_expected_to_fall_back(bench: Bench) -> None:
    for number, value in enumerate((0.900, 0.880, 0.878, 0.876, 0.874)):
        score(bench, at(2, 1 + number), value, model_version=f"v{number}", task="intents")
    # The winner is scored last, and so is the baseline.
    score(bench, at(2, 20), 0.900, model_version="v0")
    promote(bench, at(3))
    score(bench, at(6), 0.86, model_version="v0")
    found = drops(bench)[-1]
    assert found["value"] == pytest.approx(0.04)
    assert found["threshold"] == pytest.approx(0.0118 + 2.24 * 0.01414, rel=0.35)
    assert "the best of 5" in found["detail"]


def _watched(bench: Bench, tasks: int, candidates: int) -> None:
    """Models that never change: ``candidates`` of equal skill, the best promoted, then a score a month and task."""
    draw = np.random.default_rng(tasks)
    error, rows = 0.01, []
    first = datetime(2021, 1, 1)
    for model in range(MODELS):
        skill = draw.uniform(0.6, 0.9, tasks)
        scored = skill + error * draw.standard_normal((candidates, tasks))
        best = int(scored.mean(axis=1).argmax())
        moments = [first + timedelta(days=number) for number in range(candidates)]
        series = [(moment, scored[number], f"v{number}") for number, moment in enumerate(moments) if number != best]
        series.append((first + timedelta(days=20), scored[best], f"v{best}"))
        for month in range(MONTHS):
            series.append(
                (
                    first + timedelta(days=60 + 30 * month),
                    skill + error * draw.standard_normal(tasks),
                    f"v{best}",
                )
            )
        rows += [
            {"model_id": f"m{model}", "model_version": version, "task": f"t{task}", "metric": "acc"}
            | {"score": float(values[task]), "stderr": error, "n": 1000, "higher_is_better": True}
            | {"evaluated_at": moment, "status": "current", "x_delivery_id": 1, "x_line": 1}
            for moment, values, version in series
            for task in range(tasks)
        ]
    insert(bench, "books.evals", rows)
    promoted = [
        {"model_id": f"m{model}", "outcome": "promoted", "decided_at": first + timedelta(days=30)}
        for model in range(MODELS)
    ]
    insert(bench, "books.training_runs", promoted)


@pytest.mark.parametrize("tasks", [1, 2, 5])
@pytest.mark.parametrize("candidates", [1, 5])
def test_five_model_years_without_decay_raise_one_alert_at_most(bench: Bench, tasks: int, candidates: int) -> None:
    _watched(bench, tasks, candidates)
    by_day: dict[tuple[str, datetime], bool] = {}
    for row in drops(bench):
        if row["window_end"] > datetime(2021, 2, 1):
            key = row["model_id"], row["window_end"]
            by_day[key] = by_day.get(key, False) or row["drifted"]
    alarms = dict.fromkeys((model for model, _ in by_day), 0)
    was = dict.fromkeys(alarms, False)
    for (model, _), drifted in sorted(by_day.items()):
        alarms[model] += drifted and not was[model]
        was[model] = drifted
    assert len(alarms) == MODELS
    counts = np.array(list(alarms.values()))
    assert counts.mean() <= 1.0, counts
    assert (counts <= 1).mean() >= 0.85, counts
