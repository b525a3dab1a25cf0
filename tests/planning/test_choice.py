"""A plan's options weighed: what is told decides, what is left out is unknown, and what would flip it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from truecost.planning.choice import Choice, Costs, Driver, choose
from truecost.planning.evidence import OwnRecord
from truecost.workspace.plan_decision import DecisionSection

pytestmark = pytest.mark.pure

MONTHS, DRAWS = 12, 200
SHOWN = {
    "needs": [],
    "lacks": "behaviour",
    "changes_fast": False,
    "errors_tolerable": False,
    "baseline": {"accepted": 0.8, "evidence": "evals/prompt.json"},
    "retrieval_trial": {"accepted": 0.8, "evidence": "evals/rag.json"},
    "examples": {"count": 900, "evidence": "labels"},
    "small_model": {"evidence": "run 12"},
    "pipeline": {"evidence": "flows/retrain"},
    "accepted": {"lora": 0.8},
}
BUSY = OwnRecord(60_000, True, ("an `evaluate` command",), ())


def linear(build: float, monthly: float, prompting: float) -> Callable[[Mapping[Driver, float]], Costs]:
    """Prompting is all volume and price; the fine-tune is a build, replicas, and nothing else."""

    def costs_at(scale: Mapping[Driver, float]) -> Costs:
        times = scale.get("requests", 1.0) * scale.get("prices", 1.0)
        luck = np.random.default_rng(1).lognormal(0, 0.1, (DRAWS, 1))
        prompt = np.full((DRAWS, MONTHS), prompting * times)
        tuned = np.full((DRAWS, MONTHS), monthly)
        tuned[:, 0] += build
        return Costs({"prompt": prompt, "retrieval": prompt * 1.2, "lora": tuned * luck}, 1e6 * times, {})

    return costs_at


def chosen(build: float = 1000.0, known: OwnRecord = BUSY, **told: object) -> Choice:
    return choose(linear(build, 300.0, 1000.0), DecisionSection.model_validate({**SHOWN, **told}), known)


def test_with_all_that_is_asked_for_the_way_that_pays_is_chosen() -> None:
    found = chosen()
    assert (found.verdict.word, found.verdict.waits_for) == ("fine_tune_lora", ())
    assert {gate.answer for gate in found.gates} == {"yes"}


@pytest.mark.parametrize("left_out", ["baseline", "retrieval_trial", "examples", "small_model"])
def test_what_is_left_out_is_unknown_and_waited_for(left_out: str) -> None:
    assert chosen(**{left_out: None}).verdict.word == "wait"
    assert len(chosen(**{left_out: None}).verdict.waits_for) == 1


def test_too_few_examples_are_told_with_how_many_it_takes() -> None:
    (waits,) = chosen(examples={"count": 120, "evidence": "labels"}).verdict.waits_for
    assert "120 examples (labels); collect 500 and more (F4)" in waits


def test_the_workspace_speaks_for_the_pipeline_where_the_plan_does_not() -> None:
    assert chosen(pipeline=None).verdict.word == "fine_tune_lora"
    bare = OwnRecord(60_000, True, (), ("request log", "eval scores"))
    (waits,) = chosen(pipeline=None, known=bare).verdict.waits_for
    assert "no request log and no eval scores" in waits


def test_the_factor_that_flips_it_is_where_it_stops_to_pay() -> None:
    flips = {flip.driver: flip for flip in chosen().flips}
    for driver in ("requests", "prices"):
        assert flips[driver].becomes == "prompt"
        at = flips[driver].factor
        # it pays in 80 % of the draws where prompting costs what the 80th percentile of the fine-tune does
        luck = np.random.default_rng(1).lognormal(0, 0.1, DRAWS)
        assert at == pytest.approx(float(np.quantile(luck, 0.8)) * (12 * 300 + 1000) / 12_000, rel=0.03)
    assert "tokens saved" not in flips
    worse = flips["answers of lora accepted"]
    assert (worse.becomes, worse.factor) == ("prompt", pytest.approx((12 * 300 + 1000) / 12_000, rel=0.05))


def test_what_does_not_pay_says_from_which_volume_it_would() -> None:
    found = chosen(build=20_000.0)
    assert found.verdict.word == "prompt"
    (flip,) = [flip for flip in found.flips if flip.driver == "requests"]
    assert (flip.becomes, flip.factor > 1) == ("lora", True)


def test_a_volume_below_the_least_is_a_condition_against_and_names_where_it_is_from() -> None:
    found = chosen(known=OwnRecord(4_000, False, (), ()))
    held = {(item.fact, item.answer): item.evidence for item in found.conditions if item.fact in ("F23", "F24")}
    assert held[("F24", "yes")] == "4,000 requests a day, by the plan; validate it first (F28)"
    assert ("F23", "no") in held
