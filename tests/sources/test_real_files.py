"""Files that other tools made: what is loaded ties out to totals taken from the files by other means."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import Books, typed
from truecost import steps
from truecost.store.warehouse import IN_MEMORY, connect

SAMPLE = "focus_1.0_sample_1000.csv"
SPEC = "focus_1.2_spec_"
FRAGMENTS = (
    "commitment_discount_purchase_scenario_1",
    "commitment_discount_purchase_scenario_2",
    "commitment_discount_usage_scenario_1",
    "commitment_discount_usage_scenario_3",
    "one_hundred_percent_utilization_with_commitment_discount_flexibility_with_2_resources",
)
READABLE = {SAMPLE, *(f"{SPEC}{name}.csv" for name in FRAGMENTS)}


def source(number: int, kind: str, path: Path, more: str = "") -> str:
    return f'\n[[sources]]\nname = "s{number}"\nformat = "{kind}"\npath = "{path.as_posix()}"\n{more}'


@pytest.fixture(scope="module")
def books(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Every cloud bill and every Slurm file there is, each as a source of its own, after one run."""
    toml = '[workspace]\nname = "real"\n'
    number = 0
    for path in sorted((shared / "cloud_billing").iterdir()):
        number += 1
        toml += source(number, "focus", path, 'currency = "USD"\n' if path.name.startswith(SPEC) else "")
    for path in sorted((shared / "gpu_hours").glob("sacct_*")):
        number += 1
        toml += source(number, "slurm", path)
    ledger = Books.of(tmp_path_factory.mktemp("real") / "workspace", toml)
    ledger.run()
    return ledger


def totals(books: Books, file: str, part: str = "amount_loaded") -> dict[str, Decimal]:
    rows = books.ask(
        f"SELECT column_name, {part} AS amount FROM books.control_totals WHERE delivery_id = ?",
        books.delivery(file)["delivery_id"],
    )
    return {row["column_name"]: row["amount"] for row in rows}


def test_the_focus_sample_loads_whole_and_ties_out_to_its_totals(books: Books) -> None:
    delivery = books.delivery(SAMPLE)
    assert (delivery["format_version"], delivery["rows_read"], delivery["rows_loaded"]) == ("1.0", 1000, 1000)
    assert totals(books, SAMPLE) == {
        "billed_cost": Decimal("20.52022672899"),
        "effective_cost": Decimal("14.97651418586"),
        "list_cost": Decimal("20.39090575119"),
        "contracted_cost": Decimal("14.97626039326"),
    }
    assert delivery["rows_rounded"] == 0
    assert delivery["columns_ignored"] == ["Id"]


def test_the_focus_sample_ties_out_by_provider(books: Books) -> None:
    rows = books.ask(
        "SELECT provider_name, count(*) AS n, sum(billed_cost) AS billed FROM books.charges WHERE x_delivery_id = ? "
        "GROUP BY provider_name ORDER BY provider_name",
        books.delivery(SAMPLE)["delivery_id"],
    )
    assert [tuple(row.values()) for row in rows] == [
        ("AWS", 942, Decimal("18.0066386184")),
        ("Microsoft", 51, Decimal("1.97651418586")),
        ("Oracle", 7, Decimal("0.53707392473")),
    ]


def test_every_charge_of_the_focus_sample_is_the_line_it_says_it_is(books: Books, shared: Path) -> None:
    names = {"BilledCost": "billed_cost", "ListUnitPrice": "list_unit_price", "PricingQuantity": "pricing_quantity"}
    texts = {"SkuId": "sku_id", "ResourceId": "resource_id", "ChargeDescription": "charge_description", "Tags": "tags"}
    rows = books.ask(
        "FROM books.charges WHERE x_delivery_id = ? ORDER BY x_line", books.delivery(SAMPLE)["delivery_id"]
    )
    with (shared / "cloud_billing" / SAMPLE).open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row, record in zip(rows, reader, strict=True):
            assert row["x_line"] == reader.line_num
            for theirs, ours in names.items():
                assert row[ours] == (None if record[theirs] == "NULL" else Decimal(record[theirs])), reader.line_num
            for theirs, ours in texts.items():
                assert row[ours] == (None if record[theirs] in ("NULL", "") else record[theirs]), reader.line_num
            assert str(row["charge_period_start"]) == record["ChargePeriodStart"]


def test_a_charge_of_the_sample_outside_its_month_is_a_warning(books: Books) -> None:
    assert books.delivery(SAMPLE)["warnings"] == ["1 row: the charge lies outside its billing period"]


@pytest.mark.parametrize(
    ("name", "rows", "billed", "effective"),
    [
        (FRAGMENTS[0], 1, "8760", "0"),
        (FRAGMENTS[1], 2, "2", "0"),
        (FRAGMENTS[2], 1, "0", "1"),
        (FRAGMENTS[3], 2, "0", "1"),
        (FRAGMENTS[4], 3, "2", "2"),
    ],
)
def test_the_examples_of_the_specification_load_in_the_currency_of_their_source(
    books: Books, name: str, rows: int, billed: str, effective: str
) -> None:
    found = totals(books, f"{name}.csv")
    assert books.delivery(f"{name}.csv")["rows_loaded"] == rows
    assert (found["billed_cost"], found["effective_cost"]) == (Decimal(billed), Decimal(effective))


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        ("commitment_discount_purchase_scenario_2", [(4, "ChargePeriodEnd", "2023-02-01T30:00:00Z")]),
        ("simple_saas_agreements_a1", [(2, "BilledCost", "$10,000.00 ")]),
        (
            "simple_saas_agreements_c",
            [(2, "BilledCost", "$10,100.00 "), (3, "BilledCost", "$13,000.00 "), (4, "BilledCost", "$12,700.00 ")],
        ),
        (
            "saas_spend_agreements_a1",
            [
                (2, "ChargePeriodStart", "4/1/25"),
                (3, "ChargePeriodStart", "5/1/25"),
                (4, "ChargePeriodStart", "6/1/25"),
                (5, "ChargePeriodStart", "4/1/25"),
            ],
        ),
        ("virtual_currency_pricing_model_a1", [(2, "ChargePeriodStart", "4/1/25")]),
    ],
)
def test_rows_that_break_the_specification_are_quarantined_and_never_read_as_zero(
    books: Books, name: str, faults: list[tuple[int, str, str]]
) -> None:
    file = f"{SPEC}{name}.csv"
    assert [(row["line"], row["column_name"], row["value"]) for row in books.quarantine(file)] == faults
    assert all(row["remedy"] for row in books.quarantine(file))
    unreadable = sum(column == "BilledCost" for _, column, _ in faults)
    assert books.delivery(file)["rows_unreadable"] == unreadable
    if not unreadable:
        assert totals(books, file, "amount_quarantined")["billed_cost"] > 0


def test_bills_in_other_formats_are_refused_with_what_they_lack(books: Books, shared: Path) -> None:
    others = [path.name for path in (shared / "cloud_billing").iterdir() if not path.name.startswith("focus_1")]
    assert len(others) >= 8
    for name in others:
        delivery = books.delivery(name)
        assert delivery["status"] == "refused", name
        assert delivery["refused_because"].startswith("line 1 lacks the column"), name
        assert "BilledCost" in delivery["refused_because"] or "ChargePeriodStart" in delivery["refused_because"], name


def test_slurm_as_json_is_refused_where_its_text_is_expected(books: Books, shared: Path) -> None:
    for path in (shared / "gpu_hours").glob("sacct_json_*"):
        assert books.delivery(path.name)["refused_because"].startswith("line 1 lacks the columns JobID, Start")


def gpu_hours(books: Books, file: str) -> dict[str, Decimal]:
    """GPU hours by state, as they would be charged."""
    rows = books.ask(
        "SELECT state, CAST(round(sum(consumed_quantity), 6) AS DECIMAL(18, 6)) AS hours FROM books.job_charges "
        "JOIN books.jobs USING (x_delivery_id, x_line) WHERE x_delivery_id = ? GROUP BY state",
        books.delivery(file)["delivery_id"],
    )
    return {row["state"]: row["hours"] for row in rows}


def test_a_clusters_accounting_log_loads_whole_and_ties_out_to_its_gpu_hours(books: Books) -> None:
    delivery = books.delivery("sacct_xdmod_phillips.log")
    assert (delivery["rows_read"], delivery["rows_loaded"], delivery["rows_skipped"]) == (4285, 4285, 0)
    states = books.ask(
        "SELECT state, count(*) AS n, count(*) FILTER (gpus > 0) AS on_gpus FROM books.jobs WHERE x_delivery_id = ? "
        "GROUP BY state ORDER BY state",
        delivery["delivery_id"],
    )
    assert [(row["state"], row["n"]) for row in states] == [
        ("CANCELLED", 243),
        ("COMPLETED", 2324),
        ("FAILED", 1717),
        ("TIMEOUT", 1),
    ]
    assert sum(row["on_gpus"] for row in states) == 2
    assert gpu_hours(books, "sacct_xdmod_phillips.log") == {
        "CANCELLED": Decimal("506.903333"),
        "COMPLETED": Decimal("0.009444"),
    }


def test_elapsed_times_of_the_log_agree_with_start_and_end(books: Books) -> None:
    odd = books.one(
        "SELECT count(*) FROM books.jobs WHERE started_at IS NOT NULL AND ended_at IS NOT NULL "
        "AND abs(date_diff('second', started_at, ended_at) - elapsed_seconds) > 1"
    )
    assert odd == 0


def test_a_job_that_never_ran_costs_nothing_whatever_was_set_aside_for_it(books: Books) -> None:
    delivery = books.delivery("sacct_xdmod_accounting-logs.log")
    assert (delivery["rows_read"], delivery["rows_loaded"]) == (4, 4)
    (job,) = books.ask("FROM books.jobs WHERE job_id = '5692623'")
    assert (job["gpus"], job["elapsed_seconds"], job["partition"]) == (2, 0, None)
    assert gpu_hours(books, "sacct_xdmod_accounting-logs.log") == {}


def test_gpu_counts_agree_with_another_tools_cases(shared: Path) -> None:
    cases = json.loads((shared / "gpu_hours" / "xdmod_alloc_tres_gpu_count_cases.json").read_text("utf-8"))
    assert cases
    with connect(IN_MEMORY) as con:
        jobs = typed(con, "slurm", [{"job_id": "1", "alloc_tres": text or None} for text, _ in cases])
    assert [job["gpus"] for job in jobs] == [gpus for _, gpus in cases]


def test_nothing_of_the_real_files_is_lost_or_doubled(books: Books) -> None:
    assert not steps.check_invariants(books.workspace)
    held = [status for _, status in books.statuses() if status in ("held", "duplicate", "superseded")]
    assert not held
