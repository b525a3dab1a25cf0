"""Tokens whose bill has not come are accrued at [[token_rates]], day by day, and reversed when it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import SOURCES, Bench, Row, config
from truecost.books.explain import explain
from truecost.errors import ConfigError
from truecost.workspace.workspace import load_workspace

Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
RATE: dict[str, Any] = {
    "model": "bot",
    "billed": {"source": "aws", "service_name": "API"},
    "cost_per_1m_input_tokens": Decimal("3"),
    "cost_per_1m_output_tokens": Decimal("12.5"),
    "currency": "USD",
}
CONFIG: dict[str, Any] = {
    "sources": [
        *({"name": name, "format": kind, "path": path} for name, (kind, path) in SOURCES.items()),
        {"name": "log", "format": "request_log", "path": "inbox/log/*", "model": "bot"},
        {"name": "sample", "format": "request_log", "path": "inbox/sample/*", "model": "bot", "one_in": 10},
    ],
    "models": [{"id": "bot"}, {"id": "reader"}],
    "attribution": [{"match": {"service_name": "API"}, "model": "bot", "activity": "serving"}],
    "token_rates": [RATE],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, CONFIG)
    yield opened
    opened.close()


def call(bench: Bench, day: date, tokens: tuple[int | None, int | None], source: str = "log", **more: Any) -> None:
    key = f"{source}-{bench.delivered}"
    when = datetime.combine(day, datetime.min.time()) + timedelta(hours=23)
    values: dict[str, Any] = {"request_id": key, "model_id": "bot", "requested_at": when}
    values |= {"input_tokens": tokens[0], "output_tokens": tokens[1], "x_key": key, "x_occurrence": 1}
    bench.put_row(source, "requests", **values | more)


def bill(bench: Bench, cost: str, start: date, days: int = 1, **more: Any) -> int:
    begins = datetime.combine(start, datetime.min.time())
    charge: Row = {
        "service_name": "API",
        "charge_category": "Usage",
        "billing_currency": "USD",
        "charge_period_start": begins,
        "charge_period_end": begins + timedelta(days=days),
        "effective_cost": Decimal(cost),
        "billed_cost": Decimal(cost),
    }
    return bench.put_charges([charge | more])


def costs(bench: Bench) -> list[tuple[Any, ...]]:
    bench.keep_books()
    return [
        (row["month"].month, row["is_accrued"], row["cost"])
        for row in bench.ask("FROM books.costs WHERE source = '[[token_rates]]' ORDER BY x_line, x_part")
    ]


def test_tokens_without_a_bill_are_accrued_at_their_rate(bench: Bench) -> None:
    call(bench, date(2026, 1, 5), (1_000_000, 200_000))
    call(bench, date(2026, 1, 5), (1, None))
    call(bench, date(2026, 2, 1), (0, 0))  # no token, no charge
    call(bench, date(2026, 2, 2), (10, 4), source="sample")  # one in ten calls is logged
    assert costs(bench) == [(1, True, Decimal("5.500003")), (2, True, Decimal("0.0008"))]
    (january, february) = bench.ask("FROM books.costs WHERE source = '[[token_rates]]' ORDER BY month")
    told = ("model_id", "activity", "stage", "cost_kind", "treatment", "is_training_only")
    assert [january[name] for name in told] == ["bot", "serving", "serving", "inference_api", "expense", False]
    assert february["billed_cost"] == 0
    assert [row["amount"] for row in bench.view("bridge") if row["step"] == "accrual"] == [Decimal("5.500803")]
    gaps = [row["what"] for row in bench.view("gaps") if row["kind"] == "accrued"]
    assert gaps == [
        f"tokens of 1 day of 2026-0{month} have no bill yet: they stand at [[token_rates]]" for month in (1, 2)
    ]


@pytest.mark.parametrize(
    ("start", "days", "more", "accrued_days"),
    [
        (date(2026, 1, 5), 1, {}, [6]),
        (date(2026, 1, 4), 1, {}, [5, 6]),
        (date(2026, 1, 1), 31, {}, []),
        (date(2026, 1, 6), 30, {"charge_category": "Purchase"}, [5]),
        (date(2026, 1, 5), 2, {"charge_category": "Tax"}, [5, 6]),
        (date(2026, 1, 5), 2, {"charge_category": "Credit"}, [5, 6]),
        (date(2026, 1, 5), 2, {"service_name": "Storage"}, [5, 6]),
        (date(2026, 1, 6), 0, {}, [5]),  # of a moment: of its day
    ],
)
def test_a_bill_covers_the_days_it_is_for(
    bench: Bench, start: date, days: int, more: Row, accrued_days: list[int]
) -> None:
    for day in (5, 6):
        call(bench, date(2026, 1, day), (1_000_000, 0))
    bill(bench, "2.75", start, days, **more)
    bench.keep_books()
    rows = bench.ask(
        "SELECT charge_period_start, is_accrued, is_covered, cost FROM books.costs "
        "INNER JOIN books.charges USING (x_delivery_id, x_line, x_part) WHERE costs.source = '[[token_rates]]' "
        "ORDER BY charge_period_start"
    )
    assert [row["charge_period_start"].day for row in rows if row["is_accrued"]] == accrued_days
    assert [row["cost"] for row in rows] == [3 if row["is_accrued"] else 0 for row in rows]
    assert all(row["is_covered"] != row["is_accrued"] for row in rows)


@pytest.mark.slow
def test_a_bill_that_comes_after_the_close_reverses_the_accrual(bench: Bench) -> None:
    for day in (5, 6):
        call(bench, date(2026, 3, day), (1_000_000, 0))
    bench.sign(Q1)
    bill(bench, "2.75", date(2026, 3, 5))
    call(bench, date(2026, 3, 7), (2_000_000, 0))
    bench.keep_books()
    posted = bench.published("adjustments")
    assert sorted((row["reason"], row["amount"]) for row in posted) == [
        ("late", Decimal("2.75")),
        ("restated", Decimal(3)),
    ]
    bill(bench, "8", date(2026, 3, 6), 2)
    bench.keep_books()
    posted = bench.published("adjustments")
    assert sorted((row["reason"], row["amount"]) for row in posted) == [
        *(("late", Decimal("2.75")), ("late", Decimal(8)), ("reversed", Decimal(-6)))
    ]
    (total,) = (row for row in bench.published("true_cost_by_quarter") if row["quarter"] == Q2)
    assert total["true_cost_to_date"] == Decimal("10.75"), "what the bills say, in the end"


def test_rates_follow_one_another_by_day(bench: Bench) -> None:
    dear = RATE | {"cost_per_1m_input_tokens": Decimal(30), "from": date(2026, 1, 6)}
    bench.configure(token_rates=[RATE | {"to": date(2026, 1, 5)}, dear])
    for day in (5, 6):
        call(bench, date(2026, 1, day), (1_000_000, 0))
    call(bench, date(2026, 1, 6), (1_000_000, 0), model_id="reader")  # of a model without a rate
    assert [cost for *_, cost in costs(bench)] == [3, 30]


def test_explain_names_the_entry(bench: Bench) -> None:
    call(bench, date(2026, 1, 5), (1_000_000, 0))
    bench.keep_books()
    assert explain(bench.session(), "0:1:0").by == "[[token_rates]]"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('model = "nobody"', "no [[models]] has the id 'nobody'"),
        ('model = "bot"\nsource = "aws"', "no request log is called 'aws'"),
        ('model = "bot"\nfrom = 2026-02-01\nto = 2026-01-01', "the time of [[token_rates]] ends before it starts"),
        (
            'model = "bot"\n[[token_rates]]\nmodel = "bot"\n{rest}',
            "two [[token_rates]] price the calls of bot at a time",
        ),
    ],
)
def test_what_can_not_be_meant_is_told(tmp_path: Path, more: str, told: str) -> None:
    rest = (
        'billed = { source = "aws" }\ncost_per_1m_input_tokens = 3\ncost_per_1m_output_tokens = 12\ncurrency = "USD"\n'
    )
    toml = config("aws", more=f'[[models]]\nid = "bot"\n[[token_rates]]\n{rest}{more.format(rest=rest)}\n')
    (tmp_path / "truecost.toml").write_text(toml, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_workspace(tmp_path)
    assert told in str(raised.value)
