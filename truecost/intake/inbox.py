"""The inbox: which files a source's path names, and which of them may be taken: regular files that lie inside it.

What is no file is never opened, for a pipe waits for ever and a device never ends, and no link is followed out of the
inbox or in a circle: each is named, so that landing can tell it.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from truecost.errors import DeliveryRefused

_ANY_DEPTH = "**"
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def inbox_root(workspace: Path, source_path: str) -> Path:
    """The folder that a source's files must not lead out of, free of links.

    It is the first folder of a path within the workspace, and the whole fixed part of a path that lies elsewhere.
    """
    fixed, _ = _split(workspace, source_path)
    is_inside = fixed.is_relative_to(workspace) and ".." not in fixed.parts
    folder = workspace.joinpath(*fixed.relative_to(workspace).parts[:1]) if is_inside else fixed
    return Path(os.path.realpath(folder if folder.is_dir() else folder.parent))


def fixed_part(workspace: Path, source_path: str) -> tuple[Path, bool]:
    """The part of a source's path before its first wildcard, and whether there is one."""
    fixed, pattern = _split(workspace, source_path)
    return fixed, bool(pattern)


def named_paths(workspace: Path, source_path: str) -> list[Path]:
    """What the path of a source names now, whether or not it may be taken; hidden files are none of ours."""
    fixed, pattern = _split(workspace, source_path)
    root = inbox_root(workspace, source_path)
    try:
        is_folder = stat.S_ISDIR(fixed.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return [fixed] if not pattern and os.path.lexists(fixed) else []
    except OSError:
        return [fixed]
    if not is_folder:
        return [] if pattern else [fixed]
    if _leads_astray(fixed, root):
        return [fixed]
    if pattern:
        found = _matching(fixed, pattern, root, with_hidden=False)
    else:
        found = _matching(fixed, (_ANY_DEPTH,), root, with_hidden=True)
    return [path for path in set(found) if not path.name.startswith(".")]


def taken_path(path: Path, root: Path) -> Path:
    """The file, free of links, that ``path`` leads to.

    Raises:
        DeliveryRefused: it is no file, or not one inside ``root``.
        FileNotFoundError: it has been taken away.
        OSError: it can't be looked at.
    """
    try:
        real = Path(os.path.realpath(path, strict=True))
        mode = real.lstat().st_mode
    except FileNotFoundError as error:
        if "\\x" in path.name:
            raise DeliveryRefused("the file's name is not UTF-8; rename it") from error
        if path.is_symlink():
            raise DeliveryRefused("the link leads to no file; mend it or take it out") from error
        raise
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise DeliveryRefused("the link leads in a circle; take it out") from error
    if stat.S_ISDIR(mode) and _holds(real, path):
        raise DeliveryRefused("the link leads in a circle, to a folder that it lies in; take it out")
    if not real.is_relative_to(root):
        raise DeliveryRefused(
            f"the link leads out of {root.name or root}; put the file itself there, or name its own folder in `path`"
        )
    if stat.S_ISDIR(mode):
        os.scandir(real).close()  # one that can't be read says so
        raise DeliveryRefused("there is a folder where a file should be; take it out or correct `path`")
    _require_regular(mode)
    return real


def open_taken(real: Path) -> BinaryIO:
    """Open what ``taken_path`` found, without waiting, or following a link, should it be another thing by now.

    Raises:
        DeliveryRefused: it is no file any more.
    """
    flags = ("O_NONBLOCK", "O_NOFOLLOW", "O_BINARY")  # those that the system has
    handle = os.open(real, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in flags))
    try:
        _require_regular(os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _require_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "of a kind of its own")
        raise DeliveryRefused(f"it is {kind}, not a file; take it out")


def _split(workspace: Path, source_path: str) -> tuple[Path, tuple[str, ...]]:
    """(the part of the path before its first wildcard, the parts from there on)."""
    parts = (workspace / source_path).parts
    at = next((at for at, part in enumerate(parts) if glob.has_magic(part) and at >= _own(workspace, parts)), None)
    return (Path(*parts[:at]), parts[at:]) if at is not None else (Path(*parts), ())


def _own(workspace: Path, parts: tuple[str, ...]) -> int:
    """How many of the parts are the workspace's own path, in which no letter is a wildcard."""
    own = workspace.parts
    return len(own) if parts[: len(own)] == own else 0


def _matching(folder: Path, pattern: tuple[str, ...], root: Path, with_hidden: bool) -> Iterator[Path]:
    """What the pattern names below ``folder``, and what can't be looked into on the way."""
    part, rest = pattern[0], pattern[1:]
    if part == _ANY_DEPTH:
        folders, astray = _folders_below(folder, root, with_hidden)
        yield from astray
        for inner in folders:
            found = _matching(inner, rest or ("*",), root, with_hidden)
            yield from (path for path in found if path in astray or not os.path.isdir(path))  # noqa: PTH112
        return
    if not glob.has_magic(part):
        listed = [folder / part] if os.path.lexists(folder / part) else []
    else:
        entries = _entries(folder)
        if entries is None:
            yield folder
            return
        is_hidden_meant = with_hidden or part.startswith(".")
        listed = [
            folder / entry.name
            for entry in entries
            if fnmatchcase(entry.name, part) and (is_hidden_meant or not entry.name.startswith("."))
        ]
    for path in listed:
        if not rest:
            yield path
        elif os.path.isdir(path):  # noqa: PTH112 (where it can't be told, it is none)
            astray_here = path.is_symlink() and _leads_astray(path, root)
            yield from [path] if astray_here else _matching(path, rest, root, with_hidden)


def _folders_below(top: Path, root: Path, with_hidden: bool) -> tuple[list[Path], set[Path]]:
    """(each folder at or below ``top``, once; the links and folders that can't be followed).

    Links come last: one to a folder that was met already says nothing new.
    """
    folders: list[Path] = []
    astray: set[Path] = set()
    waiting, links, met = [top], list[Path](), set[Path]()
    while waiting or links:
        folder = waiting.pop() if waiting else links.pop(0)
        real = Path(os.path.realpath(folder))
        if real in met:
            if folder.is_symlink() and _holds(real, folder):
                astray.add(folder)
            continue
        entries = None if folder.is_symlink() and folder != top and _leads_astray(folder, root) else _entries(folder)
        if entries is None:
            astray.add(folder)
            continue
        met.add(real)
        folders.append(folder)
        for entry in entries:
            if entry.name.startswith(".") and not with_hidden:
                continue
            if entry.is_symlink():
                links += [folder / entry.name] if os.path.isdir(entry.path) else []  # noqa: PTH112
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(folder / entry.name)
    return folders, astray


def _entries(folder: Path) -> list[os.DirEntry[str]] | None:
    """What is in a folder, by name; None where it may not be read."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []  # taken away meanwhile
    except OSError:
        return None


def _leads_astray(folder: Path, root: Path) -> bool:
    """Whether a folder lies outside ``root``, or is a link to one that it lies in itself."""
    real = Path(os.path.realpath(folder))
    return not real.is_relative_to(root) or _holds(real, folder)


def _holds(real: Path, link: Path) -> bool:
    """Whether the link lies in the folder that it leads to, or deeper."""
    return link.is_symlink() and Path(os.path.realpath(link.parent)).is_relative_to(real)
