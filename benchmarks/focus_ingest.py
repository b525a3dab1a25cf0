"""FOCUS CSV ingest against raw DuckDB: the same file, in turn, each in a process of its own.

    python benchmarks/focus_ingest.py [--rows 2000000] [--runs 3] [--keep FOLDER]

A is `truecost ingest` into a fresh workspace: landed, typed, validated, deduplicated and in the ledger. B is DuckDB's
`CREATE TABLE AS SELECT * FROM read_csv(all_varchar=true)` into a fresh file. The start-up of each, measured with a
one-row file, is subtracted. Sums are checked to the last digit against the generator's own. It fails above
2.5 times raw DuckDB, or 6 GB of memory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

_SEED_ROWS = 1000
_RATIO_BOUND = 2.5
_MEMORY_BOUND_GB = 6.0
_REPETITION = Decimal("1e-16")  # what a repetition's number adds to a cost, digits of its own after the eleventh
_MONEY = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_COLUMNS = [
    "AvailabilityZone",
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "x_InvoiceGroup",
    "Tags",
]
_SERVICES = (
    ("Amazon Elastic Compute Cloud", "Compute", "Hours"),
    ("Amazon Simple Storage Service", "Storage", "GB-Mo"),
    ("Amazon SageMaker", "AI and Machine Learning", "Hours"),
    ("AWS Lambda", "Compute", "Lambda-GB-Second"),
    ("Amazon Virtual Private Cloud", "Networking", "GB"),
    ("AmazonCloudWatch", "Management and Governance", "Metrics"),
)


def seed_rows(count: int) -> list[list[str]]:
    """Varied, believable rows, with marks that each repetition replaces with what is its own.

    ``#`` is its number in five digits (resource ids, and the last digits of what is billed and effective), ``@`` is a
    minute.
    """
    made = random.Random(20260101)
    rows = []
    for number in range(count):
        service, category, unit = made.choice(_SERVICES)
        day = made.randint(1, 27)
        quantity = Decimal(made.randint(1, 10**9)) / 10**6
        price = Decimal(made.randint(1, 10**7)) / 10**9
        cost = (quantity * price).quantize(Decimal("1e-11"))
        credit = made.random() < 0.01
        team = made.choice(("search", "support", "finance", "platform"))
        values = dict.fromkeys(_COLUMNS, "")
        values |= {
            "AvailabilityZone": made.choice(("us-east-1a", "us-east-1b", "")),
            "BilledCost": f"{-cost if credit else cost:.11f}#",
            "EffectiveCost": f"{-cost if credit else (cost * 9 / 10).quantize(Decimal('1e-11')):.11f}#",
            "ListCost": f"{cost:f}",
            "ContractedCost": f"{cost:f}",
            "BillingAccountId": "998877665544",
            "BillingAccountName": "Example Retail",
            "BillingCurrency": "USD",
            "BillingPeriodStart": "2026-03-01T00:00:00Z",
            "BillingPeriodEnd": "2026-04-01T00:00:00Z",
            "ChargePeriodStart": f"2026-03-{day:02d}T{made.randint(0, 22):02d}:@:00Z",
            "ChargePeriodEnd": f"2026-03-{day + 1:02d}T23:00:00Z",
            "ChargeCategory": "Credit" if credit else "Usage",
            "ChargeDescription": f"${price:f} per {unit} of {service}, first tier in US East (N. Virginia)",
            "ChargeFrequency": "Usage-Based",
            "ConsumedQuantity": f"{quantity:f}",
            "ConsumedUnit": unit,
            "ContractedUnitPrice": f"{price:f}",
            "ListUnitPrice": f"{price:f}",
            "InvoiceIssuerName": "Amazon Web Services, Inc.",
            "PricingCategory": "Standard",
            "PricingQuantity": f"{quantity:f}",
            "PricingUnit": unit,
            "ProviderName": "AWS",
            "PublisherName": "Amazon Web Services, Inc.",
            "RegionId": "us-east-1",
            "RegionName": "US East (N. Virginia)",
            "ResourceId": f"arn:aws:svc:us-east-1:{made.randint(10**11, 10**12 - 1)}:item-#-{number}",
            "ResourceName": f"{team}-{number % 97}",
            "ResourceType": made.choice(("instance", "bucket", "endpoint", "function")),
            "ServiceCategory": category,
            "ServiceName": service,
            "SkuId": f"{made.randbytes(8).hex().upper()}",
            "SkuPriceId": f"{made.randbytes(8).hex().upper()}.{made.randbytes(5).hex().upper()}",
            "SubAccountId": str(made.randint(10**11, 10**11 + 40)),
            "SubAccountName": f"{team}-account",
            "x_InvoiceGroup": f"group {number % 7}",
            "Tags": json.dumps({"team": team, "env": made.choice(("prod", "dev")), "owner": f"user{number % 31}"}),
        }
        rows.append([values[name] for name in _COLUMNS])
    return rows


def write_file(path: Path, rows: int) -> dict[str, Decimal]:
    """Write the file; returns the exact sums of its money columns."""
    seeds = seed_rows(min(rows, _SEED_ROWS))
    lines = [",".join('"' + value.replace('"', '""') + '"' if value else "" for value in row) for row in seeds]
    block = "\n".join(lines) + "\n"
    repeats = rows // len(seeds)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(_COLUMNS) + "\n")
        for number in range(repeats):
            file.write(block.replace("#", f"{number:05d}").replace("@", f"{number % 60:02d}"))
    return {name: column_sum(seeds, name, repeats) for name in _MONEY}


def column_sum(seeds: list[list[str]], name: str, repeats: int) -> Decimal:
    """The exact sum of a money column over all repetitions."""
    texts = [row[_COLUMNS.index(name)] for row in seeds]
    total = sum((Decimal(text.rstrip("#")) for text in texts), Decimal(0)) * repeats
    signs = sum((-1 if text.startswith("-") else 1) for text in texts if text.endswith("#"))
    return total + signs * _REPETITION * (repeats * (repeats - 1) // 2)


def ingest(folder: Path, file: Path, sums: dict[str, Decimal]) -> tuple[float, float]:
    """(wall seconds, peak memory in GB) of a `truecost ingest` of ``file``; the ledger's sums are checked."""
    root = folder / "workspace"
    root.mkdir()
    (root / "truecost.toml").write_text(
        f'[workspace]\nname = "benchmark"\n\n[[sources]]\nname = "cloud"\nformat = "focus"\npath = "{file}"\n', "utf-8"
    )
    seconds, peak = timed([sys.executable, "-m", "truecost", "ingest", "--workspace", str(root)])
    import duckdb

    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        found = con.execute(
            "SELECT sum(billed_cost), sum(effective_cost), sum(list_cost), sum(contracted_cost) FROM ledger.charges"
        ).fetchone()
    if found is None or list(found) != list(sums.values()):
        raise SystemExit(f"the sums do not tie: {found} is not {list(sums.values())}")
    shutil.rmtree(root)
    return seconds, peak


def raw(folder: Path, file: Path) -> float:
    """Wall seconds of raw DuckDB on ``file``."""
    target = folder / "raw.duckdb"
    script = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1]); "
        "con.execute('CREATE TABLE t AS SELECT * FROM read_csv(?, all_varchar=true)', [sys.argv[2]]); con.close()"
    )
    seconds, _ = timed([sys.executable, "-c", script, str(target), str(file)])
    target.unlink()
    return seconds


def timed(command: list[str]) -> tuple[float, float]:
    """(wall seconds, peak memory in GB) of a process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return seconds, usage.ru_maxrss / 1e6


def main() -> None:
    """Alternate A and B, and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in FOLDER and leave the files there")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        one, many = folder / "one.csv", folder / "many.csv"
        one_sums, many_sums = write_file(one, 1), write_file(many, options.rows)
        print(f"{options.rows:,} rows, {many.stat().st_size / 1e9:.2f} GB, {len(_COLUMNS)} columns")
        start_a = statistics.median(ingest(folder, one, one_sums)[0] for _ in range(options.runs))
        start_b = statistics.median(raw(folder, one) for _ in range(options.runs))
        ours, theirs, peaks = [], [], []
        for _ in range(options.runs):
            seconds, peak = ingest(folder, many, many_sums)
            ours.append(seconds - start_a)
            peaks.append(peak)
            theirs.append(raw(folder, many) - start_b)
            print(f"  ingest {ours[-1]:.1f} s, raw DuckDB {theirs[-1]:.1f} s")
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"start-up subtracted: ingest {start_a:.1f} s, raw DuckDB {start_b:.1f} s")
        print(
            f"median: ingest {a:.1f} s, raw DuckDB {b:.1f} s, ratio {a / b:.2f}; "
            f"peak memory {max(peaks):.1f} GB; sums exact"
        )
    if a / b > _RATIO_BOUND or max(peaks) > _MEMORY_BOUND_GB:
        raise SystemExit(f"over the bound of {_RATIO_BOUND} times, or of {_MEMORY_BOUND_GB} GB")


if __name__ == "__main__":
    main()
