"""A figure of a plan as it is written: a number, low, likely and high, or a named distribution.

What each may be is drawn in ``truecost.planning.figures``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

Amount = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=12)]
Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=24, decimal_places=12)]


class Section(BaseModel):
    """A table of a plan: nothing but its keys, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Range(Section):
    """What a figure may be; certain where all three are one."""

    low: Amount = Field(description='One time in ten it is less; with `as = "bounds"`, the least it may be.')
    likely: Amount = Field(description='As often more as less; with `as = "bounds"`, what it is most likely.')
    high: Amount = Field(description='One time in ten it is more; with `as = "bounds"`, the most it may be.')
    reading: Annotated[Literal["quantiles", "bounds"], Field(alias="as")] = Field(
        default="quantiles",
        description="`quantiles`: low and high are the 10th and 90th percentile, as people mean them, and are widened "
        "(`widen` under `[uncertainty]`); `bounds`: hard limits, triangular between them.",
    )

    @model_validator(mode="after")
    def _rises(self) -> Range:
        if not self.low <= self.likely <= self.high:
            raise ValueError("low may not be above likely, nor likely above high")
        return self

    @property
    def is_certain(self) -> bool:
        return self.low == self.high

    @property
    def reach(self) -> Decimal:
        """About the most it is, for checks of size."""
        return self.high


class Named(Section):
    """A distribution by its mean and standard deviation."""

    distribution: Literal["lognormal", "normal"] = Field(description="Which; a normal is cut off at 0.")
    mean: Amount = Field(description="Its mean.")
    sd: Amount = Field(description="Its standard deviation.")

    @property
    def is_certain(self) -> bool:
        return self.sd == 0 or (self.mean == 0 and self.distribution == "lognormal")

    @property
    def reach(self) -> Decimal:
        return self.mean + 2 * self.sd


class Even(Section):
    """Anything from low to high, all alike."""

    distribution: Literal["uniform"] = Field(description="`uniform`.")
    low: Amount = Field(description="The least it may be.")
    high: Amount = Field(description="The most it may be.")

    @model_validator(mode="after")
    def _rises(self) -> Even:
        if not self.low <= self.high:
            raise ValueError("low may not be above high")
        return self

    @property
    def is_certain(self) -> bool:
        return self.low == self.high

    @property
    def reach(self) -> Decimal:
        return self.high


def _number_as_range(value: object) -> object:
    if isinstance(value, dict | Range | Named | Even):
        return value
    try:
        amount = TypeAdapter(Amount).validate_python(value)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from None
    return certain(amount)


def certain(amount: Decimal) -> Range:
    """A figure given as one number."""
    return Range(low=amount, likely=amount, high=amount)


def _form(value: Any) -> str:
    if isinstance(value, dict):
        named = value.get("distribution")
        return "<range>" if named is None else "<even>" if named == "uniform" else "<named>"
    return "<named>" if isinstance(value, Named) else "<even>" if isinstance(value, Even) else "<range>"


class ShareRange(Range):
    """A share: from 0 to 1."""

    low: Share = Field(description="One time in ten it is less.")
    likely: Share = Field(description="As often more as less.")
    high: Share = Field(description="One time in ten it is more.")


def _share(value: object) -> object:
    if isinstance(value, dict | Range):
        return value
    try:
        share = TypeAdapter(Amount).validate_python(value)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from None
    if share > 1:
        raise ValueError(f"a share is from 0 to 1: write {share / 100} for {share} %")
    return ShareRange(low=share, likely=share, high=share)


ShareFigure = Annotated[ShareRange, BeforeValidator(_share, json_schema_input_type=Share | ShareRange)]

Form = Annotated[
    Annotated[Range, Tag("<range>")] | Annotated[Named, Tag("<named>")] | Annotated[Even, Tag("<even>")],
    Discriminator(_form),
]
Figure = Annotated[Form, BeforeValidator(_number_as_range, json_schema_input_type=Amount | Range | Named | Even)]


class Uncertainty(Section):
    """``[uncertainty]``: how figures that are not certain hang together, and what may happen beside them."""

    widen: Annotated[float, Field(ge=1, le=5)] = Field(
        default=1.1, description="By how much people's ranges are too narrow: each side is stretched by it."
    )
    between: Annotated[float, Field(ge=0, le=0.5)] = Field(
        default=0.25, description="Correlation of figures of different drivers or stages."
    )
    within: Annotated[float, Field(ge=0.5, le=1)] = Field(
        default=0.65, description="Correlation of figures of one driver or stage."
    )
    month_spread: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="How far a month's level strays: the standard deviation of its logarithm."
    )
    month_memory: Annotated[float, Field(ge=0, le=0.99)] = Field(
        default=0.9, description="Correlation of a month's level with that of the month before."
    )
    blow_up: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="Probability that the first build blows up."
    )
    blow_up_least: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0.5, description="The least overrun of a build that blows up, as a part of its cost."
    )
    reaches_production: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0,
        description="Probability that the model reaches production; about 0.1 do (F28). Below 1, the plan's "
        "figures are those of beginning, not of succeeding.",
    )
    retrain_rate: Annotated[float, Field(ge=0, le=12)] = Field(
        default=0.25, description="Unplanned retrainings a year, from the month after the first training on."
    )
    retrain_share: Annotated[float, Field(ge=0, le=5)] = Field(
        default=0.5,
        description="What one costs, as a part of the first build's training, failed experiments and half its data.",
    )
