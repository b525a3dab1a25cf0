"""The daily flow: land, load, attribute, compare, drift, publish, report.

One task a step. A step is retried where trying again can help: while another process holds the warehouse. Every step is
idempotent, so a retry, or the whole flow again, changes nothing.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact

from truecost import progress, steps
from truecost.clock import Clock
from truecost.errors import WarehouseBusy
from truecost.publishing import open_published
from truecost.queries import query
from truecost.workspace import Workspace, load_workspace


def _is_busy(task: Any, run: Any, state: Any) -> bool:
    """Whether a failed task is worth trying again: only where another process held the warehouse."""
    try:
        state.result()
    except WarehouseBusy:
        progress.say("waiting: another process has the warehouse open")
        return True
    except Exception:
        return False
    return False


@task(name="land", retries=3, retry_delay_seconds=20, retry_condition_fn=_is_busy)
def land(workspace_dir: str, as_of: date | None) -> int:
    """Take in what is new in the inbox."""
    workspace, clock = _opened(workspace_dir, as_of)
    return steps.land(workspace, clock)


@task(name="load", retries=3, retry_delay_seconds=20, retry_condition_fn=_is_busy)
def load(workspace_dir: str) -> int:
    """Validate the landed files and load their good rows."""
    workspace, _ = _opened(workspace_dir, None)
    return len(steps.load(workspace))


@task(name="attribute", retries=3, retry_delay_seconds=20, retry_condition_fn=_is_busy)
def attribute(workspace_dir: str) -> bool:
    """Say whose cost each charge is, and at which stage."""
    workspace, _ = _opened(workspace_dir, None)
    return steps.attribute(workspace)


@task(name="compare", retries=3, retry_delay_seconds=20, retry_condition_fn=_is_busy)
def compare(workspace_dir: str, as_of: date | None) -> bool:
    """Hold the costs against the plans, and forecast where they end."""
    workspace, clock = _opened(workspace_dir, as_of)
    return steps.compare(workspace, clock)


@task(name="drift", retries=3, retry_delay_seconds=20, retry_condition_fn=_is_busy)
def drift(workspace_dir: str, as_of: date | None) -> bool:
    """Hold production and evals against what each model was accepted on."""
    workspace, clock = _opened(workspace_dir, as_of)
    return steps.drift(workspace, clock)


@task(name="publish", retries=3, retry_delay_seconds=20, retry_condition_fn=_is_busy)
def publish(workspace_dir: str, as_of: date | None) -> bool:
    """Swap in the file finance reads."""
    workspace, clock = _opened(workspace_dir, as_of)
    is_new = steps.publish(workspace, clock)
    _show_deliveries(workspace)
    return is_new


@task(name="report")
def report(workspace_dir: str, as_of: date | None) -> str | None:
    """Write the report of the latest quarter that has ended; None where it, and all before it, have no cost."""
    workspace, clock = _opened(workspace_dir, as_of)
    if not steps.has_costs(workspace, clock):
        return None
    reported = steps.report(workspace, clock)
    _show_quarter(workspace, reported.quarter)
    return reported.quarter


@flow(name="daily")
def daily(workspace_dir: str = ".", as_of: date | None = None) -> dict[str, Any]:
    """Everything a night needs, for one workspace."""
    landed = land(workspace_dir, as_of)
    loaded = load(workspace_dir)
    derived = attribute(workspace_dir)
    compared = compare(workspace_dir, as_of)
    drift_checked = drift(workspace_dir, as_of)
    published = publish(workspace_dir, as_of)
    quarter = report(workspace_dir, as_of)
    return {
        "landed": landed,
        "loaded": loaded,
        "derived": derived,
        "compared": compared,
        "drift_checked": drift_checked,
        "published": published,
        "quarter": quarter,
    }


def run_daily(workspace_dir: Path, as_of: date | None) -> dict[str, Any]:
    """Run the flow in this process, against the configured Prefect API or a temporary one."""
    return daily(str(workspace_dir), as_of)


def _opened(workspace_dir: str, as_of: date | None) -> tuple[Workspace, Clock]:
    workspace = load_workspace(Path(workspace_dir))
    return workspace, Clock(as_of or workspace.config.workspace.as_of)


def _show_deliveries(workspace: Workspace) -> None:
    _artifact(
        workspace, "deliveries", "report/latest_deliveries", [], "The latest deliveries, and what became of their rows."
    )


def _show_quarter(workspace: Workspace, quarter: str) -> None:
    title = f"True cost beside training-only cost in {quarter}."
    _artifact(workspace, "true-cost", "report/quarter_figures", [quarter], title)


def _artifact(workspace: Workspace, key: str, name: str, values: list[str], description: str) -> None:
    with open_published(workspace.published) as con:
        found = con.execute(query(name), values)
        columns = [column[0] for column in found.description or ()]
        rows = [dict(zip(columns, map(_shown, row), strict=True)) for row in found.fetchall()]
    create_table_artifact(key=key, table=rows, description=description)


def _shown(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return "" if value is None else str(value)
