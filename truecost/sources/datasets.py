"""Datasets: what files come to in the ledger, whatever format they came in; each declared in this one place.

A dataset is a table of the ledger, the SQL that writes good rows to it, the suite that judges them, and what a row is
known by when it comes again. A format of someone else's package may bring one of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Receipts = Literal["versions", "slots", "occurrences"]


@dataclass(frozen=True)
class Dataset:
    """A kind of fact. Its suite is ``<name>.json``, in the workspace's ``expectations`` or else where it comes from.

    ``receipts`` is what becomes of rows that come again. ``versions``: of the rows with one ``natural_key`` (columns of
    the table; ``source`` is the delivery's) the latest landed is current, and one that says the same as the one before
    it is a duplicate. ``slots``: a delivery speaks for whole bills or invoices. ``occurrences``: a log, of which only
    what is repeated is looked at.

    SQL files are named without their suffix: those of truecost from its ``sql``, those of another ``package`` from the
    folder it lies in. ``create`` makes the table ``ledger.<name>`` of such a package; ``load`` fills it, and may be
    left out, as may ``view``, which finance then finds under the dataset's name. ``moment`` is the column that says
    when a row was so, for sources of which ``[[expected]]`` asks. ``row_key`` is what a row is known by in files that
    hold only what changed (``delivery = "merge"``), where slots are not the way they come again.
    """

    name: str
    natural_key: tuple[str, ...] = ()
    package: str | None = None
    create: str = ""
    load: tuple[str, ...] = ()
    view: str = ""
    moment: str = ""
    receipts: Receipts = "versions"
    slots: str = ""
    table: str = ""
    books: str = ""
    row_key: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"{self.name!r} can't name a dataset; use small letters, digits and underscores")
        if self.receipts == "versions" and not self.natural_key:
            raise ValueError(f"the dataset {self.name} has no natural_key; name the columns its rows are known by")
        if self.package and (not self.create or self.receipts != "versions" or self.table or self.books):
            raise ValueError(
                f"the dataset {self.name} of {self.package} needs `create`, the SQL file that makes its table, and "
                "keeps versions; leave `receipts`, `table` and `books` as they are"
            )

    @property
    def ledger_table(self) -> str:
        return f"ledger.{self.table or self.name}"

    @property
    def books_table(self) -> str:
        """Every row with its source and whether it is current."""
        return f"books.{self.books or self.name}"

    @property
    def load_sql(self) -> tuple[str, ...]:
        """The queries that write the good rows of a staged delivery, by full name."""
        return tuple(self.file(name) for name in self.load) or ("intake/versions",)

    def file(self, name: str) -> str:
        """The full name of one of its SQL files."""
        return f"{self.package}:{name}" if self.package else name


# What tells one charge of a bill from another, whatever its amounts; a tag or a name may be corrected later.
CHARGES = Dataset(
    "charges",
    load=("intake/charges",),
    receipts="slots",
    slots="intake/slots_charges",
    row_key=(
        *("provider_name", "billing_account_id", "sub_account_id", "charge_period_start", "charge_period_end"),
        *("charge_category", "charge_class", "charge_frequency", "charge_description", "service_name", "region_id"),
        *("resource_id", "sku_id", "sku_price_id", "pricing_category", "commitment_discount_id"),
        *("commitment_discount_status", "consumed_unit"),
    ),
)
INVOICES = Dataset(
    "invoices",
    load=("intake/invoices", "intake/invoice_totals"),
    receipts="slots",
    slots="intake/slots_invoices",
    table="charges",
)
# A requeued job starts anew, so each of its starts counts.
JOBS = Dataset("jobs", ("cluster", "job_id", "started_at"), load=("intake/jobs",))
TRAINING_RUNS = Dataset("training_runs", ("run_id",), load=("intake/training_runs",), books="run_versions")
RATES = Dataset("rates", ("gpu_type", "currency", "valid_from"), load=("intake/rates",))
# Exports of staff time name no entry, so it is known by who, when, project and task; by its text only where the tool
# gives no start time, so that elsewhere an edited text is a new version and not a second entry. The occurrence tells
# entries of one file apart that share all this.
WORKLOGS = Dataset(
    "worklogs",
    ("source", "person", "started_at", "project", "task", "key_text", "x_occurrence"),
    load=("intake/worklogs",),
)
EVALS = Dataset(
    "evals",
    ("model_id", "model_version", "task", "metric", "evaluated_at"),
    load=("intake/evals",),
    moment="evaluated_at",
)
REQUESTS = Dataset("requests", ("source", "x_key", "x_occurrence"), load=("intake/requests",), receipts="occurrences")
# Files of one currency each do not replace one another's.
FX_RATES = Dataset("fx_rates", ("rate_date", "quoted"), load=("intake/fx_rates",), books="fx_days")
MODEL_VERSIONS = Dataset(
    "model_versions",
    ("source", "registered_model", "registered_version"),
    load=("intake/model_versions",),
    moment="updated_at",
    books="registered_versions",
)

OWN = (CHARGES, INVOICES, JOBS, TRAINING_RUNS, RATES, WORKLOGS, EVALS, REQUESTS, FX_RATES, MODEL_VERSIONS)
