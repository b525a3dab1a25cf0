"""How a training run ended, where the file says nothing; what builds on what; and which charges are a run's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import SOURCES, Bench, Row, rates, runs, sacct

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


def gaps(bench: Bench, kind: str) -> list[Row]:
    return [row for row in bench.view("gaps") if row["kind"] == kind]


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


@pytest.mark.slow
def test_a_run_has_crashed_only_where_all_its_jobs_have(opened: Open) -> None:
    crashes = (job(1, "FAILED"), job(2, "NODE_FAIL"))
    assert ends(opened(run("r1", job_id="1;2"), jobs=crashes)) == {"r1": CRASHED}
    assert ends(opened(run("r1", job_id="1;3"), jobs=(*crashes, job(3)))) == {"r1": UNDECIDED}
    assert ends(opened(run("r1", job_id="1;4"), jobs=(*crashes, job(4, "TIMEOUT")))) == {"r1": UNDECIDED}
    assert ends(opened(run("r1", job_id="1;5"), jobs=crashes)) == {"r1": UNDECIDED}, "nothing is known of job 5"


def test_a_run_without_jobs_has_no_state_to_go_by(opened: Open) -> None:
    told = run("r1", job_id="", started_at="2026-01-10T00:00:00Z", ended_at="2026-01-10T02:00:00Z")
    assert ends(opened(told, jobs=(job(1, "FAILED"),))) == {"r1": UNDECIDED}


@pytest.mark.slow
def test_a_job_that_was_requeued_ended_as_its_last_start_did(opened: Open) -> None:
    first = job(1, "NODE_FAIL")
    again = {"Start": "2026-01-11T00:00:00", "End": "2026-01-11T01:00:00"}
    assert ends(opened(run("r1"), jobs=(job(1, **again), first))) == {"r1": UNDECIDED}
    assert ends(opened(run("r1"), jobs=(first, job(1, "FAILED", **again)))) == {"r1": CRASHED}


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_job_that_waits_to_start_again_has_not_ended(opened: Open) -> None:
    submitted = {"Submit": "2026-01-09T23:00:00"}
    waiting = job(1, "PENDING", Start="Unknown", End="Unknown", ElapsedRaw="0", AllocTRES="")
    assert ends(opened(run("r1"), jobs=())) == {"r1": UNDECIDED}
    again = {**waiting, "Submit": "2026-01-10T01:00:00"}
    assert ends(with_submissions(opened, job(1, "NODE_FAIL", **submitted), again)) == {"r1": UNDECIDED}
    before = {**waiting, **submitted}
    assert ends(with_submissions(opened, job(1, "NODE_FAIL", **submitted), before)) == {"r1": CRASHED}


def with_submissions(opened: Open, *jobs: Mapping[str, str]) -> Bench:
    bench = opened(run("r1"))
    bench.deliver("slurm", sacct(*jobs))
    bench.keep_books()
    return bench


# ---- Clusters ----

TEAMS: dict[str, Any] = {
    "models": [{"id": "bot"}, {"id": "other"}],
    "sources": [
        *({"name": name, "format": kind, "path": path} for name, (kind, path) in SOURCES.items()),
        {"name": "slurm-b", "format": "slurm", "path": "inbox/b/*", "cluster": "beta"},
    ],
    "attribution": [{"match": {"source": "slurm*", "sub_account_id": "others"}, "model": "other"}],
}
BETA = {"Account": "others", "End": "2026-01-14T04:00:00", "ElapsedRaw": "360000"}  # 2 GPUs for 100 hours


def two_clusters(opened: Open, *told: Mapping[str, str]) -> Bench:
    """Job 100 on the cluster alpha, for 2.00, and another team's on beta, for 200.00."""
    bench = opened(*told, **TEAMS)
    bench.deliver("slurm", sacct(job(100, Cluster="alpha")))
    bench.deliver("slurm-b", sacct(job(100, **BETA)))
    bench.keep_books()
    return bench


def costs_of(bench: Bench) -> dict[tuple[str | None, str | None], Decimal]:
    rows = bench.ask("SELECT run_id, model_id, sum(cost) AS cost FROM books.costs GROUP BY ALL")
    return {(row["run_id"], row["model_id"]): row["cost"] for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize(
    "named",
    [
        {"job_id": "alpha/100"},
        {"job_id": "100", "cluster": "alpha"},
        {"job_id": "alpha/100", "cluster": "beta"},
        {"job_id": "alpha/100;gamma/100;beta/1"},
    ],
)
def test_a_job_of_another_cluster_with_the_same_id_is_not_the_run_s(opened: Open, named: dict[str, str]) -> None:
    bench = two_clusters(opened, run("r1", "", "promoted", **named))
    assert costs_of(bench) == {("r1", "bot"): 2, (None, "other"): 200}
    assert {row["model_id"]: row["training_only_cost"] for row in bench.view("true_cost_by_quarter")} == {
        "bot": 2,
        "other": 0,
    }
    assert not gaps(bench, "contested")


@pytest.mark.slow
def test_a_job_id_that_two_clusters_know_is_contested_and_the_remedy_is_the_cluster(opened: Open) -> None:
    bench = two_clusters(opened, run("r1", "", "promoted", job_id="100"))
    assert costs_of(bench) == {(None, None): 2, (None, "other"): 200}
    found = {row["source"]: (row["what"], row["amounts"]) for row in gaps(bench, "contested")}
    told = (
        "claimed by no run, for several clusters know a job of that id: job 100 of the run r1 may be of alpha or beta"
    )
    assert found == {
        "slurm": (f"1 charge is {told}", "USD 2.00"),
        "slurm-b": (f"5 charges are {told}", "USD 200.00"),
    }
    assert all(row["remedy"].startswith("name the cluster") for row in gaps(bench, "contested"))
    bench.deliver("runs", runs(run("r1", "", "promoted", job_id="alpha/100")))
    bench.keep_books()
    assert costs_of(bench) == {("r1", "bot"): 2, (None, "other"): 200}


def test_a_source_of_runs_may_name_the_cluster_of_all_its_jobs(opened: Open) -> None:
    sources = [{**source, "cluster": "beta"} if source["name"] == "runs" else source for source in TEAMS["sources"]]
    bench = opened(run("r1", job_id="100 7"), **{**TEAMS, "sources": sources})
    bench.deliver("slurm", sacct(job(100, Cluster="alpha"), job(7, Cluster="alpha")))
    bench.deliver("slurm-b", sacct(job(100, **BETA)))
    bench.keep_books()
    assert costs_of(bench) == {("r1", "bot"): 200, (None, None): 4}


@pytest.mark.slow
def test_jobs_whose_cluster_nothing_tells_are_of_their_source(opened: Open) -> None:
    sources = [{**source, "cluster": None} for source in TEAMS["sources"]]
    for named, costs in (
        ("100", {(None, None): 2, (None, "other"): 200}),
        ("slurm/100", {("r1", "bot"): 2, (None, "other"): 200}),
        ("slurm-b/100", {(None, None): 2, ("r1", "bot"): 200}),
    ):
        bench = opened(run("r1", job_id=named), jobs=(job(100),), **{**TEAMS, "sources": sources})
        bench.deliver("slurm-b", sacct(job(100, **{**BETA, "Start": "2026-01-10T00:00:01"})))
        bench.keep_books()
        assert costs_of(bench) == costs


def test_an_array_and_its_tasks_are_of_their_cluster_too(opened: Open) -> None:
    bench = opened(run("r1", job_id="alpha/7"), run("r2", job_id="alpha/7_2"), run("r3", job_id="beta/7"))
    tasks = ("7_1", "7_2", "7_3")
    bench.deliver("slurm", sacct(*(job(task, Cluster=name) for task in tasks for name in ("alpha", "beta"))))
    bench.keep_books()
    assert costs_of(bench) == {("r1", "bot"): 4, ("r2", "bot"): 2, ("r3", "bot"): 6}


@pytest.mark.slow
def test_how_a_job_ended_is_told_by_its_own_cluster(opened: Open) -> None:
    told = (run("r1", job_id="alpha/1"), run("r2", job_id="beta/1"), run("r3", job_id="1"), run("r4", job_id="2"))
    bench = opened(*told)
    jobs = (job(1, "FAILED", Cluster="alpha"), job(1, Cluster="beta"), job(2, "FAILED", Cluster="beta"))
    bench.deliver("slurm", sacct(*jobs))
    bench.keep_books()
    assert ends(bench) == {"r1": CRASHED, "r2": UNDECIDED, "r3": UNDECIDED, "r4": CRASHED}
    both = sacct(job(1, "FAILED", Cluster="alpha"), job(1, "FAILED", Cluster="beta"))
    bench.deliver("slurm", both)
    bench.keep_books()
    assert ends(bench)["r3"] == UNDECIDED, "whichever is meant is not known"


@pytest.mark.slow
def test_when_a_run_began_is_told_by_its_own_cluster_s_job(opened: Open) -> None:
    early = {"Cluster": "beta", "Start": "2025-06-01T00:00:00", "End": "2025-06-01T01:00:00"}
    late = {"Cluster": "alpha", "Start": "2026-02-10T00:00:00", "End": "2026-02-10T01:00:00"}
    bench = opened(run("r0", "", "promoted", job_id=""), run("r1", job_id="alpha/1"), run("r2", job_id="beta/1"))
    bench.deliver("slurm", sacct(job(1, **early), job(1, **late)))
    bench.keep_books()
    assert {name: row["round"] for name, row in by_run(bench).items()} == {"r0": 0, "r1": 1, "r2": 0}


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


@pytest.mark.parametrize("told", ["", "discarded", "crashed"])
def test_a_chain_of_crashes_that_nothing_came_of_has_crashed_as_a_whole(opened: Open, told: str) -> None:
    crashes = tuple(job(number, "FAILED") for number in (1, 2, 3))
    found = ends(opened(run("r1"), run("r2", "r1"), run("r3", "r2", told), jobs=crashes))
    assert found["r1"] == found["r2"] == CRASHED
    assert found["r3"][2] == "failed_experiments"


@pytest.mark.parametrize("last", [{"outcome": "promoted"}, {}])
def test_a_chain_of_crashes_is_not_given_up_while_a_later_run_lives(opened: Open, last: dict[str, str]) -> None:
    told = (run("r1"), run("r2", "r1"), run("r3", "r2", "discarded"), run("r4", "r3", **last), run("r5", "r1"))
    crashes = tuple(job(number, "FAILED") for number in (1, 2, 5))
    found = ends(opened(*told, jobs=(*crashes, job(3), job(4))))
    for name in ("r1", "r2"):
        assert found[name] == (None, None, "training" if last else "undecided")
    assert found["r5"] == CRASHED, "the other branch is alive; this one is not"


def test_crashes_in_a_circle_are_judged_as_if_none_had_a_parent(opened: Open) -> None:
    circle = (run("r1", "r3"), run("r2", "r1"), run("r3", "r2"), run("r4", "r3"))
    crashes = tuple(job(number, "FAILED") for number in (1, 2, 3))
    found = ends(opened(*circle, jobs=(*crashes, job(4))))
    assert found == {"r1": CRASHED, "r2": CRASHED, "r3": UNDECIDED, "r4": UNDECIDED}


def test_a_parent_that_no_file_names_is_told(opened: Open) -> None:
    bench = opened(run("r1", "r9", "promoted"), run("r2", "r1"), jobs=(job(1), job(2)))
    (gap,) = gaps(bench, "lineage")
    assert gap["what"] == "the run r1 builds on r9, which no training_runs file names"
    assert gap["remedy"].endswith("leave parent_run_id empty in 3.csv, line 2")


@pytest.mark.parametrize("promoted", ["", "r1", "r2", "r4"])
def test_a_run_that_is_its_own_ancestor_is_told_and_never_hangs(opened: Open, promoted: str) -> None:
    circle = {"r1": "r3", "r2": "r1", "r3": "r2", "r4": "r3"}
    told = [run(name, parent, "promoted" if name == promoted else "") for name, parent in circle.items()]
    bench = opened(*told, jobs=tuple(job(number) for number in (1, 2, 3, 4)))
    assert {name for name, row in by_run(bench).items() if row["is_circular"]} == {"r1", "r2", "r3"}
    expected = {promoted} | ({"r3"} if promoted == "r4" else set())
    assert {name for name, row in by_run(bench).items() if row["activity"] == "training"} == expected - {""}
    told_of = gaps(bench, "lineage")
    assert [row["what"] for row in told_of] == [
        f"the run {name} is its own ancestor: its parent is {circle[name]}, which builds on {name}"
        for name in ("r1", "r2", "r3")
    ]
    assert told_of[0]["remedy"].startswith("correct parent_run_id in 3.csv, line 2, and deliver it again")


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


# ---- Time windows ----

RULES = [
    {"match": {"source": "aws", "service_name": "GPU"}, "model": "bot", "cost_kind": "compute"},
    {"match": {"source": "aws", "service_name": "Disk"}, "model": "bot", "cost_kind": "storage"},
    {"match": {"source": "aws", "service_name": "Serving"}, "model": "bot", "cost_kind": "compute"}
    | {"activity": "serving"},
    {"match": {"source": "aws", "service_name": "Reader"}, "model": "reader", "cost_kind": "compute"},
]
START = datetime(2026, 1, 1)


def hours(first: float, last: float) -> dict[str, str]:
    """A time window, in hours from the year's start."""
    times = (START + timedelta(hours=number) for number in (first, last))
    return dict(zip(("started_at", "ended_at"), (f"{time.isoformat()}Z" for time in times), strict=True)) | {
        "job_id": ""
    }


def charge(first: int, last: int | None, cost: str = "1", service: str = "GPU") -> dict[str, Any]:
    return {
        "charge_period_start": START + timedelta(hours=first),
        "charge_period_end": None if last is None else START + timedelta(hours=last),
        "service_name": service,
        "charge_category": "Usage",
        "billing_currency": "USD",
        "effective_cost": Decimal(cost).quantize(Decimal("1e-20")),
        "billed_cost": Decimal(cost).quantize(Decimal("1e-20")),
    }


def billed(opened: Open, charges: list[dict[str, Any]], *told: Mapping[str, str]) -> Bench:
    bench = opened(*told, models=[{"id": "bot"}, {"id": "reader"}], attribution=RULES)
    bench.put_charges(charges)
    bench.keep_books()
    return bench


def test_a_day_s_bill_is_not_the_run_s_that_took_half_of_the_day_and_both_are_told(opened: Open) -> None:
    bench = billed(opened, [charge(0, 24, "24.00")], run("r1", "", "promoted", **hours(6, 18)))
    assert costs_of(bench) == {(None, "bot"): 24}
    (gap,) = gaps(bench, "overlap")
    assert (gap["source"], gap["amounts"]) == ("aws", "USD 24.00")
    assert gap["what"].startswith("1 charge lies only in part within the time window of the run r1,")
    assert gap["remedy"].startswith("name the jobs of the run, or deliver a bill of shorter periods")
    (gap,) = gaps(bench, "run_without_cost")
    assert gap["what"].startswith("no cost is linked to the run r1, which is promoted")
    assert gap["remedy"].endswith("in 3.csv, line 2")


@pytest.mark.slow
def test_a_month_s_bill_is_not_the_run_s_that_took_six_hours(opened: Open) -> None:
    bench = billed(opened, [charge(0, 31 * 24, "3100.00")], run("r1", "", "promoted", **hours(0, 6)))
    (quarter,) = (row for row in bench.view("true_cost_by_quarter") if row["model_id"] == "bot")
    assert (quarter["training_only_cost"], quarter["true_cost"]) == (0, 3100)
    assert [row["amounts"] for row in gaps(bench, "overlap")] == ["USD 3100.00"]


@pytest.mark.slow
def test_a_run_takes_the_charges_that_lie_within_its_window_and_no_others(opened: Open) -> None:
    """Held against every pair of charge and window, one by one."""
    periods = [(first, last) for first in range(13) for last in (None, *range(first, 14), 48)]
    windows = {"r1": (2, 5), "r2": (8, 12), "r3": (10, 11)}
    bench = billed(
        opened,
        [charge(*period, service=service) for period in periods for service in ("GPU", "Disk", "Serving", "Reader")],
        *(run(name, **hours(*window)) for name, window in windows.items()),
        run("r4", model_id="reader", **hours(0, 0.5)),
        run("r5", started_at="2026-01-01T00:00:00Z", job_id=""),
        run("r6", **{**hours(0, 48), "job_id": "77"}),
    )
    found = bench.ask(
        "SELECT service_name, run_id, is_contested, overlapping_run_ids, charge_period_start, charge_period_end "
        "FROM books.attribution INNER JOIN books.charges USING (x_delivery_id, x_line, x_part) ORDER BY x_line"
    )
    assert len(found) == 4 * len(periods)
    for row in found:
        start, end = ((time - START) / timedelta(hours=1) if time else None for time in list(row.values())[-2:])
        near, inside = [], []
        for name, (first, last) in ({"r4": (0, 0.5)} if row["service_name"] == "Reader" else windows).items():
            lasts = end is not None and end > start
            if start < last and (end > first if lasts else start >= first):
                near.append(name)
                if first <= start and (not lasts or end <= last):
                    inside.append(name)
        if row["service_name"] in ("Disk", "Serving"):
            near = inside = []
        assert row["run_id"] == (inside[0] if len(inside) == 1 else None), row
        assert row["is_contested"] == (len(inside) > 1), row
        assert row["overlapping_run_ids"] == (near if near and not inside else None), row


def test_a_promoted_run_whose_jobs_nobody_knows_is_told_and_one_with_a_cost_is_not(opened: Open) -> None:
    told = (run("r1", "", "promoted"), run("r2", "", "promoted"), run("r3", "", "discarded"), run("r4"))
    (gap,) = gaps(opened(*told, jobs=(job(1),)), "run_without_cost")
    assert gap["what"] == "no cost is linked to the run r2, which is promoted: the training-only cost of bot is too low"
    assert gap["remedy"] == "deliver the records of its jobs, or correct their ids and cluster in 3.csv, line 3"
