"""The ECB's euro reference rates as CSV: the full history, or one day. A row is a day: units of each currency per euro.

A currency that is not quoted on a day is left out of it (``N/A``, or blank). They are reference rates, set at about
16:00 CET on the days of TARGET, and not the rate at which anyone dealt.
"""

from __future__ import annotations

import re
from pathlib import Path

from truecost.errors import DeliveryRefused
from truecost.sources import Column, Format
from truecost.sources.datasets import FX_RATES
from truecost.sources.readers.delimited import header_of, read

_CURRENCY = re.compile(r"[A-Z]{3}")


def recognises(path: Path) -> bool:
    """Whether the file has a date, and besides it nothing but currencies: many other files have a date."""
    try:
        date, *currencies = (name.strip() for name in header_of(path))
    except (DeliveryRefused, ValueError):
        return False
    named = [name for name in currencies if name]  # the ECB ends each line with a comma
    return date.casefold() == "date" and bool(named) and all(map(_CURRENCY.fullmatch, named))


FORMAT = Format(
    name="ecb_rates",
    title="Euro reference rates of the ECB",
    versions=("1",),
    dataset=FX_RATES,
    disposition="merge",
    basis="reference",
    columns=(Column("rate_date", ("Date",), required=True),),
    sql="formats/ecb_rates",
    read=read,
    extra_columns="tags",
    delimiters=(",",),
    recognises=recognises,
)
