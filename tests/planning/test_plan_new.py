"""``truecost plan new``: a commented plan that is sound, its defaults named, and ours in their place where we know."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.steps import new_plan
from truecost.workspace.lifecycle import APPROACHES, Approach
from truecost.workspace.plans import read_doubts, read_plan
from truecost.workspace.workspace import load_workspace

DAY = Clock(date(2026, 1, 10))
CONFIG = """
[workspace]
name = "books"

[[models]]
id = "bot"

[[rates]]
role = "ML engineer"
hourly_cost = 98.5
currency = "USD"

[[rates]]
role = "domain expert"
hourly_cost = 120
currency = "EUR"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "truecost.toml").write_text(CONFIG, "utf-8")
    return tmp_path


@pytest.mark.parametrize("approach", APPROACHES)
def test_a_new_plan_is_sound_and_names_where_each_default_is_from(root: Path, approach: Approach) -> None:
    path = new_plan(load_workspace(root), "bot", approach, DAY)
    plan = read_plan(path, "plans/bot.toml", "USD")
    assert (plan.first_month, plan.last_month) == (date(2026, 2, 1), date(2027, 1, 1))
    assert plan.lifecycle
    assert plan.lifecycle.approach == approach
    assert read_doubts(path, "plans/bot.toml") == []
    values = [line for line in path.read_text("utf-8").splitlines() if re.match(r"\w+ = ", line)]
    uncommented = [line for line in values if "# " not in line]
    assert [line.split()[0] for line in uncommented] == ["currency", "first_month", "last_month"]


def test_a_rate_card_of_the_workspace_wins_over_the_default_and_is_named(root: Path) -> None:
    text = new_plan(load_workspace(root), "bot", "lora", DAY).read_text("utf-8")
    assert re.search(r"^hourly_rate = 98.5 +# An engineer's hour: \[\[rates\]\], ML engineer$", text, re.MULTILINE)
    assert re.search(r"^expert_rate = \{ low = 60, .*F5$", text, re.MULTILINE)  # ours is in another currency


def test_our_own_runs_win_over_the_default_and_are_named(root: Path) -> None:
    workspace = load_workspace(root)
    workspace.published.parent.mkdir(parents=True)
    with duckdb.connect(str(workspace.published)) as con:
        con.execute("CREATE SCHEMA finance")
        con.execute("CREATE TABLE finance.runs AS FROM (VALUES (400, 1000.0, 'promoted'), (100, 250.0, 'discarded'))")
        con.execute(
            "CREATE VIEW finance.training_runs AS SELECT CAST(col0 AS DECIMAL(18, 4)) AS gpu_hours, "
            "CAST(col1 AS DECIMAL(38, 20)) AS cost, col2 AS outcome, FALSE AS is_lower_bound, 'bot' AS model_id, "
            "0 AS round, TIMESTAMP '2025-07-12' AS decided_at FROM finance.runs"
        )
    text = new_plan(workspace, "bot", "lora", DAY).read_text("utf-8")
    training = text[text.index("[lifecycle.training]") : text.index("[lifecycle.serving]")]
    assert re.search(r"^gpu_hour = 2.5 .*the ledger, its training runs$", training, re.MULTILINE)
    assert re.search(r"^hours = 100 .*the ledger, the median of 1 promoted runs$", training, re.MULTILINE)  # of 4 GPUs
    # (2 x 4 + 2 runs) / (2 + 1 rounds), and (4 x 0.22 + 0.25) / (4 + 1 failed runs).
    assert re.search(r"^iterations = .*likely = 3.33, .*learned: 2.00 in 1 finished round; F13 says 4$", training, re.M)
    assert re.search(r"^iteration_size = .*likely = 0.226, .*learned: 0.25 in 1 failed run;", training, re.MULTILINE)
    # (4 x 0.25 + 0) / (4 + half a year)
    assert re.search(r"^retrain_rate = 0.222 .*learned: 0 retrainings in 0.5 years of production$", text, re.MULTILINE)
    assert read_plan(workspace.root / "plans/bot.toml", "plans/bot.toml", "USD").uncertainty.retrain_rate == 0.222


def test_a_plan_that_is_there_is_left_alone(root: Path) -> None:
    workspace = load_workspace(root)
    path = new_plan(workspace, "bot", "lora", DAY)
    path.write_text("mine", "utf-8")
    with pytest.raises(TruecostError, match="is there already; name another file"):
        new_plan(workspace, "bot", "lora", DAY)
    assert path.read_text("utf-8") == "mine"
    with pytest.raises(TruecostError, match="can't be the name of a file"):
        new_plan(workspace, "../bot", "lora", DAY)


def test_the_command_writes_a_plan_that_can_be_shown(
    root: Path, truecost: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    made = truecost("plan", "new", "bot", "--approach", "qlora", "--as-of", "2026-01-10", "--workspace", root)
    assert made.returncode == 0, made.stderr
    assert "plans/bot.toml is written" in made.stdout
    (root / "truecost.toml").write_text(CONFIG.replace('id = "bot"', 'id = "bot"\nplan = "plans/bot.toml"'), "utf-8")
    shown = truecost("plan", "show", "--workspace", root)
    assert shown.returncode == 0, shown.stderr
    for part in ("what drives the spread", "against the facts", "Memory, training", "F21"):
        assert part in shown.stdout
    wrong = truecost("plan", "new", "bot", "--approach", "lorra", "--workspace", root)
    assert (wrong.returncode, "there is no approach lorra" in wrong.stderr) == (1, True)
