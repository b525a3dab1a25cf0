"""New workspaces: the example, and one of your own, beside what is there already. Neither ever overwrites anything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

from truecost.errors import ConfigError, TruecostError
from truecost.workspace import schemas, tomltext
from truecost.workspace.proposals import Looked, Proposal, look
from truecost.workspace.workspace import CONFIG, load_workspace

_NAME = 'name = "NAME"'  # the line of the template
_WHAT_COMES_IN = "# ---- What comes in"


@dataclass(frozen=True)
class Made:
    """A new workspace, and what was found in its folder."""

    directory: Path
    found: Looked


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


def make_workspace(directory: Path) -> Made:
    """Make a commented workspace, with a source for each kind of export that is recognised in the folder.

    What is written is read back by the loader before it is put in place.

    Raises:
        TruecostError: there is a workspace already, or something that is no folder.
    """
    config = directory / CONFIG
    if os.path.lexists(config):
        raise TruecostError(f"{config} is there already and stays as it is; edit it, or name another folder")
    if directory.exists() and not directory.is_dir():
        raise TruecostError(f"{directory} is not a folder; name another one")
    directory.mkdir(parents=True, exist_ok=True)
    found = look(directory)
    name = _name(directory)
    text = _config_text(name, found.proposals)
    with TemporaryDirectory(dir=directory, prefix=".new-") as aside:
        draft = Path(aside) / CONFIG
        draft.write_text(text, "utf-8")
        _read_back(draft, name, found.proposals)
        _write_schemas(directory / schemas.FOLDER)
        if not found.proposals and not os.path.lexists(directory / "inbox"):
            (directory / "inbox").mkdir()
        _put_in_place(draft, config)
    return Made(directory, found)


def renew_schemas(workspace: Path, to: Path | None) -> list[Path]:
    """Write the schemas into the workspace, or into another folder, as this version of truecost has them.

    Raises:
        TruecostError: there is no workspace, and no folder is named.
    """
    if to is None and not (workspace / CONFIG).is_file():
        raise TruecostError(f"there is no workspace in {workspace}; name one with --workspace, or a folder with --to")
    return schemas.write_schemas(to or workspace / schemas.FOLDER)


def _name(directory: Path) -> str:
    """The folder's name, as text that any file can hold."""
    return directory.resolve().name.encode("utf-8", "replace").decode() or "workspace"


def _config_text(name: str, proposals: tuple[Proposal, ...]) -> str:
    template = files("truecost.examples").joinpath("empty.toml").read_text("utf-8")
    before, heading, after = template.partition(_WHAT_COMES_IN)
    before = before.replace(_NAME, tomltext.entry("name", name), 1)
    rest_of_line, _, after = after.partition("\n")
    proposed = "".join(f"\n{proposal.as_toml()}\n" for proposal in proposals)
    return f"{before}{heading}{rest_of_line}\n{proposed}{after}"


def _read_back(draft: Path, name: str, proposals: tuple[Proposal, ...]) -> None:
    """See that the draft says what it was meant to.

    Raises:
        TruecostError: it does not, and so nothing is put in place.
    """
    wanted = [proposal.entries for proposal in proposals if not proposal.needed]
    try:
        config = load_workspace(draft.parent).config
        read = [{"name": source.name, "format": source.format, "path": source.path} for source in config.sources]
        told = None if (config.workspace.name, read) == (name, wanted) else "it says something else than it should"
    except ConfigError as error:
        told = str(error.faults[0])
    if told:
        raise TruecostError(f"no workspace was made, since what would be written can't be read back: {told}")


def _write_schemas(folder: Path) -> None:
    if not all((folder / name).is_file() for name in (schemas.CONFIG_SCHEMA, schemas.PLAN_SCHEMA)):
        schemas.write_schemas(folder)


def _put_in_place(draft: Path, config: Path) -> None:
    """Give the draft its name in one step, unless another file has it by now."""
    try:
        try:
            os.link(draft, config)
        except FileExistsError:
            raise
        except OSError:  # a disk that knows no links
            with config.open("x", encoding="utf-8") as file:
                file.write(draft.read_text("utf-8"))
    except FileExistsError:
        raise TruecostError(f"{config} is there already and stays as it is; name another folder") from None


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
