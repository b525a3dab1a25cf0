"""What a re-evaluation comes to: hold, re-evaluate further, or retrain, by expected cost. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from truecost.alerts.states import DRIFT, OVERSPEND

if TYPE_CHECKING:
    from truecost.decisions.weighing import Weighed

Verdict = Literal["hold", "re_evaluate", "retrain"]
Outcome = Literal["scored", "no_score", "failed", "timed_out", "not_configured", "over_budget"]


@dataclass(frozen=True)
class Score:
    """A score since the re-evaluation was opened.

    ``fall`` is how far it is below the deployed baseline, ``allowed`` how much of that is within the errors of the two,
    in the score's own unit; None where it is not known.
    """

    feature: str
    score: float
    fall: float | None
    allowed: float | None


@dataclass(frozen=True)
class Price:
    """What the two ways cost, in ``currency``, and how each was reckoned, in words; None where it is not known.

    ``missing`` says what is not known of them; with ``is_at_least`` a retraining costs at least what is told.
    """

    currency: str
    staleness_cost: Decimal | None = None
    retrain_cost: Decimal | None = None
    staleness_reason: str = ""
    retrain_reason: str = ""
    missing: tuple[str, ...] = ()
    is_at_least: bool = False

    @property
    def lacks(self) -> tuple[str, ...]:
        """What a retraining can't be decided without."""
        unknown = (
            "what staying costs is not known" if self.staleness_cost is None else "",
            "what a retraining costs is not known" if self.retrain_cost is None else "",
        )
        return self.missing or tuple(filter(None, unknown))


@dataclass(frozen=True)
class Evidence:
    """What a decision rests on. ``alerts`` are the messages of the rules in ``ALERT``, by rule; ``weighed`` what all
    scores since the baseline come to, and ``beside`` what is told beside it: break-even, what would flip it.
    """

    outcome: Outcome
    outcome_reason: str
    price: Price
    scores: Sequence[Score] = ()
    alerts: dict[str, str] = field(default_factory=dict)
    weighed: Weighed | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    verdict: Verdict
    reasons: tuple[str, ...]


def decide(evidence: Evidence, retrain_drop: float) -> Decision:
    """The verdict, and why, with the numbers it rests on.

    Args:
        evidence: what is known now.
        retrain_drop: a fall smaller than this, in the score's own unit, is not worth a retraining.
    """
    if evidence.outcome != "scored":
        return Decision("re_evaluate", (evidence.outcome_reason, *_background(evidence)))
    judged = [item for item in evidence.scores if item.fall is not None]
    fallen = worst_fall(evidence.scores)
    if fallen is not None and _fall(fallen) >= retrain_drop:
        return _weighed(evidence, fallen)
    unsure = [item for item in judged if item.allowed is None and _fall(item) >= retrain_drop]
    if unsure or not judged:
        reasons = tuple(f"{_told(item)}, and what error that has is not known" for item in unsure)
        without = "no new score has an earlier one to be held against"
        return Decision("re_evaluate", (*(reasons or (without,)), *_background(evidence)))
    if fallen is not None:
        small = f"that is less than the {retrain_drop:g} that is worth a retraining ([drift] retrain_drop)"
        return Decision("hold", (_beyond(fallen), small, *_background(evidence)))
    worst = max(judged, key=_fall)
    if _is_clear(evidence) and _fall(worst) >= retrain_drop:
        return _weighed(evidence, worst)
    held = f"{_told(worst)}, within its error of {worst.allowed:.3f}" if _fall(worst) > 0 else _told(worst)
    return Decision("hold", (held, *_healthy(evidence), *_background(evidence)))


def worst_fall(scores: Sequence[Score]) -> Score | None:
    """The score that fell furthest of those that fell beyond their error."""
    known = [item for item in scores if item.fall is not None and item.allowed is not None]
    return max((item for item in known if _fall(item) > (item.allowed or 0.0)), key=_fall, default=None)


def _is_clear(evidence: Evidence) -> bool:
    """Whether all scores together show what the newest alone does not."""
    return evidence.weighed is not None and evidence.weighed.pays and evidence.weighed.is_sure


def _weighed(evidence: Evidence, fallen: Score) -> Decision:
    """What is done about a fall that matters. No price, no retraining: then someone has to look."""
    price = evidence.price
    known = [reason for reason in (price.staleness_reason, price.retrain_reason) if reason]
    told = (_beyond(fallen) if _fall(fallen) > (fallen.allowed or 0.0) else _told(fallen), *known)
    staleness, retrain = price.staleness_cost, price.retrain_cost
    if staleness is None or retrain is None or (price.missing and not price.is_at_least):
        return Decision("re_evaluate", (*told, *price.lacks, *_background(evidence)))
    after = (*evidence.beside, *_background(evidence))
    if not _pays(evidence, staleness, retrain):
        return Decision("hold", (*told, _why_not(evidence, retrain), *after))
    if price.is_at_least:
        more = "what it costs in full is not known, so whether it pays is not either"
        return Decision("re_evaluate", (*told, *price.missing, more, *after))
    weighed = evidence.weighed
    if weighed is not None and not weighed.is_sure:
        unsure = f"the chance that nothing has fallen that is worth mending is {weighed.in_vain:.1%}: score it again"
        return Decision("re_evaluate", (*told, unsure, *after))
    return Decision("retrain", (*told, "within the horizon, a retraining saves at least what it costs", *after))


def _pays(evidence: Evidence, staleness: Decimal, retrain: Decimal) -> bool:
    return staleness >= retrain if evidence.weighed is None else evidence.weighed.pays


def _why_not(evidence: Evidence, retrain: Decimal) -> str:
    weighed = evidence.weighed
    if weighed is not None and weighed.mended >= float(retrain):
        return "a retraining would save what it costs, and later more than now: the fall may pass, or go on"
    return "a retraining would cost more than it saves within the horizon"


def _healthy(evidence: Evidence) -> tuple[str, ...]:
    if set(evidence.alerts) == {OVERSPEND}:
        return ("the matter is money, not quality: a retraining would not mend it",)
    if DRIFT in evidence.alerts:
        return ("production has changed, and the model answers it as well as before",)
    return ()


def _background(evidence: Evidence) -> tuple[str, ...]:
    return tuple(evidence.alerts.values())


def _told(item: Score) -> str:
    fall = _fall(item)
    if fall > 0:
        return f"{item.feature} fell by {fall:.3f} to {item.score:.3f}"
    beside = f"{-fall:.3f} better than" if fall else "the same as"
    return f"{item.feature} is {item.score:.3f}, {beside} the baseline"


def _beyond(item: Score) -> str:
    return f"{_told(item)}, beyond its error of {item.allowed:.3f}"


def _fall(item: Score) -> float:
    return item.fall if item.fall is not None else 0.0
