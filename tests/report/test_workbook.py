"""The workbook: figures that tie to the report, real numbers and dates, and text that stays text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from openpyxl.utils.escape import unescape
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.support.books import Books, config, focus, in_month, invoices
from tests.support.outlook_rows import put_outlook
from truecost import steps
from truecost.clock import Clock
from truecost.publish.publication import open_published
from truecost.quarters import parse_quarter
from truecost.report.read import read_report
from truecost.report.spreadsheet import LONGEST_TEXT
from truecost.report.workbook import write_workbook

QUARTER = "FY2026-Q3"
CLOCK = Clock(date(2026, 10, 5))
SCRIPT = "<script>alert(1)</script>"
FORMULA = "=1+1"
ODD_TEXTS = (
    SCRIPT,
    FORMULA,
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\ttab",
    "<r><t>rich</t></r>",
    "_x0041_",
    '"quoted", it\'s & <b>',
    "https://example.com/?a=1&b=2",
    "00123",
    "1e5",
)
RULES = f"""
[[models]]
id = "{SCRIPT}"

[[models]]
id = "{FORMULA}"

[[attribution]]
match = {{ source = "aws", service_name = "Compute" }}
model = "{SCRIPT}"
activity = "serving"
cost_kind = "compute"

[[attribution]]
match = {{ source = "annotators" }}
model = "{FORMULA}"
activity = "data_curation"
"""
SUMS = re.compile(r"=(SUM|SUBTOTAL)\((?:109,)?([A-Z]+)(\d+):([A-Z]+)(\d+)\)")
PARTS = re.compile(r'=SUMIF\(([A-Z]+)(\d+):[A-Z]+(\d+),"([^"]+)",([A-Z]+)\2:\5\3\)')
TIES = re.compile(r"='[^']+'![A-Z]+\d+([+-]'[^']+'![A-Z]+\d+)*|=ROUND\(MAX\(.*\)-MIN\(.*\),2\)")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Three months of charges with odd texts, an invoice over two quarters, a credit, and a row in quarantine."""
    rows = [
        in_month(
            7 + place % 3,
            ChargeDescription=text,
            BilledCost=f"{10 + place}.005",
            EffectiveCost=f"{10 + place}.0000000001",
            ChargePeriodStart=f"2026-{7 + place % 3:02d}-10T12:30:00Z",
            ServiceName="Compute" if place % 4 else "Other",
            ResourceId="r" * 40_000 if place == 0 else text,
        )
        for place, text in enumerate(ODD_TEXTS)
    ]
    rows += [
        in_month(9, BilledCost="-0.015", EffectiveCost="-0.015", ChargeCategory="Credit"),
        in_month(8, BilledCost="x"),
    ]
    lines = [
        {"amount": "1000.01", "issue_date": "2026-09-30", "service_start": "2026-09-01", "service_end": "2026-10-31"},
        {"invoice_number": "INV-2", "issuer": SCRIPT, "amount": "-33.33", "issue_date": "2026-08-31"},
    ]
    books = Books.of(
        tmp_path_factory.mktemp("workbook") / "books",
        config("aws", "annotators", more=RULES),
        {"inbox/aws/a.csv": focus(*rows), "inbox/annotators/b.csv": invoices(*lines)},
    )
    books.run(CLOCK.today())
    steps.publish(books.workspace, CLOCK)
    put_outlook(books.workspace.published, FORMULA, stage=SCRIPT, message=f"{FORMULA} {SCRIPT}")
    steps.report(books.workspace, CLOCK)
    return books


@pytest.fixture(scope="module")
def folder(books: Books) -> Path:
    return books.workspace.reports / QUARTER


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "true-cost.json").read_text("utf-8"))
    return told


@pytest.fixture(scope="module")
def shown(folder: Path) -> Workbook:
    """With the values that stand beside the formulas."""
    return openpyxl.load_workbook(folder / "true-cost.xlsx", data_only=True)


@pytest.fixture(scope="module")
def written(folder: Path) -> Workbook:
    """With the formulas."""
    return openpyxl.load_workbook(folder / "true-cost.xlsx")


def test_it_has_a_sheet_for_each_question(shown: Workbook) -> None:
    listed = ["Bridge", "Stages", "Plan", "Units", "Charges", "Invoices", "Quarantine"]
    assert shown.sheetnames == ["Summary", *listed, "Notes"], "without a quarter before, no drivers"
    for name in listed:
        sheet = shown[name]
        header = header_row(sheet)
        assert sheet.freeze_panes == f"B{header + 1}"
        assert sheet.auto_filter.ref is not None
        assert sheet.auto_filter.ref.startswith(f"A{header}:")
        assert all(sheet.column_dimensions[letter].width > 5 for letter in "ABC")


def test_the_sheets_tie_to_the_report_to_the_cent(shown: Workbook, report: dict[str, Any]) -> None:
    total = report["total"]
    summary = named_rows(shown["Summary"])
    keys = ("training_only_cost", "true_cost", "multiplier", "billed_cost")
    keys += tuple(f"{key}_to_date" for key in keys)
    for name, figures in ((model["model_id"], model) for model in report["models"]):
        assert_same(summary[name][1:9], [figures[key] for key in keys])
    assert_same(summary["Total"][1:9], [total[key] for key in keys])
    assert_same(summary["Unallocated"][2:5:2], [total["unallocated_cost"], total["unallocated_billed_cost"]])
    stages, charges = shown["Stages"], shown["Charges"]
    assert_same([sum(column(stages, f"Cost {QUARTER} (USD)"))], [total["true_cost"]])
    assert_same([sum(column(stages, "Cost to date (USD)"))], [total["true_cost_to_date"]])
    assert_same([sum(column(charges, "Cost (USD)"))], [total["true_cost"]])
    assert_same([sum(column(charges, "Billed cost (USD)"))], [total["billed_cost"]])
    bridge = named_rows(shown["Bridge"])
    for name, true_cost in {
        **{model["model_id"]: model["true_cost"] for model in report["models"]},
        "Unallocated": total["unallocated_cost"],
        "Total": total["true_cost"],
    }.items():
        assert_same([bridge[name][8], sum(bridge[name][1:8])], [true_cost] * 2)
    units = named_rows(shown["Units"])
    assert {name: units[name][3] for name in units if name in (SCRIPT, FORMULA)} == {
        model["model_id"]: pytest.approx(float(model["true_cost"])) for model in report["models"]
    }
    whole = {model["model_id"]: model["completeness"] for model in report["models"]}
    assert {name: units[name][16] for name in whole} == whole
    true_cost, so_far = total["true_cost"], total["true_cost_to_date"]
    of_models = str(Decimal(true_cost) - Decimal(total["unallocated_cost"]))
    ties = {name: row[1:8] for name, row in named_rows(shown["Notes"]).items()}
    assert named_rows(shown["Notes"])["Figure"][1:8] == (
        *("Summary", "Bridge", "Stages", "Drivers", "Units", "Charges", "Difference"),
    )
    assert_same(ties["True cost"], [true_cost, true_cost, true_cost, None, None, true_cost, "0"])
    assert_same(ties["True cost of the models"], [of_models, None, None, None, of_models, None, "0"])
    assert_same(ties["Billed cost"], [total["billed_cost"], *[None] * 4, total["billed_cost"], "0"])
    assert_same(ties["True cost to date"], [so_far, None, so_far, None, None, None, "0"])


def test_every_total_is_a_sum_of_exactly_its_rows_and_says_its_value(shown: Workbook, written: Workbook) -> None:
    found = 0
    for sheet in written.worksheets:
        for cell in formulas(sheet):
            told = SUMS.fullmatch(cell.value)
            if told is None:
                assert TIES.fullmatch(cell.value), cell.value
                continue
            found += 1
            _, letter, first, _, last = told.groups()
            values = [shown[sheet.title][f"{letter}{row}"].value for row in range(int(first), int(last) + 1)]
            assert shown[sheet.title][cell.coordinate].value == pytest.approx(sum(filter(None, values)), abs=1e-9)
            if sheet.title != "Summary":
                assert (int(first), int(last)) == (header_row(sheet) + 1, sheet.max_row)
    assert found == 6 + 2 * (8 + 2 + 2 + 2)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_comes_to_the_same_totals(folder: Path, shown: Workbook, tmp_path: Path) -> None:
    copy = openpyxl.load_workbook(folder / "true-cost.xlsx")
    copy.save(tmp_path / "bare.xlsx")  # without the values, so that they have to be calculated
    home = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [
        "soffice",
        home,
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        str(tmp_path / "out"),
    ]
    subprocess.run([*command, str(tmp_path / "bare.xlsx")], check=True, capture_output=True, timeout=240)
    calculated = openpyxl.load_workbook(tmp_path / "out/bare.xlsx", data_only=True)
    compared = 0
    for sheet in copy.worksheets:
        for cell in formulas(sheet):
            value = calculated[sheet.title][cell.coordinate].value
            assert value == pytest.approx(shown[sheet.title][cell.coordinate].value, abs=0.000001), cell.value
            compared += 1
    assert compared > 15


def test_numbers_are_numbers_and_dates_are_dates(shown: Workbook) -> None:
    charges = shown["Charges"]
    assert {type(value) for value in column(charges, "Cost (USD)")} == {float}
    assert all(isinstance(value, datetime) for value in column(charges, "Month"))
    assert datetime(2026, 7, 10, 12, 30) in column(charges, "Charge period start (UTC)")
    assert {type(value) for value in column(charges, "Line")} == {int}
    assert 10.0000000001 in column(charges, "Cost (USD)")  # cents are only shown, not made
    (cell,) = [cell for cell in next(charges.iter_rows(min_row=header_row(charges) + 1)) if cell.column == 9]
    assert cell.number_format.startswith("#,##0.00")
    assert {type(value) for value in column(shown["Invoices"], "With tax")} <= {int, float}
    assert column(shown["Invoices"], "Issued") == [datetime(2026, 8, 31), datetime(2026, 9, 30)]


def test_text_stays_text_whatever_it_begins_with(shown: Workbook, written: Workbook) -> None:
    descriptions = column(shown["Charges"], "Description")
    assert {text.strip() for text in ODD_TEXTS} <= {text.strip() for text in descriptions if text}
    cells = [
        cell for sheet in written.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None
    ]
    assert {cell.data_type for cell in cells} == {"s", "n", "d", "f"}
    assert all(SUMS.fullmatch(cell.value) or TIES.fullmatch(cell.value) for cell in cells if cell.data_type == "f")
    assert not any(cell.hyperlink for cell in cells)
    said = [cell.value for cell in cells if cell.data_type == "s"]
    assert f"{FORMULA} {SCRIPT}" in said
    assert SCRIPT in said
    assert FORMULA in said
    (long,) = [text for text in said if text.startswith("rrr")]
    assert len(long) <= LONGEST_TEXT
    assert long.endswith("(cut)")


def test_each_charge_names_its_file_and_line(books: Books, shown: Workbook) -> None:
    charges = shown["Charges"]
    places = list(zip(*(column(charges, name) for name in ("File", "Line", "Description")), strict=True))
    for file, line, text in places:
        if file == "inbox/aws/a.csv":
            told = (books.root / file).read_text("utf-8").splitlines()[line - 1].replace('""', '"')
            assert text is None or text.strip() in told
    assert ("inbox/annotators/b.csv", 2, "labels") in places
    quarantine = shown["Quarantine"]
    assert column(quarantine, "File") == ["inbox/aws/a.csv"]
    assert column(quarantine, "Value") == ["x"]
    assert json.loads(column(quarantine, "Row, as JSON")[0])["BilledCost"] == "x"


def test_an_invoice_of_two_quarters_counts_with_its_part(shown: Workbook) -> None:
    charges = shown["Charges"]
    amounts = zip(
        *(column(charges, name) for name in ("File", "Month", "Cost (USD)", "Billed cost (USD)")), strict=True
    )
    of_invoice = [row[1:] for row in amounts if row[0] == "inbox/annotators/b.csv" and row[1].month == 9]
    assert_same([of_invoice[0][1]], [str(Decimal("1000.01") * 30 / 61)])
    assert of_invoice[0][2] == 1000.01


def test_of_many_charges_the_weightiest_are_listed_and_the_others_summed(books: Books, tmp_path: Path) -> None:
    with open_published(books.workspace.published) as con:
        report = read_report(con, parse_quarter(QUARTER, 1))
        write_workbook(tmp_path / "many.xlsx", con, report, whole_up_to=10, listed=5)
        write_workbook(tmp_path / "whole.xlsx", con, report)
    many = openpyxl.load_workbook(tmp_path / "many.xlsx", data_only=True)
    (whole,) = rows_of(openpyxl.load_workbook(tmp_path / "whole.xlsx"), "Charges")
    (rows,) = rows_of(many, "Charges")
    listed, rest = rows[:5], rows[5:]
    weight = {row: max(abs(row[8] or 0), abs(row[9] or 0)) for row in whole}
    assert sorted(weight[row] for row in listed) == sorted(weight.values())[-5:]
    assert [row for row in whole if row in listed] == listed  # in the order of the whole sheet
    assert all(row[12].endswith("further rows") for row in rest)
    assert sum(int(row[12].split()[0]) for row in rest) == len(whole) - 5
    for place in (8, 9):
        assert sum(row[place] for row in rows) == pytest.approx(sum(row[place] or 0 for row in whole), abs=1e-9)
    told = named_rows(many["Notes"])["True cost"]
    assert_same([told[6], told[7]], [report.total.true_cost, "0"])
    assert f"The 5 of {len(whole)} rows" in many["Charges"]["A3"].value


def test_the_plan_is_told_up_to_the_end_of_the_quarter(shown: Workbook) -> None:
    plan = shown["Plan"]
    names = (
        "Period",
        "Quarter",
        "Month",
        "Stage",
        "Planned, mean (USD)",
        "Actual (USD)",
        "Variance (USD)",
        "Variance, %",
    )
    rows = [row for row in zip(*(column(plan, name) for name in names), strict=True) if row[3] == "Total"]
    assert len(rows) == 15 + 5 + 1
    assert [row[5] is None for row in rows if row[0] == "month"] == [False] * 12 + [True] * 3
    (quarter,) = [row for row in rows if row[:2] == ("quarter", QUARTER)]
    assert quarter[4:] == (pytest.approx(16530), pytest.approx(21654.3), pytest.approx(5124.3), pytest.approx(0.31))
    (whole,) = [row for row in rows if row[0] == "whole plan"]
    assert whole[5:] == (pytest.approx(4 * 21654.3), None, None)  # the plan goes on, so it has no variance yet
    assert SCRIPT.capitalize() in column(plan, "Stage")


def test_the_drivers_of_a_change_are_told_with_what_they_add_up_to(books: Books, report: dict[str, Any]) -> None:
    later = steps.report(books.workspace, CLOCK, "FY2026-Q4").folder / "true-cost.xlsx"
    shown, written = (openpyxl.load_workbook(later, data_only=told) for told in (True, False))
    sheet = shown["Drivers"]
    rows = list(sheet.iter_rows(min_row=header_row(sheet) + 1, values_only=True))
    before = {model["model_id"]: float(model["true_cost"]) for model in report["models"]}
    for model, true_cost in before.items():
        assert sum(row[7] for row in rows if row[:2] == (model, QUARTER)) == pytest.approx(true_cost)
    for row in rows:
        assert row[9] == pytest.approx(row[8] - row[7], abs=1e-9)
        assert row[9] == pytest.approx(sum(row[10:14]), abs=1e-9)
    found = 0
    for cell in formulas(written["Drivers"]):
        told = PARTS.fullmatch(cell.value)
        if told is None:
            assert SUMS.fullmatch(cell.value)
            continue
        found += 1
        assert (told[1], told[4]) == ("B", QUARTER)
        assert (int(told[2]), int(told[3])) == (header_row(sheet) + 1, sheet.max_row)
        parts = [row[cell.column - 1] for row in rows if row[1] == told[4]]
        assert sheet[cell.coordinate].value == pytest.approx(sum(parts), abs=1e-9)
    assert found == 7
    ties = named_rows(shown["Notes"])["True cost of the models"]
    assert_same([ties[1], ties[4], ties[5], ties[7]], [*[str(sum(row[8] for row in rows))] * 3, "0"])


def test_a_published_file_without_the_newer_views_has_a_workbook_without_their_sheets(
    books: Books, tmp_path: Path
) -> None:
    older = tmp_path / "older.duckdb"
    shutil.copyfile(books.workspace.published, older)
    with duckdb.connect(str(older)) as con:
        for view in ("bridge", "unit_economics", "variance_drivers"):
            con.execute(f"DROP VIEW finance.{view}")
    with open_published(older) as con:
        write_workbook(tmp_path / "older.xlsx", con, read_report(con, parse_quarter(QUARTER, 1)))
    shown = openpyxl.load_workbook(tmp_path / "older.xlsx", data_only=True)
    assert not {"Bridge", "Units", "Drivers"} & set(shown.sheetnames)
    ties = named_rows(shown["Notes"])["True cost"]
    assert (ties[2], ties[4], ties[5], ties[7]) == (None, None, None, 0)
    assert ties[1] == ties[3] == ties[6]


def test_the_same_report_gives_the_same_bytes_and_is_written_once(books: Books, folder: Path) -> None:
    path = folder / "true-cost.xlsx"
    first, made = path.read_bytes(), path.stat().st_mtime_ns
    assert not steps.report(books.workspace, CLOCK).is_new
    assert path.stat().st_mtime_ns == made
    path.unlink()
    assert steps.report(books.workspace, CLOCK).is_new
    assert path.read_bytes() == first
    assert openpyxl.load_workbook(path).properties.created == datetime(2026, 10, 5)
    assert not list(folder.glob(".new-*"))


def test_a_quarter_without_a_charge_has_a_workbook_all_the_same(books: Books) -> None:
    clock = Clock(date(2027, 4, 5))
    reported = steps.report(books.workspace, clock)
    shown = openpyxl.load_workbook(reported.folder / "true-cost.xlsx", data_only=True)
    assert shown["Charges"]["I4"].value == 0
    assert column(shown["Charges"], "Cost (USD)") == []


def assert_same(cells: Any, figures: Any) -> None:
    """A spreadsheet's numbers against exact amounts, to a hundredth of a cent."""
    for cell, figure in zip(cells, figures, strict=True):
        if figure in (None, ""):
            assert cell is None
        else:
            assert abs(Decimal(str(cell)) - Decimal(figure)) < Decimal("0.0001")


def header_row(sheet: Worksheet) -> int:
    """The row that the filter stands on."""
    return int(re.sub(r"[A-Z]+", "", (sheet.auto_filter.ref or "").split(":")[0]))


def column(sheet: Worksheet, heading: str) -> list[Any]:
    """The values below a heading."""
    header = header_row(sheet)
    (place,) = [cell.column for cell in sheet[header] if cell.value == heading]
    cells = [row[0].value for row in sheet.iter_rows(min_row=header + 1, min_col=place, max_col=place)]
    # A text like _x0041_ is a character's code to a spreadsheet, unless it is escaped; openpyxl leaves that to us.
    return [unescape(value) if isinstance(value, str) else value for value in cells]


def named_rows(sheet: Worksheet) -> dict[str, tuple[Any, ...]]:
    """Rows by what their first cell says; of several the uppermost."""
    rows = [row for row in sheet.iter_rows(values_only=True) if row[0]]
    return {row[0]: row for row in reversed(rows)}


def rows_of(book: Workbook, *names: str) -> list[list[tuple[Any, ...]]]:
    """The rows below the header, a list a sheet."""
    return [list(book[name].iter_rows(min_row=header_row(book[name]) + 1, values_only=True)) for name in names]


def formulas(sheet: Worksheet) -> Iterator[Any]:
    return (cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f")
