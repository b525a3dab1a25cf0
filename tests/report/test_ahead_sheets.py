"""The workbook holds what lies ahead and beside the plan, figure by figure as the views do; nothing where none is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support.books import Books, config, focus, in_month
from truecost import steps
from truecost.clock import Clock
from truecost.publish.publication import open_published
from truecost.report.ahead_sheets import _SHEETS
from truecost.store.journal import Journal

DAY = date(2026, 4, 5)
SHEETS = ("To date", "Earned value", "Milestones", "Scenarios", "Budgets", "Payback", "Promises", "Versions")
PLAN = """
currency = "USD"
first_month = "2026-01"
last_month = "2026-06"
trials = 200

[lifecycle]
approach = "managed"
build_months = 1

[[milestones]]
name = "accepted"
planned = 2026-02-10
value = 5000
gate = "the pilot was accepted"
"""
TOML = """
[[sources]]
name = "log"
format = "request_log"
path = "inbox/log/*"
model = "bot"

[[models]]
id = "bot"
plan = "plans/bot.toml"

[[attribution]]
match = { source = "aws" }
model = "bot"
activity = "serving"

[[budgets]]
name = "all"
per = "quarter"
amount = 100

[[prompting]]
model = "bot"
cost_per_1m_input_tokens = 10
cost_per_1m_output_tokens = 30
saved_tokens = 500
"""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    calls = [f"2026-03-{day:02d}T00:00:00Z,v{1 + day % 2},100,20\n" for day in range(1, 32)]
    files = {
        "plans/bot.toml": PLAN,
        "inbox/log/1.csv": "timestamp,model_version,input_tokens,output_tokens\n" + "".join(calls),
        "inbox/aws/1.csv": focus(
            in_month(3, EffectiveCost="77.25", BilledCost="77.25"), in_month(4, EffectiveCost="9")
        ),
    }
    made = Books.of(tmp_path_factory.mktemp("ahead") / "books", config("aws", more=TOML), files)
    retrain = {"verdict": "retrain", "retrain_cost": "300", "currency": "USD", "reasons": []}
    Journal(made.workspace.journal).append("decision", datetime(2026, 4, 1), "bot", **retrain)
    made.run(DAY)
    steps.compare(made.workspace, Clock(DAY))
    steps.publish(made.workspace, Clock(DAY))
    return made


@contextmanager
def shown(books: Books, quarter: str) -> Iterator[Any]:
    folder = steps.report(books.workspace, Clock(DAY), quarter).folder
    book = openpyxl.load_workbook(folder / "true-cost.xlsx", read_only=True)
    yield book
    book.close()


def test_each_view_has_a_sheet_with_its_figures(books: Books) -> None:
    with shown(books, "FY2026-Q1") as book, open_published(books.workspace.published) as con:
        assert [name for name in book.sheetnames if name in SHEETS] == list(SHEETS)
        for sheet in _SHEETS:
            found = con.execute(f"FROM {sheet.view}")
            names = [column[0] for column in found.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            lines = [line for line in book[sheet.name].iter_rows(values_only=True) if any(v is not None for v in line)]
            assert len(lines) == 3 + len(rows), sheet.name  # title, what it is, header
            header, *table = lines[2:]
            assert len([heading for heading in header if heading]) == len(sheet.cells)
            for cell, place in ((cell, place) for place, cell in enumerate(sheet.cells) if cell.kind == "money"):
                told = sorted(float(row[cell.key]) for row in rows if row[cell.key] is not None)
                assert sorted(line[place] for line in table if line[place] is not None) == pytest.approx(told)
        budget = [line for line in book["Budgets"].iter_rows(values_only=True) if line[0] == "all"]
        assert budget[0][5:7] == (100, 9)
        assert "USD" in str(list(book["Budgets"].iter_rows(values_only=True))[3])


@pytest.mark.slow
def test_without_plan_budget_or_log_there_are_no_such_sheets(tmp_path: Path) -> None:
    rule = '[[models]]\nid = "bot"\n\n[[attribution]]\nmatch = { source = "aws" }\nmodel = "bot"\n'
    books = Books.of(tmp_path, config("aws", more=rule), {"inbox/aws/1.csv": focus(in_month(3))})
    books.run(DAY)
    steps.compare(books.workspace, Clock(DAY))
    steps.publish(books.workspace, Clock(DAY))
    with shown(books, "FY2026-Q1") as book:
        assert not set(SHEETS) & set(book.sheetnames)
