"""Attribution rules -> one SQL expression: the number of the first rule a charge matches.

Values are exact, or globs where they hold ``*`` or ``?``. A list matches any of its values. ``tags.NAME`` reads the
charge's tags; a charge without that tag does not match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from truecost.config import Match, Scalar
from truecost.queries import identifier, literal


def rule_number_sql(matches: Sequence[Match]) -> str:
    """A CASE over ``books.charges`` that yields the position (from 1) of the first match, else NULL."""
    if not matches:
        return "CAST(NULL AS INTEGER)"
    whens = "\n            ".join(
        f"WHEN {match_sql(match)} THEN {number}" for number, match in enumerate(matches, start=1)
    )
    return f"CASE\n            {whens}\n        END"


def rule_numbers_sql(matches: Sequence[Match]) -> str:
    """A list that holds the position (from 1) of every match that fits."""
    tests = [f"CASE WHEN {match_sql(match)} THEN {number} END" for number, match in enumerate(matches, start=1)]
    return f"list_filter([{', '.join(tests)}], lambda number: number IS NOT NULL)" if tests else "CAST([] AS INTEGER[])"


def match_sql(match: Match) -> str:
    """All of the match's columns, as a condition that is never NULL."""
    return " AND ".join(_column_sql(column, values) for column, values in match.items()) or "FALSE"


def _column_sql(column: str, values: Sequence[Scalar]) -> str:
    if column.startswith("tags."):
        pointer = literal("/" + column.removeprefix("tags.").replace("~", "~0").replace("/", "~1"))
        # Nested, not AND: DuckDB would parse invalid JSON all the same.
        value = f"CASE WHEN json_type(tags) = 'OBJECT' THEN json_extract_string(tags, {pointer}) END"
        subject = f"CASE WHEN json_valid(tags) THEN {value} END"
    else:
        subject = f"CAST({identifier(column)} AS VARCHAR)"
    tests = [_value_sql(subject, value) for value in values]
    return f"coalesce({' OR '.join(tests)}, FALSE)"


def _value_sql(subject: str, value: Scalar) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if set(text) & set("*?"):
        return f"regexp_full_match({subject}, {literal(_glob_pattern(text))}, 's')"
    return f"{subject} = {literal(text)}"


def _glob_pattern(text: str) -> str:
    """A glob as a regular expression: ``*`` and ``?`` are special, any other character stands for itself."""
    special = {"*": ".*", "?": "."}
    return "".join(special.get(character, re.escape(character)) for character in text)
