"""Invoices as CSV: one line an invoice line, any header through the source's ``columns`` map.

The key is issuer and number. The same invoice again with the same lines is a duplicate; with other lines it is a
conflict and held. Columns that nothing maps become tags, so that rules can match them.
"""

from __future__ import annotations

from truecost.sources import Column, Format
from truecost.sources.datasets import INVOICES
from truecost.sources.readers.delimited import read

FORMAT = Format(
    name="invoice_csv",
    title="Invoices, one CSV row a line",
    versions=("1",),
    dataset=INVOICES,
    disposition="merge",
    basis="billed",
    natural_key=("invoice_issuer_name", "invoice_id"),
    columns=(
        Column("invoice_number", ("invoice_id", "invoice_no", "number", "invoice"), required=True),
        Column("issue_date", ("invoice_date", "issued_on", "date"), required=True),
        Column("amount", ("net_amount", "net", "amount_net"), required=True),
        Column("issuer", ("vendor", "supplier", "invoice_issuer_name")),
        Column("currency", ("billing_currency", "currency_code")),
        Column("tax", ("tax_amount", "vat", "vat_amount")),
        Column("description", ("charge_description", "text", "line_description")),
        Column("service_start", ("service_from", "period_start")),
        Column("service_end", ("service_to", "period_end")),
        Column("quantity", ("qty",)),
        Column("unit", ()),
    ),
    sql="formats/invoice_csv",
    read=read,
    settings=("currency", "fields"),
    money={"amount": "billed_cost", "tax": "x_tax_amount"},
    currency_column="billing_currency",
    null_words=("",),
    extra_columns="tags",
    delimiters=(",", ";", "\t"),
)
