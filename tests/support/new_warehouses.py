"""New warehouses as copies of one: hundreds of tests begin with one, and a copy takes a seventh of the time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from truecost.store import warehouse
from truecost.store.sql import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def copied(folder: Path) -> Iterator[None]:
    """Whoever opens a warehouse that is not there finds a copy of the one that is made in ``folder`` at first need."""
    create, migrate = warehouse._create, warehouse._migrate

    @cache
    def made() -> Path:
        path = folder / "warehouse.duckdb"
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(warehouse, "_create", create)
            warehouse.connect(path).close()
        return path

    def put(path: Path) -> None:
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}.wal").unlink()
        shutil.copy(made(), path)

    def fill(con: DuckDBPyConnection, path: str) -> None:
        if path == warehouse.IN_MEMORY:
            con.execute(f"ATTACH {literal(str(made()))} AS made (READ_ONLY)")
            con.execute("COPY FROM DATABASE made TO memory")
            con.execute("DETACH made")
        migrate(con, path)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(warehouse, "_create", put)
        patched.setattr(warehouse, "_migrate", fill)
        yield
