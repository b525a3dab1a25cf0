"""A rate card as CSV: what a GPU hour costs by type and by the days it holds; or a CPU hour, for jobs without GPUs.

A CPU hour is priced in a column of its own, or as the type ``cpu``.
"""

from __future__ import annotations

from truecost.sources import Column, Format
from truecost.sources.datasets import RATES
from truecost.sources.readers.delimited import read

FORMAT = Format(
    name="rate_card",
    title="Prices of a GPU hour, and of a CPU hour",
    versions=("1",),
    dataset=RATES,
    disposition="merge",
    basis="reference",
    columns=(
        Column("gpu_type", ("gpu", "type"), required=True, stand_ins=("price_per_cpu_hour",)),
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
            stand_ins=("price_per_cpu_hour",),
        ),
        Column(
            "price_per_cpu_hour",
            ("cpu_hour_price", "cpu_price", "price_per_core_hour", "usd_per_cpu_hour", "usd_per_core_hour"),
        ),
        Column("valid_from", ("from", "effective_from", "start", "start_date", "date"), required=True),
        Column("valid_to", ("to", "effective_to", "end", "end_date", "until")),
        Column("currency", ("billing_currency", "currency_code")),
    ),
    sql="formats/rate_card",
    read=read,
    settings=("currency", "fields"),
    money={"price_per_gpu_hour": "price_per_gpu_hour"},
    currency_column="currency",
    null_words=("", "NULL", "null"),
    delimiters=(",", ";", "\t"),
)
