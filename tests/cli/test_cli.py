"""The command line: quick, documented, exact, quiet where nobody looks, and one sentence where something is wrong."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

from truecost import __version__, cli
from truecost.cli.commands import app
from truecost.publish.publishing import open_published
from truecost.workspace.scaffold import write_demo
from truecost.workspace.workspace import load_workspace

ROOT = Path(__file__).resolve().parents[2]
QUICK_SECONDS = 0.5
HEAVY = {"prefect", "great_expectations", "evidently", "pandas", "polars", "pyarrow", "duckdb", "altair"}
ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")
FAULTY = "inbox/annotators/2026-07-bright-labels.csv"

LOADED_FOR_HELP = """
import sys
sys.argv = ["truecost", *sys.argv[1:]]
from truecost.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print(sorted({name.split(".")[0] for name in sys.modules}))
"""
HOLD = """
import sys
import duckdb
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


class Said(NamedTuple):
    code: int
    out: str
    err: str


Say = Callable[..., Said]


@pytest.fixture
def own_demo(demo: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(demo, tmp_path / "demo")


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """``truecost ARGUMENTS`` through its entry point, in this process."""

    def run(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["truecost", *map(str, arguments)])
        code: Any = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run


def commands() -> Iterator[tuple[list[str], Any]]:
    """Every command there is: (its words, click's command)."""

    def below(words: list[str], command: Any) -> Iterator[tuple[list[str], Any]]:
        yield words, command
        for name, inner in getattr(command, "commands", {}).items():
            yield from below([*words, name], inner)

    return below([], typer.main.get_command(app))


# ---- Help


def test_help_comes_at_once() -> None:
    def seconds() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "truecost", "--help"], capture_output=True, check=True, timeout=60)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < QUICK_SECONDS


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    command = [sys.executable, "-c", LOADED_FOR_HELP, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout.splitlines()[-1].replace("'", '"')))
    assert "truecost" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=" ".join)
def test_every_command_says_what_it_does(say: Say, words: list[str]) -> None:
    command = next(command for names, command in commands() if names == words)
    assert (command.help or "").strip().endswith(".")
    for parameter in command.params:
        assert getattr(parameter, "help", None) or parameter.name in ("help", "charge"), (
            f"{' '.join(words)}: {parameter.name} is not explained"
        )
    said = say(*words, "--help")
    assert said.code == 0
    assert command.help.splitlines()[0][:50] in said.out
    assert said.err == ""


def test_the_version_is_told(say: Say) -> None:
    assert say("--version").out == f"truecost {__version__}\n"


# ---- What it shows


def test_status_counts_what_is_loaded_and_open(say: Say, demo: Path) -> None:
    said = say("status", "--workspace", demo)
    assert said.code == 0
    assert "3 rows are quarantined" in said.out
    assert "quarters FY2025-Q4, FY2026-Q1, FY2026-Q2, FY2026-Q3; models invoice-reader, support-bot." in said.out

    told = json.loads(say("status", "--workspace", demo, "--json").out)
    sources = {source["name"]: source for source in told["sources"]}
    with open_published(demo / "reports/reports.duckdb") as con:
        rows = con.execute("SELECT source, count(*), sum(rows_loaded)::INT FROM deliveries GROUP BY source").fetchall()
    assert {(name, source["files"], source["rows_loaded"]) for name, source in sources.items()} == set(rows)
    assert sum(source["files_waiting"] for source in sources.values()) == 0
    assert told["warnings"] == []
    asking = told["standing"].pop("alerts")
    assert {(alert["model_id"], alert["rule"]) for alert in asking} == {
        ("invoice-reader", "overspend"),
        ("support-bot", "drift"),
        ("support-bot", "eval_decay"),
    }
    assert told["standing"] == {"refused": [], "held": [], "quarantined_rows": 3}


def test_status_tells_what_waits_and_what_is_missing(say: Say, own_demo: Path) -> None:
    shutil.copyfile(own_demo / "inbox/slurm/2026-09.txt", own_demo / "inbox/slurm/2026-10.txt")
    config = own_demo / "truecost.toml"
    config.write_text(
        config.read_text("utf-8") + '[[sources]]\nname = "none"\nformat = "focus"\npath = "inbox/none/*.csv"\n', "utf-8"
    )
    told = json.loads(say("status", "-w", own_demo, "--json").out)
    assert {source["name"]: source["files_waiting"] for source in told["sources"] if source["files_waiting"]} == {
        "slurm": 1
    }
    assert told["warnings"] == ["none: no file matches inbox/none/*.csv"]


def test_sources_lists_what_is_configured_and_every_format(say: Say, demo: Path) -> None:
    said = say("sources", "-w", demo)
    for word in (
        "aws",
        "inbox/aws/*.csv",
        "focus",
        "slurm",
        "rate_card",
        "training_runs",
        "invoice_csv",
        "1.0, 1.1, 1.2",
    ):
        assert word in said.out
    told = {source["name"]: source for source in json.loads(say("sources", "-w", demo, "--json").out)}
    assert told["aws"]["files"][0] == "inbox/aws/2025-10.csv"
    assert len(told["aws"]["files"]) == 12


def test_a_file_can_be_checked_before_it_is_delivered(say: Say, demo: Path, tmp_path: Path) -> None:
    good = say("sources", "check", demo / "inbox/aws/2026-01.csv", "-w", demo)
    assert (good.code, "0 faulty" in good.out) == (0, True)

    elsewhere = shutil.copyfile(demo / FAULTY, tmp_path / "bill.csv")  # its format is told by its columns
    faulty = say("sources", "check", elsewhere, "-w", tmp_path)
    assert faulty.code == 0
    assert "invoice_csv, 8 rows read, 5 good, 3 faulty, 0 skipped" in faulty.out
    assert "bill.csv:5: amount '$1,250.00 '" in faulty.out
    assert say("sources", "check", elsewhere, "-w", tmp_path, "--strict").code == 3
    assert "and 2 more" in say("sources", "check", elsewhere, "-w", tmp_path, "--limit", "1").out

    told = json.loads(say("sources", "check", elsewhere, "-w", tmp_path, "--json").out)
    assert (told["rows_read"], told["rows_quarantined"]) == (8, 3)
    assert [fault["line"] for fault in told["faults"]] == [5, 6, 7]
    assert all(fault["remedy"] for fault in told["faults"])

    (tmp_path / "empty.csv").touch()
    refused = say("sources", "check", tmp_path / "empty.csv", "--format", "focus")
    assert refused.code == 1
    assert "refused as focus: the file is empty" in refused.out
    assert (
        list(tmp_path.iterdir()) == [tmp_path / "bill.csv", tmp_path / "empty.csv"]
        or len(list(tmp_path.iterdir())) == 2
    ), "a check leaves nothing behind"


def test_publish_and_report_say_whether_anything_changed(say: Say, own_demo: Path) -> None:
    assert "already up to date" in say("publish", "-w", own_demo).out
    assert "already up to date" in say("report", "-w", own_demo).out
    (own_demo / "reports/reports.duckdb").unlink()
    told = json.loads(say("publish", "-w", own_demo, "--json").out)
    assert told == {"file": str(own_demo / "reports/reports.duckdb"), "is_new": True}
    shutil.rmtree(own_demo / "reports/FY2026-Q1", ignore_errors=True)  # another test may have asked for it before
    told = json.loads(say("report", "-w", own_demo, "--quarter", "FY2026-Q1", "--json").out)
    assert (told["quarter"], told["is_new"]) == ("FY2026-Q1", True)
    assert (own_demo / "reports/FY2026-Q1/true-cost.html").is_file()


# ---- Where a figure is from


@pytest.mark.parametrize("model", ["support-bot", "invoice-reader", "unallocated"])
def test_the_charges_of_a_figure_add_up_to_it_exactly(say: Say, demo: Path, model: str) -> None:
    said = say("trace", "-w", demo, "--model", model, "--quarter", "FY2026-Q2", "--limit", "100000", "--json")
    told = json.loads(said.out)
    with open_published(demo / "reports/reports.duckdb") as con:
        (row,) = con.execute(
            "SELECT true_cost FROM true_cost_by_quarter "
            "WHERE coalesce(model_id, 'unallocated') = ? AND quarter = 'FY2026-Q2'",
            [model],
        ).fetchall()
    charged = [Decimal(charge["cost"]) for charge in told["charges"] if charge["cost"] is not None]
    assert told["count"] == len(told["charges"])
    assert sum(charged) == Decimal(told["total"]) == row[0]
    assert told["currency"] == "USD"


def test_the_cells_of_a_quarter_trace_back_to_its_figure(say: Say, demo: Path) -> None:
    def total(*options: str) -> Decimal:
        return Decimal(json.loads(say("trace", "-w", demo, *options, "--json").out)["total"])

    quarter = ("--model", "support-bot", "--quarter", "FY2026-Q2")
    with open_published(demo / "reports/reports.duckdb") as con:
        cells = con.execute(
            "SELECT stage, activity, cost_kind, cost FROM cost_by_stage "
            "WHERE model_id = 'support-bot' AND quarter = 'FY2026-Q2'"
        ).fetchall()
    assert len(cells) > 5
    for stage, activity, kind, cost in cells[:4]:
        assert total(*quarter, "--stage", stage, "--activity", activity, "--kind", kind) == cost
    assert sum(cost for *_, cost in cells) == total(*quarter)


def test_a_charge_leads_to_the_line_of_its_file(say: Say, demo: Path) -> None:
    said = say("trace", "-w", demo, "--model", "support-bot", "--quarter", "FY2026-Q2", "--json")
    for charge in json.loads(said.out)["charges"][:5]:
        told = json.loads(say("trace", "-w", demo, charge["charge_id"], "--json").out)
        raw = (demo / charge["file"]).read_text("utf-8").splitlines()
        assert told["line"] == charge["line"]
        assert told["text"] == raw[charge["line"] - 1]
        assert told["delivery"]["file"] == charge["file"]
        assert Path(told["landed_as"]).read_bytes() == (demo / charge["file"]).read_bytes()
        assert sum(Decimal(cost["cost"]) for cost in told["costs"]) >= Decimal(charge["cost"])
        if charge["file"].startswith("inbox/aws/"):
            named = dict(zip(next(csv.reader(raw[:1])), next(csv.reader([told["text"]])), strict=True))
            assert Decimal(named["EffectiveCost"]) == Decimal(told["charge"]["effective_cost"])
        shown = say("trace", "-w", demo, charge["charge_id"])
        assert told["text"] in shown.out
        assert f"{charge['file']}:{charge['line']}" in shown.out


# ---- New workspaces


def test_an_empty_workspace_is_one_that_works(say: Say, tmp_path: Path) -> None:
    said = say("init", tmp_path / "acme")
    assert said.code == 0
    assert f"truecost run -w {tmp_path / 'acme'}" in said.out
    assert load_workspace(tmp_path / "acme").name == "acme"
    assert say("ingest", "-w", tmp_path / "acme").out == "Nothing new to load.\n"
    before = (tmp_path / "acme/truecost.toml").read_bytes()
    again = say("init", tmp_path / "acme")
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "truecost.toml is there already and stays as it is" in again.err
    assert (tmp_path / "acme/truecost.toml").read_bytes() == before
    assert not list((tmp_path / "acme").glob(".new-*"))


def test_a_workspace_is_made_beside_its_exports_and_nothing_is_asked(say: Say, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/demo/inbox/aws", tmp_path / "bills/aws")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.csv")}
    command = [sys.executable, "-m", "truecost", "init", str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True)
    assert "aws: focus, 12 files (bills/aws/*.csv)" in done.stdout
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.csv")} == before
    assert not (tmp_path / "inbox").exists()
    assert json.loads(say("sources", "-w", tmp_path, "--json").out)[0]["format"] == "focus"


def test_the_schemas_are_written_anew_on_demand(say: Say, tmp_path: Path) -> None:
    say("init", tmp_path / "acme")
    schema = tmp_path / "acme/.truecost/truecost.schema.json"
    fresh = schema.read_bytes()
    schema.write_text("{}")
    assert say("schema", "-w", tmp_path / "acme").code == 0
    assert schema.read_bytes() == fresh
    nowhere = say("schema", "-w", tmp_path / "nowhere")
    assert (nowhere.code, nowhere.err.count("\n")) == (1, 1)
    assert "there is no workspace" in nowhere.err
    assert not (tmp_path / "nowhere").exists()


def test_the_demo_never_overwrites(say: Say, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/notes.txt").write_text("mine")
    said = say("demo", tmp_path / "own")
    assert said.code == 1
    assert "not empty; name another folder" in said.err
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["notes.txt"]

    changed = tmp_path / "changed"
    assert write_demo(changed)
    (changed / "truecost.toml").write_text("[workspace]\nname = 'mine'\n", "utf-8")
    (changed / FAULTY).write_text("mine", "utf-8")
    assert not write_demo(changed)
    assert (changed / "truecost.toml").read_text("utf-8") == "[workspace]\nname = 'mine'\n"
    assert (changed / FAULTY).read_text("utf-8") == "mine"


# ---- Exit codes and errors


def test_the_exit_code_says_how_it_went(say: Say, own_demo: Path, tmp_path: Path) -> None:
    assert say("ingest", "-w", own_demo).code == 0
    assert say("ingest", "-w", own_demo, "--strict").code == 3  # rows are quarantined
    (own_demo / "inbox/slurm/2026-10.txt").write_text("")
    refused = say("ingest", "-w", own_demo)
    assert refused.code == 1
    assert "refused: inbox/slurm/2026-10.txt: the file is empty" in refused.out
    told = json.loads(say("ingest", "-w", own_demo, "--json").out)
    assert told["standing"]["refused"] == [["inbox/slurm/2026-10.txt", "the file is empty; export it again"]]
    assert say("status", "-w", tmp_path / "nowhere").code == 2
    assert say("ingest", "--no-such-option").code == 2
    assert say("no-such-command").code == 2


def test_every_fault_of_the_configuration_is_told_with_its_line(say: Say, tmp_path: Path) -> None:
    (tmp_path / "truecost.toml").write_text(
        "[workspace]\nname = 'a'\nwarehose = 'x'\ntax = 'perhaps'\n\n[[sources]]\nname = 's'\nformat = 'focus'\n",
        "utf-8",
    )
    said = say("status", "-w", tmp_path)
    assert said.code == 2
    assert re.findall(r"truecost\.toml:(\d+): ", said.err) == ["3", "4", "6"]
    assert said.err.count("\n") == 3


ERRORS = [
    (["status", "-w", "nowhere"], "there is no workspace here"),
    (["report", "-w", "DEMO", "--quarter", "soon"], "write it like FY2026-Q3"),
    (["report", "-w", "DEMO", "--quarter", "FY1999-Q1"], "there is no cost in FY1999-Q1 or before it"),
    (["trace", "-w", "DEMO", "--model", "nobody"], "no charge fits"),
    (["trace", "-w", "DEMO", "1:99999:0"], "there is no charge 1:99999:0"),
    (["sources", "check", "nothing.csv"], "nothing.csv is not a file"),
    (["sources", "check", "DEMO/truecost.toml"], "can't be told"),
    (["sources", "check", "DEMO/truecost.toml", "--format", "fokus"], "the format 'fokus' is unknown"),
    (["init", "/dev/null/workspace"], "/dev/null/workspace: Not a directory"),
]


@pytest.mark.parametrize(("arguments", "sentence"), ERRORS, ids=[" ".join(arguments) for arguments, _ in ERRORS])
def test_an_error_is_one_sentence(say: Say, demo: Path, arguments: list[str], sentence: str) -> None:
    placed = [argument.replace("DEMO", str(demo)) for argument in arguments]
    said = say(*placed)
    assert said.code in (1, 2)
    assert said.err.startswith("truecost: ")
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_only_debug_shows_the_traceback() -> None:
    command = [sys.executable, "-m", "truecost", "init", "/dev/null/workspace"]
    plain, debugged = (
        subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=False)
        for more in ([], ["--debug"])
    )
    assert plain.returncode == debugged.returncode == 1
    assert "Traceback" not in plain.stderr
    assert "Traceback" in debugged.stderr
    assert "NotADirectoryError" in debugged.stderr


@pytest.mark.parametrize("command", ["ingest", "status", "publish"])
def test_a_warehouse_in_use_is_told_as_such(say: Say, own_demo: Path, command: str) -> None:
    warehouse = own_demo / "warehouse.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        said = say(command, "-w", own_demo)
        assert said.code == 1
        assert said.err == f"truecost: {warehouse} is in use by another process; wait until it ends, then run again\n"
        assert say("trace", "-w", own_demo, "--model", "support-bot").code == 0, (
            "what is published can be read all along"
        )
    assert say(command, "-w", own_demo).code == 0


def test_a_damaged_warehouse_is_told_as_such(say: Say, tmp_path: Path) -> None:
    root = tmp_path / "a block of locks"  # the words of the path are no part of the diagnosis
    say("init", root)
    (root / "warehouse.duckdb").write_bytes(b"no database" * 5000)
    said = say("ingest", "-w", root)
    assert said.code == 1
    assert "can't be opened as a warehouse; move it away and run again to rebuild it" in said.err
    assert said.err.count("\n") == 1


# ---- Colours


def test_what_goes_to_a_file_has_no_escape_codes(demo: Path) -> None:
    command = [sys.executable, "-m", "truecost", "status", "-w", str(demo)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ESCAPE not in done.stdout + done.stderr
    assert done.stderr == ""


def test_no_color_holds_on_a_terminal(demo: Path) -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1"}
    shown = on_a_terminal(["status", "-w", str(demo)], environment)
    assert "quarantined" in shown
    assert not COLOUR.search(shown)


def on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """What a command writes where both of its outputs are a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "truecost", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            block = os.read(ours, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not block:
            break
        shown += block
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown.decode()
