"""The command line: quick, documented, exact, quiet where nobody looks, and one sentence where something is wrong."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer.main

from truecost import __version__, cli, progress, steps
from truecost.cli.commands import app
from truecost.cli.progress import shown_progress
from truecost.publish.publication import open_published
from truecost.workspace.scaffold import write_demo
from truecost.workspace.workspace import Workspace, load_workspace

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
        """Of the processor, which other work on the machine disturbs less than a clock."""
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "truecost", "--help"], capture_output=True, check=True, timeout=60)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime

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


@pytest.mark.parametrize("words", [words for words, command in commands() if not hasattr(command, "commands")])
def test_every_command_has_examples_that_are_its_own(say: Say, words: list[str]) -> None:
    _, examples = say(*words, "--help").out.split("Examples:\n")
    assert examples.strip()
    for line in examples.strip().splitlines():
        assert f"truecost {' '.join(words)}" in line.replace("--json ", "")


# ---- What stands before the command or after it


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=" ".join)
def test_h_asks_for_help_before_and_after_the_command(say: Say, words: list[str]) -> None:
    asked = say(*words, "--help")
    assert (asked.code, asked.err) == (0, "")
    assert say(*words, "-h") == say("-h", *words) == asked
    if len(words) == 2:
        assert say(words[0], "-h", words[1]) == asked


@pytest.mark.parametrize("words", [["status"], ["sources"], ["alerts"], ["plan", "show"]], ids=" ".join)
def test_shared_options_stand_before_and_after_the_command(say: Say, demo: Path, words: list[str]) -> None:
    options = ["--workspace", str(demo), "--json", "--as-of", "2026-10-05"]
    after = say(*words, *options)
    assert (after.code, after.err) == (0, "")
    json.loads(after.out)
    assert say(*options, *words) == after
    assert say(*options[:2], *words, *options[2:]) == after
    assert say(words[0], *options, *words[1:]) == after


def test_what_is_said_nearest_to_the_command_wins(say: Say, demo: Path) -> None:
    assert say("-w", "nowhere", "status", "-w", demo).code == 0
    assert "nowhere" in say("-w", demo, "status", "-w", "nowhere").err


def test_the_time_things_were_known_is_for_the_report_and_elsewhere_refused(
    say: Say, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime] = []

    def reported(workspace: Workspace, moment: datetime, quarter: str) -> steps.Reported:
        asked.append(moment)
        return steps.Reported(quarter, workspace.reports, is_new=True)

    monkeypatch.setattr(steps, "report_known_at", reported)
    report = ["report", "--quarter", "FY2026-Q1", "-w", demo]
    assert say("--known-at", "2026-10-06", *report).code == say(*report, "--known-at", "2026-10-06").code == 0
    assert asked == [datetime(2026, 10, 6, tzinfo=UTC)] * 2
    refused = say("--known-at", "2026-10-06", "status", "-w", demo)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--known-at is for `truecost report` alone" in refused.err


def test_a_new_workspace_may_be_named_either_way(say: Say, tmp_path: Path) -> None:
    told = json.loads(say("--json", "init", tmp_path / "acme").out)
    assert told["workspace"] == str(tmp_path / "acme")
    assert say("--workspace", tmp_path / "other", "init", tmp_path / "third").code == 2
    assert not (tmp_path / "third").exists()


# ---- What was likely meant


MEANT = [
    (["statsu"], 2, "did you mean status?"),
    (["plan", "shwo"], 2, "did you mean show?"),
    (["alerts", "akc"], 2, "did you mean ack?"),
    (["report", "--qarter", "FY2026-Q3"], 2, "--quarter"),
    (["drift", "--model", "suport-bot"], 1, "did you mean support-bot?"),
    (["reevaluate", "--model", "Support-Bot"], 1, "did you mean support-bot?"),
    (["plan", "show", "suport-bot"], 1, "did you mean 'support-bot'?"),
    (["trace", "--model", "invoice-raeder"], 1, "did you mean invoice-reader?"),
    (["trace", "--source", "open-ai"], 1, "did you mean openai?"),
    (["trace", "--quarter", "FY2062-Q3"], 1, "did you mean FY2026-Q3?"),
    (["report", "--quarter", "2026-Q3"], 1, "did you mean FY2026-Q3?"),
    (["close", "--quarter", "FY26-Q3"], 1, "did you mean FY2026-Q3?"),
    (["sources", "check", "DEMO/truecost.toml", "--format", "fokus"], 1, "focus"),
]


@pytest.mark.parametrize(("arguments", "code", "hint"), MEANT, ids=[" ".join(arguments) for arguments, *_ in MEANT])
def test_a_name_that_is_nearly_right_is_told(say: Say, demo: Path, arguments: list[str], code: int, hint: str) -> None:
    said = say("-w", demo, *(argument.replace("DEMO", str(demo)) for argument in arguments))
    assert (said.code, said.out, said.err.count("\n")) == (code, "", 1)
    assert said.err.startswith("truecost: ")
    assert hint in said.err


# ---- Completion

COMPLETED = [
    ("truecost re", {"reevaluate", "report", "reopen"}),
    ("truecost plan s", {"show"}),
    ("truecost -w DEMO drift --model ", {"support-bot", "invoice-reader"}),
    ("truecost drift -w DEMO --model s", {"support-bot"}),
    ("truecost plan show -w DEMO i", {"invoice-reader"}),
    ("truecost trace -w DEMO --source a", {"aws", "annotators", "annotators-ubl"}),
    ("truecost report -w DEMO --quarter FY2026", {"FY2026-Q1", "FY2026-Q2", "FY2026-Q3"}),
    ("truecost report -w nowhere --quarter ", set()),
    ("truecost sources check --format r", {"rate_card", "request_log"}),
]


@pytest.mark.parametrize(("line", "names"), COMPLETED, ids=[line for line, _ in COMPLETED])
def test_the_shell_completes_commands_and_what_the_workspace_names(demo: Path, line: str, names: set[str]) -> None:
    words = line.replace("DEMO", str(demo))
    environment = {
        **os.environ,
        "_TRUECOST_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    command = [sys.executable, "-c", "import sys; sys.argv = ['truecost']; from truecost.cli import main; main()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert set(done.stdout.split()) == names, done.stderr


def test_completion_can_be_installed(say: Say) -> None:
    assert "--install-completion" in say("--help").out


# ---- Progress


def test_where_nobody_looks_a_flow_says_a_line_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(is_flow=True):
        progress.say("looking through the inbox")
        for number, file in enumerate(["a.csv", "b\x1b.csv"], 1):
            progress.say("loading", file, number, 2)
        progress.say("telling", "address 1 (json)\x1b")
    with shown_progress():
        progress.say("a command of one step says its outcome alone")
    lines = capsys.readouterr().err.splitlines()
    assert [re.sub(r"^ +\d+\.\d s  ", "", line) for line in lines] == [
        "looking through the inbox",
        "loading 2 files",
        "telling address 1 (json)\\x1b",
    ]


def test_on_a_terminal_progress_is_one_line_with_count_and_time() -> None:
    shown = said_by("""
from truecost import progress
from truecost.cli.progress import shown_progress
with shown_progress():
    progress.say("loading", "inbox/aws/2026-09.csv", 3, 97)
print("done")
""")
    assert "loading inbox/aws/2026-09.csv" in shown
    assert "3 of 97" in shown
    assert "0:00:0" in shown
    assert shown.rstrip().endswith("done")


# ---- What it shows


@pytest.mark.slow
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
    assert told["standing"] == {
        "refused": [],
        "held": [],
        "held_numbers": [],
        "quarantined_rows": 3,
        "unmatched": [],
        "untold": [],
        "commands": [],
        "files": [["loaded", 99]],
    }


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
    assert told["standing"]["unmatched"] == [
        {
            "source": "none",
            "what": "there is no folder inbox/none",
            "remedy": "correct `path`, or put the folder there",
        }
    ]


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_who_stops_it_is_told_that_it_goes_on(say: Say, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "land", stopped)
    said = say("ingest", "-w", demo)
    assert said == (130, "", "truecost: stopped; run it again to go on where it was\n")


def test_debug_keeps_the_exit_code_and_the_sentence(say: Say) -> None:
    plain = say("status", "-w", "nowhere")
    debugged = say("--debug", "status", "-w", "nowhere")
    assert debugged.code == plain.code == 2
    assert debugged.err.startswith("Traceback")
    assert debugged.err.endswith(plain.err)


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


def test_a_damaged_warehouse_is_told_as_such(say: Say, tmp_path: Path) -> None:
    root = tmp_path / "a block of locks"  # the words of the path are no part of the diagnosis
    say("init", root)
    (root / "warehouse.duckdb").write_bytes(b"no database" * 5000)
    said = say("ingest", "-w", root)
    assert said.code == 1
    assert "can't be opened as a warehouse; move it away and run again to rebuild it" in said.err
    assert said.err.count("\n") == 1


# ---- Colours


@pytest.mark.slow
def test_what_goes_to_a_file_has_no_escape_codes(demo: Path) -> None:
    command = [sys.executable, "-m", "truecost", "status", "-w", str(demo)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ESCAPE not in done.stdout + done.stderr
    assert done.stderr == ""


@pytest.mark.slow
def test_no_color_holds_on_a_terminal(demo: Path) -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "1"}
    shown = on_a_terminal(["status", "-w", str(demo)], environment)
    assert "quarantined" in shown
    assert not COLOUR.search(shown)


def on_a_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """What a command writes where both of its outputs are a terminal."""
    return said_by(
        "import sys; from truecost.cli import main; sys.argv = ['truecost', *sys.argv[1:]]; main()",
        arguments,
        environment,
    )


def said_by(code: str, arguments: Sequence[str] = (), environment: dict[str, str] | None = None) -> str:
    """What Python code writes to a terminal, whatever kind of terminal the tests themselves are run on."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**(os.environ if environment is None else environment), "TERM": "xterm-256color"},
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
