"""The trail: from a published figure to its charges, their deliveries, files and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from truecost.errors import TruecostError
from truecost.landing import Landing
from truecost.publishing import open_published
from truecost.queries import query
from truecost.sources.delimited import text_line
from truecost.workspace import CONFIG, Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]
FILTERS = ("model_id", "quarter", "stage", "activity", "cost_kind", "run_id")


@dataclass(frozen=True)
class Trail:
    """The charges behind a figure, costliest first. ``total`` is the figure, over all ``count`` of them."""

    charges: list[Row]
    count: int
    total: Any
    currency: str


def trace_figure(workspace: Workspace, filters: dict[str, str], limit: int = 20) -> Trail:
    """The charges that add up to the cost of what ``filters`` name (keys of ``FILTERS``).

    ``model_id = "unallocated"`` names what no rule claims.

    Raises:
        TruecostError: nothing is published, or no charge fits.
    """
    tests, values = [], []
    for name, value in filters.items():
        if name == "model_id" and value == "unallocated":
            tests.append("costs.model_id IS NULL")
        else:
            tests.append(f"costs.{name} = ?")
            values.append(value)
    fits = " AND ".join(tests) or "TRUE"
    with open_published(workspace.published) as con:
        con.execute(f"SET VARIABLE shown_charges = {int(limit)}")
        whole = _rows(con, query("trace/figure_total").replace("/* fits */ TRUE", fits), values)[0]
        if not whole["charge_count"]:
            raise TruecostError("no charge fits; `truecost status` lists the models and quarters there are")
        charges = _rows(con, query("trace/figure_charges").replace("/* fits */ TRUE", fits), values)
    return Trail(charges, whole["charge_count"], whole["total"], whole["currency"])


def trace_charge(workspace: Workspace, charge_id: str) -> Row:
    """One charge: its columns that say something, its costs by month, its delivery, and the line as the file has it.

    Raises:
        TruecostError: nothing is published, or there is no such charge.
    """
    wanted = charge_id if charge_id.count(":") == 2 else f"{charge_id}:0"
    with open_published(workspace.published) as con:
        found = _rows(con, "SELECT * FROM charges WHERE x_charge_id = ?", [wanted])
        if not found:
            raise TruecostError(f"there is no charge {charge_id}; `truecost trace --model M --quarter Q` lists charges")
        charge = found[0]
        delivered = _rows(con, query("trace/charge_delivery"), [charge["x_delivery_id"]])
        costs = _rows(con, query("trace/charge_costs"), [wanted])
    delivery = delivered[0] if delivered else {"file": CONFIG}  # what [[staff]] says comes from no delivery
    landed = Landing(workspace.landing).object_path(delivery["sha256"]) if delivered else workspace.root / CONFIG
    return {
        "charge": {name: value for name, value in charge.items() if value is not None},
        "costs": costs,
        "delivery": delivery,
        "landed_as": str(landed),
        "line": charge["x_line"],
        "text": text_line(landed, charge["x_line"]) if landed.is_file() else None,
    }


def _rows(con: DuckDBPyConnection, sql: str, values: list[Any]) -> list[Row]:
    found = con.execute(sql, values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
