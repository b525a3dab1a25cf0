"""Results of lm-evaluation-harness 0.4: one file at each promotion, and one for each monthly regression test after it.

A test's result carries the time its cluster job ended; a job that failed left none. The scheduled tests keep asking
what they always asked, so they stay near the promoted model's scores whatever customers have begun to ask.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from math import sqrt
from typing import Any, NamedTuple

from .cluster import FINANCE_ACCOUNT, RUNS, SUPPORT_ACCOUNT, Job, NumberedJob


class Task(NamedTuple):
    """A task of a model's evaluation: its name, the metric with its filter, and how many questions it asks."""

    model: str
    name: str
    metric: str
    questions: int


TASKS = (
    Task("support-bot", "support_intents", "acc,none", 1200),
    Task("support-bot", "support_policy", "exact_match,strict-match", 450),
    Task("invoice-reader", "invoice_fields", "acc,none", 2000),
)
ACCOUNTS = {SUPPORT_ACCOUNT: "support-bot", FINANCE_ACCOUNT: "invoice-reader"}

# task, then how many answers were right: at a promotion (by run), and in the regression tests since (by month)
RIGHT_ANSWERS = {
    "support_intents": {
        "sb-06": 1086, "2026-01": 1083, "2026-02": 1079, "2026-04": 1058, "2026-05": 1037,
        "sb-09": 1099, "2026-06": 1097, "2026-07": 1101, "2026-08": 1094, "2026-09": 1088,
    },
    "support_policy": {
        "sb-06": 419, "2026-01": 420, "2026-02": 417, "2026-04": 418, "2026-05": 414,
        "sb-09": 426, "2026-06": 425, "2026-07": 427, "2026-08": 424, "2026-09": 425,
    },
    "invoice_fields": {
        "ir-06": 1914, "2026-04": 1915, "2026-05": 1909, "2026-06": 1916, "2026-07": 1911, "2026-08": 1908,
        "2026-09": 1906,
    },
}  # fmt: skip


class Evaluation(NamedTuple):
    """A run of a model's tasks: of which version, what it is called in the tables above, and when it ended."""

    model: str
    version: str
    key: str
    ended_at: datetime


def evaluations(jobs: Iterable[NumberedJob]) -> Iterator[Evaluation]:
    """The evaluations of promoted models, from the cluster's jobs."""
    promoted = {run.run_id: run for run in RUNS if run.outcome == "promoted"}
    for job in (numbered.job for numbered in jobs):
        if not job.name.startswith("eval-") or job.state != "COMPLETED":
            continue
        model, about = ACCOUNTS[job.account], job.name.removeprefix("eval-")
        if about in promoted:
            yield Evaluation(model, about, about, job.ended_at)
        elif deployed := deployed_version(model, job):
            yield Evaluation(model, deployed, about[-7:], job.ended_at)


def deployed_version(model: str, job: Job) -> str | None:
    """The run promoted last before the monthly test; None before the first, or where the job tests some other run."""
    if not job.name[-7:-3].isdigit():
        return None
    decided = [
        (datetime.fromisoformat(run.decided_at), run.run_id)
        for run in RUNS
        if run.model_id == model and run.outcome == "promoted"
    ]
    return max((found for found in decided if found[0] <= job.started_at), default=(None, None))[1]


def harness_result(evaluation: Evaluation) -> dict[str, Any]:
    """The file that the harness writes, less what it says of the machine."""
    tasks = [task for task in TASKS if task.model == evaluation.model]
    results: dict[str, dict[str, object]] = {}
    for task in tasks:
        score = RIGHT_ANSWERS[task.name][evaluation.key] / task.questions
        metric, filter_name = task.metric.split(",")
        stderr = sqrt(score * (1 - score) / (task.questions - 1))
        results[task.name] = {"alias": task.name, task.metric: score, f"{metric}_stderr,{filter_name}": stderr}
    return {
        "results": results,
        "group_subtasks": {task.name: [] for task in tasks},
        "versions": {task.name: 2 for task in tasks},
        "n-shot": {task.name: 0 for task in tasks},
        "higher_is_better": {task.name: {task.metric.split(",")[0]: True} for task in tasks},
        "n-samples": {task.name: {"original": task.questions, "effective": task.questions} for task in tasks},
        "config": {
            "model": "vllm",
            "model_args": f"pretrained=/models/{evaluation.model},revision={evaluation.version}",
            "batch_size": "auto",
            "random_seed": 0,
        },
        "git_hash": "8a31f6d0",
        "date": evaluation.ended_at.timestamp(),
    }


def eval_results(jobs: Iterable[NumberedJob]) -> dict[str, str]:
    """The text of each file, by its path under the models' folders: model, version, the time in the name."""
    return {
        f"{found.model}/{found.version}/results_{found.ended_at:%Y-%m-%dT%H-%M-%S}.json": (
            json.dumps(harness_result(found), indent=2) + "\n"
        )
        for found in evaluations(jobs)
    }
