"""Whether to begin: the options side by side, the conditions and gates with their evidence -> a verdict, and why.

Pure. Conditions and gates are the source's (docs/facts.md): F23 and F24 volume, F25 reasons for, F26 reasons against,
F29 the order of work, F31 the wrong layer. What nobody has told is unknown, never assumed; a gate without evidence is
a reason to wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from truecost.planning.break_even import BreakEven

Answer = Literal["yes", "no", "unknown"]
Word = Literal["prompt", "retrieve", "fine_tune_managed", "fine_tune_lora", "fine_tune_full", "wait"]
BASE = ("prompt", "retrieval")
_WORDS: dict[str, Word] = {
    "prompt": "prompt",
    "retrieval": "retrieve",
    "managed": "fine_tune_managed",
    "lora": "fine_tune_lora",
    "qlora": "fine_tune_lora",
    "full": "fine_tune_full",
}


@dataclass(frozen=True)
class Condition:
    """A reason for fine-tuning (``speaks`` "for") or against it, whether it holds here, and what says so.

    ``decides``: where it holds, fine-tuning is not asked to save money.
    """

    fact: str
    text: str
    speaks: Literal["for", "against"]
    answer: Answer
    evidence: str
    decides: bool = False


@dataclass(frozen=True)
class Gate:
    """A step of the order of work, whether it was taken, and the evidence; without any, what to do."""

    number: int
    text: str
    answer: Answer
    evidence: str
    to_do: str


@dataclass(frozen=True)
class Quality:
    """The share of answers that are accepted, 0 to 1; assumed where no eval has told it."""

    accepted: float
    is_assumed: bool
    evidence: str


@dataclass(frozen=True)
class Option:
    """A way of serving the same traffic over the horizon: its cost, against prompting, and what it answers.

    Costs are in the currency of the plan; ``break_even`` is None of prompting itself. ``why_not`` says why it can't be
    had (it does not fit the GPU, say); None where it can.
    """

    name: str
    cost_mean: float
    cost_p10: float
    cost_p50: float
    cost_p90: float
    break_even: BreakEven | None
    quality: Quality | None
    requests: float
    why_not: str | None = None

    @property
    def is_tuned(self) -> bool:
        return self.name not in BASE

    @property
    def cost_per_accepted(self) -> float | None:
        """Mean cost by accepted answer, where quality is known or assumed."""
        if self.quality is None or not self.quality.accepted or not self.requests:
            return None
        return self.cost_mean / (self.requests * self.quality.accepted)


@dataclass(frozen=True)
class Verdict:
    """What to do, why, and what has to be shown first; ``option`` is the one that the word means."""

    word: Word
    option: str
    reasons: tuple[str, ...]
    waits_for: tuple[str, ...]


def decide(
    options: Sequence[Option],
    conditions: Sequence[Condition],
    gates: Sequence[Gate],
    *,
    lacks_knowledge: Answer,
    sureness: float,
) -> Verdict:
    """The verdict on options that serve the same traffic.

    ``lacks_knowledge``: whether what prompting gets wrong is for want of knowledge (F31). ``sureness``: the share of
    draws in which fine-tuning has to have paid by the end of the horizon.

    Raises:
        ValueError: prompting is not among the options.
    """
    held = {option.name: option for option in options}
    if "prompt" not in held:
        raise ValueError("every way is held against prompting, and no option is `prompt`")
    base, base_reason = _base(held, lacks_knowledge)
    tuned, reasons = _tuned(options, conditions, sureness)
    open_gates = [gate for gate in gates if gate.answer != "yes"]
    if lacks_knowledge == "yes":
        return _first(base, [base_reason], _needed(open_gates, up_to=1))
    if tuned is None:
        return _first(base, [*reasons, base_reason], _needed(open_gates, up_to=1))
    if open_gates:
        waits = tuple(f"{gate.text}: {gate.evidence}; {gate.to_do}" for gate in open_gates)
        return Verdict("wait", tuned.name, tuple(reasons), waits)
    return Verdict(_WORDS[tuned.name], tuned.name, tuple(reasons), ())


def _first(option: Option, reasons: Sequence[str], waits: tuple[str, ...]) -> Verdict:
    """A way without fine-tuning; what has to be shown for that one too comes first."""
    if waits:
        return Verdict("wait", option.name, tuple(reasons), waits)
    return Verdict(_WORDS[option.name], option.name, tuple(reasons), ())


def _needed(open_gates: Sequence[Gate], up_to: int) -> tuple[str, ...]:
    return tuple(f"{gate.text}: {gate.evidence}; {gate.to_do}" for gate in open_gates if gate.number <= up_to)


def _base(held: dict[str, Option], lacks_knowledge: Answer) -> tuple[Option, str]:
    """The way without fine-tuning, and why that one."""
    prompt, retrieval = held["prompt"], held.get("retrieval")
    if retrieval is None:
        return prompt, "prompting is the only way beside fine-tuning that the plan has"
    if lacks_knowledge == "yes":
        return (
            retrieval,
            "what is missing is knowledge: retrieval's job; fine-tuning on it teaches confident errors (F31)",
        )
    ours, theirs = prompt.cost_per_accepted, retrieval.cost_per_accepted
    if ours is not None and theirs is not None and theirs < ours:
        return retrieval, f"by accepted answer retrieval costs {theirs:.4f} and prompting {ours:.4f}"
    if ours is not None and theirs is not None:
        return prompt, f"by accepted answer prompting costs {ours:.4f} and retrieval {theirs:.4f}"
    return prompt, "without scores of both, the one that costs less comes first"


def _tuned(
    options: Sequence[Option], conditions: Sequence[Condition], sureness: float
) -> tuple[Option | None, list[str]]:
    """The fine-tuned way that is worth it, and why; None with why none is."""
    possible = [option for option in options if option.is_tuned and option.why_not is None]
    if not possible:
        others = [f"{option.name}: {option.why_not}" for option in options if option.is_tuned]
        return None, others or ["no option is fine-tuned"]
    against = [item for item in conditions if item.speaks == "against" and item.answer == "yes"]
    deciding = [item for item in conditions if item.decides and item.answer == "yes"]
    best = min(possible, key=_worth)
    if deciding:
        return best, [f"{item.text} ({item.fact}): {item.evidence}" for item in deciding] + [_paid(best)]
    paying = [option for option in possible if option.break_even and option.break_even.pays_within >= sureness]
    if not paying:
        surest = max(possible, key=lambda option: option.break_even.pays_within if option.break_even else 0.0)
        told = [f"{_paid(surest)}; {sureness:.0%} are asked for"]
        return None, [*told, *(f"{item.text} ({item.fact}): {item.evidence}" for item in against)]
    best = min(paying, key=_worth)
    return best, [_paid(best), *(f"but {item.text} ({item.fact}): {item.evidence}" for item in against)]


def _worth(option: Option) -> float:
    """What is least of the best: cost by accepted answer, or cost by request where nothing is known of answers."""
    cost = option.cost_per_accepted
    return cost if cost is not None else option.cost_mean / max(option.requests, 1.0)


def _paid(option: Option) -> str:
    held = option.break_even
    if held is None:
        return f"{option.name} is not held against prompting"
    when = f"in month {held.month_p50}" if held.month_p50 else "not within the horizon"
    return (
        f"{option.name} has paid for itself by the end of the horizon in {held.pays_within:.0%} of the draws, "
        f"half of them {when}"
    )
