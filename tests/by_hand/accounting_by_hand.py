"""The worked example of docs/accounting.md, computed a second time: from its files, in plain Python, with fractions.

Nothing of truecost is used here. A row is what one charge, or a share of one, comes to in one month.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

CAPACITY = 24 * 8  # GPU hours of an instance in a day
DOLLARS_PER_EURO = Fraction("1.2")  # of 16 February, in inbox/ecb
PRICE = Fraction("4.50")
STAFF = [
    ("bot", "training", Fraction(6200), date(2026, 1, 1), date(2026, 3, 16)),
    ("reader", "evaluation", Fraction(3000), date(2026, 3, 1), date(2026, 5, 1)),
]


@dataclass(frozen=True)
class Piece:
    """What a charge or a share comes to in a month. ``part`` is the step of the bridge it belongs to."""

    model: str | None
    activity: str | None
    round: int | None
    kind: str
    month: date
    cost: Fraction
    billed: Fraction = Fraction(0)
    part: str = "own"
    run: str | None = None

    @property
    def quarter(self) -> str:
        return f"FY{self.month.year}-Q{(self.month.month + 2) // 3}"

    @property
    def stage(self) -> str:
        if self.model is None:
            return "unallocated"
        if self.activity in ("serving", "deployment"):
            return "serving"
        return "maintenance" if self.round else str(self.activity)

    @property
    def is_training_only(self) -> bool:
        is_run = self.run is not None and self.part != "idle"
        return is_run and self.activity == "training" and self.kind == "compute"


@dataclass(frozen=True)
class Run:
    model: str
    parent: str | None
    job: str
    outcome: str | None
    decided: date | None


class Example:
    """The files below ``root``, of ``inbox`` or of ``inbox`` and ``late/inbox``."""

    def __init__(self, root: Path, with_late: bool) -> None:
        self.folders = [root / "inbox", *([root / "late" / "inbox"] if with_late else [])]
        self.runs = {
            row["run_id"]: Run(
                row["model_id"],
                row["parent_run_id"] or None,
                row["job_id"],
                row["outcome"] or None,
                day(row["decided_at"]) if row["decided_at"] else None,
            )
            for row in self._rows("runs")
        }
        self.jobs = {row["JobID"]: row for row in self._rows("slurm", "|")}

    def pieces(self) -> list[Piece]:
        return [*self._bills(), *self._accrued(), *self._invoices(), *self._staff()]

    def requests(self) -> dict[str, tuple[int, int]]:
        """Model -> (requests, tokens)."""
        calls: Counter[str] = Counter()
        tokens: Counter[str] = Counter()
        for row in self._rows("requests"):
            calls[row["model"]] += 1
            tokens[row["model"]] += int(row["input_tokens"]) + int(row["output_tokens"])
        return {model: (calls[model], tokens[model]) for model in calls}

    # ---- Runs and rounds ----

    def promotions(self, model: str | None) -> list[date]:
        return sorted(
            run.decided
            for run in self.runs.values()
            if run.model == model and run.outcome == "promoted" and run.decided
        )

    def round_on(self, model: str | None, moment: date) -> int:
        return sum(promoted <= moment for promoted in self.promotions(model))

    def of_job(self, job: str) -> tuple[str, str, int]:
        """(run, activity, round) of a job."""
        name, run = next((name, run) for name, run in self.runs.items() if run.job == job)
        rounds = [
            self.promotions(run.model).index(other.decided)
            for promoted, other in self.runs.items()
            if other.outcome == "promoted" and other.decided and name in self._lineage(promoted)
        ]
        if rounds:
            return name, "training", min(rounds)
        own = self.round_on(run.model, day(self.jobs[job]["Start"]))
        if run.outcome or own < len(self.promotions(run.model)):
            return name, "failed_experiments", own
        return name, "undecided", own

    def _lineage(self, name: str | None) -> Iterator[str]:
        while name:
            yield name
            name = self.runs[name].parent

    # ---- Bills ----

    def _bills(self) -> Iterator[Piece]:
        bills = list(self._rows("aws"))
        pools = {day(row["ChargePeriodStart"]) for row in bills if row["ServiceName"] == "Amazon EC2"}
        for row in bills:
            cost, start = Fraction(row["EffectiveCost"]), day(row["ChargePeriodStart"])
            month = start.replace(day=1)
            if row["ServiceName"] == "Amazon EC2":
                yield from self._shared_gpus(cost, start, pools)
            elif row["ResourceId"] == "adapters":
                calls = {model: count for model, (count, _) in self.requests().items()}
                for model, count in calls.items():
                    share = cost * count / sum(calls.values())
                    piece = Piece(model, "serving", self.round_on(model, start), "other", month, share, share)
                    yield replace(piece, part="allocation")
            else:
                model = json.loads(row["Tags"])["model"] if row["Tags"] else None
                kind = "storage" if row["ServiceCategory"] == "Storage" else "compute"
                activity = None if model is None else "training" if kind == "storage" else "serving"
                own = None if model is None else self.round_on(model, start)
                yield Piece(model, activity, own, kind, month, cost, cost)

    def _shared_gpus(self, cost: Fraction, start: date, pools: set[date]) -> Iterator[Piece]:
        month = start.replace(day=1)
        used = Fraction(0)
        for job in self._jobs_on(start):
            run, activity, own = self.of_job(job)
            share = cost * self._hours(job) / CAPACITY
            used += self._hours(job)
            piece = Piece(self.runs[run].model, activity, own, "compute", month, share, share, "allocation", run)
            yield piece
        idle = cost * (CAPACITY - used) / CAPACITY
        borne: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
        for pool in pools:
            if pool.replace(day=1) == month:
                for job in self._jobs_on(pool):
                    run, activity, _ = self.of_job(job)
                    borne[self.runs[run].model, activity] += self._hours(job)
        for (model, activity), hours in borne.items():
            share = idle * hours / sum(borne.values())
            yield Piece(model, activity, self.round_on(model, start), "compute", month, share, share, "idle")

    def _accrued(self) -> Iterator[Piece]:
        billed = {day(row["ChargePeriodStart"]) for row in self._rows("aws") if row["ServiceName"] == "Amazon EC2"}
        for job, row in self.jobs.items():
            started = day(row["Start"])
            if started not in billed:
                run, activity, own = self.of_job(job)
                cost = self._hours(job) * PRICE
                model = self.runs[run].model
                yield Piece(model, activity, own, "compute", started.replace(day=1), cost, part="accrual", run=run)

    def _jobs_on(self, moment: date) -> list[str]:
        return [job for job, row in self.jobs.items() if day(row["Start"]) == moment]

    def _hours(self, job: str) -> Fraction:
        row = self.jobs[job]
        return Fraction(int(row["ElapsedRaw"]) * int(row["AllocTRES"].rpartition("=")[2]), 3600)

    # ---- Invoices and staff ----

    def _invoices(self) -> Iterator[Piece]:
        for row in self._rows("agency"):
            is_foreign = row["currency"] == "EUR"
            amount = Fraction(row["amount"]) * (DOLLARS_PER_EURO if is_foreign else 1)
            first, last = day(row["service_start"]), day(row["service_end"])
            issued = day(row["issue_date"]).replace(day=1)
            model, part = row["project"], "fx" if is_foreign else "own"
            own = self.round_on(model, first)
            for month, share in by_month(first, last + timedelta(days=1)):
                billed = amount if month == issued else Fraction(0)
                yield Piece(model, "data_curation", own, "annotation", month, amount * share, billed, part)
            if issued not in dict(by_month(first, last + timedelta(days=1))):
                yield Piece(model, "data_curation", own, "annotation", issued, Fraction(0), amount, part)

    def _staff(self) -> Iterator[Piece]:
        for model, activity, monthly, first, end in STAFF:
            month = first
            while month < end:
                following = next_month(month)
                worked = (min(end, following) - month).days
                cost = monthly * worked / (following - month).days
                yield Piece(model, activity, self.round_on(model, month), "labor", month, cost)
                month = following

    def _rows(self, source: str, delimiter: str = ",") -> Iterator[dict[str, str]]:
        for folder in self.folders:
            for path in sorted((folder / source).glob("*")) if (folder / source).is_dir() else []:
                with path.open(encoding="utf-8", newline="") as file:
                    yield from csv.DictReader(file, delimiter=delimiter)


def posted(root: Path) -> dict[str, list[Piece]]:
    """The pieces of each quarter as posted: the first was closed before the late files came."""
    before, after = Example(root, with_late=False).pieces(), Example(root, with_late=True).pieces()
    first = [piece for piece in before if piece.quarter == "FY2026-Q1"]
    second = [piece for piece in after if piece.quarter == "FY2026-Q2"]
    for piece, sign in (
        *((piece, 1) for piece in after if piece.quarter == "FY2026-Q1"),
        *((piece, -1) for piece in first),
    ):
        moved = replace(piece, month=date(2026, 4, 1), cost=sign * piece.cost, billed=sign * piece.billed)
        second.append(replace(moved, part="adjustment" if piece.part != "idle" else "adjustment, idle"))
    return {"FY2026-Q1": first, "FY2026-Q2": second}


@dataclass(frozen=True)
class LifeMonth:
    """What a month does to what building a round cost."""

    cost: Fraction
    amortised: Fraction
    written_off: Fraction
    left: Fraction


def lives(root: Path, today: date, months: int = 12) -> dict[tuple[str, int], dict[date, LifeMonth]]:
    """(model, round) -> month -> what it did, by what was known of promotions when the month was last told."""
    closed = Example(root, with_late=False)
    now = Example(root, with_late=True)
    built: defaultdict[tuple[str, int], defaultdict[date, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for piece in (piece for pieces in posted(root).values() for piece in pieces):
        if piece.model and piece.round is not None and piece.activity != "serving":
            built[piece.model, piece.round][piece.month] += piece.cost
    found: dict[tuple[str, int], dict[date, LifeMonth]] = {}
    for (model, own), added in built.items():
        told: dict[date, LifeMonth] = {}
        cost = amortised = left = Fraction(0)
        month = min(added)
        while True:
            known = closed if month < date(2026, 4, 1) else now
            starts, ends = ([at.replace(day=1) for at in known.promotions(model)] + [None] * 9)[own : own + 2]
            cost, left = cost + added[month], left + added[month]
            used = 0 if starts is None or month < starts else count_of_months(starts, month) + 1
            part = cost * min(used, months) / months - amortised if ends is None or month < ends else Fraction(0)
            gone = left if ends is not None and month >= ends else Fraction(0)
            amortised, left = amortised + part, left - part - gone
            told[month] = LifeMonth(cost, part, gone, left)
            month = next_month(month)
            is_over = used >= months or ends is not None or (starts is None and month > today)
            if month > max(added) and is_over:
                break
        found[model, own] = told
    return found


def count_of_months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def day(text: str) -> date:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).date()


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def by_month(first: date, end: date) -> list[tuple[date, Fraction]]:
    """(month, its share of the days from ``first`` up to ``end``)."""
    days = Counter((first + timedelta(days=n)).replace(day=1) for n in range((end - first).days))
    return [(month, Fraction(count, (end - first).days)) for month, count in sorted(days.items())]


def total(pieces: Iterable[Piece], **wanted: object) -> Fraction:
    fitting = (p for p in pieces if all(getattr(p, name) == value for name, value in wanted.items()))
    return sum((piece.cost for piece in fitting), Fraction(0))
