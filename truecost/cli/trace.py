"""``truecost trace``: the charges of a figure, or one charge down to the line of its file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truecost.cli.completion import models, quarters, quarters_in
from truecost.cli.completion import sources as source_names
from truecost.cli.frame import Frame, QuarterName, TruecostUsage, hinted
from truecost.errors import TruecostError

if TYPE_CHECKING:
    from truecost.publish.trace import Trail
    from truecost.store.rows import Row

EXAMPLES = (
    "truecost trace --model support-bot --quarter FY2026-Q3 --workspace books",
    "truecost trace 58:3:0 -w books",
    "truecost trace --invoice INV-7 -w books --json",
)


def _month(name: str, about: str) -> Any:
    return typer.Option(name, formats=["%Y-%m"], metavar="MONTH", help=about)


def trace(
    frame: Frame,
    charge: Annotated[
        str | None, typer.Argument(metavar="CHARGE", help="A charge id, like 12:34:0.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="M", help="A model, or `unallocated`.", autocompletion=models)
    ] = None,
    quarter: QuarterName = None,
    month: Annotated[datetime | None, _month("--month", "A calendar month, like 2026-03.")] = None,
    since: Annotated[datetime | None, _month("--since", "From this month on.")] = None,
    until: Annotated[datetime | None, _month("--until", "Up to this month and with it.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="A stage.")] = None,
    activity: Annotated[str | None, typer.Option("--activity", help="An activity.")] = None,
    round_: Annotated[int | None, typer.Option("--round", help="A round: 0 is the first build.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="A cost kind.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="A training run.")] = None,
    idle: Annotated[bool | None, typer.Option("--idle/--not-idle", help="Paid capacity that was not used.")] = None,
    training_only: Annotated[
        bool | None, typer.Option("--training-only/--not-training-only", help="Training-only cost.")
    ] = None,
    adjustment: Annotated[
        bool | None,
        typer.Option("--adjustment/--not-adjustment", help="What came or changed after its quarter was closed."),
    ] = None,
    origin_quarter: Annotated[
        str | None,
        typer.Option(
            "--origin-quarter", metavar="Q", help="The quarter that adjustments are of.", autocompletion=quarters
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it is an adjustment, like late.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="A step of the bridge, like idle.")] = None,
    build: Annotated[bool, typer.Option("--build", help="Without serving: what a round cost to build.")] = False,
    treatment: Annotated[
        str | None, typer.Option("--treatment", help="What a rule says it is: expense or capitalise.")
    ] = None,
    billed: Annotated[bool, typer.Option("--billed", help="Add up what the bills say, not what it costs.")] = False,
    source: Annotated[str | None, typer.Option("--source", help="A source.", autocompletion=source_names)] = None,
    service: Annotated[str | None, typer.Option("--service", help="A service, as the bills name it.")] = None,
    invoice: Annotated[str | None, typer.Option("--invoice", help="An invoice's number: what its lines say.")] = None,
    delivery: Annotated[int | None, typer.Option("--delivery", help="A delivery: what its charges are billed.")] = None,
    coverage: Annotated[
        str | None, typer.Option("--coverage", help="A coverage of `gpu_use`, with --day: its bills and jobs.")
    ] = None,
    gpu_type: Annotated[str | None, typer.Option("--gpu-type", help="A GPU type of `gpu_use`.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", help="A resource of `gpu_use`.")] = None,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="A UTC day of `gpu_use`, like 2026-03-05.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many charges to show.")] = 20,
) -> None:
    """Where a figure is from: its charges, their files and lines; or one charge, down to the line of its file."""
    from truecost.publish.trace import trace_charge, trace_figure

    workspace = frame.workspace
    if charge:
        found = trace_charge(workspace, charge)
        frame.answer(found, lambda: show_charge(found))
        return
    named = {
        "model_id": model,
        "quarter": quarter,
        "month": _day(month),
        "since": _day(since),
        "until": _day(until),
        "stage": stage,
        "activity": activity,
        "round": round_,
        "cost_kind": kind,
        "run_id": run_id,
        "is_idle": idle,
        "is_training_only": training_only,
        "is_adjustment": adjustment,
        "origin_quarter": origin_quarter,
        "reason": reason,
        "step": step,
        "build": build or None,
        "treatment": treatment,
        "billed": billed or None,
        "x_source": source,
        "service_name": service,
        "invoice_id": invoice,
        "delivery_id": delivery,
        "coverage": coverage,
        "gpu_type": gpu_type,
        "resource_id": resource,
        "day": _day(day),
    }
    filters = {name: value for name, value in named.items() if value is not None}
    if not filters:
        told = "name a charge, or a figure with --model, --quarter, --stage, --kind, --run and others"
        raise TruecostUsage(told, "", "truecost trace")
    frame.see_quarter(quarter)
    try:
        trail = trace_figure(workspace, filters, limit)
    except TruecostError as error:
        raise _nearly(error, frame, model, source, quarter) from error
    frame.answer(trail, lambda: show_trail(trail, filters))


def _nearly(
    error: TruecostError, frame: Frame, model: str | None, source: str | None, quarter: str | None
) -> TruecostError:
    """The error, with the model, source or quarter that was likely meant."""
    config = frame.workspace.config
    for word, known in (
        (model, [*(item.id for item in config.models), "unallocated"]),
        (source, [item.name for item in config.sources]),
        (quarter, quarters_in(frame.workspace.reports)),
    ):
        if word is not None and word not in known:
            return hinted(error, word, known)
    return error


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def show_trail(trail: Trail, filters: Mapping[str, Any]) -> None:
    """The charges, costliest first, and what all of them come to."""
    from truecost.cli.tables import amount, name, print_table, text
    from truecost.cli.text import echo, money

    print_table(
        ", ".join(f"{key} {_shown(key, value)}" for key, value in filters.items()),
        [
            *(name("charge"), text("file and line"), text("from", spare=1), text("what", spare=3)),
            *(text("stage", spare=2), amount("cost")),
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
        echo(f"and {trail.count - len(trail.charges)} more charges (--limit shows them)")
    if trail.currency is None:
        echo(f"{trail.count} charges; they are in several currencies, which are not added up")
    else:
        echo(f"total of all {trail.count}: {trail.currency} {money(trail.total)}")


def show_charge(found: Row) -> None:
    """Its place and its line; its columns; what it counts for."""
    from truecost.cli.tables import amount, name, print_table, text
    from truecost.cli.text import echo, money

    delivery = found["delivery"]
    place = _place(delivery["file"], found["line"])
    if "delivery_id" in delivery:
        origin = f"delivery {delivery['delivery_id']} of {delivery['source']}, {delivery['status']}"
        echo(f"{place}  ({origin})")
        echo(f"landed as {found['landed_as']}")
    else:  # what [[staff]] says
        echo(place)
    if found["text"] is not None:
        echo(f"  {found['text']}")
    if not found["is_current"]:
        echo("It is no longer current; it counts with what was posted of it.")
    print_table("Charge", [name("column"), text("value")], list(found["charge"].items()))
    print_table(
        "Counted in",
        [
            *(name("month"), text("quarter", spare=1), text("adjustment", spare=2), name("model"), name("stage")),
            amount("cost"),
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
