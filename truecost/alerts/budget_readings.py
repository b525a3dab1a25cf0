"""Readings of the budgets: one a model that has any, and one of the workspace for those that are for all models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from truecost.alerts.states import BUDGET, Reading, State
from truecost.store.rows import Row

_DRIVERS = 3  # so many are named
_ORDER: tuple[State, ...] = ("OK", "WARNING", "ALERT")


def of_budgets(rows: Sequence[Row]) -> Iterator[Reading]:
    """The readings of ``finance.budgets``: the worst of a model's budgets speaks, and all that ask are counted."""
    for model in dict.fromkeys(row["model_id"] for row in rows):
        of_model = [row for row in rows if row["model_id"] == model]
        worst = max(of_model, key=lambda row: _ORDER.index(row["state"]))
        asking = [row for row in of_model if row["state"] != "OK"]
        told = ". ".join(map(_told, asking)) or f"{'every budget' if len(of_model) > 1 else 'the budget'} holds"
        drivers = tuple(f"{_words(d['stage'])} ({_money(d['cost'])})" for d in (worst["drivers"] or [])[:_DRIVERS])
        about = tuple(f"{row['name']} from {row['period_start']}" for row in asking)
        yield Reading(model or "", BUDGET, worst["state"], told, drivers if asking else (), about)


def _told(row: Row) -> str:
    at_least = "at least " if row["is_lower_bound"] else ""
    share = f", {row['spent_pct']:,.0f} % of it" if row["spent_pct"] is not None else ""
    told = [
        f"the budget {row['name']} of {row['currency']} {_money(row['amount'])} is {row['reason']}: "
        f"{at_least}{_money(row['spent'])} spent{share}, before {row['period_end']}"
    ]
    if row["burn_7"] is not None:
        told.append(
            f"burn rate {row['burn_28']:.1f} over 28 days, {row['burn_7']:.1f} over 7, {row['burn_1']:.1f} over 1"
        )
    if row["probability_over_budget"] is not None:
        told.append(f"{100 * row['probability_over_budget']:.0f} % likely to be over it")
    return "; ".join(told)


def _words(stage: str) -> str:
    return stage.replace("_", " ")


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
