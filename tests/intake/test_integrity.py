"""Whatever is changed behind its back, doctor finds: what landed, the ledger, what was published and what was kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from truecost import steps
from truecost.clock import Clock
from truecost.closing.checks import CHECKS
from truecost.errors import TruecostError
from truecost.intake.integrity import ledger_faults
from truecost.intake.load import contents_of
from truecost.store.warehouse import connect
from truecost.workspace.workspace import Workspace, load_workspace


@pytest.fixture
def root(demo: Path, tmp_path: Path) -> Path:
    return shutil.copytree(demo, tmp_path / "demo")


def opened(root: Path) -> tuple[Workspace, Clock]:
    workspace = load_workspace(root)
    return workspace, Clock(workspace.config.workspace.as_of)


def faults(root: Path, deep: bool = False) -> list[str]:
    return steps.faults(*opened(root), deep=deep)


def run_on(root: Path) -> None:
    """One more run, as every night: nothing new came."""
    workspace, clock = opened(root)
    steps.land(workspace, clock)
    steps.load(workspace, clock)
    steps.attribute(workspace, clock)
    steps.publish(workspace, clock)


def object_of(root: Path, file: str) -> Path:
    for entry in sorted((root / "landing" / "log").glob("*.json")):
        for part in json.loads(entry.read_text("utf-8"))["parts"]:
            if part["file"].endswith(file):
                sha256: str = part["sha256"]
                return root / "landing" / "objects" / sha256[:2] / sha256
    raise AssertionError(f"{file} has not landed")


def some_file(root: Path) -> str:
    entry = min((root / "landing" / "log").glob("*.json"))
    file: str = json.loads(entry.read_text("utf-8"))["parts"][0]["file"]
    return file


def edit(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.slow
def test_a_sound_workspace_has_no_fault_however_deep_one_looks(root: Path) -> None:
    assert faults(root, deep=True) == []


# Another value of the same kind, whatever the column holds.
OTHER = {
    "VARCHAR": "coalesce({0}, '') || '!'",
    "BOOLEAN": "{0} IS NOT TRUE",
    "TIMESTAMP": "coalesce({0}, TIMESTAMP '2000-01-01') + INTERVAL 1 DAY",
    "DATE": "coalesce({0}, DATE '2000-01-01') + 1",
    "VARCHAR[]": "list_append(coalesce({0}, []), 'another')",
}


def another(column: str, kind: str) -> str:
    """SQL for a value of the column's kind that it does not hold."""
    if kind in OTHER:
        return OTHER[kind].format(column)
    if kind.endswith("[]"):
        return f"list_concat({column}, {column})"
    if "STRUCT" in kind or "MAP" in kind:
        return "NULL"
    return f"coalesce({column}, 0) + 1"


@pytest.mark.slow
def test_every_column_of_what_was_loaded_shows_a_change_before_and_after_one_more_run(root: Path) -> None:
    workspace, _ = opened(root)
    changed: list[tuple[str, str]] = []
    with duckdb.connect(str(workspace.warehouse)) as con:
        for table in contents_of():
            if not con.execute(f"SELECT count(*) FROM {table}").fetchone()[0]:  # type: ignore[index]
                continue
            for name, *_ in con.execute(f"DESCRIBE {table}").fetchall():
                if name not in ("delivery_id", "x_delivery_id", "fingerprint"):  # the last asks for loading anew
                    changed.append((table, name))
        assert len(changed) > 100
        kinds = {(table, row[0]): row[1] for table, _ in changed for row in con.execute(f"DESCRIBE {table}").fetchall()}
    unseen = []
    with connect(workspace.warehouse) as con:
        for table, name in changed:
            con.execute("BEGIN")
            con.execute(
                f'UPDATE {table} SET "{name}" = {another(chr(34) + name + chr(34), kinds[table, name])} '
                f"WHERE rowid = (SELECT min(rowid) FROM {table})"
            )
            if not any(table in fault or "landing log" in fault for fault in ledger_faults(workspace, con)):
                unseen.append((table, name))
            con.execute("ROLLBACK")
    assert unseen == []
    with duckdb.connect(str(workspace.warehouse)) as con:
        con.execute("UPDATE ledger.charges SET effective_cost = effective_cost * 10 WHERE rowid = 0")
        con.execute("UPDATE ledger.jobs SET elapsed_seconds = elapsed_seconds * 10 WHERE rowid = 0")
    run_on(root)
    told = faults(root)
    assert any("ledger.charges" in fault for fault in told)
    assert any("ledger.jobs" in fault for fault in told)


def removed(root: Path) -> None:
    object_of(root, some_file(root)).unlink()


def edited(root: Path) -> None:
    edit(object_of(root, some_file(root)))


def entry_deleted(root: Path) -> None:
    sorted((root / "landing" / "log").glob("*.json"))[1].unlink()


def last_entry_deleted(root: Path) -> None:
    max((root / "landing" / "log").glob("*.json")).unlink()


def entry_emptied(root: Path) -> None:
    path = max((root / "landing" / "log").glob("*.json"))
    path.chmod(0o644)
    path.write_text("")


def row_added(root: Path) -> None:
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        con.execute("INSERT INTO ledger.rates SELECT * FROM ledger.rates LIMIT 1")


def row_deleted(root: Path) -> None:
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        con.execute("DELETE FROM ledger.worklogs WHERE rowid = 0")


def row_of_no_delivery(root: Path) -> None:
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        con.execute("INSERT INTO ledger.rates SELECT * REPLACE (9999 AS x_delivery_id) FROM ledger.rates LIMIT 1")


def published_edited(root: Path) -> None:
    with duckdb.connect(str(root / "reports" / "reports.duckdb")) as con:
        con.execute("UPDATE finance_v1.true_cost_by_quarter SET true_cost = true_cost + 1")


@pytest.mark.parametrize(
    ("corrupt", "told"),
    [
        (removed, "is missing; put it back from a backup"),
        (edited, "was changed since it landed"),
        (entry_deleted, "are not in the log"),
        (last_entry_deleted, "the landing log does not know it"),
        (entry_emptied, "is damaged: it is no entry of the landing log"),
        (row_added, "ledger.rates holds "),
        (row_deleted, "ledger.worklogs holds "),
        (row_of_no_delivery, "of delivery 9999, a file that no delivery names"),
        (published_edited, "is not as it was published; `truecost publish` writes it anew"),
    ],
)
def test_each_corruption_is_found_by_name(root: Path, corrupt: Callable[[Path], Any], told: str) -> None:
    corrupt(root)
    found = faults(root)
    assert any(told in fault for fault in found), found


@pytest.mark.slow
def test_an_edited_published_file_is_written_anew_by_the_next_run(root: Path) -> None:
    published_edited(root)
    run_on(root)
    assert faults(root) == []


@pytest.mark.slow
def test_an_edited_report_of_a_closed_quarter_is_found_until_it_is_put_back(root: Path) -> None:
    workspace, clock = opened(root)
    steps.close(workspace, clock, "FY2025-Q4", "cfo", accepted=CHECKS)
    page = root / "reports" / "FY2025-Q4" / "true-cost.html"
    page.write_text(page.read_text("utf-8") + "<!-- -->", "utf-8")
    (fault,) = faults(root)
    assert "true-cost.html is not the report that was kept when FY2025-Q4 was closed" in fault
    steps.report(workspace, clock, "FY2025-Q4")
    assert faults(root) == []


@pytest.mark.slow
@pytest.mark.parametrize("corrupt", [removed, edited])
def test_a_landed_file_that_is_not_as_it_came_enters_no_books(root: Path, corrupt: Callable[[Path], Any]) -> None:
    workspace, clock = opened(root)
    corrupt(root)
    with pytest.raises(TruecostError, match=r"what was known then can't be told: .* its landed content"):
        steps.report_known_at(workspace, clock.now())
    for path in root.glob("warehouse.duckdb*"):
        path.unlink()
    loaded = steps.load(workspace, clock)
    refused = [item.refused_because for item in loaded if item.refused_because]
    assert any("its landed content" in because for because in refused), refused
