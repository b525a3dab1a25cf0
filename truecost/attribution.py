"""Attribution rules -> one SQL expression: the number of the first rule a charge matches.

Values are exact, or globs where they hold ``*`` or ``?``; a list matches any of its values. A ``ColumnTest`` is a
regular expression, a range, or values that must not be. ``tags.NAME`` reads the charge's tags: the tag of that very
name, or else, where the name has dots, what is nested there. A charge without the tag does not match, whatever the
test.

Each tag a rule reads is read once for a charge: :class:`Subjects` gives the columns to select ahead of the CASE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from truecost.config import AttributionSection, ColumnTest, Match, Scalar
from truecost.lookups import Lookup
from truecost.queries import identifier, literal

_AMOUNTS = ("_cost", "_price", "_quantity")


@dataclass
class Subjects:
    """The tags that rules read, each under a name of its own: ``columns`` selects them from ``books.charges``."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, column: str) -> str:
        """What to call the column in a condition."""
        if not column.startswith("tags."):
            return identifier(column)
        return self.names.setdefault(column, f"x_tag_{len(self.names) + 1}")

    @property
    def columns(self) -> str:
        """Further columns to select, each with a comma before it."""
        return "".join(f", {_tag_sql(tag)} AS {name}" for tag, name in self.names.items())


def rule_sql(rules: Sequence[AttributionSection], lookups: Mapping[str, Lookup], subjects: Subjects) -> str:
    """A CASE that yields the position (from 1) of the first rule a charge matches, else NULL."""
    return _first([_rule_test(rule, lookups, subjects) for rule in rules])


def lookup_key_sql(rules: Sequence[AttributionSection], subjects: Subjects, first: int = 0) -> str:
    """What each rule with a lookup looks up, by ``rule_no`` (counted from ``first``); NULL for other rules."""
    whens = [
        f"WHEN {first + number} THEN CAST({subjects.name(rule.lookup.on)} AS VARCHAR)"
        for number, rule in enumerate(rules, start=1)
        if rule.lookup
    ]
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


def _rule_test(rule: AttributionSection, lookups: Mapping[str, Lookup], subjects: Subjects) -> str:
    tests = [test_sql(subjects.name(column), column, test) for column, test in rule.match.items()]
    if rule.lookup:
        keys = ", ".join(literal(key) for key in lookups[rule.lookup.table].rows)
        tests.append(f"list_contains(CAST([{keys}] AS VARCHAR[]), CAST({subjects.name(rule.lookup.on)} AS VARCHAR))")
    return " AND ".join(tests)


def _first(conditions: Sequence[str]) -> str:
    if not conditions:
        return "CAST(NULL AS INTEGER)"
    whens = "\n            ".join(
        f"WHEN {condition} THEN {number}" for number, condition in enumerate(conditions, start=1)
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
