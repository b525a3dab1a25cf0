"""Whether to begin with a plan: its lifecycle under each approach, on the same draws, and what the workspace knows.

The weighing itself is pure (``choice``); here it is given what it rests on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.session import Session
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.planning.approaches import settled
from truecost.planning.choice import Choice, Costs, Driver, choose
from truecost.planning.evidence import OwnRecord
from truecost.planning.lifecycle import option_costs, shared_figures
from truecost.planning.projection import draw
from truecost.planning.tornado import Bar, tornado
from truecost.planning.written import spread_of
from truecost.planning.yardsticks import feasibility
from truecost.store.journal import Event, Journal
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query
from truecost.store.warehouse import last_fingerprint
from truecost.workspace.lifecycle import APPROACHES, Lifecycle
from truecost.workspace.plan_figures import Even, Named, Range
from truecost.workspace.plans import Plan

if TYPE_CHECKING:
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_FEWEST_DAYS = 7  # of a log, to speak for the volume
_DRAWS_TO_FLIP = 1_000  # a flip is looked for on so many
_KEYS = ((Range, ("low", "likely", "high")), (Named, ("mean", "sd")), (Even, ("low", "high")))
_PRICES = ("input_per_million", "cached_per_million", "output_per_million")


@dataclass(frozen=True)
class Begun:
    """What is said of a plan: ``name`` is the model's, or the file's; amounts are in ``currency``.

    ``drivers``: what moves the cost of the plan's own ``approach`` furthest, the furthest first.
    """

    name: str
    currency: str
    months: int
    trials: int
    seed: int
    requests_a_day: float
    choice: Choice
    approach: str
    drivers: Sequence[Bar]


def begin(name: str, plan: Plan, known: OwnRecord | None) -> Begun:
    """Weigh the plan's options; ``known`` is None where no workspace tells of the model.

    Raises:
        TruecostError: the plan has no lifecycle.
    """
    if plan.lifecycle is None:
        raise TruecostError(
            f"the plan of {name} has no [lifecycle], so there is nothing to hold it against; "
            f"`truecost plan new {name}` writes one"
        )
    planned = requests_a_day(plan.lifecycle, plan.months)
    told = known or OwnRecord(planned, False, (), ("request log", "eval scores", "`evaluate` command"))
    if not told.is_logged:
        told = replace(told, requests_a_day=planned)
    found = choose(costs_of(plan, plan.lifecycle), plan.decision, told)
    return Begun(
        name=name,
        currency=plan.currency,
        months=len(plan.months),
        trials=plan.trials,
        seed=plan.seed,
        requests_a_day=told.requests_a_day,
        choice=found,
        approach=plan.lifecycle.approach,
        drivers=tornado(draw(plan)),
    )


def costs_of(plan: Plan, lifecycle: Lifecycle) -> Callable[[Mapping[Driver, float]], Costs]:
    """The options' costs where drivers are so many times what is planned; as planned on all draws, else on fewer."""
    spread = spread_of(plan.uncertainty)
    why_not = unfit(lifecycle)

    def costs_at(scale: Mapping[Driver, float]) -> Costs:
        draws = min(plan.trials, _DRAWS_TO_FLIP) if scale else plan.trials
        asked = scaled(lifecycle, scale)
        by_option = {
            str(name): cost for name, cost in option_costs(asked, plan.months, draws, plan.seed, spread).items()
        }
        requests = shared_figures(asked, plan.months, draws, plan.seed, spread)["requests"]
        return Costs(by_option, float(requests.sum(axis=1).mean()), why_not)

    return costs_at


def unfit(lifecycle: Lifecycle) -> dict[str, str]:
    """By approach that can't be trained on its GPUs: why. A replica takes as many as it needs, at their price."""
    found = {}
    for approach in APPROACHES:
        for fit in feasibility(settled(lifecycle, approach)):
            if fit.what == "training" and not fit.holds:
                found[str(approach)] = f"training takes {fit.with_margin:,.0f} GB, and there are {fit.available:,.0f}"
    return found


def scaled(lifecycle: Lifecycle, scale: Mapping[Driver, float]) -> Lifecycle:
    """The lifecycle with some drivers so many times what it says."""
    traffic, prices = lifecycle.traffic, lifecycle.prices
    if factor := scale.get("requests"):
        traffic = traffic.model_copy(update={"requests_per_day": _times(traffic.requests_per_day, factor)})
    if factor := scale.get("tokens saved"):
        traffic = traffic.model_copy(update={"saved_tokens": _times(traffic.saved_tokens, factor)})
    if factor := scale.get("prices"):
        prices = prices.model_copy(update={key: _times(getattr(prices, key), factor) for key in _PRICES})
    return lifecycle.model_copy(update={"traffic": traffic, "prices": prices})


def _times(figure: Any, factor: float) -> Any:
    """A figure of a plan, so many times as large."""
    keys = next(keys for kind, keys in _KEYS if isinstance(figure, kind))
    return figure.model_copy(update={key: getattr(figure, key) * Decimal(str(factor)) for key in keys})


def requests_a_day(lifecycle: Lifecycle, months: list[date]) -> float:
    """Mean requests a day in production's last planned month, at likely figures."""
    traffic = lifecycle.traffic
    grown = max(0, len(months) - lifecycle.build_months - 1)
    return float(_likely(traffic.requests_per_day)) * float(_likely(traffic.growth)) ** grown


def _likely(figure: Any) -> Decimal:
    if isinstance(figure, Range):
        return figure.likely
    return figure.mean if isinstance(figure, Named) else (figure.low + figure.high) / 2


def known_of(session: Session, model_id: str) -> OwnRecord:
    """What the workspace tells of a model: its traffic, and how much of a retraining pipeline it has."""
    row: Row = {"requests": 0, "days": 0, "has_log": False, "has_scores": False}
    if last_fingerprint(session.con, BOOKS_STEP) is not None:
        asked = {"model": model_id, "day": session.clock.today()}
        (row,) = read_rows(session.con, query("planning/known"), asked)
    model = next(item for item in session.workspace.config.models if item.id == model_id)
    parts = {
        "`evaluate` command": model.evaluate is not None,
        "request log": bool(row["has_log"]),
        "eval scores": bool(row["has_scores"]),
    }
    has, lacks = ([name for name, held in parts.items() if held is wanted] for wanted in (True, False))
    a_day = row["requests"] / row["days"] if row["days"] else 0.0
    return OwnRecord(a_day, row["days"] >= _FEWEST_DAYS, tuple(has), tuple(lacks))


def record(journal: Journal, plan: Plan, begun: Begun, clock: Clock, by: str, reason: str) -> Event:
    """Keep the verdict with what it expects to be spent by the end of each month, to be held against what comes.

    Raises:
        TruecostError: nobody, or no reason, is named.
    """
    if not by.strip() or not reason.strip():
        raise TruecostError("say who decides with --by and why with --reason: the journal keeps both")
    option = begun.choice.verdict.option
    return journal.append(
        "beginning",
        clock.now(),
        begun.name,
        verdict=begun.choice.verdict.word,
        option=option,
        currency=begun.currency,
        to_date=[_to_date(month, cost) for month, cost in zip(plan.months, _by_month(plan, option), strict=True)],
        waits_for=list(begun.choice.verdict.waits_for),
        plan=hashlib.sha256(plan.model_dump_json().encode()).hexdigest(),
        by=by.strip(),
        reason=reason.strip(),
    )


def _by_month(plan: Plan, option: str) -> Floats:
    """Cost up to the end of each month, [months, 3]: P10, P50 and P90."""
    import numpy as np

    assert plan.lifecycle is not None  # there is no verdict without one
    costs = costs_of(plan, plan.lifecycle)({}).by_option[option]
    return np.asarray(np.quantile(np.cumsum(costs, axis=1), (0.1, 0.5, 0.9), axis=0).T)


def _to_date(month: date, cost: Floats) -> dict[str, str]:
    p10, p50, p90 = (f"{float(value):.2f}" for value in cost)
    return {"month": month.isoformat(), "p10": p10, "p50": p50, "p90": p90}
