"""A set that says less than the one it replaces waits for someone's word, and the word outlives the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import DAY, Books, config, focus
from truecost import steps
from truecost.books.gaps import tell_day
from truecost.books.session import open_session
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.store.rows import read_rows

Open = Callable[..., Books]
MONTH = "inbox/aws/jan.csv"


def days(first: int, last: int, cost: str = "10", **more: str) -> str:
    """A bill of one charge a day of January."""
    return focus(*(day(number, cost, **more) for number in range(first, last + 1)))


def day(number: int, cost: str = "10", **more: str) -> dict[str, str]:
    return {
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ChargePeriodStart": f"2026-01-{number:02d}T00:00:00Z",
        "ChargePeriodEnd": f"2026-01-{number + 1:02d}T00:00:00Z",
        **more,
    }


@pytest.fixture
def books(tmp_path: Path) -> Open:
    def opened(toml: str, files: dict[str, str | bytes]) -> Books:
        made = Books.of(tmp_path / "workspace", toml, files)
        made.run()
        return made

    return opened


def again(ledger: Books, content: str, file: str = MONTH) -> None:
    ledger.put(file, content)
    ledger.run()


def held_gaps(ledger: Books) -> list[str]:
    """What is told as missing, of held deliveries."""
    with open_session(ledger.workspace, Clock(DAY)) as session:
        tell_day(session.con)
        return [row["what"] for row in read_rows(session.con, "FROM missing WHERE kind = 'held'")]


@pytest.mark.slow
def test_a_bill_that_loses_days_is_held_until_it_is_accepted_and_the_word_outlives_the_warehouse(books: Open) -> None:
    ledger = books(config("aws"), {MONTH: days(1, 12)})
    again(ledger, days(1, 5))
    assert ledger.charged() == 120
    assert ledger.statuses() == [("jan.csv", "loaded"), ("jan.csv", "held")]
    assert ledger.delivery("jan.csv")["rows_held"] == 5
    lost = "7 days (2026-01-06 to 2026-01-12), 7 rows, USD 70.00 of 120.00 (billed cost)"
    assert held_gaps(ledger) == [
        f'inbox/aws/jan.csv would replace inbox/aws/jan.csv and lose of it {lost}: ["AWS","acct-1","2026-01-01"]'
    ]
    (shown,) = steps.delivery(ledger.workspace, Clock(DAY), 2)
    (comparison,) = shown.comparisons
    assert (comparison.against, comparison.lost) == (1, lost)
    went = {
        (change.what, change.rows_before, change.billed_now - change.billed_before) for change in comparison.changes
    }
    assert (went, len(comparison.changes)) == ({("went", 1, Decimal(-10))}, 7)

    with pytest.raises(TruecostError, match="say why"):
        steps.decide(ledger.workspace, Clock(DAY), 2, "accept", " ")
    told = steps.decide(ledger.workspace, Clock(DAY), 2, "accept", "the account was closed on 5 January", "M. Finance")
    assert [(ruling.decision, ruling.by) for ruling in told.rulings] == [("accept", "M. Finance")]
    assert (ledger.charged(), steps.standing(ledger.workspace).held) == (50, ())

    before = ledger.everything()
    ledger.workspace.warehouse.unlink()
    ledger.run()
    after = ledger.everything()
    for name in ("books.claims", "books.deliveries", "books.charges"):
        assert after[name] == before[name], name
    assert ledger.charged() == 50
    with pytest.raises(TruecostError, match="nothing to accept"):
        steps.decide(ledger.workspace, Clock(DAY), 2, "accept", "twice")
    steps.decide(ledger.workspace, Clock(DAY), 2, "reject", "accepted by mistake")
    assert (ledger.charged(), ledger.statuses()[1]) == (120, ("jan.csv", "rejected"))
    assert steps.standing(ledger.workspace).is_clean
    again(ledger, days(1, 13))
    assert ledger.charged() == 130, "a fuller one needs nobody's word"


@pytest.mark.slow
def test_what_grows_shrinks_by_a_credit_or_says_the_same_is_not_held(books: Open) -> None:
    ledger = books(config("aws"), {MONTH: days(1, 3)})
    again(ledger, days(1, 9))
    again(ledger, focus(*(day(n) for n in range(1, 10)), day(9, "-4", ChargeCategory="Credit")))
    again(ledger, focus(day(1, "9"), *(day(n) for n in range(2, 10)), day(9, "-4", ChargeCategory="Credit")))
    assert ledger.charged() == 85
    assert [status for _, status in ledger.statuses()] == ["superseded"] * 3 + ["loaded"]
    again(ledger, focus(day(1, "1"), *(day(n) for n in range(2, 10)), day(9, "-4", ChargeCategory="Credit")))
    assert (ledger.charged(), ledger.statuses()[-1][1]) == (85, "held"), "8 of 85 is more than the twentieth part"
    ledger.configure(config("aws", more="\n[delivery]\nshrink = 0.2\n"))
    ledger.run()
    assert (ledger.charged(), ledger.statuses()[-1][1]) == (77, "loaded"), "the share is the workspace's to say"


def test_a_later_export_of_fewer_days_erases_none_of_a_fuller_one_whatever_the_order_they_come_in(books: Open) -> None:
    toml = config("aws", delivery='"folder"', restates='"period"', version="'(\\d{8}T\\d{6})/'").replace(
        "aws/*", "aws/*/*.csv"
    )
    ledger = books(toml, {"inbox/aws/20260113T090000/part_0.csv": days(1, 5)})
    assert ledger.charged() == 50
    again(ledger, days(1, 12), "inbox/aws/20260112T060000/part_0.csv")
    assert ledger.charged() == 120
    assert steps.standing(ledger.workspace).held == ("inbox/aws/20260113T090000/part_0.csv",)


@pytest.mark.slow
def test_growth_elsewhere_hides_no_loss(books: Open) -> None:
    ledger = books(config("aws"), {MONTH: days(1, 9)})
    again(ledger, focus(*(day(n) for n in range(2, 29))))
    assert (ledger.charged(), ledger.statuses()[-1][1]) == (90, "held")
    again(ledger, focus(day(1), *(day(n) for n in range(2, 29))))
    assert (ledger.charged(), [status for _, status in ledger.statuses()]) == (280, ["superseded"] * 2 + ["loaded"])


@pytest.mark.slow
def test_a_bill_in_another_currency_is_told(books: Open) -> None:
    ledger = books(config("aws"), {MONTH: days(1, 2)})
    again(ledger, days(1, 2, BillingCurrency="EUR"))
    told = "it is in EUR, where inbox/aws/jan.csv, which it replaces, is in USD"
    assert told in ledger.delivery("jan.csv")["warnings"]
    assert ledger.statuses()[-1] == ("jan.csv", "loaded"), "days and rows are all there"
    february = {"BillingPeriodStart": "2026-02-01T00:00:00Z", "BillingPeriodEnd": "2026-03-01T00:00:00Z"}
    again(ledger, days(1, 2, **february), "inbox/aws/feb.csv")
    told = "it is in USD, where the account's bill of the period before is in EUR"
    assert told in ledger.delivery("feb.csv")["warnings"]


@pytest.mark.slow
def test_a_file_that_claims_what_another_holds_can_be_accepted_in_its_place(books: Open) -> None:
    ledger = books(config("aws"), {MONTH: days(1, 3)})
    again(ledger, days(1, 4), "inbox/aws/january.csv")
    assert (ledger.charged(), ledger.statuses()[-1][1]) == (30, "held")
    steps.decide(ledger.workspace, Clock(DAY), 2, "accept", "the corrected export")
    assert (ledger.charged(), ledger.statuses()) == (40, [("jan.csv", "superseded"), ("january.csv", "loaded")])
    again(ledger, days(1, 5))
    assert (ledger.charged(), ledger.statuses()[-1]) == (40, ("jan.csv", "held"))


@pytest.mark.slow
def test_hourly_files_of_what_changed_merge_by_key_and_the_latest_wins(books: Open) -> None:
    toml = config("aws", delivery='"merge"', key='["resource_id", "charge_period_start"]', version="'-(\\d+)[.]'")
    ledger = books(toml, {"inbox/aws/d-1.csv": focus(day(1, ResourceId="a"), day(2, ResourceId="a"))})
    again(ledger, focus(day(2, "7", ResourceId="a"), day(1, ResourceId="b")), "inbox/aws/d-3.csv")
    assert ledger.charged() == 27
    again(ledger, focus(day(2, "5", ResourceId="a"), day(1, ResourceId="b")), "inbox/aws/d-2.csv")
    assert ledger.charged() == 27, "what came late is older: the path says so"
    again(ledger, focus(day(2, "7", ResourceId="a")), "inbox/aws/d-4.csv")
    assert ledger.delivery("d-4.csv")["rows_duplicate"] == 1
    (total,) = ledger.ask("FROM books.control_totals WHERE delivery_id = 4 AND column_name = 'billed_cost'")
    assert (total["amount_read"], total["amount_loaded"], total["amount_duplicate"]) == (7, 0, 7)
    assert {status for _, status in ledger.statuses()} == {"loaded", "duplicate"}
    before = ledger.ask("FROM books.charges ORDER BY ALL")
    ledger.workspace.warehouse.unlink()
    ledger.run()
    assert ledger.ask("FROM books.charges ORDER BY ALL") == before


@pytest.mark.slow
def test_without_a_key_two_rows_that_are_alike_are_two_charges(books: Open) -> None:
    ledger = books(config("aws", delivery='"merge"'), {"inbox/aws/1.csv": focus(day(1), day(1))})
    assert ledger.charged() == 20
    again(ledger, focus(day(1, "3"), day(1, "4")), "inbox/aws/2.csv")
    assert ledger.charged() == 7


@pytest.mark.slow
def test_rows_are_retried_under_the_settings_of_today(books: Open) -> None:
    ledger = books(config("aws"), {MONTH: focus(day(1, BillingCurrency=""), day(2), day(3, "$5"))})
    found, rows = steps.quarantine(ledger.workspace, Clock(DAY))
    assert (sum(cause.rows for cause in found), len(rows)) == (2, 2)
    told = steps.retry(ledger.workspace, Clock(DAY))
    assert [row.outcome for row in told] == ["quarantined", "quarantined"]
    assert all(row.because == row.was for row in told)
    ledger.put("expectations/charges.json", LENIENT)
    told = steps.retry(ledger.workspace, Clock(DAY))
    assert {row.line: row.outcome for row in told} == {2: "loaded", 4: "quarantined"}
    before = ledger.everything()
    ledger.workspace.warehouse.unlink()
    ledger.run()
    assert ledger.everything()["ledger.charges"] == before["ledger.charges"]


LENIENT = """{"name": "charges", "expectations": [{"type": "expect_column_values_to_be_in_set",
  "kwargs": {"column": "billed_cost_check", "value_set": ["ok", "rounded"]}}]}"""
