"""Files laid out aside, put in place whole, and never changed: what closes freeze.

What is frozen is laid out aside, told to the journal with its hashes, and only then put in its place: a folder whose
event is missing is thus never a close that died half way, but one whose event was lost.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from truecost.errors import TruecostError
from truecost.store.files import sha256_of, sync_folder


def laid_out(target: Path) -> Path:
    """An empty folder beside ``target`` to lay out what will be there once the journal knows of it.

    Raises:
        TruecostError: it is there already, and the journal does not know of it.
    """
    if target.exists():
        raise TruecostError(
            f"{target} is there already, and the journal does not know of it; put the journal back from a backup, or "
            "move the folder away"
        )
    staged = _staged(target)
    shutil.rmtree(staged, ignore_errors=True)  # of a run that died before the journal knew
    staged.mkdir(parents=True)
    return staged


def seal(staged: Path) -> dict[str, str]:
    """See what was laid out on disk, for reading only; returns the sha256 of each file."""
    files = {}
    for path in sorted(staged.iterdir()):
        with path.open("rb") as file:
            files[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        path.chmod(0o444)
    sync_folder(staged)
    sync_folder(staged.parent)
    return files


def put_in_place(target: Path, files: Mapping[str, str]) -> None:
    """Move to ``target`` what was laid out for it and told to the journal, unless it is there already."""
    staged = _staged(target)
    if target.exists() or not staged.is_dir() or file_faults(staged, files, ""):
        return
    with suppress(FileNotFoundError):  # another process was first
        staged.rename(target)
        sync_folder(target.parent)


def file_faults(folder: Path, files: Mapping[str, str], when: str) -> list[str]:
    """What of these files, each with its sha256, is not as it was sealed; a sentence each, with ``when`` that was."""
    found = []
    for name, sha256 in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{path} is missing; put it back from a backup")
        elif settled_sha256(path) != sha256:
            found.append(f"{path} was changed after {when}; put it back from a backup")
    return found


def stamp_of(path: Path) -> tuple[int, ...]:
    """What changes with the file: it is read again only then."""
    told = path.stat()
    return (told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)


@lru_cache(maxsize=4096)
def _hashed(path: Path, stamp: tuple[int, ...]) -> str:
    return sha256_of(path)


def _staged(target: Path) -> Path:
    return target.with_name(f"{target.name}.new")


def settled_sha256(path: Path) -> str:
    """The hash of a file that is there; it is read again only where it has changed."""
    return _hashed(path, stamp_of(path))
