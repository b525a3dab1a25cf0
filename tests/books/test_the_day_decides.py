"""A share of a bill falls on its day, and what is told of it is true: cases worked out by hand, and their like."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, Row, rates, run_steps, runs, sacct
from tests.support.effort import examples
from tests.support.ubl_documents import Line, Ubl
from truecost import steps
from truecost.clock import Clock
from truecost.closing.checks import CHECKS
from truecost.publish.publication import open_published
from truecost.sources import ubl
from truecost.store.rows import read_rows
from truecost.workspace.workspace import Workspace, load_workspace

Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
UNIT = Decimal("0.00000000000000000001")
MODELS = [{"id": "bot"}, {"id": "reader"}]
JOBS = [
    {"match": {"source": "slurm", "sub_account_id": "nlp"}, "model": "bot", "activity": "training"},
    {"match": {"source": "slurm", "sub_account_id": "cv"}, "model": "reader", "activity": "evaluation"},
]
COVERAGE = {
    "billed": {"source": "annotators"},
    "usage": {"source": "slurm"},
    "gpu_type": "a100",
    "gpu_hours_per_unit": 8,
}

Make = Callable[..., Bench]


@dataclass
class Case:
    """A case of the shared samples, in a folder of its own."""

    root: Path

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root)

    def run(self, on: date) -> Case:
        run_steps(self.workspace, Clock(on))
        assert steps.faults(self.workspace) == []
        return self

    def close(self, quarter: str, on: date) -> None:
        closing = steps.close(self.workspace, Clock(on), quarter, "cfo", CHECKS)
        assert closing.close is not None, closing.checks

    def comes_late(self) -> None:
        shutil.copytree(self.root / "late" / "inbox", self.root / "inbox", dirs_exist_ok=True)

    def ask(self, sql: str) -> list[Row]:
        with open_published(self.workspace.published) as con:
            return read_rows(con, sql)

    def by_model(self, column: str, quarter: str) -> dict[str | None, Any]:
        rows = self.ask(f"SELECT model_id, {column} AS told FROM true_cost_by_quarter WHERE quarter = '{quarter}'")
        return {row["model_id"]: row["told"] for row in rows}

    def totals(self) -> None:
        """Each view adds up to the others, to the last digit."""
        views = {
            "totals": "true_cost, billed_cost",
            "true_cost_by_quarter": "sum(true_cost) AS true_cost, sum(billed_cost) AS billed_cost",
            "costs": "coalesce(sum(cost), 0) AS true_cost, coalesce(sum(billed_cost), 0) AS billed_cost",
        }
        told = [
            {
                row["quarter"]: (row["true_cost"], row["billed_cost"])
                for row in self.ask(
                    f"SELECT quarter, {sums} FROM {view}" + (" GROUP BY quarter" if "sum" in sums else "")
                )
            }
            for view, sums in views.items()
        ]
        assert told[0] == told[1] == told[2]
        bridged = self.ask("SELECT quarter, sum(amount) AS amount FROM bridge WHERE step = 'true' GROUP BY quarter")
        assert {row["quarter"]: row["amount"] for row in bridged} == {q: cost for q, (cost, _) in told[0].items()}


@pytest.fixture
def case(shared: Path, tmp_path: Path) -> Callable[[str], Case]:
    def of(name: str) -> Case:
        source = shared.parent / "cases" / name
        if not source.is_dir():
            pytest.skip(f"the case {name} is not on this machine")
        return Case(Path(shutil.copytree(source, tmp_path / name)))

    return of


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    opened: list[Bench] = []

    def of(**settings: Any) -> Bench:
        bench = Bench.open(tmp_path, {"models": MODELS, "attribution": JOBS, "coverage": [COVERAGE], **settings})
        opened.append(bench)
        bench.deliver("rates", rates({}))
        return bench

    yield of
    for bench in opened:
        bench.close()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}")


def bill(first: str, end: str, cost: str, hours: str | None = None, **more: Any) -> dict[str, Any]:
    """A line of a bill, from one day up to another, issued on the first."""
    return {
        "service_name": "EC2",
        "charge_category": "Usage",
        "billing_currency": "USD",
        "charge_period_start": moment(first),
        "charge_period_end": moment(end),
        "consumed_quantity": None if hours is None else Decimal(hours).quantize(UNIT),
        "consumed_unit": "Hours",
        "billed_cost": Decimal(cost).quantize(UNIT),
        "effective_cost": Decimal(cost).quantize(UNIT),
        **more,
    }


def lease(first: str, end: str, cost: str, hours: str | None = None, **more: Any) -> dict[str, Any]:
    return bill(first, end, cost, hours, **{"x_issued_at": moment(first), **more})


def job(
    number: int, day: str, hours: int = 24, gpus: int = 8, account: str = "nlp", gpu: str = "a100"
) -> dict[str, str]:
    begun = moment(day)
    return {
        "JobID": str(number),
        "Start": begun.isoformat(),
        "End": (begun + timedelta(hours=hours)).isoformat(),
        "ElapsedRaw": str(3600 * hours),
        "AllocTRES": f"gres/gpu={gpus},gres/gpu:{gpu}={gpus}",
        "Account": account,
    }


def by_month(bench: Bench, amount: str = "cost") -> dict[tuple[str | None, int], Decimal]:
    """(model, month) -> what it comes to; what comes to nothing is left out."""
    rows = bench.ask(
        f"SELECT model_id, month, sum({amount}) AS amount FROM books.costs GROUP BY ALL HAVING sum({amount}) <> 0"
    )
    return {(row["model_id"], row["month"].month): row["amount"] for row in rows}


@pytest.mark.slow
def test_a_lease_over_two_quarters_goes_to_who_used_it_when_they_did(case: Callable[[str], Case]) -> None:
    told = case("ledger-36-gpu-lease-invoice-over-two-quarters").run(date(2026, 7, 5))
    assert told.by_model("true_cost", Q1) == {"bot": 10, None: 890}
    assert told.by_model("true_cost", Q2) == {"bot": 0, "reader": 10, None: 900}
    assert told.by_model("training_only_cost", Q1)["bot"] == 10
    told.totals()


@pytest.mark.slow
def test_a_closed_quarter_of_a_lease_stands_when_the_next_one_is_used(case: Callable[[str], Case]) -> None:
    told = case("ledger-39-gpu-lease-and-a-close").run(date(2026, 4, 8))
    told.close(Q1, date(2026, 4, 8))
    told.comes_late()
    told.run(date(2026, 7, 5))
    assert told.ask("FROM adjustments") == []
    assert told.by_model("true_cost", Q1) == {"bot": 10, None: 890}
    assert told.by_model("true_cost", Q2) == {"bot": 0, "reader": 10, None: 900}
    told.totals()


def test_a_bill_ahead_of_its_days_is_nobodys_until_they_come(make: Make) -> None:
    bench = make()
    bench.put_charges([lease("01-31", "03-03", "310", "744")], "annotators")
    bench.deliver("slurm", sacct(job(1, "02-10"), job(2, "03-01", account="cv")))
    bench.keep_books()
    assert by_month(bench) == {
        (None, 1): 10,
        ("bot", 2): 10,
        (None, 2): 270,
        ("reader", 3): 10,
        (None, 3): 10,
    }
    assert by_month(bench, "billed") == {
        (None, 1): 310,
        ("bot", 2): 10,
        (None, 2): -10,
        ("reader", 3): 10,
        (None, 3): -10,
    }


def test_a_bill_behind_its_days_is_billed_to_whose_they_were(make: Make) -> None:
    bench = make()
    bench.put_charges([lease("01-30", "02-02", "30", "72", x_issued_at=moment("03-05"))], "annotators")
    bench.deliver("slurm", sacct(job(1, "01-30"), job(2, "02-01", account="cv")))
    bench.keep_books()
    assert by_month(bench) == {("bot", 1): 10, (None, 1): 10, ("reader", 2): 10}
    assert by_month(bench, "billed") == {("bot", 3): 10, ("reader", 3): 10, (None, 3): 10}


def test_a_cloud_bill_over_two_months_does_not_stand_in_the_one_it_starts(make: Make) -> None:
    bench = make(coverage=[{**COVERAGE, "billed": {"source": "aws"}}])
    bench.put_charges([bill("01-31", "02-02", "20", "48")])
    bench.deliver("slurm", sacct(job(1, "02-01", account="cv")))
    bench.keep_books()
    assert by_month(bench) == {(None, 1): 10, ("reader", 2): 10}


@pytest.mark.parametrize("rule", [[], [{"match": {"source": "annotators"}, "model": "bot", "activity": "serving"}]])
@pytest.mark.parametrize("is_covered", [True, False])
def test_tax_and_credit_of_a_lease_fall_on_the_days_they_are_of(make: Make, is_covered: bool, rule: Any) -> None:
    billed = {"source": "annotators", **({} if is_covered else {"charge_category": "Usage"})}
    bench = make(
        coverage=[{**COVERAGE, "billed": billed}],
        attribution=[*JOBS, *(rule if is_covered else [])],
        workspace={"name": "bench", "tax": "cost"},
    )
    tax, credit = {"charge_category": "Tax"}, {"charge_category": "Credit"}
    bench.put_charges(
        [
            lease("03-31", "04-02", "20", "48"),
            lease("03-31", "04-02", "4", **tax),
            lease("03-31", "04-02", "-2", **credit),
        ],
        "annotators",
    )
    bench.deliver("slurm", sacct(job(1, "03-31"), job(2, "04-01", account="cv")))
    bench.keep_books()
    assert by_month(bench) == {("bot", 3): 11, ("reader", 4): 11}


days = st.integers(0, 120)
used = st.lists(
    st.tuples(days, st.integers(1, 24), st.integers(1, 8), st.sampled_from(["nlp", "cv", "ops"])), max_size=5
)
leases = st.lists(
    st.tuples(st.integers(0, 85), st.integers(1, 120), st.decimals("0.01", "5000", places=2), st.booleans()),
    min_size=1,
    max_size=3,
)


@pytest.mark.slow
@given(leases, used, used, st.sampled_from(["platform", "proportional", "equal"]))
@settings(max_examples=examples(10))
def test_no_closed_quarter_moves_with_what_a_later_day_is_used_for(
    tmp_path_factory: pytest.TempPathFactory, listed: Any, before: Any, after: Any, policy: str
) -> None:
    root = tmp_path_factory.mktemp("close")
    bench = Bench.open(
        root, {"models": MODELS, "attribution": JOBS, "coverage": [COVERAGE], "idle": {"policy": policy}}
    )
    start, quarter_end = date(2026, 1, 1), date(2026, 4, 1)

    def on(day: int) -> str:
        return f"{start + timedelta(days=day):%m-%d}"

    try:
        bench.deliver("rates", rates({}))
        bench.put_charges(
            [
                lease(
                    on(first),
                    on(first + length),
                    str(cost),
                    str(24 * length),
                    x_issued_at=moment(on(first if is_ahead else first + length)),
                )
                for first, length, cost, is_ahead in listed
            ],
            "annotators",
        )
        jobs = [job(n, on(day), hours, gpus, account) for n, (day, hours, gpus, account) in enumerate(before, start=1)]
        if jobs:
            bench.deliver("slurm", sacct(*jobs))
        bench.keep_books()
        # A bill weighs the same on each of its days, whoever used them.
        for line, (first, length, cost, _) in enumerate(listed, start=1):
            rows = bench.ask(
                "SELECT month, sum(effective_cost) AS cost FROM books.costs WHERE source = 'annotators' AND x_line = ? "
                "GROUP BY month",
                line,
            )
            for row in rows:
                lived = sum((start + timedelta(days=first + n)).replace(day=1) == row["month"] for n in range(length))
                assert abs(row["cost"] - cost * lived / length) < Decimal("1e-17")
        bench.sign(Q1, date(2026, 4, 8))
        later = [
            job(n, on(max(day, 90)), hours, gpus, account)
            for n, (day, hours, gpus, account) in enumerate(after, start=100)
        ]
        assert all(date.fromisoformat(told["Start"][:10]) >= quarter_end for told in later)
        if later:
            bench.deliver("slurm", sacct(*later))
        bench.keep_books()
        assert bench.published("adjustments") == []
    finally:
        bench.close()


@pytest.mark.slow
def test_a_correction_without_hours_leaves_the_accrual_of_its_day_alone(case: Callable[[str], Case]) -> None:
    told = case("ledger-24-half-billed-with-correction").run(date(2026, 4, 15))
    (row,) = told.ask("SELECT sum(cost) AS all, sum(cost) FILTER (is_accrued) AS accrued FROM costs")
    assert (row["all"], row["accrued"]) == (2535, 1536)
    told.totals()


@pytest.mark.slow
@pytest.mark.parametrize("join", ["gpu_type+day", "resource_id"])
def test_a_correction_mends_the_price_of_the_hours_it_is_on(make: Make, join: str) -> None:
    """With its hours it takes them back; alone on its day, it is left to the rules."""
    bench = make(coverage=[{**COVERAGE, "billed": {"source": "aws"}, "join": join}])
    correction = {"charge_class": "Correction", "resource_id": "i-1"}
    bench.put_charges(
        [
            bill("01-10", "01-11", "200", "24", resource_id="i-1"),
            bill("01-10", "01-11", "-50", **correction),
            bill("01-11", "01-12", "200", "24", resource_id="i-1"),
            bill("01-11", "01-12", "-200", "-24", **correction),
            bill("01-12", "01-13", "-7", **correction),
        ]
    )
    bench.deliver("slurm", sacct(*({**job(n, f"01-1{n}", gpus=4), "NodeList": "i-1"} for n in (0, 1))))
    bench.keep_books()
    rows = bench.ask(
        "SELECT CAST(charge_period_start AS DATE) AS day, model_id, sum(cost) AS cost FROM books.costs "
        "INNER JOIN books.charges USING (x_delivery_id, x_line, x_part) WHERE costs.source = 'aws' GROUP BY ALL"
    )
    told = {(row["day"].day, row["model_id"]): row["cost"] for row in rows if row["cost"]}
    assert told == {(10, "bot"): 75, (10, None): 75, (12, None): -7}
    (accrued,) = bench.ask("SELECT sum(cost) AS cost FROM books.costs WHERE is_accrued")
    assert accrued["cost"] == 4 * 24 * Decimal("2.5"), "the hours of the eleventh were taken back"


@pytest.mark.slow
def test_a_credit_that_names_its_node_goes_there(case: Callable[[str], Case]) -> None:
    told = case("ledger-20-join-by-node").run(date(2026, 2, 10))
    assert told.by_model("true_cost", Q1) == {"bot": Decimal("117.6"), "reader": Decimal("43.2"), None: Decimal("69.6")}
    told.totals()


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"resource_id": "i-1"}, {"bot": -9}),
        ({"resource_name": "node2"}, {"reader": -9}),
        ({"resource_id": "i-9"}, {"bot": -3, "reader": -6}),
        ({}, {"bot": -3, "reader": -6}),
    ],
)
def test_what_names_a_resource_follows_that_and_else_all(make: Make, named: Any, expected: dict[str, int]) -> None:
    """Not only where the join is by resource: two types of GPU, and a credit whose tags say neither."""
    coverage = {"billed": {"source": "aws"}, "usage": {"source": "slurm"}, "gpu_hours_per_unit": 8}
    bench = make(coverage=[coverage])
    bench.put_charges(
        [
            bill("01-10", "01-11", "100", "24", resource_id="i-1", tags='{"gpu_type": "a100"}'),
            bill("01-10", "01-11", "200", "24", resource_id="i-2", resource_name="node2", tags='{"gpu_type": "h100"}'),
            bill("01-10", "01-11", "-9", charge_category="Credit", **named),
        ]
    )
    bench.deliver("slurm", sacct(job(1, "01-10"), job(2, "01-10", account="cv", gpu="h100")))
    bench.keep_books()
    rows = bench.ask(
        "SELECT model_id, sum(cost) AS cost FROM books.costs WHERE source = 'aws' AND x_line = 3 GROUP BY ALL"
    )
    assert {row["model_id"]: row["cost"] for row in rows} == expected


@pytest.mark.slow
def test_tax_that_is_cost_falls_on_the_service_it_is_on(case: Callable[[str], Case]) -> None:
    told = case("ledger-34-non-recoverable-tax-over-the-service").run(date(2026, 7, 5))
    rows = told.ask(
        "SELECT invoice_id, quarter, sum(cost) AS cost FROM costs INNER JOIN charges USING (x_charge_id) GROUP BY ALL"
    )
    assert {(row["invoice_id"], row["quarter"]): row["cost"] for row in rows} == {
        ("U-1", Q1): 372,
        ("U-1", Q2): 360,
        ("C-1", Q1): 372,
        ("C-1", Q2): 360,
    }
    told.totals()


def rated(percent: str) -> str:
    rate = f"<cbc:Percent>{percent}</cbc:Percent>"
    return f"<cac:Item><cac:ClassifiedTaxCategory>{rate}</cac:ClassifiedTaxCategory></cac:Item>"


JANUARY, MARCH = ("2026-01-01", "2026-01-31"), ("2026-03-01", "2026-03-31")
DOCUMENTS = {
    "by the amounts": (
        Ubl(lines=[Line("100", period=JANUARY), Line("200", period=MARCH)], tax="10.00"),
        ["3.33", "6.67"],
    ),
    "by their rates": (
        Ubl(
            lines=[Line("100", period=JANUARY, more=rated("19")), Line("100", period=MARCH, more=rated("0"))],
            tax="19.00",
        ),
        ["19.00", None],
    ),
    "of a credit note": (
        Ubl("CreditNote", lines=[Line("100", period=JANUARY), Line("100", period=MARCH)], tax="0.03"),
        ["-0.02", "-0.01"],
    ),
    "of both signs": (Ubl(lines=[Line("-100", period=JANUARY), Line("200", period=MARCH)], tax="9.00"), None),
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_tax_of_a_document_falls_on_the_periods_of_its_lines(make: Make, kind: str) -> None:
    document, expected = DOCUMENTS[kind]
    bench = make(
        coverage=[],
        sources=[
            {"name": "vendors", "format": "ubl", "path": "inbox/*"},
            {"name": "rates", "format": "rate_card", "path": "x"},
        ],
        workspace={"name": "bench", "tax": "cost", "reporting_currency": "EUR"},
    )
    bench.deliver("vendors", document.xml())
    bench.keep_books()
    rows = bench.ask(
        "SELECT charge_period_start AS starts, charge_period_end AS ends, billed_cost FROM books.charges "
        "WHERE charge_category = 'Tax'"
    )
    told = {f"{row['starts']:%m-%d} to {row['ends']:%m-%d}": row["billed_cost"] for row in rows}
    if expected is None:
        assert told == {"01-01 to 04-01": Decimal("9")}
    else:
        parts = zip(["01-01 to 02-01", "03-01 to 04-01"], expected, strict=True)
        assert told == {period: Decimal(part) for period, part in parts if part is not None}
    (invoice,) = bench.view("invoices")
    assert abs(invoice["tax_amount"]) == sum(abs(row["billed_cost"]) for row in rows)


@pytest.mark.pure
@given(
    st.lists(st.tuples(st.integers(-3, 9), st.integers(1, 3)), min_size=1, max_size=5),
    st.decimals("-500", "500", places=3),
)
def test_the_parts_of_a_documents_tax_add_up_to_it(listed: list[tuple[int, int]], tax: Decimal) -> None:
    rows = [
        ubl._Row(1, "line", Decimal(amount), None, (f"2026-0{month}-01", f"2026-0{month}-28"))
        for amount, month in listed
    ]
    parts = ubl._tax_by_period(rows, tax, (None, None))
    assert sum(parts.values()) == tax
    total = sum(amount for amount, _ in listed)
    if len(parts) > 1:
        for (first, _), part in parts.items():
            assert first is not None
            exact = tax * sum(amount for amount, month in listed if month == int(first[6])) / total
            assert abs(part - exact) < Decimal("0.001")


# ---- What is told of runs and multipliers is true ----


@pytest.mark.slow
def test_a_multiplier_of_less_than_nothing_is_no_figure(case: Callable[[str], Case]) -> None:
    told = case("ledger-28-accrual-reversed-by-smaller-bill").run(date(2026, 4, 5))
    told.close(Q1, date(2026, 4, 5))
    told.comes_late()
    told.run(date(2026, 7, 5))
    (row,) = told.ask(f"FROM true_cost_by_quarter WHERE quarter = '{Q2}' AND model_id = 'bot'")
    assert (row["training_only_cost"], row["true_cost"]) == (-167, 333)
    assert (row["multiplier"], row["multiplier_before_idle"], row["training_share"]) == (None, None, None)
    assert row["multiplier_reason"] == "training-only cost is less than nothing in this quarter"
    assert row["multiplier_to_date"] == 21, "(192 + 333) / (192 - 167)"
    assert row["multiplier_to_date_reason"] is None
    (total,) = told.ask(f"FROM totals WHERE quarter = '{Q2}'")
    assert (total["multiplier"], total["multiplier_reason"]) == (None, row["multiplier_reason"])
    assert total["unallocated_share"] == Decimal("0.183824"), "75 of 408"
    told.totals()


@pytest.mark.slow
def test_what_is_not_known_of_a_run_is_never_a_zero(case: Callable[[str], Case]) -> None:
    told = case("ledger-40-unconverted-run").run(date(2026, 4, 5))
    (row,) = told.ask("FROM true_cost_by_quarter")
    assert (row["true_cost"], row["training_only_cost"]) == (148, 48)
    assert (row["multiplier"], row["training_share"], row["training_share_to_date"]) == (None, None, None)
    assert (row["multiplier_at_horizon"], row["failed_share"]) == (None, None)
    assert row["multiplier_reason"] == "the usage of its runs is not converted"
    runs = {run["run_id"]: (run["cost"], run["is_lower_bound"]) for run in told.ask("FROM training_runs")}
    assert runs == {"r1": (48, True), "r2": (None, True)}
    steps.report(told.workspace, Clock(date(2026, 4, 5)), Q1)
    page = (told.root / "reports" / Q1 / "true-cost.html").read_text("utf-8")
    assert "no training run has been promoted" not in page
    assert "no promoted" not in page.replace("no failed or promoted", "")
    assert "To date there is no multiplier: the cost of a promoted run is not known" in page
    told.totals()


PROMOTED: dict[str, tuple[dict[str, str], str | None, str | None, int | None]] = {
    # what the price card says, and what of the run: the reason in Q1, in Q2, and what the run cost
    "at price 0": (
        {"price_per_gpu_hour": "0"},
        "its promoted runs cost nothing in this quarter",
        "no promoted run in this quarter",
        0,
    ),
    "without a price": (
        {"gpu_type": "h100"},
        "the usage of its runs has no price",
        "no promoted run in this quarter",
        None,
    ),
    "in another currency": (
        {"currency": "EUR"},
        "the usage of its runs is not converted",
        "no promoted run in this quarter",
        None,
    ),
    "promoted a quarter later": ({}, None, "no compute of a promoted run in this quarter", 480),
}


@pytest.mark.parametrize("kind", PROMOTED)
def test_a_promotion_is_never_denied(tmp_path: Path, kind: str) -> None:
    price, first, second, cost = PROMOTED[kind]
    rules = [
        {"match": {"source": "slurm"}, "model": "bot"},
        {"match": {"source": "aws"}, "model": "bot", "activity": "serving"},
    ]
    bench = Bench.open(tmp_path, {"models": MODELS, "attribution": rules})
    try:
        bench.deliver("rates", rates(price))
        decided = "2026-04-10" if "later" in kind else "2026-02-01"
        bench.deliver("runs", runs({"job_id": "1", "outcome": "promoted", "decided_at": decided}))
        bench.deliver("slurm", sacct(job(1, "01-10")))
        bench.put_charges([bill("01-20", "01-21", "1000"), bill("05-10", "05-11", "100")])
        bench.keep_books()
        told = {row["quarter"]: row for row in bench.view("true_cost_by_quarter") if row["model_id"] == "bot"}
        assert [told[quarter]["multiplier_reason"] for quarter in (Q1, Q2)] == [first, second]
        for row in (*told.values(), *bench.view("totals")):
            assert (row["multiplier"] is None) == (row["multiplier_reason"] is not None)
            assert (row["multiplier_to_date"] is None) == (row["multiplier_to_date_reason"] is not None)
            if row["quarter"] == Q2:
                assert row["multiplier_to_date_reason"] != "no promoted run so far"
        (run,) = bench.view("training_runs")
        assert (run["cost"], run["is_lower_bound"]) == (cost, cost is None)
    finally:
        bench.close()


@given(*[st.decimals("-100", "100", places=2)] * 2)
@settings(max_examples=examples(30))
def test_a_share_is_from_0_to_1_or_none_and_so_a_multiplier_1_or_more(con: Any, part: Decimal, whole: Decimal) -> None:
    share, times, why = con.execute(
        "SELECT share_of($1, $2), multiplier_of($2, $1), why_no_multiplier(0, 0, 1, 1, $1, $2, 'here')",
        [part.quantize(UNIT), whole.quantize(UNIT)],
    ).fetchone()
    assert share is None or 0 <= share <= 1
    assert times is None or times >= 1
    assert (share is not None) == (whole > 0 and 0 <= part <= whole)
    assert (times is not None) == (part > 0 and whole >= part)
    assert (why is None) == (times is not None)


# ---- The yardsticks are taken at a horizon ----


@pytest.mark.parametrize("months", [2, 12])
def test_the_yardsticks_are_taken_so_many_months_from_the_first_promotion_on(make: Make, months: int) -> None:
    serving = {"match": {"source": "aws"}, "model": "bot", "activity": "serving"}
    bench = make(coverage=[], attribution=[serving], workspace={"name": "bench", "yardstick_months": months})
    bench.deliver("runs", runs({"job_id": "1", "outcome": "promoted", "decided_at": "2026-02-10"}))
    bench.deliver("slurm", sacct(job(1, "01-10", gpus=1, hours=4)))
    bench.put_charges([bill(f"{month:02d}-20", f"{month:02d}-21", "30") for month in range(1, 8)])
    bench.keep_books()
    rows = {row["quarter"]: row for row in bench.view("true_cost_by_quarter") if row["model_id"] == "bot"}
    end = {2: date(2026, 4, 1), 12: date(2027, 2, 1)}[months]
    assert {row["horizon_end"] for row in rows.values()} == {end}
    assert rows[Q1]["multiplier_at_horizon"] == rows[Q1]["multiplier_to_date"] == 10
    assert rows["FY2026-Q3"]["multiplier_to_date"] == 22, "it grows with every month of serving"
    assert rows["FY2026-Q3"]["multiplier_at_horizon"] == {2: 10, 12: 22}[months]
    assert rows["FY2026-Q3"]["training_share_at_horizon"] == {2: Decimal("0.1"), 12: Decimal("0.045455")}[months]
    assert [row["is_horizon_reached"] for row in rows.values()] == [months == 2] * 3


def test_a_training_after_the_horizon_is_not_quoted_at_it(make: Make) -> None:
    serving = {"match": {"source": "aws"}, "model": "bot", "activity": "serving"}
    bench = make(coverage=[], attribution=[serving], workspace={"name": "bench", "yardstick_months": 2})
    told = [("1", "2026-02-10"), ("2", "2026-06-10")]
    bench.deliver(
        "runs",
        runs(
            *(
                {"run_id": f"r{job_id}", "job_id": job_id, "outcome": "promoted", "decided_at": on}
                for job_id, on in told
            )
        ),
    )
    bench.deliver("slurm", sacct(job(1, "01-10", gpus=1, hours=4), job(2, "06-05", gpus=1, hours=4)))
    bench.put_charges([bill(f"{month:02d}-20", f"{month:02d}-21", "30") for month in range(1, 7)])
    bench.keep_books()
    rows = {row["quarter"]: row for row in bench.view("true_cost_by_quarter") if row["model_id"] == "bot"}
    assert rows[Q2]["training_only_cost_to_date"] == 2 * rows[Q1]["training_only_cost_to_date"] > 0
    assert [rows[quarter]["multiplier_at_horizon"] for quarter in (Q1, Q2)] == [10, 10]
    assert [rows[quarter]["training_share_at_horizon"] for quarter in (Q1, Q2)] == [Decimal("0.1")] * 2


@pytest.mark.slow
def test_what_comes_late_counts_in_the_month_it_is_of_up_to_the_horizon(make: Make) -> None:
    serving = {"match": {"source": "aws"}, "model": "bot", "activity": "serving"}
    bench = make(coverage=[], attribution=[serving], workspace={"name": "bench", "yardstick_months": 1})
    bench.deliver("runs", runs({"job_id": "1", "outcome": "promoted", "decided_at": "2026-01-31"}))
    bench.deliver("slurm", sacct(job(1, "01-10", gpus=1, hours=4)))
    bench.put_charges([bill("02-20", "02-21", "30")])
    bench.sign(Q1)
    bench.put_charges([bill("01-20", "01-21", "10"), bill("03-20", "03-21", "500")])
    bench.keep_books()
    told = {row["quarter"]: row for row in bench.published("true_cost_by_quarter") if row["model_id"] == "bot"}
    assert [told[quarter]["multiplier_at_horizon"] for quarter in (Q1, Q2)] == [1, 2]


# ---- What is whose ----


TRAINED = {"service_category": "AI and Machine Learning", "service_subcategory": "Generative AI"}


@pytest.mark.parametrize(
    ("line", "rule", "kind", "training_only"),
    [
        ({"service_name": "gpt-4o, fine-tuning"}, {"activity": "training"}, "compute", 80),
        ({"service_name": "SageMaker", "service_subcategory": "Other"}, {"activity": "training"}, "compute", 80),
        ({"service_name": "gpt-4o, training"}, {}, "compute", 80),
        ({"service_name": "OpenAI", "charge_description": "gpt-4o training tokens"}, {}, "compute", 80),
        ({"service_name": "gpt-4o, training"}, {"activity": "failed_experiments"}, "compute", 0),
        ({"service_name": "ft:gpt-4o, input"}, {}, "inference_api", 0),
        ({"service_name": "ft:gpt-4o, training"}, {"activity": "training", "cost_kind": "other"}, "other", 0),
        ({"service_name": "Custom model training, storage"}, {}, "inference_api", 0),
    ],
)
def test_training_at_an_api_is_training_only_cost(
    make: Make, line: dict[str, str], rule: dict[str, str], kind: str, training_only: int
) -> None:
    """By a rule that says so, or by the run within whose window a line lies that says so itself."""
    bench = make(coverage=[], attribution=[{"match": {"source": "aws"}, "model": "bot", **rule}])
    window = {"started_at": "2026-01-10T00:00:00Z", "ended_at": "2026-01-12T00:00:00Z"}
    bench.deliver("runs", runs({"job_id": "", "outcome": "promoted", "decided_at": "2026-02-01", **window}))
    bench.put_charges([bill("01-10", "01-11", "80", **{**TRAINED, **line})])
    bench.keep_books()
    (row,) = bench.view("true_cost_by_quarter")
    assert row["training_only_cost"] == training_only
    assert row["multiplier"] == (1 if training_only else None)
    assert bench.ask("SELECT DISTINCT cost_kind FROM books.costs") == [{"cost_kind": kind}]


def test_a_charge_within_one_window_is_that_run_s_though_it_touches_another(make: Make) -> None:
    rule = {"match": {"source": "aws"}, "model": "bot", "cost_kind": "compute"}
    bench = make(coverage=[], attribution=[rule])
    whole = {"job_id": "", "started_at": "2026-01-10T00:00:00Z", "ended_at": "2026-01-13T00:00:00Z"}
    half = {"job_id": "", "started_at": "2026-01-11T12:00:00Z", "ended_at": "2026-01-14T12:00:00Z"}
    bench.deliver("runs", runs({**whole, "run_id": "whole"}, {**half, "run_id": "half"}))
    bench.put_charges([bill(f"01-{day}", f"01-{day + 1}", "8") for day in (11, 12, 13, 14)])
    bench.keep_books()
    rows = bench.ask("SELECT * FROM books.attribution ORDER BY x_line")
    assert [(row["run_id"], row["is_contested"]) for row in rows] == [
        ("whole", False),  # the second half of the day is in the other's window too
        (None, True),  # wholly in both
        ("half", False),
        (None, False),
    ]
    assert [row["overlapping_run_ids"] for row in rows] == [None, None, None, ["half"]]


@pytest.mark.slow
def test_a_line_restated_to_nothing_after_an_adjustment_is_one_restatement(make: Make) -> None:
    bench = make(coverage=[], attribution=[{"match": {"source": "aws"}, "model": "bot", "activity": "serving"}])
    first = bench.put_charges([bill("01-10", "01-11", "100"), bill("01-11", "01-12", "7")])
    bench.sign(Q1)
    second = bench.restate(first, [bill("01-10", "01-11", "150"), bill("01-11", "01-12", "7")])
    bench.put_charges([bill("04-10", "04-11", "1")])
    bench.sign(Q2)
    third = bench.restate(
        second, [bill("01-10", "01-11", "0"), bill("01-11", "01-12", "7"), bill("01-12", "01-13", "0")]
    )
    bench.keep_books()
    due = [row for row in bench.published("adjustments") if row["into_quarter"] == "FY2026-Q3"]
    assert [(row["reason"], row["amount"], row["x_charge_id"]) for row in due] == [("restated", -150, f"{third}:1:0")]


@pytest.mark.parametrize("unused_hours", ["24", None])
def test_idle_cost_has_idle_hours_though_the_rest_is_used_twice_over(make: Make, unused_hours: str | None) -> None:
    bench = make(coverage=[{**COVERAGE, "billed": {"source": "aws"}}])
    unused = {"commitment_discount_status": "Unused"}
    bench.put_charges([bill("01-10", "01-11", "96", "24"), bill("01-10", "01-11", "40", unused_hours, **unused)])
    bench.deliver("slurm", sacct(job(1, "01-10", gpus=16)))
    bench.keep_books()
    (row,) = bench.view("gpu_use")
    assert (row["used_gpu_hours"], row["idle_cost"]) == (384, 40)
    assert row["idle_gpu_hours"] == (192 if unused_hours else None)


def test_two_hosts_of_one_period_are_busy_with_the_same_calls_once(tmp_path: Path) -> None:
    allocation = {
        "match": {"source": "aws"},
        "driver": "gpu_seconds",
        "models": ["bot", "reader"],
        "gpu_hours_per_unit": 1,
    }
    sources = [
        {"name": "aws", "format": "focus", "path": "x"},
        {"name": "requests", "format": "request_log", "path": "y"},
    ]
    bench = Bench.open(tmp_path, {"models": MODELS, "allocations": [allocation], "sources": sources})
    try:
        bench.put_charges([bill("01-10", "01-11", "48", "24"), bill("01-10", "01-11", "24", "24")])
        lines = [
            {"id": str(n), "time": "2026-01-10T12:00:00Z", "model": "bot", "gpu_seconds": 3600 * 18} for n in range(2)
        ]
        bench.deliver("requests", "\n".join(map(json.dumps, lines)) + "\n", "requests.jsonl")
        bench.keep_books()
        use = bench.view("gpu_use")
        assert sum(row["idle_gpu_hours"] for row in use) == 12
        assert sum(row["idle_cost"] for row in use) == 18, "a quarter of each"
    finally:
        bench.close()


def test_what_no_bill_pays_for_is_the_exact_rest(make: Make) -> None:
    """A third of the hours is billed: the rest of the accrual is two thirds of it, to the last digit."""
    bench = make(coverage=[{**COVERAGE, "billed": {"source": "aws"}}])
    bench.put_charges([bill("01-10", "01-11", "96", "24")])
    bench.deliver("slurm", sacct(job(1, "01-10", gpus=17), job(2, "01-10", gpus=7, account="cv")))
    bench.keep_books()
    rows = bench.ask("SELECT model_id, sum(cost) AS cost FROM books.costs WHERE is_accrued GROUP BY ALL")
    exact = {"bot": Decimal(17 * 24) * Decimal("2.5") * 2 / 3, "reader": Decimal(7 * 24) * Decimal("2.5") * 2 / 3}
    assert all(abs(row["cost"] - exact[row["model_id"]]) <= UNIT for row in rows)


@pytest.mark.slow
def test_a_promotion_that_was_rolled_back_is_told_and_is_no_training(make: Make) -> None:
    bench = make(coverage=[])
    first = {"run_id": "r1", "job_id": "1", "outcome": "promoted", "decided_at": "2026-01-20"}
    second = {"run_id": "r2", "job_id": "2", "decided_at": "2026-02-20"}
    bench.deliver("runs", runs(first, {**second, "outcome": "promoted"}))
    bench.deliver("slurm", sacct(job(1, "01-10"), job(2, "02-10")))
    bench.keep_books()
    assert [run["activity"] for run in bench.view("training_runs")] == ["training", "training"]
    bench.deliver("runs", runs(first, {**second, "outcome": "rolled_back"}))
    bench.keep_books()
    told = [(run["outcome"], run["round"], run["activity"]) for run in bench.view("training_runs")]
    assert told == [("promoted", 0, "training"), ("rolled_back", 1, "failed_experiments")]
