"""Files that are there whole or not at all, and stay: what the landing log and the journal are made of."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_once(path: Path, content: bytes) -> None:
    """Write a file that must not be there yet, in one step, and see it on disk.

    Raises:
        FileExistsError: there is one of that name.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    finally:
        Path(name).unlink()
    sync_folder(path.parent)


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
