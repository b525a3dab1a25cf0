"""Running a model's eval command: without a shell, with a time limit, its output kept."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from truecost import progress
from truecost.clock import Clock
from truecost.decisions.policy import Outcome
from truecost.workspace.config import ModelSection
from truecost.workspace.workspace import Workspace


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
    truecost first on its path; the addresses of alerts are kept from it. At the limit it is killed with all it started.
    """
    if model.evaluate is None:
        return Evaluated("not_configured", f"{model.id} has no eval command: name one with `evaluate` under [[models]]")
    log = workspace.reports / "evaluations" / f"{_safe(model.id)}-{number}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = os.path.relpath(log, workspace.root)
    progress.say(f"evaluating {model.id}")
    began = time.monotonic()
    try:
        with log.open("wb") as output:
            exit_code = _run(shlex.split(model.evaluate), workspace, clock, model, output.fileno())
    except OSError as error:
        what = f"the eval command of {model.id} can't be run ({error.strerror or error})"
        return Evaluated("failed", what, log=kept)
    seconds = round(time.monotonic() - began, 1)
    if exit_code is None:
        within = _seconds(model.evaluate_within)
        return Evaluated("timed_out", f"the eval command ran longer than {within}; see {kept}", None, seconds, kept)
    if exit_code:
        return Evaluated("failed", f"the eval command ended with {exit_code}; see {kept}", exit_code, seconds, kept)
    return Evaluated("scored", "the eval command ended well", exit_code, seconds, kept)


def _run(command: list[str], workspace: Workspace, clock: Clock, model: ModelSection, output: int) -> int | None:
    """The exit code; None where it took too long and was killed."""
    process = subprocess.Popen(
        command,
        cwd=workspace.root,
        env=_environment(workspace, clock, model),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that it can be killed with its children
    )
    try:
        return process.wait(timeout=model.evaluate_within.total_seconds())
    except subprocess.TimeoutExpired:
        return None
    finally:
        # Also what the command has left behind, and where we are interrupted ourselves.
        _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(workspace: Workspace, clock: Clock, model: ModelSection) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != workspace.config.alerts.urls_from}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", os.defpath)))
    told = {
        "TRUECOST_MODEL": model.id,
        "TRUECOST_WORKSPACE": str(workspace.root.resolve()),
        "TRUECOST_AS_OF": clock.today().isoformat(),
    }
    return {**kept, "PATH": path, **told}


def _safe(name: str) -> str:
    """A model's name as part of a file's."""
    return quote(name, safe=" ").replace(".", "%2E")


def _seconds(limit: timedelta) -> str:
    return f"{limit.total_seconds():g} seconds"
