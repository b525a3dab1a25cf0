"""Whether to begin, asked as people do: of a file that nobody has a workspace for, and of a model whose logs speak."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, asked, config, focus
from truecost.publish.publication import open_published

Truecost = Callable[..., subprocess.CompletedProcess[str]]
EXAMPLES = Path(__file__).parents[2] / "examples" / "decisions"


def decided(truecost: Truecost, *told: str | Path) -> Any:
    done = truecost("decide", *told, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "word", "said"),
    [
        ("pays", "fine_tune_lora", "has paid for itself by the end of the plan in 100% of the draws"),
        ("does-not-pay", "prompt", "the volume is too little, under 10,000 requests a day (F24)"),
        ("must-wait", "wait", "answers have to be consistent (F25): the contract asks for one answer to one question"),
    ],
)
def test_each_example_comes_to_what_its_name_says(truecost: Truecost, name: str, word: str, said: str) -> None:
    choice = decided(truecost, EXAMPLES / f"{name}.toml")["choice"]
    assert choice["verdict"]["word"] == word
    assert said in " ".join(choice["verdict"]["reasons"])
    assert [option["name"] for option in choice["options"]] == [
        *("prompt", "retrieval", "managed", "lora", "qlora", "full")
    ]
    assert len(choice["verdict"]["waits_for"]) == (5 if word == "wait" else 0)


@pytest.mark.slow
def test_the_page_tells_the_same_and_loads_nothing(truecost: Truecost, tmp_path: Path) -> None:
    page = tmp_path / "decision.html"
    begun = decided(truecost, EXAMPLES / "must-wait.toml", "--html", page)
    choice, told = begun["choice"], page.read_text("utf-8")
    assert f"What moves the cost of {begun['approach']}" in told
    assert all(f">{bar['driver']}</text>" in told for bar in begun["drivers"])
    swings = [float(bar["swing"]) for bar in begun["drivers"]]
    assert swings == sorted(swings, reverse=True)
    assert len(swings) > 5
    for text in (*choice["verdict"]["waits_for"], *(item["evidence"] for item in choice["conditions"])):
        assert text.replace("'", "&#39;") in told
    assert "<script" not in told
    assert "http" not in told.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


@pytest.mark.slow
def test_the_same_plan_says_the_same_whenever_it_is_asked(truecost: Truecost) -> None:
    assert decided(truecost, EXAMPLES / "does-not-pay.toml") == decided(truecost, EXAMPLES / "does-not-pay.toml")


@pytest.mark.slow
def test_what_was_decided_is_held_against_what_came(truecost: Truecost, tmp_path: Path) -> None:
    toml = config("aws", workspace="as_of = 2027-03-10", more='\n[[models]]\nid = "bot"\nplan = "plans/bot.toml"\n')
    toml += '[[attribution]]\nmatch = { service_name = "*" }\nmodel = "bot"\n'
    plan = (EXAMPLES / "does-not-pay.toml").read_text("utf-8")
    books = Books.of(tmp_path / "books", toml, {})
    books.put("plans/bot.toml", plan)
    at = {f"ChargePeriod{end}": f"2027-01-1{day}T00:00:00Z" for end, day in (("Start", 0), ("End", 1))}
    at |= {"BillingPeriodStart": "2027-01-01T00:00:00Z", "BillingPeriodEnd": "2027-02-01T00:00:00Z"}
    books.put("inbox/aws/a.csv", focus({"BilledCost": "70.00", "EffectiveCost": "70.00", **at}))
    told = ("--workspace", books.root, "--as-of", "2027-01-05")
    nobody = truecost("decide", "bot", "--record", *told)
    assert (nobody.returncode, "say who decides with --by and why with --reason" in nobody.stderr) == (1, True)
    done = truecost("decide", "bot", "--record", "--by", "A. Lead", "--reason", "review", *told)
    assert done.returncode == 0, done.stderr
    assert truecost("run", "-w", books.root, "--as-of", "2027-03-10").returncode == 0
    with open_published(books.workspace.published) as con:
        (row,) = asked(con, "FROM finance.decisions")
    assert (row["model_id"], row["decided_by"], row["reason"], row["verdict"]) == ("bot", "A. Lead", "review", "prompt")
    assert (str(row["month"]), int(row["actual_to_date"]), row["is_within"]) == ("2027-02-01", 70, False)
    assert 0 < row["expected_p10"] < row["expected_p50"] < row["expected_p90"]


def test_a_plan_without_a_lifecycle_says_how_to_write_one(truecost: Truecost, tmp_path: Path) -> None:
    plan = tmp_path / "bare.toml"
    plan.write_text(
        'currency = "USD"\nfirst_month = "2027-01"\nlast_month = "2027-02"\n[[items]]\nname = "a"\nstage = "training"\n'
        "unit_cost = 1\n"
    )
    done = truecost("decide", plan)
    assert (done.returncode, "the plan of bare has no [lifecycle]" in done.stderr) == (1, True)
