"""New workspaces: the example, and an empty one. Neither ever overwrites what is there."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from truecost.errors import TruecostError
from truecost.workspace.workspace import CONFIG


def write_demo(directory: Path) -> bool:
    """Copy the example workspace to ``directory``; returns False, and does nothing, where a workspace is there already.

    Raises:
        TruecostError: the folder holds something else.
    """
    if (directory / CONFIG).exists():
        return False
    _claim(directory)
    _copy(files("truecost.examples").joinpath("demo"), directory)
    return True


def write_empty(directory: Path) -> None:
    """Make an empty, commented workspace.

    Raises:
        TruecostError: the folder is not empty.
    """
    _claim(directory)
    template = files("truecost.examples").joinpath("empty.toml").read_text("utf-8")
    (directory / "inbox").mkdir()
    (directory / CONFIG).write_text(template.replace("NAME", directory.resolve().name), "utf-8")


def _claim(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise TruecostError(f"{directory} is there already and not empty; name another folder")
    directory.mkdir(parents=True, exist_ok=True)


def _copy(origin: Traversable, target: Path) -> None:
    # truecost.toml goes last: a copy that was cut short is then no workspace, and is named as what it is.
    for item in sorted(origin.iterdir(), key=lambda item: (item.name == CONFIG, item.name)):
        if item.name == "__pycache__":  # an installer may have compiled the example's scripts
            continue
        if item.is_dir():
            (target / item.name).mkdir()
            _copy(item, target / item.name)
        else:
            (target / item.name).write_bytes(item.read_bytes())
