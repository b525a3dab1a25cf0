"""The projection of a plan: quantiles in order, what is certain exact, and every figure made again in plain Python."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost.planning.projection import (
    TOTAL,
    Projected,
    draw,
    month_share,
    planned_quantities,
    project,
)
from truecost.quarters import quarter_of
from truecost.workspace.plans import Item, Plan

pytestmark = pytest.mark.pure

CENT = Decimal("0.01")
STAGES = ("data_curation", "training", "failed_experiments", "evaluation", "serving", "maintenance")
FIRST = 2025 * 12 + 9  # October 2025, in months since year 0

amounts = st.decimals(0, 5000, places=2) | st.decimals(0, 2, places=6)
uncertain = st.tuples(amounts, amounts, amounts).map(
    lambda three: dict(zip(("low", "likely", "high"), sorted(three), strict=True))
)
start_months = st.integers(1, 12)


def month_name(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02d}"


@st.composite
def plans(draw_from: st.DrawFn, figures: st.SearchStrategy[Any] = amounts | uncertain) -> Plan:
    last = FIRST + draw_from(st.integers(0, 7))
    items = []
    for number in range(draw_from(st.integers(1, 5))):
        first = draw_from(st.integers(FIRST, last))
        items.append(
            {
                "name": f"item {number}",
                "stage": draw_from(st.sampled_from(STAGES)),
                "months": [month_name(first), month_name(draw_from(st.integers(first, last)))],
                "quantity": draw_from(figures),
                "unit_cost": draw_from(figures),
                "per": draw_from(st.sampled_from(("item", "month"))),
            }
        )
    return plan_of(items, last_month=month_name(last), seed=draw_from(st.integers(0, 3)))


def plan_of(items: list[dict[str, Any]], **settings: Any) -> Plan:
    base = {"currency": "USD", "first_month": month_name(FIRST), "last_month": "2026-12", "trials": 101}
    return Plan.model_validate({**base, **settings, "items": items})


def projected(plan: Plan, start_month: int = 1) -> list[Projected]:
    return project(draw(plan), start_month)


def cost_by_hand(plan: Plan, item: Item, month: date) -> Fraction:
    """What a certain item costs in a month."""
    cost = Fraction(item.quantity.low) * Fraction(item.unit_cost.low)
    months = plan.months_of(item)
    if month not in months:
        return Fraction()
    days = {each: monthrange(each.year, each.month)[1] for each in months}
    return cost if item.per == "month" else cost * days[month] / sum(days.values())


def months_of(row: Projected, plan: Plan, start_month: int) -> list[date]:
    if row.month is not None:
        return [row.month]
    return [m for m in plan.months if row.quarter in (None, quarter_of(m, start_month).name)]


@given(plans(), start_months)
def test_quantiles_are_in_order_and_no_cost_is_negative(plan: Plan, start_month: int) -> None:
    for row in projected(plan, start_month):
        cost = row.cost
        assert 0 <= cost.p10 <= cost.p50 <= cost.p80 <= cost.p90
        assert cost.mean >= 0


@given(plans(), start_months)
def test_every_month_quarter_and_the_whole_plan_have_each_stage_and_a_total(plan: Plan, start_month: int) -> None:
    rows = projected(plan, start_month)
    stages = {*draw(plan).drawn.stages, TOTAL}
    assert stages - {"maintenance"} == {item.stage for item in plan.items} - {"maintenance"} | {TOTAL}
    quarters = {quarter_of(month, start_month).name for month in plan.months}
    periods = {(m, quarter_of(m, start_month).name) for m in plan.months} | {(None, q) for q in quarters}
    expected = {(*period, stage) for period in periods | {(None, None)} for stage in stages}
    found = [(row.month, row.quarter, row.stage) for row in rows]
    assert len(found) == len(set(found))
    assert set(found) == expected


@given(plans(figures=amounts), start_months)
def test_a_certain_plan_gives_exactly_its_sums(plan: Plan, start_month: int) -> None:
    for row in projected(plan, start_month):
        items = [item for item in plan.items if row.stage in (item.stage, TOTAL)]
        exact = sum(
            (cost_by_hand(plan, item, month) for item in items for month in months_of(row, plan, start_month)),
            Fraction(),
        )
        assert (
            row.cost.mean
            == row.cost.p10
            == row.cost.p50
            == row.cost.p80
            == row.cost.p90
            == Decimal(round(exact * 100)) / 100
        )


@given(plans())
def test_the_months_of_an_item_add_up_to_it(plan: Plan) -> None:
    for item in plan.items:
        shares = [month_share(plan, item, month) for month in plan.months]
        assert sum(shares) == (len(plan.months_of(item)) if item.per == "month" else 1)
    rows = projected(plan)
    for stage in {row.stage for row in rows}:
        whole = next(row.cost.mean for row in rows if row.quarter is None and row.stage == stage)
        by_month = [row.cost.mean for row in rows if row.month is not None and row.stage == stage]
        by_quarter = [row.cost.mean for row in rows if row.month is None and row.quarter and row.stage == stage]
        assert abs(sum(by_month) - whole) <= CENT * (len(by_month) + 1) / 2
        assert abs(sum(by_quarter) - whole) <= CENT * (len(by_quarter) + 1) / 2


@given(plans(), start_months, st.lists(st.sampled_from((None, "Hours", "GPU-Hours")), min_size=5, max_size=5))
def test_planned_quantities_and_their_costs_are_those_of_the_items_that_name_a_unit(
    plan: Plan, start_month: int, units: list[str | None]
) -> None:
    named = [item.model_copy(update={"unit": unit}) for item, unit in zip(plan.items, units, strict=False)]
    trials = draw(plan.model_copy(update={"items": named}))
    rows = planned_quantities(trials, start_month)
    assert len({(row.quarter, row.stage, row.unit, row.sku) for row in rows}) == len(rows)
    for row in rows:
        months = [month for month in plan.months if quarter_of(month, start_month).name == row.quarter]
        items = [item for item in named if (item.stage, item.unit) == (row.stage, row.unit)]
        parts = [(item, sum(month_share(plan, item, month) for month in months)) for item in items]
        for found, means, half in (
            (row.cost, trials.drawn.line_means, Fraction(1, 200)),
            (row.quantity, trials.drawn.quantity_means, Fraction(1, 2 * 10**6)),
        ):
            assert abs(Fraction(found) - sum((means[item.name] * part for item, part in parts), Fraction())) <= half


@given(plans(), st.randoms(use_true_random=False))
def test_the_order_of_items_changes_nothing(plan: Plan, random: Random) -> None:
    shuffled = list(plan.items)
    random.shuffle(shuffled)
    other = plan.model_copy(update={"items": shuffled})
    assert {repr(row) for row in projected(other)} == {repr(row) for row in projected(plan)}


@given(plans())
def test_one_more_item_leaves_the_draws_of_the_others(plan: Plan) -> None:
    more = Item.model_validate({**plan.items[0].model_dump(include={"unit_cost"}), "name": "more", "stage": "serving"})
    before = draw(plan).drawn.line_means
    after = draw(plan.model_copy(update={"items": [more, *plan.items]})).drawn.line_means
    assert before == {name: mean for name, mean in after.items() if name != "more"}


def test_figures_are_rounded_half_even_to_cents() -> None:
    costs = {"0.125": "0.12", "0.135": "0.14", "1.015": "1.02", "2.675": "2.68", "2.665": "2.66", "0.00499": "0.00"}
    for exact, rounded in costs.items():
        plan = plan_of([{"name": "a", "stage": "serving", "unit_cost": Decimal(exact), "months": "2025-10"}])
        assert projected(plan)[-1].cost.mean == Decimal(rounded)


def test_another_seed_gives_other_draws_and_the_same_seed_the_same() -> None:
    item = {"name": "a", "stage": "serving", "unit_cost": {"low": 0, "likely": 30, "high": 120}}
    assert projected(plan_of([item], seed=1)) == projected(plan_of([item], seed=1))
    assert projected(plan_of([item], seed=1))[-1] != projected(plan_of([item], seed=2))[-1]
