"""The schedule fires: what docs/operations.md says to type makes a server plan runs, and a worker ends them.

Nobody asks for a run here. Each is made by the scheduler of a real server, from a schedule.
"""

from __future__ import annotations

import os
import pty
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.books import Books, asked, config, focus
from tests.support.prefect_server import PREFECT, ROOT, Served, ask, find, running, serving
from truecost.publish.publication import open_published

pytestmark = pytest.mark.slow

# The scheduler looks every second for what it should plan, not every minute.
IMPATIENT = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1"}
SOON = timedelta(seconds=5)
AGAIN = timedelta(minutes=1)  # should the machine have been too busy to plan the first

END_OF_INPUT = b"\x04"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that knows what the documented commands tell it."""
    home = tmp_path_factory.mktemp("prefect")
    with serving(home, IMPATIENT) as api:
        served = Served(api, home)
        for command in ("work-pool", "deploy"):
            in_terminal(served, documented(command))
        yield served


@pytest.fixture
def in_background() -> Iterator[None]:
    """As a shell starts what is to run in the background: deaf to SIGINT, and so is whatever it starts."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


def test_runs_are_scheduled_that_nobody_asked_for(deployed: Served) -> None:
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    times = {
        "daily": lambda at: (at.hour, at.minute) == (3, 30),
        "drift": lambda at: (at.hour, at.minute) == (12, 0),
        "quarterly": lambda at: (at.month % 3, at.day, at.hour, at.minute) == (1, 6, 6, 0),
    }
    assert set(times) == {item["name"] for item in deployments if item.get("schedules")}
    for name, is_due in times.items():
        deployment = deployed.deployment(name)
        (schedule,) = [item for item in deployment["schedules"] if "cron" in item["schedule"]]  # as deployed
        for run in deployed.eventually(lambda of=schedule["id"]: scheduled_by(deployed, of)):
            at = datetime.fromisoformat(run["expected_start_time"])
            assert run["deployment_id"] == deployment["id"]
            assert (run["state_type"], run["auto_scheduled"]) == ("SCHEDULED", True)
            assert at > datetime.now(UTC) - AGAIN
            assert is_due(at), f"{name} at {at}"
    assert deployed.deployment("reevaluate")["schedules"] == []


def test_a_worker_ends_a_run_that_came_due(deployed: Served, tmp_path: Path, in_background: None) -> None:
    """Only when it comes due, and whose books it keeps, is changed here: a schedule of its own says so."""
    books = Books.of(tmp_path / "books", config("aws"), {"inbox/aws/2026-01.csv": focus({"BilledCost": "7.25"})})
    schedule = bring_forward(deployed, "daily", {"workspace_dir": str(books.root), "as_of": "2026-04-05"})
    with running(documented("worker"), deployed.environment, deployed.worker_log) as worker:
        planned, *_ = deployed.eventually(lambda: scheduled_by(deployed, schedule))
        run = deployed.completed(planned["id"])
    assert worker.returncode is not None

    assert (run["auto_scheduled"], run["work_pool_name"]) == (True, "truecost")
    assert datetime.fromisoformat(run["start_time"]) >= datetime.fromisoformat(run["expected_start_time"])
    with open_published(books.workspace.published) as con:
        assert asked(con, "SELECT billed_cost FROM finance.charges") == [{"billed_cost": Decimal("7.25")}]


def documented(command: str) -> tuple[str, ...]:
    """What the page on operations says to type after ``prefect``, of the only line with that command."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    typed = [shlex.split(line, comments=True)[1:] for line in page.splitlines() if line.startswith("    prefect ")]
    (found,) = [words for words in typed if words[0] == command]
    return tuple(found)


def in_terminal(served: Served, options: tuple[str, ...]) -> None:
    """Type ``prefect`` with these options at a terminal, and no answer should it ask for one: then it fails."""
    ours, theirs = pty.openpty()
    os.write(ours, END_OF_INPUT)
    with subprocess.Popen(
        [*PREFECT, *options], stdin=theirs, stdout=theirs, stderr=theirs, env=served.environment, cwd=ROOT
    ) as process:
        os.close(theirs)
        said = b"".join(read_terminal(ours))
    os.close(ours)
    assert process.returncode == 0, said.decode()


def read_terminal(ours: int) -> Iterator[bytes]:
    """What is written to a terminal until its last user leaves; Linux then gives an error, others an empty answer."""
    with suppress(OSError):
        while told := os.read(ours, 4096):
            yield told


def bring_forward(served: Served, name: str, parameters: dict[str, Any]) -> str:
    """Give a deployment one more schedule, which is due soon; its id."""
    due = {
        "interval": AGAIN.total_seconds(),
        "anchor_date": (datetime.now(UTC) + SOON).isoformat(),
        "timezone": "UTC",
    }
    asking = f"{served.api}/deployments/{served.deployment(name)['id']}/schedules"
    (made,) = ask(asking, [{"schedule": due, "parameters": parameters}])
    return str(made["id"])


def scheduled_by(served: Served, schedule: str) -> list[Any]:
    """The runs that the scheduler has made from one schedule, the next first."""
    found = [run for run in find(served.api, "flow_runs") if (run["created_by"] or {}).get("id") == schedule]
    assert {run["created_by"]["type"] for run in found} <= {"SCHEDULE"}
    return sorted(found, key=lambda run: str(run["expected_start_time"]))
