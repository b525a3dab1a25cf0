"""The tests start the same way whichever way they are called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NEEDS_THE_CHECKOUT = "tests/system/test_loop.py"


@pytest.mark.parametrize("command", [[str(Path(sys.executable).with_name("pytest"))], [sys.executable, "-m", "pytest"]])
def test_tests_are_found_by_pytest_alone_as_by_python(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    done = subprocess.run(
        [*command, "--collect-only", "--quiet", NEEDS_THE_CHECKOUT],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{NEEDS_THE_CHECKOUT}::" in done.stdout
