"""The cloud bill: FOCUS 1.0, one file a month."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

from .basics import (
    LAST_DAY,
    Window,
    csv_text,
    cut,
    iso_utc,
    jitter,
    last_of,
    midnight,
    month_window,
    next_month,
    overlap,
    plain,
    quantity,
    weeks,
    words,
)
from .cloud_usage import (
    BILLING_ACCOUNT,
    CREDIT,
    CREDIT_HOUR,
    ENDPOINTS,
    FINANCE,
    PLAN,
    SAGEMAKER,
    SKUS,
    SUPPORT,
    TRAINING_INSTANCES,
    TRAINING_JOB,
    TRAINING_WINDOW,
    Account,
    Endpoint,
    Meter,
    Sku,
    meters,
)

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
