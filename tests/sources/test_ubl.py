"""Electronic invoices: what each comes to, what is refused and why, and what a second telling of one does."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import DAY, Bench, Books, Row, asked
from tests.support.ubl_documents import Line, Ubl
from truecost import steps
from truecost.clock import Clock
from truecost.intake.check import check_file
from truecost.publish.publication import open_published

RESEND = "ask the supplier for a corrected document"


SOURCES = [
    {"name": "vendors", "format": "ubl", "path": "inbox/vendors/*.xml"},
    {"name": "others", "format": "invoice_csv", "path": "inbox/others/*.csv"},
]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, {"sources": SOURCES})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Books for what is refused, and so leaves nothing in them."""
    opened = Bench.open(tmp_path_factory.mktemp("refused"), {"sources": SOURCES})
    yield opened
    assert not opened.ask("SELECT 1 FROM ledger.charges UNION ALL SELECT 1 FROM ledger.invoice_totals")
    opened.close()


def charges(bench: Bench) -> list[Row]:
    bench.keep_books()
    return bench.ask("SELECT * FROM books.charges ORDER BY x_delivery_id, x_line, x_part")


def amounts(bench: Bench) -> list[tuple[str, Decimal]]:
    return [(row["charge_category"], row["billed_cost"]) for row in charges(bench)]


def refusal(bench: Bench, content: str | bytes) -> str:
    loaded = bench.deliver("vendors", content)
    assert loaded.refused_because is not None
    assert loaded.rows_read == 0
    return loaded.refused_because


def test_a_document_is_its_lines_its_allowances_and_charges_and_its_tax(bench: Bench) -> None:
    document = Ubl(
        lines=[Line("100.00"), Line("50.5")], allowances=["10.00"], charges=["4.00"], tax="27.46", prepaid="20.00"
    )
    text = document.xml()
    assert bench.deliver("vendors", text).rows_accepted == 5
    rows = charges(bench)
    assert [(row["charge_category"], row["billed_cost"]) for row in rows] == [
        ("Credit", Decimal("-10")),
        ("Usage", Decimal("4")),
        ("Tax", Decimal("27.46")),
        ("Usage", Decimal("100")),
        ("Usage", Decimal("50.5")),
    ]
    lines = text.splitlines()
    elements = ["AllowanceCharge", "AllowanceCharge", "TaxTotal", "InvoiceLine", "InvoiceLine"]
    assert [lines[row["x_line"] - 1].startswith(f"<cac:{name}") for row, name in zip(rows, elements, strict=True)]
    assert sum(row["billed_cost"] for row in rows) == document.inclusive
    (total,) = bench.ask("FROM books.control_totals")
    assert (total["column_name"], total["currency"], total["amount_loaded"]) == ("amount", "EUR", document.inclusive)


def test_a_prepayment_is_paid_once_more_and_costs_nothing_of_its_own(bench: Bench) -> None:
    ahead = Ubl(number="P-1", type_code="386", lines=[Line("300.00")], tax="0.00", currency="USD")
    final = Ubl(number="INV-2", lines=[Line("1000.00")], tax="0.00", prepaid="300.00", currency="USD")
    for document in (ahead, final):
        bench.deliver("vendors", document.xml())
    bench.keep_books()
    rows = bench.ask(
        "SELECT invoice_id, charge_category, billed_cost, effective_cost FROM books.charges WHERE billed_cost > 0"
    )
    assert {tuple(row.values()) for row in rows} == {("P-1", "Purchase", 300, 0), ("INV-2", "Usage", 1000, 1000)}
    (cost,) = bench.ask("SELECT sum(cost) AS cost FROM books.costs")
    assert cost["cost"] == 1000


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        (Ubl("CreditNote"), "-119.00"),
        (Ubl("CreditNote", type_code="396"), "-119.00"),
        (Ubl("Invoice", lines=[Line("-100.00")], tax="-19.00"), "-119.00"),
        (Ubl("Invoice", type_code="384", lines=[Line("-100.00")], tax="-19.00"), "-119.00"),
        (Ubl("Invoice", type_code="381"), "-119.00"),
        (Ubl("Invoice", type_code="83"), "-119.00"),
        (Ubl("CreditNote", lines=[Line("-100.00")], tax="-19.00"), "119.00"),
        (Ubl("Invoice", type_code="389"), "119.00"),
        (Ubl("Invoice", type_code="326"), "119.00"),
    ],
)
def test_a_credit_note_lowers_cost_whichever_way_it_is_signed(bench: Bench, document: Ubl, cost: str) -> None:
    bench.deliver("vendors", document.xml())
    rows = charges(bench)
    assert sum(row["billed_cost"] for row in rows) == Decimal(cost)
    assert {row["charge_category"] for row in rows} == {"Tax", "Credit" if cost.startswith("-") else "Usage"}
    (told,) = bench.view("invoices")
    assert (told["tax_inclusive_amount"], told["payable_amount"]) == (Decimal(cost), Decimal(cost))


def test_prepayment_and_rounding_change_what_is_to_pay_and_not_what_it_cost(bench: Bench) -> None:
    document = Ubl(tax="19.03", prepaid="150.00", rounding="-0.03")
    bench.deliver("vendors", document.xml())
    assert sum(amount for _, amount in amounts(bench)) == Decimal("119.03")
    (told,) = bench.view("invoices")
    told = {name: value for name, value in told.items() if name.endswith("_amount")}
    assert told == {
        "tax_exclusive_amount": Decimal("100.00"),
        "tax_amount": Decimal("19.03"),
        "tax_inclusive_amount": Decimal("119.03"),
        "prepaid_amount": Decimal("150.00"),
        "rounding_amount": Decimal("-0.03"),
        "payable_amount": Decimal("-31.00"),
    }


def test_tax_told_again_in_the_tax_currency_is_not_added(bench: Bench) -> None:
    second = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">210.00</cbc:TaxAmount></cac:TaxTotal>'
    text = Ubl(head="<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>").xml()
    bench.deliver("vendors", text.replace("<cac:LegalMonetaryTotal>", f"{second}<cac:LegalMonetaryTotal>"))
    assert amounts(bench) == [("Tax", Decimal("19")), ("Usage", Decimal("100"))]


def test_recoverable_tax_is_billed_and_is_no_cost(bench: Bench) -> None:
    bench.deliver("vendors", Ubl(currency="USD").xml())
    bench.keep_books()
    (row,) = bench.ask("SELECT sum(billed) AS billed, sum(cost) AS cost FROM books.costs")
    assert (row["billed"], row["cost"]) == (Decimal("119.00"), Decimal("100.00"))


def test_a_charge_falls_on_its_lines_period_else_the_documents_else_the_day_of_issue(bench: Bench) -> None:
    whole = "<cac:InvoicePeriod><cbc:StartDate>2025-12-01+01:00</cbc:StartDate></cac:InvoicePeriod>"
    bench.deliver("vendors", Ubl(lines=[Line(period=("2026-01-01", "2026-01-31")), Line()], head=whole).xml())
    bench.deliver("vendors", Ubl(number="INV-2", issued_on="2026-02-03Z", tax="0.00").xml())
    days = [
        (row["charge_category"], f"{row['charge_period_start']:%m-%d}", f"{row['charge_period_end']:%m-%d}")
        for row in charges(bench)
    ]
    assert days == [
        ("Tax", "01-01", "02-01"),
        ("Tax", "12-01", "12-02"),
        ("Usage", "01-01", "02-01"),
        ("Usage", "12-01", "12-02"),
        ("Usage", "02-03", "02-04"),
    ]


def test_what_rules_may_want_to_match_is_in_the_tags(bench: Bench) -> None:
    head = (
        "<cbc:AccountingCost>4711</cbc:AccountingCost><cbc:BuyerReference>ml-team</cbc:BuyerReference>"
        "<cac:OrderReference><cbc:ID>PO-7</cbc:ID></cac:OrderReference>"
        "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>INV-0</cbc:ID></cac:InvoiceDocumentReference>"
        "</cac:BillingReference><cac:ProjectReference><cbc:ID>support-bot</cbc:ID></cac:ProjectReference>"
    )
    own = Line(more="<cbc:AccountingCost>4712</cbc:AccountingCost>")
    bench.deliver("vendors", Ubl(lines=[own], tax="0.00", head=head).xml())
    (row,) = charges(bench)
    assert json.loads(row["tags"]) == {
        "document_type": "380",
        "buyer_reference": "ml-team",
        "order_reference": "PO-7",
        "accounting_cost": "4712",
        "project_reference": "support-bot",
        "corrects_invoice_id": "INV-0",
        "invoice_line_id": "1",
    }
    (told,) = bench.view("invoices")
    assert told["corrects_invoice_number"] == "INV-0"


def without(name: str) -> str:
    """A document that lacks an element."""
    return "\n".join(line for line in Ubl().xml().splitlines() if not line.startswith((f"<cbc:{name}", f"<cac:{name}")))


CII = '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>'
REFUSED = {
    "empty": ("", "the file is empty; export it again"),
    "cut": (Ubl().xml()[:700], "the XML is cut or broken"),
    "mismatched": (Ubl().xml().replace("</cbc:ID>", "</cbc:Id>", 1), "line 3, column 16: the XML is cut or broken"),
    "csv": ("invoice,amount\n1,2\n", "the file is not XML; ask the supplier for the invoice as UBL XML"),
    "pdf": (b"%PDF-1.7 \xff", "the file is a PDF; ask the supplier for the invoice as UBL XML"),
    "cii": (CII, "line 1: the file is a UN/CEFACT CII invoice (Factur-X, ZUGFeRD 2); ask the supplier"),
    "web page": ("<html><body/></html>", "line 1: the file is a web page; ask the supplier"),
    "other root": ("<Rechnung/>", "line 1: the file has the root 'Rechnung', not Invoice or CreditNote of UBL 2; ask"),
    "no namespace": ("<Invoice/>", "line 1: the file has the root 'Invoice', not Invoice or CreditNote of UBL 2; ask"),
    "unknown encoding": (Ubl().xml().replace("UTF-8", "EBCDIC-9"), "encoding"),
    "no number": (without("ID"), f"line 2: the Invoice has no ID; {RESEND}"),
    "no date": (without("IssueDate"), f"line 2: the Invoice has no IssueDate; {RESEND}"),
    "no supplier": (without("AccountingSupplierParty"), f"line 2: the Invoice names no supplier; {RESEND}"),
    "no currency": (without("DocumentCurrencyCode"), f"line 2: the Invoice has no DocumentCurrencyCode; {RESEND}"),
    "no lines": (without("InvoiceLine"), f"line 2: the Invoice has no InvoiceLine; {RESEND}"),
    "no total to pay": (without("PayableAmount"), f"the LegalMonetaryTotal has no PayableAmount; {RESEND}"),
    "odd date": (
        Ubl(issued_on="31.01.2026").xml(),
        f"line 4: the IssueDate '31.01.2026' is not a date such as 2026-01-31; {RESEND}",
    ),
    "odd charge": (
        Ubl(charges=["1.00"]).xml().replace(">true<", ">yes<"),
        f"line 8: the ChargeIndicator 'yes' is neither true nor false; {RESEND}",
    ),
    "two currencies": (
        Ubl().xml().replace('<cbc:PayableAmount currencyID="EUR"', '<cbc:PayableAmount currencyID="USD"'),
        f"line 17: the PayableAmount is in 'USD', where the document is in 'EUR'; {RESEND}",
    ),
    "lines do not add up": (
        Ubl(said={"LineExtensionAmount": "100.01"}).xml(),
        f"line 10: the LineExtensionAmount is 100.01, where the sum of the lines is 100.00; {RESEND}",
    ),
    "allowances do not add up": (
        Ubl(allowances=["5"], said={"AllowanceTotalAmount": "6"}).xml(),
        f"the AllowanceTotalAmount is 6, where the sum of the document's allowances is 5; {RESEND}",
    ),
    "charges do not add up": (
        Ubl(said={"ChargeTotalAmount": "6"}).xml(),
        f"the ChargeTotalAmount is 6, where the sum of the document's charges is 0; {RESEND}",
    ),
    "net does not add up": (
        Ubl(allowances=["5"], said={"TaxExclusiveAmount": "100.00"}).xml(),
        f"the TaxExclusiveAmount is 100.00, where the sum of lines, charges and allowances is 95.00; {RESEND}",
    ),
    "gross does not add up": (
        Ubl(said={"TaxInclusiveAmount": "119.0000000000000000001"}).xml(),
        "the TaxInclusiveAmount is 119.0000000000000000001, where the TaxExclusiveAmount with the TaxAmount is 119.00; "
        f"{RESEND}",
    ),
    "payable does not add up": (
        Ubl(prepaid="19", said={"PayableAmount": "119"}).xml(),
        "the PayableAmount is 119, where the TaxInclusiveAmount less the PrepaidAmount, with the "
        f"PayableRoundingAmount, is 100.00; {RESEND}",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_trusted_is_refused_in_a_sentence(refusing: Bench, name: str) -> None:
    content, told = REFUSED[name]
    said = refusal(refusing, content)
    assert told in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "amount", ["1_000", "NaN", "Infinity", "", "1,000.00", "1.000,00", "0x10", "١٠٠", "1e400", "1e15", "1e-21", "1 000"]
)
def test_an_amount_by_another_grammar_is_refused_and_never_guessed(refusing: Bench, amount: str) -> None:
    said = refusal(refusing, Ubl(said={"PayableAmount": amount}).xml())
    assert said.startswith("line 17: the PayableAmount ")
    assert "is not an amount; " in said or "has more digits than any amount; " in said


def test_blanks_around_a_value_are_not_part_of_it(bench: Bench) -> None:
    bench.deliver("vendors", Ubl(said={"PayableAmount": "\n  119.00\t"}, number=" INV-1\n").xml())
    assert {row["invoice_id"] for row in charges(bench)} == {"INV-1"}


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
BILLION = f'<!DOCTYPE Invoice [<!ENTITY e0 "ha">{ENTITIES}]>'
QUADRATIC = f'<!DOCTYPE Invoice [<!ENTITY big "{"x" * 1_000_000}">]>'


def with_doctype(doctype: str, text: str) -> str:
    return Ubl(issuer="ISSUER").xml().replace("?>\n", f"?>\n{doctype}\n", 1).replace("ISSUER", text)


REFUSE_IN_A_PROCESS = """
import sys, time
from pathlib import Path
from truecost.errors import DeliveryRefused
from truecost.sources import FileOptions
from truecost.sources.ubl import FORMAT, read
start = time.perf_counter()
try:
    read(None, Path(sys.argv[1]), FORMAT, FileOptions())
except DeliveryRefused as refusal:
    print(refusal)
print(time.perf_counter() - start)
status = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize(
    "name", ["billion laughs", "quadratic", "external file", "external page", "parameter entity", "utf-16", "late"]
)
def test_a_bomb_and_an_external_entity_are_refused_in_a_second_and_200_mb(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret", "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        content: str | bytes = {
            "billion laughs": with_doctype(BILLION, "&e11;"),
            "quadratic": with_doctype(QUADRATIC, "&big;" * 100_000),
            "external file": with_doctype(f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{secret.as_uri()}">]>', "&x;"),
            "external page": with_doctype(f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{address}">]>', "&x;"),
            "parameter entity": with_doctype(f'<!DOCTYPE Invoice [<!ENTITY % x SYSTEM "{address}"> %x;]>', "x"),
            "utf-16": with_doctype(BILLION, "&e11;").replace("UTF-8", "UTF-16").encode("utf-16"),
            "late": with_doctype(f"<!-- {'-x' * 400_000} -->\n{BILLION}", "&e11;"),
        }[name]
        path = tmp_path / "bomb.xml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        ran = subprocess.run(
            [sys.executable, "-c", REFUSE_IN_A_PROCESS, str(path)], capture_output=True, text=True, check=True
        )
        with pytest.raises(BlockingIOError):
            server.accept()
    said, seconds, kilobytes = ran.stdout.splitlines()
    line = 3 if name == "late" else 2
    assert said.startswith(f"line {line}: the XML declares a DOCTYPE, which no invoice needs")
    assert "secret" not in ran.stdout
    assert float(seconds) < 1
    assert int(kilobytes) < 200 * 1024


def test_nesting_without_end_is_refused(refusing: Bench) -> None:
    deep = Ubl(head="<cbc:Note>" * 30_000 + "</cbc:Note>" * 30_000).xml()
    assert refusal(refusing, deep).startswith("the XML can't be read (Excessive depth")


HOSTILE = [
    "<script>alert(1)</script>",
    "=1+1",
    "@SUM(A1)",
    'Müller & Söhne "O\'Brien" 株式会社',
    "'; DROP TABLE ledger.charges; --",
    "x" * 10_000,
    "null",
]


@pytest.mark.slow
def test_a_hostile_name_loads_as_the_text_it_is(bench: Bench) -> None:
    for name in (*HOSTILE, HOSTILE[0]):
        bench.deliver("vendors", Ubl(issuer=name, number=name, lines=[Line(name=name)]).xml())
    found = [(row["invoice_issuer_name"], row["invoice_id"], row["charge_description"]) for row in charges(bench)]
    assert found == [(name, name, text) for name in HOSTILE for text in ("Tax", name)]
    told = [(row["issuer"], row["invoice_number"], row["status"]) for row in bench.view("invoices")]
    assert told == [*((name, name, "current") for name in HOSTILE), (HOSTILE[0], HOSTILE[0], "duplicate")]


def standings(bench: Bench) -> list[str]:
    bench.keep_books()
    return [row["status"] for row in bench.ask("SELECT status FROM books.deliveries ORDER BY delivery_id")]


@pytest.mark.slow
def test_the_same_document_again_is_a_duplicate_however_it_is_laid_out(bench: Bench) -> None:
    text = Ubl(allowances=["1.00"]).xml()
    for content in (text, text.replace("\n", "\n\n"), text.replace("?>\n", "?>").replace(">\n<", "><")):
        assert bench.deliver("vendors", content).rows_accepted == 3
    assert standings(bench) == ["loaded", "duplicate", "duplicate"]
    assert sum(amount for _, amount in amounts(bench)) == Decimal("118.00")


@pytest.mark.slow
def test_the_same_number_with_other_content_is_held(bench: Bench) -> None:
    for document in (Ubl(), Ubl(lines=[Line("200.00")]), Ubl(prepaid="1.00"), Ubl(issued_on="2026-02-01")):
        bench.deliver("vendors", document.xml())
    assert standings(bench) == ["loaded", "held", "held", "held"]
    assert sum(amount for _, amount in amounts(bench)) == Decimal("119.00")


@pytest.mark.slow
def test_finance_sees_invoices_and_what_is_held_in_the_published_file(tmp_path: Path) -> None:
    toml = '[workspace]\nname = "x"\n[[sources]]\nname = "vendors"\nformat = "ubl"\npath = "inbox/*.xml"\n'
    corrected = Ubl("CreditNote", lines=[Line("20.00")], tax="3.80", rounding="-0.30")
    files: dict[str, str | bytes] = {
        "inbox/1.xml": Ubl().xml(),
        "inbox/2.xml": Ubl(lines=[Line("90.00")]).xml(),
        "inbox/3.xml": corrected.xml(),
        "inbox/4.xml": Ubl(number="INV-4", said={"PayableAmount": "1.00"}).xml(),
    }
    books = Books.of(tmp_path, toml, files)
    books.run()
    steps.publish(books.workspace, Clock(DAY))
    with open_published(books.workspace.published) as con:
        told = asked(con, "SELECT document_kind, tax_inclusive_amount, payable_amount, status FROM invoices")
        gaps = {row["kind"]: row["what"] for row in asked(con, "FROM gaps")}
    assert [tuple(row.values()) for row in told] == [
        ("invoice", Decimal("119.00"), Decimal("119.00"), "current"),
        ("invoice", Decimal("109.00"), Decimal("109.00"), "held"),
        ("credit note", Decimal("-23.80"), Decimal("-23.50"), "current"),
    ]
    assert gaps["held"].endswith(
        '2.xml brings an invoice that is already held with other lines: ["Bright Labels","INV-1"]'
    )
    assert "inbox/4.xml was refused: line 17: the PayableAmount is 1.00, where " in gaps["refused"]


@pytest.mark.slow
def test_a_credit_note_may_carry_the_number_of_an_invoice_and_suppliers_may_share_one(bench: Bench) -> None:
    for document in (Ubl(), Ubl("CreditNote"), Ubl(type_code="381", lines=[Line("1.00")]), Ubl(issuer="Tessera")):
        bench.deliver("vendors", document.xml())
    assert standings(bench) == ["loaded", "loaded", "held", "loaded"]
    assert sum(amount for _, amount in amounts(bench)) == Decimal("119.00")
    told = [(row["document_kind"], row["status"]) for row in bench.view("invoices")]
    assert told == [
        ("invoice", "current"),
        ("credit note", "current"),
        ("credit note", "held"),
        ("invoice", "current"),
    ]


def test_an_invoice_told_as_xml_and_as_csv_is_not_counted_twice(bench: Bench) -> None:
    bench.deliver("vendors", Ubl(tax="0.00").xml())
    bench.deliver(
        "others", "invoice_number,issue_date,amount,issuer,currency\nINV-1,2026-01-31,100.00,Bright Labels,EUR\n"
    )
    assert standings(bench) == ["loaded", "held"]
    (csv,) = [row for row in bench.view("invoices") if row["status"] == "held"]
    assert (csv["tax_inclusive_amount"], csv["payable_amount"], csv["line_count"]) == (Decimal("100.00"), None, 1)


def test_a_document_on_one_line_keeps_its_rows_apart(bench: Bench) -> None:
    lines = [Line(f"{number}.00") for number in range(1, 6)]
    text = Ubl(lines=lines).xml().replace("?>\n", "?>").replace(">\n<", "><")
    bench.deliver("vendors", text)
    rows = charges(bench)
    assert {row["x_line"] for row in rows} == {1}
    assert [row["x_part"] for row in rows] == [0, 2, 4, 6, 8, 10]
    assert len(bench.ask("FROM books.attribution")) == len(rows)
    assert bench.ask("SELECT sum(billed_cost) AS billed FROM books.costs")[0]["billed"] == Decimal("34.00")


def test_a_long_document_knows_its_lines_beyond_65535(bench: Bench) -> None:
    padding = "\n" * 70_000
    text = Ubl().xml().replace("<cac:InvoiceLine>", f"{padding}<cac:InvoiceLine>")
    bench.deliver("vendors", text)
    line = next(n for n, line in enumerate(text.split("\n"), start=1) if line.startswith("<cac:InvoiceLine>"))
    assert charges(bench)[-1]["x_line"] == line > 65_535


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_document_is_read_in_the_encoding_it_names(bench: Bench, encoding: str) -> None:
    named = "UTF-8" if encoding == "utf-8-sig" else encoding
    text = Ubl(issuer="Müller").xml().replace("UTF-8", named)
    bench.deliver("vendors", gzip.compress(text.encode(encoding)) if encoding == "utf-16" else text.encode(encoding))
    assert {row["invoice_issuer_name"] for row in charges(bench)} == {"Müller"}


def test_a_line_with_an_odd_period_or_quantity_is_quarantined_and_the_others_load(bench: Bench) -> None:
    lines = [
        Line(period=("2026-02-01", "2026-01-01")),
        Line(quantity="ten"),
        Line(period=("January", "2026-01-31")),
        Line(),
    ]
    loaded = bench.deliver("vendors", Ubl(lines=lines).xml())
    assert (loaded.rows_read, loaded.rows_accepted, loaded.rows_quarantined) == (5, 2, 3)
    found = bench.ask("SELECT line, column_name, value FROM log.quarantine ORDER BY line")
    assert [(row["column_name"], row["value"]) for row in found] == [
        ("service_end", "2026-01-01"),
        ("quantity", "ten"),
        ("service_start", "January"),
    ]
    assert [row["line"] - found[0]["line"] for row in found] == [0, 1, 2]
    bench.keep_books()
    (total,) = bench.ask("FROM books.control_totals")
    assert (total["amount_read"], total["amount_quarantined"]) == (Decimal("419.00"), Decimal("300.00"))


def test_a_source_can_not_rename_what_a_document_names_itself(tmp_path: Path) -> None:
    source = {"name": "vendors", "format": "ubl", "path": "x", "columns": {"amount": "PayableAmount"}}
    bench = Bench.open(tmp_path, {"sources": [source]})
    assert refusal(bench, Ubl().xml()) == "ubl names its own fields; take `columns` out of the source"
    bench.close()


def test_a_file_is_known_for_a_document_without_being_told(tmp_path: Path) -> None:
    path = tmp_path / "invoice.xml"
    path.write_text(Ubl("CreditNote", lines=[Line(quantity="ten")]).xml(), "utf-8")
    checked = check_file(path, None, tmp_path, 10)
    assert (checked.format, checked.rows_read, checked.rows_accepted) == ("ubl", 2, 1)
    assert "quantity 'ten' is not a number" in str(checked.faults[0])
