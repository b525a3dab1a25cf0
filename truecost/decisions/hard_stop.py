"""Acting on a budget that is spent: its ``hard_stop`` command is run once in the period, and kept in the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from truecost import progress
from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.gaps import tell_day
from truecost.books.session import open_session
from truecost.clock import Clock
from truecost.decisions.evaluation import Ran, run_command
from truecost.store.journal import Event, Journal
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.store.warehouse import last_fingerprint
from truecost.workspace.config import BudgetSection
from truecost.workspace.workspace import Workspace


@dataclass(frozen=True)
class Stopped:
    """A budget whose command was run, and how that ended: ``exit_code`` None where it could not, or not in time."""

    budget: str
    period_start: str
    exit_code: int | None
    log: str | None


def stop_what_is_spent(workspace: Workspace, clock: Clock) -> list[Stopped]:
    """Run the command of each budget that is exceeded in its running period, if that was not done yet.

    It is written down before the command is run: one that ends us with it is not run again.
    """
    commands = {budget.name: budget for budget in workspace.config.budgets if budget.hard_stop}
    if not commands:
        return []
    journal = Journal(workspace.journal)
    with open_session(workspace, clock) as session:
        if last_fingerprint(session.con, BOOKS_STEP) is None:
            return []
        tell_day(session.con)
        rows = read_rows(session.con, query("finance/budgets"))
        due = _due(rows, journal.events(), list(commands))
        begun = [
            journal.append(
                "hard_stop",
                clock.now(),
                row["model_id"] or "",
                budget=row["name"],
                period_start=row["period_start"].isoformat(),
                amount=str(row["amount"]),
                spent=str(row["spent"]),
                currency=row["currency"],
            )
            for row in due
        ]
    return [_stop(workspace, clock, journal, commands[event.data["budget"]], event) for event in begun]


def _due(rows: Sequence[Row], events: Sequence[Event], named: Sequence[str]) -> list[Row]:
    done = {(e.data["budget"], e.data["period_start"]) for e in events if e.kind == "hard_stop"}
    return [
        row
        for row in rows
        if row["name"] in named
        and row["spent"] > row["amount"]
        and (row["name"], row["period_start"].isoformat()) not in done
    ]


def _stop(workspace: Workspace, clock: Clock, journal: Journal, budget: BudgetSection, begun: Event) -> Stopped:
    progress.say(f"the budget {budget.name} is spent: running its command")
    told = {"TRUECOST_BUDGET": budget.name, "TRUECOST_MODEL": budget.model or ""}
    ran: Ran = run_command(
        workspace,
        clock,
        budget.hard_stop or "",
        budget.hard_stop_within,
        f"budgets/{budget.name}-{begun.event_id}",
        told,
    )
    journal.append(
        "hard_stopped",
        clock.now(),
        begun.model_id,
        budget=budget.name,
        hard_stop_id=begun.event_id,
        exit_code=ran.exit_code,
        error=ran.error,
        log=ran.log,
    )
    return Stopped(budget.name, begun.data["period_start"], ran.exit_code, ran.log)
