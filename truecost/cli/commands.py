"""The app: every command, in the order a help lists them. Nothing heavy is imported until a command needs it."""

from __future__ import annotations

from typing import Annotated

import typer

from truecost.cli import (
    alerts,
    attribution,
    close,
    compare,
    decide,
    decisions,
    deliveries,
    demo,
    doctor,
    drift,
    export,
    gaps,
    ingest,
    init,
    plan,
    policy,
    publish,
    quarantine,
    reevaluate,
    reopen,
    report,
    run,
    schema,
    sources,
    status,
    tie_out,
    trace,
    versions,
)
from truecost.cli.frame import HELP, Frame, Group, add, epilog, framed

ABOUT = "The books of a fine-tuned model: what it truly costs, beside what its training run cost."

app = typer.Typer(
    name="truecost",
    help=ABOUT,
    epilog=epilog(("truecost demo", "truecost run --workspace books", "truecost status --workspace books --json")),
    cls=Group,
    context_settings=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _tell_version(is_asked: bool) -> None:
    from truecost import __version__

    if is_asked:
        typer.echo(f"truecost {__version__}")
        raise typer.Exit


def truecost(
    frame: Frame,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """The books of a fine-tuned model: what it truly costs, beside what its training run cost."""


app.callback()(framed(truecost, takes_known_at=True))
add(app, demo.demo, demo.EXAMPLES)
add(app, init.init, init.EXAMPLES)
add(app, schema.schema, schema.EXAMPLES)
add(app, run.run, run.EXAMPLES)
add(app, ingest.ingest, ingest.EXAMPLES)
add(app, decide.decide, decide.EXAMPLES)
add(app, compare.compare, compare.EXAMPLES)
add(app, versions.versions, versions.EXAMPLES)
add(app, drift.drift, drift.EXAMPLES)
add(app, reevaluate.reevaluate, reevaluate.EXAMPLES)
add(app, publish.publish, publish.EXAMPLES)
add(app, report.report, report.EXAMPLES, takes_known_at=True)
add(app, close.close, close.EXAMPLES)
add(app, reopen.reopen, reopen.EXAMPLES)
add(app, tie_out.tie_out, tie_out.EXAMPLES, "tie-out")
add(app, doctor.doctor, doctor.EXAMPLES)
add(app, status.status, status.EXAMPLES)
add(app, gaps.gaps, gaps.EXAMPLES)
add(app, trace.trace, trace.EXAMPLES)
app.add_typer(sources.app, name="sources")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(plan.app, name="plan")
app.add_typer(alerts.app, name="alerts")
app.add_typer(decisions.app, name="decisions")
app.add_typer(policy.app, name="policy")
app.add_typer(attribution.app, name="attribution")
app.add_typer(export.app, name="export")
