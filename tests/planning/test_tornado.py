"""The tornado: a bar is what one figure moves, worked by hand, and the widest comes first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from truecost.planning.projection import draw
from truecost.planning.tornado import MOST, tornado
from truecost.workspace.plans import Plan

pytestmark = pytest.mark.pure

STILL = {"widen": 1, "month_spread": 0, "blow_up": 0, "retrain_rate": 0}


def plan_of(*items: dict[str, Any], **more: Any) -> Plan:
    base = {"currency": "USD", "first_month": "2026-01", "last_month": "2026-04", "trials": 1000}
    return Plan.model_validate({**base, **more, "items": list(items)})


def test_a_figure_moves_the_likely_cost_from_its_low_to_its_high() -> None:
    wide = {"name": "a", "stage": "serving", "quantity": {"low": 5, "likely": 10, "high": 30}, "unit_cost": 4}
    small = {"name": "b", "stage": "serving", "unit_cost": {"low": 90, "likely": 100, "high": 130}, "per": "month"}
    bars = {bar.driver: bar for bar in tornado(draw(plan_of(wide, small, uncertainty=STILL)))}
    first, second = bars["a, quantity"], bars["b, unit cost"]
    # Likely: 10 x 4 + 4 months x 100 = 440.
    assert (first.low, first.high, first.swing) == (Decimal("420.00"), Decimal("520.00"), Decimal("100.00"))
    assert (second.low, second.high, second.swing) == (Decimal("400.00"), Decimal("560.00"), Decimal("160.00"))
    assert [bar.driver for bar in bars.values() if not bar.is_cause] == ["b, unit cost", "a, quantity"]


def test_a_certain_plan_has_no_tornado() -> None:
    assert tornado(draw(plan_of({"name": "a", "stage": "serving", "unit_cost": 4}))) == []


def test_causes_stand_beside_figures_and_the_furthest_come_first() -> None:
    item = {"stage": "training", "unit_cost": {"low": 5, "likely": 10, "high": 30}}
    bars = tornado(draw(plan_of(*({**item, "name": f"item {n}"} for n in range(20)))))
    assert len(bars) == MOST
    assert [bar.swing for bar in bars] == sorted((bar.swing for bar in bars), reverse=True)
    assert {"what hits all figures alike", "a build that blows up"} <= {bar.driver for bar in bars if bar.is_cause}
