"""FOCUS: the FinOps open cost and usage specification, versions 1.0 to 1.2, as CSV or Parquet.

Types come from the specification, never from the file. A slot is one provider's, billing account's and billing period's
charges; a newer delivery of the same path replaces it whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from truecost.errors import DeliveryRefused
from truecost.sources import Column, Format
from truecost.sources.datasets import CHARGES
from truecost.sources.readers.delimited import read

_REQUIRED = (
    "BilledCost",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "EffectiveCost",
)
_OPTIONAL = (
    "AvailabilityZone",
    "BillingAccountId",
    "BillingAccountName",
    "BillingAccountType",
    "BillingPeriodEnd",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
)
_SINCE_1_2 = {"invoiceid", "billingaccounttype", "subaccounttype", "pricingcurrency"}
_SINCE_1_1 = {
    "capacityreservationid",
    "commitmentdiscountquantity",
    "skumeter",
    "servicesubcategory",
    "skupricedetails",
}
_BEFORE_1_0 = {"amortizedcost", "chargetype"}


def snake(name: str) -> str:
    """``BilledCost`` -> ``billed_cost``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _version(header: Sequence[str]) -> str:
    """The specification's version, from the columns each one added.

    Raises:
        DeliveryRefused: the file is older than 1.0, whose columns mean other things.
    """
    names = {name.casefold() for name in header}
    if names >= _BEFORE_1_0 and "chargecategory" not in names:
        raise DeliveryRefused("the file is FOCUS 0.5; export FOCUS 1.0 or newer")
    return "1.2" if names & _SINCE_1_2 else "1.1" if names & _SINCE_1_1 else "1.0"


FORMAT = Format(
    name="focus",
    title="FOCUS cost and usage export",
    versions=("1.0", "1.1", "1.2"),
    dataset=CHARGES,
    disposition="replace",
    basis="billed",
    natural_key=("provider_name", "billing_account_id", "billing_period_start"),
    columns=(
        *(Column(snake(name), (name,), required=True) for name in _REQUIRED),
        Column("billing_currency", ("BillingCurrency",), required=True, setting="currency"),
        *(Column(snake(name), (name,)) for name in _OPTIONAL),
    ),
    sql="formats/focus",
    read=read,
    money={name: name for name in ("billed_cost", "effective_cost", "list_cost", "contracted_cost")},
    currency_column="billing_currency",
    null_words=("", "NULL", "null"),
    version_of=_version,
)
