"""UBL documents written by rule: totals that add up, unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape

_XSD = "urn:oasis:names:specification:ubl:schema:xsd"


@dataclass(frozen=True)
class Line:
    """A line of a document: its amount, and what else it may say."""

    amount: str = "100.00"
    name: str = "labels"
    quantity: str = "10"
    period: tuple[str, str] | None = None
    more: str = ""


@dataclass(frozen=True)
class Ubl:
    """A document; ``said`` overrides what a total says of itself, by the element's name."""

    root: str = "Invoice"
    number: str = "INV-1"
    type_code: str = ""
    issuer: str = "Bright Labels"
    issued_on: str = "2026-01-31"
    currency: str = "EUR"
    lines: Sequence[Line] = (Line(),)
    allowances: Sequence[str] = ()
    charges: Sequence[str] = ()
    tax: str = "19.00"
    prepaid: str = "0.00"
    rounding: str = "0.00"
    head: str = ""
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def exclusive(self) -> Decimal:
        lines = sum((Decimal(line.amount) for line in self.lines), Decimal(0))
        return lines + sum(map(Decimal, self.charges), Decimal(0)) - sum(map(Decimal, self.allowances), Decimal(0))

    @property
    def inclusive(self) -> Decimal:
        return self.exclusive + Decimal(self.tax)

    @property
    def payable(self) -> Decimal:
        return self.inclusive - Decimal(self.prepaid) + Decimal(self.rounding)

    def xml(self) -> str:
        """The document, an element a line."""
        kind = {"Invoice": "380", "CreditNote": "381"}[self.root]
        parts = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<{self.root} xmlns="{_XSD}:{self.root}-2" xmlns:cac="{_XSD}:CommonAggregateComponents-2" '
            f'xmlns:cbc="{_XSD}:CommonBasicComponents-2">',
            f"<cbc:ID>{escape(self.number)}</cbc:ID>",
            f"<cbc:IssueDate>{self.issued_on}</cbc:IssueDate>",
            f"<cbc:{self.root}TypeCode>{self.type_code or kind}</cbc:{self.root}TypeCode>",
            f"<cbc:DocumentCurrencyCode>{self.currency}</cbc:DocumentCurrencyCode>",
            *([self.head] if self.head else []),
            "<cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity>"
            f"<cbc:RegistrationName>{escape(self.issuer)}</cbc:RegistrationName>"
            "</cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>",
            *(self._allowance_or_charge("false", amount) for amount in self.allowances),
            *(self._allowance_or_charge("true", amount) for amount in self.charges),
            f"<cac:TaxTotal>{self._amount('TaxAmount', self.tax)}</cac:TaxTotal>",
            "<cac:LegalMonetaryTotal>",
            *(self._amount(name, amount) for name, amount in self._totals().items()),
            "</cac:LegalMonetaryTotal>",
            *(self._line(number, line) for number, line in enumerate(self.lines, start=1)),
            f"</{self.root}>",
        ]
        return "\n".join(parts) + "\n"

    def _totals(self) -> dict[str, str]:
        return {
            "LineExtensionAmount": str(sum((Decimal(line.amount) for line in self.lines), Decimal(0))),
            "TaxExclusiveAmount": str(self.exclusive),
            "TaxInclusiveAmount": str(self.inclusive),
            "AllowanceTotalAmount": str(sum(map(Decimal, self.allowances), Decimal(0))),
            "ChargeTotalAmount": str(sum(map(Decimal, self.charges), Decimal(0))),
            "PrepaidAmount": self.prepaid,
            "PayableRoundingAmount": self.rounding,
            "PayableAmount": str(self.payable),
        } | self.said

    def _amount(self, name: str, amount: str) -> str:
        return f'<cbc:{name} currencyID="{self.currency}">{amount}</cbc:{name}>'

    def _allowance_or_charge(self, indicator: str, amount: str) -> str:
        inner = f"<cbc:ChargeIndicator>{indicator}</cbc:ChargeIndicator>{self._amount('Amount', amount)}"
        return f"<cac:AllowanceCharge>{inner}</cac:AllowanceCharge>"

    def _line(self, number: int, line: Line) -> str:
        counted = {"Invoice": "InvoicedQuantity", "CreditNote": "CreditedQuantity"}[self.root]
        period = ""
        if line.period:
            first, last = line.period
            period = (
                f"<cac:InvoicePeriod><cbc:StartDate>{first}</cbc:StartDate><cbc:EndDate>{last}</cbc:EndDate>"
                "</cac:InvoicePeriod>"
            )
        return (
            f"<cac:{self.root}Line><cbc:ID>{number}</cbc:ID>"
            f'<cbc:{counted} unitCode="C62">{line.quantity}</cbc:{counted}>'
            f"{self._amount('LineExtensionAmount', line.amount)}{period}{line.more}"
            f"<cac:Item><cbc:Name>{escape(line.name)}</cbc:Name></cac:Item></cac:{self.root}Line>"
        )
