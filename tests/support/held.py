"""A warehouse that another process holds open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOLD = """
import sys
import duckdb
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(warehouse: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process has it open as long as the context, or until its stdin is closed."""
    command = [sys.executable, "-c", HOLD, str(warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        assert holder.stdin is not None
        if not holder.stdin.closed:
            holder.stdin.close()
