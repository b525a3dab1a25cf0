"""The demo's books a second time: from the raw files of the inbox and ``truecost.toml``, in plain Python.

It shares no code and no library with the product, and takes the rules from what the product promises: GPU hours
by job and UTC day at that day's price, invoices spread over their service period by UTC day, billed cost in the month
of issue, recoverable tax left out of true cost, runs judged by what was promoted. Amounts are exact fractions, rounded
only where the product says so. It knows what the demo holds and refuses anything else.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.by_hand.demo_documents import bucket_rows, invoice_rows, request_times, scores, staff_months, time_entries
from tests.by_hand.demo_plans import Projected, projected

UNIT = 10**20  # the books keep 20 fraction digits
CONFIG = "truecost.toml"
STAGES = ("data_curation", "training", "failed_experiments", "evaluation", "serving", "maintenance", "undecided")
KINDS = ("compute", "labor", "annotation", "inference_api", "storage", "other")
ZERO = Fraction(0)
UNCLAIMED = "Unallocated"  # as the workbook names what no rule claims
NO_RUN_REASON = "no promoted run in this quarter"
PROMOTED_REASON = "no compute of a promoted run in this quarter"
UNCLAIMED_REASON = "no model claims this cost"
HORIZON_MONTHS = 12  # truecost.toml says nothing else
YARDSTICKS = (  # what the report says of each model beside a published figure
    ("F1", "multiplier_at_horizon", "{:.1f}×"),
    ("F2", "training_share_at_horizon", "{:.0%}"),
    ("F3", "multiplier_at_horizon", "{:.1f}×"),
    ("F12", "failed_share", "{:.0%}"),
    ("F17", "people_and_compute_share", "{:.0%}"),
)

Fields = dict[str, Any]


@dataclass(frozen=True)
class Charge:
    """One charge: what rules match on, what it costs, and when."""

    identity: tuple[str, int, int]  # file, line, part
    source: str
    fields: Mapping[str, Any]
    start: datetime
    end: datetime
    effective: Fraction
    billed: Fraction
    issued: date | None = None  # an invoice's
    gpu_hours: Fraction = ZERO
    owner: Mapping[str, Any] | None = None  # whom [[staff]] names, where no rule is asked


@dataclass(frozen=True)
class Run:
    """A training run as the file tells it, with the round and the activity that follow."""

    run_id: str
    parent: str | None
    model: str
    jobs: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    outcome: str | None
    decided: datetime | None
    round: int = 0
    activity: str = ""


@dataclass(frozen=True)
class Owned:
    """A charge with whose cost it is."""

    charge: Charge
    model: str | None
    activity: str | None
    round: int | None
    stage: str
    kind: str
    run: str | None

    @property
    def is_idle(self) -> bool:
        """Whether it is a commitment's part that nothing used."""
        return self.charge.fields.get("commitment_discount_status") == "Unused"

    @property
    def is_training_only(self) -> bool:
        return self.run is not None and self.activity == "training" and self.kind == "compute"


@dataclass(frozen=True)
class Piece:
    """What a charge costs in one month."""

    owned: Owned
    month: date
    cost: Fraction
    billed: Fraction

    @property
    def quarter(self) -> str:
        return quarter_of(self.month)


@dataclass(frozen=True)
class Fault:
    """A row that is kept out of the books."""

    file: str
    line: int
    column: str
    value: str | None
    readable: Fraction | None
    currency: str | None
    charge: Charge  # as far as it can be read

    @property
    def quarter(self) -> str:
        return quarter_of(self.charge.start.date())


@dataclass(frozen=True)
class Delivery:
    """What became of a file's rows."""

    file: str
    read: int
    skipped: int = 0
    quarantined: int = 0

    @property
    def loaded(self) -> int:
        return self.read - self.skipped - self.quarantined


# ---- Reading the inbox -----------------------------------------------------------------------------------------


class Inbox:
    """Every row of the inbox, read once."""

    def __init__(self, root: Path) -> None:
        self.config = tomllib.loads((root / "truecost.toml").read_text("utf-8"))
        self.charges: list[Charge] = []
        self.jobs: list[tuple[str, int, Fields]] = []
        self.prices: list[tuple[str, Fraction, date, date]] = []
        self.runs: list[Run] = []
        self.faults: list[Fault] = []
        self.deliveries: list[Delivery] = []
        self.scores: list[Fields] = []
        self.requests: dict[str, list[datetime]] = defaultdict(list)
        self.features: dict[str, set[str]] = defaultdict(set)
        self.plans: dict[str, Projected] = {}
        self._root = root
        self._spoken_for: dict[object, str] = {}
        readers = {
            "focus": self._read_bill,
            "invoice_csv": self._read_invoices,
            "slurm": self._read_jobs,
            "rate_card": self._read_prices,
            "training_runs": self._read_runs,
            "ubl": self._read_documents,
            "openai_costs": self._read_buckets,
            "timesheet": self._read_time,
            "lm_eval": self._read_scores,
            "request_log": self._read_requests,
        }
        for source in self.config["sources"]:
            for path in sorted(root.glob(source["path"])):
                readers[source["format"]](source, path, path.relative_to(root).as_posix())
        for file, line, job in self.jobs:
            self.charges += self._job_charges(file, line, job)
        self._put(CONFIG, "[[staff]]", staff_months(self.config, (root / CONFIG).read_text("utf-8")))
        for model in self.config["models"]:
            self.plans[model["id"]] = projected((root / model["plan"]).read_text("utf-8"))

    def _put(self, file: str, source: str, told: Iterable[Fields]) -> None:
        for row in told:
            identity = (file, row.pop("line"), row.pop("part", 0))
            self.charges.append(Charge(identity=identity, source=source, **row))

    def _read_documents(self, source: Fields, path: Path, file: str) -> None:
        rows = invoice_rows(path)
        self.deliveries.append(Delivery(file, read=len(rows)))
        self._put(file, source["name"], rows)

    def _read_buckets(self, source: Fields, path: Path, file: str) -> None:
        rows, empty = bucket_rows(path)
        self.deliveries.append(Delivery(file, read=len(rows) + empty, skipped=empty))
        self._put(file, source["name"], rows)

    def _read_time(self, source: Fields, path: Path, file: str) -> None:
        rows = time_entries(path, source, self.config["rates"])
        self.deliveries.append(Delivery(file, read=len(rows)))
        self._put(file, source["name"], rows)

    def _read_scores(self, source: Fields, path: Path, file: str) -> None:
        found = scores(path, source)
        self.deliveries.append(Delivery(file, read=len(found)))
        self.scores += found

    def _read_requests(self, source: Fields, path: Path, file: str) -> None:
        found, features = request_times(path)
        self.deliveries.append(Delivery(file, read=len(found)))
        self.requests[source["model"]] += found
        self.features[source["model"]] |= features

    def _rows(self, path: Path, delimiter: str = ",") -> Iterator[tuple[int, dict[str, str]]]:
        with path.open(encoding="utf-8", newline="") as lines:
            yield from enumerate(csv.DictReader(lines, delimiter=delimiter), start=2)

    def _claim(self, what: object, file: str) -> None:
        """Two files that speak for one thing are beyond this recomputation."""
        if self._spoken_for.setdefault(what, file) != file:
            raise NotImplementedError(f"{file} and {self._spoken_for[what]} both speak for {what}")

    def _usd(self, currency: str) -> None:
        if currency != self.config["workspace"]["reporting_currency"]:
            raise NotImplementedError(f"a charge in {currency}")

    def _read_bill(self, source: Fields, path: Path, file: str) -> None:
        line = 1
        for line, row in self._rows(path):
            self._usd(row["BillingCurrency"])
            self._claim((row["ProviderName"], row["BillingAccountId"], row["BillingPeriodStart"]), file)
            fields = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): text or None for name, text in row.items()}
            self.charges.append(
                Charge(
                    identity=(file, line, 0),
                    source=source["name"],
                    fields=fields | {"tags": json.loads(row["Tags"] or "{}")},
                    start=utc(row["ChargePeriodStart"]),
                    end=utc(row["ChargePeriodEnd"]),
                    effective=amount(row["EffectiveCost"]),
                    billed=amount(row["BilledCost"]),
                )
            )
        self.deliveries.append(Delivery(file, read=line - 1))

    def _read_invoices(self, source: Fields, path: Path, file: str) -> None:
        names = source.get("columns", {})
        ours = {theirs: our for our, theirs in names.items()}
        known = {"invoice_number", "issuer", "issue_date", "currency", "amount", "tax", "description"}
        known |= {"service_start", "service_end", "quantity", "unit"}
        line, faulty = 1, 0
        for line, row in self._rows(path):
            told = {ours.get(name, name): text or None for name, text in row.items()}
            fault = next((name for name, is_good in _INVOICE_CHECKS if not is_good(told.get(name))), None)
            if fault is not None:
                faulty += 1
                readable = amount(told["amount"]) if is_amount(told["amount"]) else None
                days = [date.fromisoformat(told[name] or "") for name in _DAYS if is_day(told.get(name))]
                tags = {name: text for name, text in told.items() if name not in known and text is not None}
                unread = Charge(
                    identity=(file, line, 0),
                    source=source["name"],
                    fields={"charge_description": told["description"], "tags": tags},
                    start=datetime.combine(days[0], time()),
                    end=datetime.combine(days[-1], time()),
                    effective=ZERO,
                    billed=ZERO,
                )
                column = names.get(fault, fault)
                self.faults.append(Fault(file, line, column, told[fault], readable, told["currency"], unread))
                continue
            self._usd(told["currency"] or "")
            self._claim((told["issuer"], told["invoice_number"]), file)
            issued = date.fromisoformat(told["issue_date"] or "")
            first = date.fromisoformat(told["service_start"] or issued.isoformat())
            last = date.fromisoformat(told["service_end"] or first.isoformat())
            net, tax = amount(told["amount"]), amount(told.get("tax") or "0")
            fields = {
                "charge_description": told["description"],
                "invoice_number": told["invoice_number"],
                "charge_category": "Credit" if net < 0 else "Usage",
                "tags": {name: text for name, text in told.items() if name not in known and text is not None},
            }
            for part, (category, value) in enumerate(((fields["charge_category"], net), ("Tax", tax))):
                if part == 1 and not value:
                    continue
                self.charges.append(
                    Charge(
                        identity=(file, line, part),
                        source=source["name"],
                        fields=fields | {"charge_category": category},
                        start=datetime.combine(first, time()),
                        end=datetime.combine(last + timedelta(days=1), time()),
                        effective=value,
                        billed=value,
                        issued=issued,
                    )
                )
        self.deliveries.append(Delivery(file, read=line - 1, quarantined=faulty))

    def _read_jobs(self, source: Fields, path: Path, file: str) -> None:
        if source["timezone"] != "UTC":
            raise NotImplementedError(source["timezone"])
        line, steps = 1, 0
        for line, row in self._rows(path, "|"):
            if "." in row["JobID"]:
                steps += 1
                continue
            key = (row["Cluster"], row["JobID"], row["Start"])
            if key in self._spoken_for:
                raise NotImplementedError(f"{file} tells of {key} again")
            self._claim(key, file)
            self.jobs.append((file, line, {"source": source["name"], **row}))
        self.deliveries.append(Delivery(file, read=line - 1, skipped=steps))

    def _job_charges(self, file: str, line: int, job: Fields) -> Iterator[Charge]:
        """A job's GPU hours, day by day."""
        held = dict(re.findall(r"gres/gpu:(\w+)=(\d+)", job["AllocTRES"]))
        total = re.search(r"gres/gpu=(\d+)", job["AllocTRES"])
        if total is None or len(held) != 1:
            raise NotImplementedError(job["AllocTRES"])
        ((gpu_type, count),) = held.items()
        if count != total.group(1):
            raise NotImplementedError(job["AllocTRES"])
        start = utc(job["Start"])
        stop = start + timedelta(seconds=int(job["ElapsedRaw"]))
        fields = {
            "sub_account_id": job["Account"],
            "resource_id": job["JobID"],
            "resource_name": job["JobName"],
            "service_name": "Slurm",
            "service_category": "Compute",
            "tags": {},
        }
        part = 0
        while start < stop:
            midnight = datetime.combine(start.date() + timedelta(days=1), time())
            until = min(midnight, stop)
            hours = Fraction(int(count) * int((until - start).total_seconds()), 3600)
            price = self._price(gpu_type, start.date())
            yield Charge(
                identity=(file, line, part),
                source=job["source"],
                fields=fields,
                start=start,
                end=until,
                effective=round(hours * price, 20),
                billed=ZERO,
                gpu_hours=round(hours, 20),
            )
            start, part = until, part + 1

    def _price(self, gpu_type: str, day: date) -> Fraction:
        held = [price for kind, price, first, last in self.prices if kind == gpu_type and first <= day <= last]
        (price,) = held
        return price

    def _read_prices(self, source: Fields, path: Path, file: str) -> None:
        line = 1
        for line, row in self._rows(path):  # noqa: B007 - the last one is counted below
            self._usd(row["currency"])
            last = date.fromisoformat(row["valid_to"]) if row["valid_to"] else date.max
            price = amount(row["price_per_gpu_hour"])
            self.prices.append((row["gpu_type"], price, date.fromisoformat(row["valid_from"]), last))
        self.deliveries.append(Delivery(file, read=line - 1))

    def _read_runs(self, source: Fields, path: Path, file: str) -> None:
        line = 1
        for line, row in self._rows(path):
            self._claim(("run", row["run_id"], line), file)
            self.runs.append(
                Run(
                    run_id=row["run_id"],
                    parent=row["parent_run_id"] or None,
                    model=row["model_id"],
                    jobs=tuple(filter(None, row["job_id"].split(";"))),
                    start=utc(row["started_at"]) if row["started_at"] else None,
                    end=utc(row["ended_at"]) if row["ended_at"] else None,
                    outcome=row["outcome"] or None,
                    decided=utc(row["decided_at"]) if row["decided_at"] else None,
                )
            )
        self.deliveries.append(Delivery(file, read=line - 1))


def amount(text: str | None) -> Fraction:
    """A plain number of at most 20 fraction digits, exactly."""
    if not is_amount(text):
        raise ValueError(f"{text!r} is no amount")
    return Fraction(text or "")


def is_amount(text: str | None) -> bool:
    return re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,20})?", text or "") is not None


def is_day(text: str | None) -> bool:
    try:
        date.fromisoformat(text or "")
    except ValueError:
        return False
    return True


def utc(text: str) -> datetime:
    """A UTC time without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


_DAYS = ("service_start", "issue_date", "service_end")  # by which a row's day is known
_INVOICE_CHECKS = (  # in the order in which a row's first fault is told
    ("invoice_number", bool),
    ("issue_date", is_day),
    ("amount", is_amount),
    ("tax", lambda text: text is None or is_amount(text)),
    ("currency", lambda text: re.fullmatch("[A-Z]{3}", text or "") is not None),
    ("service_start", lambda text: text is None or is_day(text)),
    ("service_end", lambda text: text is None or is_day(text)),
)


# ---- Whose cost it is ------------------------------------------------------------------------------------------


def judged_runs(inbox: Inbox) -> list[Run]:
    """The runs with their round and activity."""
    by_id = {run.run_id: run for run in inbox.runs}
    promoted: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(inbox.runs, key=lambda run: (run.decided or datetime.max, run.run_id)):
        if run.outcome == "promoted":
            promoted[run.model].append(run)
    leads_to: dict[str, list[int]] = defaultdict(list)  # the rounds whose promoted run builds on a run
    for winners in promoted.values():
        for place, winner in enumerate(winners):
            ancestor: Run | None = winner
            while ancestor is not None:
                leads_to[ancestor.run_id].append(place)
                ancestor = by_id.get(ancestor.parent or "")
    judged = []
    for run in inbox.runs:
        winners = promoted[run.model]
        began = run.start or first_job(inbox, run) or run.decided
        if run in winners:
            place = winners.index(run)
        elif run.run_id in leads_to:
            place = min(leads_to[run.run_id])
        else:
            place = sum(1 for winner in winners if began and winner.decided and winner.decided <= began)
        if run.run_id in leads_to:
            activity = "training"
        elif run.outcome in ("crashed", "discarded") or place < len(winners):
            activity = "failed_experiments"
        else:
            activity = "undecided"
        judged.append(Run(**{**vars(run), "round": place, "activity": activity}))
    return judged


def first_job(inbox: Inbox, run: Run) -> datetime | None:
    return min((utc(job["Start"]) for _, _, job in inbox.jobs if job["JobID"] in run.jobs), default=None)


def owned_charges(inbox: Inbox, runs: list[Run]) -> list[Owned]:
    """Every charge with its model, activity, stage and kind: its job's run, else the first rule or a run's window."""
    by_job = {job: run for run in runs for job in run.jobs}
    if len(by_job) != sum(len(run.jobs) for run in runs):
        raise NotImplementedError("two runs name one job")
    promotions: dict[str, list[datetime]] = defaultdict(list)
    for winner in runs:
        if winner.outcome == "promoted" and winner.decided:
            promotions[winner.model].append(winner.decided)
    owned = []
    for charge in inbox.charges:
        rules = inbox.config["attribution"]
        rule: Mapping[str, Any] = charge.owner or next((rule for rule in rules if matches(rule["match"], charge)), {})
        kind = rule.get("cost_kind") or default_kind(charge)
        is_job = charge.fields.get("service_name") == "Slurm"
        run: Run | None = by_job.get(charge.fields["resource_id"]) if is_job else None
        if run is None and rule and "activity" not in rule and kind == "compute":
            run = in_window(charge, [other for other in runs if other.model == rule["model"] and not other.jobs])
        model = run.model if run else rule.get("model")
        activity = run.activity if run else rule.get("activity")
        if model is None:
            owned.append(Owned(charge, None, None, None, "unallocated", kind, None))
            continue
        activity = activity or "undecided"
        place = run.round if run else sum(1 for at in promotions[model] if at <= charge.start)
        is_serving = activity in ("serving", "deployment")
        stage = "serving" if is_serving else "maintenance" if place >= 1 else activity
        owned.append(Owned(charge, model, activity, place, stage, kind, run.run_id if run else None))
    return owned


def in_window(charge: Charge, runs: list[Run]) -> Run | None:
    near = [run for run in runs if run.start and run.end and run.start < charge.end and charge.start < run.end]
    if len(near) > 1:
        raise NotImplementedError("two runs claim one charge")
    return next((run for run in near if run.start and run.end and charge_lies_in(charge, run.start, run.end)), None)


def charge_lies_in(charge: Charge, start: datetime, end: datetime) -> bool:
    return start <= charge.start and charge.end <= end


def matches(match: Mapping[str, Any], charge: Charge) -> bool:
    for column, wanted in match.items():
        if column == "source":
            value: str | None = charge.source
        elif column.startswith("tags."):
            value = charge.fields["tags"].get(column.removeprefix("tags."))
        else:
            value = charge.fields.get(column)
        patterns = wanted if isinstance(wanted, list) else [wanted]
        if value is None or not any(fnmatchcase(value, pattern) for pattern in patterns):
            return False
    return True


def default_kind(charge: Charge) -> str:
    return {"Compute": "compute", "Storage": "storage"}.get(charge.fields.get("service_category") or "", "other")


# ---- What it costs, month by month -----------------------------------------------------------------------------


def pieces_of(owned: Owned, tax: str) -> Iterator[Piece]:
    charge = owned.charge
    counts = not (charge.fields.get("charge_category") == "Tax" and tax == "recoverable")
    if charge.issued is None:
        yield Piece(owned, charge.start.date().replace(day=1), charge.effective, charge.billed)
        return
    by_month: dict[date, list[Fraction]] = defaultdict(lambda: [ZERO, ZERO])
    for month, share in spread(charge.effective, charge.start.date(), charge.end.date()).items():
        by_month[month][0] += share
    by_month[charge.issued.replace(day=1)][1] += charge.billed
    for month, (cost, billed) in by_month.items():
        yield Piece(owned, month, cost if counts else ZERO, billed)


def spread(total: Fraction, first: date, end: date) -> dict[date, Fraction]:
    """An amount by month: what its first n days cost, less what was told before, in whole units of the 20th place."""
    days = (end - first).days
    units = total * UNIT
    shares: dict[date, Fraction] = {}
    told = 0
    for number in range(1, days + 1):
        day = first + timedelta(days=number - 1)
        if number == days or (day + timedelta(days=1)).day == 1:
            so_far = int(units * number / days)  # toward zero
            shares[day.replace(day=1)] = Fraction(so_far - told, UNIT)
            told = so_far
    return shares


def quarter_of(day: date) -> str:
    return f"FY{day.year}-Q{(day.month + 2) // 3}"


def first_day(quarter: str) -> date:
    year, number = quarter.removeprefix("FY").split("-Q")
    return date(int(year), 3 * int(number) - 2, 1)


def day_after(quarter: str) -> date:
    start = first_day(quarter)
    return date(start.year + start.month // 10, (start.month + 3) % 12, 1)


# ---- The figures -----------------------------------------------------------------------------------------------


def total(amounts: Iterable[Fraction]) -> Fraction:
    return sum(amounts, ZERO)


def ratio(value: Fraction, base: Fraction) -> Decimal | None:
    """To six places, half-even."""
    return decimal(round(value / base, 6)) if base else None


def decimal(value: Fraction) -> Decimal:
    """A fraction that ends, as a decimal, exactly."""
    exact = Context(prec=100)
    found = exact.divide(Decimal(value.numerator), Decimal(value.denominator))
    if Fraction(found) != value:
        raise ValueError(f"{value} does not end")
    return found


class Books:
    """Every figure of the demo. ``report`` has the shape of the JSON, amounts as decimals."""

    def __init__(self, root: Path, quarter: str) -> None:
        inbox = Inbox(root)
        settings = inbox.config["workspace"]
        self.quarter = quarter
        self.currency: str = settings["reporting_currency"]
        self.deliveries = inbox.deliveries
        self.faults = inbox.faults
        self._settings = settings
        self._inbox = inbox
        self._runs = judged_runs(inbox)
        self._owned = owned_charges(inbox, self._runs)
        if settings["fiscal_year_start_month"] != 1:
            raise NotImplementedError("a fiscal year that is not the calendar's")
        self.pieces = [piece for owned in self._owned for piece in pieces_of(owned, settings["tax"])]
        self.plans = inbox.plans
        self.as_of: date = settings["as_of"]
        self.config, self.scores = inbox.config, inbox.scores
        self.requests, self.features = inbox.requests, inbox.features
        self.quarters = sorted({piece.quarter for piece in self.pieces}, key=first_day)
        self.by_quarter = {(row["model_id"], row["quarter"]): row for row in self._quarter_rows()}
        self.by_stage = self._stage_rows()
        self.runs = [self._run_row(run) for run in sorted(self._runs, key=lambda run: (run.model, run.run_id))]
        self.report = self._report()

    def _of(self, model: str | None, **wanted: Any) -> list[Piece]:
        """The pieces of a model, by ``quarter``, ``stage``, ``kind`` or ``activity``; ``until`` is the last quarter."""
        last = first_day(wanted.pop("until", self.quarters[-1]))
        found = []
        for piece in self.pieces:
            told = {**vars(piece.owned), "quarter": piece.quarter}
            if piece.owned.model == model and all(told[name] == value for name, value in wanted.items()):
                found.append(piece)
        return [piece for piece in found if first_day(piece.quarter) <= last]

    def _cost(self, model: str | None, **wanted: Any) -> Fraction:
        return total(piece.cost for piece in self._of(model, **wanted))

    def _training_only(self, model: str | None, **wanted: Any) -> Fraction:
        return total(piece.cost for piece in self._of(model, **wanted) if piece.owned.is_training_only)

    def _billed(self, model: str | None, **wanted: Any) -> Fraction:
        return total(piece.billed for piece in self._of(model, **wanted))

    def _models(self) -> list[str | None]:
        named = {piece.owned.model for piece in self.pieces}
        return [*sorted(name for name in named if name is not None), *([None] if None in named else [])]

    def _quarter_rows(self) -> Iterator[Fields]:
        """A row per model and quarter since its first cost, as ``true_cost_by_quarter`` has them."""
        for model in self._models():
            first = min(first_day(piece.quarter) for piece in self._of(model))
            lacking: dict[str, str] = {}
            for name in (quarter for quarter in self.quarters if first_day(quarter) >= first):
                cost, training = self._cost(model, quarter=name), self._training_only(model, quarter=name)
                idle = total(piece.cost for piece in self._of(model, quarter=name) if piece.owned.is_idle)
                to_date = self._cost(model, until=name)
                training_to_date = self._training_only(model, until=name)
                kinds = {piece.owned.kind for piece in self._of(model, quarter=name)}
                gaps = [f"no {kind}" for kind in ("compute", "labor") if model is not None and kind not in kinds]
                gaps += self._quarantined(model, [name])
                lacking |= {name: "; ".join(gaps)} if gaps else {}
                so_far = ", ".join(f"{quarter} ({words})" for quarter, words in lacking.items())
                promoted = any(first_day(name) <= day < day_after(name) for day in self._promotions(model))
                reason = UNCLAIMED_REASON if model is None else PROMOTED_REASON if promoted else NO_RUN_REASON
                yield {
                    "model_id": model,
                    "quarter": name,
                    "quarter_start": first_day(name),
                    "quarter_end": day_after(name),
                    "currency": self.currency,
                    "training_only_cost": decimal(training),
                    "true_cost": decimal(cost),
                    "billed_cost": decimal(self._billed(model, quarter=name)),
                    "multiplier": ratio(cost, training),
                    "multiplier_reason": None if training else reason,
                    "true_cost_to_date": decimal(to_date),
                    "training_only_cost_to_date": decimal(training_to_date),
                    "multiplier_to_date": ratio(to_date, training_to_date),
                    "training_share": ratio(training, cost),
                    "idle_assigned": decimal(ZERO if model is None else idle),
                    "idle_platform": decimal(idle if model is None else ZERO),
                    "adjustments": Decimal(0),
                    "multiplier_before_idle": ratio(cost - idle, training),
                    "unconverted_count": 0,
                    "completeness": f"incomplete: {'; '.join(gaps)}" if gaps else "complete",
                    "is_lower_bound": bool(gaps),
                    "completeness_to_date": f"incomplete: {so_far}" if so_far else "complete",
                    "status": "preliminary",
                    "version": 1,
                    **self._to_date(model, name),
                }

    def _quarantined(self, model: str | None, quarters: Sequence[str]) -> list[str]:
        """The rows of a model that are kept out of these quarters, in words."""
        rules = self._inbox.config["attribution"]
        owners = [
            next((rule["model"] for rule in rules if matches(rule["match"], fault.charge)), None)
            for fault in self.faults
            if fault.quarter in quarters
        ]
        number = owners.count(model)
        return [f"{number} quarantined {'row' if number == 1 else 'rows'}"] if number else []

    def _to_date(self, model: str | None, quarter: str) -> Fields:
        """What a model has come to by the end of a quarter, beside its true cost."""
        to_date = self._cost(model, until=quarter)
        failed = self._cost(model, until=quarter, activity="failed_experiments", kind="compute")
        trained = self._cost(model, until=quarter, activity="training", kind="compute")
        people = total(self._cost(model, until=quarter, kind=kind) for kind in ("labor", "annotation", "compute"))
        return {
            "billed_cost_to_date": decimal(self._billed(model, until=quarter)),
            "training_share_to_date": ratio(self._training_only(model, until=quarter), to_date),
            "failed_share": ratio(failed, failed + trained),
            "people_and_compute_share": ratio(people, to_date),
            "multiplier_to_date_reason": self._why_none_so_far(model, quarter, "so far"),
            **self._at_horizon(model, quarter),
        }

    def _promotions(self, model: str | None) -> list[date]:
        return sorted(
            run.decided.date() for run in self._runs if run.model == model and run.outcome == "promoted" and run.decided
        )

    def _why_none_so_far(self, model: str | None, quarter: str, when: str) -> str | None:
        if model is None:
            return UNCLAIMED_REASON
        if self._training_only(model, until=quarter):
            return None
        promoted = any(day < day_after(quarter) for day in self._promotions(model))
        return f"no compute of a promoted run {when}" if promoted else "no promoted run so far"

    def _at_horizon(self, model: str | None, quarter: str) -> Fields:
        """What a model comes to in the twelve months from that of its first promotion on, and in those before."""
        first = next((day for day in self._promotions(model) if day < day_after(quarter)), None)
        months = first.year * 12 + first.month - 1 + HORIZON_MONTHS if first else 0
        end = date(months // 12, months % 12 + 1, 1) if first else None
        within = [piece for piece in self._of(model, until=quarter) if end and piece.month < end]
        cost = total(piece.cost for piece in within)
        training = total(piece.cost for piece in within if piece.owned.is_training_only)
        return {
            "horizon_months": HORIZON_MONTHS,
            "horizon_end": end,
            "is_horizon_reached": end <= day_after(quarter) if end else None,
            "true_cost_at_horizon": decimal(cost) if end else None,
            "training_only_cost_at_horizon": decimal(training) if end else None,
            "multiplier_at_horizon": ratio(cost, training),
            "multiplier_at_horizon_reason": (
                self._why_none_so_far(model, quarter, "up to the horizon")
                if end or model is None
                else "no promoted run so far"
            ),
            "training_share_at_horizon": ratio(training, cost),
        }

    def _stage_rows(self) -> dict[tuple[Any, ...], Decimal]:
        """(model, quarter, stage, activity, round, kind, idle) -> cost, as ``cost_by_stage`` has them."""
        sums: dict[tuple[Any, ...], Fraction] = defaultdict(lambda: ZERO)
        for piece in self.pieces:
            owned = piece.owned
            key = (owned.model, piece.quarter, owned.stage, owned.activity, owned.round, owned.kind, owned.is_idle)
            sums[key] += piece.cost
        return {key: decimal(value) for key, value in sums.items()}

    def charges(self) -> dict[tuple[str, int, int], tuple[Any, ...]]:
        """Each charge by file, line and part: model, activity, round, stage, kind, run, true cost, billed cost."""
        sums: dict[tuple[str, int, int], list[Fraction]] = defaultdict(lambda: [ZERO, ZERO])
        for piece in self.pieces:
            held = sums[piece.owned.charge.identity]
            held[0] += piece.cost
            held[1] += piece.billed
        found = {}
        for owned in self._owned:
            costs = [decimal(value) for value in sums[owned.charge.identity]]
            told = (owned.model, owned.activity, owned.round, owned.stage, owned.kind, owned.run)
            found[owned.charge.identity] = (*told, *costs)
        return found

    def _run_row(self, run: Run) -> Fields:
        spent = [piece.cost for piece in self.pieces if piece.owned.run == run.run_id]
        days = [moment.date() for moment in (run.start, run.decided) if moment]
        ran_in = {piece.quarter for piece in self.pieces if piece.owned.run == run.run_id}
        lacking = self._quarantined(run.model, [*ran_in | {quarter_of(day) for day in days}])
        return {
            "run_id": run.run_id,
            "parent_run_id": run.parent,
            "model_id": run.model,
            "round": run.round,
            "outcome": run.outcome,
            "outcome_from": "training_runs file" if run.outcome else None,
            "started_at": run.start or first_job(self._inbox, run),
            "decided_at": run.decided,
            "gpu_hours": decimal(total(o.charge.gpu_hours for o in self._owned if o.run == run.run_id)),
            "currency": self.currency,
            "cost": decimal(total(spent)) if spent else None,  # what no charge tells is not known
            "activity": run.activity,
            "is_lower_bound": False,
            "completeness": f"incomplete: {'; '.join(lacking)}" if lacking else "complete",
        }

    def _report(self) -> Fields:
        begun = [name for name in self._models() if name is not None and (name, self.quarter) in self.by_quarter]
        models = [self._model(name) for name in begun]
        return {
            "workspace": self._settings["name"],
            "quarter": self.quarter,
            "quarter_start": first_day(self.quarter),
            "quarter_end": day_after(self.quarter),
            "currency": self.currency,
            "as_of": self._settings["as_of"],
            "total": self._total(),
            "models": models,
            "unallocated": self._unallocated(),
            "missing": [{"what": text} for text in self._missing()],
            "quarantine": [
                {"file": fault.file, "line": fault.line, "column_name": fault.column, "value": fault.value}
                for fault in self.faults
            ],
            "adjustments": [],
            "quarantine_total": len(self.faults),
            "deliveries": {
                "files": len(self.deliveries),
                "rows_read": sum(item.read for item in self.deliveries),
                "rows_loaded": sum(item.loaded for item in self.deliveries),
                "rows_quarantined": sum(item.quarantined for item in self.deliveries),
                "rows_duplicate": 0,
                "rows_held": 0,
                "rows_skipped": sum(item.skipped for item in self.deliveries),
            },
            **({"plans_to_date": self._plans_to_date(list(self.plans))} if self.quarter == self.quarters[-1] else {}),
            "yardsticks": [
                {
                    "id": name,
                    "ours": ", ".join(
                        f"{model['model_id']} {show.format(model[key]).replace('%', ' %')}"
                        for model in models
                        if model[key] is not None
                    )
                    or "none yet",
                }
                for name, key, show in YARDSTICKS
            ],
        }

    def _model(self, model: str) -> Fields:
        now = self.by_quarter[model, self.quarter]
        cost, to_date = self._cost(model, quarter=self.quarter), self._cost(model, until=self.quarter)
        copied = ["model_id", "true_cost", "training_only_cost", "billed_cost", "multiplier", "multiplier_reason"]
        copied += ["true_cost_to_date", "training_only_cost_to_date", "multiplier_to_date", "training_share"]
        history = [row for (name, _), row in self.by_quarter.items() if name == model]
        told = ("run_id", "parent_run_id", "round", "outcome", "gpu_hours", "cost", "activity", "is_lower_bound")
        return {
            **{key: now[key] for key in copied},
            **{key: value for key, value in self._to_date(model, self.quarter).items() if "cost_at_horizon" not in key},
            "completeness": now["completeness"],
            "is_lower_bound": now["is_lower_bound"],
            "unconverted_count": 0,
            "stages": [
                {
                    "stage": stage,
                    "cost": decimal(here := self._cost(model, quarter=self.quarter, stage=stage)),
                    "cost_to_date": decimal(so_far := self._cost(model, until=self.quarter, stage=stage)),
                    "share": ratio(here, cost),
                    "share_to_date": ratio(so_far, to_date),
                }
                for stage in STAGES
                if self._of(model, until=self.quarter, stage=stage)
            ],
            "kinds": [
                {
                    "cost_kind": kind,
                    "cost": decimal(self._cost(model, quarter=self.quarter, kind=kind)),
                    "cost_to_date": decimal(self._cost(model, until=self.quarter, kind=kind)),
                }
                for kind in KINDS
                if self._of(model, until=self.quarter, kind=kind)
            ],
            "history": [
                {
                    **{key: row[key] for key in ("quarter", "true_cost", "training_only_cost", "billed_cost")},
                    **{key: row[key] for key in ("multiplier", "multiplier_reason")},
                    "stages": {
                        stage: decimal(amount)
                        for stage in STAGES
                        if (amount := self._cost(model, quarter=row["quarter"], stage=stage))
                    },
                }
                for row in history
                if row["quarter_start"] <= first_day(self.quarter)
            ],
            "runs": [{key: run[key] for key in told} for run in self._begun_runs(model)],
            "plan": self._plan(model),
            **({"forecast": self._forecast(model)} if self.quarter == self.quarters[-1] else {}),
            **({"plan_to_date": self._plans_to_date([model])} if self.quarter == self.quarters[-1] else {}),
        }

    def _plan(self, model: str) -> Fields:
        """The plan held against the costs, as the report of the quarter has it."""
        plan, end = self.plans[model], day_after(self.quarter)
        months = tuple(month for month in plan.months if quarter_of(month) == self.quarter)
        spent = {piece.month for piece in self._of(model) if piece.cost}
        before = tuple(month for month in plan.months if month < end)
        compared = [
            {"stage": stage or "total", **self._compared(model, plan, stage, months)}
            for stage in (*STAGES, None)
            if stage is None or stage in plan.stages or self._cost(model, quarter=self.quarter, stage=stage)
        ]
        return {
            "stages": compared[:-1],
            "total": compared[-1],
            "is_complete": True,
            "months": [
                {
                    "month": month,
                    **plan.planned(None, (month,)),
                    "actual": decimal(self._in_months(model, (month,))) if month < end else None,
                }
                for month in sorted({*plan.months, *spent})
            ],
            "whole": {
                **plan.planned(None, tuple(plan.months)),
                "actual": decimal(self._in_months(model, before)),
            },
        }

    def _compared(self, model: str, plan: Projected, stage: str | None, months: tuple[date, ...]) -> Fields:
        planned = plan.planned(stage, months)
        actual = self._cost(model, quarter=self.quarter, **({"stage": stage} if stage else {}))
        variance, mean = actual - Fraction(planned["planned_mean"]), Fraction(planned["planned_mean"])
        share = ratio(variance, mean)
        return {
            **planned,
            "actual": decimal(actual),
            "variance": decimal(variance),
            "variance_pct": None if share is None else 100 * share,
        }

    def _in_months(self, model: str, months: Iterable[date]) -> Fraction:
        wanted = set(months)
        return total(piece.cost for piece in self._of(model) if piece.month in wanted)

    def _forecast(self, model: str) -> Fields:
        """What of it is counting: its distribution is held against simulated programmes."""
        return {"as_of": self.as_of, "actual_to_date": decimal(self._cost(model)), "budget": self.plans[model].budget}

    def _plans_to_date(self, models: list[str]) -> Fields:
        """Plan and actual over the whole months of the plans that have ended, to the end of the quarter."""
        end = day_after(self.quarter)
        months = {model: [month for month in self.plans[model].months if month < end] for model in models}
        planned, actual, planned_of_late, actual_of_late = (Fraction(0) for _ in range(4))
        for model, whole in months.items():
            for month in whole:
                of_month = sum(
                    (
                        Fraction(self.plans[model].planned(stage, (month,))["planned_mean"])
                        for stage in self._stages(model)
                    ),
                    Fraction(0),
                )
                spent = self._in_months(model, (month,))
                planned, actual = planned + of_month, actual + spent
                if month in whole[-3:]:
                    planned_of_late, actual_of_late = planned_of_late + of_month, actual_of_late + spent
        share = ratio(actual - planned, planned)
        return {
            "first_month": min(whole[0] for whole in months.values()),
            "last_month": max(whole[-1] for whole in months.values()),
            "planned_to_date": decimal(planned),
            "actual_to_date": decimal(actual),
            "variance": decimal(actual - planned),
            "variance_pct": None if share is None else 100 * share,
            "pace_months": 3,
            "pace": ratio(actual_of_late, planned_of_late),
        }

    def _stages(self, model: str) -> list[str]:
        return [stage for stage in STAGES if stage in self.plans[model].stages]

    @property
    def known_before(self) -> datetime:
        """The first moment the report knows nothing of: the latest tells all, an earlier one stops with its quarter."""
        return datetime.max if self.quarter == self.quarters[-1] else datetime.combine(day_after(self.quarter), time())

    def promotions(self, model: str) -> list[datetime]:
        runs = (run for run in self._runs if run.model == model and run.outcome == "promoted")
        return sorted(run.decided for run in runs if run.decided)

    def round_cost(self, model: str, number: int) -> Fraction:
        """What a round cost, without serving."""
        serving = ("serving", "deployment")
        rounds = (piece for piece in self._of(model) if piece.owned.round == number)
        return total(piece.cost for piece in rounds if piece.owned.activity not in serving)

    def _begun_runs(self, model: str) -> list[Fields]:
        """The model's runs that had begun by the end of the quarter."""
        end = datetime.combine(day_after(self.quarter), time())
        runs = [run for run in self.runs if run["model_id"] == model]
        return [run for run in runs if (run["started_at"] or run["decided_at"] or datetime.min) < end]

    def _total(self) -> Fields:
        """All models and what nobody claims: sums over all pieces, never sums of the models' own figures."""
        last = first_day(self.quarter)
        here = [piece for piece in self.pieces if piece.quarter == self.quarter]
        so_far = [piece for piece in self.pieces if first_day(piece.quarter) <= last]
        cost, to_date = (total(piece.cost for piece in pieces) for pieces in (here, so_far))
        training, training_to_date = (
            total(piece.cost for piece in pieces if piece.owned.is_training_only) for pieces in (here, so_far)
        )
        unclaimed = self._cost(None, quarter=self.quarter)
        words = {
            model or "unallocated": row["completeness"].removeprefix("incomplete: ")
            for (model, quarter), row in self.by_quarter.items()
            if quarter == self.quarter and row["completeness"] != "complete"
        }
        lacking = [f"{name} ({words[name]})" for name in sorted(words, key=lambda name: (name == "unallocated", name))]
        return {
            "completeness": f"incomplete: {'; '.join(lacking)}" if lacking else "complete",
            "is_lower_bound": bool(lacking),
            "true_cost": decimal(cost),
            "training_only_cost": decimal(training),
            "billed_cost": decimal(total(piece.billed for piece in here)),
            "multiplier": ratio(cost, training),
            "multiplier_reason": None if training else self._why_no_total(first_day(self.quarter), "in this quarter"),
            "true_cost_to_date": decimal(to_date),
            "training_only_cost_to_date": decimal(training_to_date),
            "multiplier_to_date_reason": None if training_to_date else self._why_no_total(date.min, "so far"),
            "billed_cost_to_date": decimal(total(piece.billed for piece in so_far)),
            "multiplier_to_date": ratio(to_date, training_to_date),
            "unallocated_cost": decimal(unclaimed),
            "unallocated_billed_cost": decimal(self._billed(None, quarter=self.quarter)),
            "unallocated_share": ratio(unclaimed, cost),
            "unallocated_cost_to_date": decimal(self._cost(None, until=self.quarter)),
        }

    def _why_no_total(self, first: date, when: str) -> str:
        days = [day for model in self._models() for day in self._promotions(model)]
        promoted = any(first <= day < day_after(self.quarter) for day in days)
        return f"no compute of a promoted run {when}" if promoted else f"no promoted run {when}"

    def _unallocated(self) -> list[Fields]:
        groups: dict[tuple[str, str], list[Piece]] = defaultdict(list)
        for piece in self._of(None, quarter=self.quarter):
            groups[piece.owned.charge.source, piece.owned.charge.fields["service_name"]].append(piece)
        rows = [
            {
                "source": source,
                "service_name": service,
                "charge_count": len({piece.owned.charge.identity for piece in pieces}),
                "cost": decimal(total(piece.cost for piece in pieces)),
            }
            for (source, service), pieces in groups.items()
        ]
        return sorted(rows, key=lambda row: -row["cost"])

    def _missing(self) -> Iterator[str]:
        for item in self.deliveries:
            faults = [fault for fault in self.faults if fault.file == item.file]
            if self.quarter not in {fault.quarter for fault in faults}:
                continue
            sums: dict[str, Fraction] = defaultdict(lambda: ZERO)
            for fault in faults:
                if fault.readable is not None:
                    sums[fault.currency or "without currency"] += fault.readable
            amounts = ", ".join(f"{currency} {decimal(value):.2f}" for currency, value in sorted(sums.items()))
            rows = "1 row" if len(faults) == 1 else f"{len(faults)} rows"
            verb = "is" if len(faults) == 1 else "are"
            yield f"{rows} of {item.file} {verb} quarantined" + (f" ({amounts} readable)" if amounts else "")
        undecided: dict[str, list[Piece]] = defaultdict(list)
        for piece in self.pieces:
            if piece.owned.activity == "undecided" and piece.owned.run is None:
                undecided[piece.owned.charge.source].append(piece)
        for _, pieces in sorted(undecided.items()):
            if self.quarter not in {piece.quarter for piece in pieces}:
                continue
            number = len({piece.owned.charge.identity for piece in pieces})
            models = ", ".join(sorted({str(piece.owned.model) for piece in pieces}))
            if number != 2:
                raise NotImplementedError("other words")
            cost = decimal(total(piece.cost for piece in pieces))
            told = f"2 charges of {models} stay undecided: no rule names an activity, and no run claims them"
            yield f"{told} (USD {cost:.2f})"


# ---- The figures as the outputs write them ---------------------------------------------------------------------


def figures(told: object, path: str = "") -> dict[str, Any]:
    """Every leaf of a report by its path, as in ``models.support-bot.stages.serving.cost``; amounts as in the JSON."""
    if isinstance(told, dict):
        items = [(str(key), value) for key, value in told.items()]
    elif isinstance(told, list):
        items = [(_name(item) or str(number), item) for number, item in enumerate(told)]
        if len(dict(items)) < len(items):
            raise ValueError(f"two items of {path} have one name")
    else:
        return {path: plain(told) if isinstance(told, Decimal | date) else told}
    found: dict[str, Any] = {f"{path}.": len(items)} if isinstance(told, list) else {}
    for key, value in items:
        found |= figures(value, f"{path}.{key}" if path else key)
    return found


def _name(item: Fields) -> str | None:
    names = ("id", "model_id", "stage", "cost_kind", "quarter", "run_id", "service_name", "month")
    return next((str(item[name]) for name in names if name in item), None)


def plain(value: Decimal | date | None) -> str:
    """All digits and no zeros behind them, but two places at least."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    whole, _, places = f"{value:f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"


def money(value: Decimal | None) -> str:
    """To the cent, half-even, as a page shows it."""
    return "–" if value is None else f"{value:,.2f}".replace("-", "−")


def percent(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def times(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,.1f}×"


def words(name: str) -> str:
    return name.replace("_", " ")


class Page(HTMLParser):
    """What a report's page shows, as text: its tables, key figures, paragraphs and charts."""

    _TEXTS = frozenset({"h2", "h3", "caption", "th", "td", "dt", "dd", "p", "text"})
    _SILENT = frozenset({"bound", "badge preliminary"})

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tables: dict[tuple[str, str], list[list[str]]] = {}  # heading and caption -> rows of cells
        self.key_figures: list[list[str]] = []  # label, value, note
        self.paragraphs: dict[str, list[str]] = defaultdict(list)  # by heading
        self.charts: list[tuple[str, list[str]]] = []  # what a screen reader says, and the texts drawn
        self._heading = ""
        self._table: list[list[str]] = []
        self._texts: list[list[str]] = []
        self._silent = 0
        self.feed(path.read_text("utf-8"))

    def rows(self, heading: str, caption: str) -> list[list[str]]:
        """The body and the foot of the table under ``heading`` whose caption starts with ``caption``."""
        (found,) = (
            rows for (section, title), rows in self.tables.items() if section == heading and title.startswith(caption)
        )
        return found

    def cells(self) -> dict[tuple[str, ...], str]:
        """Every text by where it stands: a table's by heading, start of the caption, row and column."""
        found: dict[tuple[str, ...], str] = {}
        for label, *texts in self.key_figures:
            found |= {(label, str(place)): text for place, text in enumerate(texts)}
        for (heading, caption), rows in self.tables.items():
            title = re.split("[.,]", caption)[0]
            for number, (label, *row) in enumerate(rows):
                name = label if [first for first, *_ in rows].count(label) == 1 else f"{label} {number}"
                found |= {(heading, title, name, str(column)): text for column, text in enumerate(row, start=1)}
        for heading, texts in self.paragraphs.items():
            found |= {(heading, f"paragraph {number}"): text for number, text in enumerate(texts)}
        return found | {(f"chart {number}",): label for number, (label, _) in enumerate(self.charts)}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if self._silent or tag in ("head", "small") or told.get("class") in self._SILENT:
            self._silent += tag not in ("meta", "link", "col")  # these have no end
        elif tag in self._TEXTS:
            self._texts.append([])
        elif tag == "svg":
            self.charts.append((told.get("aria-label") or "", []))
        elif tag == "tr":
            self._row: list[str] = []
        elif tag == "tbody":
            self._table = self.tables[self._heading, self._caption] = []

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._silent -= 1
        elif tag == "tr":
            self._table.append(self._row)
        elif tag == "table":
            self._table = []  # a row outside a body is a heading, kept nowhere
        elif tag in self._TEXTS:
            self._put(tag, " ".join("".join(self._texts.pop()).split()))

    def _put(self, tag: str, text: str) -> None:
        match tag:
            case "h2":
                self._heading = self._section = text
            case "h3":
                self._heading = f"{self._section}: {text}"
            case "caption":
                self._caption = text
            case "th" | "td":
                self._row.append(text)
            case "dt" if not self._heading:  # the notes at the end are no figures
                self.key_figures.append([text])
            case "dd" if not self._heading:
                self.key_figures[-1].append(text)
            case "p":
                self.paragraphs[self._heading].append(text)
            case "text":
                self.charts[-1][1].append(text)

    def handle_data(self, data: str) -> None:
        if self._texts and not self._silent:
            self._texts[-1].append(data)
