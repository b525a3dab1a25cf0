"""What every test may use: the command line, small workspaces, and the sample files where they are present."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.support.books import Bench, run_steps
from tests.support.effort import examples, put_off
from tests.support.new_warehouses import copied
from tests.support.prefect_server import serving
from truecost import steps
from truecost.cli import main
from truecost.clock import Clock
from truecost.store.warehouse import IN_MEMORY, connect
from truecost.workspace.scaffold import write_demo
from truecost.workspace.workspace import load_workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes would each compile the same modules

# How long hypothesis may look: many values a statement, few statements, no deadline on a shared machine. Of a planted
# fault (tests/mutants) it is enough that it is found.
_PHASES = [
    phase for phase in Phase if not (phase in (Phase.shrink, Phase.explain) and os.environ.get("TRUECOST_MUTANT"))
]
settings.register_profile(
    "books",
    phases=_PHASES,
    deadline=None,
    max_examples=examples(60),
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
settings.load_profile("books")

_connect = duckdb.connect


@functools.wraps(_connect)
def _connect_alone(*arguments: Any, **named: Any) -> duckdb.DuckDBPyConnection:
    """A worker has a core to itself: the threads of many small queries would only wait for one another."""
    con = _connect(*arguments, **named)
    con.execute("SET threads = 1")
    return con


if "PYTEST_XDIST_WORKER" in os.environ:
    duckdb.connect = _connect_alone

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

Truecost = Callable[..., subprocess.CompletedProcess[str]]

# The files that take longest begin, so that no worker is left with one of them at the end.
LONGEST = (
    "test_books_over_time.py",
    "test_perturbation.py",
    "test_independent_check.py",
    "test_the_day_decides.py",
    "test_kill.py",
    "test_closing.py",
    "test_loop.py",
    "test_schedule.py",
    "test_alerts.py",
    "test_orchestration.py",
    "test_dispositions.py",
    "test_run_outcomes.py",
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """The longest files first, in their order; the others as they come. Most of a long table of cases is slow."""
    put_off(items)
    result = yield
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))
    return result


@pytest.fixture(autouse=True)
def _no_database_where_none_is_needed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that is marked ``pure`` opens none."""

    def refused(*arguments: Any, **named: Any) -> duckdb.DuckDBPyConnection:
        raise AssertionError("a test that is marked pure opens no database")

    if request.node.get_closest_marker("pure"):
        monkeypatch.setattr(duckdb, "connect", refused)
        monkeypatch.setattr(duckdb, "execute", refused)


@pytest.fixture(scope="session", autouse=True)
def _new_warehouses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A warehouse that is not there yet is a copy of one that was made."""
    with copied(tmp_path_factory.mktemp("new")):
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real files made by other tools; a machine without them skips the test."""
    if not SHARED.is_dir():
        pytest.skip("the sample files are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def truecost() -> Truecost:
    """Run the command line as a shell would, but here: a process of its own would load the same libraries once more.

    The tests of ``tests/cli`` and ``tests/system`` start processes.
    """
    return run_command


def run_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["truecost", *map(str, arguments)]
    output, errors = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(output), redirect_stderr(errors):
        patched.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(command, ended.value.code or 0, output.getvalue(), errors.getvalue())


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example workspace, run and its latest quarter reported: read it, don't change it."""
    own = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return run_demo(own / "example" / "demo")
    # One worker runs it, the others take a copy: each may open the warehouse of its own.
    common = own.parent / "example" / "demo"
    common.parent.mkdir(exist_ok=True)
    with (common.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (common.parent / "done").exists():
            shutil.rmtree(common, ignore_errors=True)
            run_demo(common)
            (common.parent / "done").touch()
    return shutil.copytree(common, own / "example" / "demo")


def run_demo(root: Path) -> Path:
    write_demo(root)
    workspace = load_workspace(root)
    clock = Clock(workspace.config.workspace.as_of)
    run_steps(workspace, clock)
    steps.report(workspace, clock)
    return root


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Path]:
    """Write a workspace: ``make_workspace(toml, {"inbox/a.csv": "text or bytes"})``."""

    def make(toml: str, files: dict[str, str | bytes] | None = None, name: str = "workspace") -> Path:
        root = tmp_path / name
        root.mkdir()
        (root / "truecost.toml").write_text(toml, "utf-8")
        for path, content in (files or {}).items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return root

    return make


@pytest.fixture(scope="session")
def con() -> Iterator[DuckDBPyConnection]:
    """A connection with the macros, for statements that leave nothing behind."""
    with connect(IN_MEMORY) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    """Books in memory; an example that needs them empty opens its own."""
    opened = Bench.open(folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server of the module's own; its API's address."""
    with serving(tmp_path_factory.mktemp("prefect")) as api:
        yield api
