"""Lookup tables: a CSV of the workspace that says which model, activity and cost kind a value belongs to."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from truecost.errors import Fault
from truecost.workspace.config import Activity, CostKind, LookupSection


@dataclass(frozen=True)
class LookupRow:
    """What a value belongs to; what the table does not say is the rule's to say."""

    model: str | None
    activity: str | None
    cost_kind: str | None


@dataclass(frozen=True)
class Lookup:
    """A table, by its keys."""

    name: str
    rows: dict[str, LookupRow] = field(default_factory=dict)


def read_lookup(root: Path, section: LookupSection, models: Collection[str]) -> tuple[Lookup, list[Fault]]:
    """The table of a workspace, and what is wrong with it: each fault with its line.

    The columns are the key's and any of ``model``, ``activity`` and ``cost_kind``; others are left alone.
    """
    try:
        with (root / section.path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lines = [(reader.line_num, row) for row in reader]
            header = list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return Lookup(section.name), [Fault(section.path, None, f"the lookup can't be read ({error})", "mend the file")]
    missing = {section.key, "model"} - set(header)
    if missing:
        remedy = f"name it in the first line, which has {', '.join(header)}"
        return Lookup(section.name), [Fault(section.path, 1, f"it has no column {min(missing)!r}", remedy)]
    rows: dict[str, LookupRow] = {}
    faults = []
    for line, row in lines:
        key = (row[section.key] or "").strip()
        told = {name: (row.get(name) or "").strip() or None for name in ("model", "activity", "cost_kind")}
        if not key:
            faults.append(Fault(section.path, line, f"{section.key} is empty", "name a value, or take the line out"))
        elif key in rows:
            faults.append(Fault(section.path, line, f"{key!r} stands twice", "take one of the lines out"))
        for name, known in (("model", models), ("activity", get_args(Activity)), ("cost_kind", get_args(CostKind))):
            if told[name] is not None and told[name] not in known:
                remedy = f"use one of {', '.join(sorted(known))}"
                faults.append(Fault(section.path, line, f"there is no {name} {told[name]!r}", remedy))
        rows.setdefault(key, LookupRow(told["model"], told["activity"], told["cost_kind"]))
    return Lookup(section.name, rows), faults
