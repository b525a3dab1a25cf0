"""Earned value: what milestones were worth, when they were reached, and what they cost, worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, Books, Row, config, focus, in_month, invoices
from tests.support.effort import examples
from truecost import steps
from truecost.clock import Clock
from truecost.errors import ConfigError, TruecostError
from truecost.planning.milestones import report
from truecost.publish.publication import header_comments, open_published
from truecost.quarters import parse_quarter
from truecost.report.read import read_report
from truecost.store.sql import query
from truecost.workspace.plans import read_doubts, read_plan

DAY = date(2026, 4, 20)
PLAN = """
currency = "USD"
first_month = "2026-01"
last_month = "2026-06"

[[items]]
name = "labels"
stage = "data_curation"
months = ["2026-01", "2026-02"]
unit_cost = 400

[[items]]
name = "hosting"
stage = "serving"
months = ["2026-03", "2026-06"]
unit_cost = 100
per = "month"
"""
MILESTONES = """
[[milestones]]
name = "first labels"
planned = 2026-01-31
stage = "data_curation"
share = 0.25
labels = { count = 1000, source = "annotators", unit = "Labels" }

[[milestones]]
name = "all labels"
planned = 2026-02-28
stage = "data_curation"
share = 0.5
labels = { count = 3000, source = "annotators" }

[[milestones]]
name = "reviewed"
planned = 2026-03-15
stage = "data_curation"
value = 100
gate = "the review of the data was passed"
"""
TOML = config(
    "aws",
    "annotators",
    more="""
[[models]]
id = "bot"
plan = "plans/bot.toml"

[[attribution]]
match = { source = "annotators" }
model = "bot"
activity = "data_curation"

[[attribution]]
match = { source = "aws" }
model = "bot"
activity = "serving"
""",
)
Truecost = Callable[..., CompletedProcess[str]]


def labels(number: int, month: int, count: int, amount: str) -> dict[str, str]:
    return {
        "invoice_number": f"INV-{number}",
        "issue_date": f"2026-{month:02d}-25",
        "amount": amount,
        "quantity": str(count),
        "unit": "Labels",
        "service_start": f"2026-{month:02d}-01",
        "service_end": f"2026-{month:02d}-20",
    }


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made = Books.of(tmp_path, TOML, {"plans/bot.toml": PLAN + MILESTONES})
    made.put("inbox/annotators/1.csv", invoices(labels(1, 1, 1200, "110.00"), labels(2, 3, 1900, "190.00")))
    made.put("inbox/aws/1.csv", focus(in_month(3, ServiceName="Serving", EffectiveCost="77", BilledCost="77")))
    made.run(DAY)
    return made


def earned(books: Books, on: date = DAY, view: str = "earned_value") -> list[Row]:
    clock = Clock(on)
    steps.attribute(books.workspace, clock)
    steps.compare(books.workspace, clock)
    steps.publish(books.workspace, clock)
    with open_published(books.workspace.published) as con:
        found = con.execute(f"FROM {view}")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_milestones_are_worth_their_value_once_they_are_reached(books: Books) -> None:
    january, february, march, *total = earned(books)
    # 400 are planned for labels: 100 for the first of them, 200 for all, and 100 are given for the review.
    assert january["budget_at_completion"] == 400
    # 1,200 were accepted in January for 110; the 3,000 are there in March, for 190 more. Serving is not their work.
    assert [january[key] for key in ("planned_value", "earned_value", "actual_cost")] == [100, 100, 110]
    assert [february[key] for key in ("planned_value", "earned_value", "actual_cost")] == [300, 100, 110]
    assert [march[key] for key in ("planned_value", "earned_value", "actual_cost")] == [400, 300, 300]
    assert [row["cost_variance"] for row in (january, february, march)] == [-10, -10, 0]
    assert [row["schedule_variance"] for row in (january, february, march)] == [0, -200, -100]
    assert january["cost_performance_index"] == Decimal("0.909091")  # 100 / 110
    assert february["schedule_performance_index"] == Decimal("0.333333")
    assert january["estimate_at_completion"] == 440  # 400 x 110 / 100
    assert march["estimate_at_completion"] == 400
    assert january["to_complete_performance_index"] == Decimal("1.034483")  # 300 / 290
    assert [row["milestones_reached"] for row in (january, february, march)] == [1, 1, 2]
    assert [row["is_latest"] for row in (january, february, march)] == [False, False, True]
    assert [row["model_id"] for row in total] == [None] * 3
    assert total[-1]["earned_value"] == march["earned_value"]
    assert march["is_lower_bound"]
    assert "no compute" in total[0]["completeness"]
    named = {row["milestone"]: row for row in earned(books, view="milestones")}
    assert named["first labels"]["evidence"] == "the lines of annotators"
    assert (named["all labels"]["reached_on"], named["all labels"]["came"]) == (date(2026, 3, 20), 3100)
    assert [named[name]["state"] for name in ("first labels", "reviewed")] == ["reached", "late"]


@pytest.mark.slow
def test_indexes_are_unreliable_outside_20_to_80_per_cent(books: Books) -> None:
    january, _, march, *_ = earned(books)
    assert (january["complete_pct"], january["is_reliable"]) == (25, True)
    assert (march["complete_pct"], march["is_reliable"]) == (75, True)
    report(books.workspace, Clock(DAY), "bot", "reviewed", date(2026, 3, 31), "reviews/data.md", "ana")
    *_, march = [row for row in earned(books) if row["model_id"]]
    assert (march["complete_pct"], march["is_reliable"], march["to_complete_performance_index"]) == (100, False, 0)
    books.put("plans/bot.toml", PLAN + MILESTONES.replace("share = 0.25", "share = 0.05"))
    january, *_ = earned(books)
    assert (january["complete_pct"] < 20, january["is_reliable"]) == (True, False)


@pytest.mark.slow
def test_elapsed_time_earns_nothing(books: Books) -> None:
    rows = [row for row in earned(books, date(2026, 12, 5)) if row["model_id"]]
    # The plan ended in June and one milestone is open: it goes on, and later months add no worth.
    assert (rows[-1]["month"], rows[-1]["earned_value"], rows[-1]["planned_value"]) == (date(2026, 11, 1), 300, 400)


def test_a_gate_is_passed_when_someone_tells_it_with_evidence(books: Books, truecost: Truecost) -> None:
    said = ("--on", "2026-03-12", "--evidence", "reviews/data.md", "--by", "ana", "--as-of", "2026-04-20")
    told = truecost("plan", "reached", "bot", "reviewed", *said, "--workspace", books.root)
    assert "passed on 2026-03-12" in told.stdout
    (reviewed,) = [row for row in earned(books, view="milestones") if row["milestone"] == "reviewed"]
    assert (reviewed["state"], reviewed["evidence"]) == ("reached", "reviews/data.md, told by ana")
    shown = truecost("compare", "--as-of", "2026-04-20", "--workspace", books.root)
    assert "Earned value" in shown.stdout
    assert "2026-03-12" in shown.stdout
    assert " 400.00   400.00   ≥ 300.00 " in shown.stdout  # PV, EV and AC of March, and of no later month
    # The day before it was told, nobody knew.
    assert {row["state"] for row in earned(books, date(2026, 4, 19), "milestones") if row["way"] == "gate"} == {"late"}
    report(books.workspace, Clock(DAY), "bot", "reviewed", DAY, "it was another review", "ana", is_withdrawn=True)
    (reviewed,) = [row for row in earned(books, view="milestones") if row["milestone"] == "reviewed"]
    assert (reviewed["state"], reviewed["evidence"]) == ("late", None)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"name": "al labels"}, "did you mean 'all labels'"),
        ({"name": "all labels"}, "told by the lines of annotators"),
        ({"count": 3}, "is a gate"),
        ({"on": date(2026, 4, 21)}, "is yet to come"),
        ({"evidence": " "}, "--evidence"),
        ({"model": "cat"}, "has no plan"),
    ],
)
def test_what_is_told_of_a_milestone_has_to_be_possible(books: Books, said: Row, message: str) -> None:
    told = {"model": "bot", "name": "reviewed", "on": DAY, "evidence": "a page", "by": "ana", **said}
    with pytest.raises(TruecostError, match=message):
        report(books.workspace, Clock(DAY), **told)


def test_labels_that_no_line_counts_are_told(books: Books) -> None:
    books.put("plans/bot.toml", PLAN + MILESTONES.replace(', source = "annotators"', ""))
    clock = Clock(DAY)
    with pytest.raises(TruecostError, match="--count"):
        report(books.workspace, clock, "bot", "all labels", DAY, "the tool", "ana")
    for day, count in ((date(2026, 2, 10), 3100), (date(2026, 2, 20), 2900), (date(2026, 3, 10), 3000)):
        report(books.workspace, clock, "bot", "all labels", day, "the tool", "ana", count)
    (told,) = [row for row in earned(books, view="milestones") if row["milestone"] == "all labels"]
    # What was taken back on the 20th was not accepted on the 10th.
    assert (told["reached_on"], told["came"]) == (date(2026, 3, 10), 3000)


@pytest.mark.slow
def test_a_frozen_plan_keeps_its_milestones(books: Books) -> None:
    from truecost.planning.baselines import freeze

    freeze(books.workspace, Clock(DAY), "bot", "approved", "ana")
    books.put("plans/bot.toml", PLAN)
    assert earned(books)[0]["budget_at_completion"] == 400


def test_without_milestones_there_is_no_earned_value_anywhere(books: Books) -> None:
    books.put("plans/bot.toml", PLAN)
    assert earned(books) == []
    steps.report(books.workspace, Clock(DAY), "FY2026-Q1")
    page, told = (books.root / "reports" / "FY2026-Q1" / f"true-cost.{kind}" for kind in ("html", "json"))
    assert "Earned value" not in page.read_text("utf-8")
    assert "earned_value" not in told.read_text("utf-8")


def test_the_page_and_the_json_say_what_was_earned(books: Books) -> None:
    earned(books)
    with open_published(books.workspace.published) as con:
        (model,) = read_report(con, parse_quarter("FY2026-Q1", 1)).models
    assert model.earned_value is not None
    assert (model.earned_value.earned_value, len(model.earned_value.listed)) == (300, 3)
    steps.report(books.workspace, Clock(DAY), "FY2026-Q1")
    page, told = (books.root / "reports" / "FY2026-Q1" / f"true-cost.{kind}" for kind in ("html", "json"))
    assert "at least 300.00 is spent" in " ".join(page.read_text("utf-8").split())
    assert json.loads(told.read_text("utf-8"))["models"][0]["earned_value"]["cost_performance_index"] == "1.00"


@pytest.mark.parametrize("view", ["earned_value", "milestones"])
def test_every_column_is_explained(books: Books, view: str) -> None:
    row, *_ = earned(books, view=view)
    about, columns = header_comments(query(f"finance/{view}"))
    assert about
    assert list(columns) == list(row)


@pytest.mark.parametrize(
    ("change", "message", "line"),
    [
        (('name = "all labels"', 'name = "first labels"'), "two milestones are called", 26),
        (("value = 100\n", ""), "needs either a value or a share", 33),
        (('gate = "the review', 'score = { task = "a", metric = "b", score = 1 }\ngate = "the review'), "one way", 33),
        (("planned = 2026-03-15", "planned = 2026-07-01"), "outside the plan", 35),
        (("share = 0.5", "share = 0.9"), "the shares of data_curation come to 1.15", 30),
        (("count = 1000", "count = 0"), "count", 24),
    ],
)
def test_faults_are_told_with_their_line(tmp_path: Path, change: tuple[str, str], message: str, line: int) -> None:
    (tmp_path / "plan.toml").write_text((PLAN + MILESTONES).replace(*change), "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_plan(tmp_path / "plan.toml", "plan.toml", "USD")
    assert [(message in str(fault), fault.line) for fault in caught.value.faults] == [(True, line)]


def test_shares_that_leave_something_out_are_doubted(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN + MILESTONES.replace("value = 100", "share = 0.1"), "utf-8")
    assert "come to 0.85" in str(read_doubts(path, "plan.toml")[0])
    path.write_text(PLAN + MILESTONES.replace("value = 100", "share = 0.25"), "utf-8")
    assert read_doubts(path, "plan.toml") == []


# ---- Any plan ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    models = [{"id": name} for name in ("a", "b")]
    opened = Bench.open(tmp_path_factory.mktemp("bench"), {"models": models})
    opened.keep_books()
    yield opened
    opened.close()


MONTH = st.integers(1, 9)
AMOUNT = st.decimals(Decimal("0.01"), Decimal(10_000_000), places=2)
REACHED = st.none() | st.tuples(MONTH, st.integers(1, 28))
ONE = st.tuples(AMOUNT, MONTH, REACHED)
COST = st.tuples(st.sampled_from("ab"), MONTH, st.decimals(Decimal(-500), Decimal(10_000_000), places=2))


@settings(max_examples=examples(40))
@given(st.lists(ONE, min_size=1, max_size=5), st.lists(ONE, max_size=4), st.lists(COST, max_size=8))
def test_the_identities_hold_of_any_plan(bench: Bench, of_a: list[Any], of_b: list[Any], costs: list[Any]) -> None:
    for table in ("outlook.milestones", "outlook.milestone_reports", "outlook.projection", "books.costs"):
        bench.con.execute(f"DELETE FROM {table}")
    for model, months in (("a", (1, 6)), ("b", (3, 4))):
        for month in range(months[0], months[1] + 1):
            told = [model, date(2026, month, 1), f"FY2026-Q{(month + 2) // 3}"]
            bench.con.execute(
                "INSERT INTO outlook.projection (model_id, month, quarter, stage, currency, planned_mean) "
                "VALUES (?, ?, ?, 'training', 'USD', 1)",
                told,
            )
    for model, given_ones in (("a", of_a), ("b", of_b)):
        for place, (value, month, day) in enumerate(given_ones):
            bench.con.execute(
                "INSERT INTO outlook.milestones (model_id, milestone, place, stage, currency, value, planned_on, way) "
                "VALUES (?, ?, ?, 'training', 'USD', ?, ?, 'gate')",
                [model, str(place), place, value, date(2026, month, 15)],
            )
            if day:
                bench.con.execute(
                    "INSERT INTO outlook.milestone_reports VALUES (?, ?, ?, ?, NULL, 'e', 'me', FALSE)",
                    [place, model, str(place), date(2026, *day)],
                )
    for model, month, cost in costs:
        quarter = (month + 2) // 3
        told = [model, date(2026, month, 1), f"FY2026-Q{quarter}", date(2026, 3 * quarter - 2, 1), cost]
        bench.con.execute(
            "INSERT INTO books.costs (model_id, month, quarter, quarter_start, cost, stage) "
            "VALUES (?, ?, ?, ?, ?, 'training')",
            told,
        )
    rows = bench.published("earned_value", date(2026, 10, 5))
    by_key = {(row["model_id"], row["month"]): row for row in rows}
    for row in rows:
        plan, value, cost = (row[key] for key in ("planned_value", "earned_value", "actual_cost"))
        budget = row["budget_at_completion"]
        assert row["cost_variance"] == value - cost
        assert row["schedule_variance"] == value - plan
        close = Decimal("0.0000006")
        for key, top, bottom in (
            ("cost_performance_index", value, cost),
            ("schedule_performance_index", value, plan),
            ("to_complete_performance_index", budget - value, budget - cost),
        ):
            assert (row[key] is None) == (bottom <= 0)
            assert row[key] is None or abs(row[key] - top / bottom) <= close
        assert (row["estimate_at_completion"] is None) == (cost <= 0 or value == 0)
        if row["estimate_at_completion"] is not None:
            exact = budget * cost / value
            assert abs(row["estimate_at_completion"] - exact) <= Decimal("0.01") + exact / 10**12
        is_open = row["cost_performance_index"] is None or row["schedule_performance_index"] is None
        assert not is_open or row["reason"]
        assert row["is_reliable"] == (Decimal("0.2") <= round(value / budget, 6) <= Decimal("0.8"))
        before = by_key.get((row["model_id"], (row["month"] - timedelta(days=1)).replace(day=1)))
        for key in ("planned_value", "earned_value", "actual_cost"):
            assert row[key] == row[f"{key}_of_month"] + (before[key] if before else 0)
    # The sums of the models are the total, as each stands by then.
    for (model, month), row in by_key.items():
        so_far = [one for (_, at), one in sorted(by_key.items(), key=lambda item: item[0][1]) if at <= month]
        stand = {one["model_id"]: one for one in so_far if one["model_id"]}  # the last of each
        for key in ("planned_value", "earned_value", "actual_cost"):
            assert model is not None or row[key] == sum(one[key] for one in stand.values())
