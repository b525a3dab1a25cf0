"""Baselines: a plan, numbered and locked in the journal, is what costs are held against until the next one is frozen.

An event ``baseline`` holds the plan's own text, so that neither the file nor anyone can change what was promised;
history stays. A plan that was never frozen is taken as its file stands.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.planning.drawn import TOTAL
from truecost.planning.projection import Estimate, draw
from truecost.store.journal import Event, Journal
from truecost.store.rows import Row
from truecost.workspace.plans import Plan
from truecost.workspace.workspace import Workspace


@dataclass(frozen=True)
class Baseline:
    """A frozen plan; ``planned`` is what it came to when it was frozen, ``is_file`` whether the file still says so."""

    model_id: str
    number: int
    frozen_at: datetime
    frozen_by: str
    reason: str
    sha256: str
    planned: Estimate
    is_file: bool


def freeze(workspace: Workspace, clock: Clock, model: str, reason: str, by: str) -> Baseline:
    """Number and lock the plan of ``model`` as it stands in its file.

    Raises:
        TruecostError: it has no plan, or the plan is the last baseline already.
    """
    plan = workspace.plans.get(model)
    if plan is None:
        raise TruecostError(f"{model} has no plan; name one with `plan` under [[models]]")
    text, before = _text_of(workspace, model), baselines(workspace, model)
    if before and before[-1].is_file:
        raise TruecostError(f"the plan of {model} is baseline {before[-1].number} already, and has not changed since")
    cost = draw(plan).estimate(TOTAL, plan.months)
    Journal(workspace.journal).append(
        "baseline",
        clock.now(),
        model,
        baseline=len(before) + 1,
        plan=text,
        sha256=_sha256(text),
        currency=plan.currency,
        budget=None if plan.budget is None else str(plan.budget),
        planned={name: str(amount) for name, amount in vars(cost).items()},
        reason=reason,
        by=by,
    )
    return baselines(workspace, model)[-1]


def baselines(workspace: Workspace, model: str | None = None, until: date | None = None) -> list[Baseline]:
    """The baselines of ``model``, or of all, oldest first; with ``until``, those frozen by the end of that day."""
    return [_baseline(workspace, event) for event in _events(workspace, model, until)]


def in_force(workspace: Workspace, today: date) -> dict[str, Plan]:
    """The plan that each model's costs are held against: its last baseline, or its file where there is none."""
    frozen = {event.model_id: event.data["plan"] for event in _events(workspace, None, today)}
    return {
        model: Plan.model_validate(tomllib.loads(frozen[model], parse_float=Decimal)) if model in frozen else plan
        for model, plan in workspace.plans.items()
    }


def plans_in_force(workspace: Workspace, today: date) -> list[Row]:
    """Rows of ``outlook.plans_in_force``: which baseline each plan is held by, and since when."""
    last = {event.model_id: event for event in _events(workspace, None, today)}
    return [
        {
            "model_id": model,
            "baseline": last[model].data["baseline"] if model in last else None,
            "frozen_at": last[model].happened_at.astimezone(UTC).replace(tzinfo=None) if model in last else None,
        }
        for model in workspace.plans
    ]


def _events(workspace: Workspace, model: str | None, until: date | None) -> Iterator[Event]:
    for event in Journal(workspace.journal).events():
        is_meant = event.kind == "baseline" and model in (None, event.model_id)
        if is_meant and (until is None or event.happened_at.date() <= until):
            yield event


def _baseline(workspace: Workspace, event: Event) -> Baseline:
    data: dict[str, Any] = event.data
    planned = Estimate(**{name: Decimal(amount) for name, amount in data["planned"].items()})
    is_file = event.model_id in workspace.plans and _sha256(_text_of(workspace, event.model_id)) == data["sha256"]
    return Baseline(
        event.model_id,
        data["baseline"],
        event.happened_at,
        data["by"],
        data["reason"],
        data["sha256"],
        planned,
        is_file,
    )


def _text_of(workspace: Workspace, model: str) -> str:
    file = next(item.plan for item in workspace.config.models if item.id == model)
    return (workspace.root / str(file)).read_bytes().decode("utf-8-sig")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
