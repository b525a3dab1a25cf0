"""An address on loopback that takes what Apprise's ``json://`` posts, or refuses it while told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

SECRET = "s3cr3t-token"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        if server.is_refusing:
            self.send_response(503)
        else:
            server.taken.append(json.loads(body))
            self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """A test is quiet."""


@contextmanager
def receiving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The only address that alerts go to: what it has ``taken``, and whether it ``is_refusing``."""
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.taken, server.is_refusing = [], False  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        url = f"json://user:{SECRET}@127.0.0.1:{server.server_port}/{SECRET}"
        monkeypatch.setenv("TRUECOST_ALERT_URLS", url)
        yield server
        server.shutdown()
