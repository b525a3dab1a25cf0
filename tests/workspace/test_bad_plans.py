"""Bad plans: what can't be, and what can hardly be meant, all at once and each on its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from truecost.errors import ConfigError, Fault
from truecost.workspace.plans import read_doubts, read_plan

HEAD = 'currency = "USD"\nfirst_month = "2026-01"\nlast_month = "2026-12"\n'
LIFE = '\n[lifecycle]\napproach = "lora"\n'


def faults_of(folder: Path, text: str) -> tuple[Fault, ...]:
    (folder / "bot.toml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_plan(folder / "bot.toml", "plans/bot.toml", "USD")
    return caught.value.faults


def doubts_of(folder: Path, text: str) -> list[Fault]:
    (folder / "bot.toml").write_text(text, "utf-8")
    read_plan(folder / "bot.toml", "plans/bot.toml", "USD")
    return read_doubts(folder / "bot.toml", "plans/bot.toml")


def test_everything_wrong_with_a_plan_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = (
        'currency = "USD"\nfirst_month = 2026-01-01\nlast_month = "2026-12"\n'
        + LIFE
        + "[lifecycle.data]\nreview_share = 30\nrelabel_share = { low = 5, likely = 10, high = 20 }\n"
        + "[lifecycle.people]\nhourly_rate = 15000\n"
        + '[[items]]\nname = "hosting"\nstage = "serving"\nunit_cost = 2.5\nper = "month"\n'
    )
    found = {fault.line: fault for fault in faults_of(tmp_path, text)}
    assert sorted(found) == [2, 8, 9, 11, 15]  # type: ignore[type-var]
    assert found[2].remedy == 'write a month in quotes, like "2025-10"'
    assert (found[8].message, found[8].remedy) == (
        "review_share = 30 is not possible",
        "a share is from 0 to 1: write 0.3 for 30 %",
    )
    assert "less than or equal to 1" in found[9].remedy
    assert found[11].message == "hourly_rate = 15,000 an hour"
    assert found[15].message == "'hosting' costs 2.5 a month"
    assert found[15].remedy.startswith("is it the price of an hour?")


def test_a_price_of_a_month_where_an_hours_belongs_is_doubted(tmp_path: Path) -> None:
    item = '[[items]]\nname = "gpu"\nstage = "training"\nunit = "GPU-Hours"\nquantity = 5\nunit_cost = 2200\n'
    serving = '[[items]]\nname = "x"\nstage = "serving"\nunit_cost = 500\nper = "month"\n'
    (doubt,) = doubts_of(tmp_path, HEAD + item + serving)
    assert (doubt.line, doubt.message) == (9, "'gpu' costs 2,200 an hour")


def test_a_plan_of_one_training_run_is_told_what_the_facts_say_is_missing(tmp_path: Path) -> None:
    (doubt,) = doubts_of(tmp_path, HEAD + '[[items]]\nname = "run"\nstage = "training"\nunit_cost = 3000\n')
    assert doubt.line == 4
    assert all(f"F{number}" in doubt.remedy for number in range(12, 18))


@pytest.mark.parametrize("text", [HEAD, HEAD + "items = []\n"])
def test_a_plan_needs_items_or_a_lifecycle(tmp_path: Path, text: str) -> None:
    assert len(faults_of(tmp_path, text)) == 1


def test_a_lifecycle_alone_is_a_plan_without_doubts(tmp_path: Path) -> None:
    assert doubts_of(tmp_path, HEAD + LIFE) == []


@pytest.mark.parametrize(
    "figure",
    [
        '{ low = 1, likely = 2, high = 3, as = "bounds" }',
        '{ distribution = "lognormal", mean = 5, sd = 2 }',
        '{ distribution = "normal", mean = 5, sd = 2 }',
        '{ distribution = "uniform", low = 1, high = 2 }',
    ],
)
def test_a_figure_may_be_bounds_or_a_named_distribution(tmp_path: Path, figure: str) -> None:
    item = f'[[items]]\nname = "x"\nstage = "serving"\nunit_cost = {figure}\n'
    assert doubts_of(tmp_path, HEAD + item) == []


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ('{ distribution = "gumbel", mean = 5, sd = 2 }', "distribution = 'gumbel' is not possible"),
        ('{ distribution = "uniform", low = 3, high = 2 }', "is not possible"),
        ('{ distribution = "normal", mean = 5, ds = 2 }', "has no key 'ds'"),
        ('{ low = 1, likely = 2, high = 3, as = "limits" }', "as = 'limits' is not possible"),
    ],
)
def test_a_figure_of_no_known_form_is_told(tmp_path: Path, figure: str, said: str) -> None:
    found = faults_of(tmp_path, HEAD + f'[[items]]\nname = "x"\nstage = "serving"\nunit_cost = {figure}\n')
    assert any(said in fault.message for fault in found)
    assert {fault.line for fault in found} == {7}
