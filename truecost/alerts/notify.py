"""Telling people, through Apprise. An address is a secret: it is in no message, no error and no log of ours."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from truecost.workspace.workspace import Workspace

Severity = Literal["info", "success", "warning", "failure"]  # Apprise's words

_NO_WIDTH = "\u200b"
_CALLS = re.compile(
    r"@(?=\w|&|!)|<(?=[!@#a-zA-Z/])"
)  # of Discord, Slack, Teams and Matrix: @everyone, <!channel>, <@id>
_MARKUP = re.compile(r"[*_`~|#>\[\]()!\\]|(?<=:)//")


@dataclass(frozen=True)
class Message:
    """What is sent: a title, lines, and how grave it is."""

    title: str
    lines: tuple[str, ...]
    severity: Severity
    key: str = ""  # the same whenever it is sent again: a channel can tell by it that it has it already


def addresses(workspace: Workspace) -> list[str]:
    """The Apprise URLs in the environment variable that ``[alerts] urls_from`` names, split at white space."""
    return os.environ.get(workspace.config.alerts.urls_from, "").split()


def escalation_addresses(workspace: Workspace) -> list[str]:
    """Those told of what nobody acknowledges, likewise."""
    return os.environ.get(workspace.config.alerts.escalate_urls_from, "").split()


def service(address: str) -> str:
    """What kind of address it is (``mailto``, ``slack``): the only part of one that may be shown."""
    scheme, found, _ = address.partition("://")
    return scheme if found and scheme.isalnum() else "unknown"


def deliver(address: str, message: Message, allow_private: bool = False) -> bool:
    """Send one message to one address; returns whether it was taken.

    An address of a private network, or of this machine, takes nothing unless that is allowed: a setting that someone
    else can write must not reach what only we can. Nor is one followed that sends on to another.
    """
    import apprise

    with _silence():
        sender = apprise.Apprise()
        if not sender.add(address) or not (allow_private or all(map(_is_public, sender))):
            return False
        body_format = str(getattr(next(iter(sender)).notify_format, "value", "text"))
        shown = escaped if body_format == "markdown" else harmless
        for plugin in sender:
            _mark(plugin, message.key)
            plugin.redirects = plugin.redirects and allow_private  # where it leads, nobody has looked
        return bool(
            sender.notify(
                body="\n".join(map(shown, message.lines)),
                title=shown(message.title),
                body_format="markdown" if body_format == "markdown" else "text",  # as text, Apprise escapes it for HTML
                notify_type=apprise.NotifyType(message.severity),
            )
        )


def _mark(plugin: Any, key: str) -> None:
    """Put the key where the channel has room for headers."""
    headers = getattr(plugin, "headers", None)
    if key and isinstance(headers, dict):
        headers["Idempotency-Key"] = key


def _is_public(plugin: Any) -> bool:
    """Whether none of the machines that it would speak to is in a private network; a service's own name none."""
    is_named = any("{host}" in template for template in plugin.templates)
    hosts = {getattr(plugin, "host", None) if is_named else None, getattr(plugin, "smtp_host", None)}
    return all(_is_public_host(host.strip("[]")) for host in hosts if isinstance(host, str) and host)


def _is_public_host(host: str) -> bool:
    """By every address it has; one that nobody knows can't be reached anyway."""
    try:
        found = {str(known[4][0]) for known in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return True
    return all(ipaddress.ip_address(one.partition("%")[0]).is_global for one in found)


def escaped(text: str) -> str:
    """``harmless``, and nothing in it is markup: a mark is followed by a space without width, and so is no pair."""
    return _MARKUP.sub(lambda found: f"{found[0]}{_NO_WIDTH}", harmless(text))


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
