"""TOML files as a person wrote them: parsed with exact decimals, and each fault told with its line and its remedy."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from truecost.errors import ConfigError, Fault


class TomlLines:
    """Where each key of a TOML file stands: ``('sources', 2, 'path')`` -> its line, from 1."""

    _HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"'-]+)\s*\]\]?")
    _KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*=")

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str | int, ...], int] = {}
        counts: dict[str, int] = {}
        table: tuple[str | int, ...] = ()
        for number, line in enumerate(text.split("\n"), start=1):  # TOML knows no other line end
            if header := self._HEADER.match(line):
                name = header.group(2).strip("\"'")
                if header.group(1) == "[[":
                    counts[name] = counts.get(name, -1) + 1
                    table = (name, counts[name])
                else:
                    table = tuple(name.split("."))
                self._lines.setdefault(table, number)
                self._lines.setdefault(table[:1], number)
            elif key := self._KEY.match(line):
                self._lines.setdefault((*table, key.group(1).strip("\"'")), number)

    def find(self, where: tuple[str | int, ...]) -> int | None:
        """The line of the key, or of the nearest table that holds it."""
        for length in range(len(where), 0, -1):
            if where[:length] in self._lines:
                return self._lines[where[:length]]
        return None


def read_toml(path: Path, file: str) -> tuple[dict[str, Any], TomlLines]:
    """What the file holds, its fractions as Decimals, and where each key stands; ``file`` is its name in a fault.

    Raises:
        ConfigError: it can't be read, is not UTF-8 or is not TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text, parse_float=Decimal), TomlLines(text)
    except OSError as error:
        fault = Fault(file, None, f"the file can't be read ({error.strerror})", "check what it is and who may read it")
        raise ConfigError([fault]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(file, None, "the file is not UTF-8", "save it as UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        what = str(error).split(" (at ")[0]
        at = int(line.group(1)) if line else None
        fault = Fault(file, at, f"the file is not TOML: {what[0].lower()}{what[1:]}", "mend that line")
        raise ConfigError([fault]) from error


def by_line(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.line or 0)


def schema_fault(item: Mapping[str, Any], file: str, lines: TomlLines, schema: type[BaseModel]) -> Fault:
    """One of pydantic's errors about ``schema`` as a fault of the file."""
    where = tuple(part for part in item["loc"] if not str(part).startswith("<"))  # which form of a figure was meant
    at = lines.find(where)
    key = str(next((part for part in reversed(where) if isinstance(part, str)), ""))
    if item["type"] == "extra_forbidden":
        section = _brackets(schema, str(where[0])) or "the file"
        known = set(_keys(schema, where[:-1]))
        named = "section" if _is_section(item["input"]) else "key"
        remedy = suggestion(key, known, f"take it out, or use one of {', '.join(sorted(known))}")
        return Fault(file, at, f"{section} has no {named} {key!r}", remedy)
    if item["type"] == "missing":
        brackets = _brackets(schema, key) if len(where) == 1 else None
        named = f"the section {brackets}" if brackets else f"the key {key!r}"
        return Fault(file, 1 if len(where) == 1 else at, f"{named} is missing", "add it")
    return Fault(file, at, f"{key} = {_shown(item['input'])} is not possible", _plain(item["msg"]))


def suggestion(word: str, known: set[str], otherwise: str) -> str:
    """The remedy for a word that nothing is called: the one that was likely meant."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else otherwise


def _keys(schema: type[BaseModel], where: tuple[str | int, ...]) -> list[str]:
    """The keys of the table at ``where``."""
    for part in where:
        if isinstance(part, str):
            inner = _section(schema, part)
            if inner is None:
                return []
            schema = inner
    return [field.alias or name for name, field in schema.model_fields.items()]


def _section(schema: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The schema of a key that holds a table, or a list of them."""
    field = schema.model_fields.get(key)
    options = [field.annotation, *get_args(field.annotation)] if field else []
    plain = [get_args(kind)[0] if hasattr(kind, "__metadata__") else kind for kind in options]
    return next((kind for kind in plain if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _brackets(schema: type[BaseModel], key: str) -> str | None:
    if _section(schema, key) is None:
        return None
    return f"[[{key}]]" if get_args(schema.model_fields[key].annotation) else f"[{key}]"


def _is_section(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, dict) for part in value))


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(message: str) -> str:
    message = message.removeprefix("Value error, ")
    message = message.replace("Input should be", "it should be").replace(
        "String should match pattern", "it should match"
    )
    return message[0].lower() + message[1:]
