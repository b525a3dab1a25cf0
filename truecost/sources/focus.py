"""FOCUS: the FinOps open cost and usage specification, versions 1.0 to 1.4, as CSV or Parquet.

Types come from the specification, never from the file. A slot is one provider's, billing account's and billing period's
charges; a newer delivery of the same path replaces it whole. The provider is ProviderName, or what took its place in
1.3: ServiceProviderName.
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
    "AllocatedMethodDetails",
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
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
    "CommitmentProgramEligibilityDetails",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractApplied",
    "ContractedCost",
    "ContractedUnitPrice",
    "HostProviderName",
    "InvoiceDetailId",
    "InvoiceId",
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
    "ServiceProviderName",
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
_SINCE_1_4 = {"invoicedetailid", "commitmentprogrameligibilitydetails"}
_SINCE_1_3 = {
    *("allocatedmethodid", "allocatedmethoddetails", "allocatedresourceid", "allocatedresourcename", "allocatedtags"),
    *("contractapplied", "hostprovidername", "serviceprovidername"),
}
_UNTIL_1_3 = {"providername", "publishername"}
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
    names = {name.casefold().replace("_", "").replace(" ", "") for name in header}
    if names >= _BEFORE_1_0 and "chargecategory" not in names:
        raise DeliveryRefused("the file is FOCUS 0.5; export FOCUS 1.0 or newer")
    if names & _SINCE_1_4 or (names & _SINCE_1_3 and not names & _UNTIL_1_3):
        return "1.4"
    if names & _SINCE_1_3:
        return "1.3"
    return "1.2" if names & _SINCE_1_2 else "1.1" if names & _SINCE_1_1 else "1.0"


FORMAT = Format(
    name="focus",
    title="FOCUS cost and usage export",
    versions=("1.0", "1.1", "1.2", "1.3", "1.4"),
    dataset=CHARGES,
    disposition="replace",
    basis="billed",
    natural_key=("provider_name", "billing_account_id", "billing_period_start"),
    columns=(
        *(Column(snake(name), (name,), required=True) for name in _REQUIRED),
        Column("billing_currency", ("BillingCurrency",), required=True, setting="currency"),
        *(Column(snake(name), (name,)) for name in _OPTIONAL),
        Column("invoice_issuer_name", ("InvoiceIssuerName", "InvoiceIssuer")),
    ),
    sql="formats/focus",
    read=read,
    settings=("currency", "fields"),
    money={name: name for name in ("billed_cost", "effective_cost", "list_cost", "contracted_cost")},
    currency_column="billing_currency",
    null_words=("", "NULL", "null"),
    version_of=_version,
    manifests=True,
)
