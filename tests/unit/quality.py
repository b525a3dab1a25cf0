"""Results files and request logs written by rule, and a bench that reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unit.support import Bench

NAMED = "2026-09-30T18-32-58.151999"


def results(scores: Mapping[str, Mapping[str, Any]], **report: Any) -> str:
    """A results file of lm-evaluation-harness 0.4, laid out as it writes them; ``report`` are further keys."""
    whole = {"results": scores, "versions": dict.fromkeys(scores, 1.0), **report}
    return json.dumps(whole, indent=2)


def open_bench(folder: Path, **sources: Mapping[str, Any]) -> Bench:
    """A bench with the model ``bot``; ``sources`` are sources by name, each with a ``format`` and further settings."""
    listed = [{"name": name, "path": f"inbox/{name}/*", **settings} for name, settings in sources.items()]
    return Bench.open(folder, {"sources": listed, "models": [{"id": "bot"}]})
