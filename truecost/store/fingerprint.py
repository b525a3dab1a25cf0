"""One fingerprint a package: the hash of every file that decides what it does, so that an upgrade reaches what it made.

A package rests on those below it, so their files are part of its fingerprint: whatever of them changes, what it derived
is derived anew. There is no list of file names to keep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

# From the ground up, as the import contract has them (.importlinter). Siblings stand on one floor.
FLOORS = (
    ("errors",),
    ("clock", "progress", "quarters"),
    ("store",),
    ("sources",),
    ("workspace",),
    ("intake", "archive"),
    ("books",),
    ("drift", "planning", "publish", "closing"),
    ("dashboards",),
    ("report", "exports"),
    ("alerts",),
    ("decisions",),
)
# Where the SQL and the suites of a package are, if not in the folder of its name.
_ALSO = {
    "store": ("sql/schema", "sql/macros"),
    "sources": ("sql/formats",),
    "intake": ("expectations",),
    "books": ("sql/settings", "sql/claims", "sql/clock", "sql/gaps", "sql/invariants", "sql/attribution"),
    "publish": ("sql/finance",),
}
_KINDS = (".py", ".sql", ".json", ".j2", ".css")


@cache
def fingerprint(package: str) -> str:
    """The sha256 over the files of ``package`` and of every package below it.

    Raises:
        KeyError: there is no such package.
    """
    digest = hashlib.sha256()
    for name in (*_below(package), package):
        digest.update(own_fingerprint(name).encode())
    return digest.hexdigest()


@cache
def own_fingerprint(package: str) -> str:
    """The sha256 over the files of ``package`` alone: its Python, its SQL and its suites."""
    digest = hashlib.sha256()
    for path, item in _own_files(package):
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(item.read_bytes()).digest())
    return digest.hexdigest()


@cache
def fingerprint_of_others(package: str) -> str:
    """The sha256 over the files of someone else's package, by the name it is imported under."""
    digest = hashlib.sha256()
    for path, item in _files(files(package), package):
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(item.read_bytes()).digest())
    return digest.hexdigest()


def _below(package: str) -> Iterator[str]:
    for floor in FLOORS:
        if package in floor:
            return
        yield from floor
    raise KeyError(package)


def _own_files(package: str) -> Iterator[tuple[str, Traversable]]:
    module = files("truecost").joinpath(f"{package}.py")
    if module.is_file():
        yield module.name, module
        return
    for folder in (package, f"sql/{package}", *_ALSO.get(package, ())):
        first, *rest = folder.split("/")
        yield from _files(files(f"truecost.{first}").joinpath(*rest), folder)


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    """Every file that counts under ``folder``, if it is there, by its path, in order."""
    if not folder.is_dir():
        return
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir() and not item.name.startswith("__"):
            yield from _files(item, f"{path}/{item.name}")
        elif item.name.endswith(_KINDS):
            yield f"{path}/{item.name}", item
