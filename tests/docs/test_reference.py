"""Documentation that can't drift."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_is_what_the_code_says() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))["reference"]()
    assert (ROOT / "docs" / "reference.md").read_text("utf-8") == made, "run `python docs/make_reference.py`"


def test_the_changelog_and_readme_name_every_command() -> None:
    from truecost.cli.commands import app

    readme = (ROOT / "README.md").read_text("utf-8")
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"truecost {command.name or command.callback.__name__}" in readme


def test_the_map_is_what_the_packages_say_of_themselves() -> None:
    with_map = runpy.run_path(str(ROOT / "docs" / "make_map.py"))["with_map"]
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert page == with_map(page), "run `python docs/make_map.py`"


def test_every_file_that_the_walk_through_the_house_names_is_there() -> None:
    walk = (ROOT / "docs" / "map.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z_0-9/]+\.(?:py|sql|json))`", walk))
    assert len(named) > 25
    assert [name for name in named if not ((ROOT / name).is_file() or (ROOT / "truecost" / name).is_file())] == []
