"""Bright Labels' invoices as CSV, one file a month; three rows of one file are faulty on purpose."""

from __future__ import annotations

from decimal import Decimal

from .basics import cents, csv_text, table, words

INVOICE_COLUMNS = words("""
    invoice_number issuer issue_date currency amount tax description service_start service_end project
""")
BRIGHT = "Bright Labels Inc."

# number, issued on, first and last day, project, hours, price an hour, tax (`-` is blank), what was done
INVOICE_LINES_TABLE = """
BL-2025-101 2025-10-31 2025-10-06 2025-10-31 support-bot     92.5  64  0.00  Conversation labels, tier 2
BL-2025-101 2025-10-31 2025-10-06 2025-10-31 support-bot        8  95 53.20  Guideline workshop
BL-2025-112 2025-11-28 2025-11-03 2025-11-28 support-bot    70.25  64  0.00  Conversation labels, tier 2
BL-2025-112 2025-11-28 2025-11-03 2025-11-28 support-bot     12.5  95     -  Adjudication
BL-2025-127 2025-12-19 2025-12-01 2025-12-19 support-bot       34  64  0.00  Conversation labels, tier 2
BL-2025-127 2025-12-19 2025-12-01 2025-12-19 support-bot       21  72  0.00  Blind preference ratings
CN-2025-019 2025-12-19 2025-11-03 2025-11-14 support-bot      -12  64  0.00  Credit note, rejected batch 14
BL-2026-031 2026-03-31 2026-02-02 2026-03-31 support-bot       12  72  0.00  Live transcript audit
BL-2026-053 2026-05-29 2026-05-04 2026-05-29 support-bot       58  66  0.00  Conversation labels, new topics
BL-2026-053 2026-05-29 2026-05-04 2026-05-29 support-bot        9  98  0.00  Adjudication
BL-2026-066 2026-06-26 2026-06-01 2026-06-26 support-bot       14  66  0.00  Conversation labels, new topics
BL-2026-066 2026-06-26 2026-06-01 2026-06-26 support-bot       16  74  0.00  Blind preference ratings
BL-2026-074 2026-07-31 2026-07-01 2026-07-31 support-bot      6.5  74  0.00  Live transcript audit
BL-2026-074 2026-07-31 2026-07-01 2026-07-31 support-bot        5  66  0.00  Conversation labels, new topics
BL-2026-074 2026-07-31 2026-07-01 2026-07-31 invoice-reader     4  92  0.00  Blind field audit
BL-2026-078 2026-07-31 2026-07-20 2026-07-31 support-bot      2.5  98  0.00  Adjudication
BL-2026-078 2026-07-31 2026-07-20 2026-07-31 invoice-reader     3  92  0.00  Invoice field labelling
BL-2026-093 2026-09-30 2026-09-01 2026-09-30 support-bot        6  74  0.00  Live transcript audit
BL-2026-093 2026-09-30 2026-09-01 2026-09-30 invoice-reader   4.5  92  0.00  Blind field audit
"""

# Typed by hand, each with a fault of its own: the amount, the issue date, the missing currency.
JULY = ("2026-07-01", "2026-07-31")
FAULTY_ROWS = (
    ("BL-2026-075", BRIGHT, "2026-07-31", "USD", "$1,250.00 ", "0.00", "Rush order", *JULY, "support-bot"),
    ("BL-2026-076", BRIGHT, "2026-02-30", "USD", "396.00", "", "Guideline update", *JULY, "support-bot"),
    ("BL-2026-077", BRIGHT, "2026-07-31", "", "528.00", "0.00", "Customs forms", *JULY, "invoice-reader"),
)
FAULTY_FILE = "2026-07-bright-labels.csv"


def agency_invoices() -> dict[str, str]:
    """The text of each file, by its name: what the agency invoiced in a month."""
    files: dict[str, list[tuple[str, ...]]] = {FAULTY_FILE: [*FAULTY_ROWS]}
    for number, issued_on, first, last, project, hours, price, tax, *work in table(INVOICE_LINES_TABLE):
        amount = str(cents(Decimal(hours) * Decimal(price)))
        description = f"{' '.join(work)}, {hours.removeprefix('-')} h"
        paid = (number, BRIGHT, issued_on, "USD", amount, tax.removeprefix("-"))
        files.setdefault(f"{issued_on[:7]}-bright-labels.csv", []).append((*paid, description, first, last, project))
    for rows in files.values():
        rows.sort(key=lambda row: row[0])
    return {name: csv_text(INVOICE_COLUMNS, rows) for name, rows in files.items()}
