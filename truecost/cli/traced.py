"""What a person sees of a trail: the charges of a figure, or one charge down to the line of its file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from truecost.cli.output import money, print_line, print_table
from truecost.publish.tracing import Trail
from truecost.store.rows import Row


def show_trail(trail: Trail, filters: Mapping[str, Any]) -> None:
    """The charges, costliest first, and what all of them come to."""
    print_table(
        ", ".join(f"{name} {_shown(name, value)}" for name, value in filters.items()),
        [
            ("charge", "left"),
            ("file and line", "left"),
            ("from", "left"),
            ("what", "left"),
            ("stage", "left"),
            ("cost", "right"),
        ],
        [
            (
                *(row["charge_id"], _place(row["file"], row["line"])),
                f"{row['charge_period_start']:%Y-%m-%d}" if row["charge_period_start"] else None,
                *(_what(row), row["stage"], money(row["cost"])),
            )
            for row in trail.charges
        ],
    )
    if trail.count > len(trail.charges):
        print_line(f"and {trail.count - len(trail.charges)} more charges (--limit shows them)")
    if trail.currency is None:
        print_line(f"{trail.count} charges; they are in several currencies, which are not added up")
    else:
        print_line(f"total of all {trail.count}: {trail.currency} {money(trail.total)}")


def show_charge(found: Row) -> None:
    """Its place and its line; its columns; what it counts for."""
    delivery = found["delivery"]
    place = _place(delivery["file"], found["line"])
    if "delivery_id" in delivery:
        origin = f"delivery {delivery['delivery_id']} of {delivery['source']}, {delivery['status']}"
        print_line(f"{place}  ({origin})")
        print_line(f"landed as {found['landed_as']}")
    else:  # what [[staff]] says
        print_line(place)
    if found["text"] is not None:
        print_line(f"  {found['text']}")
    if not found["is_current"]:
        print_line("It is no longer current; it counts with what was posted of it.")
    print_table("Charge", [("column", "left"), ("value", "left")], list(found["charge"].items()))
    print_table(
        "Counted in",
        [
            *(("month", "left"), ("quarter", "left"), ("adjustment", "left"), ("model", "left"), ("stage", "left")),
            ("cost", "right"),
        ],
        [
            (
                *(f"{c['month']:%Y-%m}", c["quarter"]),
                f"{c['reason']}, of {c['origin_quarter']}" if c["reason"] else None,
                *(c["model_id"], c["stage"], money(c["cost"])),
            )
            for c in found["costs"]
        ],
    )


def _place(file: str, line: int | None) -> str:
    return file if line is None else f"{file}:{line}"


def _what(row: Row) -> str:
    """What the charge says it is for, and what became of it after its quarter was closed."""
    told = [row["charge_description"], row["reason"], None if row["is_current"] else "no longer current"]
    return ", ".join(text for text in told if text)


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:%Y-%m}" if isinstance(value, date) and name != "day" else str(value)
