"""Rules that look values up, why a charge is whose it is, and rules for what is nobody's: by the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import config, focus
from truecost import steps
from truecost.clock import Clock
from truecost.errors import ConfigError
from truecost.workspace.workspace import load_workspace

Truecost = Callable[..., subprocess.CompletedProcess[str]]
HOSTILE = "O'Brien; DROP TABLE books.charges; -- 100 % 🦙"

RULES = """
[[models]]
id = "bot"

[[models]]
id = "reader"

[[lookups]]
name = "centres"
path = "lookups/centres.csv"
key = "centre"

[[attribution]]
match = { source = "aws", service_name = { regex = "^Sage" } }
model = "reader"
activity = "serving"

[[attribution]]
match = { source = "aws" }
lookup = { table = "centres", on = "tags.org.centre" }
activity = "serving"
"""
CENTRES = f"""centre,model,cost_kind,owner
100,bot,storage,someone
"{HOSTILE}",reader,,else
"""


def bill(**columns: str) -> dict[str, str]:
    return {"BilledCost": "10.00", "EffectiveCost": "10.00", **columns}


@pytest.fixture
def workspace(make_workspace: Callable[..., Path]) -> Path:
    bills = focus(
        bill(Tags=json.dumps({"org": {"centre": "100"}})),
        bill(Tags=json.dumps({"org": {"centre": HOSTILE}})),
        bill(ServiceName="SageMaker"),
        bill(Tags=json.dumps({"org": {"centre": "999"}, "env": "dev", "model": "bot"}), ServiceName=HOSTILE),
        bill(Tags=json.dumps({"env": "dev", "model": "bot", "n": "4"}), ServiceName=HOSTILE),
    )
    root = make_workspace(
        config("aws", more=RULES), {"inbox/aws/bill.csv": bills, "lookups/centres.csv": CENTRES.encode()}
    )
    opened = load_workspace(root)
    steps.land(opened, Clock(date(2026, 10, 5)))
    steps.load(opened)
    return root


def explained(truecost: Truecost, workspace: Path, charge: str) -> Any:
    done = truecost("attribution", "explain", charge, "-w", workspace, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_rule_may_look_the_model_up(truecost: Truecost, workspace: Path) -> None:
    found = {charge: explained(truecost, workspace, charge) for charge in ("1:2", "1:3", "1:4", "1:5")}
    told = {charge: (item["model"], item["cost_kind"], item["by"]) for charge, item in found.items()}
    assert told == {
        "1:2": ("bot", "storage", "rule"),
        "1:3": ("reader", "other", "rule"),
        "1:4": ("reader", "other", "rule"),
        "1:5": (None, "other", "nobody"),
    }
    assert found["1:3"]["rule"]["rule"] == 2
    assert found["1:4"]["rule"]["tests"][1] == {
        "column": "service_name",
        "wanted": "regex ^Sage",
        "value": "SageMaker",
        "fits": True,
    }
    nearly = found["1:5"]["nearly"]
    assert [[test["fits"] for test in rule["tests"]] for rule in nearly] == [[True, False], [True, False]]


@pytest.mark.slow
def test_what_is_nobodys_is_grouped_and_a_rule_suggested(truecost: Truecost, workspace: Path) -> None:
    done = truecost("attribution", "suggest", "-w", workspace)
    assert done.returncode == 0, done.stderr
    assert "# USD 20.00 in 2 charges" in done.stdout
    rule = done.stdout.partition("[[attribution]]")[2]
    text = (workspace / "truecost.toml").read_text("utf-8") + "\n[[attribution]]\n" + rule.strip() + "\n"
    (workspace / "truecost.toml").write_text(text, "utf-8")
    opened = load_workspace(workspace)
    assert opened.config.attribution[-1].model == "bot", "a tag names the model"
    assert steps.suggest_rules(opened, 5) == []
    assert truecost("attribution", "suggest", "-w", workspace).stdout == "Nothing is unallocated.\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("centre,model\n1,bot\n1,reader\n", 3, "'1' stands twice"),
        ("centre,model\n,bot\n", 2, "centre is empty"),
        ("centre,model\n1,boot\n", 2, "there is no model 'boot'"),
        ("centre,model,activity\n1,bot,sleeping\n", 2, "there is no activity 'sleeping'"),
        ("center,model\n1,bot\n", 1, "it has no column 'centre'"),
    ],
)
def test_a_fault_of_a_lookup_is_told_on_its_line(workspace: Path, text: str, line: int, message: str) -> None:
    (workspace / "lookups" / "centres.csv").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as told:
        load_workspace(workspace)
    (fault,) = told.value.faults
    assert (fault.file, fault.line, fault.message) == ("lookups/centres.csv", line, message)


@pytest.mark.slow
def test_a_changed_lookup_changes_the_books(workspace: Path) -> None:
    opened = load_workspace(workspace)
    assert steps.explain_charge(opened, "1:2:0").model == "bot"
    (workspace / "lookups" / "centres.csv").write_text("centre,model\n100,reader\n", "utf-8")
    assert steps.explain_charge(load_workspace(workspace), "1:2:0").model == "reader"


def test_a_regular_expression_that_duckdb_can_not_use_is_told(workspace: Path) -> None:
    text = (workspace / "truecost.toml").read_text("utf-8").replace("^Sage", "(?!Sage)")
    (workspace / "truecost.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as told:
        load_workspace(workspace)
    assert "can't be used" in told.value.faults[0].message
