"""The schemas that editors read are what the models say, explain every key, and hold for every example here."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from truecost.workspace.config import ConfigFile
from truecost.workspace.plans import Plan
from truecost.workspace.schemas import CONFIG_SCHEMA, PLAN_SCHEMA, as_text, config_schema, plan_schema, schemas

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted(path for path in (ROOT / "examples").rglob("*.toml") if "templates" not in path.parts)


def plain(value: Any) -> Any:
    """What a TOML file holds, as JSON: what a validator in an editor sees."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def faults(text: str, schema: dict[str, Any], is_part: bool = False) -> list[str]:
    """What an editor marks; a part of a ``truecost.toml`` need not name the workspace."""
    checker = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    parsed = tomllib.loads(text, parse_float=Decimal)
    if is_part:
        parsed.setdefault("workspace", {}).setdefault("name", "x")
    return [error.message for error in checker.iter_errors(plain(parsed))]


def keys(schema: dict[str, Any], where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, its schema) of every key of every table, but for the columns of a charge, which FOCUS explains."""
    for name, definition in {"": schema, **schema["$defs"]}.items():
        if name == "Match":
            continue
        for key, found in definition.get("properties", {}).items():
            yield f"{name}.{key}", found


@pytest.mark.parametrize("name", [CONFIG_SCHEMA, PLAN_SCHEMA])
def test_the_schema_files_are_what_the_models_say(name: str) -> None:
    written = (ROOT / "docs/schema" / name).read_text("utf-8")
    assert written == as_text(schemas()[name]), "run `python docs/make_reference.py`"
    jsonschema.Draft7Validator.check_schema(json.loads(written))


@pytest.mark.parametrize("name", [CONFIG_SCHEMA, PLAN_SCHEMA])
def test_every_key_says_what_it_is_for(name: str) -> None:
    unexplained = [where for where, found in keys(schemas()[name]) if not found.get("description", "").endswith(".")]
    assert unexplained == []


@pytest.mark.parametrize("name", [CONFIG_SCHEMA, PLAN_SCHEMA])
def test_nothing_stands_beside_a_reference_since_editors_would_not_read_it(name: str) -> None:
    def walk(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict):
            yield part
        for item in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from walk(item)

    assert all(len(part) == 1 for part in walk(schemas()[name]) if isinstance(part.get("$ref"), str))
    assert not any(part.get("type") == "null" for part in walk(schemas()[name]))


def test_the_schema_knows_every_key_the_models_know() -> None:
    schema = config_schema()
    assert schema["properties"].keys() == ConfigFile.model_fields.keys()
    assert set(schema["$defs"]["SourceSection"]["properties"]) >= {"name", "format", "path", "one_in", "delivery"}
    assert set(schema["$defs"]["RateSection"]["properties"]) >= {"from", "to"}
    assert plan_schema()["properties"].keys() == Plan.model_fields.keys()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_is_valid(path: Path) -> None:
    text = path.read_text("utf-8")
    if path.name == "empty.toml":
        text = re.sub(r'(?m)^# (?=\[|[a-z_0-9"]+ = )', "", text)
    is_plan = not {"plans", "decisions"}.isdisjoint(path.parts)
    assert faults(text, plan_schema() if is_plan else config_schema()) == []


A_PLAN = 'currency = "USD"\nfirst_month = "2027-01"\nlast_month = "2027-12"\n'


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_piece_of_configuration_in_the_docs_is_valid(path: Path) -> None:
    for block in pieces(path.read_text("utf-8")):
        whole = A_PLAN + block if block.startswith(("[decision]", "[[milestones]]")) else block
        is_plan = "first_month" in whole
        assert faults(whole, plan_schema() if is_plan else config_schema(), is_part=not is_plan) == [], block


def test_the_docs_have_pieces_of_configuration_to_check() -> None:
    assert sum(len(list(pieces(path.read_text("utf-8")))) for path in PAGES) > 20


def pieces(page: str) -> Iterator[str]:
    """Code blocks that are configuration: TOML that is fenced and called so, or indented and beginning with a table."""
    fenced = re.findall(r"(?ms)^```toml\n(.*?)^```", page)
    yield from (block for block in fenced if not block.startswith("[project]"))  # which is a package's
    for block in re.findall(r"(?m)(?:^    \S.*\n|^    \[.*\n)(?:(?:    .*)?\n)*", page):
        if block.startswith("    ["):
            yield re.sub(r"(?m)^    ", "", block)


@pytest.mark.parametrize(
    "text",
    [
        '[workspace]\nnmae = "x"\n',
        '[workspace]\nname = "x"\nfiscal_year_start_month = 13\n',
        '[workspace]\nname = "x"\n[[source]]\n',
        '[workspace]\nname = "x"\n[sources]\nname = "a"\nformat = "focus"\npath = "a"\n',
        '[workspace]\nname = "x"\n[[expected]]\nsource = "a"\nevery = "45 days"\n',
        '[workspace]\nname = "x"\n[[attribution]]\nmatch = { source = "a" }\n',
        '[workspace]\nname = "x"\n[[attribution]]\nmatch = { sorce = "a" }\nmodel = "b"\n',
        '[workspace]\nname = "x"\n[[attribution]]\nmatch = { tags.team = "a" }\nmodel = "b"\n',
        '[workspace]\nname = "x"\n[[attribution]]\nmatch = { source = {} }\nmodel = "b"\n',
        '[workspace]\nname = "x"\n[[attribution]]\nmatch = {}\nmodel = "b"\n',
        '[workspace]\nname = "x"\n[[rates]]\nrole = "r"\nhourly_cost = -1\ncurrency = "USD"\n',
        '[workspace]\nname = "x"\n[[rates]]\nrole = "r"\nhourly_cost = 1\ncurrency = "USD"\nfrom = "soon"\n',
    ],
)
def test_what_is_refused_is_marked_in_the_editor_too(text: str) -> None:
    assert faults(text, config_schema())


def test_a_format_of_another_package_is_not_marked() -> None:
    text = '[workspace]\nname = "x"\n[[sources]]\nname = "a"\nformat = "of_ours"\npath = "a"\n'
    assert faults(text, config_schema()) == []
