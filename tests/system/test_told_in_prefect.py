"""What a run leaves in Prefect for who looks there alone: a state of its own, a line a fault, artifacts, no server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, config, rates
from tests.support.prefect_server import ask, eventually, find

OPEN = {
    "clean": ({"inbox/rates/a.csv": rates({})}, 0, ("COMPLETED", "Completed")),
    "a quarantined row": (
        {"inbox/rates/a.csv": rates({}, {"gpu_type": "b", "price_per_gpu_hour": "dear"})},
        0,
        ("COMPLETED", "Needs attention"),
    ),
    "a refused file": (
        {
            "inbox/rates/a.csv": rates({}),
            "inbox/rates/[b]*.csv.gz": b"\x1f\x8b\x08no gzip",
            "inbox/rates/c.csv.gz": b"\x1f\x8bno",
        },
        1,
        ("FAILED", "Faults"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", OPEN)
def test_a_run_ends_in_the_state_that_its_exit_code_says(server: str, tmp_path: Path, case: str) -> None:
    files, code, state = OPEN[case]
    books = Books.of(tmp_path / "workspace", config("rates"), files)
    said = run_on(server, books.root, "--as-of", "2026-10-05")
    assert said.returncode == code, said.stderr
    (run,) = [run for run in find(server, "flow_runs") if run["parameters"].get("workspace_dir") == str(books.root)]
    assert (run["state_type"], run["state_name"]) == state
    assert run["name"] == "books 2026-10-05"
    refused = [line for line in said.stdout.splitlines() if line.startswith("refused: ")]
    told = [line["message"] for line in logged(server, run["id"], len(refused))]
    assert [line for line in told if line.startswith("refused: ")] == refused
    (standing,) = [item for item in artifacts(server, run["id"]) if item["key"] == "standing"]
    if code:
        assert run["state"]["message"].startswith("2 files refused: 2 ")
        assert standing["data"].startswith("## books: faults\n\n- 2 files refused: 2 because ")
        assert r"inbox/rates/\[b\]\*.csv.gz" in standing["data"], "a name is no mark of Markdown"
    assert (books.root / "reports/reports.duckdb").as_uri() in standing["data"]
    deliveries = next(item for item in artifacts(server, run["id"]) if item["key"] == "deliveries")
    statuses = [row["status"] for row in json.loads(deliveries["data"])]
    assert statuses == sorted(statuses, key=lambda status: status != "refused")


@pytest.mark.slow
def test_a_killed_run_leaves_no_server_behind(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment["PREFECT_HOME"] = str(tmp_path / "home")
    command = [sys.executable, "-m", "truecost", "run", "--workspace", str(books.root)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            (server,) = eventually(lambda: servers_of(run.pid), within=120)
        finally:
            run.send_signal(signal.SIGKILL)
    eventually(lambda: not is_running(server), within=30)


def servers_of(process: int) -> list[int]:
    """Prefect's temporary servers that a process has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_text()
        except OSError:
            continue
        if parent == process and "create_app" in command:
            found.append(int(entry.name))
    return found


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def run_on(api: str, workspace: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PREFECT_API_URL": api, "PREFECT_HOME": str(workspace.parent / "home")}
    command = [sys.executable, "-m", "truecost", "run", "--workspace", str(workspace), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)


def logged(api: str, flow_run: str, least: int) -> list[Any]:
    """The log of a flow run, once as many of its lines are there: they are sent in batches."""

    def told() -> Any:
        found = ask(f"{api}/logs/filter", {"logs": {"flow_run_id": {"any_": [flow_run]}}})
        return found if sum(line["message"].startswith("refused: ") for line in found) >= least else None

    return list(eventually(told, within=30))


def artifacts(api: str, flow_run: str) -> list[Any]:
    return find(api, "artifacts", artifacts={"flow_run_id": {"any_": [flow_run]}})
