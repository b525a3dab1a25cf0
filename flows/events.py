"""Prefect events: what an automation on a server can act on.

``truecost.alert`` tells of a change of state; ``truecost.reevaluation`` says that one is open and waits, each day until
it is decided, so that an event that got lost is made good by the next run.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect.events import emit_event

from truecost.alerts.states import Reevaluation
from truecost.store.journal import Event, Journal
from truecost.workspace.workspace import Workspace

ALERT = "truecost.alert"
REEVALUATION = "truecost.reevaluation"


def tell_alert(workspace: Workspace, event: Event) -> None:
    """Emit a change of state."""
    labels = {"truecost.rule": event.data["rule"], "truecost.state": event.data["state"]}
    payload = {name: event.data[name] for name in ("rule", "state", "previous", "message", "drivers")}
    emit_event(
        ALERT,
        resource=_resource(event.model_id, labels) if event.model_id else _resource_of_workspace(workspace, labels),
        payload={**payload, "alert_id": event.event_id, "workspace": workspace.name},
    )


def last_event(workspace: Workspace) -> int:
    """The number of the newest event of the workspace's journal; 0 while there is none."""
    return max((event.event_id for event in Journal(workspace.journal).events()), default=0)


def tell_alerts_since(workspace: Workspace, number: int) -> None:
    """Emit the changes of state that have been written down since the event of that number."""
    for event in Journal(workspace.journal).events():
        if event.event_id > number and event.kind == "alert" and event.data["is_told"]:
            tell_alert(workspace, event)


def tell_reevaluation(workspace_dir: str, as_of: date | None, waiting: Reevaluation) -> None:
    """Emit that a re-evaluation waits; the payload is what the flow ``reevaluate`` takes as its parameters.

    The automation in ``prefect.yaml`` hands the values on typed: a day that is not set arrives as None. The folder is
    absolute, for the flow is run from elsewhere.
    """
    emit_event(
        REEVALUATION,
        resource=_resource(waiting.model_id),
        payload={
            "model": waiting.model_id,
            "workspace_dir": str(Path(workspace_dir).resolve()),
            "as_of": as_of.isoformat() if as_of else None,
            "triggers": list(waiting.triggers),
        },
    )


def _resource(model_id: str, labels: dict[str, str] | None = None) -> dict[str, str]:
    return {
        "prefect.resource.id": f"truecost.model.{model_id}",
        "prefect.resource.name": model_id,
        **(labels or {}),
    }


def _resource_of_workspace(workspace: Workspace, labels: dict[str, str]) -> dict[str, str]:
    return {
        "prefect.resource.id": f"truecost.workspace.{workspace.name}",
        "prefect.resource.name": workspace.name,
        **labels,
    }
