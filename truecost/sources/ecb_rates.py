"""The ECB's euro reference rates as CSV, in each of its forms: units of each currency per euro.

The full history and the daily file (``eurofxref``) have a row a day and a column a currency; so has what the pages of
the data portal export, whose columns name their series. Its API (``format=csvdata``) gives a row a day and currency. A
currency that is not quoted on a day is left out of it (``N/A``, or blank). They are reference rates, set at about 16:00
CET on the days of TARGET, and not the rate at which anyone dealt.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from truecost.errors import DeliveryRefused
from truecost.sources import Column, FileOptions, Format, RawTable
from truecost.sources.datasets import FX_RATES
from truecost.sources.readers import delimited
from truecost.sources.readers.delimited import header_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_CURRENCY = re.compile(r"[A-Z]{3}|.*\bEXR\.D\.[A-Z]{3}\.EUR\.SP00\.A\b.*")
_LONG = {"time_period", "currency", "currency_denom", "obs_value"}


def recognises(path: Path) -> bool:
    """Whether the file has a date and nothing else but currencies, for many files have a date; or the API's columns."""
    try:
        date, *currencies = (name.strip() for name in header_of(path))
    except (DeliveryRefused, ValueError):
        return False
    if {date.casefold(), *map(str.casefold, currencies)} >= _LONG:
        return True
    named = [name for name in currencies if name and _fold(name) != "timeperiod"]  # the ECB ends each line with a comma
    return date.casefold() == "date" and bool(named) and all(map(_CURRENCY.fullmatch, named))


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read a file of rates, in columns or in rows.

    Raises:
        DeliveryRefused: it has neither.
    """
    raw = delimited.read(con, path, fmt, options)
    matched = fmt.match_columns(raw.header, options)
    others = [name for name in raw.header if name not in matched.values()]
    if not {"currency", "rate"} <= matched.keys() and not any(map(_CURRENCY.fullmatch, others)):
        raise DeliveryRefused(
            "it has neither a column a currency (USD, JPY, ...), as eurofxref-hist.csv, nor CURRENCY and OBS_VALUE, as "
            "the CSV of the ECB's data portal (format=csvdata); take one of these"
        )
    return raw


def _fold(name: str) -> str:
    return name.casefold().replace("_", "").replace(" ", "")


FORMAT = Format(
    name="ecb_rates",
    title="Euro reference rates of the ECB",
    versions=("1",),
    dataset=FX_RATES,
    disposition="merge",
    basis="reference",
    columns=(
        Column("rate_date", ("Date", "TIME_PERIOD"), required=True),
        Column("currency", ("CURRENCY",)),
        Column("base_currency", ("CURRENCY_DENOM",)),
        Column("rate", ("OBS_VALUE",)),
        Column("rate_type", ("EXR_TYPE",)),
    ),
    sql="formats/ecb_rates",
    read=read,
    settings=("fields",),
    extra_columns="tags",
    delimiters=(",", ";"),
    recognises=recognises,
)
