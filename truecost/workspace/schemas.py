"""What ``truecost.toml`` and a plan may hold, as JSON schemas: editors check by them, the reference is made of them.

The models in ``config`` and ``plans`` are the one place where a key is declared and explained.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from truecost.sources import shown_size
from truecost.workspace.config import SIZE_AS_WRITTEN, ConfigFile, Match
from truecost.workspace.plan_figures import Range
from truecost.workspace.plans import Plan
from truecost.workspace.workspace import amount_columns, match_columns

FOLDER = ".truecost"  # of a workspace, where its editor finds them
CONFIG_SCHEMA = "truecost.schema.json"
PLAN_SCHEMA = "plan.schema.json"
PLAIN_NUMBER = r"^[0-9]+(\.[0-9]+)?$"  # in quotes, as an amount may be written

Schema = dict[str, Any]

_DIALECT = "http://json-schema.org/draft-07/schema#"  # what editors of TOML know
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def schemas() -> dict[str, Schema]:
    """Each schema by the name of its file."""
    return {CONFIG_SCHEMA: config_schema(), PLAN_SCHEMA: plan_schema()}


def config_schema() -> Schema:
    """What ``truecost.toml`` may hold."""
    schema = _schema_of(ConfigFile, "truecost.toml")
    _name_formats(schema)
    _name_columns(schema)
    return schema


def plan_schema() -> Schema:
    """What a plan may hold."""
    return _schema_of(Plan, "A plan of truecost")


def write_schemas(folder: Path) -> list[Path]:
    """Write both into ``folder``, in place of older ones; each is there whole or as it was."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path, aside = folder / name, folder / f".new-{name}"
        aside.write_text(as_text(schema), "utf-8")
        aside.replace(path)
        written.append(path)
    return written


def as_text(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def written_duration(duration: timedelta) -> str:
    """A duration as one writes it in a configuration: in the largest unit that leaves no fraction."""
    unit, size = next((unit, size) for unit, size in _UNITS.items() if not duration % size)
    return f"{duration // size}{unit}"


def sections(schema: Schema) -> Iterator[tuple[str, str, Schema]]:
    """(key, heading, schema) of each table that a file of this schema may hold, in its order."""
    for key, found in schema["properties"].items():
        is_list = "items" in found
        section = resolved(schema, found["items"] if is_list else found)
        if "properties" in section:
            yield key, f"[[{key}]]" if is_list else f"[{key}]", section


def resolved(schema: Schema, part: Schema) -> Schema:
    """``part``, or what it refers to."""
    reference = part.get("$ref") or next((item["$ref"] for item in part.get("allOf", []) if "$ref" in item), None)
    return cast(Schema, schema["$defs"][reference.rsplit("/", 1)[1]]) if reference else part


class _Written(GenerateJsonSchema):
    """Values as one writes them in TOML, which knows no null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        number, text = super().decimal_schema(schema)["anyOf"]
        return {"anyOf": [number, {**text, "pattern": PLAIN_NUMBER}]}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        factory = schema.get("default_factory")
        default = cast(Any, factory)() if factory is not None else schema.get("default")
        if (
            default is None
            or default in ("", [], {})
            or (isinstance(default, BaseModel) and type(default) is not Range)
        ):
            return inner
        if inner.get("pattern") == SIZE_AS_WRITTEN:
            default = shown_size(default)
        return {**({"allOf": [inner]} if "$ref" in inner else inner), "default": _plain(default)}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _plain(value: object) -> Any:
    if isinstance(value, timedelta):
        return written_duration(value)
    if isinstance(value, Range):
        return _plain(value.likely)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _schema_of(model: type[BaseModel], title: str) -> Schema:
    schema = model.model_json_schema(mode="validation", schema_generator=_Written)
    definitions = schema.pop("$defs", {})
    for definition in (schema, *definitions.values()):
        definition.pop("title", None)
        definition["description"] = _as_markdown(definition["description"])
    for part in (schema, *definitions.values()):
        for key, found in part.get("properties", {}).items():
            _explain_section(key, found, definitions)
    return cast(
        Schema, {"$schema": _DIALECT, "title": title, **_siblings_apart(schema), "$defs": _siblings_apart(definitions)}
    )


def _as_markdown(docstring: str) -> str:
    """A class's docstring without the heading it begins with."""
    text = re.sub(r"^``\[+\w+\]+``: ", "", " ".join(docstring.split())).replace("``", "`")
    return text[0].upper() + text[1:] if text[0] != "`" else text


def _explain_section(key: str, found: Schema, definitions: dict[str, Schema]) -> None:
    """A key that holds a section says what the section says of itself, and what it is within its file."""
    reference = found.get("$ref") or found.get("items", {}).get("$ref")
    if reference and "description" not in found:
        found["description"] = definitions[reference.rsplit("/", 1)[1]]["description"]


def _siblings_apart(part: Any) -> Any:
    """A ``$ref`` stands alone, since what stands beside one is not read."""
    if isinstance(part, list):
        return [_siblings_apart(item) for item in part]
    if not isinstance(part, dict):
        return part
    walked = {key: _siblings_apart(value) for key, value in part.items()}
    if isinstance(walked.get("$ref"), str) and len(walked) > 1:
        return {"allOf": [{"$ref": walked.pop("$ref")}], **walked}
    return walked


def _name_formats(schema: Schema) -> None:
    """Offer the formats that come with truecost; another package may bring more."""
    own = sorted(entry.name for entry in entry_points(group="truecost.sources") if entry.value.startswith("truecost."))
    told = schema["$defs"]["SourceSection"]["properties"]["format"]
    told.pop("type")
    told["anyOf"] = [{"enum": own}, {"type": "string"}]


def _name_columns(schema: Schema) -> None:
    """Offer the columns that a ``match`` may name: one definition, which every match refers to."""
    values = _siblings_apart(TypeAdapter(Match).json_schema(schema_generator=_Written)["additionalProperties"])
    names = sorted(match_columns() | amount_columns())
    for definition in schema["$defs"].values():
        for key, found in definition.get("properties", {}).items():
            if found.get("additionalProperties") == values:
                kept = {name: found[name] for name in ("description", "minProperties") if name in found}
                definition["properties"][key] = {"allOf": [{"$ref": "#/$defs/Match"}], **kept}
    schema["$defs"]["ColumnValues"] = {"description": "A value, a glob, a list of them, or a test.", **values}
    reference = {"$ref": "#/$defs/ColumnValues"}
    schema["$defs"]["Match"] = {
        "description": "Columns of a charge, and the values they must have: all that it names must hold.",
        "type": "object",
        "properties": dict.fromkeys(names, reference),
        "patternProperties": {r"^tags\.": reference},
        "additionalProperties": False,
    }
