"""The bill of the hosted models: saved answers of OpenAI's organization costs, one file a month from April 2026.

Two projects: the judge of support-bot's answers, every Monday, and the model that reads the pages of which
invoice-reader is not sure, on working days. From August finance has all large invoices read a second time, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from .basics import dice, last_of, midnight, months, plain

FIRST_MONTH = date(2026, 4, 1)
FALLBACK_FROM = date(2026, 4, 10)
JUDGE_PROJECT = "proj_7Jq2mXv0TzKcRb4LsW8nHpYe"
FALLBACK_PROJECT = "proj_Dk91QwZ3uVtBx6RfMa5oGcSi"


class Model(NamedTuple):
    """A hosted model: dollars for a million tokens."""

    name: str
    input_price: Decimal
    output_price: Decimal


JUDGE = Model("gpt-4.1-mini-2025-04-14", Decimal("0.40"), Decimal("1.60"))
FALLBACK = Model("gpt-4.1-2025-04-14", Decimal("2.00"), Decimal("8.00"))
JUDGED_ANSWERS = 9000  # every Monday
# pages a working day, by month from April
FALLBACK_PAGES = (400, 450, 560, 900, 2600, 3400)


def working_days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        if (day := first + timedelta(days=n)).weekday() < 5:
            yield day


def result(project: str, line_item: str, tokens: int, price: Decimal) -> dict[str, Any]:
    """A result of a bucket; its amount is a placeholder that keeps the digits of the decimal."""
    # Batches and cached prompts are cheaper, so a day's amount is no round product of tokens and price.
    discount = Decimal(dice("discount", project, line_item, tokens).randint(880_000, 990_000)) / 1_000_000
    amount = (tokens * price * discount / 1_000_000).quantize(Decimal("1e-16"), ROUND_HALF_EVEN)
    return {
        "object": "organization.costs.result",
        "amount": {"value": f"@{plain(amount)}@", "currency": "usd"},
        "line_item": line_item,
        "project_id": project,
    }


def results(project: str, model: Model, calls: int, input_tokens: int, output_tokens: int) -> list[dict[str, Any]]:
    return [
        result(project, f"{model.name}, input", calls * input_tokens, model.input_price),
        result(project, f"{model.name}, output", calls * output_tokens, model.output_price),
    ]


def day_results(day: date) -> list[dict[str, Any]]:
    """What a day cost, by project and line item; a weekend costs nothing."""
    rng = dice("hosted", day)
    found: list[dict[str, Any]] = []
    if day.weekday() == 0:
        answers = JUDGED_ANSWERS + rng.randint(-600, 600)
        found += results(JUDGE_PROJECT, JUDGE, answers, 2300 + rng.randint(-60, 60), 260)
    if day.weekday() < 5 and day >= FALLBACK_FROM:
        mean = FALLBACK_PAGES[day.month - FIRST_MONTH.month]
        pages = mean * rng.randint(75, 125) // 100
        found += results(FALLBACK_PROJECT, FALLBACK, pages, 3400 + rng.randint(-150, 150), 420)
    return found


def costs_page(month: date) -> str:
    """The answer for a month: a bucket for each of its days, in UTC."""
    days = [month + timedelta(days=n) for n in range(last_of(month).day)]
    buckets = [
        {
            "object": "bucket",
            "start_time": int(midnight(day).timestamp()),
            "end_time": int(midnight(day + timedelta(days=1)).timestamp()),
            "results": day_results(day),
        }
        for day in days
    ]
    page = {"object": "page", "data": buckets, "has_more": False, "next_page": None}
    return json.dumps(page, indent=1).replace('"@', "").replace('@"', "") + "\n"


def costs_pages() -> dict[str, str]:
    """The text of each file, by its name."""
    return {f"{month:%Y-%m}.json": costs_page(month) for month in months() if month >= FIRST_MONTH}
