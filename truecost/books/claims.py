"""Who speaks for a slot: every claim of every delivery is current, superseded, a duplicate, held or rejected. Pure.

A set takes the place of its speaker's earlier one only where it loses nothing of it, or where someone accepted that: a
speaker is a file or folder that comes again, the runs of one export, or a source that restates its periods. Between
speakers the first to claim a slot holds it, until another is accepted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Literal

Status = Literal["current", "superseded", "duplicate", "held", "rejected"]
Decision = Literal["accept", "reject"]
Amounts = Mapping[tuple[str, str], Decimal]  # by money column and currency
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class Day:
    """What a set says of one day: how many rows, and their amounts."""

    rows: int = 0
    amounts: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)


Totals = Mapping[date | None, Day]


@dataclass(frozen=True)
class Claim:
    """A slot that a delivery speaks for. ``unit`` is what is replaced at once: a period, or the slot alone.

    ``order`` tells which of a speaker's sets is newer. ``covers`` are the days that a run of an export says it is of.
    ``ruling`` is the last decision on it, with its number in the journal.
    """

    delivery_id: int
    slot_no: int
    slot: str
    realm: str
    speaker: str
    unit: str
    set_version: int
    order: str
    content: str
    is_invoice: bool = False
    is_incomplete: bool = False
    is_regrouped: bool = False
    is_merged: bool = False
    covers: tuple[date, date] | None = None
    ruling: tuple[int, Decision] | None = None
    currencies: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Loss:
    """What a set says less than the one it would replace, over the days of that one."""

    days: tuple[date | None, ...] = ()
    rows: int = 0
    amounts: tuple[tuple[str, str, Decimal, Decimal], ...] = ()  # column, currency, before, now
    accounts: tuple[str, ...] = ()  # sub-accounts of which nothing is said any more

    def __bool__(self) -> bool:
        return bool(self.days or self.rows or self.amounts or self.accounts)


@dataclass(frozen=True)
class Judged:
    """How a claim stands. ``against`` is the set that it would replace, or has replaced, by its first delivery."""

    claim: Claim
    status: Status
    form: Literal["taken", "shrunk", "invoice"] | None = None
    loss: Loss = Loss()
    against: int | None = None
    current_delivery_id: int | None = None
    currencies_before: frozenset[str] | None = None
    is_less: bool = False  # it comes to no more than that set


def judge(claims: Iterable[Claim], totals: Mapping[tuple[int, int], Totals], shrink: Decimal) -> list[Judged]:
    """Every claim, judged; ``totals`` by delivery and slot number are of those that have rivals."""
    realms: dict[str, list[Claim]] = defaultdict(list)
    judged: list[Judged] = []
    for claim in claims:
        if claim.is_merged:
            judged.append(Judged(claim, "current", current_delivery_id=claim.delivery_id))
        else:
            realms[claim.realm].append(claim)
    for rivals in realms.values():
        judged += _judge_realm(rivals, totals, shrink)
    return judged


def losses(before: Totals, now: Totals, shrink: Decimal) -> Loss:
    """What ``now`` says less of the days that ``before`` speaks for.

    An amount is lost where more than the share ``shrink`` of it is gone. A currency that is gone while another has
    come is the same amount told otherwise: it can't be compared, and is told as a change of currency.
    """
    days = tuple(sorted((day for day in before if day not in now), key=lambda day: day or date.min))
    rows = sum(of.rows for of in before.values()) - sum(now[day].rows for day in before if day in now)
    old, new = _added_up(before.values()), _added_up(now[day] for day in before if day in now)
    is_redenominated = not {currency for _, currency in new} <= {currency for _, currency in old}
    amounts = tuple(
        (*key, amount, new.get(key, _NOTHING))
        for key, amount in sorted(old.items())
        if amount - new.get(key, _NOTHING) > shrink * abs(amount) and not (is_redenominated and key not in new)
    )
    return Loss(days, max(rows, 0), amounts)


def says_nothing_new(before: Totals, now: Totals) -> bool:
    """Whether all that ``now`` says is said by ``before`` too, day by day."""
    return all(day in before and before[day] == said for day, said in now.items())


def _is_less(before: Totals, now: Totals) -> bool:
    """Whether every amount of ``now`` is at most what it was."""
    old, new = _added_up(before.values()), _added_up(now.values())
    return bool(now) and all(amount <= old.get(key, _NOTHING) for key, amount in new.items())


def _added_up(days: Iterable[Day]) -> dict[tuple[str, str], Decimal]:
    total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for day in days:
        for key, amount in day.amounts.items():
            total[key] += amount
    return dict(total)


class _Version:
    """A set's claims within a unit."""

    def __init__(self, claims: Sequence[Claim], totals: Mapping[tuple[int, int], Totals]) -> None:
        self.claims = claims
        self.number = claims[0].set_version
        self.covers = claims[0].covers
        self.is_complete = not all(claim.is_incomplete for claim in claims)
        self.currencies = frozenset[str]().union(*(claim.currencies for claim in claims))
        self.accounts = frozenset[str]().union(*(claim.accounts for claim in claims))
        self.totals = _joined(totals.get((claim.delivery_id, claim.slot_no), {}) for claim in claims)

    @property
    def ruling(self) -> tuple[int, Decision] | None:
        return max((claim.ruling for claim in self.claims if claim.ruling), default=None)


def _joined(told: Iterable[Totals]) -> Totals:
    joined: dict[date | None, Day] = {}
    for totals in told:
        for day, said in totals.items():
            held = joined.get(day, Day())
            amounts = dict(held.amounts)
            for key, amount in said.amounts.items():
                amounts[key] = amounts.get(key, _NOTHING) + amount
            joined[day] = Day(held.rows + said.rows, amounts)
    return joined


@dataclass
class _Told:
    """How a version came out of its speaker's own line."""

    status: Literal["current", "superseded", "held", "rejected"]
    loss: Loss = Loss()
    against: int | None = None
    currencies_before: frozenset[str] | None = None
    is_less: bool = False


class _Line:
    """The versions of one speaker within a unit, oldest first, each held against the one it would replace."""

    def __init__(self, versions: list[_Version], shrink: Decimal) -> None:
        self.versions = versions
        self.told: dict[int, _Told] = {}
        self._shrink = shrink
        current: list[_Version] = []
        for version in versions:
            current = self._taken_up(version, current)
        self.current = current

    def _taken_up(self, version: _Version, current: list[_Version]) -> list[_Version]:
        ruled = version.ruling[1] if version.ruling else None
        touched = [held for held in current if _overlap(held.covers, version.covers)]
        if not touched:
            self.told[version.number] = _Told("current")
            return [*current, version]
        before = _joined(held.totals for held in touched)
        told = _Told(
            "current",
            self._loss(touched, before, version),
            touched[0].number,
            currencies_before=frozenset[str]().union(*(held.currencies for held in touched)),
            is_less=_is_less(before, version.totals),
        )
        self.told[version.number] = told
        if ruled != "accept":
            is_settled_invoice = version.claims[0].is_invoice and touched[0].is_complete
            if told.loss and _is_within(version, touched) and says_nothing_new(before, version.totals):
                told.status = "superseded"
                return current
            if told.loss or is_settled_invoice:
                told.status = "rejected" if ruled == "reject" else "held"
                if told.status == "held" and not is_settled_invoice:
                    self._let_give_way(version)
                return current
        for held in touched:
            self.told[held.number].status = "superseded"
        self._let_give_way(version)
        return [*(held for held in current if held not in touched), version]

    def _loss(self, touched: Sequence[_Version], before: Totals, version: _Version) -> Loss:
        loss = losses(before, version.totals, self._shrink)
        gone = frozenset[str]().union(*(held.accounts for held in touched)) - version.accounts
        # A file that names no sub-account at all was exported without the column.
        return replace(loss, accounts=tuple(sorted(gone))) if gone and version.accounts else loss

    def _let_give_way(self, newest: _Version) -> None:
        """What waited before a newer set of the same days came waits no more."""
        for other in self.versions:
            told = self.told.get(other.number)
            if told and told.status == "held" and other is not newest and _spans(newest.covers, other.covers):
                told.status = "superseded"


def _overlap(one: tuple[date, date] | None, other: tuple[date, date] | None) -> bool:
    return one is None or other is None or (one[0] <= other[1] and other[0] <= one[1])


def _spans(one: tuple[date, date] | None, other: tuple[date, date] | None) -> bool:
    return one is None or (other is not None and one[0] <= other[0] and other[1] <= one[1])


def _is_within(version: _Version, held: Sequence[_Version]) -> bool:
    """Whether a run says itself that it is of fewer days than those it meets."""
    spans = [item.covers for item in held if item.covers]
    if version.covers is None or len(spans) < len(held):
        return False
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    return first <= version.covers[0] and version.covers[1] <= last and version.covers != (first, last)


def _judge_realm(
    claims: Sequence[Claim], totals: Mapping[tuple[int, int], Totals], shrink: Decimal
) -> Iterable[Judged]:
    grouped: dict[tuple[str, str], dict[int, list[Claim]]] = defaultdict(lambda: defaultdict(list))
    for claim in claims:
        if not claim.is_regrouped:
            grouped[claim.speaker, claim.unit][claim.set_version].append(claim)
    lines = {
        key: _Line(
            [
                _Version(version, totals)
                for version in sorted(versions.values(), key=lambda item: (item[0].order, item[0].set_version))
            ],
            shrink,
        )
        for key, versions in grouped.items()
    }
    slots: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        slots[claim.slot].append(claim)
    for rivals in slots.values():
        yield from _judge_slot(rivals, lines)


def _judge_slot(rivals: Sequence[Claim], lines: Mapping[tuple[str, str], _Line]) -> Iterable[Judged]:
    """Each claim of one slot: the speaker that was accepted last, or that named it first, holds it."""
    first: dict[tuple[str, str], int] = {}
    accepted: dict[tuple[str, str], tuple[int, int]] = {}  # the number of the word, and the set it was on
    speaking: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in rivals:
        if claim.is_regrouped:
            continue
        key = (claim.speaker, claim.unit)
        first[key] = min(first.get(key, claim.delivery_id), claim.delivery_id)
        if claim.ruling and claim.ruling[1] == "accept":
            accepted[key] = max(accepted.get(key, (0, 0)), (claim.ruling[0], claim.set_version))
        if lines[key].told[claim.set_version].status == "current":
            speaking[key].append(claim)
    holder = min(speaking, key=lambda key: (-accepted.get(key, (0, 0))[0], first[key]), default=None)
    held = speaking[holder] if holder else []
    contents = {claim.content for claim in held}
    current_id = min((claim.delivery_id for claim in held), default=None)
    for claim in rivals:
        taken_over = accepted.get(holder, (0, 0))[1] if holder else 0
        yield _judge_claim(claim, lines, holder, contents, current_id, taken_over)


def _judge_claim(
    claim: Claim,
    lines: Mapping[tuple[str, str], _Line],
    holder: tuple[str, str] | None,
    contents: set[str],
    current_id: int | None,
    taken_over: int,
) -> Judged:
    """``taken_over`` is the set that was accepted in the place of all that came before it."""
    if claim.is_regrouped:
        return Judged(claim, "superseded", current_delivery_id=current_id)
    key = (claim.speaker, claim.unit)
    line = lines[key]
    told = line.told[claim.set_version]
    judged = Judged(
        claim,
        told.status,
        loss=told.loss,
        against=told.against,
        current_delivery_id=current_id,
        currencies_before=told.currencies_before,
        is_less=told.is_less,
    )
    if told.status == "held":
        if claim.is_invoice and claim.content in contents:
            return _with(judged, "duplicate")
        return _with(judged, "held", "invoice" if claim.is_invoice else "shrunk")
    if told.status == "rejected":
        return judged
    if told.status == "superseded" and (key == holder or not claim.is_invoice):
        return _with(judged, "superseded", current_id=line.current[-1].number if current_id is None else None)
    if key == holder:
        return _with(judged, "current")
    if claim.ruling and claim.ruling[1] == "reject":
        return _with(judged, "rejected")
    if claim.content in contents:
        return _with(judged, "duplicate")
    if claim.set_version < taken_over:
        return _with(judged, "superseded")
    return _with(judged, "held", "invoice" if claim.is_invoice else "taken")


def _with(
    judged: Judged,
    status: Status,
    form: Literal["taken", "shrunk", "invoice"] | None = None,
    current_id: int | None = None,
) -> Judged:
    told = replace(judged, status=status, form=form)
    return told if current_id is None else replace(told, current_delivery_id=current_id)
