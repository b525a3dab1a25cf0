"""The quarterly report as one HTML file that needs nothing else: styles and charts stand inside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from truecost.dashboards import charts, formats

from truecost.publish.figures import Missing, ModelFigures, PastQuarter, PlannedStage, QuarterReport, Run, Totals
from truecost.publish.yardsticks import ARTICLE
from truecost.workspace.config import label

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

RECENT_QUARTERS = 8  # what a model's chart and table show; the workbook holds them all
FAULTS_SHOWN = 3  # of one cause
RUNS_SHOWN = 12
FEATURES_SHOWN = 12


class Figure(NamedTuple):
    """A key figure: its name, its value and the small print below it, each as text."""

    label: str
    value: str
    note: str


class Runs(NamedTuple):
    """The training runs that are listed, and how many others cost how much."""

    shown: list[Run]
    other_count: int
    other_cost: Decimal | None
    is_lower_bound: bool


@dataclass(frozen=True)
class Section:
    """A model with its charts drawn, its recent quarters, its costliest runs and the quarter's part of its plan."""

    figures: ModelFigures
    recent: Sequence[PastQuarter]
    listed: Runs
    quarters_chart: Markup | str
    stages_chart: Markup | str
    plan_stages: Sequence[PlannedStage]
    plan_chart: Markup | str


def render_report(report: QuarterReport, link: Callable[[str], str] = str) -> str:
    """The HTML text of the true-cost report of one quarter.

    Every text of the report is escaped, in the page and in the charts. `link` tells how the page reaches a file that is
    named by its path in the workspace.
    """
    from markupsafe import Markup

    environment = templates()
    environment.filters |= {
        "money": formats.money,
        "share": formats.share,
        "multiplier": formats.multiplier,
        "hours": formats.hours,
        "variance": formats.variance,
        "percent": formats.percent,
        "measure": formats.measure,
        "index": formats.index,
        "milliseconds": formats.milliseconds,
        "href": lambda path: quote(link(path)),
        "day": formats.day,
        "last_day": _last_day,
        "before": lambda first: formats.day(first - timedelta(days=1)),
        "label": label,
        "words": _words,
    }
    template = environment.get_template("report.html.j2")
    return template.render(
        report=report,
        css=Markup(read_text("report.css")),
        article=ARTICLE,
        last_day=report.quarter_end - timedelta(days=1),
        headline=headline(report),
        figures=key_figures(report),
        sections=[_section(model, report.currency) for model in report.models],
        missing=grouped(report.missing),
        open_alerts=[alert for alert in report.alerts if alert.is_open],
        features_shown=FEATURES_SHOWN,
        strip=_strip(report.models),
        yardstick_figures={row.id: row.figure for row in report.yardsticks},
    )


def templates() -> Environment:
    """The templates beside this module: what they are given is escaped, and has to be there."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(read_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def headline(report: QuarterReport) -> str:
    """The quarter in words: what it truly cost, what people quote, and the multiplier to date."""
    total, currency = report.total, report.currency
    at_least = "at least " if report.is_at_least else ""
    true_cost = formats.money(total.true_cost, currency)
    return (
        f"In {report.quarter} {_subject(report)} truly cost {at_least}{true_cost};"
        f" {_quoted(total, currency)}. {_to_date(total)}."
    )


def grouped(missing: Sequence[Missing], limit: int = FAULTS_SHOWN) -> list[Missing]:
    """What is missing, the first ``limit`` of those that one cause has; of the others, how many they are."""
    held: dict[tuple[str, str, str, str | None], list[Missing]] = {}
    for item in missing:
        held.setdefault((item.kind, item.source, _cause(item), item.remedy), []).append(item)
    shown: list[Missing] = []
    for (kind, source, cause, remedy), items in held.items():
        others = len(items) - limit
        if others <= 1:
            shown += items
            continue
        why = f" ({cause})" if cause else ""
        shown += [*items[:limit], Missing(f"{others} more of {source} are {_words(kind)}{why}", remedy, kind, source)]
    return shown


def _cause(item: Missing) -> str:
    """Why a file was refused, whichever it is: what else is missing has no cause apart from its kind."""
    return item.what.partition(" was refused: ")[2]


def key_figures(report: QuarterReport) -> list[Figure]:
    """The five figures a reader looks for first, all models and unallocated charges together."""
    total, currency = report.total, report.currency
    in_quarter = f"{currency}, this quarter"
    part = total.allocated_share
    unallocated = in_quarter if part is None else f"{currency}: {formats.share(part)} of the quarter is allocated"
    return [
        Figure("True cost", formats.money(total.true_cost), in_quarter),
        Figure("Training-only cost", formats.money(total.training_only_cost), in_quarter),
        Figure("Multiplier to date", formats.multiplier(total.multiplier_to_date), _this_quarter(total)),
        Figure("True cost to date", formats.money(total.true_cost_to_date), f"{currency}, all quarters"),
        Figure("Unallocated", formats.money(total.unallocated_cost), unallocated),
    ]


def costliest_runs(runs: Sequence[Run], limit: int = RUNS_SHOWN) -> Runs:
    """The `limit` costliest runs in the order given; the others are counted and summed, never dropped."""
    ranked = sorted(range(len(runs)), key=lambda place: _cost(runs[place]), reverse=True)
    kept, others = sorted(ranked[:limit]), [runs[place] for place in ranked[limit:]]
    known = [run.cost for run in others if run.cost is not None]
    return Runs(
        shown=[runs[place] for place in kept],
        other_count=len(others),
        other_cost=sum(known, Decimal(0)) if known or not others else None,
        is_lower_bound=any(run.is_lower_bound or run.cost is None for run in others),
    )


def read_text(name: str) -> str:
    """A file beside this module."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _last_day(end: datetime) -> date:
    """The last day of a window that ends just before `end`."""
    return (end - timedelta(microseconds=1)).date()


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cost(run: Run) -> Decimal:
    """A run without a price ranks as zero; its own line shows a dash."""
    return run.cost or Decimal(0)


def _subject(report: QuarterReport) -> str:
    """Who spent it: `the two models`, with what no model claims named apart."""
    models, unallocated = report.models, report.total.unallocated_cost
    match len(models):
        case 0:
            who = "fine-tuning"
        case 1:
            who = f"the model {models[0].model_id}"
        case count:
            who = f"the {formats.number_word(count)} models"
    if not unallocated:
        return who
    return f"{who}, with {formats.money(unallocated, report.currency)} that no model claims yet,"


def _quoted(total: Totals, currency: str) -> str:
    if total.training_only_cost:
        return f"the training runs people quote cost {formats.money(total.training_only_cost, currency)}"
    return f"there is no number people would quote: {total.multiplier_reason or 'it is nothing'}"


def _to_date(total: Totals) -> str:
    if total.multiplier_to_date is None:
        return f"To date there is no multiplier: {total.multiplier_to_date_reason}"
    return f"To date: {formats.multiplier(total.multiplier_to_date)}"


def _this_quarter(total: Totals) -> str:
    if total.multiplier is None:
        return f"this quarter: {total.multiplier_reason}" if total.multiplier_reason else ""
    return f"{formats.multiplier(total.multiplier)} this quarter"


def _section(model: ModelFigures, currency: str) -> Section:
    name, recent = model.model_id, model.history[-RECENT_QUARTERS:]
    return Section(
        figures=model,
        recent=recent,
        listed=costliest_runs(model.runs),
        quarters_chart=_inline(charts.quarters_chart(recent, currency, name)) if recent else "",
        stages_chart=_inline(charts.stages_chart(model.stages, currency, name)) if model.stages else "",
        plan_stages=[row for row in model.plan.stages if _is_planned_or_spent(row)] if model.plan else [],
        plan_chart=_plan_chart(model, currency),
    )


def _is_planned_or_spent(row: PlannedStage) -> bool:
    """A stage of another part of the model's life says nothing of this quarter."""
    return any((row.planned_mean, row.planned_p90, row.actual))


def _plan_chart(model: ModelFigures, currency: str) -> Markup | str:
    plan = model.plan
    if not plan or not plan.months:
        return ""
    return _inline(charts.plan_chart(plan.months, plan.whole, model.forecast, currency, model.model_id))


def _strip(models: Sequence[ModelFigures]) -> Markup | str:
    """The models' multipliers at the horizon against the yardsticks; nothing where there is no model."""
    multipliers = [(model.model_id, model.multiplier_at_horizon) for model in models]
    return _inline(charts.yardstick_strip(multipliers, "Multiplier at the horizon")) if multipliers else ""


def _inline(svg: str) -> Markup:
    """A chart is markup already: its own texts were escaped where it was drawn."""
    from markupsafe import Markup

    return Markup(svg)
