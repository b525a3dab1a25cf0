"""The quarterly report: what the published file says of one quarter, as HTML, workbook, CSV and JSON.

Everything is read from ``reports/reports.duckdb``, so the report and finance's own queries can't disagree.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Context, Decimal
from functools import cache, reduce
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.archive.closes import Close, closed_quarters
from truecost.archive.record import keep_report, kept_report
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.publish.publishing import open_published, read_rows, view_names
from truecost.quarters import Quarter, latest_ended, parse_quarter
from truecost.report.outlook import Outlook, read_outlook
from truecost.report.workbook import write_workbook
from truecost.store.sql import names, query
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Row = dict[str, Any]
STAGES = (
    *("data_curation", "training", "failed_experiments", "evaluation", "serving", "maintenance", "undecided"),
    "unallocated",
)
FILES = ("true-cost.html", "true-cost.xlsx", "true-cost.csv", "true-cost.json")
_SHOWN_FAULTS = 20
_RATIO_PLACES = Decimal("0.000001")
_NO_PROMOTED_RUN = "no promoted run in this quarter"
_EXACT = Context(prec=80)


def write_report(workspace: Workspace, clock: Clock, quarter_name: str | None = None) -> Path | None:
    """Write ``reports/<quarter>/true-cost.{html,xlsx,csv,json}``; returns the folder, or None if nothing had changed.

    Raises:
        TruecostError: nothing is published, the quarter has no costs, or it is closed and not yet published as closed.
    """
    quarter = report_quarter(workspace, clock, quarter_name)
    folder = workspace.reports / quarter.name
    close = next((close for close in closed_quarters(workspace) if close.quarter == quarter.name), None)
    if close and (kept := kept_report(close)):
        return _put_back(kept, folder)
    with open_published(workspace.published) as con:
        fingerprint = _fingerprint(con, quarter)
        # What is there may be of a run that died before it was kept, and changed since: what is kept is written anew.
        if not close and _is_written(folder, fingerprint):
            return None
        report = read_report(con, quarter)
        if close:
            _see_that_it_is_published(workspace, close, report)
        folder.mkdir(parents=True, exist_ok=True)
        with _replacing(folder / "true-cost.xlsx") as temporary:
            write_workbook(temporary, con, report)
    from truecost.dashboards.render import render_report

    texts = {
        "true-cost.html": render_report(report, lambda path: os.path.relpath(workspace.root / path, folder)),
        "true-cost.csv": report_csv(report),
        "true-cost.json": json.dumps(report | {"fingerprint": fingerprint}, indent=2, default=_json, ensure_ascii=False)
        + "\n",
    }
    for name, text in texts.items():  # the JSON, which holds the fingerprint, comes last
        with _replacing(folder / name) as temporary:
            temporary.write_text(text, "utf-8", newline="")
    if close:
        keep_report(workspace, clock, close, folder, FILES)
    return folder


def reported_status(folder: Path) -> tuple[str, int] | None:
    """(preliminary or closed, version), as the report in ``folder`` says; None where there is none."""
    with suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        told = json.loads((folder / "true-cost.json").read_text("utf-8"))
        return str(told["status"]), int(told["version"])
    return None


def _see_that_it_is_published(workspace: Workspace, close: Close, report: Row) -> None:
    """A report that is kept for good must be of the close."""
    if (report["status"], report["version"]) != ("closed", close.version):
        raise TruecostError(
            f"{close.quarter} is closed, and {workspace.published} does not call it so yet; `truecost publish` does, "
            "and keeps its report"
        )


def _put_back(archive: Path, folder: Path) -> Path | None:
    """The report as it was kept, byte for byte; None where it is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = [
        name
        for name in FILES
        if not (folder / name).is_file() or (folder / name).read_bytes() != (archive / name).read_bytes()
    ]
    for name in changed:
        with _replacing(folder / name) as temporary:
            shutil.copyfile(archive / name, temporary)
    return folder if changed else None


def report_quarter(workspace: Workspace, clock: Clock, name: str | None) -> Quarter:
    """The quarter asked for; without a name, the latest one that has ended."""
    start_month = workspace.config.workspace.fiscal_year_start_month
    return parse_quarter(name, start_month) if name else latest_ended(clock.today(), start_month)


def read_report(con: DuckDBPyConnection, quarter: Quarter) -> Row:
    """The figures of ``quarter`` from the published file, as the report's template and the JSON hold them.

    Raises:
        TruecostError: no cost falls in or before the quarter.
    """
    about = read_rows(con, "SELECT * FROM finance_v1.publication")[0]
    by_quarter = read_rows(con, query("report/by_quarter"), quarter.start)
    if not by_quarter:
        held = [
            row["quarter"] for row in read_rows(con, "SELECT DISTINCT quarter FROM true_cost_by_quarter ORDER BY 1")
        ]
        known = f"the quarters with costs are {', '.join(held)}" if held else "no costs are loaded yet"
        raise TruecostError(f"there is no cost in {quarter.name} or before it; {known}")
    stages = read_rows(con, query("report/by_stage"), quarter.start)
    runs = read_rows(con, query("report/runs"), quarter.end)
    outlook = read_outlook(con, quarter, about["as_of"], STAGES)
    models = {row["model_id"] for row in by_quarter if row["model_id"] is not None}
    models |= {model for model, plan in outlook.plans.items() if plan["months"][0]["month"] < quarter.end}
    sections = [
        _model(
            model,
            quarter,
            [row for row in by_quarter if row["model_id"] == model],
            [row for row in stages if row["model_id"] == model],
            [row for row in runs if row["model_id"] == model],
            outlook,
        )
        for model in sorted(models)
    ]
    unclaimed = [row for row in by_quarter if row["model_id"] is None]
    total = _total(sections, unclaimed, quarter)
    quarantined = read_rows(con, query("report/quarantine"))
    views = view_names(con)
    report = {
        "workspace": about["workspace"],
        "quarter": quarter.name,
        "quarter_start": quarter.start,
        "quarter_end": quarter.end,
        **_status(con, quarter),
        "currency": about["currency"],
        "as_of": about["as_of"],
        "truecost_version": about["truecost_version"],
        "total": total,
        "models": sections,
        **outlook.of_all(),
        "unallocated": read_rows(con, query("report/unallocated"), quarter.name) if "unallocated" in views else [],
        "missing": [
            {"what": _with_amounts(row), "remedy": row["remedy"]} for row in read_rows(con, "SELECT * FROM gaps")
        ],
        "adjustments": read_rows(con, query("report/adjustments"), quarter.name) if "adjustments" in views else [],
        "quarantine": quarantined[:_SHOWN_FAULTS],
        "quarantine_total": sum(row.pop("rows") for row in quarantined),
        "deliveries": read_rows(con, query("report/deliveries"))[0],
    }
    return report | {"yardsticks": _yardsticks(report)}


def _status(con: DuckDBPyConnection, quarter: Quarter) -> Row:
    told = read_rows(con, "SELECT DISTINCT status, version FROM true_cost_by_quarter WHERE quarter = ?", quarter.name)
    if not told and "closes" in view_names(con):  # a quarter without a cost can be closed too
        closed = "SELECT 'closed' AS status, version FROM closes WHERE quarter = ? AND reopened_at IS NULL"
        told = read_rows(con, closed, quarter.name)
    return told[0] if told else {"status": "preliminary", "version": 1}


def report_csv(report: Row) -> str:
    """Every figure of the report, one a line: ``quarter, model_id, figure, stage, cost_kind, currency, amount,
    amount_to_date``. The rows of figure ``true_cost`` without a model are the total."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["quarter", "model_id", "figure", "stage", "cost_kind", "currency", "amount", "amount_to_date"])
    quarter, currency = report["quarter"], report["currency"]

    def line(
        model: str | None,
        figure: str,
        amount: Any,
        to_date: Any,
        stage: str = "",
        kind: str = "",
        unit: str = currency,
    ) -> None:
        writer.writerow(
            [quarter, _text_cell(model or ""), figure, _text_cell(stage), kind, unit, _plain(amount), _plain(to_date)]
        )

    for item in (*report["models"], {"model_id": None, **report["total"]}):
        name = item["model_id"]
        for figure in ("true_cost", "training_only_cost", "billed_cost"):
            line(name, figure, item[figure], item.get(f"{figure}_to_date"))
        line(name, "multiplier", item["multiplier"], item["multiplier_to_date"], unit="")
        for stage in item.get("stages", ()):
            line(name, "cost_by_stage", stage["cost"], stage["cost_to_date"], stage=stage["stage"])
        for kind in item.get("kinds", ()):
            line(name, "cost_by_kind", kind["cost"], kind["cost_to_date"], kind=kind["cost_kind"])
        if "failed_share" in item:
            line(name, "failed_share", None, item["failed_share"], unit="")
        _plan_lines(item, line)
    total = report["total"]
    line(
        None,
        "unallocated_cost",
        total["unallocated_cost"],
        total["unallocated_cost_to_date"],
        stage="unallocated",
    )
    return out.getvalue()


def _plan_lines(model: Row, line: Callable[..., None]) -> None:
    """The plan's figures of the quarter by stage, then where the plan will end; these count for the whole plan."""
    name, plan, forecast = model["model_id"], model.get("plan"), model.get("forecast")
    compared = [*plan["stages"], plan["total"]] if plan and plan["total"] else []
    for row in compared:
        for figure in ("planned_mean", "planned_p10", "planned_p50", "planned_p90", "variance"):
            line(name, figure, row[figure], None, stage=row["stage"])
    if forecast:
        for figure in ("budget", *(f"estimate_at_completion_{quantile}" for quantile in ("p10", "p50", "p90"))):
            line(name, figure, forecast[figure], None)
        if forecast["probability_over_budget"] is not None:
            chance = Decimal(str(forecast["probability_over_budget"]))
            line(name, "probability_over_budget", chance, None, unit="")


def _model(
    model: str, quarter: Quarter, by_quarter: list[Row], stages: list[Row], runs: list[Row], outlook: Outlook
) -> Row:
    """One model's section. ``by_quarter`` are its rows up to the quarter, oldest first."""
    last = by_quarter[-1] if by_quarter else _unspent(model)
    now = last if last["quarter"] == quarter.name else _quiet_quarter(last)
    here = [row for row in stages if row["quarter"] == quarter.name]
    true_cost, true_cost_to_date = now["true_cost"], now["true_cost_to_date"]
    failed = _sum(
        row["cost"] for row in stages if row["activity"] == "failed_experiments" and row["cost_kind"] == "compute"
    )
    trained = _sum(row["cost"] for row in stages if row["activity"] == "training" and row["cost_kind"] == "compute")
    people = _sum(row["cost"] for row in stages if row["cost_kind"] in ("labor", "annotation", "compute"))
    return {
        **{key: now[key] for key in ("model_id", "true_cost", "training_only_cost", "billed_cost")},
        **{key: now[key] for key in ("multiplier", "multiplier_reason", "true_cost_to_date")},
        **{key: now[key] for key in ("training_only_cost_to_date", "multiplier_to_date", "training_share")},
        "billed_cost_to_date": _sum(row["billed_cost"] for row in by_quarter),
        "training_share_to_date": _ratio(now["training_only_cost_to_date"], true_cost_to_date),
        "failed_share": _ratio(failed, _sum([failed, trained])),
        "people_and_compute_share": _ratio(people, true_cost_to_date),
        "completeness": now["completeness"],
        "unconverted_count": now["unconverted_count"],
        "stages": [
            {
                "stage": stage,
                "cost": (cost := _sum(row["cost"] for row in here if row["stage"] == stage)),
                "cost_to_date": (to_date := _sum(row["cost"] for row in stages if row["stage"] == stage)),
                "share": _ratio(cost, true_cost),
                "share_to_date": _ratio(to_date, true_cost_to_date),
            }
            for stage in STAGES
            if any(row["stage"] == stage for row in stages)
        ],
        "kinds": [
            {
                "cost_kind": kind,
                "cost": _sum(row["cost"] for row in here if row["cost_kind"] == kind),
                "cost_to_date": _sum(row["cost"] for row in stages if row["cost_kind"] == kind),
            }
            for kind in ("compute", "labor", "annotation", "inference_api", "storage", "other")
            if any(row["cost_kind"] == kind for row in stages)
        ],
        "history": [
            {
                **{key: row[key] for key in ("quarter", "true_cost", "training_only_cost", "billed_cost")},
                **{key: row[key] for key in ("multiplier", "multiplier_reason")},
                "stages": {
                    stage: cost
                    for stage in STAGES
                    if (
                        cost := _sum(s["cost"] for s in stages if (s["quarter"], s["stage"]) == (row["quarter"], stage))
                    )
                },
            }
            for row in by_quarter
        ],
        "runs": [
            {key: run[key] for key in ("run_id", "parent_run_id", "round", "outcome", "gpu_hours", "cost", "activity")}
            for run in runs
        ],
        **outlook.of_model(model),
    }


def _is_training_known(model: Row) -> bool:
    """Whether the quarter's training-only cost is all there, if only as zero."""
    return model["multiplier"] is not None or model["multiplier_reason"] == _NO_PROMOTED_RUN


def _quiet_quarter(last: Row) -> Row:
    """A quarter in which the model has no cost at all: only what it has come to so far."""
    return {
        **last,
        **dict.fromkeys(("true_cost", "training_only_cost", "billed_cost"), Decimal(0)),
        "multiplier": None,
        "multiplier_reason": _NO_PROMOTED_RUN,
        "training_share": None,
        "unconverted_count": 0,
        "completeness": "incomplete: no compute; no labor",
    }


def _unspent(model: str) -> Row:
    """A model that is planned and has no cost at all yet."""
    nothing = dict.fromkeys(("true_cost_to_date", "training_only_cost_to_date"), Decimal(0))
    return {"model_id": model, "quarter": None, **nothing, "multiplier_to_date": None}


def _total(models: list[Row], unclaimed: list[Row], quarter: Quarter) -> Row:
    here = [row for row in unclaimed if row["quarter"] == quarter.name]
    unallocated, unallocated_to_date = (_sum(row["true_cost"] for row in rows) for rows in (here, unclaimed))
    true_cost = _sum([*(model["true_cost"] for model in models), unallocated])
    true_cost_to_date = _sum([*(model["true_cost_to_date"] for model in models), unallocated_to_date])
    training, training_to_date = (
        _sum(model[key] for model in models) for key in ("training_only_cost", "training_only_cost_to_date")
    )
    known_to_date = all(
        model["multiplier_to_date"] is not None or not any(run["outcome"] == "promoted" for run in model["runs"])
        for model in models
    )
    return {
        "true_cost": true_cost,
        "training_only_cost": training,
        "billed_cost": _sum(row["billed_cost"] for row in (*models, *here)),
        "multiplier": _ratio(true_cost, training) if all(map(_is_training_known, models)) else None,
        "true_cost_to_date": true_cost_to_date,
        "training_only_cost_to_date": training_to_date,
        "billed_cost_to_date": _sum(
            [*(model["billed_cost_to_date"] for model in models), *(row["billed_cost"] for row in unclaimed)]
        ),
        "multiplier_to_date": _ratio(true_cost_to_date, training_to_date) if known_to_date else None,
        "unallocated_cost": unallocated,
        "unallocated_billed_cost": _sum(row["billed_cost"] for row in here),
        "unallocated_share": _ratio(unallocated, true_cost),
        "unallocated_cost_to_date": unallocated_to_date,
    }


def _yardsticks(report: Row) -> list[Row]:
    """The published figures (docs/facts.md) beside ours; a model that has no such figure is left out."""

    def ours(key: str, show: Any) -> str:
        told = [f"{model['model_id']} {show(model[key])}" for model in report["models"] if model[key] is not None]
        return ", ".join(told) or "none yet"

    def times(value: Decimal) -> str:
        return f"{value:.1f}×"

    def percent(value: Decimal) -> str:
        return f"{100 * value:.0f} %"

    return [
        _yardstick(
            "F1",
            "True cost against the estimate teams make",
            "3 to 5 times",
            ours("multiplier_to_date", times),
        ),
        _yardstick(
            "F2",
            "The training run's share of true cost",
            "20 to 30 % (3.3 to 5 times)",
            ours("training_share_to_date", percent),
        ),
        _yardstick(
            "F3",
            "An example: $3,000 of GPU hours, $30,000 with engineers' time",
            "10 times",
            ours("multiplier_to_date", times),
        ),
        _yardstick(
            "F12",
            "Failed experiments' share of the training spend",
            "30 to 50 %",
            ours("failed_share", percent),
        ),
        _yardstick(
            "F17",
            "Chips and staff, of what self-hosting costs",
            "70 to 80 %",
            ours("people_and_compute_share", percent),
        ),
    ]


def _yardstick(fact: str, text: str, figure: str, ours: str) -> Row:
    return {"id": fact, "text": text, "figure": figure, "ours": ours}


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    """Exact: Python's own sum would round to 28 digits."""
    return reduce(_EXACT.add, (amount for amount in amounts if amount is not None), Decimal(0))


def _ratio(amount: Decimal, base: Decimal) -> Decimal | None:
    return _EXACT.divide(amount, base).quantize(_RATIO_PLACES, context=_EXACT) if base else None


def _with_amounts(gap: Row) -> str:
    readable = " readable" if gap["kind"] == "quarantined" else ""  # what can't be read is not in the sum
    return f"{gap['what']} ({gap['amounts']}{readable})" if gap["amounts"] else str(gap["what"])


def _json(value: object) -> str:
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a report")


def _plain(amount: Decimal | None) -> str:
    """All digits, no exponent, no trailing zeros beyond two places."""
    if amount is None:
        return ""
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(2, "0")
    return f"{whole}.{fraction}"


def _text_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A file to write beside ``target``, which takes its place at the end; a reader sees the old one or the new."""
    temporary = target.with_name(f".new-{target.name}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _is_written(folder: Path, fingerprint: str) -> bool:
    if not all((folder / name).is_file() for name in FILES):
        return False
    try:
        written: Mapping[str, Any] = json.loads((folder / "true-cost.json").read_text("utf-8"))
    except ValueError:
        return False
    return written.get("fingerprint") == fingerprint


def _fingerprint(con: DuckDBPyConnection, quarter: Quarter) -> str:
    published = read_rows(con, "SELECT fingerprint FROM finance_v1.publication")[0]["fingerprint"]
    return hashlib.sha256(f"{published} {quarter.name} {_code_fingerprint()}".encode()).hexdigest()


@cache
def _code_fingerprint() -> str:
    """Of all that decides what a report looks like, given the published file."""
    digest = hashlib.sha256()
    for module in ("reporting.py", "outlook.py", "workbook.py", "spreadsheet.py"):
        digest.update(files("truecost.report").joinpath(module).read_bytes())
    for name in names("report"):
        digest.update(query(name).encode())
    for item in sorted(files("truecost.dashboards").iterdir(), key=lambda item: item.name):
        if item.is_file():
            digest.update(item.read_bytes())
    return digest.hexdigest()
