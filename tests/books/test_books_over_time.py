"""Whatever arrives, changes, closes or reopens, in any order: what is closed stays, nothing is lost or counted twice.

The machine takes 10,000 steps, in `make test-slow`; ``TRUECOST_STEPS`` names another number. Most steps bring a record,
which is cheap; every so often the books are kept, a quarter is closed or one is reopened, and every promise is checked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.books import SOURCES, Bench, Row
from tests.support.effort import examples
from truecost.archive.closes import VIEWS, closed_quarters
from truecost.books.derivation import keep_books
from truecost.books.invariants import breaches
from truecost.clock import Clock
from truecost.closing.checks import CHECKS
from truecost.closing.close import close_quarter, reopen_quarter
from truecost.store.journal import Journal
from truecost.workspace.config import ConfigFile
from truecost.workspace.workspace import Workspace

STEPS = int(os.environ.get("TRUECOST_STEPS", "0")) or examples(10_000)
STEPS_OF_ONE = 400
BETWEEN_LOOKS = 60  # records that come before the books are looked at again

CLOCK = Clock(date(2027, 6, 1))
UNIT = Decimal("0.00000000000000000001")
QUARTERS = [f"FY2026-Q{number}" for number in (1, 2, 3, 4)]
MODELS = ("bot", "reader")
RUNS = {"b1": "bot", "b2": "bot", "x1": "reader"}

CONFIG: dict[str, Any] = {
    "workspace": {"name": "machine"},
    "models": [{"id": model} for model in MODELS],
    "coverage": [
        {"billed": {"source": "aws", "service_name": "EC2"}, "usage": {"source": "slurm"}, "gpu_hours_per_unit": 8}
    ],
    "allocations": [
        {"match": {"source": "aws", "service_name": "Host"}, "driver": "fixed", "models": ["bot", "reader"]}
        | {"shares": [Decimal("0.3"), Decimal("0.7")], "activity": "serving"}
    ],
    "idle": {"policy": "proportional"},
    "staff": [
        {
            "role": "engineer",
            "model": "bot",
            "activity": "training",
            "share": Decimal("0.3"),
            "monthly_cost": Decimal(999),
        }
        | {"from": date(2026, 1, 10), "to": date(2026, 7, 20), "currency": "USD"}
    ],
    "token_rates": [
        {"model": model, "billed": {"source": "aws", "service_name": "A1"}, "currency": "USD"}
        | {"cost_per_1m_input_tokens": Decimal("0.3"), "cost_per_1m_output_tokens": Decimal("1.7")}
        for model in MODELS
    ],
}
LOG = {"name": "log", "format": "request_log", "path": "inbox/log/*"}
JOBS = [
    {"match": {"source": "slurm", "sub_account_id": "nlp"}, "model": "bot"},
    {"match": {"source": "slurm", "sub_account_id": "cv"}, "model": "reader"},
]
RULES: list[list[dict[str, Any]]] = [
    [*JOBS, {"match": {"source": "aws", "service_name": "A*"}, "model": "bot", "activity": "serving"}],
    [
        {"match": {"source": "aws", "service_name": "A1"}, "model": "reader", "activity": "evaluation"},
        *JOBS,
        {"match": {"source": "annotators"}, "model": "bot", "activity": "data_curation"},
    ],
    [{"match": {"source": "annotators"}, "model": "reader", "activity": "data_curation"}],
]

days = st.integers(0, 364).map(lambda number: date(2026, 1, 1) + timedelta(days=number))
amounts = st.decimals("-99", "999", places=3).map(lambda amount: amount.quantize(UNIT))
services = st.sampled_from(["A1", "A2", "EC2", "EC2", "Host", "Other"])


class BooksOverTime(RuleBasedStateMachine):
    """A workspace whose records, rules and outcomes change, and whose quarters close and reopen."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="books-over-time-"))
        sources = [{"name": name, "format": kind, "path": path} for name, (kind, path) in SOURCES.items()]
        self.bench = Bench.open(self.root, {**CONFIG, "sources": [*sources, LOG], "attribution": RULES[0]})
        lines = {"staff_lines": (1,), "token_rate_lines": (2, 3)}  # no two entries stand on one line
        self.bench.workspace = replace(self.bench.workspace, **lines)
        self.since_look = 0
        self.bills: list[tuple[int, str, dict[str, Any]]] = []
        self.closed: dict[str, list[Any]] = {}
        self.frozen: dict[Path, str] = {}

    def teardown(self) -> None:
        self.bench.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # ---- Records come ----

    @rule(day=days, length=st.sampled_from([1, 1, 31]), cost=amounts, billed=amounts, service=services)
    def a_bill_comes(self, day: date, length: int, cost: Decimal, billed: Decimal, service: str) -> None:
        start = datetime(day.year, day.month, day.day)
        charge = {
            "service_name": service,
            "charge_category": "Usage",
            "billing_currency": "USD",
            "charge_period_start": start,
            "charge_period_end": start + timedelta(days=length),
            "consumed_quantity": Decimal(24).quantize(UNIT),
            "consumed_unit": "Hours",
            "effective_cost": cost,
            "billed_cost": billed,
        }
        number = self.bench.put_charges([charge])
        self.bills.append((number, f"{number}.csv", charge))
        self.since_look += 1

    @rule(pick=st.integers(0, 10**6), cost=amounts)
    @precondition(lambda self: bool(self.bills))
    def a_bill_is_restated(self, pick: int, cost: Decimal) -> None:
        first, name, charge = self.bills[pick % len(self.bills)]
        number = self.bench.put_charges([charge | {"effective_cost": cost}])
        log = self.bench.con
        log.execute("UPDATE log.deliveries SET set_name = ?, file = ? WHERE delivery_id = ?", [name, name, number])
        log.execute("UPDATE log.claims SET slot = ? WHERE delivery_id = ?", [f"slot {first}", number])
        self.since_look += 1

    @rule(day=days, length=st.integers(1, 150), cost=amounts, waited=st.integers(0, 60))
    def an_invoice_comes(self, day: date, length: int, cost: Decimal, waited: int) -> None:
        start = datetime(day.year, day.month, day.day)
        invoice = {
            "charge_category": "Usage",
            "billing_currency": "USD",
            "charge_period_start": start,
            "charge_period_end": start + timedelta(days=length),
            "effective_cost": cost,
            "billed_cost": cost,
            "x_issued_at": start + timedelta(days=waited),
        }
        self.bench.put_charges([invoice], "annotators")
        self.since_look += 1

    @rule(
        day=days,
        hours=st.integers(1, 30),
        gpus=st.integers(1, 8),
        account=st.sampled_from(["nlp", "cv", "ops"]),
        job=st.integers(1, 40),
    )
    def a_job_is_known(self, day: date, hours: int, gpus: int, account: str, job: int) -> None:
        number = self._deliver("slurm", "jobs")
        self.bench.con.execute(
            "INSERT INTO ledger.jobs BY NAME SELECT ? AS job_id, ? AS account, 'COMPLETED' AS state, ? AS started_at, "
            "? AS elapsed_seconds, ? AS gpus, [{'gpu_type': 'a100', 'gpus': ?}] AS gpu_types, ? AS x_delivery_id, "
            "1 AS x_line, ? AS x_content",
            [str(job), account, day, hours * 3600, gpus, gpus, number, f"{account} {day} {hours} {gpus}"],
        )
        self.since_look += 1

    @rule(run=st.sampled_from(sorted(RUNS)), outcome=st.sampled_from([None, "promoted", "crashed"]), day=days)
    def an_outcome_is_told(self, run: str, outcome: str | None, day: date) -> None:
        number = self._deliver("runs", "training_runs")
        self.bench.con.execute(
            "INSERT INTO ledger.training_runs BY NAME SELECT ? AS run_id, ? AS model_id, ? AS job_ids, ? AS outcome, "
            "? AS decided_at, ? AS x_delivery_id, 1 AS x_line, ? AS x_content",
            [
                *(run, RUNS[run], [str(1 + sorted(RUNS).index(run))], outcome, day if outcome else None, number),
                f"{run} {outcome} {day}",
            ],
        )
        self.since_look += 1

    @rule(day=days, model=st.sampled_from(MODELS), tokens=st.integers(0, 10**9), call=st.integers(1, 60))
    def a_call_is_logged(self, day: date, model: str, tokens: int, call: int) -> None:
        told = {"request_id": str(call), "x_key": str(call), "x_occurrence": 1, "model_id": model, "requested_at": day}
        self.bench.put_row("log", "requests", **told, input_tokens=tokens, output_tokens=tokens // 7)
        self.since_look += 1

    @rule(price=st.sampled_from(["2", "3.5"]), day=days)
    def a_price_is_told(self, price: str, day: date) -> None:
        number = self._deliver("rates", "rates")
        self.bench.con.execute(
            "INSERT INTO ledger.rates BY NAME SELECT 'a100' AS gpu_type, ? AS price_per_gpu_hour, 'USD' AS currency, "
            "? AS valid_from, ? AS x_delivery_id, 1 AS x_line, ? AS x_content",
            [Decimal(price), day, number, f"{price} {day}"],
        )
        self.since_look += 1

    @rule(rules=st.sampled_from(RULES))
    def the_rules_change(self, rules: list[dict[str, Any]]) -> None:
        held = self.bench.workspace
        config = ConfigFile.model_validate(
            {**CONFIG, "attribution": rules, "sources": [source.model_dump() for source in held.config.sources]}
        )
        self.bench.workspace = replace(held, config=config)
        self.since_look += 1

    # ---- Someone looks, closes, reopens ----

    @precondition(lambda self: self.since_look >= BETWEEN_LOOKS)
    @rule()
    def the_books_are_kept(self) -> None:
        self._look()

    @precondition(lambda self: self.since_look >= BETWEEN_LOOKS and len(self.closed) < len(QUARTERS))
    @rule()
    def the_next_quarter_is_closed(self) -> None:
        quarter = QUARTERS[len(self.closed)]
        session = self.bench.session(CLOCK.today())
        before = session.closes.times[quarter]
        keep_books(session)
        has_costs = self.bench.ask("SELECT count(*) AS n FROM books.posted WHERE quarter = ?", quarter)[0]["n"]
        if not has_costs and not self.closed:
            return self._look()
        closing = close_quarter(session, quarter, "cfo", CHECKS)
        assert closing.close is not None
        assert closing.version == before + 1
        self.closed[quarter] = self._figures(quarter, self._views())
        for path in closing.close.folder.iterdir():
            self.frozen[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._look()

    @precondition(lambda self: self.since_look >= BETWEEN_LOOKS and bool(self.closed))
    @rule()
    def the_last_quarter_is_reopened(self) -> None:
        last = list(self.closed)[-1]
        reopen_quarter(self.bench.session(CLOCK.today()), last, "a test", "someone")
        del self.closed[last]
        self._look()

    @invariant()
    def closed_is_what_was_closed(self) -> None:
        if self.since_look == 0:
            assert [close.quarter for close in closed_quarters(self.workspace)] == list(self.closed)

    @property
    def workspace(self) -> Workspace:
        return self.bench.workspace

    def _look(self) -> None:
        session = self.bench.session(CLOCK.today())
        keep_books(session)
        broken = breaches(session)
        assert not broken, broken[:5]
        views = self._views()
        for quarter, figures in self.closed.items():
            assert self._figures(quarter, views) == figures, f"{quarter} is closed"
        for path, sha256 in self.frozen.items():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, f"{path} is frozen"
        self._look_at_lives(views["model_life"])
        assert Journal(self.workspace.journal).read().faults == ()
        self.since_look = 0

    def _views(self) -> dict[str, list[Row]]:
        return {view: self.bench.published(view, CLOCK.today()) for view in VIEWS}

    def _figures(self, quarter: str, views: dict[str, list[Row]]) -> list[Any]:
        sql = "SELECT * EXCLUDE (status, version, charge_key) FROM books.posted WHERE quarter = ? ORDER BY ALL"
        figures = self.bench.con.execute(sql, [quarter]).fetchall()
        return figures + [row for rows in views.values() for row in rows if row["quarter"] == quarter]

    def _look_at_lives(self, rows: list[Row]) -> None:
        """What was built of each model is amortised, written off, or left after the last month of its rounds."""
        stands: dict[str, Decimal] = {}
        left: dict[tuple[str, int], Decimal] = {}
        for row in rows:
            spent = row["amortised"] + row["written_off"]
            stands[row["model_id"]] = stands.get(row["model_id"], Decimal(0)) + spent
            left[row["model_id"], row["round"]] = row["net_book_value"]
        for (model, _), amount in left.items():
            stands[model] += amount
        built = self.bench.ask(
            "SELECT model_id, sum(cost) AS cost FROM books.posted WHERE model_id IS NOT NULL AND cost IS NOT NULL "
            "AND activity NOT IN ('serving', 'deployment') GROUP BY model_id"
        )
        assert stands == {row["model_id"]: row["cost"] for row in built}

    def _deliver(self, source: str, dataset: str) -> int:
        self.bench.delivered += 1
        number = self.bench.delivered
        self.bench.con.execute(
            "INSERT INTO log.deliveries BY NAME SELECT ? AS delivery_id, ? AS source, ? AS dataset, ? AS file, "
            "file AS set_name, delivery_id AS set_version, 1 AS rows_read, 1 AS rows_accepted, 0 AS rows_quarantined, "
            "0 AS rows_skipped, ? AS fingerprint",
            [number, source, dataset, f"{number}.csv", str(number)],
        )
        return number


TestBooksOverTime = pytest.mark.slow(pytest.mark.timeout(1200)(BooksOverTime.TestCase))  # minutes
TestBooksOverTime.settings = settings(
    max_examples=max(1, STEPS // STEPS_OF_ONE),
    stateful_step_count=STEPS_OF_ONE,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
