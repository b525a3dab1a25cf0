"""Telling people, through Apprise. An address is a secret: it is in no message, no error and no log of ours."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from truecost.workspace.workspace import Workspace

Severity = Literal["info", "success", "warning", "failure"]  # Apprise's words

_NO_WIDTH = "\u200b"
_CALLS = re.compile(
    r"@(?=\w|&|!)|<(?=[!@#a-zA-Z/])"
)  # of Discord, Slack, Teams and Matrix: @everyone, <!channel>, <@id>


@dataclass(frozen=True)
class Message:
    """What is sent: a title, lines, and how grave it is."""

    title: str
    lines: tuple[str, ...]
    severity: Severity


def addresses(workspace: Workspace) -> list[str]:
    """The Apprise URLs in the environment variable that ``[alerts] urls_from`` names, split at white space."""
    return os.environ.get(workspace.config.alerts.urls_from, "").split()


def service(address: str) -> str:
    """What kind of address it is (``mailto``, ``slack``): the only part of one that may be shown."""
    scheme, found, _ = address.partition("://")
    return scheme if found and scheme.isalnum() else "unknown"


def deliver(address: str, message: Message) -> bool:
    """Send one message to one address; returns whether it was taken."""
    import apprise

    body = "\n".join(map(harmless, message.lines))
    with _silence():
        sender = apprise.Apprise()
        return bool(sender.add(address)) and bool(
            sender.notify(
                body=body,
                title=harmless(message.title),
                body_format="text",
                notify_type=apprise.NotifyType(message.severity),
            )
        )


def harmless(text: str) -> str:
    """One line of text that calls nobody and steers nothing: names in it are others', and a chat acts on ``@everyone``.

    A space without width parts the mark from its word, so that it reads as it was written.
    """
    plain = "".join(character if character.isprintable() else " " for character in text)
    return _CALLS.sub(lambda found: f"{found[0]}{_NO_WIDTH}", plain)


@contextmanager
def _silence() -> Iterator[None]:
    """Apprise and urllib3 write addresses to their logs."""
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3", "requests")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, was_disabled in zip(loggers, before, strict=True):
            logger.disabled = was_disabled
