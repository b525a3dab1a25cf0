"""Plan files: each fault on its line with its remedy, all of them together, with those of ``truecost.toml``."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost.errors import ConfigError, Fault
from truecost.workspace.plan_figures import Range
from truecost.workspace.plans import Item, Plan, months_between
from truecost.workspace.workspace import load_workspace

ROOT = Path(__file__).resolve().parents[2]
CONFIG = '[workspace]\nname = "books"\n[[models]]\nid = "bot"\nplan = "plans/bot.toml"\n'
HEAD = 'currency = "USD"\nfirst_month = "2025-10"\nlast_month = "2026-12"\n'
ITEM = '[[items]]\nname = "labels"\nstage = "data_curation"\n'


def plan_of(root: Path, plan: str | bytes, config: str = CONFIG) -> Plan:
    (root / "plans").mkdir(exist_ok=True)
    (root / "plans/bot.toml").write_bytes(plan if isinstance(plan, bytes) else plan.encode())
    (root / "truecost.toml").write_text(config, "utf-8")
    return load_workspace(root).plans["bot"]


def faults_of(root: Path, plan: str | bytes, config: str = CONFIG) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        plan_of(root, plan, config)
    assert caught.value.exit_code == 2
    return caught.value.faults


def test_a_plan_says_what_each_item_costs_and_when(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        HEAD
        + ITEM
        + 'months = ["2025-10", "2025-12"]\nquantity = { low = 4000, likely = 6000, high = 9000 }\n'
        + "unit_cost = { low = 0.8, likely = 1.1, high = 1.6 }\n"
        + '[[items]]\nname = "hosting"\nstage = "serving"\nmonths = "2026-02"\nunit_cost = 0.1\nper = "month"\n',
    )
    labels, hosting = plan.items
    assert labels.unit_cost == Range(low=Decimal("0.8"), likely=Decimal("1.1"), high=Decimal("1.6"))
    assert plan.months_of(labels) == [date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1)]
    assert plan.months_of(hosting) == [date(2026, 2, 1)]
    assert (hosting.unit_cost.low, hosting.unit_cost.is_certain) == (Decimal("0.1"), True)


def test_what_a_plan_leaves_out_has_a_default(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, HEAD + ITEM + "unit_cost = 5\n")
    assert (plan.budget, plan.seed, plan.trials) == (None, 0, 10_000)
    (item,) = plan.items
    assert (item.quantity.low, item.quantity.high, item.per) == (1, 1, "item")
    assert plan.months_of(item) == plan.months
    assert len(plan.months) == 15


def test_an_item_may_name_its_unit_and_what_it_is_sold_as(tmp_path: Path) -> None:
    (item,) = plan_of(tmp_path, HEAD + ITEM + 'unit_cost = 5\nunit = "GPU-Hours"\nsku = "h100"\n').items
    assert (item.unit, item.sku) == ("GPU-Hours", "h100")


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        (
            HEAD + ITEM + 'unit_cost = 1\nsku = "h100"\n',
            8,
            "the item 'labels' has a sku and no unit",
            'name the unit of its quantity, like unit = "GPU-Hours"',
        ),
        (
            HEAD.replace("USD", "EUR") + ITEM + "unit_cost = 1\n",
            1,
            "the plan is in EUR, and costs are reported in USD",
            None,
        ),
        (HEAD.replace("2026-12", "2025-09") + ITEM + "unit_cost = 1\n", 3, "the plan ends before it starts", None),
        (HEAD.replace("2026-12", "2035-10") + ITEM + "unit_cost = 1\n", 3, "the plan is longer than 120 months", None),
        (
            HEAD.replace('"2025-10"', "2025-10-01") + ITEM + "unit_cost = 1\n",
            2,
            "first_month = datetime.date(2025, 10, 1) is not possible",
            'write a month in quotes, like "2025-10"',
        ),
        (HEAD, 1, "the section [[items]] is missing", "add it"),
        (
            HEAD.replace('currency = "USD"\n', "") + ITEM + "unit_cost = 1\n",
            1,
            "the key 'currency' is missing",
            "add it",
        ),
        (HEAD + "items = []\n", 4, "items = [] is not possible", None),
        (HEAD + ITEM, 4, "the key 'unit_cost' is missing", "add it"),
        (HEAD + "budgte = 5\n" + ITEM + "unit_cost = 1\n", 4, "the file has no key 'budgte'", "did you mean 'budget'?"),
        (
            HEAD + ITEM + "unit_cost = 1\nquantty = 2\n",
            8,
            "[[items]] has no key 'quantty'",
            "did you mean 'quantity'?",
        ),
        (
            HEAD + ITEM + "unit_cost = { low = 1, likly = 2, high = 3 }\n",
            7,
            "the key 'likely' is missing",
            "add it",
        ),
        (
            HEAD + ITEM + "unit_cost = { low = 3, likely = 2, high = 4 }\n",
            7,
            None,
            "low may not be above likely, nor likely above high",
        ),
        (HEAD + ITEM + "unit_cost = { low = 1, likely = 5, high = 4 }\n", 7, None, None),
        (HEAD + ITEM + "unit_cost = -1\n", 7, None, None),
        (HEAD + ITEM + "unit_cost = nan\n", 7, None, None),
        (HEAD + ITEM + "unit_cost = inf\n", 7, None, None),
        (
            HEAD + ITEM.replace("data_curation", "undecided") + "unit_cost = 1\n",
            6,
            "stage = 'undecided' is not possible",
            None,
        ),
        (
            HEAD + ITEM.replace("data_curation", "servig") + "unit_cost = 1\n",
            6,
            "stage = 'servig' is not possible",
            None,
        ),
        (HEAD + ITEM + 'unit_cost = 1\nmonths = "2025-13"\n', 8, "months = '2025-13' is not possible", None),
        (HEAD + ITEM + "unit_cost = 1\nmonths = []\n", 8, "months = [] is not possible", None),
        (
            HEAD + ITEM + 'unit_cost = 1\nmonths = ["2026-02", "2026-01"]\n',
            8,
            "the months of 'labels' end before they start",
            "put the first month first",
        ),
        (
            HEAD + ITEM + 'unit_cost = 1\nmonths = ["2025-10", "2027-01"]\n',
            8,
            "'labels' is in months outside the plan, which is 2025-10 to 2026-12",
            None,
        ),
        (HEAD + (ITEM + "unit_cost = 1\n") * 2, 9, "two items are called 'labels'", None),
        (HEAD + ITEM + "unit_cost = 1e9\nquantity = 1e9\n", 7, "the plan comes to 10^15 or more at 'labels'", None),
        (HEAD + "trials = 10\n" + ITEM + "unit_cost = 1\n", 4, "trials = 10 is not possible", None),
        (HEAD + ITEM + "unit_cost = \n", 7, None, "mend that line"),
        (b"\xff" + HEAD.encode(), None, "the file is not UTF-8", None),
    ],
)
def test_a_fault_of_a_plan_is_told_on_its_line(
    tmp_path: Path, text: str | bytes, line: int | None, message: str | None, remedy: str | None
) -> None:
    fault, *others = faults_of(tmp_path, text)
    assert (fault.file, fault.line) == ("plans/bot.toml", line)
    assert message in (None, fault.message)
    assert remedy in (None, fault.remedy)
    assert fault.remedy
    assert others == [] or "likly" in str(text)


def test_faults_of_every_plan_and_of_the_workspace_come_together(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans/other.toml").write_text(
        HEAD.replace("USD", "EUR") + "seed = -1\n" + ITEM + 'months = "2030-01"\n'
    )
    config = CONFIG + '[[models]]\nid = "other"\nplan = "plans/other.toml"\n'
    plan = HEAD.replace("2026-12", "2025-01") + ITEM + "unit_cost = 1\n" + ITEM + "unit_cost = 1\ncolour = 2\n"
    found = [(fault.file, fault.line) for fault in faults_of(tmp_path, plan, config + "prio = 1\n")]
    plans = [("plans/bot.toml", 3), ("plans/bot.toml", 12), ("plans/other.toml", 1), ("plans/other.toml", 4)]
    assert found == [("truecost.toml", 9), *plans, ("plans/other.toml", 5)]
    # Where truecost.toml is sound in itself, what it says of others is told beside the plans too.
    rule = '[[attribution]]\nmatch = { "tags.a" = "b" }\nmodel = "bit"\n'
    found = [(fault.file, fault.line) for fault in faults_of(tmp_path, plan, config + rule)]
    assert found == [("truecost.toml", 11), *plans, ("plans/other.toml", 5)]


def test_a_plan_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "truecost.toml").write_text(CONFIG)
    (tmp_path / "plans/bot.toml").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"plans/bot\.toml: the file can't be read"):
        load_workspace(tmp_path)


def test_two_models_may_share_a_plan_and_its_faults_are_told_once(tmp_path: Path) -> None:
    config = CONFIG + '[[models]]\nid = "twin"\nplan = "plans/bot.toml"\n'
    assert len(faults_of(tmp_path, HEAD + ITEM, config)) == 1
    plan_of(tmp_path, HEAD + ITEM + "unit_cost = 1\n", config)
    assert load_workspace(tmp_path).plans.keys() == {"bot", "twin"}


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(0, 200))
def test_months_follow_one_another_from_the_first_to_the_last(day: date, count: int) -> None:
    first = day.replace(day=1)
    number = first.year * 12 + first.month - 1 + count
    last = date(number // 12, number % 12 + 1, 1)
    months = months_between(first, last)
    assert (months[0], months[-1], len(months)) == (first, last, count + 1)
    assert all(27 < (b - a).days < 32 for a, b in pairwise(months))


def test_the_documentation_names_every_key_and_its_example_is_a_sound_plan(tmp_path: Path) -> None:
    reference = (ROOT / "docs/reference.md").read_text("utf-8")
    plans = reference[reference.index("## Plans") :].split("\n## ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", plans, re.MULTILINE))
    assert documented >= {*Plan.model_fields, *Item.model_fields}
    text = (ROOT / "docs/plans.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(plan_of(tmp_path, example).items) >= 3
