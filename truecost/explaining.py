"""Why a charge belongs to whom it does, and which rules would claim what none does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from truecost.attribution import Subjects, test_sql
from truecost.bookkeeping import tell_config
from truecost.config import AttributionSection, ColumnTest, Match, Scalar
from truecost.errors import TruecostError
from truecost.queries import query
from truecost.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]
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
    """A rule, by its place among ``[[attribution]]`` and its line in truecost.toml."""

    rule: int
    line: int
    model: str | None
    tests: tuple[Tested, ...]


@dataclass(frozen=True)
class Explained:
    """Whose a charge is: by a ``rule``, a ``run``, ``shares`` of those who used it, ``[[staff]]`` or nobody."""

    charge_id: str
    by: str
    model: str | None
    activity: str | None
    stage: str
    cost_kind: str
    run: str | None
    rule: Considered | None
    nearly: tuple[Considered, ...]
    shares: tuple[Row, ...]


@dataclass(frozen=True)
class Suggestion:
    """A rule that would claim a group of charges nobody claims: ``cost`` is what the group holds."""

    match: dict[str, str]
    model: str | None
    cost: Decimal
    currency: str
    charges: int

    @property
    def toml(self) -> str:
        """The rule, to paste into truecost.toml."""
        tests = ", ".join(
            f"{json.dumps(column) if '.' in column else column} = {json.dumps(value, ensure_ascii=False)}"
            for column, value in self.match.items()
        )
        return f"[[attribution]]\nmatch = {{ {tests} }}\nmodel = {json.dumps(self.model or 'MODEL')}"


def explain(con: DuckDBPyConnection, workspace: Workspace, charge_id: str) -> Explained:
    """Which rule claimed the charge, test by test, and which earlier ones nearly did.

    Raises:
        TruecostError: there is no such charge.
    """
    wanted = charge_id if charge_id.count(":") == 2 else f"{charge_id}:0"
    found = _rows(con, query("attribution/owner"), wanted)
    if not found:
        raise TruecostError(f"there is no charge {charge_id}; `truecost trace --model M --quarter Q` lists charges")
    owner = found[0]
    shares = tuple(_rows(con, query("attribution/shares"), wanted))
    rules = workspace.config.attribution
    claimed = owner["rule_position"]
    considered = [
        _considered(con, workspace, number, rule, wanted)
        for number, rule in enumerate(rules[: claimed or len(rules)], start=1)
    ]
    nearly = sorted(
        (rule for rule in considered[: claimed - 1 if claimed else None] if any(test.fits for test in rule.tests)),
        key=lambda rule: sum(not test.fits for test in rule.tests),
    )
    by = (
        "shares"
        if shares
        else "run"
        if owner["run_id"]
        else "[[staff]]"
        if owner["source"] == "[[staff]]"
        else "rule"
        if claimed
        else "nobody"
    )
    return Explained(
        wanted,
        by,
        owner["model_id"],
        owner["activity"],
        owner["stage"],
        owner["cost_kind"],
        owner["run_id"],
        considered[-1] if claimed else None,
        tuple(nearly[:_NEAR]),
        shares,
    )


def suggest(con: DuckDBPyConnection, workspace: Workspace, limit: int = 5) -> list[Suggestion]:
    """Rules for the largest groups of charges that nobody claims, by source, service and account, and the tags that
    all of a group share."""
    tell_config(con, workspace)
    models = {model.id for model in workspace.config.models}
    found = []
    for row in _rows(con, query("attribution/unclaimed"), limit):
        match = {name: row[name] for name in ("source", "service_name", "sub_account_id") if row[name] is not None}
        tags = {
            f"tags.{name}": value for name, value in zip(row["tag_names"] or [], row["tag_values"] or [], strict=True)
        }
        model = next((value for value in tags.values() if value in models), None)
        found.append(
            Suggestion(
                {name: _as_written(value) for name, value in (match | tags).items()},
                model,
                row["cost"],
                row["currency"],
                row["charge_count"],
            )
        )
    return found


def _considered(
    con: DuckDBPyConnection, workspace: Workspace, number: int, rule: AttributionSection, charge_id: str
) -> Considered:
    subjects, match = Subjects(), _tests_of(workspace, rule)
    selected = []
    for column, test in match.items():
        subject = subjects.name(column)
        selected.append(f"CAST({subject} AS VARCHAR), coalesce({test_sql(subject, column, test)}, FALSE)")
    sql = query("attribution/charge").replace("/* tags that rules read */", subjects.columns)
    values = con.execute(sql.replace("/* tests */ NULL", ", ".join(selected)), [charge_id]).fetchone() or ()
    lines = workspace.rule_lines
    return Considered(
        number,
        lines[number - 1] if number <= len(lines) else 0,
        rule.model,
        tuple(
            Tested(column, _wanted(rule, column, test), values[2 * place], bool(values[2 * place + 1]))
            for place, (column, test) in enumerate(match.items())
        ),
    )


def _tests_of(workspace: Workspace, rule: AttributionSection) -> Match:
    if rule.lookup is None:
        return rule.match
    keys: list[Scalar] = list(workspace.lookups[rule.lookup.table].rows)
    return {**rule.match, rule.lookup.on: keys}


def _wanted(rule: AttributionSection, column: str, test: ColumnTest | list[Scalar]) -> str:
    if rule.lookup and column == rule.lookup.on:
        return f"in the lookup {rule.lookup.table}"
    if isinstance(test, ColumnTest):
        told = test.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return ", ".join(f"{name} {value}" for name, value in told.items())
    return " or ".join(str(value) for value in test)


def _as_written(value: str) -> str:
    """A value that stands for itself: where it holds * or ?, a ? in their place."""
    return "".join("?" if character in "*?" else character for character in value)


def _rows(con: DuckDBPyConnection, sql: str, *values: object) -> list[Row]:
    found = con.execute(sql, list(values))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
