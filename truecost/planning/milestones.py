"""Milestones of the plans: what each is worth, how it is reached, and what people told of those that no record shows.

``sql/clock/reached.sql`` says which were reached and when; ``finance.earned_value`` adds them up.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.planning.baselines import in_force
from truecost.planning.drawn import TOTAL
from truecost.planning.projection import Trials
from truecost.store.journal import Event, Journal
from truecost.store.rows import Row
from truecost.workspace.plan_milestones import Milestone
from truecost.workspace.tomlfiles import suggestion
from truecost.workspace.workspace import Workspace

_CENT = Decimal("0.01")


def milestones(model: str, trials: Trials) -> list[Row]:
    """Rows of ``outlook.milestones``; none for a plan without."""
    return [_row(model, place, one, trials) for place, one in enumerate(trials.plan.milestones)]


def _row(model: str, place: int, one: Milestone, trials: Trials) -> Row:
    labels, score = one.labels, one.score
    return {
        "model_id": model,
        "milestone": one.name,
        "place": place,
        "stage": one.stage,
        "currency": trials.plan.currency,
        "value": worth(one, trials),
        "planned_on": one.planned,
        "way": one.way,
        "needed": float(labels.count) if labels else score.score if score else None,
        "source": labels.source if labels else None,
        "unit": labels.unit if labels else None,
        "task": score.task if score else None,
        "metric": score.metric if score else None,
        "gate": one.gate,
    }


def worth(one: Milestone, trials: Trials) -> Decimal:
    """Its value, or its share of the stage's planned mean, or of the plan's budget (its mean where it names none)."""
    if one.value is not None:
        return one.value
    assert one.share is not None  # a plan with neither is refused
    if one.stage is None and trials.plan.budget is not None:
        whole = trials.plan.budget
    else:
        whole = trials.estimate(one.stage or TOTAL, trials.plan.months).mean
    return (whole * one.share).quantize(_CENT)


def reports(workspace: Workspace, today: date) -> list[Row]:
    """Rows of ``outlook.milestone_reports``: what was told by the end of the day."""
    return [
        {
            "event_id": event.event_id,
            "model_id": event.model_id,
            "milestone": event.data["milestone"],
            "reached_on": date.fromisoformat(event.data["on"]),
            "amount": event.data["count"],
            "evidence": event.data["evidence"],
            "told_by": event.data["by"],
            "is_withdrawn": event.data["is_withdrawn"],
        }
        for event in _told(workspace)
        if event.happened_at.date() <= today
    ]


def report(
    workspace: Workspace,
    clock: Clock,
    model: str,
    name: str,
    on: date,
    evidence: str,
    by: str,
    count: int | None = None,
    is_withdrawn: bool = False,
) -> Event:
    """Keep in the journal that a milestone's gate was passed, or how many labels were accepted by a day.

    A later word on the same milestone takes the place of an earlier one: of a gate, whatever it said; of labels, on the
    same day.

    Raises:
        TruecostError: the plan in force has no such milestone, records speak for it, or what is told can't be.
    """
    one = _milestone(workspace, clock, model, name)
    if one.score is not None or (one.labels is not None and one.labels.source is not None):
        what = "eval scores" if one.score else f"the lines of {one.labels.source}" if one.labels else ""
        raise TruecostError(f"whether {name!r} is reached is told by {what}, and by nobody else")
    if one.labels is not None and count is None and not is_withdrawn:
        raise TruecostError(f"say with --count how many labels of {name!r} were accepted by {on}")
    if one.gate is not None and count is not None:
        raise TruecostError(f"{name!r} is a gate: it is passed or not; leave --count out")
    if count is not None and count < 0:
        raise TruecostError("--count is how many labels were accepted in all: 0 or more")
    if on > clock.today():
        raise TruecostError(f"{on} is yet to come: tell it once it has")
    if not evidence.strip() or not by.strip():
        raise TruecostError("say where it is to be seen with --evidence and who tells it with --by: both are kept")
    return Journal(workspace.journal).append(
        "milestone",
        clock.now(),
        model,
        milestone=name,
        on=on.isoformat(),
        count=count,
        evidence=evidence.strip(),
        by=by.strip(),
        is_withdrawn=is_withdrawn,
    )


def _milestone(workspace: Workspace, clock: Clock, model: str, name: str) -> Milestone:
    plan = in_force(workspace, clock.today()).get(model)
    if plan is None:
        raise TruecostError(f"{model} has no plan; name one with `plan` under [[models]]")
    held = {one.name: one for one in plan.milestones}
    if name not in held:
        listed = f"they are {', '.join(held)}" if held else "it has none: docs/forecast.md says how to write them"
        raise TruecostError(f"the plan of {model} has no milestone {name!r}; {suggestion(name, set(held), listed)}")
    return held[name]


def _told(workspace: Workspace) -> Iterator[Event]:
    return (event for event in Journal(workspace.journal).events() if event.kind == "milestone")
