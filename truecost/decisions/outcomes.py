"""What became of decisions: what was done, by whom, and a quarter later what came of it. Pure, from the journal.

The outcome says how much of its fall a model won back, and so what the next retraining is expected to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from truecost.store.journal import Event

Stand = Literal["open", "accepted", "rejected", "done"]
PRIOR_GAIN = 0.9  # of a fall, by a retraining (after F19: what tuning in part reaches of tuning in full)
_PRIOR_WEIGHT = 2.0  # as so many outcomes
_DID: Mapping[str, Stand] = {"accept": "accepted", "reject": "rejected", "done": "done"}


@dataclass(frozen=True)
class Followed:
    """A decision, where it stands, who said so and why, and its outcome where that is known."""

    decision_id: int
    model_id: str
    decided_at: datetime
    verdict: str
    stand: Stand
    data: Mapping[str, Any]
    by: str | None = None
    reason: str | None = None
    stood_at: datetime | None = None
    outcome: Mapping[str, Any] = field(default_factory=dict)


def followed(events: Iterable[Event]) -> list[Followed]:
    """Every decision, oldest first."""
    found: dict[int, Followed] = {}
    for event in events:
        if event.kind == "decision":
            told = event.data
            stand: Stand = "open"
            found[event.event_id] = Followed(
                event.event_id, event.model_id, event.happened_at, told["verdict"], stand, told
            )
        elif event.kind == "followed" and event.data["decision_id"] in found:
            before = found[event.data["decision_id"]]
            found[before.decision_id] = _stood(before, event)
        elif event.kind == "outcome" and event.data["decision_id"] in found:
            before = found[event.data["decision_id"]]
            found[before.decision_id] = _came(before, event)
    return list(found.values())


def _stood(before: Followed, event: Event) -> Followed:
    return replace(
        before,
        stand=_DID[event.data["did"]],
        by=event.data.get("by"),
        reason=event.data.get("reason"),
        stood_at=event.happened_at,
    )


def _came(before: Followed, event: Event) -> Followed:
    return replace(before, outcome={**event.data, "written_at": event.happened_at})


def expected_gain(events: Sequence[Event], model_id: str) -> float:
    """The share of a fall that a retraining of the model is expected to win back, 0 to 1.

    A prior that counts as two outcomes, and the outcomes of the model's own retrainings that were done; never the score
    of the model that would come of this one.
    """
    shares = [
        item.outcome["won_share"]
        for item in followed(events)
        if item.model_id == model_id and item.outcome.get("won_share") is not None and item.stand == "done"
    ]
    total: float = PRIOR_GAIN * _PRIOR_WEIGHT + sum(min(1.0, max(0.0, share)) for share in shares)
    return total / (_PRIOR_WEIGHT + len(shares))


def owed(events: Sequence[Event], now: datetime, after: timedelta) -> list[Followed]:
    """The decisions whose outcome is to be written: so long after what was done about them, or else after they fell."""
    return [item for item in followed(events) if not item.outcome and now - (item.stood_at or item.decided_at) >= after]
