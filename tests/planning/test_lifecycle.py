"""A lifecycle: each approach with untouched defaults meets the facts, options share their drivers, memory by hand."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from truecost.planning.approaches import TRAINED, settled
from truecost.planning.drawn import TOTAL
from truecost.planning.events import CALM, Spread
from truecost.planning.feasibility import adapter_parameters, kv_bytes_per_token, serving_memory, training_memory
from truecost.planning.lifecycle import lifecycle_lines, option_costs, option_draws, shared_figures
from truecost.planning.projection import draw
from truecost.planning.simulate import simulate
from truecost.planning.yardsticks import feasibility, yardsticks
from truecost.workspace.lifecycle import APPROACHES, Approach, Base, Lifecycle
from truecost.workspace.plans import Plan, months_between

pytestmark = pytest.mark.pure

PLANS = Path(__file__).resolve().parents[2] / "examples/plans"
MONTHS = months_between(date(2026, 2, 1), date(2027, 1, 1))


def committed(approach: Approach) -> Plan:
    return Plan.model_validate(tomllib.loads((PLANS / f"{approach}.toml").read_text("utf-8"), parse_float=Decimal))


@pytest.mark.parametrize("approach", APPROACHES)
def test_a_committed_plan_has_the_untouched_defaults(approach: Approach) -> None:
    told = committed(approach).lifecycle
    assert told == settled(Lifecycle(approach=approach), approach)


@pytest.mark.parametrize("approach", TRAINED)
def test_each_approach_meets_the_facts_together(approach: Approach) -> None:
    found = {item.fact: item for item in yardsticks(draw(committed(approach)))}
    run = "F8" if approach == "full" else "F7"
    assert {"F1", "F2", run, "F12", "F13", "F17"} <= found.keys()
    assert [fact for fact, item in found.items() if not item.holds] == []
    assert all(fit.holds for fit in feasibility(committed(approach).lifecycle or Lifecycle(approach=approach)))


@pytest.mark.parametrize("approach", ["prompt", "retrieval"])
def test_what_trains_nothing_has_no_training_no_failures_and_no_retraining(approach: Approach) -> None:
    drawn = draw(committed(approach)).drawn
    assert set(drawn.stages) == {"evaluation", "serving", "maintenance"}
    assert yardsticks(draw(committed(approach))) == []


def test_an_untouched_figure_is_the_fact_or_in_its_range() -> None:
    told = {approach: settled(Lifecycle(approach=approach), approach) for approach in APPROACHES}
    lora, qlora, full = told["lora"], told["qlora"], told["full"]

    def within(figure: Any, low: float, high: float) -> bool:
        return bool(low <= float(figure.low) and float(figure.high) <= high)

    assert within(lora.data.examples, 500, 1000)  # F4
    assert within(lora.data.expert_rate, 50, 150)  # F5
    assert within(lora.prices.training_per_million, 23, 27)  # F6
    assert within(lora.training.gpu_hour, 2.5, 4)  # F10
    assert within(full.training.gpu_hour, 2.5, 4)
    assert within(qlora.training.gpu_hour, 0.4, 0.8)  # F11
    assert within(lora.training.iterations, 3, 5)  # F13
    assert float(lora.prices.fine_tuned_premium.low) > 1  # F14
    assert float(lora.maintenance.reevaluations.low) >= 4  # F27
    assert (qlora.training.gpu_memory, lora.training.gpu_memory) == (24, 80)  # F21, F20


def test_memory_is_what_the_facts_say_of_seven_billion_parameters() -> None:
    base = Base()
    full, lora, qlora = (training_memory(base, approach) for approach in ("full", "lora", "qlora"))
    assert full
    assert lora
    assert qlora
    assert 100 <= full.weights + full.training_state <= 120  # F9
    assert 16 <= lora.total <= 24  # F18
    assert qlora.with_margin(0.1) <= 24  # F21
    share = adapter_parameters(base) / float(base.parameters_billion) / 1e9
    assert share < 0.01  # F18: under 1 %
    assert 100e6 <= adapter_parameters(base) * 4 <= 300e6  # F18, in 32 bits
    many = serving_memory(base, "lora", 25)
    assert many
    assert many.with_margin(0.1) <= 80  # F20: 25 on one A100 80 GB
    assert many.adapters == pytest.approx(25 * adapter_parameters(base) * 2 / 1e9)


def test_memory_by_hand() -> None:
    # 32 layers x rank 16 x (q and o: 8,192; k and v: 5,120; gate, up and down: 18,432 each)
    assert adapter_parameters(Base()) == 32 * 16 * (2 * 8192 + 2 * 5120 + 3 * 18432)
    # keys and values x 32 layers x 8 heads of 128 x 2 bytes; four times as much without grouped-query attention
    assert kv_bytes_per_token(Base()) == 2 * 32 * 8 * 128 * 2
    assert kv_bytes_per_token(Base(kv_heads=32)) == 4 * kv_bytes_per_token(Base())
    for told in (12, 16, 18):
        found = training_memory(Base.model_validate({"bytes_per_parameter": told}), "full")
        assert found
        assert found.weights + found.training_state == pytest.approx(7.24 * told)
    assert training_memory(Base(), "prompt") is None


def test_what_does_not_fit_is_told_and_a_replica_then_takes_more_gpus() -> None:
    seventy = Base(parameters_billion=Decimal(70), layers=80, hidden=8192, feed_forward=28672, heads=64)
    big = Lifecycle(approach="lora", base=seventy)
    assert [fit.holds for fit in feasibility(big)] == [True, False]
    lines = {line.name: line for line in lifecycle_lines(big, "lora", MONTHS)}
    small = {line.name: line for line in lifecycle_lines(Lifecycle(approach="lora"), "lora", MONTHS)}
    hosting = "lifecycle: GPUs that serve"
    assert sum(lines[hosting].shares) == 3 * sum(small[hosting].shares)


def test_options_share_their_drivers_draw_by_draw() -> None:
    lifecycle, spread = Lifecycle(approach="lora"), Spread()
    drawn = option_draws(lifecycle, MONTHS, 500, 3, spread)
    costs = option_costs(lifecycle, MONTHS, 500, 3, spread)
    figures = shared_figures(lifecycle, MONTHS, 500, 3, spread)
    assert {name: found.shape for name, found in costs.items()} == dict.fromkeys(APPROACHES, (500, 12))
    assert figures["requests"].shape == (500, 12)
    assert not figures["requests"][:, :2].any()
    for name in APPROACHES:
        np.testing.assert_array_equal(costs[name], drawn[name].cost())


def test_what_a_provider_asks_is_requests_times_tokens_times_price_in_each_draw() -> None:
    lifecycle = Lifecycle(approach="managed")
    lines = [line for line in lifecycle_lines(lifecycle, "managed", MONTHS) if line.growth]
    drawn = simulate(lines, 12, 300, 3, CALM).cost()
    told = shared_figures(lifecycle, MONTHS, 300, 3, CALM)
    tokens = told["input_tokens"] * told["input_per_million"] + told["output_tokens"] * told["output_per_million"]
    by_hand = told["requests"] * (tokens * told["fine_tuned_premium"] / 1e6)[:, None]
    np.testing.assert_allclose(drawn, by_hand, rtol=1e-12)


def test_more_volume_never_makes_prompting_relatively_cheaper_at_fixed_replicas() -> None:
    def saved(requests: int) -> Any:
        told = Lifecycle.model_validate({"approach": "lora", "traffic": {"requests_per_day": requests, "peak": 1}})
        costs = option_costs(told, MONTHS, 400, 1, Spread())
        return costs["prompt"].sum(axis=1) - costs["lora"].sum(axis=1)

    few, more, many = saved(1000), saved(5000), saved(20_000)
    assert (few <= more).all()
    assert (more <= many).all()


def test_stages_of_an_option_add_up_to_it_draw_by_draw() -> None:
    for drawn in option_draws(Lifecycle(approach="full"), MONTHS, 200, 1, Spread()).values():
        np.testing.assert_allclose(sum(drawn.cost(stage) for stage in drawn.stages), drawn.cost(TOTAL), rtol=1e-12)


def test_a_figure_of_the_plan_wins_over_the_default_of_its_approach() -> None:
    told = Lifecycle.model_validate({"approach": "lora", "data": {"examples": 5000}, "people": {"training_hours": 9}})
    assert settled(told, "lora").people.training_hours == told.people.training_hours
    assert settled(told, "full").data.examples == told.data.examples  # the same examples, whatever is trained
    assert settled(told, "full").people.training_hours != told.people.training_hours
    assert settled(told, "prompt").data.examples != told.data.examples


def test_f23_by_hand_and_what_its_figures_leave_out() -> None:
    """50,000 requests a day, 500 prompt tokens fewer: what is saved a month at a base price of $2.50 a million."""
    saved = 50_000 * 30 * 500 / 1e6 * 2.5
    assert saved == 1875.0
    assert pytest.approx(1 / 3) == 500 / (500 + 1000)  # of the prompt's own tokens: F23's 30 to 50 %
    # At $1,875 a month, 4 to 8 months pay back $7,500 to 15,000: less than a lora plan comes to (docs/plans.md).
    whole = draw(committed("lora")).drawn.mean(TOTAL, dict.fromkeys(range(12), 1))
    assert 8 * saved < float(whole)
