"""Why a cost differs from its plan: price, volume and mix, worked out a second time in fractions, and tied to it."""

from __future__ import annotations

import csv
import shutil
import tomllib
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.by_hand.demo_plans import projected
from tests.support.books import Books, asked, config, focus, in_month
from truecost import steps
from truecost.archive.sealed import seal
from truecost.books.session import open_session
from truecost.clock import Clock
from truecost.store.sql import query

ROOT = Path(__file__).resolve().parents[2]
Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
DAY = date(2026, 5, 20)
NEARLY = Fraction(1, 10**17)  # prices are rounded to 20 places, item by item

PLAN = """
currency = "USD"
first_month = "2026-01"
last_month = "2026-09"
seed = 3
trials = 200

[uncertainty]  # the items alone: what else may happen is no unit's
blow_up = 0
month_spread = 0
retrain_rate = 0

[[items]]
name = "labels"
stage = "data_curation"
months = ["2026-01", "2026-02"]
quantity = 590
unit_cost = 0.5

[[items]]
name = "runs on a100"
stage = "training"
months = ["2026-01", "2026-05"]
quantity = { low = 80, likely = 100, high = 150 }
unit_cost = { low = 1.9, likely = 2, high = 2.6 }
unit = "GPU-Hours"
sku = "a100"

[[items]]
name = "more runs on a100"
stage = "training"
months = "2026-03"
quantity = 10
unit_cost = 2.333
unit = "GPU-Hours"
sku = "a100"

[[items]]
name = "runs on h100"
stage = "training"
months = ["2026-02", "2026-04"]
quantity = 7
unit_cost = 7.01
unit = "GPU-Hours"
sku = "h100"

[[items]]
name = "whatever GPUs there are"
stage = "training"
quantity = { low = 1, likely = 3, high = 4 }
unit_cost = 3
unit = "GPU-Hours"

[[items]]
name = "engineers"
stage = "training"
months = ["2026-01", "2026-04"]
quantity = 40
unit_cost = 98
unit = "Hours"

[[items]]
name = "endpoint"
stage = "serving"
months = ["2026-03", "2026-09"]
quantity = { low = 600, likely = 700, high = 744 }
unit_cost = 1.515
per = "month"
unit = "Hours"
sku = "g5"

[[items]]
name = "judge"
stage = "evaluation"
months = ["2026-01", "2026-06"]
quantity = 5000
unit_cost = 0.001
unit = "Requests"
"""
STAGES = {"Curation": "data_curation", "Training": "training", "Serving": "serving", "Evaluation": "evaluation"}
TOML = config(
    "aws",
    more='[[models]]\nid = "bot"\nplan = "plans/bot.toml"\n[[models]]\nid = "other"\n'
    + "".join(
        f'[[attribution]]\nmatch = {{ service_name = "{service}" }}\nmodel = "bot"\nactivity = "{activity}"\n'
        'cost_kind = "compute"\n'
        for service, activity in STAGES.items()
    )
    + '[[attribution]]\nmatch = { service_name = "Elsewhere" }\nmodel = "other"\nactivity = "training"\n',
)

# (month, service, sku, unit, quantity, cost)
BILLED = [
    (1, "Curation", "", "", "", "160.25"),
    (1, "Training", "a100", "GPU-Hours", "30.5", "64.05"),
    (2, "Training", "a100", "GPU-Hours", "40", "90.01"),
    (3, "Training", "h100", "GPU-Hours", "3.25", "24"),
    (3, "Training", "h200", "GPU-Hours", "1.000001", "11.11"),  # not planned: at the group's average
    (2, "Training", "", "Hours", "25", "2500"),  # the plan names no sku: at its average
    (3, "Training", "", "", "", "-10"),
    (3, "Training", "", "Tokens", "1000", "0.5"),  # used and not planned
    (3, "Serving", "g5", "Hours", "700.5", "1051.3"),
    (3, "Serving", "", "", "", "77.77"),
    (4, "Serving", "g5", "Hours", "720", "1090"),
    (4, "Training", "a100", "GPU-Hours", "12", "30"),
    (5, "Training", "a100", "GPU-Hours", "1", "2.5"),
    (5, "Evaluation", "big", "GPU-Hours", "2", "5"),
    (6, "Serving", "g5", "Hours", "10", "15"),  # after the day
    (3, "Elsewhere", "a100", "GPU-Hours", "1", "999"),  # of a model without a plan
]


def bills() -> str:
    return focus(
        *(
            in_month(month, ServiceName=service, SkuId=sku, ConsumedUnit=unit, ConsumedQuantity=quantity)
            | {"BilledCost": cost, "EffectiveCost": cost}
            for month, service, sku, unit, quantity, cost in BILLED
        )
    )


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("delivered") / "books"
    Books.of(root, TOML, {"plans/bot.toml": PLAN, "inbox/aws/1.csv": bills()}).run(DAY)
    return root


@pytest.fixture
def books(delivered: Path, tmp_path: Path) -> Books:
    return Books(shutil.copytree(delivered, tmp_path / "books"))


def views(books: Books, day: date, *names: str) -> list[list[dict[str, Any]]]:
    """Finance views as they would be published on a day."""
    steps.attribute(books.workspace)
    steps.compare(books.workspace, Clock(day))
    with open_session(books.workspace, Clock(day)) as session:
        return [asked(session.con, query(f"finance/{name}")) for name in names]


def drivers(books: Books, day: date = DAY) -> list[dict[str, Any]]:
    (rows,) = views(books, day, "variance_drivers")
    return [row for row in rows if row["compared_with"] == "plan"]


# ---- A second time ----


def planned(quarter: str) -> Iterator[tuple[str, str | None, str | None, Fraction, Fraction]]:
    """(stage, unit, sku, quantity, cost) of each item in a quarter, as docs/plans.md says they are drawn."""
    plan, drawn = tomllib.loads(PLAN, parse_float=str), projected(PLAN)
    for item in plan["items"]:
        months = item.get("months", [plan["first_month"], plan["last_month"]])
        first, last = months if isinstance(months, list) else (months, months)
        days = {month: monthrange(2026, month)[1] for month in range(int(first[5:]), int(last[5:]) + 1)}
        mine = [month for month in days if quarter_of(month) == quarter]
        share = Fraction(sum(days[month] for month in mine), sum(days.values()))
        share = Fraction(len(mine)) if item.get("per") == "month" else share
        means = [drawn.mean({**item, "unit_cost": "1"}), drawn.mean(item)]
        yield item["stage"], item.get("unit"), item.get("sku"), means[0] * share, means[1] * share


def quarter_of(month: int) -> str:
    return f"FY2026-Q{(month + 2) // 3}"


Sums = defaultdict[tuple[str, str | None, str | None], list[Fraction]]


def sums() -> Sums:
    return defaultdict(lambda: [Fraction(0), Fraction(0)])


def by_hand(quarter: str, last_month: int) -> dict[tuple[str, str | None], dict[str, Fraction]]:
    """(stage, unit) -> the figures of its row."""
    before, now, means = sums(), sums(), defaultdict(Fraction)
    for stage, unit, sku, quantity, cost in planned(quarter):
        means[stage] += cost
        if unit:
            before[stage, unit, sku][0] += quantity
            before[stage, unit, sku][1] += cost
    for key, (quantity, cost) in before.items():
        before[key] = [round(quantity, 6), round(cost, 2)]
    for stage, mean in means.items():  # what names no unit, and what rounding leaves over
        named = sum((cost for (of, _, _), (_, cost) in before.items() if of == stage), Fraction(0))
        before[stage, None, None][1] = round(mean, 2) - named
    for month, service, sku, unit, quantity, cost in BILLED:
        if quarter_of(month) == quarter and month <= last_month and service in STAGES:
            held = now[STAGES[service], unit or None, sku or service if unit else None]
            held[0] += Fraction(quantity or 0)
            held[1] += Fraction(cost)
    rows = {}
    for stage, unit in {(stage, unit) for stage, unit, _ in (*before, *now)}:
        rows[stage, unit] = _parts(
            {sku: held for (of, its, sku), held in before.items() if (of, its) == (stage, unit)},
            {sku: held for (of, its, sku), held in now.items() if (of, its) == (stage, unit)},
            has_unit=unit is not None,
        )
    return rows


def _parts(
    before: Mapping[str | None, list[Fraction]], now: Mapping[str | None, list[Fraction]], has_unit: bool
) -> dict[str, Fraction]:
    (q0, c0), (q1, c1) = (
        [sum((item[place] for item in held.values()), Fraction(0)) for place in (0, 1)] for held in (before, now)
    )
    row = {"previous_quantity": q0, "quantity": q1, "previous_cost": c0, "cost": c1}
    if not (has_unit and q0 and q1):
        return {**row, "price": Fraction(0), "volume": Fraction(0), "mix": Fraction(0), "other": c1 - c0}
    prices = {sku: cost / quantity for sku, (quantity, cost) in before.items() if sku and quantity}
    at_old_prices = sum((held[0] * prices.get(sku or "", c0 / q0) for sku, held in now.items()), Fraction(0))
    price = c1 - at_old_prices
    volume = (q1 - q0) * c0 / q0
    return {**row, "price": price, "volume": volume, "mix": c1 - c0 - price - volume, "other": Fraction(0)}


# ---- What is promised ----


@pytest.mark.parametrize(
    ("quarter", "day", "last_month"),
    [
        (Q1, DAY, 5),
        (Q2, DAY, 5),  # running: what has come so far, against the plan of the whole quarter
        (Q1, date(2026, 2, 10), 2),
        (Q2, date(2026, 8, 1), 8),
    ],
)
def test_a_change_against_the_plan_is_price_volume_and_mix(
    books: Books, quarter: str, day: date, last_month: int
) -> None:
    rows = [row for row in drivers(books, day) if row["quarter"] == quarter]
    expected = by_hand(quarter, last_month)
    assert {row["model_id"] for row in rows} == {"bot"}
    assert {(row["stage"], row["unit"]) for row in rows} == set(expected)
    for row in rows:
        assert (row["cost_kind"], row["previous_quarter"]) == (None, None)
        for name, figure in expected[row["stage"], row["unit"]].items():
            if row["unit"] is None and name.endswith("quantity"):
                assert row[name] is None
            else:
                assert abs(Fraction(row[name]) - figure) <= NEARLY, (row["stage"], row["unit"], name)


def test_what_each_row_means_is_told_by_a_few_of_them(books: Books) -> None:
    rows = {(row["quarter"], row["stage"], row["unit"]): row for row in drivers(books)}
    hours = rows[Q1, "training", "Hours"]  # 40 x 98 over 120 days, 90 of them in the quarter; 25 at 100.00
    figures = ("previous_quantity", "quantity", "previous_cost", "cost", "price", "volume", "mix", "other")
    assert [hours[name] for name in figures] == [30, 25, 2940, 2500, 50, -490, 0, 0]
    assert rows[Q1, "evaluation", "Requests"]["other"] == -rows[Q1, "evaluation", "Requests"]["previous_cost"] < 0
    assert rows[Q1, "training", "Tokens"]["other"] == rows[Q1, "training", "Tokens"]["cost"] > 0
    assert rows[Q1, "training", "GPU-Hours"]["mix"] != 0
    assert {quarter for quarter, _, _ in rows} == {Q1, Q2}, "the third quarter lies ahead"


@pytest.mark.parametrize("day", [date(2026, 1, 5), DAY, date(2026, 12, 1)])
def test_the_drivers_add_up_to_actual_against_plan_exactly(books: Books, day: date) -> None:
    found: defaultdict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [0, 0, 0])
    rows, told = views(books, day, "variance_drivers", "actual_vs_plan")
    for row in rows:
        if row["compared_with"] == "plan":
            parts = row["price"] + row["volume"] + row["mix"] + row["other"]
            held = found[row["model_id"], row["quarter"], row["stage"]]
            for place, figure in enumerate((row["previous_cost"], row["cost"], parts)):
                held[place] += figure
    assert found == {
        (row["model_id"], row["quarter"], row["stage"]): [row["planned_mean"], row["actual"], row["variance"]]
        for row in told
        if row["month"] is None and row["quarter"] and row["stage"] != "total" and row["actual"] is not None
    }


def test_without_units_all_of_it_is_other(books: Books) -> None:
    lines = [line for line in PLAN.splitlines() if not line.startswith(("unit =", "sku ="))]
    books.put("plans/bot.toml", "\n".join(lines))
    for row in drivers(books):
        assert row["price"] == row["volume"] == row["mix"] == 0
        assert not row["previous_quantity"]
        assert row["other"] == row["cost"] - row["previous_cost"]


@pytest.mark.slow
def test_the_planned_quantities_of_a_closed_quarter_stay(books: Books) -> None:
    before = [row for row in drivers(books) if row["quarter"] == Q1]
    steps.close(books.workspace, Clock(DAY), Q1, "cfo", ["unallocated"])
    books.put("plans/bot.toml", PLAN.replace('unit = "GPU-Hours"', 'unit = "Hours"').replace("98", "99"))
    rows = drivers(books)
    assert [row for row in rows if row["quarter"] == Q1] == before
    later = [row for row in rows if (row["quarter"], row["stage"], row["unit"]) == (Q2, "training", "GPU-Hours")]
    assert [row["previous_quantity"] for row in later] == [0], "the open quarter follows the plan of today"


@pytest.mark.slow
def test_a_close_of_an_older_truecost_knows_no_quantities(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def sealed(staged: Path) -> dict[str, str]:
        (staged / "planned_quantities.parquet").unlink()
        (staged / "variance_drivers.parquet").unlink()
        return seal(staged)

    with monkeypatch.context() as patched:
        patched.setattr("truecost.closing.close.seal", sealed)
        steps.close(books.workspace, Clock(DAY), Q1, "cfo", ["unallocated"])
    (books.root / "warehouse.duckdb").unlink()
    books.run(DAY)
    assert steps.faults(books.workspace) == []
    rows = drivers(books)
    assert {row["previous_quantity"] for row in rows if row["quarter"] == Q1} <= {None, 0}
    assert sum(row["previous_cost"] for row in rows if row["quarter"] == Q1 and row["stage"] == "training") > 0
    assert any(row["previous_quantity"] for row in rows if row["quarter"] == Q2)


@pytest.mark.slow
def test_the_hours_of_a_shared_bill_count_once_however_many_lines_it_has(tmp_path: Path) -> None:
    """The worked example with a plan, its instances billed by the hour in place of by the day."""
    root = shutil.copytree(ROOT / "examples" / "accounting", tmp_path / "books")
    by_day = Books(root)
    plan = PLAN.split("[[items]]", maxsplit=1)[0]
    for number, (name, sku, hours, price) in enumerate((("a", "A100", 250, 5), ("b", "h100", 50, 9))):
        plan += f'[[items]]\nname = "{name}"\nstage = "training"\nmonths = ["2026-01", "2026-03"]\nunit = "GPU-Hours"\n'
        plan += f'sku = "{sku}"\nquantity = {hours}\nunit_cost = {price + number}\n'
    by_day.put("plans/bot.toml", plan)
    toml = (root / "truecost.toml").read_text("utf-8")
    by_day.configure(toml.replace('id = "bot"\n', 'id = "bot"\nplan = "plans/bot.toml"\n', 1))
    by_day.run(DAY)
    ((training,),) = ([row for row in drivers(by_day) if (row["stage"], row["unit"]) == ("training", "GPU-Hours")],)
    # Job 101 used 96 hours for 384.00, where 250 at 5 and 50 at 10 were planned: 1,750 for 300.
    assert [training[name] for name in ("previous_quantity", "quantity", "previous_cost", "cost")] == [
        300,
        96,
        1750,
        384,
    ]
    assert abs(Fraction(training["price"]) - (384 - 96 * 5)) <= NEARLY
    assert abs(Fraction(training["volume"]) - (96 - 300) * Fraction(1750, 300)) <= NEARLY

    (before,) = views(by_day, DAY, "variance_drivers")
    by_hour = Books(shutil.copytree(root, tmp_path / "hourly", ignore=shutil.ignore_patterns("warehouse*", "landing")))
    for bill in (by_hour.root / "inbox" / "aws").glob("*.csv"):
        bill.write_text("\n".join(hourly(bill.read_text("utf-8").splitlines())) + "\n", "utf-8")
    by_hour.run(DAY)
    (after,) = views(by_hour, DAY, "variance_drivers")
    assert [row["unit"] for row in after] == [row["unit"] for row in before]
    for row, other in zip(before, after, strict=True):
        for name in ("previous_quantity", "quantity", "previous_cost", "cost", "price", "volume", "mix", "other"):
            assert row[name] is other[name] is None or abs(row[name] - other[name]) < 10**-15


def hourly(lines: list[str]) -> Iterator[str]:
    """A bill with each day of an instance as 24 lines, an hour each; 768.00 or 800.00 a day."""
    header, *rows = lines
    yield header
    for line in rows:
        cells = dict(zip(header.split(","), next(csv.reader([line])), strict=True))
        if cells["ServiceName"] != "Amazon EC2":
            yield line
            continue
        day, cost = cells["ChargePeriodStart"][:10], Fraction(cells["BilledCost"]) / 24
        assert (cells["ConsumedQuantity"], cells["ChargePeriodStart"][10:]) == ("24", "T00:00:00Z")
        for hour in range(24):
            # Thirds of a cent do not end: the last hour of the day has what is left over.
            part = round(cost, 2) if hour < 23 else 24 * cost - 23 * round(cost, 2)
            end = f"{day}T{hour + 1:02d}:00:00Z" if hour < 23 else cells["ChargePeriodEnd"]
            told = {"ConsumedQuantity": "1", "ChargePeriodStart": f"{day}T{hour:02d}:00:00Z", "ChargePeriodEnd": end}
            costs = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), f"{float(part):.2f}")
            yield ",".join({**cells, **told, **costs}.values())
