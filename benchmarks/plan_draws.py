"""A lifecycle's six options, drawn by month, against NumPy's own time for as many raw draws.

    python benchmarks/plan_draws.py [--draws 100000] [--months 24] [--runs 5] [--plans 10]

A is ``option_costs``: six options on the same drivers, each as an array of draws and months. B is NumPy filling an
array of draws x months x options with standard normals, and no more. They alternate in one process, timed by
the processor's time, since others may be at work. It fails where A
takes more than 3 B in the median of the pairs, where the process ever held 1 GB, or where ten plans take more than ten
times one, by a third.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from datetime import date

import numpy as np

from truecost.planning.events import Spread
from truecost.planning.lifecycle import option_costs
from truecost.workspace.lifecycle import APPROACHES, Lifecycle
from truecost.workspace.plans import months_between

_TIMES = 3
_GIGABYTE = 1_000_000  # in the kilobytes of ru_maxrss
_START = date(2026, 1, 1)


def options(draws: int, months: int, seed: int) -> float:
    """Seconds for the six options of a plan."""
    first = months_between(_START, date(2035, 12, 1))[:months]
    lifecycle = Lifecycle(approach="lora")
    started = time.process_time()
    costs = option_costs(lifecycle, first, draws, seed, Spread())
    seconds = time.process_time() - started
    if any(cost.shape != (draws, months) for cost in costs.values()):
        raise SystemExit("an option is not drawn by month")
    return seconds


def raw(draws: int, months: int, seed: int) -> float:
    """Seconds for as many standard normals."""
    random = np.random.default_rng(seed)
    started = time.process_time()
    random.standard_normal((draws, months, len(APPROACHES)))
    return time.process_time() - started


def main() -> None:
    """Alternate the two, and print the medians beside the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--plans", type=int, default=10)
    told = parser.parse_args()
    options(1000, told.months, 0)  # what is imported on first use is not timed
    pairs = [(options(told.draws, told.months, n), raw(told.draws, told.months, n)) for n in range(told.runs)]
    for ours, theirs in pairs:
        print(f"  options {ours:.2f} s, raw draws {theirs:.2f} s: {ours / theirs:.2f} times")
    times = statistics.median(ours / theirs for ours, theirs in pairs)
    one = statistics.median(ours for ours, _ in pairs)
    many = sum(options(told.draws, told.months, 100 + n) for n in range(told.plans))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"draws": told.draws, "months": told.months, "times": round(times, 2), "peak_kb": memory}))
    print(f"{told.plans} plans take {many / one:.1f} times one")
    if times > _TIMES:
        raise SystemExit(f"over the bound of {_TIMES} times NumPy's raw draws")
    if memory > _GIGABYTE:
        raise SystemExit("it held more than 1 GB")
    if many / one > 1.3 * told.plans:
        raise SystemExit(f"{told.plans} plans take more than {told.plans} times one")


if __name__ == "__main__":
    main()
