"""Overlapping request logs, in any order and layout: a request counts as often as the file that has it most often."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.books import table
from tests.support.effort import examples
from tests.support.quality import open_bench

Request = dict[str, str]

GOOD: Request = {"id": "", "time": "2026-09-01T10:00:00Z", "prompt_tokens": "5", "intent": "refund"}

nameless = st.fixed_dictionaries({"prompt_tokens": st.sampled_from(["1", "2"]), "intent": st.sampled_from(["a", ""])})
named = st.sampled_from("xyz").map(lambda name: {"id": name, "prompt_tokens": str(ord(name))})
TWICE: Request = {"prompt_tokens": "1", "intent": "a"}
files = st.tuples(st.sampled_from(["csv", "jsonl", "json"]), st.lists(nameless | named, min_size=1, max_size=6))


def written(layout: str, requests: list[Request]) -> str:
    if layout == "csv":
        return table(requests, GOOD)
    records = [{**GOOD, **request} for request in requests]
    return json.dumps(records) if layout == "json" else "".join(json.dumps(record) + "\n" for record in records)


def key(request: Request) -> str:
    return request.get("id") or f"{request['prompt_tokens']} {request['intent']}"


@pytest.mark.slow
@given(st.lists(files, min_size=1, max_size=3).flatmap(lambda sent: st.permutations([*sent, sent[0]])))
@example([("csv", [TWICE] * 3), ("json", [TWICE] * 2), ("jsonl", [TWICE])])
@example([("jsonl", [TWICE]), ("json", [TWICE] * 2), ("csv", [TWICE] * 3)])
@settings(max_examples=examples(6))
def test_a_request_counts_as_often_as_one_file_holds_it_at_most(
    folder: Path, sent: list[tuple[str, list[Request]]]
) -> None:
    bench = open_bench(folder, log={"format": "request_log", "model": "bot"})
    for layout, requests in sent:
        bench.deliver("log", written(layout, requests))
    bench.keep_books()
    rows = bench.ask("SELECT request_id, input_tokens, features FROM books.requests WHERE status = 'current'")
    read = bench.ask("SELECT sum(rows_read) AS n, sum(rows_loaded + rows_duplicate) AS held FROM books.deliveries")
    bench.close()

    most: Counter[str] = Counter()
    for _, requests in sent:
        most |= Counter(key(request) for request in requests)
    expected = {name: 1 if name in "xyz" else count for name, count in most.items()}
    found = Counter(
        row["request_id"] or f"{row['input_tokens']} {json.loads(row['features'] or '{}').get('intent', '')}"
        for row in rows
    )
    assert found == expected
    assert read[0]["n"] == read[0]["held"] == sum(len(requests) for _, requests in sent)
