"""The general ledger: a quarter's true cost as journal entries, and what of them a ledger's export does not tie to.

Amounts are rounded to cents so that they add up to the rounded total (largest remainder); debits equal credits.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from truecost.archive.closes import closed_quarters
from truecost.archive.integrity import sound_closes
from truecost.errors import TruecostError
from truecost.publish.cells import text_cell
from truecost.publish.publication import open_published
from truecost.quarters import parse_quarter, quarter_of
from truecost.store.rows import read_rows
from truecost.store.sql import query
from truecost.workspace.config import AccountSection, LedgerSection
from truecost.workspace.workspace import Workspace

COLUMNS = (
    *("reference", "date", "account", "account_name", "debit", "credit", "currency"),
    *("model_id", "stage", "activity", "cost_kind", "is_idle", "text", "origin_quarter", "version", "status"),
)
_CENT = Decimal("0.01")
_EXACT = Context(prec=60)
_AMOUNT = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,20})?")
_DATES = {
    "year_first": re.compile(r"(?P<year>[0-9]{4})(?P<mark>-?)(?P<month>[0-9]{2})(?P=mark)(?P<day>[0-9]{2})"),
    "day_first": re.compile(r"(?P<day>[0-9]{1,2})(?P<mark>[./-])(?P<month>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})"),
    "month_first": re.compile(r"(?P<month>[0-9]{1,2})(?P<mark>[./-])(?P<day>[0-9]{1,2})(?P=mark)(?P<year>[0-9]{4})"),
}


@dataclass(frozen=True)
class Entry:
    """One line of the journal. ``amount`` is a debit where it is positive.

    ``reference`` says what the line is, whatever its place: it stays as other lines come and go.
    """

    reference: str
    date: str
    account: str
    account_name: str
    amount: Decimal
    currency: str
    model_id: str | None
    stage: str
    activity: str | None
    cost_kind: str
    is_idle: bool
    text: str
    origin_quarter: str


@dataclass(frozen=True)
class Journal:
    """A quarter's entries; ``unmapped`` are those no ``[[accounts]]`` claims, on the suspense account."""

    quarter: str
    version: int
    status: str
    entries: tuple[Entry, ...]
    unmapped: int
    suspense_account: str


@dataclass(frozen=True)
class Tie:
    """A reference on its account, or an account as a whole, on both sides: ours, the ledger's, and whether they tie.

    ``is_set_aside``: lines of another quarter, which have no other side.
    """

    what: str
    ours: Decimal | None
    theirs: Decimal | None
    lines: tuple[int, ...]
    is_set_aside: bool = False

    @property
    def is_tied(self) -> bool:
        return self.ours == self.theirs

    @property
    def is_apart(self) -> bool:
        return not (self.is_tied or self.is_set_aside)

    @property
    def difference(self) -> Decimal:
        return (self.theirs or Decimal(0)) - (self.ours or Decimal(0))


@dataclass(frozen=True)
class _Line:
    """A line of the ledger's export; ``currency`` and ``day`` are None where the file has no such column."""

    line: int
    account: str
    reference: str
    amount: Decimal
    currency: str | None
    day: date | None


def journal_of(workspace: Workspace, quarter_name: str) -> Journal:
    """The quarter's true cost as journal entries, each with its other side on the clearing account of its currency.

    A closed quarter has the accounts that were frozen with it, if any were.

    Raises:
        TruecostError: nothing is published, or the quarter has no cost; or what was closed is not as it was.
    """
    sound_closes(workspace)
    quarter = parse_quarter(quarter_name, workspace.config.workspace.fiscal_year_start_month)
    with open_published(workspace.published) as con:
        rows = read_rows(con, query("exports/journal"), [quarter.name])
        standing = read_rows(con, query("exports/standing"), [quarter.name])
    if not rows:
        raise TruecostError(f"there is no cost in {quarter.name}; `truecost status` lists the quarters there are")
    accounts, ledger = _mapping(workspace, quarter.name)
    version, status = standing[0]["version"], standing[0]["status"]
    day = (quarter.end - timedelta(days=1)).isoformat()
    name = f"{quarter.name}.{version}"
    entries, unmapped = list[Entry](), 0
    for currency, grouped in groupby(rows, key=lambda row: row["currency"]):
        booked = list(grouped)
        total = Decimal(0)
        for row, amount in zip(booked, in_cents([row["cost"] for row in booked]), strict=True):
            if not amount:
                continue
            account = _account(accounts, row)
            unmapped += account is None
            total += amount
            named = account or AccountSection(account=ledger.suspense_account, name="Suspense")
            entries.append(_entry(name, day, named, amount, row))
        clearing = AccountSection(account=ledger.clearing_account, name="Clearing")
        blank = dict.fromkeys(("model_id", "activity")) | dict.fromkeys(("stage", "cost_kind"), "")
        other = {**blank, "is_idle": False, "currency": currency, "origin_quarter": quarter.name}
        entries.append(_entry(name, day, clearing, -total, other))
    return Journal(quarter.name, version, status, tuple(entries), unmapped, ledger.suspense_account)


def write_journal(journal: Journal, path: Path) -> None:
    """The entries as CSV, UTF-8, debits and credits apart."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for e in journal.entries:
            sides = (f"{e.amount:.2f}", "") if e.amount > 0 else ("", f"{-e.amount:.2f}")
            texts = (e.model_id or "", e.stage, e.activity or "", e.cost_kind, str(e.is_idle).lower(), e.text)
            booked = (e.reference, e.date, e.account, e.account_name, *sides, e.currency)
            writer.writerow([*booked, *map(text_cell, texts), e.origin_quarter, journal.version, journal.status])


def tie_out(workspace: Workspace, path: Path, quarter_name: str) -> list[Tie]:
    """Hold a ledger's export against the quarter's journal: by reference and account where it has references, then by
    account, each currency apart; lines dated in another quarter are set aside.

    Raises:
        TruecostError: the file can't be read, lacks a column or holds an amount or a date that is none; names its line.
    """
    journal = journal_of(workspace, quarter_name)
    own_currency = workspace.config.workspace.reporting_currency
    start_month = workspace.config.workspace.fiscal_year_start_month
    lines, others = list[_Line](), list[tuple[str, Decimal, int]]()
    for line in _read_ledger(path, workspace.config.ledger):
        dated_in = quarter_of(line.day, start_month).name if line.day else journal.quarter
        if dated_in == journal.quarter:
            lines.append(line)
        else:
            others.append((f"dated in {dated_in}, {line.currency or own_currency}", line.amount, line.line))
    by_account = _ties(
        ((f"account {e.account}, {e.currency}", e.amount) for e in journal.entries),
        ((f"account {it.account}, {it.currency or own_currency}", it.amount, it.line) for it in lines),
    )
    by_reference = _ties(
        ((f"{e.reference} on {e.account}, {e.currency}", e.amount) for e in journal.entries),
        (
            (
                f"{it.reference or 'without a reference'} on {it.account}, {it.currency or own_currency}",
                it.amount,
                it.line,
            )
            for it in lines
        ),
    )
    has_references = any(line.reference for line in lines)
    set_aside = _ties((), others, is_set_aside=True)
    return [*(by_reference if has_references else ()), *by_account, *set_aside]


def in_cents(amounts: Sequence[Decimal]) -> list[Decimal]:
    """The amounts in cents, so that they add up to their sum in cents: the largest remainders are rounded up."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    whole = [amount.quantize(_CENT, ROUND_FLOOR, _EXACT) for amount in amounts]
    rest = total.quantize(_CENT, ROUND_HALF_EVEN, _EXACT) - sum(whole, Decimal(0))
    by_remainder = sorted(range(len(amounts)), key=lambda place: (whole[place] - amounts[place], place))
    for place in by_remainder[: int(rest / _CENT)]:
        whole[place] += _CENT
    return whole


def _mapping(workspace: Workspace, quarter: str) -> tuple[list[AccountSection], LedgerSection]:
    """The accounts of the quarter: those frozen with its close, where there were any."""
    for close in closed_quarters(workspace):
        frozen = close.settings["config"]
        if close.quarter == quarter and frozen.get("accounts"):
            accounts = [AccountSection.model_validate(account) for account in frozen["accounts"]]
            return accounts, LedgerSection.model_validate(frozen["ledger"])
    return workspace.config.accounts, workspace.config.ledger


def _entry(name: str, day: str, account: AccountSection, amount: Decimal, row: dict[str, Any]) -> Entry:
    key = [row[column] for column in ("model_id", "stage", "activity", "cost_kind", "is_idle", "origin_quarter")]
    digest = hashlib.sha256(repr([*key, row["currency"]]).encode()).hexdigest()
    words = [row["model_id"] or "", row["stage"], row["cost_kind"], "idle" if row["is_idle"] else ""]
    is_late = row["origin_quarter"] != name.rpartition(".")[0]
    words.append(f"of {row['origin_quarter']}" if is_late else "")
    return Entry(
        f"{name}-{digest[:10]}",
        day,
        account.account,
        account.name,
        amount,
        row["currency"],
        row["model_id"],
        row["stage"],
        row["activity"],
        row["cost_kind"],
        row["is_idle"],
        " ".join(word.replace("_", " ") for word in words if word) or "true cost",
        row["origin_quarter"],
    )


def _account(accounts: Iterable[AccountSection], row: dict[str, Any]) -> AccountSection | None:
    for account in accounts:
        asked = (
            (account.models, row["model_id"] or "unallocated"),
            (account.stages, row["stage"]),
            (account.activities, row["activity"]),
            (account.cost_kinds, row["cost_kind"]),
        )
        if all(not wanted or value in wanted for wanted, value in asked) and account.is_idle in (None, row["is_idle"]):
            return account
    return None


def _ties(
    ours: Iterable[tuple[str, Decimal]], theirs: Iterable[tuple[str, Decimal, int]], is_set_aside: bool = False
) -> list[Tie]:
    our_sums: dict[str, Decimal] = defaultdict(Decimal)
    their_sums: dict[str, Decimal] = defaultdict(Decimal)
    their_lines: dict[str, list[int]] = defaultdict(list)
    for what, amount in ours:
        our_sums[what] = _EXACT.add(our_sums[what], amount)
    for what, amount, line in theirs:
        their_sums[what] = _EXACT.add(their_sums[what], amount)
        their_lines[what].append(line)
    return [
        Tie(what, our_sums.get(what), their_sums.get(what), tuple(their_lines.get(what, ())), is_set_aside)
        for what in sorted({*our_sums, *their_sums})
    ]


def _read_ledger(path: Path, ledger: LedgerSection) -> list[_Line]:
    told: dict[str, str] = {str(key): name for key, name in ledger.columns.items()}
    keys = ("account", "reference", "amount", "debit", "credit", "currency", "date")
    named = {key: told.get(key, key) for key in keys}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader]
            header = set(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TruecostError(f"{path} can't be read as a CSV in UTF-8 ({error}); export the ledger again") from error
    has_sides = {named["debit"], named["credit"]} <= header
    if named["account"] not in header or not (has_sides or named["amount"] in header):
        raise TruecostError(
            f"{path} needs the columns {named['account']}, and {named['amount']} or {named['debit']} and "
            f"{named['credit']}; it has {', '.join(sorted(header))}; say in [ledger] columns what they are called"
        )
    found = []
    for line, row in rows:
        if has_sides:
            amount = _amount(path, line, row[named["debit"]]) - _amount(path, line, row[named["credit"]])
        else:
            amount = _amount(path, line, row[named["amount"]])
        found.append(
            _Line(
                line,
                (row[named["account"]] or "").strip(),
                (row.get(named["reference"]) or "").strip().lstrip("'"),
                amount,
                _currency(path, line, row[named["currency"]]) if named["currency"] in header else None,
                _day(path, line, row[named["date"]], ledger.dates) if named["date"] in header else None,
            )
        )
    return found


def _amount(path: Path, line: int, text: str | None) -> Decimal:
    """An amount in digits, with a point before its fraction; nothing at all is zero."""
    told = (text or "").strip()
    if told and not _AMOUNT.fullmatch(told):
        raise TruecostError(f"{path}:{line}: {text!r} is no amount; write it like 1234.56")
    return Decimal(told or "0")


def _currency(path: Path, line: int, text: str | None) -> str:
    told = (text or "").strip()
    if not re.fullmatch(r"[A-Z]{3}", told):
        raise TruecostError(f"{path}:{line}: {told!r} is no currency; write it like USD")
    return told


def _day(path: Path, line: int, text: str | None, order: str | None) -> date:
    """A date with the year first, or with dots and the day first; others where ``[ledger] dates`` says how they go."""
    told = (text or "").strip()
    for name in ("year_first", order or "day_first"):
        found = _DATES[name].fullmatch(told)
        if found and (order or name == "year_first" or found["mark"] == "."):
            try:
                return date(int(found["year"]), int(found["month"]), int(found["day"]))
            except ValueError:
                break
    raise TruecostError(
        f"{path}:{line}: {told!r} is no date, or it may be two; write it like 2026-03-31, or say in [ledger] whether "
        "`dates` are day_first or month_first"
    )
