"""Rows of the published file as typed values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from truecost.store.rows import Row

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value", bound="DataclassInstance")


def filled(kind: type[Value], row: Row, **others: Any) -> Value:
    """A dataclass from the row's columns of the same names, and from ``others`` where they are given."""
    names = (field.name for field in fields(kind))
    return kind(**{name: others[name] if name in others else _finite(row[name]) for name in names})


def filled_all(kind: type[Value], rows: Iterable[Row]) -> list[Value]:
    return [filled(kind, row) for row in rows]


def by_model(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each model, in their order; what has no model is left out."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["model_id"] is not None:
            found.setdefault(row["model_id"], []).append(row)
    return found


def _finite(value: object) -> object:
    """JSON and spreadsheets have no name for what is not a number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
