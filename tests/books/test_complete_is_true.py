"""Complete is said only where nothing is missing, and "at least" only where something may be.

Ledgers are made at random and broken at random; what they come to unbroken is added up here, in plain Python.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import Bench, focus, rates, sacct
from tests.support.effort import examples
from truecost.books.invariants import breaches
from truecost.store import sql as queries

LEDGERS = 50
BREAKS = 200  # in a ledger, at most, and 0 at least: 5,000 in all
MODELS = ("bot", "reader", "writer", "judge", "coder", "drafter", "ranker", "tagger", "router", "grader")
PRICE = Decimal("2.50")

CONFIG = {
    "workspace": {"name": "broken"},
    "models": [{"id": model} for model in MODELS],
    "attribution": [
        *({"match": {"tags.model": model}, "model": model, "activity": "serving"} for model in MODELS),
        *(
            {"match": {"source": "slurm", "sub_account_id": model}, "model": model, "activity": "serving"}
            for model in MODELS
        ),
    ],
    "staff": [
        {"role": "engineer", "model": model, "activity": "serving", "share": Decimal("0.1"), "monthly_cost": 100}
        | {"currency": "USD", "from": "2026-01-01", "to": "2026-12-31"}
        for model in MODELS
    ],
}

Cell = tuple[str | None, str]


def quarter_of(month: int) -> str:
    return f"FY2026-Q{(month + 2) // 3}"


@dataclass
class Broken:
    """A ledger as it comes, and what it does not say."""

    luck: random.Random
    bills: dict[int, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    jobs: list[dict[str, str]] = field(default_factory=list)
    files: list[tuple[str, str, str | bytes]] = field(default_factory=list)
    lost: dict[Cell, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    uncertain: set[Cell] = field(default_factory=set)  # cells of which nobody could say that nothing is missing

    def charge(self, month: int, model: str | None, amount: Decimal, **changes: str) -> dict[str, str]:
        day = self.luck.randint(1, 27)
        later = "2027-01-01" if month == 12 else f"2026-{month + 1:02d}-01"
        return {
            "BilledCost": str(amount),
            "EffectiveCost": str(amount),
            "ListCost": str(abs(amount)),
            "ContractedCost": str(amount),
            "BillingPeriodStart": f"2026-{month:02d}-01T00:00:00Z",
            "BillingPeriodEnd": f"{later}T00:00:00Z",
            "ChargePeriodStart": f"2026-{month:02d}-{day:02d}T00:00:00Z",
            "ChargePeriodEnd": f"2026-{month:02d}-{day + 1:02d}T00:00:00Z",
            "ChargeCategory": "Credit" if amount < 0 else "Usage",
            "ServiceCategory": "Compute",
            "Tags": json.dumps({"model": model} if model else {"team": "nobody"}),
            **changes,
        }

    def job(self, month: int, model: str, hours: int, **changes: str) -> dict[str, str]:
        number = len(self.jobs) + 1
        day = self.luck.randint(1, 27)
        return {
            "JobID": str(number),
            "Start": f"2026-{month:02d}-{day:02d}T01:00:00",
            "End": f"2026-{month:02d}-{day:02d}T{1 + hours:02d}:00:00",
            "ElapsedRaw": str(3600 * hours),
            "AllocTRES": "cpu=8,gres/gpu=1,gres/gpu:a100=1",
            "Account": model,
            "Partition": "gpu",
            **changes,
        }

    def lose(self, model: str | None, month: int, amount: Decimal, is_known: bool = True) -> None:
        quarter = quarter_of(month)
        self.lost[model, quarter] += amount
        self.uncertain |= {(model, quarter)} if is_known else {(each, quarter) for each in (*MODELS, None)}

    def amount(self) -> Decimal:
        cents = self.luck.randint(1, 99_999)
        return Decimal(cents if self.luck.random() < 0.9 else -cents) / 100

    def month_and_model(self) -> tuple[int, str | None]:
        return self.luck.randint(1, 12), self.luck.choice((*MODELS, None))

    def sound(self) -> None:
        """What nothing happens to: something of each model in each month."""
        for month in range(1, 13):
            self.bills[month] += [self.charge(month, model, abs(self.amount())) for model in (*MODELS, None)]
        self.jobs += [self.job(self.luck.randint(1, 12), model, 2) for model in MODELS]

    def broken_row(self) -> None:
        month, model = self.month_and_model()
        amount = self.amount()
        changes = self.luck.choice(
            (
                {"BilledCost": "n/a", "EffectiveCost": "n/a"},
                {"EffectiveCost": "12,3,4"},
                {"BillingCurrency": "dollars"},
                {"ChargePeriodStart": "2026-13-45"},
                {"ChargePeriodEnd": "tomorrow"},
            )
        )
        self.bills[month].append(self.charge(month, model, amount, **changes))
        self.lose(model, month, amount)

    def malformed_row(self) -> None:
        month, model = self.month_and_model()
        amount = abs(self.amount())
        self.bills[month].append({**self.charge(month, model, amount), "cut": "yes"})
        self.lose(model, month, amount, is_known=False)

    def refused_file(self) -> None:
        month, model = self.month_and_model()
        amount = abs(self.amount())
        name = f"more-{len(self.files)}-2026-{month:02d}.csv"
        self.files.append(("aws", name, "BilledCost,Tags\n1.00,{}\n"))
        self.lose(model, month, amount, is_known=False)

    def refused_file_of_nobody_knows_when(self) -> None:
        month, model = self.month_and_model()
        self.files.append(("aws", f"more-{len(self.files)}.csv.gz", b"\x1f\x8b\x08\x00 and then nothing"))
        self.lose(model, month, abs(self.amount()))
        self.uncertain |= {(each, quarter_of(when)) for each in (*MODELS, None) for when in (1, 4, 7, 10)}

    def held_file(self) -> None:
        month, model = self.month_and_model()
        amount = abs(self.amount())
        name = f"again-{len(self.files)}.csv"
        self.files.append(("aws", name, focus(self.charge(month, model, amount))))
        self.lose(model, month, amount)

    def unpriced_job(self) -> None:
        month, model = self.luck.randint(1, 12), self.luck.choice(MODELS)
        self.jobs.append(self.job(month, model, 3, AllocTRES="cpu=8,gres/gpu=1,gres/gpu:b200=1"))
        self.lose(model, month, 3 * PRICE)

    def job_in_no_known_state(self) -> None:
        month, model = self.luck.randint(1, 12), self.luck.choice(MODELS)
        self.jobs.append(self.job(month, model, 4, State="FOO"))
        self.lose(model, month, 4 * PRICE)

    def job_without_its_gpus(self) -> None:
        month, model = self.luck.randint(1, 12), self.luck.choice(MODELS)
        self.jobs.append(self.job(month, model, 5, AllocTRES="cpu=8"))
        self.lose(model, month, 5 * PRICE)

    def unconverted_charge(self) -> None:
        month, model = self.month_and_model()
        amount = abs(self.amount())
        self.bills[month].append(self.charge(month, model, amount, BillingCurrency="SEK"))
        self.lose(model, month, amount)

    @property
    def ways(self) -> list[str]:
        return [
            *("broken_row", "broken_row", "malformed_row", "refused_file", "held_file"),
            *("unpriced_job", "job_in_no_known_state", "job_without_its_gpus", "unconverted_charge"),
        ]

    def delivered(self) -> Iterator[tuple[str, str, str | bytes]]:
        yield "rates", "rates.csv", rates({})
        yield "slurm", "sacct.txt", sacct(*self.jobs)
        for month, rows in sorted(self.bills.items()):
            whole = [{k: v for k, v in row.items() if k != "cut"} for row in rows]
            lines = focus(*whole).splitlines(keepends=True)
            text = lines[0] + "".join(
                f"{line.rstrip()},one too many\n" if "cut" in row else line
                for line, row in zip(lines[1:], rows, strict=True)
            )
            yield "aws", f"2026-{month:02d}.csv", text
        yield from self.files


def make(seed: int) -> Broken:
    luck = random.Random(seed)
    made = Broken(luck)
    made.sound()
    for _ in range(luck.randint(0, BREAKS)):
        getattr(made, luck.choice(made.ways))()
    if seed % 10 == 1:
        made.refused_file_of_nobody_knows_when()
    return made


def share(whole: int) -> int:
    """Every ledger in `make test-slow`; a few in `make test`."""
    return whole if examples(100) == 100 else max(whole // 50, 3)


@pytest.mark.slow
@pytest.mark.hypothesis
@pytest.mark.parametrize("part", range(5))
def test_complete_is_said_only_where_nothing_is_missing(part: int, tmp_path: Path) -> None:
    for seed in range(part, share(LEDGERS), 5):
        check(make(seed), tmp_path / str(seed), seed)


def check(made: Broken, folder: Path, seed: int) -> None:
    folder.mkdir()
    bench = Bench.open(folder, CONFIG)
    for source, name, content in made.delivered():
        file = folder / "inbox" / source / name  # what is no longer there is not waited for
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        bench.deliver(source, content, str(file.relative_to(folder)))
    bench.keep_books()
    rows = {(row["model_id"], row["quarter"]): row for row in bench.view("true_cost_by_quarter")}
    for cell, row in rows.items():
        where = f"seed {seed}, {cell}: {row['completeness']}, lost {made.lost.get(cell)}"
        if cell not in made.uncertain:
            assert row["completeness"] == "complete", where
        elif made.lost.get(cell):
            assert row["completeness"] != "complete", where
    for cell, lost in made.lost.items():
        if lost > 0 and cell in rows:
            assert rows[cell]["is_lower_bound"], f"seed {seed}, {cell}: {rows[cell]['completeness']}"
    for row in bench.view("totals"):
        cells = {cell for cell in made.uncertain if cell[1] == row["quarter"]}
        assert (row["completeness"] == "complete") == (not cells), (seed, row["completeness"])
    bench.close()


def test_a_quarter_that_is_called_complete_and_is_not_is_a_breach(tmp_path: Path) -> None:
    made = Broken(random.Random(7))
    made.sound()
    bench = Bench.open(tmp_path, CONFIG)
    for source, name, content in made.delivered():
        bench.deliver(source, content, name)
    bench.keep_books()
    row = made.charge(5, "bot", Decimal(20), BilledCost="n/a", EffectiveCost="n/a")
    bench.deliver("aws", focus(row), "late.csv")
    bench.keep_books()
    kept = queries.text_of

    def silent(name: str) -> str:
        """What a gap is asked with, as if it found nothing."""
        return f"FROM ({kept(name)}) WHERE FALSE" if name == "gaps/quarantined" else kept(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "text_of", silent)
        found = breaches(bench.session())
    assert [(breach.invariant, breach.subject) for breach in found] == [("complete_is_true", "FY2026-Q2")]
    bench.close()
