"""Invoices and inference bills that other tools made: what is loaded ties out to totals taken by other means."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import Bench

# Number, type, lines, sum of the lines, tax-inclusive and payable amount; one by one, since two share a number.
INVOICES = [
    ("mustang_01.01a-INVOICE.ubl.xml", "123456XX", "380", "2016-04-04", 2, "314.86", "336.9"),
    ("ubl_corpus_EN16931_Einfach.ubl.xml", "471102", "380", "2018-03-05", 2, "473", "529.87"),
    ("ubl_corpus_EN16931_Gutschrift.ubl.xml", "471102", "389", "2018-03-05", 2, "473", "529.87"),
]
COSTS = "openai_organization_costs_spec_example.json"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    sources = [
        {"name": "vendors", "format": "ubl", "path": "inbox/vendors/*"},
        {"name": "openai", "format": "openai_costs", "path": "inbox/openai/*"},
    ]
    opened = Bench.open(tmp_path, {"sources": sources})
    yield opened
    opened.close()


@pytest.mark.parametrize(("name", "number", "kind", "day", "lines", "net", "gross"), INVOICES)
def test_an_invoice_ties_out_to_its_totals(
    shared: Path, bench: Bench, name: str, number: str, kind: str, day: str, lines: int, net: str, gross: str
) -> None:
    loaded = bench.deliver("vendors", (shared / "annotator_invoices" / name).read_bytes(), name)
    bench.keep_books()
    (periods,) = bench.ask("SELECT count(DISTINCT (charge_period_start, charge_period_end)) AS told FROM books.charges")
    rows = lines + periods["told"]  # its tax is a row for each period it is on
    assert (loaded.rows_read, loaded.rows_accepted, loaded.refused_because) == (rows, rows, None)
    (told,) = bench.view("invoices")
    assert (told["invoice_number"], told["document_type"], str(told["issued_on"])) == (number, kind, day)
    assert (told["currency"], told["status"]) == ("EUR", "current")
    assert (told["tax_exclusive_amount"], told["tax_inclusive_amount"]) == (Decimal(net), Decimal(gross))
    assert (told["prepaid_amount"], told["payable_amount"]) == (Decimal(0), Decimal(gross))
    summed = bench.ask(
        "SELECT sum(billed_cost) AS gross, sum(billed_cost) FILTER (charge_category <> 'Tax') AS net FROM books.charges"
    )
    assert summed == [{"gross": Decimal(gross), "net": Decimal(net)}]


def test_every_line_of_an_invoice_is_the_line_of_the_file_it_says_it_is(shared: Path, bench: Bench) -> None:
    name = INVOICES[0][0]
    content = (shared / "annotator_invoices" / name).read_text("utf-8")
    bench.deliver("vendors", content)
    bench.keep_books()
    for row in bench.ask("FROM books.charges"):
        element = "TaxTotal" if row["charge_category"] == "Tax" else "InvoiceLine"
        assert content.splitlines()[row["x_line"] - 1].strip() == f"<cac:{element}>"


def test_two_invoices_of_one_supplier_and_number_are_not_both_counted(shared: Path, bench: Bench) -> None:
    for name, *_ in INVOICES:
        bench.deliver("vendors", (shared / "annotator_invoices" / name).read_bytes(), name)
    bench.keep_books()
    assert [row["status"] for row in bench.view("invoices")] == ["current", "current", "held"]


def test_invoices_in_other_formats_are_refused_with_what_they_are(shared: Path, bench: Bench) -> None:
    others = [path for path in (shared / "annotator_invoices").iterdir() if ".ubl." not in path.name]
    assert len(others) >= 11
    for path in others:
        said = bench.deliver("vendors", path.read_bytes(), path.name).refused_because
        assert said is not None, path.name
        assert ("is a PDF" if path.suffix == ".pdf" else "is a UN/CEFACT CII invoice") in said


def test_openais_own_example_of_costs_ties_out(shared: Path, bench: Bench) -> None:
    loaded = bench.deliver("openai", (shared / "inference" / COSTS).read_bytes(), COSTS)
    assert (loaded.rows_read, loaded.rows_accepted) == (1, 1)
    bench.keep_books()
    (row,) = bench.ask("FROM books.charges")
    assert (row["billed_cost"], row["billing_currency"]) == (Decimal("0.06"), "USD")
    assert (str(row["charge_period_start"]), str(row["charge_period_end"])) == (
        "2024-11-01 00:00:00",
        "2024-11-02 00:00:00",
    )


def test_usage_and_other_vendors_answers_are_refused_where_costs_are_expected(shared: Path, bench: Bench) -> None:
    others = [path for path in (shared / "inference").glob("*.json") if path.name != COSTS]
    assert len(others) >= 15
    for path in others:
        said = bench.deliver("openai", path.read_bytes(), path.name).refused_because
        assert said is not None, path.name
        assert ("is a usage page" in said) == path.name.startswith("openai_"), path.name
