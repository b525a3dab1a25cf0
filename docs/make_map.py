"""Write the map of the house into CONTRIBUTING.md, from the packages' own docstrings, in the order of the contract.

``python docs/make_map.py`` writes it; a test compares, so the map can't drift.
"""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- the map: python docs/make_map.py -->", "<!-- the end of the map -->"
AT_THE_TOP = ("flows", "dashboards", "examples", "expectations", "sql")  # folders that a wheel has inside truecost


def the_map() -> str:
    """The table of packages, from the command line down: each may use only what stands below it."""
    rows = ["| package | what it is for |", "| --- | --- |"]
    rows += [f"| `{name}` | {_about(name)} |" for name in _packages()]
    return "\n".join(rows)


def with_map(text: str) -> str:
    """A page with the map between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{the_map()}\n{END}{after}"


def _packages() -> Iterator[str]:
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    for layer in contract["importlinter:contract:direction"]["layers"].split("\n"):
        if layer:
            yield from layer.split(" | ")


def _about(name: str) -> str:
    """The first line of what a package or module says of itself."""
    folder = ROOT / name if name in AT_THE_TOP else ROOT / "truecost" / name
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return said.split("\n\n")[0].replace("\n", " ").replace("``", "`")


if __name__ == "__main__":
    TARGET.write_text(with_map(TARGET.read_text("utf-8")), "utf-8")
