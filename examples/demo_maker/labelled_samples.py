"""Samples of recent production answers that people have labelled: what each should have been, beside what was given.

They are drawn from the request log's last ten days, so they hold whatever customers ask by then.
"""

from __future__ import annotations

import random
from datetime import timedelta

from .basics import csv_text, dice
from .request_logs import AS_OF, INVOICE_READER, SUPPORT_BOT, Call, Change, Model, calls_by_day

LABELLED = {"support-bot": 260, "invoice-reader": 220}

QUESTIONS = {
    "order_status": ("Where is order {n}?", "Has {n} shipped yet?", "My parcel {n} has not moved for days"),
    "returns": ("How do I send back the {item}?", "Can I swap the {item} for another size?"),
    "sizing": ("Is the {item} true to size?", "I am between M and L in the {item}, which one?"),
    "product_advice": ("Which {item} for wet autumn days?", "Is the {item} warm enough below freezing?"),
    "shipping": ("Do you ship the {item} to Alaska?", "What does express delivery of {n} cost?"),
    "warranty": ("The zip of my {item} broke after a month", "Is a torn {item} covered?"),
    "account": ("I can't sign in to see order {n}", "Please delete my account"),
    "other": ("Do you sponsor trail runs?", "Is the store in Bend open on Sunday?"),
}
NEW_LINE_QUESTIONS = {
    "product_advice": ("Which e-bike takes a trailer and a 45 km commute?", "Hub or mid drive for steep gravel roads?"),
    "warranty": ("The e-bike battery holds half its charge", "The motor of my e-bike shows error 31"),
    "shipping": ("Does the e-bike come assembled, battery included?", "Can the e-bike battery go by air to Gaspé?"),
    "other": ("May I ride the e-bike on the Saguenay trail?", "Do you lease e-bikes to companies?"),
}
ITEMS = ("rain shell", "down jacket", "trail shoe", "base layer", "tent", "backpack")
FIELDS = ("total", "due_date", "invoice_number", "tax")


def recent_calls(model: Model, change: Change) -> list[Call]:
    """So many of the last ten days' calls, in order of time."""
    calls = [
        call
        for day, found in calls_by_day(model, change).items()
        if day >= AS_OF - timedelta(days=10)
        for call in found
    ]
    rng = dice("labelled", model.model_id)
    return sorted(rng.sample(calls, LABELLED[model.model_id]), key=lambda call: call.at)


def question(rng: random.Random, call: Call) -> str:
    asked = (NEW_LINE_QUESTIONS if call.is_unfamiliar else QUESTIONS)[call.kind]
    return rng.choice(asked).format(n=f"LO-{rng.randint(600_000, 699_999)}", item=rng.choice(ITEMS))


def support_bot_sample(change: Change) -> str:
    """Customers' questions: the intent an agent gave them, and the model's."""
    rows = [
        (
            call.request_id,
            deployed(SUPPORT_BOT),
            question(dice("question", call.request_id), call),
            call.kind,
            call.answered,
        )
        for call in recent_calls(SUPPORT_BOT, change)
    ]
    return csv_text(("request_id", "model_version", "question", "expected", "given"), rows)


def invoice_reader_sample(change: Change) -> str:
    """Fields of invoices: what a clerk read, and what the model did."""
    rows = []
    for call in recent_calls(INVOICE_READER, change):
        rng = dice("field", call.request_id)
        name = rng.choice(FIELDS)
        right, wrong = field_values(rng, name)
        given = right if call.answered == call.kind else wrong
        rows.append((call.request_id, deployed(INVOICE_READER), name, right, given))
    return csv_text(("request_id", "model_version", "field", "expected", "given"), rows)


def field_values(rng: random.Random, name: str) -> tuple[str, str]:
    """A field's value, and the same misread."""
    if name == "due_date":
        month, day = rng.randint(1, 12), rng.randint(1, 12)
        return f"2026-{month:02d}-{day:02d}", f"2026-{day:02d}-{month % 12 + 1:02d}"
    if name == "invoice_number":
        number = rng.randint(10_000, 99_999)
        return f"INV-{number}", f"1NV-{number}"
    cents = rng.randint(2_000, 900_000)
    return f"{cents // 100}.{cents % 100:02d}", f"{cents // 10}.{cents % 10}"


def deployed(model: Model) -> str:
    return model.versions[-1][0]
