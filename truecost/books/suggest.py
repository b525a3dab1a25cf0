"""Which rules would claim what nobody does, and what else leaves a charge without a model."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from truecost.books.session import Session
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace import tomltext


@dataclass(frozen=True)
class Suggestion:
    """A rule that would claim a group of nobody's charges; or, where no rule is the remedy, what is the ``matter``.

    ``cost`` is what the group holds; ``credits`` (negative) are in it, and so is ``bill_share``, what these charges, as
    usage, have their share of.
    """

    match: dict[str, str]
    model: str | None
    cost: Decimal
    credits: Decimal
    bill_share: Decimal
    currency: str
    charges: int
    matter: str | None = None

    @property
    def rule(self) -> str | None:
        """The rule, to paste into truecost.toml."""
        if self.matter:
            return None
        return tomltext.table("[[attribution]]", {"match": self.match, "model": self.model or "MODEL"})


def suggest(session: Session, limit: int = 5) -> list[Suggestion]:
    """What would claim the costliest charges that are nobody's, by source, service and account, and the tags that tell
    whose they are."""
    con = session.con
    models = {model.id for model in session.workspace.config.models}
    unclaimed, undriven = (
        read_rows(con, query(name), {"limit": limit}) for name in ("attribution/unclaimed", "attribution/undriven")
    )
    found = [
        *((row["weight"], _suggested(row, models)) for row in unclaimed),
        *((row["weight"], _undriven(row)) for row in undriven),
    ]
    return [told for _, told in sorted(found, key=lambda item: item[0], reverse=True)[:limit]]


def _suggested(row: Row, models: set[str]) -> Suggestion:
    match = {name: row[name] for name in ("source", "service_name", "sub_account_id") if row[name] is not None}
    tags = {f"tags.{name}": value for name, value in zip(row["tag_names"] or [], row["tag_values"] or [], strict=True)}
    return Suggestion(
        match={name: _as_written(value) for name, value in (match | tags).items()},
        model=next((value for value in tags.values() if value in models), None),
        cost=row["cost"],
        credits=row["credits"],
        bill_share=row["bill_share"],
        currency=row["currency"],
        charges=row["charge_count"],
    )


def _undriven(row: Row) -> Suggestion:
    days = f"from {row['first_day']} to {row['last_day']}"
    return Suggestion(
        match={name: row[name] for name in ("source", "service_name") if row[name] is not None},
        model=None,
        cost=row["cost"],
        credits=row["credits"],
        bill_share=Decimal(0),
        currency=row["currency"],
        charges=row["charge_count"],
        matter=f"{row['allocated_method_id']} measures nothing {days}: "
        "deliver what it is measured by (jobs, request logs), or name another driver under [[allocations]]",
    )


def _as_written(value: str) -> str:
    """A value that stands for itself: where it holds * or ?, a ? in their place."""
    return "".join("?" if character in "*?" else character for character in value)
