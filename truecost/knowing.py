"""A past view: the workspace as it would be, had nothing arrived since.

What had landed and what had happened by then is laid out in a folder of its own, with a warehouse that is derived from
it; the files themselves are not copied. The configuration is today's, but for closed quarters, which have their own.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from truecost.workspace import Workspace


def known_at(workspace: Workspace, moment: datetime) -> Workspace:
    """The workspace with only what had arrived and happened by ``moment`` (UTC), in ``reports/known-at/<moment>``."""
    home = workspace.reports / "known-at" / moment.strftime("%Y-%m-%dT%H%M%SZ")
    shutil.rmtree(home, ignore_errors=True)
    (home / "landing" / "log").mkdir(parents=True)
    (home / "journal").mkdir()
    _link(workspace.landing / "objects", home / "landing" / "objects")
    _link(workspace.closed, home / "closed")
    for folder, key in ((workspace.landing / "log", "received_at"), (workspace.journal, "happened_at")):
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            held = json.loads(path.read_text("utf-8"))
            if datetime.fromisoformat(held[key]) <= moment:
                shutil.copyfile(path, home / folder.relative_to(workspace.home or workspace.root) / path.name)
    return replace(workspace, home=home)


def _link(target: Path, link: Path) -> None:
    if target.is_dir():
        link.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)
