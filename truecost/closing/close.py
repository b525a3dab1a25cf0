"""Closing a quarter: check it, freeze what it says, and never change it again; reopening makes the next version.

What arrives after the close is posted to the open quarter as an adjustment (``sql/books/70_closed``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost import __version__
from truecost.archive.closes import (
    COSTS,
    PLAN,
    QUANTITIES,
    SETTINGS,
    VIEWS,
    Close,
    closed_quarters,
    folder_of,
    read_closes,
    view_file,
)
from truecost.archive.record import write_down
from truecost.archive.sealed import laid_out, put_in_place, seal
from truecost.books.derivation import keep_books
from truecost.books.gaps import tell_day
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.closing.checks import CHECKS, REMEDIES, Check, Finding, accepted_before, check_quarter, judged
from truecost.errors import TruecostError
from truecost.quarters import Quarter, parse_quarter, quarter_of
from truecost.store.journal import Journal
from truecost.store.sql import literal, query
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Closing:
    """A close, or what it would be: the checks, what is frozen, and where; ``close`` is None in a dry run.

    ``is_taken_up``: it had begun before and was cut short, and was finished as it was approved then; ``set_aside`` is
    what was asked for otherwise this time.
    """

    quarter: str
    version: int
    checks: tuple[Check, ...]
    true_cost: dict[str, Decimal]
    adjustments: Decimal
    currency: str
    row_count: int
    content_hash: str
    close: Close | None = None
    is_taken_up: bool = False
    set_aside: tuple[str, ...] = ()

    @property
    def refused_by(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if not (check.is_passed or check.is_accepted))


@dataclass(frozen=True)
class Reopening:
    """A close that was taken back, by whom and why; ``is_taken_up`` and ``set_aside`` as in :class:`Closing`."""

    close: Close
    reason: str
    by: str
    is_taken_up: bool = False
    set_aside: tuple[str, ...] = ()


def close_quarter(
    session: Session,
    name: str,
    approver: str | None,
    accepted: Collection[str] | Mapping[str, str] = (),
    dry_run: bool = False,
) -> Closing:
    """Check the quarter and, unless this is a dry run or a check refuses it, freeze it.

    ``accepted`` names the checks that may find something, with the reason of each where it is a mapping.

    Raises:
        TruecostError: the quarter has not ended, is closed, has no cost, or an earlier one is still open; something was
            closed or reopened later than the clock says; or a check is accepted that there is not.
    """
    con, workspace, clock = session.con, session.workspace, session.clock
    quarter = parse_quarter(name, workspace.config.workspace.fiscal_year_start_month)
    if unknown := sorted(set(accepted) - set(CHECKS)):
        raise TruecostError(f"there is no check {unknown[0]} to accept; those there are: {', '.join(CHECKS)}")
    _see_that_time_goes_on(workspace, clock)
    keep_books(session)
    tell_day(con)
    _see_that_it_is_its_turn(session, quarter)
    con.execute(f"SET VARIABLE quarter = {literal(quarter.name)}")
    con.execute(f"SET VARIABLE quarter_start = DATE '{quarter.start}'")
    checks = check_quarter(session, accepted)
    figures = con.execute(query("closing/figures")).fetchall()
    true_cost = query("finance/true_cost_by_quarter")
    totals = con.execute(query("closing/totals", true_cost_by_quarter=true_cost)).fetchall()
    settings = _settings(workspace)
    version = session.closes.times[quarter.name] + 1
    closing = Closing(
        quarter=quarter.name,
        version=version,
        checks=checks,
        true_cost={row[0] or "unallocated": row[1] for row in totals},
        adjustments=sum((row[2] for row in totals), Decimal(0)),
        currency=workspace.config.workspace.reporting_currency,
        row_count=sum(row[-1] for row in figures),
        content_hash=_hash([quarter.name, settings, figures]),
    )
    if dry_run or closing.refused_by:
        return closing
    reasons = dict(accepted) if isinstance(accepted, Mapping) else {}
    approver = (approver or "").strip()
    if not approver:
        raise TruecostError("who approves the close? name them with --approver")
    folder = folder_of(workspace, quarter.name, version)
    files = _freeze(con, folder, settings)
    completeness = {row[0] or "": row[3] for row in totals}
    write_down(
        workspace,
        "close",
        clock.now(),
        quarter=quarter.name,
        quarter_start=quarter.start.isoformat(),
        quarter_end=quarter.end.isoformat(),
        version=version,
        approver=approver,
        accepted=sorted(check.name for check in checks if check.is_accepted),
        reasons={check.name: reasons[check.name] for check in checks if check.is_accepted and reasons.get(check.name)},
        findings={check.name: [asdict(found) for found in check.findings] for check in checks if check.findings},
        content_hash=closing.content_hash,
        files=files,
        completeness=completeness,
        row_count=closing.row_count,
        true_cost={model: str(cost) for model, cost in closing.true_cost.items()},
        adjustments=str(closing.adjustments),
        currency=closing.currency,
    )
    put_in_place(folder, files)
    return replace(closing, close=closed_quarters(workspace)[-1])


def close_as_approved(workspace: Workspace, event_id: int, approver: str | None) -> Closing:
    """A close that was taken up, as the journal holds it; ``approver`` is who is named now."""
    events = Journal(workspace.journal).events()
    event = next(event for event in events if event.event_id == event_id)
    close = next(close for close in read_closes(workspace, events).every if close.event_id == event_id)
    told: dict[str, Any] = event.data
    before = accepted_before([earlier for earlier in events if earlier.event_id < event_id])
    named = (approver or "").strip()
    return Closing(
        quarter=close.quarter,
        version=close.version,
        checks=tuple(
            judged(
                name,
                remedy,
                tuple(Finding(**found) for found in told["findings"].get(name, ())),
                before,
                name in told["accepted"],
            )
            for name, remedy in REMEDIES.items()
        ),
        true_cost={model: Decimal(cost) for model, cost in told["true_cost"].items()},
        adjustments=Decimal(told.get("adjustments", 0)),  # an event of an older truecost has none
        currency=told["currency"],
        row_count=told["row_count"],
        content_hash=close.content_hash,
        close=close,
        is_taken_up=True,
        set_aside=(f"--approver {named}",) if named not in ("", close.approver) else (),
    )


def reopening_as_asked(workspace: Workspace, event_id: int, reason: str, by: str) -> Reopening:
    """A reopening that was taken up, as the journal holds it; ``reason`` and ``by`` are what is said now."""
    events = Journal(workspace.journal).events()
    told = next(event.data for event in events if event.event_id == event_id)
    close = next(
        close
        for close in read_closes(workspace, events).every
        if (close.quarter, close.version) == (told["quarter"], told["version"])
    )
    now = {"reason": reason.strip(), "by": by.strip()}
    other = tuple(f"--{name} {text}" for name, text in now.items() if text not in ("", told[name]))
    return Reopening(close, told["reason"], told["by"], is_taken_up=True, set_aside=other)


def reopen_quarter(session: Session, name: str, reason: str, by: str) -> Reopening:
    """Take a close back; its frozen version stays, and the next close makes another one.

    Raises:
        TruecostError: the quarter is not closed, or a later one is; or something was closed or reopened later than the
            clock says.
    """
    workspace, clock, held = session.workspace, session.clock, session.closes.standing
    quarter = parse_quarter(name, workspace.config.workspace.fiscal_year_start_month)
    if quarter.name not in {close.quarter for close in held}:
        known = ", ".join(close.quarter for close in held)
        raise TruecostError(f"{quarter.name} is not closed; {f'closed are {known}' if known else 'no quarter is'}")
    last = held[-1]
    if last.quarter != quarter.name:
        raise TruecostError(f"{last.quarter} is closed after {quarter.name}; reopen {last.quarter} first")
    if not (reason.strip() and by.strip()):
        raise TruecostError("a quarter is reopened for a reason, by someone: give --reason and --by")
    _see_that_time_goes_on(workspace, clock)
    write_down(
        workspace,
        "reopen",
        clock.now(),
        quarter=last.quarter,
        version=last.version,
        reason=reason.strip(),
        by=by.strip(),
    )
    return Reopening(last, reason.strip(), by.strip())


def _see_that_time_goes_on(workspace: Workspace, clock: Clock) -> None:
    """What is closed or reopened follows what was before: else what was known at a moment would contradict it."""
    events = [event for event in Journal(workspace.journal).events() if event.kind in ("close", "reopen")]
    last = max(events, key=lambda event: event.happened_at, default=None)
    if last and clock.now() < last.happened_at:
        done = "closed" if last.kind == "close" else "reopened"
        raise TruecostError(
            f"{last.data['quarter']} was {done} at {last.happened_at:%Y-%m-%d %H:%M}, which is after "
            f"{clock.now():%Y-%m-%d %H:%M}; leave --as-of out, or name a later day"
        )


def _see_that_it_is_its_turn(session: Session, quarter: Quarter) -> None:
    held = session.closes.standing
    for close in held:
        if close.quarter == quarter.name:
            raise TruecostError(
                f"{quarter.name} is closed already, version {close.version}, approved by {close.approver}; "
                "`truecost reopen` takes that back"
            )
    if session.clock.today() < quarter.end:
        raise TruecostError(f"{quarter.name} ends on {quarter.end}; it can be closed from then on")
    last = held[-1] if held else None
    if last:
        following = quarter_of(last.end, session.workspace.config.workspace.fiscal_year_start_month)
        if quarter != following:
            raise TruecostError(f"{last.quarter} is closed; the next to close is {following.name}, not {quarter.name}")
        return
    with_costs = session.con.execute(
        "SELECT quarter FROM books.posted WHERE status <> 'closed' AND quarter_start <= ? "
        "GROUP BY quarter, quarter_start ORDER BY quarter_start",
        [quarter.start],
    ).fetchall()
    if with_costs and with_costs[0][0] != quarter.name:
        raise TruecostError(f"{with_costs[0][0]} comes before {quarter.name} and is open; close it first")
    if not with_costs:
        raise TruecostError(f"there is no cost in {quarter.name}")


def _settings(workspace: Workspace) -> dict[str, Any]:
    """What gives the figures their meaning: the whole configuration, its rules and rates, and the plans."""
    return {
        "truecost_version": __version__,
        "config": workspace.config.model_dump(mode="json", by_alias=True),
        "lookups": {name: asdict(lookup) for name, lookup in workspace.lookups.items()},
        "plans": {model: plan.model_dump(mode="json") for model, plan in workspace.plans.items()},
    }


def _freeze(con: DuckDBPyConnection, folder: Path, settings: dict[str, Any]) -> dict[str, str]:
    """Lay out the quarter's costs, views, plan, prices and settings, to be put in place at ``folder``; name, sha256."""
    staged = laid_out(folder)
    for name, sql in (
        (COSTS, query("closing/costs")),
        (PLAN, query("closing/plan")),
        (QUANTITIES, query("closing/planned_quantities")),
        ("gpu_prices.parquet", query("closing/gpu_prices")),
        *((view_file(name), _rows_not_yet_frozen(name)) for name in VIEWS),
    ):
        con.execute(f"COPY ({sql}) TO {literal(str(staged / name))} (FORMAT parquet)")
    text = json.dumps(settings, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n"
    (staged / SETTINGS).write_text(text, "utf-8")
    return seal(staged)


def _rows_not_yet_frozen(view: str) -> str:
    earlier = f"SELECT quarter FROM books.closes WHERE NOT list_contains(frozen_views, {literal(view)})"
    return (
        f"SELECT * FROM ({query(f'finance/{view}')}) "
        f"WHERE quarter = getvariable('quarter') OR quarter IN ({earlier}) ORDER BY ALL"
    )


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()
