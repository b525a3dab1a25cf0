"""How a training run ended, where the file says nothing; and what builds on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from unit.support import Bench, Row, rates, runs, sacct

Open = Callable[..., Bench]

CRASHED = ("crashed", "slurm state", "failed_experiments")
UNDECIDED = (None, None, "undecided")


@pytest.fixture
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    def open_bench(*told: Mapping[str, str], jobs: tuple[Mapping[str, str], ...] = (), **toml: Any) -> Bench:
        bench = Bench.open(tmp_path, {"models": [{"id": "bot"}], **toml})
        request.addfinalizer(bench.close)
        bench.deliver("rates", rates({"price_per_gpu_hour": "1"}))
        bench.deliver("slurm", sacct(*jobs))
        bench.deliver("runs", runs(*told))
        bench.keep_books()
        return bench

    return open_bench


def run(run_id: str, parent: str = "", outcome: str = "", **more: str) -> dict[str, str]:
    decided = "2026-02-01T00:00:00Z" if outcome == "promoted" else ""
    return {
        "run_id": run_id,
        "parent_run_id": parent,
        "outcome": outcome,
        "decided_at": decided,
        "job_id": run_id.strip("r"),
        **more,
    }


def job(number: int | str, state: str = "COMPLETED", **more: str) -> dict[str, str]:
    return {"JobID": str(number), "State": state, **more}


def by_run(bench: Bench) -> dict[str, Row]:
    return {row["run_id"]: row for row in bench.ask("FROM books.training_runs")}


def ends(bench: Bench) -> dict[str, tuple[str | None, str | None, str]]:
    return {name: (row["outcome"], row["outcome_from"], row["activity"]) for name, row in by_run(bench).items()}


# ---- Slurm's own state ----


@pytest.mark.parametrize("state", ["FAILED", "NODE_FAIL", "OUT_OF_MEMORY"])
def test_a_run_whose_job_crashed_has_crashed_though_no_file_says_so(opened: Open, state: str) -> None:
    bench = opened(run("r1"), jobs=(job(1, state),))
    assert ends(bench) == {"r1": CRASHED}
    assert by_run(bench)["r1"]["decided_at"] == datetime(2026, 1, 10, 1)
    (row,) = bench.view("training_runs")
    assert (row["outcome"], row["outcome_from"], row["cost"]) == ("crashed", "slurm state", 2)


@pytest.mark.parametrize("state", ["TIMEOUT", "CANCELLED by 501", "PREEMPTED", "COMPLETED", "RUNNING", "REQUEUED"])
def test_a_run_that_ended_in_any_other_way_stays_undecided(opened: Open, state: str) -> None:
    assert ends(opened(run("r1"), jobs=(job(1, state),))) == {"r1": UNDECIDED}


def test_a_run_has_crashed_only_where_all_its_jobs_have(opened: Open) -> None:
    crashes = (job(1, "FAILED"), job(2, "NODE_FAIL"))
    assert ends(opened(run("r1", job_id="1;2"), jobs=crashes)) == {"r1": CRASHED}
    assert ends(opened(run("r1", job_id="1;3"), jobs=(*crashes, job(3)))) == {"r1": UNDECIDED}
    assert ends(opened(run("r1", job_id="1;4"), jobs=(*crashes, job(4, "TIMEOUT")))) == {"r1": UNDECIDED}
    assert ends(opened(run("r1", job_id="1;5"), jobs=crashes)) == {"r1": UNDECIDED}, "nothing is known of job 5"


def test_a_run_without_jobs_has_no_state_to_go_by(opened: Open) -> None:
    told = run("r1", job_id="", started_at="2026-01-10T00:00:00Z", ended_at="2026-01-10T02:00:00Z")
    assert ends(opened(told, jobs=(job(1, "FAILED"),))) == {"r1": UNDECIDED}


def test_a_job_that_was_requeued_ended_as_its_last_start_did(opened: Open) -> None:
    first = job(1, "NODE_FAIL")
    again = {"Start": "2026-01-11T00:00:00", "End": "2026-01-11T01:00:00"}
    assert ends(opened(run("r1"), jobs=(job(1, **again), first))) == {"r1": UNDECIDED}
    assert ends(opened(run("r1"), jobs=(first, job(1, "FAILED", **again)))) == {"r1": CRASHED}


def test_an_array_has_crashed_where_each_of_its_tasks_has(opened: Open) -> None:
    assert ends(opened(run("r7"), jobs=(job("7_1", "FAILED"), job("7_2", "OUT_OF_MEMORY")))) == {"r7": CRASHED}
    assert ends(opened(run("r7"), jobs=(job("7_1", "FAILED"), job("7_2")))) == {"r7": UNDECIDED}
    assert ends(opened(run("r7", job_id="7_1"), jobs=(job("7_1", "FAILED"), job("7_2")))) == {"r7": CRASHED}


def test_what_the_file_says_holds_whatever_slurm_says(opened: Open) -> None:
    bench = opened(run("r1", outcome="promoted"), run("r2", outcome="discarded"), jobs=(job(1, "FAILED"), job(2)))
    assert ends(bench) == {
        "r1": ("promoted", "training_runs file", "training"),
        "r2": ("discarded", "training_runs file", "failed_experiments"),
    }


def test_a_state_told_later_changes_the_outcome(opened: Open) -> None:
    bench = opened(run("r1"), jobs=(job(1, "RUNNING"),))
    bench.deliver("slurm", sacct(job(1, "NODE_FAIL")))
    bench.keep_books()
    assert ends(bench) == {"r1": CRASHED}


# ---- Lineages ----


def test_a_crashed_run_that_another_resumes_is_not_given_up(opened: Open) -> None:
    crashed = job(1, "NODE_FAIL")
    assert ends(opened(run("r1"), run("r2", "r1"), jobs=(crashed, job(2)))) == {"r1": UNDECIDED, "r2": UNDECIDED}


def test_a_run_resumed_after_a_crash_is_training_once_what_resumed_it_is_promoted(opened: Open) -> None:
    told = (run("r1"), run("r2", "r1"), run("r3", "r2", "promoted"))
    bench = opened(*told, jobs=(job(1, "NODE_FAIL"), job(2, "FAILED"), job(3)))
    found = {name: (row["activity"], row["round"]) for name, row in by_run(bench).items()}
    assert found == dict.fromkeys(("r1", "r2", "r3"), ("training", 0))
    (quarter,) = bench.view("true_cost_by_quarter")
    assert quarter["training_only_cost"] == 6


def test_what_crashed_and_was_resumed_is_a_failed_experiment_if_nothing_promoted_came_of_it(opened: Open) -> None:
    told = (run("r1"), run("r2", "r1", "discarded"), run("r3", "", "promoted"))
    activities = {name: row["activity"] for name, row in by_run(opened(*told, jobs=(job(1, "FAILED"),))).items()}
    assert activities == {"r1": "failed_experiments", "r2": "failed_experiments", "r3": "training"}


def test_a_discarded_sft_run_is_training_where_the_promoted_dpo_run_builds_on_it(opened: Open) -> None:
    told = (
        run("r1", "", "discarded", job_id="1"),  # the SFT run
        run("r2", "r1", "discarded", job_id="2"),  # a DPO run that did not do
        run("r3", "r1", "promoted", job_id="3"),  # the one that did
        run("r4", "", "crashed", job_id="4"),
    )
    bench = opened(*told, jobs=tuple(job(number) for number in (1, 2, 3, 4)))
    assert {name: row["activity"] for name, row in by_run(bench).items()} == {
        "r1": "training",
        "r2": "failed_experiments",
        "r3": "training",
        "r4": "failed_experiments",
    }
    (quarter,) = bench.view("true_cost_by_quarter")
    assert (quarter["training_only_cost"], quarter["true_cost"]) == (4, 8)


def test_an_ancestor_of_two_promoted_runs_is_of_the_first_one_s_round(opened: Open) -> None:
    second = run("r3", "r1", "promoted", decided_at="2026-03-01T00:00:00Z")
    bench = opened(run("r1"), run("r2", "r1", "promoted"), second, jobs=(job(1), job(2), job(3)))
    assert {name: row["round"] for name, row in by_run(bench).items()} == {"r1": 0, "r2": 0, "r3": 1}


def test_a_crash_after_the_promotion_is_a_failed_experiment_of_the_next_round(opened: Open) -> None:
    later = {"Start": "2026-02-10T00:00:00", "End": "2026-02-10T01:00:00"}
    bench = opened(run("r1", "", "promoted"), run("r2", "r1"), jobs=(job(1), job(2, "OUT_OF_MEMORY", **later)))
    assert by_run(bench)["r2"]["round"] == 1
    assert ends(bench)["r2"] == CRASHED
    (stage,) = bench.ask("SELECT stage, activity, round FROM books.costs WHERE run_id = 'r2'")
    assert stage == {"stage": "maintenance", "activity": "failed_experiments", "round": 1}


@pytest.mark.parametrize("promoted", ["", "r1", "r2", "r4"])
def test_a_run_that_is_its_own_ancestor_is_told_and_never_hangs(opened: Open, promoted: str) -> None:
    circle = {"r1": "r3", "r2": "r1", "r3": "r2", "r4": "r3"}
    told = [run(name, parent, "promoted" if name == promoted else "") for name, parent in circle.items()]
    bench = opened(*told, jobs=tuple(job(number) for number in (1, 2, 3, 4)))
    assert {name for name, row in by_run(bench).items() if row["is_circular"]} == {"r1", "r2", "r3"}
    expected = {promoted} | ({"r3"} if promoted == "r4" else set())
    assert {name for name, row in by_run(bench).items() if row["activity"] == "training"} == expected - {""}
    gaps = [row for row in bench.view("gaps") if row["kind"] == "lineage"]
    assert [row["what"] for row in gaps] == [
        f"the run {name} is its own ancestor: its parent is {circle[name]}, which builds on {name}"
        for name in ("r1", "r2", "r3")
    ]
    assert gaps[0]["remedy"].startswith("correct parent_run_id in 3.csv, line 2, and deliver it again")


def test_a_long_chain_of_resumed_runs_is_one_lineage(opened: Open) -> None:
    chain = [run(f"r{n}", f"r{n - 1}" if n else "", "promoted" if n == 200 else "", job_id="") for n in range(201)]
    assert {row["activity"] for row in by_run(opened(*chain)).values()} == {"training"}


# ---- A model that is given up ----


def test_when_a_model_is_abandoned_its_undecided_runs_are_failed_experiments(opened: Open) -> None:
    model = {"id": "bot", "abandoned": date(2026, 2, 1)}
    late = run("r2", job_id="", started_at="2026-02-01T00:00:00Z", ended_at="2026-02-02T00:00:00Z")
    bench = opened(run("r1"), late, run("r3", job_id=""), jobs=(job(1),), models=[model])
    assert ends(bench) == {
        "r1": (None, None, "failed_experiments"),
        "r2": UNDECIDED,
        "r3": (None, None, "failed_experiments"),
    }
    (cost,) = bench.ask("SELECT activity, stage, cost FROM books.costs")
    assert cost == {"activity": "failed_experiments", "stage": "failed_experiments", "cost": Decimal(2)}


def test_an_abandoned_model_keeps_what_was_promoted_and_leaves_other_models_alone(opened: Open) -> None:
    models = [{"id": "bot", "abandoned": date(2026, 8, 1)}, {"id": "reader"}]
    told = (run("r1", "", "promoted"), run("r2", model_id="reader"))
    assert ends(opened(*told, jobs=(job(1), job(2)), models=models)) == {
        "r1": ("promoted", "training_runs file", "training"),
        "r2": UNDECIDED,
    }
