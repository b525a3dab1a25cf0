"""A Prefect server of one's own on loopback, and what can be asked of its API."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

BOOT_SECONDS = 120
POLL_SECONDS = 0.2

PREFECT = (sys.executable, "-m", "prefect")


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """A server that keeps its data in ``home`` and runs as long as the context; its API's address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "1",  # how long a run waits for the one before it
    }
    options = ("server", "start", "--host", "127.0.0.1", "--port", str(port))
    with running(options, environment, home / "log") as process:
        for _ in range(BOOT_SECONDS * 2):
            with suppress(URLError, ConnectionError, TimeoutError):
                ask(f"{api}/health")
                break
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
                break
        assert process.poll() is None, (home / "log").read_text()
        ask(f"{api}/health")
        yield api


@contextmanager
def running(options: tuple[str, ...], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``prefect`` with these options in the background, as long as the context; what it says goes to ``log``."""
    with log.open("w") as output:
        process = subprocess.Popen([*PREFECT, *options], stdout=output, stderr=output, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def eventually(look: Callable[[], Any], within: float, told: Callable[[], str] = str) -> Any:
    """The first answer that says something; what the server writes down from events is there a moment later."""
    end = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < end, f"nothing came within {within:g} seconds\n{told()}"
        time.sleep(POLL_SECONDS)
    return found


def find(api: str, what: str, **filters: Any) -> list[Any]:
    """Everything of a kind that the server knows, oldest first."""
    found: list[Any] = ask(f"{api}/{what}/filter", filters)
    return sorted(found, key=lambda item: item.get("start_time") or item["created"])


def find_events(api: str, name: str, resource: str = "") -> list[Any]:
    """The events of that name, oldest first; of one resource only, where it is given. At most 50."""
    wanted: dict[str, Any] = {"event": {"name": [name]}, "order": "ASC"}
    if resource:
        wanted["any_resource"] = {"id": [resource]}
    found: list[Any] = ask(f"{api}/events/filter", {"filter": wanted, "limit": 50})["events"]
    return found


def ask(url: str, body: Any = None) -> Any:
    """The answer of the API; a GET, or with a body a POST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=10) as response:
        return json.load(response)
