"""What the flows share: how a step becomes a task, and whether a Prefect server stands behind the run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from prefect import task

from truecost import progress
from truecost.clock import Clock
from truecost.errors import WarehouseBusy
from truecost.workspace.workspace import Workspace, load_workspace


def step(name: str) -> Callable[[Callable[..., Any]], Any]:
    """A task of that name, tried again where that can help: while another process holds the warehouse."""
    decorated: Callable[[Callable[..., Any]], Any] = task(
        name=name, retries=3, retry_delay_seconds=20, retry_condition_fn=_is_busy
    )
    return decorated


def opened(workspace_dir: str, as_of: date | None) -> tuple[Workspace, Clock]:
    """The workspace, and the clock of the run."""
    workspace = load_workspace(Path(workspace_dir))
    return workspace, Clock(as_of or workspace.config.workspace.as_of)


def is_served() -> bool:
    """Whether a server was configured, whose automations can act on events; a temporary server has none."""
    from prefect.settings import get_current_settings

    return get_current_settings().api.url is not None


def _is_busy(task: Any, run: Any, state: Any) -> bool:
    try:
        state.result()
    except WarehouseBusy:
        progress.say("waiting: another process has the warehouse open")
        return True
    except Exception:
        return False
    return False
