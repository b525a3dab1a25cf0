"""An upgrade reaches what an older truecost derived: books, published file and report; so does a rebuild."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import DAY, Books, config, focus, in_month
from truecost import steps
from truecost.clock import Clock
from truecost.intake.landing import Landing
from truecost.publish.publication import open_published

ROOT = Path(__file__).resolve().parents[2]
MODEL = '\n[[models]]\nid = "bot"\n[[attribution]]\nmatch = { source = "aws" }\nmodel = "bot"\nactivity = "serving"\n'
STEPS = (
    "import sys; from datetime import date; from pathlib import Path; from truecost import steps; "
    "from truecost.clock import Clock; from truecost.workspace.workspace import load_workspace; "
    "held, clock = load_workspace(Path(sys.argv[1])), Clock(date.fromisoformat(sys.argv[2])); "
    "steps.load(held); steps.attribute(held); steps.compare(held, clock); steps.publish(held, clock); "
    "steps.report(held, clock, 'FY2026-Q1')"
)
COMPILED = "    numbers = [_guarded(held, rule_sql(held, subjects)) for held in sets]\n"


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made = Books.of(tmp_path / "books", config("aws", more=MODEL), {"inbox/aws/1.csv": focus(in_month(1))})
    made.run()
    publish_and_report(made)
    return made


def publish_and_report(books: Books) -> None:
    steps.compare(books.workspace, Clock(DAY))
    steps.publish(books.workspace, Clock(DAY))
    steps.report(books.workspace, Clock(DAY), "FY2026-Q1")


def published(books: Books) -> dict[str | None, Decimal]:
    with open_published(books.workspace.published) as con:
        return dict(con.execute("SELECT model_id, true_cost FROM true_cost_by_quarter WHERE true_cost <> 0").fetchall())


def reported(books: Books) -> dict[str, Any]:
    told = json.loads((books.workspace.reports / "FY2026-Q1" / "true-cost.json").read_text("utf-8"))
    return {model["model_id"]: Decimal(model["true_cost"]) for model in told["models"]}


def test_another_compiler_of_rules_reaches_books_published_file_and_report(books: Books, tmp_path: Path) -> None:
    assert published(books) == {"bot": 10}
    newer = tmp_path / "site" / "truecost"
    shutil.copytree(ROOT / "truecost", newer)
    for folder in ("dashboards", "examples", "expectations", "flows", "sql"):
        shutil.copytree(ROOT / folder, newer / folder, ignore=shutil.ignore_patterns("demo", "accounting"))
    compiler = newer / "books" / "attribution.py"
    text = compiler.read_text("utf-8")
    assert text.count(COMPILED) == 1
    compiler.write_text(text.replace(COMPILED, '    numbers = ["NULL" for held in sets]\n'), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", STEPS, str(books.root), DAY.isoformat()],
        env=os.environ | {"PYTHONPATH": str(newer.parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert books.ask("SELECT rule_no, model_id FROM books.attribution") == [{"rule_no": None, "model_id": None}]
    assert published(books) == {None: 10}
    assert reported(books).get("bot", Decimal(0)) == 0


@pytest.mark.slow
def test_a_warehouse_that_is_rebuilt_from_other_content_is_published_anew(books: Books) -> None:
    landing = Landing(books.root / "landing")
    (entry,) = landing.entries()
    (part,) = entry.parts
    other = landing.object_path(part.sha256 or "").read_bytes().replace(b"10.00", b"70.00")
    sha256 = hashlib.sha256(other).hexdigest()
    landing.object_path(sha256).parent.mkdir(exist_ok=True)
    landing.object_path(sha256).write_bytes(other)
    (books.root / part.file).write_bytes(other)
    log = landing.entry_path(entry.set_version)
    log.chmod(0o644)
    log.write_text(log.read_text("utf-8").replace(part.sha256 or "", sha256), "utf-8")
    for path in books.root.glob("warehouse.duckdb*"):
        path.unlink()
    books.run()
    publish_and_report(books)
    assert published(books) == {"bot": 70}
    assert reported(books) == {"bot": Decimal(70)}


@pytest.mark.slow
def test_a_warehouse_that_is_rebuilt_from_the_same_content_is_published_already(books: Books) -> None:
    steps.publish(books.workspace, Clock(DAY))
    for path in books.root.glob("warehouse.duckdb*"):
        path.unlink()
    books.run()
    steps.compare(books.workspace, Clock(DAY))
    assert not steps.publish(books.workspace, Clock(DAY))
