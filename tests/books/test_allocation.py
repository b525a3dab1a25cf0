"""Whose cost a charge is: the first rule that matches, and what none claims is shown, never dropped."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import SOURCES, Bench
from tests.support.effort import examples

TEXTS = [
    "EC2",
    "ec2",
    "EC2 GPU",
    "S3",
    "Sage*Maker",
    "it's",
    'say "hi"',
    "a?b",
    "axb",
    "é",
    "éa",
    "a[b",
    "a\\b",
    "a",
    "50%",
    "",
    " ",
]
PATTERNS = [
    *TEXTS,
    "*",
    "?*",
    "EC2*",
    "*GPU",
    "*'*",
    '*"*',
    "a?b",
    "S?",
    "??",
    "[a]*",
    "a[*",
    "a\\*",
    "%",
    "_*",
    "é?",
    "50*",
]
TAGS = ["team", "env", "a.b", "it's", 'q"q']
MODELS = ["bot", "reader"]

charges = st.fixed_dictionaries(
    {
        "effective_cost": st.decimals(-(10**6), 10**6, places=4),
        "billing_currency": st.sampled_from(["USD", "USD", "EUR", "JPY"]),
        "service_name": st.none() | st.sampled_from(TEXTS),
        "sub_account_id": st.none() | st.sampled_from(TEXTS),
        "tags": st.none()
        | st.dictionaries(st.sampled_from(TAGS), st.none() | st.booleans() | st.sampled_from(TEXTS) | st.integers(0, 3))
        | st.sampled_from(["not json", "[1]", ""]),
        "month": st.integers(1, 12),
        "charge_category": st.sampled_from(["Usage", "Credit", "Tax"]),
    }
)
values = st.sampled_from(PATTERNS) | st.integers(0, 3) | st.booleans()
matches = st.dictionaries(
    st.sampled_from(["service_name", "sub_account_id", *(f"tags.{tag}" for tag in TAGS)]),
    st.lists(values, min_size=1, max_size=3),
    min_size=1,
    max_size=2,
)
rules = st.fixed_dictionaries(
    {"match": matches, "model": st.sampled_from(MODELS)},
    optional={"activity": st.sampled_from(["serving", "training"]), "cost_kind": st.sampled_from(["storage", "labor"])},
)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def fits(rule: Mapping[str, Any], charge: Mapping[str, Any]) -> bool:
    """Whether a rule matches a charge, by Python's own means."""
    for column, wanted in rule["match"].items():
        found = charge.get(column)
        if column.startswith("tags."):
            tags = charge["tags"]
            found = tags.get(column.removeprefix("tags.")) if isinstance(tags, dict) else None
        if found is None:
            return False
        texts = [_text(value) for value in wanted]
        globs = ["".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in text) for text in texts]
        if not any(re.fullmatch(pattern, _text(found), re.DOTALL) for pattern in globs):
            return False
    return True


def booked(folder: Path, rules: Sequence[Mapping[str, Any]], charges: Sequence[Mapping[str, Any]]) -> Bench:
    """Books with these rules and charges."""
    bench = Bench.open(
        folder,
        {
            "sources": [{"name": n, "format": kind, "path": path} for n, (kind, path) in SOURCES.items()],
            "models": [{"id": model} for model in MODELS],
            "attribution": list(rules),
        },
    )
    bench.put_charges(
        [
            {
                **{name: value for name, value in charge.items() if name != "month"},
                "billed_cost": charge["effective_cost"],
                "tags": json.dumps(charge["tags"]) if isinstance(charge["tags"], dict) else charge["tags"],
                "charge_period_start": datetime(2026, charge["month"], 5),
                "charge_period_end": datetime(2026, charge["month"], 6),
            }
            for charge in charges
        ]
    )
    bench.keep_books()
    return bench


@pytest.mark.slow
@given(st.lists(rules, max_size=4), st.lists(charges, min_size=1, max_size=40))
@settings(max_examples=examples(30))
def test_the_first_rule_that_matches_claims_a_charge_and_no_other(
    folder: Path, rules: list[dict[str, Any]], charges: list[dict[str, Any]]
) -> None:
    bench = booked(folder, rules, charges)
    found = bench.ask("FROM books.attribution ORDER BY x_line")
    bench.close()
    assert len(found) == len(charges), "each charge once"
    for row, charge in zip(found, charges, strict=True):
        number = next((n for n, rule in enumerate(rules, start=1) if fits(rule, charge)), None)
        assert row["rule_no"] == number, charge
        assert row["model_id"] == (rules[number - 1]["model"] if number else None)
        assert (row["stage"] == "unallocated") == (number is None)


@given(st.lists(rules, max_size=3), st.lists(charges, min_size=1, max_size=40))
@settings(max_examples=examples(15))
def test_models_and_what_is_unallocated_add_up_to_every_charge_and_currencies_stay_apart(
    folder: Path, rules: list[dict[str, Any]], charges: list[dict[str, Any]]
) -> None:
    bench = booked(folder, rules, charges)
    costs = bench.ask("FROM books.costs")
    quarters = bench.view("true_cost_by_quarter")
    stages = bench.view("cost_by_stage")
    bench.close()
    counted = [charge for charge in charges if charge["billing_currency"] == "USD"]
    total = sum((charge["effective_cost"] for charge in counted if charge["charge_category"] != "Tax"), Decimal(0))
    assert sum((row["cost"] for row in costs if row["cost"] is not None), Decimal(0)) == total
    assert sum((row["true_cost"] for row in quarters), Decimal(0)) == total
    assert sum((row["cost"] for row in stages), Decimal(0)) == total
    assert sum((row["billed_cost"] for row in quarters), Decimal(0)) == sum(c["effective_cost"] for c in counted)
    assert sum(row["unconverted_count"] for row in quarters) == len(charges) - len(counted)
    assert {row["currency"] for row in quarters} <= {"USD"}
    for row in costs:
        assert (row["cost"] is None) == (row["billing_currency"] != "USD"), "unconverted, never zero"
    last = {row["model_id"]: row for row in sorted(quarters, key=lambda row: row["quarter_start"])}
    assert sum((row["true_cost_to_date"] for row in last.values()), Decimal(0)) == total
