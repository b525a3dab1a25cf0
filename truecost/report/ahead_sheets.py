"""Sheets of what lies ahead and beside the plan: each shows a view, and is there only where that has rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from truecost.publish.publication import view_names
from truecost.report.spreadsheet import Book, Column
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.workspace.config import label

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ALL = "All with one"
_WIDTHS: Mapping[str, float] = {"text": 16, "wrap": 40, "money": 19, "number": 14, "month": 10}


@dataclass(frozen=True)
class _Cell:
    """A column of the view as the sheet shows it; ``(USD)`` follows the heading of an amount."""

    key: str
    heading: str
    kind: str = "text"

    def column(self, currency: str) -> Column:
        told = f"{self.heading} ({currency})" if self.kind == "money" else self.heading
        return Column(told, self.kind, 30 if self.key == "model_id" else _WIDTHS.get(self.kind, 12))

    def value(self, row: Row) -> Any:
        value = row[self.key]
        if self.key == "model_id" and value is None:
            return _ALL
        if self.key == "stage":
            return None if value is None else label(value)
        if self.key.endswith("_pct"):
            return None if value is None else Decimal(value) / 100
        return value.replace("_", " ") if self.key in ("scenario", "promise", "state", "way") and value else value


@dataclass(frozen=True)
class _Shown:
    name: str
    view: str
    asks: str  # the query, in sql/report
    about: str
    cells: tuple[_Cell, ...]


def _money(**headings: str) -> tuple[_Cell, ...]:
    return tuple(_Cell(key, heading, "money") for key, heading in headings.items())


_MODEL, _STAGE, _MONTH = _Cell("model_id", "Model"), _Cell("stage", "Stage"), _Cell("month", "Month", "month")
_WHOLE = _Cell("completeness", "Completeness", "wrap")
_BOUND = _Cell("is_lower_bound", "At least")
_SHEETS = (
    _Shown(
        *("To date", "plan_to_date", "workbook/to_date"),
        "Plan and actual over the same whole months of each plan. Pace is actual by planned cost of the last of them.",
        (
            *(_MODEL, _STAGE, _Cell("baseline", "Baseline", "whole")),
            *(_Cell("first_month", "From", "month"), _Cell("last_month", "To", "month")),
            *_money(planned_to_date="Planned", actual_to_date="Actual", variance="Variance"),
            *(_Cell("variance_pct", "Variance, %", "share"), _Cell("pace_months", "Months of pace", "whole")),
            *_money(planned_of_late="Planned of late", actual_of_late="Actual of late"),
            *(_Cell("pace", "Pace", "share"), _BOUND, _WHOLE),
        ),
    ),
    _Shown(
        *("Earned value", "earned_value", "workbook/earned_value"),
        "By month that has ended, to date. CPI, SPI, TCPI and EAC hold from 20 to 80 % complete.",
        (
            *(_MODEL, _MONTH),
            *_money(budget_at_completion="BAC", planned_value="PV", earned_value="EV", actual_cost="AC"),
            *_money(cost_variance="CV", schedule_variance="SV"),
            *(_Cell("cost_performance_index", "CPI", "number"), _Cell("schedule_performance_index", "SPI", "number")),
            _Cell("to_complete_performance_index", "TCPI", "number"),
            *_money(estimate_at_completion="EAC"),
            *(_Cell("complete_pct", "Complete", "share"), _Cell("is_reliable", "Reliable")),
            *(_Cell("reason", "Why not told", "wrap"), _BOUND, _WHOLE),
        ),
    ),
    _Shown(
        *("Milestones", "milestones", "milestones"),
        "Work that is worth its value once it is reached.",
        (
            *(_MODEL, _Cell("milestone", "Milestone"), _STAGE, _Cell("condition", "What has to come", "wrap")),
            *_money(value="Value"),
            *(_Cell("planned_on", "Planned", "date"), _Cell("reached_on", "Reached", "date"), _Cell("state", "State")),
            *(_Cell("came", "Came", "number"), _Cell("evidence", "What shows it", "wrap")),
        ),
    ),
    _Shown(
        *("Scenarios", "forecast_scenarios", "scenarios"),
        "Where each plan will end as things stand, and with what its last decision would add.",
        (
            *(_MODEL, _Cell("scenario", "Scenario")),
            *_money(
                budget="Budget",
                cost="Adds",
                estimate_at_completion_p10="P10",
                estimate_at_completion_p50="P50",
                estimate_at_completion_p90="P90",
            ),
            *(_Cell("probability_over_budget", "Chance over budget", "share"), _Cell("over_pct", "Over, %", "share")),
            *(_Cell("verdict", "Verdict"), _BOUND),
        ),
    ),
    _Shown(
        *("Budgets", "budgets", "budgets"),
        "In their running periods. A burn rate of 1 spends the budget by the end of its period.",
        (
            *(_Cell("name", "Budget"), _Cell("model_id", "Model"), _STAGE),
            *(_Cell("period_start", "From", "date"), _Cell("period_end", "Before", "date")),
            *_money(amount="Amount", spent="Spent"),
            *(_Cell("spent_pct", "Spent, %", "share"), _Cell("burn_28", "Burn, 28 days", "number")),
            *(_Cell("burn_7", "Burn, 7 days", "number"), _Cell("burn_1", "Burn, 1 day", "number")),
            *_money(expected="Expected"),
            *(_Cell("probability_over_budget", "Chance over", "share"), _Cell("state", "State")),
            *(_Cell("reason", "Why", "wrap"), _BOUND, _WHOLE),
        ),
    ),
    _Shown(
        *("Payback", "payback", "workbook/payback"),
        "What prompting would have cost on the same requests, at the prices of their day.",
        (
            *(_MODEL, _MONTH, _Cell("requests", "Requests", "whole")),
            _Cell("unpriced_requests", "Without a price", "whole"),
            *_money(prompting_cost="Prompting", true_cost="True cost"),
            *_money(prompting_cost_to_date="Prompting to date", true_cost_to_date="True cost to date", gap="Gap"),
            _Cell("is_paid_back", "Paid back"),
            *_money(monthly_saving="Saves a month"),
            *(_Cell("even_in", "Even in", "month"), _Cell("reason", "Why not known", "wrap"), _BOUND, _WHOLE),
        ),
    ),
    _Shown(
        *("Promises", "promises", "workbook/promises"),
        "What plans promised beside their cost, by month; a month that has not ended is not judged.",
        (
            *(_MODEL, _Cell("promise", "Promise"), _MONTH, _Cell("low", "P10", "number")),
            *(_Cell("promised", "Promised", "number"), _Cell("high", "P90", "number"), _Cell("came", "Came", "number")),
            *(_Cell("came_in", "Came in", "month"), _Cell("state", "State")),
        ),
    ),
    _Shown(
        *("Versions", "version_comparison", "workbook/versions"),
        "Versions of a model that served in the same days; a score with its 95 % interval.",
        (
            *(_MODEL, _Cell("version", "Version"), _Cell("window_start", "From", "date")),
            *(_Cell("window_end", "To", "date"), _Cell("requests", "Requests", "whole")),
            *(_Cell("latency_p50_ms", "Latency, P50 (ms)", "number"), _Cell("latency_p95_ms", "P95 (ms)", "number")),
            *_money(serving_cost="Serving cost", cost_per_1k_requests="Per 1,000 requests"),
            *(
                _Cell("score", "Score", "number"),
                _Cell("score_low", "from", "number"),
                _Cell("score_high", "to", "number"),
            ),
            *_money(
                cost_per_1k_accepted="Per 1,000 accepted",
                cost_per_1k_accepted_low="from",
                cost_per_1k_accepted_high="to",
            ),
            *(_Cell("is_best_value", "Best value"), _Cell("probability_best", "With a chance of", "share")),
            *(_Cell("reason", "Why not known", "wrap"), _BOUND, _WHOLE),
        ),
    ),
)


def write_ahead(book: Book, con: DuckDBPyConnection, currency: str, until: date) -> None:
    """A sheet a view that the published file holds and that has rows, of what was known before ``until``."""
    views = view_names(con)
    for shown in _SHEETS:
        rows = read_rows(con, query(f"report/{shown.asks}"), [until]) if shown.view in views else []
        if rows:
            cells = [cell for cell in shown.cells if cell.key in rows[0]]  # an older truecost told less
            sheet = book.sheet(shown.name, [cell.column(currency) for cell in cells])
            sheet.title(shown.name, f"As of {rows[0]['as_of']}. {shown.about}")
            sheet.data([[cell.value(row) for cell in cells] for row in rows], len(rows), {})
