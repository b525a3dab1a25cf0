"""UBL 2.1 invoices and credit notes (Peppol BIS Billing 3, EN 16931): XML -> rows of text whose sum is what is owed.

A document is a row for each line, each allowance or charge on the document, and its tax, a row for each service period
that it is on. It is read only where its totals add up, to the last digit; prepayment and rounding change what is to
pay, never what it cost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from truecost.errors import DeliveryRefused
from truecost.sources import Column, FileOptions, Format, RawTable
from truecost.sources.datasets import INVOICES
from truecost.sources.readers.documents import read_document
from truecost.sources.readers.records import store_records

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_PREFIXES = {"cac": f"{_UBL}CommonAggregateComponents-2", "cbc": f"{_UBL}CommonBasicComponents-2"}
_ROOTS = {f"{_UBL}Invoice-2 Invoice": "Invoice", f"{_UBL}CreditNote-2 CreditNote": "CreditNote"}
_OTHER_ROOTS = {
    "CrossIndustryInvoice": "is a UN/CEFACT CII invoice (Factur-X, ZUGFeRD 2)",
    "CrossIndustryDocument": "is a ZUGFeRD 1 invoice",
    "StandardBusinessDocument": "wraps its invoice in an envelope",
    "ApplicationResponse": "is a UBL response",
    "Order": "is a UBL order",
    "html": "is a web page",
}
# The credit notes among the document types (UNTDID 1001) that EN 16931 admits.
_CREDIT_TYPES = frozenset(["81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"])
_MOST_ELEMENTS = 1_000_000
_AMOUNT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")  # as in sql/macros/amounts.sql
_WHOLE_DIGITS, _FRACTION_DIGITS = 15, 20
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")
_EXACT = Context(prec=80, traps=[Inexact])
_ZERO = Decimal(0)
_RESEND = "ask the supplier for a corrected document"

_REQUIRED = ("invoice_number", "issue_date", "currency", "amount")
_FIELDS = (
    "invoice_number",
    "issuer",
    "issue_date",
    "currency",
    "amount",
    "kind",
    "description",
    "service_start",
    "service_end",
    "quantity",
    "unit",
    "tags",
    "document_type",
    "document_kind",
    "corrects",
    "tax_exclusive_amount",
    "tax_amount",
    "tax_inclusive_amount",
    "prepaid_amount",
    "rounding_amount",
    "payable_amount",
    "totals_line",
)


_Period = tuple[str | None, str | None]
"""(first day, last day) of a service period; both None where there is none."""


@dataclass(frozen=True)
class _Row:
    """What a line, an allowance, a charge or the tax adds to the document's rows."""

    line: int
    kind: str
    amount: Decimal
    description: str | None
    period: _Period
    quantity: str | None = None
    unit: str | None = None
    tags: tuple[tuple[str, str | None], ...] = ()
    tax_percent: Decimal | None = None


@dataclass(frozen=True)
class _Totals:
    """What the document says it comes to, as written: a credit note's amounts are not turned yet."""

    line: int
    exclusive: Decimal
    tax: Decimal
    inclusive: Decimal
    prepaid: Decimal
    rounding: Decimal
    payable: Decimal


class _Document:
    """The tree of a document and the line of each of its elements."""

    def __init__(self, root: Any, lines: Sequence[int]) -> None:
        self.root = root
        self._lines: dict[Any, int] = dict(zip(root.iter("{*}*"), lines, strict=True))
        self.currency = self.required("cbc:DocumentCurrencyCode", root)

    def line(self, element: Any) -> int:
        return self._lines[element]

    def all(self, path: str, element: Any) -> list[Any]:
        return list(element.findall(path, _PREFIXES))

    def child(self, name: str, element: Any) -> Any:
        """The first child of that name.

        Raises:
            DeliveryRefused: there is none.
        """
        found = element.find(name, _PREFIXES)
        if found is None:
            raise self._lacks(name, element)
        return found

    def text(self, path: str, element: Any) -> str | None:
        """The text of the first element there that has any; blanks around it are not part of it."""
        for found in element.iterfind(path, _PREFIXES):
            if text := (found.text or "").strip(" \t\r\n"):
                return str(text)
        return None

    def required(self, path: str, element: Any) -> str:
        found = self.text(path, element)
        if found is None:
            raise self._lacks(path, element)
        return found

    def _lacks(self, path: str, element: Any) -> DeliveryRefused:
        name = path.rpartition(":")[2]
        return DeliveryRefused(f"line {self.line(element)}: the {_name(element)} has no {name}; {_RESEND}")

    def amount(self, element: Any) -> Decimal:
        """An amount in the document's currency.

        Raises:
            DeliveryRefused: it is not an amount, has more digits than the ledger holds, or is in another currency.
        """
        text = (element.text or "").strip(" \t\r\n")
        where = f"line {self.line(element)}: the {_name(element)}"
        if not _AMOUNT.fullmatch(text):
            raise DeliveryRefused(f"{where} {_shown(text)} is not an amount; {_RESEND}")
        value = Decimal(text)
        digits = -int(value.normalize(Context(prec=len(text) + 1)).as_tuple().exponent) if value else 0
        if value and (value.adjusted() >= _WHOLE_DIGITS or digits > _FRACTION_DIGITS):
            raise DeliveryRefused(f"{where} {_shown(text)} has more digits than any amount; {_RESEND}")
        currency = element.get("currencyID") or self.currency
        if currency != self.currency:
            raise DeliveryRefused(
                f"{where} is in {_shown(currency)}, where the document is in {_shown(self.currency)}; {_RESEND}"
            )
        return value

    def amount_if_any(self, name: str, element: Any) -> Decimal:
        found = element.find(name, _PREFIXES)
        return _ZERO if found is None else self.amount(found)

    def sums_to(self, path: str, element: Any, sum_: Decimal, sum_of: str) -> None:
        """Refuse the document unless the amount at ``path`` is ``sum_``."""
        found = element.find(path, _PREFIXES)
        if found is not None and (said := self.amount(found)) != sum_:
            raise DeliveryRefused(
                f"line {self.line(found)}: the {_name(found)} is {said:f}, where {sum_of} is {sum_:f}; {_RESEND}"
            )


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read one invoice or credit note.

    Raises:
        DeliveryRefused: it is not a UBL document that can be trusted, lacks what a charge needs, or does not add up.
    """
    root_name, tree, lines = _parsed(read_document(path, fmt, options))
    document = _Document(tree, lines)
    records = list(_records(document, root_name))  # refuses before anything is stored
    store_records(con, _FIELDS, records)
    return RawTable("raw_rows", _FIELDS, first_line=None)


def recognises(path: Path) -> bool:
    """Whether the file is a UBL invoice or credit note, going by its root."""
    try:
        _scan(read_document(path, FORMAT, FileOptions()))
    except DeliveryRefused:
        return False
    return True


def _parsed(content: bytes) -> tuple[str, Any, list[int]]:
    from lxml import etree

    root_name, lines = _scan(content)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise DeliveryRefused(f"the XML can't be read ({error}); {_RESEND}, without large attachments") from error
    return root_name, tree, lines


def _scan(content: bytes) -> tuple[str, list[int]]:
    """(the root's name, the line of each element in the order they start), by a pass that builds nothing.

    A DOCTYPE is refused where it starts, before any entity of it is declared, let alone expanded.
    """
    lines: list[int] = []
    roots: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def on_element(name: str, _: object) -> None:
        if not lines:
            roots.append(_known_root(name, parser.CurrentLineNumber))
        lines.append(parser.CurrentLineNumber)
        if len(lines) > _MOST_ELEMENTS:
            raise DeliveryRefused(f"the XML has more than {_MOST_ELEMENTS} elements; {_RESEND}")

    def on_doctype(*_: object) -> None:
        raise DeliveryRefused(
            f"line {parser.CurrentLineNumber}: the XML declares a DOCTYPE, which no invoice needs and through which "
            f"it could pull in or blow up anything; {_RESEND}, without it"
        )

    parser.StartElementHandler = on_element
    parser.StartDoctypeDeclHandler = on_doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise DeliveryRefused(_not_xml(content, error)) from error
    return roots[0], lines


def _not_xml(content: bytes, error: expat.ExpatError) -> str:
    start = content.lstrip()[:4]
    if start == b"%PDF":
        return "the file is a PDF; ask the supplier for the invoice as UBL XML"
    if not start.lstrip(b"\xef\xbb\xbf\xff\xfe").startswith((b"<", b"\0<")):
        return "the file is not XML; ask the supplier for the invoice as UBL XML"
    told = expat.ErrorString(error.code)
    return f"line {error.lineno}, column {error.offset + 1}: the XML is cut or broken ({told}); send it again"


def _known_root(name: str, line: int) -> str:
    if name in _ROOTS:
        return _ROOTS[name]
    local = name.split(" ")[-1]
    told = _OTHER_ROOTS.get(local, f"has the root {_shown(local)}, not Invoice or CreditNote of UBL 2")
    raise DeliveryRefused(f"line {line}: the file {told}; ask the supplier for the invoice as UBL 2.1, on its own")


def _records(document: _Document, root_name: str) -> Iterator[tuple[int, list[str | None]]]:
    root = document.root
    number = document.required("cbc:ID", root)
    issued_on = _day(document.required("cbc:IssueDate", root))
    if issued_on is None:
        found = root.find("cbc:IssueDate", _PREFIXES)
        where = f"line {document.line(found)}: the IssueDate {_shown(found.text)}"
        raise DeliveryRefused(f"{where} is not a date such as 2026-01-31; {_RESEND}")
    issuer = _issuer(document)
    type_code = document.text(f"cbc:{root_name}TypeCode", root) or {"Invoice": "380", "CreditNote": "381"}[root_name]
    is_credit = root_name == "CreditNote" or type_code in _CREDIT_TYPES
    rows = _rows(document, root_name)
    totals = _totals(document, rows)
    mended = [
        text
        for kind in ("Invoice", "CreditNote")
        for reference in document.all(f"cac:BillingReference/cac:{kind}DocumentReference", root)
        if (text := document.text("cbc:ID", reference))
    ]
    corrects = ", ".join(dict.fromkeys(mended)) or None

    def signed(amount: Decimal) -> str:
        return f"{(amount.copy_negate() if is_credit else amount) or _ZERO:f}"

    common_tags = [*_document_tags(document, type_code), ("corrects_invoice_id", corrects)]
    stated = [totals.exclusive, totals.tax, totals.inclusive, totals.prepaid, totals.rounding, totals.payable]
    for row in rows:
        tags = {name: value for name, value in (*common_tags, *row.tags) if value is not None}
        yield (
            row.line,
            [
                *(number, issuer, issued_on, document.currency, signed(row.amount), row.kind, row.description),
                *(*row.period, _turned(row.quantity) if is_credit else row.quantity, row.unit),
                json.dumps(tags, ensure_ascii=False),
                *(type_code, "credit note" if is_credit else "invoice", corrects),
                *(*map(signed, stated), str(totals.line)),
            ],
        )


def _rows(document: _Document, root_name: str) -> list[_Row]:
    """The rows of a document, in its order; amounts as written."""
    root = document.root
    lines, tax_totals = document.all(f"cac:{root_name}Line", root), document.all("cac:TaxTotal", root)
    if not lines:
        raise DeliveryRefused(f"line {document.line(root)}: the {root_name} has no {root_name}Line; {_RESEND}")
    period = _period(document, root)
    tax = _sum(amount for element in tax_totals if (amount := _tax(document, element)) is not None)
    rows = [_line(document, element, root_name, period) for element in lines]
    rows += [_allowance_or_charge(document, element, period) for element in document.all("cac:AllowanceCharge", root)]
    if tax:
        first = next(element for element in tax_totals if _tax(document, element) is not None)
        rows += [
            _Row(document.line(first), "tax", amount, "Tax", taxed_period)
            for taxed_period, amount in _tax_by_period(rows, tax, period).items()
        ]
    return sorted(rows, key=lambda row: row.line)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    """A sum that never rounds."""
    total = _ZERO
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def _line(document: _Document, element: Any, root_name: str, whole_period: _Period) -> _Row:
    quantity_name = "cbc:InvoicedQuantity" if root_name == "Invoice" else "cbc:CreditedQuantity"
    quantity = element.find(quantity_name, _PREFIXES)
    name, text = document.text("cac:Item/cbc:Name", element), document.text("cac:Item/cbc:Description", element)
    said = [part for part in dict.fromkeys((name, text)) if part]
    period = _period(document, element)
    return _Row(
        line=document.line(element),
        kind="line",
        amount=document.amount(document.child("cbc:LineExtensionAmount", element)),
        description=": ".join(said) or document.text("cbc:Note", element),
        period=period if any(period) else whole_period,
        quantity=document.text(quantity_name, element),
        unit=quantity.get("unitCode") if quantity is not None else None,
        tax_percent=_percent(document, "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent", element),
        tags=(
            ("invoice_line_id", document.text("cbc:ID", element)),
            ("accounting_cost", document.text("cbc:AccountingCost", element)),
            ("order_reference", document.text("cac:OrderLineReference/cac:OrderReference/cbc:ID", element)),
            ("order_line_reference", document.text("cac:OrderLineReference/cbc:LineID", element)),
            ("sellers_item_id", document.text("cac:Item/cac:SellersItemIdentification/cbc:ID", element)),
            ("buyers_item_id", document.text("cac:Item/cac:BuyersItemIdentification/cbc:ID", element)),
            ("standard_item_id", document.text("cac:Item/cac:StandardItemIdentification/cbc:ID", element)),
            *(
                (f"item_property.{document.text('cbc:Name', item)}", document.text("cbc:Value", item))
                for item in document.all("cac:Item/cac:AdditionalItemProperty", element)
            ),
        ),
    )


def _allowance_or_charge(document: _Document, element: Any, period: _Period) -> _Row:
    """An allowance on the document lowers it, a charge raises it."""
    indicator = document.required("cbc:ChargeIndicator", element)
    if indicator not in ("true", "false", "1", "0"):
        where = f"line {document.line(element)}: the ChargeIndicator {_shown(indicator)}"
        raise DeliveryRefused(f"{where} is neither true nor false; {_RESEND}")
    is_charge = indicator in ("true", "1")
    amount = document.amount(document.child("cbc:Amount", element))
    kind = "charge" if is_charge else "allowance"
    reason = document.text("cbc:AllowanceChargeReason", element) or kind.capitalize()
    reason_code = document.text("cbc:AllowanceChargeReasonCode", element)
    return _Row(
        line=document.line(element),
        kind=kind,
        amount=amount if is_charge else amount.copy_negate(),
        description=reason,
        period=period,
        tags=(("allowance_charge_reason_code", reason_code),),
        tax_percent=_percent(document, "cac:TaxCategory/cbc:Percent", element),
    )


def _percent(document: _Document, path: str, element: Any) -> Decimal | None:
    """The rate of tax that an element tells of itself; None where it tells none that can be read."""
    text = document.text(path, element)
    return Decimal(text) if text and re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,10})?", text) else None


def _tax_by_period(rows: Sequence[_Row], tax: Decimal, whole_period: _Period) -> dict[_Period, Decimal]:
    """The document's tax by the service periods of what it is on: by amounts, times their rates where all tell one.

    Where amounts of both signs leave no share of it to tell, all of it is of the document's own period, or from the
    first to the last day of its lines'. A period that is none (its row is quarantined) does not count.
    """
    whole_period = whole_period if _is_period(whole_period) else (None, None)
    by_rate = all(row.tax_percent is not None for row in rows)
    weights: dict[_Period, Fraction] = {}
    for row in rows:
        rate = Fraction(row.tax_percent) if by_rate and row.tax_percent is not None else Fraction(1)
        period = row.period if _is_period(row.period) else whole_period
        weights[period] = weights.get(period, Fraction(0)) + Fraction(row.amount) * rate
    weights = {period: weight for period, weight in weights.items() if weight}
    total = sum(weights.values())
    if not total or any(weight / total < 0 for weight in weights.values()):
        return {_span(weights, whole_period): tax}
    place = min(int(tax.as_tuple().exponent), -2)
    unit = Fraction(10) ** place
    units = int(abs(Fraction(tax)) / unit)
    exact = {period: units * weight / total for period, weight in weights.items()}
    parts = {period: int(part) for period, part in exact.items()}
    by_rest = sorted(parts, key=lambda period: parts[period] - exact[period])
    for period in by_rest[: units - sum(parts.values())]:
        parts[period] += 1
    sign = -1 if tax < 0 else 1
    return {period: Decimal(sign * part).scaleb(place, _EXACT) for period, part in parts.items() if part}


def _is_period(period: _Period) -> bool:
    try:
        first, last = (date.fromisoformat(day or "") for day in period)
    except ValueError:
        return False
    return first <= last


def _span(periods: Iterable[_Period], whole_period: _Period) -> _Period:
    if any(whole_period):
        return whole_period
    told = [(first, last) for first, last in periods if first and last]
    return min((first for first, _ in told), default=None), max((last for _, last in told), default=None)


def _tax(document: _Document, element: Any) -> Decimal | None:
    """The tax of a TaxTotal; None where it is the same tax told again in another currency."""
    found = document.child("cbc:TaxAmount", element)
    if found.get("currencyID") not in (None, document.currency):
        return None
    return document.amount(found)


def _totals(document: _Document, rows: list[_Row]) -> _Totals:
    """The document's totals, once they hold: EN 16931's rules BR-CO-10 to BR-CO-16."""
    found = document.child("cac:LegalMonetaryTotal", document.root)

    def sum_of(kind: str) -> Decimal:
        return _sum(row.amount for row in rows if row.kind == kind)

    lines, exclusive, inclusive, payable = (
        document.amount(document.child(f"cbc:{name}", found))
        for name in ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount")
    )
    prepaid = document.amount_if_any("cbc:PrepaidAmount", found)
    rounding = document.amount_if_any("cbc:PayableRoundingAmount", found)
    allowances, charges, tax = sum_of("allowance"), sum_of("charge"), sum_of("tax")
    for name, sum_, said in (
        ("LineExtensionAmount", sum_of("line"), "the sum of the lines"),
        ("AllowanceTotalAmount", allowances.copy_negate(), "the sum of the document's allowances"),
        ("ChargeTotalAmount", charges, "the sum of the document's charges"),
        ("TaxExclusiveAmount", _sum([lines, allowances, charges]), "the sum of lines, charges and allowances"),
        ("TaxInclusiveAmount", _sum([exclusive, tax]), "the TaxExclusiveAmount with the TaxAmount"),
        (
            "PayableAmount",
            _sum([inclusive, prepaid.copy_negate(), rounding]),
            "the TaxInclusiveAmount less the PrepaidAmount, with the PayableRoundingAmount,",
        ),
    ):
        document.sums_to(f"cbc:{name}", found, sum_, said)
    return _Totals(document.line(found), exclusive, tax, inclusive, prepaid, rounding, payable)


def _issuer(document: _Document) -> str:
    """The seller's name as registered, else as traded under, else whatever tells it apart."""
    party = "cac:AccountingSupplierParty/cac:Party"
    for path in (
        "cac:PartyLegalEntity/cbc:RegistrationName",
        "cac:PartyName/cbc:Name",
        "cac:PartyLegalEntity/cbc:CompanyID",
        "cac:PartyTaxScheme/cbc:CompanyID",
        "cac:PartyIdentification/cbc:ID",
        "cbc:EndpointID",
    ):
        if found := document.text(f"{party}/{path}", document.root):
            return found
    where = document.line(document.root)
    raise DeliveryRefused(f"line {where}: the {_name(document.root)} names no supplier; {_RESEND}")


def _document_tags(document: _Document, type_code: str) -> list[tuple[str, str | None]]:
    """What rules may want to match; a line's own value of the same name wins."""
    root = document.root
    named = {
        "buyer_reference": "cbc:BuyerReference",
        "order_reference": "cac:OrderReference/cbc:ID",
        "accounting_cost": "cbc:AccountingCost",
        "project_reference": "cac:ProjectReference/cbc:ID",
        "contract_reference": "cac:ContractDocumentReference/cbc:ID",
        "note": "cbc:Note",
    }
    return [("document_type", type_code), *((name, document.text(path, root)) for name, path in named.items())]


def _period(document: _Document, element: Any) -> _Period:
    """(first day, last day) of the element's InvoicePeriod; (None, None) where it has none. One day stands for both."""
    for period in document.all("cac:InvoicePeriod", element):
        first, last = document.text("cbc:StartDate", period), document.text("cbc:EndDate", period)
        if first or last:
            return _day(first or last) or first or last, _day(last or first) or last or first
    return None, None


def _day(text: str | None) -> str | None:
    """An xsd:date less its zone."""
    found = _DAY.fullmatch(text or "")
    return found.group(1) if found else None


def _turned(quantity: str | None) -> str | None:
    if quantity is None or not _AMOUNT.fullmatch(quantity):
        return quantity
    return quantity[1:] if quantity.startswith("-") else f"-{quantity.removeprefix('+')}"


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _shown(text: str | None) -> str:
    text = text or ""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


FORMAT = Format(
    name="ubl",
    title="UBL 2.1 invoices and credit notes (Peppol BIS Billing 3, EN 16931)",
    versions=("2.1",),
    dataset=INVOICES,
    disposition="merge",
    basis="billed",
    natural_key=("invoice_issuer_name", "invoice_id", "x_document_kind"),
    columns=tuple(Column(name, required=name in _REQUIRED) for name in _FIELDS),
    sql="formats/ubl",
    read=read,
    settings=(),
    recognises=recognises,
    money={"amount": "billed_cost"},
    currency_column="billing_currency",
    null_words=("",),
    version_of=lambda header: "2.1",
)
