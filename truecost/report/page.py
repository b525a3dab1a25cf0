"""The report as the page a reader opens: rendered by the dashboards, which know no store and no folder."""

from __future__ import annotations

import os
from pathlib import Path

from truecost.publish.figures import QuarterReport


def report_page(report: QuarterReport, root: Path, folder: Path) -> str:
    """The HTML of ``true-cost.html`` in ``folder``. What it links to is named by its path in the workspace ``root``."""
    from truecost.dashboards.render import render_report

    return str(render_report(report, lambda path: os.path.relpath(root / path, folder)))
