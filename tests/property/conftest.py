"""How long hypothesis may look: many values a statement, few statements, no deadline on a shared machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from unit.support import Bench

from truecost.warehouse import IN_MEMORY, connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Of a planted fault (tests/mutate.py) it is enough that it is found.
_PHASES = [
    phase for phase in Phase if not (phase in (Phase.shrink, Phase.explain) and os.environ.get("TRUECOST_MUTANT"))
]

settings.register_profile(
    "books",
    phases=_PHASES,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
settings.load_profile("books")


@pytest.fixture(scope="session")
def con() -> Iterator[DuckDBPyConnection]:
    """A connection with the macros, for statements that leave nothing behind."""
    with connect(IN_MEMORY) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@pytest.fixture
def bench(folder: Path) -> Iterator[Bench]:
    """Books in memory; an example that needs them empty opens its own."""
    opened = Bench.open(folder)
    yield opened
    opened.close()
