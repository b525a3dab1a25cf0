"""Request logs: every layout gives the same requests; times, counts and units are read only where they are plain."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.books import Bench, Row, table, typed
from tests.support.quality import open_bench
from truecost.store.sql import literal
from truecost.store.warehouse import IN_MEMORY, connect

GOOD = {"timestamp": "2026-09-01T10:00:00Z", "prompt_tokens": "120", "completion_tokens": "30", "intent": "refund"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = open_bench(
        tmp_path,
        log={"format": "request_log", "model": "bot"},
        own={"format": "request_log"},
        mapped={
            "format": "request_log",
            "model": "bot",
            "columns": {"requested_at": "When", "latency_seconds": "Took"},
        },
        us={"format": "request_log", "model": "bot", "dates": "month_first", "timezone": "America/New_York"},
    )
    yield opened
    opened.close()


def requests(bench: Bench) -> list[Row]:
    return bench.ask("FROM ledger.requests ORDER BY x_delivery_id, x_line")


Read = Callable[..., tuple[Any, str]]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """What a text of a column is read as, and how it fared."""

    def typed_as(column: str, text: str | None, dates: str | None = None) -> tuple[Any, str]:
        con.execute(f"SET VARIABLE source_dates = {literal(dates) if dates else 'NULL::VARCHAR'}")
        (row,) = typed(con, "request_log", [{column: text}])
        return row["latency_ms" if column == "latency_seconds" else column], row["checks"][column]

    with connect(IN_MEMORY) as con:
        yield typed_as


def parquet() -> bytes:
    columns: dict[str, Any] = {
        "timestamp": pa.array([datetime(2026, 9, 1, 10, tzinfo=UTC)], pa.timestamp("us", "UTC")),
        "prompt_tokens": pa.array([120], pa.int64()),
        "completion_tokens": pa.array([30.0], pa.float64()),
        "intent": ["refund"],
    }
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


RECORD: dict[str, Any] = {
    "intent": "refund",
    "timestamp": "2026-09-01 10:00:00",
    "prompt_tokens": 120,
    "completion_tokens": 30.0,
    "error": None,
}
LAYOUTS = {
    "csv": table([{}], GOOD).encode(),
    "csv.gz": gzip.compress(table([{}], GOOD).encode()),
    "csv.zst": bytes(pa.compress(table([{}], GOOD, ";", "\r\n").encode(), codec="zstd", asbytes=True)),
    "jsonl": (json.dumps(RECORD) + "\n").encode(),
    "jsonl.gz": gzip.compress(b"\xef\xbb\xbf\n" + json.dumps(RECORD).encode()),
    "json": json.dumps([RECORD], indent=2).encode(),
    "parquet": parquet(),
}


@pytest.mark.slow
def test_a_request_is_the_same_in_whatever_layout_it_comes(bench: Bench) -> None:
    for layout, content in LAYOUTS.items():
        assert bench.deliver("log", content, f"log.{layout}").rows_accepted == 1, layout
    rows = requests(bench)
    assert len({row["x_key"] for row in rows}) == 1
    row = rows[0]
    assert (row["model_id"], row["requested_at"]) == ("bot", datetime(2026, 9, 1, 10))
    assert (row["input_tokens"], row["output_tokens"], row["latency_ms"]) == (120, 30, None)
    assert [row["features"] for row in rows] == ['{"intent":"refund"}'] * len(LAYOUTS)
    bench.keep_books()
    assert bench.ask("SELECT status, count(*) AS n FROM books.requests GROUP BY status ORDER BY status") == [
        {"status": "current", "n": 1},
        {"status": "duplicate", "n": len(LAYOUTS) - 1},
    ]


def test_the_order_of_columns_and_blank_ones_make_no_difference(bench: Bench) -> None:
    bench.deliver("log", "time,channel,intent\n2026-09-01,web,refund\n")
    bench.deliver("log", "intent,note,time,channel\nrefund,,2026-09-01,web\n")
    assert len({row["x_key"] for row in requests(bench)}) == 1


def test_what_the_source_maps_is_read_in_the_unit_it_names(bench: Bench) -> None:
    bench.deliver("mapped", "When,Took,exec_time_seconds\n2026-09-01T10:00:00Z,1.25,9\n")
    (row,) = requests(bench)
    assert (row["latency_ms"], row["features"]) == (1250.0, '{"exec_time_seconds":"9"}')


def test_the_model_is_the_sources_else_the_files(bench: Bench) -> None:
    text = "time,model\n2026-09-01,gpt-x\n"
    bench.deliver("log", text)
    bench.deliver("own", text)
    assert [(row["model_id"], row["features"]) for row in requests(bench)] == [
        ("bot", '{"model":"gpt-x"}'),
        ("gpt-x", None),
    ]


def test_requests_of_a_model_that_is_not_configured_load_and_are_named(bench: Bench) -> None:
    bench.deliver("own", "time,model\n2026-09-01,stray\n2026-09-02,stray\n2026-09-03,bot\n2026-09-04,\n")
    bench.keep_books()
    assert len(requests(bench)) == 3
    assert bench.ask("SELECT line, column_name FROM log.quarantine") == [{"line": 5, "column_name": "model"}]
    gaps = [gap for gap in bench.view("gaps") if gap["kind"] == "unknown_model"]
    assert [(gap["source"], gap["what"]) for gap in gaps] == [
        ("own", "2 requests are of the model stray, which is not configured")
    ]
    assert gaps[0]["remedy"] == "add it under [[models]], or set `model` on the source"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2023-11-16 18:15:46.6805900", datetime(2023, 11, 16, 18, 15, 46, 680590)),
        ("2026-09-01T10:00:00+02:00", datetime(2026, 9, 1, 8)),
        ("2026-09-01", datetime(2026, 9, 1)),
        ("1749508083", datetime(2025, 6, 9, 22, 28, 3)),
        ("1749508083.8317592", datetime(2025, 6, 9, 22, 28, 3, 831759)),
        ("1749508083831", datetime(2025, 6, 9, 22, 28, 3, 831000)),
        ("1749508083831759", datetime(2025, 6, 9, 22, 28, 3, 831759)),
        ("1749508083831759123", datetime(2025, 6, 9, 22, 28, 3, 831759)),
        ("8/30/2013", None),
        ("3/3/2013", None),
        ("20260901", None),
        ("2026-02-30", None),
        ("yesterday", None),
    ],
)
def test_a_time_is_read_where_it_is_plain(read: Read, text: str, at: datetime | None) -> None:
    assert read("requested_at", text) == (at, "ok" if at else "not_a_time")


@pytest.mark.parametrize(
    ("text", "dates", "at"),
    [
        ("8/30/2013", "month_first", datetime(2013, 8, 30)),
        ("30.8.2013", "day_first", datetime(2013, 8, 30)),
        ("8/3/2013", "month_first", datetime(2013, 8, 3)),
        ("8/3/2013", "day_first", datetime(2013, 3, 8)),
        ("8/3/2013 9:05", "month_first", datetime(2013, 8, 3, 9, 5)),
        ("8/3/2013 9:05:07 PM", "month_first", datetime(2013, 8, 3, 21, 5, 7)),
        ("2013-08-03 21:05", "month_first", datetime(2013, 8, 3, 21, 5)),
        ("30/8/2013", "month_first", None),
        ("8/30/2013", "day_first", None),
        ("8/3/2013 25:00", "month_first", None),
        ("8/3/2013 noon", "month_first", None),
    ],
)
def test_a_date_written_day_or_month_first_is_read_as_the_source_says(
    read: Read, text: str, dates: str, at: datetime | None
) -> None:
    assert read("requested_at", text, dates) == (at, "ok" if at else "not_a_time")


def test_a_time_without_a_zone_is_in_the_sources(bench: Bench) -> None:
    bench.deliver("us", "time\n8/30/2013 9:00 AM\n2013-12-30 09:00:00\n2013-12-30T09:00:00Z\n")
    assert [row["requested_at"] for row in requests(bench)] == [
        datetime(2013, 8, 30, 13),
        datetime(2013, 12, 30, 14),
        datetime(2013, 12, 30, 9),
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("63", 63), ("63.0", 63), ("63.", 63), (None, None), ("999999999999999", 999999999999999)],
)
def test_a_count_of_tokens_is_a_whole_number(read: Read, text: str | None, count: int | None) -> None:
    assert read("input_tokens", text) == (count, "ok")
    assert read("output_tokens", text) == (count, "ok")


@pytest.mark.parametrize("text", ["-1", "63.5", "1_000", "1,000", " 63", "NaN", "inf", "many", "1e3", "9" * 16])
def test_what_is_no_count_of_tokens_is_told(read: Read, text: str) -> None:
    assert read("input_tokens", text) == (None, "not_a_count")


@pytest.mark.parametrize(("text", "latency"), [("12.5", 12.5), ("0", 0.0), ("1e3", 1000.0), (None, None)])
def test_a_latency_is_a_number_of_its_unit(read: Read, text: str | None, latency: float | None) -> None:
    assert read("latency_ms", text) == (latency, "ok")
    assert read("latency_seconds", text) == (None if latency is None else latency * 1000, "ok")


@pytest.mark.parametrize("text", ["NaN", "-0.5", "1_000", "fast"])
def test_what_is_no_latency_is_told(read: Read, text: str) -> None:
    assert read("latency_ms", text)[1] == read("latency_seconds", text)[1] == "not_a_duration"


def test_bad_rows_are_quarantined_with_what_to_do_and_the_others_load(bench: Bench) -> None:
    rows = [{}, {"prompt_tokens": "-5"}, {"completion_tokens": "1_000"}, {"timestamp": ""}, {"timestamp": "8/3/2026"}]
    loaded = bench.deliver("log", table(rows, GOOD))
    assert (loaded.rows_read, loaded.rows_accepted) == (5, 1)
    found = bench.ask("SELECT line, column_name, value, remedy FROM log.quarantine ORDER BY line")
    assert [(row["line"], row["column_name"], row["value"]) for row in found] == [
        (3, "prompt_tokens", "-5"),
        (4, "completion_tokens", "1_000"),
        (5, "timestamp", None),
        (6, "timestamp", "8/3/2026"),
    ]
    assert 'set `dates = "month_first"`' in found[3]["remedy"]
    bench.keep_books()


def test_a_broken_line_of_json_is_one_broken_record(bench: Bench) -> None:
    good = json.dumps({"id": "a", "time": "2026-09-01", "text": "två", "usage": {"x": [1]}, "a/b~c": 1.50}).encode()
    lines = [good, b'{"id": "b", "ti', b"", b"[1]", b"7", b'{"time": "caf\xe9"}', good.replace(b'"a"', b'"c"', 1)]
    loaded = bench.deliver("log", b"\r\n".join(lines))
    assert (loaded.rows_read, loaded.rows_accepted, loaded.rows_quarantined) == (6, 2, 4)
    found = bench.ask("SELECT line, value, message FROM log.quarantine ORDER BY line")
    assert [(row["line"], row["message"]) for row in found] == [
        (2, "the record is not JSON"),
        (4, "the record is not a JSON object"),
        (5, "the record is not a JSON object"),
        (6, "the line is not UTF-8 (Latin-1, perhaps)"),
    ]
    assert found[0]["value"] == '{"id": "b", "ti'
    rows = requests(bench)
    assert [(row["request_id"], row["x_line"]) for row in rows] == [("a", 1), ("c", 7)]
    assert json.loads(rows[0]["features"]) == {"a/b~c": "1.5", "text": "två", "usage": '{"x":[1]}'}
    bench.keep_books()


@pytest.mark.parametrize(("indent", "lines"), [(2, [2, 6]), (None, [1, 2])])
def test_an_elements_line_is_its_own_or_else_its_number(bench: Bench, indent: int | None, lines: list[int]) -> None:
    records = [{"id": name, "time": "2026-09-01"} for name in "ab"]
    bench.deliver("log", json.dumps(records, indent=indent))
    assert [row["x_line"] for row in requests(bench)] == lines


@pytest.mark.parametrize(
    ("source", "content", "told"),
    [
        ("log", b"", "the file is empty; export it again"),
        ("log", "text,category\nhello,greeting\n", "line 1 lacks the column requested_at that request_log needs; "),
        ("mapped", "time\n2026-09-01\n", "line 1 lacks the column When that request_log needs; "),
        (
            "own",
            "time\n2026-09-01\n",
            "line 1 lacks the column model_id that request_log needs; export it, or map it under `columns` of the "
            "source, or set `model` there",
        ),
        ("log", '{"text": "hello"}\n', "the file lacks the column requested_at that request_log needs; "),
        ("log", '{"time": 1}\n{"Time": 2}\n', "the records have the keys Time, time, which differ in case only"),
        ("log", '{"time": 1, "__line": 2}\n', "the file names the column __line, which truecost keeps for itself"),
        ("log", '{\n  "time": 1\n}\n', "the file holds no JSON objects with keys; write one object a line"),
        ("log", "[]", "the array is empty; there is nothing to load"),
        ("log", '[\n {"time": 1},\n {"time', "line 3, column 3: the JSON is cut or broken ("),
        ("log", '[{"time": 1}', "line 1, column 13: the JSON is cut or broken ("),
        ("log", '[{"time": 1}] more', "line 1, column 14: the JSON is cut or broken (Extra data)"),
        ("log", "[" * 100_000, "the JSON is nested too deeply"),
        ("log", '{"time": 1}'.encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
        ("log", gzip.compress(b'{"time": 1}\n' * 9000)[:-30], "the compressed file is cut or damaged ("),
        ("log", json.dumps({"time": 1, **{f"k{n}": 1 for n in range(1000)}}), "the records have 1,001 different keys"),
    ],
)
def test_a_file_that_is_bad_as_a_whole_is_refused_in_one_sentence(
    bench: Bench, source: str, content: str | bytes, told: str
) -> None:
    refused = bench.deliver(source, content).refused_because
    assert refused is not None
    assert refused.startswith(told)
    assert "\n" not in refused


def test_a_request_told_again_is_its_newest_self(bench: Bench) -> None:
    bench.deliver("log", "id,time,status\na,2026-09-01,PENDING\na,2026-09-01,PENDING\nb,2026-09-01,OK\n")
    bench.deliver("log", "id,time,status\na,2026-09-01,OK\nb,2026-09-01,OK\n")
    bench.keep_books()
    rows = bench.ask("SELECT request_id, features, status FROM books.requests ORDER BY x_delivery_id, x_line")
    assert [(row["request_id"], row["status"]) for row in rows] == [
        ("a", "superseded"),
        ("a", "duplicate"),
        ("b", "current"),
        ("a", "current"),
        ("b", "duplicate"),
    ]
    assert rows[3]["features"] == '{"status":"OK"}'
