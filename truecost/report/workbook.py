"""The quarter as a workbook for a finance analyst: what each sheet shows, and how the sheets tie.

Amounts are the report's and the published file's own; a spreadsheet's number holds 15 digits, and only its format
rounds to cents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.publish.figures import BRIDGE, ModelFigures, QuarterReport
from truecost.publish.publication import view_names
from truecost.publish.yardsticks import ARTICLE
from truecost.quarters import Quarter
from truecost.report.ahead_sheets import write_ahead
from truecost.report.outlook import known_before, plan_rows
from truecost.report.spreadsheet import Book, Column, Formula, Part, Sheet, added, open_book
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace.config import label

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WHOLE_UP_TO = 20_000  # rows of charges; of more, nobody reads each
LISTED = 2_000  # of more, the rows that weigh most
_EXACT = Context(prec=80)
_UNCLAIMED = "Unallocated"
_DEFINITIONS = (
    ("True cost", "The effective cost of all charges of a model: compute, labor, annotation, inference, storage."),
    ("Training-only cost", "Compute of promoted training runs and the runs they build on: what teams quote."),
    ("Multiplier", "True cost divided by training-only cost; none in a quarter without a promoted run."),
    ("To date", "Since the first charge, up to the end of the quarter."),
    ("Effective and billed", "Billed is what invoices ask for. Effective spreads it over what it pays for, by day."),
    ("Unallocated", "Charges that no rule claims. They count in the total and are never spread over the models."),
    ("Planned", "The mean and the quantiles P10, P50 and P90 of the plan's simulated costs. Quantiles don't add up."),
    ("Variance", "Actual cost less planned mean; above zero is overspend."),
)  # fmt: skip
_WRITTEN = (
    "Amounts are not rounded: a cell holds the exact decimal as far as 15 digits go, and shows it in cents.",
    "A total is a formula with its value beside it; viewers that don't calculate show the value.",
    "An empty cell is a figure that does not exist, not a zero. Times are UTC. Text is text, whatever it begins with.",
    "Charges has a row a charge and month: an invoice is spread over its service period, so over several rows.",
)
# The sheets that tie, in their order, and the figures that two of them or more have.
_TIED = ("Summary", "Bridge", "Stages", "Drivers", "Units", "Charges")
_FIGURES = {
    "true_cost": "True cost",
    "models_true_cost": "True cost of the models",
    "billed_cost": "Billed cost",
    "true_cost_to_date": "True cost to date",
}


@dataclass(frozen=True)
class _Cell:
    """A total on a sheet: how another sheet names it, and its value."""

    reference: str
    value: Decimal


_Totals = dict[str, _Cell]


def write_workbook(
    path: Path, con: DuckDBPyConnection, report: QuarterReport, whole_up_to: int = WHOLE_UP_TO, listed: int = LISTED
) -> None:
    """Write the workbook of the quarter: the figures of ``report``, and the charges and quarantined rows of ``con``.

    ``report`` is what ``read.read_report`` gives; ``con`` is the published file. Of more than ``whole_up_to``
    rows of charges the ``listed`` that weigh most stand by themselves, and the rest in sums.
    """
    title = f"True cost {report.quarter}, {report.workspace}"
    quarter = Quarter(report.quarter_start, report.quarter_end, report.quarter)
    with open_book(path, title, f"truecost {report.truecost_version}", report.as_of) as book:
        ties = {"Summary": _summary(book, report)}
        ties["Bridge"] = _bridge(book, con, report)
        ties["Stages"] = _stages(book, con, report)
        _plan(book, con, report)
        write_ahead(book, con, report.currency, known_before(quarter, report.as_of))
        ties["Drivers"] = _drivers(book, con, report)
        ties["Units"] = _units(book, con, report)
        ties["Charges"] = _charges(book, con, report, whole_up_to, listed)
        _invoices(book, con, report)
        _quarantine(book, con)
        _notes(book, report, ties)


# ---- The sheets ------------------------------------------------------------------------------------------------


def _summary(book: Book, report: QuarterReport) -> _Totals:
    """The figures of the page, then plan, alerts and decisions. Returns the totals of the quarter."""
    from truecost.dashboards.render import headline

    money, quarter, total = f"({report.currency})", report.quarter, report.total
    columns = [
        Column("Model", width=30),
        Column(f"Training-only cost {money}", "money", 19),
        Column(f"True cost {money}", "money", 19),
        Column("Multiplier", "times", 19),
        Column(f"Billed cost {money}", "money", 19),
        Column(f"Training-only cost to date {money}", "money", 19),
        Column(f"True cost to date {money}", "money", 19),
        Column("Multiplier to date", "times", 19),
        Column(f"Billed cost to date {money}", "money", 19),
        Column("Completeness", "wrap", 40),
    ]
    sheet = book.sheet("Summary", columns)
    sheet.title(f"True cost {quarter}, {report.workspace}", _about(report))
    sheet.put([headline(report)], ["lead"], across=9)
    if report.is_at_least:
        sheet.put(
            ["These figures are incomplete: the cost is at least what is shown. Notes says what is missing."],
            ["warning"],
        )
    elif report.is_unsettled:
        sheet.put(["These figures are not settled yet. Notes says what may still change them."], ["warning"])
    sheet.skip()
    figures = ("training_only_cost", "true_cost", "multiplier", "billed_cost")
    keys = [*figures, *(f"{figure}_to_date" for figure in figures)]
    rows = [[model.model_id, *(getattr(model, key) for key in keys), model.completeness] for model in report.models]
    rows.append(_unclaimed(report))
    first, last = sheet.table(columns, rows)
    sums = {
        place: added("SUM({})", sheet.cells(place, first, last), _sum(row[place] for row in rows))
        for place, key in enumerate(keys, start=1)
        if not key.startswith("multiplier")
    }
    totals = ["Total", *(sums.get(place, getattr(total, key)) for place, key in enumerate(keys, start=1)), None]
    at = sheet.put(totals, ["total", *(f"total_{column.kind}" for column in columns[1:-1]), "total"])
    _plan_summary(sheet, report)
    _alerts(sheet, report)
    _decisions(sheet, report)
    sheet.worksheet.freeze_panes(2, 1)
    places = {"true_cost": 2, "billed_cost": 4, "true_cost_to_date": 6}
    cells = {name: _Cell(sheet.reference(place, at), Decimal(sums[place].value)) for name, place in places.items()}
    of_models = f"{cells['true_cost'].reference}-{sheet.reference(2, last)}"  # less the last row: what none claims
    return cells | {"models_true_cost": _Cell(of_models, _sum(row[2] for row in rows[:-1]))}


def _plan_summary(sheet: Sheet, report: QuarterReport) -> None:
    planned = [model for model in report.models if model.plan]
    if not planned:
        return
    money = f"({report.currency})"
    sheet.heading(f"Against the plan: {report.quarter}, and where the whole plan will end")
    columns = [
        Column("Model"),
        Column(f"Planned, mean {money}", "money"),
        Column(f"Actual {money}", "money"),
        Column(f"Variance {money}", "money"),
        Column("Variance, %", "share"),
        Column(f"Budget {money}", "money"),
        Column(f"Forecast, P50 {money}", "money"),
        Column(f"Forecast, P90 {money}", "money"),
        Column("Chance over budget", "share"),
        Column("Forecast as of", "date"),
    ]
    ahead = ("budget", "estimate_at_completion_p50", "estimate_at_completion_p90", "probability_over_budget", "as_of")
    sheet.table(
        columns,
        [
            [model.model_id, *_of_quarter(model), *(getattr(model.forecast, key, None) for key in ahead)]
            for model in planned
        ],
    )


def _of_quarter(model: ModelFigures) -> list[Any]:
    """What the plan says of the quarter: mean, actual, variance and its share; nothing where it has no month in it."""
    row = model.plan.total if model.plan else None
    return [row.planned_mean, row.actual, row.variance, _of_hundred(row.variance_pct)] if row else [None] * 4


def _alerts(sheet: Sheet, report: QuarterReport) -> None:
    if not report.alerts:
        return
    sheet.heading("Alerts: open, or raised since the quarter began (times in UTC)")
    columns = [Column("Model"), Column("Rule"), Column("State"), Column("Open"), Column("Raised", "moment")]
    columns += [Column("Acknowledged", "moment"), Column("Message", "wrap")]
    sheet.table(
        columns,
        [
            [
                *(row.model_id or "The workspace", _words(row.rule), row.state, row.is_open, row.raised_at),
                *(row.acknowledged_at, row.message),
            ]
            for row in report.alerts
        ],
        across=9,
    )


def _decisions(sheet: Sheet, report: QuarterReport) -> None:
    if not report.decisions:
        return
    money = f"({report.currency})"
    sheet.heading("Decisions on retraining since the quarter began (times in UTC)")
    columns = [Column("Model"), Column("Verdict"), Column(f"Staleness cost {money}", "money")]
    columns += [Column(f"Retrain cost {money}", "money"), Column("Decided", "moment"), Column("Reasons", "wrap")]
    sheet.table(
        columns,
        [
            [
                *(row.model_id, _words(row.verdict), row.staleness_cost, row.retrain_cost),
                *(row.decided_at, "; ".join(row.reasons)),
            ]
            for row in report.decisions
        ],
        across=9,
    )


def _bridge(book: Book, con: DuckDBPyConnection, report: QuarterReport) -> _Totals:
    """From the bills to the true cost, a column a step; no sheet where the published file has no bridge."""
    if "bridge" not in view_names(con):
        return {}
    money = f"({report.currency})"
    columns = [Column("Model", width=30), *(Column(f"{step} {money}", "money", 19) for step, _ in BRIDGE.values())]
    amounts: dict[str | None, dict[str, Decimal]] = {}
    for row in read_rows(con, query("report/workbook/bridge"), [report.quarter]):
        amounts.setdefault(row["model_id"], {})[row["step"]] = row["amount"]
    rows: list[list[Any]] = [
        [model or _UNCLAIMED, *(steps[step] for step in BRIDGE)] for model, steps in amounts.items()
    ]
    sheet = book.sheet("Bridge", columns)
    sheet.title(
        f"From the bills to the true cost, {report.quarter}",
        f"{_about(report)} Each column adds to those before it; the last is their sum.",
        *(f"{step}: {adds}." for step, adds in list(BRIDGE.values())[:-1]),
    )
    sums = {place: _sum(row[place] for row in rows) for place in range(1, len(columns))}
    at = sheet.data(rows, len(rows), sums)
    return {"true_cost": _Cell(sheet.reference(len(columns) - 1, at), sums[len(columns) - 1])}


def _stages(book: Book, con: DuckDBPyConnection, report: QuarterReport) -> _Totals:
    """Cost by model, stage, activity, round and kind, in the quarter and to date."""
    money = f"({report.currency})"
    columns = [
        *(Column("Model", width=30), Column("Stage", width=20), Column("Activity", width=20)),
        *(Column("Round", "whole", 9), Column("Kind", width=16), Column("Idle", width=9)),
        *(Column(f"Cost {report.quarter} {money}", "money", 20), Column(f"Cost to date {money}", "money", 20)),
    ]
    rows = [
        [
            *(row["model_id"] or _UNCLAIMED, label(row["stage"]), _words(row["activity"]), row["round"]),
            *(label(row["cost_kind"]), row["is_idle"], row["cost"], row["cost_to_date"]),
        ]
        for row in read_rows(con, query("report/workbook/stages"), [report.quarter_start])
    ]
    sheet = book.sheet("Stages", columns)
    sheet.title(f"Cost by stage, {report.quarter} and to date", _about(report))
    sums = {place: _sum(row[place] for row in rows) for place in (6, 7)}
    at = sheet.data(rows, len(rows), sums)
    places = {"true_cost": 6, "true_cost_to_date": 7}
    return {name: _Cell(sheet.reference(place, at), sums[place]) for name, place in places.items()}


def _plan(book: Book, con: DuckDBPyConnection, report: QuarterReport) -> None:
    """Plan against actual by month, quarter and whole plan, each by stage."""
    money = f"({report.currency})"
    columns = [
        *(Column("Model", width=30), Column("Period", width=12), Column("Quarter", width=12)),
        *(Column("Month", "month", 10), Column("Stage", width=20)),
        *(Column(f"Planned, {what} {money}", "money", 19) for what in ("mean", "P10", "P50", "P90")),
        *(Column(f"Actual {money}", "money", 19), Column(f"Variance {money}", "money", 19)),
        *(Column("Variance, %", "share", 12), Column("Complete", width=11)),
    ]
    amounts = ("planned_mean", "planned_p10", "planned_p50", "planned_p90", "actual", "variance")
    rows = [
        [
            *(row["model_id"], "month" if row["month"] else "quarter" if row["quarter"] else "whole plan"),
            *(row["quarter"], row["month"], label(row["stage"]), *(row[key] for key in amounts)),
            *(_of_hundred(row["variance_pct"]), row["is_complete"]),
        ]
        for row in plan_rows(con, report.quarter_end)
    ]
    note = "P10, P50 and P90 don't add up: totals, quarters and the whole plan are rows of their own."
    sheet = book.sheet("Plan", columns)
    sheet.title("Plan against actual", _about(report), note if rows else "No model has a plan.")
    sheet.data(rows, len(rows), {})


def _drivers(book: Book, con: DuckDBPyConnection, report: QuarterReport) -> _Totals:
    """Why costs differ from the quarter before and from the plan; no sheet where there is nothing to compare with."""
    known = "variance_drivers" in view_names(con)
    rows = [
        [
            *(row["model_id"], row["compared_with"], label(row["stage"]) if row["stage"] else None),
            *(label(row["cost_kind"]) if row["cost_kind"] else None, *list(row.values())[4:]),
        ]
        for row in (read_rows(con, query("report/workbook/drivers"), [report.quarter]) if known else [])
    ]
    if not rows:
        return {}
    money = f"({report.currency})"
    columns = [
        *(Column("Model", width=30), Column("Compared with", width=15), Column("Stage", width=20)),
        *(Column("Kind", width=16), Column("Unit", width=12)),
        *(Column("Quantity before, or planned", "number", 16), Column("Quantity", "number", 16)),
        *(Column(f"Cost before, or planned {money}", "money", 19), Column(f"Cost {money}", "money", 19)),
        *(Column(f"{part} {money}", "money", 17) for part in ("Change", "Price", "Volume", "Mix", "Other")),
    ]
    sheet = book.sheet("Drivers", columns)
    sheet.title(
        f"Why the cost of {report.quarter} differs",
        f"{_about(report)} The change is price, volume, mix and other: what no unit counts, or one side alone has.",
        "Two comparisons stand one below the other; filter one before you add up.",
    )
    added_up = range(7, len(columns))
    parts = [
        Part(
            "Against the plan" if against == "plan" else f"Against {against}",
            1,
            against,
            {place: _sum(row[place] for row in rows if row[1] == against) for place in added_up},
        )
        for against in sorted({row[1] for row in rows})
    ]
    at = sheet.data(rows, len(rows), {place: _sum(row[place] for row in rows) for place in added_up}, parts)
    if parts[0].value == "plan":
        return {}
    return {"models_true_cost": _Cell(sheet.reference(8, at), parts[0].sums[8])}


def _units(book: Book, con: DuckDBPyConnection, report: QuarterReport) -> _Totals:
    """What a request, a token and a point on the evals cost, and how many there were; no sheet where there is none."""
    known = "unit_economics" in view_names(con)
    rows = read_rows(con, query("report/workbook/units"), [report.quarter]) if known else []
    if not rows:
        return {}
    money = f"({report.currency})"
    columns = [
        *(Column("Model", width=30), Column("Requests", "whole", 14), Column("Tokens", "whole", 16)),
        *(Column(f"True cost {money}", "money", 17), Column(f"Serving cost {money}", "money", 17)),
        *(
            Column(f"{cost} per {units} {money}", "number", 18)
            for units in ("1,000 requests", "1,000,000 tokens")
            for cost in ("True cost", "Serving cost")
        ),
        *(Column("Eval", width=24), Column("First score", "number", 12), Column("Latest score", "number", 12)),
        *(Column("Points gained", "number", 12), Column(f"True cost to date {money}", "money", 19)),
        *(Column(f"True cost to date per point {money}", "number", 19), Column("Missing", "wrap", 34)),
        Column("Completeness", "wrap", 40),
    ]
    sheet = book.sheet("Units", columns)
    sheet.title(
        f"What a unit of work cost in {report.quarter}",
        f"{_about(report)} A point is a hundredth of the score that the model is judged by.",
    )
    sums = {place: _sum(row[key] for row in rows) for place, key in ((3, "true_cost"), (4, "serving_cost"))}
    at = sheet.data([list(row.values()) for row in rows], len(rows), sums)
    return {"models_true_cost": _Cell(sheet.reference(3, at), sums[3])}


def _charges(book: Book, con: DuckDBPyConnection, report: QuarterReport, whole_up_to: int, listed: int) -> _Totals:
    """The charges that count in the quarter. Returns the totals of the sheet."""
    money, quarter = f"({report.currency})", report.quarter
    columns = [
        *(Column("Model", width=22), Column("Month", "month", 10), Column("Stage", width=18)),
        *(Column("Activity", width=18), Column("Round", "whole", 8), Column("Kind", width=13)),
        *(Column("Run", width=10), Column("Training-only", width=10)),
        *(Column(f"Cost {money}", "money", 15), Column(f"Billed cost {money}", "money", 15)),
        *(Column("Source", width=12), Column("Service", width=28), Column("Description", width=44)),
        *(Column("File", width=38), Column("Line", "id", 9), Column("Adjustment", width=12)),
        *(Column("Basis", width=8), Column("Provider", width=18), Column("Charge category", width=11)),
        *(Column("Charge period start (UTC)", "moment", 17), Column("Charge period end (UTC)", "moment", 17)),
        *(Column("Billing currency", width=10), Column("Billed cost, as billed", "money", 15)),
        *(Column("Effective cost, as billed", "money", 15), Column("Quantity", "number", 15)),
        *(Column("Unit", width=11), Column("Billing account", width=17), Column("Sub-account", width=17)),
        *(Column("Sub-account name", width=22), Column("Resource", width=26), Column("SKU", width=14)),
        *(Column("Invoice", width=16), Column("Tags", width=36), Column("Charge", width=12)),
    ]
    count = con.execute("SELECT count(*) FROM costs WHERE quarter = ?", [quarter]).fetchall()[0][0]
    is_whole = count <= whole_up_to or "cost_by_month" not in view_names(con)
    con.execute(query("report/workbook/listed"), [quarter, count if is_whole else listed])
    rows = [_charge_cells(row.values()) for row in read_rows(con, query("report/workbook/charges"))]
    about = [f"{_about(report)} A row a charge and month."]
    if not is_whole:
        rest = read_rows(con, query("report/workbook/charges_rest"), [quarter])
        about.append(
            f"The {listed:,} of {count:,} rows that weigh most; the others are summed below them, and stand one by one "
            "in the view finance.costs of reports.duckdb."
        )
        rows += [_charge_cells(_rest_cells(row, len(columns))) for row in rest]
    sheet = book.sheet("Charges", columns, printed=15)
    sheet.title(f"Charges that count in {quarter}", *about)
    sums = {place: _sum(row[place] for row in rows) for place in (8, 9)}
    at = sheet.data(rows, len(rows), sums)
    places = {"true_cost": 8, "billed_cost": 9}
    return {name: _Cell(sheet.reference(place, at), sums[place]) for name, place in places.items()}


def _charge_cells(values: Iterable[Any]) -> list[Any]:
    model, month, stage, activity, round_, kind, *others = values
    return [model or _UNCLAIMED, month, label(stage), _words(activity), round_, label(kind), *others]


def _rest_cells(row: Row, count: int) -> list[Any]:
    """A sum of charges as a row of ``count`` cells: its own, then a description."""
    owned = [row[key] for key in ("model_id", "month", "stage", "activity", "round", "cost_kind")]
    told = [*owned, None, None, row["cost"], row["billed_cost"], None, None, f"{row['row_count']:,} further rows"]
    return [*told, *[None] * (count - len(told))]


def _invoices(book: Book, con: DuckDBPyConnection, report: QuarterReport) -> None:
    """Invoices as they came, with what each comes to; no sheet where there is none."""
    if "invoices" not in view_names(con):
        return
    rows = read_rows(con, query("report/workbook/invoices"), [report.quarter_end])
    if not rows:
        return
    columns = [
        *(Column("Issuer", width=32), Column("Invoice", width=20), Column("Kind", width=14)),
        *(Column("Corrects", width=20), Column("Issued", "date", 12), Column("Currency", width=10)),
        *(Column("Without tax", "money", 16), Column("Tax", "money", 16), Column("With tax", "money", 16)),
        *(Column("Prepaid", "money", 16), Column("Rounding", "money", 12), Column("Payable", "money", 16)),
        Column("Status", width=13),
    ]
    sheet = book.sheet("Invoices", columns)
    about = "In the invoice's own currency; a credit note is below zero. Payable = with tax - prepaid + rounding."
    sheet.title(f"Invoices issued up to the end of {report.quarter}", about)
    sheet.data([list(row.values()) for row in rows], len(rows), {})


def _quarantine(book: Book, con: DuckDBPyConnection) -> None:
    """Rows that failed an expectation and have not been delivered again, whole."""
    columns = [
        *(Column("Source", width=14), Column("File", width=40), Column("Line", "id", 9)),
        *(Column("Dataset", width=14), Column("Rule", width=30), Column("Column", width=20)),
        *(Column("Value", width=24), Column("What is wrong", width=50), Column("Remedy", width=50)),
        Column("Row, as JSON", width=80),
    ]
    rows = [list(row.values()) for row in read_rows(con, query("report/workbook/quarantine"))]
    sheet = book.sheet("Quarantine", columns, printed=9)
    sheet.title(
        "Quarantined rows", "In no figure until they are corrected and delivered again." if rows else "There is none."
    )
    sheet.data(rows, len(rows), {})


def _notes(book: Book, report: QuarterReport, ties: dict[str, _Totals]) -> None:
    """What is missing, how the sheets tie, what the words mean, and the yardsticks."""
    columns = [Column("", width=30), *[Column("", "money", 19)] * (len(_TIED) + 1)]
    across = len(columns) - 1
    sheet = book.sheet("Notes", columns)
    sheet.title("Notes", _about(report))
    sheet.heading("How the sheets tie")
    heads = [Column("Figure"), *(Column(name, "money") for name in (*_TIED, "Difference"))]
    sheet.table(
        heads,
        [[label, *_tie(name, *(ties[sheet_name] for sheet_name in _TIED))] for name, label in _FIGURES.items()],
    )

    sheet.heading("What is missing")
    missing = [(model.model_id, model.completeness) for model in report.models if model.completeness != "complete"]
    missing += [("", f"{item.what}: {item.remedy}.") for item in report.missing]
    for term, text in missing or [("", "Nothing that truecost knows of.")]:
        sheet.put([term, text], ["term", "wrap"], across)
    came = report.deliveries
    counts = ", ".join(
        f"{getattr(came, f'rows_{what}'):,} {what}"
        for what in ("loaded", "quarantined", "duplicate", "held", "skipped")
    )
    sheet.put(["Deliveries", f"{came.files:,} files held {came.rows_read:,} rows: {counts}."], ["term", "wrap"], across)

    sheet.heading("What the words mean")
    for term, text in _DEFINITIONS:
        sheet.put([term, text], ["term", "wrap"], across)
    sheet.heading("How figures are written")
    for text in _WRITTEN:
        sheet.put(["", text], ["term", "wrap"], across)
    sheet.heading(f"Yardsticks: {ARTICLE}")
    for row in report.yardsticks:
        text = f"{row.text}: {row.figure}. Here: {row.ours}."
        sheet.put([row.id, text], ["term", "wrap"], across)
    sheet.put(
        ["", "F2 and F3 disagree: read them as a range to expect, not as a target to meet."], ["term", "wrap"], across
    )


def _tie(name: str, *sheets: _Totals) -> list[Formula | None]:
    """One figure as each sheet has it, where it has it, and the greatest difference between them."""
    told = [sheet.get(name) for sheet in sheets]
    known = [cell for cell in told if cell is not None]
    cells = ",".join(cell.reference for cell in known)
    values = [cell.value for cell in known]
    apart = Formula(f"ROUND(MAX({cells})-MIN({cells}),2)", round(max(values) - min(values), 2))
    return [*(Formula(cell.reference, cell.value) if cell else None for cell in told), apart]


# ---- Words and sums --------------------------------------------------------------------------------------------


def _about(report: QuarterReport) -> str:
    """What every sheet says of itself."""
    from truecost.dashboards.formats import day

    last = report.quarter_end - timedelta(days=1)
    status = f"closed, version {report.version}" if report.status == "closed" else "preliminary: figures may change"
    return f"{day(report.quarter_start)} to {day(last)}; {status}. As of {day(report.as_of)}."


def _unclaimed(report: QuarterReport) -> list[Any]:
    """What no model claims, as a row beside the models'."""
    total = report.total
    here = [None, total.unallocated_cost, None, total.unallocated_billed_cost]
    to_date = [None, total.unallocated_cost_to_date, None, total.unallocated_billed_cost_to_date]
    return [_UNCLAIMED, *here, *to_date, "no rule claims it"]


def _words(name: str | None) -> str | None:
    return None if name is None else name.replace("_", " ")


def _of_hundred(percent: Decimal | None) -> Decimal | None:
    """A share of 0 to 1, as a spreadsheet's percentages are."""
    return None if percent is None else percent / 100


def _sum(amounts: Any) -> Decimal:
    return reduce(_EXACT.add, (amount for amount in amounts if amount is not None), Decimal(0))
