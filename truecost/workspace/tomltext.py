"""Values as TOML writes them: whatever the name, path or tag, what is written is read back the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

Value = str | bool | int | Decimal | date | Sequence["Value"] | Mapping[str, "Value"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def text(value: str) -> str:
    """A string, on one line, with nothing in it that a reader can't see.

    Raises:
        ValueError: it holds half a character, as a file name that is not UTF-8 does, which TOML can't say.
    """
    return '"' + "".join(map(_character, value)) + '"'


def key(name: str) -> str:
    """A key: bare where TOML allows it, else in quotes (``"tags.team"``)."""
    return name if _BARE.fullmatch(name) else text(name)


def value(found: Value) -> str:
    """Any value; a table stands inline.

    Raises:
        ValueError: TOML, or our reading of it, has no way to say it.
    """
    if isinstance(found, str):
        return text(found)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int):
        return str(found)
    if isinstance(found, Decimal):
        return _number(found)
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, Mapping):
        told = ", ".join(entry(name, item) for name, item in found.items())
        return f"{{ {told} }}" if told else "{}"
    return f"[{', '.join(map(value, found))}]"


def entry(name: str, found: Value) -> str:
    """A line of a table: ``name = "support-bot"``."""
    return f"{key(name)} = {value(found)}"


def table(heading: str, entries: Mapping[str, Value]) -> str:
    """A table, its heading as it stands in the file: ``[[sources]]`` and a line each entry."""
    return "\n".join([heading, *(entry(name, found) for name, found in entries.items())])


def visible(found: str) -> str:
    """A name to show to a person: what can't be seen, and half characters, as TOML would write them."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in found)


def _character(one: str) -> str:
    if one in _SHORT:
        return _SHORT[one]
    if one.isprintable():
        return one
    number = ord(one)
    if 0xD800 <= number <= 0xDFFF:
        raise ValueError("a text with half a character in it can't be written as TOML")
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _number(found: Decimal) -> str:
    if not found.is_finite():
        raise ValueError(f"{found} is no number to write")
    plain = f"{found:f}"
    return plain if "." in plain else f"{plain}.0"
