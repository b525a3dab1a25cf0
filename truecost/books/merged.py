"""Files that hold only what changed: what their rows are known by, as SQL.

``sql/books/10_deliveries/29_merged_charges.sql`` asks with it which of the rows with one key counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from truecost.sources import formats
from truecost.store.sql import identifier, literal
from truecost.workspace.config import ConfigFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PLACE = ("x_delivery_id", "x_line", "x_part", "x_slot_no")  # where a row is from, which is not what it says


def merged_parts(con: DuckDBPyConnection, config: ConfigFile) -> dict[str, str]:
    """The key of a row by its source, and all that it says, each as one text."""
    keys = [
        f"WHEN {literal(source.name)} THEN {_text(source.key or formats()[source.format].dataset.row_key)}"
        for source in config.sources
        if source.delivery == "merge"
    ]
    columns = [name for name, *_ in con.execute("FROM ledger.charges LIMIT 0").description or ()]
    return {
        "merged_key": f"CASE deliveries.source {' '.join(keys)} END" if keys else "CAST(NULL AS VARCHAR)",
        "merged_content": _text([name for name in columns if name not in _PLACE]),
    }


def _text(columns: Sequence[str]) -> str:
    """The columns of a row as one text, in which none runs into the next."""
    told = ", ".join(f"coalesce(CAST(charges.{identifier(name)} AS VARCHAR), chr(30))" for name in columns)
    # The line and its tax are two charges of one row.
    return f"concat_ws(chr(31), CAST(charges.x_part % 2 AS VARCHAR), {told})"
