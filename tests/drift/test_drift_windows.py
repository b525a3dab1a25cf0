"""Which requests and scores are compared, and which columns of them: all that is decided before Evidently is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pyarrow as pa
import pytest

from tests.support.books import Bench
from truecost.drift.columns import Profile, kind_of, read_sample
from truecost.drift.drift import report_path, take_sample
from truecost.drift.signals import Windows
from truecost.store.sql import query
from truecost.workspace.config import DriftSection
from truecost.workspace.workspace import Workspace

DAY = datetime(2026, 10, 5)
EVERYTHING = {"reference": 2**64 - 1, "current": 2**64 - 1}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, {"models": [{"id": "bot"}, {"id": "reader"}]})
    opened.con.execute(
        "CREATE SCHEMA books; CREATE TABLE books.requests AS SELECT *, 'log' AS source, 'current' AS status "
        "FROM ledger.requests; CREATE TABLE books.evals AS SELECT *, 'evals' AS source, 'current' AS status "
        "FROM ledger.evals; CREATE TABLE books.training_runs (model_id VARCHAR, outcome VARCHAR, decided_at TIMESTAMP)"
    )
    yield opened
    opened.close()


def insert(bench: Bench, table: str, rows: list[dict[str, Any]]) -> None:
    bench.con.register("rows_batch", pa.Table.from_pylist(rows))
    bench.con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_batch")
    bench.con.unregister("rows_batch")


def log(bench: Bench, moments: list[datetime], **values: Any) -> None:
    rows = [
        {"model_id": "bot", "source": "log", "status": "current", "requested_at": moment, "x_key": f"r{number}"}
        | {"x_occurrence": 1, **values}
        for number, moment in enumerate(moments)
    ]
    insert(bench, "books.requests", rows)


def promote(bench: Bench, *moments: datetime) -> None:
    insert(
        bench, "books.training_runs", [{"model_id": "bot", "outcome": "promoted", "decided_at": at} for at in moments]
    )


def windows(bench: Bench, min_rows: int = 1, changes: dict[str, datetime] | None = None) -> list[dict[str, Any]]:
    spans = {"day": DAY, "window": timedelta(days=7), "reference": timedelta(days=28), "min_rows": min_rows}
    spans |= {"change_models": list(changes or {}), "change_days": list((changes or {}).values())}
    found = bench.con.execute(query("drift/windows"), spans)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def daily(first: datetime, days: int) -> list[datetime]:
    return [first + timedelta(days=number, hours=5) for number in range(days)]


def test_the_current_window_is_the_last_whole_days_before_today(bench: Bench) -> None:
    log(bench, daily(datetime(2026, 6, 1), 126))
    (found,) = windows(bench)
    assert (found["current_start"], found["current_end"]) == (datetime(2026, 9, 28), DAY)


def test_without_a_promotion_the_reference_is_the_start_of_the_log(bench: Bench) -> None:
    log(bench, daily(datetime(2026, 6, 1), 126))
    (found,) = windows(bench)
    assert (found["reference_start"], found["reference_end"]) == (datetime(2026, 6, 1), datetime(2026, 6, 29))


def test_the_reference_follows_the_last_promotion_before_the_current_window(bench: Bench) -> None:
    log(bench, daily(datetime(2026, 6, 1), 126))
    promote(bench, datetime(2026, 5, 1), datetime(2026, 7, 4, 12), datetime(2026, 10, 1))
    (found,) = windows(bench)
    assert found["reference_start"] == datetime(2026, 7, 4, 12)
    assert found["reference_end"] == datetime(2026, 8, 1, 12)


def test_the_reference_starts_with_the_log_where_that_is_later_than_the_promotion(bench: Bench) -> None:
    log(bench, daily(datetime(2026, 8, 1), 60))
    promote(bench, datetime(2026, 7, 4))
    (found,) = windows(bench)
    assert found["reference_start"] == datetime(2026, 8, 1)


def test_the_reference_never_reaches_into_the_current_window(bench: Bench) -> None:
    log(bench, daily(datetime(2026, 9, 20), 15))
    promote(bench, datetime(2026, 9, 25))
    (found,) = windows(bench)
    assert (found["reference_start"], found["reference_end"]) == (datetime(2026, 9, 25), datetime(2026, 9, 28))


def test_a_reference_grows_until_it_has_enough_rows(bench: Bench) -> None:
    log(bench, [datetime(2026, 6, 1), *daily(datetime(2026, 8, 1), 60)])
    assert windows(bench)[0]["reference_end"] == datetime(2026, 6, 29)
    (found,) = windows(bench, min_rows=20)
    assert (found["reference_start"], found["reference_end"]) == (datetime(2026, 6, 1), datetime(2026, 8, 20))
    assert windows(bench, min_rows=200)[0]["reference_end"] == datetime(2026, 9, 28)


def test_a_known_change_begins_a_reference_of_its_own(bench: Bench) -> None:
    log(bench, daily(datetime(2026, 6, 1), 126))
    found = windows(bench, changes={"bot": datetime(2026, 7, 15), "reader": datetime(2026, 8, 1)})
    assert [row["reference_start"] for row in found] == [datetime(2026, 7, 15)]


def test_only_configured_models_are_watched(bench: Bench) -> None:
    log(bench, daily(datetime(2026, 8, 1), 60), model_id="somebody else's")
    assert windows(bench) == []


def sampled(bench: Bench, rows: int, seed: int = 0) -> set[datetime]:
    span = Windows("bot", DAY - timedelta(days=20), DAY - timedelta(days=10), DAY - timedelta(days=9), DAY, 600, 540)
    take_sample(bench.con, span, rows, seed)
    found = bench.con.execute("SELECT requested_at FROM drift_sample WHERE side = 'reference'").fetchall()
    return {moment for (moment,) in found}


def minutely(count: int) -> list[datetime]:
    return [DAY - timedelta(days=20) + timedelta(minutes=24 * number) for number in range(count)]


def test_a_sample_is_the_same_whatever_the_order_of_the_rows_and_the_number_of_threads(bench: Bench) -> None:
    log(bench, minutely(1200))
    first = sampled(bench, 100)
    bench.con.execute("CREATE OR REPLACE TABLE books.requests AS FROM books.requests ORDER BY hash(x_key, 'other')")
    bench.con.execute("SET threads = 1")
    assert sampled(bench, 100) == first
    assert len(first) == 100
    assert sampled(bench, 100, seed=1) != first


def test_a_window_with_fewer_rows_than_the_sample_is_taken_whole(bench: Bench) -> None:
    log(bench, minutely(1200))
    assert len(sampled(bench, 50_000)) == 600


def columns(bench: Bench, features: list[dict[str, Any]], **settings: Any) -> dict[str, str]:
    """The kinds of the columns compared, of a log with these features: half of them long ago, half of them now."""
    half = len(features) // 2
    moments = [
        *(DAY - timedelta(days=20) + timedelta(minutes=n) for n in range(half)),
        *(DAY - timedelta(days=5) + timedelta(minutes=n) for n in range(half)),
    ]
    rows = [
        {"model_id": "bot", "source": "log", "status": "current", "requested_at": moment, "x_key": f"r{number}"}
        | {"x_occurrence": 1, "input_tokens": number % 97, "features": json.dumps(features[number])}
        for number, moment in enumerate(moments)
    ]
    insert(bench, "books.requests", rows)
    span = Windows("bot", DAY - timedelta(days=21), DAY - timedelta(days=9), DAY - timedelta(days=7), DAY, half, half)
    take_sample(bench.con, span, 50_000, 0)
    sample = read_sample(bench.con, DriftSection(min_rows=50, **settings), EVERYTHING)
    return {column.name: column.kind for column in sample.columns} if sample else {}


FEATURES = [
    {
        "language": ["en", "de", "fr"][number % 3],
        "temperature": str(number % 20 / 10),
        "score": number * 7919 % 1000 / 1000,
        "top_k": str(number % 4),
        "request_number": 10_000 + number,
        "trace": f"{number * 2654435761 % 2**32:08x}-{number}",
        "prompt": f"Please answer question number {number} in your own words",
        "opened_on": f"2026-09-{1 + number % 28:02d}",
        "build": "1.2.3",
        "rarely": "x" if number == 0 else None,
        "a/b~c": ["left", "right"][number % 2],
        "tail": str(number * 31 % 50) if number % 10 == 0 else None,
    }
    for number in range(600)
]


def test_ids_counters_dates_and_constants_are_left_out_and_a_text_is_told_by_its_length(bench: Bench) -> None:
    assert columns(bench, FEATURES) == {
        "input_tokens": "number",
        "a/b~c": "category",
        "language": "category",
        "prompt (length)": "number",
        "score": "number",
        "tail": "category",
        "temperature": "number",
        "top_k": "category",
    }


def test_a_number_too_few_requests_have_is_compared_by_whether_they_have_it(bench: Bench) -> None:
    features = [{"boost": number * 7919 % 1000 / 1000} if number % 8 == 0 else {"other": "x"} for number in range(600)]
    assert columns(bench, features)["boost"] == "presence"


def test_the_settings_name_what_to_compare_and_what_to_ignore(bench: Bench) -> None:
    assert columns(bench, FEATURES, columns=["trace", "language", "build"], ignore=["language"]) == {
        "trace": "category"
    }


def test_a_value_that_says_another_thing_than_a_number_now_and_then_is_still_a_number() -> None:
    profile = Profile(1000, 500, 995, 499, False, 0, 4.0, 0.0)
    assert kind_of(profile) == "number"
    assert kind_of(Profile(1000, 3, 600, 1, True, 0, 4.0, 0.0)) == "category"


@pytest.mark.parametrize("name", ["../../etc", "..", "a/b", ".hidden", "C:\\x", "support bot"])
def test_a_report_stays_in_its_folder_whatever_the_model_is_called(bench: Bench, tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path, bench.workspace.config)
    path = report_path(workspace, name, DAY)
    assert path.resolve().parent.parent == (tmp_path / "reports" / "drift").resolve()
    assert path.name == "2026-10-04.html"


FOUR_LOOKS = NormalDist().inv_cdf(1 - 1 / (20 * 4))  # one task, four looks a year: chance passes it once in 20 years


def score(bench: Bench, at: datetime, value: float, **more: Any) -> None:
    row = {"model_id": "bot", "model_version": "v1", "task": "intents", "metric": "acc", "score": value, "stderr": 0.01}
    row |= {
        "n": 400,
        "higher_is_better": True,
        "evaluated_at": at,
        "status": "current",
        "x_delivery_id": 1,
        "x_line": 1,
    }
    insert(bench, "books.evals", [row | more])


def drops(bench: Bench) -> list[dict[str, Any]]:
    found = bench.con.execute(query("drift/eval_drops"), {"eval_errors": 2.0, "years": 20.0})
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def at(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day)


def test_a_score_that_fell_beyond_its_error_is_a_signal(bench: Bench) -> None:
    promote(bench, at(3))
    score(bench, at(2), 0.50)
    score(bench, at(2, 20), 0.90)
    score(bench, at(6), 0.85)
    found = drops(bench)[-1]
    assert (found["window_start"], found["window_end"]) == (at(2, 20), at(6))
    assert found["feature"] == "intents acc"
    assert found["value"] == pytest.approx(0.05)
    assert found["threshold"] == pytest.approx(FOUR_LOOKS * (0.01**2 + 0.01**2) ** 0.5, rel=1e-3)
    assert (found["drifted"], found["verdict"]) == (True, "drift")


def test_a_score_that_fell_within_its_error_is_none(bench: Bench) -> None:
    promote(bench, at(3))
    score(bench, at(2), 0.90)
    score(bench, at(6), 0.88)
    (found,) = drops(bench)
    assert (found["drifted"], found["verdict"]) == (False, "stable")


def test_a_rise_in_perplexity_is_a_fall(bench: Bench) -> None:
    for moment, value in ((at(1), 4.0), (at(2), 5.0)):
        score(bench, moment, value, metric="ppl", higher_is_better=False)
    (found,) = drops(bench)
    assert (found["value"], found["drifted"]) == (1.0, True)


def test_the_baseline_moves_with_each_promotion(bench: Bench) -> None:
    promote(bench, at(3), at(6))
    for moment, value in ((at(2), 0.90), (at(5), 0.80), (at(7), 0.79)):
        score(bench, moment, value)
    assert [(row["window_start"], row["window_end"], row["drifted"]) for row in drops(bench)] == [
        (at(2), at(5), True),
        (at(5), at(7), False),
    ]


def test_without_a_score_up_to_the_promotion_the_first_after_it_is_the_baseline(bench: Bench) -> None:
    promote(bench, at(3))
    for moment, value in ((at(4), 0.90), (at(5), 0.89), (at(6), 0.70)):
        score(bench, moment, value)
    assert [(row["window_start"], row["window_end"]) for row in drops(bench)] == [(at(4), at(5)), (at(4), at(6))]


@pytest.mark.parametrize("metric", ["acc", "acc_norm", "exact_match,strict-match", "prompt_level_strict_acc", "pass@1"])
def test_a_share_of_right_answers_without_an_error_gets_the_binomial_one(bench: Bench, metric: str) -> None:
    for moment, value in ((at(1), 0.9), (at(2), 0.8)):
        score(bench, moment, value, metric=metric, stderr=None)
    (found,) = drops(bench)
    assert found["threshold"] == pytest.approx(FOUR_LOOKS * (0.9 * 0.1 / 400 + 0.8 * 0.2 / 400) ** 0.5, rel=1e-3)
    assert found["drifted"]


@pytest.mark.parametrize(("metric", "n"), [("bleu", 400), ("acc", None), ("f1", 400)])
def test_where_no_error_is_known_nothing_is_said_to_have_drifted(bench: Bench, metric: str, n: int | None) -> None:
    for moment, value in ((at(1), 0.9), (at(2), 0.1)):
        score(bench, moment, value, metric=metric, stderr=None, n=n)
    (found,) = drops(bench)
    assert (found["drifted"], found["verdict"], found["threshold"]) == (False, "no_error_known", None)
    assert found["value"] == pytest.approx(0.8)
