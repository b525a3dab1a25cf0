"""The example workspace: its script writes it to the byte, its records agree, and its drift is planted."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from truecost import steps
from truecost.clock import Clock
from truecost.sources import formats
from truecost.workspace.config import ConfigFile
from truecost.workspace.workspace import load_workspace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DEMO = EXAMPLES / "demo"
CLOCK = Clock(date(2026, 10, 5))


def written_by_the_script(folder: Path, *options: str) -> Path:
    command = [sys.executable, "-B", str(EXAMPLES / "make_demo.py"), str(folder), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder


def contents(root: Path) -> dict[str, bytes]:
    """Each file by its path. What is compressed is compared as what it holds: zlib builds differ in their bytes."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            held = path.read_bytes()
            found[path.relative_to(root).as_posix()] = gzip.decompress(held) if path.suffix == ".gz" else held
    return found


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def without_drift(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_by_the_script(tmp_path_factory.mktemp("demo") / "without-drift", "--without-drift")


def test_the_script_writes_the_committed_demo_byte_for_byte(tmp_path: Path) -> None:
    assert contents(written_by_the_script(tmp_path / "demo")) == contents(DEMO)


def test_the_demo_stays_under_a_megabyte() -> None:
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < 1_000_000


def test_the_planted_drift_is_in_the_newest_requests_and_their_labels_alone(without_drift: Path) -> None:
    delivered, steady = contents(DEMO), contents(without_drift)
    assert delivered.keys() == steady.keys()
    assert {name for name in delivered if delivered[name] != steady[name]} == {
        "evaluation/support-bot-sample.csv",
        "inbox/requests/support-bot/2026-09.csv.gz",
        "inbox/requests/support-bot/2026-10.csv.gz",
    }
    name = "inbox/requests/support-bot/2026-09.csv.gz"
    told = [held[name].decode().splitlines() for held in (delivered, steady)]
    before = [[line for line in lines if line < "260925"] for lines in told]
    assert before[0] == before[1] != []


def test_nobody_is_paid_twice() -> None:
    """Who keeps a timesheet, or has a share in truecost.toml, has no line in payroll's export for the same work."""
    paid = {(row["Project"], row["Role"]) for path in DEMO.glob("inbox/staff/*.csv") for row in rows(path)}
    timed = {row["Project"] for path in DEMO.glob("inbox/timesheets/*.csv") for row in rows(path)}
    config = tomllib.loads((DEMO / "truecost.toml").read_text("utf-8"))
    assert timed == {"support-bot"}
    assert not any(project in timed and role.startswith("ML engineer") for project, role in paid)
    assert {(staff["model"], staff["role"]) for staff in config["staff"]}.isdisjoint(paid)


def test_the_evaluation_scores_the_labelled_answers_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    root = shutil.copytree(DEMO, tmp_path / "demo")
    answers = rows(root / "evaluation" / "support-bot-sample.csv")
    right = sum(answer["expected"] == answer["given"] for answer in answers)
    known = contents(root)
    told = []
    for _ in range(2):
        environment = os.environ | {"TRUECOST_MODEL": "support-bot", "TRUECOST_AS_OF": "2026-10-05"}
        command = [sys.executable, "-B", "evaluation/evaluate.py", "support_intents"]
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, timeout=60)
        told.append(contents(root))
    assert told[0] == told[1]
    (new,) = told[0].keys() - known.keys()
    result = json.loads(told[0][new])["results"]["support_intents"]
    assert new == "inbox/evals/support-bot/sb-09/results_2026-10-05T00-00-00.json"
    assert result["acc,none"] == right / len(answers)
    baseline = latest_score(root, "support-bot", "sb-09", "support_intents")
    assert baseline["acc,none"] - result["acc,none"] > 5 * (result["acc_stderr,none"] + baseline["acc_stderr,none"])


def latest_score(root: Path, model: str, version: str, task: str) -> dict[str, Any]:
    """The result at the promotion, which is the version's first."""
    first, *_ = sorted((root / "inbox" / "evals" / model / version).iterdir())
    found: dict[str, Any] = json.loads(first.read_text("utf-8"))["results"][task]
    return found


def test_without_its_labels_the_evaluation_fails_and_writes_nothing(tmp_path: Path) -> None:
    root = shutil.copytree(DEMO, tmp_path / "demo")
    sample = root / "evaluation" / "support-bot-sample.csv"
    sample.write_text(sample.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    known = contents(root)
    command = [sys.executable, "-B", "evaluation/evaluate.py", "support_intents"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "holds no answers" in done.stderr
    assert contents(root) == known


@pytest.mark.slow
def test_removing_the_planted_drift_removes_the_signal_the_alert_and_the_reevaluation(
    tmp_path: Path, without_drift: Path
) -> None:
    verdicts = []
    alerts = []
    for name, origin in (("delivered", DEMO), ("steady", without_drift)):
        root = shutil.copytree(origin, tmp_path / name)
        only_sources(root, "runs", "support-bot-requests")
        workspace = load_workspace(root)
        steps.land(workspace, CLOCK)
        steps.load(workspace)
        steps.attribute(workspace)
        steps.drift(workspace, CLOCK)
        raised = steps.alert(workspace, CLOCK).raised
        waiting = [(item.model_id, item.triggers) for item in steps.open_reevaluations(workspace)]
        alerts.append(([(event.model_id, event.data["rule"], event.data["state"]) for event in raised], waiting))
        with duckdb.connect(str(workspace.warehouse), read_only=True) as con:
            told = con.execute("SELECT model_id, feature, drifted FROM outlook.drift_signals").fetchall()
        verdicts.append({key[:2]: any(drifted for *other, drifted in told if tuple(other) == key[:2]) for key in told})
    drifted = ("support-bot", "drift", "ALERT")
    assert alerts == [([drifted], [("support-bot", ("drift",))]), ([], [])]
    delivered, steady = verdicts
    assert {key for key, drifted in delivered.items() if drifted} == {
        ("support-bot", feature)
        for feature in ("dataset", "intent", "language", "input_tokens", "output_tokens", "latency_ms")
    }
    assert delivered.keys() == steady.keys()
    assert not any(steady.values())


def only_sources(root: Path, *names: str) -> None:
    """Leave only these sources in truecost.toml, and no rule: the rest of the demo takes longer to load."""
    path = root / "truecost.toml"
    sections = re.split(r"(?m)^(?=\[)", path.read_text("utf-8"))
    kept = [
        section
        for section in sections
        if not section.startswith(("[[sources]]", "[[attribution]]", "[[expected]]"))
        or any(f'name = "{name}"' in section for name in names)
    ]
    path.write_text("".join(kept), "utf-8")


def test_the_commented_sections_of_a_new_workspace_are_right_once_uncommented() -> None:
    text = (EXAMPLES / "empty.toml").read_text("utf-8")
    uncommented = re.sub(r'(?m)^# (?=\[|[a-z_0-9"]+ = )', "", text)
    config = ConfigFile.model_validate(tomllib.loads(uncommented, parse_float=Decimal))
    assert {source.format for source in config.sources} == formats().keys()
    for source in config.sources:
        assert source.columns.keys() <= {column.name for column in formats()[source.format].columns}
    assert config.rates
    assert config.staff
    assert config.expected
    assert config.models[0].evaluate
