"""No set silently loses what counted: a fuller one takes its place, a hold is open, or the journal holds the word."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, focus
from tests.support.effort import examples
from truecost.books.claims import Claim, Day, Decision, Judged, judge, losses
from truecost.books.redelivery import decide_delivery

SHRINK = Decimal("0.05")
DAYS = [date(2026, 1, number) for number in range(1, 6)]


@dataclass(frozen=True)
class Delivered:
    """What comes under one name: rows and amount by day, the days that it says it is of, and the word on it."""

    said: Mapping[date, tuple[int, int]]
    covers: tuple[date, date] | None
    ruling: Decision | None

    @property
    def totals(self) -> dict[date | None, Day]:
        return {day: Day(rows, {("billed_cost", "USD"): Decimal(amount)}) for day, (rows, amount) in self.said.items()}


@st.composite
def histories(draw: st.DrawFn, with_spans: bool = True, with_rulings: bool = True) -> list[Delivered]:
    """Bills that grow, shrink, are restated, come twice, or are of a part of the month."""
    history: list[Delivered] = []
    for _ in range(draw(st.integers(2, 6))):
        last = history[-1].said if history else dict.fromkeys(DAYS[: draw(st.integers(1, 5))], (2, 100))
        how = draw(st.sampled_from(["grow", "shrink", "restate", "again", "other"]))
        said = dict(last)
        if how == "grow":
            said |= dict.fromkeys(DAYS[: draw(st.integers(1, 5))], (3, 120))
        elif how == "shrink" and len(said) > 1:
            said.pop(draw(st.sampled_from(sorted(said))))
        elif how == "restate":
            changed = draw(st.sampled_from(sorted(said)))
            said[changed] = (max(said[changed][0] + draw(st.integers(-1, 1)), 1), draw(st.integers(-20, 150)))
        elif how == "other":
            said = draw(
                st.dictionaries(st.sampled_from(DAYS), st.tuples(st.integers(1, 3), st.integers(-9, 150)), min_size=1)
            )
        span = (min(said), max(said)) if with_spans and draw(st.booleans()) else None
        word = draw(st.sampled_from([None, None, None, "accept", "reject"])) if with_rulings else None
        history.append(Delivered(said, span, word))
    return history


def judged(history: Sequence[Delivered]) -> list[Judged]:
    claims = [
        Claim(
            delivery_id=number,
            slot_no=1,
            slot="x",
            realm="aws",
            speaker="aws jan.csv",
            unit="2026-01-01",
            set_version=number,
            order="",
            content=str(sorted(told.said.items())),
            covers=told.covers,
            ruling=(number, told.ruling) if told.ruling else None,
        )
        for number, told in enumerate(history, 1)
    ]
    totals = {(number, 1): told.totals for number, told in enumerate(history, 1)}
    return judge(claims, totals, SHRINK)


def counted(history: Sequence[Delivered], told: Sequence[Judged]) -> dict[date | None, Day]:
    """What counts, day by day: runs of other days add up."""
    days: dict[date | None, Day] = {}
    for one, item in zip(history, told, strict=True):
        if item.status == "current":
            assert not days.keys() & one.totals.keys(), "a day counts once"
            days |= one.totals
    return days


@given(histories())
@settings(max_examples=examples(150))
def test_what_counted_is_never_lost_without_a_word(history: list[Delivered]) -> None:
    before: dict[date | None, Day] = {}
    for known in range(1, len(history) + 1):
        told = judged(history[:known])
        now, newest = counted(history[:known], told), told[-1]
        if losses(before, now, SHRINK):
            assert newest.status == "current", "only what has just come can have replaced it"
            assert history[known - 1].ruling == "accept"
        if newest.status != "current":
            assert now == before, "what is not let in changes nothing"
            is_said = all(before.get(day) == said for day, said in history[known - 1].totals.items())
            assert newest.status in ("held", "rejected") or is_said
        before = now


@given(histories(with_rulings=False))
@settings(max_examples=examples(80))
def test_what_waits_is_the_newest_that_says_less(history: list[Delivered]) -> None:
    told = judged(history)
    waiting = [number for number, item in enumerate(told) if item.status == "held"]
    for number in waiting:
        assert told[number].loss
        assert not any(
            item.status == "current" and later > number and history[later].covers is None
            for later, item in enumerate(told)
        ), "a fuller one has come since"


@pytest.mark.slow
@given(histories(with_spans=False, with_rulings=False), st.lists(st.booleans(), min_size=7, max_size=7))
@settings(max_examples=examples(3), deadline=None)
def test_the_books_lose_no_row_whatever_comes(history: list[Delivered], accepts: list[bool]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench.open(Path(folder))
        before: Mapping[date, tuple[int, int]] = {}
        for one, is_accepted in zip(history, accepts, strict=False):
            bench.deliver("aws", bill(one.said), "jan.csv")
            bench.keep_books()
            status = bench.ask("SELECT status FROM books.deliveries ORDER BY delivery_id DESC LIMIT 1")[0]["status"]
            if status == "held" and is_accepted:
                decide_delivery(bench.session(), bench.delivered, "accept", "it is so")
                bench.keep_books()
                assert rows_of(bench) == one.said
            elif status == "held":
                assert rows_of(bench) == before
            else:
                assert rows_of(bench) == one.said
                was, now = ({day: Day(*plain(told)) for day, told in said.items()} for said in (before, one.said))
                assert not losses(was, now, SHRINK)
            before = rows_of(bench)
        bench.con.close()


def plain(told: tuple[int, int]) -> tuple[int, dict[tuple[str, str], Decimal]]:
    return told[0], {("billed_cost", "USD"): Decimal(told[1])}


def bill(said: Mapping[date, tuple[int, int]]) -> str:
    rows = []
    for day, (count, amount) in said.items():
        for row in range(count):
            cost = str(amount if row == 0 else 0)
            rows.append(
                {
                    "BilledCost": cost,
                    "EffectiveCost": cost,
                    "ChargePeriodStart": f"{day}T00:00:00Z",
                    "ChargePeriodEnd": f"{day}T12:00:00Z",
                }
            )
    return focus(*rows)


def rows_of(bench: Bench) -> dict[date, tuple[int, int]]:
    rows = bench.ask(
        "SELECT CAST(charge_period_start AS DATE) AS day, count(*) AS n, sum(billed_cost) AS cost "
        "FROM books.charges WHERE x_delivery_id > 0 GROUP BY ALL ORDER BY day"
    )
    return {row["day"]: (row["n"], int(row["cost"])) for row in rows}
