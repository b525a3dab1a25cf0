"""Bills and the usage they pay for: what makes a pool, what only follows one, what stays accrued, whose the idle is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, rates, sacct

UNIT = Decimal("0.00000000000000000001")
RULES = [
    {"match": {"source": ["slurm"], "sub_account_id": ["nlp"]}, "model": "bot", "activity": "serving"},
    {"match": {"source": ["slurm"], "sub_account_id": ["cv"]}, "model": "reader", "activity": "evaluation"},
    {"match": {"source": ["aws"], "tags.model": ["bot"]}, "model": "bot", "activity": "serving"},
    {"match": {"source": ["aws"], "tags.model": ["reader"]}, "model": "reader", "activity": "serving"},
]
COVERAGE = {
    "billed": {"service_name": "EC2"},
    "usage": {"source": "slurm"},
    "gpu_type": "a100",
    "gpu_hours_per_unit": 8,
}
MODELS = [{"id": "bot"}, {"id": "reader"}]

Make = Callable[..., Bench]
Found = dict[tuple[str | None, bool], Decimal]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    opened: list[Bench] = []

    def of(**settings: Any) -> Bench:
        bench = Bench.open(tmp_path, {"models": MODELS, "attribution": RULES, "coverage": [COVERAGE], **settings})
        opened.append(bench)
        bench.deliver("rates", rates({}, {"gpu_type": "h100", "price_per_gpu_hour": "4"}, {"gpu_type": "*"}))
        return bench

    yield of
    for bench in opened:
        bench.close()


def bill(day: str, until: str, cost: str, hours: str | None = None, **more: Any) -> dict[str, Any]:
    """A line of the cloud bill, from one moment to another (``01-10`` or ``01-10 09:00``)."""
    amount = Decimal(cost).quantize(UNIT)
    return {
        "service_name": "EC2",
        "charge_category": "Usage",
        "billing_currency": "USD",
        "charge_period_start": moment(day),
        "charge_period_end": moment(until),
        "consumed_quantity": None if hours is None else Decimal(hours).quantize(UNIT),
        "consumed_unit": "Hours",
        "billed_cost": amount,
        "effective_cost": amount,
        **more,
    }


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}")


def job(
    number: int, start: str, hours: int, gpus: int = 8, account: str = "nlp", tres: str = "gpu:a100"
) -> dict[str, str]:
    begun = moment(start)
    return {
        "JobID": str(number),
        "Start": begun.isoformat(),
        "End": (begun + timedelta(hours=hours)).isoformat(),
        "ElapsedRaw": str(3600 * hours),
        "AllocTRES": f"gres/gpu={gpus},gres/{tres}={gpus}" if ":" in tres else f"gres/gpu={gpus}",
        "Account": account,
    }


def shares(bench: Bench, where: str = "TRUE") -> Found:
    """(model, idle) -> true cost, in cents."""
    rows = bench.ask(f"SELECT model_id, is_idle, sum(cost) AS cost FROM books.costs WHERE {where} GROUP BY ALL")
    return {(row["model_id"], row["is_idle"]): row["cost"].quantize(Decimal("0.01")) for row in rows if row["cost"]}


@pytest.mark.parametrize(
    "line",
    [
        {"charge_category": "Tax"},
        {"charge_category": "Purchase"},
        {"charge_category": "Credit"},
        {"consumed_unit": "GB", "consumed_quantity": Decimal(5).quantize(UNIT)},
        {"consumed_unit": "GB-Hours", "consumed_quantity": Decimal(5).quantize(UNIT)},
    ],
)
def test_only_gpu_hours_pay_for_usage(make: Make, line: Mapping[str, Any]) -> None:
    bench = make()
    bench.deliver("slurm", sacct(job(1, "01-10", 24)))
    number = bench.put_charges([bill("01-01", "02-01", "15", **line)])
    bench.keep_books()
    rows = bench.ask("SELECT cost, is_accrued FROM books.costs WHERE source = 'slurm'")
    assert [(row["cost"], row["is_accrued"]) for row in rows] == [(480, True)]  # 192 hours at 2.50
    left = bench.ask("SELECT share_no, model_id FROM books.costs WHERE x_delivery_id = ?", number)
    assert left == [{"share_no": 0, "model_id": None}], "nothing to follow: left to the rules"


def test_a_fee_and_a_credit_follow_the_pool_and_provide_nothing(make: Make) -> None:
    bench = make(idle={"policy": "platform"})
    bench.deliver("slurm", sacct(job(1, "01-10", 12), job(2, "01-10 12:00", 6, account="cv")))
    bench.put_charges(
        [
            bill("01-10", "01-11", "768", "24"),  # 192 GPU hours: 96 bot, 48 reader, 48 idle
            bill("01-01", "02-01", "45", "500", consumed_unit="GB"),
            bill("01-10", "01-11", "-7.68", charge_category="Credit"),
        ]
    )
    bench.keep_books()
    whole = Decimal("805.32")
    assert shares(bench) == {
        ("bot", False): whole / 2,
        ("reader", False): whole / 4,
        (None, True): whole / 4,
    }
    (use,) = bench.view("gpu_use")
    assert (use["capacity_gpu_hours"], use["used_gpu_hours"], use["idle_gpu_hours"]) == (192, 144, 48)
    assert use["cost"] == 768


def test_bills_of_one_day_are_one_pool_however_their_periods_are_cut(make: Make) -> None:
    bench = make(idle={"policy": "proportional"})
    bench.deliver("slurm", sacct(job(1, "01-10", 24), job(2, "01-11", 24, account="cv")))
    bench.put_charges(
        [
            bill("01-01", "02-01", "2976", "744"),  # reserved for a month, 4.00 an hour
            bill("01-10", "01-11", "96", "24"),  # on demand
            bill("01-10 00:00", "01-10 23:00", "92", "23"),
            bill("01-10 23:00", "01-11 01:00", "8", "2"),
        ]
    )
    bench.keep_books()  # each job's hours count once, or an invariant breaks
    use = {row["first_day"].day: row for row in bench.view("gpu_use")}
    assert len(use) == 31
    assert sum(row["used_gpu_hours"] for row in use.values()) == 384
    assert use[10]["capacity_gpu_hours"] == 8 * (24 + 24 + 23 + 1)
    assert use[11]["capacity_gpu_hours"] == 8 * (24 + 1)
    assert use[5]["idle_gpu_hours"] == 192
    found = shares(bench)
    assert found["bot", True] == found["reader", True], "both used 192 hours in the month"
    assert sum(found.values()) == 3172


def test_one_job_fills_one_cluster_and_no_bill_beside_it(make: Make) -> None:
    capacity = {"name": "ridge", "gpu_type": "a100", "gpus": 8, "monthly_cost": Decimal(3100), "currency": "USD"}
    bench = make(capacity=[capacity])
    bench.deliver("slurm", sacct(job(1, "01-10", 24)))
    bench.put_charges([bill("01-10", "01-11", "768", "24")])
    bench.keep_books()
    used = {row["coverage"]: row["used_gpu_hours"] for row in bench.view("gpu_use") if row["first_day"].day == 10}
    assert used == {"coverage 1": 192, "capacity ridge": 0}


@pytest.mark.slow
def test_hours_beyond_what_the_bills_provide_stay_accrued(make: Make) -> None:
    bench = make()
    bench.deliver("slurm", sacct(job(1, "01-10", 24), job(2, "01-10", 24, account="cv")))
    bench.keep_books()
    assert shares(bench) == {("bot", False): 480, ("reader", False): 480}
    bench.put_charges([bill("01-10", "01-11", "768", "24")])  # one of two instances
    bench.keep_books()
    assert shares(bench) == {("bot", False): 384 + 240, ("reader", False): 384 + 240}
    rows = bench.ask("SELECT is_covered, is_accrued, cost FROM books.costs WHERE source = 'slurm'")
    assert [tuple(row.values()) for row in rows] == [(False, True, 240), (False, True, 240)]
    gaps = [row for row in bench.view("gaps") if row["kind"] == "accrued"]
    assert [(gap["model_id"], gap["is_lower_bound"], gap["amounts"]) for gap in gaps] == [
        ("bot", False, "USD 480.00"),
        ("reader", False, "USD 480.00"),
    ]
    assert all("192.00 GPU hours" in gap["what"] for gap in gaps), "one fault, of two models"
    bench.put_charges([bill("01-10", "01-11", "768", "24")])
    bench.keep_books()
    assert shares(bench) == {("bot", False): 768, ("reader", False): 768}
    assert not [row for row in bench.view("gaps") if row["kind"] == "accrued"]


def test_a_cluster_of_our_own_costs_no_more_when_it_is_oversubscribed(make: Make) -> None:
    capacity = {"name": "ridge", "gpu_type": "a100", "gpus": 8, "monthly_cost": Decimal(3100), "currency": "USD"}
    bench = make(capacity=[capacity], coverage=[])
    bench.deliver("slurm", sacct(job(1, "01-10", 24), job(2, "01-10", 24, account="cv")))
    bench.keep_books()
    assert shares(bench) == {("bot", False): 50, ("reader", False): 50, (None, True): 3000}


def test_a_bill_of_a_resource_goes_to_the_usage_of_that_resource(make: Make) -> None:
    bench = make(coverage=[{"billed": {"service_name": "EC2"}, "usage": {"source": "slurm"}, "join": "resource_id"}])
    bench.deliver("slurm", sacct(job(1, "01-10", 24), job(2, "01-10", 12, account="cv")))
    bench.put_charges(
        [bill("01-10", "01-11", cost, "24", resource_id=name) for name, cost in (("1", "700"), ("2", "70"))]
    )
    bench.keep_books()
    assert shares(bench) == {("bot", False): 700, ("reader", False): 70}


def test_a_job_uses_each_of_its_nodes_and_a_node_without_a_bill_stays_accrued(make: Make) -> None:
    bench = make(coverage=[{"billed": {"service_name": "EC2"}, "usage": {"source": "slurm"}, "join": "resource_id"}])
    both, third = {"NodeList": "gpu[01-02]"}, {"NodeList": "gpu[02,03],login1"}
    bench.deliver("slurm", sacct(job(1, "01-10", 24) | both, job(2, "01-10", 12, gpus=12, account="cv") | third))
    bench.put_charges(
        [
            bill("01-10", "01-11", "96", "24", resource_id="gpu01"),
            bill("01-10", "01-11", "96", "24", resource_id="i-0ab", resource_name="gpu02"),
        ]
    )
    bench.keep_books()
    # gpu02: 96 GPU hours of bot's job, 48 of reader's; reader's other 96 are on nodes that no bill names.
    assert shares(bench, "source = 'aws'") == {("bot", False): 96 + 64, ("reader", False): 32}
    assert shares(bench, "source = 'slurm'") == {("reader", False): 240}
    assert {row["resource_id"]: row["used_gpu_hours"] for row in bench.view("gpu_use")} == {"gpu01": 96, "i-0ab": 144}


def test_a_fee_follows_the_pools_of_its_own_days(make: Make) -> None:
    bench = make()
    bench.deliver(
        "slurm", sacct(job(1, "01-10", 24), job(2, "01-11", 24, account="cv"), job(3, "01-09", 24, account="cv"))
    )
    bench.put_charges([bill(f"01-{day:02d}", f"01-{day + 1:02d}", "96", "24") for day in (9, 10, 11)])
    fee = bench.put_charges([bill("01-10", "01-11", "7", charge_category="Tax", consumed_unit=None)])
    bench.configure(workspace={"name": "bench", "tax": "cost"})
    bench.keep_books()
    assert shares(bench, f"x_delivery_id = {fee}") == {("bot", False): 7}


def test_what_is_left_over_goes_to_those_with_the_largest_rest(make: Make) -> None:
    shared = {"match": {"service_name": "Host"}, "driver": "fixed", "activity": "serving"}
    shared |= {"models": ["bot", "reader", "third"], "shares": [Decimal("0.5"), Decimal("0.3"), Decimal("0.2")]}
    bench = make(models=[*MODELS, {"id": "third"}], coverage=[], allocations=[shared])
    bench.put_charges([bill("01-10", "01-11", "0", service_name="Host") | {"effective_cost": 3 * UNIT}])
    bench.keep_books()
    rows = bench.ask("SELECT model_id, cost FROM books.costs ORDER BY model_id")
    # 1.5, 0.9 and 0.6 units: 1, 0 and 0, and the two that are left to 0.9 and 0.6.
    assert {row["model_id"]: row["cost"] for row in rows} == {"bot": UNIT, "reader": UNIT, "third": UNIT}


def test_a_commitment_that_stood_idle_during_a_run_is_not_what_training_cost(make: Make) -> None:
    rule = {"match": {"service_name": "EC2"}, "model": "bot", "cost_kind": "compute"}
    bench = make(coverage=[], attribution=[rule])
    window = {"started_at": moment("01-09"), "ended_at": moment("01-13"), "decided_at": moment("01-14")}
    bench.put_row("runs", "training_runs", run_id="b1", model_id="bot", job_ids=[], outcome="promoted", **window)
    bench.put_charges([bill("01-10", "01-11", "96"), bill("01-11", "01-12", "40", commitment_discount_status="Unused")])
    bench.keep_books()
    told = "SELECT cost, run_id, is_idle, is_training_only FROM books.costs ORDER BY x_line"
    assert [tuple(row.values()) for row in bench.ask(told)] == [(96, "b1", False, True), (40, "b1", True, False)]


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("gpu01", ["gpu01"]),
        ("gpu[01-03,7],login1", ["gpu01", "gpu02", "gpu03", "gpu7", "login1"]),
        ("a[8-11]-ib,b[098-101]", ["a8-ib", "a9-ib", "a10-ib", "a11-ib", "b098", "b099", "b100", "b101"]),
        ("n[1-x]", ["n1-x"]),
    ],
)
def test_slurms_list_of_nodes_is_told_apart(make: Make, told: str, names: list[str]) -> None:
    (row,) = make().ask("SELECT expand_nodes(?) AS names", told)
    assert row["names"] == names


@pytest.mark.parametrize(("tres", "gpu_type"), [("gpu:a100", "A100"), ("gpu", "a100")])
def test_a_gpu_type_is_the_same_in_any_case_and_told_by_the_only_pool(make: Make, tres: str, gpu_type: str) -> None:
    capacity = {"name": "ridge", "gpu_type": gpu_type, "gpus": 8, "monthly_cost": Decimal(3100), "currency": "USD"}
    bench = make(capacity=[capacity], coverage=[])
    bench.deliver("slurm", sacct(job(1, "01-10", 24, tres=tres)))
    bench.keep_books()
    assert shares(bench) == {("bot", False): 100, (None, True): 3000}


def test_untyped_usage_of_a_day_with_two_types_is_nobodys_guess(make: Make) -> None:
    coverage = {**COVERAGE}
    del coverage["gpu_type"]
    bench = make(coverage=[coverage])
    bench.deliver("slurm", sacct(job(1, "01-10", 24, tres="gpu")))
    bench.put_charges(
        [bill("01-10", "01-11", "768", "24", tags=f'{{"gpu_type": "{name}"}}') for name in ("a100", "h100")]
    )
    bench.keep_books()
    assert shares(bench) == {("bot", False): 480, (None, True): 1536}


def test_idle_goes_to_those_who_used_the_same_type(make: Make) -> None:
    coverage = {**COVERAGE}
    del coverage["gpu_type"]
    bench = make(coverage=[coverage], idle={"policy": "proportional"})
    bench.deliver("slurm", sacct(job(1, "01-10", 24), job(2, "01-10", 1, account="cv", tres="gpu:h100")))
    bench.put_charges(
        [bill("01-10", "01-11", "768", "24", tags=f'{{"gpu_type": "{name}"}}') for name in ("a100", "H100")]
    )
    bench.keep_books()
    assert shares(bench) == {("bot", False): 768, ("reader", False): 32, ("reader", True): 736}


def test_a_commitment_that_was_not_used_is_idle(make: Make) -> None:
    bench = make(idle={"policy": "proportional"})
    bench.deliver("slurm", sacct(job(1, "01-10", 24)))
    bench.put_charges(
        [
            bill("01-10", "01-11", "768", "24", commitment_discount_status="Used"),
            bill("01-10", "01-11", "384", "12", commitment_discount_status="Unused"),
            bill(
                "01-10",
                "01-11",
                "50",
                service_name="Other",
                capacity_reservation_status="Unused",
                tags='{"model": "bot"}',
            ),
        ]
    )
    bench.keep_books()
    assert shares(bench) == {("bot", False): 768, ("bot", True): 384 + 50}
    (use,) = bench.view("gpu_use")
    assert (use["capacity_gpu_hours"], use["idle_gpu_hours"], use["idle_cost"]) == (288, 96, 384)


def test_gpu_hours_drive_an_hourly_bill_by_the_part_of_the_job_in_it(make: Make) -> None:
    bench = make(
        coverage=[], allocations=[{"match": {"source": "aws"}, "driver": "gpu_hours", "models": ["bot", "reader"]}]
    )
    bench.deliver("slurm", sacct(job(1, "01-10 09:30", 3), job(2, "01-10 10:30", 1, account="cv", gpus=4)))
    bench.put_charges([bill("01-10 10:00", "01-10 11:00", "30")])
    bench.keep_books()
    assert shares(bench, "source = 'aws'") == {("bot", False): 24, ("reader", False): 6}  # 8 x 60 and 4 x 30 minutes


def test_serving_idle_belongs_to_those_who_served_that_month(make: Make) -> None:
    allocation = {
        "match": {"source": "aws"},
        "driver": "gpu_seconds",
        "models": ["bot", "reader"],
        "gpu_hours_per_unit": 1,
    }
    bench = make(
        coverage=[],
        allocations=[allocation],
        idle={"policy": "proportional"},
        sources=[
            *(
                {"name": n, "format": f, "path": n}
                for n, f in (("aws", "focus"), ("slurm", "slurm"), ("rates", "rate_card"))
            ),
            {"name": "requests", "format": "request_log", "path": "y"},
        ],
    )
    log = ["requested_at,model,gpu_seconds", "2026-01-10T00:10:00Z,bot,1350", "2026-01-10T00:20:00Z,reader,450"]
    bench.deliver("requests", "\n".join(log) + "\n")
    bench.put_charges([bill(f"01-10 {h:02d}:00", f"01-10 {h + 1:02d}:00", "1", "1") for h in range(23)])
    bench.keep_books()
    assert shares(bench) == {
        ("bot", False): Decimal("0.38"),  # 0.375
        ("reader", False): Decimal("0.12"),
        ("bot", True): Decimal("16.88"),  # 22.5 x 3/4
        ("reader", True): Decimal("5.62"),
    }
    (use,) = bench.view("gpu_use")
    assert (use["coverage"], use["capacity_gpu_hours"], use["used_gpu_hours"]) == ("allocation 1", 23, Decimal("0.5"))
    assert use["idle_assigned"] == Decimal("22.5")


def test_a_cluster_nobody_uses_is_paid_for_all_the_same(make: Make) -> None:
    idle = {"name": "ridge", "gpu_type": "h100", "gpus": 8, "monthly_cost": Decimal(3100), "currency": "USD"}
    bench = make(coverage=[], capacity=[idle | {"first_day": date(2026, 1, 1)}])
    bench.deliver("slurm", sacct(job(1, "02-10", 24)))
    bench.keep_books()
    assert shares(bench, "source = '[[capacity]]'") == {(None, True): 6200}


def test_jobs_elsewhere_do_not_date_a_cluster(make: Make) -> None:
    ridge = {"name": "ridge", "gpu_type": "a100", "gpus": 8, "monthly_cost": Decimal(3100), "currency": "USD"}
    bench = make(coverage=[], capacity=[ridge | {"usage": {"sub_account_id": "cv"}}])
    bench.deliver("slurm", sacct(job(1, "01-10", 24), job(2, "03-10", 24, account="cv")))
    bench.keep_books()
    months = bench.ask("SELECT DISTINCT month FROM books.costs WHERE source = '[[capacity]]'")
    assert [row["month"] for row in months] == [date(2026, 3, 1)]


def test_a_purchase_for_a_year_is_spread_over_it(make: Make) -> None:
    bench = make(coverage=[])
    year = {"charge_period_end": datetime(2027, 1, 1), "charge_category": "Purchase", "service_name": "Support"}
    bench.put_charges(
        [
            bill("01-01", "02-01", "3650", **year),
            bill("01-01", "02-01", "31", **year | {"charge_period_end": moment("02-01")}),
        ]
    )
    bench.keep_books()
    months = bench.ask(
        "SELECT month, sum(cost) AS cost, sum(billed) AS billed FROM books.costs GROUP BY month ORDER BY month"
    )
    assert [row["cost"] for row in months[:2]] == [310 + 31, 280]
    assert [row["billed"] for row in months[:2]] == [3681, 0]
    assert len(months) == 12
    assert sum(row["cost"] for row in months) == 3681


@pytest.mark.parametrize(
    ("told", "expected", "method"),
    [
        ({"resource_id": "r2"}, {"reader": -10}, "credit by resource"),
        ({"sub_account_id": "s1", "service_name": "A"}, {"bot": -10}, "credit by sub-account and service"),
        ({"sub_account_id": "s1", "service_name": "Tax"}, {"bot": -8, "reader": -2}, "credit by sub-account"),
        ({"invoice_id": "i1"}, {"bot": Decimal("-5"), "reader": Decimal("-5")}, "credit by invoice"),
        ({"service_name": "Tax"}, {"bot": -4, "reader": -5, None: -1}, "credit by account and period"),
        ({"billing_account_id": "another"}, {None: -10}, None),
        ({"billing_period_start": moment("02-01")}, {None: -10}, None),
        ({"billing_currency": "EUR"}, {}, None),  # unconverted, and nobody's
    ],
)
def test_a_credit_follows_the_charges_it_belongs_to(
    make: Make, told: Mapping[str, Any], expected: Mapping[str | None, Decimal], method: str | None
) -> None:
    bench = make(coverage=[])
    period = {"billing_period_start": moment("01-01"), "service_name": "A", "sub_account_id": "s1"}
    bot, reader = ({**period, "tags": f'{{"model": "{name}"}}'} for name in ("bot", "reader"))
    bench.put_charges(
        [
            bill("01-05", "01-06", "40", **bot | {"resource_id": "r1", "invoice_id": "i1"}),
            bill("01-06", "01-07", "10", **reader | {"resource_id": "r2", "service_name": "B"}),
            bill("01-07", "01-08", "40", **reader | {"sub_account_id": "s2", "invoice_id": "i1"}),
            bill("01-08", "01-09", "10", **period | {"sub_account_id": "s3"}),
        ]
    )
    credit = {"charge_category": "Credit", "service_name": None, "billing_period_start": moment("01-01"), **told}
    number = bench.put_charges([bill("01-31", "02-01", "-10", **credit)])
    bench.keep_books()
    rows = bench.ask("SELECT * FROM books.costs WHERE x_delivery_id = ?", number)
    found = {row["model_id"]: row["cost"] for row in rows if row["cost"] is not None}
    assert found == expected
    assert {row["allocated_method_id"] for row in rows} == {method}


def test_a_tax_follows_too_and_counts_where_it_is_a_cost(make: Make) -> None:
    bench = make(coverage=[], workspace={"name": "bench", "tax": "cost"})
    line = {"billing_period_start": moment("01-01")}
    bench.put_charges(
        [
            bill("01-05", "01-06", "40", **line, tags='{"model": "bot"}'),
            bill("01-06", "01-07", "60", **line, tags='{"model": "reader"}'),
            bill("01-31", "02-01", "19", **line | {"charge_category": "Tax", "service_name": None}),
        ]
    )
    bench.keep_books()
    assert shares(bench) == {("bot", False): Decimal("47.6"), ("reader", False): Decimal("71.4")}


def test_a_rule_that_claims_a_credit_has_the_say(make: Make) -> None:
    bench = make(coverage=[])
    line = {"billing_period_start": moment("01-01")}
    bench.put_charges(
        [
            bill("01-05", "01-06", "40", **line, tags='{"model": "bot"}'),
            bill("01-31", "02-01", "-10", **line | {"charge_category": "Credit", "tags": '{"model": "reader"}'}),
        ]
    )
    bench.keep_books()
    assert shares(bench) == {("bot", False): 40, ("reader", False): -10}
