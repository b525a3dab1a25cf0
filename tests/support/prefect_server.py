"""A Prefect server of one's own on loopback, and what can be asked of its API."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

BOOT_SECONDS = 120
END_SECONDS = 60
POLL_SECONDS = 0.2
WITHIN = 120  # seconds: how long something may take to come back from the server; as a rule it takes a few
TOLD_CHARACTERS = 8_000

PREFECT = (sys.executable, "-m", "prefect")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Served:
    """A server, and one who works with it in the checkout: with the command line, and with a worker."""

    api: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PREFECT_API_URL": self.api,
            "PREFECT_HOME": str(self.home),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PWD": str(ROOT),
        }

    @property
    def worker_log(self) -> Path:
        return self.home / "worker.log"

    def prefect(self, *options: str) -> None:
        done = subprocess.run(
            [*PREFECT, "--no-prompt", *options],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self.environment,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def eventually(self, look: Callable[[], Any]) -> Any:
        return eventually(look, WITHIN, self.told)

    def told(self) -> str:
        """What the worker has said last, and the server where both share a home."""
        logs = [self.home / "log", self.worker_log]
        return "\n".join(log.read_text()[-TOLD_CHARACTERS:] for log in logs if log.exists())

    def deployment(self, name: str) -> dict[str, Any]:
        (found,) = find(self.api, "deployments", deployments={"name": {"any_": [name]}})
        return dict(found)

    def completed(self, flow_run: str) -> dict[str, Any]:
        """The flow run when it has ended, which must be well."""

        def ended() -> Any:
            run = ask(f"{self.api}/flow_runs/{flow_run}")
            return run if run["end_time"] else None

        run = self.eventually(ended)
        assert run["state_type"] == "COMPLETED", f"{run['state']}\n{self.told()}"
        return dict(run)


@contextmanager
def serving(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
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
        **(settings or {}),
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
    with log.open("w") as output, interruptible():
        process = subprocess.Popen([*PREFECT, *options], stdout=output, stderr=output, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


@contextmanager
def interruptible() -> Iterator[None]:
    """What is started here can be interrupted, even where we can't be: a shell's job in the background ignores SIGINT.

    That is handed down to every process started, and Prefect's worker stops by way of SIGINT.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
    until = time.monotonic() + WITHIN
    while True:
        try:
            with direct.open(request, timeout=10) as response:
                return json.load(response)
        except HTTPError as error:
            # The server says so before it did anything, where its SQLite was held by someone else for too long.
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > until:
                raise
        time.sleep(POLL_SECONDS)
