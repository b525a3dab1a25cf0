"""What is said of beginning: the cheapest way that is sure to pay, never without the evidence that is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost.planning.break_even import BreakEven
from truecost.planning.verdict import Answer, Condition, Gate, Option, Quality, Verdict, decide

pytestmark = pytest.mark.pure

PAYS = BreakEven(3, 5, 9, 0.95, 1.0, 900.0, 100.0, 900.0, 1700.0)
DOES_NOT = BreakEven(None, None, None, 0.05, 0.3, -900.0, -1700.0, -900.0, -100.0)
DONE = [Gate(number, f"step {number}", "yes", "shown", "") for number in range(1, 6)]


def option(name: str, cost: float, pays: BreakEven | None = None, accepted: float | None = 0.9) -> Option:
    quality = None if accepted is None else Quality(accepted, False, "evals")
    return Option(name, cost, cost * 0.8, cost, cost * 1.3, pays, quality, requests=1000.0)


def asked(
    *tuned: Option,
    gates: list[Gate] | None = None,
    conditions: tuple[Condition, ...] = (),
    knowledge: Answer = "no",
    sureness: float = 0.8,
) -> Verdict:
    ways = [option("prompt", 1000.0), option("retrieval", 1200.0), *tuned]
    return decide(ways, conditions, DONE if gates is None else gates, lacks_knowledge=knowledge, sureness=sureness)


def test_what_surely_pays_and_has_its_evidence_is_done_the_cheapest_way() -> None:
    found = asked(option("lora", 600.0, PAYS), option("full", 900.0, PAYS), option("managed", 700.0, DOES_NOT))
    assert (found.word, found.option, found.waits_for) == ("fine_tune_lora", "lora", ())
    assert "95% of the draws" in found.reasons[0]


def test_by_accepted_answer_the_dearer_way_may_be_the_cheaper() -> None:
    found = asked(option("lora", 600.0, PAYS, accepted=0.4), option("full", 800.0, PAYS, accepted=0.9))
    assert found.word == "fine_tune_full"


def test_what_does_not_pay_is_not_done_and_the_reason_against_is_said() -> None:
    low = Condition("F24", "there is too little volume", "against", "yes", "4,000 requests a day")
    found = asked(option("lora", 1500.0, DOES_NOT), conditions=(low,))
    assert found.word == "prompt"
    assert any("4,000 requests a day" in reason for reason in found.reasons)


def test_what_can_not_be_had_otherwise_need_not_save_money() -> None:
    private = Condition("F25", "no data may leave", "for", "yes", "an air gap", decides=True)
    assert asked(option("lora", 1500.0, DOES_NOT), conditions=(private,)).word == "fine_tune_lora"
    assert asked(option("lora", 1500.0, DOES_NOT), conditions=(replace(private, answer="unknown"),)).word == "prompt"


@pytest.mark.parametrize("missing", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("answer", ["no", "unknown"])
def test_each_step_without_evidence_is_a_reason_to_wait_by_name(missing: int, answer: Answer) -> None:
    gates = [replace(gate, answer=answer) if gate.number == missing else gate for gate in DONE]
    found = asked(option("lora", 600.0, PAYS), gates=gates)
    assert (found.word, found.option) == ("wait", "lora")
    assert [said.partition(":")[0] for said in found.waits_for] == [f"step {missing}"]


def test_missing_knowledge_is_for_retrieval_whatever_a_fine_tune_saves() -> None:
    found = asked(option("lora", 100.0, PAYS), knowledge="yes")
    assert found.word == "retrieve"
    assert "F31" in found.reasons[0]


def test_without_a_measured_baseline_nothing_is_chosen_and_the_later_steps_are_not_asked_of_a_prompt() -> None:
    gates = [replace(gate, answer="unknown") for gate in DONE]
    found = asked(option("lora", 1500.0, DOES_NOT), gates=gates)
    assert (found.word, found.option, len(found.waits_for)) == ("wait", "prompt", 1)


def test_a_way_that_does_not_fit_is_not_chosen_and_it_is_said_why() -> None:
    found = asked(replace(option("full", 100.0, PAYS), why_not="it takes 120 GB and a GPU has 80"))
    assert (found.word, found.reasons[0]) == ("prompt", "full: it takes 120 GB and a GPU has 80")


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_asking_for_more_sureness_never_turns_no_into_yes(pays: float, one: float, other: float) -> None:
    tuned = option("lora", 600.0, replace(PAYS, pays_within=pays))
    lax, strict = sorted((one, other))
    if asked(tuned, sureness=strict).word == "fine_tune_lora":
        assert asked(tuned, sureness=lax).word == "fine_tune_lora"


def test_everything_is_held_against_prompting() -> None:
    with pytest.raises(ValueError, match="prompt"):
        decide([option("lora", 1.0, PAYS)], (), DONE, lacks_knowledge="no", sureness=0.8)
