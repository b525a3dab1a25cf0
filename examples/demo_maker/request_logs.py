"""Request logs of both models: a row for one call in a hundred, gzipped CSV, a file a month.

They cover the four weeks after each promotion, on whose traffic the model was accepted, and the weeks up to the demo's
day. `planted_drift` is the whole of the drift: without it every week is drawn from the same traffic.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple

from .basics import csv_text, dice

AS_OF = date(2026, 10, 5)
NEW_LINE_FROM = AS_OF - timedelta(days=10)
RECENT_FROM = date(2026, 9, 1)
SAMPLED_ONE_IN = 100
WEEKS_AFTER_PROMOTION = 4
UNFAMILIAR_ACCURACY = 0.5
UNFAMILIAR_LENGTH = 2.2  # times the usual tokens, asked and answered

Weights = Mapping[str, float]


@dataclass(frozen=True)
class Traffic:
    """What a model is asked on a day: how often, in which kinds, and how long.

    Tokens are lognormal around their medians. ``unfamiliar_share`` of the calls are about what the model was never
    trained on: drawn from ``unfamiliar_kinds``, longer, and half of them answered wrongly.
    """

    logged_calls: int
    kinds: Weights
    channels: Weights
    languages: Weights
    median_input: int
    median_output: int
    accuracy: float
    unfamiliar_share: float = 0
    unfamiliar_kinds: Weights | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """A model in production: its traffic, how its log names a call's kind, and what it says when it is wrong."""

    model_id: str
    kind_column: str
    versions: tuple[tuple[str, date], ...]  # each version and its first whole day
    traffic: Traffic
    seconds_per_token: float
    calls_by_month: Mapping[int, int]  # logged calls a day


class Call(NamedTuple):
    request_id: str
    at: datetime
    kind: str  # what the caller meant
    answered: str  # what the model took it for
    channel: str
    language: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    is_unfamiliar: bool


SUPPORT_BOT = Model(
    "support-bot",
    "intent",
    (("sb-06", date(2026, 1, 9)), ("sb-09", date(2026, 6, 12))),
    Traffic(
        0,
        kinds={
            "order_status": 0.29, "returns": 0.18, "sizing": 0.14, "product_advice": 0.13, "shipping": 0.11,
            "warranty": 0.06, "account": 0.05, "other": 0.04,
        },
        channels={"web": 0.58, "app": 0.3, "email": 0.12},
        languages={"en": 0.84, "es": 0.13, "fr": 0.03},
        median_input=210,
        median_output=95,
        accuracy=0.914,
    ),
    seconds_per_token=0.011,
    calls_by_month={1: 52, 2: 52, 6: 74, 7: 74, 9: 96, 10: 96},
)  # fmt: skip
INVOICE_READER = Model(
    "invoice-reader",
    "document_type",
    (("ir-06", date(2026, 4, 10)),),
    Traffic(
        0,
        kinds={"invoice": 0.78, "credit_note": 0.08, "freight_bill": 0.09, "statement": 0.05},
        channels={"mail": 0.66, "portal": 0.25, "scan": 0.09},
        languages={"en": 0.81, "de": 0.08, "zh": 0.06, "vi": 0.05},
        median_input=1450,
        median_output=240,
        accuracy=0.957,
    ),
    seconds_per_token=0.009,
    calls_by_month={4: 56, 5: 56, 9: 58, 10: 58},
)
MODELS = (SUPPORT_BOT, INVOICE_READER)

Change = Callable[[Model, Traffic, date], Traffic]


def no_drift(model: Model, traffic: Traffic, day: date) -> Traffic:
    return traffic


def planted_drift(model: Model, traffic: Traffic, day: date) -> Traffic:
    """E-bikes, sold from 25 September and in Quebec first: longer questions, more of them in French, of other kinds."""
    if model is not SUPPORT_BOT or day < NEW_LINE_FROM:
        return traffic
    return replace(
        traffic,
        logged_calls=traffic.logged_calls * 3 // 2,
        languages={"en": 0.66, "es": 0.09, "fr": 0.25},
        unfamiliar_share=0.4,
        unfamiliar_kinds={"product_advice": 0.5, "warranty": 0.24, "shipping": 0.14, "other": 0.12},
    )


def pick(rng: random.Random, weights: Weights) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def calls_of(model: Model, day: date, change: Change) -> list[Call]:
    """The logged calls of a day, in order of time."""
    rng = dice("calls", model.model_id, day)
    usual = replace(model.traffic, logged_calls=model.calls_by_month[day.month])
    traffic = change(model, usual, day)
    count = traffic.logged_calls + rng.randint(-6, 6)
    # Most calls fall in the American day: 13 to 5 o'clock UTC.
    seconds = sorted(int(rng.triangular(0, 86_399, 72_000)) for _ in range(count))
    numbers = sorted(rng.sample(range(count * SAMPLED_ONE_IN), count))
    return [
        call(
            rng, model, traffic, f"{day:%y%m%d}-{number:05d}", datetime.combine(day, time(), UTC) + timedelta(0, second)
        )
        for number, second in zip(numbers, seconds, strict=True)
    ]


def call(rng: random.Random, model: Model, traffic: Traffic, request_id: str, at: datetime) -> Call:
    is_unfamiliar = rng.random() < traffic.unfamiliar_share
    kind = pick(rng, traffic.unfamiliar_kinds if is_unfamiliar and traffic.unfamiliar_kinds else traffic.kinds)
    is_right = rng.random() < (UNFAMILIAR_ACCURACY if is_unfamiliar else traffic.accuracy)
    answered = kind if is_right else mistaken(rng, traffic, kind, is_unfamiliar)
    length = UNFAMILIAR_LENGTH if is_unfamiliar else 1
    input_tokens = max(8, round(traffic.median_input * length * rng.lognormvariate(0, 0.45)))
    output_tokens = max(4, round(traffic.median_output * length * rng.lognormvariate(0, 0.4)))
    seconds = model.seconds_per_token * (output_tokens + input_tokens / 20) * rng.lognormvariate(0, 0.2)
    return Call(
        request_id,
        at,
        kind,
        answered,
        pick(rng, traffic.channels),
        pick(rng, traffic.languages),
        input_tokens,
        output_tokens,
        round(1000 * seconds) + 90,
        is_unfamiliar,
    )


def mistaken(rng: random.Random, traffic: Traffic, kind: str, is_unfamiliar: bool) -> str:
    """What a call is taken for when it is taken wrongly; the unfamiliar mostly for something else altogether."""
    if is_unfamiliar and kind != "other" and rng.random() < 0.7:
        return "other"
    return rng.choice([other for other in traffic.kinds if other != kind])


def logged_days(model: Model) -> Iterator[date]:
    """The weeks after each promotion, and the weeks up to the demo's day."""
    for _, first in model.versions:
        yield from (first + timedelta(days=n) for n in range(7 * WEEKS_AFTER_PROMOTION))
    yield from (RECENT_FROM + timedelta(days=n) for n in range((AS_OF - RECENT_FROM).days))


@cache
def calls_by_day(model: Model, change: Change) -> Mapping[date, list[Call]]:
    return {day: calls_of(model, day, change) for day in logged_days(model)}


def request_logs(change: Change) -> dict[str, bytes]:
    """The bytes of each file, by its path under the models' folders: one a month, gzipped without a time."""
    files = {}
    for model in MODELS:
        by_month: dict[str, list[Call]] = {}
        for day, calls in calls_by_day(model, change).items():
            by_month.setdefault(f"{day:%Y-%m}", []).extend(calls)
        for month, calls in by_month.items():
            files[f"{model.model_id}/{month}.csv.gz"] = gzip.compress(log_text(model, calls).encode(), 9, mtime=0)
    return files


def log_text(model: Model, calls: list[Call]) -> str:
    header = ("request_id", "requested_at", "input_tokens", "output_tokens", "latency_ms")
    rows = [
        (
            *(call.request_id, call.at.strftime("%Y-%m-%dT%H:%M:%SZ"), call.input_tokens, call.output_tokens),
            *(call.latency_ms, call.answered, call.channel, call.language),
        )
        for call in calls
    ]
    return csv_text((*header, model.kind_column, "channel", "language"), rows)
