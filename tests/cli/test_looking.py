"""Who only looks changes nothing: a run after it has nothing to derive anew."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from truecost.store.warehouse import connect

LOOKS = (
    "alerts",
    "attribution suggest",
    "decisions list",
    "deliveries list",
    "doctor",
    "gaps",
    "plan show invoice-reader",
    "quarantine list",
    "sources",
    "status",
    "trace --quarter FY2026-Q3 --model support-bot",
)


def derived(workspace: Path) -> list[tuple[Any, ...]]:
    with connect(workspace / "warehouse.duckdb") as con:
        return con.execute("SELECT step, fingerprint FROM log.steps ORDER BY step").fetchall()


def test_who_only_looks_leaves_the_books_as_they_are(truecost: Any, demo: Path, tmp_path: Path) -> None:
    own = shutil.copytree(demo, tmp_path / "demo")
    before = derived(own)
    changed = []
    for look in LOOKS:
        said = truecost(*look.split(), "--workspace", own)
        assert (said.returncode in (0, 3), "Traceback" in said.stderr) == (True, False), (look, said.stderr)
        if derived(own) != before:
            changed.append(look)
            before = derived(own)
    assert changed == []
