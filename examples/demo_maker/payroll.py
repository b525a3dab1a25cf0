"""Staff cost as the payroll system exports it, with headings of its own, for all who keep no timesheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from .basics import MONTH_COUNT, cents, csv_text, jitter, last_of, months, table

STAFF_COLUMNS = ("Doc No", "Employer", "Posted On", "Curr", "Gross Cost", "Role", "Project", "From", "To")

# canonical name of a charge's column -> heading of the payroll export
STAFF_COLUMN_MAP = {
    "invoice_number": "Doc No",
    "issuer": "Employer",
    "issue_date": "Posted On",
    "currency": "Curr",
    "amount": "Gross Cost",
    "description": "Role",
    "service_start": "From",
    "service_end": "To",
}


class Post(NamedTuple):
    """A role on a project: what a full month of it costs, and the percentage of it that each month took."""

    project: str
    role: str
    full_month: Decimal
    percent: Mapping[date, int]


POSTS_TABLE = """
# project   a month   Oct Nov Dec Jan Feb Mar Apr May Jun Jul Aug Sep  role
support-bot     13400  43  34  14   4   4   4  12  30  12   4   4   4  Data engineer, curation
support-bot      6200  30  25  15   0   0   0  10  20  10   0   0   0  Support specialist, label review
support-bot     14600   0   0   5  18   0   0   0   0  10   0   0   0  Platform engineer, rollout
support-bot     14600   0   0   0   5   8   8   8   8   8   8   8   8  Platform engineer, on call
invoice-reader  13400   0   0   0  30  26   9   4   2   2   2   9   7  Data engineer, curation
invoice-reader   5900   0   0   0  28  28  14   0   0   0   0   8   0  Invoice clerk, label review
invoice-reader  15800   0   0   0   0  24  32   5   0   0   0   6   6  ML engineer, training
invoice-reader  15800   0   0   0   4   5   8   8   3   3   3   3   3  ML engineer, evaluation
invoice-reader  14600   0   0   0   0   0   4  12   0   0   0   0   0  Platform engineer, rollout
"""


def posts() -> list[Post]:
    found = []
    for project, full_month, *rest in table(POSTS_TABLE):
        percent = dict(zip(months(), map(int, rest[:MONTH_COUNT]), strict=True))
        found.append(Post(project, " ".join(rest[MONTH_COUNT:]), Decimal(full_month), percent))
    return found


def staff_cost(month: date) -> str:
    rows = []
    last_day = last_of(month)
    for post in posts():
        share = Decimal(post.percent[month]) / 100
        if share:
            cost = cents(jitter(post.full_month * share, 4, post.project, post.role, month))
            document = (f"PAY-{month:%Y-%m}", "Larkfell Outfitters Inc.", last_day, "USD", cost)
            rows.append((*document, post.role, post.project, month, last_day))
    return csv_text(STAFF_COLUMNS, rows)
