"""``truecost policy backtest``: what each policy of retraining would have cost a model, on its own history."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truecost.cli.completion import models
from truecost.cli.frame import Frame, add, group

if TYPE_CHECKING:
    from truecost.decisions.backtest import Backtest

_WIDTH = 28


def backtest(
    frame: Frame,
    model: Annotated[
        str, typer.Option("--model", metavar="M", help="The model.", show_default=False, autocompletion=models)
    ],
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the chart there too.", show_default=False)
    ] = None,
) -> None:
    """Replay a model's scores, traffic and prices under calendars, alarms, CUSUM, CARA, UPF, truecost and an oracle."""
    from truecost.books.session import open_session
    from truecost.decisions.backtest import backtest as replay

    frame.see_model(model)
    with open_session(frame.workspace, frame.clock) as session:
        found = replay(session, model)
    if html is not None:
        from truecost.store.files import write_anew

        write_anew(html, page(found).encode())
    frame.answer(found, lambda: _show(found, html))


def _show(found: Backtest, html: Path | None) -> None:
    from truecost.cli.tables import amount, name, number, print_table, text
    from truecost.cli.text import echo

    most = max(one.total for one in found.tried) or 1.0
    print_table(
        f"{found.model_id}: what each policy would have cost since {found.since:%Y-%m-%d} ({found.currency})",
        [
            name("policy"),
            amount("total"),
            amount("staleness"),
            number("retrainings"),
            text(""),
            text("setting", spare=1),
        ],
        [
            (
                *(one.policy, _money(one.total), _money(one.staleness), f"{one.retrainings:.1f}"),
                "█" * max(1 if one.total else 0, round(_WIDTH * one.total / most)),
                one.setting,
            )
            for one in found.tried
        ],
    )
    for line in notes(found):
        echo(line)
    if html is not None:
        echo(f"Chart: {html}")


def _money(amount: float) -> str | None:
    from truecost.cli.text import money

    return money(Decimal(f"{amount:.2f}"))


def notes(found: Backtest) -> list[str]:
    """How the figures were made, in sentences."""
    least = "at least " if found.price_is_at_least else ""
    return [
        f"{found.scores} scores of {found.feature} over {found.weeks} weeks; a retraining costs {least}"
        f"{found.currency} {found.price:,.2f}.",
        "Calendar, CUSUM and CARA are set by hindsight: nobody could have known that. The oracle knows what comes.",
    ]


def page(found: Backtest) -> str:
    """The chart as one page."""
    from html import escape

    most = max(one.total for one in found.tried) or 1.0
    bars = [
        f'<text x="150" y="{20 + 26 * row}" text-anchor="end">{escape(one.policy)}</text>'
        f'<rect x="160" y="{8 + 26 * row}" width="{400 * one.total / most:.1f}" height="16" rx="2"/>'
        f'<text x="{166 + 400 * one.total / most:.1f}" y="{20 + 26 * row}">'
        f"{one.total:,.2f} ({one.retrainings:.1f})</text>"
        for row, one in enumerate(found.tried)
    ]
    height = 26 * len(found.tried) + 10
    title = escape(f"{found.model_id}: what each policy would have cost, {found.currency} (retrainings)")
    told = "".join(f"<p>{escape(line)}</p>" for line in notes(found))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:14px system-ui,sans-serif;margin:2em;'
        "max-width:60em}svg{width:100%;height:auto}text{font-size:13px}rect{fill:#3b6ea5}</style></head><body>"
        f'<h1>{title}</h1><svg viewBox="0 0 740 {height}" role="img" aria-label="{title}">{"".join(bars)}</svg>'
        f"{told}</body></html>\n"
    )


app = group("Policies of retraining, held against each other.")
add(
    app,
    backtest,
    ("truecost policy backtest --model support-bot -w books", "truecost policy backtest --model bot --html bot.html"),
)
