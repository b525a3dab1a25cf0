"""A chat, a web hook and a mail server on loopback: what they took, and how badly they behave meanwhile."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Literal, cast

Mood = Literal["well", "failing", "silent", "slow", "elsewhere"]
SLOW_SECONDS = 0.3
PATIENCE = 0.8  # seconds that a sender waits for an answer


@dataclass
class Channels:
    """The three servers. ``mood`` is how they answer: well, with a 500, not at all, late, or with another path to
    go to."""

    web: int
    mail: int
    mood: Mood = "well"
    posts: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)  # path, headers, body
    mails: list[EmailMessage] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def webhook(self) -> str:
        return f"json://127.0.0.1:{self.web}/hook?rto={PATIENCE}&cto={PATIENCE}"

    @property
    def chat(self) -> str:
        token = "a" * 24
        return f"rocket://{token}/{'b' * 24}@127.0.0.1:{self.web}/#costs?mode=webhook&rto={PATIENCE}&cto={PATIENCE}"

    @property
    def mailbox(self) -> str:
        to = "from=books@example.org&to=ana@example.org"
        return f"mailto://127.0.0.1:{self.mail}?smtp=127.0.0.1&mode=insecure&{to}&rto={PATIENCE}&cto={PATIENCE}"

    def keys(self) -> list[str]:
        """By which a web hook tells what it has already: of each post to it."""
        return [headers["Idempotency-Key"] for path, headers, _ in self.posts if path == "/hook"]

    def is_silent(self) -> bool:
        """Wait as the mood says; whether nothing is to be answered."""
        if self.mood == "slow":
            self.over.wait(SLOW_SECONDS)
        if self.mood == "silent":
            self.over.wait(PATIENCE * 3)
        return self.mood == "silent"


class _Web(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        channels: Channels = cast(Any, self.server).channels
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if channels.is_silent():
            return
        if channels.mood == "failing":
            self.send_response(500)
        elif channels.mood == "elsewhere" and self.path != "/inside":
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{channels.web}/inside")
        else:
            channels.posts.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """A test is quiet."""


class _Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a sender needs."""

    def handle(self) -> None:
        channels: Channels = cast(Any, self.server).channels
        if channels.is_silent():
            return
        self.say("220 here")
        while line := self.rfile.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.say("354 go on")
                content = b"".join(iter(self.rfile.readline, b".\r\n"))
                if channels.mood == "failing":
                    self.say("451 not now")
                else:
                    channels.mails.append(message_from_bytes(content, policy=policy.default))
                    self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def serving() -> Iterator[Channels]:
    """All three, as long as the context."""
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), _Web) as web,
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail) as mail,
    ):
        channels = Channels(web.server_address[1], mail.server_address[1])
        for server in (web, mail):
            server.daemon_threads = True
            server.channels = channels  # type: ignore[attr-defined]
            Thread(target=server.serve_forever, daemon=True).start()
        yield channels
        channels.over.set()
        web.shutdown()
        mail.shutdown()
