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

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost import steps
from truecost.archive.closes import Closes
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.closing.checks import CHECKS
from truecost.closing.close import close_quarter
from truecost.errors import ConfigError, TruecostError
from truecost.exports.general_ledger import in_cents, journal_of, tie_out, write_journal
from truecost.intake.load import load_landed
from truecost.publish.publication import open_published
from truecost.report.quarterly import write_report
from truecost.store.journal import Journal
from truecost.store.rows import read_rows
from truecost.store.warehouse import connect
from truecost.workspace.past import known_at
from truecost.workspace.workspace import load_workspace

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
        return read_rows(con, "FROM true_cost_by_quarter WHERE quarter = ? ORDER BY model_id", [quarter])


def reports(root: Path, quarter: str = Q1) -> dict[str, bytes]:
    return {kind: (root / "reports" / quarter / f"true-cost.{kind}").read_bytes() for kind in REPORTS}


@pytest.mark.slow
def test_the_report_of_a_closed_quarter_is_the_same_byte_for_byte(books: Path) -> None:
    before = reports(books)
    assert b"Closed, version 1" in before["html"]
    shutil.rmtree(books / "reports")
    (books / "warehouse.duckdb").unlink()
    bring_up_to(books, date(2026, 8, 1))
    assert steps.report(load_workspace(books), Clock(date(2026, 8, 1)), Q1).is_new
    assert reports(books) == before


@pytest.mark.slow
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
        (Q2, " ", [], "who approves the close?"),
        (Q2, "cfo", ["invariants"], "there is no check invariants to accept"),
        (Q2, "cfo", ["all"], "there is no check all to accept"),
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_close_that_died_before_its_event_counts_for_nothing(books: Path) -> None:
    before = figures(books, Q2)
    shutil.copytree(books / "closed" / Q1 / "1", books / "closed" / Q2 / "1.new")
    bring_up_to(books, date(2026, 7, 12))
    assert figures(books, Q2) == before
    closing = steps.close(load_workspace(books), Clock(date(2026, 7, 12)), Q2, "cfo")
    assert closing.close is not None
    assert sorted(path.name for path in (books / "closed" / Q2).iterdir()) == ["1"]
    assert steps.faults(load_workspace(books)) == []


@pytest.mark.slow
@pytest.mark.parametrize("laid_out", ["1", "1/report"])
def test_a_close_that_died_after_its_event_is_taken_up(books: Path, laid_out: str) -> None:
    target = books / "closed" / Q1 / laid_out
    before = {path: path.read_bytes() for path in target.rglob("*.*")}
    target.rename(target.with_name(f"{target.name}.new"))
    bring_up_to(books, date(2026, 7, 12))
    assert {path: path.read_bytes() for path in target.rglob("*.*")} == before
    assert steps.faults(load_workspace(books)) == []


def edit(path: Path, old: str, new: str) -> None:
    path.chmod(0o644)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def every_step(root: Path, day: date) -> list[Callable[[], Any]]:
    """What derives, publishes, closes or exports."""
    workspace, clock = load_workspace(root), Clock(day)
    return [
        lambda: steps.land(workspace, clock),
        lambda: steps.load(workspace),
        lambda: steps.attribute(workspace),
        lambda: steps.compare(workspace, clock),
        lambda: steps.drift(workspace, clock),
        lambda: steps.publish(workspace, clock),
        lambda: steps.report(workspace, clock, Q1),
        lambda: steps.close(workspace, clock, Q2, "cfo"),
        lambda: steps.reopen(workspace, clock, Q1, "a look", "cfo"),
        lambda: journal_of(workspace, Q1),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'reporting_currency = "USD"',
            'reporting_currency = "EUR"',
            "reporting_currency is EUR, and was USD when FY2026-Q1 was closed",
        ),
        (
            'reporting_currency = "USD"',
            'reporting_currency = "USD"\nfiscal_year_start_month = 2',
            "fiscal_year_start_month is 2, and was 1 when FY2026-Q1 was closed",
        ),
    ],
)
def test_what_closed_figures_hang_on_can_not_change_under_them(
    truecost: Truecost, books: Path, old: str, new: str, told: str
) -> None:
    before = figures(books, Q1), (books / "reports" / "reports.duckdb").stat().st_mtime_ns
    edit(books / "truecost.toml", old, new)
    line = 1 + (books / "truecost.toml").read_text("utf-8").splitlines().index(new.splitlines()[-1])
    for step in every_step(books, date(2026, 7, 12)):
        with pytest.raises(ConfigError, match=re.escape(told)):
            step()
    done = truecost("publish", "-w", books)
    assert done.returncode == 2
    assert f"truecost.toml:{line}: {told}; set it back" in done.stderr
    assert "to change it, reopen FY2026-Q1 first" in done.stderr
    done = truecost("doctor", "-w", books)
    assert done.returncode == 1
    assert told in done.stdout
    assert before == (figures(books, Q1), (books / "reports" / "reports.duckdb").stat().st_mtime_ns)
    edit(books / "truecost.toml", new, old)
    steps.reopen(load_workspace(books), Clock(date(2026, 7, 12)), Q1, "another currency", "cfo")
    edit(books / "truecost.toml", old, new)
    bring_up_to(books, date(2026, 7, 12))


def test_nothing_is_derived_or_published_on_frozen_costs_that_were_changed(truecost: Truecost, books: Path) -> None:
    costs = books / "closed" / Q1 / "1" / "costs.parquet"
    costs.chmod(0o644)
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE held AS FROM '{costs}'")
        con.execute("UPDATE held SET cost = cost - 200 WHERE cost > 1000")
        con.execute(f"COPY held TO '{costs}' (FORMAT parquet)")
    told = "costs.parquet was changed after FY2026-Q1 was closed; put it back from a backup"
    for step in every_step(books, date(2026, 7, 12)):
        with pytest.raises(TruecostError, match=re.escape(told)):
            step()
    done = truecost("ingest", "-w", books)
    assert done.returncode == 1
    assert told in done.stderr


@pytest.mark.parametrize("warehouse", ["kept", "made anew"])
@pytest.mark.parametrize("harm", ["report lost", "close lost", "report changed", "reopening lost"])
def test_the_end_of_the_journal_can_not_be_lost(books: Path, warehouse: str, harm: str) -> None:
    close, kept, reopened = (books / "journal" / f"{number:08d}.json" for number in (1, 2, 3))
    workspace, clock = load_workspace(books), Clock(date(2026, 7, 12))
    if harm == "report changed":
        edit(kept, '"version": 1', '"version": 2')
    else:
        if harm == "reopening lost":
            steps.reopen(workspace, clock, Q1, "a look", "cfo")
            reopened.unlink()
        else:
            kept.unlink()
        if harm == "close lost":
            close.unlink()
    if warehouse == "made anew":
        (books / "warehouse.duckdb").unlink()
    first = {path: path.read_bytes() for path in (books / "closed").rglob("*.*")}
    assert any("journal" in fault for fault in steps.faults(workspace)), harm
    with pytest.raises(TruecostError):
        steps.attribute(workspace)
    with pytest.raises(TruecostError):
        steps.close(workspace, clock, Q1, "cfo")
    assert {path: path.read_bytes() for path in (books / "closed").rglob("*.*")} == first


@pytest.mark.slow
def test_a_finished_close_is_never_written_over(books: Path) -> None:
    for path in (books / "journal").iterdir():
        path.unlink()
    (books / "closed" / "head.json").unlink()
    (books / "warehouse.duckdb").unlink()
    workspace, clock = load_workspace(books), Clock(date(2026, 7, 12))
    (found,) = [fault for fault in steps.faults(workspace) if fault.startswith(f"{books / 'closed' / Q1 / '1'} is")]
    assert "the journal does not know of it" in found
    with connect(workspace.warehouse) as con:
        load_landed(con, workspace)
        with pytest.raises(TruecostError, match="is there already, and the journal does not know of it"):
            close_quarter(Session(con, workspace, clock, Closes()), Q1, "cfo", CHECKS)
    assert (books / "closed" / Q1 / "1" / "report" / "true-cost.csv").is_file()


@pytest.mark.parametrize("harm", ["changed", "deleted"])
def test_the_kept_report_is_guarded_like_the_figures(truecost: Truecost, books: Path, harm: str) -> None:
    folder = books / "closed" / Q1 / "1" / "report"
    if harm == "changed":
        edit(folder / "true-cost.csv", "USD", "EUR")
        told = "true-cost.csv was changed after the report of FY2026-Q1 was kept"
    else:
        shutil.rmtree(folder)
        told = "true-cost.html is missing"
    done = truecost("doctor", "-w", books)
    assert done.returncode == 1
    assert told in done.stdout
    done = truecost("report", "--quarter", Q1, "-w", books)
    assert done.returncode == 1
    assert "is missing; put it back" in done.stderr if harm == "deleted" else told in done.stderr
    with pytest.raises(TruecostError):  # also where nobody asked before
        write_report(load_workspace(books), Clock(date(2026, 7, 12)), Q1)


@pytest.mark.slow
def test_versions_that_were_reopened_are_guarded_too(books: Path) -> None:
    workspace, clock = load_workspace(books), Clock(date(2026, 7, 11))
    steps.reopen(workspace, clock, Q1, "late bill", "cfo")
    assert steps.close(workspace, clock, Q1, "cfo").close is not None
    edit(books / "closed" / Q1 / "1" / "settings.json", "0.5", "0.6")
    assert any("1/settings.json was changed after FY2026-Q1 was closed" in fault for fault in steps.faults(workspace))
    with pytest.raises(TruecostError, match="settings"):
        steps.publish(workspace, clock)


@pytest.mark.slow
def test_a_report_says_preliminary_as_soon_as_its_quarter_is_reopened(books: Path) -> None:
    before = reports(books)
    steps.reopen(load_workspace(books), Clock(date(2026, 7, 11)), Q1, "late bill", "cfo")
    told = json.loads(reports(books)["json"])
    assert (told["status"], told["version"]) == ("preliminary", 2)
    expected = sum(row["true_cost"] for row in figures(books, Q1))
    assert Decimal(told["total"]["true_cost"]) == expected
    assert Decimal(json.loads(before["json"])["total"]["true_cost"]) != expected


def events(root: Path, kind: str) -> list[dict[str, Any]]:
    held = [json.loads(path.read_text("utf-8")) for path in sorted((root / "journal").glob("*.json"))]
    return [event for event in held if event["kind"] == kind]


@pytest.mark.slow
def test_the_journal_keeps_what_was_accepted_and_what_was_found(books: Path) -> None:
    (books / "inbox" / "agency" / "X.csv").write_text(
        "invoice_number,issuer,issue_date,currency,amount,tax,description,project\n"
        "X-1,Bright Labels,2026-05-02,USD,50,0,Labels,bot\nX-1,Bright Labels,not a day,USD,1,0,Labels,bot\n",
        "utf-8",
    )
    bring_up_to(books, date(2026, 7, 11))
    workspace, clock = load_workspace(books), Clock(date(2026, 7, 11))
    dry = steps.close(workspace, clock, Q2, None, dry_run=True)
    assert {check.name: check.found for check in dry.checks if not check.is_passed} == {
        "quarantined": ("1 row of inbox/agency/X.csv",),
        "invoices": ("X-1 of Bright Labels is not whole: a line of it is quarantined",),
    }
    closing = steps.close(workspace, clock, Q2, " cfo ", ["quarantined", "invoices", "unallocated"])
    assert closing.close is not None
    last = events(books, "close")[-1]["data"]
    assert (last["accepted"], last["approver"]) == (["invoices", "quarantined"], "cfo"), "unallocated had passed"
    assert last["findings"]["quarantined"][0]["what"] == "1 row of inbox/agency/X.csv"
    assert datetime.fromisoformat(last["recorded_at"]) > datetime.fromisoformat(
        events(books, "close")[-1]["happened_at"]
    )

    bring_up_to(books, date(2026, 10, 2))
    dry = steps.close(workspace, Clock(date(2026, 10, 2)), "FY2026-Q3", None, dry_run=True)
    by_name = {check.name: check for check in dry.checks}
    assert by_name["quarantined"].is_passed
    assert by_name["quarantined"].accepted_before == (), "the other lines of its file are of the second quarter"
    assert by_name["invoices"].found == (), "it was of the second quarter"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["reopen", "close"])
def test_nothing_is_closed_or_reopened_before_what_was(books: Path, what: str) -> None:
    workspace = load_workspace(books)
    if what == "reopen":
        with pytest.raises(TruecostError, match="FY2026-Q1 was closed at 2026-04-08 00:00, which is after 2026-04-07"):
            steps.reopen(workspace, Clock(date(2026, 4, 7)), Q1, "a look", "cfo")
    else:
        steps.reopen(workspace, Clock(date(2026, 7, 12)), Q1, "a look", "cfo")
        with pytest.raises(TruecostError, match="FY2026-Q1 was reopened at 2026-07-12 00:00"):
            steps.close(workspace, Clock(date(2026, 7, 11)), Q1, "cfo")


def test_what_was_known_never_contradicts_the_order_of_events(books: Path) -> None:
    journal = Journal(books / "journal")
    later, earlier = datetime(2026, 7, 12, tzinfo=UTC), datetime(2026, 4, 7, tzinfo=UTC)
    journal.append("acknowledged", later, "bot", alert_id=1)
    journal.append("acknowledged", earlier, "bot", alert_id=2)
    past = known_at(load_workspace(books), datetime(2026, 4, 9, tzinfo=UTC))
    assert [event.event_id for event in Journal(past.journal).events()] == [1, 2]


@pytest.mark.slow
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
    assert (journal.unmapped, journal.version, journal.status) == (6, 1, "closed")
    assert len({entry.reference for entry in journal.entries}) == len(journal.entries)
    write_journal(journal, out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    debits, credits = (sum(Decimal(row[side] or 0) for row in rows) for side in ("debit", "credit"))
    assert debits == credits
    booked = sum(Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0) for row in rows if row["account"] != "1900")
    assert booked == sum(row["true_cost"] for row in figures(books, Q1)).quantize(Decimal("0.01"))
    assert all(tie.is_tied for tie in tie_out(load_workspace(books), out, Q1))

    first, fourth = rows[0], rows[3]
    first["debit"] = str(Decimal(first["debit"]) + 1)
    del rows[3]
    write_rows(out, rows)
    done = truecost("tie-out", out, "--quarter", Q1, "-w", books, "--json")
    assert done.returncode == 1
    apart = {tie["what"]: tie for tie in json.loads(done.stdout) if not tie["is_tied"]}
    changed = apart[f"{first['reference']} on {first['account']}, USD"]
    assert (changed["lines"], Decimal(changed["difference"])) == ([2], Decimal(1))
    assert apart[f"{fourth['reference']} on {fourth['account']}, USD"]["lines"] == []


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def exported(root: Path, quarter: str, path: Path) -> list[dict[str, str]]:
    write_journal(journal_of(load_workspace(root), quarter), path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("account", "7777", "on 7777, USD"),
        ("currency", "EUR", "EUR"),
        ("date", "2026-05-04", "dated in FY2026-Q2, USD"),
    ],
)
def test_a_line_on_another_account_or_day_or_in_another_currency_does_not_tie(
    truecost: Truecost, closed_once: Path, tmp_path: Path, column: str, value: str, told: str
) -> None:
    out = tmp_path / "ledger.csv"
    rows = exported(closed_once, Q1, out)
    rows[0][column] = value
    write_rows(out, rows)
    ties = tie_out(load_workspace(closed_once), out, Q1)
    (ours,) = [tie for tie in ties if tie.is_apart and tie.what.startswith(f"{rows[0]['reference']} on") and tie.ours]
    assert (ours.theirs, ours.lines) == (None, ()), "what we booked has no other side"
    assert any(told in tie.what and tie.lines == (2,) and tie.ours is None for tie in ties)
    done = truecost("tie-out", out, "--quarter", Q1, "-w", closed_once)
    assert done.returncode == 1
    assert told in done.stdout


def test_lines_of_another_quarter_are_set_aside(truecost: Truecost, closed_once: Path, tmp_path: Path) -> None:
    out = tmp_path / "ledger.csv"
    rows = exported(closed_once, Q1, out)
    write_rows(out, [*rows, {**rows[0], "reference": "other", "date": "31.12.2025"}])
    done = truecost("tie-out", out, "--quarter", Q1, "-w", closed_once)
    assert done.returncode == 0, done.stdout
    assert "dated in FY2025-Q4, USD, lines" in done.stdout


@pytest.mark.parametrize("amount", ["many", "1_000.00", "1,000.00", "NaN", "1e3", "٣", "0x10", "1000.", "-"])
def test_what_is_no_amount_is_told_with_its_line(closed_once: Path, tmp_path: Path, amount: str) -> None:
    ledger = tmp_path / "ledger.csv"
    ledger.write_text(f'account,amount\n6200,1.00\n6200,"{amount}"\n', "utf-8")
    with pytest.raises(TruecostError, match=r"ledger\.csv:3: .* is no amount; write it like 1234\.56"):
        tie_out(load_workspace(closed_once), ledger, Q1)


@pytest.mark.parametrize(
    ("day", "order", "is_read"),
    [
        ("2026-03-31", None, True),
        ("20260331", None, True),
        ("31.03.2026", None, True),
        ("03/04/2026", None, False),
        ("03/04/2026", "month_first", True),
        ("03/04/2026", "day_first", False),
        ("31.02.2026", None, False),
        ("", None, False),
    ],
)
def test_a_day_of_the_ledger_is_read_or_told_never_guessed(
    books: Path, tmp_path: Path, day: str, order: str | None, is_read: bool
) -> None:
    if order:
        with (books / "truecost.toml").open("a", encoding="utf-8") as file:
            file.write(f'\n[ledger]\ndates = "{order}"\n')
    ledger = tmp_path / "ledger.csv"
    ledger.write_text(f"account,amount,date\n6200,1.00,{day}\n", "utf-8")
    if is_read:
        assert not any(tie.is_set_aside for tie in tie_out(load_workspace(books), ledger, Q1))
    elif order:
        (other,) = [tie for tie in tie_out(load_workspace(books), ledger, Q1) if tie.is_set_aside]
        assert other.what == "dated in FY2026-Q2, USD"
    else:
        with pytest.raises(TruecostError, match=r"ledger\.csv:2: .* is no date"):
            tie_out(load_workspace(books), ledger, Q1)


def test_the_journal_tells_adjustments_and_whether_it_is_preliminary(books: Path, tmp_path: Path) -> None:
    rows = exported(books, Q2, tmp_path / "q2.csv")
    assert {(row["version"], row["status"]) for row in rows} == {("1", "preliminary")}
    late = [row for row in rows if row["origin_quarter"] == Q1]
    with open_published(load_workspace(books).published) as con:
        adjusted = read_rows(con, "SELECT sum(amount) AS amount FROM adjustments WHERE into_quarter = ?", [Q2])
    booked = sum(Decimal(row["debit"] or 0) - Decimal(row["credit"] or 0) for row in late)
    assert booked == adjusted[0]["amount"] != 0
    assert all(row["text"].endswith(f"of {Q1}") for row in late)


@pytest.mark.slow
def test_a_reference_says_what_the_line_is_not_where_it_stands(books: Path, tmp_path: Path) -> None:
    def named(rows: list[dict[str, str]]) -> dict[str, tuple[str, ...]]:
        kept = ("model_id", "stage", "activity", "cost_kind", "is_idle", "origin_quarter")
        return {row["reference"].rpartition("-")[2]: tuple(row[name] for name in kept) for row in rows}

    first = exported(books, Q1, tmp_path / "1.csv")
    steps.reopen(load_workspace(books), Clock(date(2026, 7, 12)), Q1, "late bill", "cfo")
    second = exported(books, Q1, tmp_path / "2.csv")
    assert not {row["reference"] for row in first} & {row["reference"] for row in second}, "another version"
    before, after = named(first), named(second)
    assert all(after[key] == before[key] for key in before.keys() & after.keys())
    assert len(before.keys() & after.keys()) > 5


@pytest.mark.slow
def test_a_closed_quarter_keeps_the_accounts_of_then(books: Path, tmp_path: Path) -> None:
    path = books / "truecost.toml"
    with path.open("a", encoding="utf-8") as file:
        file.write(ACCOUNTS)
    steps.close(load_workspace(books), Clock(date(2026, 7, 12)), Q2, "cfo")
    before = exported(books, Q2, tmp_path / "before.csv")
    path.write_text(path.read_text("utf-8").replace('"6110"', '"6119"').replace('"1900"', '"1999"'), "utf-8")
    assert exported(books, Q2, tmp_path / "after.csv") == before


def test_an_account_of_no_stage_there_is_is_told_with_its_line(truecost: Truecost, books: Path) -> None:
    path = books / "truecost.toml"
    path.write_text(path.read_text("utf-8") + ACCOUNTS.replace('"training"', '"trainning"'), "utf-8")
    line = 1 + path.read_text("utf-8").splitlines().index('stages = ["trainning", "maintenance", "failed_experiments"]')
    done = truecost("status", "-w", books)
    assert done.returncode == 2
    assert f"truecost.toml:{line}: " in done.stderr
    assert "trainning" in done.stderr


@given(st.lists(st.decimals("-1000000", "1000000", places=6), max_size=30))
def test_amounts_in_cents_add_up_to_their_sum_in_cents(amounts: list[Decimal]) -> None:
    cents = in_cents(amounts)
    assert sum(cents, Decimal(0)) == sum(amounts, Decimal(0)).quantize(Decimal("0.01"))
    assert all(abs(cent - amount) <= Decimal("0.01") for cent, amount in zip(cents, amounts, strict=True))


@pytest.mark.slow
def test_the_page_of_a_closed_quarter_says_who_signed_what_and_why_it_was_reopened(books: Path) -> None:
    steps.reopen(load_workspace(books), Clock(date(2026, 7, 10)), Q1, "a late invoice", "controller")
    (books / "inbox" / "agency" / "X.csv").write_text(
        "invoice_number,issuer,issue_date,currency,amount,tax,description,project\n"
        "X-1,Bright Labels,2026-02-02,USD,50,0,Labels,bot\nX-1,Bright Labels,2026-02-02,USD,fifty,0,Labels,bot\n",
        "utf-8",
    )
    bring_up_to(books, date(2026, 7, 11))
    accepted = {"quarantined": "one line, about 50", "invoices": ""}
    closing = steps.close(load_workspace(books), Clock(date(2026, 7, 11)), Q1, "cfo", accepted)
    assert closing.close is not None, closing.refused_by
    first, second = json.loads(reports(books)["json"])["closes"]
    assert (first["version"], first["reopened_by"], first["reopened_because"]) == (1, "controller", "a late invoice")
    assert (second["approver"], second["content_hash"]) == ("cfo", closing.content_hash)
    told = {item["check"]: item for item in second["accepted"]}
    assert told["quarantined"]["reason"] == "one line, about 50"
    assert told["quarantined"]["found"] == ["1 row of inbox/agency/X.csv"]
    page = reports(books)["html"].decode()
    for text in ("one line, about 50", "a late invoice", closing.content_hash, "no reason given"):
        assert text in page
