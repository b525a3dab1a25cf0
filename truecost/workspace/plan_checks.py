"""What a plan says that its form allows and that can't be meant: told with its line, beside its faults."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from truecost.errors import Fault
from truecost.workspace.tomlfiles import TomlLines

_MOST_AN_HOUR = Decimal(1000)  # no role and no GPU costs that much an hour
_LEAST_A_MONTH = Decimal(20)  # what comes every month and costs less is likely the price of an hour
_HOURLY = ("annotator_rate", "expert_rate", "hourly_rate", "gpu_hour")
_MONTHLY = ("other_per_month", "index_per_month")


def doubtful(parsed: dict[str, Any], file: str, lines: TomlLines) -> Iterator[Fault]:
    """Prices of an hour and of a month that stand in each other's place."""
    items = parsed.get("items")
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield from _item(item, ("items", index), file, lines)
    lifecycle = parsed.get("lifecycle")
    sections = lifecycle if isinstance(lifecycle, dict) else {}
    for name, section in {"": sections, **sections}.items():
        if isinstance(section, dict):
            where = ("lifecycle", name) if name else ("lifecycle",)
            yield from _section(section, where, file, lines)


def lopsided(stages: set[str], file: str, line: int | None) -> Iterator[Fault]:
    """A plan of training and nothing else; what the facts say is missing (docs/facts.md)."""
    if stages == {"training"}:
        message = "the plan holds training and nothing else"
        remedy = (
            "plan failed experiments (30 to 50 % of the training spend, F12), 3 to 5 iterations (F13), serving at a "
            "premium (F14) or on GPUs that idle (F15), re-evaluation and retraining (F16) and staff (F17); "
            "`truecost plan new` writes a plan that has them"
        )
        yield Fault(file, line, message, remedy)


def _item(item: dict[str, Any], where: tuple[str | int, ...], file: str, lines: TomlLines) -> Iterator[Fault]:
    cost, quantity = _likely(item.get("unit_cost")), _likely(item.get("quantity", 1))
    if cost is None:
        return
    at, name = lines.find((*where, "unit_cost")), item.get("name")
    if str(item.get("unit", "")).lower().endswith("hours") and cost > _MOST_AN_HOUR:
        yield Fault(file, at, f"{name!r} costs {cost:,} an hour", "is it the price of a month? give that of an hour")
    if item.get("per") == "month" and quantity == 1 and 0 < cost < _LEAST_A_MONTH:
        message = f"{name!r} costs {cost} a month"
        yield Fault(file, at, message, "is it the price of an hour? give the hours of a month as its quantity")


def _section(section: dict[str, Any], where: tuple[str | int, ...], file: str, lines: TomlLines) -> Iterator[Fault]:
    for key, value in section.items():
        amount = _likely(value)
        if amount is None:
            continue
        at = lines.find((*where, key))
        if key in _HOURLY and amount > _MOST_AN_HOUR:
            yield Fault(file, at, f"{key} = {amount:,} an hour", "is it the price of a month? give that of an hour")
        if key in _MONTHLY and 0 < amount < _LEAST_A_MONTH:
            yield Fault(file, at, f"{key} = {amount} a month", "is it the price of an hour? give that of a month")


def _likely(value: object) -> Decimal | None:
    if isinstance(value, dict):
        value = value.get("likely", value.get("mean"))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)
