"""The derivation: the loaded facts -> receipts (what became of each delivery) -> the books (whose cost it is).

What each number means is in ``sql/books``, read in order; its first folder holds the receipts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from itertools import accumulate
from typing import TYPE_CHECKING

from truecost.archive.closes import COSTS, PLAN, QUANTITIES, VIEWS, Close, quarters_frozen, view_file
from truecost.books.attribution import Subjects, lookup_key_sql, rule_number_sql, rule_numbers_sql, rule_sets_sql
from truecost.books.merged import merged_parts
from truecost.books.receipts import VERSIONS, receipt_parts, versions_sql
from truecost.books.rulesets import RuleSet, rule_sets
from truecost.books.session import Session
from truecost.books.settings import coverages, fill, tell_rules, tell_todays_rules
from truecost.books.slots import CLAIMS, judge_claims
from truecost.intake.tables import ensure_tables
from truecost.sources.others import others_fingerprints
from truecost.store.fingerprint import fingerprint
from truecost.store.sql import identifier, literal, names, parts_of, query
from truecost.store.warehouse import last_fingerprint, remember_fingerprint, transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STEP = "attribute"
_RECEIPTS_STEP = "settle"
RECEIPTS = "books/10_deliveries"
BOOKS = "books"
# What a close froze, and the table that stands in for it where nothing is frozen.
_FROZEN = {
    "frozen_costs": (COSTS, "books.frozen"),
    "frozen_plan": (PLAN, "books.frozen_plan"),
    "frozen_quantities": (QUANTITIES, "books.frozen_quantities"),
    "frozen_life": (view_file("model_life"), "books.frozen_life"),
}


def settle_receipts(session: Session) -> bool:
    """Derive what became of each delivery, unless nothing it rests on has changed."""
    return _derive(session, _RECEIPTS_STEP, RECEIPTS)


def keep_books(session: Session) -> bool:
    """Derive the receipts and the books anew, unless nothing they rest on has changed; returns whether they were."""
    return _derive(session, STEP, BOOKS)


def rebuild_books(session: Session) -> None:
    """Derive the receipts and the books, whatever was derived before."""
    ensure_tables(session.con)
    with transaction(session.con):
        _run(session, names(BOOKS))


def rules_in_force(session: Session) -> list[RuleSet]:
    """Today's rules, and those of each close that are still for some charges: in the order in which they claim them."""
    closes, workspace = session.closes.standing, session.workspace
    last = _last_deliveries(session.con, closes)
    return rule_sets(zip(closes, last, strict=True), workspace.config.attribution, workspace.lookups)


def _derive(session: Session, step: str, folder: str) -> bool:
    rests_on = _fingerprint(session)
    if last_fingerprint(session.con, step) == rests_on:
        return False
    ensure_tables(session.con)
    with transaction(session.con):
        _run(session, names(folder))
        remember_fingerprint(session.con, step, rests_on)
    return True


def _run(session: Session, sql_names: Sequence[str]) -> None:
    tell_todays_rules(session.con, session.workspace)
    parts = {**_tell_closes(session), **_rules_sql(session), **_matches_sql(session), **receipt_parts()}
    parts["read_columns"] = _read_columns(session.con)
    parts |= merged_parts(session.con, session.workspace.config)
    session.con.execute("CREATE SCHEMA IF NOT EXISTS books")
    for name in sql_names:
        if name == CLAIMS:
            judge_claims(session.con, session.closes.decided, session.workspace.config.delivery.shrink)
        elif name == VERSIONS:
            for sql in versions_sql():
                session.con.execute(sql)
        else:
            session.con.execute(query(name, **{part: parts[part] for part in parts_of(name)}))


def _fingerprint(session: Session) -> str:
    """Everything a derivation rests on: the loaded deliveries, the settings that give them meaning, and the code."""
    con, workspace, closes = session.con, session.workspace, session.closes
    loaded = con.execute("SELECT delivery_id, fingerprint FROM log.deliveries ORDER BY delivery_id").fetchall()
    gone = con.execute("FROM config_gone ORDER BY ALL").fetchall()
    lookups = {name: asdict(lookup) for name, lookup in workspace.lookups.items()}
    frozen = [[close.event_id, close.content_hash] for close in closes.standing]
    frozen += [[quarter, times] for quarter, times in closes.times.items()]
    decided = [[event.event_id, event.data] for event in closes.decided]
    parts = [
        *(loaded, gone, frozen, decided, workspace.config.model_dump(mode="json")),
        *(workspace.staff_lines, workspace.capacity_lines, workspace.token_rate_lines),
        *(lookups, fingerprint("books"), others_fingerprints()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _matches_sql(session: Session) -> dict[str, str]:
    """Which allocation, price of tokens, bill or pool a charge belongs to: each an expression over its columns."""
    config = session.workspace.config
    pools = coverages(config)
    return {
        "shared_charge": rule_number_sql([allocation.match for allocation in config.allocations]),
        "token_bills": rule_numbers_sql([rate.billed for rate in config.token_rates]),
        "covering_bill": rule_number_sql([pool.billed for pool in pools]),
        "covering_pools": rule_numbers_sql([pool.usage for pool in pools]),
    }


def _read_columns(con: DuckDBPyConnection) -> str:
    """A charge's columns out of what could be read of a quarantined row."""
    told = con.execute("DESCRIBE ledger.charges").fetchall()
    return ", ".join(
        f"try_cast(json_extract_string(read_json, '$.{name}') AS {kind}) AS {identifier(name)}"
        for name, kind, *_ in told
        if not name.startswith("x_delivery") and name not in ("x_line", "x_slot_no")
    )


def _tell_closes(session: Session) -> dict[str, str]:
    """Which quarters are closed, as temp tables; returns where their frozen rows are to be read from."""
    con, closes = session.con, session.closes.standing
    frozen_quarters = {view: quarters_frozen(closes, view) for view in VIEWS}
    fill(
        con,
        "closes",
        [
            {
                "quarter": close.quarter,
                "quarter_start": close.start,
                "quarter_end": close.end,
                "version": close.version,
                "closed_at": close.closed_at.astimezone(UTC).replace(tzinfo=None),
                "content_hash": close.content_hash,
                "last_delivery_id": last,
                "frozen_views": [view for view, quarters in frozen_quarters.items() if close.quarter in quarters],
            }
            for close, last in zip(closes, _last_deliveries(con, closes), strict=True)
        ],
    )
    times = session.closes.times.items()
    fill(con, "versions", [{"quarter": quarter, "closed_times": count} for quarter, count in times])
    fill(
        con,
        "completeness",
        [
            {"quarter": close.quarter, "model_id": model or None, "frozen_completeness": said}
            for close in closes
            for model, said in close.completeness.items()
        ],
    )
    return {part: _frozen_rows(closes, file, empty) for part, (file, empty) in _FROZEN.items()}


def _frozen_rows(closes: Sequence[Close], file: str, empty: str) -> str:
    paths = ", ".join(literal(str(close.folder / file)) for close in closes if file in close.files)
    return f"FROM read_parquet([{paths}], union_by_name = true)" if paths else f"FROM {empty}"


def _last_deliveries(con: DuckDBPyConnection, closes: Sequence[Close]) -> list[int]:
    """The last delivery of which each close, or one before it, froze a cost: what it saw came with no later one."""
    frozen = [literal(str(close.folder / COSTS)) for close in closes]
    last = [con.execute(f"SELECT max(x_delivery_id) FROM read_parquet({path})").fetchone() for path in frozen]
    return list(accumulate(((row and row[0]) or 0 for row in last), max))


def _rules_sql(session: Session) -> dict[str, str]:
    """The rule of each charge. Frozen rules that are not today's join ``config_rules`` under numbers of their own."""
    sets, subjects = rules_in_force(session), Subjects()
    for held in sets:
        if held.quarters:
            tell_rules(session.con, held)
    return {
        "rule_number": rule_sets_sql(sets, subjects),
        "lookup_key": lookup_key_sql(sets, subjects),
        "rule_subjects": subjects.columns,
    }
