"""What comes after a close is posted once, for what it is: nothing is said of what did not change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench

Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
PENNY = Decimal("0.01000000000000000000")

CONFIG: dict[str, Any] = {
    "models": [{"id": "bot"}, {"id": "reader"}],
    "attribution": [
        {"match": {"source": "aws", "service_name": "SageMaker"}, "model": "bot", "activity": "serving"},
        {"match": {"source": "slurm"}, "model": "bot"},
    ],
    "coverage": [
        {"billed": {"source": "aws", "service_name": "EC2"}, "usage": {"source": "slurm"}, "gpu_hours_per_unit": 8}
    ],
    "staff": [
        {"role": "engineer", "model": "bot", "activity": "training", "share": 1, "monthly_cost": 3100}
        | {"from": date(2026, 1, 1), "to": date(2026, 3, 31), "currency": "USD"}
    ],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, CONFIG)
    yield opened
    opened.close()


def charge(cost: str, day: int = 10, resource: str = "r-1", **more: Any) -> dict[str, Any]:
    return {
        "service_name": "SageMaker",
        "charge_category": "Usage",
        "billing_currency": "USD",
        "charge_description": "endpoint hours",
        "resource_id": resource,
        "charge_period_start": datetime(2026, 1, day),
        "charge_period_end": datetime(2026, 1, day + 1),
        "effective_cost": Decimal(cost),
        "billed_cost": Decimal(cost),
    } | more


def adjustments(bench: Bench) -> list[tuple[Any, ...]]:
    rows = bench.published("adjustments")
    return sorted((row["reason"], row["amount"], row["x_charge_id"]) for row in rows)


def job(bench: Bench, number: str = "7") -> None:
    bench.put_row("rates", "rates", gpu_type="a100", price_per_gpu_hour=Decimal(2), currency="USD")
    bench.con.execute("UPDATE ledger.rates SET valid_from = DATE '2026-01-01'")
    bench.put_row(
        *("slurm", "jobs"),
        job_id=number,
        account="nlp",
        state="COMPLETED",
        started_at=datetime(2026, 3, 5),
        elapsed_seconds=3600,
        gpus=8,
    )
    bench.con.execute("UPDATE ledger.jobs SET gpu_types = [{'gpu_type': 'a100', 'gpus': 8}]")


def run(bench: Bench, outcome: str | None) -> None:
    bench.put_row(
        *("runs", "training_runs"),
        run_id="b1",
        model_id="bot",
        job_ids=["7"],
        outcome=outcome,
        decided_at=datetime(2026, 4, 10) if outcome else None,
    )


BILL = [charge(f"{number}.50", number, f"r-{number}") for number in range(1, 11)]


@pytest.mark.slow
def test_a_bill_that_is_replaced_whole_is_adjusted_only_where_it_says_another_amount(bench: Bench) -> None:
    first = bench.put_charges(BILL)
    bench.sign(Q1)
    second = bench.restate(first, [*reversed(BILL[1:]), charge("2.50", 1, "r-1")])
    bench.keep_books()
    assert adjustments(bench) == [("restated", Decimal(1), f"{second}:10:0")]


@pytest.mark.slow
def test_what_a_replaced_bill_no_longer_holds_is_withdrawn_and_what_is_new_is_late(bench: Bench) -> None:
    first = bench.put_charges(BILL)
    bench.sign(Q1)
    second = bench.restate(first, [*BILL[1:], charge("7", 20, "r-new")])
    bench.keep_books()
    assert adjustments(bench) == [
        ("late", Decimal(7), f"{second}:10:0"),
        ("withdrawn", Decimal("-1.50"), f"{first}:1:0"),
    ]


@pytest.mark.slow
def test_what_nobody_claims_adds_up_though_it_is_no_longer_current(bench: Bench) -> None:
    first = bench.put_charges([charge("5", service_name="Lambda"), charge("8", service_name="SageMaker")])
    bench.sign(Q1)
    bench.restate(first, [charge("8", service_name="SageMaker")])
    bench.keep_books()
    rows = bench.published("unallocated")
    assert [(row["quarter"], row["x_source"], row["service_name"], row["cost"]) for row in rows] == [
        (Q1, "aws", None, 5),  # as it was closed
        (Q2, "aws", None, -5),
    ]


@pytest.mark.slow
def test_what_was_posted_late_is_closed_with_the_quarter_it_was_posted_to(bench: Bench) -> None:
    bench.put_charges(BILL)
    bench.sign(Q1)
    bench.put_charges([charge("7", 20, "r-new"), charge("3", resource="r-2", charge_period_start=datetime(2026, 4, 2))])
    bench.sign(Q2)
    assert bench.ask("FROM books.adjustments") == [], "nothing more is due"
    assert adjustments(bench) == [("late", Decimal(7), "2:1:0")], "what stands in the second quarter"


@pytest.mark.slow
def test_of_lines_that_are_the_same_each_counts(bench: Bench) -> None:
    first = bench.put_charges([charge("5"), charge("5"), charge("8")])
    bench.sign(Q1)
    second = bench.restate(first, [charge("8"), charge("5"), charge("5"), charge("5")])
    bench.keep_books()
    assert adjustments(bench) == [("late", Decimal(5), f"{second}:4:0")]


@pytest.mark.slow
def test_a_bill_that_changes_again_after_the_next_close_is_adjusted_by_the_difference(bench: Bench) -> None:
    first = bench.put_charges(BILL)
    bench.sign(Q1)
    second = bench.restate(first, [charge("2.50", 1, "r-1"), *BILL[1:]])
    bench.sign(Q2)
    assert [row["into_quarter"] for row in bench.published("adjustments")] == [Q2]
    third = bench.restate(second, [charge("2.51", 1, "r-1"), *BILL[1:], charge("4", 30, "late")])
    bench.keep_books()
    posted = [row for row in bench.published("adjustments") if row["into_quarter"] != Q2]
    assert sorted((row["reason"], row["amount"], row["x_charge_id"]) for row in posted) == [
        ("late", Decimal(4), f"{third}:11:0"),
        ("restated", PENNY, f"{third}:1:0"),
    ]


@pytest.mark.slow
def test_rows_frozen_without_a_key_are_known_by_the_bill_they_came_from(bench: Bench) -> None:
    first = bench.put_charges(BILL)
    closed = bench.sign(Q1)
    old = closed.folder / "costs.parquet"
    bench.con.execute(f"CREATE TABLE old AS SELECT * EXCLUDE (charge_key, treatment) FROM '{old}'")
    old.unlink()
    bench.con.execute(f"COPY old TO '{old}'")
    second = bench.restate(first, [charge("2.50", 1, "r-1"), *BILL[1:]])
    bench.keep_books()
    assert adjustments(bench) == [("restated", Decimal(1), f"{second}:1:0")]


@pytest.mark.slow
def test_a_late_promotion_of_an_accrued_run_is_reclassified_and_its_bill_reverses_it(bench: Bench) -> None:
    job(bench)
    run(bench, None)
    bench.sign(Q1)
    assert adjustments(bench) == []
    run(bench, "promoted")
    bench.keep_books()
    assert [(reason, amount) for reason, amount, _ in adjustments(bench)] == [
        ("reclassified", Decimal(-16)),
        ("reclassified", Decimal(16)),
    ]
    bill = charge("24", service_name="EC2", consumed_quantity=Decimal(1), consumed_unit="Hours")
    bench.put_charges([bill | {"charge_period_start": datetime(2026, 3, 5), "charge_period_end": datetime(2026, 3, 6)}])
    bench.keep_books()
    assert [(reason, amount) for reason, amount, _ in adjustments(bench)] == [
        ("late", Decimal(24)),
        ("reversed", Decimal(-16)),
    ]


@pytest.mark.slow
def test_an_accrual_whose_bill_pays_for_half_of_it_is_reversed_by_half(bench: Bench) -> None:
    job(bench)
    bench.sign(Q1)
    bill = charge("24", service_name="EC2", consumed_quantity=Decimal("0.5"), consumed_unit="Hours")
    bench.put_charges([bill | {"charge_period_start": datetime(2026, 3, 5), "charge_period_end": datetime(2026, 3, 6)}])
    bench.keep_books()
    assert [(reason, amount) for reason, amount, _ in adjustments(bench)] == [
        ("late", Decimal(24)),
        ("reversed", Decimal(-8)),
    ]


@pytest.mark.slow
def test_an_accrual_whose_usage_is_no_longer_told_is_withdrawn(bench: Bench) -> None:
    job(bench)
    bench.sign(Q1)
    bench.con.execute("UPDATE ledger.jobs SET gpus = 0, elapsed_seconds = 0")
    bench.keep_books()
    assert [(reason, amount) for reason, amount, _ in adjustments(bench)] == [("withdrawn", Decimal(-16))]


@pytest.mark.slow
def test_what_truecost_toml_says_anew_of_staff_is_of_the_settings(bench: Bench) -> None:
    bench.put_charges(BILL)
    bench.sign(Q1)
    (staff,) = CONFIG["staff"]
    bench.configure(staff=[staff | {"monthly_cost": 3131}])
    bench.keep_books()
    assert [(row["reason"], row["amount"], row["month"].month) for row in bench.published("adjustments")] == [
        ("settings", Decimal(31), month) for month in (1, 2, 3)
    ]
    bench.configure(staff=[staff | {"model": "reader"}])
    bench.keep_books()
    assert {(row["reason"], row["model_id"], row["amount"]) for row in bench.published("adjustments")} == {
        ("settings", "bot", Decimal(-3100)),
        ("settings", "reader", Decimal(3100)),
    }


@pytest.mark.slow
def test_a_promotion_told_late_moves_the_staff_of_the_months_after_it(bench: Bench) -> None:
    bench.put_charges(BILL)
    run(bench, None)
    bench.sign(Q1)
    bench.put_row(
        *("runs", "training_runs"), run_id="b0", model_id="bot", outcome="promoted", decided_at=datetime(2026, 3, 1)
    )
    bench.keep_books()
    assert {(row["reason"], row["round"], row["amount"]) for row in bench.published("adjustments")} == {
        ("reclassified", 0, Decimal(-3100)),
        ("reclassified", 1, Decimal(3100)),
    }


def test_what_adds_to_the_bills_alone_is_among_the_adjustments_of_the_quarter(bench: Bench) -> None:
    """Recoverable tax that comes late is billed, and no cost."""
    bench.put_charges([charge("100")])
    bench.sign(Q1)
    bench.put_charges([charge("19", charge_category="Tax")])
    bench.keep_books()
    (row,) = bench.published("adjustment_totals")
    assert (row["from_quarter"], row["into_quarter"], row["reason"]) == (Q1, Q2, "late")
    assert (row["row_count"], row["amount"], row["billed_amount"]) == (1, 0, 19)


def test_a_share_of_a_bill_is_treated_as_the_usage_it_follows(bench: Bench) -> None:
    used = {"match": {"source": "slurm"}, "model": "bot", "treatment": "capitalise"}
    bench.configure(attribution=[used], idle={"policy": "proportional"}, staff=[])
    job(bench)
    bill = charge("24", service_name="EC2", consumed_quantity=Decimal(3), consumed_unit="Hours")
    bench.put_charges([bill | {"charge_period_start": datetime(2026, 3, 5), "charge_period_end": datetime(2026, 3, 6)}])
    bench.keep_books()
    costs = {(row["is_idle"], row["cost"], row["treatment"]) for row in bench.published("costs") if row["cost"]}
    assert costs == {(False, 8, "capitalise"), (True, 16, None)}


@pytest.mark.slow
def test_what_was_capitalised_stays_when_a_rule_is_put_on_top(bench: Bench) -> None:
    labels = {"match": {"source": "annotators"}, "model": "bot", "activity": "data_curation"}
    rules = [labels | {"treatment": "capitalise"}, *CONFIG["attribution"]]
    (staff,) = CONFIG["staff"]
    bench.configure(attribution=rules, staff=[staff | {"treatment": "capitalise", "to": date(2026, 4, 30)}])
    bench.put_charges([charge("100")], "annotators")
    bench.sign(Q1)
    on_top = {"match": {"source": "nobody"}, "model": "reader", "activity": "evaluation"}
    bench.configure(attribution=[on_top, labels, *CONFIG["attribution"]])
    bench.keep_books()
    assert {(row["round"], row["treatment"]) for row in bench.published("costs") if row["cost"]} == {(0, "capitalise")}
    life = bench.published("model_life")
    assert [row["capitalisable_cost"] for row in life][2:4] == [Decimal(9400), Decimal(12500)]
    told = {row["x_cost_kind"]: row["x_treatment"] for row in bench.published("charges")}
    assert told == {"other": "capitalise", "labor": "capitalise"}, "by the rules of then"
