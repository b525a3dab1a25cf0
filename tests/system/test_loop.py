"""The loop on a real Prefect server: drift, alert, event, automation, flow run, decision, delivery, done, outcome.

The deployments and their automation are those of ``prefect.yaml``, and a real worker runs what they start. Nothing of
the loop is called by name here but its beginning: the run that sees the drift.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, asked, table
from tests.support.channels import Channels, serving
from tests.support.prefect_server import Served, ask, find, find_events, running
from tests.support.quality import EVALUATE, put_score, requests
from truecost.publish.publication import open_published
from truecost.store.journal import Journal

pytestmark = pytest.mark.slow

AS_OF = date(2026, 10, 5)

TOML = """
[workspace]
name = "NAME"
as_of = 2026-10-05

[[models]]
id = "bot"
evaluate = "python evaluate.py 0.78"
evaluate_within = "1m"
error_cost = 20.00
plan = "plan.toml"

[[sources]]
name = "log"
format = "request_log"
path = "inbox/log/*.csv"
model = "bot"

[[sources]]
name = "evals"
format = "lm_eval"
path = "inbox/evals/*.json"
model = "bot"

[alerts]
allow_private = true

[drift]
min_rows = 200
columns = ["input_tokens", "output_tokens", "language"]
"""

# What building the model is planned to cost: the price to expect of its first retraining.
PLAN = """
currency = "USD"
first_month = "2026-07"
last_month = "2026-12"

[[items]]
name = "building it"
stage = "training"
unit_cost = 5000
"""


@pytest.fixture(scope="module")
def channels() -> Iterator[Channels]:
    """Where people are told; set before the worker starts, which inherits it."""
    with serving() as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("TRUECOST_ALERT_URLS", found.webhook)
        yield found


@pytest.fixture(scope="module")
def served(server: str, channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(server, tmp_path_factory.mktemp("client"))
    found.prefect("work-pool", "create", "truecost", "--type", "process")
    found.prefect("deploy", "--all")
    with running(("worker", "start", "--pool", "truecost"), found.environment, found.worker_log):
        yield found


def drifting(root: Path) -> Books:
    """A workspace whose last week's requests are no longer those that the model was accepted on."""
    before = requests(date(2026, 8, 1), 28, 12, seed=1)
    now = requests(AS_OF - timedelta(days=7), 7, 45, seed=2, is_shifted=True)
    files = {"inbox/log/requests.csv": table([*before, *now], {}), "evaluate.py": EVALUATE, "plan.toml": PLAN}
    books = Books.of(root, TOML.replace("NAME", root.name), files)
    put_score(root, date(2026, 8, 1), 0.91)
    return books


def test_a_drift_ends_in_a_decision_that_is_told_done_and_followed(
    served: Served, channels: Channels, tmp_path: Path
) -> None:
    """Once the worker's scheduled flow sees it, once the command line; with a day given, and without."""
    by_worker, by_command = drifting(tmp_path / "by-worker"), drifting(tmp_path / "by-command")
    run = start_drift(served, by_worker, AS_OF.isoformat())
    said = run_daily(served, by_command)
    assert (said["alerts"]["raised"], said["alerts"]["opened"], said["decisions"]) == (1, ["bot"], [])
    served.completed(run)

    assert_decided(served, by_command, as_of=None)
    assert_decided(served, by_worker, as_of=AS_OF.isoformat())
    for books in (by_worker, by_command):
        served.eventually(lambda name=books.root.name: told_of(channels, name))
    assert_followed(served, by_command)


def told_of(channels: Channels, name: str) -> bool:
    """Whether the verdict of a workspace has reached the web hook, with the price of both ways."""
    title = f"[truecost {name}] bot: retrain"
    return any(
        body["title"] == title and "A retraining: USD 5,000.00" in body["message"] for *_, body in channels.posts
    )


def assert_followed(served: Served, books: Books) -> None:
    """It is done, and a quarter later what came of it stands beside it."""
    (decision,) = (event for event in Journal(books.workspace.journal).events() if event.kind == "decision")
    told(served, books, "decisions", "done", str(decision.event_id), "--by", "ana", "--reason", "run b2 promoted")
    quarter_later = AS_OF + timedelta(days=92)
    put_score(books.root, quarter_later - timedelta(days=2), 0.88)
    told(served, books, "run", "--as-of", quarter_later.isoformat())
    with open_published(books.workspace.published) as con:
        (published,) = asked(con, f"SELECT * FROM finance.retrain_decisions WHERE decision_id = {decision.event_id}")
    assert (published["stand"], published["stood_by"], published["verdict"]) == ("done", "ana", "retrain")
    assert (published["score"], published["score_after"]) == (0.78, 0.88)
    assert published["won_share"] == pytest.approx(0.10 / 0.13)
    assert published["expected_fall_after"] == pytest.approx(0.013)


def told(served: Served, books: Books, *words: str) -> None:
    command = [sys.executable, "-m", "truecost", *words, "--workspace", str(books.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=served.environment)
    assert done.returncode == 0, done.stderr


def start_drift(served: Served, books: Books, as_of: str) -> str:
    """The flow run that the worker is to run. It ends with telling the server what waits: that must still be sent."""
    asking = f"{served.api}/deployments/{served.deployment('drift')['id']}/create_flow_run"
    return str(ask(asking, {"parameters": {"workspace_dir": str(books.root), "as_of": as_of}})["id"])


def run_daily(served: Served, books: Books) -> dict[str, Any]:
    """What ``truecost run`` says. It is run from elsewhere than the worker, with a relative path."""
    command = [sys.executable, "-m", "truecost", "run", "--workspace", books.root.name, "--json"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=served.environment,
        cwd=books.root.parent,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def assert_decided(served: Served, books: Books, as_of: str | None) -> None:
    """Follow the loop from the alert to the decision, by what the server and the workspace have kept of it."""
    alert, *_ = served.eventually(lambda: of(books, find_events(served.api, "truecost.alert"), "workspace"))
    assert (alert["resource"]["truecost.rule"], alert["resource"]["truecost.state"]) == ("drift", "ALERT")
    assert "language" in alert["payload"]["message"]

    (waiting,) = served.eventually(lambda: of(books, find_events(served.api, "truecost.reevaluation")))
    assert waiting["resource"]["prefect.resource.id"] == "truecost.model.bot"
    told = {"model": "bot", "workspace_dir": str(books.root), "as_of": as_of}
    assert waiting["payload"] == {**told, "triggers": ["drift"]}

    deployment = served.deployment("reevaluate")
    (automation,) = ask(f"{served.api}/automations/related-to/prefect.deployment.{deployment['id']}")
    assert automation["trigger"]["expect"] == ["truecost.reevaluation"]

    (run,) = served.eventually(lambda: runs_of(served, deployment, books))
    assert run["parameters"] == {**told, "only_open": True}
    assert (run["created_by"]["type"], run["created_by"]["id"]) == ("AUTOMATION", automation["id"])
    assert caused_by(served, run) == waiting["id"]
    served.completed(run["id"])
    assert len(runs_of(served, deployment, books)) == 1

    events = Journal(books.workspace.journal).events()
    said = [event for event in events if event.kind != "delivered" and event.data.get("rule") != "overspend"]
    assert [event.kind for event in said] == ["alert", "reevaluation", "evaluation", "alert", "decision"]
    drift, opened, _, decay, decision = said
    assert (drift.data["rule"], decay.data["rule"]) == ("drift", "eval_decay")
    assert opened.data["alert_ids"] == [drift.event_id] == [alert["payload"]["alert_id"]]
    assert (decision.data["reevaluation_id"], decision.data["verdict"]) == (opened.event_id, "retrain")
    rules = ["drift", "eval_decay"]  # the second is raised by the re-evaluation itself
    served.eventually(
        lambda: (
            rules
            == [event["payload"]["rule"] for event in of(books, find_events(served.api, "truecost.alert"), "workspace")]
        )
    )
    with open_published(books.workspace.published) as con:
        (published,) = asked(con, "SELECT * FROM finance.retrain_decisions")
    assert (published["model_id"], published["verdict"], published["triggers"]) == ("bot", "retrain", ["drift"])
    assert published["decided_at"] == datetime(AS_OF.year, AS_OF.month, AS_OF.day)
    assert published["reasons"] == decision.data["reasons"]
    assert published["reasons"][0].startswith("intents acc fell by 0.130 to 0.780, beyond its error of 0.0")


def caused_by(served: Served, run: dict[str, Any]) -> str | None:
    """The event by which the automation came to start the run."""
    started = f"prefect.flow-run.{run['id']}"
    (action,) = served.eventually(
        lambda: find_events(served.api, "prefect.automation.action.executed", resource=started)
    )
    roles = {item["prefect.resource.role"]: item["prefect.resource.id"] for item in action["related"]}
    return roles["triggering-event"].removeprefix("prefect.event.")


def runs_of(served: Served, deployment: dict[str, Any], books: Books) -> list[Any]:
    """The flow runs of a deployment that are about one workspace."""
    found = find(served.api, "flow_runs", deployments={"id": {"any_": [deployment["id"]]}})
    return [run for run in found if run["parameters"]["workspace_dir"] == str(books.root)]


def of(books: Books, events: list[Any], key: str = "workspace_dir") -> list[Any]:
    """The events of one workspace."""
    name = {"workspace_dir": str(books.root), "workspace": books.root.name}[key]
    return [event for event in events if event["payload"][key] == name]
