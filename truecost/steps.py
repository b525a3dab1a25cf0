"""The steps of a run, each on its own: what the flows order and the command line calls one by one.

A step takes the workspace and the clock, opens what it needs, and returns a small summary; nothing passes between steps
but what is on disk. Each can be repeated at any time and does nothing where nothing has changed. None runs where what
was closed is no longer as it was. What a close that died had begun is finished before anything new comes in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost import progress
from truecost.alerts.alerts import Alerted, waiting_reevaluations
from truecost.alerts.alerts import alert as judge_alerts
from truecost.alerts.outbox import tell
from truecost.alerts.standing import Standing, read_standing
from truecost.alerts.states import Reevaluation
from truecost.archive.integrity import archive_faults, sound_closes
from truecost.archive.record import vouch
from truecost.archive.unfinished import Unfinished, find_unfinished
from truecost.books.claims import Decision
from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.derivation import keep_books, settle_receipts
from truecost.books.explain import Explained, explain
from truecost.books.gaps import Gap, read_gaps, tell_day
from truecost.books.invariants import Breach, breaches
from truecost.books.quarantine import (
    Cause,
    QuarantinedRow,
    Retried,
    causes,
    forget_loads,
    outcomes,
    quarantined_rows,
    rows_meant,
)
from truecost.books.redelivery import Delivered, Shown, decide_delivery, list_deliveries, show_delivery
from truecost.books.session import open_session
from truecost.books.suggest import Suggestion, suggest
from truecost.clock import REAL, Clock
from truecost.closing.close import (
    Closing,
    Reopening,
    close_as_approved,
    close_quarter,
    reopen_quarter,
    reopening_as_asked,
)
from truecost.decisions import reevaluation
from truecost.decisions.follow import write_outcomes
from truecost.decisions.hard_stop import Stopped, stop_what_is_spent
from truecost.drift.drift import signals, watch
from truecost.errors import TruecostError
from truecost.intake.integrity import deep_faults, landing_faults, ledger_faults, log_faults, see_that_landing_is_sound
from truecost.intake.landing import Landing
from truecost.intake.load import Loaded, load_landed
from truecost.planning.comparison import Comparison, ForecastRecord, plan_of, read_comparison, read_record
from truecost.planning.comparison import compare as compare_plans
from truecost.planning.learned import Seen
from truecost.planning.lessons import read_seen
from truecost.planning.new_plan import new_plan as write_new_plan
from truecost.publish.publication import open_published, published_faults, read_published, view_names
from truecost.publish.publication import publish as publish_views
from truecost.quarters import parse_quarter
from truecost.report.quarterly import report_faults, report_quarter, reported_status, write_report
from truecost.store.journal import Journal, mirror
from truecost.store.machine import in_plain_words
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.store.warehouse import connect, last_fingerprint
from truecost.workspace.lifecycle import Approach
from truecost.workspace.past import known_at
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from truecost.planning.beginning import Begun
    from truecost.store.journal import Event


@dataclass(frozen=True)
class Reported:
    """The report of a quarter: where it is, and whether it was written anew."""

    quarter: str
    folder: Path
    is_new: bool


def land(workspace: Workspace, clock: Clock) -> int:
    """Take in what is new in the inbox; returns how many files."""
    finish(workspace, clock)  # its report holds what was known when it was closed
    progress.say("looking through the inbox")
    # The warehouse's lock keeps two runs from numbering deliveries at once.
    with open_session(workspace, clock):
        return sum(len(entry.parts) for entry in Landing(workspace.landing).land(workspace, clock))


def load(workspace: Workspace, clock: Clock = REAL) -> list[Loaded]:
    """Validate and load every landed delivery that is new, or whose settings, suite or code changed."""
    with open_session(workspace, clock) as session:
        loaded = load_landed(session.con, workspace)
        settle_receipts(session)
    return loaded


def attribute(workspace: Workspace, clock: Clock = REAL) -> bool:
    """Derive the books; returns whether anything had changed."""
    progress.say("keeping the books")
    with open_session(workspace, clock) as session:
        return keep_books(session)


def compare(workspace: Workspace, clock: Clock) -> bool:
    """Project the plans, hold them against the books and forecast; returns whether anything had changed."""
    progress.say("comparing with the plans")
    with open_session(workspace, clock) as session:
        return compare_plans(session)


def comparison(workspace: Workspace, clock: Clock = REAL) -> Comparison:
    """Actual against plan by quarter and stage, and the forecasts, as last compared."""
    with open_session(workspace, clock) as session:
        return read_comparison(session)


def new_plan(workspace: Workspace, model: str, approach: Approach, clock: Clock, to: Path | None = None) -> Path:
    """Write a commented plan by an approach, with what the published books know of our runs; returns where it is."""
    runs, seen = Row(), Seen()
    if workspace.published.is_file():
        with open_published(workspace.published) as con:
            seen = read_seen(con, views := view_names(con), clock.today())
            if "training_runs" in views:
                (runs,) = read_rows(con, query("planning/own_runs"))
    return write_new_plan(workspace, model, approach, clock.today(), to, runs, seen)


def weigh_plan(workspace: Workspace, clock: Clock, model_id: str) -> Begun:
    """Whether to begin with a model's plan.

    Raises:
        TruecostError: there is no such model, or it has no plan, or no lifecycle in it.
    """
    from truecost.planning.beginning import begin, known_of  # with SciPy, which no other step needs

    plan = plan_of(workspace, model_id)
    progress.say(f"drawing every option of {model_id}")
    with open_session(workspace, clock) as session:
        known = known_of(session, model_id)
    return begin(model_id, plan, known)


def record_beginning(workspace: Workspace, clock: Clock, begun: Begun, by: str, reason: str) -> Event:
    """Keep in the journal what was decided of a model's plan, and what it expects.

    Raises:
        TruecostError: it is the plan of no model of the workspace, or nobody or no reason is named.
    """
    from truecost.planning.beginning import record

    return record(Journal(workspace.journal), plan_of(workspace, begun.name), begun, clock, by, reason)


def forecast_record(workspace: Workspace, clock: Clock = REAL, model: str | None = None) -> list[ForecastRecord]:
    """How good past forecasts were, as last compared.

    Raises:
        TruecostError: there is no such model, or it has no plan.
    """
    with open_session(workspace, clock) as session:
        return read_record(session, model)


def version_comparison(workspace: Workspace, clock: Clock = REAL, model: str | None = None) -> list[Row]:
    """The versions that served side by side, as the books say: rows of ``finance.version_comparison``."""
    with open_session(workspace, clock) as session:
        tell_day(session.con)
        rows = read_rows(session.con, query("finance/version_comparison"))
    return [row for row in rows if model in (None, row["model_id"])]


def drift(workspace: Workspace, clock: Clock) -> bool:
    """Hold production and evals against what each model was accepted on; returns whether anything had changed."""
    with open_session(workspace, clock) as session:
        return watch(session)


def drift_signals(workspace: Workspace, clock: Clock, model_id: str | None = None) -> list[dict[str, Any]]:
    """The newest signals, as of the clock's day, of every model or of one: a dict a row."""
    with open_session(workspace, clock) as session:
        return signals(session, model_id)


def alert(workspace: Workspace, clock: Clock) -> Alerted:
    """Judge spending, drift and evals; write down and tell what changed, and open the re-evaluations it asks for.

    What came of decisions is written down first, where that is due.
    """
    progress.say("judging what asks for someone")
    with open_session(workspace, clock) as session:
        if last_fingerprint(session.con, BOOKS_STEP) is not None:
            write_outcomes(session)
    return judge_alerts(workspace, clock)


def hard_stop(workspace: Workspace, clock: Clock) -> list[Stopped]:
    """Run the command of each budget that is spent, once in its period; needs the books."""
    return stop_what_is_spent(workspace, clock)


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
    load(workspace, clock)
    attribute(workspace, clock)
    compare(workspace, clock)
    drift(workspace, clock)
    alert(workspace, clock)
    progress.say(f"deciding on {model_id}")
    with open_session(workspace, clock) as session:
        decided = reevaluation.decided(session, opened, ended)
    tell(workspace, clock)
    return decided


def publish(workspace: Workspace, clock: Clock) -> bool:
    """Swap in ``reports.duckdb``; returns whether anything had changed."""
    finished = finish(workspace, clock)
    return _publish(workspace, clock) or bool(finished)


def close(
    workspace: Workspace,
    clock: Clock,
    quarter: str,
    approver: str | None,
    accepted: Collection[str] | Mapping[str, str] = (),
    dry_run: bool = False,
) -> Closing:
    """Close a quarter: check it, freeze it, publish it as closed and write its report for good.

    A close of it that died on the way is finished instead, as it was approved then.

    Raises:
        TruecostError: it can't be closed now.
    """
    name = parse_quarter(quarter, workspace.config.workspace.fiscal_year_start_month).name
    if dry_run:
        _see_that_none_began(workspace, name)
    else:
        for item in finish(workspace, clock):
            if (item.kind, item.quarter) == ("close", name):
                return close_as_approved(workspace, item.event_id, approver)
    progress.say(f"closing {name}")
    attribute(workspace, clock)
    compare(workspace, clock)
    with open_session(workspace, clock) as session:
        _copy_journal(session.con, workspace)  # the last a close does, and may not have come to
        closing = close_quarter(session, name, approver, accepted, dry_run)
    if closing.close:
        _publish_and_report(workspace, clock, name)
    return closing


def reopen(workspace: Workspace, clock: Clock, quarter: str, reason: str, by: str) -> Reopening:
    """Open the latest closed quarter again; publish it and write its report as preliminary.

    A reopening of it that died on the way is finished instead, as it was asked for then.

    Raises:
        TruecostError: it is not the latest that is closed.
    """
    name = parse_quarter(quarter, workspace.config.workspace.fiscal_year_start_month).name
    for item in finish(workspace, clock):
        if (item.kind, item.quarter) == ("reopen", name):
            return reopening_as_asked(workspace, item.event_id, reason, by)
    with open_session(workspace, clock) as session:  # no two closes at once
        undone = reopen_quarter(session, name, reason, by)
    _publish_and_report(workspace, clock, name)
    return undone


def unfinished(workspace: Workspace) -> list[Unfinished]:
    """What a close or a reopening that died had begun, oldest first."""
    if workspace.home:  # a past view closes nothing
        return []
    return find_unfinished(
        workspace,
        read_published(workspace.published),
        lambda quarter: reported_status(workspace.reports / quarter),
    )


def finish(workspace: Workspace, clock: Clock) -> list[Unfinished]:
    """Finish what a close or a reopening that died had begun; returns what that was.

    The report of a close is kept as of the day it was made, whatever day it is by now.
    """
    sound_closes(workspace)
    found = unfinished(workspace)
    if not found:
        return []
    load(workspace, clock)  # a warehouse that was made anew holds nothing yet
    last_day = clock.today()
    for item in found:
        progress.say(f"finishing the {'close' if item.kind == 'close' else 'reopening'} of {item.quarter}")
        is_to_keep = item.kind == "close" and not item.is_report_kept
        then = Clock(item.at.date()) if is_to_keep else clock
        _publish_and_report(workspace, then, item.quarter)
        last_day = then.today()
    if last_day != clock.today():
        _publish_anew(workspace, clock)
    return found


def _see_that_none_began(workspace: Workspace, quarter: str) -> None:
    """A dry run writes nothing, so it finishes nothing either."""
    for item in unfinished(workspace):
        if item.quarter == quarter:
            raise TruecostError(str(item))


def _publish_and_report(workspace: Workspace, clock: Clock, quarter: str) -> None:
    """What follows once the journal holds that a quarter was closed or reopened."""
    _publish_anew(workspace, clock)
    _report(workspace, clock, quarter)
    with connect(workspace.warehouse, workspace.wait) as con:
        _copy_journal(con, workspace)  # that the report is kept


def _publish_anew(workspace: Workspace, clock: Clock) -> None:
    attribute(workspace, clock)
    compare(workspace, clock)
    _publish(workspace, clock)


def _publish(workspace: Workspace, clock: Clock) -> bool:
    progress.say("publishing")
    with open_session(workspace, clock) as session:
        _copy_journal(session.con, workspace)
        return publish_views(session)


def _copy_journal(con: DuckDBPyConnection, workspace: Workspace) -> None:
    """What vouches for the journal's end: the warehouse's copy, and what is kept beside the closes."""
    mirror(con, Journal(workspace.journal).events())
    if not workspace.home:  # a past view has only the older part
        vouch(workspace)


def faults(workspace: Workspace, clock: Clock = REAL, deep: bool = False) -> list[str]:
    """What is wrong with what landed, the ledger, the books, the journal's chain, what was frozen, published or kept,
    or was left unfinished; a sentence each. ``deep`` loads every landed file anew and compares.

    Raises:
        WarehouseBusy: another command has the warehouse: see ``faults_beside``.
    """
    with in_plain_words():
        with connect(workspace.warehouse, workspace.wait) as con:
            found = archive_faults(workspace, con)
            found += landing_faults(workspace)
            found += [] if found else log_faults(workspace, con)
        if not found:
            load(workspace, clock)  # what an older truecost loaded, it did not sum
            with connect(workspace.warehouse, workspace.wait) as con:
                found += ledger_faults(workspace, con)
                found += deep_faults(workspace, con) if deep else []
                found += published_faults(workspace, con)
                found += report_faults(workspace)
        if not found:
            attribute(workspace, clock)
            broken = check_invariants(workspace, clock)
            found += [f"{breach.subject}: {breach.fault} ({breach.invariant})" for breach in broken]
            found += [str(item) for item in unfinished(workspace)]
    return found


def faults_beside(workspace: Workspace) -> list[str]:
    """What of it shows while another command has the warehouse: in what landed, the journal, and what was frozen or
    kept.
    """
    return [*archive_faults(workspace), *landing_faults(workspace), *report_faults(workspace)]


def report(workspace: Workspace, clock: Clock, quarter_name: str | None = None) -> Reported:
    """Write the quarter's report.

    Raises:
        TruecostError: nothing is published, or there is no cost in or before the quarter.
    """
    finish(workspace, clock)
    return _report(workspace, clock, quarter_name)


def _report(workspace: Workspace, clock: Clock, quarter_name: str | None) -> Reported:
    progress.say("writing the report")
    sound_closes(workspace)
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
    see_that_landing_is_sound(past)
    load(past, clock)
    attribute(past, clock)
    compare(past, clock)
    drift(past, clock)
    publish(past, clock)
    return report(past, clock, quarter_name)


def standing(workspace: Workspace) -> Standing:
    """What is refused, held or quarantined and has not been delivered again since, and what else asks for someone."""
    with connect(workspace.warehouse, workspace.wait) as con:
        return read_standing(workspace, con)


def deliveries(
    workspace: Workspace, clock: Clock, source: str | None = None, only_open: bool = False
) -> list[Delivered]:
    """Every delivery and what became of it, the newest first."""
    with open_session(workspace, clock) as session:
        settle_receipts(session)
        return list_deliveries(session, source, only_open)


def delivery(workspace: Workspace, clock: Clock, *numbers: int) -> list[Shown]:
    """Deliveries, what each changed or would change, and the word on it.

    Raises:
        TruecostError: there is no such delivery.
    """
    with open_session(workspace, clock) as session:
        settle_receipts(session)
        return [show_delivery(session, number) for number in numbers]


def decide(
    workspace: Workspace, clock: Clock, number: int, decision: Decision, reason: str, by: str | None = None
) -> Shown:
    """Accept a delivery that is held, or reject it, and derive the books anew.

    Raises:
        TruecostError: there is nothing to decide of it.
    """
    with open_session(workspace, clock) as session:
        settle_receipts(session)
        decide_delivery(session, number, decision, reason, by)
        _copy_journal(session.con, workspace)
    attribute(workspace, clock)
    return delivery(workspace, clock, number)[0]


def quarantine(workspace: Workspace, clock: Clock, what: str | None = None) -> tuple[list[Cause], list[QuarantinedRow]]:
    """What is quarantined of files as last delivered: the causes, and the rows of one, of a file, or all.

    Raises:
        TruecostError: nothing of that name is quarantined.
    """
    with open_session(workspace, clock) as session:
        settle_receipts(session)
        rows = quarantined_rows(session.con)
    return causes(rows), rows_meant(rows, what)


def retry(workspace: Workspace, clock: Clock, what: str | None = None) -> list[Retried]:
    """Load the deliveries with quarantined rows anew, under the configuration and the suites of today.

    They come from the landing log as at any load, so that a warehouse that is made anew comes out the same.

    Raises:
        TruecostError: nothing of that name is quarantined.
    """
    _, rows = quarantine(workspace, clock, what)
    with connect(workspace.warehouse, workspace.wait) as con:
        forget_loads(con, sorted({row.delivery_id for row in rows}))
    load(workspace, clock)
    attribute(workspace, clock)
    with connect(workspace.warehouse, workspace.wait) as con:
        return outcomes(con, rows)


def check_invariants(workspace: Workspace, clock: Clock = REAL) -> list[Breach]:
    """What breaks a promise of the books; nothing, one expects."""
    with open_session(workspace, clock) as session:
        return breaches(session)


def gaps(workspace: Workspace, clock: Clock = REAL, **wanted: str | None) -> list[Gap]:
    """What the figures miss, seen on the clock's day; only of the quarter, model, kind and source that are named.

    Raises:
        TruecostError: there is no such kind.
    """
    attribute(workspace, clock)
    with open_session(workspace, clock) as session:
        tell_day(session.con)
        return read_gaps(session.con, **wanted)


def explain_charge(workspace: Workspace, charge_id: str, clock: Clock = REAL) -> Explained:
    """Why a charge belongs to whom it does.

    Raises:
        TruecostError: there is no such charge.
    """
    attribute(workspace, clock)
    with open_session(workspace, clock) as session:
        return explain(session, charge_id)


def suggest_rules(workspace: Workspace, limit: int, clock: Clock = REAL) -> list[Suggestion]:
    """Rules for the largest groups of charges that nobody claims."""
    attribute(workspace, clock)
    with open_session(workspace, clock) as session:
        return suggest(session, limit)


def has_costs(workspace: Workspace, clock: Clock) -> bool:
    """Whether the latest quarter that has ended, or one before it, has costs to report on."""
    quarter = report_quarter(workspace, clock, None)
    with connect(workspace.warehouse, workspace.wait) as con:
        row = con.execute("SELECT count(*) FROM books.costs WHERE quarter_start <= ?", [quarter.start]).fetchone()
    return bool(row and row[0])
