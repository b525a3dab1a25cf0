"""A lifecycle -> lines: what an approach costs by stage and month, out of drivers that all approaches share.

    drawn = option_draws(lifecycle, months, draws=10_000, seed=7, spread=spread)   # approach -> Drawn
    costs = option_costs(lifecycle, months, draws=10_000, seed=7, spread=spread)   # approach -> [draws, months]
    figures = shared_figures(lifecycle, months, draws, seed, spread)   # requests [draws, months], prices [draws]

``months`` are the first days of the plan's months. Every figure is a named factor: in whatever line of whatever
approach it stands, draw by draw it is the same (or, where approaches differ in it, at the same score), so that options
differ by what they are and not by luck.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from truecost.planning.approaches import DEFAULTS, TRAINED, settled
from truecost.planning.causes import Causes, Kind
from truecost.planning.drawn import Drawn
from truecost.planning.events import Spread
from truecost.planning.feasibility import serving_memory
from truecost.planning.figures import Beyond, Figure, Known, Rest, middle
from truecost.planning.simulate import VARYING, Factor, Line, drawn_factor, growth_of, simulate_on
from truecost.planning.written import figure_of
from truecost.workspace.lifecycle import APPROACHES, Approach, Lifecycle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PREFIX = "lifecycle: "  # of the lines' names, so that none is an item's
RUN = "final run"
_ONE = Known(Decimal(1))
_SELF_HOSTED = ("lora", "qlora", "full")
_MILLION = Decimal("0.000001")
# Which figures move together, and which are prices; what is not named here is how much of something it takes.
_DRIVERS = {
    "traffic": "traffic", "prices": "provider", "data": "data", "training": "training", "serving": "serving",
    "people": "staff", "maintenance": "maintenance", "": "other",
}  # fmt: skip
_PRICES = {"annotator_rate", "expert_rate", "gpu_hour", "hourly_rate", "reevaluation_cost", "other_per_month"}


def option_draws(
    lifecycle: Lifecycle, months: Sequence[date], draws: int, seed: int, spread: Spread
) -> dict[Approach, Drawn]:
    """Each approach on the same drivers; stages, certain parts and quantiles as ``Drawn`` has them."""
    return dict(_each(lifecycle, months, draws, seed, spread))


def option_costs(
    lifecycle: Lifecycle, months: Sequence[date], draws: int, seed: int, spread: Spread
) -> dict[Approach, Floats]:
    """The cost of each approach, [draws, months]."""
    return {approach: drawn.cost() for approach, drawn in _each(lifecycle, months, draws, seed, spread)}


def _each(
    lifecycle: Lifecycle, months: Sequence[date], draws: int, seed: int, spread: Spread
) -> Iterator[tuple[Approach, Drawn]]:
    """Each approach in turn; what is drawn for one alone is let go before the next."""
    causes = Causes(seed, draws, spread.between, spread.within)
    for approach in APPROACHES:
        lines, own = lifecycle_lines(lifecycle, approach, months), spread_for(lifecycle, approach, spread)
        yield approach, simulate_on(causes, lines, len(months), own)
        causes.forget(VARYING)


def shared_figures(
    lifecycle: Lifecycle, months: Sequence[date], draws: int, seed: int, spread: Spread
) -> dict[str, Floats]:
    """The drivers behind ``option_costs``, by the names of their keys.

    ``requests`` is [draws, months], 0 before production; tokens a request, growth and prices are [draws].
    """
    import numpy as np

    causes = Causes(seed, draws, spread.between, spread.within)
    model = _Model(lifecycle, lifecycle.approach, months)
    found = {
        key: drawn_factor(causes, model.factor(section, key), spread.widen)
        for section in ("traffic", "prices")
        for key in type(getattr(lifecycle, section)).model_fields
        if key != "peak"
    }
    grown = growth_of(causes, model.requests("requests", _ONE), len(months), spread.widen)
    assert grown is not None  # traffic always has a growth
    requests = np.zeros((draws, len(months)))
    for month, share in enumerate(model.days):
        if share:
            requests[:, month] = found["requests_per_day"] * float(share) * grown[month - lifecycle.build_months]
    return {"requests": requests, **found}


def spread_for(lifecycle: Lifecycle, approach: Approach, spread: Spread) -> Spread:
    """Retrainings that nobody planned, and those that a retired base model forces; none where nothing is trained."""
    if approach not in TRAINED:
        return replace(spread, retrain_rate=0.0, blow_up=0.0)
    return replace(spread, retrain_rate=spread.retrain_rate + float(lifecycle.maintenance.base_retired.likely))


def lifecycle_lines(lifecycle: Lifecycle, approach: Approach, months: Sequence[date]) -> list[Line]:
    """What ``approach`` costs, item by item."""
    model = _Model(settled(lifecycle, approach), approach, months)
    lines = [*model.staff(), *model.upkeep()]
    if approach in TRAINED:
        lines += [*model.data(), *model.training(), *model.retrainings()]
    lines += model.gpus() if approach in _SELF_HOSTED else model.tokens()
    return [line for line in lines if any(line.shares) and not _is_nothing(line)]


def _is_nothing(line: Line) -> bool:
    """Whether one of its factors is certainly 0."""
    figures = (line.quantity, line.unit_cost, *(factor.figure for factor in line.more))
    return any(figure.is_certain and not middle(figure) for figure in figures)


class _Model:
    """A settled lifecycle over some months."""

    def __init__(self, lifecycle: Lifecycle, approach: Approach, months: Sequence[date]) -> None:
        self._told, self._approach = lifecycle, approach
        built = min(lifecycle.build_months, len(months))
        self._build = tuple(Fraction(1, built) if m < built else Fraction() for m in range(len(months)))
        self._launch = tuple(Fraction(int(m == built - 1)) for m in range(len(months)))
        self._run = tuple(Fraction(int(m >= built)) for m in range(len(months)))
        self._yearly = tuple(on * Fraction(1, 12) for on in self._run)
        self._hours = tuple(24 * monthrange(m.year, m.month)[1] for m in months)
        self.days = tuple(Fraction(on * hours, 24) for on, hours in zip(self._run, self._hours, strict=True))

    def factor(self, section: str, key: str) -> Factor:
        """A figure of the lifecycle by its place."""
        told = getattr(getattr(self._told, section) if section else self._told, key)
        kind: Kind = "unit_cost" if section == "prices" or key in _PRICES else "quantity"
        figure = Known(Decimal(told)) if isinstance(told, int | Decimal) else figure_of(told)
        varies = (section, key) in DEFAULTS[self._approach]
        return Factor(f"{section}.{key}".lstrip("."), kind, _DRIVERS[section], figure, varies)

    def requests(self, name: str, scale: Figure, *more: Factor) -> Line:
        """A cost of every request from production on."""
        factors = (self.factor("traffic", "requests_per_day"), *more)
        growth = self.factor("traffic", "growth")
        return Line(PREFIX + name, "serving", self.days, scale, _ONE, None, factors, growth, "inference_api")

    def data(self) -> list[Line]:
        """Examples labelled, some of them again, and some reviewed by an expert."""
        labelled = (self.factor("data", "examples"), self.factor("data", "minutes_each"))
        annotator, expert = self.factor("data", "annotator_rate"), self.factor("data", "expert_rate")
        again, reviewed = self.factor("data", "relabel_share"), self.factor("data", "review_share")
        return [
            self._labelling("examples labelled", "data_curation", self._build, *labelled, annotator),
            self._labelling("examples labelled again", "data_curation", self._build, *labelled, again, annotator),
            self._labelling("examples reviewed", "data_curation", self._build, *labelled, reviewed, expert),
        ]

    def training(self) -> list[Line]:
        """The final run, the engineers on it, and the runs that fail before it."""
        hours, rate, scale = (
            self.factor("people", "training_hours"),
            self.factor("people", "hourly_rate"),
            self._scale(),
        )
        return [
            self._line(RUN, "training", self._build, scale, "compute", *self._run_factors()),
            self._line("engineers on training", "training", self._build, _ONE, "labor", hours, rate),
            self._line("runs that fail", "failed_experiments", self._build, scale, "compute", *self._failed_factors()),
        ]

    def retrainings(self) -> list[Line]:
        """Planned ones: the run, those that fail before it, and the part of the examples that is made anew."""
        often, refreshed = self.factor("maintenance", "retrainings"), self.factor("maintenance", "refresh_share")
        stage, scale = "maintenance", self._scale()
        made = (
            self.factor("data", "examples"),
            self.factor("data", "minutes_each"),
            self.factor("data", "annotator_rate"),
        )
        return [
            self._line("retrainings, runs", stage, self._yearly, scale, "compute", often, *self._run_factors()),
            self._line(
                "retrainings, failed runs", stage, self._yearly, scale, "compute", often, *self._failed_factors()
            ),
            self._labelling("retrainings, examples", stage, self._yearly, often, refreshed, *made),
        ]

    def _run_factors(self) -> tuple[Factor, ...]:
        if self._approach == "managed":
            return (
                self.factor("data", "examples"),
                self.factor("training", "tokens_per_example"),
                self.factor("prices", "training_per_million"),
            )
        return self.factor("training", "hours"), self.factor("training", "gpu_hour")

    def _failed_factors(self) -> tuple[Factor, ...]:
        iterations = self.factor("training", "iterations")
        before = replace(iterations, figure=Beyond(iterations.figure))  # type: ignore[arg-type]
        return *self._run_factors(), before, self.factor("training", "iteration_size")

    def _scale(self) -> Known:
        training = self._told.training
        return Known(_MILLION * training.epochs if self._approach == "managed" else Decimal(training.gpus or 1))

    def staff(self) -> list[Line]:
        """Engineers before production and in it, and what is neither chips nor staff."""
        rate = self.factor("people", "hourly_rate")
        evaluated, deployed = self.factor("people", "evaluation_hours"), self.factor("people", "deployment_hours")
        operated, other = self.factor("people", "operations_hours"), self.factor("", "other_per_month")
        every = tuple(Fraction(1) for _ in self._run)
        return [
            self._line("engineers on evaluation", "evaluation", self._build, _ONE, "labor", evaluated, rate),
            self._line("engineers on deployment", "serving", self._launch, _ONE, "labor", deployed, rate),
            self._line("engineers on operations", "serving", self._run, _ONE, "labor", operated, rate),
            self._line("storage, network, tools", "serving", every, _ONE, "other", other),
        ]

    def upkeep(self) -> list[Line]:
        """Re-evaluations: an engineer's hours, and what else one costs."""
        often, rate = self.factor("maintenance", "reevaluations"), self.factor("people", "hourly_rate")
        hours, cost = self.factor("maintenance", "reevaluation_hours"), self.factor("maintenance", "reevaluation_cost")
        return [
            self._line("re-evaluations, engineers", "maintenance", self._yearly, _ONE, "labor", often, hours, rate),
            self._line(
                "re-evaluations, judges and tests", "maintenance", self._yearly, _ONE, "inference_api", often, cost
            ),
        ]

    def gpus(self) -> list[Line]:
        """Provisioned GPUs: enough for the month's peak at likely traffic, paid for used or not (F15)."""
        serving, each = self._told.serving, self._gpus_of_a_replica()
        shares = tuple(
            on * Fraction(hours * each * self.replicas(month), serving.sharing or 1)
            for month, (on, hours) in enumerate(zip(self._run, self._hours, strict=True))
        )
        price = self.factor("serving", "gpu_hour")
        return [self._line("GPUs that serve", "serving", shares, _ONE, "compute", price)]

    def replicas(self, month: int) -> int:
        """Replicas in a month: at the least what is asked for, more where the peak of likely traffic needs them."""
        traffic, serving = self._told.traffic, self._told.serving
        grown = middle(figure_of(traffic.growth)) ** max(0, month - self._told.build_months)
        peak = middle(figure_of(traffic.requests_per_day)) * grown * Fraction(traffic.peak) / 86_400
        return max(serving.replicas, -int(-peak // Fraction(serving.requests_per_second)))

    def _gpus_of_a_replica(self) -> int:
        needed = serving_memory(self._told.base, self._approach, self._told.serving.active_adapters)
        assert needed is not None  # only what we serve ourselves is asked
        return needed.gpus(float(self._told.serving.gpu_memory or 80), float(self._told.base.margin))

    def tokens(self) -> list[Line]:
        """What a provider asks for a request; a fine-tuned model at its premium and without the tokens it saves."""
        fresh, cached = self.factor("prices", "input_per_million"), self.factor("prices", "cached_per_million")
        told, output = self.factor("traffic", "input_tokens"), self.factor("prices", "output_per_million")
        said, scale = self.factor("traffic", "output_tokens"), Known(_MILLION)
        if self._approach == "managed":
            premium = self.factor("prices", "fine_tuned_premium")
            return [
                self.requests("input tokens", scale, told, fresh, premium),
                self.requests("output tokens", scale, said, output, premium),
            ]
        share = self.factor("traffic", "cached_share")
        rest = replace(share, figure=Rest(share.figure))  # type: ignore[arg-type]
        parts = {"input": told, "longer prompt": self.factor("traffic", "saved_tokens")}
        lines = [self.requests("output tokens", scale, said, output)]
        for name, tokens in parts.items():
            lines.append(self.requests(f"{name} tokens", scale, tokens, rest, fresh))
            lines.append(self.requests(f"{name} tokens, cached", scale, tokens, share, cached))
        if self._approach == "retrieval":
            found = self.factor("traffic", "retrieved_tokens")
            index = self.factor("prices", "index_per_month")
            lines.append(self.requests("retrieved tokens", scale, found, fresh))
            lines.append(self._line("index", "serving", self._run, _ONE, "other", index))
        return lines

    def _labelling(self, name: str, stage: str, shares: tuple[Fraction, ...], *factors: Factor) -> Line:
        """Minutes at an hourly rate."""
        return self._line(name, stage, shares, Known(Decimal(1) / 60), "annotation", *factors)

    def _line(
        self, name: str, stage: str, shares: tuple[Fraction, ...], scale: Known, cost_kind: str, *factors: Factor
    ) -> Line:
        return Line(PREFIX + name, stage, shares, scale, _ONE, None, factors, None, cost_kind)
