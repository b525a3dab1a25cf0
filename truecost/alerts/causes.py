"""Many faults as one line: how many, by cause, and the first of them by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_NAMED = 3  # so many causes are told apart
_LINE = re.compile(r"\bline \d+")
_DETAIL = re.compile(r"\s*\([^()]*\)")  # what differs from file to file


def cause_of(reason: str) -> str:
    """What a reason says without its details and its remedy: the same for files that fail alike."""
    told = _LINE.sub("a line", reason.partition(";")[0])
    return _DETAIL.sub("", told).strip().rstrip(".")


def told_by_cause(one: str, many: str, faults: Sequence[tuple[str, str]]) -> str:
    """``11 files refused: 9 because the compressed file is cut, 2 because ...; first: inbox/a.gz``; of none, nothing.

    ``faults`` are names with their reasons; one without a reason is only counted.
    """
    if not faults:
        return ""
    counted = Counter(cause for _, reason in faults if (cause := cause_of(reason))).most_common()
    causes = [f"{number:,} because {cause}" for cause, number in counted[:_NAMED]]
    others = sum(number for _, number in counted[_NAMED:])
    causes += [f"{others:,} for other reasons"] if others else []
    if len(faults) == 1:
        (name, reason), *_ = faults
        return f"1 {one}: {name}" + (f" ({cause_of(reason)})" if cause_of(reason) else "")
    told = f": {', '.join(causes)}" if causes else ""
    return f"{len(faults):,} {many}{told}; first: {faults[0][0]}"
