"""How much is tried: in `make test` a share of a property's values and of a table's cases, in `make test-slow` all."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

PERCENT = int(os.environ.get("TRUECOST_EXAMPLES", "100"))


def examples(whole: int) -> int:
    """The part of ``whole`` that ``TRUECOST_EXAMPLES`` (in percent; all by default) leaves, and 3 at least."""
    return max(min(whole, 3), whole * PERCENT // 100)


def put_off(items: Iterable[pytest.Item]) -> None:
    """Mark as slow, of each long table of cases, all but three: `make test` tries these, `make test-slow` the others.

    What is pure takes no time, and stays.
    """
    tables: dict[str, list[pytest.Item]] = {}
    for item in items:
        if "[" in item.name and item.get_closest_marker("pure") is None:
            tables.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for cases in tables.values():
        in_order = sorted(cases, key=lambda item: item.nodeid)
        tried = {in_order[place].nodeid for place in (0, len(cases) // 2, -1)}
        for case in cases:
            if case.nodeid not in tried:
                case.add_marker("slow")
