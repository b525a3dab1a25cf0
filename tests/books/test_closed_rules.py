"""Which rules are for a charge of a closed quarter: those frozen with it; for what came late, then later ones, too."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import SOURCES, Bench
from tests.support.effort import examples
from truecost.books.derivation import keep_books
from truecost.clock import Clock
from truecost.closing.checks import CHECKS
from truecost.closing.close import close_quarter
from truecost.workspace.config import ConfigFile
from truecost.workspace.lookups import Lookup, LookupRow

CLOCK = Clock(date(2027, 6, 1))
SERVICES = ["A", "B", "C"]
MODELS = ["bot", "reader"]
Rules = tuple[tuple[str | None, str], ...]  # what service each rule is for (None: what the lookup holds), and its model
Bill = tuple[int, str]  # of a month, for a service
Round = tuple[Rules | None, list[Bill]]  # the rules change (or not), and bills come; then the next quarter is closed
LOOKED_UP = ("B", "C")

rules = st.lists(st.tuples(st.sampled_from([*SERVICES, None]), st.sampled_from(MODELS)), max_size=2).map(tuple)
bills = st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 6, 9]), st.sampled_from(SERVICES)), max_size=4)
rounds = st.lists(st.tuples(st.none() | rules | rules, bills), min_size=2, max_size=4)


def config(held: Rules) -> ConfigFile:
    return ConfigFile.model_validate(
        {
            "workspace": {"name": "closed"},
            "sources": [{"name": n, "format": kind, "path": path} for n, (kind, path) in SOURCES.items()],
            "models": [{"id": model} for model in MODELS],
            "lookups": [{"name": "services", "path": "services.csv"}],
            "attribution": [
                {"match": {"source": "aws", "service_name": service}, "model": model, "activity": "serving"}
                if service
                else {"lookup": {"table": "services", "on": "service_name"}, "model": model, "activity": "serving"}
                for service, model in held
            ],
        }
    )


def claimed(held: Rules, service: str) -> int | None:
    """The position of the first rule that is for a service, by Python's own means."""
    for position, (wanted, _) in enumerate(held, start=1):
        if wanted == service or (wanted is None and service in LOOKED_UP):
            return position
    return None


@given(rounds)
@settings(max_examples=examples(10))
def test_a_close_keeps_its_rules_for_what_it_saw_and_what_comes_late_may_still_be_claimed(
    folder: Path, rounds: list[Round]
) -> None:
    bench = Bench.open(Path(tempfile.mkdtemp(dir=folder)))
    lookup = {"services": Lookup("services", {key: LookupRow(None, None, None) for key in LOOKED_UP})}
    bench.workspace = replace(bench.workspace, config=config(()), lookups=lookup)
    today: Rules = ()
    closes: list[tuple[int, Rules]] = []
    came: list[tuple[int, str, int]] = []
    for number, (changed, billed) in enumerate(rounds, start=1):
        if changed is not None:
            today = changed
            bench.workspace = replace(bench.workspace, config=config(today))
        billed = [(1, service) for service in SERVICES] + billed
        bench.put_charges([charge(month, service) for month, service in billed])
        came += [(month, service, len(closes)) for month, service in billed]
        if number < len(rounds):
            close_quarter(bench.session(CLOCK.today()), f"FY2026-Q{number}", "cfo", CHECKS)
            closes.append((number * 3, today))
    keep_books(bench.session())
    bench.keep_books()
    found = bench.ask(
        "SELECT rule_position, rules_frozen_with, model_id FROM books.attribution ORDER BY x_delivery_id, x_line"
    )
    bench.close()
    assert len(found) == len(came)
    for row, (month, service, closes_before) in zip(found, came, strict=True):
        asked: list[Rules] = []
        is_settled = False
        for number, (last_month, held) in enumerate(closes, start=1):
            if month <= last_month and not is_settled:
                asked.append(held)
                is_settled = closes_before < number
        if not is_settled:
            asked.append(today)
        claims = [(claimed(held, service), held) for held in asked]
        position, held = next(((place, held) for place, held in claims if place), (None, today))
        assert row["rule_position"] == position, (month, service, closes_before, asked)
        assert row["model_id"] == (held[position - 1][1] if position else None)
        assert (row["rules_frozen_with"] is None) == (held == today)


def charge(month: int, service: str) -> Mapping[str, Any]:
    return {
        "service_name": service,
        "charge_category": "Usage",
        "billing_currency": "USD",
        "effective_cost": Decimal(10),
        "billed_cost": Decimal(10),
        "charge_period_start": datetime(2026, month, 5),
        "charge_period_end": datetime(2026, month, 6),
    }
