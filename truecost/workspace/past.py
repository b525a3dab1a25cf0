"""A past view: the workspace as it would be, had nothing arrived since.

What had landed and what had happened by then is laid out in a folder of its own, with a warehouse that is derived from
it; the files themselves are not copied. The configuration is today's, but for closed quarters, which have their own.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from truecost.workspace.workspace import Workspace


def known_at(workspace: Workspace, moment: datetime) -> Workspace:
    """The workspace with only what had arrived and happened by ``moment`` (UTC), in ``reports/known-at/<moment>``."""
    home = workspace.reports / "known-at" / moment.strftime("%Y-%m-%dT%H%M%SZ")
    shutil.rmtree(home, ignore_errors=True)
    (home / "landing" / "log").mkdir(parents=True)
    (home / "journal").mkdir()
    _link(workspace.landing / "objects", home / "landing" / "objects")
    _link(workspace.closed, home / "closed")
    for folder, key in ((workspace.landing / "log", "received_at"), (workspace.journal, "happened_at")):
        for path in _known(sorted(folder.glob("*.json")), key, moment, in_order=key == "happened_at"):
            shutil.copyfile(path, home / folder.relative_to(workspace.home or workspace.root) / path.name)
    return replace(workspace, home=home)


def _known(paths: list[Path], key: str, moment: datetime, in_order: bool) -> Iterator[Path]:
    """The files whose time has come by ``moment``.

    ``in_order`` ends with the first whose time has not: what follows was written down after it, whatever day its clock
    stated, and means nothing without it.
    """
    for path in paths:
        if datetime.fromisoformat(json.loads(path.read_text("utf-8"))[key]) <= moment:
            yield path
        elif in_order:
            return


def _link(target: Path, link: Path) -> None:
    if target.is_dir():
        link.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)
