"""One thing changes, and what depends on it moves by exactly that much: nothing else does.

Every output is compared whole, before and after: the published database, the page, the CSV and the JSON; the workbook
is held against the raw files as they are after the change.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.by_hand.demo_by_hand import Books, Page, figures
from tests.support.books import run_steps
from tests.system import test_independent_check as check
from truecost import steps
from truecost.clock import Clock
from truecost.intake.load import Loaded
from truecost.workspace.workspace import load_workspace

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
QUARTER = "FY2026-Q3"
CLOCK = Clock(date(2026, 10, 5))
AUGUST = "inbox/aws/2026-08.csv"
# Figures that follow from amounts: ratios, and the words that hold one.
DERIVED = re.compile(
    r"(.*_)?(multiplier|share)(_to_date|_at_horizon)?|variance_pct|pace|probability_over_budget|yardsticks|fingerprint"
    # What follows from a draw.
    r"|ahead|past_forecasts|nowcast|to_come|estimate_at_completion_p\d\d|.*_budget_(in|since)"
)
FORECAST = ("actual_to_date",)
TO_DATE = ("actual_to_date", "variance")
CENTS = re.compile(r"−?[\d,]+\.\d\d(?![\d×%])")

Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Change:
    """An amount of one line of the inbox, and the figures that hold it."""

    by: Decimal
    file: str
    line: Mapping[str, str]  # what tells the line apart
    columns: tuple[str, ...]
    money: tuple[str, ...]  # the same columns, as the control totals name them
    model: str
    stage: str
    activity: str
    round: int
    kind: str

    @property
    def month(self) -> date:
        return date.fromisoformat(re.sub(r".*(\d{4}-\d\d).*", r"\1-01", self.file))

    def make(self, root: Path) -> int:
        """Change the file; returns the number of the line."""
        path = root / self.file
        with path.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        told = [dict(zip(header, row, strict=True)) for row in rows]
        (place,) = (place for place, row in enumerate(told) if self.line.items() <= row.items())
        for column in self.columns:
            rows[place][header.index(column)] = str(Decimal(told[place][column]) + self.by)
        with path.open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerows([header, *rows])
        return place + 2


STAFF = Change(
    by=Decimal("100.00"),
    file="inbox/staff/2026-08.csv",
    line={"Project": "support-bot", "Role": "Data engineer, curation"},
    columns=("Gross Cost",),
    money=("amount",),
    model="support-bot",
    stage="maintenance",
    activity="data_curation",
    round=2,
    kind="labor",
)
AGENCY = Change(
    by=Decimal("1.00"),
    file="inbox/annotators/2026-09-bright-labels.csv",
    line={"project": "support-bot"},
    columns=("amount",),
    money=("amount",),
    model="support-bot",
    stage="maintenance",
    activity="evaluation",
    round=2,
    kind="annotation",
)
CLOUD = Change(
    by=Decimal("10.00"),
    file=AUGUST,
    line={"SubAccountName": "larkfell-finance-ai", "ChargePeriodStart": "2026-08-15T00:00:00Z"},
    columns=("BilledCost", "EffectiveCost"),
    money=("billed_cost", "effective_cost"),
    model="invoice-reader",
    stage="serving",
    activity="serving",
    round=1,
    kind="compute",
)


@dataclass(frozen=True)
class Outputs:
    """Every figure of a workspace, in each of the forms in which it is told."""

    json: dict[str, Any]
    csv: dict[Key, str]
    page: dict[Key, str]
    database: dict[Key, Any]
    books: Books  # the same once more, from the raw files
    by_hand: dict[str, Any]


def publish(root: Path) -> list[Loaded]:
    """The daily steps but for the report; returns what was loaded."""
    return run_steps(load_workspace(root), CLOCK)


def run(root: Path) -> list[Loaded]:
    loaded = publish(root)
    steps.report(load_workspace(root), CLOCK)
    return loaded


def read(root: Path) -> Outputs:
    folder = root / "reports" / QUARTER
    books = Books(root, QUARTER)
    with (folder / "true-cost.csv").open(encoding="utf-8", newline="") as lines:
        _, *rows = csv.reader(lines)
    return Outputs(
        json=figures(without_words(json.loads((folder / "true-cost.json").read_text("utf-8")))),
        csv={(*row[1:5], column): row[column] for row in rows for column in (6, 7)},
        page={
            place: text
            for place, text in Page(folder / "true-cost.html").cells().items()
            if place[0] != "What newer deliveries changed"
        },
        database=read_database(root),
        books=books,
        by_hand=figures(books.report),
    )


def without_words(report: dict[str, Any]) -> dict[str, Any]:
    """A report without its alerts and decisions: their sentences hold amounts too, and others look at them.

    So does what tells of the moves themselves, delivery beside delivery.
    """
    return {key: value for key, value in report.items() if key not in ("alerts", "decisions", "redeliveries")}


def read_database(root: Path) -> dict[Key, Any]:
    """Each value of the finance views by view, key and column; what a newer delivery has replaced is left out."""
    found: dict[Key, Any] = {}
    keys = {
        "true_cost_by_quarter": ("model_id", "quarter"),
        "cost_by_stage": ("model_id", "quarter", "stage", "activity", "round", "cost_kind", "is_idle"),
        "totals": ("quarter",),
        "cost_by_stage_to_date": ("model_id", "quarter", "stage"),
        "cost_by_kind_to_date": ("model_id", "quarter", "cost_kind"),
        "training_runs": ("run_id",),
        "actual_vs_plan": ("model_id", "month", "quarter", "stage"),
        "forecast": ("model_id",),
        "charges": ("file", "x_line", "x_part"),
        "costs": ("file", "x_line", "x_part", "month"),
        "control_totals": ("file", "column_name", "currency"),
        "deliveries": ("file",),
        "quarantine": ("file", "line"),
        "gaps": ("kind", "what", "model_id", "quarter"),
    }
    with_file = "USING (delivery_id) WHERE deliveries.status = 'loaded'"
    selects = {
        "charges": "SELECT file, charges.* FROM charges JOIN deliveries ON x_delivery_id = delivery_id",
        "costs": "SELECT file, x_line, x_part, costs.* FROM costs JOIN charges USING (x_charge_id) "
        "JOIN deliveries ON x_delivery_id = delivery_id",
        "control_totals": f"SELECT file, control_totals.* FROM control_totals JOIN deliveries {with_file}",
        "deliveries": "FROM deliveries WHERE status = 'loaded'",
    }
    # What identifies a delivery, not what it costs.
    silent = {"delivery_id", "x_delivery_id", "x_charge_id", "sha256", "size_bytes", "received_at"}
    with duckdb.connect(str(root / "reports" / "reports.duckdb"), read_only=True) as con:
        con.execute("USE finance")
        for view, key in keys.items():
            rows = con.execute(selects.get(view, f"FROM {view}"))
            names = [column[0] for column in rows.description or ()]
            for values in rows.fetchall():
                row = dict(zip(names, values, strict=True))
                place = tuple(row[name] for name in key)
                told = {(view, *place, name): row[name] for name in names if name not in {*key, *silent}}
                assert not told.keys() & found.keys(), f"two rows of {view} are {place}"
                found |= told
    return found


@pytest.fixture(scope="module")
def before(demo: Path) -> Outputs:
    return read(demo)


@pytest.fixture
def workspace(demo: Path, tmp_path: Path) -> Path:
    """A workspace that has run already."""
    return shutil.copytree(demo, tmp_path / "workspace")


def differences(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> dict[Any, Any]:
    """The figures that are not the same: by how much, or (before, after) where that can't be said."""
    assert before.keys() == after.keys()
    return {key: step(value, after[key]) for key, value in before.items() if after[key] != value}


def step(before: Any, after: Any) -> Any:
    if isinstance(before, str) and isinstance(after, str):
        try:
            before, after = (Decimal(text.replace(",", "").replace("−", "-")) for text in (before, after))
        except ArithmeticError:
            return before, after
    return after - before if isinstance(before, int | Decimal) else (before, after)


def amounts(moved: Mapping[Any, Any]) -> dict[Any, Any]:
    """Without what follows from amounts."""
    return {key: by for key, by in moved.items() if not any(map(DERIVED.fullmatch, parts(key)))}


def parts(key: Any) -> list[str]:
    return key.split(".") if isinstance(key, str) else [part for part in key if isinstance(part, str)]


def added(*moves: dict[Any, Decimal]) -> dict[Any, Decimal]:
    """The sum of several changes, figure by figure."""
    return {key: sum((move.get(key, Decimal(0)) for move in moves), Decimal(0)) for move in moves for key in move}


def json_moves(change: Change) -> dict[Any, Decimal]:
    model = f"models.{change.model}"
    places = [f"{part}.{figure}" for part in ("total", model) for figure in ("true_cost", "billed_cost")]
    places += [f"{model}.stages.{change.stage}.cost", f"{model}.kinds.{change.kind}.cost"]
    history = f"{model}.history.{QUARTER}"
    places += [f"{place}_to_date" for place in places]
    places += [f"{history}.true_cost", f"{history}.billed_cost", f"{history}.stages.{change.stage}"]
    plan = f"{model}.plan"
    places += [f"{plan}.{part}.{key}" for part in (f"stages.{change.stage}", "total") for key in ("actual", "variance")]
    places += [f"{plan}.months.{change.month}.actual", f"{plan}.whole.actual"]
    places += [f"{model}.forecast.{figure}" for figure in FORECAST]
    places += [f"{part}.{figure}" for part in (f"{model}.plan_to_date", "plans_to_date") for figure in TO_DATE]
    return dict.fromkeys(places, change.by)


def csv_moves(change: Change) -> dict[Any, Decimal]:
    places = [(model, figure, "", "") for model in ("", change.model) for figure in ("true_cost", "billed_cost")]
    places += [(change.model, "cost_by_stage", change.stage, ""), (change.model, "cost_by_kind", "", change.kind)]
    moves = dict.fromkeys([(*place, column) for place in places for column in (6, 7)], change.by)
    once = [(change.model, "variance", stage, "") for stage in (change.stage, "total")]
    return moves | dict.fromkeys([(*place, 6) for place in once], change.by)


def page_moves(change: Change) -> dict[Any, Decimal]:
    stage, kind = (name.replace("_", " ").capitalize() for name in (change.stage, change.kind))
    beside, model = "True cost beside training-only cost", change.model
    places: list[Key] = [("True cost", "0"), ("True cost to date", "0")]
    places += [(beside, "USD", row, column) for row in (model, "Total") for column in "246"]
    places += [(model, "Cost by stage", row, column) for row in (stage, "True cost") for column in "13"]
    places += [(model, "Cost by kind", row, column) for row in (kind, "True cost") for column in "12"]
    places += [(model, "Quarter by quarter", QUARTER, column) for column in "23"]
    places += [("Against the plan", "USD", model, column) for column in "23"]
    to_date = ("Against the plan", "Plan and actual to date")
    places += [(*to_date, row, column) for row in (model, "All with a plan") for column in "34"]
    by_stage = (f"{model}: Plan against actual", f"{QUARTER} by stage")
    places += [(*by_stage, row, column) for row in (stage, "Total") for column in "34"]
    return dict.fromkeys(places, change.by)


def database_moves(change: Change, line: int) -> dict[Any, Decimal]:
    quarter = ("true_cost_by_quarter", change.model, QUARTER)
    group = (change.model, QUARTER, change.stage, change.activity, change.round, change.kind, False)
    charge = ("charges", change.file, line, 0)
    month = ("costs", change.file, line, 0, change.month)
    total = [("control_totals", change.file, column, "USD") for column in change.money]
    places: list[Key] = [("cost_by_stage", *group, "cost")]
    summed = ("true_cost", "billed_cost", "true_cost_to_date", "billed_cost_to_date")
    places += [(*place, column) for place in (quarter, ("totals", QUARTER)) for column in summed]
    places.append((*quarter, "true_cost_at_horizon"))  # both models are within the year of their first promotion
    split = [("cost_by_stage_to_date", change.model, QUARTER, change.stage)]
    split += [("cost_by_kind_to_date", change.model, QUARTER, change.kind)]
    places += [(*place, column) for place in split for column in ("cost", "cost_to_date")]
    places += [(*charge, column) for column in ("billed_cost", "effective_cost", "x_cost")]
    places += [(*month, column) for column in ("cost", "billed_cost")]
    places += [(*place, column) for place in total for column in ("amount_read", "amount_loaded")]
    periods = ((change.month, QUARTER), (None, QUARTER), (None, None))
    held = [("actual_vs_plan", change.model, *period, stage) for period in periods for stage in (change.stage, "total")]
    places += [(*place, column) for place in held for column in ("actual", "variance")]
    places += [("forecast", change.model, column) for column in FORECAST]
    return dict.fromkeys(places, change.by)


def is_drawn(key: Key) -> bool:
    """Whether a place of the page holds what follows from draws: the forecast's columns, sentences, decisions'."""
    if key[0] == "Alerts and decisions":
        return True
    if key[:2] == ("Against the plan", "USD"):
        return key[3] in ("6", "7", "8")
    if key[0] == "Against the plan" and key[1].startswith("How good past forecasts were"):
        return True
    return key[0].endswith(": Plan against actual") and key[1].startswith("paragraph")


def assert_moved(before: Outputs, after: Outputs, made: Mapping[Change, int], **deliveries: int) -> None:
    """Each change (and its line) moves the figures that hold it by exactly its amount, in each output; no other moves.

    ``deliveries`` are the counts of the report that move too.
    """
    moved = differences(before.json, after.json)
    counts = {f"deliveries.{name}": by for name, by in deliveries.items()}
    assert amounts(moved) == added(*map(json_moves, made)) | counts
    concerned = ("total", "yardsticks", "fingerprint", "deliveries", "plans_to_date")
    concerned += tuple(f"models.{change.model}" for change in made)
    assert all(path.startswith(concerned) for path in moved)
    # What follows from the amounts is what the raw files, as they are now, come to.
    by_hand = {path: value for path, value in after.by_hand.items() if not path.startswith("deliveries")}
    assert {path: after.json[path] for path in by_hand} == by_hand

    assert amounts(differences(before.csv, after.csv)) == added(*map(csv_moves, made))

    cells = {key: by for key, by in differences(before.page, after.page).items() if not is_drawn(key)}
    # A variance above the plan bears a plus, and is looked at with the sentences.
    shown = {key: by for key, by in added(*map(page_moves, made)).items() if CENTS.fullmatch(before.page[key])}
    assert {key: by for key, by in cells.items() if CENTS.fullmatch(before.page[key])} == shown
    for key in cells.keys() - shown.keys():  # sentences and the words of charts: the amounts in them
        told = zip(CENTS.findall(before.page[key]), CENTS.findall(after.page[key]), strict=True)
        assert {step(*pair) for pair in told} <= {Decimal(0), *shown.values()}

    lines = [database_moves(change, line) for change, line in made.items()]
    assert amounts(differences(before.database, after.database)) == added(*lines)


def test_a_changed_amount_moves_every_figure_that_holds_it_by_exactly_that_much(
    before: Outputs, tmp_path: Path
) -> None:
    """A staff cost, a cloud charge and an agency's invoice at once: the digits of a difference tell which it is of."""
    root = shutil.copytree(ROOT / "examples" / "demo", tmp_path / "workspace")
    made = {change: change.make(root) for change in (STAFF, CLOUD, AGENCY)}
    run(root)
    after = read(root)
    assert_moved(before, after, made)
    check.test_every_figure_of_the_workbook_is_recomputed_from_the_raw_files(root, {QUARTER: after.books}, QUARTER)
    moved = differences(before.json, after.json)
    assert moved["total.true_cost"] == Decimal("111.00")
    assert moved["models.support-bot.stages.maintenance.cost"] == Decimal("101.00")
    assert moved["models.invoice-reader.true_cost_to_date"] == Decimal("10.00")
    assert moved["total.multiplier_to_date"] > 0
    assert moved["models.support-bot.people_and_compute_share"] > 0


def test_every_other_kind_of_record_moves_what_holds_it(before: Outputs, tmp_path: Path) -> None:
    """An e-invoice, an inference bill, hours, a rate, a staff cost and a plan: each moves by what was changed."""
    root = shutil.copytree(ROOT / "examples" / "demo", tmp_path / "workspace")
    config = root / "truecost.toml"
    edit(root / "inbox/annotators-ubl/TDS-0519.xml", raised_amounts)
    edit(root / "inbox/openai/2026-08.json", raised_result)
    seconds = edit(root / "inbox/timesheets/2026-08.csv", longer_entry)
    edit(config, lambda text: (text.replace("hourly_cost = 95.50", "hourly_cost = 96.50"), None))
    edit(config, lambda text: (text.replace("monthly_cost = 14600.00", "monthly_cost = 15200.00"), None))
    edit(root / "plans/invoice-reader.toml", lambda text: (text.replace("cost = 120.00", "cost = 130.00"), None))
    run(root)
    after = read(root)

    # Every output holds what the raw files, as they are now, come to.
    for recomputed in (
        check.test_every_figure_of_the_report_is_recomputed_from_the_raw_files,
        check.test_every_line_of_the_csv_is_recomputed_from_the_raw_files,
        check.test_every_figure_of_the_page_is_recomputed_from_the_raw_files,
        check.test_every_figure_of_the_charts_is_recomputed_from_the_raw_files,
        check.test_every_figure_of_the_workbook_is_recomputed_from_the_raw_files,
    ):
        recomputed(root, {QUARTER: after.books}, QUARTER)
    moved = differences(before.database, after.database)
    charges = {key[1:4]: by for key, by in moved.items() if key[0] == "charges" and key[-1] == "x_cost"}
    assert [by for (file, *_), by in charges.items() if file.endswith("TDS-0519.xml")] == [Decimal("40.00")]
    assert [by for (file, *_), by in charges.items() if file.endswith("openai/2026-08.json")] == [Decimal("0.5")]
    timed = {key: by for key, by in charges.items() if "timesheets" in key[0]}
    assert len(timed) == len(charges) - 2
    assert len(timed) == sum(entries_at_the_new_rate(path) for path in root.glob("inbox/timesheets/*.csv")) > 10
    # An hour more at the new rate, and the hours it had before at a dollar more each.
    assert abs(max(timed.values()) - (Decimal("96.50") + Decimal(seconds) / 3600)) < Decimal("1e-18")
    served = [by for key, by in moved.items() if key[:4] == ("cost_by_stage", "invoice-reader", QUARTER, "serving")]
    assert sum(served) == 3 * 30 + Decimal("0.5")  # a staff share of 5 % of 600 more a month, and the inference bill
    planned = {key: by for key, by in moved.items() if "planned_mean" in key}
    assert {key[1] for key in planned} == {"invoice-reader"}
    assert planned["actual_vs_plan", "invoice-reader", None, QUARTER, "serving", "planned_mean"] == 30


def edit(path: Path, change: Callable[[str], tuple[str, Any]]) -> Any:
    """Change a file's text; returns what the change tells."""
    text = path.read_bytes().decode("utf-8")
    changed, told = change(text)
    assert changed != text
    path.write_bytes(changed.encode())
    return told


def raised_amounts(text: str) -> tuple[str, None]:
    """The first line of an e-invoice, and the totals that hold it: 40.00 more."""
    for name, count in (("LineExtension", 2), ("TaxExclusive", 1), ("TaxInclusive", 1), ("Payable", 1)):
        amount = re.compile(rf'(<cbc:{name}Amount currencyID="USD">)([\d.]+)')
        text = amount.sub(lambda found: found.group(1) + str(Decimal(found.group(2)) + 40), text, count=count)
    return text, None


def raised_result(text: str) -> tuple[str, None]:
    """The first result of invoice-reader's project: 0.50 more."""
    amount = re.compile(r'("value": )([\d.]+)(?=,\s+"currency": "usd"\s+},[^{}]*"proj_Dk91QwZ3uVtBx6RfMa5oGcSi")')
    return amount.sub(lambda found: found.group(1) + str(Decimal(found.group(2)) + Decimal("0.5")), text, count=1), None


def longer_entry(text: str) -> tuple[str, int]:
    """The longest entry that is not Keller's: an hour more. Returns the seconds it had."""
    spent = {}
    for line in text.splitlines():
        found = re.search(r",(\d\d):(\d\d):(\d\d),,$", line)
        if found and "m.keller" not in line:
            spent[line] = sum(int(part) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True))
    longest = max(spent, key=lambda line: spent[line])
    hours = re.compile(r",(\d\d)(?=:\d\d:\d\d,,$)")
    longer = hours.sub(lambda found: f",{int(found.group(1)) + 1:02}", longest)
    return text.replace(longest, longer), spent[longest]


def entries_at_the_new_rate(path: Path) -> int:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return sum(row["Start date"] >= "2026-01-01" and "m.keller" not in row["Email"] for row in rows)


def test_a_bill_changed_in_place_supersedes_the_one_before(before: Outputs, workspace: Path) -> None:
    original = (workspace / CLOUD.file).read_bytes()
    rows = original.count(b"\n") - 1
    line = CLOUD.make(workspace)
    (loaded,) = run(workspace)
    assert (loaded.file, loaded.rows_accepted) == (CLOUD.file, rows)
    changed = read(workspace)
    assert_moved(before, changed, {CLOUD: line}, files=1, rows_read=rows, rows_loaded=rows)
    assert arrivals(workspace, CLOUD.file) == [("superseded", loaded.delivery_id), ("loaded", None)]

    (workspace / CLOUD.file).write_bytes(original)  # and back again
    (loaded,) = publish(workspace)
    assert differences(before.database, read_database(workspace)) == {}
    assert arrivals(workspace, CLOUD.file)[1:] == [("superseded", loaded.delivery_id), ("loaded", None)]


def test_an_invoice_changed_in_place_is_held_and_moves_no_figure(before: Outputs, workspace: Path) -> None:
    STAFF.make(workspace)
    publish(workspace)
    assert [status for status, _ in arrivals(workspace, STAFF.file)] == ["loaded", "held"]
    after = read_database(workspace)
    assert {key[:2] for key in after.keys() - before.database.keys()} == {("gaps", "held")}
    moved = differences(before.database, {key: after[key] for key in before.database})
    assert {key for key in moved if not is_of_completeness(key[-1])} == set()
    assert moved, "that something waits is said"


def is_of_completeness(name: str) -> bool:
    """Whether a column says how whole a figure is, and is none itself."""
    return name.startswith(("completeness", "is_lower_bound"))


def test_a_tightened_suite_quarantines_the_rows_above_it_without_a_change_of_code(
    before: Outputs, workspace: Path, tmp_path: Path
) -> None:
    limit = 350
    suite = json.loads((ROOT / "expectations" / "charges.json").read_text("utf-8"))
    rule = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "billed_cost", "max_value": limit},
        "meta": {"message": "is more than anyone approved", "remedy": "ask for approval"},
    }
    suite["expectations"].append(rule)
    (workspace / "expectations").mkdir()
    (workspace / "expectations" / "charges.json").write_text(json.dumps(suite), "utf-8")
    above = rows_above(workspace, limit)
    assert len(above) > 20
    run(workspace)

    after = read(workspace)
    new = after.database.keys() - before.database.keys()
    held = {key[1:3]: after.database[(*key[:3], "value")] for key in new if key[0] == "quarantine"}
    assert held == above
    for file, line in above:
        told = [after.database["quarantine", file, line, name] for name in ("rule", "column_name", "message")]
        assert told == [rule["type"], "BilledCost", "is more than anyone approved"]
    gone = {key for key in before.database.keys() - after.database.keys() if key[0] == "charges"}
    assert {(file, line) for _, file, line, *_ in gone} == above.keys()
    for figure, by in (("quarantine_total", 1), ("deliveries.rows_quarantined", 1), ("deliveries.rows_loaded", -1)):
        assert after.json[figure] - before.json[figure] == by * len(above)
    for file in {file for file, _ in above}:
        total = ("control_totals", file, "billed_cost", "USD")
        assert after.database[(*total, "amount_read")] == before.database[(*total, "amount_read")]
        kept_out = sum(Decimal(value) for (name, _), value in above.items() if name == file)
        assert after.database[(*total, "amount_quarantined")] == kept_out

    # The books are those of an inbox without these rows.
    thinned = shutil.copytree(ROOT / "examples" / "demo", tmp_path / "thinned")
    for file in {file for file, _ in above}:
        lines = (thinned / file).read_text("utf-8").splitlines(keepends=True)
        kept = [text for number, text in enumerate(lines, start=1) if (file, number) not in above]
        (thinned / file).write_text("".join(kept), "utf-8")
    expected = figures({key: Books(thinned, QUARTER).report[key] for key in ("total", "models", "unallocated")})
    amounts = {path: value for path, value in expected.items() if not is_of_completeness(path.rpartition(".")[2])}
    assert {path: after.json[path] for path in amounts} == amounts
    assert "quarantined rows" in after.json["total.completeness"]


def test_an_edited_attribution_rule_changes_the_figures_on_the_next_run(before: Outputs, workspace: Path) -> None:
    with (workspace / "truecost.toml").open("a", encoding="utf-8") as config:
        config.write(
            '\n[[attribution]]\nmatch = { source = "aws", sub_account_id = "402217835888" }\n'
            'model = "support-bot"\nactivity = "serving"\ncost_kind = "other"\n'
        )
    assert run(workspace) == []  # nothing is loaded anew
    after = read(workspace)
    by_hand = {path: after.json.get(path) for path in after.by_hand}
    assert by_hand == after.by_hand
    claimed = Decimal(before.json["total.unallocated_cost"])
    assert claimed > 0
    assert Decimal(after.json["total.unallocated_cost"]) == 0
    assert after.json["total.true_cost"] == before.json["total.true_cost"]
    for figure in ("true_cost", "stages.serving.cost", "kinds.other.cost"):
        path = f"models.support-bot.{figure}"
        assert step(before.json[path], after.json[path]) == claimed
    untouched = {path for path in before.json if path.startswith("models.invoice-reader.")}
    assert untouched == {path for path in untouched if after.json[path] == before.json[path]} != set()


def arrivals(root: Path, file: str) -> list[tuple[str, int | None]]:
    """What became of each delivery of ``file``, in the order received, and which took its place."""
    with duckdb.connect(str(root / "reports" / "reports.duckdb"), read_only=True) as con:
        sql = "SELECT status, superseded_by FROM finance.deliveries WHERE file = ? ORDER BY delivery_id"
        return con.execute(sql, [file]).fetchall()


def rows_above(root: Path, limit: int) -> dict[Key, str]:
    """(file, line) -> billed cost, of each charge of the cloud's bills above ``limit``."""
    found: dict[Key, str] = {}
    for path in root.glob("inbox/aws/*.csv"):
        with path.open(encoding="utf-8", newline="") as lines:
            for line, row in enumerate(csv.DictReader(lines), start=2):
                if Decimal(row["BilledCost"]) > limit:
                    found[path.relative_to(root).as_posix(), line] = row["BilledCost"]
    return found
