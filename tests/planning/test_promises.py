"""What a plan promised beside its cost, and what came; and an alert where promised volume does not appear."""

from __future__ import annotations

from datetime import date
from tomllib import loads
from typing import Any

import pytest

from tests.support.books import Bench, Row
from truecost.alerts.readings import volume
from truecost.planning.projection import draw
from truecost.planning.promises import promises
from truecost.publish.publication import header_comments
from truecost.store.sql import query
from truecost.workspace.plans import Plan

PLAN = """
currency = "USD"
first_month = "2026-01"
last_month = "2026-06"
trials = 500

[lifecycle]
approach = "managed"
build_months = 2

[lifecycle.traffic]
requests_per_day = { low = 900, likely = 1000, high = 1100 }
growth = 1
input_tokens = { low = 900, likely = 1000, high = 1100 }
"""
QUALITY = "[decision]\naccepted = { managed = 0.9, lora = 0.95 }\n"


@pytest.fixture
def promised() -> list[Row]:
    return promises("bot", draw(Plan.model_validate(loads(PLAN))))


def test_a_plan_promises_production_volume_and_tokens(promised: list[Row]) -> None:
    production, *others = promised
    assert (production["promise"], production["month"]) == ("production", date(2026, 3, 1))
    march = next(row for row in others if row["promise"] == "requests")
    assert march["month"] == date(2026, 3, 1)
    assert march["low"] < march["middle"] < march["high"]
    assert march["middle"] == pytest.approx(31_000, rel=0.05)
    assert {row["month"].month for row in others} == {3, 4, 5, 6}
    plain = 'currency = "USD"\nfirst_month = "2026-01"\nlast_month = "2026-02"\n'
    plain += '[[items]]\nname = "a"\nstage = "serving"\nunit_cost = 1\n'
    assert promises("bot", draw(Plan.model_validate(loads(plain)))) == []


def held(bench: Bench, on: date, view: str = "finance/promises") -> list[Row]:
    bench.session(on)
    return bench.ask(query(view))


@pytest.fixture
def bench(tmp_path: Any, promised: list[Row]) -> Any:
    sources = [
        {"name": "runs", "format": "training_runs", "path": "inbox/runs/*"},
        {"name": "log", "format": "request_log", "path": "inbox/log/*", "one_in": 1000},
        {"name": "evals", "format": "lm_eval", "path": "inbox/evals/*"},
    ]
    opened = Bench.open(tmp_path, {"sources": sources, "models": [{"id": "bot"}]})
    for row in promised:
        opened.con.execute("INSERT INTO outlook.promises VALUES (?, ?, ?, ?, ?, ?)", list(row.values()))
    yield opened
    opened.close()


def called(bench: Bench, month: int, times: int, tokens: int = 1000) -> None:
    for number in range(times):
        key = f"{month}-{number}"
        told = {"request_id": key, "x_key": key, "x_occurrence": 1, "model_id": "bot", "input_tokens": tokens}
        bench.put_row("log", "requests", **told, requested_at=date(2026, month, 5))


def test_each_is_held_against_what_came(bench: Bench) -> None:
    bench.put_row("runs", "training_runs", run_id="r", model_id="bot", outcome="promoted", decided_at=date(2026, 4, 2))
    called(bench, 3, 10)
    called(bench, 4, 30, tokens=2000)
    bench.keep_books()
    rows = {(row["promise"], row["month"].month): row for row in held(bench, date(2026, 5, 10))}
    assert (rows["production", 3]["state"], rows["production", 3]["came_in"]) == ("late", date(2026, 4, 1))
    assert (rows["requests", 3]["came"], rows["requests", 3]["state"]) == (10_000, "below")
    assert (rows["requests", 4]["came"], rows["requests", 4]["state"]) == (30_000, "kept")
    assert (rows["input_tokens", 3]["state"], rows["input_tokens", 4]["state"]) == ("kept", "above")
    assert (rows["requests", 5]["came"], rows["requests", 5]["state"]) == (None, "to_come")
    about, columns = header_comments(query("finance/promises"))
    assert about
    assert list(columns) == list(rows["requests", 3])


def test_the_share_of_answers_that_a_plan_counts_on_is_a_promise() -> None:
    rows = promises("bot", draw(Plan.model_validate(loads(PLAN + QUALITY))))
    accepted = [row for row in rows if row["promise"] == "accepted"]
    assert [row["month"].month for row in accepted] == [3, 4, 5, 6]
    assert {(row["low"], row["middle"], row["high"]) for row in accepted} == {(None, 0.9, None)}


def scored(bench: Bench, score: float, month: int, **more: Any) -> None:
    told = {"model_id": "bot", "task": "faq", "metric": "acc", "score": score, "n": 400, "higher_is_better": True}
    bench.put_row("evals", "evals", **{**told, "evaluated_at": date(2026, month, 9), **more})


def quality_of(bench: Bench) -> dict[int, Row]:
    for month in (3, 4, 5, 6):
        bench.con.execute(
            "INSERT INTO outlook.promises VALUES ('bot', 'accepted', ?, NULL, 0.9, NULL)", [date(2026, month, 1)]
        )
    bench.keep_books()
    rows = held(bench, date(2026, 6, 10))
    return {row["month"].month: row for row in rows if row["promise"] == "accepted"}


def test_the_share_of_answers_is_held_against_the_score_of_the_version_in_production(bench: Bench) -> None:
    bench.put_row("runs", "training_runs", run_id="r1", model_id="bot", outcome="promoted", decided_at=date(2026, 3, 2))
    scored(bench, 0.89, 3, model_version="r1")  # within what 400 answers can tell
    scored(bench, 0.80, 5, model_version="r1")
    scored(bench, 0.99, 5, model_version="r2")  # not in production
    rows = quality_of(bench)
    assert [(rows[month]["came"], rows[month]["state"]) for month in (3, 4, 5, 6)] == [
        *[(0.89, "kept")] * 2,
        (0.80, "below"),
        (None, "to_come"),
    ]


def test_a_score_in_percent_is_a_share_and_one_beyond_what_was_promised_is_above(bench: Bench) -> None:
    scored(bench, 40, 2)
    scored(bench, 97, 4, stderr=2.0)
    rows = quality_of(bench)
    assert [(rows[month]["came"], rows[month]["state"]) for month in (3, 4)] == [(0.4, "below"), (0.97, "above")]


@pytest.mark.parametrize(
    ("score", "n", "state"),
    [
        (1.0, 10, "kept"),
        (0.0, 3, "below"),
        (0.8, 10, "kept"),
        (0.6, 10, "below"),
        (0.899, 4000, "kept"),
        (0.9, None, "kept"),
    ],
)
def test_the_interval_of_a_share_is_wilsons(bench: Bench, score: float, n: int | None, state: str) -> None:
    """Of ten right answers in ten, 72 % and more: nobody can say it is above 90 %."""
    scored(bench, score, 3, n=n)
    assert quality_of(bench)[3]["state"] == state


def test_a_share_that_is_what_was_promised_is_neither_below_nor_above(bench: Bench) -> None:
    scored(bench, 30.0, 2, n=None)
    scored(bench, 90.00000000000001, 4, n=None)
    assert quality_of(bench)[4]["state"] == "kept"


@pytest.mark.parametrize("metric", ["perplexity", "bleu"])
def test_what_is_no_share_of_answers_judges_no_promise_of_them(bench: Bench, metric: str) -> None:
    scored(bench, 12.0, 3, metric=metric)
    assert {row["state"] for row in quality_of(bench).values()} == {"to_come"}


@pytest.mark.parametrize(("march", "april", "state"), [(10, 12, "ALERT"), (20, 20, "WARNING"), (10, 30, "OK")])
def test_volume_that_does_not_appear_for_two_months_is_an_alert(
    bench: Bench, march: int, april: int, state: str
) -> None:
    called(bench, 3, march)
    called(bench, 4, april)
    bench.keep_books()
    bench.session(date(2026, 5, 1))
    bench.con.execute(f"CREATE OR REPLACE TEMP VIEW promises AS {query('finance/promises')}")
    (row,) = bench.ask(query("alerts/volume"))
    reading = volume(row)
    assert (reading.model_id, reading.rule, reading.state) == ("bot", "volume", state)
    assert f"bot was asked {april * 1000:,} times in 2026-04" in reading.message


def test_one_month_is_not_enough_to_tell(bench: Bench) -> None:
    bench.keep_books()
    bench.session(date(2026, 4, 1))
    bench.con.execute(f"CREATE OR REPLACE TEMP VIEW promises AS {query('finance/promises')}")
    (row,) = bench.ask(query("alerts/volume"))
    assert row["state"] == "OK"
