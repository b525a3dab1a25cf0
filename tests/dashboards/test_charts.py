"""The charts are drawn to scale from exact amounts, and every text in them is text."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from truecost.dashboards.charts import COLOURS, TRAINING_ONLY, plan_chart, quarters_chart, stages_chart, yardstick_strip
from truecost.dashboards.formats import tick
from truecost.dashboards.svg import amounts, fitting, width_of

from truecost.publish.figures import PastQuarter, PlannedMonth, StageCost, WholePlan

pytestmark = pytest.mark.pure

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('1')</script> & \"more\""


def drawn(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}{tag}"))


def texts(svg: str) -> list[str]:
    return ["".join(item.itertext()) for item in drawn(svg, "text")]


def bars(svg: str, colour: str) -> list[tuple[float, float]]:
    """(upper end, height) of the bars of a colour; the legend's squares are left out."""
    found = [item for item in drawn(svg, "rect") if item.get("fill") == colour and item.get("stroke") == "white"]
    return [(float(item.get("y", "")), float(item.get("height", ""))) for item in found]


def quarter(name: str = "FY2026-Q1", **stages: int) -> PastQuarter:
    costs = {stage: Decimal(cost) for stage, cost in stages.items()}
    true_cost = sum(costs.values(), Decimal(0))
    return PastQuarter(name, true_cost, Decimal(200), true_cost, Decimal("2.5"), None, costs)


def month(number: int, actual: int | None) -> PlannedMonth:
    planned = (Decimal(100), Decimal(80), Decimal(98), Decimal(120))
    return PlannedMonth(date(2026, number, 1), *planned, None if actual is None else Decimal(actual))


def test_bars_are_as_high_as_their_amounts_and_stand_on_one_another() -> None:
    svg = quarters_chart([quarter(training=200, serving=300)], "USD", "m")
    ((training_top, training),) = bars(svg, COLOURS["training"])
    ((serving_top, serving),) = bars(svg, COLOURS["serving"])
    assert (training, serving) == (80, 120)  # 500 is the end of the axis, 200 pixels high
    assert bars(svg, TRAINING_ONLY[1]) == [(training_top, training)]
    assert serving_top == training_top - serving


def test_a_credit_hangs_below_zero_and_lowers_no_other_bar() -> None:
    svg = quarters_chart([quarter(training=200, serving=300, evaluation=-100)], "USD", "m")
    ((training_top, training),) = bars(svg, COLOURS["training"])
    ((credit_top, credit),) = bars(svg, COLOURS["evaluation"])
    assert credit_top == pytest.approx(training_top + training, abs=0.01)
    assert credit == pytest.approx(training / 2, abs=0.01)
    assert "−100" in texts(svg)


def test_stages_show_each_amount_and_a_dash_for_one_that_is_not_known() -> None:
    rows = [
        StageCost("training", None, Decimal(1234)),
        StageCost("serving", Decimal(-50), Decimal(0)),
    ]
    svg = stages_chart(rows, "USD", "m")
    assert texts(svg) == ["Training", "Serving", "This quarter", "–", "−50", "To date", "1.23k", "0"]
    widths = [float(item.get("width", "")) for item in drawn(svg, "rect")]
    assert widths == [115, 115]  # the greatest of its panel fills it; what is zero or not known has no bar


def test_months_ahead_have_a_plan_and_no_actual_cost() -> None:
    months = [month(1, 90), month(2, 130), month(3, None)]
    whole = WholePlan(Decimal(300), Decimal(270), Decimal(297), Decimal(330), Decimal(220))
    svg = plan_chart(months, whole, None, "USD", "m")
    assert len(drawn(svg, "circle")) == 2 + 1  # two months, and where the plan ends
    lengths = [len(item.get("points", "").split()) for item in drawn(svg, "polyline")]
    assert lengths == [3, 2]
    assert "plan" in texts(svg)
    assert "forecast" not in texts(svg)


def test_a_multiplier_beyond_the_axis_sits_on_its_edge_and_says_what_it_is() -> None:
    svg = yardstick_strip([("a", Decimal("31.26")), ("b", Decimal(10)), ("c", None)], "Multiplier to date")
    assert [float(item.get("cx", "")) for item in drawn(svg, "circle")] == [560, 280]
    assert texts(svg)[-6:] == ["a", "b", "c", "31.3×", "10.0×", "no multiplier yet"]


def test_text_is_text_whatever_it_holds() -> None:
    strip = yardstick_strip([(HOSTILE, None)], HOSTILE)
    assert "<script" not in strip
    assert HOSTILE in ElementTree.fromstring(strip).get("aria-label", "")
    quarters = quarters_chart([quarter(HOSTILE, training=1)], HOSTILE, HOSTILE)
    assert HOSTILE in texts(quarters)


@pytest.mark.parametrize(
    ("told", "ticks"),
    [
        ([], ["0"]),
        (["83"], ["0", "20", "40", "60", "80", "100"]),
        (["120000"], ["0", "20k", "40k", "60k", "80k", "100k", "120k"]),
        (["0.7", "-0.2"], ["−0.2", "0", "0.2", "0.4", "0.6", "0.8"]),
        (["1100000000"], ["0", "200M", "400M", "600M", "800M", "1bn", "1.2bn"]),
        (["-30"], ["−30", "−25", "−20", "−15", "−10", "−5", "0"]),
    ],
)
def test_an_axis_holds_zero_and_every_amount_between_round_ticks(told: list[str], ticks: list[str]) -> None:
    axis = amounts(map(Decimal, told), 100)
    assert [tick(amount) for amount in axis.ticks()] == ticks
    for amount in map(Decimal, told):
        assert axis.low <= amount <= axis.high


def test_a_long_name_is_cut_where_it_no_longer_fits() -> None:
    assert fitting("support-bot", 170) == "support-bot"
    cut = fitting("a-model-with-a-very-long-name-indeed", 170)
    assert cut.endswith("…")
    assert width_of(cut) <= 170 < width_of(cut[:-1] + "xx…")
