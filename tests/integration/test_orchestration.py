"""The daily flow on a real Prefect server: what it runs, what it leaves to see there, what it tries again."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import yaml

from truecost.errors import TruecostError, WarehouseBusy

pytestmark = pytest.mark.xdist_group("prefect")

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("aws/2025-11.csv", "slurm/2025-11.txt", "rates/gpu_rates.csv", "runs/training_runs.csv")
STEPS = ("land", "load", "attribute", "compare", "drift", "alert", "reevaluate", "publish", "report")
BOOT_SECONDS = 120

EVERY_STEP = """
import sys
from pathlib import Path
from truecost import checking, overview, steps, tracing
from truecost.clock import Clock
from truecost.workspace import load_workspace

workspace = load_workspace(Path(sys.argv[1]))
clock = Clock(workspace.config.workspace.as_of)
assert steps.land(workspace, clock) == len(steps.load(workspace)) == 1
assert steps.attribute(workspace)
assert steps.publish(workspace, clock)
assert steps.standing(workspace).is_clean
overview.read_overview(workspace, clock)
print({name.split(".")[0] for name in sys.modules} & {"prefect", "truecost"})
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A few files of the example workspace, nothing of it run yet."""
    root = tmp_path / "workspace"
    with as_file(files("truecost.examples").joinpath("demo")) as example:
        for name in SMALL:
            (root / "inbox" / name).parent.mkdir(parents=True)
            shutil.copyfile(example / "inbox" / name, root / "inbox" / name)
        shutil.copyfile(example / "truecost.toml", root / "truecost.toml")
        shutil.copytree(example / "plans", root / "plans")
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server of its own on loopback; its API's address."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_UI_ENABLED": "false"}
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        for _ in range(BOOT_SECONDS * 2):
            with suppress(URLError, ConnectionError, TimeoutError):
                ask(f"{api}/health")
                break
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
                break
        assert process.poll() is None, (home / "log").read_text()
        ask(f"{api}/health")
        yield api
    finally:
        process.terminate()
        process.wait(timeout=60)


def test_a_run_can_be_followed_on_the_configured_server(server: str, small: Path) -> None:
    first, second = (json.loads(run_on(server, small, "--json", "--as-of", "2026-01-05")) for _ in range(2))
    assert (first["landed"], first["loaded"], first["derived"], first["published"]) == (4, 4, True, True)
    assert (second["landed"], second["loaded"], second["derived"], second["published"]) == (0, 0, False, False)
    assert first["quarter"] == second["quarter"] == "FY2025-Q4"

    flow_runs = [run for run in find(server, "flow_runs") if run["parameters"]["workspace_dir"] == str(small)]
    assert [(run["state_name"], run["run_count"]) for run in flow_runs] == [("Completed", 1)] * 2
    (flow_id,) = {run["flow_id"] for run in flow_runs}
    assert ask(f"{server}/flows/{flow_id}")["name"] == "daily"

    for flow_run in flow_runs:
        task_runs = recorded(server, flow_run["id"])
        assert [run["name"].partition("-")[0] for run in task_runs] == list(STEPS)
        assert [(run["state_name"], run["run_count"]) for run in task_runs] == [("Completed", 1)] * len(STEPS)

    artifacts = {item["key"]: json.loads(item["data"]) for item in find(server, "artifacts/latest")}
    assert {row["file"] for row in artifacts["deliveries"]} == {f"inbox/{name}" for name in SMALL}
    assert {row["model_id"] for row in artifacts["true-cost"]} >= {"support-bot"}
    assert {row["quarter"] for row in artifacts["true-cost"]} == {"FY2025-Q4"}

    # A quarter later nothing was spent: that is no fault.
    assert "No cost falls in FY2026-Q1" in run_on(server, small, "--as-of", "2026-04-05")


def test_what_ends_a_run_is_told_in_one_sentence(server: str, small: Path) -> None:
    (small / "warehouse.duckdb").write_bytes(b"this is no database" * 1000)
    said = run_on(server, small, expected_code=1)
    assert said.splitlines() == [
        f"truecost: {small}/warehouse.duckdb can't be opened as a warehouse; move it away and run again to rebuild it"
    ]


def test_a_step_is_tried_again_only_while_the_warehouse_is_busy() -> None:
    from prefect.states import Completed, Failed
    from truecost.flows import daily

    tasks = [getattr(daily, name) for name in STEPS]
    assert [task.name for task in tasks] == list(STEPS)
    tried_again = [task for task in tasks if task.retries]
    assert {task.name for task in tried_again} == set(STEPS) - {"report"}
    for task in tried_again:
        helps = task.retry_condition_fn
        assert helps is not None
        assert helps(task, None, Failed(data=WarehouseBusy("it is in use")))
        for error in (TruecostError("it is damaged"), ValueError("a bug"), OSError("no space left"), KeyError("x")):
            assert not helps(task, None, Failed(data=error))
        assert not helps(task, None, Completed(data=1))


def test_the_deployment_names_the_flow() -> None:
    from prefect.flows import load_flow_from_entrypoint

    (deployment,) = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    file, _, name = deployment["entrypoint"].rpartition(":")
    assert (ROOT / file).is_file()
    flow = load_flow_from_entrypoint(f"{ROOT / file}:{name}")
    assert flow.name == deployment["name"] == "daily"
    assert flow.validate_parameters(deployment["parameters"]) == {"workspace_dir": ".", "as_of": None}
    assert deployment["concurrency_limit"] == 1


def test_the_library_does_its_steps_without_prefect(small: Path) -> None:
    for file in (small / "inbox").rglob("*.*"):
        if file.parent.name != "aws":
            file.unlink()
    bill = small / "inbox" / SMALL[0]
    bill.write_text(bill.read_text("utf-8").splitlines(keepends=True)[0], "utf-8")  # no row to judge: quick
    command = [sys.executable, "-c", EVERY_STEP, str(small)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "{'truecost'}"


def test_no_module_of_the_library_names_prefect() -> None:
    with as_file(files("truecost")) as library:
        importing = [
            path.relative_to(library).as_posix()
            for path in library.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if "prefect" in {name.split(".")[0] for name in imported_by(node)}
        ]
    assert {name for name in importing if not name.startswith("flows/")} == set()


def imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def run_on(api: str, workspace: Path, *options: str, expected_code: int = 0) -> str:
    """What ``truecost run`` says on the server at ``api``."""
    environment = {**os.environ, "PREFECT_API_URL": api, "PREFECT_HOME": str(workspace.parent / "home")}
    command = [sys.executable, "-m", "truecost", "run", "--workspace", str(workspace), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)
    assert done.returncode == expected_code, done.stderr
    return done.stderr if expected_code else done.stdout


def find(api: str, what: str, **filters: Any) -> list[Any]:
    """Everything of a kind that the server knows, oldest first."""
    found: list[Any] = ask(f"{api}/{what}/filter", filters)
    return sorted(found, key=lambda item: item.get("start_time") or item["created"])


def recorded(api: str, flow_run: str) -> list[Any]:
    """The task runs of a flow run. The server writes them down from events, so the last of them a moment later."""
    for _ in range(100):
        task_runs = find(api, "task_runs", flow_runs={"id": {"any_": [flow_run]}})
        if len(task_runs) == len(STEPS) and all(run["end_time"] for run in task_runs):
            break
        time.sleep(0.1)
    return task_runs


def ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=10) as response:
        return json.load(response)
