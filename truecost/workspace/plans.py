"""Plans: what a model is expected to cost over its life, a TOML file a model, parsed once into typed values.

A plan is a list of items, each a quantity times a unit cost over some months, at one stage. Where a figure is not known
it is given as low, likely and high. What the items come to is computed in ``truecost.planning.projection``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from truecost.errors import ConfigError, Fault
from truecost.workspace.config import Currency, Money
from truecost.workspace.lifecycle import Lifecycle
from truecost.workspace.plan_checks import doubtful, lopsided
from truecost.workspace.plan_decision import DecisionSection
from truecost.workspace.plan_figures import Figure, Section, Uncertainty, certain
from truecost.workspace.plan_milestones import Milestone, Stage, milestone_doubts, milestone_faults
from truecost.workspace.tomlfiles import TomlLines, by_line, read_toml, schema_fault

_MOST_MONTHS = 120
_MOST_COST = Decimal(10) ** 15  # what DECIMAL(38, 20) holds, with room to add up


_WRITTEN_MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
WrittenMonth = Annotated[str, Field(pattern=_WRITTEN_MONTH)]
WrittenMonths = Annotated[list[WrittenMonth], Field(min_length=1, max_length=2)]


def _month(value: object) -> date:
    found = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('write a month in quotes, like "2025-10"')
    return date(int(found.group(1)), int(found.group(2)), 1)


def _first_and_last(value: object) -> object:
    months = value if isinstance(value, list) else [value]
    if len(months) not in (1, 2):
        raise ValueError("write the first and the last month, or one month")
    return _month(months[0]), _month(months[-1])


Month = Annotated[date, BeforeValidator(_month, json_schema_input_type=WrittenMonth)]


class Item(Section):
    """``[[items]]``: something the model will cost."""

    name: Annotated[str, Field(min_length=1)] = Field(
        description="What it is; each item of a plan has its own name, which seeds its draws."
    )
    stage: Stage = Field(description="Where it stands in the life of the model.")
    months: (
        Annotated[
            tuple[date, date], BeforeValidator(_first_and_last, json_schema_input_type=WrittenMonth | WrittenMonths)
        ]
        | None
    ) = Field(default=None, description="The first and the last month, or one month; left out, the whole plan.")
    quantity: Figure = Field(
        default=certain(Decimal(1)),
        description="How many: a number; low, likely and high; or a distribution.",
    )
    unit_cost: Figure = Field(description="The cost of one, likewise.")
    per: Literal["item", "month"] = Field(
        default="item",
        description="`item`: the cost is spread over the months by their days; `month`: it comes again each month.",
    )
    unit: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="What the quantity counts, as the books name it: GPU-Hours, Hours, Requests (`consumed_unit` of "
        "`finance.charges`).",
    )
    sku: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="What it is sold as: the GPU type or the role (`sku_id`); needs a `unit`."
    )
    driver: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="What moves it together with others, whatever their stage; left out, its stage does."
    )


class Plan(Section):
    """The projected cost of a model, from the first to the last month; amounts are in ``currency``."""

    currency: Currency = Field(description="The reporting currency of the workspace; nothing is converted.")
    first_month: Month = Field(description='The first month that is planned, in quotes, like `"2025-10"`.')
    last_month: Month = Field(description="The last month that is planned; a plan spans at most 120 months.")
    budget: Money | None = Field(
        default=None, description="What the cost is not to exceed; left out, it is the plan's mean."
    )
    seed: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Of the draws: the same seed gives the same figures."
    )
    trials: Annotated[int, Field(ge=100, le=100_000)] = Field(
        default=10_000, description="How many times the plan is drawn."
    )
    uncertainty: Uncertainty = Field(default=Uncertainty())
    decision: DecisionSection = Field(default=DecisionSection())
    lifecycle: Lifecycle | None = Field(default=None)
    items: list[Item] = Field(
        default_factory=list, description="What the model will cost, beside what `[lifecycle]` comes to."
    )
    milestones: list[Milestone] = Field(
        default_factory=list, description="Work that is worth its value once it is reached: earned value is held by it."
    )

    @property
    def months(self) -> list[date]:
        """The first day of each month of the plan."""
        return months_between(self.first_month, self.last_month)

    def months_of(self, item: Item) -> list[date]:
        first, last = item.months or (self.first_month, self.last_month)
        return months_between(first, last)


def months_between(first: date, last: date) -> list[date]:
    """The first day of each month from ``first`` to ``last``, both among them."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def read_plans(
    root: Path, files: Mapping[str, str], reporting_currency: str
) -> tuple[dict[str, Plan], tuple[Fault, ...]]:
    """The plans of ``files`` (model -> file under ``root``) that are sound, and every fault of the others.

    A file that is not there is left to the check of ``truecost.toml``, which knows the line that names it.
    """
    plans: dict[str, Plan] = {}
    faults: dict[str, list[Fault]] = {}
    for model, file in files.items():
        if not (root / file).exists():
            continue
        try:
            plans[model] = read_plan(root / file, file, reporting_currency)
        except ConfigError as error:
            faults[file] = list(error.faults)
    return plans, tuple(fault for found in faults.values() for fault in found)


def read_plan(path: Path, file: str, reporting_currency: str | None) -> Plan:
    """One plan; ``file`` is its name in a fault. Outside a workspace it may be in any one currency.

    Raises:
        ConfigError: every fault of the file.
    """
    parsed, lines = read_toml(path, file)
    faults = list(_cross_faults(parsed, file, lines, reporting_currency))
    try:
        plan = Plan.model_validate(parsed)
    except ValidationError as error:
        faults += [schema_fault(item, file, lines, Plan) for item in error.errors()]
    if faults:
        raise ConfigError(by_line([*faults, *_doubts(parsed, file, lines)]))
    return plan


def read_doubts(path: Path, file: str) -> list[Fault]:
    """What a sound plan says that can hardly be meant, or leaves out."""
    parsed, lines = read_toml(path, file)
    return by_line(_doubts(parsed, file, lines))


def _doubts(parsed: dict[str, Any], file: str, lines: TomlLines) -> Iterator[Fault]:
    yield from doubtful(parsed, file, lines)
    yield from milestone_doubts(parsed, file, lines)
    items = parsed.get("items")
    if isinstance(items, list) and "lifecycle" not in parsed:
        stages = {str(item.get("stage")) for item in items if isinstance(item, dict)}
        yield from lopsided(stages, file, lines.find(("items",)))


def _cross_faults(
    parsed: dict[str, Any], file: str, lines: TomlLines, reporting_currency: str | None
) -> Iterator[Fault]:
    """What is wrong between sound values; an unsound one is told by the schema, and no reason to keep quiet here."""
    currency = _sound(Currency, parsed.get("currency"))
    if currency is not None and reporting_currency is not None and currency != reporting_currency:
        message = f"the plan is in {currency}, and costs are reported in {reporting_currency}"
        remedy = f"convert its amounts to {reporting_currency}; truecost adds no two currencies"
        yield Fault(file, lines.find(("currency",)), message, remedy)
    first, last = _sound(Month, parsed.get("first_month")), _sound(Month, parsed.get("last_month"))
    at = lines.find(("last_month",))
    if first and last and last < first:
        yield Fault(file, at, "the plan ends before it starts", "correct first_month or last_month")
        first = last = None
    if first and last and len(months_between(first, last)) > _MOST_MONTHS:
        yield Fault(file, at, f"the plan is longer than {_MOST_MONTHS} months", "end it earlier")
    if "lifecycle" not in parsed and "items" not in parsed:
        yield Fault(file, 1, "the section [[items]] is missing", "add it")
    if "lifecycle" not in parsed and parsed.get("items") == []:
        yield Fault(file, lines.find(("items",)), "items = [] is not possible", "name what it costs, or a [lifecycle]")
    yield from _item_faults(parsed.get("items"), first, last, file, lines)
    raw = parsed.get("milestones")
    written = [(place, _sound(Milestone, one)) for place, one in enumerate(raw if isinstance(raw, list) else [])]
    end = date(last.year + last.month // 12, last.month % 12 + 1, 1) if last else None
    yield from milestone_faults([(place, one) for place, one in written if one is not None], first, end, file, lines)


def _item_faults(items: object, first: date | None, last: date | None, file: str, lines: TomlLines) -> Iterator[Fault]:
    names: set[str] = set()
    total = Decimal(0)
    for index, raw in enumerate(items if isinstance(items, list) else []):
        item = _sound(Item, raw)
        if item is None:
            continue
        if item.name in names:
            at = lines.find(("items", index, "name"))
            yield Fault(file, at, f"two items are called {item.name!r}", "rename one: a name seeds an item's draws")
        names.add(item.name)
        if item.sku is not None and item.unit is None:
            at = lines.find(("items", index, "sku"))
            remedy = 'name the unit of its quantity, like unit = "GPU-Hours"'
            yield Fault(file, at, f"the item {item.name!r} has a sku and no unit", remedy)
        starts, ends = item.months or (first, last)
        at = lines.find(("items", index, "months"))
        if starts and ends and ends < starts:
            yield Fault(file, at, f"the months of {item.name!r} end before they start", "put the first month first")
            continue
        if first and last and starts and ends and not first <= starts <= ends <= last:
            message = f"{item.name!r} is in months outside the plan, which is {first:%Y-%m} to {last:%Y-%m}"
            yield Fault(file, at, message, "correct `months`, or first_month and last_month")
        times = len(months_between(starts, ends)) if item.per == "month" and starts and ends else 1
        total += item.quantity.reach * item.unit_cost.reach * times
        if total >= _MOST_COST:
            at = lines.find(("items", index, "unit_cost"))
            yield Fault(file, at, f"the plan comes to 10^15 or more at {item.name!r}", "correct its figures")
            total = Decimal(0)


def _sound(kind: Any, value: object) -> Any:
    """``value`` as ``kind``, or None where it is not possible."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return None
