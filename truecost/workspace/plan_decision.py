"""``[decision]`` of a plan: what is known, and what was shown, of whether to fine-tune at all.

Nothing here is assumed where it is left out: it is then unknown, and asked for (docs/decide.md).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from truecost.workspace.plan_figures import Section

Said = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Need = Literal["behaviour", "consistency", "latency", "privacy"]


class Shown(Section):
    """Something that was done, and where it is to be seen."""

    evidence: Said = Field(description="Where it is to be seen: a file, a dashboard, a decision's name.")


class Scored(Shown):
    """Something that was measured."""

    accepted: Share = Field(description="The share of answers that were accepted, from 0 to 1.")


class Collected(Shown):
    """Examples that were collected."""

    count: Annotated[int, Field(ge=0)] = Field(description="How many there are, from production's failures.")


class Retrained(Shown):
    """A small model that was fine-tuned first."""

    accepted: Share | None = Field(default=None, description="The share of its answers that were accepted.")


class DecisionSection(Section):
    """``[decision]``: what `truecost decide` weighs beside cost; what is left out is unknown."""

    sureness: Share = Field(
        default=0.8, description="In how many of the draws it has to have paid for itself by the end of the plan."
    )
    needs: Annotated[list[Need], Field(max_length=4)] | None = Field(
        default=None,
        description="What prompting can't give, for which fine-tuning need not save money (F25); `[]` where there is "
        "nothing of the kind.",
    )
    needs_because: Said | None = Field(default=None, description="What shows these needs.")
    lacks: Literal["knowledge", "behaviour"] | None = Field(
        default=None,
        description="What a prompt's wrong answers are for want of: `knowledge` is retrieval's job (F31).",
    )
    changes_fast: bool | None = Field(
        default=None, description="Whether the use case changes faster than it can be retrained (F26)."
    )
    errors_tolerable: bool | None = Field(
        default=None, description="Whether wrong answers cost so little that prompting will do (F26)."
    )
    baseline: Scored | None = Field(
        default=None, description="The prompt's own score, on production data by automated evals (F29, step 1)."
    )
    retrieval_trial: Scored | None = Field(default=None, description="The score with retrieval (F29, step 2).")
    examples: Collected | None = Field(
        default=None, description="Examples from production's failures (F29, step 3; F4: 500 at least)."
    )
    small_model: Retrained | None = Field(default=None, description="LoRA on a small model, tried first (F29, step 4).")
    pipeline: Shown | None = Field(
        default=None,
        description="The retraining pipeline: data, evals, versions, A/B tests (F29, step 5); left out, it is there "
        "where the model has an `evaluate` command, a request log and eval scores.",
    )
    accepted: dict[str, Share] = Field(
        default={},
        description="By option, the share of answers that is expected to be accepted; of an option that is named here "
        "and has no score, it is told as assumed.",
    )
