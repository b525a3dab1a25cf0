"""A day out of line with its source's own history is told once, with what it is in; quiet worlds are quiet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Row
from truecost.alerts.states import Standing, moves
from truecost.alerts.unusual_readings import unusual, unusual_days

DAYS = 250  # what is looked back on
LAST = date(2026, 9, 30)
FIRST = LAST - timedelta(days=DAYS - 1)


def made(folder: Path, costs: dict[str, Any], stages: dict[str, str] | None = None) -> Bench:
    """A source a key, with a bill a day of these costs up to ``LAST``."""
    rules = [{"match": {"source": name}, "model": "bot", "activity": "serving"} for name in costs]
    sources = [{"name": name, "format": "focus", "path": f"inbox/{name}/*"} for name in costs]
    bench = Bench.open(folder, {"sources": sources, "models": [{"id": "bot"}], "attribution": rules})
    for name, series in costs.items():
        first = LAST - timedelta(days=len(series) - 1)
        bench.put_charges(
            [
                {"service_category": "Compute", "charge_category": "Usage", "billing_currency": "USD"}
                | {"effective_cost": Decimal(round(float(cost), 2)).quantize(Decimal("0.01"))}
                | {"billed_cost": Decimal(0), "charge_period_start": datetime.combine(day, datetime.min.time())}
                | {"charge_period_end": datetime.combine(day + timedelta(days=1), datetime.min.time())}
                for day, cost in ((first + timedelta(days=number), cost) for number, cost in enumerate(series))
                if cost
            ],
            name,
        )
    bench.keep_books()
    return bench


def told(bench: Bench, recent: int = 7, on: date = LAST) -> list[Row]:
    bench.session(on)
    bench.con.execute(f"SET VARIABLE as_of = TIMESTAMP '{on}'")
    return unusual_days(bench.con, recent)


def week(days: int, weekend: float = 20.0) -> list[float]:
    """100 a day, and less on weekends."""
    first = LAST - timedelta(days=days - 1)
    return [weekend if (first + timedelta(days=number)).weekday() > 4 else 100.0 for number in range(days)]


def test_a_dear_day_is_told_with_what_it_is_in(tmp_path: Path) -> None:
    costs = week(120)
    costs[-2] = 250.0  # a Tuesday, where 100 is usual
    bench = made(tmp_path, {"aws": costs, "calm": week(120)})
    (row,) = told(bench)
    assert (row["source"], row["first_day"], row["days"]) == ("aws", date(2026, 9, 29), 1)
    assert (row["cost"], row["expected"]) == (Decimal("250.00"), Decimal("100.00"))
    reading = unusual([row])
    assert (reading.model_id, reading.rule, reading.state) == ("", "unusual", "WARNING")
    assert reading.text == (
        "aws cost USD 250.00 on 2026-09-29, where its own history lets expect 100.00: most in bot, serving (+150.00)"
    )
    # A week of its own days later it has passed; a weekend is held against weekends.
    assert told(bench, on=date(2026, 12, 20)) == []
    bench.close()


@pytest.mark.slow
def test_a_weekend_like_a_weekday_is_out_of_line_and_a_usual_weekday_is_not(tmp_path: Path) -> None:
    costs = week(120)
    costs[-4] = 100.0  # a Sunday
    (row,) = told(made(tmp_path, {"aws": costs}))
    assert (row["first_day"], row["expected"]) == (date(2026, 9, 27), Decimal("20.00"))


@pytest.mark.parametrize(("days", "is_told"), [(60, False), (77, False), (78, True)])
def test_it_is_silent_before_there_is_history(tmp_path: Path, days: int, is_told: bool) -> None:
    costs = week(days)
    costs[-1] = 900.0
    assert bool(told(made(tmp_path, {"aws": costs}))) == is_told


def test_a_source_that_speaks_now_and_then_has_no_usual_day(tmp_path: Path) -> None:
    costs = [90.0 if number % 3 == 0 or number > 115 else 0.0 for number in range(120)]
    office = week(120, weekend=0.0)
    office[-4] = 90.0  # a Sunday, and Sundays are off
    assert told(made(tmp_path, {"hours": costs, "office": office})) == []


def test_two_days_or_three_times_as_much_is_an_alert_and_little_is_nothing(tmp_path: Path) -> None:
    two, far, little = week(120), week(120), week(120)
    two[-2:] = [200.0, 200.0]
    far[-1] = 301.0
    little[-1] = 149.0
    rows = told(made(tmp_path, {"two": two, "far": far, "little": little}))
    assert [(row["source"], row["days"]) for row in rows] == [("far", 1), ("two", 2)]
    assert unusual(rows[:1]).state == "ALERT"
    assert unusual(rows[1:]).state == "ALERT"
    assert unusual([]).state == "OK"


def test_a_run_of_days_is_told_once(tmp_path: Path) -> None:
    costs = week(120)
    costs[-3:] = [210.0, 210.0, 210.0]
    bench = made(tmp_path, {"aws": costs})
    reading = unusual(told(bench))
    now = datetime(2026, 9, 30)
    (move,) = moves({}, [reading], now, timedelta(days=7))
    assert move.kind == "alert"
    held = Standing(1, "", "unusual", "ALERT", reading.message, now, now, about=reading.about)
    assert moves({held.key: held}, [reading], now + timedelta(days=1), timedelta(days=7)) == []
    bench.close()


def world(seed: int, sources: int, noises: tuple[float, ...] = (0.05, 0.15, 0.3)) -> dict[str, Any]:
    """Days of sources as they come: weekends, growth, levels that wander, noise with heavy tails, quiet days."""
    import numpy as np

    random = np.random.default_rng(seed)
    day = np.arange(DAYS)
    found = {}
    for number in range(sources):
        weekend = np.where((day + FIRST.weekday()) % 7 > 4, random.uniform(0, 1), 1)
        growth = np.exp(random.normal(0, 0.0015) * day)
        wander = np.exp(np.cumsum(random.normal(0, 0.02, DAYS)))
        noise = np.exp(random.choice(noises) * random.standard_t(6, DAYS))
        cost = random.uniform(20, 2000) * weekend * growth * wander * noise
        found[f"s{number}"] = np.where(random.random(DAYS) < 0.01, 0, cost.round(2))
    return found


def false_alarms(folder: Path, seed: int, sources: int) -> tuple[int, float]:
    bench = made(folder, world(seed, sources))
    rows = told(bench, DAYS)
    bench.close()
    return sum(row["days"] for row in rows), sources * (DAYS - 77) / 365


def found_shifts(folder: Path, seed: int, sources: int, times: float, noises: tuple[float, ...]) -> float:
    """The share that is found of days that cost so many times the dearest of the last two of their weekday."""
    costs = world(seed, sources, noises)
    for series in costs.values():
        series[-1] = max(series[-1], series[-8], series[-15]) * times
    bench = made(folder, costs)
    rows = told(bench)
    bench.close()
    return sum(row["last_day"] == LAST for row in rows) / sources


def test_worlds_without_one_are_quiet_and_planted_ones_are_found(tmp_path: Path) -> None:
    alarms, years = false_alarms(tmp_path / "quiet", 1, 12)
    assert alarms <= years, (alarms, years)
    assert found_shifts(tmp_path / "loud", 2, 12, 3.0, (0.05, 0.15)) >= 0.8


@pytest.mark.slow
def test_false_alarms_come_once_in_five_source_years_at_most(tmp_path: Path) -> None:
    counted = [false_alarms(tmp_path / f"quiet {seed}", seed, 80) for seed in (11, 13, 17)]
    alarms, years = (sum(one) for one in zip(*counted, strict=True))
    assert alarms / years <= 0.2, (alarms, years)
    assert found_shifts(tmp_path / "loud", 12, 80, 3.0, (0.05, 0.15)) >= 0.88
