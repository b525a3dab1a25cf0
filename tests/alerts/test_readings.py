"""What a rule says of a model: the state, and the words with the numbers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from truecost.alerts.readings import overspend, quality
from truecost.alerts.weights import Weights

pytestmark = pytest.mark.pure


def spent(**changes: Any) -> dict[str, Any]:
    return {
        "model_id": "bot",
        "quarter": "FY2026-Q3",
        "currency": "USD",
        "actual": Decimal("1500.00"),
        "planned_mean": Decimal("1000.00"),
        "planned_p90": Decimal("1200.00"),
        "variance_pct": Decimal("50.0"),
        "is_complete": True,
        "state": "ALERT",
        "drivers": [{"stage": "failed_experiments", "variance": Decimal("400.00")}],
        **changes,
    }


def signal(feature: str, value: float | None, threshold: float | None, **changes: Any) -> dict[str, Any]:
    drifted = value is not None and threshold is not None and value > threshold
    return {
        "model_id": "bot",
        "window_start": datetime(2026, 9, 28),
        "window_end": datetime(2026, 10, 5),
        "feature": feature,
        "method": "psi",
        "value": value,
        "threshold": threshold,
        "drifted": drifted,
        "verdict": "drift" if drifted else "stable",
        **changes,
    }


def whole(value: float, threshold: float = 0.5) -> dict[str, Any]:
    return signal("dataset", value, threshold, method="share_of_drifted_features")


def test_an_overspend_names_what_was_planned_and_what_weighs_most() -> None:
    reading = overspend(spent())
    assert reading.state == "ALERT"
    assert reading.text == (
        "bot cost USD 1,500.00 in FY2026-Q3, 50 % over the 1,000.00 planned (P90 1,200.00): "
        "most in failed experiments (+400.00)"
    )


def test_a_running_quarter_is_said_to_run_and_nothing_planned_has_no_percentage() -> None:
    reading = overspend(spent(is_complete=False, variance_pct=None, planned_mean=Decimal(0), planned_p90=Decimal(0)))
    assert "in FY2026-Q3 so far, though the 0.00 planned" not in reading.message
    assert reading.message == "bot cost USD 1,500.00 in FY2026-Q3 so far, and nothing was planned"


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([whole(0.0), signal("intent", 0.05, 0.1)], "OK"),
        ([whole(0.33), signal("intent", 0.2, 0.1)], "WARNING"),
        ([whole(0.66), signal("intent", 0.2, 0.1)], "ALERT"),
        ([signal("dataset", None, None, verdict="too_few_rows")], "NO_DATA"),
    ],
)
def test_drift_is_an_alert_where_the_model_has_drifted_and_a_warning_where_a_feature_has(
    rows: list[dict[str, Any]], state: str
) -> None:
    (reading,) = quality(rows)
    assert (reading.rule, reading.state) == ("drift", state)


def test_the_features_that_are_furthest_beyond_their_threshold_are_named_first() -> None:
    rows = [whole(1.0), signal("a", 0.2, 0.1), signal("b", 0.9, 0.3), signal("c", 0.8, 0.1), signal("d", 0.12, 0.1)]
    (reading,) = quality(rows)
    assert reading.message == (
        "4 of 4 features of bot's requests drifted from 2026-09-28 to 2026-10-04; weighty: 100 % of the columns moved"
    )
    assert [driver.split()[0] for driver in reading.drivers] == ["c", "b", "a"]


def moved(feature: str, change: float, smallest: float, method: str = "level", **more: Any) -> dict[str, Any]:
    return signal(feature, abs(change), smallest, method=method, change=change, smallest=smallest, **more)


@pytest.mark.parametrize(
    ("row", "state", "said"),
    [
        (moved("latency_ms", 0.15, 0.10, since=datetime(2026, 10, 1)), "WARNING", "latency_ms (middle +15.0 %)"),
        (moved("latency_ms", 0.25, 0.10), "ALERT", "latency_ms moved by 2.5 times the smallest change that matters"),
        (
            moved("latency_ms", 0.15, 0.10, since=datetime(2026, 9, 20)),
            "ALERT",
            "latency_ms has moved since 2026-09-19",
        ),
        (moved("score", 0.2, 0.05, "missing"), "ALERT", "score (missing +20.0 points)"),
        (moved("lang", 0.05, 0.02, "unseen", detail="tlh"), "ALERT", "lang (new values, most of them tlh +5.0 points)"),
        (moved("lang", 0.08, 0.05, "share", detail="de"), "WARNING", "lang (share of de +8.0 points)"),
        (moved("gone", 1.0, 0.05, "absent", detail="only the reference has it"), "ALERT", "only the reference has it"),
    ],
)
def test_one_column_that_moved_is_an_alert_where_it_moved_far_or_for_long(
    row: dict[str, Any], state: str, said: str
) -> None:
    (reading,) = quality([whole(0.1), row, signal("other", 0.01, 0.1)])
    assert reading.state == state
    assert said in reading.text


def test_a_fall_of_the_estimated_quality_is_priced_and_marked_as_an_estimate() -> None:
    row = moved("confidence", -0.04, 0.02, "estimated_quality")
    priced = Weights(error_cost=Decimal("0.50"), calls_a_day=1000.0, currency="USD")
    (reading,) = quality([whole(0.1), row], {"bot": priced})
    assert reading.state == "ALERT"
    assert "4.0 points of answers fewer are right (an estimate): USD 1,800.00 over 90 days" in reading.message


def test_a_known_change_is_said_beside_what_is_held_against_it() -> None:
    (reading,) = quality([whole(0.0), signal("a", 0.0, 0.1)], {"bot": Weights(changes=("release 2 on 2026-08-20",))})
    assert reading.message.endswith("(held against what came after release 2 on 2026-08-20)")


def test_scores_that_state_no_error_are_no_data_and_one_that_fell_is_an_alert() -> None:
    unknown = signal("tone bleu", 0.4, None, method="eval_drop", drifted=False, verdict="no_error_known")
    fine = signal("intents acc", 0.01, 0.05, method="eval_drop")
    fallen = signal("intents acc", 0.19, 0.05, method="eval_drop")
    assert [reading.state for reading in quality([unknown])] == ["NO_DATA"]
    assert [reading.state for reading in quality([unknown, fine])] == ["OK"]
    (reading,) = quality([unknown, fallen])
    assert reading.state == "ALERT"
    assert reading.drivers == ("intents acc (-0.190, error 0.050)",)
