"""Whatever comes into the inbox: a clear sentence for what is wrong, and everything else loads all the same.

All the files of the first part lie in one inbox and are loaded by one run, whose every promise is checked.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.books import Books, config, focus, in_month, invoices, rates, runs, sacct
from truecost import steps
from truecost.errors import ConfigError
from truecost.intake.landing import Landing
from truecost.workspace.workspace import load_workspace

NUMBER = "write a plain number such as 1234.56: no currency sign, no thousands comma, no blanks"
TIME = "write a UTC time such as 2026-01-31T00:00:00Z, between 2000 and 2100"
LINE = "export the file again, or mend the line"
CURRENCY = "write a code of three capital letters such as USD, or set `currency` on the source"

Fault = tuple[int, str | None, str | None, str, str]
"""(line, column, the value as the file has it, what is wrong, what to do)"""


def bill(account: str, *rows: Mapping[str, str], delimiter: str = ",", end: str = "\n") -> str:
    """A FOCUS export of an account of its own, so that no two files claim the same billing period."""
    return focus(*({"BillingAccountId": account, **row} for row in rows), delimiter=delimiter, end=end)


def zstd(text: str) -> bytes:
    return bytes(pa.compress(text.encode(), codec="zstd", asbytes=True))


def parquet(account: str) -> bytes:
    """A FOCUS export with typed costs and times, tags as a map, and a column that DuckDB might take for its own."""
    day = datetime(2026, 1, 10)
    columns: dict[str, Any] = {
        "BilledCost": pa.array([Decimal("1.25"), Decimal("2.5")], pa.decimal128(18, 6)),
        "EffectiveCost": pa.array([0.5, 1e-7], pa.float64()),
        "BillingCurrency": ["USD", "USD"],
        "BillingAccountId": [account, account],
        "BillingPeriodStart": pa.array([datetime(2026, 1, 1)] * 2, pa.timestamp("us", "UTC")),
        "ChargeCategory": ["Usage", "Usage"],
        "ChargePeriodStart": pa.array([day, day], pa.timestamp("ms")),
        "ChargePeriodEnd": pa.array([day.replace(day=11)] * 2, pa.date32()),
        "Tags": pa.array([[("team", "nlp")], None], pa.map_(pa.string(), pa.string())),
        "row_index": [7, 8],
    }
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def without(text: str, column: str) -> str:
    """A table less one of its columns."""
    lines = [line.split(",") for line in text.splitlines()]
    at = lines[0].index(column)
    return "".join(",".join(line[:at] + line[at + 1 :]) + "\n" for line in lines)


def damaged(content: bytes, at: int) -> bytes:
    return content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 40]) + content[at + 40 :]


CUT = "the compressed file is cut or damaged (Compressed file ended before the end-of-stream marker was reached); "
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "an empty file": (b"", "the file is empty; export it again"),
    "an empty file, compressed": (gzip.compress(b""), "the file is empty; export it again"),
    "a cut gzip": (gzip.compress(bill("gz", {}, {}, {}).encode())[:-20], f"{CUT}send it again"),
    "a cut zstd": (
        zstd(bill("zst", {}, {}, {}))[:-9],
        "the compressed file is cut or damaged (Truncated compressed stream); send it again",
    ),
    "UTF-16": (bill("u16", {}).encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
    "UTF-16, compressed": (gzip.compress(bill("u16", {}).encode("utf-16")), "the file is UTF-16; save it as UTF-8"),
    "UTF-16 without a mark": (
        bill("u16", {}).encode("utf-16-le"),
        "line 1 holds NUL bytes; export the file again, as UTF-8",
    ),
    "Latin-1 in the header": (
        bill("l1", {}).replace("ServiceName", "Dienst für").encode("latin-1"),
        "line 1 is not UTF-8 (Latin-1, perhaps); save the file as UTF-8",
    ),
    "a NUL byte in the header": (
        bill("nul", {}).replace("ServiceName", "Service\0Name"),
        "line 1 holds NUL bytes; export the file again, as UTF-8",
    ),
    "line ends of old Macs": (
        bill("mac", {}, end="\r"),
        "the lines end in carriage returns only; save the file with LF or CRLF line ends",
    ),
    "a blank first line": (
        "\n" + bill("blank", {}),
        "line 1 is blank where the column names should be; take the blank lines out",
    ),
    "a missing column": (
        without(bill("less", {}), "BilledCost"),
        "line 1 lacks the column BilledCost that focus needs; export it, or map it under `columns` of the source",
    ),
    "a missing currency": (
        without(bill("less", {}), "BillingCurrency"),
        "line 1 lacks the column BillingCurrency that focus needs; "
        "export it, or map it under `columns` of the source, or set `currency` there",
    ),
    "two missing columns": (
        without(without(bill("less", {}), "ChargePeriodEnd"), "BilledCost"),
        "line 1 lacks the columns BilledCost, ChargePeriodEnd that focus needs; "
        "export them, or map them under `columns` of the source",
    ),
    "a column named twice": (
        bill("twice", {}).replace("ServiceName", "BilledCost"),
        "line 1 names the column BilledCost twice; keep one",
    ),
    "a column named twice but for its case": (
        bill("twice", {}).replace("ServiceName", "billedcost"),
        "line 1 names the column BilledCost, billedcost twice; keep one",
    ),
    "a column name truecost keeps": (
        bill("kept", {}).replace("ServiceName", "__line"),
        "line 1 names the column __line, which truecost keeps for itself; rename it",
    ),
    "FOCUS 0.5": (
        bill("old", {}).replace("EffectiveCost", "AmortizedCost").replace("ChargeCategory", "ChargeType"),
        "the file is FOCUS 0.5; export FOCUS 1.0 or newer",
    ),
    "a picture": (
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "line 1 is not UTF-8 (Latin-1, perhaps); save the file as UTF-8",
    ),
    "a Parquet file cut short": (
        parquet("cut")[:5],
        "the Parquet file can't be read (File too small to be a Parquet file); export it again",
    ),
}

QUARANTINED: dict[str, tuple[str | bytes, int, list[Fault]]] = {
    "a file cut in a row": (
        bill("cut", {}, {}, {})[:-45],
        2,
        [(4, None, None, "the line has 12 columns where the header has 17", LINE)],
    ),
    "a file cut in quotes": (
        bill("quote", {}, {"ChargeDescription": "a long, long one"})[:-64],
        1,
        [(3, None, None, "the quotes of the record that starts here don't add up (unexpected end of data)", LINE)],
    ),
    "a quote that is never closed": (
        bill("open", {}, {"ChargeDescription": "OPEN"}, {}, {"ChargeDescription": "a, b"}).replace("OPEN", '"open'),
        3,
        [(3, None, None, "the quotes of the record that starts here don't add up (',' expected after '\"')", LINE)],
    ),
    "Latin-1 in one row": (
        bill("latin", {}, {"ChargeDescription": "Schlüssel"}, {}).encode("latin-1"),
        2,
        [(3, None, None, "the line is not UTF-8 (Latin-1, perhaps)", LINE)],
    ),
    "NUL bytes": (
        bill("nul", {"ChargeDescription": "a\0b"}, {"BilledCost": "1\x000"}, {}),
        2,
        [(3, "BilledCost", "1\x000", "is not an amount", NUMBER)],
    ),
    "a carriage return outside quotes": (
        bill("cr", {"ChargeDescription": "a\rb"}, {}, {"BilledCost": "ten"}),
        1,
        [
            (2, None, None, "the line has a carriage return outside quotes", LINE),
            (4, "BilledCost", "ten", "is not an amount", NUMBER),
        ],
    ),
    "ragged rows": (
        bill("ragged", {}, {}) + "1,2,3\n" + bill("ragged", {}).splitlines()[1] + ",more\n",
        2,
        [
            (4, None, "1,2,3", "the line has 3 columns where the header has 17", LINE),
            (5, None, None, "the line has 18 columns where the header has 17", LINE),
        ],
    ),
    "line breaks in fields": (
        bill("breaks", {"ChargeDescription": "a\nb\nc"}, {"BilledCost": "ten"}, {"ChargeDescription": "d\r\ne"}, {})
        + "short\n",
        3,
        [
            (5, "BilledCost", "ten", "is not an amount", NUMBER),
            (9, None, "short", "the line has 1 column where the header has 17", LINE),
        ],
    ),
    "amounts no one should guess at": (
        bill(
            "amounts",
            *(
                {"BilledCost": text}
                for text in ("NaN", "inf", "-Infinity", "1e400", "1_000", "$10,000.00 ", " 1", "1,5", "")
            ),
            {"BilledCost": "-1.5E-3"},
            {"BilledCost": "+.5"},
        ),
        2,
        [
            *(
                (line, "BilledCost", text, "is not an amount", NUMBER)
                for line, text in enumerate(
                    ("NaN", "inf", "-Infinity", "1e400", "1_000", "$10,000.00 ", " 1", "1,5"), start=2
                )
            ),
            (10, "BilledCost", None, "is not an amount", NUMBER),
        ],
    ),
    "negative use at a positive cost": (
        bill("negative", {"ConsumedQuantity": "-1"}, {"ConsumedQuantity": "-1", "ChargeClass": "Correction"}),
        1,
        [
            (
                2,
                "ConsumedQuantity",
                "-1",
                "is negative, though the cost is not and the row is no correction",
                "mark the row ChargeClass = Correction, or mend the sign",
            )
        ],
    ),
    "days that are not": (
        bill(
            "days",
            {"ChargePeriodStart": "1899-12-31T00:00:00Z"},
            {"ChargePeriodEnd": "2999-01-01T00:00:00Z"},
            {"ChargePeriodStart": "2026-02-30"},
            {"ChargePeriodStart": "10/01/2026"},
            {"BillingPeriodStart": "2026-01-01T00:00:00+99:00"},
            {},
        ),
        1,
        [
            (2, "ChargePeriodStart", "1899-12-31T00:00:00Z", "is not a time truecost can read", TIME),
            (3, "ChargePeriodEnd", "2999-01-01T00:00:00Z", "is not a time truecost can read", TIME),
            (4, "ChargePeriodStart", "2026-02-30", "is not a time truecost can read", TIME),
            (5, "ChargePeriodStart", "10/01/2026", "is not a time truecost can read", TIME),
            (6, "BillingPeriodStart", "2026-01-01T00:00:00+99:00", "is not a time truecost can read", TIME),
        ],
    ),
    "a period that ends before it starts": (
        bill("backwards", {"ChargePeriodEnd": "2026-01-10T00:00:00Z"}, {}),
        1,
        [
            (
                2,
                "ChargePeriodEnd",
                "2026-01-10T00:00:00Z",
                "is not after ChargePeriodStart",
                "the end is exclusive and lies after the start",
            )
        ],
    ),
    "currencies by other names": (
        bill("currency", {"BillingCurrency": "usd"}, {"BillingCurrency": "US$"}, {"BillingCurrency": ""}, {}),
        1,
        [
            (2, "BillingCurrency", "usd", "is not a currency code", CURRENCY),
            (3, "BillingCurrency", "US$", "is not a currency code", CURRENCY),
            (4, "BillingCurrency", None, "is not a currency code", CURRENCY),
        ],
    ),
    "a charge of no category": (
        bill("category", {"ChargeCategory": ""}, {"ChargeCategory": "Gift"}, {}),
        1,
        [
            (2, "ChargeCategory", None, "is empty", "write Usage, Purchase, Tax, Credit or Adjustment"),
            (
                3,
                "ChargeCategory",
                "Gift",
                "is not a charge category of FOCUS",
                "write Usage, Purchase, Tax, Credit or Adjustment",
            ),
        ],
    ),
}

GOOD: dict[str, tuple[str | bytes, int]] = {
    "a byte order mark": (b"\xef\xbb\xbf" + bill("bom", {"BilledCost": "1.5"}, {}).encode(), 2),
    "CRLF line ends": (bill("crlf", {"Tags": '{"team": "nlp"}'}, {}, end="\r\n"), 2),
    "no line end at the end": (bill("last", {}, {}).rstrip("\n"), 2),
    "a header and nothing else": (bill("none"), 0),
    "blank lines": (bill("gaps", {}, {}).replace("\n", "\n\n"), 2),
    "columns nobody knows": (bill("extra", {"x_Region": "north", "row_index": "5"}), 1),
    "columns without a name": (
        "".join(f"{n or ''},{line},,\n" for n, line in enumerate(bill("frame", {}, {}).splitlines())),
        2,
    ),
    "gzip": (gzip.compress(bill("gzip", {}, {}).encode()), 2),
    "gzip in two pieces": (
        gzip.compress(bill("pieces", {}).encode()) + gzip.compress(bill("pieces", {}).split("\n", 1)[1].encode()),
        2,
    ),
    "zstd": (zstd(bill("zstd", {}, {})), 2),
    "Parquet": (parquet("parquet"), 2),
    "times with offsets": (
        bill(
            "offsets",
            {"ChargePeriodStart": "2026-01-10T01:30:00+02:00", "ChargePeriodEnd": "2026-01-10 00:30:00 UTC"},
            {"ChargePeriodStart": "2026-01-10T01:30:00-0530", "ChargePeriodEnd": "2026-01-10T10:00:00.250Z"},
        ),
        2,
    ),
    "two rows that are alike": (bill("alike", {"BilledCost": "3"}, {"BilledCost": "3"}), 2),
    "a charge outside its billing period": (
        bill("outside", in_month(3, BillingPeriodStart="2026-01-01", BillingPeriodEnd="2026-02-01")),
        1,
    ),
}


def file_of(case: str) -> str:
    """The name of a case's file: they tell it apart, so nothing depends on the order they are read in."""
    return f"{case.replace(' ', '-').replace(',', '')}.csv"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """One workspace with every file there is here, after one run."""
    files: dict[str, str | bytes] = {}
    for cases in (REFUSED, QUARANTINED, GOOD):
        files |= {f"inbox/aws/{file_of(case)}": value[0] for case, value in cases.items()}
    files |= {
        "inbox/aws/a-folder.csv/notes.txt": "in a folder",
        "inbox/annotators/semicolons.csv": invoices({"description": "labels, tier 2"}, {"team": "nlp"}, delimiter=";"),
        "inbox/annotators/tabs.csv": invoices({"invoice_number": "INV-2"}, delimiter="\t"),
        "inbox/annotators/faulty.csv": invoices(
            {"invoice_number": ""},
            {"invoice_number": "INV-3", "amount": "1.000,00"},
            {"invoice_number": "INV-3", "issue_date": "31.01.2026"},
            {"invoice_number": "INV-3", "service_start": "2026-02-01", "service_end": "2026-01-31"},
            {"invoice_number": "INV-3", "service_end": "2026-01-31"},
            {"invoice_number": "INV-3"},
        ),
        "inbox/slurm/january.txt": sacct(
            {},
            {},
            {"JobID": "100.batch"},
            {"JobID": "x"},
            {"JobID": "101", "ElapsedRaw": "-5"},
            {"JobID": "102", "AllocTRES": "gres/gpu=lots"},
            {"JobID": "103", "Start": "Unknown"},
            {"JobID": "104", "Start": "Unknown", "ElapsedRaw": "0", "State": "CANCELLED by 7"},
            {"JobID": "105", "State": ""},
            {"JobID": "106", "JobName": 'a "quoted, name'},
        ),
        "inbox/rates/card.csv": rates(
            {}, {}, {"price_per_gpu_hour": "-1"}, {"valid_from": "soon"}, {"valid_to": "2025-12-31"}
        ),
        "inbox/runs/runs.csv": runs(
            {},
            {},
            {"run_id": ""},
            {"run_id": "r2", "outcome": "won"},
            {"run_id": "r3", "outcome": "promoted"},
            {"run_id": "r4", "parent_run_id": "r4"},
        ),
    }
    books = Books.of(tmp_path_factory.mktemp("bad") / "workspace", config(), files)
    books.run()
    return books


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(books: Books, case: str) -> None:
    delivery = books.delivery(file_of(case))
    assert (delivery["status"], delivery["refused_because"]) == ("refused", REFUSED[case][1])
    assert delivery["rows_read"] == 0
    assert (file_of(case), delivery["refused_because"]) in [
        (Path(file).name, why) for file, why in steps.standing(books.workspace).refused
    ]


def test_a_folder_in_place_of_a_file_is_refused(books: Books) -> None:
    delivery = books.delivery("a-folder.csv")
    assert delivery["refused_because"] == "there is a folder where a file should be; take it out or correct `path`"


@pytest.mark.parametrize("case", QUARANTINED)
def test_a_bad_row_is_quarantined_with_its_line_and_remedy_and_the_others_load(books: Books, case: str) -> None:
    _, loaded, faults = QUARANTINED[case]
    delivery = books.delivery(file_of(case))
    found = books.quarantine(file_of(case))
    assert [(row["line"], row["column_name"], row["message"], row["remedy"]) for row in found] == [
        (line, column, message, remedy) for line, column, _, message, remedy in faults
    ]
    for row, (_, column, value, *_) in zip(found, faults, strict=True):
        assert value is None or row["value"] == value
        assert column is None or json.loads(row["row_json"])[column] in (value, None, "")
    assert (delivery["status"], delivery["rows_loaded"]) == ("loaded", loaded)
    assert delivery["rows_read"] == loaded + len(faults)


@pytest.mark.parametrize("case", GOOD)
def test_an_unusual_but_sound_file_loads_whole(books: Books, case: str) -> None:
    delivery = books.delivery(file_of(case))
    assert (delivery["status"], delivery["refused_because"]) == ("loaded", None)
    assert (delivery["rows_read"], delivery["rows_loaded"]) == (GOOD[case][1], GOOD[case][1])
    assert not books.quarantine(file_of(case))


def test_nothing_of_any_delivery_is_lost_or_doubled(books: Books) -> None:
    assert not steps.check_invariants(books.workspace)
    deliveries = books.ask("FROM books.deliveries")
    assert len(deliveries) == len(REFUSED) + len(QUARANTINED) + len(GOOD) + 7
    for row in deliveries:
        parts = (row["rows_loaded"], row["rows_quarantined"], row["rows_duplicate"], row["rows_held"])
        assert row["rows_read"] == sum(parts) + row["rows_skipped"], row["file"]
    for row in books.ask("FROM books.control_totals"):
        split = (row["amount_loaded"], row["amount_quarantined"], row["amount_duplicate"], row["amount_held"])
        assert row["amount_read"] == sum(split) + row["amount_skipped"], row


def test_amounts_that_cannot_be_read_are_counted_and_never_summed(books: Books) -> None:
    delivery = books.delivery(file_of("amounts no one should guess at"))
    assert delivery["rows_unreadable"] == 8
    (total,) = books.ask(
        "SELECT * FROM books.control_totals WHERE delivery_id = ? AND column_name = 'billed_cost'",
        delivery["delivery_id"],
    )
    assert (total["amount_read"], total["amount_loaded"]) == (Decimal("0.4985"), Decimal("0.4985"))


def test_a_spoilt_line_is_kept_as_it_came(books: Books) -> None:
    (row,) = books.quarantine(file_of("a quote that is never closed"))
    content = QUARANTINED["a quote that is never closed"][0]
    assert isinstance(content, str)
    assert json.loads(row["row_json"])["text"] == content.splitlines()[2]


def test_lines_stay_right_after_line_breaks_in_fields(books: Books) -> None:
    number = books.delivery(file_of("line breaks in fields"))["delivery_id"]
    rows = books.ask(
        "SELECT x_line, charge_description FROM ledger.charges WHERE x_delivery_id = ? ORDER BY ALL", number
    )
    assert [tuple(row.values()) for row in rows] == [(2, "a\nb\nc"), (6, "d\r\ne"), (8, "GPU hours")]


def test_a_byte_order_mark_is_no_part_of_the_first_column(books: Books) -> None:
    number = books.delivery(file_of("a byte order mark"))["delivery_id"]
    costs = books.ask("SELECT billed_cost FROM ledger.charges WHERE x_delivery_id = ? ORDER BY x_line", number)
    assert [row["billed_cost"] for row in costs] == [Decimal("1.5"), Decimal(10)]


def test_a_carriage_return_at_the_line_end_is_no_part_of_the_last_column(books: Books) -> None:
    number = books.delivery(file_of("CRLF line ends"))["delivery_id"]
    tags = books.ask("SELECT tags FROM ledger.charges WHERE x_delivery_id = ? ORDER BY x_line", number)
    assert [row["tags"] for row in tags] == ['{"team": "nlp"}', None]


def test_times_with_offsets_are_converted_to_utc(books: Books) -> None:
    number = books.delivery(file_of("times with offsets"))["delivery_id"]
    rows = books.ask(
        "SELECT charge_period_start, charge_period_end FROM ledger.charges WHERE x_delivery_id = ? ORDER BY x_line",
        number,
    )
    assert [tuple(row.values()) for row in rows] == [
        (datetime(2026, 1, 9, 23, 30), datetime(2026, 1, 10, 0, 30)),
        (datetime(2026, 1, 10, 7), datetime(2026, 1, 10, 10, 0, 0, 250_000)),
    ]


def test_two_rows_that_are_alike_are_two_charges(books: Books) -> None:
    number = books.delivery(file_of("two rows that are alike"))["delivery_id"]
    assert books.one("SELECT sum(billed_cost) FROM books.charges WHERE x_delivery_id = ?", number) == 6


def test_parquet_keeps_decimals_times_and_tags(books: Books) -> None:
    number = books.delivery(file_of("Parquet"))["delivery_id"]
    rows = books.ask(
        "SELECT billed_cost, effective_cost, charge_period_start, charge_period_end, tags "
        "FROM ledger.charges WHERE x_delivery_id = ? ORDER BY x_line",
        number,
    )
    day = (datetime(2026, 1, 10), datetime(2026, 1, 11))
    assert [tuple(row.values()) for row in rows] == [
        (Decimal("1.25"), Decimal("0.5"), *day, '{"team":"nlp"}'),
        (Decimal("2.5"), Decimal("1E-7"), *day, None),
    ]


def test_columns_nobody_knows_are_named_in_the_log(books: Books) -> None:
    assert books.delivery(file_of("columns nobody knows"))["columns_ignored"] == ["x_Region", "row_index"]
    assert books.delivery(file_of("columns without a name"))["columns_ignored"] == []


def test_a_charge_outside_its_billing_period_is_a_warning_only(books: Books) -> None:
    delivery = books.delivery(file_of("a charge outside its billing period"))
    assert delivery["warnings"] == ["1 row: the charge lies outside its billing period"]


def test_invoices_parted_by_semicolons_or_tabs_load_and_what_nothing_maps_becomes_a_tag(books: Books) -> None:
    number = books.delivery("semicolons.csv")["delivery_id"]
    rows = books.ask(
        "SELECT charge_description, tags FROM ledger.charges WHERE x_delivery_id = ? ORDER BY x_line", number
    )
    assert [tuple(row.values()) for row in rows] == [("labels, tier 2", '{"team":null}'), ("labels", '{"team":"nlp"}')]
    assert books.delivery("tabs.csv")["rows_loaded"] == 1


def test_faults_of_invoices_name_the_column_of_the_file(books: Books) -> None:
    assert [(r["line"], r["column_name"], r["value"], r["message"]) for r in books.quarantine("faulty.csv")] == [
        (2, "invoice_number", None, "is empty"),
        (3, "amount", "1.000,00", "is not an amount"),
        (4, "issue_date", "31.01.2026", "is not a date"),
        (5, "service_end", "2026-01-31", "is not the last day of a service period"),
        (6, "service_start", None, "is not the first day of a service period"),
    ]


def test_a_job_listed_twice_is_a_duplicate_and_steps_are_skipped(books: Books) -> None:
    delivery = books.delivery("january.txt")
    parts = ("rows_read", "rows_loaded", "rows_quarantined", "rows_duplicate", "rows_held", "rows_skipped")
    assert [delivery[name] for name in parts] == [10, 3, 5, 1, 0, 1]
    assert [(r["line"], r["column_name"], r["value"]) for r in books.quarantine("january.txt")] == [
        (5, "JobID", "x"),
        (6, "ElapsedRaw", "-5"),
        (7, "AllocTRES", "gres/gpu=lots"),
        (8, "Start", "Unknown"),
        (10, "State", None),
    ]


def test_a_rate_listed_twice_is_a_duplicate(books: Books) -> None:
    delivery = books.delivery("card.csv")
    assert (delivery["rows_loaded"], delivery["rows_duplicate"], delivery["rows_quarantined"]) == (1, 1, 3)
    (total,) = books.ask("SELECT * FROM books.control_totals WHERE delivery_id = ?", delivery["delivery_id"])
    assert (total["amount_read"], total["amount_loaded"], total["amount_duplicate"], total["amount_quarantined"]) == (
        Decimal(9),
        Decimal("2.5"),
        Decimal("2.5"),
        Decimal(4),
    )


def test_a_run_listed_twice_is_a_duplicate(books: Books) -> None:
    delivery = books.delivery("runs.csv")
    assert (delivery["rows_loaded"], delivery["rows_duplicate"], delivery["rows_quarantined"]) == (1, 1, 4)
    assert [(r["line"], r["column_name"]) for r in books.quarantine("runs.csv")] == [
        (4, "run_id"),
        (5, "outcome"),
        (6, "decided_at"),
        (7, "run_id"),
    ]


def test_a_header_as_wide_as_a_log_without_one_is_still_a_header(tmp_path: Path) -> None:
    names = (
        "JobID JobIDRaw Cluster Partition QOS Account Group GID User UID Submit Eligible Start End Elapsed ExitCode "
    )
    names += "State NNodes NCPUS ReqCPUS ReqMem ReqTRES Comment Timelimit NodeList JobName"
    row = names.split()
    row[0], row[-1] = "1", "start"
    books = Books.of(
        tmp_path / "workspace",
        config("slurm"),
        {
            "inbox/slurm/header.txt": "|".join(names.split()) + "\n",
            "inbox/slurm/none.txt": "|".join(row[:1] + ["x"] * 24 + row[-1:]),
        },
    )
    books.take_in()
    assert books.delivery("header.txt")["refused_because"] == (
        "line 1 lacks the column AllocTRES that slurm needs; export it, or map it under `columns` of the source"
    ), "its jobs are not taken for jobs without GPUs"
    assert books.delivery("none.txt")["rows_read"] == 1


def test_a_parquet_file_damaged_inside_is_refused_without_naming_where_it_is_kept(tmp_path: Path) -> None:
    sound = parquet("damaged")
    books = Books.of(tmp_path / "workspace", config("aws"), {"inbox/aws/bill.parquet": damaged(sound, 30)})
    books.take_in()
    why = books.delivery("bill.parquet")["refused_because"]
    assert why.startswith("the Parquet file can't be read (")
    assert why.endswith("); export it again")
    assert str(books.root) not in why


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books.of(
        tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({}), "inbox/rates/b.csv": rates({})}
    )
    copy = Landing._copy
    written = 0

    def copied_while_written(self: Landing, path: Path) -> tuple[str, Path]:
        nonlocal written
        copied = copy(self, path)
        if path.name == "a.csv":
            written += 1
            path.write_text(rates(*[{}] * (written + 1)))
        return copied

    with monkeypatch.context() as patched:
        patched.setattr(Landing, "_copy", copied_while_written)
        books.take_in()
    assert books.delivery("a.csv")["refused_because"] == (
        "the file changes while it is read; it is left for the next run"
    )
    assert books.delivery("b.csv")["status"] == "loaded"
    assert not list((books.root / "landing" / "objects").glob(".new-*"))

    books.take_in()
    assert books.delivery("a.csv")["rows_read"] == written + 1
    assert not steps.standing(books.workspace).refused


def test_a_file_that_settles_while_it_is_read_is_landed_as_it_is_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    copy = Landing._copy

    def copied_while_written_once(self: Landing, path: Path) -> tuple[str, Path]:
        copied = copy(self, path)
        monkeypatch.undo()
        path.write_text(rates({}, {"valid_from": "2026-02-01"}))
        return copied

    monkeypatch.setattr(Landing, "_copy", copied_while_written_once)
    books.take_in()
    assert books.delivery("a.csv")["rows_read"] == 2


def _no_access(self: Landing, path: Path) -> tuple[str, Path]:
    raise PermissionError(13, "Permission denied", str(path))


def test_a_file_that_cannot_be_read_is_refused_until_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    with monkeypatch.context() as patched:
        patched.setattr(Landing, "_copy", _no_access)
        books.take_in()
        refused = "the file can't be read (Permission denied); allow reading it"
        assert books.delivery("a.csv")["refused_because"] == refused
        books.take_in()
        assert books.statuses() == [("a.csv", "refused")], "it is logged once, not at each run"
    books.take_in()
    assert books.delivery("a.csv")["status"] == "loaded"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_is_refused_and_the_others_load(tmp_path: Path) -> None:
    books = Books.of(
        tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({}), "inbox/rates/b.csv": rates({})}
    )
    (books.root / "inbox/rates/a.csv").chmod(0)
    books.take_in()
    assert dict(books.statuses()) == {"a.csv": "refused", "b.csv": "loaded"}


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    toml = config("rates").replace("inbox/rates/*", "inbox/card.csv")
    books = Books.of(tmp_path / "workspace", toml, {"inbox/other.csv": rates({})})
    (books.root / "inbox/card.csv").symlink_to("gone.csv")
    books.take_in()
    assert books.delivery("card.csv")["refused_because"] == ("the link leads to no file; mend it or take it out")


# ---- the command line ------------------------------------------------------------------------------------------------

Truecost = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """A workspace with a quarantined row and nothing refused, loaded."""
    files = {"inbox/rates/card.csv": rates({}, {"price_per_gpu_hour": "$3.00", "valid_from": "2026-02-01"})}
    books = Books.of(tmp_path_factory.mktemp("faulty") / "workspace", config("rates"), files)
    books.take_in()
    return books


def test_quarantined_rows_are_exit_code_3_only_where_asked_for(truecost: Truecost, faulty: Books) -> None:
    plain = truecost("ingest", "--workspace", faulty.root)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "quarantined" in plain.stdout
    strict = truecost("ingest", "--workspace", faulty.root, "--strict")
    assert (strict.returncode, strict.stdout) == (3, plain.stdout)


def test_a_refused_delivery_is_exit_code_1_and_machines_read_why(truecost: Truecost, tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/card.csv": rates({})})
    books.take_in()
    books.put("inbox/rates/empty.csv", "")
    done = truecost("ingest", "--workspace", books.root, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert told["landed"] == 1
    assert [(row["file"], row["rows_accepted"]) for row in told["loaded"]] == [("inbox/rates/empty.csv", 0)]
    assert told["standing"]["refused"] == [["inbox/rates/empty.csv", "the file is empty; export it again"]]


@pytest.mark.slow
def test_a_run_says_of_each_file_what_became_of_it(truecost: Truecost, tmp_path: Path) -> None:
    """`1 files landed, 1 loaded` was said of one that is refused."""
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/card.csv": rates({})})
    books.put("inbox/rates/empty.csv", "")
    run = ("run", "--as-of", "2026-01-05", "--workspace", books.root)
    assert truecost(*run).stdout.splitlines()[0] == "2 files landed, 1 loaded, 1 refused."
    assert truecost(*run).stdout.splitlines()[0] == "0 files landed, 0 loaded."
    books.put("inbox/rates/other.csv", "")
    assert json.loads(truecost(*run, "--json").stdout)["became"] == {"refused": 1}


def test_checking_a_file_says_where_and_how_to_mend_it(truecost: Truecost, faulty: Books) -> None:
    file = faulty.root / "inbox/rates/card.csv"
    done = truecost("sources", "check", file, "--workspace", faulty.root, "--strict")
    assert done.returncode == 3
    assert done.stdout.splitlines() == [
        f"{file}: rate_card, 2 rows read, 1 good, 1 faulty, 0 skipped.",
        "  card.csv:3: price_per_gpu_hour '$3.00' is not a price; write a plain number such as 2.95, not negative.",
    ]


def test_checking_a_file_on_its_own_guesses_the_format_and_machines_read_the_faults(
    truecost: Truecost, tmp_path: Path
) -> None:
    file = tmp_path / "bill.csv"
    file.write_text(focus({}, {"BilledCost": "1_000"}))
    done = truecost("sources", "check", file, "--workspace", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["format"], told["rows_read"], told["rows_accepted"], told["rows_quarantined"]) == ("focus", 2, 1, 1)
    assert told["faults"] == [
        {"file": "bill.csv", "line": 3, "message": "BilledCost '1_000' is not an amount", "remedy": NUMBER}
    ]


def test_checking_a_file_nothing_can_read_is_exit_code_1(truecost: Truecost, tmp_path: Path) -> None:
    file = tmp_path / "bill.csv"
    file.write_bytes(focus({}).encode("utf-16"))
    guessed = truecost("sources", "check", file, "--workspace", tmp_path)
    assert (guessed.returncode, guessed.stdout) == (1, "")
    assert guessed.stderr.startswith(f"truecost: {file} can't be read: the file is UTF-16")
    told = truecost("sources", "check", file, "--format", "focus", "--workspace", tmp_path)
    assert told.returncode == 1
    assert told.stdout == f"{file}: refused as focus: the file is UTF-16; save it as UTF-8.\n"
    assert "Traceback" not in guessed.stderr + told.stderr


FAULTY_CONFIG = """\
[workspace]
name = "books"
reporting_currency = "dollars"
fiscal_year_start_month = 13
currency = "USD"

[[sources]]
name = "aws"
format = "focus"
path = "inbox/aws/*.csv"
delivery = "files"

[[sources]]
name = "has blanks"
format = "rate_card"
pth = "inbox/rates.csv"
"""

FAULTY_MEANING = """\
[workspace]
name = "books"

[[sources]]
name = "aws"
format = "fokus"
path = "inbox/aws/*.csv"

[[sources]]
name = "aws"
format = "rate_card"
path = "s3://bucket/rates.csv"
timezone = "Europe/Atlantis"
columns = { prize = "Price" }

[[models]]
id = "bot"
plan = "plans/bot.toml"

[[attribution]]
match = { service = "EC2" }
model = "bott"
"""


def test_every_fault_of_the_workspace_is_told_at_once_with_its_line(truecost: Truecost, tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", FAULTY_CONFIG)
    done = truecost("ingest", "--workspace", books.root)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.removeprefix("truecost: ").splitlines()
    assert [line.split(": ", 1)[0] for line in lines] == [
        "truecost.toml:3",
        "truecost.toml:4",
        "truecost.toml:5",
        "truecost.toml:11",
        "truecost.toml:13",
        "truecost.toml:14",
        "truecost.toml:16",
    ]
    assert all("; " in line and line.endswith(".") for line in lines), "each says what to do"
    assert "Traceback" not in done.stderr


def test_faults_of_meaning_are_told_at_once_in_the_files_order(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", FAULTY_MEANING)
    with pytest.raises(ConfigError) as caught:
        load_workspace(books.root)
    assert [(fault.line, fault.message) for fault in caught.value.faults] == [
        (6, "the format 'fokus' is unknown"),
        (10, "'aws' is used twice in [[sources]]"),
        (12, "s3://bucket/rates.csv is not on this machine's disk"),
        (13, "a source of the format rate_card can't use the key 'timezone'"),
        (13, "the timezone 'Europe/Atlantis' is unknown"),
        (14, "rate_card has no column 'prize'"),
        (18, "the plan plans/bot.toml of bot is not there"),
        (21, "a charge has no column 'service'"),
        (22, "no [[models]] has the id 'bott'"),
    ]
    remedies = [fault.remedy for fault in caught.value.faults]
    assert remedies[0] == "did you mean 'focus'?"
    assert remedies[-1] == "did you mean 'bot'?"
    assert all(remedies)


def test_nothing_is_touched_where_the_workspace_is_faulty(truecost: Truecost, tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", FAULTY_MEANING, {"inbox/aws/a.csv": focus({})})
    before = sorted(path.name for path in books.root.rglob("*"))
    assert truecost("ingest", "--workspace", books.root, "--json").returncode == 2
    assert sorted(path.name for path in books.root.rglob("*")) == before
    shutil.rmtree(books.root)
    gone = truecost("ingest", "--workspace", books.root)
    assert gone.returncode == 2
    assert "there is no workspace here" in gone.stderr
