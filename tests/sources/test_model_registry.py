"""What an MLflow registry tells of training runs: which were promoted, and when."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import SOURCES, Bench, Row, rates, runs, sacct
from truecost.intake.check import check_file

Open = Callable[..., Bench]

PROMOTED_AT = datetime(2026, 2, 1, 9, 30)


def millis(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def version(number: int = 1, run_id: str = "r1", **more: Any) -> dict[str, Any]:
    """A version as ``model-versions/search`` tells it: int64 as numbers, enums by name."""
    return {
        "name": "support-bot",
        "version": str(number),
        "creation_timestamp": millis(datetime(2026, 1, 20)),
        "last_updated_timestamp": millis(PROMOTED_AT),
        "current_stage": "None",
        "description": "",
        "source": f"mlflow-artifacts:/1/{run_id}/artifacts/model",
        "run_id": run_id,
        "status": "READY",
        "run_link": "",
        **more,
    }


def searched(*versions: Mapping[str, Any]) -> str:
    return json.dumps({"model_versions": versions}, indent=2)


@pytest.fixture
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    def open_bench(*answers: str, told: tuple[Mapping[str, str], ...] = ({},), **source: Any) -> Bench:
        sources = [{"name": name, "format": kind, "path": path} for name, (kind, path) in SOURCES.items()]
        sources.append({"name": "registry", "format": "mlflow_registry", "path": "inbox/registry/*", **source})
        bench = Bench.open(tmp_path, {"models": [{"id": "bot"}], "sources": sources})
        request.addfinalizer(bench.close)
        bench.deliver("rates", rates({}))
        bench.deliver("slurm", sacct({}))
        bench.deliver("runs", runs(*told))
        for answer in answers:
            bench.deliver("registry", answer)
        bench.keep_books()
        return bench

    return open_bench


def outcome(bench: Bench, run_id: str = "r1") -> tuple[Any, ...]:
    rows = {row["run_id"]: row for row in bench.ask("FROM books.training_runs")}
    return tuple(rows[run_id][name] for name in ("outcome", "outcome_from", "decided_at", "activity"))


def gaps(bench: Bench, kind: str) -> list[Row]:
    return [row for row in bench.view("gaps") if row["kind"] == kind]


PROMOTED = ("promoted", "mlflow registry", PROMOTED_AT, "training")
UNDECIDED = (None, None, None, "undecided")


@pytest.mark.parametrize("more", [{"current_stage": "Production"}, {"aliases": ["fallback", "champion"]}])
def test_a_run_whose_version_is_in_production_is_promoted(opened: Open, more: dict[str, Any]) -> None:
    assert outcome(opened(searched(version(**more)))) == PROMOTED


@pytest.mark.parametrize(
    "more", [{"current_stage": "Staging"}, {"current_stage": "Archived"}, {"aliases": ["challenger"]}, {}]
)
def test_a_version_that_is_not_in_production_decides_nothing(opened: Open, more: dict[str, Any]) -> None:
    assert outcome(opened(searched(version(**more)))) == UNDECIDED


def test_the_aliases_that_mean_promoted_are_the_source_s(opened: Open) -> None:
    bench = opened(searched(version(aliases=["live"]), version(2, "r2")), promoted_aliases=["live", "prod"])
    assert outcome(bench) == PROMOTED


def test_a_promotion_begins_a_round_and_its_ancestors_are_training(opened: Open) -> None:
    told = ({}, {"run_id": "r2", "parent_run_id": "r1", "job_id": ""}, {"run_id": "r3", "job_id": ""})
    bench = opened(searched(version(run_id="r2", current_stage="Production")), told=told)
    assert outcome(bench, "r2") == PROMOTED
    assert outcome(bench)[-1] == "training"
    assert bench.ask("SELECT cost, is_training_only FROM books.costs") == [{"cost": 5, "is_training_only": True}]
    assert outcome(bench, "r3")[-1] == "failed_experiments", "its round has been promoted without it"


@pytest.mark.slow
def test_what_the_training_runs_file_says_holds_whatever_the_registry_says(opened: Open) -> None:
    decided = {"outcome": "promoted", "decided_at": "2026-01-31T00:00:00Z"}
    promoted = searched(version(current_stage="Production"))
    assert outcome(opened(promoted, told=(decided,)))[1:3] == ("training_runs file", datetime(2026, 1, 31))
    assert outcome(opened(promoted, told=({"outcome": "discarded"},)))[:2] == ("discarded", "training_runs file")


def test_a_decision_s_day_that_the_file_tells_holds_though_the_registry_tells_the_outcome(opened: Open) -> None:
    used = millis(datetime(2026, 4, 16))
    between = {"run_id": "r2", "job_id": "", "started_at": "2026-03-01T00:00:00Z", "ended_at": "2026-03-02T00:00:00Z"}
    told = ({"decided_at": "2026-02-01T00:00:00Z"}, between)
    bench = opened(searched(version(current_stage="Production", last_updated_timestamp=used)), told=told)
    assert outcome(bench) == ("promoted", "mlflow registry", datetime(2026, 2, 1), "training")
    rounds = bench.ask("SELECT run_id, round FROM books.training_runs ORDER BY run_id")
    assert rounds == [{"run_id": "r1", "round": 0}, {"run_id": "r2", "round": 1}]


def test_a_version_that_left_production_was_promoted_all_the_same_and_at_the_earliest_time_told(opened: Open) -> None:
    edited = millis(datetime(2026, 3, 1))
    bench = opened(
        searched(version(current_stage="Production")),
        searched(version(current_stage="Production", last_updated_timestamp=edited)),
        searched(version(current_stage="Archived", last_updated_timestamp=millis(datetime(2026, 4, 1)))),
        searched(version(current_stage="Archived", last_updated_timestamp=millis(datetime(2026, 4, 1)))),
    )
    assert outcome(bench) == PROMOTED
    statuses = bench.ask("SELECT status FROM books.model_versions ORDER BY x_delivery_id")
    assert [row["status"] for row in statuses] == ["superseded", "superseded", "current", "duplicate"]


@pytest.mark.slow
def test_every_answer_that_holds_versions_is_read_alike(opened: Open) -> None:
    live = version(current_stage="Production")
    text = {**live, "last_updated_timestamp": str(live["last_updated_timestamp"]), "version": "1"}
    named = {"name": "support-bot", "aliases": [{"alias": "champion", "version": "1"}], "latest_versions": [version()]}
    for answer in (
        {"model_version": live},
        {"model_versions": [text], "next_page_token": "abc"},
        {"registered_models": [named, {"name": "empty"}]},
        {"registered_model": named},
    ):
        assert outcome(opened(json.dumps(answer))) == PROMOTED
    assert outcome(opened(json.dumps([{"model_versions": []}, {"model_version": live}]))) == PROMOTED
    lines = "\n".join(json.dumps({"model_version": item}) for item in (version(2, "r2"), live))
    assert outcome(opened(lines)) == PROMOTED


def test_a_version_that_no_run_made_is_skipped(opened: Open) -> None:
    bench = opened(searched(version(run_id=""), version(2, current_stage="Production")))
    (delivery,) = bench.ask(
        "SELECT rows_read, rows_loaded, rows_skipped FROM books.deliveries WHERE source = 'registry'"
    )
    assert delivery == {"rows_read": 2, "rows_loaded": 1, "rows_skipped": 1}
    assert outcome(bench) == PROMOTED


@pytest.mark.parametrize("updated", [None, "", "yesterday", -1, 1769, {"seconds": 1}])
def test_a_version_without_a_time_is_quarantined_and_the_others_load(opened: Open, updated: Any) -> None:
    bench = opened(searched(version(last_updated_timestamp=updated), version(2, current_stage="Production")))
    (bad,) = bench.ask("SELECT line, column_name, message FROM log.quarantine")
    assert bad == {"line": 3, "column_name": "last_updated_timestamp", "message": "is not a time"}
    assert outcome(bench) == PROMOTED


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,version\nbot,1\n", "the file is not JSON"),
        ('{"runs": []}', "the file holds no model versions"),
        ('{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}', "the file holds no model versions"),
        ('{"model_versions": [', "line 1, column 21: the JSON is cut or broken"),
        ("", "the file is empty"),
    ],
)
def test_a_file_that_is_no_answer_of_the_registry_is_refused(opened: Open, text: str, told: str) -> None:
    bench = opened()
    assert (bench.deliver("registry", text).refused_because or "").startswith(told)


def test_an_empty_registry_is_an_answer_too(opened: Open) -> None:
    bench = opened()
    loaded = bench.deliver("registry", '{"model_versions": []}')
    assert (loaded.refused_because, loaded.rows_read) == (None, 0)


@pytest.mark.slow
def test_a_promotion_of_a_run_that_no_file_names_is_told_and_begins_no_round(opened: Open) -> None:
    bench = opened(searched(version(3, "4f1c", current_stage="Production")))
    assert outcome(bench) == UNDECIDED
    (gap,) = gaps(bench, "unknown_run")
    told = "the registry promoted version 3 of support-bot, made by the run 4f1c, which no training_runs file names"
    assert gap["what"] == told
    assert not gaps(opened(searched(version(current_stage="Production"))), "unknown_run")


def test_a_saved_answer_is_recognised_for_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_text(searched(version()), "utf-8")
    checked = check_file(tmp_path / "answer.json", None, tmp_path, 10)
    assert (checked.format, checked.rows_accepted, checked.faults) == ("mlflow_registry", 1, ())
