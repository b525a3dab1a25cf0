"""Actual cost held against a plan: figures worked out by hand, from bills to the published views."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, config, focus, in_month
from truecost import steps
from truecost.archive.closes import Closes
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.planning.comparison import compare
from truecost.publish.publication import header_comments, open_published
from truecost.store.journal import Journal
from truecost.store.sql import query
from truecost.store.warehouse import IN_MEMORY, connect

Row = dict[str, Any]
DAY = date(2026, 4, 20)
Truecost = Callable[..., subprocess.CompletedProcess[str]]

PLAN = """
currency = "USD"
first_month = "2026-01"
last_month = "2026-06"
budget = 900

[[items]]
name = "labels"
stage = "data_curation"
months = ["2026-01", "2026-02"]
quantity = 590
unit_cost = 0.5

[[items]]
name = "hosting"
stage = "serving"
months = ["2026-03", "2026-06"]
unit_cost = 100
per = "month"
"""
TOML = config(
    "aws",
    more="""
[[models]]
id = "bot"
plan = "plans/bot.toml"

[[models]]
id = "other"

[[attribution]]
match = { service_name = "Serving" }
model = "bot"
activity = "serving"

[[attribution]]
match = { service_name = "Labels" }
model = "bot"
activity = "data_curation"

[[attribution]]
match = { service_name = "Elsewhere" }
model = "other"

[[attribution]]
match = { service_name = "*" }
model = "bot"
""",
)


def charge(month: int, service: str, cost: str, **more: str) -> dict[str, str]:
    return in_month(month, ServiceName=service, BilledCost=cost, EffectiveCost=cost, **more)


BILLS = focus(
    charge(1, "Labels", "160.25"),
    charge(2, "Labels", "100"),
    charge(2, "Trials", "40"),  # a run nobody has decided on
    charge(3, "Serving", "130"),
    charge(3, "Serving", "-10"),
    charge(3, "Serving", "77", BillingCurrency="EUR"),  # no rate: in no sum
    charge(4, "Serving", "55"),
    charge(4, "Elsewhere", "999"),
    charge(7, "Serving", "5"),
)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bills, loaded once: a plan changes nothing of what they are."""
    root = tmp_path_factory.mktemp("delivered") / "books"
    Books.of(root, TOML, {"plans/bot.toml": PLAN, "inbox/aws/1.csv": BILLS}).run(DAY)
    return root


@pytest.fixture
def books(delivered: Path, tmp_path: Path) -> Books:
    return Books(shutil.copytree(delivered, tmp_path / "books"))


def compared(books: Books, as_of: date) -> dict[tuple[str | None, str | None, str], Row]:
    """``finance.actual_vs_plan`` on a day: (month, quarter, stage) -> row."""
    return by_period(published(books, as_of, "actual_vs_plan"))


def by_period(rows: list[Row]) -> dict[tuple[str | None, str | None, str], Row]:
    return {(row["month"] and f"{row['month']:%Y-%m}", row["quarter"], row["stage"]): row for row in rows}


def published(books: Books, as_of: date, view: str) -> list[Row]:
    steps.attribute(books.workspace)
    steps.compare(books.workspace, Clock(as_of))
    steps.publish(books.workspace, Clock(as_of))
    with open_published(books.workspace.published) as con:
        found = con.execute(f"FROM {view}")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def told(row: Row) -> tuple[Any, ...]:
    """(planned, actual, variance, per cent, complete)"""
    return tuple(row[name] for name in ("planned_mean", "actual", "variance", "variance_pct", "is_complete"))


@pytest.mark.slow
def test_each_month_quarter_and_the_whole_plan_is_held_against_what_was_spent(books: Books) -> None:
    rows = compared(books, DAY)
    d = Decimal
    # 590 x 0.50 over 31 and 28 days; 160.25 was spent.
    assert told(rows["2026-01", "FY2026-Q1", "data_curation"]) == (d(155), d("160.25"), d("5.25"), d("3.3871"), True)
    assert told(rows["2026-02", "FY2026-Q1", "data_curation"]) == (d(140), d(100), d(-40), d("-28.5714"), True)
    assert told(rows["2026-02", "FY2026-Q1", "undecided"]) == (0, d(40), d(40), None, True)
    assert told(rows["2026-02", "FY2026-Q1", "total"]) == (d(140), d(140), 0, 0, True)
    assert told(rows["2026-03", "FY2026-Q1", "serving"]) == (d(100), d(120), d(20), d(20), True)
    assert told(rows["2026-03", "FY2026-Q1", "data_curation"]) == (0, 0, 0, None, True)
    assert told(rows["2026-04", "FY2026-Q2", "total"]) == (d(100), d(55), d(-45), d(-45), False)
    assert told(rows["2026-05", "FY2026-Q2", "total"]) == (d(100), None, None, None, False)
    assert told(rows[None, "FY2026-Q1", "total"]) == (d(395), d("420.25"), d("25.25"), d("6.3924"), True)
    assert told(rows[None, "FY2026-Q1", "undecided"]) == (0, d(40), d(40), None, True)
    assert told(rows[None, "FY2026-Q2", "serving"]) == (d(300), d(55), d(-245), d("-81.6667"), False)
    assert told(rows[None, None, "data_curation"]) == (d(295), d("260.25"), d("-34.75"), d("-11.7797"), False)
    assert told(rows[None, None, "total"]) == (d(695), d("475.25"), d("-219.75"), d("-31.6187"), False)
    assert ("2026-07", "FY2026-Q3", "total") not in rows
    assert {row["model_id"] for row in rows.values()} == {"bot"}
    assert {row["currency"] for row in rows.values()} == {"USD"}


@pytest.mark.slow
def test_cost_outside_the_plan_counts_in_its_month_and_quarter_and_not_in_the_plan(books: Books) -> None:
    later = PLAN.replace('first_month = "2026-01"', 'first_month = "2026-02"').replace('["2026-01"', '["2026-02"')
    books.put("plans/bot.toml", later)
    rows = compared(books, date(2026, 9, 1))
    assert told(rows["2026-01", "FY2026-Q1", "total"]) == (0, Decimal("160.25"), Decimal("160.25"), None, True)
    assert told(rows["2026-07", "FY2026-Q3", "serving"]) == (0, 5, 5, None, True)
    assert told(rows[None, "FY2026-Q3", "total"]) == (0, 5, 5, None, False)
    assert rows[None, "FY2026-Q1", "total"]["actual"] == Decimal("420.25")
    assert rows[None, None, "total"]["actual"] == 315
    assert rows[None, None, "total"]["is_complete"]
    months = sum(row["actual"] for (month, _, stage), row in rows.items() if month and stage == "total")
    quarters = sum(
        row["actual"] for (month, quarter, stage), row in rows.items() if not month and quarter and stage == "total"
    )
    assert months == quarters == Decimal("480.25")


@pytest.mark.slow
def test_the_projection_is_what_costs_are_held_against(books: Books) -> None:
    rows = by_period(published(books, DAY, "projection"))
    held = {key: row for key, row in compared(books, DAY).items() if row["planned_mean"]}
    figures = [f"planned_{name}" for name in ("mean", "p10", "p50", "p80", "p90")]
    assert {key for key, row in rows.items() if row["planned_mean"]} == held.keys()
    for key, row in held.items():
        assert [rows[key][name] for name in figures] == [row[name] for name in figures]
    assert {(row["baseline"], row["is_closed"]) for row in rows.values()} == {(None, False)}


@pytest.mark.slow
def test_stages_add_up_to_the_total_in_every_period(books: Books) -> None:
    rows = compared(books, date(2026, 9, 1))
    for (month, quarter, stage), row in rows.items():
        if stage == "total":
            parts = [r for (m, q, s), r in rows.items() if (m, q) == (month, quarter) and s != "total"]
            assert sum(part["actual"] for part in parts) == row["actual"]
            assert sum(part["planned_mean"] for part in parts) == row["planned_mean"]  # a certain plan


@pytest.mark.slow
def test_a_fiscal_year_of_its_own_names_and_bounds_the_quarters(books: Books) -> None:
    books.configure(TOML.replace('name = "books"', 'name = "books"\nfiscal_year_start_month = 2'))
    rows = compared(books, date(2026, 5, 1))
    assert told(rows[None, "FY2026-Q4", "total"]) == (155, Decimal("160.25"), Decimal("5.25"), Decimal("3.3871"), True)
    assert told(rows[None, "FY2027-Q1", "total"]) == (340, 315, -25, Decimal("-7.3529"), True)


@pytest.mark.slow
def test_a_forecast_is_what_was_spent_and_what_of_the_plan_is_to_come(books: Books) -> None:
    (row,) = published(books, DAY, "forecast")
    # 475.25 spent by April, 495 planned; the source bills by the month and has spoken for April: two are to come.
    assert (row["model_id"], row["as_of"], row["currency"], row["budget"]) == ("bot", DAY, "USD", 900)
    assert (row["actual_to_date"], row["whole_months"], row["nowcast"]) == (Decimal("475.25"), 4, 0)
    low, middle, high = (row[f"estimate_at_completion_{name}"] for name in ("p10", "p50", "p90"))
    assert Decimal("475.25") < low < middle < high
    assert 640 < middle < 710
    assert row["probability_over_budget"] < 0.05
    assert (row["over_budget_since"], row["crosses_budget_in"]) == (None, None)
    # Without a budget the planned mean is one.
    books.put("plans/bot.toml", PLAN.replace("budget = 900\n", ""))
    (row,) = published(books, DAY, "forecast")
    assert row["budget"] == 695
    books.put("plans/bot.toml", PLAN.replace("900", "420"))
    (row,) = published(books, DAY, "forecast")
    assert (row["over_budget_since"], row["probability_over_budget"]) == (date(2026, 3, 1), 1)


@pytest.mark.slow
def test_a_day_without_bills_is_no_saving(books: Books) -> None:
    """Late bills: the day moves through a month, and no record comes."""
    days = [date(2026, 5, day) for day in (1, 10, 20, 31)]
    rows = [published(books, day, "forecast")[0] for day in days]
    assert len({tuple(row[f"estimate_at_completion_{name}"] for name in ("p10", "p50", "p90")) for row in rows}) == 1
    told = [row["nowcast"] for row in rows]
    assert told == sorted(told)
    assert 70 < told[-1] < 130  # May's 100
    (waited,) = published(books, days[-1], "nowcast")
    assert (waited["source"], waited["heard_until"], waited["amount"]) == ("aws", date(2026, 5, 1), told[-1])


@pytest.mark.slow
def test_plan_and_actual_to_date_are_of_the_same_whole_months(books: Books) -> None:
    rows = {(row["model_id"], row["stage"]): row for row in published(books, DAY, "plan_to_date")}
    total = rows["bot", "total"]
    # January to March: 395 planned, 420.25 spent; April still runs.
    assert (total["first_month"], total["last_month"]) == (date(2026, 1, 1), date(2026, 3, 1))
    assert [total[key] for key in ("planned_to_date", "actual_to_date", "variance")] == [
        395,
        Decimal("420.25"),
        Decimal("25.25"),
    ]
    assert total["variance_pct"] == Decimal("6.3924")
    assert (total["pace_months"], total["pace"]) == (3, Decimal("1.063924"))
    assert rows["bot", "undecided"]["actual_to_date"] == 40
    assert rows[None, "total"]["variance"] == total["variance"]
    assert total["is_lower_bound"]  # a charge in euros has no rate
    assert "unconverted" in total["completeness"]
    stages = [row for (model, stage), row in rows.items() if model and stage != "total"]
    assert sum(row["actual_to_date"] for row in stages) == total["actual_to_date"]


@pytest.mark.slow
def test_past_forecasts_are_made_again_of_what_was_known_then(books: Books, truecost: Truecost) -> None:
    rows = published(books, date(2026, 7, 20), "forecast_record")
    # The bills landed on 20 April: January to March are made again as they are booked, April knows what had landed.
    assert [(row["as_of"].month, row["until"].month, row["basis"]) for row in rows] == [
        *((1, 6, "booked"), (2, 6, "booked"), (3, 6, "booked"), (4, 6, "landed"), (5, 6, "landed")),
    ]
    assert {row["actual"] for row in rows} == {Decimal("475.25")}  # of May and June nothing came
    january, *_ = rows
    # 160.25 spent of 155 planned: 540 x 1.0339 more by plan, five times as much again by pace.
    assert january["cpi"] == Decimal("718.54")
    assert january["linear"] == january["last_quarter"] == Decimal("961.50")
    assert january["linear_loss"] == (Decimal("961.50") - Decimal("475.25")) / 2
    for row in rows:
        assert row["forecast_p10"] <= row["forecast_p50"] <= row["forecast_p90"]
        assert row["is_inside"] == (row["forecast_p10"] <= row["actual"] <= row["forecast_p90"])
        assert row["error"] == row["forecast_p50"] - row["actual"]
    told = truecost("plan", "backtest", "bot", "--as-of", "2026-07-20", "--json", "--workspace", books.root)
    (record,) = json.loads(told.stdout)
    quality = record["quality"]
    assert (quality["inside"], quality["forecasts"], len(record["forecasts"])) == (
        *(sum(row["is_inside"] for row in rows), 5),
        5,
    )
    linear = sum(float(row["linear_loss"] / row["actual"]) for row in rows) / 5
    assert quality["linear_loss"] == pytest.approx(linear)
    assert quality["loss"] == pytest.approx(sum(float(row["pinball"] / row["actual"]) for row in rows) / 5)
    shown = truecost("plan", "backtest", "--as-of", "2026-07-20", "--workspace", books.root)
    assert f"in {quality['inside']} of 5" in shown.stdout
    early = truecost("plan", "backtest", "--as-of", "2026-01-05", "--workspace", books.root)
    assert "There is no past forecast" in early.stdout


@pytest.mark.slow
def test_before_a_month_has_ended_nothing_is_told_to_date(books: Books) -> None:
    assert published(books, date(2026, 1, 20), "plan_to_date") == []
    (first,) = [row for row in published(books, date(2026, 2, 1), "plan_to_date") if row["stage"] == "total"][:1]
    assert (first["last_month"], first["pace_months"]) == (date(2026, 1, 1), 1)


@pytest.mark.slow
def test_a_retraining_that_was_called_for_is_a_scenario(books: Books) -> None:
    retrain = {"verdict": "retrain", "retrain_cost": "300", "currency": "USD", "reasons": []}
    Journal(books.workspace.journal).append("decision", datetime(2026, 4, 19), "bot", **retrain)
    as_it_stands, retrained = published(books, DAY, "forecast_scenarios")
    assert (as_it_stands["scenario"], retrained["scenario"], retrained["cost"]) == ("as_it_stands", "retrain", 300)
    assert retrained["estimate_at_completion_p50"] - as_it_stands["estimate_at_completion_p50"] == 300
    assert retrained["probability_over_budget"] > 0.9 > 0.1 > as_it_stands["probability_over_budget"]
    assert retrained["over_pct"] == round(100 * (retrained["estimate_at_completion_p50"] - 900) / 900, 4)
    assert retrained["is_lower_bound"]


@pytest.mark.slow
def test_comparing_again_does_nothing_until_plan_costs_or_day_change(books: Books) -> None:
    day = Clock(DAY)
    assert steps.compare(books.workspace, day)
    before = books.ask("FROM outlook.projection ORDER BY ALL"), books.ask("FROM outlook.forecast")
    assert not steps.compare(books.workspace, day)
    assert steps.compare(books.workspace, Clock(date(2026, 4, 21)))
    assert books.ask("FROM outlook.projection ORDER BY ALL") == before[0]
    assert books.ask("FROM outlook.forecast") != before[1]
    assert steps.compare(books.workspace, day)
    assert (books.ask("FROM outlook.projection ORDER BY ALL"), books.ask("FROM outlook.forecast")) == before
    books.put("plans/bot.toml", PLAN + "\n# a comment\n")
    assert not steps.compare(books.workspace, day)
    books.put("plans/bot.toml", PLAN.replace("0.5", "0.6"))
    assert steps.compare(books.workspace, day)
    books.put("inbox/aws/2.csv", focus(charge(4, "Serving", "1", BillingAccountId="acct-2")))
    books.run(DAY)
    assert steps.compare(books.workspace, day)
    assert books.one("SELECT actual_to_date FROM outlook.forecast") == Decimal("476.25")


@pytest.mark.slow
def test_a_plan_taken_away_leaves_nothing_behind(books: Books) -> None:
    assert compared(books, DAY)
    books.configure(TOML.replace('plan = "plans/bot.toml"\n', ""))
    assert compared(books, DAY) == {}
    assert books.ask("FROM outlook.forecast") == []


@pytest.mark.slow
def test_a_comparison_cut_short_leaves_the_earlier_one_whole(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    day = Clock(DAY)
    steps.compare(books.workspace, day)
    before = books.ask("FROM outlook.projection ORDER BY ALL"), books.ask("FROM outlook.forecast")
    books.put("plans/bot.toml", PLAN.replace("0.5", "0.6"))

    def fail(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr("truecost.planning.comparison.remember_fingerprint", fail)
        with pytest.raises(OSError, match="no space left"):
            steps.compare(books.workspace, day)
    assert (books.ask("FROM outlook.projection ORDER BY ALL"), books.ask("FROM outlook.forecast")) == before
    assert steps.compare(books.workspace, day)


def test_without_books_there_is_nothing_to_compare_with(books: Books) -> None:
    with connect(IN_MEMORY) as con, pytest.raises(TruecostError, match="there are no books to compare with yet"):
        compare(Session(con, books.workspace, Clock(DAY), Closes()))


@pytest.mark.slow
@pytest.mark.parametrize(
    "view",
    [
        *("actual_vs_plan", "projection", "forecast", "plan_to_date", "forecast_scenarios", "forecast_record"),
        *("forecast_quality", "lessons"),
    ],
)
def test_every_column_of_a_view_is_explained(books: Books, view: str) -> None:
    found = published(books, date(2026, 7, 20), view)
    about, columns = header_comments(query(f"finance/{view}"))
    assert about
    assert found or view == "lessons"  # no round has finished
    assert all(list(columns) == list(row) for row in found)


def test_twelve_items_over_fifteen_months_are_projected_well_within_a_second(books: Books) -> None:
    item = '[[items]]\nname = "{n}"\nstage = "{stage}"\nquantity = {{ low = 1, likely = 2, high = 4 }}\n'
    item += 'unit_cost = {{ low = 10, likely = 20, high = 25 }}\nper = "month"\n'
    stages = ("data_curation", "training", "failed_experiments", "evaluation", "serving", "maintenance")
    plan = 'currency = "USD"\nfirst_month = "2026-01"\nlast_month = "2027-03"\n'
    plan += "".join(item.format(n=n, stage=stages[n % 6]) for n in range(12))
    books.put("plans/bot.toml", plan)
    import numpy as np
    import polars as pl
    import pyarrow as pa

    named = (np.__name__, pl.__name__, pa.__name__)
    assert named == ("numpy", "polars", "pyarrow")  # their import is not what is measured
    workspace = books.workspace
    started = time.process_time()
    assert steps.compare(workspace, Clock(DAY))
    assert time.process_time() - started < 1
    assert books.one("SELECT count(*) FROM outlook.projection") == (15 + 5 + 1) * 7


def test_a_plan_is_shown_without_any_costs(tmp_path: Path, truecost: Truecost) -> None:
    root = Books.of(tmp_path, TOML, {"plans/bot.toml": PLAN}).root
    shown = truecost("plan", "show", "--workspace", root)
    assert shown.returncode == 0, shown.stderr
    assert "bot: planned cost (USD, 10,000 trials, seed 0)" in shown.stdout
    (planned,) = json.loads(truecost("plan", "show", "bot", "--json", "--workspace", root).stdout)
    whole = {row["stage"]: row["mean"] for row in planned["by_quarter"] if row["quarter"] is None}
    assert whole == {"data_curation": "295.00", "serving": "400.00", "total": "695.00"}
    assert not (root / "warehouse.duckdb").exists()
    for model, sentence in (
        ("bit", "truecost: no [[models]] has the id 'bit'; did you mean 'bot'?\n"),
        ("other", "truecost: other has no plan; name one with `plan` under [[models]]\n"),
    ):
        failed = truecost("plan", "show", model, "--workspace", root)
        assert (failed.returncode, failed.stderr) == (1, sentence)


def test_the_command_line_shows_how_costs_stand_against_the_plan(books: Books, truecost: Truecost) -> None:
    here = ("--workspace", books.root)
    first, second = (truecost("compare", "--as-of", "2026-04-20", "--json", *here) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    found = json.loads(first.stdout)
    assert found | {"is_new": False} == json.loads(second.stdout)
    assert found["is_new"] is True
    assert found["models_without_plan"] == ["other"]
    assert [f["actual_to_date"] for f in found["forecasts"]] == ["475.25000000000000000000"]
    shown = truecost("compare", "--as-of", "2026-04-20", *here)
    total = next(line for line in shown.stdout.splitlines() if "FY2026-Q1" in line)
    assert [cell for cell in total.split() if cell[0].isdigit() or cell[0] == "+"] == [
        *("395.00", "395.00", "395.00", "420.25", "25.25", "+6.4"),
    ]
    assert "other has no plan" in shown.stdout
