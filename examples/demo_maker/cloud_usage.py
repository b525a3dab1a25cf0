"""What Larkfell runs in the cloud: accounts, prices, meters, endpoints, a savings plan, one managed training job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from .basics import Window, months, table


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
support  tokens      support-judge                 eval      170  2026-01-08  2026-03-31  monthly  # then elsewhere
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
