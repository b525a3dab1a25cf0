"""Why a charge belongs to whom it does: which rule, run, bill or share says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from truecost.books.attribution import Subjects, test_sql
from truecost.books.derivation import rules_in_force
from truecost.books.rulesets import RuleSet
from truecost.books.session import Session
from truecost.errors import TruecostError
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace.config import AttributionSection, ColumnTest, Scalar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Entry = Literal["[[staff]]", "[[token_rates]]"]
By = Literal["rule", "run", "contested", "shares", Entry, "nobody"]
NAMES_ITS_MODEL: tuple[Entry, ...] = get_args(Entry)  # no rule is asked whose the charges of such an entry are
_NEAR = 5  # rules that nearly matched, at most


@dataclass(frozen=True)
class Tested:
    """One test of a rule on a charge: what the rule asks for, what the charge says, whether it fits."""

    column: str
    wanted: str
    value: str | None
    fits: bool


@dataclass(frozen=True)
class Considered:
    """A rule, by its place among ``[[attribution]]``: its line in truecost.toml, or the close it was frozen with."""

    rule: int
    line: int | None
    frozen_with: str | None
    model: str | None
    tests: tuple[Tested, ...]


@dataclass(frozen=True)
class ClaimingRun:
    """A run that claims a charge, and by what: its job, or its time window."""

    run: str
    claimed_by: str


@dataclass(frozen=True)
class Explained:
    """Whose a charge is: by a ``rule``, a ``run``, ``shares`` of those who used it, an entry of the file or nobody.

    ``contested``: several ``runs`` claim it, so none has it; the model is the rule's, if one matches. ``settled_with``:
    the close that saw it, whose rules alone are for it. ``overlaps``: the runs within whose time window it lies only in
    part. ``covered_by``: the bills it has its share of; ``is_accrued``: they do not pay for all of it.
    """

    charge_id: str
    by: By
    model: str | None
    activity: str | None
    stage: str
    cost_kind: str
    run: str | None
    runs: tuple[ClaimingRun, ...]
    rule: Considered | None
    nearly: tuple[Considered, ...]
    overlaps: tuple[str, ...]
    settled_with: str | None
    covered_by: tuple[str, ...]
    is_accrued: bool
    shares: tuple[Row, ...]


def explain(session: Session, charge_id: str) -> Explained:
    """Which rule claimed the charge, test by test, and which earlier ones nearly did; or which runs or shares.

    Raises:
        TruecostError: there is no such charge.
    """
    con, place = session.con, _place(charge_id)
    found = read_rows(con, query("attribution/owner"), place) if place else []
    if not found:
        raise TruecostError(f"there is no charge {charge_id}; `truecost trace --model M --quarter Q` lists charges")
    owner = found[0]
    shares = tuple(
        row | {"allocated_method_details": json.loads(row["allocated_method_details"] or "{}")}
        for row in read_rows(con, query("attribution/shares"), place)
    )
    bills = read_rows(con, query("attribution/bills"), place)
    claiming, considered = _considered(session, owner, place)
    nearly = sorted(
        (rule for rule in considered if any(test.fits for test in rule.tests)),
        key=lambda rule: sum(not test.fits for test in rule.tests),
    )
    return Explained(
        charge_id=":".join(str(number) for number in place.values()),
        by=_by(owner, shares),
        model=owner["model_id"],
        activity=owner["activity"],
        stage=owner["stage"],
        cost_kind=owner["cost_kind"],
        run=owner["run_id"],
        runs=tuple(ClaimingRun(*row.values()) for row in read_rows(con, query("attribution/runs"), place)),
        rule=claiming,
        nearly=tuple(nearly[:_NEAR]),
        overlaps=tuple(owner["overlapping_run_ids"] or ()),
        settled_with=owner["settled_with"],
        covered_by=tuple(row["charge_id"] for row in bills),
        is_accrued=not all(row["pays_for_all"] for row in bills),
        shares=shares,
    )


def _place(charge_id: str) -> dict[str, int]:
    """Delivery, line and part (0 where it is not given); nothing where it is no charge's id."""
    numbers = charge_id.split(":")
    if len(numbers) not in (2, 3) or not all(number.isdecimal() and len(number) < 10 for number in numbers):
        return {}
    return dict(zip(("delivery_id", "line", "part"), (int(number) for number in (*numbers, "0")), strict=False))


def _by(owner: Row, shares: tuple[Row, ...]) -> By:
    told: list[tuple[object, By]] = [
        (shares, "shares"),
        (owner["run_id"], "run"),
        (owner["is_contested"], "contested"),
        *((owner["source"] == entry, entry) for entry in NAMES_ITS_MODEL),
        (owner["rule_no"], "rule"),
    ]
    return next((by for is_so, by in told if is_so), "nobody")


def _considered(session: Session, owner: Row, place: dict[str, int]) -> tuple[Considered | None, list[Considered]]:
    """The rule that matched the charge, and those that were asked before it."""
    asked: list[Considered] = []
    if owner["source"] in NAMES_ITS_MODEL:
        return None, asked
    for held in rules_in_force(session):
        if not held.is_for(owner["charge_period_start"] or datetime.max, owner["x_delivery_id"]):
            continue
        last = (owner["rule_no"] or 0) - held.first
        is_claiming = 0 < last <= len(held.rules)
        tested = _tested(session.con, held, held.rules[:last] if is_claiming else held.rules, place)
        # Closes with the same rules are one set: the one that concerns this charge is named.
        concerned = (owner["settled_with"], owner["closed_quarter"], *held.quarters)
        frozen_with = next((quarter for quarter in concerned if quarter in held.quarters), None)
        lines = () if frozen_with else session.workspace.rule_lines
        asked += [
            Considered(number, lines[number - 1] if number <= len(lines) else None, frozen_with, rule.model, tests)
            for number, (rule, tests) in enumerate(zip(held.rules, tested, strict=False), start=1)
        ]
        if is_claiming:
            return asked[-1], asked[:-1]
    return None, asked


def _tested(
    con: DuckDBPyConnection, held: RuleSet, rules: Sequence[AttributionSection], place: dict[str, int]
) -> list[tuple[Tested, ...]]:
    """What each rule asks of the charge, and what the charge says."""
    subjects = Subjects()
    selected = []
    for rule in rules:
        for column, test in rule.match.items():
            subject = subjects.name(column)
            selected.append(f"CAST({subject} AS VARCHAR), coalesce({test_sql(subject, column, test)}, FALSE)")
        if rule.lookup:
            selected.append(f"CAST({subjects.name(rule.lookup.on)} AS VARCHAR)")
    if not selected:
        return []
    asked = query("attribution/charge", rule_subjects=subjects.columns, tests=", ".join(selected))
    told = iter(con.execute(asked, place).fetchone() or ())
    found = []
    for rule in rules:
        tests = [Tested(column, _wanted(test), next(told), next(told)) for column, test in rule.match.items()]
        if rule.lookup:
            value, table = next(told), rule.lookup.table
            tests.append(Tested(rule.lookup.on, f"in the lookup {table}", value, value in held.lookups[table].rows))
        found.append(tuple(tests))
    return found


def _wanted(test: ColumnTest | list[Scalar]) -> str:
    if isinstance(test, ColumnTest):
        told = test.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return ", ".join(f"{name} {value}" for name, value in told.items())
    return " or ".join(str(value) for value in test)
