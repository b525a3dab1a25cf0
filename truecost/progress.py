"""Progress: long steps say what they are at; whoever shows it listens. Quiet unless someone does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listener: Callable[[str], None] | None = None


def say(message: str) -> None:
    """Tell the listener, if there is one, what is being done."""
    if _listener is not None:
        _listener(message)


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Hear what steps say, for as long as the block lasts."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before
