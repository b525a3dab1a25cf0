"""OpenAI's organization costs: saved pages in whatever shape, days that replace days, and amounts to the last digit."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Books, Row
from truecost.intake.check import check_file

DAY_ONE = 1767225600  # 2026-01-01T00:00:00Z
SECONDS = 86400
TOML = '[workspace]\nname = "x"\n[[sources]]\nname = "openai"\nformat = "openai_costs"\npath = "inbox/*.json*"\n'
Json = dict[str, Any]


def result(value: Any = 1.5, **more: Any) -> Json:
    amount = {"value": value, "currency": "usd"}
    return {"object": "organization.costs.result", "amount": amount, "line_item": None, "project_id": None} | more


def bucket(day: int, *results: Any) -> Json:
    start = DAY_ONE + (day - 1) * SECONDS
    return {"object": "bucket", "start_time": start, "end_time": start + SECONDS, "results": list(results)}


def page(*buckets: Json, has_more: bool = False) -> Json:
    next_page = "page_AAAA" if has_more else None
    return {"object": "page", "data": list(buckets), "has_more": has_more, "next_page": next_page}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench.open(tmp_path, {"sources": [{"name": "openai", "format": "openai_costs", "path": "inbox/*"}]})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Books for what is refused, and so leaves nothing in them."""
    sources = [{"name": "openai", "format": "openai_costs", "path": "inbox/*"}]
    opened = Bench.open(tmp_path_factory.mktemp("refused"), {"sources": sources})
    yield opened
    assert not opened.ask("FROM ledger.charges")
    opened.close()


def charges(bench: Bench) -> list[Row]:
    bench.keep_books()
    return bench.ask("SELECT * FROM books.charges ORDER BY x_delivery_id, x_line, x_part")


def test_a_result_becomes_a_charge_in_focus_columns(bench: Bench) -> None:
    told = result(
        line_item="ft:gpt-4o-mini:acme::a1, output",
        project_id="proj_1",
        project_name="support-bot",
        organization_id="org-1",
        api_key_id="key_1",
        quantity=1200,
        quantity_unit="1k tokens",
    )
    bench.deliver("openai", json.dumps(page(bucket(1, told))))
    (row,) = charges(bench)
    said = {name: str(value) for name, value in row.items() if value is not None and not name.startswith("x_")}
    assert json.loads(said.pop("tags"))["api_key_id"] == "key_1"
    assert Decimal(said.pop("billed_cost")) == Decimal(said.pop("effective_cost")) == Decimal("1.5")
    assert Decimal(said.pop("consumed_quantity")) == 1200
    assert said == {
        "billing_account_id": "org-1",
        "billing_account_type": "Organization",
        "billing_currency": "USD",
        "billing_period_start": "2026-01-01 00:00:00",
        "billing_period_end": "2026-02-01 00:00:00",
        "charge_category": "Usage",
        "charge_description": "ft:gpt-4o-mini:acme::a1, output",
        "charge_frequency": "Usage-Based",
        "charge_period_start": "2026-01-01 00:00:00",
        "charge_period_end": "2026-01-02 00:00:00",
        "consumed_unit": "1k tokens",
        "invoice_issuer_name": "OpenAI",
        "provider_name": "OpenAI",
        "publisher_name": "OpenAI",
        "service_category": "AI and Machine Learning",
        "service_name": "ft:gpt-4o-mini:acme::a1, output",
        "service_subcategory": "Generative AI",
        "source": "openai",
        "sub_account_id": "proj_1",
        "sub_account_name": "support-bot",
        "sub_account_type": "Project",
    }


PAGES = [page(bucket(1, result(1), result(2)), has_more=True), page(bucket(2, result(4)))]
BUCKETS = [each for told in PAGES for each in told["data"]]
SHAPES = {
    "a page": json.dumps(page(*BUCKETS)),
    "a page, indented": json.dumps(page(*BUCKETS), indent=2),
    "a page, with a byte order mark": b"\xef\xbb\xbf" + json.dumps(page(*BUCKETS)).encode(),
    "a page, packed": gzip.compress(json.dumps(page(*BUCKETS)).encode()),
    "a list of pages": json.dumps(PAGES),
    "a list of buckets": json.dumps(BUCKETS, indent="\t"),
    "a bucket a line": "".join(f"{json.dumps(each)}\n" for each in BUCKETS),
    "a page a line": "".join(f"{json.dumps(each)}\r\n" for each in PAGES),
    "a page a line, and blank lines": "\n\n".join(json.dumps(each) for each in PAGES) + "\n\n",
    "pages one after the other, indented": "\n".join(json.dumps(each, indent=4) for each in PAGES),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_pages_are_read_in_whatever_shape_they_were_saved(bench: Bench, shape: str) -> None:
    loaded = bench.deliver("openai", SHAPES[shape])
    assert (loaded.rows_read, loaded.rows_accepted, loaded.refused_because) == (3, 3, None)
    rows = charges(bench)
    assert [(row["billed_cost"], f"{row['charge_period_start']:%d}") for row in rows] == [
        (Decimal(1), "01"),
        (Decimal(2), "01"),
        (Decimal(4), "02"),
    ]
    assert len({(row["x_line"], row["x_part"]) for row in rows}) == 3
    assert len(bench.ask("FROM books.attribution")) == 3
    assert bench.ask("SELECT warnings FROM log.deliveries") == [{"warnings": []}]


def test_a_charge_names_the_line_its_result_starts_on(bench: Bench) -> None:
    text = json.dumps(page(*BUCKETS), indent=2)
    bench.deliver("openai", text)
    lines = text.splitlines()
    for row, value in zip(charges(bench), ("1", "2", "4"), strict=True):
        assert lines[row["x_line"] - 1].strip() == "{"
        assert f'"value": {value},' in "".join(lines[row["x_line"] : row["x_line"] + 3])


@pytest.mark.slow
def test_an_amount_keeps_the_digits_it_was_written_with(bench: Bench) -> None:
    written = ["0.1", "0.12345678901234567890", "1.5e-7", "123456789012345.67", "-0.30", "2E+2", '"0.07"', "0"]
    results = ", ".join(f'{{"amount": {{"value": {value}, "currency": "usd"}}}}' for value in written)
    bench.deliver("openai", f'[{{"start_time": {DAY_ONE}, "end_time": {DAY_ONE + 60}, "results": [{results}]}}]')
    assert [row["billed_cost"] for row in charges(bench)] == [Decimal(value.strip('"')) for value in written]
    assert [row["charge_category"] for row in charges(bench)].count("Credit") == 1


def test_empty_days_are_skipped_and_counted(bench: Bench) -> None:
    loaded = bench.deliver("openai", json.dumps(page(bucket(1), bucket(2, result(1)), bucket(3))))
    assert (loaded.rows_read, loaded.rows_accepted, loaded.rows_skipped) == (3, 1, 2)
    assert len(charges(bench)) == 1


def test_malformed_results_are_quarantined_by_line_and_the_others_load(bench: Bench) -> None:
    bad: list[Any] = [
        result("1_000"),
        result(float("nan")),
        {"object": "organization.costs.result"},
        {"amount": 5},
        result() | {"amount": {"value": 1, "currency": "dollars"}},
        result(quantity="many"),
        "text",
    ]
    late = bucket(2, result(1)) | {"start_time": "yesterday"}
    backwards = bucket(3, result(1)) | {"end_time": DAY_ONE}
    listless = {"start_time": DAY_ONE, "results": 7}
    loaded = bench.deliver("openai", json.dumps(page(bucket(1, result(1), *bad), late, backwards, listless), indent=1))
    assert (loaded.rows_read, loaded.rows_accepted, loaded.rows_quarantined) == (11, 1, 10)
    found = bench.ask("SELECT column_name, value, message, line FROM log.quarantine ORDER BY line")
    assert [(row["column_name"], row["value"]) for row in found if row["column_name"]] == [
        ("amount.value", "1_000"),
        ("amount.value", "NaN"),
        ("amount.value", None),
        ("amount.currency", None),
        ("amount.currency", "dollars"),
        ("quantity", "many"),
        ("start_time", "yesterday"),
        ("end_time", str(DAY_ONE)),
    ]
    assert [row["message"] for row in found if not row["column_name"]] == [
        "a result of this bucket is no JSON object",
        "the bucket has no list of results",
    ]
    assert sum(row["billed_cost"] for row in charges(bench)) == 1


def test_a_broken_line_among_lines_is_quarantined_and_the_others_load(bench: Bench) -> None:
    good = json.dumps(bucket(1, result(1)))
    loaded = bench.deliver("openai", f'{good}\n{{"start_time": 17\n{json.dumps(bucket(2, result(2)))}\n')
    assert (loaded.rows_accepted, loaded.rows_quarantined) == (2, 1)
    (row,) = bench.ask("SELECT line, message FROM log.quarantine")
    assert row["line"] == 2
    assert row["message"].startswith("the line is not JSON (")


SAVE = "save the answers of GET /organization/costs"
USAGE = {"object": "organization.usage.completions.result", "input_tokens": 5, "output_tokens": 7}
REFUSED = {
    "empty": ("", "the file is empty; export it again"),
    "not JSON": ("date,amount\n", "the file is not JSON; save the answer of the API as it is"),
    "cut": (
        json.dumps(page(bucket(1, result())), indent=1)[:200],
        "line 12, column 3: the JSON is cut or broken (",
    ),
    "trailing text": (json.dumps(page(bucket(1, result()))) + " x", "the JSON is cut or broken (Expecting value)"),
    "too deep": ("[" * 100_000, "the JSON is nested too deeply; save it again as the API answers it"),
    "UTF-16": (json.dumps(page(bucket(1, result()))).encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
    "UTF-16 without a mark": (json.dumps(page()).encode("utf-16-le"), "the file is UTF-16; save it as UTF-8"),
    "Latin-1": (
        b'{"data":\n["Caf\xe9"]}',
        "line 2 is not UTF-8 (Latin-1, perhaps); save the file as UTF-8",
    ),
    "usage": (
        json.dumps(page(bucket(1, USAGE))),
        f"line 1: the file is a usage page (organization.usage.completions.result), which holds no amounts; {SAVE}",
    ),
    "an error": (
        json.dumps({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}),
        "line 1: the file holds an error of the API, not costs (Incorrect API key provided); save it again",
    ),
    "no buckets": (json.dumps(page()), f"the file holds no buckets; {SAVE}"),
    "something else": ('{"id": 1}', f"line 1: the object is neither a page (`data`) nor a bucket (`results`); {SAVE}"),
    "a list of numbers": ("[1, 2]", f'the file holds "1" where a page should be; {SAVE}'),
    "another vendor": (
        json.dumps(page({"starting_at": "2026-01-01T00:00:00Z", "results": [{"amount": "12"}]})),
        f"line 1: the bucket has no start_time, as OpenAI's have; {SAVE}",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_costs_is_refused_in_a_sentence(refusing: Bench, name: str) -> None:
    content, told = REFUSED[name]
    loaded = refusing.deliver("openai", content)
    assert loaded.refused_because is not None
    assert told in loaded.refused_because
    assert "\n" not in loaded.refused_because


@pytest.mark.slow
def test_a_page_saved_again_under_its_path_replaces_its_days(tmp_path: Path) -> None:
    books = Books.of(tmp_path, TOML, {"inbox/jan.json": json.dumps(page(bucket(1, result(1)), bucket(2, result(2))))})
    books.run()
    books.put("inbox/jan.json", json.dumps(page(bucket(2, result(2.5)), bucket(3, result(4)))))
    books.run()
    assert books.charged() == Decimal("7.5")
    found = books.ask("SELECT charge_period_start AS day, billed_cost FROM books.charges ORDER BY day")
    assert [(row["day"].day, row["billed_cost"]) for row in found] == [
        (1, Decimal(1)),
        (2, Decimal("2.5")),
        (3, Decimal(4)),
    ]
    books.put("inbox/jan.json", json.dumps(page(bucket(1, result(1.25)), bucket(2, result(2.5)), bucket(3, result(4)))))
    books.run()
    assert books.charged() == Decimal("7.75")
    assert [status for _, status in books.statuses()] == ["superseded", "superseded", "loaded"]


@pytest.mark.slow
def test_a_day_told_by_another_path_is_held_unless_the_source_says_it_restates(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "inbox/pull-1.json": json.dumps(page(bucket(1, result(1)), bucket(2, result(2)))),
        "inbox/pull-2.json": json.dumps(page(bucket(2, result(3)), bucket(3, result(4)))),
    }
    held = Books.of(tmp_path / "held", TOML, files)
    held.run()
    assert held.charged() == 7
    assert held.statuses() == [("pull-1.json", "loaded"), ("pull-2.json", "held")]
    restating = Books.of(tmp_path / "restating", TOML + 'restates = "period"\nversion = "pull-([0-9]+)"\n', files)
    restating.run()
    assert restating.charged() == 8


def test_two_organizations_and_parts_of_a_day_have_slots_as_they_should(bench: Bench) -> None:
    part = bucket(1, result(1)) | {"start_time": DAY_ONE + 63_060}
    bench.deliver("openai", json.dumps([part, bucket(1, result(2, organization_id="org-2"))]))
    bench.deliver("openai", json.dumps([bucket(1, result(8))]))
    bench.keep_books()
    claims = bench.ask("SELECT slot, status FROM books.claims ORDER BY delivery_id, slot_no")
    assert [tuple(row.values()) for row in claims] == [
        ('["OpenAI",null,"2026-01-01"]', "current"),
        ('["OpenAI","org-2","2026-01-01"]', "current"),
        ('["OpenAI",null,"2026-01-01"]', "held"),
    ]


@pytest.mark.slow
def test_pages_that_are_missing_are_told_until_they_come(bench: Bench) -> None:
    bench.deliver("openai", json.dumps(page(bucket(1, result(1)), bucket(2), has_more=True)), "inbox/1.json")
    bench.keep_books()
    warning = "more pages follow, from 2026-01-03 00:00 UTC (has_more): deliver them too"
    assert bench.ask("SELECT warnings FROM log.deliveries") == [{"warnings": [warning]}]
    (gap,) = bench.view("gaps")[:1]
    assert (gap["kind"], gap["source"]) == ("pages", "openai")
    assert gap["what"] == "the pages after inbox/1.json are missing, from 2026-01-03 00:00 UTC on"
    bench.deliver("openai", json.dumps(page(bucket(3), bucket(4, result(1)))), "inbox/2.json")
    bench.keep_books()
    assert not [row for row in bench.view("gaps") if row["kind"] == "pages"]


def test_inference_is_the_cost_kind_where_no_rule_names_one(tmp_path: Path) -> None:
    rule = {"match": {"sub_account_id": "proj_2"}, "model": "bot", "activity": "evaluation", "cost_kind": "other"}
    bench = Bench.open(
        tmp_path,
        {
            "sources": [{"name": "openai", "format": "openai_costs", "path": "x"}],
            "models": [{"id": "bot"}],
            "attribution": [rule, {"match": {"service_name": "ft:*"}, "model": "bot", "activity": "serving"}],
        },
    )
    results = [result(line_item="ft:gpt-4o:acme, input"), result(project_id="proj_2"), result()]
    bench.deliver("openai", json.dumps(page(bucket(1, *results))))
    bench.keep_books()
    found = bench.ask("SELECT stage, cost_kind FROM books.attribution ORDER BY x_part")
    assert [tuple(row.values()) for row in found] == [
        ("serving", "inference_api"),
        ("evaluation", "other"),
        ("unallocated", "inference_api"),
    ]
    bench.close()


def test_a_file_is_known_for_costs_without_being_told(tmp_path: Path) -> None:
    path = tmp_path / "costs.json"
    path.write_text(json.dumps(page(bucket(1, result("1,5")))), "utf-8")
    checked = check_file(path, None, tmp_path, 10)
    assert (checked.format, checked.rows_read, checked.rows_quarantined) == ("openai_costs", 1, 1)
    assert "amount.value '1,5' is not an amount" in str(checked.faults[0])
