"""Tables of the ledger for datasets of other packages: made by their own SQL, and made anew where that has changed.

Nothing is lost by that: the ledger is derived from the landing log, and a delivery is loaded again where a file of its
format's package has changed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from truecost.errors import TruecostError
from truecost.sources import known_datasets
from truecost.sources.datasets import Dataset
from truecost.store.sql import query
from truecost.store.warehouse import last_fingerprint, remember_fingerprint, transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_RECEIPT = {"x_delivery_id", "x_line", "x_content"}  # where a row is from, and what it says
_DERIVED = {"source", "status", "is_duplicate", "content_before"}  # what the books add to it


def ensure_tables(con: DuckDBPyConnection) -> None:
    """Make the table of each dataset that a package of someone else's brings.

    Raises:
        TruecostError: the SQL of a package makes no table that rows can be kept in.
    """
    for dataset in known_datasets().values():
        if dataset.package:
            _ensure_table(con, dataset)


def _ensure_table(con: DuckDBPyConnection, dataset: Dataset) -> None:
    sql, step = query(dataset.file(dataset.create)), f"table {dataset.name}"
    fingerprint = hashlib.sha256(sql.encode()).hexdigest()
    if last_fingerprint(con, step) == fingerprint:
        return
    with transaction(con):
        con.execute(f"DROP TABLE IF EXISTS {dataset.ledger_table}")
        _create(con, dataset, sql)
        remember_fingerprint(con, step, fingerprint)


def _create(con: DuckDBPyConnection, dataset: Dataset, sql: str) -> None:
    import duckdb

    try:
        con.execute(sql)
        columns = {name for name, *_ in con.execute(f"FROM {dataset.ledger_table} LIMIT 0").description or ()}
    except duckdb.Error as error:
        raise _faulty(dataset, str(error).splitlines()[0]) from error
    if missing := (_RECEIPT | {*dataset.natural_key} - {"source"}) - columns:
        raise _faulty(dataset, f"it lacks the column {min(missing)}")
    if taken := columns & _DERIVED:
        raise _faulty(dataset, f"its column {min(taken)} has a name that the books need; give it another")


def _faulty(dataset: Dataset, reason: str) -> TruecostError:
    return TruecostError(
        f"{dataset.create}.sql of the package {dataset.package} does not make the table {dataset.ledger_table} "
        f"({reason}); mend the package, or uninstall it"
    )
