"""What a quarter's report knows: the plan, drift, alerts and decisions of its time, and nothing that came later."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from truecost.dashboards import formats

from tests.support.books import Books, config, focus, in_month, rates, runs, sacct
from tests.support.outlook_rows import put_outlook
from truecost import steps
from truecost.clock import Clock
from truecost.quarters import parse_quarter
from truecost.report.outlook import known_before

AS_OF = date(2026, 10, 5)
PARTS = ("plan", "forecast", "drift", "evals")
RULES = """
[[models]]
id = "bot"

[[models]]
id = "plain"

[[models]]
id = "new"

[[attribution]]
match = { sub_account_id = "bot" }
model = "bot"
activity = "serving"
cost_kind = "compute"

[[attribution]]
match = { sub_account_id = "plain" }
model = "plain"
activity = "serving"
cost_kind = "compute"
"""


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Two models with costs since January; one of them, and a third without any cost, has a plan and all the rest."""
    rows = [in_month(month, SubAccountId=name) for month in range(1, 10) for name in ("bot", "plain")]
    root = tmp_path_factory.mktemp("outlook") / "books"
    books = Books.of(root, config("aws", more=RULES), {"inbox/aws/a.csv": focus(*rows)})
    books.run(AS_OF)
    steps.publish(books.workspace, Clock(AS_OF))
    for model in ("bot", "new"):
        put_outlook(books.workspace.published, model)
    return books


def report_of(books: Books, quarter: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]], Path]:
    """The report as JSON, its models by name, and the folder."""
    folder = steps.report(books.workspace, Clock(AS_OF), quarter).folder
    report = json.loads((folder / "true-cost.json").read_text("utf-8"))
    return report, {model["model_id"]: model for model in report["models"]}, folder


@pytest.mark.parametrize(
    ("quarter", "as_of", "until"),
    [
        ("FY2026-Q3", date(2026, 10, 5), date(2026, 10, 6)),  # the latest quarter that has ended
        ("FY2026-Q3", date(2026, 12, 31), date(2027, 1, 1)),
        ("FY2026-Q3", date(2027, 1, 1), date(2026, 10, 1)),  # another has ended since
        ("FY2026-Q4", date(2026, 10, 5), date(2026, 10, 6)),  # still running
        ("FY2026-Q1", date(2026, 10, 5), date(2026, 4, 1)),
    ],
)
def test_a_report_knows_what_its_day_or_its_quarter_knew(quarter: str, as_of: date, until: date) -> None:
    assert known_before(parse_quarter(quarter, 1), as_of) == until


def test_the_latest_quarter_tells_of_all_that_is_known(books: Books) -> None:
    report, models, _ = report_of(books, "FY2026-Q3")
    bot = models["bot"]
    assert bot["plan"]["total"]["actual"] == "21615.00"
    assert bot["plan"]["total"]["variance"] == "5115.00"
    assert [row["stage"] for row in bot["plan"]["stages"]][:2] == ["data_curation", "training"]
    assert bot["plan"]["is_complete"] is True
    assert bot["forecast"]["budget"] == "88000.00"
    assert bot["drift"]["verdict"] == "drift"
    assert [row["feature"] for row in bot["drift"]["features"]][:2] == ["intent", "language"]
    assert {row["task"]: row["baseline_score"] for row in bot["evals"]} == {"support_intents": 0.913, "tone": None}
    assert {(row["model_id"], row["rule"], row["is_open"]) for row in report["alerts"]} == {
        (model, rule, True) for model in ("bot", "new") for rule in ("drift", "eval_decay")
    }
    assert {row["model_id"] for row in report["decisions"]} == {"bot", "new"}
    assert report["decisions"][0]["reasons"][0].startswith("the drop of support_intents")


def test_a_model_without_plan_or_drift_has_no_such_part(books: Books) -> None:
    _, models, folder = report_of(books, "FY2026-Q3")
    assert not models["plain"].keys() & set(PARTS)
    page = (folder / "true-cost.html").read_text("utf-8")
    (section,) = [part for part in page.split("</section>") if 'class="model"' in part and ">plain" in part]
    assert "Plan against actual" not in section
    assert "Production and quality" not in section


def test_a_planned_model_without_any_cost_is_in_the_report_with_zero(books: Books) -> None:
    report, models, _ = report_of(books, "FY2026-Q3")
    new = models["new"]
    assert (new["true_cost"], new["true_cost_to_date"], new["multiplier"]) == ("0.00", "0.00", None)
    assert new["plan"]["total"]["planned_mean"] == "16500.00"
    assert report["total"]["true_cost"] == "60.00"


def test_an_earlier_quarter_does_not_know_what_came_after_it(books: Books) -> None:
    report, models, folder = report_of(books, "FY2026-Q2")
    bot = models["bot"]
    assert "forecast" not in bot
    assert bot["drift"]["window_end"] == "2026-06-30T00:00:00"
    assert "evals" not in bot
    assert {(row["rule"], row["state"], row["is_open"]) for row in report["alerts"]} == {
        ("overspend", "WARNING", False),
        ("overspend", "OK", False),
    }
    assert "decisions" not in report
    assert [row["month"] for row in bot["plan"]["months"] if row["actual"] is not None][-1] == "2026-06-01"
    assert bot["plan"]["whole"]["actual"] == str(Decimal("7205.00") * 9)
    page = (folder / "true-cost.html").read_text("utf-8")
    assert "the forecast is in the latest quarter's report" in page
    assert "open alert" not in page


def test_an_alert_is_as_it_stood_when_the_quarter_ended(books: Books) -> None:
    report, _, _ = report_of(books, "FY2026-Q1")
    assert "alerts" not in report
    report, _, _ = report_of(books, "FY2026-Q4")  # the running one: what was raised on its fifth day
    assert {row["rule"] for row in report["alerts"]} == {"drift", "eval_decay"}


@pytest.mark.slow
def test_a_run_of_a_later_quarter_is_not_in_the_report(books: Books, tmp_path: Path) -> None:
    more = '\n[[models]]\nid = "bot"\n'
    jobs = [
        {"JobID": "100", "Start": "2026-01-10T00:00:00", "End": "2026-01-10T01:00:00"},
        {"JobID": "200", "Start": "2026-04-01T00:00:00", "End": "2026-04-01T01:00:00"},
    ]
    told = [
        {"run_id": "r1", "job_id": "100"},
        {"run_id": "r2", "job_id": "200"},
        {"run_id": "r3", "job_id": "", "outcome": "discarded", "decided_at": "2026-05-01T00:00:00Z"},
    ]
    files = {"inbox/slurm/a.txt": sacct(*jobs), "inbox/rates/a.csv": rates({}), "inbox/runs/a.csv": runs(*told)}
    own = Books.of(tmp_path / "runs", config("slurm", "rates", "runs", more=more), files)
    own.run(AS_OF)
    steps.publish(own.workspace, Clock(AS_OF))
    _, models, _ = report_of(own, "FY2026-Q1")
    assert [run["run_id"] for run in models["bot"]["runs"]] == ["r1"]
    _, models, _ = report_of(own, "FY2026-Q2")
    assert [run["run_id"] for run in models["bot"]["runs"]] == ["r1", "r2", "r3"]


def test_the_csv_holds_the_figures_of_plan_and_forecast(books: Books) -> None:
    _, _, folder = report_of(books, "FY2026-Q3")
    with (folder / "true-cost.csv").open(encoding="utf-8", newline="") as lines:
        told = {(row["model_id"], row["figure"], row["stage"]): row["amount"] for row in csv.DictReader(lines)}
    assert told["bot", "planned_mean", "serving"] == "7200.00"
    assert told["bot", "planned_p90", "total"] == "20625.00"
    assert told["bot", "variance", "total"] == "5115.00"
    assert told["bot", "budget", ""] == "88000.00"
    assert told["bot", "probability_over_budget", ""] == "0.9341"
    assert ("plain", "budget", "") not in told


@pytest.mark.parametrize(
    ("told", "amount"),
    [("+1,234.50", "1234.5"), ("−80.00", "-80"), ("0.00", "0"), ("0.00", "0.004"), ("0.00", "-0.004"), ("–", None)],
)
def test_a_variance_has_its_sign_and_zero_has_none(told: str, amount: str | None) -> None:
    assert formats.variance(None if amount is None else Decimal(amount)) == told


@pytest.mark.parametrize(("told", "value"), [("0.0620", 0.062), ("12.35", 12.346), ("−0.5000", -0.5), ("–", None)])
def test_a_measure_has_as_many_digits_as_it_needs(told: str, value: float | None) -> None:
    assert formats.measure(value) == told


def test_the_page_tells_how_good_past_forecasts_were_and_what_was_learned(demo: Path) -> None:
    """Each figure once more, from the view: how many came from P10 to P90, by how much the P50s are off."""
    folder = demo / "reports/FY2026-Q3"
    report = json.loads((folder / "true-cost.json").read_text("utf-8"))
    with duckdb.connect(str(demo / "reports/reports.duckdb"), read_only=True) as con:
        rows = con.execute(
            "SELECT model_id, forecast_p10, forecast_p50, forecast_p90, actual FROM finance.forecast_record"
        ).fetchall()
    page = (folder / "true-cost.html").read_text("utf-8")
    for model in report["models"]:
        mine = [tuple(map(float, row[1:])) for row in rows if row[0] == model["model_id"]]
        told = model["past_forecasts"]
        assert told["forecasts"] == len(mine) > 0
        assert told["inside"] == sum(low <= actual <= high for low, _, high, actual in mine)
        bias = sum((p50 - actual) / actual for _, p50, _, actual in mine) / len(mine)
        assert told["bias_pct"] == pytest.approx(100 * bias)
        assert f">{formats.share(told['coverage'])}</td>" in page
    taught = {one["default_name"]: one for one in report["lessons"]}
    assert "finished rounds; F13 says" in taught["training.iterations"]["learned_from"]
    assert {one["learned_from"] for one in report["lessons"]} <= set(re.findall(r"<td>([^<]*)</td></tr>", page))


def test_an_earlier_quarter_has_learned_nothing_of_what_came_after_it(books: Books) -> None:
    report, models, _ = report_of(books, "FY2026-Q2")
    assert "lessons" not in report
    assert "past_forecasts" not in models["bot"]


def test_of_ten_months_of_the_demo_seven_end_within_what_was_forecast(demo: Path) -> None:
    with duckdb.connect(str(demo / "reports/reports.duckdb"), read_only=True) as con:
        told = con.execute("SELECT sum(inside), sum(forecasts) FROM finance.forecast_quality").fetchone()
    assert told is not None
    assert told[0] >= 0.7 * told[1] > 0
