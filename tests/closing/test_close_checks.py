"""What speaks against closing a quarter: each check, on books made for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sources.test_model_registry import searched, version
from tests.support.books import SOURCES, Bench, rates, sacct, table
from tests.support.timesheets import GOOD_TOGGL
from truecost.books.derivation import keep_books
from truecost.closing.checks import CHECKS, Check
from truecost.closing.close import close_quarter

Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
BILLS = {"match": {"source": "aws", "service_name": "Claimed"}, "model": "bot", "activity": "serving"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Books of one model, with a source for each check."""
    kinds = {
        **SOURCES,
        "openai": ("openai_costs", "inbox/openai/*"),
        "registry": ("mlflow_registry", "inbox/registry/*"),
        "toggl": ("timesheet", "inbox/toggl/*"),
    }
    opened = Bench.open(
        tmp_path,
        {
            "sources": [{"name": name, "format": kind, "path": path} for name, (kind, path) in kinds.items()],
            "models": [{"id": "bot"}],
            "attribution": [BILLS, {"match": {"source": ["slurm", "openai", "toggl"]}, "model": "bot"}],
            "coverage": [{"billed": {"source": "aws", "service_name": "EC2"}, "usage": {"source": "slurm"}}],
            "rates": [{"role": "*", "hourly_cost": Decimal(50), "currency": "USD"}],
        },
    )
    yield opened
    opened.close()


def charge(amount: str, day: date, service: str = "Claimed") -> dict[str, Any]:
    cost = Decimal(amount).quantize(Decimal("1e-20"))
    start = datetime(day.year, day.month, day.day)
    return {
        "service_name": service,
        "charge_category": "Usage",
        "billing_currency": "USD",
        "billed_cost": cost,
        "effective_cost": cost,
        "charge_period_start": start,
        "charge_period_end": start + timedelta(days=1),
    }


def judged(bench: Bench, quarter: str, accept: Sequence[str] = (), dry_run: bool = True) -> dict[str, Check]:
    closing = close_quarter(bench.session(date(2026, 7, 11)), quarter, "cfo", accept, dry_run)
    assert dry_run or closing.close
    return {check.name: check for check in closing.checks if check.found or check.accepted_before}


def test_a_charge_and_a_credit_nobody_claims_do_not_cancel_out(bench: Bench) -> None:
    day = date(2026, 2, 3)
    bench.put_charges([charge("1000", day), charge("150", day, "Other"), charge("-150", day, "Other")])
    (check,) = judged(bench, Q1).values()
    assert check.name == "unallocated"
    assert check.found == ("USD 300.00 of 1300.00 (charges and credits each counted in full), more than 2.00 %",)


@pytest.mark.slow
def test_what_was_unallocated_and_is_taken_back_is_not_unallocated_again(bench: Bench) -> None:
    first = bench.put_charges([charge("100", date(2026, 2, 3), "Other"), charge("10", date(2026, 2, 3))])
    judged(bench, Q1, ["unallocated"], dry_run=False)
    newer = bench.put_charges([charge("20", date(2026, 2, 3), "Other"), charge("10", date(2026, 2, 3))])
    name = f"{first}.csv"
    bench.con.execute("UPDATE log.deliveries SET set_name = ?, file = ? WHERE delivery_id = ?", [name, name, newer])
    bench.con.execute("UPDATE log.claims SET slot = ? WHERE delivery_id = ?", [f"slot {first}", newer])
    bench.put_charges([charge("3000", date(2026, 5, 3))])
    keep_books(bench.session())
    taken_back = bench.ask("SELECT sum(cost) AS cost FROM books.adjustments WHERE model_id IS NULL AND cost < 0")
    assert taken_back[0]["cost"] == -80
    assert judged(bench, Q2) == {}, "80 of 3,080 are more than 2 %, and are no new cost"


@pytest.mark.slow
def test_usage_without_its_bill_is_told_and_refuses_nothing(bench: Bench) -> None:
    bench.deliver("rates", rates({}))
    bench.deliver("slurm", sacct({}, {"JobID": "101", "Start": "2026-03-10T00:00:00", "End": "2026-03-10T01:00:00"}))
    (check,) = judged(bench, Q1).values()
    assert (check.name, check.found) == ("accrued", ("USD 10.00 of slurm, 2026-01 to 2026-03",))
    assert check.is_passed
    judged(bench, Q1, dry_run=False)
    bench.deliver("slurm", sacct({"JobID": "102", "Start": "2026-04-10T00:00:00", "End": "2026-04-10T01:00:00"}))
    assert judged(bench, Q2)["accrued"].found == (
        "USD 10.00 of slurm, 2026-01 to 2026-03: older than the quarter, and no bill has come",
        "USD 5.00 of slurm, 2026-04",
    )


@pytest.mark.slow
def test_missing_pages_speak_against_the_quarter_they_are_of(bench: Bench) -> None:
    def page(day: date) -> str:
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        paid = {"object": "organization.costs.result", "amount": {"value": 5, "currency": "usd"}}
        bucket = {"object": "bucket", "start_time": start, "end_time": start + 86400, "results": [paid]}
        return json.dumps({"object": "page", "data": [bucket], "has_more": True, "next_page": "page_A"})

    bench.put_charges([charge("1000", date(2026, 2, 3)), charge("1000", date(2026, 5, 3))])
    bench.deliver("openai", page(date(2026, 4, 30)), "inbox/openai/4.json")
    assert "pages" not in judged(bench, Q1)
    judged(bench, Q1, dry_run=False)
    told = "the pages after inbox/openai/4.json, from 2026-05-01 00:00 UTC on"
    assert judged(bench, Q2)["pages"].found == (told,)
    judged(bench, Q2, ["pages"], dry_run=False)
    bench.put_charges([charge("1000", date(2026, 7, 3))])
    closing = close_quarter(bench.session(date(2026, 10, 3)), "FY2026-Q3", None, dry_run=True)
    (pages,) = [check for check in closing.checks if check.name == "pages"]
    assert (pages.found, pages.accepted_before) == ((), (f"{told} (accepted with {Q2}, version 1, by cfo)",))


@pytest.mark.slow
def test_an_unknown_promoted_run_and_entries_left_out_speak_against_a_close(bench: Bench) -> None:
    bench.put_charges([charge("9000", date(2026, 2, 3))])
    bench.deliver("registry", searched(version(3, "4f1c", current_stage="Production")))
    bench.deliver("toggl", table([{}, {"Start time": "13:00:00", "Description": "kept"}], GOOD_TOGGL))
    bench.deliver("toggl", table([{"Start time": "08:00:00"}, {"Start time": "13:00:00"}], GOOD_TOGGL))
    found = judged(bench, Q1)
    assert "made by the run 4f1c" in found["unknown_run"].found[0]
    assert "still counted, though a newer export" in found["left_out"].found[0]
    judged(bench, Q1, ["unknown_run", "left_out", "unallocated"], dry_run=False)


def test_a_broken_promise_of_the_books_refuses_a_close_and_can_not_be_accepted(
    bench: Bench,
) -> None:
    bench.put_charges([charge("1000", date(2026, 2, 3))])
    keep_books(bench.session())
    bench.con.execute("UPDATE books.costs SET cost = cost + 1")
    closing = close_quarter(bench.session(date(2026, 7, 11)), Q1, "cfo", CHECKS)
    assert closing.close is None
    assert closing.refused_by == ("invariants",)
    assert not (bench.folder / "closed").exists()
