"""Nothing lost, nothing doubled: any mix of good, bad and repeated rows, over any number of deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.books import GOOD_JOB, GOOD_LINE, GOOD_RATE, GOOD_RUN, Bench, table
from tests.support.effort import examples

Texts = dict[str, str]


@dataclass(frozen=True)
class Kind:
    """A kind of file: its good rows, its bad ones, those it skips, and the column of its amounts."""

    source: str
    good_row: Texts
    good: st.SearchStrategy[Texts]
    bad: list[Texts]
    skipped: list[Texts] = field(default_factory=list)
    money: str | None = None
    delimiter: str = ","


prices = st.sampled_from(["1", "2.5", "0.00000000000000000001", "99999"])
amounts = st.decimals(-1000, 1000, places=2).map(str)
KINDS = [
    Kind(
        "rates",
        GOOD_RATE,
        st.fixed_dictionaries(
            {"valid_from": st.sampled_from(["2026-01-01", "2026-02-01"]), "price_per_gpu_hour": prices},
            optional={"currency": st.just("EUR")},
        ),
        [{"price_per_gpu_hour": "-1"}, {"price_per_gpu_hour": "$1"}, {"valid_from": ""}, {"currency": "eur"}],
        money="price_per_gpu_hour",
    ),
    Kind(
        "annotators",
        GOOD_LINE,
        st.fixed_dictionaries(
            {"invoice_number": st.sampled_from(["1", "2", "3"]), "amount": amounts},
            optional={"currency": st.just("EUR"), "description": st.sampled_from(["a, b", "two\nlines", 'a "b"'])},
        ),
        [{"amount": "NaN"}, {"issue_date": "2026-02-30"}, {"invoice_number": ""}, {"tax": "x"}],
        money="amount",
    ),
    Kind(
        "slurm",
        GOOD_JOB,
        st.fixed_dictionaries(
            {"JobID": st.sampled_from(["1", "2", "3_4"]), "State": st.sampled_from(["RUNNING", "FAILED"])}
        ),
        [{"JobID": "one"}, {"ElapsedRaw": "long"}, {"AllocTRES": "gres/gpu=x"}, {"State": ""}],
        [{"JobID": "1.batch"}, {"JobID": "2.0", "ElapsedRaw": "?"}],
        delimiter="|",
    ),
    Kind(
        "runs",
        GOOD_RUN,
        st.fixed_dictionaries({"run_id": st.sampled_from(["r1", "r2"]), "outcome": st.sampled_from(["", "crashed"])}),
        [{"run_id": ""}, {"outcome": "won"}, {"model_id": ""}],
    ),
]


@dataclass(frozen=True)
class Sent:
    """A file, what is in it, and under which name it comes."""

    kind: Kind
    name: str
    rows: tuple[tuple[str, Texts], ...]

    def text(self) -> str:
        text = table([], self.kind.good_row, self.kind.delimiter)
        for what, row in self.rows:
            written = table([row], self.kind.good_row, self.kind.delimiter)
            text += "spoilt\n" if what == "malformed" else written.split("\n", 1)[1]
        return text

    def count(self, what: str) -> int:
        return sum(kind == what for kind, _ in self.rows)


@st.composite
def files(draw: st.DrawFn) -> Sent:
    kind = draw(st.sampled_from(KINDS))
    of = {"good": kind.good, "bad": st.sampled_from(kind.bad), "malformed": st.just({})}
    if kind.skipped:
        of["skipped"] = st.sampled_from(kind.skipped)
    whats = st.sampled_from(["good", "good", "good", *of])
    rows = tuple((what, draw(of[what])) for what in draw(st.lists(whats, max_size=12)))
    return Sent(kind, draw(st.sampled_from(["one.csv", "two.csv"])), rows)


deliveries = st.lists(files(), min_size=1, max_size=3).flatmap(
    lambda sent: st.tuples(st.just(sent), st.lists(st.sampled_from(sent), max_size=1)).map(
        lambda both: both[0] + both[1]
    )
)


EVERYTHING = [
    Sent(
        kind,
        "all.csv",
        (
            *(("good", {}), ("good", {}), ("malformed", {})),
            *(("bad", row) for row in kind.bad),
            *(("skipped", row) for row in kind.skipped),
        ),
    )
    for kind in KINDS
]


@given(deliveries)
@example([*EVERYTHING, *EVERYTHING])
@settings(max_examples=examples(10))
def test_every_row_and_every_amount_is_accounted_for_once(folder: Path, sent: list[Sent]) -> None:
    bench = Bench.open(folder)
    for file in sent:
        bench.deliver(file.kind.source, file.text(), f"{file.kind.source}/{file.name}")
    bench.keep_books()  # which checks that rows and totals add up
    found = bench.ask("FROM books.deliveries ORDER BY delivery_id")
    totals = bench.ask("FROM books.control_totals")
    lines = bench.ask("SELECT delivery_id, line FROM log.quarantine")
    bench.close()
    for number, (file, delivery) in enumerate(zip(sent, found, strict=True), start=1):
        faulty = file.count("bad") + file.count("malformed")
        assert delivery["rows_read"] == len(file.rows)
        assert delivery["rows_quarantined"] == faulty == sum(row["delivery_id"] == number for row in lines)
        assert delivery["rows_skipped"] == file.count("skipped")
        assert delivery["rows_loaded"] + delivery["rows_duplicate"] + delivery["rows_held"] == file.count("good")
        if file.kind.money:
            own = [row for row in totals if row["delivery_id"] == number and row["column_name"] == file.kind.money]
            assert sum((row["amount_read"] for row in own), Decimal(0)) == readable(file, file.kind.money)
            assert {row["currency"] for row in own if row["amount_loaded"]} <= {"USD", "EUR"}


def readable(file: Sent, column: str) -> Decimal:
    """The sum of the amounts of a file that are numbers."""
    total = Decimal(0)
    for what, row in file.rows:
        text = {**file.kind.good_row, **row}[column]
        if what != "malformed" and text not in ("NaN", "$1"):
            total += Decimal(text)
    return total


CURRENT = (
    "SELECT * EXCLUDE (x_delivery_id) FROM books.charges",
    "SELECT * EXCLUDE (x_delivery_id) FROM books.jobs WHERE status = 'current'",
    "SELECT gpu_type, currency, valid_from, price_per_gpu_hour FROM books.rates WHERE status = 'current'",
    "SELECT run_id, outcome FROM books.run_versions WHERE status = 'current'",
)


@pytest.mark.slow
@given(files().filter(lambda file: file.rows), st.integers(2, 4))
@settings(max_examples=examples(6))
def test_a_file_delivered_many_times_counts_once(folder: Path, file: Sent, times: int) -> None:
    figures = []
    for repeats in (1, times):
        bench = Bench.open(folder)
        for number in range(repeats):
            bench.deliver(file.kind.source, file.text(), f"{number}.csv")
        bench.keep_books()
        figures.append([bench.ask(f"{sql} ORDER BY ALL") for sql in CURRENT])
        bench.close()
    assert figures[0] == figures[1]
