"""Prefect's temporary server ends with the run it is for, also where that is killed and can end nothing itself.

A small process beside the server waits at a pipe that only the run holds. When the run is gone, however it went, the
pipe is closed, and the server is told to end.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

_GUARD = """
import os, select, signal, sys
number = int(sys.argv[1])
try:
    server = os.pidfd_open(number)  # this process and no later one of its number
except (AttributeError, OSError):
    sys.exit()
os.read(0, 1)
try:
    signal.pidfd_send_signal(server, signal.SIGTERM)
    if not select.select([server], [], [], 10)[0]:
        signal.pidfd_send_signal(server, signal.SIGKILL)
except OSError:
    pass
"""


def end_it_with_us() -> None:
    """See to it for every temporary server that this process starts from now on."""
    from prefect.server.api.server import SubprocessASGIServer

    start = getattr(SubprocessASGIServer, "_run_uvicorn_command", None)
    if start is None or getattr(start, "is_guarded", False):
        return

    def guarded(server: Any) -> subprocess.Popen[Any]:
        process: subprocess.Popen[Any] = start(server)
        _guard(process.pid)
        return process

    guarded.is_guarded = True  # type: ignore[attr-defined]
    SubprocessASGIServer._run_uvicorn_command = guarded  # type: ignore[method-assign, assignment]


def _guard(server: int) -> None:
    """Only this process has the other end of the guard's stdin, and never writes to it."""
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD, str(server)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _GUARDS.append(guard)


_GUARDS: list[subprocess.Popen[Any]] = []  # kept, so that their pipes stay open as long as we are there
