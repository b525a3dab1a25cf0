"""Write docs/reference.md from the code: commands, configuration, plans, formats, suites and published views.

``python docs/make_reference.py`` writes it, and docs/schema; a test compares, so neither can drift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import typer.main
from pydantic import TypeAdapter

from truecost.cli.commands import app
from truecost.publish.publication import header_comments
from truecost.sources import formats
from truecost.store.sql import names, query
from truecost.workspace.config import SIZE_AS_WRITTEN, Duration
from truecost.workspace.plans import Month
from truecost.workspace.schemas import PLAIN_NUMBER, config_schema, plan_schema, resolved, sections, write_schemas

SHARED = {"workspace", "as_of", "json", "debug", "known_at"}
TARGET = Path(__file__).with_name("reference.md")
SCHEMAS = Path(__file__).with_name("schema")


def reference() -> str:
    """The whole page."""
    parts = [
        "# Reference",
        "Written by `python docs/make_reference.py` from the code; edit the code, not this page.",
        *_commands(),
        *_configuration(),
        *_plans(),
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
    root: Any = typer.main.get_command(app)
    shared = [parameter for parameter in root.params if parameter.name in SHARED]
    yield "\n".join(
        [
            "Every command takes these, before its name or after it; `--known-at` is for `truecost report` alone:",
            "",
            *(f"- {_option(parameter)}" for parameter in shared),
            "- `-h`, `--help`: What it does, and examples.",
        ]
    )
    yield (
        "`truecost --install-completion` lets the shell complete commands, options, models, sources and quarters. "
        "States are coloured on a terminal, unless `NO_COLOR` is set; what has no room there is wrapped, set below or "
        "said to be left out, and an amount is never cut. Progress is on stderr; where that is no terminal, it is a "
        "line a step of `run`, `demo` and `reevaluate`, and of another command where it takes longer than ten seconds."
    )
    for name, command in _leaves("truecost", root):
        options = [f"- {_option(parameter)}" for parameter in command.params if parameter.name not in SHARED]
        parts = [f"### `{name}`", (command.help or "").strip(), "\n".join(options), _examples(command.epilog)]
        yield "\n\n".join(filter(None, parts))


def _examples(epilog: str | None) -> str:
    """The examples of a command's help, as a block of code."""
    lines = (epilog or "").splitlines()
    typed = [line.strip() for line in lines if line.startswith("  ")]
    return "\n".join(["```text", *typed, "```"]) if typed else ""


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
    schema = config_schema()
    yield "## `truecost.toml`"
    yield (
        "A key that has no default may be left out, unless it is required. [schema/truecost.schema.json]"
        "(schema/truecost.schema.json) says the same to editors: `truecost init` and `truecost schema` put it beside "
        "the file, whose first line names it."
    )
    for _, heading, section in sections(schema):
        yield _table(f"### `{heading}`", section, schema)
    yield "### Values of a `match`"
    yield (
        f"{schema['$defs']['Match']['description']} A value is exact, a glob, a list of these, or a table of tests. "
        'A tag is named in quotes: `"tags.team"`. [attribution.md](attribution.md) has examples.'
    )
    for key, title in (("ColumnTest", "A test"), ("LookupUse", "`lookup` of a rule")):
        yield _table(f"#### {title}", schema["$defs"][key], schema)


def _plans() -> Iterator[str]:
    schema = plan_schema()
    yield _table("## Plans", schema, schema)
    for key, heading, section in sections(schema):
        yield _table(f"### `{heading}`", section, schema)
        for _, inner, part in sections({**schema, "properties": section["properties"]}):
            if inner.startswith("[") and "low" not in part["properties"]:
                yield _table(f"### `[{key}.{inner[1:]}`", part, schema)
    for title, kind in (
        ("A figure that is not known", "Range"),
        ("A share that is not known", "ShareRange"),
        ("A distribution by its mean", "Named"),
        ("Anything between two bounds", "Even"),
    ):
        yield _table(f"### {title}", schema["$defs"][kind], schema)


def _table(heading: str, section: dict[str, Any], schema: dict[str, Any]) -> str:
    lines = [heading, "", section["description"], "", "| key | values | default | |", "| --- | --- | --- | --- |"]
    for key, found in section["properties"].items():
        default = f"`{json.dumps(found['default'])}`" if "default" in found else ""
        default = "required" if key in section.get("required", ()) else default
        lines.append(f"| `{key}` | {_values(found, schema)} | {default} | {found['description']} |")
    return "\n".join(lines)


def _values(found: dict[str, Any], schema: dict[str, Any]) -> str:
    """A JSON schema's possible values, in a few words."""
    found = {**resolved(schema, found), **{key: value for key, value in found.items() if key != "allOf"}}
    if found.get("anyOf") and {"type": "boolean"} in found["anyOf"]:
        return "value, or list of values"
    if "anyOf" in found and "properties" not in found:
        options = [option for option in found["anyOf"] if option.get("pattern") != PLAIN_NUMBER]
        return " or ".join(dict.fromkeys(_values(option, schema) for option in options))
    if "enum" in found:
        return ", ".join(f"`{value}`" for value in found["enum"])
    if "const" in found:
        return f"`{found['const']}`"
    if found.get("type") == "array":
        return f"list of {_values(found['items'], schema)}"
    if found.get("type") == "object":
        return "table"
    known = {
        SIZE_AS_WRITTEN: "size, like `16MB`",
        _pattern_of(Duration): "duration, like `45d`",
        _pattern_of(Month): "month, like `2025-10`",
    }
    return known.get(found.get("pattern", ""), _bounded(found))


def _pattern_of(kind: Any) -> str:
    return str(TypeAdapter(kind).json_schema(mode="validation")["pattern"])


def _bounded(found: dict[str, Any]) -> str:
    told = {"integer": "whole number", "boolean": "`true`, `false`"}.get(found["type"], found["type"])
    told = str(found.get("format") or told)
    least, most = found.get("minimum"), found.get("maximum")
    if "exclusiveMinimum" in found:
        told += f" above {found['exclusiveMinimum']:,.0f}"
        return f"{told} up to {most:,.0f}" if most is not None else told
    if least is not None and most is not None:
        return f"{told} from {least:,.0f} to {most:,.0f}"
    return f"{told} of at least {least:,.0f}" if least else told


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
    write_schemas(SCHEMAS)
    TARGET.write_text(reference(), "utf-8")
