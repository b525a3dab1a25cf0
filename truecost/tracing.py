"""The trail: from a published figure to its charges, their deliveries, files and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from truecost.errors import TruecostError
from truecost.landing import Landing
from truecost.publishing import open_published
from truecost.sources.delimited import text_line
from truecost.workspace import Workspace

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
    where = " AND ".join(tests) or "TRUE"
    with open_published(workspace.published) as con:
        whole = _rows(
            con,
            f"SELECT count(DISTINCT x_charge_id) AS count, sum(cost) AS total, any_value(currency) AS currency FROM costs WHERE {where}",
            values,
        )[0]
        if not whole["count"]:
            raise TruecostError("no charge fits; `truecost status` lists the models and quarters there are")
        charges = _rows(
            con,
            "SELECT costs.x_charge_id AS charge_id, sum(costs.cost) AS cost, deliveries.file, charges.x_line AS line, "
            "charges.charge_period_start, charges.charge_description, any_value(costs.stage) AS stage, charges.x_rule AS rule "
            "FROM costs JOIN charges USING (x_charge_id) JOIN deliveries ON charges.x_delivery_id = deliveries.delivery_id "
            f"WHERE {where} GROUP BY ALL ORDER BY cost DESC NULLS LAST, charge_id LIMIT {int(limit)}",
            values,
        )
    return Trail(charges, whole["count"], whole["total"], whole["currency"])


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
        delivery = _rows(
            con,
            "SELECT delivery_id, source, file, format, sha256, received_at, status FROM deliveries WHERE delivery_id = ?",
            [charge["x_delivery_id"]],
        )[0]
        costs = _rows(
            con, "SELECT month, quarter, model_id, stage, cost, currency FROM costs WHERE x_charge_id = ? ORDER BY month", [wanted]
        )
    landed = Landing(workspace.landing).object_path(delivery["sha256"])
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
