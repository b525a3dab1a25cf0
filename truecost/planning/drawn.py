"""What was drawn: costs by stage and month, held as few parts, and laid out by draw and month where asked for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TOTAL = "total"
_BLOCK = 16_384  # draws: what is added up of them fits a processor's second cache


@dataclass(frozen=True)
class Part:
    """A cost by draw, how much of it falls in each month, and what each month multiplies it by.

    ``paths`` are arrays [months, draws], each with the month in which its first row applies.
    """

    cost: Floats
    shares: tuple[float, ...]
    paths: tuple[tuple[Floats, int], ...] = ()

    @property
    def pattern(self) -> tuple[object, ...]:
        """Parts of one pattern can be added up before they are laid out."""
        return self.shares, *((id(path), first) for path, first in self.paths)


@dataclass(frozen=True)
class Outcome:
    """A sum of costs: a certain part, and the sorted draws of the rest (empty where all is certain)."""

    certain: Fraction
    mean: Fraction
    sorted_draws: Floats

    def quantile(self, percent: int) -> Fraction:
        """Interpolated linearly between order statistics."""
        if not len(self.sorted_draws):
            return self.certain
        below, rest = divmod((len(self.sorted_draws) - 1) * percent, 100)
        at = Fraction(float(self.sorted_draws[below]))
        if rest == 0:
            return self.certain + at
        return self.certain + at + (Fraction(float(self.sorted_draws[below + 1])) - at) * rest / 100


@dataclass(frozen=True)
class Drawn:
    """The cost of a plan, draw by draw. ``certain``: by stage and month, exact. ``parts``: by stage, the rest.

    ``line_means`` and ``quantity_means``: the mean of each line's cost and quantity, before levels and events.
    """

    draws: int
    months: int
    certain: Mapping[str, tuple[Fraction, ...]]
    parts: Mapping[str, tuple[Part, ...]]
    line_means: Mapping[str, Fraction]
    quantity_means: Mapping[str, Fraction]
    _laid: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)
    _means: dict[str, tuple[Fraction, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def stages(self) -> list[str]:
        return list(self.certain)

    def cost(self, stage: str = TOTAL) -> Floats:
        """Cost by draw and month, [draws, months]: a view of an array of its own."""
        rows = lay_out(self._parts_of(stage), self.months, self.draws)
        for month in range(self.months):
            certain = float(sum((self.certain[s][month] for s in self._of(stage)), Fraction()))
            if certain:
                rows[month] += certain
        return rows.T

    def mean(self, stage: str, weights: Mapping[int, Fraction | int]) -> Fraction:
        """Exact over the draws, so that means add up."""
        parts = (self._means_of(s)[month] * weight for s in self._of(stage) for month, weight in weights.items())
        return sum(parts, Fraction())

    def outcome(self, stage: str, weights: Mapping[int, Fraction | int]) -> Outcome:
        """What a stage (or TOTAL) comes to in months, each times its weight."""
        import numpy as np

        held = weights.items()
        certain = sum((self.certain[s][m] * w for s in self._of(stage) for m, w in held), Fraction())
        mean = self.mean(stage, weights)
        if not self._parts_of(stage):
            return Outcome(certain, mean, np.zeros(0))
        rows, total = self._rows(stage), np.zeros(self.draws)
        for month, weight in sorted(held):
            if weight:
                total += rows[month] * float(weight)
        total.sort()
        return Outcome(certain, mean, total)

    def _of(self, stage: str) -> list[str]:
        return self.stages if stage == TOTAL else [stage]

    def _parts_of(self, stage: str) -> list[Part]:
        return [part for s in sorted(self._of(stage)) for part in self.parts.get(s, ())]

    def _rows(self, stage: str) -> Floats:
        if stage not in self._laid:
            self._laid[stage] = lay_out(self._parts_of(stage), self.months, self.draws)
        return self._laid[stage]

    def _means_of(self, stage: str) -> tuple[Fraction, ...]:
        if stage not in self._means:
            drawn = self._rows(stage) if self.parts.get(stage) else None
            self._means[stage] = tuple(
                held + (exact_mean(drawn[month]) if drawn is not None else 0)
                for month, held in enumerate(self.certain[stage])
            )
        return self._means[stage]


def exact_mean(drawn: Floats) -> Fraction:
    """The mean of the draws, rounded once."""
    return Fraction(float(drawn.sum())) / len(drawn)


def lay_out(parts: Iterable[Part], months: int, draws: int) -> Floats:
    """Parts added up by month, [months, draws]: first those of one pattern, then those with their last path in common.

    It goes through the draws in blocks that stay in the processor's cache.
    """
    import numpy as np

    rows, groups = np.empty((months, draws)), _by_level(added(parts))
    row, used = np.empty(_BLOCK), np.empty(_BLOCK)
    due = [[alike for group in groups if (alike := [part for part in group if part.shares[m]])] for m in range(months)]
    for month in range(months):
        if not due[month]:
            rows[month] = 0
    for start in range(0, draws, _BLOCK):
        block = slice(start, min(start + _BLOCK, draws))
        size = block.stop - start
        level: dict[Hashable, Floats] = {}
        for month in range(months):
            for place, alike in enumerate(due[month]):
                out = row[:size] if place else rows[month, block]
                _row(alike, month, block, out, used[:size], level)
                if place:
                    rows[month, block] += out
    return rows


def _row(
    due: Sequence[Part], month: int, block: slice, out: Floats, used: Floats, level: dict[Hashable, Floats]
) -> None:
    """What parts with the same last path come to in a month, over a block of the draws.

    ``level`` keeps what they come to before that path, which is the same in months of the same shares.
    """
    import numpy as np

    known = None
    if all(len(part.paths) <= 1 for part in due):
        known = tuple((id(part), part.shares[month]) for part in due)
    before = level.get(known) if known else None
    if before is None:
        before = np.empty_like(out) if known else out
        _multiply(due[0], month, block, before)
        for part in due[1:]:
            _multiply(part, month, block, used)
            before += used
        if known:
            level[known] = before
    for path, first in due[0].paths[-1:]:
        np.multiply(before, path[month - first, block], out=out)
    if not due[0].paths and before is not out:
        out[:] = before


def _multiply(part: Part, month: int, block: slice, out: Floats) -> None:
    """A part's cost in a month, but for its last path."""
    import numpy as np

    np.multiply(part.cost[block], part.shares[month], out=out)
    for path, first in part.paths[:-1]:
        out *= path[month - first, block]


def added(parts: Iterable[Part]) -> list[Part]:
    """One part a pattern, in order of first appearance."""
    held: dict[tuple[object, ...], Part] = {}
    for part in parts:
        known = held.get(part.pattern)
        held[part.pattern] = Part(known.cost + part.cost, part.shares, part.paths) if known else part
    return list(held.values())


def _by_level(parts: list[Part]) -> list[list[Part]]:
    """Parts that have their last path in common."""
    held: dict[tuple[object, ...], list[Part]] = {}
    for part in parts:
        held.setdefault(tuple((id(path), first) for path, first in part.paths[-1:]), []).append(part)
    return list(held.values())
