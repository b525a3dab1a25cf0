"""``books.claims``: the facts of every claim, and what was decided of it, judged and written down."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from truecost.books.claims import Claim, Day, Decision, Judged, Loss, Totals, judge
from truecost.store.frames import insert_rows
from truecost.store.journal import Event
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CLAIMS = "books/10_deliveries/10_claims"
Files = tuple[tuple[str, str | None], ...]


def judge_claims(con: DuckDBPyConnection, decided: Sequence[Event], shrink: Decimal) -> None:
    """Fill ``books.claims``; the decisions are the journal's, oldest first."""
    con.execute(query(CLAIMS))
    facts = read_rows(con, query("claims/facts"))
    rulings = _rulings(con, decided)
    claims = [_claim(row, rulings) for row in facts]
    judged = judge(claims, _totals(con, _with_rivals(claims)), shrink)
    by_key = {(row["delivery_id"], row["slot_no"]): row for row in facts}
    files = {row["set_version"]: row["file"] for row in reversed(facts)}
    before = _currencies_before(judged)
    insert_rows(con, "books.claims", [_row(item, by_key, files, before) for item in judged])


def set_key(con: DuckDBPyConnection, set_version: int) -> dict[str, Any]:
    """What a set is known by in the journal: its source, its files, and which of several like it, it is."""
    seen: Counter[tuple[str, Files]] = Counter()
    for row in read_rows(con, query("claims/sets")):
        key = (row["source"], _files(row["files"]))
        seen[key] += 1
        if row["set_version"] == set_version:
            files = [list(file) for file in key[1]]
            return {
                "source": row["source"],
                "set_name": row["set_name"],
                "files": files,
                "occurrence": seen[key],
            }
    raise KeyError(set_version)


def told_loss(loss: Loss) -> str | None:
    """What a set says less than another, in words."""
    parts = []
    if loss.days:
        dated = [day for day in loss.days if day]
        span = f" ({dated[0]} to {dated[-1]})" if len(dated) > 1 else f" ({dated[0]})" if dated else ""
        parts.append(f"{len(loss.days)} {'day' if len(loss.days) == 1 else 'days'}{span}")
    if loss.rows:
        parts.append(f"{loss.rows} {'row' if loss.rows == 1 else 'rows'}")
    if loss.accounts:
        named = f"{', '.join(loss.accounts[:3])}{' and more' if len(loss.accounts) > 3 else ''}"
        parts.append(f"all of the sub-account{'s' if len(loss.accounts) > 1 else ''} {named}")
    for column, currency, amount, now in loss.amounts:
        if column == "billed_cost" or not any(item[0] == "billed_cost" for item in loss.amounts):
            parts.append(f"{currency} {amount - now:,.2f} of {amount:,.2f} ({column.replace('_', ' ')})")
    return ", ".join(parts) or None


def _rulings(con: DuckDBPyConnection, decided: Sequence[Event]) -> dict[tuple[int, str], tuple[int, Decision]]:
    """(set, slot) -> the last decision on it. A set is found by its content, so that a decision outlives numbers."""
    if not decided:
        return {}
    numbers: dict[tuple[str, Files, int], int] = {}
    seen: Counter[tuple[str, Files]] = Counter()
    for row in read_rows(con, query("claims/sets")):
        key = (row["source"], _files(row["files"]))
        seen[key] += 1
        numbers[*key, seen[key]] = row["set_version"]
    found: dict[tuple[int, str], tuple[int, Decision]] = {}
    for event in decided:
        data = event.data
        number = numbers.get((data["source"], _files(data["files"]), data["occurrence"]))
        if number is not None:
            found |= {(number, slot): (event.event_id, data["decision"]) for slot in data["slots"]}
    return found


def _files(listed: Iterable[Sequence[str | None]]) -> Files:
    return tuple((str(file), sha256) for file, sha256 in listed)


def _claim(row: Row, rulings: Mapping[tuple[int, str], tuple[int, Decision]]) -> Claim:
    is_invoice = row["dataset"] == "invoices"
    speaker, unit, order = f"{row['source']} {row['set_name']}", row["period"] or "", ""
    if is_invoice:
        unit = row["slot"]
    elif row["run_export"] is not None:
        speaker, order = f"{row['source']} export {row['run_export']}", row["set_order"]
    elif row["restates"] == "period":
        speaker, unit, order = row["source"], row["slot"], row["set_order"]
    return Claim(
        delivery_id=row["delivery_id"],
        slot_no=row["slot_no"],
        slot=row["slot"],
        realm="invoices" if is_invoice else f"source {row['source']}",
        speaker=speaker,
        unit=unit,
        set_version=row["set_version"],
        order=order,
        content=row["content"],
        is_invoice=is_invoice,
        is_incomplete=row["is_incomplete"],
        is_regrouped=row["is_regrouped"],
        is_merged=bool(row["is_merged"]) and not is_invoice,
        covers=(row["covers_from"], row["covers_until"]) if row["covers_from"] and row["covers_until"] else None,
        ruling=rulings.get((row["set_version"], row["slot"])),
        currencies=frozenset(row["currencies"]),
        accounts=frozenset(row["accounts"]),
    )


def _with_rivals(claims: Sequence[Claim]) -> list[int]:
    """The deliveries of which a newer or older set of the same speaker claims the same."""
    sets: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for claim in claims:
        sets[claim.realm, claim.speaker, claim.unit].add(claim.set_version)
    rivals = {key for key, numbers in sets.items() if len(numbers) > 1}
    return sorted({claim.delivery_id for claim in claims if (claim.realm, claim.speaker, claim.unit) in rivals})


def _totals(con: DuckDBPyConnection, deliveries: list[int]) -> dict[tuple[int, int], Totals]:
    found: dict[tuple[int, int], dict[Any, Day]] = defaultdict(dict)
    if not deliveries:
        return {}
    for row in read_rows(con, query("claims/totals"), {"deliveries": deliveries}):
        of_slot = found[row["delivery_id"], row["slot_no"]]
        held = of_slot.get(row["day"], Day())
        amounts = {(column, row["currency"]): row[column] for column in ("billed_cost", "effective_cost")}
        of_slot[row["day"]] = Day(held.rows + row["rows"], {**held.amounts, **amounts})
    return dict(found)


def _currencies_before(judged: Sequence[Judged]) -> dict[tuple[int, int], frozenset[str]]:
    """The currencies of a current claim's period before, where a bill's slot has one."""
    by_account: dict[tuple[str, str], list[tuple[str, Judged]]] = defaultdict(list)
    for item in judged:
        if item.status == "current" and not item.claim.is_invoice and item.claim.currencies:
            *account, period = json.loads(item.claim.slot) if item.claim.slot.startswith("[") else [item.claim.slot]
            by_account[item.claim.realm, json.dumps(account)].append((period or "", item))
    found: dict[tuple[int, int], frozenset[str]] = {}
    for bills in by_account.values():
        by_period: dict[str, list[Judged]] = defaultdict(list)
        for period, item in bills:
            by_period[period].append(item)
        periods = sorted(by_period)
        for last, period in pairwise(periods):
            before = frozenset[str]().union(*(item.claim.currencies for item in by_period[last]))
            for item in by_period[period]:
                found[item.claim.delivery_id, item.claim.slot_no] = before
    return found


def _row(
    item: Judged,
    facts: Mapping[tuple[int, int], Row],
    files: Mapping[int, str],
    before: Mapping[tuple[int, int], frozenset[str]],
) -> Row:
    claim = item.claim
    key = (claim.delivery_id, claim.slot_no)
    told = {name: facts[key][name] for name in ("source", "dataset", "set_name", "rows_accepted")}
    return {
        "delivery_id": claim.delivery_id,
        "slot_no": claim.slot_no,
        "source": told["source"],
        "dataset": told["dataset"],
        "slot": claim.slot,
        "set_name": told["set_name"],
        "set_version": claim.set_version,
        "rows_accepted": told["rows_accepted"],
        "status": item.status,
        "current_delivery_id": item.current_delivery_id,
        "held_form": item.form,
        "lost": told_loss(item.loss),
        "is_less": item.is_less,
        "against": item.against,
        "warning": _warning(item, files, before.get(key)),
        "covers_from": claim.covers[0] if claim.covers else None,
        "covers_until": claim.covers[1] if claim.covers else None,
        "is_merged": claim.is_merged,
    }


def _warning(item: Judged, files: Mapping[int, str], before: frozenset[str] | None) -> str | None:
    """A bill in another currency than the one it replaces, or than the account's bill before."""
    now, replaced = item.claim.currencies, item.currencies_before
    if now and replaced and now != replaced and item.status in ("current", "held"):
        return (
            f"it is in {_listed(now)}, where {files[item.against or 0]}, which it replaces, is in {_listed(replaced)}"
        )
    if now and before and not now & before:
        return f"it is in {_listed(now)}, where the account's bill of the period before is in {_listed(before)}"
    return None


def _listed(currencies: frozenset[str]) -> str:
    return " and ".join(sorted(currencies))
