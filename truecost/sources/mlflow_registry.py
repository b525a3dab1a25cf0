"""MLflow's model registry: saved answers of its REST API -> a row a model version.

Taken are the answers of ``model-versions/search`` and ``/get``, and of ``registered-models/search``, ``/get`` and
``/get-latest-versions``, one after the other or in a list; names and types after MLflow's ``model_registry.proto``.
Numbers may be text: both spellings of an int64 in JSON are in use.

What the registry does not say is when a version was promoted: a stage's transition sets ``last_updated_timestamp``, but
so does an edited description, and an alias need not. So the earliest such time counts that shows it promoted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.errors import DeliveryRefused
from truecost.sources import Column, FileOptions, Format, Limits, RawTable
from truecost.sources.datasets import MODEL_VERSIONS
from truecost.sources.readers.documents import as_text, read_document
from truecost.sources.readers.located_json import Located, parse
from truecost.sources.readers.records import store_records

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SAVE = "save the answers of GET mlflow/model-versions/search"
_WITHOUT_ALIASES = (
    "no version tells its aliases, so that only the stage Production counts as promoted: save the answers of GET "
    "mlflow/registered-models/search (or /get) too, which have them"
)
_OF_VERSIONS = ("model_versions", "latest_versions")
_TOLD = ("name", "version", "run_id", "current_stage", "creation_timestamp", "last_updated_timestamp")
_HEADER = (*_TOLD, "aliases")


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read saved answers; each row has the line its version starts on.

    Raises:
        DeliveryRefused: the file is not JSON, or holds no answers of the registry.
    """
    values, malformed = parse(as_text(read_document(path, fmt, options)), options.limits)
    if not malformed and not any(_is_answer(value) for value in _answers(values)):
        raise DeliveryRefused(f"the file holds no model versions; {_SAVE}")
    versions = [found for value in _answers(values) for found in _versions(value)]
    store_records(con, _HEADER, ((version.line, _fields(version, aliases)) for version, aliases in versions))
    told = any("aliases" in version for version, _ in versions) or any(
        _tells_aliases(value) for value in _answers(values)
    )
    notes = () if told or not versions else (_WITHOUT_ALIASES,)
    return RawTable("raw_rows", _HEADER, first_line=None, malformed=malformed.found(), notes=notes)


def _tells_aliases(answer: Any) -> bool:
    """Whether an answer is of registered models, which tell their aliases where they have any."""
    return isinstance(answer, dict) and ("registered_models" in answer or "registered_model" in answer)


def recognises(path: Path) -> bool:
    """Whether the file holds an answer of the registry."""
    try:
        values, _ = parse(as_text(read_document(path, FORMAT, FileOptions())), Limits())
    except DeliveryRefused:
        return False
    return any(_is_answer(value) for value in _answers(values))


def _answers(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _is_answer(value: Any) -> bool:
    return isinstance(value, dict) and (
        any(isinstance(value.get(key), list) for key in ("model_versions", "registered_models"))
        or any(isinstance(value.get(key), dict) for key in ("model_version", "registered_model"))
    )


def _versions(answer: Any, aliases: dict[str, list[str]] | None = None) -> Iterator[tuple[Located, list[str]]]:
    """(version, the aliases a registered model gives it) of an answer, or of one of its registered models."""
    if not isinstance(answer, dict):
        return
    for key in _OF_VERSIONS:
        for version in _listed(answer.get(key)):
            if isinstance(version, Located):
                yield version, (aliases or {}).get(str(version.get("version")), [])
    if isinstance(answer.get("model_version"), Located):
        yield answer["model_version"], []
    for model in [*_listed(answer.get("registered_models")), answer.get("registered_model")]:
        if isinstance(model, dict):
            yield from _versions(model, _aliases(model))


def _aliases(model: dict[str, Any]) -> dict[str, list[str]]:
    """Version -> its aliases, as a registered model tells them."""
    found: dict[str, list[str]] = {}
    for told in _listed(model.get("aliases")):
        if isinstance(told, dict) and isinstance(told.get("alias"), str):
            found.setdefault(str(told.get("version")), []).append(told["alias"])
    return found


def _fields(version: Located, aliases: list[str]) -> list[str | None]:
    own = [alias for alias in _listed(version.get("aliases")) if isinstance(alias, str)]
    told = [_text(version.get(name)) for name in _TOLD]
    return [*told, json.dumps(sorted({*own, *aliases}), ensure_ascii=False)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    """Numbers are text here; what is neither is told as it stands, so that a check can name it."""
    return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)


FORMAT = Format(
    name="mlflow_registry",
    title="Model versions of an MLflow registry",
    versions=("REST 2.0",),
    dataset=MODEL_VERSIONS,
    disposition="merge",
    basis="reference",
    columns=(
        Column("registered_model", ("name",), required=True),
        Column("registered_version", ("version",), required=True),
        Column("run_id"),
        Column("stage", ("current_stage",)),
        Column("aliases"),
        Column("registered_at", ("creation_timestamp",)),
        Column("updated_at", ("last_updated_timestamp",), required=True),
    ),
    sql="formats/mlflow_registry",
    read=read,
    settings=("promoted_aliases",),
    recognises=recognises,
    null_words=("",),
    version_of=lambda header: "REST 2.0",
)
