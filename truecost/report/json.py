"""The report as JSON: its keys and values are a contract with those who read it by machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from truecost.publish.cells import plain
from truecost.publish.figures import QuarterReport


def report_json(report: QuarterReport, fingerprint: str) -> str:
    """The text of ``true-cost.json``: amounts as texts with all their digits, in the order of the fields."""
    told = {**_told(report), "fingerprint": fingerprint}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _told(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _told(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_told(item) for item in value]
    if is_dataclass(value):
        held = [field.name for field in fields(value) if _is_told(value, field.metadata)]
        return {name: _told(getattr(value, name)) for name in held}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a report")


def _is_told(value: object, metadata: Mapping[str, Any]) -> bool:
    """See ``figures.told_by``."""
    if "told_by" not in metadata:
        return True
    told_by = metadata["told_by"]
    return told_by is not None and getattr(value, told_by) not in (None, [], ())
