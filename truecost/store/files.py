"""Files that are there whole or not at all, and stay: what the landing log and the journal are made of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path


def write_once(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet, in one step, and see it on disk.

    Raises:
        FileExistsError: there is one of that name.
    """
    while not _linked(path, content):
        pass  # another process took what was written aside for a leftover, before it had its name
    sync_folder(path.parent)


def _linked(path: Path, content: bytes) -> bool:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.link(name, path)
            return True
        return False
    finally:
        Path(name).unlink(missing_ok=True)


def write_anew(path: Path, content: bytes) -> None:
    """Write a file whole in the place of the one that is there, if any: a reader sees the old one or the new."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o644)
    swap_in(Path(name), path)


def swap_in(written: Path, target: Path) -> None:
    """Put a file that was written aside, in the same folder, in the place of ``target``, and see it on disk."""
    handle = os.open(written, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    written.replace(target)
    sync_folder(target.parent)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """See the names in ``folder`` on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clear_leftovers(*folders: Path) -> None:
    """Remove what a run that died had begun to write."""
    for folder in folders:
        for leftover in folder.glob(".new-*"):
            with contextlib.suppress(OSError):
                leftover.unlink()
