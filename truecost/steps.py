"""The steps of a run, each on its own: what the flows order and the command line calls one by one.

A step takes the workspace and the clock, opens what it needs, and returns a small summary; nothing passes between steps
but what is on disk. Each can be repeated at any time and does nothing where nothing has changed. None runs where what
was closed is no longer as it was.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from truecost import progress
from truecost.alerts.alerting import Reevaluation
from truecost.alerts.alerting import Standing as StandingAlert
from truecost.alerts.alerts import Alerted, standing_alerts, waiting_reevaluations
from truecost.alerts.alerts import alert as judge_alerts
from truecost.archive.closes import Close, changed_settings, frozen_faults, see_that_it_is_sound
from truecost.books.bookkeeping import keep_books, settle_receipts, tell_config
from truecost.books.explaining import Explained, explain
from truecost.books.invariants import Breach, breaches
from truecost.books.suggesting import Suggestion, suggest
from truecost.clock import Clock
from truecost.closing.closing import Closing, close_quarter, reopen_quarter
from truecost.decisions import reevaluation
from truecost.drift.drift import signals, watch
from truecost.intake.landing import Landing
from truecost.intake.loading import Loaded, load_landed
from truecost.planning.comparing import Comparison, read_comparison
from truecost.planning.comparing import compare as compare_plans
from truecost.publish.publishing import publish as publish_views
from truecost.report.reporting import report_quarter, write_report
from truecost.store.journal import Journal, mirror
from truecost.store.sql import query
from truecost.store.warehouse import connect
from truecost.workspace.knowing import known_at
from truecost.workspace.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """How the workspace stands: what is open and asks for someone. It decides the exit code."""

    refused: tuple[tuple[str, str], ...]
    held: tuple[str, ...]
    quarantined_rows: int
    alerts: tuple[StandingAlert, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not (self.refused or self.held or self.quarantined_rows or self.alerts)


@dataclass(frozen=True)
class Reported:
    """The report of a quarter: where it is, and whether it was written anew."""

    quarter: str
    folder: Path
    is_new: bool


def land(workspace: Workspace, clock: Clock) -> int:
    """Take in what is new in the inbox; returns how many files."""
    progress.say("looking through the inbox")
    # The warehouse's lock keeps two runs from numbering deliveries at once.
    with connect(workspace.warehouse) as con:
        see_that_it_is_sound(workspace, con)
        return sum(len(entry.parts) for entry in Landing(workspace.landing).land(workspace, clock))


def load(workspace: Workspace) -> list[Loaded]:
    """Validate and load every landed delivery that is new, or whose settings, suite or code changed."""
    with connect(workspace.warehouse) as con:
        see_that_it_is_sound(workspace, con)
        loaded = load_landed(con, workspace)
        settle_receipts(con, workspace)
    return loaded


def attribute(workspace: Workspace) -> bool:
    """Derive the books; returns whether anything had changed."""
    progress.say("keeping the books")
    with connect(workspace.warehouse) as con:
        see_that_it_is_sound(workspace, con)
        return keep_books(con, workspace)


def compare(workspace: Workspace, clock: Clock) -> bool:
    """Project the plans, hold them against the books and forecast; returns whether anything had changed."""
    progress.say("comparing with the plans")
    with connect(workspace.warehouse) as con:
        see_that_it_is_sound(workspace, con)
        return compare_plans(con, workspace, clock)


def comparison(workspace: Workspace) -> Comparison:
    """Actual against plan by quarter and stage, and the forecasts, as last compared."""
    with connect(workspace.warehouse) as con:
        return read_comparison(con, workspace)


def drift(workspace: Workspace, clock: Clock) -> bool:
    """Hold production and evals against what each model was accepted on; returns whether anything had changed."""
    with connect(workspace.warehouse) as con:
        see_that_it_is_sound(workspace, con)
        return watch(con, workspace, clock)


def drift_signals(workspace: Workspace, clock: Clock, model_id: str | None = None) -> list[dict[str, Any]]:
    """The newest signals, as of the clock's day, of every model or of one: a dict a row."""
    with connect(workspace.warehouse) as con:
        tell_config(con, workspace)
        return signals(con, clock, model_id)


def alert(workspace: Workspace, clock: Clock) -> Alerted:
    """Judge spending, drift and evals; write down and tell what changed, and open the re-evaluations it asks for."""
    progress.say("judging what asks for someone")
    return judge_alerts(workspace, clock)


def open_reevaluations(workspace: Workspace) -> list[Reevaluation]:
    """The re-evaluations that wait for their decision, oldest first."""
    return waiting_reevaluations(workspace)


def reevaluate(workspace: Workspace, clock: Clock, model_id: str) -> reevaluation.Decided:
    """Evaluate the model again, take in what the evaluation left in the inbox, and record a decision.

    A run that dies is taken up where it stood. Alerts are judged while the re-evaluation is open, so that a score it
    has just brought is part of its evidence.

    Raises:
        TruecostError: there is no such model.
    """
    opened = reevaluation.opened(workspace, clock, model_id)
    ended = reevaluation.evaluated(workspace, clock, opened)
    land(workspace, clock)
    load(workspace)
    attribute(workspace)
    compare(workspace, clock)
    drift(workspace, clock)
    alert(workspace, clock)
    progress.say(f"deciding on {model_id}")
    with connect(workspace.warehouse) as con:
        return reevaluation.decided(con, workspace, clock, opened, ended)


def publish(workspace: Workspace, clock: Clock) -> bool:
    """Swap in ``reports.duckdb``; returns whether anything had changed."""
    progress.say("publishing")
    with connect(workspace.warehouse) as con:
        see_that_it_is_sound(workspace, con)
        mirror(con, Journal(workspace.journal).events())
        return publish_views(con, workspace, clock)


def close(
    workspace: Workspace,
    clock: Clock,
    quarter: str,
    approver: str | None,
    accepted: Collection[str] = (),
    dry_run: bool = False,
) -> Closing:
    """Close a quarter: check it, freeze it, publish it as closed and write its report for good.

    Raises:
        TruecostError: it can't be closed now.
    """
    progress.say(f"closing {quarter}")
    attribute(workspace)
    compare(workspace, clock)
    with connect(workspace.warehouse) as con:
        closing = close_quarter(con, workspace, clock, quarter, approver, accepted, dry_run)
    if closing.close:
        _publish_anew(workspace, clock)
        report(workspace, clock, quarter)
        with connect(workspace.warehouse) as con:
            mirror(con, Journal(workspace.journal).events())  # that the report is kept
    return closing


def reopen(workspace: Workspace, clock: Clock, quarter: str, reason: str, by: str) -> Close:
    """Open the latest closed quarter again; publish it and write its report as preliminary.

    Raises:
        TruecostError: it is not the latest that is closed.
    """
    with connect(workspace.warehouse) as con:  # no two closes at once
        see_that_it_is_sound(workspace, con)
        undone = reopen_quarter(workspace, clock, quarter, reason, by)
    _publish_anew(workspace, clock)
    report(workspace, clock, undone.quarter)
    return undone


def _publish_anew(workspace: Workspace, clock: Clock) -> None:
    attribute(workspace)
    compare(workspace, clock)
    publish(workspace, clock)


def faults(workspace: Workspace) -> list[str]:
    """What is wrong with the books, the journal's chain or what was frozen; a sentence each."""
    with connect(workspace.warehouse) as con:
        found = frozen_faults(workspace, con)
    if not found:
        found = [str(fault).removesuffix(".") for fault in changed_settings(workspace)]
    if not found:
        attribute(workspace)
        found += [f"{breach.subject}: {breach.fault} ({breach.invariant})" for breach in check_invariants(workspace)]
    return found


def report(workspace: Workspace, clock: Clock, quarter_name: str | None = None) -> Reported:
    """Write the quarter's report.

    Raises:
        TruecostError: nothing is published, or there is no cost in or before the quarter.
    """
    progress.say("writing the report")
    see_that_it_is_sound(workspace)
    quarter = report_quarter(workspace, clock, quarter_name)
    written = write_report(workspace, clock, quarter.name)
    return Reported(quarter.name, workspace.reports / quarter.name, is_new=written is not None)


def report_known_at(workspace: Workspace, moment: datetime, quarter_name: str | None = None) -> Reported:
    """Publish and report what was known at ``moment`` (UTC), apart from what is known now.

    Raises:
        TruecostError: there was no cost in or before the quarter.
    """
    progress.say(f"deriving what was known at {moment:%Y-%m-%d %H:%M}")
    past, clock = known_at(workspace, moment), Clock(moment.date())
    load(past)
    attribute(past)
    compare(past, clock)
    drift(past, clock)
    publish(past, clock)
    return report(past, clock, quarter_name)


def standing(workspace: Workspace) -> Standing:
    """What is refused, held or quarantined, and has not been delivered again since."""
    with connect(workspace.warehouse) as con:
        rows = con.execute(query("report/standing")).fetchall()
    return Standing(
        refused=tuple((file, because) for file, status, because, _ in rows if status == "refused"),
        held=tuple(file for file, status, _, _ in rows if status == "held"),
        quarantined_rows=sum(quarantined for *_, quarantined in rows),
        alerts=tuple(held for held in standing_alerts(workspace) if held.state == "ALERT" and held.asks),
    )


def check_invariants(workspace: Workspace) -> list[Breach]:
    """What breaks a promise of the books; nothing, one expects."""
    with connect(workspace.warehouse) as con:
        tell_config(con, workspace)
        return breaches(con)


def explain_charge(workspace: Workspace, charge_id: str) -> Explained:
    """Why a charge belongs to whom it does.

    Raises:
        TruecostError: there is no such charge.
    """
    attribute(workspace)
    with connect(workspace.warehouse) as con:
        return explain(con, workspace, charge_id)


def suggest_rules(workspace: Workspace, limit: int) -> list[Suggestion]:
    """Rules for the largest groups of charges that nobody claims."""
    attribute(workspace)
    with connect(workspace.warehouse) as con:
        return suggest(con, workspace, limit)


def has_costs(workspace: Workspace, clock: Clock) -> bool:
    """Whether the latest quarter that has ended, or one before it, has costs to report on."""
    quarter = report_quarter(workspace, clock, None)
    with connect(workspace.warehouse) as con:
        row = con.execute("SELECT count(*) FROM books.costs WHERE quarter_start <= ?", [quarter.start]).fetchone()
    return bool(row and row[0])
