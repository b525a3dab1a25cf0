"""The drift flow: land, load, attribute, compare, drift, alert, reevaluate, for a schedule of its own where production
changes fast.

The tasks are the daily flow's. What it finds reaches finance with the next daily run, and whoever is alerted at once.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from truecost.flows import daily
from truecost.flows.common import ended, result_of, run_name


@flow(name="drift", flow_run_name=run_name)
def drift(workspace_dir: str = ".", as_of: date | None = None) -> Any:
    """Watch production and evals of one workspace."""
    return ended(workspace_dir, daily.watch(workspace_dir, as_of))


def run_drift(workspace_dir: Path, as_of: date | None) -> dict[str, Any]:
    """Run the flow in this process, against the configured Prefect API or a temporary one."""
    return result_of(drift(str(workspace_dir), as_of, return_state=True))
