"""``[lifecycle]`` of a plan: one set of drivers, and the approach that is taken with them.

Each default is named with its fact (docs/facts.md); what is left out and differs by approach is filled in by
``truecost.planning.approaches``. A figure is a number; low, likely and high; or a distribution.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from truecost.workspace.plan_figures import Amount, Figure, Range, Section, ShareFigure, ShareRange

Approach = Literal["prompt", "retrieval", "managed", "lora", "qlora", "full"]
APPROACHES: tuple[Approach, ...] = ("prompt", "retrieval", "managed", "lora", "qlora", "full")
Count = Annotated[int, Field(ge=1, le=10_000_000)]


def _range(low: str, likely: str, high: str) -> Range:
    return Range(low=Decimal(low), likely=Decimal(likely), high=Decimal(high))


def _share(low: str, likely: str, high: str) -> ShareRange:
    return ShareRange(low=Decimal(low), likely=Decimal(likely), high=Decimal(high))


class Traffic(Section):
    """``[lifecycle.traffic]``: what is asked of the model."""

    requests_per_day: Figure = Field(
        default=_range("900", "1500", "2400"),
        description="Requests a day in production's first month (F23, F24).",
    )
    growth: Figure = Field(
        default=_range("1.00", "1.02", "1.05"), description="What a month's requests are of the month before."
    )
    peak: Amount = Field(default=Decimal(3), description="The busiest hour as a multiple of the mean (F15).")
    input_tokens: Figure = Field(
        default=_range("700", "1000", "1400"),
        description="Input tokens a request, with a tuned model's short prompt.",
    )
    output_tokens: Figure = Field(default=_range("150", "220", "320"), description="Output tokens a request.")
    saved_tokens: Figure = Field(
        default=_range("350", "500", "700"), description="Prompt tokens a request that fine-tuning saves (F23)."
    )
    retrieved_tokens: Figure = Field(
        default=_range("700", "1200", "2000"), description="Tokens of context a request that retrieval adds."
    )
    cached_share: ShareFigure = Field(
        default=_share("0.2", "0.35", "0.5"), description="Share of the input of a prompted model read from its cache."
    )


class Prices(Section):
    """``[lifecycle.prices]``: what a provider asks, in the plan's currency."""

    input_per_million: Figure = Field(
        default=_range("2.2", "2.5", "2.6"), description="A million input tokens of the base model."
    )
    cached_per_million: Figure = Field(
        default=_range("1.1", "1.25", "1.3"), description="A million input tokens read from the provider's cache."
    )
    output_per_million: Figure = Field(default=_range("9", "10", "10.5"), description="A million output tokens.")
    fine_tuned_premium: Figure = Field(
        default=_range("1.3", "1.5", "1.7"),
        description="A fine-tuned model's price as a multiple of its base's (F14).",
    )
    training_per_million: Figure = Field(
        default=_range("23", "25", "27"), description="A million training tokens, managed (F6)."
    )
    index_per_month: Figure = Field(
        default=_range("150", "250", "450"), description="Index and store of retrieval, a month."
    )


class Data(Section):
    """``[lifecycle.data]``: the examples and those who label them."""

    examples: Figure | None = Field(
        default=None, description="Examples; the smallest useful set has 500 to 1,000 (F4). Differs by approach."
    )
    minutes_each: Figure = Field(
        default=_range("2.5", "3", "4.5"), description="Minutes an annotator takes for an example (F4: weeks in all)."
    )
    annotator_rate: Figure = Field(default=_range("35", "45", "55"), description="An annotator's hour.")
    expert_rate: Figure = Field(default=_range("60", "90", "130"), description="A domain expert's hour (F5).")
    review_share: ShareFigure = Field(
        default=_share("0.1", "0.15", "0.25"), description="Share of the examples that an expert reviews."
    )
    relabel_share: ShareFigure = Field(
        default=_share("0.05", "0.1", "0.2"), description="Share of the examples that are labelled again."
    )


class Training(Section):
    """``[lifecycle.training]``: a final run, and those that fail before it. What is left out differs by approach."""

    gpus: Count | None = Field(default=None, description="GPUs of a run.")
    hours: Figure | None = Field(
        default=None,
        description="Hours of a run with its sweep: F7 for LoRA, F8 for full, F11 for a small model.",
    )
    gpu_hour: Figure | None = Field(default=None, description="What a GPU hour costs (F10, F11).")
    gpu_memory: Annotated[int, Field(ge=1, le=2000)] | None = Field(default=None, description="Memory of a GPU, in GB.")
    tokens_per_example: Figure = Field(
        default=_range("9000", "10000", "12000"), description="Tokens of an example, where tokens are paid for (F6)."
    )
    epochs: Annotated[int, Field(ge=1, le=100)] = Field(default=4, description="How often training sees an example.")
    iterations: Figure = Field(
        default=_range("3", "4", "5"), description="Runs until a model is worth deploying, the last among them (F13)."
    )
    iteration_size: ShareFigure = Field(
        default=_share("0.18", "0.22", "0.28"),
        description="What a run that fails costs, as a part of the final one: with F13 it gives F12's 30 to 50 %.",
    )


class Serving(Section):
    """``[lifecycle.serving]``: provisioned GPUs, paid for used or not (F15). What is left out differs by approach."""

    gpu_hour: Figure | None = Field(default=None, description="What a serving GPU's hour costs (F10, F11).")
    gpu_memory: Annotated[int, Field(ge=1, le=2000)] | None = Field(default=None, description="Its memory, in GB.")
    requests_per_second: Amount = Field(
        default=Decimal(4), gt=0, description="Requests a second that one replica takes."
    )
    replicas: Count = Field(default=1, description="Replicas at the least; more where the peak asks for them.")
    sharing: Count | None = Field(
        default=None, description="Adapters that share the base model's GPUs and their cost (F20)."
    )
    active_adapters: Count = Field(default=8, description="Adapters in memory at a time: the active set (F20).")


class People(Section):
    """``[lifecycle.people]``: engineers' time. Hours that are left out differ by approach (F3, F17)."""

    hourly_rate: Figure = Field(default=_range("80", "95", "115"), description="An engineer's hour.")
    training_hours: Figure | None = Field(default=None, description="On the training runs.")
    evaluation_hours: Figure | None = Field(default=None, description="On evals, before the first run (F30).")
    deployment_hours: Figure | None = Field(default=None, description="On bringing it to production.")
    operations_hours: Figure | None = Field(default=None, description="On running it, a month.")


class Maintenance(Section):
    """``[lifecycle.maintenance]``: keeping it as good as it was (F16)."""

    reevaluations: Figure = Field(default=_range("4", "4", "6"), description="Re-evaluations a year (F27).")
    reevaluation_hours: Figure = Field(default=_range("1.5", "2", "3.5"), description="An engineer's hours for one.")
    reevaluation_cost: Figure = Field(default=_range("30", "60", "120"), description="What else one costs.")
    retrainings: Figure | None = Field(default=None, description="Planned retrainings a year. Differs by approach.")
    refresh_share: ShareFigure = Field(
        default=_share("0.1", "0.2", "0.3"), description="Share of the examples made anew for a retraining."
    )
    base_retired: ShareFigure = Field(
        default=_share("0.02", "0.05", "0.1"),
        description="Probability a year that the base model is retired, which forces a retraining.",
    )


class Base(Section):
    """``[lifecycle.base]``: the base model, for whether it fits the GPUs; the defaults are Mistral 7B's."""

    parameters_billion: Amount = Field(default=Decimal("7.24"), gt=0, description="Parameters, in billions.")
    layers: Count = Field(default=32, description="Layers.")
    hidden: Count = Field(default=4096, description="Width of a layer.")
    feed_forward: Count = Field(default=14336, description="Width of its feed-forward part.")
    heads: Count = Field(default=32, description="Attention heads.")
    kv_heads: Count = Field(default=8, description="Heads of keys and values: fewer with grouped-query attention.")
    vocabulary: Count = Field(default=32000, description="Tokens it knows.")
    rank: Count = Field(default=16, description="Rank of the adapters.")
    sequence: Count = Field(default=2048, description="Tokens of a training sequence.")
    context: Count = Field(default=4096, description="Tokens held for each request that is served.")
    concurrent: Count = Field(default=8, description="Requests served at a time.")
    bytes_per_parameter: Literal[12, 16, 18] = Field(
        default=16,
        description="Of full fine-tuning: 12 with an 8-bit optimizer, 16 in mixed precision, 18 with full gradients.",
    )
    margin: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        default=Decimal("0.1"), description="Memory to be left free, as a share of what is needed."
    )


class Lifecycle(Section):
    """``[lifecycle]``: what a model takes from its first example to its last request, by the approach taken."""

    approach: Approach = Field(description="How it is done; the other options are compared on the same drivers.")
    build_months: Annotated[int, Field(ge=1, le=60)] = Field(
        default=2, description="Months until production, from the plan's first."
    )
    other_per_month: Figure | None = Field(
        default=None,
        description="Storage, network, tools and licences, a month: what is neither chips nor staff (F17). Differs by "
        "approach.",
    )
    traffic: Traffic = Field(default=Traffic())
    prices: Prices = Field(default=Prices())
    data: Data = Field(default=Data())
    training: Training = Field(default=Training())
    serving: Serving = Field(default=Serving())
    people: People = Field(default=People())
    maintenance: Maintenance = Field(default=Maintenance())
    base: Base = Field(default=Base())
