"""Staff without a timesheet, sources that must speak, entries a newer export leaves out: what finance sees of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Books, Row, asked, invoices
from tests.support.timesheets import rate, staff_toml, toggl
from truecost import steps
from truecost.books.gaps import tell_day
from truecost.clock import Clock
from truecost.publish.publication import open_published
from truecost.publish.trace import trace_charge, trace_figure

STAFF: dict[str, Any] = {
    "role": "ml engineer",
    "model": "bot",
    "activity": "data_curation",
    "share": "0.5",
    "from": "2026-01-01",
    "to": "2026-03-31",
    "monthly_cost": "15000",
    "currency": "USD",
}
Open = Callable[..., Bench]


@pytest.fixture
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    def open_bench(**toml: Any) -> Bench:
        bench = Bench.open(tmp_path, toml)
        request.addfinalizer(bench.close)
        return bench

    return open_bench


def staffed(opened: Open, *entries: Mapping[str, Any]) -> Bench:
    bench = opened(models=[{"id": "bot"}, {"id": "reader"}], staff=[{**STAFF, **entry} for entry in entries])
    bench.keep_books()
    return bench


def test_a_share_of_someones_month_is_a_charge_of_the_model_and_activity_it_names(opened: Open) -> None:
    bench = staffed(opened, {})
    rows = bench.ask("SELECT * FROM books.costs ORDER BY month")
    assert [(row["month"], row["cost"]) for row in rows] == [(date(2026, n, 1), 7500) for n in (1, 2, 3)]
    assert {(row["model_id"], row["stage"], row["cost_kind"], row["billed_cost"]) for row in rows} == {
        ("bot", "data_curation", "labor", 0)
    }


def test_a_month_cut_short_counts_by_day_and_its_parts_add_up_to_it(opened: Open) -> None:
    bench = staffed(
        opened,
        {"from": "2026-01-15", "to": "2026-02-10"},
        {"to": "2026-01-14"},
        {"from": "2026-02-11", "to": "2026-02-28"},
    )
    rows = bench.ask("SELECT month, sum(cost) AS cost FROM books.costs GROUP BY month ORDER BY month")
    assert [tuple(row.values()) for row in rows] == [(date(2026, 1, 1), 7500), (date(2026, 2, 1), 7500)]
    (part,) = bench.ask("FROM books.staff_charges WHERE charge_period_start = TIMESTAMP '2026-01-15'")
    assert part["charge_period_end"] == datetime(2026, 2, 1)
    assert abs(part["effective_cost"] - Decimal(7500) * 17 / 31) < Decimal("1e-19")


def test_no_rule_takes_what_staff_says_of_another_model(opened: Open) -> None:
    rule = {"match": {"service_name": "*"}, "model": "reader", "activity": "serving"}
    bench = opened(models=[{"id": "bot"}, {"id": "reader"}], staff=[STAFF], attribution=[rule])
    bench.keep_books()
    assert bench.ask("SELECT DISTINCT model_id, activity FROM books.costs") == [
        {"model_id": "bot", "activity": "data_curation"}
    ]


def test_staff_in_another_currency_is_unconverted(opened: Open) -> None:
    bench = staffed(opened, {"currency": "EUR"})
    assert bench.ask("SELECT DISTINCT is_unconverted, cost FROM books.costs") == [
        {"is_unconverted": True, "cost": None}
    ]


def test_a_rate_that_names_people_comes_before_the_rate_of_their_role(opened: Open) -> None:
    told = {"currency": "USD"}
    rates = [
        {"role": "engineer", "hourly_cost": "100", "from": date(2026, 2, 1), **told},  # the newest
        {"role": "*", "hourly_cost": "50", **told},
        {"role": "*", "people": ["Ann"], "hourly_cost": "80", **told},
        {"role": "engineer", "people": ["Bo"], "hourly_cost": "90", **told},
    ]
    sources = [{"name": "time", "format": "timesheet", "path": "inbox/time/*"}]
    bench = opened(sources=sources, models=[{"id": "bot"}], rates=rates)
    for person, role in (("Ann", "engineer"), ("Bo", "engineer"), ("Cy", "engineer"), ("Di", "writer")):
        worked = {"person": person, "role": role, "started_at": datetime(2026, 3, 2, 9), "seconds": 3600}
        bench.put_row("time", "worklogs", **worked, x_occurrence=1)
    bench.keep_books()
    assert [row["effective_cost"] for row in bench.ask("FROM books.labor_charges ORDER BY x_delivery_id")] == [
        *(80, 90, 100, 50)
    ]


def test_a_project_called_like_a_job_is_not_the_jobs(opened: Open) -> None:
    toml = staff_toml([rate("*", "10")])
    toml["sources"] += [
        {"name": name, "format": kind, "path": f"inbox/{name}/*"}
        for name, kind in (("slurm", "slurm"), ("runs", "training_runs"))
    ]
    bench = opened(**toml)
    bench.deliver(
        "slurm",
        "JobID|Start|End|ElapsedRaw|State|AllocTRES\n100|2026-01-10T00:00:00||3600|COMPLETED|gres/gpu=1\n",
    )
    bench.deliver("runs", "run_id,model_id,outcome,job_id,decided_at\nr1,bot,promoted,100,2026-01-11\n")
    bench.deliver("time", toggl({"Project": "100"}))
    bench.keep_books()
    rows = bench.ask("SELECT source, run_id, activity FROM books.costs ORDER BY source")
    assert rows == [
        {"source": "slurm", "run_id": "r1", "activity": "training"},
        {"source": "time", "run_id": None, "activity": "data_curation"},
    ]


# Sources that must speak.


def silent(opened: Open, as_of: date, every: str = "45d", records: list[tuple[date, date]] | None = None) -> list[Row]:
    """The silences of the source `annotators`, whose charges cover these days (ends exclusive), beside a busy one."""
    bench = opened(
        models=[{"id": "bot"}, {"id": "reader"}],
        attribution=[
            {"match": {"source": "annotators"}, "model": "bot", "activity": "data_curation"},
            {"match": {"source": "aws"}, "model": "reader", "activity": "serving"},
        ],
        expected=[{"source": "annotators", "every": every}],
    )

    def put(source: str, periods: list[tuple[date, date]]) -> None:
        bench.put_charges(
            [
                {
                    "billed_cost": Decimal(1),
                    "effective_cost": Decimal(1),
                    "billing_currency": "USD",
                    "charge_category": "Usage",
                    "charge_period_start": datetime.combine(first, datetime.min.time()),
                    "charge_period_end": datetime.combine(end, datetime.min.time()),
                }
                for first, end in periods
            ],
            source,
        )

    if records:
        put("annotators", records)
    put("aws", [(date(2026, month, 1), date(2026, month, 2)) for month in (1, 4, 7, 10)])
    bench.keep_books()
    bench.con.execute("SET VARIABLE as_of = CAST(? AS TIMESTAMP)", [as_of])
    tell_day(bench.con)
    return bench.ask("SELECT model_id, quarter, told FROM silences ORDER BY ALL")


JULY = (date(2026, 7, 1), date(2026, 8, 1))


def test_a_source_that_falls_silent_makes_the_quarter_incomplete_for_the_models_it_serves(opened: Open) -> None:
    assert silent(opened, date(2026, 10, 5), records=[JULY]) == [
        {"model_id": "bot", "quarter": "FY2026-Q3", "told": " silent since 2026-07-31"},
        {"model_id": "bot", "quarter": "FY2026-Q4", "told": " silent since 2026-07-31"},
    ]


@pytest.mark.slow
def test_a_silence_is_none_before_it_has_lasted_longer_than_it_may(opened: Open) -> None:
    last = date(2026, 8, 1) + timedelta(days=45)
    assert silent(opened, last, records=[JULY]) == []
    assert silent(opened, last + timedelta(days=1), records=[JULY]) == [
        {"model_id": "bot", "quarter": "FY2026-Q3", "told": " silent since 2026-07-31"}
    ]


@pytest.mark.slow
def test_a_silence_counts_up_to_the_end_of_the_quarter_and_no_further(opened: Open) -> None:
    days_left = 61  # August and September
    assert [row["quarter"] for row in silent(opened, date(2026, 10, 5), f"{days_left}d", [JULY])] == ["FY2026-Q4"]
    quarters = [row["quarter"] for row in silent(opened, date(2026, 10, 5), f"{days_left - 1}d", [JULY])]
    assert quarters == ["FY2026-Q3", "FY2026-Q4"]


@pytest.mark.slow
def test_what_arrives_late_breaks_the_silence_it_was_about(opened: Open) -> None:
    late = [(date(2026, 1, 1), date(2026, 2, 1)), JULY, (date(2026, 3, 1), date(2026, 7, 1))]
    assert silent(opened, date(2026, 8, 20), records=late) == []
    assert silent(opened, date(2026, 8, 20), "27d", late) == [
        {"model_id": "bot", "quarter": "FY2026-Q1", "told": " silent from 2026-01-31 to 2026-03-01"}
    ]


def test_a_long_record_is_no_silence_whatever_short_ones_lie_in_it(opened: Open) -> None:
    year = (date(2026, 1, 1), date(2027, 1, 1))
    assert silent(opened, date(2026, 10, 5), "1d", [year, (date(2026, 2, 1), date(2026, 2, 2))]) == []


def test_a_source_is_not_expected_before_its_first_record(opened: Open) -> None:
    assert [row["quarter"] for row in silent(opened, date(2026, 8, 2), "1d", [JULY])] == []


def test_a_source_that_never_spoke_is_silent_throughout_for_every_model(opened: Open) -> None:
    rows = silent(opened, date(2026, 5, 1))
    assert [(row["model_id"], row["quarter"]) for row in rows] == [
        (model, quarter) for model in ("bot", "reader") for quarter in ("FY2026-Q1", "FY2026-Q2")
    ]
    assert {row["told"] for row in rows} == {" has never spoken"}


def test_an_invoice_speaks_for_its_service_period_and_its_day_of_issue(opened: Open) -> None:
    bench = opened(expected=[{"source": "annotators", "every": "1d"}])
    bench.deliver(
        "annotators",
        invoices({"service_start": "2026-01-01", "service_end": "2026-01-31", "issue_date": "2026-02-10"}),
    )
    bench.keep_books()
    rows = bench.ask("SELECT spoken_from, spoken_until FROM books.spoken ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        (datetime(2026, 1, 1), datetime(2026, 2, 1)),
        (datetime(2026, 2, 10), datetime(2026, 2, 11)),
    ]


# What finance sees.


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Two exports of one timesheet, a share of a lead's time and an agency that has fallen silent, published."""
    toml = """[workspace]
name = "labor"

[[sources]]
name = "time"
format = "timesheet"
path = "inbox/time/*"
role = "annotator"

[[sources]]
name = "agency"
format = "invoice_csv"
path = "inbox/agency/*"

[[models]]
id = "bot"

[[attribution]]
match = { source = ["time", "agency"] }
model = "bot"
activity = "data_curation"

[[rates]]
role = "annotator"
people = ["ann@example.com"]
hourly_cost = 40.00
currency = "USD"

[[staff]]
role = "lead"
model = "bot"
activity = "evaluation"
share = 0.1
from = 2026-07-01
to = 2026-09-30
monthly_cost = 10000.00
currency = "USD"

[[expected]]
source = "agency"
every = "45d"
"""
    books = Books.of(tmp_path_factory.mktemp("labor") / "workspace", toml)
    invoice = {"issue_date": "2026-07-31", "service_start": "2026-07-01", "service_end": "2026-07-31"}
    books.put("inbox/agency/july.csv", invoices(invoice))
    first, moved, last = ({"Start date": f"2026-07-{day}"} for day in ("01", "15", "31"))
    ben = {"Start date": "2026-07-20", "Email": "ben@example.com", "Duration": "02:00:00"}
    books.put("inbox/time/1.csv", toggl(first, moved, last, ben))
    books.put("inbox/time/2.csv", toggl(first, {**moved, "Project": "reader"}, last))
    books.run()
    steps.publish(books.workspace, Clock(date(2026, 10, 5)))
    return books


def finance(books: Books, sql: str) -> list[Row]:
    with open_published(books.workspace.published) as con:
        return asked(con, sql)


def test_completeness_says_who_has_been_silent_and_what_has_no_rate(published: Books) -> None:
    (row,) = finance(published, "FROM true_cost_by_quarter WHERE quarter = 'FY2026-Q3'")
    assert row["completeness"] == "incomplete: no compute; 1 unpriced usage charges; agency silent since 2026-07-31"


def test_gaps_show_hours_without_a_rate_by_role_and_by_no_name(published: Books) -> None:
    (row,) = finance(published, "FROM gaps WHERE kind = 'unpriced'")
    assert row["what"] == ("2.00 hours of staff time from 2026-07-20 to 2026-07-20 have no rate (annotator 2.00 h)")
    assert "[[rates]]" in row["remedy"]
    assert "ben" not in json.dumps(row, default=str)


@pytest.mark.slow
def test_gaps_show_a_silence_with_what_to_do(published: Books) -> None:
    (row,) = finance(published, "FROM gaps WHERE kind = 'silent'")
    assert (row["source"], row["what"]) == (
        "agency",
        "agency has been silent since 2026-07-31, longer than it may: the totals of FY2026-Q3 lack it",
    )
    assert "deliver what is missing" in row["remedy"]


def test_gaps_show_an_entry_that_a_newer_export_of_the_same_days_leaves_out(published: Books) -> None:
    (row,) = finance(published, "FROM gaps WHERE kind = 'left_out'")
    assert row["what"].startswith("1 time entry (1.50 hours) still counted")


def test_a_staff_charge_leads_to_its_line_of_the_workspace_file(published: Books) -> None:
    trail = trace_figure(published.workspace, {"model_id": "bot", "activity": "evaluation"})
    assert (trail.count, trail.total) == (3, 3000)
    for charge in trail.charges:
        assert charge["file"] == "truecost.toml"
        found = trace_charge(published.workspace, charge["charge_id"])
        assert (found["text"], found["delivery"]) == ("[[staff]]", {"file": "truecost.toml"})
        lines = (published.root / "truecost.toml").read_text("utf-8").splitlines()
        assert lines[found["line"] - 1 : found["line"] + 1] == ["[[staff]]", 'role = "lead"']


def test_a_worklogs_charge_leads_to_its_file_and_line(published: Books) -> None:
    (row,) = finance(published, "FROM charges WHERE x_source = 'time' AND consumed_quantity = 2")
    found = trace_charge(published.workspace, row["x_charge_id"])
    assert (found["delivery"]["file"], found["line"]) == ("inbox/time/1.csv", 5)
    assert "ben@example.com" in found["text"]
