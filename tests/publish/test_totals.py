"""The quarter's totals and shares as published: what they add up, and when a figure is not known rather than zero."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Row

Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
CONFIG: dict[str, Any] = {
    "sources": [
        {"name": "aws", "format": "focus", "path": "inbox/aws/*"},
        {"name": "runs", "format": "training_runs", "path": "inbox/runs/*"},
    ],
    "models": [{"id": "bot"}, {"id": "reader"}],
    "attribution": [
        {"match": {"service_name": f"{model} {activity}"}, "model": model, "activity": activity, **kind}
        for model in ("bot", "reader")
        for activity in ("training", "failed_experiments", "serving", "evaluation")
        for kind in ({"cost_kind": "other" if activity == "evaluation" else "compute"},)
    ],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, CONFIG)
    yield opened
    opened.close()


def spent(bench: Bench, month: int, currency: str = "USD", **services: int) -> None:
    """Charges of a day of the month, by service: ``bot_serving`` is the service `bot serving`."""
    period = {"charge_period_start": datetime(2026, month, 9), "charge_period_end": datetime(2026, month, 10)}
    about = {"charge_category": "Usage", "billing_currency": currency, **period}
    costs = {name.replace("_", " ", 1): Decimal(cost) for name, cost in services.items()}
    bench.put_charges(
        [{"service_name": name, "effective_cost": cost, "billed_cost": cost, **about} for name, cost in costs.items()]
    )


def totals(bench: Bench) -> dict[str, Row]:
    bench.keep_books()
    return {row["quarter"]: row for row in bench.view("totals")}


def test_a_quarter_s_total_is_that_of_its_models_and_of_what_no_rule_claims(bench: Bench) -> None:
    spent(bench, 1, bot_serving=60, reader_serving=30, nobody=10)
    spent(bench, 4, bot_serving=15, nobody=5)
    told = totals(bench)
    assert [told[quarter]["true_cost"] for quarter in (Q1, Q2)] == [100, 20]
    assert told[Q2]["true_cost_to_date"] == told[Q2]["billed_cost_to_date"] == 120
    assert (told[Q1]["unallocated_cost"], told[Q1]["unallocated_share"]) == (10, Decimal("0.1"))
    assert told[Q2]["allocated_share"] == Decimal("0.75")
    assert told[Q2]["unallocated_cost_to_date"] == told[Q2]["unallocated_billed_cost_to_date"] == 15
    by_model = bench.view("true_cost_by_quarter")
    for quarter, row in told.items():
        for figure in ("true_cost", "billed_cost", "true_cost_to_date", "billed_cost_to_date"):
            assert row[figure] == sum(one[figure] for one in by_model if one["quarter"] == quarter)


def test_a_total_says_of_which_models_it_is_a_lower_bound(bench: Bench) -> None:
    spent(bench, 1, bot_serving=60, nobody=10)
    spent(bench, 1, "XXX", reader_evaluation=5)
    (row,) = totals(bench).values()
    assert row["is_lower_bound"]
    assert row["completeness"] == ("incomplete: bot (no labor); reader (no compute; no labor; 1 unconverted charges)")


def test_shares_are_of_all_quarters_so_far(bench: Bench) -> None:
    spent(bench, 1, bot_training=30, bot_failed_experiments=10, bot_evaluation=60)
    spent(bench, 4, bot_failed_experiments=20, bot_serving=40)
    bench.keep_books()
    first, second = bench.view("true_cost_by_quarter")
    assert (first["failed_share"], first["people_and_compute_share"]) == (Decimal("0.25"), Decimal("0.4"))
    assert (second["failed_share"], second["people_and_compute_share"]) == (Decimal("0.5"), Decimal("0.625"))


def test_a_failed_experiment_counts_by_its_compute_alone(bench: Bench) -> None:
    spent(bench, 1, bot_training=30)
    labor = {
        "match": {"service_name": "People"},
        "model": "bot",
        "activity": "failed_experiments",
        "cost_kind": "labor",
    }
    bench.configure(attribution=[*CONFIG["attribution"], labor])
    spent(bench, 1, People=70, bot_failed_experiments=10)
    bench.keep_books()
    (row,) = bench.view("true_cost_by_quarter")
    assert (row["failed_share"], row["people_and_compute_share"]) == (Decimal("0.25"), 1)


def test_a_stage_is_told_from_its_first_cost_on_with_its_share(bench: Bench) -> None:
    spent(bench, 1, bot_serving=60, bot_evaluation=40)
    spent(bench, 4, bot_serving=25, bot_training=75)
    bench.keep_books()
    names = ("quarter", "stage", "cost", "cost_to_date", "share", "share_to_date")
    told = {tuple(row[name] for name in names) for row in bench.view("cost_by_stage_to_date")}
    assert told == {
        (Q1, "evaluation", 40, 40, Decimal("0.4"), Decimal("0.4")),
        (Q1, "serving", 60, 60, Decimal("0.6"), Decimal("0.6")),
        (Q2, "evaluation", 0, 40, 0, Decimal("0.2")),
        (Q2, "serving", 25, 85, Decimal("0.25"), Decimal("0.425")),
        (Q2, "training", 75, 75, Decimal("0.75"), Decimal("0.375")),
    }
    kinds = {(row["quarter"], row["cost_kind"], row["cost_to_date"]) for row in bench.view("cost_by_kind_to_date")}
    assert kinds == {(Q1, "compute", 60), (Q1, "other", 40), (Q2, "compute", 160), (Q2, "other", 40)}


def test_the_multiplier_of_all_is_not_known_while_the_cost_of_a_promoted_run_is_not(bench: Bench) -> None:
    spent(bench, 1, bot_serving=60)
    bench.put_row(
        "runs", "training_runs", run_id="r0", model_id="bot", outcome="promoted", started_at=datetime(2026, 4, 1)
    )
    spent(bench, 4, bot_serving=40)
    told = totals(bench)
    assert (told[Q1]["multiplier_to_date"], told[Q1]["multiplier_to_date_reason"]) == (None, "no promoted run so far")
    assert told[Q2]["multiplier_to_date"] is None
    assert told[Q2]["multiplier_to_date_reason"] == "the cost of a promoted run is not known"
    assert told[Q2]["multiplier_reason"] == "no promoted run in this quarter"
