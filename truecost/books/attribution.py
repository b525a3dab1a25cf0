"""Attribution rules -> one SQL expression: the number of the first rule a charge matches.

Values are exact, or globs where they hold ``*`` or ``?``; a list matches any of its values. A ``ColumnTest`` is a
regular expression, a range, or values that must not be. ``tags.NAME`` reads the charge's tags: the tag of that very
name, or else, where the name has dots, what is nested there. A charge without the tag does not match, whatever the
test.

Each tag a rule reads is read once for a charge, and each lookup is looked into once: :class:`Subjects` gives the
columns to select ahead of the CASE.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from truecost.books.rulesets import RuleSet
from truecost.store.sql import identifier, literal
from truecost.workspace.config import ColumnTest, LookupUse, Match, Scalar

_AMOUNTS = ("_cost", "_price", "_quantity")


@dataclass
class Subjects:
    """What rules read of a charge, each under a name of its own: ``columns`` selects it from ``books.charges``."""

    tags: dict[str, str] = field(default_factory=dict)
    lookups: dict[tuple[int, str, str], tuple[str, str]] = field(default_factory=dict)

    def name(self, column: str) -> str:
        """What to call the column in a condition."""
        if not column.startswith("tags."):
            return identifier(column)
        return self.tags.setdefault(column, f"x_tag_{len(self.tags) + 1}")

    def in_lookup(self, first: int, use: LookupUse, rule_no: int) -> str:
        """Whether the charge's value is in the lookup of the rules after ``first``, as ``config_lookups`` tells it for
        ``rule_no``. DuckDB plans IN over a table as one hash join; over a list of constants it goes through the list.
        """
        looked_up = (
            f"CAST({self.name(use.on)} AS VARCHAR) IN "
            f"(SELECT lookup_key FROM config_lookups WHERE config_lookups.rule_no = {rule_no})"
        )
        key = (first, use.table, use.on)
        return self.lookups.setdefault(key, (f"x_lookup_{len(self.lookups) + 1}", looked_up))[0]

    @property
    def columns(self) -> str:
        """Further columns to select, each with a comma before it; those of lookups read those of tags."""
        read = [(name, _tag_sql(tag)) for tag, name in self.tags.items()]
        return "".join(f", {sql} AS {name}" for name, sql in [*read, *self.lookups.values()])


def rule_sets_sql(sets: Sequence[RuleSet], subjects: Subjects) -> str:
    """The number of the first rule a charge matches, of the sets that are for it, in their order; else NULL."""
    numbers = [_guarded(held, rule_sql(held, subjects)) for held in sets]
    return numbers[0] if len(numbers) == 1 else f"coalesce({', '.join(numbers)})"


def rule_sql(held: RuleSet, subjects: Subjects) -> str:
    """A CASE that yields the number of the first rule of the set that a charge matches, else NULL."""
    conditions = []
    for number, rule in held.numbered:
        tests = [test_sql(subjects.name(column), column, test) for column, test in rule.match.items()]
        if rule.lookup:
            tests.append(subjects.in_lookup(held.first, rule.lookup, number))
        conditions.append(" AND ".join(tests))
    return _first(conditions, held.first)


def lookup_key_sql(sets: Sequence[RuleSet], subjects: Subjects) -> str:
    """What each rule with a lookup looks up, by ``rule_no``; NULL for other rules."""
    used = {number: rule.lookup for held in sets for number, rule in held.numbered if rule.lookup}
    whens = [f"WHEN {number} THEN CAST({subjects.name(use.on)} AS VARCHAR)" for number, use in used.items()]
    return f"CASE rule_no {' '.join(whens)} END" if whens else "CAST(NULL AS VARCHAR)"


def rule_number_sql(matches: Sequence[Match]) -> str:
    """A CASE over ``books.charges`` that yields the position (from 1) of the first match, else NULL."""
    return _first([match_sql(match) for match in matches])


def rule_numbers_sql(matches: Sequence[Match]) -> str:
    """A list that holds the position (from 1) of every match that fits."""
    tests = [f"CASE WHEN {match_sql(match)} THEN {number} END" for number, match in enumerate(matches, start=1)]
    return f"list_filter([{', '.join(tests)}], lambda number: number IS NOT NULL)" if tests else "CAST([] AS INTEGER[])"


def match_sql(match: Match) -> str:
    """All of the match's columns, as a condition on ``books.charges`` that is never NULL."""
    tests = [
        test_sql(_tag_sql(column) if column.startswith("tags.") else identifier(column), column, test)
        for column, test in match.items()
    ]
    return f"coalesce({' AND '.join(tests)}, FALSE)" if tests else "FALSE"


def test_sql(subject: str, column: str, test: ColumnTest | Sequence[Scalar]) -> str:
    """One column's test as a condition, NULL where the charge says nothing there."""
    text = subject if column.startswith("tags.") else f"CAST({subject} AS VARCHAR)"
    if not isinstance(test, ColumnTest):
        return f"({' OR '.join(_value_sql(text, value) for value in test)})"
    parts = []
    if test.regex is not None:
        parts.append(f"regexp_matches({text}, {literal(test.regex)})")
    for bound, sign in ((test.minimum, ">="), (test.maximum, "<=")):
        if isinstance(bound, date):
            # A range of days holds its last day to the end.
            day = f"try_cast({subject} AS DATE)"
            parts.append(f"{day} {sign} DATE {literal(bound.isoformat())}")
        elif bound is not None:
            number = subject if column.endswith(_AMOUNTS) else f"try_cast({subject} AS DECIMAL(38, 10))"
            parts.append(f"{number} {sign} CAST({literal(str(bound))} AS DECIMAL(38, 10))")
    parts += [f"NOT ({_value_sql(text, value)})" for value in test.unless]
    return f"({' AND '.join(parts)})"


def _guarded(held: RuleSet, number: str) -> str:
    """The rules' number for the charges they are for, else NULL. A plain CASE where they are for all."""
    if held.until is None and held.settled is None:
        return number
    settled = (
        f"WHEN {_began_before(held.settled[0])} AND x_delivery_id <= {held.settled[1]} THEN NULL "
        if held.settled
        else ""
    )
    meant = "ELSE" if held.until is None else f"WHEN {_began_before(held.until)} THEN"
    return f"CASE {settled}{meant} {number} END"


def _began_before(day: date) -> str:
    return f"charge_period_start < TIMESTAMP {literal(day.isoformat())}"


def _first(conditions: Sequence[str], before: int = 0) -> str:
    """A CASE that yields the place of the first condition that holds, counted from ``before`` + 1; else NULL."""
    if not conditions:
        return "CAST(NULL AS INTEGER)"
    whens = "\n            ".join(
        f"WHEN {condition} THEN {number}" for number, condition in enumerate(conditions, start=before + 1)
    )
    return f"CASE\n            {whens}\n        END"


def _tag_sql(column: str) -> str:
    """A tag's value as text; NULL where the charge has none, or its tags are no JSON object."""
    name = column.removeprefix("tags.")
    pointers = [_pointer([name]), *([_pointer(name.split("."))] if "." in name else [])]
    values = [f"json_extract_string(tags, {pointer})" for pointer in pointers]
    value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    # Nested, not AND: DuckDB would parse invalid JSON all the same.
    return f"CASE WHEN json_valid(tags) THEN CASE WHEN json_type(tags) = 'OBJECT' THEN {value} END END"


def _pointer(keys: Sequence[str]) -> str:
    return literal("".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys))


def _value_sql(subject: str, value: Scalar) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not set(text) & set("*?"):
        return f"{subject} = {literal(text)}"
    inner = text.strip("*")
    if inner and not set(inner) & set("*?"):  # told without a regular expression, which is many times as fast
        starts, ends = not text.startswith("*"), not text.endswith("*")
        if starts:
            return f"starts_with({subject}, {literal(inner)})"
        return f"{'ends_with' if ends else 'contains'}({subject}, {literal(inner)})"
    return f"regexp_full_match({subject}, {literal(_glob_pattern(text))}, 's')"


def _glob_pattern(text: str) -> str:
    """A glob as a regular expression: ``*`` and ``?`` are special, any other character stands for itself."""
    special = {"*": ".*", "?": "."}
    return "".join(special.get(character, re.escape(character)) for character in text)
