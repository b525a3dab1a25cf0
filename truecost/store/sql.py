"""The SQL of the project, by name. Python moves data; the files under ``sql/`` say what the numbers mean."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def identifier(name: str) -> str:
    """``name`` quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """``value`` as a SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


@cache
def query(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return files("truecost.sql").joinpath(*f"{name}.sql".split("/")).read_text("utf-8")


@cache
def names(folder: str) -> tuple[str, ...]:
    """The queries of ``sql/<folder>`` and of the folders in it, in order."""
    found: list[str] = []
    for item in files("truecost.sql").joinpath(folder).iterdir():
        if item.is_dir():
            found += names(f"{folder}/{item.name}")
        elif item.name.endswith(".sql"):
            found.append(f"{folder}/{item.name.removesuffix('.sql')}")
    return tuple(sorted(found))
