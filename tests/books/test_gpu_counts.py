"""GPU counts and durations as Slurm writes them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench, typed
from tests.support.effort import examples

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KINDS = ["a100", "H100", "v100-sxm2", "tesla", "nvidia_a100_80gb_pcie"]
OTHERS = ["billing=32", "cpu=64", "mem=250G", "node=2", "gres/shard=8", "license/matlab=1", "energy=12345"]

counts = st.integers(0, 999)


@st.composite
def allocations(draw: st.DrawFn) -> tuple[str, int, dict[str | None, int]]:
    """(AllocTRES, how many GPUs, how many of each kind: None where it does not say)."""
    kinds = draw(st.dictionaries(st.sampled_from(KINDS), st.integers(1, 16), max_size=3))
    entries = [f"gres/gpu:{kind}={count}" for kind, count in kinds.items()]
    total = sum(kinds.values())
    if draw(st.booleans()):
        total = draw(st.sampled_from([total, total + 1, 0]) if kinds else counts)
        entries.append(f"gres/gpu={total}")
    entries += draw(st.lists(st.sampled_from(OTHERS), unique=True))
    text = ",".join(draw(st.permutations(entries)))
    if total == 0:
        return text, 0, {}
    if len(kinds) == 1:
        return text, total, {next(iter(kinds)).lower(): total}
    if kinds and sum(kinds.values()) == total:
        return text, total, {kind.lower(): count for kind, count in kinds.items()}
    return text, total, {None: total}


@given(st.lists(allocations(), min_size=1, max_size=100))
def test_typed_and_untyped_entries_are_the_same_gpus(
    con: DuckDBPyConnection, cases: list[tuple[str, int, dict[str | None, int]]]
) -> None:
    jobs = typed(con, "slurm", [{"job_id": "1", "alloc_tres": text or None} for text, *_ in cases])
    for job, (text, total, kinds) in zip(jobs, cases, strict=True):
        assert job["gpus"] == total, text
        assert {gpu["gpu_type"]: gpu["gpus"] for gpu in job["gpu_types"]} == kinds, text
        assert job["checks"]["alloc_tres"] == "ok", text


@given(st.lists(st.text(st.sampled_from("0123456789.-kMG xX"), max_size=8), min_size=1, max_size=60))
def test_a_count_that_is_no_count_is_a_fault_and_never_no_gpus(con: DuckDBPyConnection, counts: list[str]) -> None:
    jobs = typed(con, "slurm", [{"job_id": "1", "alloc_tres": f"cpu=1,gres/gpu={count},mem=1G"} for count in counts])
    for job, count in zip(jobs, counts, strict=True):
        is_count = count.isdecimal() and len(count) <= 6
        assert (job["checks"]["alloc_tres"] == "ok") == is_count, count
        assert not is_count or job["gpus"] == int(count)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=100))
def test_elapsed_times_are_read_in_each_form_slurm_has(con: DuckDBPyConnection, seconds: list[int]) -> None:
    def shown(count: int, form: int) -> str:
        days, rest = divmod(count, 86400)
        clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
        if form == 0:
            return str(count)
        if days:
            return f"{days}-{clock}"
        return clock if form == 1 or rest >= 3600 else f"{rest // 60:02d}:{rest % 60:02d}.250"

    rows = [{"job_id": "1", "elapsed_time": shown(count, n % 3)} for n, count in enumerate(seconds)]
    jobs = typed(con, "slurm", rows)
    assert [job["elapsed_seconds"] for job in jobs] == seconds, rows
    assert {job["checks"]["elapsed_time"] for job in jobs} == {"ok"}


starts = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1)).map(lambda moment: moment.replace(microsecond=0))


@pytest.mark.slow
@given(st.lists(st.tuples(starts, st.integers(0, 10 * 86400), st.integers(0, 16)), min_size=1, max_size=25))
@settings(max_examples=examples(20))
def test_the_days_of_a_job_add_up_to_its_gpu_hours(bench: Bench, jobs: list[tuple[datetime, int, int]]) -> None:
    import pyarrow as pa

    bench.con.execute("DELETE FROM ledger.jobs; DELETE FROM log.deliveries")
    rows = [
        {
            "cluster": "",
            "job_id": str(number),
            "started_at": start,
            "elapsed_seconds": seconds,
            "gpus": gpus,
            "gpu_types": [{"gpu_type": "a100", "gpus": gpus}] if gpus else [],
            "x_delivery_id": 1,
            "x_line": number,
            "x_content": "",
        }
        for number, (start, seconds, gpus) in enumerate(jobs, start=2)
    ]
    gpu_types = pa.list_(pa.struct([("gpu_type", pa.string()), ("gpus", pa.int32())]))
    batch = pa.Table.from_pylist([{k: v for k, v in row.items() if k != "gpu_types"} for row in rows]).append_column(
        "gpu_types", pa.array([row["gpu_types"] for row in rows], gpu_types)
    )
    bench.con.register("jobs_batch", batch)
    bench.con.execute("INSERT INTO ledger.jobs BY NAME SELECT * FROM jobs_batch")
    bench.con.execute(
        "INSERT INTO log.deliveries BY NAME SELECT 1 AS delivery_id, 'slurm' AS source, 'jobs' AS dataset, "
        "'a' AS file, 'a' AS set_name, 1 AS set_version, ? AS rows_read, rows_read AS rows_accepted, "
        "0 AS rows_quarantined, 0 AS rows_skipped",
        [len(jobs)],
    )
    bench.keep_books()
    days = bench.ask("FROM books.job_charges ORDER BY x_line, x_part")
    for number, (start, seconds, gpus) in enumerate(jobs, start=2):
        own = [day for day in days if day["x_line"] == number]
        if not (seconds and gpus):
            assert not own
            continue
        assert (own[0]["charge_period_start"], own[-1]["charge_period_end"]) == (
            start,
            start + timedelta(seconds=seconds),
        )
        for day, after in pairwise(own):
            assert day["charge_period_end"] == after["charge_period_start"]
            assert day["charge_period_end"].time() == datetime.min.time(), "a day ends at midnight, UTC"
        used = sum(day["consumed_quantity"] for day in own)
        assert abs(used * 3600 - seconds * gpus) <= len(own) * Decimal("1E-16")
        assert {day["effective_cost"] for day in own} == {None}, "no price, no cost"
