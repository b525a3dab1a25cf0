"""The page of a plan's decision: options side by side, the verdict and why, conditions, gates, what would flip it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from truecost.dashboards import formats
from truecost.dashboards.charts import options_chart, tornado_chart
from truecost.dashboards.render import read_text, templates

if TYPE_CHECKING:
    from truecost.planning.beginning import Begun
    from truecost.planning.verdict import Option

_WORDS = {
    "prompt": "Prompt: fine-tuning does not pay here",
    "retrieve": "Retrieve: what is missing is found, not taught",
    "fine_tune_managed": "Fine-tune, with a provider that serves it",
    "fine_tune_lora": "Fine-tune, by LoRA",
    "fine_tune_full": "Fine-tune, in full",
    "wait": "Wait: something has to be shown first",
}


def decision_page(begun: Begun) -> str:
    """One self-contained page of HTML, without scripts."""
    from markupsafe import Markup

    environment = templates()
    environment.filters |= {"money": whole, "share": formats.share}
    return environment.get_template("decision.html.j2").render(
        begun=begun,
        choice=begun.choice,
        css=Markup(read_text("report.css")),
        verdict=_WORDS[begun.choice.verdict.word],
        chart=Markup(options_chart(_ranges(begun.choice.options), begun.currency, f"Cost over {begun.months} months")),
        tornado=Markup(_tornado(begun)) if begun.drivers else None,
    )


def _tornado(begun: Begun) -> str:
    bars = [(bar.driver, bar.low, bar.high) for bar in begun.drivers]
    return tornado_chart(bars, begun.currency, f"What moves the cost of {begun.approach}")


def whole(amount: float) -> str:
    """An amount of a forecast, without cents, which it does not know."""
    return formats.fixed(Decimal(round(amount)), 0)


def _ranges(options: Sequence[Option]) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    return [
        (
            option.name,
            Decimal(round(option.cost_p10)),
            Decimal(round(option.cost_p50)),
            Decimal(round(option.cost_p90)),
        )
        for option in options
    ]
