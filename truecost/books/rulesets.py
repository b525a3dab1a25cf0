"""Which attribution rules are for which charge: today's, or those that a close froze.

What a close saw keeps the rules frozen with it, for good. What came later of a closed quarter is claimed by those rules
first; where none of them matches, by those of the next close, and so on to today's: money that came late is nobody's
only where no rule claims it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from truecost.archive.closes import Close
from truecost.workspace.config import AttributionSection
from truecost.workspace.lookups import Lookup


@dataclass(frozen=True)
class RuleSet:
    """Rules in force together, numbered after ``first``: today's; or those frozen with ``quarters``, today's no longer.

    They are for what began before ``until`` (None: on any day), less what an earlier close saw: what began before the
    day of ``settled`` and came with a delivery up to its number.
    """

    rules: Sequence[AttributionSection]
    lookups: Mapping[str, Lookup]
    first: int = 0
    quarters: tuple[str, ...] = ()
    until: date | None = None
    settled: tuple[date, int] | None = None

    @property
    def numbered(self) -> Iterator[tuple[int, AttributionSection]]:
        """Each rule with its number."""
        return enumerate(self.rules, start=self.first + 1)

    def is_for(self, began: datetime, delivery_id: int) -> bool:
        """Whether the rules are for a charge."""
        if self.settled and began.date() < self.settled[0] and delivery_id <= self.settled[1]:
            return False
        return self.until is None or began.date() < self.until


def rule_sets(
    closes: Iterable[tuple[Close, int]], rules: Sequence[AttributionSection], lookups: Mapping[str, Lookup]
) -> list[RuleSet]:
    """The rules of each close, oldest first, and today's last: in this order, the first match claims a charge.

    Each close comes with the last delivery it saw. Closes that follow one another with the same rules are one set, and
    the last of them is one with today's where it has those.
    """
    sets: list[RuleSet] = []
    settled: tuple[date, int] | None = None
    number = len(rules)
    for close, last_delivery_id in closes:
        is_todays = (close.rules, close.lookups) == (rules, lookups)
        if sets and (close.rules, close.lookups) == (sets[-1].rules, sets[-1].lookups):
            quarters = () if is_todays else (*sets[-1].quarters, close.quarter)
            sets[-1] = replace(sets[-1], until=close.end, quarters=quarters)
        elif is_todays:
            sets.append(RuleSet(rules, lookups, 0, (), close.end, settled))
        else:
            sets.append(RuleSet(close.rules, close.lookups, number, (close.quarter,), close.end, settled))
            number += len(close.rules)
        settled = (close.end, last_delivery_id)
    if sets and not sets[-1].quarters:
        return [*sets[:-1], replace(sets[-1], until=None)]
    return [*sets, RuleSet(rules, lookups, settled=settled)]
