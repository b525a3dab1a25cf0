"""The daily flow: land, load, attribute, compare, drift, alert, reevaluate, publish, report.

One task a step. A step waits where another process holds the warehouse, for as long as the workspace says, and is not
tried again: what it fails with would be so again. Every step is idempotent, so the whole flow again changes nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from truecost.flows.artifacts import show_deliveries, show_quarter
from truecost.flows.common import ended, is_served, opened, result_of, run_name, step
from truecost.flows.events import tell_alert, tell_reevaluation

from truecost import steps


@step("land")
def land(workspace_dir: str, as_of: date | None) -> int:
    """Take in what is new in the inbox."""
    workspace, clock = opened(workspace_dir, as_of)
    return steps.land(workspace, clock)


@step("load")
def load(workspace_dir: str) -> list[int]:
    """Validate the landed files and load their good rows; returns the deliveries that were read."""
    workspace, _ = opened(workspace_dir, None)
    return [loaded.delivery_id for loaded in steps.load(workspace)]


@step("attribute")
def attribute(workspace_dir: str) -> bool:
    """Say whose cost each charge is, and at which stage."""
    workspace, _ = opened(workspace_dir, None)
    return steps.attribute(workspace)


@step("compare")
def compare(workspace_dir: str, as_of: date | None) -> bool:
    """Hold the costs against the plans, and forecast where they end."""
    workspace, clock = opened(workspace_dir, as_of)
    return steps.compare(workspace, clock)


@step("drift")
def drift(workspace_dir: str, as_of: date | None) -> bool:
    """Hold production and evals against what each model was accepted on."""
    workspace, clock = opened(workspace_dir, as_of)
    return steps.drift(workspace, clock)


@step("alert")
def alert(workspace_dir: str, as_of: date | None) -> dict[str, Any]:
    """Judge spending, drift and evals, and tell what changed: people, and the server where there is one; act on budgets
    that are spent.
    """
    workspace, clock = opened(workspace_dir, as_of)
    found = steps.alert(workspace, clock)
    if is_served():
        for event in found.raised:
            tell_alert(workspace, event)
    stopped = [item.budget for item in steps.hard_stop(workspace, clock)]
    told = {"raised": len(found.raised), "undelivered": found.undelivered, "opened": found.opened}
    return {**told, **({"stopped": stopped} if stopped else {})}


@step("reevaluate")
def reevaluate(workspace_dir: str, as_of: date | None) -> list[dict[str, Any]]:
    """Do the re-evaluations that wait; with a server, tell it of them: its automation starts the flow that does."""
    workspace, clock = opened(workspace_dir, as_of)
    waiting = steps.open_reevaluations(workspace)
    if is_served():
        for item in waiting:
            tell_reevaluation(workspace_dir, as_of, item)
        return []
    return [asdict(steps.reevaluate(workspace, clock, item.model_id)) for item in waiting]


@step("publish")
def publish(workspace_dir: str, as_of: date | None) -> bool:
    """Swap in the file finance reads."""
    workspace, clock = opened(workspace_dir, as_of)
    is_new = steps.publish(workspace, clock)
    show_deliveries(workspace)
    return is_new


@step("report")
def report(workspace_dir: str, as_of: date | None) -> str | None:
    """Write the report of the latest quarter that has ended; None where it, and all before it, have no cost."""
    workspace, clock = opened(workspace_dir, as_of)
    if not steps.has_costs(workspace, clock):
        return None
    reported = steps.report(workspace, clock)
    show_quarter(workspace, reported.quarter)
    return reported.quarter


@flow(name="daily", flow_run_name=run_name)
def daily(workspace_dir: str = ".", as_of: date | None = None) -> Any:
    """Everything a night needs, for one workspace."""
    done = bring_up_to_date(workspace_dir, as_of)
    quarter = report(workspace_dir, as_of)
    return ended(workspace_dir, {**done, "quarter": quarter}, quarter)


def bring_up_to_date(workspace_dir: str, as_of: date | None) -> dict[str, Any]:
    """The steps up to what finance reads; what came of each, by name. To be called in a flow."""
    return {**watch(workspace_dir, as_of), "published": publish(workspace_dir, as_of)}


def watch(workspace_dir: str, as_of: date | None) -> dict[str, Any]:
    """The steps up to what people are told; what came of each, by name. To be called in a flow."""
    landed, read = land(workspace_dir, as_of), load(workspace_dir)
    return {
        "landed": landed,
        "loaded": len(read),
        "deliveries": read,
        "derived": attribute(workspace_dir),
        "compared": compare(workspace_dir, as_of),
        "drift_checked": drift(workspace_dir, as_of),
        "alerts": alert(workspace_dir, as_of),
        "decisions": reevaluate(workspace_dir, as_of),
    }


def run_daily(workspace_dir: Path, as_of: date | None) -> dict[str, Any]:
    """Run the flow in this process, against the configured Prefect API or a temporary one."""
    return result_of(daily(str(workspace_dir), as_of, return_state=True))
