"""Every kind of corruption, one at a time, in a workspace with a closed quarter: ``doctor`` finds each, by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from truecost import steps
from truecost.clock import Clock
from truecost.closing.checks import CHECKS
from truecost.intake.load import contents_of
from truecost.workspace.workspace import load_workspace

QUARTER = "FY2025-Q4"
FROZEN = ("costs.parquet", "plan.parquet", "planned_quantities.parquet", "gpu_prices.parquet", "settings.json")
VIEWS = ("model_life.parquet", "unit_economics.parquet", "variance_drivers.parquet")
KEPT = ("true-cost.html", "true-cost.xlsx", "true-cost.csv", "true-cost.json")
Corrupt = Callable[[Path], None]


def written_over(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def entries(root: Path) -> list[Path]:
    return sorted((root / "landing" / "log").glob("*.json"))


def events(root: Path) -> list[Path]:
    return sorted((root / "journal").glob("*.json"))


def an_object(root: Path) -> Path:
    sha256: str = json.loads(entries(root)[0].read_text("utf-8"))["parts"][0]["sha256"]
    return root / "landing" / "objects" / sha256[:2] / sha256


def sql(statement: str) -> Corrupt:
    def corrupt(root: Path) -> None:
        with duckdb.connect(str(root / "warehouse.duckdb")) as con:
            con.execute(statement)

    return corrupt


def in_entry(change: Callable[[dict[str, object]], object]) -> Corrupt:
    def corrupt(root: Path) -> None:
        path = entries(root)[1]
        told = json.loads(path.read_text("utf-8"))
        change(told)
        written_over(path, json.dumps(told).encode())

    return corrupt


def a_frozen(name: str) -> Callable[[Path], Path]:
    return lambda root: root / "closed" / QUARTER / "1" / name


def kinds() -> Iterator[tuple[str, Corrupt]]:
    """(what is done, the deed)."""
    yield "landed file removed", lambda root: an_object(root).unlink()
    yield "landed file edited", lambda root: written_over(an_object(root), an_object(root).read_bytes()[::-1])
    yield "landed file cut", lambda root: written_over(an_object(root), an_object(root).read_bytes()[:-7])
    yield "landed file grown", lambda root: written_over(an_object(root), an_object(root).read_bytes() + b"\n1,2")
    yield "landed file emptied", lambda root: written_over(an_object(root), b"")
    yield "landing entry deleted, the first", lambda root: entries(root)[0].unlink()
    yield "landing entry deleted, in the middle", lambda root: entries(root)[5].unlink()
    yield "landing entry deleted, the last", lambda root: entries(root)[-1].unlink()
    yield "landing entry emptied", lambda root: written_over(entries(root)[1], b"")
    yield "landing entry cut", lambda root: written_over(entries(root)[1], entries(root)[1].read_bytes()[:40])
    yield "landing entry of another file", in_entry(lambda told: told["parts"][0].update(file="inbox/aws/other.csv"))  # type: ignore[index]
    yield "landing entry of other content", in_entry(lambda told: told["parts"][0].update(sha256="0" * 64))  # type: ignore[index]
    for table in sorted(contents_of()):
        yield f"{table}: row deleted", sql(f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")
        yield f"{table}: row twice", sql(f"INSERT INTO {table} FROM {table} LIMIT 1")
    yield "delivery's count", sql("UPDATE log.deliveries SET rows_accepted = rows_accepted + 1 WHERE delivery_id = 1")
    yield "delivery forgotten", sql("DELETE FROM log.deliveries WHERE delivery_id = 1")
    yield "journal event removed", lambda root: events(root)[0].unlink()
    yield "journal's end removed", lambda root: events(root)[-1].unlink()
    yield (
        "journal event edited",
        lambda root: written_over(events(root)[0], events(root)[0].read_bytes().replace(b"2026", b"2025", 1)),
    )
    yield "journal event emptied", lambda root: written_over(events(root)[0], b"")
    for name in (*FROZEN, *VIEWS):
        path = a_frozen(name)
        yield f"frozen {name} removed", lambda root, path=path: path(root).unlink()  # type: ignore[misc]
        yield f"frozen {name} edited", lambda root, path=path: written_over(path(root), path(root).read_bytes()[:-1])  # type: ignore[misc]
    for name in KEPT:
        page = f"reports/{QUARTER}/{name}"
        yield f"kept {name} edited", lambda root, page=page: written_over(root / page, b"other")  # type: ignore[misc]
        inside = a_frozen(f"report/{name}")
        yield f"kept {name} of the close edited", lambda root, inside=inside: written_over(inside(root), b"other")  # type: ignore[misc]
    yield "published file edited", published_edited
    yield "published file replaced", lambda root: written_over(root / "reports" / "reports.duckdb", b"nothing")


def published_edited(root: Path) -> None:
    with duckdb.connect(str(root / "reports" / "reports.duckdb")) as con:
        con.execute("UPDATE finance_v1.costs SET cost = cost + 1")


KINDS = dict(kinds())


@pytest.fixture(scope="module")
def closed(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(demo, tmp_path_factory.mktemp("corrupt") / "demo")
    workspace = load_workspace(root)
    steps.close(workspace, Clock(workspace.config.workspace.as_of), QUARTER, "cfo", accepted=CHECKS)
    return root


def test_the_table_has_forty_kinds_and_more() -> None:
    assert len(KINDS) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("what", KINDS)
def test_doctor_finds_it(closed: Path, tmp_path: Path, what: str) -> None:
    root = shutil.copytree(closed, tmp_path / "demo")
    workspace = load_workspace(root)
    clock = Clock(workspace.config.workspace.as_of)
    table = what.partition(":")[0]
    if table in contents_of():
        with duckdb.connect(str(root / "warehouse.duckdb")) as con:
            if con.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,):
                pytest.skip("the demo has none")
    KINDS[what](root)
    found = steps.faults(workspace, clock)
    assert found, what
