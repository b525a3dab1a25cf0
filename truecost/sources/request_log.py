"""The request log of a model in production: one row a call, as CSV, JSON Lines, a JSON array or Parquet.

Cached input tokens are a part of the input tokens (OpenAI), or come beside them as ``cache_read_input_tokens``
(Anthropic). A call with ``cache_hit`` was answered by the gateway's own cache: its tokens are the first answer's.

Time, tokens and latency are columns of their own; whatever else a file has is kept as the request's features.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from truecost.sources import Column, FileOptions, Format, RawTable
from truecost.sources.datasets import REQUESTS
from truecost.sources.readers import delimited, json_records

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read a request log, plain or compressed (gz, zst).

    Raises:
        DeliveryRefused: the file as a whole can't be read, or lacks a required column.
    """
    reader = json_records.read if json_records.is_json(path) else delimited.read
    return reader(con, path, fmt, options)


FORMAT = Format(
    name="request_log",
    title="Request log of a model in production",
    versions=("1",),
    dataset=REQUESTS,
    disposition="append",
    basis="reference",
    columns=(
        Column(
            "requested_at",
            (
                *("timestamp", "time", "ts", "datetime", "request_time", "event_time", "created_at", "created"),
                *("start_time", "date_received", "gmt_create"),
            ),
            required=True,
        ),
        Column("model_id", ("model", "model_name", "deployment"), required=True, setting="model"),
        Column("model_version"),  # only where it is mapped or named so: a bare `version` may be the API's
        Column("request_id", ("id", "req_id", "call_id")),
        Column(
            "input_tokens",
            ("context_tokens", "prompt_tokens", "prompt_length", "num_input_tokens", "num_prompt_tokens"),
        ),
        Column(
            "output_tokens",
            ("generated_tokens", "completion_tokens", "response_tokens", "num_output_tokens"),
        ),
        Column(
            "cached_input_tokens", ("cached_tokens", "input_cached_tokens", "cached_prompt_tokens", "num_cached_tokens")
        ),
        Column("cache_read_input_tokens"),
        Column("cache_hit", ("is_cache_hit", "cache_status", "from_cache")),
        Column("latency_ms", ("duration_ms", "response_time_ms", "elapsed_ms")),
        Column("latency_seconds", ("latency_s",)),
    ),
    sql="formats/request_log",
    read=read,
    settings=("model", "timezone", "dates", "one_in", "fields"),
    null_words=("", "NULL", "null", "None"),
    extra_columns="tags",
    delimiters=(",", ";", "\t", "|"),
)
