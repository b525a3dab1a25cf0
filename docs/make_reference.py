"""Write docs/reference.md from the code: commands, configuration, formats, suites and published views.

``python docs/make_reference.py`` writes it; a test compares, so the reference can't drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import typer.main
from pydantic import BaseModel

from truecost.cli.commands import app
from truecost.publish.publishing import header_comments
from truecost.sources import formats
from truecost.store.sql import names, query
from truecost.workspace.config import ConfigFile

TARGET = Path(__file__).with_name("reference.md")


def reference() -> str:
    """The whole page."""
    parts = [
        "# Reference",
        "Written by `python docs/make_reference.py` from the code; edit the code, not this page.",
        *_commands(),
        *_configuration(),
        *_formats(),
        *_suites(),
        *_views(),
    ]
    return "\n\n".join(parts) + "\n"


def _commands() -> Iterator[str]:
    yield "## Commands"
    yield (
        "Exit codes: 0 done; 1 failed, or a delivery is refused (the others are loaded all the same); 2 wrong usage or "
        "configuration; 3 done, but rows are quarantined or deliveries held (only with `--strict`)."
    )
    root = typer.main.get_command(app)
    for name, command in _leaves("truecost", root):
        options = [f"- {_option(parameter)}" for parameter in command.params if parameter.name != "help"]
        yield "\n".join([f"### `{name}`", "", (command.help or "").strip(), "", *options]).rstrip()


def _leaves(prefix: str, command: Any) -> Iterator[tuple[str, Any]]:
    if prefix != "truecost":
        yield prefix, command
    for name, found in getattr(command, "commands", {}).items():
        yield from _leaves(f"{prefix} {name}", found)


def _option(parameter: Any) -> str:
    shown = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    about = getattr(parameter, "help", None)
    return f"{shown}: {about}" if about else shown


def _configuration() -> Iterator[str]:
    yield "## `truecost.toml`"
    for title, section in _sections():
        lines = [f"### `{title}`", "", "| key | values | default |", "| --- | --- | --- |"]
        properties = section.model_json_schema(mode="serialization")["properties"]
        for name, field in section.model_fields.items():
            key = field.alias or name
            value = field.get_default(call_default_factory=True)
            default = "required" if field.is_required() else f"`{_shown(value)}`"
            lines.append(f"| `{key}` | {_values(properties[key])} | {default} |")
        yield "\n".join(lines)


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """(heading, model) of each section, as ``truecost.toml`` may hold them."""
    for name, field in ConfigFile.model_fields.items():
        of_list = get_args(field.annotation)
        section = of_list[0] if of_list else field.annotation
        yield (f"[[{name}]]" if of_list else f"[{name}]"), section


def _shown(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value.days}d" if value.days else f"{value.seconds // 3600}h"
    return json.dumps(value, default=str)


def _values(schema: dict[str, Any]) -> str:
    """A JSON schema's possible values, in a few words."""
    if isinstance(schema.get("anyOf"), list):
        options: list[dict[str, Any]] = schema["anyOf"]
        return " or ".join(dict.fromkeys(_values(option) for option in options if option.get("type") != "null"))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "object":
        return "table"
    told = str(schema.get("format") or schema.get("type") or "value")
    if "minimum" in schema and "maximum" in schema:
        told += f" from {schema['minimum']} to {schema['maximum']}"
    return told


def _formats() -> Iterator[str]:
    yield "## Formats"
    for fmt in formats().values():
        lines = [
            f"### `{fmt.name}`: {fmt.title}",
            "",
            f"Versions {', '.join(fmt.versions)}; {fmt.basis}; `{fmt.disposition}` by {', '.join(fmt.natural_key)}.",
            "",
            "| column | also found as | |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| `{column.name}` | {', '.join(column.aliases)} | {'required' if column.required else ''} |"
            for column in fmt.columns
        ]
        yield "\n".join(lines)


def _suites() -> Iterator[str]:
    yield "## Expectations"
    yield "A workspace's own `expectations/<dataset>.json` replaces the suite of that dataset."
    for item in sorted(files("truecost.expectations").iterdir(), key=lambda item: item.name):
        if not item.name.endswith(".json"):
            continue
        lines = [
            f"### `{item.name.removesuffix('.json')}`",
            "",
            "| column | fails where it | what to do |",
            "| --- | --- | --- |",
        ]
        for expectation in json.loads(item.read_text("utf-8"))["expectations"]:
            meta = expectation["meta"]
            kind = " (a warning only)" if expectation.get("severity") == "warning" else ""
            lines.append(f"| `{meta['column_name']}` | {meta['message']}{kind} | {meta['remedy']} |")
        yield "\n".join(lines)


def _views() -> Iterator[str]:
    yield "## Published views"
    yield (
        "`reports/reports.duckdb`, schema `finance` (the newest version) and `finance_v1`. In `charges`, columns that "
        "are not listed here are FOCUS 1.2's, in snake_case."
    )
    for name in names("finance"):
        about, columns = header_comments(query(name))
        lines = [f"### `{name.removeprefix('finance/')}`", "", about, "", "| column | |", "| --- | --- |"]
        lines += [f"| `{column}` | {text} |" for column, text in columns.items()]
        yield "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(reference(), "utf-8")
