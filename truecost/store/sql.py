"""The SQL of the project, by name. Python moves data; the files under ``sql/`` say what the numbers mean.

Where a query waits for something only a run knows, its file says ``{{part}}``, and every part is given by name.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from truecost.errors import TruecostError

_PART = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")


def identifier(name: str) -> str:
    """``name`` quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """``value`` as a SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def query(name: str, **parts: str) -> str:
    """The text of ``sql/<name>.sql`` with its parts put in: SQL text, each for ``{{part}}``, wherever that stands.

    Raises:
        TypeError: a part of the file is not given, or one is given that the file does not have.
    """
    text = text_of(name)
    wanted = parts_of(name)
    if wanted != parts.keys():
        missing, unused = sorted(wanted - parts.keys()), sorted(parts.keys() - wanted)
        told = [f"is not given {', '.join(missing)}"] * bool(missing) + [f"has no {', '.join(unused)}"] * bool(unused)
        raise TypeError(f"sql/{name}.sql {' and '.join(told)}")
    return _PART.sub(lambda found: parts[found[1]], text) if parts else text


@cache
def text_of(name: str) -> str:
    """The text of ``sql/<name>.sql`` as it stands in the file; ``<package>:<name>`` is of someone else's package.

    Raises:
        TruecostError: that package has no such file.
    """
    package, _, path = name.rpartition(":")
    file = files(package or "truecost.sql").joinpath(*f"{path}.sql".split("/"))
    if package and not file.is_file():
        raise TruecostError(f"the package {package} has no file {path}.sql; tell its author, or uninstall it")
    return file.read_text("utf-8")


def parts_of(name: str) -> frozenset[str]:
    """The names of the parts that ``sql/<name>.sql`` waits for."""
    return frozenset(_PART.findall(text_of(name)))


@cache
def names(folder: str) -> tuple[str, ...]:
    """The queries of ``sql/<folder>`` and of the folders in it, in order: ``('planning/spent', ...)``."""
    found: list[str] = []
    for item in files("truecost.sql").joinpath(folder).iterdir():
        if item.is_dir():
            found += names(f"{folder}/{item.name}")
        elif item.name.endswith(".sql"):
            found.append(f"{folder}/{item.name.removesuffix('.sql')}")
    return tuple(sorted(found))
