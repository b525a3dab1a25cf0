"""What ``truecost.toml`` may hold, section by section; each value is checked when it is read and never again.

Numbers with a fraction are read as exact decimals, since many of them are money.
"""

from __future__ import annotations

import re
import shlex
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from truecost.sources import Limits, shown_size

Activity = Literal["data_curation", "training", "failed_experiments", "evaluation", "deployment", "serving"]
CountedActivity = Literal[Activity, "undecided"]
BuildStage = Literal["data_curation", "training", "failed_experiments", "evaluation"]
Stage = Literal[BuildStage, "serving", "maintenance", "undecided", "unallocated"]
CostKind = Literal["compute", "labor", "annotation", "inference_api", "storage", "other"]
STAGES: tuple[Stage, ...] = get_args(Stage)  # in the order in which they are shown
COST_KINDS: tuple[CostKind, ...] = get_args(CostKind)
_SHOWN = {"inference_api": "Inference API"}  # the others are their names
Treatment = Literal["expense", "capitalise"]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6)]
Share = Annotated[Decimal, Field(gt=0, le=1, decimal_places=6)]
GpuHours = Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=6)]
Scalar = str | int | float | bool


def label(name: str) -> str:
    """A stage or a cost kind as a reader sees it: `Data curation`."""
    return _SHOWN.get(name, name.replace("_", " ").capitalize())


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _duration(value: object) -> object:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write it like 45d: a whole number and m, h, d or w")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


_WRITTEN = r"^[1-9][0-9]{0,5}[mhdw]$"
Duration = Annotated[
    timedelta,
    BeforeValidator(
        lambda value: value if isinstance(value, timedelta) else _duration(value),
        json_schema_input_type=Annotated[str, Field(pattern=_WRITTEN)],
    ),
    PlainSerializer(lambda value: f"{value.total_seconds():.0f} s", return_type=str, when_used="json"),
]


def _patience(value: object) -> object:
    found = re.fullmatch(r"(0|[1-9][0-9]{0,5})([smh])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write it like 90s: a whole number and s, m or h")
    return timedelta(**{{"s": "seconds", **_UNITS}[found.group(2)]: int(found.group(1))})


Patience = Annotated[
    timedelta,
    BeforeValidator(
        lambda value: value if isinstance(value, timedelta) else _patience(value),
        json_schema_input_type=Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,5})[smh]$")],
    ),
    PlainSerializer(lambda value: f"{value.total_seconds():.0f} s", return_type=str, when_used="json"),
]
Values = Annotated[list[Scalar], BeforeValidator(_listed, json_schema_input_type=Scalar | list[Scalar])]

_SIZE_UNITS = {"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def _size(value: object) -> object:
    found = re.fullmatch(r"([1-9][0-9]{0,5})(kB|MB|GB)", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write it like 16MB: a whole number and kB, MB or GB")
    return int(found.group(1)) * _SIZE_UNITS[found.group(2)]


SIZE_AS_WRITTEN = r"^[1-9][0-9]{0,5}(kB|MB|GB)$"
Size = Annotated[
    int,
    BeforeValidator(
        _size,
        json_schema_input_type=Annotated[str, Field(pattern=SIZE_AS_WRITTEN)],
    ),
    PlainSerializer(shown_size, return_type=str),
]


def _command(value: str) -> str:
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ValueError("close its quotes: it is taken apart as a shell would") from error
    if not words or not words[0]:
        raise ValueError("name a program, or take the key out")
    return value


Command = Annotated[
    str,
    AfterValidator(_command),
    Field(json_schema_extra={"pattern": r"""^([^'"\\\s]|'[^']+'|"[^"\\]+")([^'"\\]|'[^']*'|"([^"\\]|\\.)*"|\\.)*$"""}),
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ColumnTest(_Section):
    """A test of a column in a ``match``, where a value or a glob does not say it: all that it names must hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    regex: str | None = Field(default=None, description="A regular expression (RE2) that is found in the value.")
    minimum: Annotated[Decimal | date | None, Field(alias="min", description="The least number, or the first day.")] = (
        None
    )
    maximum: Annotated[Decimal | date | None, Field(alias="max", description="The greatest, or the last day.")] = None
    unless: Annotated[Values, Field(alias="not", description="Values and globs, none of which may fit.")] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if self.regex is None and not bounds and not self.unless:
            raise ValueError("name at least one of regex, min, max and not")
        if len({isinstance(bound, date) for bound in bounds}) > 1:
            raise ValueError("min and max are both dates, or both numbers")
        return self


Match = dict[str, ColumnTest | Values]


class LookupSection(_Section):
    """``[[lookups]]``: a CSV of the workspace that says which model a value belongs to, like a cost centre."""

    name: Name = Field(description="What a rule's `lookup` calls it.")
    path: str = Field(description="The CSV file, in the workspace.")
    key: str = Field(default="key", description="Its column that holds the values to look up.")


class LookupUse(_Section):
    """``lookup`` of a rule: the table, and the column of the charge whose value is looked up in it."""

    table: str = Field(description="The name of one of `[[lookups]]`.")
    on: str = Field(description='The column of the charge whose value is looked up, like `"tags.cost_centre"`.')


class WorkspaceSection(_Section):
    """``[workspace]``: what holds for all of it."""

    name: str = Field(description="What reports and messages call the workspace.")
    reporting_currency: Currency = Field(default="USD", description="The currency of every figure and of the plans.")
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] = Field(
        default=1,
        description="The first month of the fiscal year, which is named by the calendar year in which it ends.",
    )
    warehouse: str = Field(
        default="warehouse.duckdb", description="The file of the ledger and the books, in the workspace."
    )
    reports: str = Field(default="reports", description="The folder of what is published, in the workspace.")
    landing: Literal["copy", "move"] = Field(
        default="copy", description="Whether a file that has landed stays in its folder, or is taken out of it."
    )
    tax: Literal["recoverable", "cost"] = Field(
        default="recoverable", description="Whether tax is paid back, and so counts as nothing, or is part of the cost."
    )
    yardstick_months: Annotated[int, Field(ge=1, le=120)] = Field(
        default=12,
        description="How many months from a model's first promotion on the yardsticks are held against.",
    )
    wait: Patience = Field(
        default=timedelta(minutes=10),
        description="How long a command waits for another that has the warehouse open; `0s` gives up at once.",
    )
    as_of: date | None = Field(default=None, description="The day to take for today; left out, it is today.")


class SourceSection(_Section):
    """``[[sources]]``: a stream of files of one format."""

    name: Name = Field(description="What rules, `[[expected]]` and messages call the source.")
    format: str = Field(description="The format of its files; `truecost sources` lists them.")
    path: str = Field(description="A file, a glob or a folder, in the workspace or absolute.")
    basis: Literal["billed", "usage"] | None = Field(
        default=None, description="Whether its charges are billed or usage: what the format says already, as a check."
    )
    currency: Currency | None = Field(default=None, description="The currency of amounts whose file names none.")
    timezone: str = Field(default="UTC", description='The zone of times that name none, like `"Europe/Berlin"`.')
    cluster: str | None = Field(default=None, description="The cluster of jobs whose file names none.")
    delivery: Literal["file", "folder", "merge"] = Field(
        default="file",
        description="Whether each file is a delivery, the files of a folder are the parts of one, or each file holds "
        "only what changed: its rows join those that came before, by `key`, and the latest wins (`merge`).",
    )
    key: list[str] = Field(
        default_factory=list,
        description="With `merge`: the columns (by our names) that a row is known by; left out, all that are no "
        "amount or quantity.",
    )
    restates: Literal["period"] | None = Field(
        default=None, description="`period`: a newer delivery replaces its billing period under whatever name it comes."
    )
    version: str | None = Field(
        default=None,
        description="A regular expression with one group, found in the path: which delivery is newer (with "
        "`restates`), or the model's version (`lm_eval`).",
    )
    landing: Literal["copy", "move"] | None = Field(
        default=None, description="`landing` of `[workspace]`, for this source alone."
    )
    columns: dict[str, str] = Field(
        default_factory=dict, description="Our names of columns, and what the files call them where they differ."
    )
    fields: list[str] = Field(
        default_factory=list,
        description="The names of the columns, in their order, of files whose first line is data and not names.",
    )
    leave_out: Match = Field(
        default_factory=dict,
        description="Rows to leave out, by columns of the file: those that fit all it names are counted as skipped.",
    )
    model: str | None = Field(
        default=None,
        description="The model that its evaluations or requests are of; left out, each request names its own.",
    )
    role: str | None = Field(default=None, description="The role of people whose timesheet names none.")
    dates: Literal["month_first", "day_first"] | None = Field(
        default=None, description="How 03/04/2026 is read, where the file does not settle it."
    )
    max_running: Duration = Field(
        default=timedelta(days=30),
        description="Longer than this no job may be running: such a record is quarantined as never ended (`slurm`).",
    )
    one_in: Annotated[int, Field(ge=1)] = Field(default=1, description="Of how many calls the request log holds one.")
    promoted_aliases: list[str] = Field(
        default_factory=lambda: ["champion"],
        description="Aliases of MLflow's registry that mean promoted, beside the stage Production.",
    )


class ModelSection(_Section):
    """``[[models]]``: a fine-tuned model whose cost is tracked, and how it is evaluated again."""

    id: Annotated[str, Field(min_length=1)] = Field(description="What rules, files and reports call the model.")
    plan: str | None = Field(default=None, description="The file of its plan, in the workspace.")
    evaluate: Command | None = Field(
        default=None, description="The command that evaluates it again, run in the workspace without a shell."
    )
    evaluate_within: Duration = Field(
        default=timedelta(hours=1), description="How long that may take before it is ended, with all it started."
    )
    error_cost: Money | None = Field(
        default=None,
        description="What a wrong answer costs, in the reporting currency; for scores that are shares of answers.",
    )
    value_per_point: Money | None = Field(
        default=None,
        description="What a point of its score is worth a request, in place of `error_cost`; of a share, a point is a "
        "hundredth.",
    )
    evaluation_cost: Money | None = Field(
        default=None, description="What a run of `evaluate` costs; [decisions] monthly_budget is held against it."
    )
    reevaluate_every: Duration | None = Field(
        default=None, description="`every` of [decisions], for this model alone: 30d where its domain moves fast."
    )
    headline_eval: str | None = Field(
        default=None, description="The score it is judged by, as `task:metric`; needed where it has several."
    )
    version_tag: Annotated[str, Field(min_length=1)] = Field(
        default="model_version", description="The tag of a charge that names the version it is of."
    )
    version_share: Literal["requests", "tokens"] | None = Field(
        default=None,
        description="By what serving cost that names no version is shared among those side by side: `requests` or "
        "`tokens`; left out, it is nobody's, and no version's cost is told beside it.",
    )
    useful_life_months: Annotated[int, Field(ge=1, le=240)] = Field(
        default=12, description="Over how many months a promoted version's build cost is spread."
    )
    abandoned: date | None = Field(
        default=None, description="The day it was given up: runs that are undecided then are failed experiments."
    )


class AttributionSection(_Section):
    """``[[attribution]]``: which model, activity and cost kind a charge belongs to; the first match wins."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"anyOf": [{"required": ["model"]}, {"required": ["lookup"]}]},
                {"anyOf": [{"required": ["match"]}, {"required": ["lookup"]}]},
            ]
        }
    )

    match: Annotated[Match, Field(min_length=1)] = Field(
        default_factory=dict,
        description="Which charges: column and value, a glob, a list, or a test. With a `lookup` it may be left out.",
    )
    lookup: LookupUse | None = Field(default=None, description="A table that says the model, by a value of the charge.")
    model: str | None = Field(default=None, description="The model they belong to; wins over the table.")
    activity: Activity | None = Field(
        default=None,
        description="What was done; left out, it follows from the outcome of the run that a charge belongs to.",
    )
    cost_kind: CostKind | None = Field(
        default=None, description="What was paid for; left out, it follows from the charge."
    )
    treatment: Treatment = Field(default="expense", description="A memo for accountants: no figure depends on it.")

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if self.model is None and self.lookup is None:
            raise ValueError("name the model, or a lookup that does")
        if not self.match and self.lookup is None:
            raise ValueError("say in `match` which charges it is for")
        return self


class AllocationSection(_Section):
    """``[[allocations]]``: a shared cost, split over models by what they used of it in the charge's own period."""

    match: Annotated[Match, Field(min_length=1)] = Field(description="The charges that are shared.")
    driver: Literal["gpu_hours", "gpu_seconds", "requests", "tokens", "equal", "fixed"] = Field(
        description="By what they are split."
    )
    models: Annotated[list[str], Field(min_length=1)] = Field(description="The models that share them.")
    shares: list[Share] = Field(
        default_factory=list, description="With `fixed`: the share of each of `models`, in their order; they sum to 1."
    )
    activity: Activity | None = Field(
        default=None, description="What was done; left out, GPU hours follow their jobs, and the rest is serving."
    )
    cost_kind: CostKind | None = Field(
        default=None, description="What was paid for; left out, it follows from the charge."
    )
    gpu_hours_per_unit: GpuHours | None = Field(
        default=None,
        description="How many GPU hours a unit of the charge is: what `gpu_seconds` did not keep busy is then idle.",
    )


class CoverageSection(_Section):
    """``[[coverage]]``: which bill pays for which usage, and how many GPU hours a unit of it is."""

    billed: Annotated[Match, Field(min_length=1)] = Field(description="The charges of the bill.")
    usage: Annotated[Match, Field(min_length=1)] = Field(description="The jobs it pays for.")
    join: Literal["gpu_type+day", "resource_id"] = Field(
        default="gpu_type+day",
        description="What brings a bill and its jobs together: type and UTC day, or the resource.",
    )
    gpu_type: str | None = Field(
        default=None, description="The type of its GPUs; left out, a bill's tag `gpu_type` says it, or it is for any."
    )
    gpu_hours_per_unit: GpuHours | None = Field(
        default=None,
        description="How many GPU hours a billed unit is; without it idle hours are known of GPU hours alone.",
    )


class CapacitySection(_Section):
    """``[[capacity]]``: GPUs that are paid for, used or not: a cluster of one's own, or a reservation."""

    name: Name = Field(description="What it is called in the figures.")
    gpu_type: Annotated[str, Field(min_length=1)] = Field(description="The type of its GPUs, as jobs name it.")
    gpus: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="How many there are.")
    monthly_cost: Money = Field(description="What all of it costs a month: depreciation, power, place.")
    currency: Currency = Field(description="The currency of `monthly_cost`.")
    usage: Match = Field(
        default_factory=dict, description="The jobs that run on it, where several have GPUs of the same type."
    )
    first_day: Annotated[
        date | None,
        Field(
            alias="from", description="Its first day; left out, the month of the first job that could have run on it."
        ),
    ] = None
    last_day: Annotated[
        date | None, Field(alias="to", description="Its last day; left out, the month of the last record of any use.")
    ] = None


class IdleSection(_Section):
    """``[idle]``: who bears the GPU hours that were paid for and that nobody used."""

    policy: Literal["platform", "proportional", "equal", "fixed"] = Field(
        default="platform",
        description="Nobody, models by what they used of the same GPUs that month, equally, or in fixed shares.",
    )
    models: list[str] = Field(default_factory=list, description="With `equal` and `fixed`: the models that bear it.")
    shares: list[Share] = Field(
        default_factory=list, description="With `fixed`: the share of each of `models`, in their order; they sum to 1."
    )
    activity: Activity = Field(default="serving", description="What it counts as with `equal` and `fixed`.")


class StaffSection(_Section):
    """``[[staff]]``: a share of someone's time, where no timesheet says it."""

    role: Annotated[str, Field(min_length=1)] = Field(description="Who it is, by what they do.")
    model: str = Field(description="The model they work on.")
    activity: Activity = Field(description="What they do for it.")
    share: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=6)] = Field(
        description="The share of their time; of several people, the sum."
    )
    first_day: Annotated[date, Field(alias="from", description="The first day.")]
    last_day: Annotated[date, Field(alias="to", description="The last day.")]
    monthly_cost: Money = Field(description="What a whole month of one of them costs.")
    currency: Currency = Field(description="The currency of `monthly_cost`.")
    treatment: Treatment = Field(default="expense", description="A memo for accountants: no figure depends on it.")


class RateSection(_Section):
    """``[[rates]]``: what an hour of a role, or of these people, costs; of several the latest ``from`` holds."""

    role: Annotated[str, Field(min_length=1)] = Field(description='The role, as timesheets name it; `"*"` is any.')
    hourly_cost: Money = Field(description="What an hour costs.")
    currency: Currency = Field(description="The currency of `hourly_cost`.")
    people: list[str] = Field(
        default_factory=list, description="Then it is for these people only, and comes before any rate that names none."
    )
    first_day: Annotated[date | None, Field(alias="from", description="Its first day; left out, always.")] = None
    last_day: Annotated[date | None, Field(alias="to", description="Its last day; left out, until another holds.")] = (
        None
    )


class TokenRateSection(_Section):
    """``[[token_rates]]``: what a million tokens of a model's calls cost, until the bill for their day comes."""

    model: str = Field(description="The model whose calls are priced.")
    source: str | None = Field(default=None, description="The request log they are in; left out, any.")
    billed: Annotated[Match, Field(min_length=1)] = Field(description="The charges of the bill that pays for them.")
    cost_per_1m_input_tokens: Money = Field(description="What a million tokens sent cost.")
    cost_per_1m_cached_input_tokens: Money | None = Field(
        default=None,
        description="What a million of those cost that were read from the provider's cache; left out, as all sent.",
    )
    cost_per_1m_output_tokens: Money = Field(description="What a million tokens answered cost.")
    currency: Currency = Field(description="The currency of all of them.")
    first_day: Annotated[date | None, Field(alias="from", description="Its first day; left out, always.")] = None
    last_day: Annotated[date | None, Field(alias="to", description="Its last day; left out, for ever.")] = None


class ExpectedSection(_Section):
    """``[[expected]]``: a source that must speak at least this often, or totals are marked incomplete."""

    source: str = Field(description="The name of one of `[[sources]]`.")
    every: Duration = Field(description="How long it may be silent.")


class PromptingSection(_Section):
    """``[[prompting]]``: what a model's requests would cost by prompting, for the live payback."""

    model: str = Field(description="The model whose requests are priced.")
    cost_per_1m_input_tokens: Money = Field(
        description="What a million tokens sent would cost, in the reporting currency."
    )
    cost_per_1m_cached_input_tokens: Money | None = Field(
        default=None, description="What a million of those cost that the provider's cache has; left out, as all sent."
    )
    cost_per_1m_output_tokens: Money = Field(description="What a million tokens answered would cost.")
    saved_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=500, description="Tokens a request that a prompt would need on top of those the log has."
    )
    cached_share: Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)] = Field(
        default=Decimal(0), description="The share of a prompt's tokens that the provider's cache would have."
    )
    first_day: Annotated[date | None, Field(alias="from", description="Its first day; left out, always.")] = None
    last_day: Annotated[date | None, Field(alias="to", description="Its last day; left out, for ever.")] = None


class BudgetSection(_Section):
    """``[[budgets]]``: what may be spent in a quarter or a year, and what is done once it is spent."""

    name: Name = Field(description="What it is called in figures and alerts; each has its own.")
    amount: Annotated[Money, Field(gt=0)] = Field(
        description="What may be spent in a period, in the reporting currency."
    )
    per: Literal["quarter", "year"] = Field(default="quarter", description="The period: fiscal, as quarters are.")
    model: str | None = Field(default=None, description="The model it is for; left out, all, and what none claims.")
    stage: Stage | None = Field(default=None, description="The stage it is for; left out, all.")
    hard_stop: Command | None = Field(
        default=None,
        description="A command that is run once in a period in which more than the amount is spent, in the workspace "
        "without a shell.",
    )
    hard_stop_within: Duration = Field(
        default=timedelta(minutes=10), description="How long that may take before it is ended, with all it started."
    )


class DriftSection(_Section):
    """``[drift]``: which windows of the request log are compared, and when a difference counts."""

    window: Duration = Field(
        default=timedelta(days=7), description="What is judged: the last whole days before today, UTC."
    )
    reference: Duration = Field(
        default=timedelta(days=28), description="What it is held against: so long from the model's last promotion on."
    )
    columns: list[str] | dict[str, str] = Field(
        default_factory=list,
        description="The only columns to compare, as a list; left out, all that say something. As a table: what a "
        "column is called in the log, and its name here. Case does not matter.",
    )
    ignore: list[str] = Field(default_factory=list, description="Columns that are never compared.")
    sample_rows: Annotated[int, Field(ge=100)] = Field(
        default=50_000, description="At most so many requests of each window are compared."
    )
    min_rows: Annotated[int, Field(ge=10)] = Field(
        default=200, description="With fewer requests on either side nothing is compared."
    )
    seed: int = Field(default=0, description="Which requests are sampled; the same seed takes the same ones.")
    shift: Annotated[float, Field(gt=0, le=10)] = Field(
        default=0.10, description="The smallest change of a number's middle that matters, as a share of it."
    )
    points: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.05,
        description="The smallest change of a category's share, or of what is missing, that matters; of a rare "
        "category and of new values less is enough.",
    )
    season: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.15,
        description="The amplitude of a season that goes round once a year and is no drift, as a share of the level.",
    )
    years_between_alarms: Annotated[float, Field(gt=0)] = Field(
        default=50.0,
        description="How many years of a model should pass between two false alarms, over all its columns.",
    )
    persists: Duration = Field(
        default=timedelta(days=14), description="A column that has moved for so long is an alert."
    )
    weighty: Annotated[float, Field(ge=1)] = Field(
        default=2.0, description="A column that moved by so many times the smallest change that matters is an alert."
    )
    confidence: str | None = Field(
        default=None,
        description="The column with the model's own confidence, 0 to 1: an estimate of how many answers are right.",
    )
    judge: str | None = Field(
        default=None,
        description="The column with a judge's score of each answer, 0 to 1: an estimate of how many are right.",
    )
    drifted_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="The traffic as a whole has drifted where this share of its features has."
    )
    eval_errors: Annotated[float, Field(ge=0)] = Field(
        default=2.0, description="By more than so many standard errors a score must fall, at least, to count as fallen."
    )
    years_between_eval_alarms: Annotated[float, Field(ge=1)] = Field(
        default=20.0, description="How many years of a model should pass between two false alarms of its eval scores."
    )
    retrain_drop: Annotated[float, Field(ge=0)] = Field(
        default=0.02, description="A fall that is smaller, in the score's own unit, is not worth a retraining."
    )
    horizon: Duration = Field(
        default=timedelta(days=365), description="How long a model would stay as it is, for what that would cost."
    )

    @property
    def chosen(self) -> list[str]:
        """The only columns to compare; none where all are."""
        return self.columns if isinstance(self.columns, list) else []

    @property
    def renamed(self) -> dict[str, str]:
        """What columns are called in the log, and their name here."""
        return self.columns if isinstance(self.columns, dict) else {}


class DecisionsSection(_Section):
    """``[decisions]``: how often a model is evaluated again, and how long a retraining takes."""

    every: Duration = Field(
        default=timedelta(days=91),
        description="What was held is asked again after so long, acknowledged or not: quarterly at least (F27).",
    )
    cooldown: Duration = Field(
        default=timedelta(days=7), description="No alert opens another re-evaluation of a model so soon after one."
    )
    monthly_budget: Money | None = Field(
        default=None, description="What the `evaluation_cost` of all models' re-evaluations of a month may come to."
    )
    retrain_delay: Duration = Field(
        default=timedelta(days=14), description="From a retraining's beginning to its model in production."
    )
    outcome_after: Duration = Field(
        default=timedelta(days=91), description="So long after a decision its outcome is written beside it."
    )


class ChangeSection(_Section):
    """``[[changes]]``: a change that is known (a release, a price): what moved with it explains itself."""

    model: str = Field(description="The model it is of.")
    day: date = Field(description="The day it came into force: from then on the requests are held against those since.")
    what: str = Field(description="What changed, as alerts and pages say it.")


class AlertsSection(_Section):
    """``[alerts]``: when an overspend counts, and who is told. The addresses are secrets: the environment has them."""

    overspend_warning: Annotated[Decimal, Field(ge=0)] = Field(
        default=Decimal("0.10"), description="The share above the planned mean from which an overspend is a warning."
    )
    overspend_alert: Annotated[Decimal, Field(ge=0)] = Field(
        default=Decimal("0.25"),
        description="The share from which it is an alert, where it is above the plan's P90 as well.",
    )
    quarantined_share: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        default=Decimal("0.01"),
        description="A file with more than this share of its rows quarantined is a warning of the rule `deliveries`.",
    )
    renotify_every: Duration = Field(
        default=timedelta(days=7), description="How often what lasts is told again, until someone acknowledges it."
    )
    urls_from: str = Field(
        default="TRUECOST_ALERT_URLS", description="The environment variable that holds the Apprise URLs to send to."
    )
    allow_private: bool = Field(
        default=False, description="Whether an address may be one of a private network or of this machine."
    )
    escalate_urls_from: str = Field(
        default="TRUECOST_ESCALATION_URLS",
        description="The environment variable that holds the addresses told of what nobody has acknowledged.",
    )
    escalate_after: Duration = Field(
        default=timedelta(days=7), description="They are told of an `ALERT` that nobody has acknowledged for so long."
    )
    link: str | None = Field(
        default=None, description="Where people find the reports, https://..., told in messages of decisions."
    )
    digest_every: Duration | None = Field(
        default=None, description="How often all that is open is told in one message: 7d; left out, never."
    )


class LimitsSection(_Section):
    """``[limits]``: a file with a longer row, or that holds more once it is unpacked, is refused; of more faults than
    these, the rest of a file's are counted only."""

    max_row: Size = Field(default=Limits.max_row, description="The longest row a file may have.")
    max_file: Size = Field(default=Limits.max_file, description="The most a file may hold, once it is unpacked.")
    max_faults: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=Limits.max_faults,
        description="How many faulty rows of a file are kept whole; others are counted.",
    )

    @property
    def of_files(self) -> Limits:
        """The limits as readers take them."""
        return Limits(self.max_row, self.max_file, self.max_faults)


class FxSection(_Section):
    """``[fx]``: how old a rate may be: none is set on weekends and holidays."""

    max_age: Duration = Field(
        default=timedelta(days=7), description="How old the latest rate on or before a charge's day may be."
    )


class AccountSection(_Section):
    """``[[accounts]]``: the account of the general ledger that a cost belongs to; the first that fits, and all that it
    names must."""

    account: Annotated[str, Field(min_length=1)] = Field(description="Its number in the general ledger.")
    name: str = Field(default="", description="What it is called.")
    models: list[str] = Field(default_factory=list, description="The cost of these models; left out, of any.")
    stages: list[Stage] = Field(default_factory=list, description="At these stages; left out, at any.")
    activities: list[CountedActivity] = Field(
        default_factory=list, description="Of these activities; left out, of any."
    )
    cost_kinds: list[CostKind] = Field(default_factory=list, description="Of these cost kinds; left out, of any.")
    is_idle: bool | None = Field(default=None, description="Only idle cost, or only what was used; left out, both.")


class LedgerSection(_Section):
    """``[ledger]``: the accounts of a journal's other side, and how a general ledger's export names its columns."""

    clearing_account: Annotated[str, Field(min_length=1)] = Field(
        default="clearing", description="The account that each entry is balanced on."
    )
    suspense_account: Annotated[str, Field(min_length=1)] = Field(
        default="suspense", description="The account of costs that none of `[[accounts]]` claims."
    )
    columns: dict[Literal["account", "reference", "amount", "debit", "credit", "currency", "date"], str] = Field(
        default_factory=dict, description="How an export of the ledger names its columns, for `truecost tie-out`."
    )
    dates: Literal["month_first", "day_first"] | None = Field(
        default=None, description="How an export of the ledger writes dates, where the year does not come first."
    )


class DeliverySection(_Section):
    """``[delivery]``: when a set that replaces another is held until someone accepts it."""

    shrink: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        default=Decimal("0.05"),
        description="A set that loses more than this share of the amount of the one it replaces is held; one that "
        "loses days or rows is held in any case.",
    )


class CloseSection(_Section):
    """``[close]``: what a quarter must be like to be closed."""

    max_unallocated_share: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        default=Decimal("0.02"),
        description="A quarter with more than this share unallocated is not closed without saying so.",
    )


class ConfigFile(_Section):
    """The whole of ``truecost.toml``."""

    workspace: WorkspaceSection
    sources: list[SourceSection] = Field(default_factory=list)
    models: list[ModelSection] = Field(default_factory=list)
    lookups: list[LookupSection] = Field(default_factory=list)
    attribution: list[AttributionSection] = Field(default_factory=list)
    allocations: list[AllocationSection] = Field(default_factory=list)
    coverage: list[CoverageSection] = Field(default_factory=list)
    capacity: list[CapacitySection] = Field(default_factory=list)
    idle: IdleSection = Field(default_factory=IdleSection)
    staff: list[StaffSection] = Field(default_factory=list)
    rates: list[RateSection] = Field(default_factory=list)
    token_rates: list[TokenRateSection] = Field(default_factory=list)
    expected: list[ExpectedSection] = Field(default_factory=list)
    budgets: list[BudgetSection] = Field(default_factory=list)
    prompting: list[PromptingSection] = Field(default_factory=list)
    drift: DriftSection = Field(default_factory=DriftSection)
    decisions: DecisionsSection = Field(default_factory=DecisionsSection)
    changes: list[ChangeSection] = Field(default_factory=list)
    alerts: AlertsSection = Field(default_factory=AlertsSection)
    limits: LimitsSection = Field(default_factory=LimitsSection)
    fx: FxSection = Field(default_factory=FxSection)
    accounts: list[AccountSection] = Field(default_factory=list)
    ledger: LedgerSection = Field(default_factory=LedgerSection)
    delivery: DeliverySection = Field(default_factory=DeliverySection)
    close: CloseSection = Field(default_factory=CloseSection)
