"""The reevaluate flow: evaluate a model again, decide, publish, report.

An automation starts it where an alert has opened a re-evaluation on a server; `truecost reevaluate` where someone asks.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from truecost.flows import daily
from truecost.flows.common import ended, is_served, opened, result_of, run_name, step
from truecost.flows.events import last_event, tell_alerts_since

from truecost import steps


@step("reevaluate")
def decide(workspace_dir: str, model: str, as_of: date | None, only_open: bool) -> dict[str, Any] | None:
    """Evaluate the model again and record a decision."""
    workspace, clock = opened(workspace_dir, as_of)
    if only_open and model not in {item.model_id for item in steps.open_reevaluations(workspace)}:
        return None  # decided since the event was sent
    before = last_event(workspace)
    decided = steps.reevaluate(workspace, clock, model)
    if is_served():
        tell_alerts_since(workspace, before)
    return asdict(decided)


@flow(name="reevaluate", flow_run_name=run_name)
def reevaluate(model: str, workspace_dir: str = ".", as_of: date | None = None, only_open: bool = False) -> Any:
    """Re-evaluate one model of one workspace; with ``only_open``, only where a re-evaluation waits for it."""
    decision = decide(workspace_dir, model, as_of, only_open)
    published = daily.publish(workspace_dir, as_of)
    quarter = daily.report(workspace_dir, as_of)
    return ended(workspace_dir, {"decision": decision, "published": published, "quarter": quarter}, quarter)


def run_reevaluate(workspace_dir: Path, as_of: date | None, model: str) -> dict[str, Any]:
    """Run the flow in this process, against the configured Prefect API or a temporary one."""
    return result_of(reevaluate(model, str(workspace_dir), as_of, return_state=True))
