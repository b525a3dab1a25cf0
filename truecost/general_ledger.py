"""The general ledger: a quarter's true cost as journal entries, and what of them a ledger's export does not tie to.

Amounts are rounded to cents so that they add up to the rounded total (largest remainder); debits equal credits.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from truecost.config import AccountSection, LedgerSection
from truecost.errors import TruecostError
from truecost.publishing import open_published, read_rows
from truecost.quarters import parse_quarter
from truecost.queries import query
from truecost.workspace import Workspace

COLUMNS = (
    *("reference", "date", "account", "account_name", "debit", "credit", "currency"),
    *("model_id", "stage", "activity", "cost_kind", "is_idle", "text"),
)
_CENT = Decimal("0.01")
_EXACT = Context(prec=60)


@dataclass(frozen=True)
class Entry:
    """One line of the journal. ``amount`` is a debit where it is positive."""

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


@dataclass(frozen=True)
class Journal:
    """A quarter's entries; ``unmapped`` are those no ``[[accounts]]`` claims, on the suspense account."""

    quarter: str
    entries: tuple[Entry, ...]
    unmapped: int


@dataclass(frozen=True)
class Tie:
    """A reference, or an account as a whole, on both sides: ours, the ledger's, and whether they tie."""

    what: str
    ours: Decimal | None
    theirs: Decimal | None
    lines: tuple[int, ...]

    @property
    def is_tied(self) -> bool:
        return self.ours == self.theirs

    @property
    def difference(self) -> Decimal:
        return (self.theirs or Decimal(0)) - (self.ours or Decimal(0))


def journal_of(workspace: Workspace, quarter_name: str) -> Journal:
    """The quarter's true cost as journal entries, each with its other side on the clearing account.

    Raises:
        TruecostError: nothing is published, or the quarter has no cost.
    """
    quarter = parse_quarter(quarter_name, workspace.config.workspace.fiscal_year_start_month)
    with open_published(workspace.published) as con:
        rows = read_rows(con, query("ledger/journal"), quarter.name)
    if not rows:
        raise TruecostError(f"there is no cost in {quarter.name}; `truecost status` lists the quarters there are")
    amounts = in_cents([row["cost"] for row in rows])
    day = (quarter.end - timedelta(days=1)).isoformat()
    entries, unmapped, total = [], 0, Decimal(0)
    for number, (row, amount) in enumerate(zip(rows, amounts, strict=True), start=1):
        if not amount:
            continue
        account = _account(workspace.config.accounts, row)
        unmapped += account is None
        total += amount
        named = account or AccountSection(account=workspace.config.ledger.suspense_account, name="Suspense")
        entries.append(_entry(f"{quarter.name}-{number:04d}", day, named, amount, row))
    clearing = AccountSection(account=workspace.config.ledger.clearing_account, name="Clearing")
    blank = {**rows[0], "model_id": None, "stage": "", "activity": None, "cost_kind": "", "is_idle": False}
    entries.append(_entry(f"{quarter.name}-0000", day, clearing, -total, blank))
    return Journal(quarter.name, tuple(entries), unmapped)


def write_journal(journal: Journal, path: Path) -> None:
    """The entries as CSV, UTF-8, debits and credits apart."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for e in journal.entries:
            sides = (f"{e.amount:.2f}", "") if e.amount > 0 else ("", f"{-e.amount:.2f}")
            texts = (e.model_id or "", e.stage, e.activity or "", e.cost_kind, str(e.is_idle).lower(), e.text)
            writer.writerow([e.reference, e.date, e.account, e.account_name, *sides, e.currency, *map(_plain, texts)])


def tie_out(workspace: Workspace, path: Path, quarter_name: str) -> list[Tie]:
    """Hold a ledger's export against the quarter's journal: by reference where it has them, then by account.

    Raises:
        TruecostError: the file can't be read, lacks a column or holds an amount that is none; names its line.
    """
    journal = journal_of(workspace, quarter_name)
    lines = _read_ledger(path, workspace.config.ledger)
    by_account = _ties(
        ((f"account {e.account}", e.amount) for e in journal.entries),
        ((f"account {account}", amount, line) for line, account, _, amount in lines),
    )
    if not any(reference for *_, reference, _ in lines):
        return by_account
    by_reference = _ties(
        ((e.reference, e.amount) for e in journal.entries),
        ((reference or "without a reference", amount, line) for line, _, reference, amount in lines),
    )
    return [*by_reference, *by_account]


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


def _entry(reference: str, day: str, account: AccountSection, amount: Decimal, row: dict[str, Any]) -> Entry:
    words = [row["model_id"] or "", row["stage"], row["cost_kind"], "idle" if row["is_idle"] else ""]
    return Entry(
        reference,
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


def _ties(ours: Iterable[tuple[str, Decimal]], theirs: Iterable[tuple[str, Decimal, int]]) -> list[Tie]:
    our_sums: dict[str, Decimal] = defaultdict(Decimal)
    their_sums: dict[str, Decimal] = defaultdict(Decimal)
    their_lines: dict[str, list[int]] = defaultdict(list)
    for what, amount in ours:
        our_sums[what] += amount
    for what, amount, line in theirs:
        their_sums[what] += amount
        their_lines[what].append(line)
    return [
        Tie(what, our_sums.get(what), their_sums.get(what), tuple(their_lines.get(what, ())))
        for what in sorted({*our_sums, *their_sums})
    ]


def _read_ledger(path: Path, ledger: LedgerSection) -> list[tuple[int, str, str, Decimal]]:
    """(line, account, reference, amount) of each line of the export."""
    named = {key: ledger.columns.get(key, key) for key in ("account", "reference", "amount", "debit", "credit")}
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
        found.append((line, row[named["account"]] or "", (row.get(named["reference"]) or "").lstrip("'"), amount))
    return found


def _amount(path: Path, line: int, text: str | None) -> Decimal:
    try:
        amount = Decimal((text or "0").strip() or "0")
    except InvalidOperation as error:
        raise TruecostError(f"{path}:{line}: {text!r} is no amount; write it like 1234.56") from error
    if not amount.is_finite():
        raise TruecostError(f"{path}:{line}: {text!r} is no amount; write it like 1234.56")
    return amount


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
