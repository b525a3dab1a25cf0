"""Results files and request logs written by rule, and a bench that reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.support.books import Bench

NAMED = "2026-09-30T18-32-58.151999"

# An eval command: writes the score it is given, of the day it is told, as lm-evaluation-harness 0.4 does.
EVALUATE = """
import json, os, sys
from datetime import datetime
from pathlib import Path

score, day = float(sys.argv[1]), os.environ["TRUECOST_AS_OF"]
result = {
    "results": {"intents": {"alias": "intents", "acc,none": score, "acc_stderr,none": 0.01}},
    "higher_is_better": {"intents": {"acc": True}},
    "n-samples": {"intents": {"original": 1000, "effective": 1000}},
    "date": datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp(),
}
target = Path(os.environ["TRUECOST_WORKSPACE"], "inbox", "evals", f"{day}.json")
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(result), "utf-8")
"""


def results(scores: Mapping[str, Mapping[str, Any]], **report: Any) -> str:
    """A results file of lm-evaluation-harness 0.4, laid out as it writes them; ``report`` are further keys."""
    whole = {"results": scores, "versions": dict.fromkeys(scores, 1.0), **report}
    return json.dumps(whole, indent=2)


def put_score(root: Path, day: date, score: float) -> None:
    """Leave a score of the day in the inbox of a workspace, as its eval command would."""
    environment = {"TRUECOST_AS_OF": day.isoformat(), "TRUECOST_WORKSPACE": str(root)}
    command = [sys.executable, "-c", EVALUATE, str(score)]
    subprocess.run(command, env=environment, check=True, timeout=60)


def requests(
    first: date, days: int, a_day: int, seed: int, is_shifted: bool = False, intent: str = "refund"
) -> list[dict[str, str]]:
    """Requests spread over whole days; a shift makes them longer, and another language common."""
    draw = Random(seed)
    languages = [40, 20, 60] if is_shifted else [70, 25, 5]
    rows = []
    for number in range(days * a_day):
        moment = datetime(first.year, first.month, first.day) + timedelta(seconds=number * 86400 // a_day)
        rows.append(
            {
                "request_id": f"{seed}-{number}",
                "requested_at": moment.isoformat(sep=" "),
                "input_tokens": str(int(draw.lognormvariate(6 if is_shifted else 5, 1))),
                "output_tokens": str(int(draw.lognormvariate(4, 0.5))),
                "latency_ms": f"{draw.lognormvariate(7, 0.5):.1f}",
                "language": draw.choices(["en", "de", "pl"], languages)[0],
                "intent": draw.choice([intent, "delivery", "other"]),
                "temperature": str(draw.randrange(100) / 100),
            }
        )
    return rows


def open_bench(folder: Path, **sources: Mapping[str, Any]) -> Bench:
    """A bench with the model ``bot``; ``sources`` are sources by name, each with a ``format`` and further settings."""
    listed = [{"name": name, "path": f"inbox/{name}/*", **settings} for name, settings in sources.items()]
    return Bench.open(folder, {"sources": listed, "models": [{"id": "bot"}]})
