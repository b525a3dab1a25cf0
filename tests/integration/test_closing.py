"""Closing a quarter: what is frozen stays, what was tampered with shows, and the past can be seen again."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost import steps
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.general_ledger import in_cents, journal_of, tie_out, write_journal
from truecost.publishing import open_published, read_rows
from truecost.workspace import load_workspace

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "accounting"
Truecost = Callable[..., subprocess.CompletedProcess[str]]
Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
REPORTS = ("html", "xlsx", "csv", "json")


def bring_up_to(root: Path, day: date) -> None:
    workspace, clock = load_workspace(root), Clock(day)
    steps.land(workspace, clock)
    steps.load(workspace)
    steps.attribute(workspace)
    steps.compare(workspace, clock)
    steps.publish(workspace, clock)


@pytest.fixture(scope="module")
def closed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example, its first quarter closed on 8 April, before the late files came on 10 July."""
    root = tmp_path_factory.mktemp("closing") / "books"
    shutil.copytree(EXAMPLE, root)
    bring_up_to(root, date(2026, 4, 8))
    steps.close(load_workspace(root), Clock(date(2026, 4, 8)), Q1, "cfo")
    shutil.copytree(root / "late" / "inbox", root / "inbox", dirs_exist_ok=True)
    bring_up_to(root, date(2026, 7, 10))
    return root


@pytest.fixture
def books(closed_once: Path, tmp_path: Path) -> Path:
    root = tmp_path / "books"
    shutil.copytree(closed_once, root, symlinks=True)
    return root


def figures(root: Path, quarter: str) -> list[dict[str, Any]]:
    with open_published(load_workspace(root).published) as con:
        return read_rows(con, "FROM true_cost_by_quarter WHERE quarter = ? ORDER BY model_id", quarter)


def reports(root: Path, quarter: str = Q1) -> dict[str, bytes]:
    return {kind: (root / "reports" / quarter / f"true-cost.{kind}").read_bytes() for kind in REPORTS}


def test_the_report_of_a_closed_quarter_is_the_same_byte_for_byte(books: Path) -> None:
    before = reports(books)
    assert b"Closed, version 1" in before["html"]
    shutil.rmtree(books / "reports")
    (books / "warehouse.duckdb").unlink()
    bring_up_to(books, date(2026, 8, 1))
    assert steps.report(load_workspace(books), Clock(date(2026, 8, 1)), Q1).is_new
    assert reports(books) == before


def test_a_close_says_what_speaks_against_it(truecost: Truecost, books: Path) -> None:
    (books / "inbox" / "ecb" / "eurofxref.csv").unlink()
    (books / "inbox" / "agency" / "X.csv").write_text(
        "invoice_number,issuer,issue_date,currency,amount,tax,description,project\n"
        "X-1,Kanji KK,2026-05-02,JPY,90000,0,Labels,bot\nX-2,Bright Labels,not a day,USD,1,0,Labels,bot\n",
        "utf-8",
    )
    bring_up_to(books, date(2026, 7, 10))
    workspace, clock = load_workspace(books), Clock(date(2026, 7, 11))
    dry = steps.close(workspace, clock, Q2, None, dry_run=True)
    assert {check.name for check in dry.checks if check.found} == {"quarantined", "unconverted"}
    refused = truecost("close", "--quarter", Q2, "--approver", "cfo", "-w", books, "--as-of", "2026-07-11")
    assert refused.returncode == 1
    assert "--accept quarantined --accept unconverted" in refused.stdout
    assert not (books / "closed" / Q2).exists()
    done = steps.close(workspace, clock, Q2, "cfo", ["quarantined", "unconverted"])
    assert done.close is not None
    assert {row["status"] for row in figures(books, Q2)} == {"closed"}


@pytest.mark.parametrize(
    ("quarter", "approver", "accepted", "told"),
    [
        (Q1, "cfo", [], "FY2026-Q1 is closed already"),
        ("FY2026-Q3", "cfo", [], "FY2026-Q3 ends on 2026-10-01"),
        ("FY2025-Q4", "cfo", [], "the next to close is FY2026-Q2, not FY2025-Q4"),
        (Q2, None, [], "who approves the close?"),
        (Q2, "cfo", ["all"], "there is no check all"),
        ("Q2", "cfo", [], "is not a quarter"),
    ],
)
def test_what_can_not_be_closed_is_told(
    closed_once: Path, quarter: str, approver: str | None, accepted: list[str], told: str
) -> None:
    with pytest.raises(TruecostError, match=re.escape(told)):
        steps.close(load_workspace(closed_once), Clock(date(2026, 7, 11)), quarter, approver, accepted)


@pytest.mark.parametrize(
    ("quarter", "reason", "told"),
    [
        (Q2, "x", "FY2026-Q2 is not closed; closed are FY2026-Q1"),
        (Q1, " ", "give --reason and --by"),
    ],
)
def test_what_can_not_be_reopened_is_told(closed_once: Path, quarter: str, reason: str, told: str) -> None:
    with pytest.raises(TruecostError, match=re.escape(told)):
        steps.reopen(load_workspace(closed_once), Clock(date(2026, 7, 11)), quarter, reason, "cfo")


def test_reopening_makes_the_next_version_and_the_first_one_stays(books: Path) -> None:
    first = {path.name: path.read_bytes() for path in (books / "closed" / Q1 / "1").glob("*.*")}
    workspace, clock = load_workspace(books), Clock(date(2026, 7, 11))
    steps.reopen(workspace, clock, Q1, "late bill", "cfo")
    assert {(row["status"], row["version"]) for row in figures(books, Q1)} == {("preliminary", 2)}
    assert steps.close(workspace, clock, Q1, "cfo").close is not None
    assert {(row["status"], row["version"]) for row in figures(books, Q1)} == {("closed", 2)}
    assert {path.name: path.read_bytes() for path in (books / "closed" / Q1 / "1").glob("*.*")} == first
    with open_published(load_workspace(books).published) as con:
        assert read_rows(con, "SELECT count(*) AS n FROM adjustments")[0]["n"] == 0
        told = read_rows(con, "SELECT version, reopened_because FROM closes ORDER BY version")
    assert [tuple(row.values()) for row in told] == [(1, "late bill"), (2, None)]


def test_the_rules_of_a_closed_quarter_stay_those_of_then(books: Path) -> None:
    before = figures(books, Q1)
    path = books / "truecost.toml"
    claimed = '"tags.project" = "bot" }\nmodel = '
    path.write_text(path.read_text("utf-8").replace(claimed + '"bot"', claimed + '"reader"'), "utf-8")
    bring_up_to(books, date(2026, 7, 12))
    assert figures(books, Q1) == before
    with open_published(load_workspace(books).published) as con:
        moved = read_rows(con, "SELECT reason, amount FROM adjustments WHERE stage = 'data_curation'")
    assert [tuple(row.values()) for row in moved] == [("late", Decimal(-155))], "and nothing is moved by the new rule"


@pytest.mark.parametrize("kind", ["changed", "removed", "frozen"])
def test_what_was_tampered_with_shows(truecost: Truecost, books: Path, kind: str) -> None:
    first = books / "journal" / "00000001.json"
    if kind == "frozen":
        target = books / "closed" / Q1 / "1" / "settings.json"
        target.chmod(0o644)
        target.write_text(target.read_text("utf-8").replace("0.5", "0.6"), "utf-8")
        expected = "settings.json was changed after FY2026-Q1 was closed"
    else:
        steps.reopen(load_workspace(books), Clock(date(2026, 7, 12)), Q1, "a look", "cfo")
        assert steps.faults(load_workspace(books)) == []
        if kind == "changed":
            first.write_text(first.read_text("utf-8").replace("cfo", "ceo"), "utf-8")
            expected = "00000001.json was changed after 00000002.json was written"
        else:
            first.unlink()
            expected = "00000001.json is missing"
    done = truecost("doctor", "-w", books)
    assert done.returncode == 1
    assert expected in done.stdout


def test_a_close_that_died_before_its_event_counts_for_nothing(books: Path) -> None:
    before = figures(books, Q2)
    shutil.copytree(books / "closed" / Q1 / "1", books / "closed" / Q2 / "1")
    bring_up_to(books, date(2026, 7, 12))
    assert figures(books, Q2) == before
    closing = steps.close(load_workspace(books), Clock(date(2026, 7, 12)), Q2, "cfo")
    assert closing.close is not None
    assert steps.faults(load_workspace(books)) == []


def test_the_past_can_be_seen_again(truecost: Truecost, books: Path) -> None:
    before = steps.report_known_at(load_workspace(books), datetime(2026, 4, 7, tzinfo=UTC), Q1)
    told = json.loads((before.folder / "true-cost.json").read_text("utf-8"))
    assert Decimal(told["total"]["true_cost"]) == 15400 + 3000, "no file had come: [[staff]] alone is known"
    done = truecost("report", "--known-at", "2026-04-09", "--quarter", Q1, "-w", books)
    assert done.returncode == 0, done.stderr
    folder = books / "reports" / "known-at" / "2026-04-09T000000Z"
    assert (folder / "reports" / Q1 / "true-cost.html").read_bytes() == reports(books)["html"]
    with open_published(folder / "reports" / "reports.duckdb") as con:
        assert read_rows(con, "SELECT count(*) AS n FROM adjustments")[0]["n"] == 0
        assert read_rows(con, "SELECT max(delivery_id) AS n FROM deliveries")[0]["n"] == 15


ACCOUNTS = """
[[accounts]]
account = "6110"
name = "Model training"
stages = ["training", "maintenance", "failed_experiments"]
cost_kinds = ["compute"]

[[accounts]]
account = "6200"
name = "Staff"
cost_kinds = ["labor"]

[[accounts]]
account = "6300"
name = "Serving"
stages = ["serving"]

[ledger]
clearing_account = "1900"
suspense_account = "9999"
"""


def test_the_journal_balances_and_the_ledger_ties_or_is_told(truecost: Truecost, books: Path, tmp_path: Path) -> None:
    with (books / "truecost.toml").open("a", encoding="utf-8") as file:
        file.write(ACCOUNTS)
    out = tmp_path / "journal.csv"
    journal = journal_of(load_workspace(books), Q1)
    assert journal.unmapped == 6
    write_journal(journal, out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    debits, credits = (sum(Decimal(row[side] or 0) for row in rows) for side in ("debit", "credit"))
    assert debits == credits
    booked = sum(Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0) for row in rows if row["account"] != "1900")
    assert booked == sum(row["true_cost"] for row in figures(books, Q1)).quantize(Decimal("0.01"))
    assert all(tie.is_tied for tie in tie_out(load_workspace(books), out, Q1))

    rows[0]["debit"] = str(Decimal(rows[0]["debit"]) + 1)
    del rows[3]
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    done = truecost("tie-out", out, "--quarter", Q1, "-w", books, "--json")
    assert done.returncode == 1
    apart = [tie for tie in json.loads(done.stdout) if not tie["is_tied"]]
    assert [(tie["what"], tie["lines"]) for tie in apart[:2]] == [(rows[0]["reference"], [2]), (f"{Q1}-0004", [])]
    assert Decimal(apart[0]["difference"]) == 1

    out.write_text("account,amount\n6200,many\n", "utf-8")
    with pytest.raises(TruecostError, match=r"journal\.csv:2: 'many' is no amount"):
        tie_out(load_workspace(books), out, Q1)


@given(st.lists(st.decimals("-1000000", "1000000", places=6), max_size=30))
def test_amounts_in_cents_add_up_to_their_sum_in_cents(amounts: list[Decimal]) -> None:
    cents = in_cents(amounts)
    assert sum(cents, Decimal(0)) == sum(amounts, Decimal(0)).quantize(Decimal("0.01"))
    assert all(abs(cent - amount) <= Decimal("0.01") for cent, amount in zip(cents, amounts, strict=True))
