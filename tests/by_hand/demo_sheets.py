"""What the workbook of a quarter must hold, from the second computation of the demo's books.

Rows are told by what they are of, so that their order does not matter; amounts are exact, as the books have them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.by_hand.demo_by_hand import UNCLAIMED, Books, Piece, day_after, decimal, first_day, quarter_of, total, words
from tests.by_hand.demo_plans import Projected

Key = tuple[Any, ...]
Rows = dict[Key, list[Any]]
KINDS = {"inference_api": "Inference API"}


def model_rows(books: Books) -> Rows:
    """By model: training-only cost, true cost, multiplier and billed cost, in the quarter and to date."""
    figures = ("training_only_cost", "true_cost", "multiplier", "billed_cost")
    told = [*figures, *(f"{figure}_to_date" for figure in figures)]
    report = books.report
    rows: Rows = {(model["model_id"],): [model[key] for key in told] for model in report["models"]}
    unclaimed = [piece for piece in books.pieces if piece.owned.model is None]
    here, so_far = _in_quarter(books, unclaimed), _to_date(books, unclaimed)
    costs = [decimal(total(piece.cost for piece in pieces)) for pieces in (here, so_far)]
    billed = [decimal(total(piece.billed for piece in pieces)) for pieces in (here, so_far)]
    rows[UNCLAIMED,] = [None, costs[0], None, billed[0], None, costs[1], None, billed[1]]
    rows["Total",] = [report["total"][key] for key in told]
    return rows


def forecast_rows(books: Books) -> Rows:
    """By model: the plan of the quarter against its cost, and where the whole plan ends."""
    ahead = ("budget", "as_of")
    rows: Rows = {}
    for model in books.report["models"]:
        quarter, forecast = model["plan"]["total"], model.get("forecast", {})
        compared = [quarter[key] for key in ("planned_mean", "actual", "variance")]
        rows[model["model_id"],] = [
            *compared,
            _hundredth(quarter["variance_pct"]),
            *(forecast.get(key) for key in ahead),
        ]
    return rows


def stage_rows(books: Books) -> Rows:
    """By model, stage, activity, round, kind and idle: cost in the quarter and to date."""
    sums: dict[Key, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for piece in _to_date(books, books.pieces):
        owned = piece.owned
        key: Key = (owned.model or UNCLAIMED, label(owned.stage), _plain(owned.activity), owned.round, kind(owned.kind))
        key = (*key, "yes" if owned.is_idle else "no")
        sums[key][0] += piece.cost if piece.quarter == books.quarter else 0
        sums[key][1] += piece.cost
    return {key: [decimal(value) for value in held] for key, held in sums.items()}


def bridge_rows(books: Books) -> Rows:
    """By model: what its own bills say, what counts beside them, unused commitments, and the true cost."""
    here = _in_quarter(books, books.pieces)
    rows: Rows = {}
    for model in sorted({piece.owned.model or UNCLAIMED for piece in here}):
        pieces = [piece for piece in here if (piece.owned.model or UNCLAIMED) == model]
        own = [piece for piece in pieces if not piece.owned.is_idle]
        billed, counted = total(piece.billed for piece in own), total(piece.cost for piece in own)
        idle = total(piece.cost for piece in pieces if piece.owned.is_idle)
        steps = [billed, counted - billed, *[Fraction(0)] * 3, idle, Fraction(0), counted + idle]
        rows[model,] = [decimal(step) for step in steps]
    return rows


def unit_rows(books: Books) -> Rows:
    """By model: its requests, its costs, and what a thousand requests cost."""
    rows: Rows = {}
    for model in sorted({piece.owned.model for piece in _in_quarter(books, books.pieces)} - {None}, key=str):
        pieces = [piece for piece in _in_quarter(books, books.pieces) if piece.owned.model == model]
        asked = sum(quarter_of(at.date()) == books.quarter for at in books.requests[str(model)])
        cost = total(piece.cost for piece in pieces)
        serving = total(piece.cost for piece in pieces if piece.owned.stage == "serving")
        per = [decimal(round(value / asked * 1000, 6)) if asked else None for value in (cost, serving)]
        rows[model,] = [asked, decimal(cost), decimal(serving), *per]
    return rows


def driver_rows(books: Books) -> Rows:
    """By model, what it is compared with, stage and kind: the cost before or planned, and now; not where both are 0."""
    sums: dict[Key, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    before = next((name for name in books.quarters if day_after(name) == first_day(books.quarter)), None)
    for piece in books.pieces:
        owned = piece.owned
        if owned.model is None:
            continue
        if piece.quarter == books.quarter:
            sums[owned.model, "plan", label(owned.stage), None][1] += piece.cost
        if before is not None and piece.quarter in (before, books.quarter):
            place = 0 if piece.quarter == before else 1
            sums[owned.model, before, None, kind(owned.kind)][place] += piece.cost
    for model, plan in books.plans.items():
        months = tuple(month for month in plan.months if quarter_of(month) == books.quarter)
        for stage in plan.stages if months else ():
            sums[model, "plan", label(stage), None][0] += Fraction(plan.planned(stage, months)["planned_mean"])
    return {key: [decimal(value) for value in held] for key, held in sums.items() if any(held)}


def plan_rows(books: Books) -> Rows:
    """By model, period, quarter, month and stage: planned costs, actual, variance and whether the period is over."""
    return {key: row for model, plan in books.plans.items() for key, row in _planned(books, model, plan)}


def _planned(books: Books, model: str, plan: Projected) -> Iterator[tuple[Key, list[Any]]]:
    end, pieces = day_after(books.quarter), [piece for piece in books.pieces if piece.owned.model == model]
    spent = sorted({piece.month for piece in pieces if piece.cost})
    months = sorted({*plan.months, *spent})
    quarters = list(dict.fromkeys(map(quarter_of, months)))
    periods: list[tuple[Key, list[date], bool, bool]] = [
        *(
            (("month", quarter_of(month), month), [month], month < end, _month_end(month) <= books.as_of)
            for month in months
        ),
        *(
            (
                ("quarter", name, None),
                [month for month in months if quarter_of(month) == name],
                next(month for month in months if quarter_of(month) == name) < end,
                day_after(name) <= books.as_of,
            )
            for name in quarters
        ),
        (("whole plan", None, None), plan.months, plan.months[-1] < end, _month_end(plan.months[-1]) <= books.as_of),
    ]
    for key, held, is_told, is_over in periods:
        in_plan = tuple(month for month in held if month in plan.months)
        inside = [piece for piece in pieces if piece.month in held]
        costly = {piece.owned.stage for piece in inside if piece.cost}
        for stage in (*dict.fromkeys((*plan.stages, *sorted(costly))), None):
            planned = plan.planned(stage, in_plan)
            known = [piece for piece in inside if stage in (None, piece.owned.stage) and (is_told or piece.month < end)]
            is_known = is_told or (key[0] == "whole plan" and held[0] < end)
            actual = total(piece.cost for piece in known) if is_known else None
            mean = Fraction(planned["planned_mean"])
            variance = actual - mean if is_told and actual is not None else None
            share = decimal(round(variance / mean, 6)) if mean and variance is not None else None
            amounts = [None if value is None else decimal(value) for value in (actual, variance)]
            complete = "yes" if is_told and is_over else "no"
            yield (model, *key, label(stage or "total")), [*planned.values(), *amounts, share, complete]


def charge_rows(books: Books) -> Rows:
    """By file, line, start of the charge, category and month: whose it is, and what it costs."""
    rows: Rows = {}
    for piece in _in_quarter(books, books.pieces):
        owned, charge = piece.owned, piece.owned.charge
        file, line, _ = charge.identity
        key = (file, line, charge.start, charge.fields.get("charge_category", "Usage"), piece.month)
        assert key not in rows
        rows[key] = [
            *(owned.model or UNCLAIMED, label(owned.stage), _plain(owned.activity), owned.round, kind(owned.kind)),
            *(owned.run, "yes" if owned.is_training_only else "no", decimal(piece.cost), decimal(piece.billed)),
            *(charge.source, charge.end, decimal(charge.billed), decimal(charge.effective)),
        ]
    return rows


def invoice_rows(books: Books) -> Rows:
    """By issue date and number: an invoice without tax, its tax, with it; prepaid, rounding and payable where told."""
    sums: dict[Key, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)
    stated: dict[Key, list[Any]] = {}
    for charge in {piece.owned.charge.identity: piece.owned.charge for piece in books.pieces}.values():
        if charge.issued is None or charge.issued >= day_after(books.quarter):
            continue
        key = (charge.issued, charge.fields["invoice_number"])
        sums[key][1 if charge.fields["charge_category"] == "Tax" else 0] += charge.billed
        sums[key][2] += charge.billed
        stated[key] = [charge.fields.get(name) for name in ("prepaid", "rounding", "payable")]
    rows: Rows = {}
    for key, (net, tax, gross) in sums.items():
        prepaid, rounding, payable = stated[key]
        assert payable is None or payable == gross - prepaid + rounding
        rows[key] = [None if v is None else decimal(v) for v in (net, tax, gross, prepaid, rounding, payable)]
    return rows


def fault_rows(books: Books) -> Rows:
    return {(fault.file, fault.line): [fault.column, fault.value] for fault in books.faults}


def label(stage: str) -> str:
    return words(stage).capitalize()


def kind(name: str) -> str:
    return KINDS.get(name, name.capitalize())


def _plain(name: str | None) -> str | None:
    return None if name is None else words(name)


def _hundredth(percent: Any) -> Any:
    return None if percent is None else percent / 100


def _in_quarter(books: Books, pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.quarter == books.quarter]


def _to_date(books: Books, pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if first_day(piece.quarter) <= first_day(books.quarter)]


def _month_end(month: date) -> date:
    """The first day after it."""
    return (month + timedelta(days=31)).replace(day=1)
