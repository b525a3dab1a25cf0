"""Every published figure leads to its charges, to the last digit, and each charge to its file, be it current or not."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer.main

from truecost import steps
from truecost.cli.commands import app
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.publish.publication import open_published
from truecost.publish.trace import STEPS, trace_charge, trace_figure
from truecost.store.rows import read_rows
from truecost.workspace.workspace import Workspace, load_workspace

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "accounting"
PAGE = ROOT / "docs" / "tracing.md"
Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
CLOSE_DAY, LATE_DAY = date(2026, 4, 8), date(2026, 7, 10)
Row = dict[str, Any]
Truecost = Callable[..., subprocess.CompletedProcess[str]]

PLAN = """
currency = "USD"
first_month = "2026-02"
last_month = "2026-09"

[[items]]
name = "all of it"
stage = "training"
unit_cost = 9000
"""


def bring_up_to(root: Path, day: date) -> None:
    workspace, clock = load_workspace(root), Clock(day)
    steps.land(workspace, clock)
    steps.load(workspace)
    steps.attribute(workspace)
    steps.compare(workspace, clock)
    steps.publish(workspace, clock)


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text("utf-8")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    path.write_text(text, "utf-8")


def accept_what_is_held(root: Path) -> None:
    """The bill that lost a line is held until someone says that it is so."""
    workspace, clock = load_workspace(root), Clock(LATE_DAY)
    (held,) = steps.deliveries(workspace, clock, only_open=True)
    steps.decide(workspace, clock, held.delivery_id, "accept", "it was billed twice")
    bring_up_to(root, LATE_DAY)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The worked example, its first quarter closed; then late files, a corrected bill and a dearer engineer."""
    root = tmp_path_factory.mktemp("traced") / "books"
    shutil.copytree(EXAMPLE, root)
    (root / "plans").mkdir()
    (root / "plans" / "bot.toml").write_text(PLAN, "utf-8")
    edit(
        root / "truecost.toml",
        ('[[models]]\nid = "bot"\n', '[[models]]\nid = "bot"\nplan = "plans/bot.toml"\n'),
        (
            'activity = "training"\n\n[[attribution]]',
            'activity = "training"\ntreatment = "capitalise"\n\n[[attribution]]',
        ),
    )
    bring_up_to(root, CLOSE_DAY)
    closing = steps.close(load_workspace(root), Clock(CLOSE_DAY), Q1, "M. Abara, controller")
    assert closing.close is not None, closing.checks
    shutil.copytree(root / "late" / "inbox", root / "inbox", dirs_exist_ok=True)
    bill = root / "inbox" / "aws" / "2026-02.csv"
    lines = bill.read_text("utf-8").splitlines()
    bill.write_text("\n".join(line for line in lines if "12.35" not in line) + "\n", "utf-8")
    edit(root / "truecost.toml", ("monthly_cost = 12400.00", "monthly_cost = 12600.00"))
    bring_up_to(root, LATE_DAY)
    accept_what_is_held(root)
    opened = load_workspace(root)
    assert steps.faults(opened) == []
    return opened


@pytest.fixture(scope="module")
def views(workspace: Workspace) -> dict[str, list[Row]]:
    with open_published(workspace.published) as con:
        return {name: read_rows(con, f"FROM {name}") for name in (*VIEWS, "costs")}


def built(row: Row) -> Row:
    return model(row) | told(row, "round") | {"build": True, "until": row["month"]}


def model(row: Row) -> Row:
    return {"model_id": row["model_id"] or "unallocated"}


def in_quarter(row: Row) -> Row:
    return model(row) | {"quarter": row["quarter"]}


def to_date(row: Row) -> Row:
    return model(row) | {"until": last_month(row["quarter"])}


def up_to(row: Row) -> Row:
    return {"until": last_month(row["quarter"])}


def last_month(quarter: str) -> date:
    return date(int(quarter[2:6]), 3 * int(quarter[-1]), 1)


def told(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names if row[name] is not None}


def of_plan(row: Row) -> Row:
    """A row of actual_vs_plan: its months, as far as they have begun, and its stage."""
    filters = model(row) | ({} if row["stage"] == "total" else told(row, "stage"))
    if row["month"]:
        return filters | {"month": row["month"]}
    if row["quarter"]:
        return filters | {"quarter": row["quarter"], "until": LATE_DAY.replace(day=1)}
    return filters | {"since": date(2026, 2, 1), "until": LATE_DAY.replace(day=1)}


def of_month(row: Row) -> Row:
    return in_quarter(row) | told(row, "month", "stage", "activity", "round", "cost_kind")


def of_gpus(row: Row) -> Row:
    return told(row, "coverage", "gpu_type", "resource_id") | {"day": row["first_day"]}


UNCLAIMED = {"model_id": "unallocated"}
ADJUSTED = ("stage", "activity", "round", "cost_kind", "reason")


def adjusted(row: Row) -> Row:
    quarters = {"origin_quarter": row["from_quarter"], "quarter": row["into_quarter"]}
    return model(row) | quarters | told(row, *(name for name in ADJUSTED if name in row)) | {"is_adjustment": True}


# (view, column) -> which filters lead to the figure of a row.
FIGURES: dict[tuple[str, str], Callable[[Row], Row]] = {
    ("true_cost_by_quarter", "true_cost"): in_quarter,
    ("true_cost_by_quarter", "training_only_cost"): lambda row: in_quarter(row) | {"is_training_only": True},
    ("true_cost_by_quarter", "billed_cost"): lambda row: in_quarter(row) | {"billed": True},
    ("true_cost_by_quarter", "true_cost_to_date"): to_date,
    ("true_cost_by_quarter", "training_only_cost_to_date"): lambda row: to_date(row) | {"is_training_only": True},
    ("true_cost_by_quarter", "idle_assigned"): lambda row: in_quarter(row) | {"is_idle": True},
    ("true_cost_by_quarter", "idle_platform"): lambda row: {
        "model_id": "unallocated",
        "quarter": row["quarter"],
        "is_idle": True,
    },
    ("true_cost_by_quarter", "adjustments"): lambda row: in_quarter(row) | {"is_adjustment": True},
    ("true_cost_by_quarter", "billed_cost_to_date"): lambda row: to_date(row) | {"billed": True},
    ("totals", "true_cost"): lambda row: told(row, "quarter"),
    ("totals", "training_only_cost"): lambda row: told(row, "quarter") | {"is_training_only": True},
    ("totals", "billed_cost"): lambda row: told(row, "quarter") | {"billed": True},
    ("totals", "true_cost_to_date"): up_to,
    ("totals", "training_only_cost_to_date"): lambda row: up_to(row) | {"is_training_only": True},
    ("totals", "billed_cost_to_date"): lambda row: up_to(row) | {"billed": True},
    ("totals", "unallocated_cost"): lambda row: UNCLAIMED | told(row, "quarter"),
    ("totals", "unallocated_billed_cost"): lambda row: UNCLAIMED | told(row, "quarter") | {"billed": True},
    ("totals", "unallocated_cost_to_date"): lambda row: UNCLAIMED | up_to(row),
    ("totals", "unallocated_billed_cost_to_date"): lambda row: UNCLAIMED | up_to(row) | {"billed": True},
    ("cost_by_stage_to_date", "cost"): lambda row: in_quarter(row) | told(row, "stage"),
    ("cost_by_stage_to_date", "cost_to_date"): lambda row: to_date(row) | told(row, "stage"),
    ("cost_by_kind_to_date", "cost"): lambda row: in_quarter(row) | told(row, "cost_kind"),
    ("cost_by_kind_to_date", "cost_to_date"): lambda row: to_date(row) | told(row, "cost_kind"),
    ("cost_by_stage", "cost"): lambda row: (
        in_quarter(row) | told(row, "stage", "activity", "round", "cost_kind", "is_idle")
    ),
    ("cost_by_month", "cost"): lambda row: of_month(row),
    ("cost_by_month", "billed_cost"): lambda row: of_month(row) | {"billed": True},
    ("unallocated", "cost"): lambda row: {"model_id": "unallocated"} | told(row, "quarter", "x_source", "service_name"),
    ("bridge", "amount"): lambda row: in_quarter(row) | told(row, "step"),
    ("actual_vs_plan", "actual"): of_plan,
    ("forecast", "actual_to_date"): lambda row: model(row) | {"until": row["as_of"].replace(day=1)},
    ("sunk_and_to_go", "sunk"): lambda row: model(row) | {"until": row["as_of"].replace(day=1)},
    ("variance_drivers", "cost"): lambda row: in_quarter(row) | told(row, "stage", "cost_kind"),
    ("variance_drivers", "previous_cost"): lambda row: (
        model(row) | {"quarter": row["previous_quarter"]} | told(row, "cost_kind")
    ),
    ("unit_economics", "true_cost"): in_quarter,
    ("unit_economics", "serving_cost"): lambda row: in_quarter(row) | {"stage": "serving"},
    ("unit_economics", "true_cost_to_date"): to_date,
    ("model_life", "added"): lambda row: model(row) | told(row, "month", "round") | {"build": True},
    ("model_life", "build_cost"): built,
    ("model_life", "capitalisable_cost"): lambda row: built(row) | {"treatment": "capitalise"},
    ("training_runs", "cost"): lambda row: told(row, "run_id"),
    ("adjustment_totals", "amount"): lambda row: adjusted(row),
    ("adjustment_totals", "billed_amount"): lambda row: adjusted(row) | {"billed": True},
    ("adjustments", "amount"): adjusted,
    ("adjustments", "billed_amount"): lambda row: adjusted(row) | {"billed": True},
    ("gpu_use", "cost"): lambda row: of_gpus(row),
    ("gpu_use", "idle_cost"): lambda row: of_gpus(row) | {"is_idle": True},
    ("invoices", "tax_inclusive_amount"): lambda row: {
        "invoice_id": row["invoice_number"],
        "delivery_id": row["x_delivery_id"],
    },
}
VIEWS = sorted({view for view, _ in FIGURES})


@pytest.mark.slow
@pytest.mark.parametrize(("view", "column"), FIGURES)
def test_a_published_figure_is_the_sum_of_the_charges_it_leads_to(
    workspace: Workspace, views: dict[str, list[Row]], view: str, column: str
) -> None:
    """Rows that differ only in what no filter names are added up: a unit of the drivers, a line of the adjustments."""
    figures: defaultdict[tuple[Any, ...], list[Decimal]] = defaultdict(list)
    for row in views[view]:
        if row[column] is None or (view == "variance_drivers" and not _is_of_charges(row, column)):
            continue
        if column == "idle_platform" and row["model_id"]:
            assert row[column] == 0
            continue
        figures[tuple(FIGURES[view, column](row).items())].append(row[column])
    assert figures
    for filters, amounts in figures.items():
        assert traced(workspace, dict(filters)) == sum(amounts), filters


def _is_of_charges(row: Row, column: str) -> bool:
    """A planned cost is no sum of charges; and the running quarter of a plan is told so far."""
    if column == "previous_cost":
        return row["compared_with"] == "previous quarter"
    return row["compared_with"] == "previous quarter" or last_month(row["quarter"]) < LATE_DAY


def traced(workspace: Workspace, filters: Row) -> Decimal:
    try:
        trail = trace_figure(workspace, filters, limit=100_000)
    except TruecostError as error:
        assert "no charge fits" in str(error)  # noqa: PT017 - a figure of nothing is 0
        return Decimal(0)
    assert trail.count == len(trail.charges)
    assert sum(charge["cost"] or 0 for charge in trail.charges) == (trail.total or 0)
    return Decimal(trail.total or 0)


def test_what_leads_to_a_figure_is_documented() -> None:
    page = PAGE.read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    documented = {(view.strip("| `"), column) for view, told, _ in rows for column in re.findall(r"`(\w+)`", told)}
    assert documented == {*FIGURES, ("charges", "x_cost")}
    assert all(f"`{step}`" in page for step in STEPS)
    command = typer.main.get_command(app).commands["trace"]  # type: ignore[attr-defined]
    options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    assert set(re.findall(r"`(--[\w-]+)", page)) <= options


def test_every_step_of_the_bridge_is_met(views: dict[str, list[Row]]) -> None:
    assert {row["step"] for row in views["costs"]} == {"own", "accrual", "fx", "allocation", "idle", "adjustment"}
    assert {row["reason"] for row in views["adjustments"]} == {"late", "withdrawn", "settings", "reversed"}


def test_each_charge_of_a_figure_leads_to_its_file_though_it_is_no_longer_current(workspace: Workspace) -> None:
    charges = [
        charge
        for filters in ({"quarter": Q1}, {"is_adjustment": True})
        for charge in trace_figure(workspace, filters, limit=1000).charges
    ]
    kinds = {(charge["file"] == "truecost.toml", charge["is_current"]) for charge in charges}
    assert kinds == {(False, True), (False, False), (True, True), (True, False)}
    for charge in charges:
        found = trace_charge(workspace, charge["charge_id"])
        assert (found["delivery"]["file"], found["line"]) == (charge["file"], charge["line"])
        assert found["is_current"] == charge["is_current"]
        assert found["costs"]
        if charge["line"] is not None and found["text"] is not None and not charge["is_current"]:
            assert found["text"] in (EXAMPLE / charge["file"]).read_text("utf-8"), "as it was delivered then"
    (gone,) = [c for c in charges if c["file"] == "inbox/aws/2026-02.csv" and c["cost"] == Decimal("-12.35")]
    assert (gone["reason"], gone["is_current"], gone["charge_description"]) == ("withdrawn", False, None)
    (edited,) = [charge for charge in charges if charge["charge_id"] == "0:0:0"]
    assert (edited["file"], edited["line"], edited["reason"]) == ("truecost.toml", None, "settings")
    assert round(edited["cost"], 2) == Decimal("248.39")  # half of 200 a month, two months and 15 of 31 days


def test_the_command_shows_charges_that_are_no_longer_current(truecost: Truecost, workspace: Workspace) -> None:
    shown = truecost("trace", "-w", workspace.root, "--adjustment", "--model", "bot", "--quarter", Q2)
    assert shown.returncode == 0, shown.stderr
    assert "model_id bot, quarter FY2026-Q2, is_adjustment yes" in shown.stdout
    assert "no longer current" in shown.stdout
    assert "settings" in shown.stdout
    (gone,) = [c for c in trace_figure(workspace, {"reason": "withdrawn"}).charges if c["cost"] == Decimal("-12.35")]
    shown = truecost("trace", "-w", workspace.root, gone["charge_id"])
    assert shown.returncode == 0, shown.stderr
    assert f"inbox/aws/2026-02.csv:{gone['line']}" in shown.stdout
    assert "12.35" in shown.stdout
    assert "It is no longer current; it counts with what was posted of it." in shown.stdout
    assert f"withdrawn, of {Q1}" in shown.stdout
    assert truecost("trace", "-w", workspace.root, "0:0:0").returncode == 0


@pytest.mark.parametrize(
    ("options", "figure"),
    [
        (["--month", "2026-02", "--model", "bot", "--stage", "maintenance"], {"month": date(2026, 2, 1)}),
        (["--round", "0", "--model", "bot", "--build"], {"round": 0, "build": True}),
        (["--idle", "--model", "bot", "--quarter", Q1], {"is_idle": True, "quarter": Q1}),
        (["--not-idle", "--model", "bot", "--quarter", Q1], {"is_idle": False, "quarter": Q1}),
        (["--step", "effective", "--model", "bot", "--quarter", Q1], {"step": "effective", "quarter": Q1}),
        (["--billed", "--model", "bot", "--since", "2026-02", "--until", "2026-05"], {"billed": True}),
        (["--training-only", "--model", "bot", "--origin-quarter", Q1], {"is_training_only": True}),
    ],
)
def test_the_options_are_the_filters(truecost: Truecost, workspace: Workspace, options: list[str], figure: Row) -> None:
    more: Row = {"model_id": "bot"}
    more |= {"stage": "maintenance"} if "--stage" in options else {}
    more |= {"since": date(2026, 2, 1), "until": date(2026, 5, 1)} if "--since" in options else {}
    more |= {"origin_quarter": Q1} if "--origin-quarter" in options else {}
    expected = trace_figure(workspace, figure | more)
    shown = truecost("trace", "-w", workspace.root, *options)
    assert shown.returncode == 0, shown.stderr
    assert f"total of all {expected.count}: USD {expected.total:,.2f}" in shown.stdout


def test_the_jobs_that_used_the_gpus_of_a_day_are_listed_with_its_bills(
    truecost: Truecost, workspace: Workspace, views: dict[str, list[Row]]
) -> None:
    with open_published(workspace.published) as con:
        behind = read_rows(con, "FROM gpu_use_charges")
    for row in views["gpu_use"]:
        charges = {each["x_charge_id"]: each for each in behind if of_gpus(each) == of_gpus(row)}
        assert sum(each["capacity_gpu_seconds"] or 0 for each in charges.values()) == row["capacity_gpu_hours"] * 3600
        assert sum(each["used_gpu_seconds"] or 0 for each in charges.values()) == row["used_gpu_hours"] * 3600
        assert {charge["charge_id"] for charge in trace_figure(workspace, of_gpus(row)).charges} == set(charges)
    row = max(views["gpu_use"], key=lambda row: row["used_gpu_hours"])
    options = ["--coverage", row["coverage"], "--day", row["first_day"].isoformat()]
    shown = truecost("trace", "-w", workspace.root, *options)
    assert shown.returncode == 0, shown.stderr
    assert f"day {row['first_day']}" in shown.stdout
    assert re.search(r"inbox/slurm/\S+:\d+ .* uses \d+", shown.stdout)
    assert f"{row['currency']} {row['cost']:,.2f}" in shown.stdout


def test_what_says_nothing_of_an_invoice_is_told(workspace: Workspace) -> None:
    with pytest.raises(TruecostError, match="model_id says nothing of invoice_id; leave it out"):
        trace_figure(workspace, {"invoice_id": "A-1", "model_id": "bot"})


def test_a_step_that_is_none_is_told(workspace: Workspace) -> None:
    with pytest.raises(TruecostError, match=r"the bridge has no step 'idl'; its steps are billed, effective, accrual"):
        trace_figure(workspace, {"step": "idl"})
