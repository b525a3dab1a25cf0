"""A new plan: every default of an approach written out, each with where it is from; what the workspace knows wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from truecost.errors import TruecostError
from truecost.workspace.lifecycle import Lifecycle
from truecost.workspace.plan_figures import Even, Named, Range, Uncertainty
from truecost.workspace.tomltext import text as quoted

_FACT = re.compile(r"\(([^()]*\bF[0-9]+[^()]*)\)")

Known = Mapping[tuple[str, str], tuple[str, str]]
"""(section, key) -> what the workspace's own records say, as TOML, and where it says so."""

Sources = Mapping[tuple[str, str], str]
"""(section, key) -> where the default of an approach is from."""


def plan_text(lifecycle: Lifecycle, sources: Sources, known: Known, currency: str, first: date, last: date) -> str:
    """The file. ``sources`` says where an approach's defaults are from, ``known`` what takes the place of a default."""
    lines = [
        "#:schema ../.truecost/plan.schema.json",
        f"# The lifecycle cost of a model by the approach `{lifecycle.approach}`, with every default written out.",
        "# F1 to F31 are the facts of docs/facts.md. Your own figures always win: change what you know better.",
        "",
        f'currency = "{currency}"',
        f'first_month = "{first:%Y-%m}"',
        f'last_month = "{last:%Y-%m}"',
        "",
        "[lifecycle]",
    ]
    for key, field in Lifecycle.model_fields.items():
        value = getattr(lifecycle, key)
        if not isinstance(value, BaseModel) or isinstance(value, Range | Named | Even):
            lines.append(_line("", key, value, field.description or "", sources, known))
    for key in Lifecycle.model_fields:
        section = getattr(lifecycle, key)
        if isinstance(section, BaseModel) and not isinstance(section, Range | Named | Even):
            lines += ["", f"[lifecycle.{key}]", *_section(key, section, sources, known)]
    fields = Uncertainty.model_fields.items()
    learned = [
        _line("uncertainty", key, None, field.description or "", sources, known)
        for key, field in fields
        if ("uncertainty", key) in known
    ]
    if learned:
        lines += ["", "[uncertainty]", *learned]
    return "\n".join(lines) + "\n"


def write_plan(path: Path, text: str) -> None:
    """Write a plan that is not there yet.

    Raises:
        TruecostError: it is there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise TruecostError(f"{path} is there already; name another file with --to, or move it away") from error


def _section(name: str, section: BaseModel, sources: Sources, known: Known) -> Iterator[str]:
    for key, field in type(section).model_fields.items():
        yield _line(name, key, getattr(section, key), field.description or "", sources, known)


def _line(section: str, key: str, value: Any, about: str, sources: Sources, known: Known) -> str:
    told, source = known.get((section, key)) or (as_toml(value), sources.get((section, key), ""))
    fact = _FACT.search(about)
    named = source or (fact.group(1) if fact else "as Mistral 7B has it" if section == "base" else "assumed")
    what = re.sub(r" *\([^()]*\bF[0-9]+[^()]*\)", "", about).replace(" Differs by approach.", "")
    comment = f"{what.rstrip('.')}: {named}" if named not in what else what.rstrip(".")
    return f"{key} = {told}".ljust(52) + f"  # {comment}"


def as_toml(value: Any) -> str:
    """A figure as a plan writes it."""
    if isinstance(value, Range):
        if value.is_certain:
            return _number(value.likely)
        low, likely, high = map(_number, (value.low, value.likely, value.high))
        return f"{{ low = {low}, likely = {likely}, high = {high} }}"
    if isinstance(value, Decimal | int):
        return _number(Decimal(value))
    return quoted(str(value))


def _number(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"
