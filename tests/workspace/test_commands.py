"""A command that can't be run is told the morning before, not the night it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from truecost.alerts.standing import Standing
from truecost.workspace.commands import commands_without_program
from truecost.workspace.workspace import load_workspace

TOML = """
[workspace]
name = "books"

[[models]]
id = "bot"
evaluate = "{evaluate}"

[[budgets]]
name = "bots"
model = "bot"
per = "quarter"
amount = 1000
hard_stop = "{hard_stop}"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "stop.sh").write_text("#!/bin/sh\n", "utf-8")
    (tmp_path / "stop.sh").chmod(0o755)
    (tmp_path / "notes.txt").write_text("no program", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("evaluate", "hard_stop", "missing"),
    [
        ("python score.py", "./stop.sh --now", []),
        (
            "no-such-program --at-all",
            "./stop.sh",
            ["the eval command of bot can't be run, there is no 'no-such-program'"],
        ),
        ("python score.py", "./gone.sh", ["the command of the budget bots can't be run, there is no './gone.sh'"]),
        ("./notes.txt", "./stop.sh", ["the eval command of bot can't be run, there is no './notes.txt'"]),
    ],
)
def test_a_command_whose_program_nobody_has_is_told_with_what_to_do(
    root: Path, evaluate: str, hard_stop: str, missing: list[str]
) -> None:
    (root / "truecost.toml").write_text(TOML.format(evaluate=evaluate, hard_stop=hard_stop), "utf-8")
    found = commands_without_program(load_workspace(root))
    assert [told.replace("program ", "", 1).partition(";")[0] for told in found] == missing
    assert all("; install it, or name another with `" in told for told in found)


def test_it_asks_for_someone() -> None:
    standing = Standing((), (), 0, commands=("the eval command of bot can't be run",))
    assert standing.outcome == "asks"
    assert list(standing.lines()) == [("warning", "warning: the eval command of bot can't be run.")]
    assert standing.headline() == "1 command can't be run: the eval command of bot can't be run"
