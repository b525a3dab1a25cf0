"""The demo's figures against a second computation of them, made from the raw files by other code.

Everything the product shows is compared: the report as JSON, CSV, page and workbook, for each quarter, and the
published views.
"""

from __future__ import annotations

import ast
import csv
import json
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Context, Decimal
from itertools import takewhile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.by_hand import demo_by_hand, demo_documents, demo_plans, demo_quality, demo_sheets
from tests.by_hand.demo_by_hand import Books, Page, decimal, figures, money, percent, plain, times, words
from tests.by_hand.demo_quality import falls, windows
from truecost import steps
from truecost.clock import Clock
from truecost.workspace.workspace import load_workspace

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo"
QUARTERS = ("FY2025-Q4", "FY2026-Q1", "FY2026-Q2", "FY2026-Q3")
AS_OF = date(2026, 10, 5)
# What is drawn of a forecast is held against simulated programmes, not against a second computation.
DRAWN = {*(f"estimate_at_completion_{name}" for name in ("p10", "p50", "p90")), "probability_over_budget"}
DRAWN_COLUMNS = {"Forecast, P50 (USD)", "Forecast, P90 (USD)", "Chance over budget"}
# What Evidently measured, and what the alerts and decisions say in words: judged by tests of their own.
TOLD_IN_WORDS = {"alerts", "decisions", "drift", "evals", "ahead", "past_forecasts", "lessons"}
# What the report says beside its figures; the suites and the publication settle these words.
TEXTS = re.compile(
    r"status|version|truecost_version|fingerprint|missing\.\d+\.remedy|quarantine\.\d+\.(rule|remedy)|yardsticks\.F\d+\.(text|figure)"
)


@pytest.fixture(scope="module")
def reported(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, run, with the report of every quarter."""
    root = shutil.copytree(demo, tmp_path_factory.mktemp("reported") / "demo")
    workspace = load_workspace(root)
    for quarter in QUARTERS:
        steps.report(workspace, Clock(AS_OF), quarter)
    return root


@pytest.fixture(scope="module")
def by_hand(reported: Path) -> dict[str, Books]:
    """The same figures from the raw files, by quarter."""
    return {quarter: Books(reported, quarter) for quarter in QUARTERS}


@pytest.fixture(scope="module")
def published(reported: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(reported / "reports" / "reports.duckdb"), read_only=True) as con:
        yield con


def view(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = con.execute(sql)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_the_recomputation_shares_no_code_with_the_product() -> None:
    modules = (demo_by_hand, demo_documents, demo_plans, demo_quality, demo_sheets)
    trees = [ast.parse(Path(module.__file__ or "").read_text("utf-8")) for module in modules]
    imported = {
        name
        for tree in trees
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "", "." * node.level]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    ours = {"", *(module.__name__ for module in modules)}
    named = {name.split(".")[0] for name in imported - ours}
    assert named <= sys.stdlib_module_names | {"numpy"}  # whose random numbers a plan is drawn with


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_figure_of_the_report_is_recomputed_from_the_raw_files(
    reported: Path, by_hand: dict[str, Books], quarter: str
) -> None:
    report = json.loads((reported / "reports" / quarter / "true-cost.json").read_text("utf-8"))
    told = {path: value for path, value in figures(recomputed(report)).items() if not TEXTS.fullmatch(path)}
    assert told == figures(by_hand[quarter].report)
    assert len(told) > 150


def test_what_was_learned_is_what_the_finished_rounds_came_to(reported: Path, by_hand: dict[str, Books]) -> None:
    """docs/plans.md: (k d + n x) / (k + n), to three digits."""
    report = json.loads((reported / "reports" / QUARTERS[-1] / "true-cost.json").read_text("utf-8"))
    rounds = defaultdict(list)
    for run in by_hand[QUARTERS[-1]].runs:
        rounds[run["model_id"], run["round"]].append(run)
    finished = [of for of in rounds.values() if any(run["outcome"] == "promoted" for run in of)]
    ended = [run for of in finished for run in of if run["outcome"] in ("promoted", "discarded", "crashed")]
    iterations = (2 * 4 + len(ended)) / (2 + len(finished))
    sizes = []
    for of in finished:
        (promoted,) = (run["gpu_hours"] for run in of if run["outcome"] == "promoted")
        sizes += [run["gpu_hours"] / promoted for run in of if run["outcome"] in ("discarded", "crashed")]
    told = {one["default_name"]: one["likely"] for one in report["lessons"]}
    assert told["training.iterations"] == pytest.approx(iterations, rel=0.005)
    size = (4 * 0.22 + float(sum(sizes))) / (4 + len(sizes))
    assert told["training.iteration_size"] == pytest.approx(size, rel=0.005)


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_line_of_the_csv_is_recomputed_from_the_raw_files(
    reported: Path, by_hand: dict[str, Books], quarter: str
) -> None:
    report = by_hand[quarter].report
    expected = []

    def line(model: str, figure: str, held: dict[str, Any], key: str, stage: str = "", kind: str = "") -> None:
        currency = "" if key in ("multiplier", "failed_share", "probability_over_budget") else "USD"
        now, to_date = held.get(key), held.get(f"{key}_to_date")
        if key == "failed_share":
            now, to_date = None, held[key]
        expected.append([quarter, model, figure, stage, kind, currency, plain(now), plain(to_date)])

    for name, held in [*((model["model_id"], model) for model in report["models"]), ("", report["total"])]:
        for key in ("true_cost", "training_only_cost", "billed_cost", "multiplier"):
            line(name, key, held, key)
        for row in held.get("stages", []):
            line(name, "cost_by_stage", row, "cost", stage=row["stage"])
        for row in held.get("kinds", []):
            line(name, "cost_by_kind", row, "cost", kind=row["cost_kind"])
        if name:
            line(name, "failed_share", held, "failed_share")
            for row in (*held["plan"]["stages"], held["plan"]["total"]):
                for key in ("planned_mean", "planned_p10", "planned_p50", "planned_p90", "variance"):
                    line(name, key, row, key, stage=row["stage"])
            if "forecast" in held:
                line(name, "budget", {"budget": held["forecast"]["budget"]}, "budget")
    line("", "unallocated_cost", report["total"], "unallocated_cost", stage="unallocated")
    with (reported / "reports" / quarter / "true-cost.csv").open(encoding="utf-8", newline="") as lines:
        header, *told = csv.reader(lines)
    assert header[:2] + header[-2:] == ["quarter", "model_id", "amount", "amount_to_date"]
    assert [row for row in told if row[2] not in DRAWN] == expected


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_figure_of_the_page_is_recomputed_from_the_raw_files(
    reported: Path, by_hand: dict[str, Books], quarter: str
) -> None:
    report, total = by_hand[quarter].report, by_hand[quarter].report["total"]
    page = Page(reported / "reports" / quarter / "true-cost.html")

    assert re.findall(r"[\d,]+\.\d+×?", page.paragraphs[""][-1]) == [
        *([money(total["unallocated_cost"])] if total["unallocated_cost"] else []),
        money(total["true_cost"]),
        *([money(total["training_only_cost"])] if total["training_only_cost"] else []),
        times(total["multiplier_to_date"]),
    ]
    values = {label: value for label, value, _ in page.key_figures}
    assert values == {
        "True cost": money(total["true_cost"]),
        "Training-only cost": money(total["training_only_cost"]),
        "Multiplier to date": times(total["multiplier_to_date"]),
        "True cost to date": money(total["true_cost_to_date"]),
        "Unallocated": money(total["unallocated_cost"]),
    }
    notes = " ".join(note for *_, note in page.key_figures)
    assert re.findall(r"[\d.]+[×%]", notes) == [
        *([times(total["multiplier"])] if total["multiplier"] is not None else []),
        percent(1 - total["unallocated_share"]),
    ]

    unclaimed = ["–", money(total["unallocated_cost"]), "–", money(total["unallocated_billed_cost"])]
    unclaimed += ["–", money(total["unallocated_cost_to_date"])]
    quarterly = ("training_only_cost", "true_cost", "multiplier", "billed_cost")
    lasting = ("training_only_cost_to_date", "true_cost_to_date", "multiplier_to_date", "training_share_to_date")
    assert page.rows("True cost beside training-only cost", "USD") == [
        *([model["model_id"], *shown(model, *quarterly, *lasting)] for model in report["models"]),
        ["Unallocated", *unclaimed, "–", "–"],
        ["Total", *shown(total, *quarterly, *lasting[:3]), "–"],
    ]

    against = page.rows("Against the plan", "USD")
    assert [row[:5] for row in against] == [
        [model["model_id"], *held_against(model["plan"]["total"])] for model in report["models"]
    ]
    for model in report["models"]:
        name = model["model_id"]
        of_plan = model["plan"]
        assert page.rows(f"{name}: Plan against actual", quarter)[-1] == [
            "Total",
            planned_range(of_plan["total"])[0],
            planned_range(of_plan["total"])[1],
            *held_against(of_plan["total"])[1:],
        ]
        by_plan = {label.casefold(): texts for label, *texts in page.rows(f"{name}: Plan against actual", quarter)[:-1]}
        for row in of_plan["stages"]:
            if words(row["stage"]) in by_plan:
                expected = [*planned_range(row), *held_against(row)[1:]]
                assert by_plan.pop(words(row["stage"])) == expected
            else:
                assert not row["planned_mean"]
                assert not row["actual"]
        assert by_plan == {}
        foot = [money(model["true_cost"]), money(model["true_cost_to_date"])]
        by_stage = [
            [words(row["stage"]), *shown(row, "cost", "share", "cost_to_date", "share_to_date")]
            for row in model["stages"]
        ]
        by_kind = [[words(row["cost_kind"]), *shown(row, "cost", "cost_to_date")] for row in model["kinds"]]
        assert lowered(page.rows(name, "Cost by stage")) == [*by_stage, ["true cost", foot[0], "", foot[1], ""]]
        assert lowered(page.rows(name, "Cost by kind")) == [*by_kind, ["true cost", *foot]]
        assert page.rows(name, "Quarter by quarter") == [
            [row["quarter"], *shown(row, "training_only_cost", "true_cost", "billed_cost", "multiplier")]
            for row in reversed(model["history"])
        ]
        assert page.rows(name, "Training runs") == [
            [
                *(run["run_id"], run["parent_run_id"] or "–", str(run["round"]), run["outcome"] or "none yet"),
                *(words(run["activity"]), f"{run['gpu_hours']:,.1f}", money(run["cost"])),
            ]
            for run in model["runs"]
        ]
        assert re.findall(r"[\d.]+%", " ".join(page.paragraphs[name])) == [
            percent(model[key])
            for key in ("failed_share", "people_and_compute_share", "training_share")
            if model[key] is not None
        ]

    assert page.rows("Unallocated: what no rule claims", quarter) == [
        *(
            [row["source"], row["service_name"], f"{row['charge_count']:,}", money(row["cost"])]
            for row in report["unallocated"]
        ),
        ["All unallocated charges", money(total["unallocated_cost"])],
    ]
    arrived = report["deliveries"]
    assert re.findall(r"\d[\d,]*", page.paragraphs["What came in, and what did not"][0]) == [
        f"{arrived[key]:,}"
        for key in (
            "files",
            "rows_read",
            "rows_loaded",
            "rows_quarantined",
            "rows_duplicate",
            "rows_held",
            "rows_skipped",
        )
    ]
    quarantined = page.rows("What came in, and what did not", "Quarantined rows")
    assert [[file, line, column, value] for file, line, _, column, value, _ in quarantined] == [
        [row["file"], str(row["line"]), row["column_name"], (row["value"] or "–").strip()]
        for row in report["quarantine"]
    ]
    yardsticks = page.rows("Against the yardsticks", "From")
    assert [(row[0], row[-1]) for row in yardsticks] == [(row["id"], row["ours"]) for row in report["yardsticks"]]


@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_figure_of_the_charts_is_recomputed_from_the_raw_files(
    reported: Path, by_hand: dict[str, Books], quarter: str
) -> None:
    models = by_hand[quarter].report["models"]
    charts = iter(Page(reported / "reports" / quarter / "true-cost.html").charts)
    for model in models:
        label, texts = next(charts)
        assert label.endswith(
            "; ".join(
                f"{row['quarter']}: training-only {money(row['training_only_cost'])}, true {money(row['true_cost'])}"
                for row in model["history"]
            )
        )
        multipliers = [times(row["multiplier"]) for row in model["history"]]
        assert [text for text in texts if text.endswith("×") or text == "–"] == multipliers
        label, texts = next(charts)
        assert label.casefold().endswith(
            "; ".join(
                f"{words(row['stage'])}: {money(row['cost'])}, to date {money(row['cost_to_date'])}"
                for row in model["stages"]
            )
        )
        drawn = [compact(row["cost"]) for row in model["stages"]]
        drawn += [compact(row["cost_to_date"]) for row in model["stages"]]
        assert [text for text in texts if re.fullmatch(r"−?[\d.]+[kM]?", text)] == drawn
        label, texts = next(charts)
        by_month = (
            f"{row['month']:%Y-%m}: planned {money(row['planned_mean'])} "
            f"({money(row['planned_p10'])} to {money(row['planned_p90'])}), actual {money(row['actual'])}"
            for row in model["plan"]["months"]
        )
        assert "; ".join(by_month) in label
    label, texts = next(charts)
    assert label.endswith(
        "; ".join(f"{model['model_id']}: {times(model['multiplier_at_horizon'])}" for model in models)
    )
    at_horizon = [times(model["multiplier_at_horizon"]).replace("–", "no multiplier yet") for model in models]
    assert texts[-len(models) :] == at_horizon
    assert list(charts) == []


def test_true_cost_by_quarter_is_recomputed_from_the_raw_files(
    published: duckdb.DuckDBPyConnection, by_hand: dict[str, Books]
) -> None:
    rows = {(row["model_id"], row["quarter"]): row for row in view(published, "FROM finance.true_cost_by_quarter")}
    assert rows == by_hand[QUARTERS[-1]].by_quarter
    assert len(rows) == 11


def test_cost_by_stage_is_recomputed_from_the_raw_files(
    published: duckdb.DuckDBPyConnection, by_hand: dict[str, Books]
) -> None:
    rows = view(published, "FROM finance.cost_by_stage")
    keys = ("model_id", "quarter", "stage", "activity", "round", "cost_kind", "is_idle")
    assert {tuple(row[key] for key in keys): row["cost"] for row in rows} == by_hand[QUARTERS[-1]].by_stage
    assert len(rows) == len(by_hand[QUARTERS[-1]].by_stage)
    assert {row["currency"] for row in rows} == {"USD"}


def test_totals_and_parts_are_recomputed_from_the_raw_files(
    published: duckdb.DuckDBPyConnection, by_hand: dict[str, Books]
) -> None:
    totals = {row["quarter"]: row for row in view(published, "FROM finance.totals")}
    assert tuple(totals) == QUARTERS
    for quarter, books in by_hand.items():
        told, total = totals[quarter], books.report["total"]
        assert {key: told[key] for key in total} == total
        assert told["allocated_share"] == 1 - total["unallocated_share"]
        for part, key in (("stage", "stage"), ("kind", "cost_kind")):
            rows = view(published, f"FROM finance.cost_by_{part}_to_date WHERE quarter = '{quarter}'")
            found = {(row["model_id"], row[key]): row for row in rows if row["model_id"]}
            held = {(model["model_id"], row[key]): row for model in books.report["models"] for row in model[f"{part}s"]}
            assert found.keys() == held.keys()
            for place, row in held.items():
                assert {name: found[place][name] for name in row} == row


def test_training_runs_are_recomputed_from_the_raw_files(
    published: duckdb.DuckDBPyConnection, by_hand: dict[str, Books]
) -> None:
    assert view(published, "FROM finance.training_runs ORDER BY model_id, run_id") == by_hand[QUARTERS[-1]].runs


def test_every_charge_is_recomputed_from_the_raw_files(
    published: duckdb.DuckDBPyConnection, by_hand: dict[str, Books]
) -> None:
    """Each charge with whose it is and what it costs: a figure that is right by two wrongs is found here."""
    rows = view(
        published,
        "SELECT coalesce(file, 'truecost.toml') AS file, x_line, x_part, x_model_id, x_activity, x_round, x_stage, "
        "x_cost_kind, x_run_id, x_cost, billed_cost "
        "FROM finance.charges LEFT JOIN finance.deliveries ON x_delivery_id = delivery_id",
    )
    told = {(row["file"], row["x_line"], row["x_part"]): tuple(row.values())[3:] for row in rows}
    assert told == by_hand[QUARTERS[-1]].charges()
    assert len(told) == len(rows)


@pytest.mark.slow
@pytest.mark.parametrize("quarter", QUARTERS)
def test_what_is_compared_of_scores_and_requests_is_found_in_the_raw_files(
    reported: Path, by_hand: dict[str, Books], quarter: str
) -> None:
    report = json.loads((reported / "reports" / quarter / "true-cost.json").read_text("utf-8"))
    for model in report["models"]:
        expected = falls(by_hand[quarter], model["model_id"])
        told = {(row["task"], row["metric"]): row for row in model.get("evals", [])}
        assert told.keys() == expected.keys()
        for key, row in expected.items():
            least, limit = row.pop("two_errors"), told[key]["threshold"]
            assert (limit is None) == (least is None)
            if least is not None:
                assert least * (1 - 1e-9) <= limit < 3 * least
                assert told[key]["drifted"] == (row["drop"] > limit)
            for name, value in row.items():
                wanted = value.isoformat() if isinstance(value, datetime) else value
                assert told[key][name] == (pytest.approx(wanted, rel=1e-12) if isinstance(wanted, float) else wanted)
        assert ("drift" in model) == (quarter == QUARTERS[-1])
        if "drift" not in model:
            continue
        drift, compared = model["drift"], windows(by_hand[quarter], model["model_id"])
        features = drift["features"]
        assert sorted({feature["feature"] for feature in features}) == sorted(compared.pop("features"))
        assert {name: drift[name] for name in compared} == {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in compared.items()
        }
        assert all(feature["drifted"] == (feature["value"] > feature["threshold"]) for feature in features)
        moved = {feature["feature"] for feature in features if feature["drifted"]}
        share = len(moved) / len({feature["feature"] for feature in features})
        assert drift["value"] == pytest.approx(share)
        assert drift["drifted"] == (share >= 0.5) == (drift["verdict"] == "drift")


@pytest.mark.slow
@pytest.mark.parametrize("quarter", QUARTERS)
def test_every_figure_of_the_workbook_is_recomputed_from_the_raw_files(
    reported: Path, by_hand: dict[str, Books], quarter: str
) -> None:
    from openpyxl import load_workbook

    books = by_hand[quarter]
    workbook = load_workbook(reported / "reports" / quarter / "true-cost.xlsx", read_only=True, data_only=True)
    sheets = {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in workbook}
    workbook.close()

    summary = table(sheets["Summary"], "Model", "Training-only cost (USD)")
    assert_same(keyed(summary, "Model", but={"Completeness"}), demo_sheets.model_rows(books))
    plans = table(sheets["Summary"], "Model", "Planned, mean (USD)")
    assert_same(keyed(plans, "Model", but=DRAWN_COLUMNS), demo_sheets.forecast_rows(books))
    told = keyed(table(sheets["Bridge"], "Model"), "Model")
    assert_same(told, demo_sheets.bridge_rows(books))
    units = ("Requests", "True cost (USD)", "Serving cost (USD)")
    units += ("True cost per 1,000 requests (USD)", "Serving cost per 1,000 requests (USD)")
    told = keyed(table(sheets["Units"], "Model"), "Model", only=units)
    assert_same(told, demo_sheets.unit_rows(books))
    sums = defaultdict[tuple[Any, ...], list[float]](lambda: [0.0, 0.0])
    for row in table(sheets["Drivers"], "Model"):
        held = sums[row["Model"], row["Compared with"], row["Stage"], row["Kind"]]
        held[0] += row["Cost before, or planned (USD)"]
        held[1] += row["Cost (USD)"]
    drivers = demo_sheets.driver_rows(books)
    assert sums.keys() == drivers.keys()
    for key, costs in drivers.items():
        assert sums[key] == pytest.approx(list(map(float, costs)), abs=1e-6), key

    stages = table(sheets["Stages"], "Model")
    told = keyed(stages, "Model", "Stage", "Activity", "Round", "Kind", "Idle")
    assert_same(told, demo_sheets.stage_rows(books))
    told = keyed(table(sheets["Plan"], "Model"), "Model", "Period", "Quarter", "Month", "Stage")
    assert_same(told, demo_sheets.plan_rows(books))

    charges = table(sheets["Charges"], "Model")
    costs = ("Model", "Stage", "Activity", "Round", "Kind", "Run", "Training-only", "Cost (USD)", "Billed cost (USD)")
    costs += ("Source", "Charge period end (UTC)", "Billed cost, as billed", "Effective cost, as billed")
    place = ("File", "Line", "Charge period start (UTC)", "Charge category", "Month")
    assert_same(keyed(charges, *place, only=costs), demo_sheets.charge_rows(books))

    amounts = ("Without tax", "Tax", "With tax", "Prepaid", "Rounding", "Payable")
    told = keyed(table(sheets["Invoices"], "Issuer"), "Issued", "Invoice", only=amounts)
    assert_same(told, demo_sheets.invoice_rows(books))
    told = keyed(table(sheets["Quarantine"], "Source"), "File", "Line", only=("Column", "Value"))
    assert_same(told, demo_sheets.fault_rows(books))

    total = books.report["total"]
    ties = keyed(table(sheets["Notes"], "Figure"), "Figure")
    for figure, key in (
        ("True cost", "true_cost"),
        ("Billed cost", "billed_cost"),
        ("True cost to date", "true_cost_to_date"),
    ):
        *values, apart = ties[figure,]
        assert apart == 0
        known = [value for value in values if value is not None]
        assert known == [pytest.approx(float(total[key]), rel=1e-14)] * len(known)
        assert len(known) >= 2
    known = [value for value in ties["True cost of the models",] if value is not None]
    of_models = float(total["true_cost"] - total["unallocated_cost"])
    assert known[-1] == 0
    assert known[:-1] == [pytest.approx(of_models, rel=1e-14)] * (2 if quarter == QUARTERS[0] else 3)
    sums_above = {
        "Stages": [total["true_cost"], total["true_cost_to_date"]],
        "Charges": [total["true_cost"], total["billed_cost"]],
    }
    for sheet, expected in sums_above.items():
        (row,) = (row for row in sheets[sheet] if row[0] == "Total")
        assert [value for value in row[1:] if value is not None] == pytest.approx(list(map(float, expected)), rel=1e-14)


def test_the_decisions_weigh_what_the_raw_files_come_to(reported: Path, by_hand: dict[str, Books]) -> None:
    books = by_hand[QUARTERS[-1]]
    report = json.loads((reported / "reports" / QUARTERS[-1] / "true-cost.json").read_text("utf-8"))
    decided = {row["model_id"]: row for row in report["decisions"]}
    verdicts = {model: row["verdict"] for model, row in decided.items()}
    assert verdicts == {"support-bot": "retrain", "invoice-reader": "hold"}
    cent = Decimal("0.01")
    first_build = decimal(round(books.round_cost("invoice-reader", 0), 2))
    assert Decimal(decided["invoice-reader"]["retrain_cost"]) == first_build
    assert decided["invoice-reader"]["staleness_cost"] is None  # nothing has fallen
    assert Decimal(decided["support-bot"]["retrain_cost"]) == decimal(round(books.round_cost("support-bot", 1), 2))
    (evals,) = (model["evals"] for model in report["models"] if model["model_id"] == "support-bot")
    fall = Decimal(repr(next(row["drop"] for row in evals if row["task"] == "support_intents")))
    requests = windows(books, "support-bot")["current_rows"]
    staleness = (fall * requests * 365 / 7 * 40).quantize(cent)
    assert Decimal(decided["support-bot"]["staleness_cost"]) == staleness
    assert [row["rule"] for row in report["alerts"]] == ["eval_decay", "deliveries", "drift", "overspend"]


def test_every_delivery_is_counted_from_the_raw_files(
    published: duckdb.DuckDBPyConnection, by_hand: dict[str, Books]
) -> None:
    counts = "rows_read, rows_loaded, rows_quarantined, rows_skipped, rows_duplicate"
    rows = published.execute(f"SELECT file, {counts}, status, superseded_by FROM finance.deliveries").fetchall()
    assert sorted(rows) == sorted(
        (item.file, item.read, item.loaded, item.quarantined, item.skipped, 0, "loaded", None)
        for item in by_hand[QUARTERS[-1]].deliveries
    )
    quarantined = published.execute("SELECT file, line, column_name, value FROM finance.quarantine").fetchall()
    faults = by_hand[QUARTERS[-1]].faults
    assert quarantined == [(fault.file, fault.line, fault.column, fault.value) for fault in faults]


def table(rows: list[list[Any]], *heading: str) -> list[dict[str, Any]]:
    """The rows of a sheet under the row that begins with ``heading``, up to the next empty one; by column."""
    (start,) = (number for number, row in enumerate(rows) if tuple(row[: len(heading)]) == heading)
    header = [name for name in rows[start] if name is not None]
    held = takewhile(lambda row: any(value is not None for value in row), rows[start + 1 :])
    return [dict(zip(header, row, strict=False)) for row in held]


def keyed(
    rows: list[dict[str, Any]], *keys: str, only: tuple[str, ...] = (), but: set[str] | None = None
) -> dict[tuple[Any, ...], list[Any]]:
    """The rows by some columns: the others, or ``only`` some of them, or all ``but`` some. A day is a date."""
    left_out = {*keys, *(but or ())}
    found = {}
    for row in rows:
        key = tuple(
            row[name].date() if name in ("Month", "Issued") and row[name] is not None else row[name] for name in keys
        )
        assert key not in found, key
        found[key] = [row[name] for name in only or [name for name in row if name not in left_out]]
    return found


def assert_same(told: dict[tuple[Any, ...], list[Any]], expected: dict[tuple[Any, ...], list[Any]]) -> None:
    """Numbers to the 15 digits a spreadsheet holds; all else exactly."""
    assert told.keys() == expected.keys()
    for key, row in expected.items():
        for value, wanted in zip(told[key], row, strict=True):
            if isinstance(wanted, Decimal):
                assert value == pytest.approx(float(wanted), rel=1e-14, abs=0), key
            elif isinstance(wanted, date) and not isinstance(wanted, datetime):
                assert value.date() == wanted, key
            else:
                assert value == wanted, key


def recomputed(report: dict[str, Any]) -> dict[str, Any]:
    """The report without what other tests judge."""
    models = [{key: model[key] for key in model if key not in TOLD_IN_WORDS} for model in report["models"]]
    for model in models:
        if "forecast" in model:
            model["forecast"] = {key: value for key, value in model["forecast"].items() if key not in DRAWN}
        if "plan_to_date" in model:
            model["plan_to_date"] = without_words(model["plan_to_date"])
    told = {key: report[key] for key in report if key not in TOLD_IN_WORDS} | {"models": models}
    if "plans_to_date" in told:
        told["plans_to_date"] = without_words(told["plans_to_date"])
    return told


def without_words(to_date: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in to_date.items() if key not in ("is_lower_bound", "completeness")}


def shown(row: dict[str, Any], *keys: str) -> list[str]:
    """The figures of ``row`` as the page's tables show them."""
    return [
        times(row[key]) if key.startswith("multiplier") else percent(row[key]) if "share" in key else money(row[key])
        for key in keys
    ]


def held_against(row: dict[str, Any]) -> list[str]:
    """Planned mean, actual, variance and its percentage."""
    sign = "+" if row["variance"] > 0 else ""
    share = "–" if row["variance_pct"] is None else f"{sign}{row['variance_pct']:.1f}%".replace("-", "−")
    return [money(row["planned_mean"]), money(row["actual"]), f"{sign}{money(row['variance'])}", share]


def planned_range(row: dict[str, Any]) -> list[str]:
    return [money(row["planned_mean"]), f"{money(row['planned_p10'])} to {money(row['planned_p90'])}"]


def lowered(rows: list[list[str]]) -> list[list[str]]:
    """Rows whose label is as the JSON writes it."""
    return [[label.casefold(), *texts] for label, *texts in rows]


def compact(value: Decimal) -> str:
    """Three digits: ``81.2k``."""
    rounded = Context(prec=3).create_decimal(value)
    if abs(rounded) < 1:
        return f"{rounded:.2f}" if rounded else "0"
    thousands = 0
    while abs(rounded) >= 1000:
        rounded, thousands = rounded.scaleb(-3), thousands + 1
    return f"{rounded:f}{('', 'k', 'M')[thousands]}".replace("-", "−")
