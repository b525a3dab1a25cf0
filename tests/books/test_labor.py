"""Staff time: hours and shares of months are conserved, and exports add up to one ledger in any order."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, asked
from tests.support.effort import examples
from tests.support.timesheets import rate, staff_toml, toggl
from truecost.workspace.config import StaffSection

if TYPE_CHECKING:
    from random import Random

    from duckdb import DuckDBPyConnection

UNIT = Fraction(1, 10**20)
ROLES = ("annotator", "ml engineer", "lawyer")
RATES = {"annotator": Decimal("33.33"), "ml engineer": Decimal("95.123456")}


@pytest.fixture
def time_bench(folder: Path) -> Iterator[Bench]:
    opened = Bench.open(folder, staff_toml([rate(role, str(cost)) for role, cost in RATES.items()]))
    yield opened
    opened.close()


def clear(bench: Bench) -> None:
    bench.con.execute("DELETE FROM ledger.worklogs; DELETE FROM log.deliveries; DELETE FROM log.quarantine")
    bench.con.execute("DELETE FROM log.control_totals")


entries = st.tuples(st.sampled_from([*ROLES, None]), st.integers(1, 86_400))


@pytest.mark.slow
@given(st.lists(entries, min_size=1, max_size=40))
@settings(max_examples=examples(10))
def test_labor_charges_conserve_hours_and_price_each_at_its_rate(
    time_bench: Bench, given_entries: list[tuple[str | None, int]]
) -> None:
    import pyarrow as pa

    clear(time_bench)
    con = time_bench.con
    con.execute(
        "INSERT INTO log.deliveries BY NAME SELECT 1 AS delivery_id, 'time' AS source, 'worklogs' AS dataset, "
        "'a.csv' AS file, 'Toggl Track' AS format_version, ? AS rows_read, rows_read AS rows_accepted, "
        "0 AS rows_quarantined, 0 AS rows_skipped",
        [len(given_entries)],
    )
    rows = [
        {
            "person": "ann",
            "role": role,
            "started_at": datetime(2026, 1, 1) + timedelta(days=number),
            "seconds": seconds,
            "x_occurrence": 1,
            "x_delivery_id": 1,
            "x_line": number,
            "x_content": str(seconds),
        }
        for number, (role, seconds) in enumerate(given_entries, start=2)
    ]
    con.register("entries", pa.Table.from_pylist(rows))
    con.execute("INSERT INTO ledger.worklogs BY NAME SELECT * FROM entries")
    con.unregister("entries")
    time_bench.keep_books()
    found = time_bench.ask("FROM books.labor_charges ORDER BY x_line")
    assert len(found) == len(given_entries)
    for charge, (role, seconds) in zip(found, given_entries, strict=True):
        hours = Fraction(charge["consumed_quantity"])
        assert abs(hours - Fraction(seconds, 3600)) <= UNIT / 2
        if role in RATES:
            exact = Fraction(RATES[role]) * seconds / 3600
            assert abs(Fraction(charge["effective_cost"]) - exact) <= UNIT / 2
        else:
            assert charge["effective_cost"] is None, "hours without a rate are never zero"
    (counted,) = time_bench.ask("SELECT count(*) AS n FROM books.costs WHERE is_unpriced AND cost IS NULL")
    assert counted["n"] == sum(role not in RATES for role, _ in given_entries)


first_days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
shares = st.decimals("0.000001", "1000", places=6)
monthly_costs = st.decimals("0", "999999999999", places=6)


def staffed(bench: Bench, entries: list[tuple[date, date, Decimal, Decimal]]) -> None:
    """Books of these [[staff]] entries: (first day, last day, share, monthly cost)."""
    staff = [
        StaffSection.model_validate(
            {
                "role": "ml engineer",
                "model": "bot",
                "activity": "training",
                "share": share,
                "from": first,
                "to": last,
                "monthly_cost": cost,
                "currency": "USD",
            }
        )
        for first, last, share, cost in entries
    ]
    config = bench.workspace.config.model_copy(update={"staff": staff})
    bench.workspace = type(bench.workspace)(bench.folder, config)
    bench.keep_books()


@pytest.mark.slow
@given(first_days, st.integers(1, 30), shares, monthly_costs)
@settings(max_examples=examples(12))
def test_whole_months_of_staff_add_up_to_share_times_months_times_cost_exactly(
    time_bench: Bench, first: date, months: int, share: Decimal, cost: Decimal
) -> None:
    clear(time_bench)
    start = first.replace(day=1)
    end = date(start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1, 1)
    staffed(time_bench, [(start, end - timedelta(days=1), share, cost)])
    charges = time_bench.ask("FROM books.staff_charges ORDER BY x_part")
    assert [charge["x_part"] for charge in charges] == list(range(months))
    assert {Fraction(charge["effective_cost"]) for charge in charges} == {Fraction(share) * Fraction(cost)}
    (total,) = time_bench.ask("SELECT sum(cost) AS cost, count(*) AS n FROM books.costs")
    assert Fraction(total["cost"]) == Fraction(share) * Fraction(cost) * months


@pytest.mark.slow
@given(
    st.integers(1, 12),
    st.sets(st.integers(2, 28), max_size=5),
    shares,
    monthly_costs,
)
@settings(max_examples=examples(12))
def test_the_parts_of_a_month_add_up_to_it_exactly(
    time_bench: Bench, month: int, cuts: set[int], share: Decimal, cost: Decimal
) -> None:
    clear(time_bench)
    start = date(2026, month, 1)
    end = date(2026 + month // 12, month % 12 + 1, 1)
    edges = [start, *(start.replace(day=day) for day in sorted(cuts)), end]
    parts = [(a, b - timedelta(days=1), share, cost) for a, b in itertools.pairwise(edges)]
    staffed(time_bench, parts)
    charges = time_bench.ask("FROM books.staff_charges ORDER BY charge_period_start")
    assert sum(Fraction(charge["effective_cost"]) for charge in charges) == Fraction(share) * Fraction(cost)
    for charge, (first, last, _, _) in zip(charges, parts, strict=True):
        exact = Fraction(share) * Fraction(cost) * ((last - first).days + 1) / (end - start).days
        assert abs(Fraction(charge["effective_cost"]) - exact) < 2 * UNIT


days = [date(2026, 3, 1) + timedelta(days=n) for n in range(4)]
logged = st.lists(
    st.fixed_dictionaries(
        {
            "Start date": st.sampled_from([day.isoformat() for day in days]),
            "Start time": st.sampled_from(["09:00:00", "10:00:00"]),
            "Project": st.sampled_from(["bot", "reader"]),
            "Description": st.sampled_from(["a", "b"]),
            "Duration": st.sampled_from(["01:00:00", "00:20:00"]),
        }
    ),
    max_size=8,
)
windows = st.lists(st.sampled_from(list(itertools.combinations(range(5), 2))), min_size=1, max_size=3)


@pytest.mark.slow
@given(logged, windows, st.randoms(use_true_random=False))
@settings(max_examples=examples(4))
def test_overlapping_exports_in_any_order_and_any_sorting_are_one_ledger(
    time_bench: Bench, rows: list[dict[str, str]], spans: list[tuple[int, int]], random: Random
) -> None:
    """Each export holds every entry of some days, sorted anyhow; what they hold together counts once."""
    exports = []
    for first, end in spans:
        held = [row for row in rows if row["Start date"] in {day.isoformat() for day in days[first:end]}]
        random.shuffle(held)
        if held:
            exports.append(toggl(*held))
    covered = {day.isoformat() for first, end in spans for day in days[first:end]}
    expected = Counter(
        (row["Project"], 3600 if row["Duration"] == "01:00:00" else 1200)
        for row in rows
        if row["Start date"] in covered
    )
    for order in (exports, exports[::-1]):
        clear(time_bench)
        for content in order:
            time_bench.deliver("time", content)
        time_bench.keep_books()
        found = time_bench.ask("SELECT project, seconds FROM books.worklogs WHERE status = 'current'")
        assert Counter((row["project"], row["seconds"]) for row in found) == expected
        statuses = {row["status"] for row in time_bench.ask("SELECT DISTINCT status FROM books.worklogs")}
        assert statuses <= {"current", "duplicate"}, "the same entries again are no new versions"


@given(
    st.lists(st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)), min_size=1, max_size=200),
    st.sampled_from(["Europe/Berlin", "America/New_York"]),
)
@settings(max_examples=examples(10))
def test_a_start_in_the_sources_zone_is_the_moment_that_zones_clock_showed_it(
    con: DuckDBPyConnection, locals_: list[datetime], zone: str
) -> None:
    shown = [local.replace(microsecond=0) for local in locals_]
    rows = asked(
        con,
        "WITH shown AS MATERIALIZED (SELECT unnest(?::VARCHAR[]) AS day, unnest(?::VARCHAR[]) AS clock), "
        "plain AS MATERIALIZED (SELECT day || 'T' || iso_clock(clock) AS text FROM shown) "
        "SELECT parse_time(text, ?) AS moment FROM plain",
        [str(local.date()) for local in shown],
        [local.strftime("%I:%M:%S %p") for local in shown],
        zone,
    )
    for row, local in zip(rows, shown, strict=True):
        assert row["moment"] in {
            local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)
        }


numbers = st.tuples(
    st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**9), 10**9), st.integers(0, 6)),
    st.sampled_from([",", "."]),
    st.booleans(),
)


def written(value: Decimal, mark: str, is_grouped: bool) -> str:
    text = f"{value:,f}" if is_grouped else f"{value:f}"
    return text.translate(str.maketrans(",.", ".,")) if mark == "," else text


@given(st.lists(numbers, min_size=1, max_size=200))
@settings(max_examples=examples(10))
def test_a_number_is_read_by_its_own_marks_or_not_at_all(
    con: DuckDBPyConnection, given_numbers: list[tuple[Decimal, str, bool]]
) -> None:
    rows = asked(
        con,
        "WITH number AS MATERIALIZED (SELECT unnest(?::VARCHAR[]) AS text, unnest(?::VARCHAR[]) AS mark), "
        "plain AS MATERIALIZED (SELECT decimal_mark(text) AS told_mark, plain_number(text, NULL) AS alone, "
        "plain_number(text, mark) AS in_file FROM number) "
        "SELECT told_mark, parse_amount(alone) AS alone, parse_amount(in_file) AS in_file FROM plain",
        [written(*number) for number in given_numbers],
        [mark for _, mark, _ in given_numbers],
    )
    for row, (value, _, _) in zip(rows, given_numbers, strict=True):
        assert row["in_file"] == value
        assert row["alone"] == (None if row["told_mark"] == "open" else value)
