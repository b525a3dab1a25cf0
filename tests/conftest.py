"""What every test may use: the command line, small workspaces, and the sample files where they are present."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from unit.support import run_steps

from truecost import steps
from truecost.clock import Clock
from truecost.scaffold import write_demo
from truecost.workspace import load_workspace

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes would each compile the same modules

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
    "test_kill.py",
    "test_closing.py",
    "test_loop.py",
    "test_alerts.py",
    "test_orchestration.py",
    "test_independent_check.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, in their order; the others as they come."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real files made by other tools; a machine without them skips the test."""
    if not SHARED.is_dir():
        pytest.skip("the sample files are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def truecost() -> Truecost:
    """Run the real command line in a process of its own."""

    def run(*arguments: str | Path, timeout: float = 240, **kwargs: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "truecost", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **kwargs)  # type: ignore[call-overload,no-any-return]

    return run


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
