"""Suites as data: those that come with truecost fit its formats, and a faulty one says so and lets no row by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, rates, typed
from truecost.errors import TruecostError
from truecost.intake.validation import judge, load_suite
from truecost.sources import formats
from truecost.sources.datasets import JOBS, RATES
from truecost.store.warehouse import IN_MEMORY, connect


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.open(tmp_path)


def own_suite(bench: Bench, text: str, dataset: str = "rates") -> None:
    """Give the workspace a suite of its own."""
    bench.workspace.expectations.mkdir()
    (bench.workspace.expectations / f"{dataset}.json").write_text(text, "utf-8")


def suite_of(*expectations: dict[str, Any]) -> str:
    return json.dumps({"name": "rates", "expectations": list(expectations)})


@pytest.mark.parametrize("format_name", sorted(formats()))
def test_a_suite_reads_only_columns_its_formats_have(bench: Bench, format_name: str) -> None:
    suite = load_suite(bench.workspace, formats()[format_name].dataset)
    with connect(IN_MEMORY) as con:
        (row,) = typed(con, format_name, [{}])
    staged = set(row) | {f"{name}_check" for name in row["checks"]}
    assert set(suite.columns) <= staged
    assert {f"{name}_check" for name in row["checks"]} <= set(suite.columns), "each check is read by a rule"


@pytest.mark.parametrize("format_name", sorted(formats()))
def test_every_expectation_names_a_column_of_the_file_and_a_remedy(bench: Bench, format_name: str) -> None:
    columns = {column.name for column in formats()[format_name].columns}
    with connect(IN_MEMORY) as con:
        (row,) = typed(con, format_name, [{}])
    for item in load_suite(bench.workspace, formats()[format_name].dataset).expectations:
        if (
            item.column_name not in columns
        ):  # a format may lack a column of its dataset: then what stands in for it passes
            column = item.kwargs["column"]
            value = row["checks"].get(column.removesuffix("_check"), row.get(column))
            assert value in item.kwargs.get("value_set", [value]), item
            assert value is not None, item
        assert item.message
        assert item.remedy
        assert not item.message.endswith(".")


@pytest.mark.parametrize("format_name", sorted(formats()))
def test_every_required_column_and_every_amount_is_judged(bench: Bench, format_name: str) -> None:
    fmt = formats()[format_name]
    judged = {item.column_name for item in load_suite(bench.workspace, fmt.dataset).expectations if not item.is_warning}
    assert {column.name for column in fmt.columns if column.required} <= judged
    assert set(fmt.money) <= judged


def test_the_workspaces_own_suite_stands_in_for_the_one_that_comes_with_truecost(bench: Bench) -> None:
    packaged = load_suite(bench.workspace, RATES)
    rule = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "gpu_type"}, "severity": "warning"}
    own_suite(bench, suite_of(rule))
    own = load_suite(bench.workspace, RATES)
    (item,) = own.expectations
    assert (item.rule, item.column_name, item.is_warning) == ("expect_column_values_to_not_be_null", "gpu_type", True)
    assert (item.message, bool(item.remedy)) == ("expect column values to not be null", True)
    assert own.fingerprint != packaged.fingerprint
    assert load_suite(bench.workspace, JOBS).fingerprint != own.fingerprint


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"expectations": 1}', '{"expectations": [{}]}', '{"expectations": ["x"]}']
)
def test_a_file_that_is_no_suite_is_named_with_a_remedy(bench: Bench, text: str) -> None:
    own_suite(bench, text)
    with pytest.raises(TruecostError, match=r"rates\.json: the suite can't be read .*; mend it"):
        load_suite(bench.workspace, RATES)


def test_a_suite_that_reads_no_column_is_named_with_a_remedy(bench: Bench) -> None:
    own_suite(bench, suite_of())
    with pytest.raises(TruecostError, match=r"rates\.json: no expectation of the suite reads a column; "):
        load_suite(bench.workspace, RATES)


@pytest.mark.parametrize(
    ("rule", "kwargs", "sentence"),
    [
        ("expect_wonders", {"column": "gpu_type"}, "the expectation expect_wonders of rates can't be run"),
        (
            "expect_column_values_to_be_in_set",
            {"column": "gpu_type"},
            "the expectation expect_column_values_to_be_in_set of rates can't be run",
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "gpu_type", "max_value": 5},
            "the expectation expect_column_values_to_be_between of rates can't be run",
        ),
        (
            "expect_column_values_to_not_be_null",
            {"column": "gpu_kind"},
            "the suite of rates reads the column 'gpu_kind', which there is not; use one of currency, ",
        ),
    ],
)
def test_a_rule_that_cannot_be_run_stops_the_load_and_lets_no_row_by(
    bench: Bench, rule: str, kwargs: dict[str, Any], sentence: str
) -> None:
    own_suite(bench, suite_of({"type": rule, "kwargs": kwargs}))
    with pytest.raises(TruecostError) as caught:
        bench.deliver("rates", rates({}))
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert bench.ask("FROM ledger.rates") == []


def test_a_warning_lets_the_rows_by_and_counts_them(bench: Bench) -> None:
    rule = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "currency", "value_set": ["EUR"]},
        "meta": {"message": "the price is not in euros"},
        "severity": "warning",
    }
    own_suite(bench, suite_of(rule))
    loaded = bench.deliver("rates", rates({}, {"valid_from": "2026-02-01"}, {"currency": "EUR"}))
    assert (loaded.rows_accepted, loaded.rows_quarantined) == (3, 0)
    assert bench.ask("SELECT warnings FROM log.deliveries") == [{"warnings": ["2 rows: the price is not in euros"]}]


def test_a_row_is_quarantined_once_under_the_first_rule_it_fails(bench: Bench) -> None:
    bench.deliver("rates", rates({"gpu_type": "", "price_per_gpu_hour": "x", "currency": "usd"}))
    (row,) = bench.ask("SELECT line, column_name, also_failed FROM log.quarantine")
    assert (row["line"], row["column_name"]) == (2, "gpu_type")
    assert [failed.rsplit(": ", 1)[1] for failed in row["also_failed"]] == ["currency", "price_per_gpu_hour"]


def test_a_span_of_time_is_told_to_be_beyond_a_suite(bench: Bench) -> None:
    own_suite(bench, suite_of({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "lasted"}}))
    with connect(IN_MEMORY) as con:
        con.execute("CREATE TEMP VIEW staged AS SELECT INTERVAL 1 DAY AS lasted")
        with pytest.raises(TruecostError, match="reads the column 'lasted', a span of time, which no expectation can"):
            judge(con, load_suite(bench.workspace, RATES))
