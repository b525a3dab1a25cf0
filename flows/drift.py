"""The drift flow: land, load, attribute, drift, for a schedule of its own where production changes fast.

The tasks are the daily flow's. The signals reach finance with the next daily run.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow
from truecost.flows import daily


@flow(name="drift")
def drift(workspace_dir: str = ".", as_of: date | None = None) -> dict[str, Any]:
    """Watch production and evals of one workspace."""
    landed = daily.land(workspace_dir, as_of)
    loaded = daily.load(workspace_dir)
    derived = daily.attribute(workspace_dir)
    drift_checked = daily.drift(workspace_dir, as_of)
    return {"landed": landed, "loaded": loaded, "derived": derived, "drift_checked": drift_checked}


def run_drift(workspace_dir: Path, as_of: date | None) -> dict[str, Any]:
    """Run the flow in this process, against the configured Prefect API or a temporary one."""
    found: dict[str, Any] = drift(str(workspace_dir), as_of)
    return found
