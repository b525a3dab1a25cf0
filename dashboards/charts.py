"""Static SVG charts, for the report and the dashboard alike.

Each function takes plain data and returns the text of one SVG: no script, no link, no font file, no ids.
Amounts turn into floats only where a mark is placed; every label is made from the exact decimal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate, groupby

from truecost.dashboards.formats import MISSING, TIMES, compact, money, multiplier, tick

from truecost.publish.figures import Forecast, PastQuarter, PlannedMonth, StageCost, WholePlan
from truecost.publish.yardsticks import F2_TIMES, F3_TIMES
from truecost.workspace.config import STAGES, label

from .svg import (
    Amounts,
    Bands,
    amounts,
    dot,
    fitting,
    group,
    line,
    lines,
    path,
    picture,
    rect,
    text,
    width_of,
)

# Okabe and Ito's colours, safe for colour-blind readers, and two greys for what is not settled.
COLOURS = {
    "data_curation": "#E69F00",
    "training": "#0072B2",
    "failed_experiments": "#D55E00",
    "evaluation": "#CC79A7",
    "serving": "#009E73",
    "maintenance": "#56B4E9",
    "undecided": "#B4BAC3",
    "unallocated": "#5B6470",
}
TRAINING_ONLY = ("Training-only cost", "#1F2937")

_INK, _MUTED, _RULE = "#1F2937", "#4B5563", "#D9DEE5"
_DOT, _BAND, _OVER = "#0072B2", "#DCEAF6", "#B23A00"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STRIP_ENDS = (12, 20)  # where the strip's axis ends: the second where a multiplier is beyond the first
_NOTHING = Decimal(0)

# Sizes in pixels.
_QUARTER, _QUARTERS, _QUARTER_HEIGHT = 95, 370, 200  # a quarter's width, the plot's, and its height
_STAGE_BARS, _STAGE_ROW, _STAGE_BAR = 115, 30, 15
_PLAN_WIDTH, _PLAN_HEIGHT = 425, 190
_STRIP_WIDTH, _STRIP_ROW, _STRIP_NAMES = 560, 34, 170
_DRIVER_NAMES = 260
_SMALL = 11
_BASELINE = 4  # how far below its middle a text's line lies


# ---- Quarters ----------------------------------------------------------------------------------------------------


def quarters_chart(history: Sequence[PastQuarter], currency: str, title: str) -> str:
    """Training-only cost beside true cost by quarter, true cost stacked by stage.

    `history`: oldest first, each with quarter, true_cost, training_only_cost, multiplier and stages
    ({stage: cost}), in `currency`. The multiplier stands above the true cost.
    """
    axis = amounts((end for entry in history for end in _reach(entry)), _QUARTER_HEIGHT)
    bands = Bands(len(history), min(_QUARTERS, _QUARTER * len(history)))
    left, top = max(_left_of(axis), 8 + width_of(currency)), 30
    marks = [_amount_axis(axis, bands.length), text(-6, -14, currency, text_anchor="end", fill=_MUTED)]
    for place, entry in enumerate(history):
        marks += _quarter_bars(entry, axis, bands, place)
        marks.append(_words_below(bands.middle(place), axis.length, entry.quarter.split("-")))
    drawn = {stage for entry in history for stage, cost in entry.stages.items() if cost}
    legend = [TRAINING_ONLY, *((label(stage), COLOURS[stage]) for stage in STAGES if stage in drawn)]
    below = top + _QUARTER_HEIGHT + 48
    words = (
        f"{entry.quarter}: training-only {money(entry.training_only_cost)}, true {money(entry.true_cost)}"
        for entry in history
    )
    return picture(
        left + _QUARTERS + 4,
        below + 15 * -(-len(legend) // 3),
        f"{title}: training-only cost beside true cost by quarter, {currency}. {'; '.join(words)}",
        _INK,
        group(left, top, *marks),
        group(left, below, *_legend(legend)),
    )


def _reach(entry: PastQuarter) -> tuple[Decimal, Decimal, Decimal]:
    """How far a quarter's bars reach: up, down (credits hang below zero), and the training-only bar."""
    costs = [cost for cost in entry.stages.values() if cost]
    up, down = (sum((cost for cost in costs if (cost > 0) == is_up), _NOTHING) for is_up in (True, False))
    return up, down, entry.training_only_cost or _NOTHING


def _quarter_bars(entry: PastQuarter, axis: Amounts, bands: Bands, place: int) -> list[str]:
    """One quarter's two bars, and the multiplier on top; training lies lowest, beside the training-only bar."""
    width = 0.33 * bands.width
    quoted_x, true_x = (bands.middle(place) + side for side in (-width - 1.5, 1.5))
    quoted = entry.training_only_cost
    marks = [_standing(quoted_x, width, axis, _NOTHING, quoted, TRAINING_ONLY[1])] if quoted else []
    stages = entry.stages
    ends = {True: _NOTHING, False: _NOTHING}  # above zero, below it
    for stage in sorted(STAGES, key=lambda stage: stage != "training"):
        if cost := stages.get(stage):
            begin = ends[cost > 0]
            ends[cost > 0] = begin + cost
            marks.append(_standing(true_x, width, axis, begin, begin + cost, COLOURS[stage]))
    told = multiplier(entry.multiplier)
    above = axis.up(ends[True]) - 5
    return [*marks, text(true_x + width / 2, above, told, text_anchor="middle", font_weight="bold")]


def _standing(x: float, width: float, axis: Amounts, begin: Decimal, end: Decimal, colour: str) -> str:
    """A piece of a bar, from amount to amount, with a thin white edge."""
    upper, lower = sorted((axis.up(begin), axis.up(end)))
    return rect(x, upper, width, lower - upper, colour, stroke="white", stroke_width=0.6)


def _legend(told: Sequence[tuple[str, str]], columns: int = 3) -> list[str]:
    """What each colour is, in columns."""
    marks, x = [], 0.0
    for column in range(columns):
        held = told[column::columns]
        for row, (name, colour) in enumerate(held):
            marks += [rect(x, 15 * row - 9, 9, 9, colour), text(x + 14, 15 * row, name)]
        x += 26 + max((width_of(name) for name, _ in held), default=0)
    return marks


# ---- Stages ------------------------------------------------------------------------------------------------------


def stages_chart(stages: Sequence[StageCost], currency: str, title: str) -> str:
    """Cost by stage, this quarter and to date, as two panels of horizontal bars.

    `stages`: in the order to draw, each with stage, cost and cost_to_date, in `currency`.
    """
    names = [label(row.stage) for row in stages]
    left, top = 8 + max(map(width_of, names)), 22
    second = left + _STAGE_BARS + 62
    named = (text(-8, _row_middle(row), name, text_anchor="end") for row, name in enumerate(names))
    words = (f"{label(row.stage)}: {money(row.cost)}, to date {money(row.cost_to_date)}" for row in stages)
    return picture(
        second + _STAGE_BARS + 54,
        top + _STAGE_ROW * len(stages) + 4,
        f"{title}: cost by stage, this quarter and to date, {currency}. {'; '.join(words)}",
        _INK,
        group(left, top, *named, *_stage_bars([(row.stage, row.cost) for row in stages], "This quarter")),
        group(second, top, *_stage_bars([(row.stage, row.cost_to_date) for row in stages], "To date")),
    )


def _stage_bars(told: Sequence[tuple[str, Decimal | None]], heading: str) -> list[str]:
    """One panel of bars, a stage and its cost each, with the amount at the end."""
    costs = [cost or _NOTHING for _, cost in told]
    low, high = min(_NOTHING, *costs), max(_NOTHING, *costs)
    axis = Amounts(low, high if high > low else low + 1, Decimal(1), _STAGE_BARS)
    zero = axis.along(_NOTHING)
    marks = [text(0, -8, heading, font_weight="bold", fill=_MUTED)]
    for place, (stage, cost) in enumerate(told):
        begin, end = sorted((zero, axis.along(cost or _NOTHING)))
        y = _STAGE_ROW * place + (_STAGE_ROW - _STAGE_BAR) / 2
        marks += [rect(begin, y, end - begin, _STAGE_BAR, COLOURS[stage])] if cost else []
        marks.append(text(end + 5, _row_middle(place), MISSING if cost is None else compact(cost)))
    return marks


def _row_middle(row: int) -> float:
    return _STAGE_ROW * (row + 0.5) + _BASELINE


# ---- Plan --------------------------------------------------------------------------------------------------------


def plan_chart(
    months: Sequence[PlannedMonth],
    whole: WholePlan | None,
    forecast: Forecast | None,
    currency: str,
    title: str,
) -> str:
    """Actual cost against the plan: by month with the planned P10 to P90, and added up with where it will end.

    `months`: the plan's, in order, each with month, planned_mean, planned_p10, planned_p90 and actual (None where it
    lies ahead). Quantiles don't add up over months, so the added-up panel has the planned mean, and at its end the P10
    to P90 of the `whole` plan and of the `forecast`, with the budget as a line.
    """
    words = "; ".join(
        f"{row.month:%Y-%m}: planned {money(row.planned_mean)}"
        f" ({money(row.planned_p10)} to {money(row.planned_p90)}), actual {money(row.actual)}"
        for row in months
    )
    monthly, left = _monthly_panel(months)
    added, added_left = _added_panel(months, whole, forecast)
    second, top = left + _PLAN_WIDTH + 24 + added_left, 34
    return picture(
        second + _PLAN_WIDTH + 4,
        top + _PLAN_HEIGHT + 34,
        f"{title}: actual cost against the plan by month, {currency}. {words}",
        _INK,
        group(left, top, *monthly),
        group(second, top, *added),
    )


def _monthly_panel(months: Sequence[PlannedMonth]) -> tuple[list[str], float]:
    """By month: the planned P10 to P90 as a band, its mean as a tick, and the actual cost as a dot.

    Both panels come with the room their axis takes.
    """
    told = (amount for row in months for amount in (row.planned_p10, row.planned_mean, row.planned_p90, row.actual))
    axis = amounts((amount for amount in told if amount is not None), _PLAN_HEIGHT)
    bands = Bands(len(months), _PLAN_WIDTH)
    left = _left_of(axis)
    marks = [_panel_title(left, "By month: planned P10 to P90 (band) and mean (tick), actual (dot)")]
    marks += [_amount_axis(axis, _PLAN_WIDTH), *_month_axis(months, bands, 16)]
    for place, row in enumerate(months):
        begin, end = bands.middle(place) - 0.4 * bands.width, bands.middle(place) + 0.4 * bands.width
        high, mean, low = map(axis.up, (row.planned_p90, row.planned_mean, row.planned_p10))
        marks += [
            rect(begin, high, end - begin, low - high, _BAND),
            line(begin, mean, end, mean, _MUTED, stroke_width=1.5),
        ]
    marks += [
        dot(bands.middle(place), axis.up(row.actual), 4.4, _DOT)
        for place, row in enumerate(months)
        if row.actual is not None
    ]
    return marks, left


def _added_panel(
    months: Sequence[PlannedMonth], whole: WholePlan | None, forecast: Forecast | None
) -> tuple[list[str], float]:
    """Added up: planned mean and actual as lines; at the end what the plan and the forecast come to, and the budget."""
    planned = list(accumulate(row.planned_mean for row in months))
    spent = list(accumulate(row.actual or _NOTHING for row in months))
    actual = [None if row.actual is None else total for row, total in zip(months, spent, strict=True)]
    ends: list[tuple[int, str, str, list[Decimal]]] = []
    if whole is not None:
        ends.append((1, "plan", _MUTED, [whole.planned_p10, whole.planned_mean, whole.planned_p90]))
    if forecast is not None:
        quantiles = ("p10", "p50", "p90")
        ends.append((3, "forecast", _DOT, [getattr(forecast, f"estimate_at_completion_{q}") for q in quantiles]))
    budget = forecast.budget if forecast else None
    held = [*planned, *actual, budget, *(amount for *_, span in ends for amount in span)]
    axis = amounts((amount for amount in held if amount is not None), _PLAN_HEIGHT)
    bands = Bands(len(months) + 5, _PLAN_WIDTH)  # behind the months: a gap, the plan, a gap, the forecast, a gap
    left = _left_of(axis)
    marks = [_panel_title(left, "Added up: planned mean (dashed), actual (line), P10 to P90 at the end")]
    marks += [_amount_axis(axis, _PLAN_WIDTH), *_month_axis(months, bands, 8)]
    marks += [
        path(_points(planned, axis, bands), _MUTED, stroke_width=2, stroke_dasharray="5 3"),
        path(_points(actual, axis, bands), _DOT, stroke_width=2.5),
    ]
    for place, name, colour, span in ends:
        x = bands.middle(len(months) + place)
        low, middle, high = map(axis.up, span)
        marks += [rect(x - 2.5, high, 5, low - high, colour, opacity=0.45), dot(x, middle, 4.4, colour)]
        marks.append(_words_below(x, axis.length, [name]))
    if budget is not None:
        y = axis.up(budget)
        marks += [
            line(0, y, _PLAN_WIDTH, y, _OVER, stroke_dasharray="2 2"),
            text(4, y - 4, f"budget {compact(budget)}", fill=_OVER),
        ]
    return marks, left


def _points(told: Sequence[Decimal | None], axis: Amounts, bands: Bands) -> list[tuple[float, float]]:
    return [(bands.middle(place), axis.up(amount)) for place, amount in enumerate(told) if amount is not None]


def _month_axis(months: Sequence[PlannedMonth], bands: Bands, most: int) -> list[str]:
    """At most ``most`` months as `Oct`, with the year below where it begins."""
    told = [(place, row.month) for place, row in enumerate(months)][:: max(1, -(-len(months) // most))]
    marks: list[str] = []
    for year, held in groupby(told, key=lambda item: item[1].year):
        for number, (place, month) in enumerate(held):
            words = [_MONTHS[month.month - 1]] if number else [_MONTHS[month.month - 1], str(year)]
            marks.append(_words_below(bands.middle(place), _PLAN_HEIGHT, words))
    return marks


def _panel_title(left: float, words: str) -> str:
    """Above the plot, from where its axis begins."""
    return text(-left, -22, words, fill=_MUTED)


# ---- Multipliers -------------------------------------------------------------------------------------------------


def yardstick_strip(multipliers: Sequence[tuple[str, Decimal | None]], title: str) -> str:
    """Each model's multiplier as a dot, against F2 (a band) and F3 (a line).

    `multipliers`: (model, true cost / training-only cost, None where there is none).
    A multiplier beyond the axis sits on its edge; its label tells the figure.
    """
    known = [value for _, value in multipliers if value is not None]
    end = Decimal(_STRIP_ENDS[any(value > _STRIP_ENDS[0] for value in known)])
    axis = amounts([end], _STRIP_WIDTH, 6)
    names = [fitting(model, _STRIP_NAMES) for model, _ in multipliers]
    left, top, height = 8 + max(map(width_of, names)), 22, _STRIP_ROW * len(names)
    (low, high), three = (map(axis.along, map(Decimal, map(str, F2_TIMES)))), axis.along(Decimal(str(F3_TIMES)))
    marks = [
        rect(low, 0, high - low, height, _BAND),
        *_strip_axis(axis, height),
        line(three, 0, three, height, _MUTED, stroke_dasharray="4 3"),
        text((low + high) / 2, -6, f"F2: {F2_TIMES[0]:g} to {F2_TIMES[1]:g}{TIMES}", text_anchor="middle"),
        text(three, -6, f"F3: {F3_TIMES:g}{TIMES}", text_anchor="middle"),
    ]
    marks += (text(-8, _strip_middle(row) + _BASELINE, name, text_anchor="end") for row, name in enumerate(names))
    for row, (_, value) in enumerate(multipliers):
        marks += _strip_row(_strip_middle(row), value, axis)
    words = "; ".join(f"{model}: {multiplier(value)}" for model, value in multipliers)
    return picture(
        left + _STRIP_WIDTH + 60,
        top + height + 42,
        f"{title}, against F2 ({F2_TIMES[0]:g} to {F2_TIMES[1]:g} times) and F3 ({F3_TIMES:g} times). {words}",
        _INK,
        group(left, top, *marks),
    )


def _strip_row(y: float, value: Decimal | None, axis: Amounts) -> list[str]:
    """One model's multiplier as a dot, with the figure behind it."""
    row = line(0, y, axis.length, y, _RULE, stroke_dasharray="1 3")
    if value is None:
        return [row, text(6, y + _BASELINE, "no multiplier yet")]
    x = axis.along(min(max(value, axis.low), axis.high))
    told = text(x + 11, y + _BASELINE, multiplier(value), font_weight="bold")
    return [row, dot(x, y, 6, _DOT, stroke="white"), told]


def _strip_middle(row: int) -> float:
    return _STRIP_ROW * (row + 0.5)


def _strip_axis(axis: Amounts, y: float) -> list[str]:
    told = "true cost to date as a multiple of training-only cost"
    marks = [line(0, y, axis.length, y, _RULE), text(axis.length / 2, y + 34, told, text_anchor="middle", fill=_MUTED)]
    for value in axis.ticks():
        x = axis.along(value)
        marks.append(line(x, y, x, y + 5, _RULE))
        marks.append(text(x, y + 17, f"{value:f}{TIMES}", text_anchor="middle", fill=_MUTED))
    return marks


# ---- Options ------------------------------------------------------------------------------------------------------


def options_chart(ranges: Sequence[tuple[str, Decimal, Decimal, Decimal]], currency: str, title: str) -> str:
    """What each option costs: a bar from P10 to P90 with a dot at P50, and its amount.

    `ranges`: (option, P10, P50, P90) in the order to draw, in `currency`.
    """
    axis = amounts((high for _, _, _, high in ranges), _STRIP_WIDTH, 6)
    names = [fitting(option, _STRIP_NAMES) for option, *_ in ranges]
    left, top, height = 8 + max(map(width_of, names)), 12, _STRIP_ROW * len(names)
    marks = [line(0, height, axis.length, height, _RULE), *_rules_down(axis, height)]
    for row, (name, (_, low, middle, high)) in enumerate(zip(names, ranges, strict=True)):
        y, begin, end = _strip_middle(row), axis.along(low), axis.along(high)
        marks += [
            text(-8, y + _BASELINE, name, text_anchor="end"),
            rect(begin, y - 5, max(end - begin, 1), 10, _BAND),
            dot(axis.along(middle), y, 5, _DOT, stroke="white"),
            text(end + 8, y + _BASELINE, compact(middle), font_weight="bold"),
        ]
    words = "; ".join(
        f"{name}: {money(low)} to {money(high)}, half of it below {money(at)}" for name, low, at, high in ranges
    )
    return picture(
        left + _STRIP_WIDTH + 60, top + height + 26, f"{title}, {currency}. {words}", _INK, group(left, top, *marks)
    )


def tornado_chart(bars: Sequence[tuple[str, Decimal, Decimal]], currency: str, title: str) -> str:
    """What moves a cost: a bar from where an input is low to where it is high, and both amounts.

    `bars`: (input, cost where it is low, where it is high), the furthest apart first, in `currency`.
    """
    axis = amounts((max(first, last) for _, first, last in bars), _STRIP_WIDTH, 6)
    names = [fitting(name, _DRIVER_NAMES) for name, *_ in bars]
    left, top, height = 8 + max(map(width_of, names)), 12, _STRIP_ROW * len(names)
    marks = [*_rules_down(axis, height)]
    for row, (name, (_, first, last)) in enumerate(zip(names, bars, strict=True)):
        y, begin, end = _strip_middle(row), axis.along(min(first, last)), axis.along(max(first, last))
        marks += [
            text(-8, y + _BASELINE, name, text_anchor="end"),
            rect(begin, y - 6, max(end - begin, 1), 12, _BAND),
            text(begin - 6, y + _BASELINE, compact(min(first, last)), text_anchor="end", fill=_MUTED),
            text(end + 6, y + _BASELINE, compact(max(first, last)), font_weight="bold"),
        ]
    words = "; ".join(f"{name}: {money(first)} where it is low, {money(last)} where high" for name, first, last in bars)
    return picture(
        left + _STRIP_WIDTH + 60, top + height + 26, f"{title}, {currency}. {words}", _INK, group(left, top, *marks)
    )


# ---- What charts share -------------------------------------------------------------------------------------------


def _rules_down(axis: Amounts, height: float) -> Iterator[str]:
    """The rules of an axis of amounts that runs across, and its labels below the plot."""
    for value in axis.ticks():
        x = axis.along(value)
        yield line(x, 0, x, height, _RULE)
        yield text(x, height + 17, tick(value), text_anchor="middle", fill=_MUTED)


def _left_of(axis: Amounts) -> float:
    """The room that an axis's labels take."""
    return 8 + max(width_of(tick(amount)) for amount in axis.ticks())


def _amount_axis(axis: Amounts, width: float) -> str:
    """Amounts on the left, and their rules across the plot."""
    rules = (line(0, axis.up(amount), width, axis.up(amount), _RULE) for amount in axis.ticks())
    labels = (
        text(-6, axis.up(amount) + _BASELINE, tick(amount), text_anchor="end", fill=_MUTED) for amount in axis.ticks()
    )
    return group(0, 0, *rules, *labels)


def _words_below(x: float, y: float, told: Sequence[str]) -> str:
    """Short lines below the plot, whose foot is at ``y``."""
    return lines(x, y + 15, told, 13, text_anchor="middle", font_size=_SMALL, fill=_MUTED)
