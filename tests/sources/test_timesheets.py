"""Staff time of three tools: what is read, what is not guessed, what an edit does, and what an hour costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Row
from tests.support.timesheets import clockify, harvest, rate, staff_toml, toggl
from truecost.intake.load import Loaded


class Time:
    """One timesheet source in memory; opened anew for each set of settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.benches: list[Bench] = []

    def of(self, *files: str, rates: list[dict[str, Any]] | None = None, **source: str) -> tuple[Bench, list[Loaded]]:
        bench = Bench.open(self.folder, staff_toml(rates, **source))
        self.benches.append(bench)
        loaded = [bench.deliver("time", content) for content in files]
        bench.are_due = True
        return bench, loaded


@pytest.fixture
def time(tmp_path: Path) -> Iterator[Time]:
    opened = Time(tmp_path)
    yield opened
    for bench in opened.benches:
        bench.close()


def entries(bench: Bench) -> list[Row]:
    return bench.ask("SELECT * FROM books.worklogs WHERE status = 'current' ORDER BY started_at, project, seconds")


def charges(bench: Bench) -> list[Row]:
    return bench.ask("FROM books.labor_charges ORDER BY charge_period_start, x_delivery_id, x_line")


def faults(bench: Bench) -> list[tuple[int, str, str]]:
    rows = bench.ask("FROM log.quarantine ORDER BY line")
    return [(row["line"], row["column_name"], row["message"]) for row in rows]


@pytest.mark.parametrize(
    ("content", "tool", "person", "role"),
    [
        (toggl({}), "Toggl Track", "ann@example.com", None),
        (clockify({"Start Date": "01/20/2026"}), "Clockify", "ann@example.com", "ML engineer"),
        (harvest({}), "Harvest", "Ann Ode", "ML engineer"),
    ],
)
def test_each_tool_is_told_by_its_columns(time: Time, content: str, tool: str, person: str, role: str | None) -> None:
    bench, (loaded,) = time.of(content)
    assert loaded.refused_because is None
    (entry,) = entries(bench)
    assert (entry["person"], entry["role"], entry["seconds"]) == (person, role, 5400)
    (charge,) = charges(bench)
    assert (charge["provider_name"], charge["consumed_quantity"]) == (tool, Decimal("1.5"))
    assert (charge["sub_account_id"], charge["resource_id"], charge["resource_name"]) == ("Support", "bot", "labels")


def test_a_source_says_the_role_where_the_tool_has_none(time: Time) -> None:
    bench, _ = time.of(toggl({}), role="annotator")
    assert entries(bench)[0]["role"] == "annotator"


def test_a_summary_without_start_times_is_refused(time: Time) -> None:
    _, (loaded,) = time.of("Project,Start date,Duration\nbot,2026-01-12,01:00:00\n")
    assert str(loaded.refused_because).startswith(
        "line 1 lacks the column Start time; export the detailed report, not a summary, or map it"
    )


def test_a_file_of_another_tool_is_refused(time: Time) -> None:
    _, (loaded,) = time.of("Date,Project,Duration\n2026-01-12,bot,1\n")
    assert "not those of Toggl Track, Harvest or Clockify" in str(loaded.refused_because)


def test_clocks_of_twelve_and_of_twenty_four_hours_are_read(time: Time) -> None:
    clocks = {
        "9:05 AM": "09:05:00",
        "12:00:30 am": "00:00:30",
        "12:30 PM": "12:30:00",
        "01:05:09\u202fPM": "13:05:09",
        "13:05": "13:05:00",
        "23:59:59": "23:59:59",
    }
    bench, _ = time.of(clockify(*({"Start Time": text} for text in clocks)))
    rows = bench.ask("FROM ledger.worklogs ORDER BY x_line")
    assert [str(row["started_at"].time()) for row in rows] == list(clocks.values())


def test_what_is_no_time_of_day_is_quarantined(time: Time) -> None:
    texts = ["13:05 PM", "0:30 AM", "24:00", "9", "9:5", "09:00:60", ""]
    bench, (loaded,) = time.of(clockify(*({"Start Time": text} for text in texts), {}))
    assert (loaded.rows_accepted, loaded.rows_quarantined) == (1, len(texts))
    assert faults(bench) == [(2 + n, "Start Time", "is not a time of day") for n in range(len(texts))]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["03/04/2026", "03/20/2026"], ["2026-03-04", "2026-03-20"]),
        (["03/04/2026", "20/03/2026"], ["2026-04-03", "2026-03-20"]),
        (["04/04/2026", "05/05/2026"], ["2026-04-04", "2026-05-05"]),
        (["2026-04-03"], ["2026-04-03"]),
    ],
)
def test_one_day_over_twelve_settles_how_the_whole_file_writes_dates(
    time: Time, dates: Sequence[str], days: Sequence[str]
) -> None:
    bench, _ = time.of(clockify(*({"Start Date": date, "Task": str(n)} for n, date in enumerate(dates))))
    rows = bench.ask("FROM ledger.worklogs ORDER BY x_line")
    assert [str(row["started_at"].date()) for row in rows] == list(days)


@pytest.mark.slow
def test_dates_that_could_be_read_either_way_are_refused_and_the_source_may_say(time: Time) -> None:
    content = clockify({"Start Date": "03/04/2026"})
    _, (loaded,) = time.of(content)
    assert loaded.refused_because == (
        "Start Date 03/04/2026 could be day or month first, and no date of the file settles it; "
        'set `dates = "month_first"` or `dates = "day_first"` on the source'
    )
    for setting, day in (("month_first", datetime(2026, 3, 4, 9)), ("day_first", datetime(2026, 4, 3, 9))):
        bench, _ = time.of(content, dates=setting)
        assert entries(bench)[0]["started_at"] == day


def test_a_file_that_writes_dates_both_ways_is_refused(time: Time) -> None:
    _, (loaded,) = time.of(clockify({"Start Date": "20/03/2026"}, {"Start Date": "03/20/2026"}))
    assert "with the day first (20/03/2026) and with the month first (03/20/2026)" in str(loaded.refused_because)


def test_a_date_that_is_none_the_way_the_source_says_is_quarantined(time: Time) -> None:
    bench, _ = time.of(clockify({"Start Date": "01/20/2026"}, {"Start Date": "20/01/2026"}), dates="month_first")
    assert faults(bench) == [(3, "Start Date", "is not a date")]


@pytest.mark.parametrize(
    ("hours", "seconds"),
    [
        (["20,0", "0,01"], [72000, 36]),
        (["1.25", "0.5"], [4500, 1800]),
        (["1,234", "0,5"], [4442, 1800]),  # 1.234 h: the other number has a decimal comma
        (["2", "1:45"], [7200, 6300]),
    ],
)
def test_hours_with_a_decimal_comma_or_point_are_read_as_the_file_writes_them(
    time: Time, hours: Sequence[str], seconds: Sequence[int]
) -> None:
    plain = {"Billable Rate": "", "Billable Amount": "", "Cost Rate": "", "Cost Amount": ""}
    bench, _ = time.of(harvest(*({**plain, "Hours": text} for text in hours)))
    rows = bench.ask("FROM ledger.worklogs ORDER BY x_line")
    assert [row["seconds"] for row in rows] == list(seconds)


def test_hours_that_could_be_one_or_a_thousand_are_not_guessed(time: Time) -> None:
    plain = {"Billable Rate": "", "Billable Amount": "", "Cost Rate": "", "Cost Amount": ""}
    bench, _ = time.of(harvest({**plain, "Hours": "1,234"}, {**plain, "Hours": "3"}))
    ((line, column, message),) = faults(bench)
    assert (line, column) == (2, "Hours")
    assert message.startswith("has a comma or point that could part thousands or decimals")


@pytest.mark.parametrize(("make", "column"), [(toggl, "Duration"), (clockify, "Duration (h)"), (harvest, "Hours")])
def test_what_no_day_holds_or_is_no_duration_is_quarantined(time: Time, make: Any, column: str) -> None:
    texts = ["24:00:01", "-01:00:00", "1:60:00", "1_0", "x", "", "1,5,5"]
    bench, (loaded,) = time.of(make(*({column: text} for text in texts)))
    assert (loaded.rows_accepted, loaded.rows_quarantined) == (0, len(texts))
    over, *others = faults(bench)
    assert over == (2, column, "is more than a day in one entry")
    assert others == [(3 + n, column, "is not a duration") for n in range(len(texts) - 1)]


def test_more_hours_than_a_day_has_are_quarantined_where_they_are_a_number(time: Time) -> None:
    bench, _ = time.of(harvest({"Hours": "24.01"}, {"Hours": "24.00"}, {"Hours": "99999999999999999999999"}))
    assert [(line, message) for line, _, message in faults(bench)] == [
        (2, "is more than a day in one entry"),
        (4, "is not a duration"),
    ]


def test_a_decimal_comma_is_not_read_where_the_tool_writes_none(time: Time) -> None:
    without_clock = clockify({"Duration (decimal)": "1,50"}).replace("Duration (h)", "Duration rounded")
    bench, _ = time.of(without_clock)
    assert [message for *_, message in faults(bench)] == []
    assert entries(bench)[0]["seconds"] == 5400, "a comma with two digits after it parts decimals everywhere"
    bench, _ = time.of(without_clock.replace("1,50", "1,500"))
    assert [message for *_, message in faults(bench)] == ["is more than a day in one entry"]


def test_the_exact_duration_is_preferred_to_the_rounded_one(time: Time) -> None:
    bench, _ = time.of(clockify({"Duration (h)": "01:00:01", "Duration (decimal)": "0.00"}))
    assert entries(bench)[0]["seconds"] == 3601


def test_hours_are_the_stated_duration_when_the_clocks_change(time: Time) -> None:
    bench, _ = time.of(
        toggl(
            {"Start date": "2026-03-28", "Start time": "23:00:00", "Duration": "05:00:00"},  # to 05:00, a short night
            {"Start date": "2026-03-29", "Start time": "02:30:00", "Duration": "01:00:00"},  # a time that is left out
            {"Start date": "2026-10-25", "Start time": "02:30:00", "Duration": "01:00:00"},  # a time that comes twice
        ),
        timezone="Europe/Berlin",
    )
    rows = charges(bench)
    assert [row["charge_period_start"] for row in rows] == [
        datetime(2026, 3, 28, 22),
        datetime(2026, 3, 29, 1, 30),
        datetime(2026, 10, 25, 1, 30),
    ]
    assert [row["consumed_quantity"] for row in rows] == [5, 1, 1]
    assert all((row["charge_period_end"] - row["charge_period_start"]).seconds >= 3600 for row in rows)


def test_a_day_without_a_clock_stays_in_its_month_whatever_the_zone(time: Time) -> None:
    bench, _ = time.of(harvest({"Date": "2026-04-01"}), timezone="Asia/Tokyo")
    assert charges(bench)[0]["charge_period_start"] == datetime(2026, 4, 1)


# What an edit does.


@pytest.mark.parametrize("make", [toggl, clockify])
def test_an_edited_text_of_an_entry_with_a_start_time_counts_once(time: Time, make: Any) -> None:
    bench, _ = time.of(make({}), make({"Description": "reworded", "Tags": "new", "Client": "Renamed"}))
    (charge,) = charges(bench)
    assert charge["consumed_quantity"] == Decimal("1.5")
    assert [row["status"] for row in bench.ask("FROM books.worklogs ORDER BY x_delivery_id")] == [
        "superseded",
        "current",
    ]


def test_a_corrected_duration_counts_as_last_told(time: Time) -> None:
    bench, _ = time.of(harvest({"Hours": "2"}), harvest({"Hours": "3"}))
    assert [row["consumed_quantity"] for row in charges(bench)] == [3]


def test_the_notes_tell_apart_what_harvest_logs_on_one_day(time: Time) -> None:
    bench, _ = time.of(harvest({"Notes": "a"}, {"Notes": "b"}, {"Notes": "b"}), harvest({"Notes": "b"}))
    assert len(charges(bench)) == 3


def test_entries_that_share_a_start_are_each_kept_whatever_the_order_of_the_export(time: Time) -> None:
    first, second = {"Description": "a", "Duration": "01:00:00"}, {"Description": "b", "Duration": "02:00:00"}
    bench, _ = time.of(toggl(first, second), toggl(second, first))
    assert sorted(row["consumed_quantity"] for row in charges(bench)) == [1, 2]
    assert [row["status"] for row in bench.ask("FROM books.worklogs WHERE x_delivery_id = 2")] == ["duplicate"] * 2


def test_an_entry_that_was_told_at_no_hours_counts_no_more(time: Time) -> None:
    bench, _ = time.of(toggl({}), toggl({"Duration": "00:00:00"}))
    assert charges(bench) == []


# What an hour costs.


def costs(bench: Bench) -> list[Decimal | None]:
    return [row["effective_cost"] for row in charges(bench)]


def test_hours_without_a_rate_are_unpriced_and_never_zero(time: Time) -> None:
    bench, _ = time.of(toggl({}), rates=[rate("driver", "10")])
    assert costs(bench) == [None]
    assert bench.ask("SELECT is_unpriced, cost FROM books.costs") == [{"is_unpriced": True, "cost": None}]


def test_a_persons_own_rate_wins_over_the_roles_and_that_over_any(time: Time) -> None:
    rates = [
        rate("*", "10"),
        rate("ml engineer", "20"),
        rate("ML Engineer", "30", people=["Ben@example.com"]),
    ]
    bench, _ = time.of(
        clockify(
            {"Start Date": "01/20/2026", "Duration (h)": "01:00:00", "Group": "Sales"},
            {"Start Date": "01/21/2026", "Duration (h)": "01:00:00"},
            {"Start Date": "01/22/2026", "Duration (h)": "01:00:00", "Email": "ben@example.com", "Group": "Sales"},
        ),
        rates=rates,
    )
    assert costs(bench) == [10, 20, 30]


def test_a_rate_that_names_people_holds_for_no_one_else(time: Time) -> None:
    bench, _ = time.of(clockify({}), rates=[rate("ml engineer", "30", people=["ben@example.com"])])
    assert costs(bench) == [None]


def test_of_several_roles_the_first_listed_with_a_rate_counts(time: Time) -> None:
    rates = [rate("reviewer", "10"), rate("ml engineer", "20")]
    bench, _ = time.of(clockify({"Group": "Staff, ML engineer, Reviewer", "Duration (h)": "01:00:00"}), rates=rates)
    assert costs(bench) == [20]


def test_a_rate_holds_from_its_first_day_to_its_last_and_the_latest_wins(time: Time) -> None:
    rates = [
        rate("ml engineer", "1"),
        rate("ml engineer", "3", **{"from": "2026-02-01", "to": "2026-02-28"}),
        rate("ml engineer", "2", **{"from": "2026-01-15"}),
    ]
    days = ["01/14/2026", "01/15/2026", "01/31/2026", "02/01/2026", "02/28/2026", "03/01/2026"]
    rows = [{"Start Date": day, "Duration (h)": "01:00:00"} for day in days]
    bench, _ = time.of(clockify(*rows), rates=rates)
    assert costs(bench) == [1, 2, 2, 3, 3, 2]


def test_the_cost_the_tool_states_is_ours_and_what_a_client_pays_is_not(time: Time) -> None:
    stated = {"Billable Amount": "2.000,0", "Hours": "2,0", "Cost Amount": "1.080,50", "Currency": "Euro - EUR"}
    unstated = {**stated, "Task": "review", "Cost Amount": "0,0"}
    bench, _ = time.of(harvest(stated, unstated), rates=[rate("*", "100")])
    assert [(row["effective_cost"], row["billing_currency"], row["billed_cost"]) for row in charges(bench)] == [
        (Decimal("1080.50"), "EUR", 0),
        (200, "USD", 0),
    ]
    (total,) = bench.ask("FROM books.control_totals")
    assert (total["column_name"], total["currency"], total["amount_loaded"]) == (
        "cost_amount",
        "EUR",
        Decimal("1080.50"),
    )


def test_a_duplicate_entrys_stated_cost_is_a_duplicate_in_the_control_totals(time: Time) -> None:
    content = harvest({"Cost Amount": "80.0"})
    bench, _ = time.of(content, content)
    rows = bench.ask(
        "SELECT amount_read, amount_loaded, amount_duplicate FROM books.control_totals ORDER BY delivery_id"
    )
    assert [tuple(row.values()) for row in rows] == [(80, 80, 0), (80, 0, 80)]


def test_a_stated_cost_that_can_not_be_read_is_quarantined(time: Time) -> None:
    bench, _ = time.of(
        harvest({"Cost Amount": "-5.0"}, {"Cost Amount": "five"}, {"Cost Amount": "5.0", "Currency": "Pounds"})
    )
    assert [(line, column) for line, column, _ in faults(bench)] == [
        (2, "Cost Amount"),
        (3, "Cost Amount"),
        (4, "Currency"),
    ]
    (total,) = bench.ask("FROM books.control_totals WHERE amount_quarantined <> 0 AND currency = 'USD'")
    assert total["amount_quarantined"] == -5


def test_hours_of_nobody_are_quarantined(time: Time) -> None:
    bench, _ = time.of(harvest({"First Name": "", "Last Name": ""}))
    assert faults(bench) == [(2, "email", "is empty, and so is the name")]


def test_labor_is_labor_and_its_tags_can_be_matched(time: Time) -> None:
    bench, _ = time.of(toggl({"Tags": "Development, Backend"}), rates=[rate("*", "10")], role="annotator")
    (cost,) = bench.ask("FROM books.costs")
    assert (cost["cost_kind"], cost["model_id"], cost["activity"], cost["cost"]) == (
        "labor",
        "bot",
        "data_curation",
        15,
    )
    tags = bench.ask(
        "SELECT tags ->> '$.person' AS person, tags ->> '$.role' AS role, tags ->> '$.tags' AS tags "
        "FROM books.labor_charges"
    )
    assert tags == [{"person": "ann@example.com", "role": "annotator", "tags": "Development, Backend"}]
