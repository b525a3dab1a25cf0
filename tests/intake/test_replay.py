"""The ledger is a pure function of the landing log: replayed, repeated, or taken in other steps, it is the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import DAY, Books, config, invoices, rates, sacct
from tests.support.effort import examples
from truecost import steps
from truecost.clock import Clock

KINDS = ("annotators", "slurm", "rates")

contents = {
    "annotators": st.lists(
        st.fixed_dictionaries(
            {"invoice_number": st.sampled_from(["1", "2"]), "amount": st.sampled_from(["5", "7", "x"])},
            optional={"service_end": st.just("2026-03-31"), "service_start": st.just("2026-01-15")},
        ),
        max_size=4,
    ).map(lambda rows: invoices(*rows)),
    "slurm": st.lists(
        st.fixed_dictionaries({"JobID": st.sampled_from(["1", "2", "2.batch", "x"]), "State": st.sampled_from("AB")}),
        max_size=4,
    ).map(lambda rows: sacct(*rows)),
    "rates": st.lists(st.fixed_dictionaries({"price_per_gpu_hour": st.sampled_from(["1", "2", "-3"])}), max_size=3).map(
        lambda rows: rates(*rows)
    ),
}
puts = st.sampled_from(KINDS).flatmap(
    lambda kind: st.tuples(st.just(f"inbox/{kind}/"), st.sampled_from("ab"), contents[kind])
)
# What is put into the inbox between one landing and the next.
histories = st.lists(st.lists(puts, min_size=1, max_size=3), min_size=1, max_size=3)
History = list[list[tuple[str, str, str]]]

TOML = config(*KINDS)


def put(books: Books, files: list[tuple[str, str, str]]) -> None:
    for folder, name, content in files:
        books.put(f"{folder}{name}", content)


@pytest.mark.slow
@given(histories)
@settings(max_examples=examples(4))
def test_the_ledger_is_the_same_however_the_landing_log_is_loaded(folder: Path, history: History) -> None:
    root = Path(tempfile.mkdtemp(dir=folder))
    try:
        step_by_step = Books.of(root / "step-by-step", TOML)
        all_at_once = Books.of(root / "all-at-once", TOML)
        for files in history:
            put(step_by_step, files)
            step_by_step.run()
            put(all_at_once, files)
            steps.land(all_at_once.workspace, Clock(DAY))
        told = step_by_step.everything()

        assert step_by_step.run() == [], "running again loads nothing"
        assert step_by_step.everything() == told

        all_at_once.run()
        assert all_at_once.everything() == told

        step_by_step.workspace.warehouse.unlink()
        (step_by_step.root / "landing" / "seen.json").unlink()
        shutil.rmtree(step_by_step.root / "inbox")
        step_by_step.run()
        rebuilt = step_by_step.everything()
        for of_deliveries in (told, rebuilt):
            # Whether what is held is still in the inbox is about the inbox, not the ledger.
            of_deliveries["books.deliveries"] = [row[:-1] for row in of_deliveries["books.deliveries"]]
        assert rebuilt == told, "the landing is enough"
    finally:
        shutil.rmtree(root, ignore_errors=True)


@given(histories)
@settings(max_examples=examples(4))
def test_what_is_in_the_ledger_never_changes_as_more_arrives(folder: Path, history: History) -> None:
    root = Path(tempfile.mkdtemp(dir=folder))
    try:
        books = Books.of(root / "books", TOML)
        held: set[tuple[str, tuple[object, ...]]] = set()
        for files in history:
            put(books, files)
            books.run()
            everything = books.everything()
            now = {
                (name, tuple(str(value) for value in row))
                for name, rows in everything.items()
                if not name.startswith("books.")
                for row in rows
            }
            assert held <= now, "append-only"
            held = now
    finally:
        shutil.rmtree(root, ignore_errors=True)
