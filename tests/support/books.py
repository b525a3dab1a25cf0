"""What the tests of the books share: files written by rule, and a workspace taken through its steps."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost import steps
from truecost.archive.closes import Close, read_closes
from truecost.books.derivation import keep_books, rebuild_books
from truecost.books.gaps import tell_day
from truecost.books.invariants import breaches
from truecost.books.session import Session, open_session
from truecost.clock import Clock
from truecost.closing.checks import CHECKS
from truecost.closing.close import close_quarter
from truecost.intake.landing import LandedSet, Landing, Part
from truecost.intake.load import Loaded, load_delivery, load_landed
from truecost.intake.validation import load_suite
from truecost.publish.publication import with_frozen_rows
from truecost.sources import formats
from truecost.store.journal import Journal
from truecost.store.sql import query
from truecost.store.warehouse import IN_MEMORY, connect
from truecost.workspace.config import ConfigFile
from truecost.workspace.workspace import Workspace, load_workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]

DAY = date(2026, 10, 5)

# The promises that rest on what became of each delivery, and on nothing derived from it.
OF_DELIVERIES = ("control_totals_add_up", "rows_add_up", "rows_are_held", "slots_have_one_holder")

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
    "service_start": "",
    "service_end": "",
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
GOOD_RATE = {
    "gpu_type": "a100",
    "price_per_gpu_hour": "2.50",
    "currency": "USD",
    "valid_from": "2026-01-01",
    "valid_to": "",
}
GOOD_RUN = {"run_id": "r1", "model_id": "bot", "outcome": "", "job_id": "100", "parent_run_id": "", "decided_at": ""}

SOURCES = {
    "aws": ("focus", "inbox/aws/*"),
    "annotators": ("invoice_csv", "inbox/annotators/*"),
    "slurm": ("slurm", "inbox/slurm/*"),
    "rates": ("rate_card", "inbox/rates/*"),
    "runs": ("training_runs", "inbox/runs/*"),
}


def config(*sources: str, more: str = "", workspace: str = "", **settings: str) -> str:
    """A ``truecost.toml`` with the named ones of ``SOURCES`` (default: all); ``settings`` are keys of the first."""
    text = f'[workspace]\nname = "books"\n{workspace}\n'
    for number, name in enumerate(sources or SOURCES):
        kind, path = SOURCES[name]
        text += f'\n[[sources]]\nname = "{name}"\nformat = "{kind}"\npath = "{path}"\n'
        if number == 0:
            text += "".join(f"{key} = {value}\n" for key, value in settings.items())
    return text + more


def table(rows: Iterable[Mapping[str, str]], good: Mapping[str, str], delimiter: str = ",", end: str = "\n") -> str:
    """Rows as delimited text under a header, each the good one but for what it says itself."""
    written = [{**good, **row} for row in rows]
    columns = [*good, *dict.fromkeys(name for row in written for name in row if name not in good)]
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end)
    writer.writerow(columns)
    writer.writerows([[row.get(name, "") for name in columns] for row in written])
    return target.getvalue()


def focus(*rows: Mapping[str, str], delimiter: str = ",", end: str = "\n") -> str:
    return table(rows, GOOD_CHARGE, delimiter, end)


def invoices(*rows: Mapping[str, str], delimiter: str = ",", end: str = "\n") -> str:
    return table(rows, GOOD_LINE, delimiter, end)


def rates(*rows: Mapping[str, str], delimiter: str = ",", end: str = "\n") -> str:
    return table(rows, GOOD_RATE, delimiter, end)


def runs(*rows: Mapping[str, str], delimiter: str = ",", end: str = "\n") -> str:
    return table(rows, GOOD_RUN, delimiter, end)


def sacct(*rows: Mapping[str, str]) -> str:
    """What ``sacct --parsable2`` prints: no quotes."""
    columns = list(dict.fromkeys(name for row in (GOOD_JOB, *rows) for name in row))
    lines = [columns, *([{**GOOD_JOB, **row}.get(name, "") for name in columns] for row in rows)]
    return "".join("|".join(line) + "\n" for line in lines)


def in_month(number: int, **changes: str) -> dict[str, str]:
    """What puts a charge of ``GOOD_CHARGE`` into another month of 2026."""
    return {
        "BillingPeriodStart": f"2026-{number:02d}-01T00:00:00Z",
        "BillingPeriodEnd": f"2026-{number + 1:02d}-01T00:00:00Z",
        "ChargePeriodStart": f"2026-{number:02d}-10T00:00:00Z",
        "ChargePeriodEnd": f"2026-{number:02d}-11T00:00:00Z",
        **changes,
    }


def asked(con: DuckDBPyConnection, sql: str, *values: Any) -> list[Row]:
    """The answer to a query, a dict a row."""
    found = con.execute(sql, list(values))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@dataclass(frozen=True)
class Books:
    """A workspace on disk, and what can be asked of it once it has run."""

    root: Path

    @classmethod
    def of(cls, root: Path, toml: str, files: Mapping[str, str | bytes] | None = None) -> Books:
        root.mkdir(parents=True, exist_ok=True)
        books = cls(root)
        books.configure(toml)
        for file, content in (files or {}).items():
            books.put(file, content)
        return books

    @property
    def workspace(self) -> Workspace:
        return load_workspace(self.root)

    def configure(self, toml: str) -> None:
        (self.root / "truecost.toml").write_text(toml, "utf-8")

    def put(self, file: str, content: str | bytes) -> Path:
        """Write a file of the workspace."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def take_out(self, file: str) -> None:
        (self.root / file).unlink()

    def run(self, as_of: date = DAY) -> list[Loaded]:
        """Land, load and attribute, in one session; every promise of the books is checked each time."""
        workspace, clock = self.workspace, Clock(as_of)
        Landing(workspace.landing).land(workspace, clock)
        with open_session(workspace, Clock()) as session:
            loaded = load_landed(session.con, workspace)
            keep_books(session)
            broken = breaches(session)
        assert not broken, broken
        return loaded

    def take_in(self, as_of: date = DAY) -> list[Loaded]:
        """Land and load, where nobody asks whose cost it is; every promise of what becomes of a delivery is checked."""
        workspace, clock = self.workspace, Clock(as_of)
        steps.land(workspace, clock)
        loaded = steps.load(workspace, clock)
        with open_session(workspace, clock) as session:
            broken = {
                name: found for name in OF_DELIVERIES if (found := asked(session.con, query(f"invariants/{name}")))
            }
        assert not broken, broken
        return loaded

    def ask(self, sql: str, *values: Any) -> list[Row]:
        with closing(connect(self.workspace.warehouse)) as con:
            return asked(con, sql, *values)

    def one(self, sql: str, *values: Any) -> Any:
        """The only value of the only row."""
        (row,) = self.ask(sql, *values)
        (value,) = row.values()
        return value

    def delivery(self, file: str) -> Row:
        """The newest delivery of a file, named by the end of its path."""
        found = self.ask(
            "SELECT * FROM books.deliveries WHERE ends_with(file, ?) ORDER BY delivery_id DESC LIMIT 1", file
        )
        assert found, f"{file} was never delivered"
        return found[0]

    def quarantine(self, file: str) -> list[Row]:
        """The quarantined rows of the newest delivery of a file."""
        number = self.delivery(file)["delivery_id"]
        return self.ask("SELECT * FROM log.quarantine WHERE delivery_id = ? ORDER BY line", number)

    def statuses(self) -> list[tuple[str, str]]:
        """(file name, how it stands) of each delivery, in the order received."""
        rows = self.ask("SELECT file, status FROM books.deliveries ORDER BY delivery_id")
        return [(Path(row["file"]).name, row["status"]) for row in rows]

    def charged(self) -> Decimal:
        """The billed cost of every current charge."""
        return Decimal(self.one("SELECT coalesce(sum(billed_cost), 0) FROM books.charges"))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the log, the ledger and the books, but for when a step was done."""
        with closing(connect(self.workspace.warehouse)) as con:
            return contents(con)


def run_steps(workspace: Workspace, clock: Clock) -> list[Loaded]:
    """The steps of the daily flow up to what is published, in its order; returns what was loaded."""
    steps.land(workspace, clock)
    loaded = steps.load(workspace)
    steps.attribute(workspace)
    steps.compare(workspace, clock)
    steps.drift(workspace, clock)
    steps.alert(workspace, clock)
    for waiting in steps.open_reevaluations(workspace):
        steps.reevaluate(workspace, clock, waiting.model_id)
    steps.publish(workspace, clock)
    return loaded


@dataclass
class Bench:
    """Books in memory, for many small cases: files go straight to the loader, without a landing.

    Where the books are due, they are kept as something is first asked of them: many a case only asks what was loaded.
    """

    con: DuckDBPyConnection
    workspace: Workspace
    folder: Path
    delivered: int = field(default=0)
    are_due: bool = field(default=False)

    @classmethod
    def open(cls, folder: Path, toml: Mapping[str, Any] | None = None) -> Bench:
        settings = {
            "workspace": {"name": "bench"},
            "sources": [{"name": n, "format": kind, "path": path} for n, (kind, path) in SOURCES.items()],
            **(toml or {}),
        }
        workspace = Workspace(folder, ConfigFile.model_validate(settings))
        bench = cls(connect(IN_MEMORY), workspace, folder)
        bench.session()
        return bench

    def session(self, on: date = DAY) -> Session:
        """A session of the books as they are configured, and closed, by now."""
        events = Journal(self.workspace.journal).events()
        return Session(self.con, self.workspace, Clock(on), read_closes(self.workspace, events))

    def deliver(self, source_name: str, content: str | bytes, file: str = "") -> Loaded:
        """Load a file as the next delivery of a source; by default under a name of its own."""
        self.delivered += 1
        number = self.delivered
        path = self.folder / f"{number}.part"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        source = self.workspace.source(source_name)
        assert source is not None
        suite = load_suite(self.workspace, formats()[source.format].dataset)
        name = file or f"{number}.csv"
        entry = LandedSet(source_name, name, number, "2026-10-05T00:00:00+00:00", ())
        part = Part(number, name, f"{number:064d}", path.stat().st_size)
        return load_delivery(self.con, entry, part, path, source, suite)

    def put_charges(self, charges: Sequence[Mapping[str, Any]], source_name: str = "aws") -> int:
        """Write charges straight into the ledger as one delivery, each on a line of its own; returns its number.

        A value that is not given is NULL, but for a line's place: ``x_part`` is 0.
        """
        import pyarrow as pa

        self.delivered += 1
        number = self.delivered
        places = [
            {"x_delivery_id": number, "x_line": line, "x_part": 0, "x_slot_no": 1}
            for line in range(1, len(charges) + 1)
        ]
        names = list(dict.fromkeys(name for row in (*places, *charges) for name in row))
        rows = [{**place, **charge} for place, charge in zip(places, charges, strict=True)]
        self.con.register("charges_batch", pa.table({name: [row.get(name) for row in rows] for name in names}))
        self.con.execute("INSERT INTO ledger.charges BY NAME SELECT * FROM charges_batch")
        self.con.unregister("charges_batch")
        dataset = "invoices" if source_name == "annotators" else "charges"
        self.con.execute(
            "INSERT INTO log.deliveries BY NAME SELECT ? AS delivery_id, ? AS source, ? AS dataset, ? AS file, "
            "file AS set_name, delivery_id AS set_version, ? AS rows_read, rows_read AS rows_accepted, "
            "0 AS rows_quarantined, 0 AS rows_skipped",
            [number, source_name, dataset, f"{number}.csv", len(charges)],
        )
        self.con.execute(
            "INSERT INTO log.claims BY NAME SELECT ? AS delivery_id, 1 AS slot_no, ? AS slot, '' AS content, "
            "? AS rows_accepted, FALSE AS is_incomplete",
            [number, f"slot {number}", len(charges)],
        )
        return number

    def put_row(self, source_name: str, dataset: str, **values: Any) -> int:
        """Write a row straight into a dataset's table of the ledger, as a delivery of one line; returns its number."""
        self.delivered += 1
        number = self.delivered
        self.con.execute(
            "INSERT INTO log.deliveries BY NAME SELECT ? AS delivery_id, ? AS source, ? AS dataset, ? AS file, "
            "file AS set_name, delivery_id AS set_version, 1 AS rows_read, 1 AS rows_accepted, 0 AS rows_quarantined, "
            "0 AS rows_skipped, file AS fingerprint",
            [number, source_name, dataset, f"{number}.csv"],
        )
        row = {**values, "x_delivery_id": number, "x_line": 1, "x_content": str(sorted(values.items()))}
        told = ", ".join(f"? AS {name}" for name in row)
        self.con.execute(f"INSERT INTO ledger.{dataset} BY NAME SELECT {told}", list(row.values()))
        return number

    def restate(self, number: int, charges: Sequence[Mapping[str, Any]], source_name: str = "aws") -> int:
        """Deliver a bill again, whole, with other charges: it takes the place of delivery ``number``."""
        newer = self.put_charges(charges, source_name)
        (told,) = self.ask(
            "SELECT set_name, slot FROM log.deliveries JOIN log.claims USING (delivery_id) WHERE delivery_id = ?",
            number,
        )
        self.con.execute(
            "UPDATE log.deliveries SET set_name = $1, file = $1 WHERE delivery_id = $2", [told["set_name"], newer]
        )
        self.con.execute("UPDATE log.claims SET slot = ? WHERE delivery_id = ?", [told["slot"], newer])
        return newer

    def sign(self, quarter: str, on: date = DAY) -> Close:
        """Close a quarter, whatever speaks against it; every promise of the books is checked."""
        closing = close_quarter(self.session(on), quarter, "cfo", CHECKS)
        assert closing.close is not None
        self.keep_books()
        return closing.close

    def configure(self, **sections: Any) -> None:
        """Change sections of the configuration."""
        config = ConfigFile.model_validate({**dict(self.workspace.config), **sections})
        self.workspace = replace(self.workspace, config=config)

    def published(self, name: str, on: date = DAY) -> list[Row]:
        """A finance view as it would be published: closed quarters as they were frozen."""
        closes = self.session(on).closes.standing
        tell_day(self.con)
        return self.ask(with_frozen_rows(self.con, name, query(f"finance/{name}"), closes))

    def keep_books(self) -> None:
        """Derive the books; every promise of them is checked."""
        session = self.session()
        self.are_due = False
        rebuild_books(session)
        broken = breaches(session)
        assert not broken, broken

    def ask(self, sql: str, *values: Any) -> list[Row]:
        if self.are_due and "books." in sql:
            self.keep_books()
        return asked(self.con, sql, *values)

    def view(self, name: str) -> list[Row]:
        """A finance view, as it would be published on ``DAY``."""
        if self.are_due:
            self.keep_books()
        self.con.execute(f"SET VARIABLE as_of = TIMESTAMP '{DAY}'")
        tell_day(self.con)
        return self.ask(query(f"finance/{name}"))

    def close(self) -> None:
        self.con.close()


def typed(
    con: DuckDBPyConnection, format_name: str, rows: Sequence[Mapping[str, str | None]], timezone: str = "UTC"
) -> list[Row]:
    """Rows of text, by our names, as a format's SQL types and checks them."""
    import pyarrow as pa

    columns = [column.name for column in formats()[format_name].columns] + ["extra_tags"]
    con.register("raw", pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns}))
    con.execute(f"SET VARIABLE source_timezone = '{timezone}'")
    con.execute("SET VARIABLE source_currency = NULL::VARCHAR; SET VARIABLE source_cluster = NULL::VARCHAR")
    found = asked(con, query(formats()[format_name].sql))
    con.unregister("raw")
    return found


def contents(con: DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the log, the ledger and the books, but for when a step was done."""
    tables = con.execute(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema IN ('log', 'ledger', 'books') AND table_name <> 'steps' ORDER BY ALL"
    ).fetchall()
    return {f"{schema}.{name}": con.execute(f"FROM {schema}.{name} ORDER BY ALL").fetchall() for schema, name in tables}
