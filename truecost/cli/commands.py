"""The commands. Each parses its arguments, calls one step of the library, and shows what came of it."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truecost.clock import Clock
from truecost.errors import TruecostError

if TYPE_CHECKING:
    from truecost.cli.overview import QuarterFigures
    from truecost.steps import Standing
    from truecost.workspace.workspace import Workspace

app = typer.Typer(
    name="truecost",
    help="The books of a fine-tuned model: what it truly costs, beside what its training run cost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
sources_app = typer.Typer(help="What comes in: the sources, or the faults of one file.", invoke_without_command=True)
app.add_typer(sources_app, name="sources")
plan_app = typer.Typer(help="What a model is expected to cost.", no_args_is_help=True)
app.add_typer(plan_app, name="plan")
alerts_app = typer.Typer(help="What asks for someone; `ack` says that you have seen it.", invoke_without_command=True)
app.add_typer(alerts_app, name="alerts")

attribution_app = typer.Typer(help="Whose cost a charge is, and why.", no_args_is_help=True)
app.add_typer(attribution_app, name="attribution")

export_app = typer.Typer(help="What other systems take in.", no_args_is_help=True)
app.add_typer(export_app, name="export")

WorkspaceDir = Annotated[Path, typer.Option("--workspace", "-w", help="The workspace folder.", show_default=False)]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="The day to take for today."),
]
KnownAt = Annotated[
    datetime | None,
    typer.Option(
        "--known-at",
        formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
        metavar="TIME",
        help="Only what had arrived by then (UTC), in reports/known-at.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 3 where a row is quarantined, a delivery held or an alert open.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
QuarterName = Annotated[str | None, typer.Option("--quarter", metavar="Q", help="A fiscal quarter, like FY2026-Q3.")]

HERE = Path()


def _month_option(name: str, about: str) -> Any:
    return typer.Option(name, formats=["%Y-%m"], metavar="MONTH", help=about)


@app.callback(invoke_without_command=True)
def truecost(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """The books of a fine-tuned model: what it truly costs, beside what its training run cost."""
    if version:
        from truecost import __version__

        typer.echo(f"truecost {__version__}")
        raise typer.Exit


@app.command()
def demo(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to put it.", show_default=False)] = Path(
        "demo"
    ),
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the example workspace to DIR (default: demo), unless it is there already, and run everything on it."""
    from truecost.workspace.scaffold import write_demo

    is_new = write_demo(directory)
    if not json:
        typer.echo(f"{'Wrote' if is_new else 'Found'} the example workspace in {directory}.")
    _run(directory, None, json, strict=False)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made if need be.")],
    debug: Debug = False,
) -> None:
    """Make a commented workspace in DIR, beside what is there; exports it recognises become sources."""
    from truecost.cli.made import show_made
    from truecost.workspace.scaffold import make_workspace

    show_made(make_workspace(directory))


@app.command()
def schema(
    workspace: WorkspaceDir = HERE,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Another folder to write to.", show_default=False)
    ] = None,
    debug: Debug = False,
) -> None:
    """Write the JSON schemas that editors check truecost.toml and plans by, anew after an upgrade."""
    from truecost.cli.output import print_line
    from truecost.workspace.scaffold import renew_schemas

    for path in renew_schemas(workspace, to):
        print_line(f"Wrote {path}.")


@app.command()
def run(
    workspace: WorkspaceDir = HERE,
    as_of: AsOf = None,
    json: Json = False,
    strict: Strict = False,
    debug: Debug = False,
) -> None:
    """The daily flow: ingest, validate, attribute, compare, drift, alerts, publish, report."""
    _run(workspace, _day(as_of), json, strict)


@app.command()
def ingest(
    workspace: WorkspaceDir = HERE,
    as_of: AsOf = None,
    json: Json = False,
    strict: Strict = False,
    debug: Debug = False,
) -> None:
    """Land, validate and load what is new in the inbox."""
    from truecost import steps
    from truecost.cli.output import print_json, shown_progress

    opened, clock = _opened(workspace, as_of)
    with shown_progress():
        landed = steps.land(opened, clock)
        loaded = steps.load(opened)
        standing = steps.standing(opened)
    if json:
        print_json({"landed": landed, "loaded": loaded, "standing": standing})
    else:
        _show_loaded(loaded)
        _show_standing(standing)
    raise typer.Exit(_exit_code(standing, strict))


@app.command()
def compare(workspace: WorkspaceDir = HERE, as_of: AsOf = None, json: Json = False, debug: Debug = False) -> None:
    """Hold the costs against the plans by quarter and stage, and forecast where they end."""
    from truecost import steps
    from truecost.cli.output import print_json, shown_progress
    from truecost.cli.planned import show_comparison

    opened, clock = _opened(workspace, as_of)
    with shown_progress():
        steps.attribute(opened)
        is_new = steps.compare(opened, clock)
        compared = steps.comparison(opened)
    if json:
        print_json({"is_new": is_new, **vars(compared)})
    else:
        show_comparison(compared)


@plan_app.command("show")
def plan_show(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="A model.", show_default=False)] = None,
    workspace: WorkspaceDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Planned cost by quarter and stage: mean, P10, P50, P90. It needs the plans alone, and no costs."""
    from truecost.cli.output import print_json, print_line
    from truecost.cli.planned import NO_PLAN, show_plan
    from truecost.planning.comparing import planned_costs

    opened, _ = _opened(workspace, None)
    planned = planned_costs(opened, model)
    if json:
        print_json(planned)
        return
    for item in planned:
        show_plan(item)
    if not planned:
        print_line(NO_PLAN)


@app.command()
def drift(
    model: Annotated[str | None, typer.Option("--model", help="Show one model only.", show_default=False)] = None,
    workspace: WorkspaceDir = HERE,
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Hold production and evals against what each model was accepted on: drift by feature, and fallen eval scores."""
    from truecost import steps
    from truecost.cli.output import print_json, shown_progress
    from truecost.cli.watched import show_signals

    opened, clock = _opened(workspace, as_of)
    if model is not None:
        opened.model(model)  # a name that is none fails here
    with shown_progress():
        steps.attribute(opened)
        is_new = steps.drift(opened, clock)
        found = steps.drift_signals(opened, clock, model)
    if json:
        print_json({"is_new": is_new, "signals": found})
    else:
        show_signals(found)


@alerts_app.callback()
def alerts(context: typer.Context, workspace: WorkspaceDir = HERE, json: Json = False, debug: Debug = False) -> None:
    """Every rule that is not OK: spending against the plan, drift, eval scores; and the re-evaluations that wait."""
    if context.invoked_subcommand:
        return
    from truecost.alerts.alerts import standing_alerts, waiting_reevaluations
    from truecost.cli.alerted import show_alerts
    from truecost.cli.output import print_json

    opened, _ = _opened(workspace, None)
    held, waiting = standing_alerts(opened), waiting_reevaluations(opened)
    if json:
        print_json({"alerts": held, "reevaluations": waiting})
    else:
        show_alerts(held, waiting)


@alerts_app.command("ack")
def alerts_ack(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Its number, as `truecost alerts` shows it.")],
    workspace: WorkspaceDir = HERE,
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say that you have seen an alert: it is not told again while it lasts."""
    from truecost.alerts.alerts import acknowledge
    from truecost.cli.output import print_json

    opened, clock = _opened(workspace, as_of)
    held = acknowledge(opened, clock, alert_id)
    if json:
        print_json(held)
    else:
        typer.echo(f"Alert {alert_id} ({held.model_id}, {held.rule.replace('_', ' ')}) is acknowledged.")


@app.command()
def reevaluate(
    model: Annotated[str, typer.Option("--model", help="The model to evaluate again.", show_default=False)],
    workspace: WorkspaceDir = HERE,
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Run the model's eval command, take in what it leaves, and decide: hold, re-evaluate further or retrain."""
    from truecost.cli.alerted import show_decision
    from truecost.cli.output import print_json, shown_progress
    from truecost.workspace.workspace import load_workspace

    load_workspace(workspace).model(model)  # a faulty call fails here, before anything is started
    with shown_progress():
        result = _flow("reevaluate")(workspace, _day(as_of), model)
    if json:
        print_json(result)
    else:
        show_decision(result["decision"])


@app.command()
def publish(workspace: WorkspaceDir = HERE, as_of: AsOf = None, json: Json = False, debug: Debug = False) -> None:
    """Swap in reports.duckdb, the read-only file finance queries."""
    from truecost import steps
    from truecost.cli.output import print_json, shown_path, shown_progress

    opened, clock = _opened(workspace, as_of)
    with shown_progress():
        steps.attribute(opened)
        steps.compare(opened, clock)
        is_new = steps.publish(opened, clock)
    if json:
        print_json({"file": opened.published, "is_new": is_new})
    else:
        typer.echo(f"{shown_path(opened.published)}: {'published' if is_new else 'already up to date'}.")


@app.command()
def report(
    workspace: WorkspaceDir = HERE,
    quarter: QuarterName = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the quarter's report; default: the latest quarter that has ended."""
    from truecost import steps
    from truecost.cli.output import print_json, shown_path, shown_progress

    opened, clock = _opened(workspace, as_of)
    with shown_progress():
        if known_at:
            reported = steps.report_known_at(opened, known_at.replace(tzinfo=UTC), quarter)
        else:
            reported = steps.report(opened, clock, quarter)
    if json:
        print_json(reported)
    else:
        page = shown_path(reported.folder / "true-cost.html")
        typer.echo(f"{page}: {'written' if reported.is_new else 'already up to date'}.")


@app.command()
def close(
    quarter: Annotated[str, typer.Option("--quarter", metavar="Q", help="The quarter, like FY2026-Q3.")],
    approver: Annotated[str | None, typer.Option("--approver", help="Who approves the figures.")] = None,
    accept: Annotated[
        list[str] | None, typer.Option("--accept", metavar="CHECK", help="Close although this check found something.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the checks and the figures, write nothing.")] = False,
    workspace: WorkspaceDir = HERE,
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Close a quarter: check it and freeze its figures; what comes later is posted to the open quarter."""
    from truecost import steps
    from truecost.cli.closed import show_closing
    from truecost.cli.output import print_json, shown_progress

    opened, clock = _opened(workspace, as_of)
    with shown_progress():
        closing = steps.close(opened, clock, quarter, approver, accept or [], dry_run)
    if json:
        print_json(closing)
    else:
        show_closing(closing, dry_run)
    raise typer.Exit(1 if closing.refused_by else 0)


@app.command()
def reopen(
    quarter: Annotated[str, typer.Option("--quarter", metavar="Q", help="The latest closed quarter.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; the journal keeps it.")],
    by: Annotated[str, typer.Option("--by", help="Who reopens it.")],
    workspace: WorkspaceDir = HERE,
    as_of: AsOf = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Open the latest closed quarter again: its next close is the next version, and this one stays."""
    from truecost import steps
    from truecost.cli.closed import show_reopening
    from truecost.cli.output import print_json, shown_progress

    opened, clock = _opened(workspace, as_of)
    with shown_progress():
        undone = steps.reopen(opened, clock, quarter, reason, by)
    if json:
        told = asdict(undone)
        print_json(told.pop("close") | told)
    else:
        show_reopening(undone)


@attribution_app.command("explain")
def attribution_explain(
    charge: Annotated[str, typer.Argument(metavar="CHARGE", help="A charge id, like 12:34:0.")],
    workspace: WorkspaceDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Which rule claimed a charge, test by test, and which earlier ones nearly did."""
    from truecost import steps
    from truecost.cli.attributed import show_explained
    from truecost.cli.output import print_json

    opened, _ = _opened(workspace, None)
    found = steps.explain_charge(opened, charge)
    if json:
        print_json(found)
    else:
        show_explained(found)


@attribution_app.command("suggest")
def attribution_suggest(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many groups of charges.")] = 5,
    workspace: WorkspaceDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Rules for the largest groups of charges that nobody claims, to paste into truecost.toml."""
    from truecost import steps
    from truecost.cli.attributed import show_suggestions
    from truecost.cli.output import print_json

    opened, _ = _opened(workspace, None)
    found = steps.suggest_rules(opened, limit)
    if json:
        print_json(found)
    else:
        show_suggestions(found)


@export_app.command("journal")
def export_journal(
    quarter: Annotated[str, typer.Option("--quarter", metavar="Q", help="The quarter, like FY2026-Q3.")],
    out: Annotated[Path, typer.Option("--out", metavar="F", help="The CSV to write.")],
    workspace: WorkspaceDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """A quarter's true cost as journal entries, by the accounts of [[accounts]]."""
    from truecost.cli.output import print_json, print_line, shown_path
    from truecost.exports.general_ledger import journal_of, write_journal

    opened, _ = _opened(workspace, None)
    journal = journal_of(opened, quarter)
    write_journal(journal, out)
    if json:
        print_json(journal)
        return
    print_line(f"{shown_path(out.resolve())}: {len(journal.entries)} entries of {journal.quarter}.")
    if journal.status != "closed":
        print_line(f"{journal.quarter} is preliminary: its entries still change until it is closed.")
    if journal.unmapped:
        print_line(f"{journal.unmapped} entries have no [[accounts]] and are on {journal.suspense_account}.")


@app.command("tie-out")
def tie_out(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export of the general ledger, as CSV.")],
    quarter: Annotated[str, typer.Option("--quarter", metavar="Q", help="The quarter, like FY2026-Q3.")],
    workspace: WorkspaceDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Hold the general ledger against the quarter's journal, line by line and account by account."""
    from truecost.cli.output import money, print_json, print_line, print_table
    from truecost.exports.general_ledger import tie_out as tied

    opened, _ = _opened(workspace, None)
    ties = tied(opened, file, quarter)
    apart = [tie for tie in ties if tie.is_apart]
    set_aside = [tie for tie in ties if tie.is_set_aside]
    if json:
        print_json([{**asdict(tie), "is_tied": tie.is_tied, "difference": tie.difference} for tie in ties])
    else:
        if apart:
            print_table(
                "What does not tie",
                [
                    *(("", "left"), ("ours", "right"), ("the ledger", "right"), ("difference", "right")),
                    ("lines of the file", "left"),
                ],
                [
                    (tie.what, money(tie.ours), money(tie.theirs), money(tie.difference), _listed_lines(tie.lines))
                    for tie in apart
                ],
            )
        for tie in set_aside:
            print_line(f"Set aside: {money(tie.theirs)} {tie.what}, lines {_listed_lines(tie.lines)}.")
        asked = len(ties) - len(set_aside)
        print_line(f"{asked - len(apart)} of {asked} tie.")
    raise typer.Exit(1 if apart else 0)


def _listed_lines(lines: tuple[int, ...]) -> str | None:
    return ", ".join(map(str, lines)) or None


@app.command()
def doctor(workspace: WorkspaceDir = HERE, json: Json = False, debug: Debug = False) -> None:
    """Whether the books keep their promises, and the journal and the closed quarters are as they were written."""
    from truecost import steps
    from truecost.cli.closed import show_faults
    from truecost.cli.output import print_json, shown_progress

    opened, _ = _opened(workspace, None)
    with shown_progress():
        faults = steps.faults(opened)
    if json:
        print_json(faults)
    else:
        show_faults(faults)
    raise typer.Exit(1 if faults else 0)


@sources_app.callback()
def sources(context: typer.Context, workspace: WorkspaceDir = HERE, json: Json = False, debug: Debug = False) -> None:
    """What comes in: the sources of the workspace, and the formats there are."""
    if context.invoked_subcommand:
        return
    from truecost.cli.output import print_json, print_table
    from truecost.intake.landing import source_files
    from truecost.sources import formats

    opened, _ = _opened(workspace, None)
    listed = [(source, source_files(opened, source)) for source in opened.config.sources]
    if json:
        print_json([{**source.model_dump(mode="json"), "files": files} for source, files in listed])
        return
    print_table(
        "Sources",
        [("source", "left"), ("format", "left"), ("path", "left"), ("files now", "right")],
        [(source.name, source.format, source.path, len(files)) for source, files in listed],
    )
    print_table(
        "Formats",
        [
            ("format", "left"),
            ("what", "left"),
            ("versions", "left"),
            ("basis", "left"),
            ("disposition", "left"),
            ("key", "left"),
        ],
        [
            (f.name, f.title, ", ".join(f.versions), f.basis, f.disposition, ", ".join(f.natural_key))
            for f in formats().values()
        ],
    )


@sources_app.command("check")
def sources_check(
    file: Annotated[Path, typer.Argument(help="The file to check; nothing is loaded.")],
    format_name: Annotated[
        str | None, typer.Option("--format", help="Its format; default: its source's, or a guess.")
    ] = None,
    workspace: WorkspaceDir = HERE,
    limit: Annotated[int, typer.Option("--limit", help="How many faults to show.")] = 20,
    json: Json = False,
    strict: Strict = False,
    debug: Debug = False,
) -> None:
    """Check one file as a source would read it: the first faults by line and column, with remedies."""
    from truecost.cli.output import print_json, print_line, shown_progress
    from truecost.intake.checking import check_file

    with shown_progress():
        checked = check_file(file, format_name, workspace, limit)
    if json:
        print_json(checked)
    elif checked.refused_because:
        print_line(f"{file}: refused as {checked.format}: {checked.refused_because}.")
    else:
        print_line(
            f"{file}: {checked.format}, {checked.rows_read} rows read, {checked.rows_accepted} good, "
            f"{checked.rows_quarantined} faulty, {checked.rows_skipped} skipped."
        )
        for fault in checked.faults:
            print_line(f"  {fault}")
        hidden = checked.rows_quarantined - checked.rows_told
        if hidden > 0:
            print_line(f"  and {hidden} more: --limit shows them.")
        for warning in checked.warnings:
            print_line(f"  warning: {warning}.")
    if checked.refused_because:
        raise typer.Exit(1)
    raise typer.Exit(3 if strict and checked.rows_quarantined else 0)


@app.command()
def status(workspace: WorkspaceDir = HERE, as_of: AsOf = None, json: Json = False, debug: Debug = False) -> None:
    """What is loaded, refused, held or quarantined, and what is published."""
    from truecost.cli.output import print_json, print_line, print_table, shown_path
    from truecost.cli.overview import read_overview

    opened, clock = _opened(workspace, as_of)
    overview = read_overview(opened, clock)
    if json:
        print_json(overview)
        return
    print_table(
        f"{opened.name}: sources",
        [
            ("source", "left"),
            ("format", "left"),
            ("waiting", "right"),
            ("files", "right"),
            ("loaded rows", "right"),
            ("quarantined", "right"),
            ("last received", "left"),
        ],
        [
            (
                s.name,
                s.format,
                s.files_waiting,
                s.files,
                s.rows_loaded,
                s.rows_quarantined,
                s.last_received_at,
            )
            for s in overview.sources
        ],
    )
    for warning in overview.warnings:
        print_line(f"warning: {warning}.")
    _show_standing(overview.standing)
    if overview.quarters:
        quarters, models = ", ".join(overview.quarters), ", ".join(overview.models)
        print_line(f"Published: {shown_path(opened.published)}, quarters {quarters}; models {models}.")
        closed = ", ".join(f"{close.quarter} (version {close.version})" for close in overview.closed)
        print_line(f"Closed: {closed or 'no quarter; `truecost close` does it'}.")
    else:
        print_line("Published: nothing yet; `truecost run` does it.")
    for item in overview.unfinished:
        print_line(f"warning: {item}.")


@app.command()
def trace(
    charge: Annotated[
        str | None, typer.Argument(metavar="[CHARGE]", help="A charge id, like 12:34:0.", show_default=False)
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="A model, or `unallocated`.")] = None,
    quarter: QuarterName = None,
    month: Annotated[datetime | None, _month_option("--month", "A calendar month, like 2026-03.")] = None,
    since: Annotated[datetime | None, _month_option("--since", "From this month on.")] = None,
    until: Annotated[datetime | None, _month_option("--until", "Up to this month and with it.")] = None,
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
        str | None, typer.Option("--origin-quarter", metavar="Q", help="The quarter that adjustments are of.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it is an adjustment, like late.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="A step of the bridge, like idle.")] = None,
    build: Annotated[bool, typer.Option("--build", help="Without serving: what a round cost to build.")] = False,
    treatment: Annotated[
        str | None, typer.Option("--treatment", help="What a rule says it is: expense or capitalise.")
    ] = None,
    billed: Annotated[bool, typer.Option("--billed", help="Add up what the bills say, not what it costs.")] = False,
    source: Annotated[str | None, typer.Option("--source", help="A source.")] = None,
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
    workspace: WorkspaceDir = HERE,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Where a figure is from: its charges, their files and lines; or one charge, down to the line of its file."""
    from truecost.cli.output import print_json
    from truecost.cli.traced import show_charge, show_trail
    from truecost.publish.tracing import trace_charge, trace_figure

    opened, _ = _opened(workspace, None)
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
    if charge:
        found: Any = trace_charge(opened, charge)
    elif filters:
        found = trace_figure(opened, filters, limit)
    else:
        raise typer.BadParameter(
            "name a charge, or a figure with --model, --quarter, --stage, --kind, --run and others"
        )
    if json:
        print_json(found)
    elif charge:
        show_charge(found)
    else:
        show_trail(found, filters)


def _opened(directory: Path, as_of: datetime | None) -> tuple[Workspace, Clock]:
    from truecost.workspace.workspace import load_workspace

    workspace = load_workspace(directory)
    return workspace, Clock(_day(as_of) or workspace.config.workspace.as_of)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _run(directory: Path, as_of: date | None, json: bool, strict: bool) -> None:
    from truecost import steps
    from truecost.cli.output import print_json, shown_progress
    from truecost.workspace.workspace import load_workspace

    workspace = load_workspace(directory)  # a faulty workspace fails here, before anything is started
    with shown_progress():
        result = _flow("daily")(directory, as_of)
        standing = steps.standing(workspace)
    if json:
        print_json({**result, "standing": standing, "reports": workspace.reports})
    else:
        _show_run(workspace, result, standing)
    raise typer.Exit(_exit_code(standing, strict))


def _flow(name: str) -> Any:
    """A flow by its entry point, so that the library itself never imports Prefect."""
    from importlib.metadata import entry_points

    from truecost import progress

    progress.say("starting Prefect")
    # The outcome, or the error that ends a run, is shown by us; Prefect's own log, with tracebacks, goes to its API.
    level = "WARNING" if "--debug" in sys.argv else "CRITICAL"
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", level)
    found = [entry for entry in entry_points(group="truecost.flows") if entry.name == name]
    if not found:
        raise TruecostError(f"the flow {name} is not installed; install truecost again")
    return found[0].load()


def _exit_code(standing: Standing, strict: bool) -> int:
    if standing.refused:
        return 1
    return 3 if strict and not standing.is_clean else 0


def _show_run(workspace: Workspace, result: dict[str, Any], standing: Standing) -> None:
    from truecost.cli.alerted import show_decision, show_undelivered
    from truecost.cli.output import print_line, shown_path
    from truecost.cli.overview import quarter_figures

    print_line(f"{result['landed']} files landed, {result['loaded']} loaded.")
    _show_standing(standing)
    show_undelivered(result["alerts"]["undelivered"])
    for decision in result["decisions"]:
        show_decision(decision, standing.alerts)
    if result["quarter"] is None:
        print_line("No cost falls in a quarter that has ended: there is no report yet.")
        print_line("Put files where [[sources]] look for them, or see `truecost report --quarter Q`.")
        return
    figures = quarter_figures(workspace, result["quarter"])
    folder = workspace.reports / result["quarter"]
    if not figures:
        print_line(f"No cost falls in {result['quarter']}; its report shows what there is to date.")
    else:
        _show_figures(result["quarter"], figures)
    print_line(f"Report:   {shown_path(folder / 'true-cost.html')} (also .xlsx, .csv and .json)")
    print_line(f"Finance:  {shown_path(workspace.published)} (DuckDB, read-only; schema finance)")


def _show_figures(quarter: str, figures: list[QuarterFigures]) -> None:
    from truecost.cli.output import money, print_line, print_table, times

    print_table(
        f"True cost beside training-only cost, {quarter} ({figures[0].currency})",
        [
            *(("model", "left"), ("training-only", "right"), ("true cost", "right"), ("times", "right")),
            *(("training-only\nto date", "right"), ("true cost\nto date", "right"), ("times", "right")),
        ],
        [
            (
                row.model_id or "(unallocated)",
                *(money(row.training_only_cost), money(row.true_cost), times(row.multiplier)),
                *(money(row.training_only_cost_to_date), money(row.true_cost_to_date), times(row.multiplier_to_date)),
            )
            for row in figures
        ],
    )
    for row in figures:
        if row.completeness != "complete":
            print_line(f"{row.model_id or '(unallocated)'} is at least that: {row.completeness}.")


def _show_loaded(loaded: list[Any]) -> None:
    from truecost.cli.output import print_line, print_table

    if not loaded:
        print_line("Nothing new to load.")
        return
    print_table(
        "Loaded",
        [
            ("file", "left"),
            ("read", "right"),
            ("good", "right"),
            ("quarantined", "right"),
            ("skipped", "right"),
        ],
        [
            (item.file, item.rows_read, item.rows_accepted, item.rows_quarantined, item.rows_skipped)
            if not item.refused_because
            else (item.file, "refused", None, None, None)
            for item in loaded
        ],
    )


def _show_standing(standing: Standing) -> None:
    from truecost.cli.alerted import show_open_alerts
    from truecost.cli.output import print_line

    for file, because in standing.refused:
        print_line(f"refused: {file}: {because}.")
    for file in standing.held:
        print_line(f"held: {file}: it claims what another file already holds; the report says how to settle it.")
    if standing.quarantined_rows:
        rows = "1 row is" if standing.quarantined_rows == 1 else f"{standing.quarantined_rows} rows are"
        print_line(f"{rows} quarantined: see the view finance.quarantine, or `truecost sources check FILE`.")
    show_open_alerts(standing.alerts)
