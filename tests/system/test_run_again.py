"""Running again: nothing is done twice, and a step is left out only where what it rests on is the same."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from truecost import steps
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.publish.publication import open_published
from truecost.store.sql import identifier
from truecost.store.warehouse import connect
from truecost.workspace.workspace import load_workspace

SMALL = ("aws/2025-11.csv", "slurm/2025-11.txt", "rates/gpu_rates.csv", "annotators/2026-07-bright-labels.csv")
WALL_CLOCK = {"finished_at", "applied_at"}
PUBLISHED = "reports/reports.duckdb"
REPORT = "reports/FY2026-Q3"

Tables = dict[str, list[tuple[Any, ...]]]


class Done(NamedTuple):
    """What each step of a run did."""

    landed: int
    loaded: list[str]
    is_attributed: bool
    is_compared: bool
    is_drift_checked: bool
    is_published: bool
    is_reported: bool


NOTHING = Done(
    0, [], is_attributed=False, is_compared=False, is_drift_checked=False, is_published=False, is_reported=False
)
ALL_BUT_LOADING = Done(
    0, [], is_attributed=True, is_compared=True, is_drift_checked=True, is_published=True, is_reported=True
)


def run(root: Path, as_of: date | None = None) -> Done:
    """The steps of the daily flow, in its order."""
    workspace = load_workspace(root)
    clock = Clock(as_of or workspace.config.workspace.as_of)
    return Done(
        steps.land(workspace, clock),
        [loaded.file.removeprefix("inbox/") for loaded in steps.load(workspace)],
        is_attributed=steps.attribute(workspace),
        is_compared=steps.compare(workspace, clock),
        is_drift_checked=steps.drift(workspace, clock),
        is_published=steps.publish(workspace, clock),
        is_reported=steps.report(workspace, clock).is_new,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few files of the example, run."""
    root = tmp_path_factory.mktemp("small") / "workspace"
    with as_file(files("truecost.examples").joinpath("demo")) as example:
        for name in SMALL:
            (root / "inbox" / name).parent.mkdir(parents=True)
            shutil.copyfile(example / "inbox" / name, root / "inbox" / name)
        shutil.copytree(example / "plans", root / "plans")
        shutil.copyfile(example / "truecost.toml", root / "truecost.toml")
    assert sorted(run(root).loaded) == sorted(SMALL)
    return root


@pytest.fixture
def own(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy to change; the times and numbers of its files do not matter."""
    return lambda root: shutil.copytree(root, tmp_path / "workspace")


@pytest.mark.slow
def test_a_second_run_loads_nothing_and_touches_nothing(demo: Path, own: Callable[[Path], Path]) -> None:
    root = own(demo)
    run(root)
    ledger, written = ledger_of(root, ignored=set()), files_of(root / "reports")
    assert run(root) == NOTHING
    assert ledger_of(root, ignored=set()) == ledger
    assert files_of(root / "reports") == written


def test_a_file_touched_but_not_changed_is_not_loaded_again(small: Path, own: Callable[[Path], Path]) -> None:
    root = own(small)
    for file in (root / "inbox").rglob("*.*"):
        os.utime(file, (0, 0))
    assert run(root) == NOTHING


@pytest.mark.slow
def test_editing_one_rule_changes_the_figures_and_loads_nothing(demo: Path, own: Callable[[Path], Path]) -> None:
    root = own(demo)
    before = stages(root)
    config = root / "truecost.toml"
    text = config.read_text("utf-8")
    on_call = text.index('charge_description = "Platform engineer, on call"')
    config.write_text(text[:on_call] + text[on_call:].replace('"serving"', '"evaluation"', 1), "utf-8")
    assert run(root) == ALL_BUT_LOADING._replace(is_drift_checked=False)
    after = stages(root)
    assert sum(after.values()) == sum(before.values())
    moved = {key: after.get(key, Decimal(0)) - before.get(key, Decimal(0)) for key in after.keys() | before.keys()}
    moved = {key: amount for key, amount in moved.items() if amount}
    assert {model for model, *_ in moved} == {"support-bot"}
    assert {kind for *_, kind in moved} == {"labor"}
    assert all(amount < 0 for (_, activity, _), amount in moved.items() if activity == "serving")
    assert all(amount > 0 for (_, activity, _), amount in moved.items() if activity == "evaluation")
    assert {activity for _, activity, _ in moved} == {"serving", "evaluation"}


@pytest.mark.slow
def test_a_suite_of_the_workspaces_own_judges_its_files_again(small: Path, own: Callable[[Path], Path]) -> None:
    root = own(small)
    held = quarantined(root)
    suite = json.loads(files("truecost.expectations").joinpath("invoices.json").read_text("utf-8"))
    no_adjudication = {"column": "charge_description", "regex": "^Adjudication"}
    suite["expectations"].append({"type": "expect_column_values_to_not_match_regex", "kwargs": no_adjudication})
    (root / "expectations").mkdir()
    (root / "expectations/invoices.json").write_text(json.dumps(suite), "utf-8")
    again = run(root)
    assert again == ALL_BUT_LOADING._replace(loaded=[SMALL[-1]], is_drift_checked=False)
    assert quarantined(root) == held + 1
    assert run(root) == NOTHING


@pytest.mark.parametrize("expectations", [[], [{"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1}}]])
def test_a_suite_that_reads_no_column_is_named_as_the_fault(
    small: Path, own: Callable[[Path], Path], expectations: list[Any]
) -> None:
    root = own(small)
    (root / "expectations").mkdir()
    (root / "expectations/invoices.json").write_text(json.dumps({"expectations": expectations}), "utf-8")
    with pytest.raises(TruecostError, match=r"invoices\.json: no expectation of the suite reads a column"):
        run(root)


@pytest.mark.slow
def test_another_day_is_published_anew_from_the_same_books(small: Path, own: Callable[[Path], Path]) -> None:
    root = own(small)
    again = run(root, as_of=date(2026, 10, 6))
    assert (again.landed, again.loaded, again.is_attributed, again.is_published) == (0, [], False, True)
    assert run(root, as_of=date(2026, 10, 6)) == NOTHING


def test_there_is_a_report_once_a_quarter_with_costs_has_ended(small: Path) -> None:
    workspace = load_workspace(small)
    assert not steps.has_costs(workspace, Clock(date(2025, 12, 31)))
    assert steps.has_costs(workspace, Clock(date(2026, 1, 1)))
    assert steps.has_costs(workspace, Clock(date(2030, 1, 1)))


@pytest.mark.slow
def test_a_deleted_report_is_written_again_the_same(small: Path, own: Callable[[Path], Path]) -> None:
    root = own(small)
    published, report = files_of(root)[PUBLISHED], contents_of(root / REPORT)
    (root / REPORT / "true-cost.csv").unlink()
    assert run(root) == NOTHING._replace(is_reported=True)
    assert contents_of(root / REPORT) == report
    shutil.rmtree(root / REPORT)
    assert run(root) == NOTHING._replace(is_reported=True)
    assert contents_of(root / REPORT) == report
    assert files_of(root)[PUBLISHED] == published


@pytest.mark.slow
def test_a_deleted_published_file_is_published_again_the_same(small: Path, own: Callable[[Path], Path]) -> None:
    root = own(small)
    published, report = published_of(root), files_of(root / REPORT)
    (root / PUBLISHED).unlink()
    assert run(root) == NOTHING._replace(is_published=True)
    assert published_of(root) == published
    assert files_of(root / REPORT) == report


@pytest.mark.slow
def test_a_damaged_published_file_is_published_again_the_same(small: Path, own: Callable[[Path], Path]) -> None:
    root = own(small)
    published = published_of(root)
    with (root / PUBLISHED).open("r+b") as file:
        file.truncate(5000)
    assert run(root) == NOTHING._replace(is_published=True)
    assert published_of(root) == published


@pytest.mark.slow
def test_a_deleted_warehouse_is_rebuilt_from_the_landing_alone(small: Path, own: Callable[[Path], Path]) -> None:
    root = own(small)
    ledger, published, report = ledger_of(root), files_of(root)[PUBLISHED], files_of(root / REPORT)
    (root / "warehouse.duckdb").unlink()
    shutil.rmtree(root / "inbox")
    rebuilt = ALL_BUT_LOADING._replace(is_published=False, is_reported=False)
    assert run(root) == rebuilt._replace(loaded=list(again_in_order(ledger)))
    assert ledger_of(root) == ledger
    assert files_of(root)[PUBLISHED] == published
    assert files_of(root / REPORT) == report


def ledger_of(root: Path, ignored: set[str] = WALL_CLOCK) -> Tables:
    """Every table of the warehouse, rows in order."""
    found = {}
    with connect(root / "warehouse.duckdb") as con:
        tables = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary"
        ).fetchall()
        for (table,) in tables:
            columns = [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]
            told = ", ".join(identifier(name) for name in columns if name not in ignored)
            found[table] = con.execute(f"SELECT {told} FROM {table} ORDER BY ALL").fetchall()
    return found


def again_in_order(ledger: Tables) -> list[str]:
    by_number = sorted((row[0], row[5]) for row in ledger["log.deliveries"])
    return [file.removeprefix("inbox/") for _, file in by_number]


def published_of(root: Path) -> Tables:
    with open_published(root / PUBLISHED) as con:
        tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'finance_v1'").fetchall()
        return {table: con.execute(f"SELECT * FROM finance_v1.{table} ORDER BY ALL").fetchall() for (table,) in tables}


def stages(root: Path) -> dict[tuple[str, str, str], Decimal]:
    """Cost by model, activity and cost kind."""
    with open_published(root / PUBLISHED) as con:
        rows = con.execute("SELECT model_id, activity, cost_kind, sum(cost) FROM cost_by_stage GROUP BY ALL").fetchall()
    return {(model, activity, kind): cost for model, activity, kind, cost in rows}


def quarantined(root: Path) -> int:
    with open_published(root / PUBLISHED) as con:
        (row,) = con.execute("SELECT count(*) FROM quarantine").fetchall()
    return int(row[0])


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file each path is, and when it was last written."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def contents_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
