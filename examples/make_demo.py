"""Write the demo workspace: a year of spend records of an invented company.

Larkfell Outfitters, a retailer of outdoor gear, fine-tunes two models. `support-bot` answers customers: its
data from October 2025, failed experiments, live in January 2026, then drift and a retraining in June.
`invoice-reader` reads suppliers' invoices: begun in January 2026, live in April, its next run undecided.

The records are plain exports as a finance team gets them: a cloud bill, a cluster's job log, agency invoices,
staff cost. Nothing here is real, and the same seed gives the same bytes.

    python examples/make_demo.py [DIR]
"""

import argparse
import csv
import io
import json
import random
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

SEED = "larkfell-2026"
FIRST_MONTH = date(2025, 10, 1)
MONTH_COUNT = 12
LAST_DAY = date(2026, 9, 30)


# ----------------------------------------------------------------------------------------------------------
# Time, money and text
# ----------------------------------------------------------------------------------------------------------


class Window(NamedTuple):
    """A stretch of time in UTC, its end exclusive."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> Decimal:
        return Decimal(int((self.end - self.start).total_seconds())) / 3600


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def months() -> list[date]:
    """The first day of each month of the demo."""
    found = [FIRST_MONTH]
    while len(found) < MONTH_COUNT:
        found.append(next_month(found[-1]))
    return found


def last_of(month: date) -> date:
    return next_month(month) - timedelta(days=1)


def month_window(month: date) -> Window:
    return Window(midnight(month), midnight(next_month(month)))


def cut(window: Window, cuts: Iterable[datetime]) -> Iterator[Window]:
    """The window in pieces, cut wherever a cut falls inside it."""
    start = window.start
    for moment in cuts:
        if start < moment < window.end:
            yield Window(start, moment)
            start = moment
    if start < window.end:
        yield Window(start, window.end)


def weeks(month: date) -> list[datetime]:
    """The 1st, 8th, 15th, 22nd and 29th: a bill's weekly lines never reach into the next month."""
    return [midnight(month + timedelta(days=7 * week)) for week in range(5)]


def overlap(window: Window, first: date, last: date) -> Window | None:
    """The part of the window from the first to the last day, both included."""
    start = max(window.start, midnight(first))
    end = min(window.end, midnight(last + timedelta(days=1)))
    return Window(start, end) if start < end else None


def iso_utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def quantity(amount: Decimal, unit: str) -> Decimal:
    return amount.quantize(Decimal(1 if unit == "Requests" else "0.0001"), ROUND_HALF_EVEN)


def plain(number: Decimal) -> str:
    """Without exponent and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def dice(*key: object) -> random.Random:
    """A generator of its own for each key, so a change in one place leaves every other number as it was."""
    return random.Random("/".join([SEED, *map(str, key)]))


def jitter(amount: Decimal, percent: int, *key: object) -> Decimal:
    """The amount moved by up to so many percent, either way."""
    basis_points = dice(*key).randint(-100 * percent, 100 * percent)
    return amount * (10_000 + basis_points) / 10_000


def words(text: str) -> list[str]:
    return text.split()


def table(text: str) -> list[list[str]]:
    """The words of each line of a table; `#` opens a comment."""
    lines = (line.split("#")[0] for line in text.splitlines())
    return [line.split() for line in lines if line.strip()]


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


# ----------------------------------------------------------------------------------------------------------
# The cloud bill: FOCUS 1.0, one file a month
# ----------------------------------------------------------------------------------------------------------

FOCUS_COLUMNS = words("""
    AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
    BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd
    ChargePeriodStart CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName
    CommitmentDiscountStatus CommitmentDiscountType ConsumedQuantity ConsumedUnit ContractedCost
    ContractedUnitPrice EffectiveCost InvoiceIssuerName ListCost ListUnitPrice PricingCategory
    PricingQuantity PricingUnit ProviderName PublisherName RegionId RegionName ResourceId ResourceName
    ResourceType ServiceCategory ServiceName SkuId SkuPriceId SubAccountId SubAccountName Tags
""")

FocusRow = dict[str, str]


class Account(NamedTuple):
    """A sub-account of the cloud bill; its team is the value of the `team` tag."""

    id: str
    name: str
    team: str


class Service(NamedTuple):
    """A service of the provider, and how its resources are named in full."""

    name: str
    category: str
    arn: str
    zone: str = ""


class Sku(NamedTuple):
    """Something with a list price."""

    service: Service
    resource_type: str
    unit: str
    price: Decimal
    description: str


@dataclass(frozen=True)
class Meter:
    """Usage that runs on at an even pace; without an environment it carries no tags."""

    account: Account
    sku: Sku
    resource: str
    env: str
    per_day: Decimal
    first: date
    last: date
    is_weekly: bool


@dataclass(frozen=True)
class Endpoint:
    """A model in production; instances are the mean number running, by month."""

    account: Account
    sku: Sku
    resource: str
    live_from: date
    instances: Mapping[date, Decimal]


BILLING_ACCOUNT = ("402217835519", "Larkfell Outfitters")
SUPPORT = Account("402217835603", "larkfell-support-ai", "support")
FINANCE = Account("402217835740", "larkfell-finance-ai", "finance")
SANDBOX = Account("402217835888", "larkfell-sandbox", "")
ACCOUNTS = {"support": SUPPORT, "finance": FINANCE, "sandbox": SANDBOX}


def service(name: str, category: str, path: str, zone: str = "") -> Service:
    return Service(name, category, f"arn:aws:{path}", zone)


ZONE = "us-west-2a"
S3 = service("Amazon Simple Storage Service", "Storage", "s3:::{name}")
KMS = service("AWS Key Management Service", "Security", "kms:us-west-2:{account}:key/{name}")
GLUE = service("AWS Glue", "Analytics", "glue:us-west-2:{account}:job/{name}")
BEDROCK = service("Amazon Bedrock", "AI and Machine Learning", "bedrock:us-west-2:{account}:{kind}/{name}")
SAGEMAKER = service("Amazon SageMaker", "AI and Machine Learning", "sagemaker:us-west-2:{account}:{kind}/{name}", ZONE)
CLOUDWATCH = service("AmazonCloudWatch", "Management and Governance", "logs:us-west-2:{account}:{kind}:{name}")
BALANCER = service("Elastic Load Balancing", "Networking", "elasticloadbalancing:us-west-2:{account}:{kind}/app/{name}")
EC2 = service("Amazon Elastic Compute Cloud", "Compute", "ec2:us-west-2:{account}:{kind}/{name}", ZONE)
VPC = service("Amazon Virtual Private Cloud", "Networking", "ec2:us-west-2:{account}:{kind}/{name}", ZONE)


def sku(service: Service, resource_type: str, unit: str, price: str, description: str) -> Sku:
    return Sku(service, resource_type, unit, Decimal(price), f"${description}")


def instance_hour(resource_type: str, price: str, kind: str, instance: str) -> Sku:
    """An hour of a SageMaker instance, used as `Host`, `Training`, `Processing` or `Notebook`."""
    description = f"{price} per {kind} {instance} hour in US West (Oregon)"
    return sku(SAGEMAKER, resource_type, "Hours", price, description)


SKUS = {
    "stored": sku(S3, "bucket", "GB-Months", "0.023", "0.023 per GB - first 50 TB / month of storage used"),
    "requests": sku(S3, "bucket", "Requests", "0.000005", "0.005 per 1,000 PUT, COPY, POST or LIST requests"),
    "keys": sku(KMS, "key", "Requests", "0.000003", "0.03 per 10,000 KMS requests"),
    "etl": sku(GLUE, "job", "DPU-Hours", "0.44", "0.44 per Data Processing Unit-Hour for AWS Glue ETL job"),
    "tokens": sku(
        BEDROCK, "application-inference-profile", "1K tokens", "0.0125",
        "0.0125 per 1K output tokens for Nova Premier in US West (Oregon)",
    ),
    "logs": sku(CLOUDWATCH, "log-group", "GB", "0.5", "0.50 per GB log data ingested in US West (Oregon)"),
    "balancer": sku(
        BALANCER, "loadbalancer", "LCU-Hours", "0.008",
        "0.008 per used Application load balancer capacity unit-hour",
    ),
    "data-out": sku(EC2, "", "GB", "0.09", "0.090 per GB - first 10 TB / month data transfer out"),
    "volume": sku(EC2, "volume", "GB-Months", "0.08", "0.08 per GB-month of gp3 provisioned storage"),
    "nat-hours": sku(VPC, "natgateway", "Hours", "0.045", "0.045 per NAT Gateway Hour"),
    "nat-data": sku(VPC, "natgateway", "GB", "0.045", "0.045 per GB Data Processed by NAT Gateways"),
    "host-large": instance_hour("endpoint", "1.515", "Host", "ml.g5.2xlarge"),
    "host-small": instance_hour("endpoint", "1.408", "Host", "ml.g5.xlarge"),
    "processing": instance_hour("processing-job", "1.515", "Processing", "ml.g5.2xlarge"),
    "notebook": instance_hour("notebook-instance", "1.408", "Notebook", "ml.g5.xlarge"),
    "training": instance_hour("training-job", "25.251288", "Training", "ml.p4d.24xlarge"),
}  # fmt: skip

# account sku resource env, quantity a day, first and last day, how often the bill has a line; `-` is none
METERS_TABLE = """
# support-bot: its data, then experiments, then what stands around the endpoint
support  stored      larkfell-support-transcripts  data      168  2025-10-01  2025-12-31  weekly
support  stored      larkfell-support-transcripts  data      195  2026-01-01  2026-09-30  monthly
support  requests    larkfell-support-transcripts  data    41000  2025-10-01  2026-09-30  monthly
support  stored      larkfell-support-checkpoints  train     390  2025-11-05  2026-09-30  monthly
support  keys        8c1d6f0a-support-data         data   118000  2025-10-01  2026-09-30  monthly
support  etl         support-transcript-clean      data       24  2025-10-01  2025-12-14  weekly
support  etl         support-transcript-clean      data        2  2025-12-15  2026-04-19  monthly
support  etl         support-transcript-clean      data       19  2026-04-20  2026-05-31  weekly
support  etl         support-transcript-clean      data        2  2026-06-01  2026-09-30  monthly
support  tokens      support-synthesis             data      980  2025-10-13  2025-12-07  weekly
support  tokens      support-synthesis             data      860  2026-04-27  2026-05-24  weekly
support  tokens      support-judge                 eval      310  2025-10-06  2026-01-07  weekly
support  tokens      support-judge                 eval      170  2026-01-08  2026-04-30  monthly
support  tokens      support-judge                 eval      360  2026-05-01  2026-06-14  weekly
support  tokens      support-judge                 eval      170  2026-06-15  2026-09-30  monthly
support  processing  support-eval-suite            eval      3.2  2025-11-01  2026-01-07  weekly
support  processing  support-eval-suite            eval      1.8  2026-01-08  2026-09-30  monthly
support  host-large  support-bot-shadow            prod       24  2026-01-04  2026-01-08  weekly
support  host-large  support-bot-shadow            prod       24  2026-06-05  2026-06-11  weekly
support  logs        /endpoints/support-bot-prod   prod      7.4  2026-01-09  2026-09-30  monthly
support  balancer    support-bot-prod              prod      205  2026-01-09  2026-09-30  weekly
support  data-out    -                             prod       16  2026-01-09  2026-09-30  monthly

# invoice-reader: the same a quarter later, and smaller
finance  stored      larkfell-invoice-scans        data       92  2026-01-01  2026-09-30  monthly
finance  requests    larkfell-invoice-scans        data    23000  2026-01-01  2026-09-30  monthly
finance  stored      larkfell-invoice-checkpoints  train     210  2026-02-10  2026-09-30  monthly
finance  etl         invoice-page-split            data       16  2026-01-12  2026-03-08  weekly
finance  etl         invoice-page-split            data        2  2026-03-09  2026-09-30  monthly
finance  tokens      invoice-synthesis             data      540  2026-02-02  2026-02-28  weekly
finance  tokens      invoice-judge                 eval      140  2026-01-19  2026-04-08  weekly
finance  tokens      invoice-judge                 eval       75  2026-04-09  2026-09-30  monthly
finance  processing  invoice-eval-suite            eval      1.6  2026-02-16  2026-09-30  monthly
finance  host-small  invoice-reader-shadow         prod       24  2026-04-03  2026-04-09  weekly
finance  logs        /endpoints/invoice-reader     prod      2.9  2026-04-10  2026-09-30  monthly
finance  balancer    invoice-reader-prod           prod       64  2026-04-10  2026-09-30  monthly

# the sandbox: nobody tags it and no rule claims it, so it stays unallocated
sandbox  notebook    scratch-notebook-2            -         8.6  2025-10-01  2026-09-30  weekly
sandbox  nat-hours   nat-0a41f7be                  -          24  2025-10-01  2026-09-30  weekly
sandbox  nat-data    nat-0a41f7be                  -          31  2025-10-01  2026-09-30  weekly
sandbox  volume      vol-03d2c9a7                  -          29  2025-10-01  2026-09-30  monthly
sandbox  logs        /notebooks                    -         0.8  2025-10-01  2026-09-30  monthly
"""


def meters() -> list[Meter]:
    return [
        Meter(
            ACCOUNTS[account],
            SKUS[key],
            resource.removeprefix("-"),
            env.removeprefix("-"),
            Decimal(per_day),
            date.fromisoformat(first),
            date.fromisoformat(last),
            cadence == "weekly",
        )
        for account, key, resource, env, per_day, first, last, cadence in table(METERS_TABLE)
    ]


def by_month(first: date, means: str) -> dict[date, Decimal]:
    """Consecutive months from the first, each with its number."""
    following = [month for month in months() if month >= first]
    return dict(zip(following, map(Decimal, means.split()), strict=True))


ENDPOINTS = (
    Endpoint(
        SUPPORT,
        SKUS["host-large"],
        "support-bot-prod",
        date(2026, 1, 9),
        by_month(date(2026, 1, 1), "2.4 2.5 2.6 2.8 3.0 3.1 3.5 3.4 3.1"),
    ),
    Endpoint(
        FINANCE,
        SKUS["host-small"],
        "invoice-reader-prod",
        date(2026, 4, 10),
        by_month(date(2026, 4, 1), "1.2 1.3 1.3 1.4 1.4 1.6"),
    ),
)


@dataclass(frozen=True)
class SavingsPlan:
    """A year of two endpoint instances, paid on the first day; an hour that nobody uses costs the same."""

    account: Account = SUPPORT
    id: str = f"arn:aws:savingsplans::{SUPPORT.id}:savingsplan/5e2f7c14-90ab-4c3d-8a51-7b6e0d94f213"
    name: str = "support-bot hosting, 1 year, all upfront"
    starts: date = date(2026, 4, 1)
    resource: str = "support-bot-prod"
    instances: int = 2
    hourly_rate: Decimal = Decimal("0.9848")
    term_hours: int = 365 * 24
    # one instance was down while the June model was swapped in
    unused_hours_of_week: date = date(2026, 6, 8)
    unused_hours: int = 30


PLAN = SavingsPlan()

TRAINING_JOB = "invoice-domain-adapt-0210"
TRAINING_INSTANCES = 2
TRAINING_WINDOW = Window(datetime(2026, 2, 10, 8, tzinfo=UTC), datetime(2026, 2, 14, 9, tzinfo=UTC))

CREDIT_HOUR = datetime(2026, 2, 17, 15, tzinfo=UTC)
CREDIT = Decimal("-640")


def focus_row(account: Account, window: Window, **columns: str) -> FocusRow:
    """A line of the bill with what every line has; columns not named stay empty."""
    month = window.start.date().replace(day=1)
    known = {
        "BillingAccountId": BILLING_ACCOUNT[0],
        "BillingAccountName": BILLING_ACCOUNT[1],
        "BillingCurrency": "USD",
        "BillingPeriodStart": iso_utc(midnight(month)),
        "BillingPeriodEnd": iso_utc(midnight(next_month(month))),
        "ChargePeriodStart": iso_utc(window.start),
        "ChargePeriodEnd": iso_utc(window.end),
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "ProviderName": "AWS",
        "PublisherName": "Amazon Web Services, Inc.",
        "RegionId": "us-west-2",
        "RegionName": "US West (Oregon)",
        "SubAccountId": account.id,
        "SubAccountName": account.name,
    }
    return dict.fromkeys(FOCUS_COLUMNS, "") | known | columns


def costs(billed: Decimal, effective: Decimal, contracted: Decimal, listed: Decimal) -> dict[str, str]:
    """The four cost columns, with the ten decimals that the export prints."""
    return {
        "BilledCost": f"{billed:.10f}",
        "EffectiveCost": f"{effective:.10f}",
        "ContractedCost": f"{contracted:.10f}",
        "ListCost": f"{listed:.10f}",
    }


def sku_columns(sku: Sku) -> dict[str, str]:
    code = sha256(sku.description.encode()).hexdigest()[:16].upper()
    return {
        "AvailabilityZone": sku.service.zone,
        "ServiceCategory": sku.service.category,
        "ServiceName": sku.service.name,
        "SkuId": code,
        "SkuPriceId": f"{code}.JRTCKXETXF.6YS6EN2CT7",
        "ListUnitPrice": plain(sku.price),
        "ContractedUnitPrice": plain(sku.price),
    }


def resource_columns(account: Account, sku: Sku, resource: str, env: str) -> dict[str, str]:
    arn = sku.service.arn.format(account=account.id, kind=sku.resource_type, name=resource)
    return {
        "ResourceId": arn if resource else "",
        "ResourceName": resource,
        "ResourceType": sku.resource_type,
        "Tags": json.dumps({"team": account.team, "env": env}) if env else "",
    }


def commitment_columns(status: str) -> dict[str, str]:
    return {
        "CommitmentDiscountCategory": "Spend",
        "CommitmentDiscountId": PLAN.id,
        "CommitmentDiscountName": PLAN.name,
        "CommitmentDiscountStatus": status,
        "CommitmentDiscountType": "Savings Plan",
    }


def usage_row(
    account: Account,
    sku: Sku,
    resource: str,
    env: str,
    window: Window,
    used: Decimal,
    is_covered: bool = False,
) -> FocusRow:
    """Usage at the list price; what the savings plan covers is not billed and costs the plan's rate."""
    listed = sku.price * used
    billed = Decimal(0) if is_covered else listed
    effective = PLAN.hourly_rate * used if is_covered else listed
    columns = {
        "ChargeCategory": "Usage",
        "ChargeDescription": sku.description,
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": plain(used),
        "ConsumedUnit": sku.unit,
        "PricingCategory": "Committed" if is_covered else "Standard",
        "PricingQuantity": plain(used),
        "PricingUnit": sku.unit,
    }
    commitment = commitment_columns("Used") if is_covered else {}
    columns |= costs(billed, effective, listed, listed) | sku_columns(sku) | commitment
    return focus_row(account, window, **columns, **resource_columns(account, sku, resource, env))


def meter_rows(month: date, meter: Meter) -> Iterator[FocusRow]:
    window = overlap(month_window(month), meter.first, meter.last)
    if window is None:
        return
    for part in cut(window, weeks(month) if meter.is_weekly else ()):
        mean = meter.per_day * part.hours / 24
        used = quantity(jitter(mean, 9, meter.sku.description, meter.resource, part.start), meter.sku.unit)
        yield usage_row(meter.account, meter.sku, meter.resource, meter.env, part, used)


def covered_hours(endpoint: Endpoint, window: Window) -> Decimal:
    """The instance hours of an endpoint that the savings plan pays for."""
    if endpoint.resource != PLAN.resource or window.start < midnight(PLAN.starts):
        return Decimal(0)
    return PLAN.instances * window.hours - unused_hours(window)


def unused_hours(window: Window) -> Decimal:
    """The instance hours that were paid for and not used."""
    return Decimal(PLAN.unused_hours if window.start == midnight(PLAN.unused_hours_of_week) else 0)


def endpoint_rows(month: date, endpoint: Endpoint) -> Iterator[FocusRow]:
    window = overlap(month_window(month), endpoint.live_from, LAST_DAY)
    if window is None:
        return
    for part in cut(window, weeks(month)):
        mean = endpoint.instances[month] * part.hours
        total = quantity(jitter(mean, 6, endpoint.resource, part.start), "Hours")
        covered = covered_hours(endpoint, part)
        for used, is_covered in ((covered, True), (total - covered, False)):
            if used > 0:
                yield usage_row(endpoint.account, endpoint.sku, endpoint.resource, "prod", part, used, is_covered)


def plan_columns(description: str, frequency: str, pricing: str, status: str, hours: Decimal) -> dict[str, str]:
    """What the savings plan's own lines share, purchase and unused hours alike."""
    return commitment_columns(status) | {
        "ChargeDescription": description,
        "ChargeFrequency": frequency,
        "PricingCategory": pricing,
        "PricingQuantity": plain(hours),
        "PricingUnit": "Hours",
        "ResourceId": PLAN.id,
        "ResourceType": "savingsplan",
        "ServiceCategory": SAGEMAKER.category,
        "ServiceName": SAGEMAKER.name,
    }


def savings_plan_rows(month: date) -> Iterator[FocusRow]:
    """The purchase, whole on the bill and spread by no row of its own, and any hour that nothing used."""
    if month == PLAN.starts:
        hours = Decimal(PLAN.instances * PLAN.term_hours)
        fee = hours * PLAN.hourly_rate
        window = Window(midnight(month), midnight(month) + timedelta(hours=1))
        columns = plan_columns("1 year All Upfront SageMaker Savings Plan", "One-Time", "Standard", "", hours)
        columns |= costs(fee, Decimal(0), fee, fee)
        yield focus_row(PLAN.account, window, ChargeCategory="Purchase", **columns)
    for part in cut(month_window(month), weeks(month)):
        hours = unused_hours(part)
        if hours:
            text = "Unused hours of SageMaker Savings Plan"
            columns = plan_columns(text, "Usage-Based", "Committed", "Unused", hours)
            columns |= costs(Decimal(0), hours * PLAN.hourly_rate, Decimal(0), Decimal(0))
            yield focus_row(PLAN.account, part, ChargeCategory="Usage", **columns)


def training_job_rows(month: date) -> Iterator[FocusRow]:
    """invoice-reader's first run, on managed instances: a line a day, tied to the run by time alone."""
    window = overlap(TRAINING_WINDOW, month, last_of(month))
    if window is None:
        return
    days = [window.start + timedelta(days=n) for n in range(1, 6)]
    for part in cut(window, [midnight(day.date()) for day in days]):
        used = quantity(part.hours * TRAINING_INSTANCES, "Hours")
        yield usage_row(FINANCE, SKUS["training"], TRAINING_JOB, "train", part, used)


def credit_rows(month: date) -> Iterator[FocusRow]:
    if month == CREDIT_HOUR.date().replace(day=1):
        columns = {
            "ChargeCategory": "Credit",
            "ChargeDescription": "Service credit for the SageMaker hosting incident of February 9",
            "ChargeFrequency": "One-Time",
            "ServiceCategory": SAGEMAKER.category,
            "ServiceName": SAGEMAKER.name,
        }
        columns |= costs(CREDIT, CREDIT, CREDIT, CREDIT)
        window = Window(CREDIT_HOUR, CREDIT_HOUR + timedelta(hours=1))
        yield focus_row(SUPPORT, window, **columns)


def cloud_bill(month: date) -> str:
    rows = [row for meter in meters() for row in meter_rows(month, meter)]
    rows += [row for endpoint in ENDPOINTS for row in endpoint_rows(month, endpoint)]
    rows += [*savings_plan_rows(month), *training_job_rows(month), *credit_rows(month)]
    order = ("ChargePeriodStart", "SubAccountId", "ServiceName", "ResourceId")
    rows.sort(key=lambda row: [row[column] for column in order])
    return csv_text(FOCUS_COLUMNS, [list(row.values()) for row in rows])


# ----------------------------------------------------------------------------------------------------------
# The cluster: training runs, and the log that Slurm's sacct prints of the jobs that ended in a month
# ----------------------------------------------------------------------------------------------------------

SACCT_COLUMNS = words("""
    JobID JobIDRaw Cluster Partition Account User JobName Submit Start End ElapsedRaw State AllocTRES
""")
CLUSTER = "ridge"
GPUS_PER_NODE = 8
CPUS_PER_GPU = 16
GIGABYTES_PER_GPU = 125
FIRST_JOB_NUMBER = 3758
HOURS_PER_JOB_NUMBER = 2  # other teams' jobs take numbers too

SUPPORT_ACCOUNT = "support-nlp"
FINANCE_ACCOUNT = "ap-automation"


@dataclass(frozen=True)
class Job:
    run_id: str  # empty where the run log knows nothing of the job
    account: str
    user: str
    name: str
    submitted_at: datetime
    started_at: datetime
    elapsed: timedelta
    gpus: int
    gpu_type: str
    state: str
    task: int = 0  # of an array job, from 1

    @property
    def ended_at(self) -> datetime:
        return self.started_at + self.elapsed


@dataclass(frozen=True)
class NumberedJob:
    job: Job
    job_id: str
    raw_id: str


@dataclass(frozen=True)
class Run:
    """An experiment; one without jobs ran elsewhere, in the window given."""

    run_id: str
    parent_run_id: str
    model_id: str
    outcome: str
    decided_at: str
    window: Window | None = None


# The story of the experiments. A crashed run can still be training: sb-06, promoted, resumes what sb-04 left.
RUNS = (
    Run("sb-01", "", "support-bot", "discarded", "2025-11-10T16:20:00Z"),
    Run("sb-02", "", "support-bot", "crashed", "2025-11-16T09:05:00Z"),
    Run("sb-03", "", "support-bot", "discarded", "2025-11-29T11:40:00Z"),
    Run("sb-04", "", "support-bot", "crashed", "2025-12-09T10:15:00Z"),
    Run("sb-05", "sb-04", "support-bot", "discarded", "2025-12-13T14:00:00Z"),
    Run("sb-06", "sb-04", "support-bot", "promoted", "2026-01-08T16:30:00Z"),
    Run("ir-01", "", "invoice-reader", "discarded", "2026-02-17T10:00:00Z", TRAINING_WINDOW),
    Run("ir-02", "", "invoice-reader", "crashed", "2026-02-24T08:45:00Z"),
    Run("ir-03", "", "invoice-reader", "discarded", "2026-03-06T15:10:00Z"),
    Run("ir-04", "ir-01", "invoice-reader", "discarded", "2026-03-17T13:30:00Z"),
    Run("ir-05", "ir-04", "invoice-reader", "discarded", "2026-03-21T09:20:00Z"),
    Run("ir-06", "ir-04", "invoice-reader", "promoted", "2026-04-09T15:00:00Z"),
    Run("sb-07", "sb-06", "support-bot", "crashed", "2026-05-10T12:00:00Z"),
    Run("sb-08", "sb-06", "support-bot", "discarded", "2026-05-20T17:45:00Z"),
    Run("sb-09", "sb-06", "support-bot", "promoted", "2026-06-11T14:30:00Z"),
    Run("ir-07", "ir-06", "invoice-reader", "", ""),
)

# run, account, user, job name, started at, elapsed, GPUs, their type, array task, state; `-` is none
RUN_JOBS_TABLE = """
sb-01 support-nlp   tadeyemi   sft-lora-pilot     2025-11-05T09:12:40  62:14:09  8 a100 - COMPLETED
sb-02 support-nlp   mkeller    sft-full           2025-11-12T10:02:11   9:41:37 32 h100 - OUT_OF_MEMORY
sb-02 support-nlp   mkeller    sft-full           2025-11-13T08:30:05  48:00:21 32 h100 - TIMEOUT
sb-03 support-nlp   tadeyemi   sft-lr-sweep       2025-11-24T09:20:33  66:03:12 16 h100 1 COMPLETED
sb-03 support-nlp   tadeyemi   sft-lr-sweep       2025-11-24T09:20:33  72:00:15 16 h100 2 TIMEOUT
sb-04 support-nlp   mkeller    sft-full-v2        2025-12-03T15:10:52 118:27:44 32 h100 - FAILED
sb-05 support-nlp   mkeller    sft-full-v2-resume 2025-12-11T08:05:19  44:51:10 32 h100 - CANCELLED by 1042
sb-06 support-nlp   mkeller    sft-full-v3-resume 2025-12-28T14:00:08 151:38:02 32 h100 - COMPLETED
ir-02 ap-automation rpatel     doc-lora           2026-02-19T13:25:47  27:33:20  8 a100 - OUT_OF_MEMORY
ir-02 ap-automation rpatel     doc-lora           2026-02-21T07:44:30  48:00:18 16 h100 - TIMEOUT
ir-03 ap-automation rpatel     doc-full           2026-03-02T16:08:14  61:20:41 32 h100 - COMPLETED
ir-04 ap-automation jlindqvist doc-adapted        2026-03-10T09:31:02  94:12:55 32 h100 - COMPLETED
ir-05 ap-automation rpatel     doc-adapted-wide   2026-03-18T18:15:36  41:36:28 32 h100 - CANCELLED by 1077
ir-06 ap-automation jlindqvist doc-adapted-v2     2026-03-29T11:25:43  92:05:17 32 h100 - COMPLETED
sb-07 support-nlp   tadeyemi   sft-refresh        2026-05-07T19:40:21  39:12:06 32 h100 - FAILED
sb-08 support-nlp   tadeyemi   sft-refresh-v2     2026-05-14T10:22:50  88:47:33 32 h100 - COMPLETED
sb-09 support-nlp   mkeller    sft-refresh-v3     2026-05-27T10:00:12 188:15:49 32 h100 - COMPLETED
ir-07 ap-automation jlindqvist doc-new-suppliers  2026-08-24T12:50:28  40:18:22 16 h100 - COMPLETED
ir-07 ap-automation jlindqvist doc-new-suppliers  2026-09-08T09:14:55  52:44:03 16 h100 - COMPLETED

# started by hand and never entered in the run log
-     support-nlp   tadeyemi   explore-dpo        2026-09-15T17:33:09  21:07:42  8 h100 - COMPLETED
"""

MONTHLY_EVALS = (
    (SUPPORT_ACCOUNT, "tadeyemi", "eval-regression", date(2025, 10, 1)),
    (FINANCE_ACCOUNT, "jlindqvist", "eval-field-accuracy", date(2026, 1, 1)),
)
FAILED_EVALS = {"eval-sb-05", "eval-regression-2026-03"}


def run_jobs() -> list[Job]:
    """The jobs of the table; each waited in the queue for up to an hour and a half."""
    jobs = []
    for run, account, user, name, started_at, elapsed, gpus, gpu_type, task, *state in table(RUN_JOBS_TABLE):
        start = datetime.fromisoformat(started_at).replace(tzinfo=UTC)
        hours, minutes, seconds = map(int, elapsed.split(":"))
        jobs.append(
            Job(
                run_id=run.removeprefix("-"),
                account=account,
                user=user,
                name=name,
                submitted_at=start - timedelta(seconds=dice("queue", name, started_at).randint(40, 5400)),
                started_at=start,
                elapsed=timedelta(hours=hours, minutes=minutes, seconds=seconds),
                gpus=int(gpus),
                gpu_type=gpu_type,
                state=" ".join(state),
                task=int(task.replace("-", "0")),
            )
        )
    return jobs


def eval_job(account: str, user: str, name: str, near: datetime) -> Job:
    """A few hours on four older GPUs, some hours after the moment given."""
    rng = dice(account, name)
    start = near + timedelta(hours=3, seconds=rng.randint(0, 6 * 3600))
    submitted_at = start - timedelta(seconds=rng.randint(20, 1800))
    if name in FAILED_EVALS:
        elapsed, state = timedelta(seconds=rng.randint(300, 5400)), "FAILED"
    else:
        elapsed, state = timedelta(seconds=rng.randint(4 * 3600, 11 * 3600)), "COMPLETED"
    return Job("", account, user, name, submitted_at, start, elapsed, 4, "a100", state)


def eval_jobs(of_runs: Iterable[Job]) -> Iterator[Job]:
    """A regression test a month, and one of each run whose last job left a model to test."""
    for account, user, name, first in MONTHLY_EVALS:
        for month in (month for month in months() if month >= first):
            yield eval_job(account, user, f"{name}-{month:%Y-%m}", midnight(month + timedelta(days=19)))
    last_jobs = {job.run_id: job for job in of_runs if job.run_id}
    for run_id, last in last_jobs.items():
        if last.state.startswith(("COMPLETED", "CANCELLED")):
            yield eval_job(last.account, last.user, f"eval-{run_id}", last.ended_at)


def numbered_jobs() -> list[NumberedJob]:
    """All jobs in the order of their numbers. The last task of an array keeps the array's own number."""
    found: list[NumberedJob] = []
    last_number = 0
    jobs = run_jobs()
    ordered = sorted([*jobs, *eval_jobs(jobs)], key=lambda job: (job.submitted_at, job.name, job.task))
    for (submitted_at, _), group in groupby(ordered, key=lambda job: (job.submitted_at, job.name)):
        tasks = list(group)
        hours = int((submitted_at - midnight(FIRST_MONTH)).total_seconds()) // 3600
        number = max(FIRST_JOB_NUMBER + hours // HOURS_PER_JOB_NUMBER, last_number + 1)
        for job in tasks:
            raw = number if job.task in (0, len(tasks)) else number + job.task
            job_id = f"{number}_{job.task}" if job.task else str(number)
            found.append(NumberedJob(job, job_id, str(raw)))
        last_number = number + len(tasks) - 1
    return found


def trackable_resources(job: Job, gpus: int, is_step: bool) -> str:
    """Slurm's AllocTRES; steps carry no billing."""
    cpus = gpus * CPUS_PER_GPU
    parts = [] if is_step else [f"billing={cpus}"]
    parts += [f"cpu={cpus}", f"gres/gpu={gpus}", f"gres/gpu:{job.gpu_type}={gpus}"]
    parts += [f"mem={gpus * GIGABYTES_PER_GPU}G", f"node={-(-gpus // GPUS_PER_NODE)}"]
    return ",".join(parts)


def sacct_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def sacct_lines(numbered: NumberedJob) -> Iterator[str]:
    """The allocation, then its steps, which repeat the time and are no further use of GPUs."""
    job = numbered.job
    start, end = sacct_time(job.started_at), sacct_time(job.ended_at)
    seconds = str(int(job.elapsed.total_seconds()))
    allocation = [numbered.job_id, numbered.raw_id, CLUSTER, job.gpu_type, job.account, job.user, job.name]
    allocation += [sacct_time(job.submitted_at), start, end, seconds, job.state]
    yield "|".join([*allocation, trackable_resources(job, job.gpus, is_step=False)])
    steps = [("batch", min(job.gpus, GPUS_PER_NODE), job.state.split()[0]), ("extern", job.gpus, "COMPLETED")]
    for step, gpus, state in steps:
        ids = [f"{numbered.job_id}.{step}", f"{numbered.raw_id}.{step}"]
        line = [*ids, CLUSTER, "", job.account, "", step, start, start, end, seconds, state]
        yield "|".join([*line, trackable_resources(job, gpus, is_step=True)])


def job_log(jobs: Iterable[NumberedJob], month: date) -> str:
    lines = ["|".join(SACCT_COLUMNS)]
    for numbered in jobs:
        if numbered.job.ended_at.date().replace(day=1) == month:
            lines += sacct_lines(numbered)
    return "\n".join(lines) + "\n"


def run_log(jobs: Sequence[NumberedJob]) -> str:
    """The team's own list of runs; it holds times from 2026 on, and before that only the job ids."""
    header = words("run_id parent_run_id model_id job_id started_at ended_at outcome decided_at")
    rows = []
    for run in RUNS:
        own = [numbered for numbered in jobs if numbered.job.run_id == run.run_id]
        window = run.window or Window(own[0].job.started_at, own[-1].job.ended_at)
        times = [iso_utc(window.start), iso_utc(window.end)] if window.start.year >= 2026 else ["", ""]
        job_ids = ";".join(numbered.job_id for numbered in own)
        rows.append([run.run_id, run.parent_run_id, run.model_id, job_ids, *times, run.outcome, run.decided_at])
    return csv_text(header, rows)


def rate_card() -> str:
    """What an hour of a GPU of the cluster costs; a new contract made it cheaper in May."""
    header = words("gpu_type price_per_gpu_hour currency valid_from valid_to")
    rows = [
        ("h100", "3.20", "USD", "2025-10-01", "2026-04-30"),
        ("h100", "2.85", "USD", "2026-05-01", ""),
        ("a100", "1.85", "USD", "2025-10-01", "2026-04-30"),
        ("a100", "1.70", "USD", "2026-05-01", ""),
    ]
    return csv_text(header, rows)


# ----------------------------------------------------------------------------------------------------------
# The annotation agencies' invoices
# ----------------------------------------------------------------------------------------------------------

INVOICE_COLUMNS = words("""
    invoice_number issuer issue_date currency amount tax description service_start service_end project
""")
BRIGHT = "Bright Labels Inc."
TESSERA = "Tessera Data Services LLC"
AGENCIES = {"BL": (BRIGHT, "bright-labels"), "CN": (BRIGHT, "bright-labels"), "TDS": (TESSERA, "tessera")}

# number, issued on, first and last day, project, hours, price an hour, tax (`-` is blank), what was done
INVOICE_LINES_TABLE = """
BL-2025-101 2025-10-31 2025-10-06 2025-10-31 support-bot     92.5  64  0.00  Conversation labels, tier 2
BL-2025-101 2025-10-31 2025-10-06 2025-10-31 support-bot        8  95 53.20  Guideline workshop
BL-2025-112 2025-11-28 2025-11-03 2025-11-28 support-bot    70.25  64  0.00  Conversation labels, tier 2
BL-2025-112 2025-11-28 2025-11-03 2025-11-28 support-bot     12.5  95     -  Adjudication
BL-2025-127 2025-12-19 2025-12-01 2025-12-19 support-bot       34  64  0.00  Conversation labels, tier 2
BL-2025-127 2025-12-19 2025-12-01 2025-12-19 support-bot       21  72  0.00  Blind preference ratings
CN-2025-019 2025-12-19 2025-11-03 2025-11-14 support-bot      -12  64  0.00  Credit note, rejected batch 14
TDS-0412    2026-01-30 2026-01-12 2026-01-30 invoice-reader    38  88     -  Invoice field labelling
TDS-0412    2026-01-30 2026-01-12 2026-01-30 invoice-reader     6 110     -  Guideline workshop
TDS-0431    2026-02-27 2026-02-02 2026-02-27 invoice-reader  44.5  88     -  Invoice field labelling
BL-2026-031 2026-03-31 2026-02-02 2026-03-31 support-bot       12  72  0.00  Live transcript audit
TDS-0467    2026-04-20 2026-03-16 2026-04-10 invoice-reader    36  88     -  Invoice field labelling
TDS-0468    2026-04-20 2026-04-01 2026-04-08 invoice-reader    13  88     -  Blind field audit
BL-2026-053 2026-05-29 2026-05-04 2026-05-29 support-bot       58  66  0.00  Conversation labels, new topics
BL-2026-053 2026-05-29 2026-05-04 2026-05-29 support-bot        9  98  0.00  Adjudication
BL-2026-066 2026-06-26 2026-06-01 2026-06-26 support-bot       14  66  0.00  Conversation labels, new topics
BL-2026-066 2026-06-26 2026-06-01 2026-06-26 support-bot       16  74  0.00  Blind preference ratings
BL-2026-074 2026-07-31 2026-07-01 2026-07-31 support-bot      6.5  74  0.00  Live transcript audit
BL-2026-074 2026-07-31 2026-07-01 2026-07-31 support-bot        5  66  0.00  Conversation labels, new topics
BL-2026-074 2026-07-31 2026-07-01 2026-07-31 invoice-reader     4  92  0.00  Blind field audit
BL-2026-078 2026-07-31 2026-07-20 2026-07-31 support-bot      2.5  98  0.00  Adjudication
BL-2026-078 2026-07-31 2026-07-20 2026-07-31 invoice-reader     3  92  0.00  Invoice field labelling
TDS-0519    2026-08-28 2026-08-03 2026-08-28 invoice-reader    17  92     -  Invoice fields, new suppliers
BL-2026-093 2026-09-30 2026-09-01 2026-09-30 support-bot        6  74  0.00  Live transcript audit
BL-2026-093 2026-09-30 2026-09-01 2026-09-30 invoice-reader   4.5  92  0.00  Blind field audit
"""

# Typed by hand, each with a fault of its own: the amount, the issue date, the missing currency.
JULY = ("2026-07-01", "2026-07-31")
FAULTY_ROWS = (
    ("BL-2026-075", BRIGHT, "2026-07-31", "USD", "$1,250.00 ", "0.00", "Rush order", *JULY, "support-bot"),
    ("BL-2026-076", BRIGHT, "2026-02-30", "USD", "396.00", "", "Guideline update", *JULY, "support-bot"),
    ("BL-2026-077", BRIGHT, "2026-07-31", "", "528.00", "0.00", "Customs forms", *JULY, "invoice-reader"),
)
FAULTY_FILE = "2026-07-bright-labels.csv"


def agency_invoices() -> dict[str, str]:
    """The text of each file, by its name: what an agency invoiced in a month."""
    files: dict[str, list[tuple[str, ...]]] = {FAULTY_FILE: [*FAULTY_ROWS]}
    for number, issued_on, first, last, project, hours, price, tax, *work in table(INVOICE_LINES_TABLE):
        issuer, slug = AGENCIES[number.split("-")[0]]
        amount = str(cents(Decimal(hours) * Decimal(price)))
        description = f"{' '.join(work)}, {hours.removeprefix('-')} h"
        paid = (number, issuer, issued_on, "USD", amount, tax.removeprefix("-"))
        files.setdefault(f"{issued_on[:7]}-{slug}.csv", []).append((*paid, description, first, last, project))
    for rows in files.values():
        rows.sort(key=lambda row: row[0])
    return {name: csv_text(INVOICE_COLUMNS, rows) for name, rows in files.items()}


# ----------------------------------------------------------------------------------------------------------
# Staff cost: the payroll system's export, with headings of its own
# ----------------------------------------------------------------------------------------------------------

STAFF_COLUMNS = ("Doc No", "Employer", "Posted On", "Curr", "Gross Cost", "Role", "Project", "From", "To")


class Post(NamedTuple):
    """A role on a project: what a full month of it costs, and the percentage of it that each month took."""

    project: str
    role: str
    full_month: Decimal
    percent: Mapping[date, int]


POSTS_TABLE = """
# project   a month   Oct Nov Dec Jan Feb Mar Apr May Jun Jul Aug Sep  role
support-bot     13400  43  34  14   4   4   4  12  30  12   4   4   4  Data engineer, curation
support-bot      6200  30  25  15   0   0   0  10  20  10   0   0   0  Support specialist, label review
support-bot     15800   0  32  36   8   0   0   0  28  14   0   0   5  ML engineer, training
support-bot     15800   5   9   9   9   4   4   4   9   9   4   4   4  ML engineer, evaluation
support-bot     14600   0   0   5  18   0   0   0   0  10   0   0   0  Platform engineer, rollout
support-bot     14600   0   0   0   5   8   8   8   8   8   8   8   8  Platform engineer, on call
invoice-reader  13400   0   0   0  30  26   9   4   2   2   2   9   7  Data engineer, curation
invoice-reader   5900   0   0   0  28  28  14   0   0   0   0   8   0  Invoice clerk, label review
invoice-reader  15800   0   0   0   0  24  32   5   0   0   0   6   6  ML engineer, training
invoice-reader  15800   0   0   0   4   5   8   8   3   3   3   3   3  ML engineer, evaluation
invoice-reader  14600   0   0   0   0   0   4  12   0   0   0   0   0  Platform engineer, rollout
invoice-reader  14600   0   0   0   0   0   0   4   5   5   5   5   5  Platform engineer, on call
"""


def posts() -> list[Post]:
    found = []
    for project, full_month, *rest in table(POSTS_TABLE):
        percent = dict(zip(months(), map(int, rest[:MONTH_COUNT]), strict=True))
        found.append(Post(project, " ".join(rest[MONTH_COUNT:]), Decimal(full_month), percent))
    return found


def staff_cost(month: date) -> str:
    rows = []
    last_day = last_of(month)
    for post in posts():
        share = Decimal(post.percent[month]) / 100
        if share:
            cost = cents(jitter(post.full_month * share, 4, post.project, post.role, month))
            document = (f"PAY-{month:%Y-%m}", "Larkfell Outfitters Inc.", last_day, "USD", cost)
            rows.append((*document, post.role, post.project, month, last_day))
    return csv_text(STAFF_COLUMNS, rows)


# ----------------------------------------------------------------------------------------------------------
# truecost.toml
# ----------------------------------------------------------------------------------------------------------

SETTINGS = """\
# The books of two fine-tuned models at Larkfell Outfitters, an invented retailer of outdoor gear.
# examples/make_demo.py writes this file and everything under inbox/.

[workspace]
name = "larkfell"
reporting_currency = "USD"
fiscal_year_start_month = 1               # the calendar year: FY2025-Q4 is October to December 2025
warehouse = "warehouse.duckdb"
reports = "reports"
tax = "recoverable"                       # tax on invoices comes back, so it is no cost
as_of = 2026-10-05                        # a fixed clock, so that the demo reads the same on any day


# ---- What comes in ---------------------------------------------------------------------------------------

[[sources]]                               # the cloud bill, one export a month
name = "aws"
format = "focus"
path = "inbox/aws/*.csv"

[[sources]]                               # GPU hours of our own cluster: sacct --parsable2, run with TZ=UTC
name = "slurm"
format = "slurm"
path = "inbox/slurm/*.txt"
timezone = "UTC"
cluster = "ridge"

[[sources]]                               # what a GPU hour on the cluster costs
name = "rates"
format = "rate_card"
path = "inbox/rates/gpu_rates.csv"

[[sources]]                               # which jobs were which experiment, and how each one ended
name = "runs"
format = "training_runs"
path = "inbox/runs/training_runs.csv"

[[sources]]                               # invoices of the annotation agencies
name = "annotators"
format = "invoice_csv"
path = "inbox/annotators/*.csv"

[[sources]]                               # staff cost: the payroll system has headings of its own
name = "staff"
format = "invoice_csv"
path = "inbox/staff/*.csv"
# left: our names, right: theirs. Project is not named here and so becomes a tag, "tags.Project".
columns = { $staff_columns }


# ---- Whose cost it is ------------------------------------------------------------------------------------

[[models]]
id = "support-bot"                        # answers customers; live since January, retrained in June

[[models]]
id = "invoice-reader"                     # reads suppliers' invoices; live since April


# ---- Which rule claims what: the first match wins --------------------------------------------------------
# What no rule claims stays unallocated and is shown as such: here it is the untagged sandbox account.

# A year of hosting paid upfront: the purchase itself, the usage it covers, and the hours nobody used.
[[attribution]]
match = { source = "aws", commitment_discount_id = "arn:aws:savingsplans::*" }
model = "support-bot"
activity = "serving"
cost_kind = "compute"

# The provider's credit for a bad day of the endpoint. It carries no tags, so the account has to do.
[[attribution]]
match = { source = "aws", charge_category = "Credit", sub_account_id = "$support_id" }
model = "support-bot"
activity = "serving"
cost_kind = "compute"

# A managed training job. It is a run, so its activity is left out: it follows from how the run ended.
[[attribution]]
match = { source = "aws", "tags.team" = "finance", charge_description = "*Training ml.*" }
model = "invoice-reader"
cost_kind = "compute"
"""

MODEL_RULES = """

# ---- $model ${dashes}

# Cluster jobs. Evaluations go by name; all others are runs, whose activity follows from their outcome.
[[attribution]]
match = { source = "slurm", sub_account_id = "$cluster_account", resource_name = "eval-*" }
model = "$model"
activity = "evaluation"
cost_kind = "compute"

[[attribution]]
match = { source = "slurm", sub_account_id = "$cluster_account" }
model = "$model"
cost_kind = "compute"

# The endpoint that tries a new version beside the old one.
[[attribution]]
match = { source = "aws", "tags.team" = "$team", resource_name = "*-shadow" }
model = "$model"
activity = "deployment"
cost_kind = "compute"

# Production: the GPUs, then what stands around them.
[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "prod", service_name = "Amazon SageMaker" }
model = "$model"
activity = "serving"
cost_kind = "compute"

[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "prod" }
model = "$model"
activity = "serving"
cost_kind = "other"

# Evaluation in the cloud: a larger model as judge, and our own test suite.
[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "eval", service_name = "Amazon Bedrock" }
model = "$model"
activity = "evaluation"
cost_kind = "inference_api"

[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "eval" }
model = "$model"
activity = "evaluation"
cost_kind = "compute"

# Checkpoints. Storage is no part of the training-only cost, which counts compute alone.
[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "train", service_name = "*Simple Storage*" }
model = "$model"
activity = "training"
cost_kind = "storage"

# Training data: synthetic examples, clean-up jobs, and where it all lies.
[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "data", service_name = "Amazon Bedrock" }
model = "$model"
activity = "data_curation"
cost_kind = "inference_api"

[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "data", service_name = "AWS Glue" }
model = "$model"
activity = "data_curation"
cost_kind = "compute"

[[attribution]]
match = { source = "aws", "tags.team" = "$team", "tags.env" = "data" }
model = "$model"
activity = "data_curation"
cost_kind = "storage"

# Agencies: people who judge the model's answers evaluate; all others make training data.
[[attribution]]
match = { source = "annotators", "tags.project" = "$model", charge_description = ["Blind *", "* audit*"] }
model = "$model"
activity = "evaluation"
cost_kind = "annotation"

[[attribution]]
match = { source = "annotators", "tags.project" = "$model" }
model = "$model"
activity = "data_curation"
cost_kind = "annotation"

# Staff, by the role on the payroll line.
[[attribution]]
match = { source = "staff", "tags.Project" = "$model", charge_description = ["*curation", "*label review"] }
model = "$model"
activity = "data_curation"
cost_kind = "labor"

[[attribution]]
match = { source = "staff", "tags.Project" = "$model", charge_description = "ML engineer, training" }
model = "$model"
activity = "training"
cost_kind = "labor"

[[attribution]]
match = { source = "staff", "tags.Project" = "$model", charge_description = "ML engineer, evaluation" }
model = "$model"
activity = "evaluation"
cost_kind = "labor"

[[attribution]]
match = { source = "staff", "tags.Project" = "$model", charge_description = "Platform engineer, rollout" }
model = "$model"
activity = "deployment"
cost_kind = "labor"

[[attribution]]
match = { source = "staff", "tags.Project" = "$model", charge_description = "Platform engineer, on call" }
model = "$model"
activity = "serving"
cost_kind = "labor"
"""

# canonical name of a charge's column -> heading of the payroll export
STAFF_COLUMN_MAP = {
    "invoice_number": "Doc No",
    "issuer": "Employer",
    "issue_date": "Posted On",
    "currency": "Curr",
    "amount": "Gross Cost",
    "description": "Role",
    "service_start": "From",
    "service_end": "To",
}


def settings() -> str:
    staff_columns = ", ".join(f'{ours} = "{theirs}"' for ours, theirs in STAFF_COLUMN_MAP.items())
    text = string.Template(SETTINGS).substitute(staff_columns=staff_columns, support_id=SUPPORT.id)
    for model, account, cluster_account in (
        ("support-bot", SUPPORT, SUPPORT_ACCOUNT),
        ("invoice-reader", FINANCE, FINANCE_ACCOUNT),
    ):
        text += string.Template(MODEL_RULES).substitute(
            model=model,
            team=account.team,
            cluster_account=cluster_account,
            dashes="-" * (100 - len(model)),
        )
    return text


# ----------------------------------------------------------------------------------------------------------
# The workspace
# ----------------------------------------------------------------------------------------------------------


def workspace_files() -> dict[str, str]:
    """Every file of the demo: its path inside the workspace, and its text."""
    jobs = numbered_jobs()
    files = {
        "truecost.toml": settings(),
        "inbox/runs/training_runs.csv": run_log(jobs),
        "inbox/rates/gpu_rates.csv": rate_card(),
    }
    for month in months():
        files[f"inbox/aws/{month:%Y-%m}.csv"] = cloud_bill(month)
        files[f"inbox/slurm/{month:%Y-%m}.txt"] = job_log(jobs, month)
        files[f"inbox/staff/{month:%Y-%m}.csv"] = staff_cost(month)
    for name, text in agency_invoices().items():
        files[f"inbox/annotators/{name}"] = text
    return files


def write_demo(folder: Path) -> list[Path]:
    """Write the workspace to the folder, over what an earlier run left there."""
    written = []
    for name, text in sorted(workspace_files().items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        written.append(path)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the demo workspace.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "demo", metavar="DIR")
    folder = parser.parse_args().folder
    written = write_demo(folder)
    print(f"{len(written)} files, {sum(path.stat().st_size for path in written) // 1024} KB in {folder}")


if __name__ == "__main__":
    main()
