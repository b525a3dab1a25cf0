"""A bill is shared by those who used what it pays for: conserved to the last unit, no hour twice, the rest idle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, rates, runs, sacct
from tests.support.effort import examples

UNIT = Decimal("0.00000000000000000001")
START = datetime(2026, 1, 30)  # two months and three days: a month's end is among them
MODELS = {"nlp": "bot", "cv": "reader", "ops": None}

RULES = [
    {"match": {"source": ["slurm"], "sub_account_id": ["nlp"]}, "model": "bot", "activity": "serving"},
    {"match": {"source": ["slurm"], "sub_account_id": ["cv"]}, "model": "reader", "activity": "evaluation"},
]

costs = st.decimals("-50", "5000", places=5)
jobs = st.lists(
    st.fixed_dictionaries(
        {
            "account": st.sampled_from(list(MODELS)),
            "start": st.integers(0, 71),
            "seconds": st.integers(1, 3 * 3600),
            "gpus": st.integers(1, 8),
        }
    ),
    max_size=5,
)
bills = st.lists(
    st.fixed_dictionaries(
        {
            "hour": st.integers(0, 71),
            "hours": st.sampled_from([1, 1, 24]),
            "quantity": st.none() | st.integers(0, 3),
            "billed": costs,
            "effective": costs,
        }
    ),
    min_size=1,
    max_size=4,
)
policies = st.sampled_from(
    [
        {},
        {"policy": "proportional"},
        {"policy": "equal"},
        {"policy": "equal", "models": ["bot"]},
        {"policy": "fixed", "models": ["bot", "reader"], "shares": [Decimal("0.3"), Decimal("0.7")]},
    ]
)


def moment(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def slurm(listed: list[dict[str, Any]]) -> str:
    return sacct(
        *(
            {
                "JobID": str(number),
                "Start": moment(job["start"]).isoformat(),
                "End": (moment(job["start"]) + timedelta(seconds=job["seconds"])).isoformat(),
                "ElapsedRaw": str(job["seconds"]),
                "AllocTRES": f"gres/gpu={job['gpus']},gres/gpu:a100={job['gpus']}",
                "Account": job["account"],
            }
            for number, job in enumerate(listed, start=1)
        )
    )


def charge(bill: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "service_name": "EC2",
        "charge_category": "Usage",
        "billing_currency": "USD",
        "charge_period_start": moment(bill["hour"]),
        "charge_period_end": moment(bill["hour"] + bill["hours"]),
        "consumed_quantity": None if bill["quantity"] is None else Decimal(bill["quantity"]).quantize(UNIT),
        "consumed_unit": "Hours",
        "billed_cost": bill["billed"].quantize(UNIT),
        "effective_cost": bill["effective"].quantize(UNIT),
        **more,
    }


def used_by_day(listed: list[dict[str, Any]]) -> Counter[tuple[Any, str | None]]:
    """GPU seconds by UTC day and model."""
    used: Counter[tuple[Any, str | None]] = Counter()
    for job in listed:
        first = moment(job["start"])
        for second in (first, first + timedelta(days=1)):
            day = datetime(second.year, second.month, second.day)
            begin, stop = max(first, day), min(first + timedelta(seconds=job["seconds"]), day + timedelta(days=1))
            if stop > begin:
                used[day.date(), MODELS[job["account"]]] += int((stop - begin).total_seconds()) * job["gpus"]
    return used


def seconds_by_day(bill: Mapping[str, Any]) -> dict[Any, int]:
    """How many seconds of a bill's period fall on each UTC day."""
    found: Counter[Any] = Counter()
    for hour in range(bill["hour"], bill["hour"] + bill["hours"]):
        found[moment(hour).date()] += 3600
    return dict(found)


def bearers(
    policy: Mapping[str, Any], used: Counter[tuple[Any, str | None]], pools: set[Any], month: int
) -> dict[str | None, Fraction]:
    """Each model's part of what stood idle in a month; the platform is None."""
    if policy.get("policy") == "equal":
        models = policy.get("models", ["bot", "reader"])
        return {model: Fraction(1, len(models)) for model in models}
    if policy.get("policy") == "fixed":
        return {model: Fraction(share) for model, share in zip(policy["models"], policy["shares"], strict=True)}
    weights: Counter[str] = Counter()
    for (day, model), seconds in used.items():
        if policy and model and day.month == month and day in pools:
            weights[model] += seconds
    total = sum(weights.values())
    return {model: Fraction(weight, total) for model, weight in weights.items()} if total else {None: Fraction(1)}


def expected_shares(
    bill: Mapping[str, Any],
    billed: list[dict[str, Any]],
    used: Counter[tuple[Any, str | None]],
    policy: Mapping[str, Any],
) -> dict[tuple[str | None, bool], Fraction]:
    """(model, idle) -> effective cost of a bill; empty where nothing tells whose it is."""
    pools = {day for other in billed for day in seconds_by_day(other)}
    provided: Counter[Any] = Counter()
    for other in billed:
        for day, seconds in seconds_by_day(other).items():
            provided[day] += Fraction((other["quantity"] or 0) * 8 * 3600 * seconds, other["hours"] * 3600)
    use = {day: {model: s for (on, model), s in used.items() if on == day} for day in pools}
    idle = {day: max(provided[day] - sum(use[day].values()), 0) for day in pools}
    days = seconds_by_day(bill)
    weights = {
        day: (seconds if bill["quantity"] else sum(use[day].values())) if use[day] or idle[day] else 0
        for day, seconds in days.items()
    }
    expected: Counter[tuple[str | None, bool]] = Counter()
    for day, weight in weights.items():
        if weight:
            amount = Fraction(bill["effective"]) * weight / sum(weights.values())
            whole = idle[day] + sum(use[day].values())
            for model, seconds in use[day].items():
                expected[model, False] += amount * seconds / whole  # type: ignore[assignment]
            for model, part in bearers(policy, used, pools, day.month).items():
                expected[model, True] += amount * idle[day] / whole * part  # type: ignore[assignment]
    return dict(expected)


@pytest.mark.slow
@given(jobs, bills, policies)
@settings(max_examples=examples(12))
def test_a_bill_goes_to_those_who_used_it_and_the_rest_is_idle(
    folder: Path, listed: list[dict[str, Any]], billed: list[dict[str, Any]], policy: dict[str, Any]
) -> None:
    bench = Bench.open(
        folder,
        {
            "models": [{"id": "bot"}, {"id": "reader"}],
            "attribution": RULES,
            "coverage": [
                {
                    "billed": {"source": "aws"},
                    "usage": {"source": "slurm"},
                    "gpu_type": "a100",
                    "gpu_hours_per_unit": 8,
                }
            ],
            "idle": policy,
        },
    )
    try:
        bench.deliver("rates", rates({}))
        if listed:
            bench.deliver("slurm", slurm(listed))
        number = bench.put_charges([charge(bill) for bill in billed])
        bench.keep_books()  # every invariant holds
        used = used_by_day(listed)
        for line, bill in enumerate(billed, start=1):
            rows = bench.ask(
                "SELECT model_id, is_idle, share_no, sum(effective_cost) AS cost FROM books.costs "
                "WHERE x_delivery_id = ? AND x_line = ? GROUP BY ALL",
                number,
                line,
            )
            assert sum(row["cost"] for row in rows) == bill["effective"]
            expected = expected_shares(bill, billed, used, policy)
            if not expected:
                assert [row["share_no"] for row in rows] == [0], "left to the rules"
                continue
            found: Counter[tuple[str | None, bool]] = Counter()
            for row in rows:
                found[row["model_id"], row["is_idle"]] += Fraction(row["cost"])  # type: ignore[assignment]
            for key in {*expected, *found}:
                assert abs(found.get(key, 0) - expected.get(key, Fraction(0))) <= 12 * Fraction(UNIT), key
        # Usage under a bill costs nothing of its own; usage without one, or beyond what it provides, is accrued.
        known: dict[Any, Fraction | None] = {}
        for bill in billed:
            for day, seconds in seconds_by_day(bill).items():
                before = known.get(day, Fraction(0))
                known[day] = (
                    None
                    if before is None or bill["quantity"] is None
                    else before + Fraction(bill["quantity"] * 8 * seconds, bill["hours"])
                )
        for row in bench.ask(
            "SELECT costs.*, CAST(charge_period_start AS DATE) AS day FROM books.costs "
            "INNER JOIN books.charges USING (x_delivery_id, x_line, x_part) WHERE costs.source = 'slurm'"
        ):
            whole = sum(seconds for (day, _), seconds in used.items() if day == row["day"])
            paid = known.get(row["day"], Fraction(0))
            open_part = 0 if paid is None else max(1 - paid / whole, Fraction(0))
            assert row["is_covered"] == (open_part == 0)
            assert row["is_accrued"] == (open_part > 0)
            whole_cost = Fraction(row["effective_cost"])  # parts are counted in billionths of a GPU second
            assert abs(Fraction(row["cost"]) - whole_cost * open_part) <= whole_cost / 10**9 + Fraction(UNIT)
    finally:
        bench.close()


@pytest.mark.slow
def test_an_accrual_is_reversed_when_its_bill_arrives(folder: Path) -> None:
    coverage = {"billed": {"source": "aws"}, "usage": {"source": "slurm"}}
    toml = {"models": [{"id": "bot"}], "attribution": RULES[:1], "coverage": [coverage]}
    bench = Bench.open(folder, toml)
    try:
        bench.deliver("rates", rates({"price_per_gpu_hour": "3"}))
        job = {"account": "nlp", "start": 0, "seconds": 3600, "gpus": 2}
        bench.deliver("slurm", slurm([job]))
        bench.keep_books()
        assert [(row["cost"], row["is_accrued"]) for row in bench.ask("FROM books.costs")] == [(6, True)]

        bill = {"hour": 0, "hours": 1, "quantity": None, "billed": Decimal(7), "effective": Decimal(7)}
        bench.put_charges([charge(bill)])
        bench.keep_books()
        rows = bench.ask("SELECT source, model_id, cost, is_accrued FROM books.costs ORDER BY source")
        assert [tuple(row.values()) for row in rows] == [("aws", "bot", 7, False), ("slurm", "bot", 0, False)]
    finally:
        bench.close()


def test_a_cluster_of_our_own_costs_its_month_whether_used_or_not(folder: Path) -> None:
    capacity = {"name": "ridge", "gpu_type": "a100", "gpus": 4, "monthly_cost": Decimal("31000"), "currency": "USD"}
    toml = {"models": [{"id": "bot"}, {"id": "reader"}], "attribution": RULES, "capacity": [capacity]}
    bench = Bench.open(folder, toml)
    try:
        bench.deliver("runs", runs({"run_id": "r", "job_id": "1", "outcome": "promoted", "decided_at": "2026-02-10"}))
        bench.deliver("slurm", slurm([{"account": "nlp", "start": 0, "seconds": 6 * 3600, "gpus": 4}]))
        bench.keep_books()
        (january,) = bench.view("true_cost_by_quarter")[:1]
        (total,) = bench.ask("SELECT sum(cost) AS cost FROM books.costs")
        assert total["cost"] == 31000, "the job has no price of its own, and needs none"
        assert january["training_only_cost"] == january["true_cost"] == 250, "a quarter of a day's 1000"
        use = bench.view("gpu_use")
        assert len(use) == 31
        assert sum(day["idle_platform"] for day in use) == 30750
        busy = next(day for day in use if day["used_gpu_hours"])
        assert (busy["capacity_gpu_hours"], busy["used_gpu_hours"], busy["utilization"]) == (96, 24, Decimal("0.25"))
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("driver", "shares", "expected"),
    [
        ("requests", None, {"bot": 75, "reader": 25}),
        ("tokens", None, {"bot": 60, "reader": 40}),
        ("gpu_seconds", None, {"bot": 10, "reader": 30, None: 60}),
        ("equal", None, {"bot": 50, "reader": 50}),
        ("fixed", [Decimal("0.2"), Decimal("0.8")], {"bot": 20, "reader": 80}),
        ("gpu_hours", None, {None: 100}),
    ],
)
def test_shared_serving_is_split_by_what_its_models_used(
    folder: Path, driver: str, shares: list[Decimal] | None, expected: dict[str | None, int]
) -> None:
    allocation = {"match": {"source": "aws"}, "driver": driver, "models": ["bot", "reader"], "gpu_hours_per_unit": 1}
    toml = {
        "models": [{"id": "bot"}, {"id": "reader"}],
        "allocations": [allocation | ({"shares": shares} if shares else {})],
        "sources": [
            {"name": "aws", "format": "focus", "path": "x"},
            {"name": "requests", "format": "request_log", "path": "y"},
        ],
    }
    bench = Bench.open(folder, toml)
    try:
        log = ["requested_at,model,input_tokens,output_tokens,gpu_seconds"]
        log += [f"2026-01-30T00:0{n}:00Z,bot,20,0,120" for n in range(3)]
        log += ["2026-01-30T00:09:00Z,reader,30,10,1080", "2026-01-30T01:00:00Z,reader,999,9,999"]
        bench.deliver("requests", "\n".join(log) + "\n")
        bill = {"hour": 0, "hours": 1, "quantity": 1, "billed": Decimal(100), "effective": Decimal(100)}
        bench.put_charges([charge(bill)])
        bench.keep_books()
        rows = bench.ask("SELECT model_id, is_idle, cost, allocated_method_id FROM books.costs")
        assert {row["model_id"]: row["cost"] for row in rows} == expected
        assert {row["is_idle"] for row in rows} == {driver == "gpu_seconds", False}
        assert all(row["allocated_method_id"].startswith(f"allocation 1 by {driver}") for row in rows)
    finally:
        bench.close()
