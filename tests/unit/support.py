"""What the unit, property and integration tests share: a workspace taken through its steps, and files written by rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from truecost import steps
from truecost.clock import Clock
from truecost.loading import Loaded
from truecost.warehouse import connect
from truecost.workspace import Workspace, load_workspace

Row = dict[str, Any]
MakeWorkspace = Callable[..., Path]

DAY = date(2026, 10, 5)
MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")

GOOD_CHARGE = {
    "BilledCost": "10.00",
    "EffectiveCost": "10.00",
    "ListCost": "12.00",
    "ContractedCost": "10.00",
    "BillingCurrency": "USD",
    "BillingAccountId": "acct-1",
    "BillingPeriodStart": "2026-01-01T00:00:00Z",
    "BillingPeriodEnd": "2026-02-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ChargeDescription": "GPU hours",
    "ChargePeriodStart": "2026-01-10T00:00:00Z",
    "ChargePeriodEnd": "2026-01-11T00:00:00Z",
    "ConsumedQuantity": "1",
    "ProviderName": "AWS",
    "ServiceName": "Compute",
    "Tags": "",
}
GOOD_LINE = {
    "invoice_number": "INV-1",
    "issuer": "Bright Labels",
    "issue_date": "2026-01-31",
    "currency": "USD",
    "amount": "100.00",
    "tax": "0.00",
    "description": "labels",
}
GOOD_JOB = {
    "JobID": "100",
    "Start": "2026-01-10T00:00:00",
    "End": "2026-01-10T01:00:00",
    "ElapsedRaw": "3600",
    "State": "COMPLETED",
    "AllocTRES": "cpu=8,gres/gpu=2,gres/gpu:a100=2",
    "Account": "nlp",
    "JobName": "train",
}
GOOD_RATE = {"gpu_type": "a100", "price_per_gpu_hour": "2.50", "currency": "USD", "valid_from": "2026-01-01", "valid_to": ""}
GOOD_RUN = {"run_id": "r1", "model_id": "bot", "outcome": "", "job_id": "100", "decided_at": ""}

SOURCE = {
    "aws": ("focus", "inbox/aws/*"),
    "annotators": ("invoice_csv", "inbox/annotators/*"),
    "slurm": ("slurm", "inbox/slurm/*"),
    "rates": ("rate_card", "inbox/rates/*"),
    "runs": ("training_runs", "inbox/runs/*"),
}


def config(*sources: str, more: str = "", **settings: str) -> str:
    """A ``truecost.toml`` with the named sources of ``SOURCE``; ``settings`` are further keys of the first of them."""
    text = '[workspace]\nname = "books"\n'
    for number, name in enumerate(sources or SOURCE):
        kind, path = SOURCE[name]
        text += f'\n[[sources]]\nname = "{name}"\nformat = "{kind}"\npath = "{path}"\n'
        if number == 0:
            text += "".join(f"{key} = {value}\n" for key, value in settings.items())
    return text + more


def table(rows: Iterable[Mapping[str, str]], columns: Iterable[str], delimiter: str = ",", end: str = "\n") -> str:
    """Rows as delimited text with a header."""
    names = list(columns)
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end)
    writer.writerow(names)
    writer.writerows([[row.get(name, "") for name in names] for row in rows])
    return target.getvalue()


def focus(*rows: Mapping[str, str], **options: str) -> str:
    """A FOCUS file: each row is what differs from ``GOOD_CHARGE``."""
    return table([{**GOOD_CHARGE, **row} for row in rows], GOOD_CHARGE, **options)


def invoices(*rows: Mapping[str, str], **options: str) -> str:
    return table([{**GOOD_LINE, **row} for row in rows], GOOD_LINE, **options)


def sacct(*rows: Mapping[str, str]) -> str:
    jobs = [{**GOOD_JOB, **row} for row in rows]
    return "".join("|".join(line) + "\n" for line in [list(GOOD_JOB), *([job[n] for n in GOOD_JOB] for job in jobs)])


def rates(*rows: Mapping[str, str], **options: str) -> str:
    return table([{**GOOD_RATE, **row} for row in rows], GOOD_RATE, **options)


def runs(*rows: Mapping[str, str], **options: str) -> str:
    return table([{**GOOD_RUN, **row} for row in rows], GOOD_RUN, **options)


def january(**changes: str) -> dict[str, str]:
    return dict(changes)


def month(number: int, **changes: str) -> dict[str, str]:
    """What puts a charge of ``GOOD_CHARGE`` into another month of 2026."""
    return {
        "BillingPeriodStart": f"2026-{number:02d}-01T00:00:00Z",
        "BillingPeriodEnd": f"2026-{number + 1:02d}-01T00:00:00Z",
        "ChargePeriodStart": f"2026-{number:02d}-10T00:00:00Z",
        "ChargePeriodEnd": f"2026-{number:02d}-11T00:00:00Z",
        **changes,
    }


@dataclass(frozen=True)
class Books:
    """A workspace on disk, and what can be asked of it once it has run."""

    root: Path

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root)

    def put(self, file: str, content: str | bytes) -> None:
        """Write a file of the inbox; in another way than before, so that no two writes look alike to the file system."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def drop(self, file: str) -> None:
        (self.root / file).unlink()

    def configure(self, toml: str) -> None:
        (self.root / "truecost.toml").write_text(toml, "utf-8")

    def run(self, as_of: date = DAY) -> list[Loaded]:
        """Land, load and attribute; every promise about rows and totals is checked each time."""
        steps.land(self.workspace, Clock(as_of))
        loaded = steps.load(self.workspace)
        steps.attribute(self.workspace)
        self.check()
        return loaded

    def ask(self, sql: str, *values: Any) -> list[Row]:
        with closing(connect(self.workspace.warehouse)) as con:
            found = con.execute(sql, list(values))
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def one(self, sql: str, *values: Any) -> Any:
        (row,) = self.ask(sql, *values)
        (value,) = row.values()
        return value

    def deliveries(self) -> list[Row]:
        return self.ask("SELECT * FROM books.deliveries ORDER BY delivery_id")

    def delivery(self, file: str) -> Row:
        """The newest delivery of a file, named by the end of its path."""
        return next(row for row in reversed(self.deliveries()) if row["file"].endswith(file))

    def quarantine(self, file: str = "") -> list[Row]:
        """The quarantined rows of the newest delivery of ``file``."""
        return self.ask(
            "SELECT * FROM log.quarantine WHERE delivery_id = ? ORDER BY line", self.delivery(file)["delivery_id"]
        )

    def statuses(self) -> list[tuple[str, str]]:
        """(the file's name, how it stands), in the order received."""
        return [(Path(row["file"]).name, row["status"]) for row in self.deliveries()]

    def charged(self) -> Decimal:
        """The billed cost of every current charge."""
        return Decimal(self.one("SELECT coalesce(sum(billed_cost), 0) FROM books.charges"))

    def ledger(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the ledger, the log and the books, but for when steps finished."""
        kept = {}
        with closing(connect(self.workspace.warehouse)) as con:
            tables = con.execute(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_schema IN ('log', 'ledger', 'books') AND table_name <> 'steps' ORDER BY ALL"
            ).fetchall()
            for schema, name in tables:
                kept[f"{schema}.{name}"] = con.execute(f"SELECT * FROM {schema}.{name} ORDER BY ALL").fetchall()
        return kept

    def check(self) -> None:
        """Nothing lost, nothing doubled: for every delivery and every money column."""
        for row in self.deliveries():
            parts = row["rows_loaded"] + row["rows_quarantined"] + row["rows_duplicate"] + row["rows_skipped"]
            assert row["rows_read"] == parts, f"{row['file']}: {row['rows_read']} rows read, {parts} accounted for"
            assert all(row[name] >= 0 for name in row if name.startswith("rows_")), row
        lost = self.ask(
            "SELECT * FROM books.control_totals WHERE amount_read <> "
            "amount_loaded + amount_quarantined + amount_duplicate + amount_skipped"
        )
        assert not lost, lost
        miscounted = self.ask(
            "SELECT file, rows_quarantined, count(line) AS listed FROM log.deliveries LEFT JOIN log.quarantine "
            "USING (delivery_id) GROUP BY ALL HAVING rows_quarantined <> count(line)"
        )
        assert not miscounted, miscounted
        missing = self.ask(
            "SELECT file, rows_accepted FROM log.deliveries WHERE dataset IN ('charges', 'invoices') AND rows_accepted <> "
            "(SELECT count(*) FROM ledger.charges WHERE x_delivery_id = delivery_id AND x_part = 0)"
        )
        assert not missing, missing
