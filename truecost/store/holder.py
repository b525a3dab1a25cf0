"""Who holds a warehouse, as far as DuckDB and the system tell: process, command, and since when it runs."""

from __future__ import annotations

import os
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

from truecost.progress import say

_HELD = re.compile(r"lock is held in (.+?) \(PID (\d+)\)")
_LONGEST = 160


def is_held(error: BaseException) -> bool:
    """Whether DuckDB could not open a file because another process has it open."""
    return "could not set lock" in str(error).lower()


def holder(error: BaseException) -> str:
    """Who has the file open: ``process 123 (truecost run -w books), running since 2026-10-05 03:30:12 UTC``."""
    found = _HELD.search(str(error))
    if found is None:
        return "another process"
    program, number = found.group(1), int(found.group(2))
    command = _command(number) or Path(program).name
    since = _since(number)
    return f"process {number} ({command})" + (f", running since {since:%Y-%m-%d %H:%M:%S} UTC" if since else "")


def tell_waiting(who: str) -> None:
    """Say that we wait, at once, whoever looks."""
    say("waiting for", who, at_once=True)


def _command(process: int) -> str | None:
    """The command line of a process, as one would type it, where the system tells it."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
    except OSError:
        return None
    is_python = len(words) > 1 and Path(words[0]).name.startswith("python")
    if is_python and (words[1] == "-m" or not words[1].startswith("-")):
        words = words[2:] if words[1] == "-m" else words[1:]
    told = " ".join(shlex.join([Path(words[0]).name, *words[1:]]).split()) if words else ""
    return (told if len(told) <= _LONGEST else f"{told[: _LONGEST - 3]}...") or None


def _since(process: int) -> datetime | None:
    """When a process was started, where the system tells it."""
    try:
        ticks = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19])
        booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
        return datetime.fromtimestamp(int(booted.split()[1]) + ticks / os.sysconf("SC_CLK_TCK"), UTC)
    except (OSError, ValueError, IndexError, StopIteration):
        return None
