"""What a step works with, made once: the warehouse, open; the workspace; the clock; the closes, read from the journal.

A session tells the workspace and the day to the SQL as it is made, so none can be had untold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from truecost.archive.closes import Closes
from truecost.archive.integrity import sound_closes
from truecost.books.settings import tell
from truecost.clock import Clock
from truecost.store.machine import in_plain_words
from truecost.store.warehouse import connect
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Session:
    """A warehouse that knows its workspace, the day, and which quarters are closed."""

    con: DuckDBPyConnection
    workspace: Workspace
    clock: Clock
    closes: Closes

    def __post_init__(self) -> None:
        tell(self.con, self.workspace, self.clock)


@contextmanager
def open_session(workspace: Workspace, clock: Clock) -> Iterator[Session]:
    """The warehouse of ``workspace``, for one step.

    Raises:
        WarehouseBusy: another process has it open.
        TruecostError: the journal or what was frozen is not as it was written, or the machine denies a step its disk.
        ConfigError: a setting was changed that gives closed figures their meaning.
    """
    with in_plain_words(), connect(workspace.warehouse, workspace.wait) as con:
        yield Session(con, workspace, clock, sound_closes(workspace, con))
