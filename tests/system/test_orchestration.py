"""The daily flow on a real Prefect server: what it runs, what it leaves to see there, what it tries again."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.held import held
from tests.support.prefect_server import ask, eventually, find, find_events
from truecost.workspace.workspace import load_workspace

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("aws/2025-11.csv", "slurm/2025-11.txt", "rates/gpu_rates.csv", "runs/training_runs.csv")
STEPS = ("land", "load", "attribute", "compare", "drift", "alert", "reevaluate", "publish", "report")

EVERY_STEP = """
import sys
from pathlib import Path
from truecost import steps
from truecost.intake import check
from truecost.publish import trace
from truecost.cli import overview
from truecost.clock import Clock
from truecost.workspace.workspace import load_workspace

workspace = load_workspace(Path(sys.argv[1]))
clock = Clock(workspace.config.workspace.as_of)
assert steps.land(workspace, clock) == len(steps.load(workspace)) == 1
assert steps.attribute(workspace)
assert steps.publish(workspace, clock)
assert steps.standing(workspace).outcome == "asks"  # of most sources no file has come
overview.read_overview(workspace, clock)
print({name.split(".")[0] for name in sys.modules} & {"prefect", "truecost"})
"""


# Asked where a flow starts, and in a step of it.
IS_SERVED = """
from prefect import flow
from truecost.flows.common import is_served, step

@step("ask")
def ask():
    return is_served()

@flow
def asking():
    return [is_served(), ask()]

print(*asking())
"""

TOLD = 20
TELL_AND_END = f"""
from datetime import UTC, datetime
from prefect import flow
from truecost.alerts.states import Reevaluation
from truecost.flows.events import tell_reevaluation

@flow
def telling():
    for number in range({TOLD}):
        tell_reevaluation(".", None, Reevaluation(number, f"bot-{{number}}", datetime.now(UTC), ("drift",)))

telling()
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


@pytest.mark.slow
def test_a_run_can_be_followed_on_the_configured_server(server: str, small: Path) -> None:
    first, second = (json.loads(run_on(server, small, "--json", "--as-of", "2026-01-05")) for _ in range(2))
    assert (first["landed"], first["loaded"], first["derived"], first["published"]) == (4, 4, True, True)
    assert (second["landed"], second["loaded"], second["derived"], second["published"]) == (0, 0, False, False)
    assert first["quarter"] == second["quarter"] == "FY2025-Q4"

    flow_runs = [run for run in find(server, "flow_runs") if run["parameters"].get("workspace_dir") == str(small)]
    # Of some sources no file has come.
    assert [(run["state_name"], run["run_count"]) for run in flow_runs] == [("Needs attention", 1)] * 2
    assert {run["name"] for run in flow_runs} == {f"{load_workspace(small).name} 2026-01-05"}
    (flow_id,) = {run["flow_id"] for run in flow_runs}
    assert ask(f"{server}/flows/{flow_id}")["name"] == "daily"

    for flow_run in flow_runs:
        task_runs = recorded(server, flow_run["id"])
        assert [run["name"].partition("-")[0] for run in task_runs] == list(STEPS)
        assert [(run["state_name"], run["run_count"]) for run in task_runs] == [("Completed", 1)] * len(STEPS)

    latest = {item["key"]: item["data"] for item in find(server, "artifacts/latest")}
    assert latest.pop("standing").startswith(f"## {load_workspace(small).name}: needs attention\n")
    artifacts = {key: json.loads(data) for key, data in latest.items()}
    assert {row["file"] for row in artifacts["deliveries"]} == {f"inbox/{name}" for name in SMALL}
    assert {row["model_id"] for row in artifacts["true-cost"]} >= {"support-bot"}
    assert {row["quarter"] for row in artifacts["true-cost"]} == {"FY2025-Q4"}

    # A quarter later nothing was spent: that is no fault.
    assert "No cost falls in FY2026-Q1" in run_on(server, small, "--as-of", "2026-04-05")


@pytest.mark.slow
def test_what_ends_a_run_is_told_in_one_sentence(server: str, small: Path) -> None:
    (small / "warehouse.duckdb").write_bytes(b"this is no database" * 1000)
    *steps_before, said = run_on(server, small, expected_code=1).splitlines()
    assert said == (
        f"truecost: {small}/warehouse.duckdb can't be opened as a warehouse; move it away and run again to rebuild it"
    )
    assert [line.split(" s  ")[1] for line in steps_before] == ["starting Prefect", "looking through the inbox"]


@pytest.mark.slow
def test_a_step_waits_for_the_warehouse_says_so_in_its_log_and_is_tried_once(server: str, small: Path) -> None:
    from truecost.flows import daily

    tasks = [getattr(daily, name) for name in STEPS]
    assert [(task.name, task.retries) for task in tasks] == [(name, 0) for name in STEPS]
    run_on(server, small, "--as-of", "2026-01-05")
    with held(small / "warehouse.duckdb") as holder:
        environment = {**os.environ, "PREFECT_API_URL": server, "PREFECT_HOME": str(small.parent / "home")}
        command = [sys.executable, "-m", "truecost", "run", "--workspace", str(small), "--as-of", "2026-01-05"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            waits = f"waiting for process {holder.pid} ("

            def told() -> Any:
                lines = ask(f"{server}/logs/filter", {"sort": "TIMESTAMP_DESC", "limit": 200})
                return [line for line in lines if line["message"].startswith(waits)]

            eventually(told, within=60)
            assert holder.stdin is not None
            holder.stdin.close()
            assert run.wait(timeout=120) == 0


def test_each_deployment_names_its_flow_and_when_it_runs() -> None:
    from prefect.flows import load_flow_from_entrypoint

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    crons = {item["name"]: [schedule["cron"] for schedule in item.get("schedules", [])] for item in deployments}
    assert crons == {
        "daily": ["30 3 * * *"],
        "drift": ["0 12 * * *"],
        "quarterly": ["0 6 6 1,4,7,10 *"],
        "reevaluate": [],
    }
    for deployment in deployments:
        file, _, name = deployment["entrypoint"].rpartition(":")
        assert (ROOT / file).is_file()
        flow = load_flow_from_entrypoint(f"{ROOT / file}:{name}")
        assert flow.name == deployment["name"]
        given = deployment.get("parameters", {"model": "bot"})
        parameters = flow.validate_parameters(given)
        assert (parameters["workspace_dir"], parameters["as_of"]) == (".", None)
        assert deployment["concurrency_limit"] == 1
        assert deployment["work_pool"] == {"name": "truecost"}


@pytest.mark.slow
def test_the_automation_gives_the_flow_all_it_takes() -> None:
    from truecost.flows.reevaluate import reevaluate

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    (trigger,) = [trigger for item in deployments for trigger in item.get("triggers", [])]
    assert trigger["expect"] == ["truecost.reevaluation"]
    assert set(trigger["parameters"]) == set(reevaluate.parameters.properties)


@pytest.mark.slow
def test_a_temporary_server_is_none_that_could_act_on_events(tmp_path: Path) -> None:
    without = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    told = in_process(IS_SERVED, {**without, "PREFECT_HOME": str(tmp_path)})
    assert told.split() == ["False", "False"]


@pytest.mark.slow
@pytest.mark.parametrize("by", ["environment", "profile"])
def test_a_server_that_is_configured_can_act_on_events(server: str, tmp_path: Path, by: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment["PREFECT_HOME"] = str(tmp_path)
    if by == "environment":
        environment["PREFECT_API_URL"] = server
    else:
        profile = f'active = "served"\n[profiles.served]\nPREFECT_API_URL = "{server}"\n'
        (tmp_path / "profiles.toml").write_text(profile, "utf-8")
    assert in_process(IS_SERVED, environment).split() == ["True", "True"]


@pytest.mark.slow
def test_what_a_flow_tells_last_is_sent_before_its_process_ends(server: str, tmp_path: Path) -> None:
    in_process(TELL_AND_END, {**os.environ, "PREFECT_API_URL": server, "PREFECT_HOME": str(tmp_path)})

    def all_told() -> list[Any]:
        events = find_events(server, "truecost.reevaluation")
        return events if len(events) >= TOLD else []

    events = eventually(all_told, within=20)
    assert [event["payload"]["model"] for event in events] == [f"bot-{number}" for number in range(TOLD)]
    assert {event["payload"]["as_of"] for event in events} == {None}
    assert {event["payload"]["workspace_dir"] for event in events} == {str(Path.cwd())}


@pytest.mark.slow
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


def in_process(program: str, environment: dict[str, str]) -> str:
    """What a program prints, run to its end in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=240, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_on(api: str, workspace: Path, *options: str, expected_code: int = 0) -> str:
    """What ``truecost run`` says on the server at ``api``."""
    environment = {**os.environ, "PREFECT_API_URL": api, "PREFECT_HOME": str(workspace.parent / "home")}
    command = [sys.executable, "-m", "truecost", "run", "--workspace", str(workspace), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)
    assert done.returncode == expected_code, done.stderr
    return done.stderr if expected_code else done.stdout


def recorded(api: str, flow_run: str) -> list[Any]:
    """The task runs of a flow run, when all of them have ended."""

    def ended() -> list[Any]:
        task_runs = find(api, "task_runs", flow_runs={"id": {"any_": [flow_run]}})
        return task_runs if len(task_runs) == len(STEPS) and all(run["end_time"] for run in task_runs) else []

    return list(eventually(ended, within=20))
