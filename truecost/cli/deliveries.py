"""``truecost deliveries``: what came in and what became of it; ``accept`` and ``reject`` settle one that is held."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.frame import Frame, add, group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truecost.books.redelivery import Comparison, Delivered, Shown

Number = Annotated[int, typer.Argument(metavar="N", help="Its number, as `truecost deliveries list` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; the journal keeps it.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who decides; left out, the user of the shell.")]
_MOST_CHANGES = 40
_ORDER = ("loaded", "refused", "held", "duplicate", "superseded", "rejected")


def became(told: Sequence[Delivered]) -> dict[str, int]:
    """How many files, by what became of them."""
    counted = Counter(one.status for one in told)
    return {status: counted[status] for status in _ORDER if counted[status]}


def list_(
    frame: Frame,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="One source only.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only what asks for someone.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to show, the newest first.")] = 50,
) -> None:
    """Every delivery and what became of it, the newest first."""
    from truecost import steps

    told = steps.deliveries(frame.workspace, frame.clock, source, only_open)
    frame.answer(told, lambda: _show_list(told, limit))


def show(frame: Frame, number: Number) -> None:
    """One delivery: what of it counts, and what it changes by service, day and amount."""
    from truecost import steps

    (shown,) = steps.delivery(frame.workspace, frame.clock, number)
    frame.answer(shown, lambda: show_delivery(shown))


def accept(frame: Frame, number: Number, reason: Reason, by: By = None) -> None:
    """Let a delivery that is held take the place of what counts so far."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.text import echo

    with shown_progress():
        shown = steps.decide(frame.workspace, frame.clock, number, "accept", reason, by)
    frame.answer(shown, lambda: echo(f"Delivery {number}, {shown.delivery.file}, is accepted; the journal keeps why."))


def reject(frame: Frame, number: Number, reason: Reason, by: By = None) -> None:
    """Take a delivery that is held off what is open: what counts so far stays."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.text import echo

    with shown_progress():
        shown = steps.decide(frame.workspace, frame.clock, number, "reject", reason, by)
    frame.answer(shown, lambda: echo(f"Delivery {number}, {shown.delivery.file}, is rejected; the journal keeps why."))


def show_delivery(shown: Shown) -> None:
    """A delivery, its slots, what it changes, and the word on it."""
    from truecost.cli.tables import name, print_table, state, text
    from truecost.cli.text import echo

    one = shown.delivery
    echo(f"Delivery {one.delivery_id}: {one.file} ({one.source}), received {one.received_at:%Y-%m-%d %H:%M} UTC.")
    echo(f"{one.status}: {_counts(one)}.", one.status)
    if one.reason:
        echo(f"{one.reason}.")
    for warning in one.warnings:
        echo(f"warning: {warning}.", "warning")
    if shown.slots:
        print_table(
            "What it speaks for",
            [name("slot"), state("status"), text("why")],
            [(slot.slot, slot.status, slot.held_because) for slot in shown.slots],
        )
    for comparison in shown.comparisons:
        show_comparison(comparison)
    for ruling in shown.rulings:
        by = f" by {ruling.by}" if ruling.by else ""
        echo(f"{ruling.decision}ed{by} on {ruling.happened_at:%Y-%m-%d}: {ruling.reason}.")
    if one.is_open and any(slot.status == "held" for slot in shown.slots):
        echo(
            f"`truecost deliveries accept {one.delivery_id} --reason ...` lets it take the place of what counts; "
            "`reject` takes it off what is open."
        )


def show_comparison(comparison: Comparison) -> None:
    """What a set says otherwise than the one before it, by day and service."""
    from truecost.cli.tables import amount, name, number, print_table, state
    from truecost.cli.text import echo, money

    against = f"delivery {comparison.against}, {comparison.against_file}"
    if not comparison.changes:
        echo(f"It says the same as {against}.")
        return
    if comparison.lost:
        echo(f"It loses {comparison.lost} of {against}.")
    shown = comparison.changes[:_MOST_CHANGES]
    print_table(
        f"Beside {against}",
        [
            *(name("day"), name("service"), state(), name("currency"), number("rows before", spare=2)),
            *(number("rows now", spare=2), amount("billed before"), amount("billed now"), amount("difference")),
        ],
        [
            (
                *(change.day, change.service, change.what, change.currency, change.rows_before, change.rows_now),
                *(money(change.billed_before), money(change.billed_now)),
                money(change.billed_now - change.billed_before),
            )
            for change in shown
        ],
    )
    if len(comparison.changes) > len(shown):
        echo(f"And {len(comparison.changes) - len(shown)} more; --json has all of them.")


def _show_list(told: Sequence[Delivered], limit: int) -> None:
    from truecost.cli.tables import name, number, print_table, state, text
    from truecost.cli.text import echo

    if not told:
        echo("No delivery is there to show.")
        return
    print_table(
        "Deliveries",
        [
            *(number("n"), name("source"), text("file", least=20), state("status"), text("received", spare=3)),
            *(number("read", spare=1), number("loaded"), number("held", spare=2), number("duplicate", spare=4)),
            *(number("quarantined"), text("why", spare=5)),
        ],
        [
            (
                *(one.delivery_id, one.source, one.file, one.status, f"{one.received_at:%Y-%m-%d %H:%M}"),
                *(one.rows_read, one.rows_loaded, one.rows_held, one.rows_duplicate, one.rows_quarantined),
                one.reason,
            )
            for one in told[:limit]
        ],
    )
    if len(told) > limit:
        echo(f"And {len(told) - limit} older ones: --limit shows them.")


def _counts(one: Delivered) -> str:
    parts = [f"{one.rows_read} rows read", f"{one.rows_loaded} loaded"]
    others = (("held", one.rows_held), ("duplicate", one.rows_duplicate), ("quarantined", one.rows_quarantined))
    parts += [f"{count} {what}" for what, count in (*others, ("skipped", one.rows_skipped)) if count]
    return ", ".join(parts)


app = group("What came in and what became of it; `accept` and `reject` settle what is held.")
add(app, list_, ("truecost deliveries list --workspace books", "truecost deliveries list --open -w books"), "list")
add(app, show, ("truecost deliveries show 7 --workspace books", "truecost deliveries show 7 --json"), "show")
add(
    app,
    accept,
    ("truecost deliveries accept 7 --reason 'the account was closed on 5 June' --by 'M. Finance' -w books",),
    "accept",
)
add(app, reject, ("truecost deliveries reject 7 --reason 'a test export' --workspace books",), "reject")
