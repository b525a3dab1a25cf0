"""Tessera's invoices as UBL 2.1 (Peppol BIS Billing 3): one XML document each, its totals exact to the cent.

An Irish agency that bills in dollars: 23 % VAT, which its law wants stated in euros as well. One invoice has an
allowance, one was partly paid before and is rounded to whole dollars, and a credit note takes back part of an earlier
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from .basics import cents, table

NAMESPACES = "urn:oasis:names:specification:ubl:schema:xsd:"
CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
VAT_PERCENT = 23
CREDIT_NOTES = {"TDS-C-0009": "TDS-0431"}  # and which invoice each one mends

# number, issued on, first and last day, hours, price an hour, euros per dollar, item, what was done
LINES_TABLE = """
TDS-0412   2026-01-30 2026-01-12 2026-01-30   38  88 0.8436 LABEL Invoice field labelling
TDS-0412   2026-01-30 2026-01-12 2026-01-30    6 110 0.8436 GUIDE Guideline workshop
TDS-0431   2026-02-27 2026-02-02 2026-02-27 44.5  88 0.8471 LABEL Invoice field labelling
TDS-0431   2026-02-27 2026-02-02 2026-02-27 12.5  88 0.8471 LABEL Invoice field labelling, weekend shifts
TDS-C-0009 2026-03-13 2026-02-02 2026-02-27  7.5  88 0.8519 LABEL Invoice field labelling, batch 6 rejected
TDS-0467   2026-04-20 2026-03-16 2026-04-10   36  88 0.8502 LABEL Invoice field labelling
TDS-0468   2026-04-20 2026-04-01 2026-04-08   13  88 0.8502 AUDIT Blind field audit
TDS-0519   2026-08-28 2026-08-03 2026-08-28   17  92 0.8388 LABEL Invoice fields, new suppliers
"""
ALLOWANCES = {"TDS-0431": (Decimal("250.80"), "Volume discount, 5 %")}
PREPAID = {"TDS-0467": Decimal("1500.00")}
ROUNDED_TO_DOLLARS = {"TDS-0467"}


@dataclass(frozen=True)
class Element:
    """An XML element: what it holds is text, or elements."""

    name: str
    content: str | Sequence[Element]
    attributes: dict[str, str] = field(default_factory=dict)

    def text(self, depth: int = 0) -> str:
        opening = self.name + "".join(f" {name}={quoteattr(value)}" for name, value in self.attributes.items())
        indent = "  " * depth
        if isinstance(self.content, str):
            return f"{indent}<{opening}>{escape(self.content)}</{self.name}>\n"
        inside = "".join(child.text(depth + 1) for child in self.content)
        return f"{indent}<{opening}>\n{inside}{indent}</{self.name}>\n"


def basic(name: str, content: object, **attributes: str) -> Element:
    return Element(f"cbc:{name}", str(content), attributes)


def group(name: str, *content: Element) -> Element:
    return Element(f"cac:{name}", content)


def money(name: str, amount: Decimal, currency: str = "USD") -> Element:
    return basic(name, f"{amount:.2f}", currencyID=currency)


@dataclass(frozen=True)
class Line:
    first: str
    last: str
    hours: Decimal
    price: Decimal
    item: str
    work: str

    @property
    def amount(self) -> Decimal:
        return cents(self.hours * self.price)


@dataclass(frozen=True)
class Document:
    """An invoice, or a credit note: its kind alone says that its positive amounts lower what is owed."""

    number: str
    issued_on: str
    euros_per_dollar: Decimal
    lines: Sequence[Line]

    @property
    def mends(self) -> str | None:
        return CREDIT_NOTES.get(self.number)

    @property
    def kind(self) -> str:
        return "CreditNote" if self.mends else "Invoice"

    @property
    def line_sum(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def allowance(self) -> Decimal:
        return ALLOWANCES[self.number][0] if self.number in ALLOWANCES else Decimal(0)

    @property
    def net(self) -> Decimal:
        return self.line_sum - self.allowance

    @property
    def tax(self) -> Decimal:
        return cents(self.net * VAT_PERCENT / 100)

    @property
    def prepaid(self) -> Decimal:
        return PREPAID.get(self.number, Decimal(0))

    @property
    def rounding(self) -> Decimal:
        owed = self.net + self.tax - self.prepaid
        return owed.quantize(Decimal(1)) - owed if self.number in ROUNDED_TO_DOLLARS else Decimal(0)

    @property
    def payable(self) -> Decimal:
        return self.net + self.tax - self.prepaid + self.rounding


def documents() -> list[Document]:
    lines: dict[tuple[str, str, str], list[Line]] = {}
    for number, issued_on, first, last, hours, price, rate, item, *work in table(LINES_TABLE):
        line = Line(first, last, Decimal(hours), Decimal(price), item, " ".join(work))
        lines.setdefault((number, issued_on, rate), []).append(line)
    return [Document(number, issued_on, Decimal(rate), found) for (number, issued_on, rate), found in lines.items()]


def tax_scheme() -> Element:
    return group("TaxScheme", basic("ID", "VAT"))


def tax_category(name: str = "TaxCategory") -> Element:
    return group(name, basic("ID", "S"), basic("Percent", VAT_PERCENT), tax_scheme())


def party(name: str, vat_id: str, street: str, city: str, zone: str) -> Element:
    address = [basic("StreetName", street), basic("CityName", city), basic("PostalZone", zone)]
    return group(
        "Party",
        basic("EndpointID", vat_id, schemeID="9935"),
        group("PostalAddress", *address, group("Country", basic("IdentificationCode", "IE"))),
        group("PartyTaxScheme", basic("CompanyID", vat_id), tax_scheme()),
        group("PartyLegalEntity", basic("RegistrationName", name)),
    )


SELLER = ("Tessera Data Services Ltd", "IE9700053D", "14 Camden Wharf", "Dublin", "D02 XX99")
BUYER = ("Larkfell Outfitters (Ireland) Ltd", "IE9700412K", "3 Harbour Row", "Cork", "T12 XX99")


def tax_totals(document: Document) -> list[Element]:
    """The tax in the document's currency, and once more in the seller's own, which is no further tax."""
    subtotal = [money("TaxableAmount", document.net), money("TaxAmount", document.tax), tax_category()]
    in_euros = cents(document.tax * document.euros_per_dollar)
    return [
        group("TaxTotal", money("TaxAmount", document.tax), group("TaxSubtotal", *subtotal)),
        group("TaxTotal", money("TaxAmount", in_euros, "EUR")),
    ]


def monetary_total(document: Document) -> Element:
    amounts = [
        money("LineExtensionAmount", document.line_sum),
        money("TaxExclusiveAmount", document.net),
        money("TaxInclusiveAmount", document.net + document.tax),
    ]
    if document.allowance:
        amounts.append(money("AllowanceTotalAmount", document.allowance))
    if document.prepaid:
        amounts.append(money("PrepaidAmount", document.prepaid))
    if document.rounding:
        amounts.append(money("PayableRoundingAmount", document.rounding))
    return group("LegalMonetaryTotal", *amounts, money("PayableAmount", document.payable))


def document_line(document: Document, number: int, line: Line) -> Element:
    quantity = "CreditedQuantity" if document.mends else "InvoicedQuantity"
    return group(
        f"{document.kind}Line",
        basic("ID", number),
        basic(quantity, line.hours, unitCode="HUR"),
        money("LineExtensionAmount", line.amount),
        group("InvoicePeriod", basic("StartDate", line.first), basic("EndDate", line.last)),
        group(
            "Item",
            basic("Name", line.work),
            group("SellersItemIdentification", basic("ID", line.item)),
            tax_category("ClassifiedTaxCategory"),
        ),
        group("Price", money("PriceAmount", line.price)),
    )


def document_xml(document: Document) -> str:
    """The document in the order of elements that UBL prescribes."""
    type_code = "381" if document.mends else "380"
    content = [
        basic("CustomizationID", CUSTOMIZATION),
        basic("ProfileID", PROFILE),
        basic("ID", document.number),
        basic("IssueDate", document.issued_on),
        basic(f"{document.kind}TypeCode", type_code),
        basic("DocumentCurrencyCode", "USD"),
        basic("TaxCurrencyCode", "EUR"),
        basic("BuyerReference", "invoice-reader"),
    ]
    days = [day for line in document.lines for day in (line.first, line.last)]
    content.append(group("InvoicePeriod", basic("StartDate", min(days)), basic("EndDate", max(days))))
    if document.mends:
        content.append(group("BillingReference", group("InvoiceDocumentReference", basic("ID", document.mends))))
    content += [group("AccountingSupplierParty", party(*SELLER)), group("AccountingCustomerParty", party(*BUYER))]
    if document.allowance:
        amount, reason = ALLOWANCES[document.number]
        said = [basic("ChargeIndicator", "false"), basic("AllowanceChargeReason", reason)]
        content.append(group("AllowanceCharge", *said, money("Amount", amount), tax_category()))
    content += [*tax_totals(document), monetary_total(document)]
    content += [document_line(document, number, line) for number, line in enumerate(document.lines, start=1)]
    schemas = {
        "xmlns": f"{NAMESPACES}{document.kind}-2",
        "xmlns:cac": f"{NAMESPACES}CommonAggregateComponents-2",
        "xmlns:cbc": f"{NAMESPACES}CommonBasicComponents-2",
    }
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Element(document.kind, content, schemas).text()


def electronic_invoices() -> dict[str, str]:
    """The text of each file, by its name."""
    return {f"{document.number}.xml": document_xml(document) for document in documents()}
