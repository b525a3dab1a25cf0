"""Telling people, through Apprise. An address is a secret: it is in no message, no error and no log of ours."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from truecost.workspace.workspace import Workspace


def addresses(workspace: Workspace) -> list[str]:
    """The Apprise URLs in the environment variable that ``[alerts] urls_from`` names, split at white space."""
    return os.environ.get(workspace.config.alerts.urls_from, "").split()


def service(address: str) -> str:
    """What kind of address it is (``mailto``, ``slack``): the only part of one that may be shown."""
    scheme, found, _ = address.partition("://")
    return scheme if found and scheme.isalnum() else "unknown"


def deliver(address: str, title: str, body: str) -> bool:
    """Send one message to one address; returns whether it was taken."""
    import apprise

    with _silence():
        sender = apprise.Apprise()
        return bool(sender.add(address)) and bool(sender.notify(body=body, title=title, body_format="text"))


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
