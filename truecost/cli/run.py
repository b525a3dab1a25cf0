"""``truecost run``: the daily flow, and the quarter's figures at its end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from truecost.cli.deliveries import became
from truecost.cli.frame import Frame, Strict
from truecost.errors import TruecostError

if TYPE_CHECKING:
    from truecost.alerts.standing import Standing
    from truecost.cli.overview import QuarterFigures
    from truecost.workspace.workspace import Workspace

EXAMPLES = (
    "truecost run --workspace books",
    "truecost run -w books --strict || echo 'someone should look'",
    "truecost --json run -w books > run.json",
)
UNALLOCATED = "(unallocated)"


def run(frame: Frame, strict: Strict = False) -> None:
    """The daily flow: ingest, validate, attribute, compare, drift, alerts, publish, report."""
    run_daily(frame, strict)


def run_daily(frame: Frame, strict: bool) -> None:
    """Run it on the workspace, and say how it stands."""
    from truecost import steps
    from truecost.cli.progress import shown_progress
    from truecost.cli.standing import exit_code

    workspace = frame.workspace  # a faulty one fails here, before anything is started
    with shown_progress(is_flow=True):
        result = flow("daily", frame.is_debug)(frame.root, frame.day)
        standing = steps.standing(workspace)
        read = set(result["deliveries"])
        told = [one for one in steps.deliveries(workspace, frame.clock) if one.delivery_id in read] if read else []
    frame.answer(
        {**result, "became": became(told), "standing": standing, "reports": workspace.reports},
        lambda: _show_run(workspace, result, became(told), standing),
    )
    raise typer.Exit(exit_code(standing, strict))


def flow(name: str, is_debug: bool) -> Any:
    """A flow by its entry point, so that the library itself never imports Prefect."""
    from importlib.metadata import entry_points

    from truecost import progress

    progress.say("starting Prefect")
    # The outcome, or the error that ends a run, is shown by us; Prefect's own log, with tracebacks, goes to its API.
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING" if is_debug else "CRITICAL")
    found = [entry for entry in entry_points(group="truecost.flows") if entry.name == name]
    if not found:
        raise TruecostError(f"the flow {name} is not installed; install truecost again")
    return found[0].load()


def _show_run(workspace: Workspace, result: dict[str, Any], files: dict[str, int], standing: Standing) -> None:
    from truecost.cli.overview import quarter_figures
    from truecost.cli.reevaluate import show_decision
    from truecost.cli.standing import show_standing
    from truecost.cli.text import echo, shown_path

    counts = ", ".join(f"{count} {status}" for status, count in (files or {"loaded": 0}).items())
    echo(f"{result['landed']} {'file' if result['landed'] == 1 else 'files'} landed, {counts}.")
    show_standing(standing)
    for name in result["alerts"]["undelivered"]:  # an address is a secret: its place in the list and its service
        echo(f"warning: {name} did not take a message; the next run tries again.", "warning")
    for decision in result["decisions"]:
        show_decision(decision, standing.alerts)
    if result["quarter"] is None:
        echo("No cost falls in a quarter that has ended: there is no report yet.")
        echo("Put files where [[sources]] look for them, or see `truecost report --quarter Q`.")
        return
    figures = quarter_figures(workspace, result["quarter"])
    folder = workspace.reports / result["quarter"]
    if not figures:
        echo(f"No cost falls in {result['quarter']}; its report shows what there is to date.")
    else:
        _show_figures(result["quarter"], figures)
    echo(f"Report:   {shown_path(folder / 'true-cost.html')} (also .xlsx, .csv and .json)")
    echo(f"Finance:  {shown_path(workspace.published)} (DuckDB, read-only; schema finance)")


def _show_figures(quarter: str, figures: list[QuarterFigures]) -> None:
    from truecost.cli.tables import amount, name, number, print_table
    from truecost.cli.text import echo, money, times

    print_table(
        f"True cost beside training-only cost, {quarter} ({figures[0].currency})",
        [
            *(name("model"), amount("training-only"), amount("true cost"), number("times")),
            *(amount("training-only\nto date"), amount("true cost\nto date"), number("times\nto date")),
        ],
        [
            (
                row.model_id or UNALLOCATED,
                *(money(row.training_only_cost), money(row.true_cost), times(row.multiplier)),
                *(money(row.training_only_cost_to_date), money(row.true_cost_to_date), times(row.multiplier_to_date)),
            )
            for row in figures
        ],
    )
    for row in figures:
        if row.completeness != "complete":
            bound = "at least that: " if row.completeness.startswith("incomplete") else ""
            echo(f"{row.model_id or UNALLOCATED} is {bound}{row.completeness}.")
