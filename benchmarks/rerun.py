"""A run with nothing to do against an empty Prefect flow, in turn, each in a process of its own.

    python benchmarks/rerun.py [--runs 3] [--api URL]

A is a second `truecost run` on the example workspace; B is a flow without a line in it. Without `--api`, both boot
Prefect's temporary server. It fails where A takes more than 1.5 times B and 5 seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_FACTOR = 1.5
_SECONDS_MORE = 5.0
_EMPTY_FLOW = """
import truecost.flows
from prefect import flow

@flow
def empty():
    pass

empty()
"""


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """(wall seconds, what it printed) of a process."""
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    return seconds, done.stdout


def main() -> None:
    """Alternate A and B, and print the medians beside the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--api", metavar="URL", help="the API of a Prefect server that is up already")
    options = parser.parse_args()
    truecost = [sys.executable, "-m", "truecost"]
    with tempfile.TemporaryDirectory() as name:
        demo = Path(name) / "demo"
        environment = {**os.environ, "PREFECT_HOME": f"{name}/prefect"}
        environment |= {"PREFECT_API_URL": options.api} if options.api else {}
        first, _ = timed([*truecost, "demo", str(demo), "--json"], environment)
        print(f"first run {first:.1f} s")
        ours, theirs = [], []
        for _ in range(options.runs):
            seconds, said = timed([*truecost, "run", "--workspace", str(demo), "--json"], environment)
            did = json.loads(said)
            if did["landed"] or did["loaded"] or did["derived"] or did["published"]:
                raise SystemExit(f"the run was not one with nothing to do: {said}")
            ours.append(seconds)
            theirs.append(timed([sys.executable, "-c", _EMPTY_FLOW], environment)[0])
            print(f"  truecost run {ours[-1]:.1f} s, empty flow {theirs[-1]:.1f} s")
    a, b = statistics.median(ours), statistics.median(theirs)
    bound = _FACTOR * b + _SECONDS_MORE
    print(f"median: truecost run {a:.1f} s, empty flow {b:.1f} s; the bound is {bound:.1f} s")
    if a > bound:
        raise SystemExit("over the bound")


if __name__ == "__main__":
    main()
