"""What the flows share: how a step becomes a task, what a run is called, and the state it ends in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.states import Completed, Failed
from truecost.flows.artifacts import show_standing
from truecost.flows.temporary_server import end_it_with_us

from truecost import progress, steps
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.store.machine import in_plain_words
from truecost.workspace.workspace import Workspace, load_workspace

# States of our own, by the outcome that gives the exit code of `truecost run`. Prefect's `Completed` is for the rest.
ATTENTION = "Needs attention"
FAULTS = "Faults"

end_it_with_us()


def step(name: str) -> Callable[[Callable[..., Any]], Any]:
    """A task of that name. What it waits for is in its log; it waits as long as the workspace says."""

    def decorated(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def logged(*arguments: Any, **named: Any) -> Any:
            with progress.hearing_too(_log_waiting), in_plain_words():
                return function(*arguments, **named)

        return task(name=name)(logged)

    return decorated


def opened(workspace_dir: str, as_of: date | None) -> tuple[Workspace, Clock]:
    """The workspace, and the clock of the run."""
    workspace = load_workspace(Path(workspace_dir))
    return workspace, Clock(as_of or workspace.config.workspace.as_of)


def is_served() -> bool:
    """Whether a server was configured, whose automations can act on events; a temporary server has none."""
    from prefect.settings import get_current_settings

    return get_current_settings().api.url is not None


def run_name() -> str:
    """What a run is called: the workspace and the day, and the model where it is of one."""
    from prefect.runtime import flow_run

    said = flow_run.parameters
    day = said.get("as_of")
    day = date.fromisoformat(day) if isinstance(day, str) else day
    folder = str(said.get("workspace_dir", "."))
    try:
        workspace, clock = opened(folder, day)
        name, day = workspace.name, clock.today()
    except TruecostError:  # the run itself will tell
        name, day = Path(folder).resolve().name, Clock(day).today()
    return " ".join(filter(None, (name, f"{day:%Y-%m-%d}", said.get("model"))))


def ended(workspace_dir: str, result: dict[str, Any], quarter: str | None = None) -> Any:
    """What a flow returns: ``result``, in a state of its own where something is open, which is told in the log."""
    workspace, _ = opened(workspace_dir, None)
    standing = steps.standing(workspace)
    log = get_run_logger()
    for state, sentence in standing.lines():
        (log.error if state in ("refused", "ALERT") else log.warning)("%s", sentence)
    show_standing(workspace, standing, quarter)
    headline = standing.headline()
    if standing.outcome == "failed":
        return Failed(name=FAULTS, message=headline, data=result)
    if standing.outcome == "asks":
        return Completed(name=ATTENTION, message=headline, data=result)
    return result


def result_of(state: Any) -> dict[str, Any]:
    """What a flow of ours came to, by the state it returned; an error that ended it is raised."""
    found: dict[str, Any] = state.result(raise_on_failure=state.name != FAULTS)
    return found


def _log_waiting(step: progress.Step) -> None:
    if step.at_once:
        get_run_logger().warning("%s %s", step.what, step.item)
