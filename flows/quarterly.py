"""The quarterly flow: everything the daily flow does, then the report of the quarter that has ended, or of one by name.

It is for the days after a quarter's end, when the last bills have come in. The quarter stays preliminary until closed.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from truecost.flows import daily
from truecost.flows.artifacts import show_quarter
from truecost.flows.common import ended, opened, result_of, run_name, step

from truecost import steps


@step("report quarter")
def report_quarter(workspace_dir: str, as_of: date | None, quarter: str | None) -> dict[str, Any]:
    """Write the quarter's report; a quarter without any cost before it is an error here."""
    workspace, clock = opened(workspace_dir, as_of)
    reported = steps.report(workspace, clock, quarter)
    show_quarter(workspace, reported.quarter)
    return {"quarter": reported.quarter, "folder": str(reported.folder), "is_new": reported.is_new}


@flow(name="quarterly", flow_run_name=run_name)
def quarterly(workspace_dir: str = ".", as_of: date | None = None, quarter: str | None = None) -> Any:
    """Bring one workspace up to date and report a quarter; by default the latest that has ended."""
    done = daily.bring_up_to_date(workspace_dir, as_of)
    reported = report_quarter(workspace_dir, as_of, quarter)
    return ended(workspace_dir, {**done, "report": reported}, reported["quarter"])


def run_quarterly(workspace_dir: Path, as_of: date | None, quarter: str | None = None) -> dict[str, Any]:
    """Run the flow in this process, against the configured Prefect API or a temporary one."""
    return result_of(quarterly(str(workspace_dir), as_of, quarter, return_state=True))
