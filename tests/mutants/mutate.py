"""Put each fault of mutants.toml into the SQL, run its tests, and see that one of them fails: ``make mutants``.

Without an argument every mutant is tried; numbers name some. Each runs in a process of its own, where the SQL reads as
if the fault stood in its file; no file is touched. The tests must pass without any fault, or nothing is shown.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from truecost.store import sql as queries

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
MUTANTS = HERE / "mutants.toml"
SEED = 1  # so that a fault found once is found again
STEPS = "600"  # of the machine over time: enough for what is planted here
PERCENT = "20"  # of the values of a property, as in `make test`


@dataclass(frozen=True)
class Mutant:
    """A fault: in ``sql/<file>.sql`` ``replaced`` becomes ``planted``."""

    number: int
    file: str
    replaced: str
    planted: str
    tests: tuple[str, ...]


def mutants() -> list[Mutant]:
    """Every mutant of mutants.toml.

    Raises:
        SystemExit: what one replaces does not stand in its file exactly once.
    """
    listed = tomllib.loads(MUTANTS.read_text("utf-8"))["mutants"]
    found = [
        Mutant(number, item["file"], item["from"], item["to"], tuple(item["tests"]))
        for number, item in enumerate(listed, start=1)
    ]
    for mutant in found:
        times = queries.text_of(mutant.file).count(mutant.replaced)
        if times != 1:
            raise SystemExit(f"mutant {mutant.number}: sql/{mutant.file}.sql holds {mutant.replaced!r} {times} times")
    return found


class First:
    """The first test that fails, told to a pipe."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.pipe, f"{report.nodeid}\n".encode())


def caught_by(mutant: Mutant | None, tests: Iterable[str]) -> str | None:
    """The test that fails in a process whose SQL has the fault; None where all pass."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 2
        with contextlib.suppress(BaseException):
            code = _tested(mutant, tests, First(writing))
        os._exit(code)
    os.close(writing)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os.set_blocking(reading, False)  # a child that another thread forked meanwhile may hold the other end
    with os.fdopen(reading, "rb", buffering=0) as told:
        first = (told.read(1000) or b"").decode().partition("\n")[0]
    if code not in (0, 1):
        raise SystemExit(f"the tests of mutant {mutant.number if mutant else 'none'} could not be run ({code})")
    return first or "a test" if code else None


def _tested(mutant: Mutant | None, tests: Iterable[str], first: First) -> int:
    """Exit status of pytest: 0 where all pass, 1 where one fails."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    read: Callable[[str], str] = queries.text_of
    if mutant:

        def text_of(name: str) -> str:
            text = read(name)
            return text.replace(mutant.replaced, mutant.planted) if name == mutant.file else text

        queries.text_of = text_of
    os.environ |= {
        "TRUECOST_STEPS": STEPS,
        "TRUECOST_EXAMPLES": PERCENT,
        "TRUECOST_MUTANT": str(mutant.number if mutant else 0),
    }
    os.chdir(TESTS.parent)
    sys.path.insert(0, str(TESTS.parent))  # as `python -m pytest` does
    told = ["-x", "-q", "-p", "no:cacheprovider", "-n0", f"--hypothesis-seed={SEED}"]
    return int(pytest.main([*told, *(str(TESTS / test) for test in tests)], [first]))


def main(numbers: list[int]) -> int:
    chosen = [mutant for mutant in mutants() if not numbers or mutant.number in numbers]
    needed = sorted({test for mutant in chosen for test in mutant.tests})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        broken = list(filter(None, pool.map(lambda test: caught_by(None, [test]), needed)))
        if broken:
            _say(f"these fail without any mutant: {', '.join(broken)}")
            return 1
        alive = 0
        for mutant, test in zip(chosen, pool.map(lambda mutant: caught_by(mutant, mutant.tests), chosen), strict=True):
            fate = f"caught by {test.rpartition('::')[2]}" if test else "SURVIVED"
            _say(f"{mutant.number:>3}  {mutant.file}: {mutant.replaced!r} -> {mutant.planted!r}  {fate}")
            alive += test is None
    _say(f"{len(chosen) - alive} of {len(chosen)} mutants are caught")
    return 1 if alive else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]]))
