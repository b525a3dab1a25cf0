"""What a re-evaluation comes to, case by case, and that its reasons name the numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from truecost.decisions.policy import Evidence, Outcome, Price, Score, decide
from truecost.decisions.weighing import Weighed

pytestmark = pytest.mark.pure

FALLEN = Score("intents acc", 0.72, fall=0.19, allowed=0.05)
WITHIN = Score("intents acc", 0.90, fall=0.01, allowed=0.05)
BETTER = Score("intents acc", 0.93, fall=-0.02, allowed=0.05)
SLIGHT = Score("intents acc", 0.895, fall=0.015, allowed=0.01)
NO_ERROR = Score("tone bleu", 0.5, fall=0.4, allowed=None)
ALONE = Score("new acc", 0.8, fall=None, allowed=None)
UNKNOWN = Price("USD")


def price(staleness: str, retraining: str) -> Price:
    costs = (Decimal(staleness), Decimal(retraining))
    return Price("USD", *costs, f"staying costs USD {staleness}", f"a retraining costs USD {retraining}")


def verdict(*scores: Score, cost: Price = UNKNOWN, outcome: Outcome = "scored", **alerts: str) -> tuple[str, str]:
    found = decide(Evidence(outcome, "the command failed", cost, scores, alerts), retrain_drop=0.02)
    return found.verdict, "; ".join(found.reasons)


def test_a_fall_whose_price_is_not_known_goes_no_further_than_another_look() -> None:
    found, why = verdict(WITHIN, FALLEN)
    assert found == "re_evaluate"
    assert why == (
        "intents acc fell by 0.190 to 0.720, beyond its error of 0.050; "
        "what staying costs is not known; what a retraining costs is not known"
    )


@pytest.mark.parametrize(("staleness", "expected"), [("1500.00", "re_evaluate"), ("900.00", "hold")])
def test_a_price_of_at_least_so_much_holds_and_never_retrains(staleness: str, expected: str) -> None:
    at_least = replace(price(staleness, "1000.00"), missing=("no labor is known",), is_at_least=True)
    assert verdict(FALLEN, cost=at_least)[0] == expected


def weighed(advantage: float, in_vain: float) -> Weighed:
    return Weighed(advantage, in_vain, staying=2000.0, mended=1500.0, pays_from=0.01)


@pytest.mark.parametrize(
    ("advantage", "in_vain", "expected"), [(10.0, 0.001, "retrain"), (10.0, 0.2, "re_evaluate"), (-10.0, 0.001, "hold")]
)
def test_what_all_scores_come_to_decides_and_what_is_not_sure_is_scored_again(
    advantage: float, in_vain: float, expected: str
) -> None:
    evidence = Evidence(
        "scored", "", price("1500.00", "1000.00"), [FALLEN], weighed=weighed(advantage, in_vain), beside=("beside",)
    )
    assert decide(evidence, 0.02).verdict == expected
    assert "beside" in decide(evidence, 0.02).reasons


def test_a_retraining_that_costs_more_than_it_saves_is_held() -> None:
    found, why = verdict(FALLEN, cost=price("900.00", "1000.00"))
    assert found == "hold"
    assert "staying costs USD 900.00; a retraining costs USD 1000.00; a retraining would cost more" in why


@pytest.mark.parametrize("staleness", ["1000.00", "1000.01"])
def test_a_retraining_that_saves_what_it_costs_is_done(staleness: str) -> None:
    assert verdict(FALLEN, cost=price(staleness, "1000.00"))[0] == "retrain"


def test_a_fall_within_its_error_is_held() -> None:
    assert verdict(WITHIN) == ("hold", "intents acc fell by 0.010 to 0.900, within its error of 0.050")
    assert verdict(BETTER) == ("hold", "intents acc is 0.930, 0.020 better than the baseline")


def test_a_fall_smaller_than_what_is_worth_a_retraining_is_held() -> None:
    found, why = verdict(SLIGHT)
    assert found == "hold"
    assert "less than the 0.02 that is worth a retraining" in why


def test_what_cannot_be_judged_asks_someone_to_look() -> None:
    assert verdict(NO_ERROR)[0] == "re_evaluate"
    assert verdict(ALONE) == ("re_evaluate", "no new score has an earlier one to be held against")


@pytest.mark.parametrize("outcome", ["failed", "timed_out", "no_score", "not_configured"])
def test_without_a_new_score_someone_has_to_look(outcome: Outcome) -> None:
    assert verdict(FALLEN, outcome=outcome) == ("re_evaluate", "the command failed")


def test_overspend_alone_with_healthy_scores_is_about_money() -> None:
    found, why = verdict(WITHIN, overspend="bot cost twice its plan")
    assert found == "hold"
    assert why.endswith("the matter is money, not quality: a retraining would not mend it; bot cost twice its plan")


def test_drift_with_healthy_scores_is_said_to_be_answered_well() -> None:
    assert "the model answers it as well as before" in verdict(WITHIN, drift="3 of 4 features drifted")[1]
