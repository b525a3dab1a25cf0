"""An editor and truecost agree: what a schema allows is parsed, and what is broken is refused by both."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import ceil, floor
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from tests.support.effort import examples
from tests.workspace.test_schemas import plain
from truecost.workspace.config import ConfigFile
from truecost.workspace.plans import Plan
from truecost.workspace.schemas import PLAIN_NUMBER, config_schema, plan_schema, resolved

SCHEMAS: dict[type[BaseModel], dict[str, Any]] = {ConfigFile: config_schema(), Plan: plan_schema()}
DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))
LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large]
BROKEN: list[Any] = [{"no such key": {"at": "all"}}, [[["deep"]]], "zzz zzz"]


def values(part: dict[str, Any], schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Whatever the schema allows, but for what it can't say: that a range rises, that a test asks one kind, and that
    figures of one driver hang together at least as strongly as those of two."""
    found = {**resolved(schema, part), **{key: value for key, value in part.items() if key not in ("allOf", "$ref")}}
    if set(found.get("properties", {})) >= {"low", "high"}:
        rising = [name for name in ("low", "likely", "high") if name in found["properties"]]
        rest = {name: part for name, part in found["properties"].items() if name not in rising}
        return st.tuples(
            st.tuples(*(plain_values(number_in(found["properties"][name], schema), schema) for name in rising)),
            st.fixed_dictionaries({name: values(part, schema) for name, part in rest.items()}),
        ).map(lambda two: {**dict(zip(rising, sorted(two[0]), strict=True)), **two[1]})
    if "regex" in found.get("properties", {}):
        return st.one_of(
            st.builds(lambda day: {"min": day}, DAYS),
            st.builds(lambda text: {"regex": text}, st.just("^a")),
            st.builds(lambda word: {"not": word, "max": 3}, st.sampled_from(["a*", ["a", 1, True]])),
        )
    if {"between", "within"} <= set(found.get("properties", {})):
        return tables(found, schema).filter(
            lambda told: told.get("between", Decimal("0.25")) <= told.get("within", Decimal("0.65"))
        )
    if "properties" in found:
        return tables(found, schema)
    if "anyOf" in found:
        return st.one_of([values(option, schema) for option in found["anyOf"]])
    if "enum" in found:
        return st.sampled_from(found["enum"])
    if "const" in found:
        return st.just(found["const"])
    return plain_values(found, schema)


def number_in(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The number that a part may be, beside a number in quotes."""
    found = {**resolved(schema, part), **part}
    return next(option for option in found.get("anyOf", [found]) if option.get("type") in ("integer", "number"))


def plain_values(found: dict[str, Any], schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind = found["type"]
    if kind == "array":
        least, most = found.get("minItems", 0), found.get("maxItems", 3)
        return st.lists(values(found["items"], schema), min_size=least, max_size=most)
    if kind == "object":
        names = values(found.get("propertyNames", {"type": "string", "pattern": "^[a-z]{1,5}$"}), schema)
        return st.dictionaries(names, values(found["additionalProperties"], schema), max_size=2)
    if kind == "boolean":
        return st.booleans()
    if kind in ("integer", "number"):
        step = Decimal(1) if kind == "integer" else Decimal("0.01")
        least = Decimal(str(found["minimum"])) if "minimum" in found else Decimal(0)
        if "exclusiveMinimum" in found:
            least = max(least, Decimal(str(found["exclusiveMinimum"])) + step)
        most = Decimal(str(found["maximum"])) if "maximum" in found else least + 10**6
        if "exclusiveMaximum" in found:
            most = min(most, Decimal(str(found["exclusiveMaximum"])) - step)
        steps = st.integers(ceil(least / step), floor(most / step))
        return steps if kind == "integer" else steps.map(lambda n: n * step)
    if found.get("format") == "date":
        return DAYS
    if found.get("pattern") == PLAIN_NUMBER:
        return st.just("1")  # that a quoted number keeps its bounds, no schema can say
    if "pattern" in found:
        return st.from_regex(found["pattern"].replace("$", r"\Z"), fullmatch=True).filter(lambda text: len(text) < 12)
    return st.text("abc é\"'*", min_size=found.get("minLength", 0), max_size=5)


def tables(found: dict[str, Any], schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = [name for name in found["properties"] if name in found.get("required", ())]
    is_rule = "lookup" in found["properties"]
    optional = [name for name in found["properties"] if name not in names]
    if "patternProperties" in found:
        optional = ["source", "service_name", "billed_cost"]

    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        chosen = [
            *names,
            *draw(st.lists(st.sampled_from(optional), unique=True, max_size=4) if optional else st.just([])),
        ]
        if is_rule:
            chosen = list(dict.fromkeys([*chosen, *draw(st.sampled_from([("match", "model"), ("lookup",)]))]))
        if found.get("minProperties") and not chosen:
            chosen = ["source"]
        return {name: draw(values(found["properties"][name], schema)) for name in chosen}

    return drawn()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(what holds it, its key) of everything in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from places(item)


def names_a_column(error: jsonschema.ValidationError) -> bool:
    return error.validator == "additionalProperties" and "patternProperties" in error.schema


def agree(model: type[BaseModel], document: dict[str, Any]) -> bool:
    checker = jsonschema.Draft7Validator(SCHEMAS[model], format_checker=jsonschema.FormatChecker())
    # That a charge has a column is no matter of shape: it is looked at once the file is parsed, with a suggestion.
    marked = [error.message for error in checker.iter_errors(plain(document)) if not names_a_column(error)]
    refused = []
    try:
        model.model_validate(document)
    except ValidationError as error:
        refused = [f"{item['loc']}: {item['msg']}" for item in error.errors()]
    assert bool(marked) == bool(refused), (document, marked[:2], refused[:2])
    return not refused


@pytest.mark.parametrize("model", SCHEMAS)
@settings(max_examples=examples(50), suppress_health_check=LARGE, deadline=None)
@given(data=st.data())
def test_what_the_schema_allows_is_parsed(model: type[BaseModel], data: st.DataObject) -> None:
    document = data.draw(values(SCHEMAS[model], SCHEMAS[model]))
    assert agree(model, document)


@pytest.mark.parametrize("model", SCHEMAS)
@settings(max_examples=examples(50), suppress_health_check=LARGE, deadline=None)
@given(data=st.data())
def test_what_is_broken_is_refused_by_both_or_by_neither(model: type[BaseModel], data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(values(SCHEMAS[model], SCHEMAS[model])))
    holder, key = data.draw(st.sampled_from(list(places(document))))
    how = data.draw(st.sampled_from(["take out", "put in", "replace"]))
    if how == "put in" and isinstance(holder, dict):
        holder["no_such_key"] = 1
    elif how == "take out" and isinstance(holder, dict):
        del holder[key]
    else:
        holder[key] = data.draw(st.sampled_from(BROKEN))
    agree(model, document)
