"""What a newer delivery does to an older one: months, folders, invoices, jobs, rates, runs, and what leaves again."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import Books, config, focus, in_month, invoices, rates, runs, sacct
from truecost import steps
from truecost.intake.landing import Landing

Open = Callable[..., Books]

# Which rows are good is told elsewhere: here a suite of one rule saves most of the time.
ONE_RULE = """{"name": "charges", "expectations": [{"type": "expect_column_values_to_be_in_set",
  "kwargs": {"column": "billed_cost_check", "value_set": ["ok", "rounded"]}}]}"""


@pytest.fixture
def books(tmp_path: Path) -> Open:
    """``books(toml, {file: content})``: a workspace that has run once."""

    def opened(toml: str, files: dict[str, str | bytes]) -> Books:
        made = Books.of(tmp_path / "workspace", toml, {"expectations/charges.json": ONE_RULE, **files})
        made.run()
        return made

    return opened


def cost(amount: int, **changes: str) -> dict[str, str]:
    return {"BilledCost": str(amount), **changes}


# ---- a bill, month by month ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_restated_month_supersedes_the_earlier_delivery_and_leaves_the_other_months(books: Open) -> None:
    ledger = books(
        config("aws"), {"inbox/aws/jan.csv": focus(cost(10), cost(1)), "inbox/aws/feb.csv": focus(in_month(2))}
    )
    assert ledger.charged() == 21
    ledger.put("inbox/aws/jan.csv", focus(cost(11), cost(1)))
    ledger.run()
    assert ledger.charged() == 22
    assert ledger.statuses() == [("feb.csv", "loaded"), ("jan.csv", "superseded"), ("jan.csv", "loaded")]
    first, _ = ledger.ask("SELECT * FROM books.deliveries WHERE ends_with(file, 'jan.csv') ORDER BY delivery_id")
    assert (first["superseded_by"], first["rows_loaded"]) == (3, 2)


def test_what_was_superseded_stays_in_the_ledger(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/jan.csv": focus(cost(10), cost(1))})
    before = ledger.ask("FROM ledger.charges ORDER BY x_line")
    ledger.put("inbox/aws/jan.csv", focus(cost(12)))
    ledger.take_in()
    assert ledger.ask("FROM ledger.charges WHERE x_delivery_id = 1 ORDER BY x_line") == before


@pytest.mark.slow
def test_one_file_may_restate_one_month_of_several(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/q1.csv": focus(cost(1), in_month(2, BilledCost="2"))})
    ledger.put("inbox/aws/q1.csv", focus(in_month(2, BilledCost="20"), in_month(3, BilledCost="3")))
    ledger.run()
    assert ledger.charged() == 24, "January stands as it was, February is restated, March is new"
    assert ledger.statuses() == [("q1.csv", "loaded"), ("q1.csv", "loaded")]


@pytest.mark.slow
def test_the_same_content_under_another_name_is_a_duplicate(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/jan.csv": focus(cost(10), cost(10))})
    ledger.put("inbox/aws/jan (1).csv", focus(cost(10), cost(10)))
    ledger.run()
    assert ledger.charged() == 20
    assert ledger.statuses() == [("jan.csv", "loaded"), ("jan (1).csv", "duplicate")]
    assert ledger.delivery("jan (1).csv")["rows_duplicate"] == 2
    (total,) = ledger.ask("FROM books.control_totals WHERE delivery_id = 2 AND column_name = 'billed_cost'")
    assert (total["amount_read"], total["amount_duplicate"], total["amount_loaded"]) == (20, 20, 0)


@pytest.mark.slow
def test_another_file_that_claims_a_taken_month_is_held_and_counts_for_nothing(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/jan.csv": focus(cost(10))})
    ledger.put("inbox/aws/january-final.csv", focus(cost(11), in_month(2, BilledCost="5")))
    ledger.run()
    assert ledger.charged() == 15, "the month that was free is taken"
    assert ledger.statuses() == [("jan.csv", "loaded"), ("january-final.csv", "held")]
    assert steps.standing(ledger.workspace).held == ("inbox/aws/january-final.csv",)


@pytest.mark.slow
def test_a_held_file_that_is_delivered_again_without_the_taken_month_is_held_no_more(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/a.csv": focus(cost(10))})
    ledger.put("inbox/aws/b.csv", focus(cost(11)))
    ledger.run()
    ledger.put("inbox/aws/b.csv", focus(in_month(2, BilledCost="11")))
    ledger.run()
    assert ledger.charged() == 21
    assert steps.standing(ledger.workspace).is_clean


def test_another_account_or_provider_of_the_month_is_no_conflict(books: Open) -> None:
    ledger = books(
        config("aws"),
        {
            "inbox/aws/a.csv": focus(cost(1)),
            "inbox/aws/b.csv": focus(cost(2, BillingAccountId="acct-2")),
            "inbox/aws/c.csv": focus(cost(4, ProviderName="GCP")),
        },
    )
    assert ledger.charged() == 7
    assert {status for _, status in ledger.statuses()} == {"loaded"}


def test_a_credit_note_is_a_charge_of_its_own(books: Open) -> None:
    ledger = books(
        config("aws"), {"inbox/aws/a.csv": focus(cost(10), cost(-3, ChargeCategory="Credit", EffectiveCost="-3"))}
    )
    assert ledger.charged() == 7
    assert ledger.one("SELECT count(*) FROM books.charges") == 2


@pytest.mark.slow
def test_a_month_that_comes_back_to_its_first_content_is_restated_once_more(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/jan.csv": focus(cost(100))})
    for amount in (101, 100):
        ledger.put("inbox/aws/jan.csv", focus(cost(amount)))
        ledger.run()
    assert ledger.charged() == 100
    assert [status for _, status in ledger.statuses()] == ["superseded", "superseded", "loaded"]
    assert len(list((ledger.root / "landing" / "objects").glob("*/*"))) == 2, "each content is kept once"


@pytest.mark.slow
def test_a_month_restated_under_a_corrected_account_counts_once(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/jan.csv": focus(cost(10, BillingAccountId="acct-0"))})
    ledger.put("inbox/aws/jan.csv", focus(cost(12, BillingAccountId="acct-1")))
    ledger.run()
    assert ledger.charged() == 12
    assert ledger.statuses() == [("jan.csv", "superseded"), ("jan.csv", "loaded")]
    assert ledger.delivery("jan.csv")["superseded_by"] is None
    first, _ = ledger.ask("SELECT * FROM books.deliveries ORDER BY delivery_id")
    assert first["superseded_by"] == 2


@pytest.mark.slow
def test_a_held_or_refused_file_that_is_taken_out_of_the_inbox_asks_for_nothing_more(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/a.csv": focus(cost(10))})
    ledger.put("inbox/aws/b.csv", focus(cost(11)))
    ledger.put("inbox/aws/c.csv", "no,such,columns\n1,2,3\n")
    ledger.run()
    standing = steps.standing(ledger.workspace)
    assert (standing.held, [file for file, _ in standing.refused]) == (("inbox/aws/b.csv",), ["inbox/aws/c.csv"])
    for name in ("b.csv", "c.csv"):
        (ledger.root / "inbox/aws" / name).unlink()
    ledger.run()
    assert steps.standing(ledger.workspace).is_clean
    assert ledger.charged() == 10


def test_what_has_loaded_stays_when_its_file_is_taken_out_of_the_inbox(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/a.csv": focus(cost(10), cost(0, BilledCost="$5"))})
    (ledger.root / "inbox/aws/a.csv").unlink()
    ledger.run()
    assert ledger.charged() == 10
    assert steps.standing(ledger.workspace).quarantined_rows == 1, "a bad row is not mended by taking it away"


@pytest.mark.slow
def test_a_file_name_that_is_no_text_is_refused_and_the_others_load(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/a.csv": focus(cost(10))})
    (ledger.root / "inbox/aws" / os.fsdecode(b"caf\xe9.csv")).write_text(focus(cost(1)), "utf-8")
    ledger.run()
    assert ledger.charged() == 10
    assert steps.standing(ledger.workspace).refused == (
        ("inbox/aws/caf\\xe9.csv", "the file's name is not UTF-8; rename it"),
    )


# ---- folders and versions --------------------------------------------------------------------------------------------


def test_the_parts_of_a_folder_add_up(books: Open) -> None:
    files: dict[str, str | bytes] = {
        "inbox/aws/2026-01/part-0.csv": focus(cost(1)),
        "inbox/aws/2026-01/part-1.csv": focus(cost(2)),
        "inbox/aws/2026-02/part-0.csv": focus(in_month(2, BilledCost="4")),
    }
    ledger = books(config("aws", delivery='"folder"').replace("aws/*", "aws/**/*.csv"), files)
    assert ledger.charged() == 7
    sets = ledger.ask("SELECT DISTINCT set_name, set_version FROM log.deliveries ORDER BY ALL")
    assert [tuple(row.values()) for row in sets] == [("inbox/aws/2026-01", 1), ("inbox/aws/2026-02", 3)]


@pytest.mark.slow
def test_a_new_export_of_a_folder_replaces_all_its_parts(books: Open) -> None:
    toml = config("aws", delivery='"folder"').replace("aws/*", "aws/**/*.csv")
    ledger = books(toml, {"inbox/aws/m/part-0.csv": focus(cost(1)), "inbox/aws/m/part-1.csv": focus(cost(2))})
    ledger.take_out("inbox/aws/m/part-1.csv")
    ledger.put("inbox/aws/m/part-0.csv", focus(cost(2), cost(3)))
    ledger.run()
    assert ledger.charged() == 5
    ledger.put("inbox/aws/m/part-7.csv", focus(cost(3)))
    ledger.run()
    assert ledger.charged() == 8, "a part that did not change still belongs to the new export"


@pytest.mark.slow
def test_files_held_as_rivals_add_up_once_the_source_takes_folders(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/part-0.csv": focus(cost(1)), "inbox/aws/part-1.csv": focus(cost(2))})
    assert (ledger.charged(), ledger.statuses()[1]) == (1, ("part-1.csv", "held"))
    ledger.configure(config("aws", delivery='"folder"'))
    ledger.run()
    assert ledger.charged() == 3
    assert steps.standing(ledger.workspace).is_clean
    ledger.configure(config("aws"))
    ledger.run()
    assert ledger.charged() == 1, "and back again"


@pytest.mark.slow
def test_where_a_source_restates_periods_the_highest_version_wins_whatever_came_last(books: Open) -> None:
    toml = config("aws", restates='"period"', version="'-v(\\d+)'")
    ledger = books(toml, {"inbox/aws/jan-v2.csv": focus(cost(2))})
    ledger.put("inbox/aws/jan-v10.csv", focus(cost(10)))
    ledger.run()
    ledger.put("inbox/aws/jan-v1.csv", focus(cost(1)))
    ledger.run()
    assert ledger.charged() == 10
    assert ledger.statuses() == [("jan-v2.csv", "superseded"), ("jan-v10.csv", "loaded"), ("jan-v1.csv", "superseded")]
    ledger.put("inbox/aws/jan-v10.csv", focus(cost(11)))
    ledger.run()
    assert ledger.charged() == 11, "the same version with new content is the newer one"


@pytest.mark.slow
def test_held_files_follow_their_versions_once_the_source_says_how_to_read_them(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/jan-v1.csv": focus(cost(1)), "inbox/aws/jan-v2.csv": focus(cost(2))})
    assert ledger.charged() == 1
    ledger.configure(config("aws", restates='"period"', version="'-v(\\d+)'"))
    ledger.run()
    assert (ledger.charged(), steps.standing(ledger.workspace).is_clean) == (2, True)


# ---- invoices --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_invoice_delivered_again_with_the_same_lines_is_a_duplicate(books: Open) -> None:
    lines = ({"amount": "100"}, {"amount": "50", "description": "review"})
    ledger = books(config("annotators"), {"inbox/annotators/a.csv": invoices(*lines)})
    ledger.put("inbox/annotators/b.csv", invoices(*reversed(lines)))
    ledger.run()
    assert ledger.charged() == 150
    assert ledger.statuses() == [("a.csv", "loaded"), ("b.csv", "duplicate")]


@pytest.mark.slow
def test_an_invoice_delivered_again_with_other_lines_is_held(books: Open) -> None:
    ledger = books(config("annotators"), {"inbox/annotators/a.csv": invoices({"amount": "100"})})
    ledger.put("inbox/annotators/b.csv", invoices({"amount": "90"}, {"invoice_number": "INV-2", "amount": "5"}))
    ledger.run()
    ledger.put("inbox/annotators/a.csv", invoices({"amount": "80"}))
    ledger.run()
    assert ledger.charged() == 105, "the invoice stands as it first came; the new one counts"
    assert ledger.statuses() == [("a.csv", "loaded"), ("b.csv", "held"), ("a.csv", "held")]


def test_the_same_number_of_another_issuer_is_another_invoice(books: Open) -> None:
    ledger = books(
        config("annotators"),
        {"inbox/annotators/a.csv": invoices({}), "inbox/annotators/b.csv": invoices({"issuer": "Tessera"})},
    )
    assert ledger.charged() == 200


def test_a_growing_list_of_invoices_adds_only_the_new_ones(books: Open) -> None:
    one, two = {"invoice_number": "INV-1"}, {"invoice_number": "INV-2", "amount": "7"}
    ledger = books(config("annotators"), {"inbox/annotators/all.csv": invoices(one)})
    ledger.put("inbox/annotators/all.csv", invoices(one, two))
    ledger.run()
    assert ledger.charged() == 107
    assert ledger.delivery("all.csv")["rows_duplicate"] == 1


def test_a_mended_file_brings_in_the_rows_that_were_quarantined(books: Open) -> None:
    bad = invoices(
        {"amount": "100"}, {"amount": "$50", "description": "review"}, {"invoice_number": "INV-2", "amount": "x"}
    )
    ledger = books(config("annotators"), {"inbox/annotators/a.csv": bad})
    assert ledger.charged() == 100
    assert steps.standing(ledger.workspace).quarantined_rows == 2
    ledger.put("inbox/annotators/a.csv", bad.replace("$50", "50").replace(",x,", ",7,"))
    ledger.run()
    assert ledger.charged() == 157, "no line counts twice"
    assert ledger.statuses() == [("a.csv", "superseded"), ("a.csv", "loaded")]
    assert steps.standing(ledger.workspace).is_clean
    assert ledger.one("SELECT count(*) FROM log.quarantine") == 2, "what was quarantined stays on record"


@pytest.mark.slow
def test_a_file_mended_in_two_goes_counts_as_last_told(books: Open) -> None:
    bad = invoices({"amount": "100"}, {"amount": "$50"}, {"amount": "$7"})
    ledger = books(config("annotators"), {"inbox/annotators/a.csv": bad})
    for mend in ("$50", "$7"):
        bad = bad.replace(mend, mend.strip("$"))
        ledger.put("inbox/annotators/a.csv", bad)
        ledger.run()
    assert ledger.charged() == 157
    assert [status for _, status in ledger.statuses()] == ["superseded", "superseded", "loaded"]


# ---- jobs, rates and runs --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_newest_record_of_a_job_wins_and_the_same_one_is_a_duplicate(books: Open) -> None:
    running = {"State": "RUNNING", "ElapsedRaw": "1800", "End": "Unknown"}
    ledger = books(config("slurm", "rates"), {"inbox/slurm/a.txt": sacct(running), "inbox/rates/r.csv": rates({})})
    ledger.put("inbox/slurm/b.txt", sacct(running))
    ledger.run()
    ledger.put("inbox/slurm/c.txt", sacct({}))
    ledger.run()
    assert ledger.one("SELECT sum(consumed_quantity) FROM books.job_charges") == 2
    assert ledger.one("SELECT sum(effective_cost) FROM books.charges") == 5
    assert ledger.statuses() == [
        ("a.txt", "superseded"),
        ("r.csv", "loaded"),
        ("b.txt", "duplicate"),
        ("c.txt", "loaded"),
    ]


def test_each_start_of_a_requeued_job_counts(books: Open) -> None:
    again = {"Start": "2026-01-11T00:00:00", "End": "2026-01-11T01:00:00"}
    ledger = books(config("slurm"), {"inbox/slurm/a.txt": sacct({"State": "PREEMPTED"}, again)})
    assert ledger.one("SELECT sum(consumed_quantity) FROM books.job_charges") == 4


def test_a_job_id_of_another_cluster_is_another_job(books: Open) -> None:
    valley = '\n[[sources]]\nname = "valley"\nformat = "slurm"\npath = "inbox/valley/*"\ncluster = "valley"\n'
    toml = config("slurm", cluster='"ridge"', more=valley)
    ledger = books(toml, {"inbox/slurm/a.txt": sacct({}), "inbox/valley/a.txt": sacct({})})
    assert ledger.one("SELECT count(*) FROM books.jobs WHERE status = 'current'") == 2


@pytest.mark.slow
def test_a_newer_price_for_the_same_first_day_wins_and_a_later_first_day_starts_a_new_price(books: Open) -> None:
    ledger = books(config("slurm", "rates"), {"inbox/slurm/a.txt": sacct({}), "inbox/rates/r.csv": rates({})})
    ledger.put("inbox/rates/r2.csv", rates({"price_per_gpu_hour": "3"}))
    ledger.run()
    assert ledger.one("SELECT sum(effective_cost) FROM books.charges") == 6
    ledger.put("inbox/rates/r3.csv", rates({"price_per_gpu_hour": "4", "valid_from": "2026-01-10"}))
    ledger.run()
    assert ledger.one("SELECT sum(effective_cost) FROM books.charges") == 8
    ledger.put("inbox/rates/r4.csv", rates({"price_per_gpu_hour": "9", "valid_from": "2026-01-11"}))
    ledger.run()
    assert ledger.one("SELECT sum(effective_cost) FROM books.charges") == 8


def test_a_day_no_price_holds_for_is_unpriced_and_never_zero(books: Open) -> None:
    ended = rates({"valid_to": "2026-01-09"})
    ledger = books(config("slurm", "rates"), {"inbox/slurm/a.txt": sacct({}), "inbox/rates/r.csv": ended})
    assert ledger.ask("SELECT effective_cost, is_unpriced, cost FROM books.costs") == [
        {"effective_cost": None, "is_unpriced": True, "cost": None}
    ]


@pytest.mark.slow
def test_the_outcome_last_told_of_a_run_wins(books: Open) -> None:
    ledger = books(config("runs", more='[[models]]\nid = "bot"\n'), {"inbox/runs/a.csv": runs({})})
    for outcome, decided in (("crashed", ""), ("promoted", "2026-02-01T00:00:00Z"), ("discarded", "")):
        ledger.put("inbox/runs/a.csv", runs({"outcome": outcome, "decided_at": decided}))
        ledger.run()
    assert ledger.one("SELECT outcome FROM books.training_runs") == "discarded"
    assert [status for _, status in ledger.statuses()] == ["superseded"] * 3 + ["loaded"]


# ---- the landing -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_source_that_is_taken_out_leaves_the_books_and_comes_back_with_it(books: Open) -> None:
    ledger = books(config("aws", "rates"), {"inbox/aws/a.csv": focus(cost(10)), "inbox/rates/r.csv": rates({})})
    with_both = ledger.everything()
    ledger.configure(config("rates"))
    ledger.run()
    assert ledger.charged() == 0
    assert ledger.statuses() == [("r.csv", "loaded")]
    ledger.configure(config("aws", "rates"))
    ledger.run()
    assert ledger.everything() == with_both


def test_editing_the_inbox_later_does_not_reach_what_has_landed(books: Open) -> None:
    content = focus(cost(10))
    ledger = books(config("aws"), {"inbox/aws/a.csv": content})
    (file,) = Landing(ledger.workspace.landing).entries()[0].parts
    assert file.sha256 is not None
    landed = Landing(ledger.workspace.landing).object_path(file.sha256)
    with (ledger.root / "inbox/aws/a.csv").open("r+") as inbox:
        inbox.write("overwritten in place")
    assert landed.read_text() == content
    assert landed.stat().st_mode & 0o222 == 0, "nobody may write to it"
    assert landed.stat().st_ino != (ledger.root / "inbox/aws/a.csv").stat().st_ino


def test_taking_a_file_out_of_the_inbox_takes_nothing_out_of_the_books(books: Open) -> None:
    ledger = books(config("aws"), {"inbox/aws/a.csv": focus(cost(10))})
    before = ledger.everything()
    ledger.take_out("inbox/aws/a.csv")
    ledger.run()
    assert ledger.everything() == before


@pytest.mark.slow
def test_landing_by_moving_empties_the_inbox_and_keeps_what_was_refused(books: Open) -> None:
    toml = config("aws", workspace='landing = "move"')
    ledger = books(toml, {"inbox/aws/a.csv": focus(cost(10)), "inbox/aws/folder/x": "x"})
    assert not (ledger.root / "inbox/aws/a.csv").exists()
    assert (ledger.root / "inbox/aws/folder/x").exists()
    assert ledger.charged() == 10
    ledger.run()
    assert [status for _, status in ledger.statuses()] == ["loaded", "refused"], "nothing is new the second time"
    ledger.put("inbox/aws/a.csv", focus(cost(10)))
    ledger.run()
    assert not (ledger.root / "inbox/aws/a.csv").exists(), "what is known already is cleared away too"
    ledger.put("inbox/aws/a.csv", focus(cost(12)))
    ledger.run()
    assert ledger.charged() == 12


def test_landing_by_moving_leaves_what_was_written_to_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Books.of(
        tmp_path / "workspace", config("rates", workspace='landing = "move"'), {"inbox/rates/a.csv": rates({})}
    )
    append = Landing._append
    late = rates({}, {"valid_from": "2026-02-01"})

    def appended_while_written(self: Landing, entry: object) -> None:
        append(self, entry)  # type: ignore[arg-type]
        monkeypatch.undo()
        ledger.put("inbox/rates/a.csv", late)

    monkeypatch.setattr(Landing, "_append", appended_while_written)
    ledger.take_in()
    assert (ledger.root / "inbox/rates/a.csv").read_text() == late
    ledger.take_in()
    assert ledger.delivery("a.csv")["rows_read"] == 2


@pytest.mark.slow
def test_running_again_lands_and_loads_nothing(books: Open) -> None:
    ledger = books(config("aws", "rates"), {"inbox/aws/a.csv": focus(cost(10)), "inbox/rates/r.csv": rates({})})
    before = ledger.everything()
    assert ledger.run() == []
    (ledger.root / "inbox/aws/a.csv").touch()
    assert ledger.run() == [], "a new time on the same content is nothing new"
    assert ledger.everything() == before


@pytest.mark.slow
def test_a_rule_of_the_suite_that_changes_loads_the_landed_files_anew(books: Open) -> None:
    ledger = books(config("rates"), {"inbox/rates/r.csv": rates({"price_per_gpu_hour": "9"})})
    ledger.put(
        "expectations/rates.json",
        '{"name": "rates", "expectations": [{"type": "expect_column_values_to_be_between", '
        '"kwargs": {"column": "price_per_gpu_hour", "max_value": 5}, '
        '"meta": {"message": "is dearer than we pay", "remedy": "ask procurement"}}]}',
    )
    ledger.take_in()
    assert [(row["value"], row["message"], row["remedy"]) for row in ledger.quarantine("r.csv")] == [
        ("9", "is dearer than we pay", "ask procurement")
    ]
    assert ledger.delivery("r.csv")["rows_loaded"] == 0


def test_a_time_zone_that_changes_moves_the_jobs(books: Open) -> None:
    ledger = books(config("slurm"), {"inbox/slurm/a.txt": sacct({})})
    ledger.configure(config("slurm", timezone='"Europe/Berlin"'))
    ledger.take_in()
    assert str(ledger.one("SELECT started_at FROM books.jobs")) == "2026-01-09 23:00:00"


def test_what_a_delivery_counts_for_is_exact_to_the_last_digit(books: Open) -> None:
    amounts = ("0.10000000000000000001", "1e-20", "0.00000000000000000000499")
    ledger = books(config("aws"), {"inbox/aws/a.csv": focus(*({"BilledCost": amount} for amount in amounts))})
    assert ledger.charged() == Decimal("0.10000000000000000002")
    assert ledger.delivery("a.csv")["rows_rounded"] == 1
