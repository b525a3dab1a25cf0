"""Closing a quarter: check it, freeze what it says, and never change it again; reopening makes the next version.

What arrives after the close is posted to the open quarter as an adjustment (``sql/books/70_closed``).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
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
    laid_out,
    put_in_place,
    seal,
    times_closed,
    view_file,
    write_down,
)
from truecost.books.bookkeeping import keep_books, tell_clock, tell_config
from truecost.books.invariants import breaches
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.quarters import Quarter, parse_quarter, quarter_of
from truecost.store.journal import Journal
from truecost.store.sql import literal, query
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INVARIANTS = "invariants"  # a promise of the books that does not hold can't be accepted
ACCRUED = "accrued"  # told, and speaks against nothing
REMEDIES = {
    "quarantined": "correct the lines and deliver the files again",
    "held": "settle which delivery holds",
    "refused": "mend the file and deliver it again",
    "pages": "save the pages that follow (has_more) and deliver them too",
    "invoices": "ask the supplier, or deliver the corrected invoice",
    "silent": "deliver what is missing",
    "unallocated": "add rules (`truecost attribution suggest`)",
    "unpriced": "add the price to a rate card or to [[rates]]",
    "unconverted": "book them in the reporting currency, or deliver exchange rates",
    "contested": "name each job in one run only, with its cluster where several know its id",
    "unknown_run": "name the run in a training_runs file",
    "left_out": "deliver an entry that no longer holds once more, with a duration of 0",
    INVARIANTS: "see `truecost doctor`; it can't be accepted",
    ACCRUED: "nothing now; it is reversed when the bill comes",
}
CHECKS = tuple(name for name in REMEDIES if name not in (INVARIANTS, ACCRUED))  # what --accept may name
# What these find is of no quarter, and found again at each close: it is accepted once.
_ACCEPTED_ONCE = ("quarantined", "held", "refused", "pages", "unknown_run", "left_out")


@dataclass(frozen=True)
class Finding:
    """What a check found: ``key`` tells it apart from the next, ``what`` is for people."""

    key: str
    what: str


@dataclass(frozen=True)
class Check:
    """A check before a close: what speaks against it (nothing, where ``found`` is empty), and what to do about it.

    ``accepted_before`` was found as well, and accepted at an earlier close: it says at which.
    """

    name: str
    found: tuple[str, ...]
    remedy: str
    is_accepted: bool = False
    accepted_before: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()  # all of them

    @property
    def is_passed(self) -> bool:
        return not self.found or self.name == ACCRUED


@dataclass(frozen=True)
class Closing:
    """A close, or what it would be: the checks, what is frozen, and where; ``close`` is None in a dry run."""

    quarter: str
    version: int
    checks: tuple[Check, ...]
    true_cost: dict[str, Decimal]
    adjustments: Decimal
    currency: str
    row_count: int
    content_hash: str
    close: Close | None = None

    @property
    def refused_by(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if not (check.is_passed or check.is_accepted))


def close_quarter(
    con: DuckDBPyConnection,
    workspace: Workspace,
    clock: Clock,
    name: str,
    approver: str | None,
    accepted: Collection[str] = (),
    dry_run: bool = False,
) -> Closing:
    """Check the quarter and, unless this is a dry run or a check refuses it, freeze it.

    Raises:
        TruecostError: the quarter has not ended, is closed, has no cost, or an earlier one is still open; something was
            closed or reopened later than the clock says; or a check is accepted that there is not.
    """
    quarter = parse_quarter(name, workspace.config.workspace.fiscal_year_start_month)
    if unknown := sorted(set(accepted) - set(CHECKS)):
        raise TruecostError(f"there is no check {unknown[0]} to accept; those there are: {', '.join(CHECKS)}")
    _see_that_time_goes_on(workspace, clock)
    keep_books(con, workspace)
    tell_config(con, workspace)
    tell_clock(con, clock)
    _see_that_it_is_its_turn(con, workspace, clock, quarter)
    con.execute(f"SET VARIABLE quarter = {literal(quarter.name)}")
    con.execute(f"SET VARIABLE quarter_start = DATE '{quarter.start}'")
    checks = _checked(con, workspace, accepted)
    figures = con.execute(query("closing/figures")).fetchall()
    true_cost = query("finance/true_cost_by_quarter")
    totals = con.execute(
        query("closing/totals").replace(
            "/* true cost by quarter */ SELECT NULL AS model_id, NULL AS quarter, NULL AS completeness", true_cost
        )
    ).fetchall()
    settings = _settings(workspace)
    version = times_closed(workspace)[quarter.name] + 1
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
        findings={check.name: [asdict(found) for found in check.findings] for check in checks if check.findings},
        content_hash=closing.content_hash,
        files=files,
        completeness=completeness,
        row_count=closing.row_count,
        true_cost={model: str(cost) for model, cost in closing.true_cost.items()},
        currency=closing.currency,
    )
    put_in_place(folder, files)
    return replace(closing, close=closed_quarters(workspace)[-1])


def reopen_quarter(workspace: Workspace, clock: Clock, name: str, reason: str, by: str) -> Close:
    """Take a close back; its frozen version stays, and the next close makes another one.

    Raises:
        TruecostError: the quarter is not closed, or a later one is; or something was closed or reopened later than the
            clock says.
    """
    quarter = parse_quarter(name, workspace.config.workspace.fiscal_year_start_month)
    held = closed_quarters(workspace)
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
    return last


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


def _see_that_it_is_its_turn(con: DuckDBPyConnection, workspace: Workspace, clock: Clock, quarter: Quarter) -> None:
    held = closed_quarters(workspace)
    if any(close.quarter == quarter.name for close in held):
        raise TruecostError(f"{quarter.name} is closed already; `truecost reopen` takes that back")
    if clock.today() < quarter.end:
        raise TruecostError(f"{quarter.name} ends on {quarter.end}; it can be closed from then on")
    last = held[-1] if held else None
    if last:
        following = quarter_of(last.end, workspace.config.workspace.fiscal_year_start_month)
        if quarter != following:
            raise TruecostError(f"{last.quarter} is closed; the next to close is {following.name}, not {quarter.name}")
        return
    with_costs = con.execute(
        "SELECT quarter FROM books.posted WHERE status <> 'closed' AND quarter_start <= ? "
        "GROUP BY quarter, quarter_start ORDER BY quarter_start",
        [quarter.start],
    ).fetchall()
    if with_costs and with_costs[0][0] != quarter.name:
        raise TruecostError(f"{with_costs[0][0]} comes before {quarter.name} and is open; close it first")
    if not with_costs:
        raise TruecostError(f"there is no cost in {quarter.name}")


def _checked(con: DuckDBPyConnection, workspace: Workspace, accepted: Collection[str]) -> tuple[Check, ...]:
    limit = workspace.config.close.max_unallocated_share
    con.execute(f"SET VARIABLE max_unallocated_share = CAST('{limit}' AS DECIMAL(18, 6))")
    sql = query("closing/checks").replace(
        "/* gaps */ SELECT NULL AS kind, NULL AS source, NULL AS what", query("finance/gaps")
    )
    findings: defaultdict[str, list[Finding]] = defaultdict(list)
    for name, key, what in con.execute(sql).fetchall():
        findings[name].append(Finding(key, what))
    broken = [(breach.subject, f"{breach.subject}: {breach.fault}") for breach in breaches(con)]
    findings[INVARIANTS] = [Finding(subject, what) for subject, what in broken]
    before = _accepted_before(workspace)
    return tuple(
        _check(name, remedy, tuple(findings[name]), before, name in accepted) for name, remedy in REMEDIES.items()
    )


def _check(
    name: str, remedy: str, findings: tuple[Finding, ...], before: Mapping[tuple[str, str], str], is_named: bool
) -> Check:
    still = tuple(found.what for found in findings if (name, found.key) not in before)
    return Check(
        name,
        still,
        remedy,
        is_accepted=is_named and bool(still),
        accepted_before=tuple(
            f"{found.what} (accepted with {before[name, found.key]})"
            for found in findings
            if (name, found.key) in before
        ),
        findings=findings,
    )


def _accepted_before(workspace: Workspace) -> dict[tuple[str, str], str]:
    """(check, key) of what was let through at an earlier close and is of no quarter -> that close."""
    held: dict[tuple[str, str], str] = {}
    for event in Journal(workspace.journal).events():
        if event.kind == "close":
            named = f"{event.data['quarter']}, version {event.data['version']}, by {event.data['approver']}"
            for name, findings in event.data.get("findings", {}).items():
                for found in findings if name in _ACCEPTED_ONCE else ():
                    held.setdefault((name, found["key"]), named)
    return held


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
