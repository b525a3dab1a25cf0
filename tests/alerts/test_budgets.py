"""Budgets warn early: burn rates worked out by hand, how likely they are exceeded, and a command that is run once."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, config, focus
from truecost import steps
from truecost.alerts.budget_readings import of_budgets
from truecost.clock import Clock
from truecost.publish.publication import header_comments, open_published
from truecost.store.journal import Journal
from truecost.store.sql import query

MODELS = """
[[models]]
id = "bot"

[[attribution]]
match = { service_name = "*" }
model = "bot"
activity = "serving"
"""
BUDGET = """
[[budgets]]
name = "serving"
amount = 9000
model = "bot"
stage = "serving"
"""


def day_bill(day: date, cost: float) -> dict[str, str]:
    return {
        "ServiceName": "Serving",
        "BilledCost": str(cost),
        "EffectiveCost": str(cost),
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day + timedelta(days=1)}T00:00:00Z",
        "BillingPeriodStart": f"{day.replace(day=1)}T00:00:00Z",
        "BillingPeriodEnd": f"{(day.replace(day=1) + timedelta(days=32)).replace(day=1)}T00:00:00Z",
    }


def bills(costs: list[float], first: date = date(2026, 1, 1)) -> dict[str, str]:
    """A file a month, a charge a day."""
    by_month: dict[str, list[dict[str, str]]] = {}
    for number, cost in enumerate(costs):
        day = first + timedelta(days=number)
        by_month.setdefault(f"inbox/aws/{day:%Y-%m}.csv", []).append(day_bill(day, cost))
    return {file: focus(*rows) for file, rows in by_month.items()}


def books(root: Path, costs: list[float], more: str = BUDGET, **files: str) -> Books:
    return Books.of(root / "books", config("aws", more=MODELS + more), {**bills(costs), **files})


def budgets(held: Books, day: date) -> dict[str, dict[str, Any]]:
    held.run(day)
    clock = Clock(day)
    steps.compare(held.workspace, clock)
    steps.publish(held.workspace, clock)
    with open_published(held.workspace.published) as con:
        found = con.execute("FROM budgets")
        names = [column[0] for column in found.description or ()]
        return {row["name"]: row for row in (dict(zip(names, row, strict=True)) for row in found.fetchall())}


@pytest.mark.slow
def test_burn_rates_are_of_the_last_days_that_have_cost(tmp_path: Path) -> None:
    """100 a day is what 9,000 a quarter of 90 days may cost; 250 in the last week is 2.5 times that."""
    held = books(tmp_path, [100.0] * 33 + [250.0] * 7)
    row = budgets(held, date(2026, 2, 14))["serving"]  # nothing came for five days
    assert (row["heard_until"], row["spent"]) == (date(2026, 2, 9), 5050)
    assert row["burn_7"] == row["burn_1"] == 2.5
    assert row["burn_28"] == pytest.approx((21 * 100 + 7 * 250) / 28 / 100, abs=1e-4)
    # 50 days are left, at 137.5 a day at least.
    assert row["expected"] == Decimal("11925.00")
    assert (row["state"], row["reason"]) == ("ALERT", "burning twice as fast as it may, over 7 days and over 1")
    assert row["drivers"] == [{"stage": "serving", "cost": Decimal("5050.00000000000000000000")}]
    assert row["period_end"] == date(2026, 4, 1)
    assert row["spent_pct"] == Decimal("56.1111")


@pytest.mark.slow
def test_a_dear_day_in_a_calm_month_is_no_alarm(tmp_path: Path) -> None:
    calm = budgets(books(tmp_path, [80.0] * 40 + [500.0]), date(2026, 2, 11))["serving"]
    assert (calm["burn_1"], calm["state"]) == (5, "OK")
    assert calm["burn_7"] > 1 > calm["burn_28"]


@pytest.mark.slow
def test_it_is_silent_before_three_days_have_cost(tmp_path: Path) -> None:
    row = budgets(books(tmp_path, [4000.0, 4000.0]), date(2026, 1, 2))["serving"]
    assert (row["burn_28"], row["burn_7"], row["expected"], row["state"]) == (None, None, None, "OK")


@pytest.mark.slow
def test_a_budget_that_is_spent_is_an_alert_whatever_the_pace(tmp_path: Path) -> None:
    row = budgets(books(tmp_path, [9500.0]), date(2026, 1, 1))["serving"]
    assert (row["state"], row["reason"]) == ("ALERT", "exceeded")


@pytest.mark.slow
def test_of_all_models_what_nobody_claims_counts_too(tmp_path: Path) -> None:
    unclaimed = MODELS.replace('service_name = "*"', 'service_name = "Other"')
    held = Books.of(
        tmp_path, config("aws", more=unclaimed + BUDGET + '[[budgets]]\nname = "all"\namount = 300\nper = "year"\n'),
        bills([100.0] * 4),
    )  # fmt: skip
    found = budgets(held, date(2026, 1, 5))
    assert (found["all"]["spent"], found["all"]["state"]) == (400, "ALERT")
    assert (found["all"]["period_start"], found["all"]["period_end"]) == (date(2026, 1, 1), date(2027, 1, 1))
    assert (found["serving"]["spent"], found["serving"]["state"]) == (0, "OK")


@pytest.mark.slow
def test_how_likely_it_is_exceeded_comes_from_the_plans_forecast(tmp_path: Path) -> None:
    plan = 'currency = "USD"\nfirst_month = "2026-01"\nlast_month = "2026-06"\n\n[[items]]\nname = "hosting"\n'
    plan += 'stage = "serving"\nper = "month"\nunit_cost = { low = 2500, likely = 3000, high = 3600 }\n'
    tight = BUDGET + BUDGET.replace('"serving"', '"tight"', 1).replace("9000", "6000").replace(
        '"tight"\namount', '"tight"\namount'
    )
    held = Books.of(
        tmp_path,
        config("aws", more=MODELS.replace('id = "bot"', 'id = "bot"\nplan = "plans/bot.toml"') + tight),
        {**bills([100.0] * 31), "plans/bot.toml": plan},
    )
    found = budgets(held, date(2026, 2, 1))
    assert 0.2 < found["serving"]["probability_over_budget"] < 0.8
    assert found["tight"]["probability_over_budget"] > 0.95
    assert (found["tight"]["state"], found["tight"]["reason"]) == ("ALERT", "very likely exceeded")


@pytest.mark.slow
def test_a_budget_raises_one_alert_and_asks_for_no_re_evaluation(tmp_path: Path) -> None:
    held = books(tmp_path, [100.0] * 33 + [250.0] * 7)
    held.run(date(2026, 2, 10))
    clock = Clock(date(2026, 2, 10))
    steps.compare(held.workspace, clock)
    raised = steps.alert(held.workspace, clock)
    (event,) = [event for event in raised.raised if event.data["rule"] == "budget"]
    assert (event.model_id, event.data["state"]) == ("bot", "ALERT")
    assert "burn rate 1.4 over 28 days, 2.5 over 7, 2.5 over 1" in event.data["message"]
    assert event.data["drivers"] == ["serving (5,050.00)"]
    assert raised.opened == []
    assert [e for e in steps.alert(held.workspace, clock).raised if e.data["rule"] == "budget"] == []


@pytest.mark.slow
def test_a_spent_budget_runs_its_command_once_in_the_period(tmp_path: Path) -> None:
    stop = BUDGET + "hard_stop = \"sh -c 'echo $TRUECOST_BUDGET $TRUECOST_MODEL >> stopped; exit 3'\"\n"
    held = books(tmp_path, [100.0] * 40, stop)
    held.run(date(2026, 2, 9))
    assert steps.hard_stop(held.workspace, Clock(date(2026, 2, 9))) == []  # not spent yet
    held.put("inbox/aws/2026-03.csv", focus(day_bill(date(2026, 3, 1), 6000)))
    later = Clock(date(2026, 3, 2))
    held.run(date(2026, 3, 2))
    (stopped,) = steps.hard_stop(held.workspace, later)
    assert (stopped.budget, stopped.period_start, stopped.exit_code) == ("serving", "2026-01-01", 3)
    assert steps.hard_stop(held.workspace, later) == []
    assert (held.root / "stopped").read_text() == "serving bot\n"
    kinds = [(e.kind, e.data.get("exit_code")) for e in Journal(held.workspace.journal).events() if "stop" in e.kind]
    assert kinds == [("hard_stop", None), ("hard_stopped", 3)]


@pytest.mark.slow
def test_every_column_is_explained(tmp_path: Path) -> None:
    row = budgets(books(tmp_path, [1.0]), date(2026, 1, 1))["serving"]
    about, columns = header_comments(query("finance/budgets"))
    assert about
    assert list(columns) == list(row)


def test_the_worst_budget_speaks_and_all_that_ask_are_told() -> None:
    def row(name: str, state: str, reason: str | None) -> dict[str, Any]:
        return {
            "name": name, "model_id": None, "state": state, "reason": reason, "currency": "USD", "amount": Decimal(100),
            "spent": Decimal(120), "spent_pct": Decimal(120), "period_start": date(2026, 1, 1), "burn_7": None,
            "period_end": date(2026, 4, 1), "probability_over_budget": 0.97, "is_lower_bound": True,
            "drivers": [{"stage": "serving", "cost": Decimal(120)}],
        }  # fmt: skip

    rows = [row("a", "WARNING", "more likely exceeded than not"), row("b", "ALERT", "exceeded"), row("c", "OK", None)]
    (reading,) = of_budgets(rows)
    assert (reading.model_id, reading.state, reading.about) == ("", "ALERT", ("a from 2026-01-01", "b from 2026-01-01"))
    assert (
        "the budget b of USD 100.00 is exceeded: at least 120.00 spent, 120 % of it, before 2026-04-01" in reading.text
    )
    assert "97 % likely" in reading.text
    (calm,) = of_budgets([row("c", "OK", None)])
    assert (calm.state, calm.message, calm.about) == ("OK", "the budget holds", ())
    assert json.dumps(calm.drivers) == "[]"


@pytest.mark.slow
def test_the_page_shows_how_budgets_stand(tmp_path: Path) -> None:
    held = books(tmp_path, [100.0] * 33 + [250.0] * 7)
    day = date(2026, 4, 2)
    budgets(held, day)
    steps.report(held.workspace, Clock(day), "FY2026-Q1")
    page = (held.root / "reports/FY2026-Q1/true-cost.html").read_text("utf-8")
    told = json.loads((held.root / "reports/FY2026-Q1/true-cost.json").read_text("utf-8"))
    assert [(row["name"], row["state"]) for row in told["budgets"]] == [("serving", "OK")]  # a new quarter has begun
    assert '<h2 id="budgets">Budgets</h2>' in page
