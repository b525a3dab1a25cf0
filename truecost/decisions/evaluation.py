"""Running a model's eval command, and others: without a shell, with a time limit, the first of its output kept."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from truecost import progress
from truecost.clock import Clock
from truecost.decisions import supervise
from truecost.decisions.policy import Outcome
from truecost.workspace.commands import search_path
from truecost.workspace.config import ModelSection
from truecost.workspace.workspace import Workspace

KEPT_BYTES = 16 << 20  # of what the command says


@dataclass(frozen=True)
class Evaluated:
    """How the command ended. ``outcome`` ``scored`` means that it ended well: whether it left a score is seen later."""

    outcome: Outcome
    reason: str
    exit_code: int | None = None
    seconds: float = 0.0
    log: str | None = None


def evaluate(workspace: Workspace, clock: Clock, model: ModelSection, number: int) -> Evaluated:
    """Run ``[[models]] evaluate`` in the workspace folder and wait for it, for ``evaluate_within`` at most.

    The command finds TRUECOST_MODEL, TRUECOST_WORKSPACE and TRUECOST_AS_OF in its environment, and the Python that runs
    truecost first on its path; the addresses of alerts are kept from it. When it is done, at the limit, and where we
    are killed ourselves, all that it has started is ended with it.
    """
    if model.evaluate is None:
        return Evaluated("not_configured", f"{model.id} has no eval command: name one with `evaluate` under [[models]]")
    progress.say(f"evaluating {model.id}")
    named = f"evaluations/{_safe(model.id)}-{number}"
    told = {"TRUECOST_MODEL": model.id}
    ran = run_command(workspace, clock, model.evaluate, model.evaluate_within, named, told)
    if ran.error is not None:
        return Evaluated("failed", f"the eval command of {model.id} can't be run ({ran.error})", log=ran.log)
    seconds, exit_code, kept = ran.seconds, ran.exit_code, ran.log
    if exit_code is None:
        within = _seconds(model.evaluate_within)
        return Evaluated("timed_out", f"the eval command ran longer than {within}; see {kept}", None, seconds, kept)
    if exit_code:
        return Evaluated("failed", f"the eval command ended with {exit_code}; see {kept}", exit_code, seconds, kept)
    return Evaluated("scored", "the eval command ended well", exit_code, seconds, kept)


@dataclass(frozen=True)
class Ran:
    """How a command ended: ``exit_code`` None where it took too long, or could not be run, which ``error`` says."""

    exit_code: int | None
    seconds: float
    log: str
    error: str | None = None


def run_command(
    workspace: Workspace, clock: Clock, command: str, within: timedelta, named: str, told: Mapping[str, str]
) -> Ran:
    """Run a command in the workspace folder and wait for it, for ``within`` at most.

    Its log is ``named`` in the reports. It finds what is ``told``, TRUECOST_WORKSPACE and TRUECOST_AS_OF in its
    environment, as ``evaluate`` says.
    """
    log = workspace.reports / f"{named}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    answer = _supervised(workspace, command, within, log, _environment(workspace, clock, told))
    seconds = round(time.monotonic() - began, 1)
    return Ran(answer.get("exit_code"), seconds, os.path.relpath(log, workspace.root), answer.get("error"))


def _supervised(
    workspace: Workspace, command: str, within: timedelta, log: Path, environment: Mapping[str, str]
) -> dict[str, Any]:
    """What the supervisor answers: ``exit_code``, None where the command took too long; or ``error``."""
    asked = {
        "command": shlex.split(command),
        "folder": str(workspace.root),
        "log": str(log),
        "seconds": within.total_seconds(),
        "kept_bytes": KEPT_BYTES,
    }
    with subprocess.Popen(
        [sys.executable, "-I", "-S", supervise.__file__, json.dumps(asked)],
        env=dict(environment),
        stdin=subprocess.PIPE,  # never written to: it ends when we do, and then so does the command
        stdout=subprocess.PIPE,
        start_new_session=True,  # whoever interrupts us leaves the ending to the supervisor
    ) as supervisor:
        assert supervisor.stdout is not None
        said = supervisor.stdout.read()
    try:
        answer: dict[str, Any] = json.loads(said)
    except ValueError:
        return {"error": "what watched over it was ended from outside"}
    return answer


def _environment(workspace: Workspace, clock: Clock, told: Mapping[str, str]) -> dict[str, str]:
    secret = {workspace.config.alerts.urls_from, workspace.config.alerts.escalate_urls_from}
    kept = {name: value for name, value in os.environ.items() if name not in secret}
    here = {
        "TRUECOST_WORKSPACE": str(workspace.root.resolve()),
        "TRUECOST_AS_OF": clock.today().isoformat(),
    }
    return {**kept, "PATH": search_path(kept), **told, **here}


def _safe(name: str) -> str:
    """A model's name as part of a file's."""
    return quote(name, safe=" ").replace(".", "%2E")


def _seconds(limit: timedelta) -> str:
    return f"{limit.total_seconds():g} seconds"
