"""What the tests of whole runs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.prefect_server import serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prefect server of the module's own; its API's address."""
    with serving(tmp_path_factory.mktemp("prefect")) as api:
        yield api
