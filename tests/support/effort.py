"""How many values a property is tried with: a share of them in `make test`, every one in `make test-slow`."""

from __future__ import annotations

import os

PERCENT = int(os.environ.get("TRUECOST_EXAMPLES", "100"))


def examples(whole: int) -> int:
    """The part of ``whole`` that ``TRUECOST_EXAMPLES`` (in percent; all by default) leaves, and 3 at least."""
    return max(min(whole, 3), whole * PERCENT // 100)
