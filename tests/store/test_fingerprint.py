"""One fingerprint a package: it covers every file that decides what the package does, and those below it."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest

from truecost.store.fingerprint import _KINDS, FLOORS, _own_files, fingerprint

ROOT = Path(__file__).resolve().parents[2]
DERIVE_NOTHING = {"cli", "flows", "steps", "__init__", "__main__"}  # of what is kept


def test_the_floors_are_those_of_the_import_contract() -> None:
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    layers = contract["importlinter:contract:direction"]["layers"].split("\n")
    told = [frozenset(layer.split(" | ")) for layer in reversed(layers) if layer]
    assert [floor for floor in told if not floor & {*DERIVE_NOTHING, "examples"}] == [frozenset(f) for f in FLOORS]


def test_every_file_that_decides_anything_is_in_the_fingerprint_of_one_package() -> None:
    covered = [name for floor in FLOORS for package in floor for name, _ in _own_files(package)]
    assert len(covered) == len(set(covered))
    there = {
        path.relative_to(ROOT / "truecost" if folder == "truecost" else ROOT).as_posix()
        for folder in ("truecost", "sql", "expectations", "dashboards")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in _KINDS and "__pycache__" not in path.parts
    }
    assert set(covered) <= there
    left_out = {name for name in there - set(covered) if name.split("/")[0].removesuffix(".py") not in DERIVE_NOTHING}
    assert left_out == {"sql/__init__.py"}


def test_each_package_has_a_fingerprint_of_its_own_and_an_unknown_one_has_none() -> None:
    assert len({fingerprint(package) for floor in FLOORS for package in floor}) == sum(map(len, FLOORS))
    with pytest.raises(KeyError):
        fingerprint("no_such_package")
