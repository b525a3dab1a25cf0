"""Progress: long steps say what they are at; whoever shows it listens. Quiet unless someone does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """What is being done; of ``total`` like things, the ``number``-th is ``item``. One that is told ``at_once`` is not
    kept until it has taken long: someone may want to do something about it."""

    what: str
    item: str | None = None
    number: int = 0
    total: int = 0
    at_once: bool = False


_listener: Callable[[Step], None] | None = None


def say(what: str, item: str | None = None, number: int = 0, total: int = 0, at_once: bool = False) -> None:
    """Tell the listener, if there is one, what is being done."""
    if _listener is not None:
        _listener(Step(what, item, number, total, at_once))


@contextmanager
def hearing_too(listener: Callable[[Step], None]) -> Iterator[None]:
    """Hear it beside whoever listens already."""
    before = _listener

    def both(step: Step) -> None:
        listener(step)
        if before is not None:
            before(step)

    with listening(both):
        yield


@contextmanager
def listening(listener: Callable[[Step], None]) -> Iterator[None]:
    """Hear what steps say, for as long as the block lasts."""
    global _listener
    before, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = before
