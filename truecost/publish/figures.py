"""What the published file says of one quarter, as one typed value: page, workbook, CSV and JSON are written from it.

No store is read here, and no figure computed: each stands in a ``finance`` view, and None is one that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


def told_by(name: str | None) -> dict[str, str | None]:
    """For a field that the JSON holds only where the field ``name`` says something; None: the JSON never holds it."""
    return {"told_by": name}


# The steps of ``finance.bridge`` from the bills to the true cost: how each is called, and what it adds.
BRIDGE = {
    "billed": ("Billed", "bills that are the model's own"),
    "effective": (
        "Effective",
        "bills spread over the service they pay for, recoverable tax left out, usage and staff time priced",
    ),
    "accrual": ("Accrual", "usage whose bill has not come"),
    "fx": ("FX", "costs in other currencies, converted"),
    "allocation": ("Allocation", "shares of bills that several models use"),
    "idle": ("Idle", "paid capacity that nobody used"),
    "adjustment": ("Adjustment", "what came or changed after its quarter was closed"),
    "true": ("True cost", "their sum"),
}


# ---- Costs -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StageCost:
    """Cost of a stage in the quarter and to date, with its share of the model's true cost."""

    stage: str
    cost: Decimal | None
    cost_to_date: Decimal | None
    share: Decimal | None = None
    share_to_date: Decimal | None = None


@dataclass(frozen=True)
class KindCost:
    cost_kind: str
    cost: Decimal
    cost_to_date: Decimal


@dataclass(frozen=True)
class PastQuarter:
    """A quarter of a model's history; ``stages`` holds those that had a cost in it."""

    quarter: str
    true_cost: Decimal
    training_only_cost: Decimal
    billed_cost: Decimal
    multiplier: Decimal | None
    multiplier_reason: str | None
    stages: Mapping[str, Decimal]


@dataclass(frozen=True)
class Run:
    run_id: str
    parent_run_id: str | None
    round: int | None
    outcome: str | None
    gpu_hours: Decimal
    cost: Decimal | None
    activity: str | None
    is_lower_bound: bool


# ---- Plan and forecast -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlannedStage:
    """A stage of the quarter, or its total, as planned and as it came."""

    stage: str
    planned_mean: Decimal
    planned_p10: Decimal
    planned_p50: Decimal
    planned_p90: Decimal
    actual: Decimal | None
    variance: Decimal | None
    variance_pct: Decimal | None


@dataclass(frozen=True)
class PlannedMonth:
    """A month of the plan, all stages; ``actual`` is None where it lies ahead."""

    month: date
    planned_mean: Decimal
    planned_p10: Decimal
    planned_p50: Decimal
    planned_p90: Decimal
    actual: Decimal | None


@dataclass(frozen=True)
class WholePlan:
    planned_mean: Decimal
    planned_p10: Decimal
    planned_p50: Decimal
    planned_p90: Decimal
    actual: Decimal | None


@dataclass(frozen=True)
class Plan:
    """The quarter by stage with its total, the months, and the whole plan."""

    stages: Sequence[PlannedStage]
    total: PlannedStage | None
    is_complete: bool
    months: Sequence[PlannedMonth]
    whole: WholePlan | None


@dataclass(frozen=True)
class PlanToDate:
    """Plan and actual over the same whole months of the plan; of a model, or of all with a plan."""

    first_month: date
    last_month: date
    planned_to_date: Decimal
    actual_to_date: Decimal
    variance: Decimal
    variance_pct: Decimal | None
    pace_months: int
    pace: Decimal | None
    is_lower_bound: bool
    completeness: str


@dataclass(frozen=True)
class Payback:
    """What prompting would have cost on the same requests so far, beside what the model did."""

    month: date
    prompting_cost_to_date: Decimal
    true_cost_to_date: Decimal
    gap: Decimal
    is_paid_back: bool
    monthly_saving: Decimal | None
    even_in: date | None
    reason: str | None
    unpriced_requests: int
    is_lower_bound: bool


@dataclass(frozen=True)
class Milestone:
    """Work of a plan that is worth its value once it is reached."""

    milestone: str
    stage: str | None
    planned_on: date
    value: Decimal
    condition: str
    came: float | None
    reached_on: date | None
    evidence: str | None
    state: str


@dataclass(frozen=True)
class EarnedValue:
    """What the milestones of a plan, or of all with any, say of its last month that has ended; by PMI's names."""

    month: date
    budget_at_completion: Decimal
    planned_value: Decimal
    earned_value: Decimal
    actual_cost: Decimal
    cost_variance: Decimal
    schedule_variance: Decimal
    cost_performance_index: Decimal | None
    schedule_performance_index: Decimal | None
    estimate_at_completion: Decimal | None
    to_complete_performance_index: Decimal | None
    complete_pct: Decimal | None
    is_reliable: bool
    reason: str | None
    milestones: int
    milestones_reached: int
    is_lower_bound: bool
    completeness: str
    listed: Sequence[Milestone] = field(default=(), metadata=told_by("listed"))


@dataclass(frozen=True)
class PastForecasts:
    """How good a model's past forecasts of its cost up to the month ``until`` were; losses are shares of what came."""

    until: date
    forecasts: int
    inside: int
    coverage: float
    bias_pct: float
    loss: float
    last_quarter_loss: float
    linear_loss: float
    cpi_loss: float
    is_lower_bound: bool


@dataclass(frozen=True)
class Lesson:
    """A default of the next plan that the workspace's own record moves."""

    default_name: str
    low: float | None
    likely: float
    high: float | None
    learned_from: str


@dataclass(frozen=True)
class Version:
    """A version of a model that served side by side with another, in the last such days."""

    version: str
    window_start: date
    window_end: date
    requests: int
    request_share: float | None
    tokens_per_request: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    serving_cost: Decimal | None
    cost_per_1k_requests: Decimal | None
    eval_task: str | None
    eval_metric: str | None
    score: float | None
    score_low: float | None
    score_high: float | None
    cost_per_1k_accepted: Decimal | None
    cost_per_1k_accepted_low: Decimal | None
    cost_per_1k_accepted_high: Decimal | None
    is_best_value: bool | None
    probability_best: float | None
    reason: str | None
    is_lower_bound: bool
    completeness: str


@dataclass(frozen=True)
class Budget:
    """One of ``[[budgets]]`` in its running period; ``model_id`` and ``stage`` None: of all of them."""

    name: str
    model_id: str | None
    stage: str | None
    period_start: date
    period_end: date
    amount: Decimal
    spent: Decimal
    spent_pct: Decimal | None
    burn_28: float | None
    burn_7: float | None
    probability_over_budget: float | None
    state: str
    reason: str | None
    is_lower_bound: bool


@dataclass(frozen=True)
class Waited:
    """A source whose records have not come yet, and what is expected of it up to the day of the forecast."""

    source: str
    heard_until: date
    amount: Decimal


@dataclass(frozen=True)
class Scenario:
    """Where the plan will end as things stand, or with what its last decision would add."""

    scenario: str
    cost: Decimal
    estimate_at_completion_p10: Decimal
    estimate_at_completion_p50: Decimal
    estimate_at_completion_p90: Decimal
    probability_over_budget: float
    over_pct: Decimal | None
    verdict: str | None


@dataclass(frozen=True)
class Ahead:
    """How the forecast comes about, and what would change it."""

    known_ahead: Decimal
    nowcast: Decimal
    to_come: Decimal
    over_budget_since: date | None
    crosses_budget_in: date | None
    whole_months: int
    is_lower_bound: bool
    waited_for: Sequence[Waited]
    scenarios: Sequence[Scenario]

    @property
    def retrain(self) -> Scenario | None:
        return next((one for one in self.scenarios if one.scenario == "retrain"), None)


@dataclass(frozen=True)
class Forecast:
    as_of: date
    budget: Decimal
    actual_to_date: Decimal
    estimate_at_completion_p10: Decimal
    estimate_at_completion_p50: Decimal
    estimate_at_completion_p90: Decimal
    probability_over_budget: float | None
    baseline: int | None = field(default=None, metadata=told_by("baseline"))
    frozen_at: datetime | None = field(default=None, metadata=told_by("baseline"))


# ---- Production and quality ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Feature:
    feature: str
    method: str
    value: float | None
    threshold: float | None
    drifted: bool


@dataclass(frozen=True)
class Drift:
    """The newest window of a model's requests, held against its reference; features furthest first."""

    window_start: datetime
    window_end: datetime
    reference_start: datetime
    reference_end: datetime
    verdict: str
    reference_rows: int | None
    current_rows: int | None
    report: str | None
    method: str | None = field(metadata=told_by("method"))
    value: float | None = field(metadata=told_by("method"))
    threshold: float | None = field(metadata=told_by("method"))
    drifted: bool | None = field(metadata=told_by("method"))
    features: Sequence[Feature]


@dataclass(frozen=True)
class EvalScore:
    """The newest score of a task and metric, beside the deployed baseline where there is one."""

    task: str
    metric: str
    higher_is_better: bool | None
    baseline_version: str | None
    baseline_at: datetime | None
    baseline_score: float | None
    model_version: str
    evaluated_at: datetime
    score: float | None
    stderr: float | None
    n: int | None
    drop: float | None
    threshold: float | None
    drifted: bool | None
    verdict: str | None


@dataclass(frozen=True)
class Alert:
    """An alert as it stood when the report's time ended."""

    id: int
    rule: str
    model_id: str | None  # None: of the workspace as a whole
    state: str
    raised_at: datetime
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    message: str
    is_open: bool


@dataclass(frozen=True)
class Decision:
    model_id: str
    decided_at: datetime
    verdict: str
    currency: str
    staleness_cost: Decimal | None
    retrain_cost: Decimal | None
    reasons: Sequence[str]


# ---- The report ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelFigures:
    """One model's section."""

    model_id: str
    true_cost: Decimal
    training_only_cost: Decimal
    billed_cost: Decimal
    multiplier: Decimal | None
    multiplier_reason: str | None
    true_cost_to_date: Decimal
    training_only_cost_to_date: Decimal
    multiplier_to_date: Decimal | None
    multiplier_to_date_reason: str | None
    training_share: Decimal | None
    horizon_months: int | None
    horizon_end: date | None
    is_horizon_reached: bool | None
    multiplier_at_horizon: Decimal | None
    multiplier_at_horizon_reason: str | None
    training_share_at_horizon: Decimal | None
    billed_cost_to_date: Decimal
    training_share_to_date: Decimal | None
    failed_share: Decimal | None
    people_and_compute_share: Decimal | None
    completeness: str
    is_lower_bound: bool
    unconverted_count: int
    stages: Sequence[StageCost]
    kinds: Sequence[KindCost]
    history: Sequence[PastQuarter]
    runs: Sequence[Run]
    plan: Plan | None = field(default=None, metadata=told_by("plan"))
    forecast: Forecast | None = field(default=None, metadata=told_by("forecast"))
    drift: Drift | None = field(default=None, metadata=told_by("drift"))
    evals: Sequence[EvalScore] = field(default=(), metadata=told_by("evals"))
    plan_to_date: PlanToDate | None = field(default=None, metadata=told_by("plan_to_date"))
    ahead: Ahead | None = field(default=None, metadata=told_by("ahead"))
    payback: Payback | None = field(default=None, metadata=told_by("payback"))
    earned_value: EarnedValue | None = field(default=None, metadata=told_by("earned_value"))
    versions: Sequence[Version] = field(default=(), metadata=told_by("versions"))
    past_forecasts: PastForecasts | None = field(default=None, metadata=told_by("past_forecasts"))

    @property
    def is_incomplete(self) -> bool:
        """Whether its costs are lower bounds."""
        return self.is_lower_bound or bool(self.unconverted_count)


@dataclass(frozen=True)
class Totals:
    """All models and what no rule claims together."""

    true_cost: Decimal
    training_only_cost: Decimal
    billed_cost: Decimal
    multiplier: Decimal | None
    multiplier_reason: str | None
    true_cost_to_date: Decimal
    training_only_cost_to_date: Decimal
    billed_cost_to_date: Decimal
    multiplier_to_date: Decimal | None
    multiplier_to_date_reason: str | None
    unallocated_cost: Decimal
    unallocated_billed_cost: Decimal
    unallocated_share: Decimal | None
    unallocated_cost_to_date: Decimal
    completeness: str
    is_lower_bound: bool
    allocated_share: Decimal | None = field(metadata=told_by(None))
    unallocated_billed_cost_to_date: Decimal = field(metadata=told_by(None))


@dataclass(frozen=True)
class Unclaimed:
    """Charges of a source and service that no rule claims."""

    source: str
    service_name: str | None
    charge_count: int
    cost: Decimal | None


@dataclass(frozen=True)
class Missing:
    """What is missing and what to do; ``kind`` as ``finance.gaps`` has it."""

    what: str
    remedy: str | None
    kind: str = field(default="", metadata=told_by(None))
    source: str = field(default="", metadata=told_by(None))


@dataclass(frozen=True)
class Adjustment:
    from_quarter: str
    model_id: str | None
    stage: str
    reason: str
    currency: str
    amount: Decimal | None
    row_count: int


@dataclass(frozen=True)
class QuarantinedRow:
    file: str
    line: int | None
    rule: str | None
    column_name: str | None
    value: str | None
    remedy: str | None


@dataclass(frozen=True)
class Deliveries:
    files: int
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_duplicate: int
    rows_held: int
    rows_skipped: int


@dataclass(frozen=True)
class Redelivered:
    """What a delivery says otherwise of a service than the one whose place it took; billed amounts in ``currency``."""

    file: str
    source: str
    received_at: datetime
    against_file: str
    period: str
    service: str | None
    currency: str | None
    what: str
    rows_before: int
    rows_now: int
    billed_before: Decimal
    billed_now: Decimal
    difference: Decimal


@dataclass(frozen=True)
class Compared:
    """A published yardstick, and what the models here have beside it, in words."""

    id: str
    text: str
    figure: str
    ours: str


@dataclass(frozen=True)
class Accepted:
    """A check that spoke against a close and was accepted: what it had found, and why it was let through."""

    check: str
    found: Sequence[str]
    reason: str | None


@dataclass(frozen=True)
class SignedClose:
    """A close of the quarter: who approved it and what with, and who took it back and why."""

    version: int
    closed_at: datetime
    approver: str
    accepted: Sequence[Accepted]
    content_hash: str
    reopened_at: datetime | None
    reopened_by: str | None
    reopened_because: str | None


@dataclass(frozen=True)
class QuarterReport:
    """All that the report of a quarter says; amounts are in ``currency``."""

    workspace: str
    quarter: str
    quarter_start: date
    quarter_end: date
    status: str
    version: int
    currency: str
    as_of: date
    truecost_version: str
    total: Totals
    models: Sequence[ModelFigures]
    alerts: Sequence[Alert] = field(metadata=told_by("alerts"))
    decisions: Sequence[Decision] = field(metadata=told_by("decisions"))
    unallocated: Sequence[Unclaimed]
    missing: Sequence[Missing]
    adjustments: Sequence[Adjustment]
    quarantine: Sequence[QuarantinedRow]
    quarantine_total: int
    deliveries: Deliveries
    yardsticks: Sequence[Compared]
    closes: Sequence[SignedClose] = field(default=(), metadata=told_by("closes"))
    plans_to_date: PlanToDate | None = field(default=None, metadata=told_by("plans_to_date"))
    budgets: Sequence[Budget] = field(default=(), metadata=told_by("budgets"))
    earned_value: EarnedValue | None = field(default=None, metadata=told_by("earned_value"))
    redeliveries: Sequence[Redelivered] = field(default=(), metadata=told_by("redeliveries"))
    lessons: Sequence[Lesson] = field(default=(), metadata=told_by("lessons"))

    @property
    def is_at_least(self) -> bool:
        """Whether the totals are lower bounds."""
        return self.total.is_lower_bound or any(model.is_incomplete for model in self.models)

    @property
    def is_unsettled(self) -> bool:
        """Whether something is missing, or may still change, that makes no total a lower bound."""
        return not self.is_at_least and bool(self.missing or self.total.completeness != "complete")
