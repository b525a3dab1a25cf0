"""OpenAI organization costs: saved answers of GET /organization/costs -> a row a result.

A bucket is a UTC day, and what a delivery speaks for: a page saved again under the same path replaces its days. Amounts
keep the digits they were written with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.errors import DeliveryRefused
from truecost.sources import Column, FileOptions, Format, Limits, RawTable
from truecost.sources.datasets import CHARGES
from truecost.sources.readers.documents import as_text, read_document
from truecost.sources.readers.located_json import Located, parse
from truecost.sources.readers.records import SetAside, store_records

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SAVE_COSTS = "save the answers of GET /organization/costs"
_FROM_BUCKET = ("start_time", "end_time")
_FROM_AMOUNT = ("value", "currency")
_FROM_RESULT = (
    "line_item",
    "quantity",
    "quantity_unit",
    "project_id",
    "project_name",
    "organization_id",
    "organization_name",
    "api_key_id",
    "user_id",
)
_HEADER = (*_FROM_BUCKET, "results", *(f"amount.{name}" for name in _FROM_AMOUNT), *_FROM_RESULT)
_SECONDS = re.compile(r"[0-9]{1,10}")


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read a page, a list of pages or of buckets, or JSON Lines of either.

    Raises:
        DeliveryRefused: the file is not JSON, holds no buckets, or holds usage or an error in place of costs.
    """
    values, malformed = parse(as_text(read_document(path, fmt, options)), options.limits)
    buckets, has_more = _buckets(values)
    if not buckets and not malformed:
        raise DeliveryRefused(f"the file holds no buckets; {_SAVE_COSTS}")
    if buckets and not any("start_time" in bucket for bucket in buckets):
        raise DeliveryRefused(f"line {buckets[0].line}: the bucket has no start_time, as OpenAI's have; {_SAVE_COSTS}")
    store_records(con, _HEADER, _records(buckets, malformed))
    starts, ends = ([at for bucket in buckets if (at := _moment(bucket.get(name)))] for name in _FROM_BUCKET)
    return RawTable(
        "raw_rows",
        _HEADER,
        first_line=None,
        malformed=malformed.found(),
        begins_at=min(starts, default=None),
        continues_at=max(ends, default=None) if has_more else None,
    )


def recognises(path: Path) -> bool:
    """Whether the file holds cost buckets."""
    try:
        values, _ = parse(as_text(read_document(path, FORMAT, FileOptions())), Limits())
        buckets, _ = _buckets(values)
        return any(_records([bucket for bucket in buckets if "start_time" in bucket], SetAside(Limits())))
    except DeliveryRefused:
        return False


def _buckets(values: Iterable[Any]) -> tuple[list[Located], bool]:
    """(the buckets, in order; whether the last page says that more follow).

    Raises:
        DeliveryRefused: something is neither a page nor a bucket.
    """
    buckets: list[Located] = []
    has_more = False
    for item in _flat(values):
        if not isinstance(item, Located):
            raise DeliveryRefused(f"the file holds {_shown(item)} where a page should be; {_SAVE_COSTS}")
        if isinstance(item.get("error"), dict):
            told = _text(item["error"].get("message")) or "no reason given"
            raise DeliveryRefused(
                f"line {item.line}: the file holds an error of the API, not costs ({told}); save it again"
            )
        if isinstance(item.get("data"), list):
            for bucket in item["data"]:
                if not isinstance(bucket, Located):
                    raise DeliveryRefused(
                        f"line {item.line}: the page holds {_shown(bucket)} where a bucket should be; {_SAVE_COSTS}"
                    )
                buckets.append(bucket)
            has_more = item.get("has_more") is True
        elif "results" in item or "start_time" in item:
            buckets.append(item)
        else:
            raise DeliveryRefused(
                f"line {item.line}: the object is neither a page (`data`) nor a bucket (`results`); {_SAVE_COSTS}"
            )
    return buckets, has_more


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _records(buckets: Iterable[Located], malformed: SetAside) -> Iterator[tuple[int, list[str | None]]]:
    """A record for each result; one for a bucket without any. What is no result is added to ``malformed``."""
    for bucket in buckets:
        times = [_text(bucket.get(name)) for name in _FROM_BUCKET]
        results = bucket.get("results")
        if not isinstance(results, list):
            malformed.add(bucket.line, json.dumps(bucket, ensure_ascii=False), "the bucket has no list of results")
        elif not results:
            yield bucket.line, [*times, "0", *[None] * (len(_HEADER) - 3)]
        else:
            for result in results:
                if not isinstance(result, Located):
                    malformed.add(
                        bucket.line, json.dumps(result, ensure_ascii=False), "a result of this bucket is no JSON object"
                    )
                    continue
                amount = _amount(result)
                fields = [amount.get(name) for name in _FROM_AMOUNT] + [result.get(name) for name in _FROM_RESULT]
                yield result.line, [*times, str(len(results)), *map(_text, fields)]


def _amount(result: Located) -> dict[str, Any]:
    """The amount and its currency; an amount that is not laid out so is kept as its value, for the checks to see.

    Raises:
        DeliveryRefused: the result is of usage, which holds no amounts.
    """
    kind = _text(result.get("object")) or ""
    if kind.startswith("organization.usage.") or ("amount" not in result and "input_tokens" in result):
        raise DeliveryRefused(
            f"line {result.line}: the file is a usage page ({kind or 'tokens'}), which holds no amounts; {_SAVE_COSTS}"
        )
    amount = result.get("amount")
    return amount if isinstance(amount, dict) else {"value": amount}


def _moment(seconds: Any) -> datetime | None:
    """Unix seconds -> UTC without a zone; None where they are none."""
    if not isinstance(seconds, str) or not _SECONDS.fullmatch(seconds):
        return None
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)


def _text(value: Any) -> str | None:
    """A value as text; numbers are text already."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


FORMAT = Format(
    name="openai_costs",
    title="OpenAI organization costs (saved API answers)",
    versions=("v1",),
    dataset=CHARGES,
    disposition="replace",
    basis="billed",
    natural_key=("provider_name", "billing_account_id", "charge_period_start"),
    columns=(
        Column("charge_period_start", ("start_time",), required=True),
        Column("charge_period_end", ("end_time",), required=True),
        Column("results"),
        Column("billed_cost", ("amount.value",), required=True),
        Column("billing_currency", ("amount.currency",), required=True, setting="currency"),
        Column("charge_description", ("line_item",)),
        Column("consumed_quantity", ("quantity",)),
        Column("consumed_unit", ("quantity_unit",)),
        Column("sub_account_id", ("project_id",)),
        Column("sub_account_name", ("project_name",)),
        Column("billing_account_id", ("organization_id",)),
        Column("billing_account_name", ("organization_name",)),
        Column("api_key_id"),
        Column("user_id"),
    ),
    sql="formats/openai_costs",
    read=read,
    settings=("currency",),
    recognises=recognises,
    money={"billed_cost": "billed_cost"},
    currency_column="billing_currency",
    null_words=("",),
    version_of=lambda header: "v1",
)
