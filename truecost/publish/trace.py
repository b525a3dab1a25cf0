"""The trail: from a published figure to its charges, their deliveries, files and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from truecost.errors import TruecostError
from truecost.intake.landing import Landing
from truecost.publish.figures import BRIDGE
from truecost.publish.publication import open_published
from truecost.sources.readers.delimited import text_line
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace.workspace import CONFIG, Workspace

if TYPE_CHECKING:
    pass

Filters = Mapping[str, Any]
# A filter of each of these names is what the column of ``costs`` must be equal to.
EQUAL = (
    *("quarter", "month", "stage", "activity", "round", "cost_kind", "run_id", "origin_quarter", "reason"),
    *("is_idle", "is_adjustment", "is_training_only", "treatment"),
)
# The steps of the bridge: which costs each adds up, and what of them.
STEPS = {step: (f"costs.step = '{step}'", "costs.cost") for step in BRIDGE} | {
    "billed": ("costs.step = 'own'", "costs.billed_cost"),
    "effective": ("costs.step = 'own'", "costs.cost - costs.billed_cost"),
    "true": ("TRUE", "costs.cost"),
}
# What leads to figures that are no sums of true cost: the lines of invoices, and the GPUs of a day.
OF_INVOICES = ("invoice_id", "delivery_id")
OF_GPUS = ("coverage", "gpu_type", "resource_id", "day")
# A charge that is no longer current is in no view but its delivery is; what [[staff]] says has no delivery.
_DELIVERED_BY = (
    "(SELECT source FROM deliveries WHERE delivery_id = CAST(split_part(costs.x_charge_id, ':', 1) AS INTEGER))"
)
_SAID_BY = "(SELECT x_source FROM charges WHERE charges.x_charge_id = costs.x_charge_id)"
OTHERS = {
    "since": "costs.month >= ?",
    "until": "costs.month <= ?",
    "x_source": f"coalesce({_DELIVERED_BY}, {_SAID_BY}) = ?",
    "service_name": "costs.x_charge_id IN (SELECT x_charge_id FROM charges WHERE service_name = ?)",
}
_BUILD = "costs.activity NOT IN ('serving', 'deployment')"


@dataclass(frozen=True)
class Trail:
    """The charges behind a figure, costliest first. ``total`` is the figure, over all ``count`` of them."""

    charges: list[Row]
    count: int
    total: Any
    currency: str


def trace_figure(workspace: Workspace, filters: Filters, limit: int = 20) -> Trail:
    """The charges that add up to what ``filters`` name.

    Each is a column of ``EQUAL`` and its value, or one of these: ``model_id``, where ``unallocated`` names what no
    rule claims; ``since`` and ``until``, the first and the last month; ``x_source`` and ``service_name``; ``step``,
    one of ``STEPS``; ``build`` (True), without serving; ``billed`` (True), what bills say in place of what it costs.

    The names of ``OF_INVOICES`` narrow what the lines of invoices are billed; those of ``OF_GPUS`` what the GPUs of a
    coverage and ``day`` cost, or with ``is_idle`` (True) what stood idle of them; both in the currency of the bills.
    The total is None where the charges have several.

    Raises:
        TruecostError: nothing is published, there is no such step, names do not go together, or no charge fits.
    """
    total, listed, values = figure_queries(filters)
    with open_published(workspace.published) as con:
        con.execute(f"SET VARIABLE shown_charges = {int(limit)}")
        whole, charges = seen_figure(read_rows(con, total, values)), read_rows(con, listed, values)
    return Trail(charges, whole["charge_count"], whole["total"], whole["currency"])


def figure_queries(filters: Filters) -> tuple[str, str, list[Any]]:
    """(the query of the figure, the query of its charges, the values of both) for filters of ``trace_figure``.

    The charges are as many as the variable ``shown_charges`` says.
    """
    costs, fits, amount, values = _asked(filters)
    parts = {"costs": costs, "fits": fits, "amount": amount}
    return query("publish/figure_total", **parts), query("publish/figure_charges", **parts), values


def seen_figure(found: Sequence[Row]) -> Row:
    """The figure, if charges fit.

    Raises:
        TruecostError: none does.
    """
    if not found[0]["charge_count"]:
        raise TruecostError("no charge fits; `truecost status` lists the models and quarters there are")
    return found[0]


def _asked(filters: Filters) -> tuple[str, str, str, list[Any]]:
    """(where costs are found, which fit, what of each is added up, values) in SQL."""
    for names, lines, also in ((OF_INVOICES, "publish/invoice_lines", ()), (OF_GPUS, "publish/gpu_use", ("is_idle",))):
        if any(name in filters for name in names):
            if strange := sorted(set(filters) - {*names, *also}):
                raise TruecostError(f"{', '.join(strange)} says nothing of {names[0]}; leave it out")
            fits = " AND ".join(f"costs.{name} = ?" for name in names if name in filters)
            amount = "costs.idle_cost" if filters.get("is_idle") else "costs.cost"
            return f"({query(lines)}) AS costs", fits, amount, [filters[name] for name in names if name in filters]
    return "costs", *_asked_of_costs(filters)


def _asked_of_costs(filters: Filters) -> tuple[str, str, list[Any]]:
    """(which costs fit, what of each is added up, values) in SQL."""
    tests: list[str] = []
    values: list[Any] = []
    amount = "costs.billed_cost" if filters.get("billed") else "costs.cost"
    for name, value in filters.items():
        if name == "step":
            if value not in STEPS:
                raise TruecostError(f"the bridge has no step {value!r}; its steps are {', '.join(STEPS)}")
            test, amount = STEPS[value]
            tests += [test, "costs.cost IS NOT NULL"]
        elif name == "model_id" and value == "unallocated":
            tests.append("costs.model_id IS NULL")
        elif name == "build":
            tests.append(_BUILD)
        elif name in OTHERS or name in EQUAL or name == "model_id":
            tests.append(OTHERS.get(name, f"costs.{name} = ?"))
            values.append(value)
    return " AND ".join(tests) or "TRUE", amount, values


def trace_charge(workspace: Workspace, charge_id: str) -> Row:
    """One charge: its columns that say something, its costs by month, its delivery, and the line as the file has it.

    Of a charge that is no longer current (``is_current``) it is the place, and what it still counts for.

    Raises:
        TruecostError: nothing is published, or there is no such charge.
    """
    wanted = charge_id if charge_id.count(":") == 2 else f"{charge_id}:0"
    with open_published(workspace.published) as con:
        found = read_rows(con, "SELECT * FROM charges WHERE x_charge_id = ?", [wanted])
        costs = read_rows(con, query("publish/charge_costs"), [wanted])
        if not (found or costs):
            raise TruecostError(f"there is no charge {charge_id}; `truecost trace --model M --quarter Q` lists charges")
        charge = found[0] if found else _place(wanted)
        delivered = read_rows(con, query("publish/charge_delivery"), [charge["x_delivery_id"]])
    delivery = delivered[0] if delivered else {"file": CONFIG}  # what [[staff]] says comes from no delivery
    landed = Landing(workspace.landing).object_path(delivery["sha256"]) if delivered else workspace.root / CONFIG
    line = charge["x_line"] or None  # of what was posted for truecost.toml after a close, none is known
    return {
        "charge": {name: value for name, value in charge.items() if value is not None},
        "is_current": bool(found),
        "costs": costs,
        "delivery": delivery,
        "landed_as": str(landed),
        "line": line,
        "text": text_line(landed, line) if line and landed.is_file() else None,
    }


def _place(charge_id: str) -> Row:
    delivery, line, part = map(int, charge_id.split(":"))
    return {"x_charge_id": charge_id, "x_delivery_id": delivery, "x_line": line, "x_part": part}
