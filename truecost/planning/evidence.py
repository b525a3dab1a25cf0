"""What a plan's ``[decision]`` and the workspace tell of the conditions (F23 to F26) and of the order of work (F29).

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from truecost.planning.verdict import Answer, Condition, Gate, Quality
from truecost.workspace.plan_decision import DecisionSection, Scored

PAYS_FROM = 50_000
"""Requests a day from which shorter prompts pay (F23)."""
TOO_FEW = 10_000
"""Requests a day below which the saving does not appear (F24)."""
FEWEST_EXAMPLES = 500
"""The smallest useful data set (F4)."""

_NEEDS = {
    "behaviour": "the behaviour can't be described in a prompt",
    "consistency": "answers have to be consistent",
    "latency": "answers have to come faster than a prompted model gives them",
    "privacy": "no data may leave",
}


@dataclass(frozen=True)
class OwnRecord:
    """What the workspace tells of a model by itself.

    ``requests_a_day``: of the last 28 days of its log, or where it has none, the plan's; ``is_logged`` says which.
    ``pipeline`` and ``lacks``: which parts of a retraining pipeline the workspace has, and which not, in words.
    """

    requests_a_day: float
    is_logged: bool
    pipeline: tuple[str, ...]
    lacks: tuple[str, ...]


def conditions(told: DecisionSection, known: OwnRecord) -> list[Condition]:
    """The reasons for (F23, F25) and against (F24, F26), each with what says so."""
    held = [*_volume(known)]
    for need, text in _NEEDS.items():
        answer: Answer = "unknown" if told.needs is None else "yes" if need in told.needs else "no"
        said = "`needs` of [decision] is left out" if told.needs is None else told.needs_because or "[decision] says so"
        held.append(Condition("F25", text, "for", answer, said, decides=True))
    held += [
        _against(told.changes_fast, "changes_fast", "the use case changes faster than it can be retrained"),
        _against(told.errors_tolerable, "errors_tolerable", "wrong answers are tolerable"),
    ]
    measured = told.baseline is not None
    evidence = told.baseline.evidence if told.baseline else "no baseline under [decision]"
    return [
        *held,
        Condition("F26", "there is no prompt baseline yet", "against", "no" if measured else "yes", evidence),
    ]


def _volume(known: OwnRecord) -> list[Condition]:
    where = "the request log's last 28 days" if known.is_logged else "the plan; validate it first (F28)"
    said = f"{known.requests_a_day:,.0f} requests a day, by {where}"
    return [
        Condition(
            "F23",
            f"the volume is one that pays, {PAYS_FROM:,} requests a day and more",
            "for",
            "yes" if known.requests_a_day >= PAYS_FROM else "no",
            said,
        ),
        Condition(
            "F24",
            f"the volume is too little, under {TOO_FEW:,} requests a day",
            "against",
            "yes" if known.requests_a_day < TOO_FEW else "no",
            said,
        ),
    ]


def _against(told: bool | None, key: str, text: str) -> Condition:
    answer: Answer = "unknown" if told is None else "yes" if told else "no"
    said = f"`{key}` of [decision] {'is left out' if told is None else 'says so'}"
    return Condition("F26", text, "against", answer, said)


def gates(told: DecisionSection, known: OwnRecord) -> list[Gate]:
    """The order of work (F29), each step with its evidence or what to do."""
    return [
        _scored(
            *(1, "the prompt's baseline is measured", told.baseline),
            "measure it by automated evals on production data (2 to 4 weeks), and write it as `baseline`",
        ),
        _scored(
            *(2, "retrieval was tried", told.retrieval_trial),
            "try it on the same evals, and write its score as `retrieval_trial`",
        ),
        _examples(told),
        Gate(
            4,
            "a small model was fine-tuned by LoRA first",
            "yes" if told.small_model else "unknown",
            told.small_model.evidence if told.small_model else "nothing is told of one",
            "tune a small one, and write what it came to as `small_model`",
        ),
        _pipeline(told, known),
    ]


def _scored(number: int, text: str, scored: Scored | None, to_do: str) -> Gate:
    if scored is None:
        return Gate(number, text, "unknown", "no score is told", to_do)
    return Gate(number, text, "yes", f"{scored.accepted:.0%} accepted ({scored.evidence})", to_do)


def _examples(told: DecisionSection) -> Gate:
    text, to_do = "examples from production's failures are there", f"collect {FEWEST_EXAMPLES} and more (F4)"
    if told.examples is None:
        return Gate(3, text, "unknown", "no number is told", to_do)
    said = f"{told.examples.count:,} examples ({told.examples.evidence})"
    return Gate(3, text, "yes" if told.examples.count >= FEWEST_EXAMPLES else "no", said, to_do)


def _pipeline(told: DecisionSection, known: OwnRecord) -> Gate:
    text, to_do = "the retraining pipeline is there", "build it before it is needed"
    if told.pipeline:
        return Gate(5, text, "yes", told.pipeline.evidence, to_do)
    if known.lacks:
        return Gate(5, text, "no", f"the workspace has no {' and no '.join(known.lacks)}", to_do)
    return Gate(5, text, "yes", f"the workspace has {', '.join(known.pipeline)}", to_do)


def quality(option: str, told: DecisionSection) -> Quality | None:
    """The share of an option's answers that is accepted: measured, or assumed, or not known.

    What was measured of a prompt, of retrieval and of a small model counts for these; any other option's is assumed.
    """
    measured = {"prompt": told.baseline, "retrieval": told.retrieval_trial}.get(option)
    if measured is not None:
        return Quality(measured.accepted, False, measured.evidence)
    if option in told.accepted:
        return Quality(told.accepted[option], True, "`accepted` of [decision]")
    return None


def lacks_knowledge(told: DecisionSection) -> Answer:
    """Whether what prompting gets wrong is for want of knowledge (F31)."""
    return "unknown" if told.lacks is None else "yes" if told.lacks == "knowledge" else "no"
