"""What a unit of a model's work cost: by what its evals gained, told only where the scale and the version are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Row
from truecost.quarters import parse_quarter

Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
CONFIG: dict[str, Any] = {
    "sources": [
        {"name": "aws", "format": "focus", "path": "inbox/aws/*"},
        {"name": "runs", "format": "training_runs", "path": "inbox/runs/*"},
        {"name": "evals", "format": "lm_eval", "path": "inbox/evals/*"},
        {"name": "registry", "format": "mlflow_registry", "path": "inbox/registry/*"},
        {"name": "log", "format": "request_log", "path": "inbox/log/*"},
    ],
    "models": [{"id": "bot"}],
    "attribution": [{"match": {"source": "aws"}, "model": "bot", "activity": "training"}],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, CONFIG)
    for month in (1, 4):
        charge = {"service_category": "Compute", "charge_category": "Usage", "billing_currency": "USD"}
        amount = {"effective_cost": Decimal(100), "billed_cost": Decimal(100)}
        period = {
            "charge_period_start": datetime(2026, month, 9),
            "charge_period_end": datetime(2026, month, 10),
        }
        opened.put_charges([charge | amount | period])
    yield opened
    opened.close()


def scored(bench: Bench, score: float, on: date, version: str = "v1", metric: str = "acc", **more: Any) -> None:
    told = {"model_id": "bot", "model_version": version, "task": "faq", "metric": metric, "score": score, "n": 10}
    told |= {"higher_is_better": True, "evaluated_at": datetime(on.year, on.month, on.day)} | more
    bench.put_row("evals", "evals", **told)


def promoted(bench: Bench, run: str, on: date) -> None:
    decided = datetime(on.year, on.month, on.day)
    bench.put_row("runs", "training_runs", run_id=run, model_id="bot", outcome="promoted", decided_at=decided)


def registered(bench: Bench, version: str, run: str, stage: str, on: date) -> None:
    told = {"registered_model": "bot", "registered_version": version, "run_id": run, "stage": stage, "aliases": []}
    bench.put_row("registry", "model_versions", **told, updated_at=datetime(on.year, on.month, on.day))


def economics(bench: Bench, quarter: str = Q1) -> Row:
    bench.keep_books()
    (row,) = [row for row in bench.published("unit_economics") if row["quarter"] == quarter]
    return row


@pytest.mark.parametrize(
    ("metric", "first", "last", "points"),
    [
        ("acc", 0.31, 0.36, 5),
        ("acc,none", 31.0, 36.0, 5),
        ("bleu", 31.0, 36.0, 5),
        ("bleu", 0.31, 0.36, 5),
        ("rougeLsum", 0.9, 31.9, 31),
        ("ter", 60.0, 50.0, 10),
        ("word_perplexity", 12.0, 9.0, None),
        ("eval_loss", 0.9, 0.7, None),
        ("mcc", -0.2, 0.4, None),
        ("acc", 31.0, 136.0, None),
    ],
)
def test_points_are_of_the_metrics_scale(
    bench: Bench, metric: str, first: float, last: float, points: int | None
) -> None:
    is_better = metric not in ("ter", "word_perplexity", "eval_loss")
    scored(bench, first, date(2026, 1, 5), metric=metric, higher_is_better=is_better)
    scored(bench, last, date(2026, 3, 5), metric=metric, higher_is_better=is_better)
    row = economics(bench)
    assert row["eval_points_gained"] == points
    assert row["cost_per_eval_point"] == (None if points is None else (Decimal(100) / points).quantize(Decimal("1e-6")))
    if points is None:
        assert f"the scale of {metric} is not known" in row["reason"]


@pytest.mark.slow
def test_of_several_evals_none_is_picked_until_one_is_named(bench: Bench) -> None:
    scored(bench, 0.5, date(2026, 1, 5))
    scored(bench, 0.6, date(2026, 3, 5))
    scored(bench, 0.4, date(2026, 3, 5), task="dialogue", n=5000)
    row = economics(bench)
    assert (row["eval_task"], row["eval_points_gained"], row["cost_per_eval_point"]) == (None, None, None)
    assert "name headline_eval under [[models]]" in row["reason"]
    bench.configure(models=[{"id": "bot", "headline_eval": "faq:acc"}])
    row = economics(bench)
    assert (row["eval_task"], row["eval_points_gained"], row["cost_per_eval_point"]) == ("faq", 10, 10)


@pytest.mark.slow
def test_the_version_in_production_speaks_for_the_model(bench: Bench) -> None:
    scored(bench, 0.50, date(2026, 1, 5), "base")
    scored(bench, 0.60, date(2026, 2, 5), "run-1")
    scored(bench, 0.90, date(2026, 3, 5), "candidate")
    row = economics(bench)
    assert (row["baseline_version"], row["latest_version"]) == ("base", "candidate"), "none is known to be promoted"
    promoted(bench, "run-1", date(2026, 2, 10))
    row = economics(bench)
    assert (row["latest_version"], row["latest_score"], row["eval_points_gained"]) == ("run-1", 0.6, 10)
    promoted(bench, "run-2", date(2026, 4, 10))
    scored(bench, 0.70, date(2026, 3, 1), "run-2")
    assert economics(bench)["latest_version"] == "run-1", "what is promoted later is not in production yet"
    assert economics(bench, Q2)["latest_version"] == "run-2"


@pytest.mark.slow
def test_a_version_that_the_registry_took_back_is_not_in_production(bench: Bench) -> None:
    scored(bench, 0.50, date(2026, 1, 5), "v1")
    scored(bench, 0.60, date(2026, 2, 5), "bot/2")
    for run, version, day in (("a", "1", date(2026, 1, 10)), ("b", "2", date(2026, 2, 10))):
        promoted(bench, run, day)
        registered(bench, version, run, "Production", day)
    assert economics(bench)["latest_version"] == "bot/2"
    registered(bench, "2", "b", "Archived", date(2026, 3, 1))
    registered(bench, "1", "a", "Production", date(2026, 3, 1))
    assert economics(bench)["latest_version"] == "v1"
    assert economics(bench)["reason"].endswith("no eval point gained so far")


def test_a_lower_bound_is_told_beside_the_cost_per_unit(bench: Bench) -> None:
    assert economics(bench)["completeness"] == "incomplete: no labor"
    quarter = parse_quarter(Q1, 1)
    (row,) = [row for row in bench.published("true_cost_by_quarter") if row["quarter_start"] == quarter.start]
    assert row["completeness"] == "incomplete: no labor"


@pytest.mark.slow
def test_what_the_log_tells_after_the_close_changes_nothing_of_it(bench: Bench) -> None:
    def asked(key: str, month: int) -> None:
        when = datetime(2026, month, 20)
        bench.put_row("log", "requests", request_id=key, model_id="bot", requested_at=when, x_key=key, x_occurrence=1)

    asked("1", 3)
    bench.sign(Q1)
    before = economics(bench)
    assert (before["requests"], before["cost_per_1k_requests"]) == (1, 100_000)
    asked("2", 3)
    asked("3", 4)
    scored(bench, 0.5, date(2026, 1, 5))
    assert economics(bench) == before
    assert economics(bench, Q2)["requests"] == 1


def test_what_is_sunk_is_told_of_every_model_and_nothing_is_to_go_of_an_abandoned_one(bench: Bench) -> None:
    bench.configure(models=[{"id": "bot"}, {"id": "reader"}, {"id": "given up", "abandoned": date(2026, 5, 1)}])
    bench.keep_books()
    rows = {row["model_id"]: row for row in bench.published("sunk_and_to_go", date(2026, 3, 31))}
    assert {model: row["sunk"] for model, row in rows.items()} == {"bot": 100, "reader": 0, "given up": 0}
    assert {row["to_go_p50"] for row in rows.values()} == {None}
    assert {row["reason"] for row in rows.values()} == {"it has no plan"}
    for model in ("bot", "given up"):
        bench.con.execute(
            "INSERT INTO outlook.forecast BY NAME SELECT ? AS model_id, DATE '2026-10-05' AS as_of, 'USD' AS currency, "
            "200 AS actual_to_date, 250 AS estimate_at_completion_p10, 300 AS estimate_at_completion_p50, "
            "400 AS estimate_at_completion_p90",
            [model],
        )
    rows = {row["model_id"]: row for row in bench.published("sunk_and_to_go")}
    told = {model: (row["to_go_p10"], row["to_go_p90"], row["reason"]) for model, row in rows.items()}
    assert told == {"bot": (50, 200, None), "reader": (None, None, "it has no plan"), "given up": (0, 0, None)}
