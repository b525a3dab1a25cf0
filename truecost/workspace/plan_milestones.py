"""``[[milestones]]`` of a plan: work that is done, or is not, and what it is worth; time that passed is none.

What each is worth in money, and whether it was reached, is told in ``truecost.planning.milestones``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from truecost.errors import Fault
from truecost.workspace.config import Money
from truecost.workspace.plan_figures import Section
from truecost.workspace.tomlfiles import TomlLines

Stage = Literal["data_curation", "training", "failed_experiments", "evaluation", "serving", "maintenance"]
Said = Annotated[str, Field(min_length=1)]
Way = Literal["labels", "score", "gate"]
WAYS: tuple[Way, ...] = get_args(Way)


class Labels(Section):
    """Labels that are accepted: counted by the lines of a source, or told as a figure with its date."""

    count: Annotated[int, Field(ge=1)] = Field(description="How many have to be accepted.")
    source: Said | None = Field(
        default=None,
        description="The source whose lines for this model count them, by `consumed_quantity`, at the end of their "
        "service period; left out, they are told: `truecost plan reached --count`.",
    )
    unit: Said | None = Field(
        default=None, description="Only lines of this `consumed_unit` count; left out, all of the source do."
    )


class Score(Section):
    """A score that an evaluation has to reach."""

    task: Said = Field(description="The task, as `finance.eval_scores` has it.")
    metric: Said = Field(description="The metric, likewise.")
    score: Annotated[float, Field(allow_inf_nan=False)] = Field(
        description="What it has to reach: at least, or at most where less is better."
    )


class Milestone(Section):
    """``[[milestones]]``: work of a plan that is worth its value once it is reached, and nothing before.

    It is reached by one of ``labels``, ``score`` and ``gate``, and worth a ``value`` or a ``share``.
    """

    name: Said = Field(description="What it is; each milestone of a plan has its own name.")
    planned: date = Field(description="The day it is to be reached, within the plan.")
    stage: Stage | None = Field(
        default=None,
        description="The stage whose work it stands for, and whose cost it is held against; left out, the whole plan.",
    )
    value: Money | None = Field(default=None, description="What it is worth, in the plan's currency.")
    share: Annotated[Decimal, Field(gt=0, le=1, max_digits=24, decimal_places=12)] | None = Field(
        default=None, description="In place of `value`: its part of the stage's planned mean, or of the plan's budget."
    )
    labels: Labels | None = Field(default=None)
    score: Score | None = Field(default=None)
    gate: Said | None = Field(
        default=None,
        description="What has to be passed; that it was, when, and where that is to be seen, is told: `truecost plan "
        "reached`.",
    )

    @property
    def way(self) -> Way:
        """How it is reached."""
        return next(way for way in WAYS if getattr(self, way) is not None)


def milestone_faults(
    milestones: list[tuple[int, Milestone]], first: date | None, end: date | None, file: str, lines: TomlLines
) -> Iterator[Fault]:
    """What is wrong between sound milestones, each with its place; the plan is from ``first`` to before ``end``."""
    names: set[str] = set()
    for index, milestone in milestones:
        at = lines.find(("milestones", index))
        if milestone.name in names:
            yield Fault(file, at, f"two milestones are called {milestone.name!r}", "rename one: it is told by its name")
        names.add(milestone.name)
        if (milestone.value is None) == (milestone.share is None):
            yield Fault(file, at, f"{milestone.name!r} needs either a value or a share", "say what it is worth")
        if sum(getattr(milestone, way) is not None for way in WAYS) != 1:
            remedy = "give one of `labels`, `score` and `gate`"
            yield Fault(file, at, f"{milestone.name!r} needs one way to be reached", remedy)
        if first and end and not first <= milestone.planned < end:
            where = lines.find(("milestones", index, "planned"))
            message = f"{milestone.name!r} is planned for {milestone.planned}, outside the plan"
            yield Fault(file, where, message, "correct `planned`, or first_month and last_month")
    yield from _share_faults(milestones, file, lines)


def _share_faults(milestones: list[tuple[int, Milestone]], file: str, lines: TomlLines) -> Iterator[Fault]:
    """Shares of one whole that come to more than it."""
    so_far: dict[str | None, Decimal] = {}
    for index, milestone in milestones:
        before = so_far.get(milestone.stage, Decimal(0))
        so_far[milestone.stage] = before + (milestone.share or 0)
        if before <= 1 < so_far[milestone.stage]:
            whole = milestone.stage or "the plan"
            message = (
                f"up to {milestone.name!r} the shares of {whole} come to {so_far[milestone.stage]}, more than all of it"
            )
            yield Fault(file, lines.find(("milestones", index, "share")), message, "let them come to 1")


def milestone_doubts(parsed: dict[str, Any], file: str, lines: TomlLines) -> Iterator[Fault]:
    """Shares of one whole that come to less than it: its cost is held against a part of its worth."""
    found = parsed.get("milestones")
    by_whole: dict[object, list[Decimal | None]] = {}
    for item in found if isinstance(found, list) else []:
        if isinstance(item, dict):
            share = item.get("share")
            told = Decimal(share) if isinstance(share, int | Decimal) and not isinstance(share, bool) else None
            by_whole.setdefault(item.get("stage"), []).append(told)
    for whole, shares in by_whole.items():
        told_shares = [share for share in shares if share is not None]
        if len(told_shares) == len(shares) and sum(told_shares) < 1:
            message = f"the milestones of {whole or 'the plan'} come to {sum(told_shares)} of it"
            remedy = "all of its cost is held against them: name one for the rest, or the cost index is too low"
            yield Fault(file, lines.find(("milestones",)), message, remedy)
