"""The warehouse: one DuckDB file, opened by one process at a time, brought up to date by numbered migrations."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from truecost.errors import TruecostError, WarehouseBusy
from truecost.store.holder import holder, is_held, tell_waiting
from truecost.store.machine import denied, in_plain_words
from truecost.store.sql import names, query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

IN_MEMORY = ":memory:"
MACROS = "macros"  # the step that makes them
STORAGE_VERSION = "v1.4.0"  # of what we write: DuckDB reads it from then on, and writes it in two thirds of the time
AT_ONCE = timedelta(0)
_POLL_SECONDS = 0.2
_MEMORY_LIMIT_SHARE = 0.6


def connect(path: Path | str, wait: timedelta = AT_ONCE) -> DuckDBPyConnection:
    """Open the warehouse at ``path`` (or ``":memory:"``), migrated, with the macros loaded and the clock in UTC.

    Where another process has it open, ``wait`` is how long it is waited for.

    Raises:
        WarehouseBusy: another process still has it open.
        TruecostError: it is not a warehouse of this version, or the machine does not allow it.
    """
    with in_plain_words():
        con = _opened(path, wait)
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")
        if path != IN_MEMORY:
            for leftover in Path(path).parent.glob(f".new-*-{Path(path).name}"):
                leftover.unlink(missing_ok=True)
            con.execute("SET memory_limit = ?", [f"{_memory_limit_bytes()}B"])
        _migrate(con, str(path))
        _create_macros(con)
    return con


def _opened(path: Path | str, wait: timedelta) -> DuckDBPyConnection:
    import duckdb

    give_up = time.monotonic() + wait.total_seconds()
    while True:
        try:
            if path != IN_MEMORY and not Path(path).exists():
                _create(Path(path))
            return duckdb.connect(str(path))
        except duckdb.IOException as error:
            if is_held(error):
                who = holder(error)
                if time.monotonic() >= give_up:
                    raise WarehouseBusy(_busy(path, who, wait)) from error
            elif denied(error):
                raise
            else:
                raise TruecostError(
                    f"{path} can't be opened as a warehouse; move it away and run again to rebuild it"
                ) from error
        tell_waiting(who)
        time.sleep(_POLL_SECONDS)


def _busy(path: Path | str, who: str, wait: timedelta) -> str:
    waited = f"; it was waited for {wait.total_seconds():g} seconds (`wait` of [workspace])" if wait else ""
    return f"{path} is in use by {who}{waited}; run again when that has ended"


@contextmanager
def transaction(con: DuckDBPyConnection) -> Iterator[None]:
    """All or nothing."""
    con.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def last_fingerprint(con: DuckDBPyConnection, step: str) -> str | None:
    """The fingerprint ``step`` last finished with."""
    row = con.execute("SELECT fingerprint FROM log.steps WHERE step = ?", [step]).fetchone()
    return row[0] if row else None


def remember_fingerprint(con: DuckDBPyConnection, step: str, fingerprint: str) -> None:
    con.execute("DELETE FROM log.steps WHERE step = ?", [step])
    con.execute("INSERT INTO log.steps VALUES (?, ?, now() AT TIME ZONE 'UTC')", [step, fingerprint])


def _create(path: Path) -> None:
    """Make an empty database aside and put it in place in one step: DuckDB opens none whose making was cut short."""
    import duckdb

    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)  # of a warehouse that is gone
    temporary = path.with_name(f".new-{os.getpid()}-{path.name}")
    duckdb.connect(str(temporary), config={"storage_compatibility_version": STORAGE_VERSION}).close()
    with suppress(FileExistsError, FileNotFoundError):  # another process was first
        os.link(temporary, path)
    temporary.unlink(missing_ok=True)


def _migrate(con: DuckDBPyConnection, path: str) -> None:
    con.execute("CREATE TABLE IF NOT EXISTS migrations (name VARCHAR, applied_at TIMESTAMP)")
    applied = {row[0] for row in con.execute("SELECT name FROM migrations").fetchall()}
    known = {name.replace("schema/", "migrations/"): name for name in names("schema")}  # by the name a warehouse keeps
    if newer := applied - set(known):
        raise TruecostError(f"{path} is of a newer truecost (it has {min(newer)}); upgrade truecost to open it")
    for name, sql_name in known.items():
        if name not in applied:
            with transaction(con):
                con.execute(query(sql_name))
                con.execute("INSERT INTO migrations VALUES (?, now() AT TIME ZONE 'UTC')", [name])


def _create_macros(con: DuckDBPyConnection) -> None:
    """They stay in the warehouse and are made anew where their SQL has changed: that takes longer than to open it."""
    macros = [query(name) for name in names("macros")]
    fingerprint = hashlib.sha256("\n".join(macros).encode()).hexdigest()
    if last_fingerprint(con, MACROS) == fingerprint:
        return
    with transaction(con):
        for sql in macros:
            con.execute(sql)
        remember_fingerprint(con, MACROS, fingerprint)


def _memory_limit_bytes() -> int:
    """Well under the machine's memory and never over 4 GB: DuckDB spills to disk beyond it."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        total = 8_000_000_000
    return min(4_000_000_000, int(total * _MEMORY_LIMIT_SHARE))
