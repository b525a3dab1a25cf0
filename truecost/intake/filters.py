"""``leave_out`` of a source: which rows of a file are skipped, as a condition over the file's columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from truecost.errors import DeliveryRefused
from truecost.store.sql import identifier, literal
from truecost.workspace.config import ColumnTest, Match, Scalar


def left_out_sql(leave_out: Match, header: Sequence[str], matched: Mapping[str, str]) -> str:
    """The condition under which a row is left out; columns are named as the file has them, or as we do.

    Raises:
        DeliveryRefused: the file has no column of that name, so that nobody knows which rows are meant.
    """
    by_fold = {name.casefold(): name for name in reversed(header)}
    tests = []
    for column, test in leave_out.items():
        name = by_fold.get(column.casefold()) or matched.get(column)
        if name is None:
            raise DeliveryRefused(
                f"it has no column {column}, by which `leave_out` tells its rows; export it, or correct `leave_out`"
            )
        tests.append(_test(f"trim({identifier(name)})", test))
    return f"coalesce({' AND '.join(tests)}, FALSE)"


def _test(subject: str, test: ColumnTest | Sequence[Scalar]) -> str:
    if not isinstance(test, ColumnTest):
        return f"({' OR '.join(_value(subject, value) for value in test)})"
    told = f"coalesce({subject}, '')"
    parts = [f"NOT {_value(told, value)}" for value in test.unless]
    if test.regex is not None:
        parts.append(f"regexp_matches({subject}, {literal(test.regex)})")
    for bound, sign in ((test.minimum, ">="), (test.maximum, "<=")):
        if bound is not None:
            kind = "DECIMAL(38, 10)" if not hasattr(bound, "isoformat") else "DATE"
            parts.append(f"try_cast({subject} AS {kind}) {sign} CAST({literal(str(bound))} AS {kind})")
    return f"({' AND '.join(parts)})"


def _value(subject: str, value: Scalar) -> str:
    """Exact, or a glob where it holds ``*`` or ``?``; true and false in any case; "" is a blank."""
    if isinstance(value, bool):
        return f"(lower({subject}) = {literal(str(value).lower())})"
    if value == "":
        return f"(coalesce({subject}, '') = '')"
    special = {"*": ".*", "?": "."}
    pattern = "".join(special.get(letter, re.escape(letter)) for letter in str(value))
    return f"regexp_full_match({subject}, {literal(pattern)}, 's')"
