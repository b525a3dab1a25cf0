"""What ``truecost.toml`` may hold, section by section; each value is checked when it is read and never again.

Numbers with a fraction are read as exact decimals, since many of them are money.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

Activity = Literal["data_curation", "training", "failed_experiments", "evaluation", "deployment", "serving"]
CountedActivity = Literal[Activity, "undecided"]
BuildStage = Literal["data_curation", "training", "failed_experiments", "evaluation"]
Stage = Literal[BuildStage, "serving", "maintenance", "undecided", "unallocated"]
CostKind = Literal["compute", "labor", "annotation", "inference_api", "storage", "other"]
Treatment = Literal["expense", "capitalise"]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Money = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6)]
Share = Annotated[Decimal, Field(gt=0, le=1, decimal_places=6)]
GpuHours = Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=6)]
Scalar = str | int | float | bool

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _duration(value: object) -> object:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhdw])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write it like 45d: a whole number and m, h, d or w")
    return timedelta(**{_UNITS[found.group(2)]: int(found.group(1))})


Duration = Annotated[
    timedelta,
    BeforeValidator(lambda value: value if isinstance(value, timedelta) else _duration(value)),
    PlainSerializer(lambda value: f"{value.total_seconds():.0f} s", return_type=str),
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ColumnTest(_Section):
    """A test of a column in a ``match``, where a value or a glob does not say it: all that it names must hold."""

    regex: str | None = None
    minimum: Annotated[Decimal | date | None, Field(alias="min")] = None
    maximum: Annotated[Decimal | date | None, Field(alias="max")] = None
    unless: Annotated[list[Scalar], BeforeValidator(_listed), Field(alias="not")] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        if self.regex is None and not bounds and not self.unless:
            raise ValueError("name at least one of regex, min, max and not")
        if len({isinstance(bound, date) for bound in bounds}) > 1:
            raise ValueError("min and max are both dates, or both numbers")
        return self


Match = dict[str, ColumnTest | Annotated[list[Scalar], BeforeValidator(_listed)]]


class LookupSection(_Section):
    """``[[lookups]]``: a CSV of the workspace that says which model a value belongs to, like a cost centre."""

    name: Name
    path: str
    key: str = "key"


class LookupUse(_Section):
    """``lookup`` of a rule: the table, and the column of the charge whose value is looked up in it."""

    table: str
    on: str


class WorkspaceSection(_Section):
    """``[workspace]``"""

    name: str
    reporting_currency: Currency = "USD"
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] = 1
    warehouse: str = "warehouse.duckdb"
    reports: str = "reports"
    landing: Literal["copy", "move"] = "copy"
    tax: Literal["recoverable", "cost"] = "recoverable"
    as_of: date | None = None


class SourceSection(_Section):
    """``[[sources]]``: a stream of files of one format."""

    name: Name
    format: str
    path: str
    basis: Literal["billed", "usage"] | None = None
    currency: Currency | None = None
    timezone: str = "UTC"
    cluster: str | None = None
    delivery: Literal["file", "folder"] = "file"
    restates: Literal["period"] | None = None
    version: str | None = None
    landing: Literal["copy", "move"] | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    model: str | None = None
    role: str | None = None
    dates: Literal["month_first", "day_first"] | None = None
    one_in: Annotated[int, Field(ge=1)] = 1  # of how many calls the request log holds one
    promoted_aliases: list[str] = Field(default_factory=lambda: ["champion"])


class ModelSection(_Section):
    """``[[models]]``: a fine-tuned model whose cost is tracked, and how it is evaluated again."""

    id: Annotated[str, Field(min_length=1)]
    plan: str | None = None
    evaluate: str | None = None
    evaluate_within: Duration = timedelta(hours=1)
    error_cost: Money | None = None
    headline_eval: str | None = None  # task:metric, by which the model is judged
    useful_life_months: Annotated[int, Field(ge=1, le=240)] = 12
    abandoned: date | None = None


class AttributionSection(_Section):
    """``[[attribution]]``: which model, activity and cost kind a charge belongs to; the first match wins."""

    match: Annotated[Match, Field(min_length=1)] = Field(default_factory=dict)  # may be left out with a lookup
    lookup: LookupUse | None = None
    model: str | None = None
    activity: Activity | None = None
    cost_kind: CostKind | None = None
    treatment: Treatment = "expense"  # a memo: no figure depends on it

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if self.model is None and self.lookup is None:
            raise ValueError("name the model, or a lookup that does")
        if not self.match and self.lookup is None:
            raise ValueError("say in `match` which charges it is for")
        return self


class AllocationSection(_Section):
    """``[[allocations]]``: a shared cost, split over models by what they used of it in the charge's own period."""

    match: Annotated[Match, Field(min_length=1)]
    driver: Literal["gpu_hours", "gpu_seconds", "requests", "tokens", "equal", "fixed"]
    models: Annotated[list[str], Field(min_length=1)]
    shares: list[Share] = Field(default_factory=list)
    activity: Activity | None = None
    cost_kind: CostKind | None = None
    gpu_hours_per_unit: GpuHours | None = None


class CoverageSection(_Section):
    """``[[coverage]]``: which bill pays for which usage, and how many GPU hours a unit of it is."""

    billed: Annotated[Match, Field(min_length=1)]
    usage: Annotated[Match, Field(min_length=1)]
    join: Literal["gpu_type+day", "resource_id"] = "gpu_type+day"
    gpu_type: str | None = None
    gpu_hours_per_unit: GpuHours | None = None


class CapacitySection(_Section):
    """``[[capacity]]``: GPUs that are paid for, used or not: a cluster of one's own, or a reservation."""

    name: Name
    gpu_type: Annotated[str, Field(min_length=1)]
    gpus: Annotated[int, Field(ge=1, le=1_000_000)]
    monthly_cost: Money
    currency: Currency
    usage: Match = Field(default_factory=dict)
    first_day: Annotated[date | None, Field(alias="from")] = None
    last_day: Annotated[date | None, Field(alias="to")] = None


class IdleSection(_Section):
    """``[idle]``: who bears the GPU hours that were paid for and that nobody used."""

    policy: Literal["platform", "proportional", "equal", "fixed"] = "platform"
    models: list[str] = Field(default_factory=list)
    shares: list[Share] = Field(default_factory=list)
    activity: Activity = "serving"


class StaffSection(_Section):
    """``[[staff]]``: a share of someone's time, where no timesheet says it."""

    role: Annotated[str, Field(min_length=1)]
    model: str
    activity: Activity
    share: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=6)]
    first_day: Annotated[date, Field(alias="from")]
    last_day: Annotated[date, Field(alias="to")]
    monthly_cost: Money
    currency: Currency
    treatment: Treatment = "expense"


class RateSection(_Section):
    """``[[rates]]``: what an hour of a role, or of these people, costs; of several the latest ``from`` holds."""

    role: Annotated[str, Field(min_length=1)]
    hourly_cost: Money
    currency: Currency
    people: list[str] = Field(default_factory=list)
    first_day: Annotated[date | None, Field(alias="from")] = None
    last_day: Annotated[date | None, Field(alias="to")] = None


class TokenRateSection(_Section):
    """``[[token_rates]]``: what a million tokens of a model's calls cost, until the bill for their day comes."""

    model: str
    source: str | None = None
    billed: Annotated[Match, Field(min_length=1)]
    cost_per_1m_input_tokens: Money
    cost_per_1m_output_tokens: Money
    currency: Currency
    first_day: Annotated[date | None, Field(alias="from")] = None
    last_day: Annotated[date | None, Field(alias="to")] = None


class ExpectedSection(_Section):
    """``[[expected]]``: a source that must speak at least this often, or totals are marked incomplete."""

    source: str
    every: Duration


class DriftSection(_Section):
    """``[drift]``: which windows of the request log are compared, and when a difference counts."""

    window: Duration = timedelta(days=7)
    reference: Duration = timedelta(days=28)
    columns: list[str] = Field(default_factory=list)
    ignore: list[str] = Field(default_factory=list)
    sample_rows: Annotated[int, Field(ge=100)] = 50_000
    min_rows: Annotated[int, Field(ge=10)] = 200
    seed: int = 0
    threshold: Annotated[float, Field(gt=0)] = 0.1
    drifted_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    eval_errors: Annotated[float, Field(ge=0)] = 2.0
    retrain_drop: Annotated[float, Field(ge=0)] = 0.02
    horizon: Duration = timedelta(days=90)


class AlertsSection(_Section):
    """``[alerts]``: when an overspend counts, and who is told. The addresses are secrets: the environment has them."""

    overspend_warning: Annotated[Decimal, Field(ge=0)] = Decimal("0.10")
    overspend_alert: Annotated[Decimal, Field(ge=0)] = Decimal("0.25")
    renotify_every: Duration = timedelta(days=7)
    urls_from: str = "TRUECOST_ALERT_URLS"


class FxSection(_Section):
    """``[fx]``: how old a rate may be: none is set on weekends and holidays."""

    max_age: Duration = timedelta(days=7)


class AccountSection(_Section):
    """``[[accounts]]``: the account of the general ledger that a cost belongs to; the first that fits, and all that it
    names must."""

    account: Annotated[str, Field(min_length=1)]
    name: str = ""
    models: list[str] = Field(default_factory=list)
    stages: list[Stage] = Field(default_factory=list)
    activities: list[CountedActivity] = Field(default_factory=list)
    cost_kinds: list[CostKind] = Field(default_factory=list)
    is_idle: bool | None = None


class LedgerSection(_Section):
    """``[ledger]``: the accounts of a journal's other side, and how a general ledger's export names its columns."""

    clearing_account: Annotated[str, Field(min_length=1)] = "clearing"
    suspense_account: Annotated[str, Field(min_length=1)] = "suspense"
    columns: dict[Literal["account", "reference", "amount", "debit", "credit", "currency", "date"], str] = Field(
        default_factory=dict
    )
    dates: Literal["month_first", "day_first"] | None = None  # of its export, where the year does not come first


class CloseSection(_Section):
    """``[close]``: what a quarter must be like to be closed."""

    max_unallocated_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.02")


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
    drift: DriftSection = Field(default_factory=DriftSection)
    alerts: AlertsSection = Field(default_factory=AlertsSection)
    fx: FxSection = Field(default_factory=FxSection)
    accounts: list[AccountSection] = Field(default_factory=list)
    ledger: LedgerSection = Field(default_factory=LedgerSection)
    close: CloseSection = Field(default_factory=CloseSection)
