"""What becomes of rows that come again, for every dataset alike: SQL made of what each declares.

``sql/books/10_deliveries/20_versions.sql`` says once what a version is. Here it is told of each dataset's tables and
key, and what asks for the rows of all datasets is told which there are; those of other packages count as ours do.
"""

from __future__ import annotations

from collections.abc import Iterator

from truecost.sources import Format, formats, known_datasets
from truecost.sources.datasets import Dataset
from truecost.store.sql import identifier, literal, query

VERSIONS = "books/10_deliveries/20_versions"


def versions_sql() -> list[str]:
    """One statement a dataset that keeps versions: every row with its source, and whether it is current."""
    return [_versions_of(dataset) for dataset in _keeping_versions()]


def receipt_parts() -> dict[str, str]:
    """The parts of the SQL that asks for the rows of every dataset."""
    merged = [dataset for dataset in known_datasets().values() if dataset.receipts != "slots"]
    versions = _keeping_versions()
    placed = ", ".join(literal(dataset.name) for dataset in versions)
    return {
        "rows_of_datasets": _all(f"SELECT x_delivery_id FROM {dataset.ledger_table}" for dataset in merged),
        "receipts_of_datasets": _all(f"SELECT x_delivery_id, status FROM {dataset.books_table}" for dataset in merged),
        "versioned_datasets": placed,
        "amounts_of_versions": _all(_amounts(versions)),
        "moments_of_versions": _all(_moments(versions)),
    }


def _keeping_versions() -> list[Dataset]:
    return [dataset for dataset in known_datasets().values() if dataset.receipts == "versions"]


def _versions_of(dataset: Dataset) -> str:
    key = ", ".join(map(identifier, dataset.natural_key))
    return query(VERSIONS, ledger_table=dataset.ledger_table, books_table=dataset.books_table, natural_key=key)


def _amounts(versions: list[Dataset]) -> Iterator[str]:
    """The money of each version, as its format told it: what a duplicate says is told apart from what is loaded."""
    for fmt in formats().values():
        if fmt.dataset in versions:
            yield from (_amount(fmt, column, staged) for column, staged in fmt.money.items())


def _amount(fmt: Format, column: str, staged: str) -> str:
    return (
        f"SELECT x_delivery_id AS delivery_id, {literal(column)} AS column_name, "
        f"version.{identifier(fmt.currency_column or '')} AS currency, "
        "CASE WHEN version.status = 'duplicate' THEN 'duplicate' ELSE 'loaded' END AS part, "
        f"version.{identifier(staged)} AS amount FROM {fmt.dataset.books_table} AS version "
        "INNER JOIN log.deliveries ON version.x_delivery_id = deliveries.delivery_id "
        f"WHERE deliveries.format = {literal(fmt.name)} AND version.{identifier(staged)} IS NOT NULL"
    )


def _moments(versions: list[Dataset]) -> Iterator[str]:
    """When rows were so; those of another package that have no moment speak for when they were received."""
    for dataset in versions:
        if dataset.moment:
            yield f"SELECT source, CAST({identifier(dataset.moment)} AS TIMESTAMP) AS moment FROM {dataset.books_table}"
        elif dataset.package:
            yield f"SELECT source, received_at FROM books.deliveries WHERE dataset = {literal(dataset.name)}"


def _all(selects: Iterator[str]) -> str:
    return " UNION ALL ".join(selects)
