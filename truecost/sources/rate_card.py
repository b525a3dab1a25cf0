"""A rate card as CSV: the price of a GPU hour by type and by the days it holds."""

from __future__ import annotations

from truecost.sources import Column, Format
from truecost.sources.datasets import RATES
from truecost.sources.readers.delimited import read

FORMAT = Format(
    name="rate_card",
    title="Prices of a GPU hour",
    versions=("1",),
    dataset=RATES,
    disposition="merge",
    basis="reference",
    columns=(
        Column("gpu_type", ("gpu", "type"), required=True),
        Column(
            "price_per_gpu_hour",
            (
                "price",
                "hourly_price",
                "gpu_hour_price",
                "price_per_hour",
                "hourly_cost",
                "rate",
                "usd_per_gpu_hour",
            ),
            required=True,
        ),
        Column("valid_from", ("from", "effective_from", "start", "start_date", "date"), required=True),
        Column("valid_to", ("to", "effective_to", "end", "end_date", "until")),
        Column("currency", ("billing_currency", "currency_code")),
    ),
    sql="formats/rate_card",
    read=read,
    money={"price_per_gpu_hour": "price_per_gpu_hour"},
    currency_column="currency",
    null_words=("", "NULL", "null"),
    delimiters=(",", ";", "\t"),
)
