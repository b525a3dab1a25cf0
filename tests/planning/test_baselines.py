"""Baselines: a frozen plan is numbered, holds whatever becomes of its file, and stays in the history."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import Books, config, focus, in_month
from truecost import steps
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.planning.baselines import baselines, freeze
from truecost.publish.publication import header_comments, open_published
from truecost.store.journal import Journal
from truecost.store.sql import query

DAY = date(2026, 4, 20)
PLAN = """
currency = "USD"
first_month = "2026-01"
last_month = "2026-06"

[[items]]
name = "hosting"
stage = "serving"
unit_cost = 100
per = "month"
"""
TOML = config(
    "aws",
    more="""
[[models]]
id = "bot"
plan = "plans/bot.toml"

[[attribution]]
match = { service_name = "*" }
model = "bot"
""",
)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("delivered") / "books"
    bill = focus(in_month(2, ServiceName="Serving", BilledCost="130", EffectiveCost="130"))
    Books.of(root, TOML, {"plans/bot.toml": PLAN, "inbox/aws/1.csv": bill}).run(DAY)
    return root


@pytest.fixture
def books(delivered: Path, tmp_path: Path) -> Books:
    return Books(shutil.copytree(delivered, tmp_path / "books"))


def planned(books: Books, day: date = DAY) -> Decimal:
    steps.attribute(books.workspace)
    steps.compare(books.workspace, Clock(day))
    found = books.one("SELECT planned_mean FROM outlook.projection WHERE quarter IS NULL AND stage = 'total'")
    assert isinstance(found, Decimal)
    return found


def test_costs_are_held_against_the_baseline_until_the_next_one(books: Books) -> None:
    freeze(books.workspace, Clock(DAY), "bot", "approved", "lead")
    books.put("plans/bot.toml", PLAN.replace("100", "150"))
    assert planned(books) == 600
    second = freeze(books.workspace, Clock(date(2026, 4, 25)), "bot", "a dearer region", "lead")
    assert (second.number, second.planned.mean, second.is_file) == (2, 900, True)
    assert planned(books, date(2026, 4, 26)) == 900
    assert planned(books) == 600  # as of a day before it was frozen
    history = baselines(books.workspace, "bot")
    assert [(one.number, one.reason, one.planned.mean, one.is_file) for one in history] == [
        (1, "approved", 600, False),
        (2, "a dearer region", 900, True),
    ]


def test_a_plan_that_has_not_changed_is_frozen_once(books: Books) -> None:
    freeze(books.workspace, Clock(DAY), "bot", "approved", "lead")
    with pytest.raises(TruecostError, match="is baseline 1 already, and has not changed since"):
        freeze(books.workspace, Clock(DAY), "bot", "again", "lead")
    assert len(Journal(books.workspace.journal).events()) == 1


@pytest.mark.slow
def test_finance_finds_every_baseline_and_which_is_in_force(books: Books) -> None:
    freeze(books.workspace, Clock(DAY), "bot", "approved", "lead")
    books.put("plans/bot.toml", PLAN.replace("100", "150"))
    freeze(books.workspace, Clock(DAY), "bot", "dearer", "lead")
    planned(books)
    steps.alert(books.workspace, Clock(DAY))
    steps.publish(books.workspace, Clock(DAY))
    with open_published(books.workspace.published) as con:
        found = con.execute("SELECT baseline, frozen_by, reason, planned_mean, planned_p90, is_in_force FROM baselines")
        assert found.fetchall() == [(1, "lead", "approved", 600, 600, False), (2, "lead", "dearer", 900, 900, True)]
        names = [column[0] for column in con.execute("FROM baselines").description or ()]
    assert list(header_comments(query("finance/baselines"))[1]) == names


def test_views_and_page_name_the_baseline_that_costs_are_held_against(
    books: Books, truecost: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    def told() -> tuple[set[int | None], str]:
        clock = Clock(DAY)
        steps.compare(books.workspace, clock)
        steps.publish(books.workspace, clock)
        with open_published(books.workspace.published) as con:
            asked = "SELECT baseline FROM forecast UNION SELECT baseline FROM plan_to_date WHERE model_id IS NOT NULL"
            named = {row[0] for row in con.execute(asked).fetchall()}
        folder = steps.report(books.workspace, clock, "FY2026-Q1").folder
        return named, " ".join((folder / "true-cost.html").read_text("utf-8").split())

    named, page = told()
    assert named == {None}
    assert "Held against the plan as its file stands: no baseline is frozen." in page
    freeze(books.workspace, Clock(DAY), "bot", "approved", "lead")
    named, page = told()
    assert named == {1}
    assert "Held against <strong>baseline 1</strong> of the plan, frozen 20 April 2026." in page
    said = truecost("compare", "--as-of", "2026-04-20", "--workspace", books.root)
    assert "bot is held against baseline 1, frozen 2026-04-20." in said.stdout


def test_the_command_freezes_and_show_names_the_baseline(
    books: Books, truecost: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    here = ("--workspace", books.root)
    done = truecost("plan", "freeze", "bot", "--reason", "approved", "--by", "lead", "--as-of", "2026-04-20", *here)
    assert (done.returncode, done.stdout) == (0, "Baseline 1 of bot is frozen: planned mean 600.00.\n"), done.stderr
    assert (
        "Baseline: 1, frozen 2026-04-20 by lead (approved), as this plan is" in truecost("plan", "show", *here).stdout
    )
    books.put("plans/bot.toml", PLAN.replace("100", "150"))
    assert "which this plan differs from" in truecost("plan", "show", *here).stdout
    (told,) = json.loads(truecost("plan", "show", "--json", *here).stdout)
    assert [(one["number"], one["is_file"]) for one in told["baselines"]] == [(1, False)]
