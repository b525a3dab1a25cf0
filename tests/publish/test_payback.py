"""Live payback: what prompting would have cost on the same requests at the prices of their day, worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Row
from truecost.publish.publication import header_comments
from truecost.store.sql import query
from truecost.workspace.config import ConfigFile

PRICES: dict[str, Any] = {
    "model": "bot",
    "cost_per_1m_input_tokens": Decimal(10),
    "cost_per_1m_cached_input_tokens": Decimal(5),
    "cost_per_1m_output_tokens": Decimal(30),
    "saved_tokens": 500,
    "cached_share": Decimal("0.5"),
}
CONFIG: dict[str, Any] = {
    "sources": [
        {"name": "aws", "format": "focus", "path": "inbox/aws/*"},
        {"name": "log", "format": "request_log", "path": "inbox/log/*", "model": "bot", "one_in": 1000},
    ],
    "models": [{"id": "bot"}],
    "attribution": [{"match": {"source": "aws"}, "model": "bot", "activity": "serving"}],
    "prompting": [PRICES],
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, CONFIG)
    yield opened
    opened.close()


def cost(bench: Bench, month: int, amount: int) -> None:
    charge = {"service_category": "Compute", "charge_category": "Usage", "billing_currency": "USD"}
    period = {"charge_period_start": datetime(2026, month, 9), "charge_period_end": datetime(2026, month, 10)}
    told = {"effective_cost": Decimal(amount), "billed_cost": Decimal(amount)}
    bench.put_charges([charge | told | period])


def called(bench: Bench, month: int, times: int, day: int = 10, **more: Any) -> None:
    """``times`` logged requests, each of a thousand: 1,500 tokens sent and 200 answered."""
    for number in range(times):
        key = f"{month}-{day}-{number}-{len(more)}"
        told: dict[str, Any] = {"request_id": key, "x_key": key, "x_occurrence": 1, "model_id": "bot"}
        told |= {"input_tokens": 1500}
        told |= {"output_tokens": 200, "requested_at": datetime(2026, month, day)}
        bench.put_row("log", "requests", **(told | more))


def payback(bench: Bench, on: date) -> list[Row]:
    bench.keep_books()
    return bench.published("payback", on)


def test_the_same_requests_are_priced_as_prompts(bench: Bench) -> None:
    cost(bench, 1, 200)
    called(bench, 2, 2)
    called(bench, 2, 1, day=11, is_cache_hit=True)  # a gateway answered it: it costs neither
    january, february = payback(bench, date(2026, 3, 1))
    assert (january["requests"], january["prompting_cost"], january["gap"]) == (0, 0, -200)
    assert february["requests"] == 2000
    # 2,000 x 2,000 tokens sent, half of them cached: 4 million at 7.50 on average; 400,000 answered at 30.
    assert february["prompting_cost"] == 30 + 12
    assert february["prompting_cost_to_date"] == 42
    assert (february["true_cost"], february["true_cost_to_date"], february["gap"]) == (0, 200, -158)
    assert not february["is_paid_back"]
    # It saves 42 a month: the 158 missing take four months more.
    assert (february["monthly_saving"], february["even_in"], february["reason"]) == (42, date(2026, 6, 1), None)


def test_prices_are_those_of_the_day(bench: Bench) -> None:
    cheaper = PRICES | {"cost_per_1m_input_tokens": Decimal(1), "cost_per_1m_cached_input_tokens": Decimal(1)}
    until, since = {"last_day": date(2026, 2, 14)}, {"first_day": date(2026, 2, 16)}
    told = ConfigFile.model_validate(
        {**CONFIG, "workspace": {"name": "x"}, "prompting": [PRICES | until, cheaper | since]}
    )
    bench.configure(prompting=told.prompting)
    cost(bench, 1, 1)
    called(bench, 2, 1, day=14)
    called(bench, 2, 1, day=15)  # between the two: no price
    called(bench, 2, 1, day=16)
    *_, february = payback(bench, date(2026, 3, 1))
    assert (february["requests"], february["unpriced_requests"]) == (3000, 1000)
    assert february["prompting_cost"] == (15 + 6) + (2 + 6)


def test_it_is_even_in_the_month_from_which_on_it_stays_so(bench: Bench) -> None:
    cost(bench, 1, 50)
    for month, times in ((1, 3), (2, 1), (3, 1)):
        called(bench, month, times)
    cost(bench, 2, 100)
    rows = payback(bench, date(2026, 4, 1))
    # 63, 21 and 21 by prompting against 50, 100 and 0: even in January, not in February, and not in March.
    assert [row["gap"] for row in rows] == [13, -66, -45]
    assert [row["is_paid_back"] for row in rows] == [True, False, False]
    # It loses 15 a month over the three: by that pace never.
    assert (rows[-1]["monthly_saving"], rows[-1]["even_in"]) == (-15, None)
    assert rows[-1]["reason"] == "prompting is cheaper at the pace of the last months"
    called(bench, 4, 3)
    *_, april = payback(bench, date(2026, 5, 1))
    assert (april["gap"], april["is_paid_back"], april["even_in"]) == (18, True, date(2026, 4, 1))


def test_without_a_whole_month_of_requests_nothing_is_known_of_even(bench: Bench) -> None:
    cost(bench, 1, 10)
    (row,) = payback(bench, date(2026, 2, 1))
    assert (row["even_in"], row["reason"]) == (None, "no whole month has requests")
    assert row["is_lower_bound"]  # no labour was ever booked


def test_without_prices_there_is_no_payback(bench: Bench) -> None:
    bench.configure(prompting=[])
    cost(bench, 1, 10)
    assert payback(bench, date(2026, 2, 1)) == []


def test_every_column_is_explained(bench: Bench) -> None:
    cost(bench, 1, 10)
    (row,) = payback(bench, date(2026, 2, 1))
    about, columns = header_comments(query("finance/payback"))
    assert about
    assert list(columns) == list(row)
