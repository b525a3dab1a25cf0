"""Killing a command from outside, at any moment, loses nothing: run again, it comes to what it would have come to.

A small process holds the slow imports and forks a child for every command, so that the moments fall on the command's
own work. The child runs the real command line; nothing in it knows that it will be killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import duckdb
import pytest

from truecost import steps
from truecost.clock import Clock
from truecost.store.sql import identifier
from truecost.store.warehouse import connect
from truecost.workspace.workspace import load_workspace

SEED = 20261005
KILLED = -signal.SIGKILL
FIRST_DELIVERIES = (
    "inbox/aws/2025-11.csv",
    "inbox/slurm/2025-11.txt",
    "inbox/annotators/2026-07-bright-labels.csv",  # some of its rows are quarantined
)
SECOND_DELIVERIES = ("inbox/runs/training_runs.csv", "inbox/rates/gpu_rates.csv")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "accounting"
Q1, CLOSE_DAY = "FY2026-Q1", "2026-04-08"
CLOSE = ("close", "--quarter", Q1, "--approver", "cfo", "--as-of", CLOSE_DAY)
REOPEN = ("reopen", "--quarter", Q1, "--reason", "late bill", "--by", "cfo", "--as-of", CLOSE_DAY)
WALL_CLOCK = {"finished_at", "applied_at"}

MANY_FILES = """
[workspace]
name = "many-files"
landing = "move"
as_of = 2026-10-05

[[sources]]
name = "rates"
format = "rate_card"
path = "inbox/*.csv"
"""

pytestmark = pytest.mark.slow

NURSERY = """
import json, os, select, shutil, signal, sys, time
import duckdb, great_expectations, pandas, pyarrow
import truecost.cli.commands, truecost.cli.tables, truecost.steps, truecost.workspace.workspace
from truecost import progress
from truecost.cli import main

def watch_steps(root, log, snapshots, dies_at):
    # A step: a file is put in its place, or the command says what it begins. Right before each, keep the workspace as a
    # kill would leave it, or be killed.
    said = []
    def step(what):
        said.append(what)
        os.write(log, (what + chr(10)).encode())
        if snapshots:
            shutil.copytree(root, f"{snapshots}/{len(said):02d}", symlinks=True)
        if what == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
    def hear(event, arguments):
        if event in ("os.rename", "os.link") and str(arguments[1]).startswith(root):
            step(str(arguments[1])[len(root):])
    sys.addaudithook(hear)
    progress.say = lambda what, *item: step(what)

print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (os.open(asked["log"], os.O_WRONLY), 1)):
            os.dup2(source, target)
        os.dup2(1, 2)
        if asked["steps"]:
            log = os.open(asked["steps"], os.O_WRONLY | os.O_APPEND)
            watch_steps(asked["root"], log, asked["snapshots"], asked["dies_at"])
        sys.argv = ["truecost", *asked["arguments"]]
        code = 1
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    handle = os.pidfd_open(child)
    while asked["until"] and not os.path.exists(asked["until"]) and not select.select([handle], [], [], 0)[0]:
        pass
    ended, _, _ = select.select([handle], [], [], asked["killed_after"])
    if not ended:
        os.kill(child, signal.SIGKILL)
    os.close(handle)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps({"status": status, "seconds": time.monotonic() - started}), flush=True)
"""

Tables = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Nursery:
    """The process that runs commands in children of its own."""

    process: subprocess.Popen[str]
    log: Path

    def run(
        self,
        *arguments: str | Path,
        killed_after: float | None = None,
        until: Path | None = None,
        watched: Path | None = None,
        snapshots: Path | None = None,
        dies_at: str | None = None,
    ) -> tuple[int, float]:
        """(exit code, or minus the signal; seconds taken) of ``truecost ARGUMENTS``.

        The seconds until it is killed count from its start, or from when the path ``until`` comes to be. Of a
        workspace that is ``watched`` it tells the steps (:attr:`steps`): it keeps what is on disk right before each as
        a folder in ``snapshots``, and dies right before the first of the name ``dies_at``.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.log.write_text("")
        self._steps.write_text("")
        asked = {
            "steps": watched and str(self._steps),
            "root": watched and f"{watched}/",
            "snapshots": snapshots and str(snapshots),
            "dies_at": dies_at,
            "arguments": [*map(str, arguments)],
            "killed_after": killed_after,
            "until": until and str(until),
            "log": str(self.log),
        }
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["status"], answer["seconds"]

    @property
    def steps(self) -> list[str]:
        """The steps of the last command, up to the one it died at: what it put in place, and what it said."""
        return self._steps.read_text("utf-8").splitlines()

    @property
    def _steps(self) -> Path:
        return self.log.with_name("steps")

    def finish(self, *arguments: str | Path) -> float:
        """Run a command to its end; returns the seconds it took."""
        status, seconds = self.run(*arguments)
        assert status == 0, self.log.read_text()
        return seconds


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    home = tmp_path_factory.mktemp("nursery")
    environment = {**os.environ, "TMPDIR": str(home)}
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Nursery(process, home / "log")
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a file or two of each format, nothing of it run yet."""
    root = tmp_path_factory.mktemp("small") / "workspace"
    root.mkdir()
    deliver(root, FIRST_DELIVERIES)
    with as_file(files("truecost.examples").joinpath("demo")) as demo:
        shutil.copy(demo / "truecost.toml", root)
        shutil.copytree(demo / "plans", root / "plans")
    # Suites of its own, shorter ones: the moments then fall on the writing more than on the judging.
    (root / "expectations").mkdir()
    for dataset in ("charges", "invoices", "jobs", "rates", "training_runs"):
        suite = json.loads(files("truecost.expectations").joinpath(f"{dataset}.json").read_text("utf-8"))
        kept = [item for item in suite["expectations"] if item["kwargs"].get("column") == "amount_check"]
        shorter = {**suite, "expectations": kept or suite["expectations"][:1]}
        (root / "expectations" / f"{dataset}.json").write_text(json.dumps(shorter), "utf-8")
    return root


@pytest.fixture(scope="module")
def redelivered(nursery: Nursery, untouched: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same workspace, set to move what it takes in, and published; then given new files and a restated bill."""
    root = shutil.copytree(untouched, tmp_path_factory.mktemp("redelivered") / "workspace")
    config = root / "truecost.toml"
    config.write_text(config.read_text("utf-8").replace("[workspace]", '[workspace]\nlanding = "move"', 1), "utf-8")
    bill = (root / FIRST_DELIVERIES[0]).read_text("utf-8").splitlines(keepends=True)
    nursery.finish("ingest", "-w", root)
    nursery.finish("publish", "-w", root)
    assert not [path for path in (root / "inbox").rglob("*") if path.is_file()]
    deliver(root, SECOND_DELIVERIES)
    (root / FIRST_DELIVERIES[0]).write_text("".join(bill[:-5]), "utf-8")
    return root


def test_ingest_killed_while_it_lands_files_comes_to_the_same_landing(nursery: Nursery, tmp_path: Path) -> None:
    template = tmp_path / "template"
    (template / "inbox").mkdir(parents=True)
    for number in range(60):
        (template / f"inbox/{number:02d}.csv").write_text(f"gpu_type,price_{number}\n" * 50, "utf-8")
    (template / "truecost.toml").write_text(MANY_FILES, "utf-8")
    undisturbed = shutil.copytree(template, tmp_path / "undisturbed")
    assert land(undisturbed) == 60
    expected = landing_of(undisturbed)
    assert len(expected) == 120  # the log's entries, and the objects

    dice = random.Random(SEED)
    for number in range(10):
        root = shutil.copytree(template, tmp_path / f"killed-{number}")
        reached = root / f"landing/log/{dice.randrange(1, 60):08d}.json"
        status, _ = nursery.run("ingest", "-w", root, until=reached, killed_after=0.01 * dice.random())
        assert status == KILLED, nursery.log.read_text()
        logged = len(list((root / "landing/log").glob("*.json")))
        assert logged >= int(reached.stem)
        assert land(root) == 60 - logged
        assert landing_of(root) == expected, f"the landing differs after a kill at the {logged}th file"
        assert not list((root / "inbox").iterdir())


def test_ingest_killed_at_any_moment_comes_to_the_same_ledger(
    nursery: Nursery, untouched: Path, tmp_path: Path
) -> None:
    kill_and_run_again(nursery, untouched, "ingest", times=6, folder=tmp_path)


def test_ingest_of_later_deliveries_killed_at_any_moment_comes_to_the_same_ledger(
    nursery: Nursery, redelivered: Path, tmp_path: Path
) -> None:
    kill_and_run_again(nursery, redelivered, "ingest", times=6, folder=tmp_path)


def test_publish_killed_at_any_moment_comes_to_the_same_file(
    nursery: Nursery, redelivered: Path, tmp_path: Path
) -> None:
    ingested = shutil.copytree(redelivered, tmp_path / "ingested")
    nursery.finish("ingest", "-w", ingested)
    kill_and_run_again(nursery, ingested, "publish", times=18, folder=tmp_path)


def test_a_warehouse_is_never_there_before_it_is_whole(tmp_path: Path) -> None:
    """DuckDB opens no file whose making was cut short: a kill in that moment would leave the workspace unusable."""
    three_headers = 3 * 4096
    making = (
        "import sys\nfrom truecost.store.warehouse import connect\n"
        "for number in range(10): connect(f'{sys.argv[1]}/{number}.duckdb').close()"
    )
    with subprocess.Popen([sys.executable, "-c", making, str(tmp_path)]) as process:
        for number in range(10):
            assert size_at_first_sight(tmp_path / f"{number}.duckdb", process) >= three_headers
    assert process.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{number}.duckdb" for number in range(10))


def test_the_write_ahead_log_of_a_warehouse_that_is_gone_does_no_harm(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    warehouse.with_name("warehouse.duckdb.wal").write_bytes(b"of another time" * 100)
    with connect(warehouse) as con:
        assert con.execute("SELECT count(*) FROM log.deliveries").fetchone() == (0,)
    assert [path.name for path in tmp_path.iterdir()] == ["warehouse.duckdb"]


@pytest.fixture(scope="module")
def books(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example on 8 April, its first quarter ready to be closed."""
    root = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("books") / "workspace")
    for command in ("ingest", "publish"):
        nursery.finish(command, "-w", root, "--as-of", CLOSE_DAY)
    return root


@dataclass(frozen=True)
class Watched:
    """A command that nothing disturbed: its steps, what was on disk right before each, and what it came to."""

    steps: list[str]
    snapshots: list[Path]
    root: Path


def watched(nursery: Nursery, template: Path, folder: Path, *command: str) -> Watched:
    root = shutil.copytree(template, folder / "undisturbed")
    (folder / "snapshots").mkdir()
    status, _ = nursery.run(*command, "-w", root, watched=root, snapshots=folder / "snapshots")
    assert status == 0, nursery.log.read_text()
    snapshots = sorted((folder / "snapshots").iterdir())
    assert len(snapshots) == len(nursery.steps)
    return Watched(nursery.steps, snapshots, root)


@pytest.fixture(scope="module")
def closed(nursery: Nursery, books: Path, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return watched(nursery, books, tmp_path_factory.mktemp("closed"), *CLOSE)


@pytest.fixture(scope="module")
def reopened(nursery: Nursery, closed: Watched, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return watched(nursery, closed.root, tmp_path_factory.mktemp("reopened"), *REOPEN)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_close_that_died_at_any_step_is_finished_by_the_same_command(
    nursery: Nursery, closed: Watched, tmp_path: Path
) -> None:
    assert len(closed.steps) > 15
    first, last = closed.steps.index("journal/00000001.json"), closed.steps.index("journal/00000002.json")
    expected = outcome_of(closed.root)
    assert expected["report"]["status"] == "closed"
    for number, (step, snapshot) in enumerate(zip(closed.steps, closed.snapshots, strict=True)):
        root = shutil.copytree(snapshot, tmp_path / f"{number:02d}")
        status, _ = nursery.run(*CLOSE, "-w", root)
        told = nursery.log.read_text()
        assert ("It is finished now as cfo approved it" in told) == (first < number <= last), f"{step}: {told}"
        assert ("is closed already" in told) == (status == 1) == (number > last), f"{step}: {told}"
        assert_same_outcome(root, expected, step)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_reopening_that_died_at_any_step_is_finished_by_the_same_command(
    nursery: Nursery, reopened: Watched, tmp_path: Path
) -> None:
    first = reopened.steps.index("journal/00000003.json")
    expected = outcome_of(reopened.root)
    assert expected["report"]["status"] == "preliminary"
    for number, (step, snapshot) in enumerate(zip(reopened.steps, reopened.snapshots, strict=True)):
        root = shutil.copytree(snapshot, tmp_path / f"{number:02d}")
        nursery.finish(*REOPEN, "-w", root)
        told = nursery.log.read_text()
        assert ("It is finished now as cfo asked for it: late bill" in told) == (number > first), f"{step}: {told}"
        assert_same_outcome(root, expected, step)


@pytest.mark.parametrize("dies_at", ["closed/head.json", "publishing", "reports/FY2026-Q1/true-cost.json"])
def test_a_close_that_was_killed_is_finished_as_it_was_approved(
    nursery: Nursery, books: Path, closed: Watched, tmp_path: Path, dies_at: str
) -> None:
    root = shutil.copytree(books, tmp_path / "killed")
    status, _ = nursery.run(*CLOSE, "-w", root, watched=root, dies_at=dies_at)
    assert status == KILLED, nursery.log.read_text()
    nursery.finish("status", "-w", root)
    cut_short = "the close of FY2026-Q1, version 1, approved by cfo, was cut short"
    assert cut_short in nursery.log.read_text()
    assert "`truecost publish` finishes it" in nursery.log.read_text()
    assert nursery.run("doctor", "-w", root)[0] == 1
    assert f"fault: {cut_short}" in nursery.log.read_text()
    assert nursery.run(*CLOSE, "--dry-run", "-w", root)[0] == 1
    assert cut_short in nursery.log.read_text()

    nursery.finish("close", "--quarter", "FY2026-Q1", "--approver", "someone else", "-w", root, "--as-of", "2026-07-10")
    assert "--approver someone else of this call counts for nothing" in nursery.log.read_text()
    nursery.finish("publish", "-w", root, "--as-of", CLOSE_DAY)
    assert_same_outcome(root, outcome_of(closed.root), dies_at)
    nursery.finish("doctor", "-w", root)
    nursery.finish("status", "-w", root)
    assert "cut short" not in nursery.log.read_text()
    assert nursery.run(*CLOSE, "-w", root)[0] == 1
    assert "FY2026-Q1 is closed already, version 1, approved by cfo" in nursery.log.read_text()


@pytest.mark.parametrize("command", ["publish", "report", "ingest", "reopen"])
def test_any_command_that_writes_first_finishes_a_close_that_died(
    nursery: Nursery, closed: Watched, tmp_path: Path, command: str
) -> None:
    """So its report holds what was known when it was closed, though new files and other settings have come since."""
    root = shutil.copytree(closed.snapshots[closed.steps.index("reports/reports.duckdb")], tmp_path / "killed")
    if command == "ingest":
        shutil.copytree(root / "late" / "inbox", root / "inbox", dirs_exist_ok=True)
    more = {"report": ["--quarter", "FY2025-Q4"], "reopen": REOPEN[1:-2]}.get(command, [])
    nursery.run(command, *more, "-w", root, "--as-of", "2026-07-10")
    kept = outcome_of(root)["kept"]
    assert kept == outcome_of(closed.root)["kept"], nursery.log.read_text()
    assert kept["status"] == "closed"
    with duckdb.connect(str(root / "reports/reports.duckdb"), read_only=True) as con:
        told = con.execute("SELECT DISTINCT status, version FROM finance.true_cost_by_quarter WHERE quarter = ?", [Q1])
        assert told.fetchall() == [("preliminary", 2) if command == "reopen" else ("closed", 1)]


def test_a_reopening_that_was_killed_is_finished_as_it_was_asked_for(
    nursery: Nursery, closed: Watched, reopened: Watched, tmp_path: Path
) -> None:
    root = shutil.copytree(closed.root, tmp_path / "killed")
    status, _ = nursery.run(*REOPEN, "-w", root, watched=root, dies_at="publishing")
    assert status == KILLED, nursery.log.read_text()
    assert nursery.run("doctor", "-w", root)[0] == 1
    assert "the reopening of FY2026-Q1, version 1, asked for by cfo, was cut short" in nursery.log.read_text()
    nursery.finish(*REOPEN[:3], "--reason", "another", "--by", "cfo", *REOPEN[-2:], "-w", root)
    assert "--reason another of this call counts for nothing" in nursery.log.read_text()
    assert_same_outcome(root, outcome_of(reopened.root), "publishing")
    assert nursery.run(*REOPEN, "-w", root)[0] == 1
    assert "FY2026-Q1 is not closed; no quarter is" in nursery.log.read_text()


def test_a_close_is_finished_on_a_warehouse_that_was_made_anew(
    nursery: Nursery, closed: Watched, tmp_path: Path
) -> None:
    root = shutil.copytree(closed.snapshots[closed.steps.index("reports/reports.duckdb")], tmp_path / "killed")
    for path in root.glob("warehouse.duckdb*"):
        path.unlink()
    shutil.rmtree(root / "reports")
    nursery.finish("publish", "-w", root, "--as-of", CLOSE_DAY)
    assert_same_outcome(root, outcome_of(closed.root), "made anew")


def outcome_of(root: Path) -> dict[str, Any]:
    """What a close comes to, without the time of day and the hashes that rest on it."""
    held = [json.loads(path.read_text("utf-8")) for path in sorted((root / "journal").glob("0*.json"))]
    views = rows_by_table(root / "reports/reports.duckdb")
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        mirrored = con.execute("SELECT event_id, kind FROM outlook.events ORDER BY 1").fetchall()
    return {
        "journal": [(event["kind"], plain(event["data"])) for event in held],
        "mirrored": mirrored,
        "views": {name: rows for name, rows in views.items() if not name.endswith(".publication")},
        "report": plain(json.loads((root / "reports/FY2026-Q1/true-cost.json").read_text("utf-8"))),
        "csv": (root / "reports/FY2026-Q1/true-cost.csv").read_bytes(),
        "kept": plain(json.loads((root / "closed/FY2026-Q1/1/report/true-cost.json").read_text("utf-8"))),
        "files": [name for name in files_of(root) if not name.endswith(".wal")],
    }


def plain(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in ("recorded_at", "fingerprint", "files")} | {
        "files": sorted(told.get("files", ()))
    }


def assert_same_outcome(root: Path, expected: dict[str, Any], when: str) -> None:
    for name, found in outcome_of(root).items():
        assert found == expected[name], f"{name} differs after it died right before: {when}"


def kill_and_run_again(nursery: Nursery, template: Path, command: str, times: int, folder: Path) -> None:
    """Kill ``truecost COMMAND`` at ``times`` moments spread over its work, each on a workspace of its own."""
    timed = []
    for number in range(2):
        undisturbed = shutil.copytree(template, folder / f"undisturbed-{number}")
        timed.append(nursery.finish(command, "-w", undisturbed))
    whole = min(timed)
    expected, expected_files = tables_of(undisturbed), files_of(undisturbed)
    assert expected["warehouse.duckdb: ledger.charges"]
    before, after = published_of(template), published_of(undisturbed)

    dice = random.Random(SEED)
    killed = 0
    for attempt in range(2 * times):
        root = shutil.copytree(template, folder / f"killed-{attempt}")
        for again in range(1 + attempt % 2):  # every other one is killed once more while it recovers
            moment = whole * (killed + dice.random()) / times
            status, seconds = nursery.run(command, "-w", root, killed_after=moment)
            assert status in (KILLED, 0), nursery.log.read_text()
            killed += status == KILLED
            if status == 0 and not again:  # it was quicker than expected
                whole = min(whole, seconds)
            found = published_of(root)
            assert found in (before, after), "the published file is neither the old one nor the new one"
        nursery.finish(command, "-w", root)
        tables = tables_of(root)
        assert tables.keys() == expected.keys()
        for name, rows in expected.items():
            assert tables[name] == rows, f"{name} differs after a kill at {moment:.3f} s"
        assert files_of(root) == expected_files, f"something is left over from a kill at {moment:.3f} s"
        shutil.rmtree(root)
        if killed >= times:
            return
    raise AssertionError(f"only {killed} died at work")


def size_at_first_sight(path: Path, process: subprocess.Popen[bytes]) -> int:
    name = str(path)
    while process.poll() is None or path.exists():
        for _ in range(1000):
            with contextlib.suppress(FileNotFoundError):
                return os.stat(name).st_size  # noqa: PTH116 (the fastest look there is)
    raise AssertionError(f"{path} never came to be")


def deliver(root: Path, deliveries: tuple[str, ...]) -> None:
    with as_file(files("truecost.examples").joinpath("demo")) as demo:
        for name in deliveries:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(demo / name, root / name)


def land(root: Path) -> int:
    workspace = load_workspace(root)
    return steps.land(workspace, Clock(workspace.config.workspace.as_of))


def landing_of(root: Path) -> dict[str, bytes]:
    """What the landing holds, but for its notes on the inbox; what is left over is there too."""
    landing = root / "landing"
    found = {path.relative_to(landing).as_posix(): path for path in landing.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name != "seen.json"}


def tables_of(root: Path) -> Tables:
    """Every table of the workspace's databases, rows in order, but for the columns that tell the time of day."""
    return {
        f"{path.name}: {name}": rows
        for path in (root / "warehouse.duckdb", root / "reports/reports.duckdb")
        if path.exists()
        for name, rows in rows_by_table(path).items()
    }


def published_of(root: Path) -> Tables | None:
    path = root / "reports/reports.duckdb"
    return rows_by_table(path) if path.exists() else None


# Hashes of what tells the time of day.
SAME = {"log.steps": "step <> 'publish'", "log.contents": "table_name <> 'log.deliveries'"}


def rows_by_table(path: Path) -> Tables:
    with duckdb.connect(str(path), read_only=True) as con:
        columns = con.execute(
            "SELECT schema_name || '.' || table_name, list(column_name ORDER BY column_index) "
            "FROM duckdb_columns() SEMI JOIN duckdb_tables() USING (table_oid) WHERE NOT internal GROUP BY ALL"
        ).fetchall()
        return {
            table: con.execute(
                f"SELECT {', '.join(told(names))} FROM {table} WHERE {SAME.get(table, 'TRUE')} ORDER BY ALL"
            ).fetchall()
            for table, names in columns
        }


def told(columns: list[str]) -> list[str]:
    return [identifier(name) for name in columns if name not in WALL_CLOCK]


def files_of(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
