"""What a round cost is amortised, written off or left, to the last unit, whatever is told late; closed months stay."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, Row
from tests.support.effort import examples
from truecost.archive.closes import VIEWS

AS_OF = date(2027, 2, 10)
QUARTERS = [f"FY2026-Q{number}" for number in (1, 2, 3, 4)]
BUILT = {"source": "aws", "service_name": "Training"}
CONFIG: dict[str, Any] = {
    "models": [{"id": "bot", "useful_life_months": 5}],
    "attribution": [
        {"match": BUILT, "model": "bot", "activity": "training", "treatment": "capitalise"},
        {"match": {"source": "annotators"}, "model": "bot", "activity": "data_curation"},
        {"match": {"source": "aws"}, "model": "bot", "activity": "serving"},
    ],
}

months = st.integers(1, 12)
amounts = st.decimals("-50", "999", places=3)
costs = st.tuples(st.just("cost"), months, amounts, st.sampled_from(["Training", "Training", "Serving"]))
invoices = st.tuples(st.just("invoice"), months, amounts, st.integers(1, 120))
promotions = st.tuples(st.just("promotion"), months, st.integers(0, 2))
events = st.one_of(
    *(costs, costs, costs, invoices, promotions),
    st.tuples(st.just("close")),
    st.tuples(st.just("life"), st.integers(1, 14)),
    st.tuples(st.just("abandoned"), st.none() | months),
)


@contextmanager
def books() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="model-life-") as folder:
        bench = Bench.open(Path(folder), CONFIG)
        yield bench
        bench.close()


def charge(month: int, amount: Decimal, **more: Any) -> Row:
    return {
        "charge_category": "Usage",
        "billing_currency": "USD",
        "charge_period_start": datetime(2026, month, 9),
        "charge_period_end": datetime(2026, month, 10),
        "effective_cost": amount,
        "billed_cost": amount,
    } | more


def happens(bench: Bench, event: tuple[Any, ...]) -> None:
    kind, *told = event
    if kind == "cost":
        month, amount, service = told
        bench.put_charges([charge(month, amount, service_name=service)])
    elif kind == "invoice":
        month, amount, days = told
        start = datetime(2026, month, 9)
        end = datetime.fromordinal(start.toordinal() + days)
        bench.put_charges([charge(month, amount, charge_period_end=end, x_issued_at=start)], "annotators")
    elif kind == "promotion":
        month, run = told
        told_run = {"run_id": f"b{run}", "model_id": "bot", "outcome": "promoted"}
        bench.put_row("runs", "training_runs", **told_run, decided_at=datetime(2026, month, 20))
    else:
        (model,) = bench.workspace.config.models
        change = {"abandoned": date(2026, told[0], 25) if told[0] else None} if kind == "abandoned" else {}
        change |= {"useful_life_months": told[0]} if kind == "life" else {}
        bench.configure(models=[model.model_copy(update=change)])


def rounds(rows: list[Row]) -> dict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["round"]].append(row)
    return found


@pytest.mark.slow
@given(st.lists(events, min_size=3, max_size=14), st.integers(0, 2))
@example([("close",), ("close",), ("promotion", 1, 0)], 1)
@example([("promotion", 1, 0), ("close",)], 0)
@settings(deadline=None, max_examples=examples(14))
def test_nothing_of_a_round_is_lost_and_closed_months_stay(happening: list[tuple[Any, ...]], old_closes: int) -> None:
    """The first ``old_closes`` are by a truecost that froze costs alone: the next close freezes what they left."""
    with books() as bench:
        bench.put_charges([charge(1, Decimal(100), service_name="Training")])
        closed = 0
        frozen: dict[str, list[Row]] = {}
        for event in happening:
            if event == ("close",) and closed < len(QUARTERS):
                with patch("truecost.closing.close.VIEWS", VIEWS if closed >= old_closes else ()):
                    bench.sign(QUARTERS[closed], AS_OF)
                closed += 1
                if closed > old_closes:
                    rows = bench.published("model_life", AS_OF)
                    for quarter in QUARTERS[:closed]:
                        listed = [row for row in rows if row["quarter"] == quarter]
                        assert frozen.setdefault(quarter, listed) == listed
            elif event != ("close",):
                happens(bench, event)
        bench.keep_books()
        rows = bench.published("model_life", AS_OF)
        for quarter, listed in frozen.items():
            assert [row for row in rows if row["quarter"] == quarter] == listed
        posted = bench.ask(
            "SELECT round, sum(cost) AS cost, coalesce(sum(cost) FILTER (treatment = 'capitalise'), 0) AS capitalised "
            "FROM books.posted WHERE activity <> 'serving' GROUP BY round"
        )
        assert set(rounds(rows)) == {row["round"] for row in posted}
        for row in posted:
            listed = rounds(rows)[row["round"]]
            last = listed[-1]
            spent = sum(month["amortised"] + month["written_off"] for month in listed)
            assert spent + last["net_book_value"] == last["build_cost"] == row["cost"]
            assert last["capitalisable_cost"] == row["capitalised"]
            left = Decimal(0)
            for month in listed:
                left += month["added"] - month["amortised"] - month["written_off"]
                assert month["net_book_value"] == left, "and each month goes on from the one before"
                assert month["is_future"] == (month["month"] > AS_OF)


@given(
    st.lists(st.tuples(months, st.decimals("1", "999", places=3)), min_size=1, max_size=8),
    st.lists(months, max_size=3, unique=True),
    st.integers(1, 14),
)
@settings(deadline=None, max_examples=examples(14))
def test_each_month_bears_its_part_by_hand(spent: list[tuple[int, Decimal]], promoted: list[int], life: int) -> None:
    with books() as bench:
        happens(bench, ("life", life))
        for month, amount in spent:
            happens(bench, ("cost", month, amount, "Training"))
        for run, month in enumerate(sorted(promoted)):
            happens(bench, ("promotion", month, run))
        bench.keep_books()
        for own, listed in rounds(bench.published("model_life", AS_OF)).items():
            starts, ends = [*sorted(promoted)[own : own + 2], None, None][:2]
            for row in listed:
                number = (row["month"].year - 2026) * 12 + row["month"].month
                # A cost of the 9th is before a promotion of the 20th of its month.
                cost = sum(
                    Fraction(amount)
                    for month, amount in spent
                    if month <= number and sum(month > at for at in promoted) == own
                )
                used = 0 if starts is None else min(max(min(number, (ends or 99) - 1) - starts + 1, 0), life)
                gone = ends is not None and number >= ends
                left = Fraction(0) if gone else cost * (life - used) / life
                assert Fraction(row["build_cost"]) == cost
                assert abs(Fraction(row["net_book_value"]) - left) <= Fraction(1, 10**20)
                assert row["is_in_progress"] == (starts is None or number < starts)
