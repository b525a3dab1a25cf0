"""What people do about a decision is kept, and what came of it moves what the next retraining is expected to win."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from truecost.clock import Clock
from truecost.decisions.follow import decision, decisions, follow
from truecost.decisions.outcomes import PRIOR_GAIN, expected_gain, followed, owed
from truecost.errors import TruecostError
from truecost.store.journal import Event, Journal
from truecost.workspace.workspace import Workspace, load_workspace

DAY = datetime(2026, 10, 5, tzinfo=UTC)
CLOCK = Clock(date(2026, 10, 6))
QUARTER = timedelta(days=91)
TOLD: dict[str, Any] = {"verdict": "retrain", "reasons": ["fell"], "currency": "USD", "retrain_cost": "5000.00"}
FELL: dict[str, Any] = {"feature": "intents acc", "score": 0.78, "fall": 0.13, "expected_fall_after": 0.013}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "truecost.toml").write_text('[workspace]\nname = "small"\n\n[[models]]\nid = "bot"\n', "utf-8")
    found = load_workspace(tmp_path)
    Journal(found.journal).append("decision", DAY, "bot", reevaluation_id=1, staleness_cost=None, **TOLD, **FELL)
    return found


def test_a_decision_is_accepted_done_and_kept_with_who_and_why(workspace: Workspace) -> None:
    assert [item.stand for item in decisions(workspace)] == ["open"]
    assert follow(workspace, CLOCK, 1, "accept", "ana", None).stand == "accepted"
    assert follow(workspace, CLOCK, 1, "accept", "ana", None).stand == "accepted"  # said twice, written once
    done = follow(workspace, CLOCK, 1, "done", "bo", "run b2 promoted")
    assert (done.stand, done.by, done.reason) == ("done", "bo", "run b2 promoted")
    kinds = [(event.kind, event.data.get("did")) for event in Journal(workspace.journal).events()]
    assert kinds == [("decision", None), ("followed", "accept"), ("followed", "done")]
    assert decision(workspace, 1) == done


@pytest.mark.parametrize(
    ("number", "did", "by", "reason", "fault"),
    [
        (7, "accept", "ana", None, "there is no decision 7"),
        (1, "accept", " ", None, "say with --by who it is"),
        (1, "reject", "ana", None, "say with --reason why"),
    ],
)
def test_an_answer_that_says_too_little_is_not_taken(
    workspace: Workspace, number: int, did: Any, by: str, reason: str | None, fault: str
) -> None:
    with pytest.raises(TruecostError, match=fault):
        follow(workspace, CLOCK, number, did, by, reason)


def test_what_is_done_is_done(workspace: Workspace) -> None:
    follow(workspace, CLOCK, 1, "done", "ana", None)
    with pytest.raises(TruecostError, match="decision 1 was done on 2026-10-06 by ana"):
        follow(workspace, CLOCK, 1, "reject", "bo", "no")


def lived(won_share: float | None, did: str = "done") -> list[Event]:
    return [
        Event(1, "decision", DAY, "bot", {**TOLD, **FELL}),
        Event(2, "followed", DAY, "bot", {"decision_id": 1, "did": did, "by": "ana", "reason": None}),
        Event(3, "outcome", DAY + QUARTER, "bot", {"decision_id": 1, "won_share": won_share}),
    ]


def test_the_outcome_of_what_was_done_moves_the_gain_expected_of_the_next() -> None:
    assert expected_gain([], "bot") == PRIOR_GAIN
    assert expected_gain(lived(0.0), "bot") == pytest.approx(2 * PRIOR_GAIN / 3)
    assert expected_gain(lived(1.0), "bot") > PRIOR_GAIN
    assert expected_gain(lived(-3.0), "bot") == pytest.approx(2 * PRIOR_GAIN / 3)  # worse than nothing
    assert expected_gain(lived(0.0, did="reject"), "bot") == PRIOR_GAIN  # what was not done says nothing of it
    assert expected_gain(lived(0.0), "reader") == PRIOR_GAIN


def test_an_outcome_is_owed_a_quarter_after_what_was_done_and_once() -> None:
    decided, answered, came = lived(0.5)
    assert owed([decided, answered], DAY + QUARTER - timedelta(days=1), QUARTER) == []
    (due,) = owed([decided, answered], DAY + QUARTER, QUARTER)
    assert (due.decision_id, due.stand) == (1, "done")
    assert owed([decided, answered, came], DAY + 4 * QUARTER, QUARTER) == []
    assert followed([decided, answered, came])[0].outcome["won_share"] == 0.5
