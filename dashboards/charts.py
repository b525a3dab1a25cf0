"""Static SVG charts, for the report and the dashboard alike.

Each function takes plain data and returns the text of one SVG: no script, no link, no font file, no ids.
Amounts turn into floats here only to place a mark; every label is made from the exact decimal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from truecost.dashboards.formats import MISSING, TIMES, compact, money, multiplier

if TYPE_CHECKING:
    import altair as alt

# Okabe and Ito's colours, safe for colour-blind readers, and two greys for what is not settled.
STAGES: dict[str, tuple[str, str]] = {
    "data_curation": ("Data curation", "#E69F00"),
    "training": ("Training", "#0072B2"),
    "failed_experiments": ("Failed experiments", "#D55E00"),
    "evaluation": ("Evaluation", "#CC79A7"),
    "serving": ("Serving", "#009E73"),
    "maintenance": ("Maintenance", "#56B4E9"),
    "undecided": ("Undecided", "#B4BAC3"),
    "unallocated": ("Unallocated", "#5B6470"),
}
TRAINING_ONLY = ("Training-only cost", "#1F2937")
F2_BAND = (3.3, 5.0)  # F2: the training run is 20 to 30 % of true cost
F3_MULTIPLE = 10.0  # F3: $3,000 of GPU hours, $30,000 with engineers' time

_FONT = "Helvetica, Arial, sans-serif"
_INK, _MUTED, _RULE = "#1F2937", "#4B5563", "#D9DEE5"
_DOT, _BAND, _OVER = "#0072B2", "#DCEAF6", "#B23A00"
_ENDS = ("plan", "forecast")  # what stands after the months, where the plan is over
_WIDTH = 370  # pixels of the quarters' plot, whether one quarter stands in it or eight
_PLAN_WIDTH = 425
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STRIP_ENDS = (12.0, 20.0)  # where the strip's axis ends: the second where a multiplier is beyond the first


def stage_label(stage: str) -> str:
    """The stage as a reader sees it."""
    return STAGES[stage][0] if stage in STAGES else stage.replace("_", " ").capitalize()


def quarters_chart(history: Sequence[Mapping[str, Any]], currency: str, title: str) -> str:
    """Training-only cost beside true cost by quarter, true cost stacked by stage.

    `history`: oldest first, each with quarter, true_cost, training_only_cost, multiplier and stages
    ({stage: cost}), in `currency`. The multiplier stands above the true cost.
    """
    import altair as alt

    segments = [segment for entry in history for segment in _segments(entry)]
    used = {segment["label"] for segment in segments}
    palette = dict(entry for entry in (TRAINING_ONLY, *STAGES.values()) if entry[0] in used)
    quarter = alt.X(
        "quarter:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelExpr="split(datum.label, '-')", labelAngle=0, labelFontSize=11, ticks=False),
        scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15, range=[0, min(_WIDTH, 95 * len(history))]),
    )
    side = alt.XOffset("bar:N", sort=None, scale=alt.Scale(domain=["quoted", "true"], paddingInner=0.08))
    amount = alt.Axis(
        labelExpr="format(datum.value, '~s')",
        tickCount=5,
        domain=False,
        ticks=False,
        titleAngle=0,
        titleAlign="right",
        titleX=-6,
        titleY=-14,
    )
    colour = alt.Color(
        "label:N",
        scale=alt.Scale(domain=list(palette), range=list(palette.values())),
        legend=alt.Legend(title=None, orient="bottom", columns=3, symbolType="square", columnPadding=14),
    )
    bars = _rows(segments).mark_bar(stroke="white", strokeWidth=0.6)
    bars = bars.encode(
        x=quarter, xOffset=side, y=alt.Y("cost:Q", title=currency, axis=amount), order="order:Q", color=colour
    )
    labels = _rows([_multiplier_label(entry) for entry in history]).mark_text(dy=-8, fontWeight="bold")
    labels = labels.encode(x=quarter, xOffset=side, y="top:Q", text="text:N")
    words = (
        f"{entry['quarter']}: training-only {money(entry['training_only_cost'])}, true {money(entry['true_cost'])}"
        for entry in history
    )
    return _svg(
        alt.layer(bars, labels).properties(width=_WIDTH, height=200),
        f"{title}: training-only cost beside true cost by quarter, {currency}. {'; '.join(words)}",
    )


def stages_chart(stages: Sequence[Mapping[str, Any]], currency: str, title: str) -> str:
    """Cost by stage, this quarter and to date, as two panels of horizontal bars.

    `stages`: in the order to draw, each with stage, cost and cost_to_date, in `currency`.
    """
    import altair as alt

    named = alt.Axis(domain=False, ticks=False, labelPadding=6, labelColor=_INK)
    panels = (
        _stage_panel(stages, "cost", "This quarter", named),
        _stage_panel(stages, "cost_to_date", "To date", None),
    )
    words = (
        f"{stage_label(row['stage'])}: {money(row['cost'])}, to date {money(row['cost_to_date'])}" for row in stages
    )
    return _svg(
        alt.hconcat(*panels, spacing=16),
        f"{title}: cost by stage, this quarter and to date, {currency}. {'; '.join(words)}",
    )


def plan_chart(
    months: Sequence[Mapping[str, Any]],
    whole: Mapping[str, Any] | None,
    forecast: Mapping[str, Any] | None,
    currency: str,
    title: str,
) -> str:
    """Actual cost against the plan: by month with the planned P10 to P90, and added up with where it will end.

    `months`: the plan's, in order, each with month, planned_mean, planned_p10, planned_p90 and actual (None where it
    lies ahead). Quantiles don't add up over months, so the added-up panel has the planned mean, and at its end the P10
    to P90 of the `whole` plan and of the `forecast`, with the budget as a line.
    """
    import altair as alt

    panels = (_monthly_panel(months), _added_panel(months, whole, forecast))
    words = "; ".join(
        f"{row['month']:%Y-%m}: planned {money(row['planned_mean'])}"
        f" ({money(row['planned_p10'])} to {money(row['planned_p90'])}), actual {money(row['actual'])}"
        for row in months
    )
    return _svg(
        alt.hconcat(*panels, spacing=34), f"{title}: actual cost against the plan by month, {currency}. {words}"
    )


def yardstick_strip(multipliers: Sequence[tuple[str, Decimal | None]], title: str) -> str:
    """Each model's multiplier to date as a dot, against F2 (a band) and F3 (a line).

    `multipliers`: (model, true cost / training-only cost, None where there is no training-only cost).
    A multiplier beyond the axis sits on its edge; its label tells the figure.
    """
    import altair as alt

    models = [model for model, _ in multipliers]
    known = [(model, value) for model, value in multipliers if value is not None]
    end = _STRIP_ENDS[any(value > _STRIP_ENDS[0] for _, value in known)]
    low, high = F2_BAND
    at = alt.X(
        "at:Q",
        title="true cost to date as a multiple of training-only cost",
        scale=alt.Scale(domain=[0, end], nice=False),
        axis=alt.Axis(labelExpr=f"datum.label + '{TIMES}'", grid=False, tickCount=6),
    )
    name = alt.Y(
        "model:N",
        sort=None,
        title=None,
        scale=alt.Scale(domain=models),
        axis=alt.Axis(labelLimit=170, labelColor=_INK, domain=False, ticks=False, grid=True, gridDash=[1, 3]),
    )
    band = _rows([{"at": low, "to": high}]).mark_rect(color=_BAND).encode(x=at, x2="to:Q")
    line = _rows([{"at": F3_MULTIPLE}]).mark_rule(color=_MUTED, strokeDash=[4, 3]).encode(x=at)
    captions = [
        {"at": (low + high) / 2, "text": f"F2: {low:g} to {high:g}{TIMES}"},
        {"at": F3_MULTIPLE, "text": f"F3: {F3_MULTIPLE:g}{TIMES}"},
    ]
    above = _rows(captions).mark_text(baseline="bottom").encode(x=at, y=alt.value(-5), text="text:N")
    dots = _rows(
        [{"model": model, "at": min(max(float(value), 0.0), end), "text": multiplier(value)} for model, value in known]
    ).encode(x=at, y=name)
    absent = _rows(
        [{"model": model, "text": "no training-only cost yet"} for model, value in multipliers if value is None]
    )
    layers = (
        band,
        line,
        above,
        absent.mark_text(align="left").encode(x=alt.value(6), y=name, text="text:N"),
        dots.mark_circle(size=110, color=_DOT, opacity=1, stroke="white"),
        dots.mark_text(align="left", dx=10, fontWeight="bold").encode(text="text:N"),
    )
    words = "; ".join(f"{model}: {multiplier(value)}" for model, value in multipliers)
    return _svg(
        alt.layer(*layers).properties(width=560, height=34 * len(models)),
        f"{title}, against F2 ({low:g} to {high:g} times) and F3 ({F3_MULTIPLE:g} times). {words}",
    )


def _segments(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pieces of one quarter's two bars; training lies lowest, beside the training-only bar."""
    quoted = ("quoted", 0, TRAINING_ONLY[0], entry["training_only_cost"] or Decimal(0))
    stacked = (
        ("true", 0 if stage == "training" else place, label, entry["stages"].get(stage))
        for place, (stage, (label, _)) in enumerate(STAGES.items(), start=1)
    )
    return [
        {"quarter": entry["quarter"], "bar": bar, "order": order, "label": label, "cost": float(cost)}
        for bar, order, label, cost in (quoted, *(piece for piece in stacked if piece[-1]))
    ]


def _multiplier_label(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The multiplier on top of the stacked bar; credits hang below zero and don't lower it."""
    top = sum(max(cost or Decimal(0), Decimal(0)) for cost in entry["stages"].values())
    return {
        "quarter": entry["quarter"],
        "bar": "true",
        "top": float(top),
        "text": multiplier(entry["multiplier"]),
    }


def _stage_panel(
    stages: Sequence[Mapping[str, Any]], column: str, heading: str, names: alt.Axis | None
) -> alt.LayerChart | alt.FacetChart:
    """One panel of bars, each with its amount at the end; `column` is cost or cost_to_date."""
    import altair as alt

    rows = [
        {
            "stage": stage_label(row["stage"]),
            "colour": STAGES[row["stage"]][1],
            "cost": float(row[column] or 0),
            "end": float(max(row[column] or Decimal(0), Decimal(0))),
            "text": MISSING if row[column] is None else compact(row[column]),
        }
        for row in stages
    ]
    base = _rows(rows).encode(y=alt.Y("stage:N", sort=None, title=None, axis=names))
    bars = base.mark_bar(size=15).encode(alt.X("cost:Q", axis=None), alt.Color("colour:N", scale=None))
    amounts = base.mark_text(align="left", dx=5).encode(x="end:Q", text="text:N")
    title = alt.TitleParams(heading, anchor="start", frame="group", fontSize=12, color=_MUTED)
    return alt.layer(bars, amounts).properties(width=115, height=30 * len(rows), title=title)


def _monthly_panel(months: Sequence[Mapping[str, Any]]) -> alt.LayerChart:
    """By month: the planned P10 to P90 as a band, its mean as a tick, and the actual cost as a dot."""
    import altair as alt

    names = [f"{row['month']:%Y-%m}" for row in months]
    rows = [
        {
            "month": name,
            **{name: float(row[f"planned_{name}"]) for name in ("p10", "mean", "p90")},
            "actual": None if row["actual"] is None else float(row["actual"]),
        }
        for name, row in zip(names, months, strict=True)
    ]
    base = _rows(rows).encode(x=_month_axis(names))
    layers = (
        base.mark_bar(color=_BAND, width={"band": 0.8}).encode(y=_amount_axis("p10"), y2="p90:Q"),
        base.mark_tick(color=_MUTED, thickness=1.5, width={"band": 0.8}).encode(y="mean:Q"),
        base.mark_circle(color=_DOT, size=60, opacity=1).encode(y="actual:Q").transform_filter("datum.actual !== null"),
    )
    return alt.layer(*layers).properties(
        width=_PLAN_WIDTH,
        height=190,
        title=_panel_title("By month: planned P10 to P90 (band) and mean (tick), actual (dot)"),
    )


def _added_panel(
    months: Sequence[Mapping[str, Any]], whole: Mapping[str, Any] | None, forecast: Mapping[str, Any] | None
) -> alt.LayerChart:
    """Added up: planned mean and actual as lines; at the end what the plan and the forecast come to, and the budget."""
    import altair as alt

    names = [f"{row['month']:%Y-%m}" for row in months]
    planned, actual, rows = Decimal(0), Decimal(0), []
    for name, row in zip(names, months, strict=True):
        planned += row["planned_mean"]
        actual += row["actual"] or 0
        told = None if row["actual"] is None else float(actual)
        rows.append({"month": name, "planned": float(planned), "actual": told})
    month = _month_axis(names, [" ", _ENDS[0], "  ", _ENDS[1], "   "])
    base = _rows(rows).encode(x=month)
    layers = [
        base.mark_line(color=_MUTED, strokeDash=[5, 3]).encode(y=_amount_axis("planned")),
        base.mark_line(color=_DOT, strokeWidth=2.5).encode(y="actual:Q").transform_filter("datum.actual !== null"),
    ]
    ends = []
    if whole is not None:
        ends.append((_ENDS[0], _MUTED, [whole[f"planned_{name}"] for name in ("p10", "mean", "p90")]))
    if forecast is not None:
        ends.append((_ENDS[1], _DOT, [forecast[f"estimate_at_completion_{name}"] for name in ("p10", "p50", "p90")]))
    spans = [
        {"month": name, "colour": colour, "low": float(told[0]), "middle": float(told[1]), "high": float(told[2])}
        for name, colour, told in ends
    ]
    if spans:
        span = _rows(spans).encode(x=month, color=alt.Color("colour:N", scale=None))
        layers.append(span.mark_bar(width=5, opacity=0.45).encode(y="low:Q", y2="high:Q"))
        layers.append(span.mark_point(filled=True, size=60, opacity=1).encode(y="middle:Q"))
    if forecast is not None and forecast["budget"] is not None:
        budget = _rows([{"at": float(forecast["budget"]), "text": f"budget {compact(forecast['budget'])}"}])
        layers.append(budget.mark_rule(color=_OVER, strokeDash=[2, 2]).encode(y="at:Q"))
        label = budget.mark_text(color=_OVER, align="left", baseline="bottom", dy=-3, dx=4)
        layers.append(label.encode(x=alt.value(0), y="at:Q", text="text:N"))
    return alt.layer(*layers).properties(
        width=_PLAN_WIDTH,
        height=190,
        title=_panel_title("Added up: planned mean (dashed), actual (line), P10 to P90 at the end"),
    )


def _month_axis(months: Sequence[str], after: Sequence[str] = ()) -> alt.X:
    """Months as `Oct`, with the year below where it begins; `after` are words that stand behind them."""
    import altair as alt

    told = months[:: max(1, -(-len(months) // (8 if after else 16)))]
    labels: dict[str, str | list[str]] = {name: name for name in after if name.strip()}
    for place, month in enumerate(told):
        is_new = place == 0 or month[:4] != told[place - 1][:4]
        labels[month] = [_MONTHS[int(month[5:]) - 1], month[:4] if is_new else ""]
    return alt.X(
        "month:N",
        sort=None,
        title=None,
        scale=alt.Scale(domain=[*months, *after]),
        axis=alt.Axis(
            values=list(labels),
            labelExpr=f"{json.dumps(labels)}[datum.value]",
            labelAngle=0,
            ticks=False,
            labelFontSize=11,
        ),
    )


def _amount_axis(column: str) -> alt.Y:
    import altair as alt

    axis = alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=5, domain=False, ticks=False)
    return alt.Y(f"{column}:Q", title=None, axis=axis, scale=alt.Scale(zero=True))


def _panel_title(text: str) -> alt.TitleParams:
    import altair as alt

    return alt.TitleParams(text, anchor="start", frame="group", fontSize=12, fontWeight="normal", color=_MUTED)


def _rows(rows: list[dict[str, Any]]) -> alt.Chart:
    """A chart over rows that stand in the specification itself."""
    import altair as alt

    return alt.Chart(alt.InlineData(values=rows))


def _svg(chart: alt.LayerChart | alt.FacetChart | alt.HConcatChart, label: str) -> str:
    """The chart as one SVG element that a screen reader reads as a picture called `label`."""
    import vl_convert

    styled = (
        chart.configure(font=_FONT, aria=False, background="transparent", padding=4)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelColor=_MUTED,
            titleColor=_MUTED,
            gridColor=_RULE,
            domainColor=_RULE,
        )
        .configure_legend(labelFontSize=12, labelColor=_INK, symbolSize=90, symbolStrokeWidth=0)
        .configure_text(fontSize=12, color=_INK)
    )
    svg: str = vl_convert.vegalite_to_svg(styled.to_dict())
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
