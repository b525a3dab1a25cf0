"""Runs a command and ends it whole: at its time limit, when it is done, or when we are gone; what it says is bounded.

Run as a program of its own, with nothing but the standard library, so that everything below it is the command's: also
what has left the command's session, for orphans come back to here. The answer is a line of JSON on stdout.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

_PR_SET_CHILD_SUBREAPER = 36
_BLOCK = 1 << 16
_LOOK_SECONDS = 0.1
_END_SECONDS = 10.0  # how long what has been killed may take to be gone


def main() -> None:
    """``supervise.py JSON``: the command, its folder, its log, its seconds and how many bytes of it are kept."""
    asked = json.loads(sys.argv[1])
    _adopt_orphans()
    try:
        answer = _supervised(**asked)
    except OSError as error:
        answer = {"error": error.strerror or str(error)}
    sys.stdout.write(json.dumps(answer))


def _supervised(command: list[str], folder: str, log: str, seconds: float, kept_bytes: int) -> dict[str, Any]:
    with Path(log).open("wb") as kept:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        said = _Said(process.stdout, kept, kept_bytes)
        try:
            in_time = _waited(process, said, time.monotonic() + seconds)
        finally:
            _end_all(process)
        said.take_rest()
    return {"exit_code": process.returncode if in_time else None, "dropped_bytes": said.dropped}


class _Said:
    """What the command says: the first of it is kept, the rest is read, so that it can go on, and counted."""

    def __init__(self, pipe: IO[bytes], kept: IO[bytes], kept_bytes: int) -> None:
        self.pipe, self._kept, self._room, self.dropped = pipe, kept, kept_bytes, 0

    def take(self) -> bool:
        """Take what is there; returns whether more may come."""
        try:
            block = os.read(self.pipe.fileno(), _BLOCK)
        except BlockingIOError:
            return True
        kept = block[: self._room]
        self._kept.write(kept)
        self._room -= len(kept)
        self.dropped += len(block) - len(kept)
        return bool(block)

    def take_rest(self) -> None:
        """All that was still on its way when everything had ended."""
        while True:
            try:
                if not self.take():
                    break
                if not selectable(self.pipe):
                    break
            except OSError:
                break
        if self.dropped:
            self._kept.write(f"\n[{self.dropped:,} bytes more were not kept]\n".encode())


def selectable(pipe: IO[bytes]) -> bool:
    """Whether something can be read from it without waiting."""
    with selectors.DefaultSelector() as ready:
        ready.register(pipe, selectors.EVENT_READ)
        return bool(ready.select(0))


def _waited(process: subprocess.Popen[bytes], said: _Said, until: float) -> bool:
    """Whether the command ended in time, and with us still wanted."""
    with selectors.DefaultSelector() as ready:
        ready.register(said.pipe, selectors.EVENT_READ, "said")
        ready.register(sys.stdin, selectors.EVENT_READ, "us")  # it ends when whoever started us does
        while process.poll() is None:
            left = until - time.monotonic()
            if left <= 0:
                return False
            for key, _ in ready.select(min(left, _LOOK_SECONDS)):
                if key.data == "us":
                    return False
                if not said.take():
                    ready.unregister(said.pipe)
    return True


def _end_all(process: subprocess.Popen[bytes]) -> None:
    """Kill the command and all that it has started: first stopped, so that nothing new is started meanwhile."""
    until = time.monotonic() + _END_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        stopped = set[int]()
        while new := _descendants() - stopped:
            for number in new:
                _signal(number, signal.SIGSTOP)
            stopped |= new
        for number in stopped:
            _signal(number, signal.SIGKILL)
        process.poll()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if process.returncode is not None and not _descendants():
            return
        time.sleep(_LOOK_SECONDS / 10)


def _descendants() -> set[int]:
    """Every process below this one that has not ended, where the system tells it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            state, parent = entry.read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(entry.parent.name)] = int(parent)
    found: set[int] = set()
    below = {os.getpid()}
    while below:
        below = {number for number, parent in parents.items() if parent in below} - found
        found |= below
    return found


def _signal(number: int, which: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(number, which)


def _adopt_orphans() -> None:
    """Make orphans of our descendants our children, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    main()
