"""``truecost gaps``: what the figures miss, narrowed as one asks."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Truecost = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def root(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(demo, tmp_path_factory.mktemp("gaps") / "demo")


@pytest.mark.slow
def test_each_fault_is_told_with_its_quarter_its_models_and_a_remedy(truecost: Truecost, root: Path) -> None:
    told = truecost("gaps", "-w", root, "--json")
    quarantined, undecided = json.loads(told.stdout)
    assert (quarantined["kind"], quarantined["is_lower_bound"]) == ("quarantined", True)
    assert quarantined["quarters"] == ["FY2026-Q3"]
    assert quarantined["models"] == ["invoice-reader", "support-bot"]
    assert (undecided["kind"], undecided["is_lower_bound"]) == ("undecided", False)
    shown = truecost("gaps", "-w", root).stdout
    assert "the cost is at least what is shown" in shown
    assert quarantined["remedy"] in shown


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        (("--quarter", "FY2026-Q3"), ["quarantined", "undecided"]),
        (("--quarter", "FY2026-Q2"), []),
        (("--model", "invoice-reader"), ["quarantined"]),
        (("--kind", "undecided"), ["undecided"]),
        (("--source", "annotators"), ["quarantined"]),
    ],
)
def test_what_is_asked_for_is_all_that_is_told(
    truecost: Truecost, root: Path, options: tuple[str, str], kinds: list[str]
) -> None:
    told = truecost("gaps", "-w", root, "--json", *options)
    assert [gap["kind"] for gap in json.loads(told.stdout)] == kinds


def test_a_kind_that_there_is_not_is_named_with_those_there_are(truecost: Truecost, root: Path) -> None:
    told = truecost("gaps", "-w", root, "--kind", "quarantine")
    assert told.returncode != 0
    assert "quarantined" in told.stderr
