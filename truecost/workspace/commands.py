"""The commands that truecost.toml names: where their programs are looked for, and which of them nobody has."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from truecost.workspace.workspace import Workspace


def search_path(environment: Mapping[str, str] = os.environ) -> str:
    """Where programs are looked for: the Python that runs truecost, and its like, first."""
    return os.pathsep.join((str(Path(sys.executable).parent), environment.get("PATH", os.defpath)))


def commands_without_program(workspace: Workspace) -> list[str]:
    """A sentence for each command that could not be run today, with what to do."""
    return [
        f"{what} can't be run, there is no program {program!r}; install it, or name another with {key}"
        for what, key, command in _commands(workspace)
        if not _is_there(workspace, program := shlex.split(command)[0])
    ]


def _commands(workspace: Workspace) -> Iterator[tuple[str, str, str]]:
    """(what it is, where it is named, the command)."""
    for model in workspace.config.models:
        if model.evaluate:
            yield f"the eval command of {model.id}", "`evaluate` under [[models]]", model.evaluate
    for budget in workspace.config.budgets:
        if budget.hard_stop:
            yield f"the command of the budget {budget.name}", "`hard_stop` under [[budgets]]", budget.hard_stop


def _is_there(workspace: Workspace, program: str) -> bool:
    if os.sep in program:  # as it is run from the workspace's folder
        program = str(workspace.root.resolve() / program)
    return shutil.which(program, path=search_path()) is not None
