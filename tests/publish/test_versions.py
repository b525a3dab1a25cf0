"""Versions side by side: cost, volume, latency, scores, and which is the better value, by hand and on draws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Books, Row, config, focus, in_month
from truecost import steps
from truecost.clock import Clock
from truecost.publish.publication import header_comments
from truecost.store.sql import query

DAY = date(2026, 4, 1)
CONFIG: dict[str, Any] = {
    "sources": [
        {"name": "aws", "format": "focus", "path": "inbox/aws/*"},
        {"name": "log", "format": "request_log", "path": "inbox/log/*", "model": "bot", "one_in": 100},
        {"name": "evals", "format": "lm_eval", "path": "inbox/evals/*", "model": "bot"},
    ],
    "models": [{"id": "bot"}],
    "attribution": [{"match": {"source": "aws"}, "model": "bot", "activity": "serving"}],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, CONFIG)
    yield opened
    opened.close()


def cost(bench: Bench, amount: int, tags: str | None, first: date = date(2026, 3, 1), days: int = 31) -> None:
    charge = {"service_category": "Compute", "charge_category": "Usage", "billing_currency": "USD", "tags": tags}
    start = datetime(first.year, first.month, first.day)
    period = {"charge_period_start": start, "charge_period_end": start + timedelta(days=days)}
    told = {"effective_cost": Decimal(amount), "billed_cost": Decimal(amount)}
    bench.put_charges([charge | told | period])


def called(
    bench: Bench, version: str | None, days: range, tokens: int = 1000, latency: float = 100, times: int = 1
) -> None:
    """So many calls a day of March, each for a hundred."""
    rows = [
        (f"{version}-{tokens}-{day}-{number}", version, datetime(2026, 3, day, 12), tokens, latency + number)
        for day in days
        for number in range(times)
    ]
    first = bench.put_row("log", "requests", x_key=f"{version}-{tokens}-{days}", x_occurrence=1, model_id="nobody")
    for line, (key, name, moment, count, taken) in enumerate(rows, start=2):
        bench.con.execute(
            "INSERT INTO ledger.requests (x_key, x_occurrence, model_id, model_version, requested_at, input_tokens, "
            "output_tokens, latency_ms, x_delivery_id, x_line, x_content) VALUES (?, 1, 'bot', ?, ?, ?, 0, ?, ?, ?, ?)",
            [key, name, moment, count, taken, first, line, key],
        )
    bench.con.execute(
        "UPDATE log.deliveries SET rows_read = ?, rows_accepted = ? WHERE delivery_id = ?",
        [len(rows) + 1, len(rows) + 1, first],
    )


def scored(bench: Bench, version: str, score: float, **more: Any) -> None:
    told = {"model_id": "bot", "model_version": version, "task": "intents", "metric": "acc", "score": score, "n": 400}
    told |= {"higher_is_better": True, "evaluated_at": datetime(2026, 2, 1)}
    bench.put_row("evals", "evals", **(told | more))


def versions(bench: Bench, on: date = DAY) -> list[Row]:
    bench.keep_books()
    return bench.published("version_comparison", on)


def side_by_side(bench: Bench) -> None:
    """Ten days of March: the old version is asked 3,000 times for 60, the new one 1,000 times for 10."""
    cost(bench, 60, '{"model_version": "v1"}', date(2026, 3, 11), 10)
    cost(bench, 31, '{"model_version": "2"}')  # 1 a day
    called(bench, "v1", range(1, 21), times=3)
    called(bench, "v2", range(11, 26), tokens=500, latency=50)


def test_versions_of_the_same_days_are_compared_over_these_days(bench: Bench) -> None:
    side_by_side(bench)
    scored(bench, "1", 0.8)
    scored(bench, "v2", 0.5)
    old, new = versions(bench)
    assert [(row["version"], row["window_start"], row["window_end"]) for row in (old, new)] == [
        ("v1", date(2026, 3, 11), date(2026, 3, 20)),
        ("v2", date(2026, 3, 11), date(2026, 3, 20)),
    ]
    assert [(row["requests"], row["request_share"]) for row in (old, new)] == [(3000, 0.75), (1000, 0.25)]
    assert [row["tokens_per_request"] for row in (old, new)] == [1000, 500]
    assert [row["latency_p50_ms"] for row in (old, new)] == [101, 50]
    # Of the new version's 31 days, ten are of the window.
    assert [row["serving_cost"] for row in (old, new)] == [60, 10]
    assert [row["cost_per_1k_requests"] for row in (old, new)] == [20, 10]
    # 20 / 0.8 and 10 / 0.5.
    assert [row["cost_per_1k_accepted"] for row in (old, new)] == [25, 20]
    assert [row["is_best_value"] for row in (old, new)] == [False, True]
    # Errors: sqrt(1 / 320.5 - 1 / 400.5) and sqrt(1 / 200.5 - 1 / 400.5), 0.055 together; ln(25 / 20) is 4.06 of it.
    assert new["probability_best"] == 1
    assert old["probability_best"] == 0
    assert (round(old["score_low"], 3), round(old["score_high"], 3)) == (0.758, 0.836)  # Wilson
    assert old["cost_per_1k_accepted_low"] < 25 < old["cost_per_1k_accepted_high"]
    assert [row["reason"] for row in (old, new)] == [None, None]
    assert old["is_lower_bound"]  # no labour was ever booked


def test_a_score_of_a_later_day_changes_nothing_of_an_earlier_one(bench: Bench) -> None:
    """Neither which eval speaks, nor what one whole of its scores is."""
    side_by_side(bench)
    scored(bench, "1", 0.8)
    scored(bench, "v2", 0.5)
    before = versions(bench)
    later = datetime(DAY.year, DAY.month, DAY.day) + timedelta(days=1)
    scored(bench, "v3", 60, evaluated_at=later)
    scored(bench, "v3", 0.9, task="dialogue", evaluated_at=later)
    assert versions(bench) == before


def test_confidence_is_that_of_the_errors(bench: Bench) -> None:
    side_by_side(bench)
    scored(bench, "v1", 0.8, stderr=0.04)
    scored(bench, "v2", 0.41, stderr=0.0205)
    old, new = versions(bench)
    # 25 against 24.39, each with an error of 5 %: ln(25 / 24.39) / (0.05 sqrt 2) = 0.349: below that in 0.6365.
    assert new["probability_best"] == pytest.approx(0.6365, abs=0.001)
    assert old["probability_best"] + new["probability_best"] == pytest.approx(1, abs=0.0002)


def test_what_is_missing_is_told_and_nothing_is_weighed(bench: Bench) -> None:
    side_by_side(bench)
    scored(bench, "v1", 0.8)
    old, new = versions(bench)
    assert new["reason"] == "no score of the setup the others have"
    assert old["reason"] == "not weighed: another version lacks what it takes"
    assert old["cost_per_1k_accepted"] == 25
    assert [row["probability_best"] for row in (old, new)] == [None, None]
    scored(bench, "v2", 0.7, task_version="3")  # another version of the task
    old, new = versions(bench)
    assert sorted(row["score"] is None for row in (old, new)) == [False, True]
    assert new["probability_best"] is None


def test_cost_that_names_no_version_is_nobodys_unless_it_is_shared(bench: Bench) -> None:
    side_by_side(bench)
    cost(bench, 40, None, date(2026, 3, 11), 10)
    scored(bench, "v1", 0.8)
    scored(bench, "v2", 0.8)
    old, new = versions(bench)
    assert [row["serving_cost"] for row in (old, new)] == [None, None]
    assert "set version_share" in old["reason"]
    bench.configure(models=[{"id": "bot", "version_share": "requests"}])
    old, new = versions(bench)
    assert [(row["named_cost"], row["shared_cost"]) for row in (old, new)] == [(60, 30), (10, 10)]
    bench.configure(models=[{"id": "bot", "version_share": "tokens"}])
    old, new = versions(bench)
    # 3,000,000 tokens against 500,000.
    assert round(old["shared_cost"], 6) == Decimal("34.285714")
    assert old["shared_cost"] + new["shared_cost"] == pytest.approx(40)


@pytest.mark.slow
def test_three_versions_share_one_certainty(bench: Bench) -> None:
    for version, score in (("a", 0.5), ("b", 0.52), ("c", 0.54)):
        called(bench, version, range(1, 11))
        cost(bench, 10, f'{{"model_version": "{version}"}}', date(2026, 3, 1), 10)
        scored(bench, version, score)
    rows = versions(bench)
    chances = [row["probability_best"] for row in rows]
    assert sum(chances) == pytest.approx(1, abs=0.0003)
    assert chances == sorted(chances)
    assert [row["is_best_value"] for row in rows] == [False, False, True]


@pytest.mark.parametrize(("days", "count"), [(range(21, 31), 0), (range(20, 31), 2)])
def test_one_version_after_another_is_no_comparison(bench: Bench, days: range, count: int) -> None:
    called(bench, "v1", range(1, 21))
    called(bench, "v2", days)
    called(bench, None, range(1, 31))
    assert len(versions(bench)) == count


@pytest.mark.slow
def test_a_share_of_calls_counts_those_that_name_no_version(bench: Bench) -> None:
    side_by_side(bench)
    called(bench, None, range(11, 21), times=4, tokens=7)
    old, new = versions(bench)
    assert [row["request_share"] for row in (old, new)] == [0.375, 0.125]


@pytest.mark.slow
def test_a_log_names_the_version_of_each_call(bench: Bench) -> None:
    header = "timestamp,model_version,latency_ms\n"
    rows = [f"2026-03-{day:02d}T00:00:00Z,{version},9\n" for day in range(1, 9) for version in ("v7", "v8")]
    bench.deliver("log", header + "".join(rows))
    assert [(row["version"], row["requests"]) for row in versions(bench)] == [("v7", 800), ("v8", 800)]


def test_every_column_is_explained(bench: Bench) -> None:
    side_by_side(bench)
    row, _ = versions(bench)
    about, columns = header_comments(query("finance/version_comparison"))
    assert about
    assert list(columns) == list(row)


TOML = """
[[sources]]
name = "log"
format = "request_log"
path = "inbox/log/*"
model = "bot"
columns = { model_version = "variant" }

[[sources]]
name = "evals"
format = "lm_eval"
path = "inbox/evals/**/*.json"
model = "bot"
version = '(v[0-9])'

[[models]]
id = "bot"

[[attribution]]
match = { source = "aws" }
model = "bot"
activity = "serving"
"""


def test_the_command_the_page_and_the_workbook_say_which_is_the_better_value(tmp_path: Path, truecost: Any) -> None:
    books = Books.of(tmp_path, config("aws", more=TOML))
    calls = [f"2026-03-{day:02d}T0{hour}:00:00Z,v{1 + hour % 2},9\n" for day in range(1, 32) for hour in range(6)]
    books.put("inbox/log/1.csv", "timestamp,variant,latency_ms\n" + "".join(calls))
    bills = [
        in_month(3, EffectiveCost=cost, BilledCost=cost, Tags=f'{{"model_version": "{version}"}}')
        for version, cost in (("v1", "60.00"), ("v2", "30.00"))
    ]
    books.put("inbox/aws/1.csv", focus(*bills))
    for version, score in (("v1", 0.8), ("v2", 0.7)):
        told = {"results": {"intents": {"acc,none": score, "acc_stderr,none": 0.02}}, "versions": {"intents": 1}}
        told |= {"n-samples": {"intents": {"effective": 400}}, "date": 1772000000}
        books.put(f"inbox/evals/{version}/results_1.json", json.dumps(told))
    books.run(DAY)
    said = truecost("versions", "bot", "--as-of", "2026-04-01", "--workspace", books.root)
    assert "An accepted answer costs least of v2, with a confidence of 100 %." in said.stdout
    (_, new) = json.loads(truecost("versions", "--as-of", "2026-04-01", "--json", "--workspace", books.root).stdout)
    assert (new["requests"], new["is_best_value"]) == (93, True)
    nothing = truecost("versions", "--as-of", "2026-02-01", "--workspace", books.root)
    assert "No two versions" in nothing.stdout
    steps.compare(books.workspace, Clock(DAY))
    steps.publish(books.workspace, Clock(DAY))
    folder = steps.report(books.workspace, Clock(DAY), "FY2026-Q1").folder
    page = " ".join((folder / "true-cost.html").read_text("utf-8").split())
    assert "An accepted answer costs least of <strong>v2</strong>" in page
    (model,) = json.loads((folder / "true-cost.json").read_text("utf-8"))["models"]
    assert [row["version"] for row in model["versions"]] == ["v1", "v2"]


# ---- On draws of our own ----------------------------------------------------------------------------------------


def tried(folder: Path, trials: int, seed: int) -> tuple[float, list[tuple[float, bool]]]:
    """The share of intervals that hold the true cost of an accepted answer; (stated chance, was it best) a version."""
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng(seed)
    names = [f"m{number}" for number in range(trials)]
    opened = Bench.open(folder, {**CONFIG, "models": [{"id": name} for name in names], "attribution": []})
    delivery = opened.put_row("log", "requests", model_id="nobody")
    opened.keep_books()
    calls, n, price = 60, 300, 0.001
    truth = random.uniform(0.4, 0.9, (trials, 2))  # accepted
    level = random.uniform(0.7, 1.4, (trials, 2))  # tokens a call, on average
    tokens = np.maximum(random.gamma(2, 500 * level[..., None], (trials, 2, calls)).round(), 1)
    model, version, call = (part.ravel() for part in np.indices((trials, 2, calls)))
    key = np.arange(model.size).astype(str)
    log = {
        "x_key": key,
        "x_occurrence": np.ones(model.size, "int32"),
        "model_id": np.array(names)[model],
        "model_version": np.array(["a", "b"])[version],
        "requested_at": np.datetime64("2026-03-01", "us") + (call % 10) * np.timedelta64(86_400_000_000, "us"),
        "input_tokens": tokens.ravel().astype("int64"),
        "x_delivery_id": np.full(model.size, delivery, "int32"),
        "x_line": np.arange(2, model.size + 2),
        "x_content": key,
    }
    right = random.binomial(n, truth)
    scores = [
        {"model_id": names[t], "model_version": "ab"[v], "task": "t", "metric": "acc", "score": right[t, v] / n, "n": n}
        | {"higher_is_better": True, "evaluated_at": datetime(2026, 2, 1), "status": "current"}
        for t in range(trials)
        for v in range(2)
    ]
    costs = [
        {"model_id": names[t], "month": date(2026, 3, 1), "quarter": "FY2026-Q1", "quarter_start": date(2026, 1, 1)}
        | {"stage": "serving", "x_delivery_id": 0, "x_line": 2 * t + v, "x_part": 0}
        | {"cost": Decimal(round(float(tokens[t, v].sum()) * price, 6)).quantize(Decimal("0.000001"))}
        for t in range(trials)
        for v in range(2)
    ]
    held = {
        "ledger.requests": pa.table(log),
        "books.evals": pa.Table.from_pylist(scores),
        "books.costs": pa.Table.from_pylist(costs),
    }
    for table, rows in held.items():
        opened.con.register("rows_of", rows)
        opened.con.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_of")
        opened.con.unregister("rows_of")
    for name in ("91_headline_scores", "92_headlines"):
        opened.con.execute(query(f"books/70_closed/{name}"))
    # Each version's bill bears its tag, in place of what a derivation of all of them would take.
    opened.con.execute(
        "CREATE OR REPLACE VIEW books.charges AS SELECT x_delivery_id, x_line, x_part, "
        "'{\"model_version\": \"' || CASE x_line % 2 WHEN 0 THEN 'a' ELSE 'b' END || '\"}' AS tags, "
        "TIMESTAMP '2026-03-01' AS charge_period_start, TIMESTAMP '2026-03-11' AS charge_period_end, 'aws' AS source, "
        "CAST(NULL AS TIMESTAMP) AS x_issued_at, CAST(NULL AS VARCHAR) AS consumed_unit, 1 AS consumed_quantity "
        "FROM books.costs"
    )
    rows = opened.published("version_comparison", DAY)
    opened.close()
    assert len(rows) == 2 * trials
    expected = 1000 * 1000 * level * price / truth / 100  # of 1,000 accepted answers; the log holds one in a hundred
    inside, stated = 0, []
    for row in rows:
        t, v = int(row["model_id"][1:]), "ab".index(row["version"])
        inside += float(row["cost_per_1k_accepted_low"]) <= expected[t, v] <= float(row["cost_per_1k_accepted_high"])
        stated.append((row["probability_best"], bool(expected[t, v] < expected[t, 1 - v])))
    return inside / len(rows), stated


def judged(folder: Path, trials: int, seed: int, slack: float) -> None:
    covered, stated = tried(folder, trials, seed)
    assert abs(covered - 0.95) < slack, covered
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        held = [(chance, is_best) for chance, is_best in stated if low <= chance < high]
        came = sum(is_best for _, is_best in held) / len(held)
        meant = sum(chance for chance, _ in held) / len(held)
        assert abs(came - meant) < 3.3 * (meant * (1 - meant) / len(held)) ** 0.5 + slack, (low, came, meant)


def test_stated_confidence_is_what_comes(tmp_path: Path) -> None:
    judged(tmp_path, 300, 11, 0.03)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [21, 22, 23])
def test_stated_confidence_is_what_comes_over_many_draws(tmp_path: Path, seed: int) -> None:
    judged(tmp_path, 1500, seed, 0.012)
