"""A built wheel stands alone: it carries the SQL, the suites, the templates and the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A copy of what git knows or would add, so that a build leaves nothing in the tree.
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            target = folder / "source" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*command, str(folder / "source")], check=True, capture_output=True, timeout=120)
    return next(folder.glob("truecost-*.whl"))


@pytest.mark.slow
def test_the_wheel_carries_what_the_code_reads(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for origin, packed in (
        ("sql", "truecost/sql"),
        ("expectations", "truecost/expectations"),
        ("docs/schema", "truecost/schema"),
    ):
        for item in (ROOT / origin).rglob("*.*"):
            if item.suffix in {".sql", ".json"}:
                assert f"{packed}/{item.relative_to(ROOT / origin).as_posix()}" in held
    for item in (ROOT / "examples" / "demo").rglob("*.*"):
        if {"inbox", "plans", "evaluation"} & set(item.parts) or item.name == "truecost.toml":
            assert f"truecost/examples/{item.relative_to(ROOT / 'examples').as_posix()}" in held
    assert {"truecost/dashboards/report.html.j2", "truecost/dashboards/report.css", "truecost/flows/daily.py"} <= held


def test_the_installed_wheel_writes_and_reads_the_demo(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    environment = os.environ | {"PYTHONPATH": str(site)}
    script = (
        "import truecost, pathlib, sys\n"
        "from truecost.workspace.scaffold import write_demo\n"
        "from truecost.workspace.workspace import load_workspace\n"
        f"assert truecost.__file__.startswith({str(site)!r}), truecost.__file__\n"
        "write_demo(pathlib.Path('demo'))\n"
        "from truecost.store.sql import names\n"
        "print(len(load_workspace(pathlib.Path('demo')).config.sources), len(names('books')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sources, books = map(int, done.stdout.split())
    assert sources == 13
    assert books >= 8
