"""Files as people met them, each with the answer worked out by hand; and others of the same kinds, of our own."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.books import Books, Row, config, focus, rates, sacct, typed
from truecost import steps
from truecost.clock import Clock
from truecost.errors import ConfigError, TruecostError
from truecost.intake.check import check_file
from truecost.sources import formats

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def case(shared: Path, tmp_path: Path, name: str) -> Books:
    """A field case, copied and published as of its own day."""
    origin = shared.parent / "cases" / name
    if not origin.is_dir():
        pytest.skip("the field cases are not on this machine")
    shutil.copytree(origin, tmp_path / name)
    return published(Books(tmp_path / name))


def published(books: Books) -> Books:
    clock = Clock(books.workspace.config.workspace.as_of)
    books.run(clock.today())
    steps.publish(books.workspace, clock)
    return books


def finance(books: Books, sql: str) -> list[Row]:
    import duckdb

    with duckdb.connect(books.workspace.published, read_only=True) as con:
        found = con.execute(sql)
        names = [name for name, *_ in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def true_cost(books: Books) -> dict[str, Decimal]:
    told = finance(books, "SELECT model_id, sum(true_cost) AS cost FROM finance.true_cost_by_quarter GROUP BY ALL")
    return {row["model_id"]: row["cost"].normalize() for row in told if row["model_id"] is not None}


def gaps(books: Books) -> dict[str, str]:
    return {row["kind"]: row["what"] for row in finance(books, "SELECT kind, what FROM finance.gaps")}


def workspace(*sources: str, more: str = "", **settings: str) -> str:
    return config(*sources, more=more, workspace="as_of = 2026-04-10", **settings)


CLAIMED = (
    '\n[[models]]\nid = "bot"\n[[attribution]]\nmatch = { source = "slurm" }\nmodel = "bot"\nactivity = "training"\n'
)
GPUS_NOT_LISTED = {"AllocTRES": "billing=8,cpu=8,mem=64G,node=1", "Partition": "gpu"}


@pytest.mark.slow
def test_gpu_hours_are_found_where_alloc_tres_does_not_name_them(shared: Path, tmp_path: Path) -> None:
    books = case(shared, tmp_path, "07-slurm-gpus-not-in-tres")
    assert true_cost(books) == {"ticket-bot": Decimal(176)}
    assert finance(books, "SELECT DISTINCT tags ->> 'gpu_source' AS named_by FROM finance.charges") == [
        {"named_by": "AllocGRES"}
    ]


@pytest.mark.parametrize(
    ("fields", "gpus", "types", "source"),
    [
        ({"AllocGRES": "gpu:h100:8"}, 8, {"h100": 8}, "AllocGRES"),
        ({"AllocGRES": "gpu:8(IDX:0-3,5-8)"}, 8, {None: 8}, "AllocGRES"),
        ({"AllocGRES": "gres:gpu:a100:2,craynetwork:1"}, 2, {"a100": 2}, "AllocGRES"),
        ({"AllocGRES": "gpu:a100:2(S:0-1),gpu:v100:1(S:1)"}, 3, {"a100": 2, "v100": 1}, "AllocGRES"),
        ({"AllocGRES": "gpu"}, 1, {None: 1}, "AllocGRES"),
        ({"ReqTRES": "billing=8,cpu=8,gres/gpu=4"}, 4, {None: 4}, "ReqTRES"),
        ({"ReqTRES": "gres/gpu:H100=4"}, 4, {"h100": 4}, "ReqTRES"),
        ({"AllocTRES": "cpu=8,gres/gpu=0", "AllocGRES": "gpu:h100:8"}, 8, {"h100": 8}, "AllocGRES"),
        ({"AllocTRES": "cpu=8,gres/gpu=8", "AllocGRES": "gpu:h100:8"}, 8, {"h100": 8}, "AllocTRES"),
        ({"AllocTRES": "", "AllocGRES": "(null)", "ReqTRES": ""}, 0, {}, None),
    ],
)
def test_gpus_are_read_from_the_first_field_that_names_them(
    tmp_path: Path, fields: dict[str, str], gpus: int, types: dict[str | None, int], source: str | None
) -> None:
    books = Books.of(tmp_path / "w", config("slurm"), {"inbox/slurm/a.txt": sacct({**GPUS_NOT_LISTED, **fields})})
    books.take_in()
    (job,) = books.ask("SELECT gpus, gpu_types, gpu_source FROM ledger.jobs")
    assert (job["gpus"], job["gpu_source"]) == (gpus, source)
    assert {gpu["gpu_type"]: gpu["gpus"] for gpu in job["gpu_types"]} == types


def test_a_file_without_alloc_tres_loads_where_another_field_names_gpus(tmp_path: Path) -> None:
    lines = (
        "JobID|Start|End|ElapsedRaw|State|AllocGRES\n7|2026-01-10T00:00:00|2026-01-10T01:00:00|3600|COMPLETED|gpu:2\n"
    )
    books = Books.of(tmp_path / "w", config("slurm"), {"inbox/slurm/a.txt": lines})
    books.take_in()
    assert books.one("SELECT gpus FROM ledger.jobs") == 2
    books.put("inbox/slurm/b.txt", lines.replace("AllocGRES", "NodeList"))
    books.take_in()
    assert "lacks the column AllocTRES" in books.delivery("b.txt")["refused_because"]


@pytest.mark.slow
def test_a_job_that_names_no_gpu_where_others_have_some_is_a_gap(tmp_path: Path) -> None:
    jobs = sacct(
        {"JobID": "1", "Partition": "gpu"},
        {"JobID": "2", **GPUS_NOT_LISTED},
        {"JobID": "3", "Partition": "cpu", "AllocTRES": "cpu=2"},
    )
    books = published(Books.of(tmp_path / "w", workspace("slurm"), {"inbox/slurm/a.txt": jobs}))
    assert gaps(books)["gpus_not_named"].startswith("1 job (1.00 hours, 2 for one) from 2026-01-10")


@pytest.mark.slow
def test_jobs_without_gpus_cost_what_the_rate_card_says_of_cpu_hours(tmp_path: Path) -> None:
    job = {"JobID": "1", "AllocTRES": "cpu=16,mem=64G,node=1", "Partition": "cpu"}
    files = {
        "inbox/slurm/a.txt": sacct(job),
        "inbox/rates/cpu.csv": "price_per_cpu_hour,currency,valid_from\n0.05,USD,2026-01-01\n",
    }
    books = published(Books.of(tmp_path / "w", workspace("slurm", "rates", more=CLAIMED), files))
    assert true_cost(books) == {"bot": Decimal("0.8")}
    assert "unpriced" not in gaps(books)


@pytest.mark.slow
def test_jobs_without_gpus_are_unpriced_where_a_rule_claims_them_and_silent_where_none_does(tmp_path: Path) -> None:
    job = {"JobID": "1", "AllocTRES": "cpu=16", "Partition": "cpu"}
    files = {
        "inbox/slurm/a.txt": sacct(job, {**job, "JobID": "2", "AllocTRES": ""}),
        "inbox/rates/r.csv": rates({"gpu_type": "*"}),
    }
    books = published(Books.of(tmp_path / "w", workspace("slurm", "rates", more=CLAIMED), files))
    told = [
        row["what"] for row in finance(books, "SELECT what FROM finance.gaps WHERE kind = 'unpriced' ORDER BY what")
    ]
    assert told == [
        "1 jobs from 2026-01-10 to 2026-01-10 ran and name neither GPUs nor CPUs",
        "1 jobs without GPUs from 2026-01-10 to 2026-01-10 have no price (16.00 CPU hours)",
    ]
    (quarter,) = finance(books, "SELECT completeness FROM finance.true_cost_by_quarter WHERE model_id = 'bot'")
    assert "2 unpriced usage charges" in quarter["completeness"]
    books.configure(workspace("slurm", "rates"))
    assert "unpriced" not in gaps(published(books))
    books.configure(workspace("slurm", "rates", more='\n[[expected]]\nsource = "slurm"\nevery = "900d"\n'))
    assert "unpriced" in gaps(published(books))


@pytest.mark.parametrize(
    ("fields", "column", "message"),
    [
        (
            {"State": "RUNNING", "End": "Unknown", "ElapsedRaw": "2678400"},
            "ElapsedRaw",
            "is longer than a job may be",
        ),
        ({"State": "FOO"}, "State", "is no state that Slurm has"),
        ({"ElapsedRaw": "36000"}, "ElapsedRaw", "contradicts Start and End"),
        ({"ElapsedRaw": "60"}, "ElapsedRaw", "contradicts Start and End"),
        ({"End": "2026-01-09T23:00:00"}, "ElapsedRaw", "contradicts Start and End"),
        ({"AllocTRES": "cpu=8", "AllocGRES": "gpu:a100:many"}, "AllocTRES", "does not say how many GPUs"),
    ],
)
def test_jobs_that_can_not_be_so_are_quarantined_and_the_others_load(
    tmp_path: Path, fields: dict[str, str], column: str, message: str
) -> None:
    books = Books.of(
        tmp_path / "w", config("slurm"), {"inbox/slurm/a.txt": sacct({"JobID": "1"}, {"JobID": "2", **fields})}
    )
    books.take_in()
    assert books.ask("SELECT job_id FROM ledger.jobs") == [{"job_id": "1"}]
    (bad,) = books.quarantine("a.txt")
    assert (bad["line"], bad["column_name"]) == (3, column)
    assert bad["message"].startswith(message)


@pytest.mark.parametrize(
    "fields",
    [
        {"State": "CANCELLED by 1001"},
        {"State": "CANCELLED+"},
        {"State": "RUNNING", "End": "Unknown", "ElapsedRaw": "2500000"},
        {"State": "PENDING", "Start": "Unknown", "End": "Unknown", "ElapsedRaw": "0"},
        {"State": "CANCELLED", "Start": "None", "ElapsedRaw": "0"},
        {"Suspended": "00:30:00", "ElapsedRaw": "1800"},
        {"ElapsedRaw": "3601"},
    ],
)
def test_jobs_that_can_be_so_are_good(tmp_path: Path, fields: dict[str, str]) -> None:
    books = Books.of(tmp_path / "w", config("slurm"), {"inbox/slurm/a.txt": sacct(fields)})
    books.take_in()
    assert books.quarantine("a.txt") == []


def test_how_long_a_job_may_be_running_is_the_sources_to_say(tmp_path: Path) -> None:
    job = sacct({"State": "RUNNING", "End": "Unknown", "ElapsedRaw": "2678400"})
    books = Books.of(tmp_path / "w", config("slurm", max_running='"60d"'), {"inbox/slurm/a.txt": job})
    books.take_in()
    assert books.quarantine("a.txt") == []


@pytest.mark.parametrize(
    ("zone", "start", "end", "seconds", "started_at"),
    [
        ("Europe/Berlin", "2025-10-26T02:30:00", "2025-10-26T03:30:00", 7200, "2025-10-26 00:30:00"),
        ("Europe/Berlin", "2025-10-26T02:30:00", "2025-10-26T03:30:00", 3600, "2025-10-26 01:30:00"),
        ("Europe/Berlin", "2025-10-26T02:50:00", "2025-10-26T02:10:00", 1200, "2025-10-26 00:50:00"),
        ("Europe/Berlin", "2025-10-26T01:50:00", "2025-10-26T02:10:00", 1200, "2025-10-25 23:50:00"),
        ("America/New_York", "2025-11-02T01:30:00", "2025-11-02T01:40:00", 4200, "2025-11-02 05:30:00"),
        ("Australia/Lord_Howe", "2026-04-05T01:40:00", "2026-04-05T02:40:00", 5400, "2026-04-04 14:40:00"),
        ("Europe/Berlin", "2026-03-29T01:30:00", "2026-03-29T03:30:00", 3600, "2026-03-29 00:30:00"),
    ],
)
def test_the_repeated_hour_is_settled_by_end_and_elapsed(
    tmp_path: Path, zone: str, start: str, end: str, seconds: int, started_at: str
) -> None:
    job = sacct({"Start": start, "End": end, "ElapsedRaw": str(seconds)})
    books = Books.of(tmp_path / "w", config("slurm", timezone=f'"{zone}"'), {"inbox/slurm/a.txt": job})
    books.take_in()
    assert books.quarantine("a.txt") == []
    (row,) = books.ask(
        "SELECT CAST(started_at AS VARCHAR) AS at, date_diff('second', started_at, ended_at) AS lasted FROM ledger.jobs"
    )
    assert (row["at"], row["lasted"]) == (started_at, seconds)


@pytest.mark.slow
def test_amounts_that_an_api_sends_as_text_are_the_decimals_they_say(shared: Path, tmp_path: Path) -> None:
    books = case(shared, tmp_path, "01-openai-string-amounts")
    amounts = [row["billed_cost"] for row in finance(books, "SELECT billed_cost FROM finance.charges ORDER BY ALL")]
    assert amounts == [Decimal("-0.0015"), Decimal(0), Decimal("0.0036275"), Decimal("12.50")]
    assert gaps(books) == {}


@pytest.mark.slow
def test_a_refunded_commitment_is_no_cost_but_what_was_used_of_it_is(shared: Path, tmp_path: Path) -> None:
    books = case(shared, tmp_path, "05-focus-commitment-refund")
    assert sum(true_cost(books).values()) == Decimal("90.5")
    assert finance(books, "SELECT sum(billed_cost) AS billed FROM finance.charges") == [{"billed": Decimal("109.70")}]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["15-focus-1.4-no-providername", "15b-focus-1.4-mapped"])
def test_two_providers_of_a_focus_1_4_account_are_two_bills(shared: Path, tmp_path: Path, name: str) -> None:
    books = case(shared, tmp_path, name)
    assert true_cost(books) == {"ticket-bot": Decimal(150), "sorter": Decimal(30)}
    assert {row["format_version"] for row in finance(books, "SELECT format_version FROM finance.deliveries")} == {"1.4"}


def version_of(*columns: str) -> str:
    return formats()["focus"].version_of(columns)


def test_the_version_of_a_focus_file_is_told_by_its_columns() -> None:
    assert version_of("BilledCost", "ProviderName") == "1.0"
    assert version_of("BilledCost", "ProviderName", "InvoiceId") == "1.2"
    assert version_of("BilledCost", "ProviderName", "ServiceProviderName") == "1.3"
    assert version_of("billed_cost", "service_provider_name") == "1.4"
    assert version_of("BilledCost", "ProviderName", "InvoiceDetailId") == "1.4"


@pytest.mark.slow
def test_rules_read_what_focus_1_3_added(tmp_path: Path) -> None:
    columns = [
        "ServiceProviderName",
        "HostProviderName",
        "AllocatedResourceId",
        "AllocatedTags",
        "ContractApplied",
        "InvoiceIssuer",
    ]
    rules = "".join(
        f'[[attribution]]\nmatch = {{ {match} }}\nmodel = "bot"\nactivity = "serving"\n'
        for match in (
            'service_provider_name = "One"',
            'host_provider_name = "Two"',
            'allocated_resource_id = "Three"',
            'allocated_tags = "*Four*"',
            'contract_applied = "*Five*"',
            'invoice_issuer_name = "Six"',
        )
    )
    values = ["One", "Two", "Three", '{"pod": "Four"}', '{"Elements": ["Five"]}', "Six"]
    rows = [
        {"ResourceId": str(number), column: value}
        for number, (column, value) in enumerate(zip(columns, values, strict=True))
    ]
    toml = workspace("aws", more=f'\n[[models]]\nid = "bot"\n{rules}')
    books = published(Books.of(tmp_path / "w", toml, {"inbox/aws/a.csv": focus(*rows)}))
    told = finance(books, "SELECT x_rule FROM finance.charges ORDER BY CAST(resource_id AS INTEGER)")
    assert [row["x_rule"] for row in told] == [1, 2, 3, 4, 5, 6]


def test_focus_in_lower_case_reads_as_focus(tmp_path: Path) -> None:
    row = {
        "ChargeCategory": "usage",
        "ChargeClass": "CORRECTION",
        "ServiceCategory": "compute",
        "CommitmentDiscountStatus": "UNUSED",
    }
    head, _, rest = focus(row).partition("\n")
    books = Books.of(tmp_path / "w", config("aws"), {"inbox/aws/a.csv": f"{head.lower()}\n{rest}"})
    books.run()
    assert books.ask(
        "SELECT charge_category, charge_class, service_category, commitment_discount_status, provider_name "
        "FROM books.charges"
    ) == [
        {
            "charge_category": "Usage",
            "charge_class": "Correction",
            "service_category": "Compute",
            "commitment_discount_status": "Unused",
            "provider_name": "AWS",
        }
    ]


@pytest.mark.parametrize(
    "tags",
    [
        '{"team": "nlp", "env": "prod"}',
        '[{"key": "team", "value": "nlp"}, {"key": "env", "value": "prod", "inherited": false}]',
        '[{"Key": "team", "Value": "nlp"}]',
        '[["team", "nlp"], ["env", "prod"]]',
        '[{"team": "nlp"}, {"env": "prod"}]',
        '"team": "nlp","env": "prod"',
        "{'team': 'nlp'}",
        "team=nlp;env=prod",
        "env=prod, team=nlp",
        "team:nlp|env:prod",
        '"{\\"team\\": \\"nlp\\"}"',
    ],
)
def test_tags_are_read_as_object_list_or_text(tmp_path: Path, tags: str) -> None:
    rule = '\n[[models]]\nid = "bot"\n[[attribution]]\nmatch = { "tags.team" = "nlp" }\nmodel = "bot"\n'
    books = Books.of(tmp_path / "w", config("aws", more=rule), {"inbox/aws/a.csv": focus({"Tags": tags})})
    books.run()
    assert books.one("SELECT model_id FROM books.attribution") == "bot", books.one("SELECT tags FROM books.charges")


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


@pytest.mark.slow
@given(
    st.lists(st.dictionaries(words, words, min_size=1, max_size=4), min_size=1, max_size=30),
    st.lists(st.text(max_size=20), max_size=30),
)
def test_no_tag_is_lost_whatever_its_form(
    con: DuckDBPyConnection, tags: list[dict[str, str]], noise: list[str]
) -> None:
    def shown(held: dict[str, str], form: int) -> str:
        pairs = [{"key": key, "value": value} for key, value in held.items()]
        forms = (held, pairs, list(held.items()), [{key: value} for key, value in held.items()])
        return json.dumps(forms[form], ensure_ascii=form < 2)

    rows = [shown(held, number % 4) for number, held in enumerate(tags)]
    told = typed(con, "focus", [{"tags": text} for text in rows])
    assert [json.loads(row["tags"]) for row in told] == tags
    for row, text in zip(typed(con, "focus", [{"tags": text} for text in noise]), noise, strict=True):
        assert row["tags"] == text or isinstance(json.loads(row["tags"]), dict), text


TOKENS = """
[[models]]
id = "bot"
[[sources]]
name = "log"
format = "request_log"
path = "inbox/log/*"
model = "bot"
{source}
[[token_rates]]
model = "bot"
billed = {{ service_name = "API" }}
cost_per_1m_input_tokens = 10
cost_per_1m_output_tokens = 30
{rate}currency = "USD"
"""


def logged(tmp_path: Path, log: str, source: str = "", rate: str = "") -> Books:
    toml = workspace("aws", more=TOKENS.format(source=source, rate=rate))
    return published(Books.of(tmp_path / "w", toml, {"inbox/log/a.csv": log}))


@pytest.mark.slow
def test_what_a_gateways_cache_answered_costs_nothing(shared: Path, tmp_path: Path) -> None:
    books = case(shared, tmp_path, "17-gateway-cache-hits")
    assert true_cost(books) == {"ticket-bot": Decimal("1.3")}
    assert finance(books, "SELECT requests, tokens FROM finance.unit_economics") == [{"requests": 4, "tokens": 110_000}]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heading", "hit", "miss"),
    [("cache_hit", "True", "None"), ("cache_status", "HIT", "MISS"), ("cache_status", "semantic hit", "disabled")],
)
def test_a_hit_is_told_in_several_words(tmp_path: Path, heading: str, hit: str, miss: str) -> None:
    log = f"id,timestamp,input_tokens,output_tokens,{heading}\n"
    log += "".join(f"{n},2026-03-01T00:00:0{n}Z,100000,0,{said}\n" for n, said in enumerate((hit, miss, "")))
    assert true_cost(logged(tmp_path, log)) == {"bot": Decimal(2)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heading", "tokens", "rate", "cost"),
    [
        ("cached_tokens", 60_000, "", "1"),  # a part of the input, at its price
        ("cached_tokens", 60_000, "cost_per_1m_cached_input_tokens = 1\n", "0.46"),
        ("cached_tokens", 60_000, "cost_per_1m_cached_input_tokens = 0\n", "0.4"),
        ("cache_read_input_tokens", 200_000, "cost_per_1m_cached_input_tokens = 1\n", "1.2"),  # beside the input
        ("cached_tokens", 0, "cost_per_1m_cached_input_tokens = 1\n", "1"),
    ],
)
def test_cached_tokens_have_a_price_of_their_own(
    tmp_path: Path, heading: str, tokens: int, rate: str, cost: str
) -> None:
    log = f"id,timestamp,input_tokens,output_tokens,{heading}\n1,2026-03-01T00:00:00Z,100000,0,{tokens}\n"
    assert true_cost(logged(tmp_path, log, rate=rate)) == {"bot": Decimal(cost)}


@pytest.mark.slow
def test_more_cached_tokens_than_input_tokens_is_a_fault(tmp_path: Path) -> None:
    books = logged(tmp_path, "id,timestamp,input_tokens,cached_tokens\n1,2026-03-01T00:00:00Z,10,20\n")
    (bad,) = books.quarantine("a.csv")
    assert (bad["column_name"], bad["message"]) == (
        "cached_tokens",
        "is more than the input tokens, which it is a part of",
    )


CALLS = "id,timestamp,input_tokens,status,team\n" + "".join(
    f"{n},2026-03-01T00:00:0{n}Z,100000,{status},{team}\n"
    for n, (status, team) in enumerate((("success", "a"), ("failure", "a"), ("failure", "b"), ("", "b")))
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leave_out", "left"),
    [
        ('{ status = "failure" }', 2),
        ('{ status = "fail*", team = "b" }', 3),
        ('{ status = ["failure", ""] }', 1),
        ('{ status = { not = "success" } }', 1),
        ("{ input_tokens = { min = 1 } }", 0),
        ('{ status = "nothing" }', 4),
    ],
)
def test_rows_are_left_out_by_a_filter_and_counted(tmp_path: Path, leave_out: str, left: int) -> None:
    books = logged(tmp_path, CALLS, f"leave_out = {leave_out}\n")
    delivery = books.delivery("a.csv")
    assert (delivery["rows_read"], delivery["rows_skipped"], delivery["rows_quarantined"]) == (4, 4 - left, 0)
    assert books.one("SELECT count(*) FROM books.requests") == left


@pytest.mark.slow
def test_a_filter_by_a_column_that_is_not_there_refuses_the_file(tmp_path: Path) -> None:
    books = logged(tmp_path, CALLS, 'leave_out = { stauts = "failure" }\n')
    assert "it has no column stauts, by which `leave_out`" in books.delivery("a.csv")["refused_because"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["11-ecb-data-portal", "11b-ecb-data-portal-mapped"])
def test_the_rates_of_the_ecbs_data_portal_are_read(shared: Path, tmp_path: Path, name: str) -> None:
    assert true_cost(case(shared, tmp_path, name)) == {"ticket-bot": Decimal(860)}


RATES = '[workspace]\nname = "fx"\n[[sources]]\nname = "ecb"\nformat = "ecb_rates"\npath = "inbox/*.csv"\n'
PORTAL = "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,TITLE\n"


def quoted(currency: str, day: str, rate: str, base: str = "EUR", kind: str = "SP00") -> str:
    return f'EXR.D.{currency}.{base}.{kind}.A,D,{currency},{base},{kind},A,{day},{rate},"a, title"\n'


def rates_of(books: Books) -> list[tuple[str, str, Decimal]]:
    rows = books.ask(
        "SELECT CAST(rate_date AS VARCHAR) AS day, currency, rate FROM books.fx_rates "
        "WHERE currency <> 'EUR' ORDER BY ALL"
    )
    return [(row["day"], row["currency"], row["rate"].normalize()) for row in rows]


@pytest.mark.slow
def test_files_of_one_currency_each_add_up_and_a_newer_one_holds(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "w", RATES, {"inbox/pln.csv": PORTAL + quoted("PLN", "2026-08-07", "4.3")})
    books.run()
    books.put("inbox/usd.csv", PORTAL + quoted("USD", "2026-08-07", "1.15"))
    books.run()
    assert rates_of(books) == [("2026-08-07", "PLN", Decimal("4.3")), ("2026-08-07", "USD", Decimal("1.15"))]
    books.put("inbox/usd-2.csv", PORTAL + quoted("USD", "2026-08-07", "1.16"))
    books.put("inbox/wide.csv", "Date,USD,JPY,\n2026-08-07,1.17,170,\n")
    books.run()
    assert rates_of(books) == [
        ("2026-08-07", "JPY", Decimal(170)),
        ("2026-08-07", "PLN", Decimal("4.3")),
        ("2026-08-07", "USD", Decimal("1.17")),
    ]


def test_the_portals_page_names_series_in_its_headings(tmp_path: Path) -> None:
    page = 'DATE,TIME PERIOD,"US dollar/Euro (EXR.D.USD.EUR.SP00.A)"\n2026-08-07,07 Aug 2026,1.15\n2026-08-08,x,\n'
    books = Books.of(tmp_path / "w", RATES, {"inbox/page.csv": page})
    books.run()
    assert rates_of(books) == [("2026-08-07", "USD", Decimal("1.15"))]


def test_a_series_that_is_no_daily_rate_of_the_euro_is_quarantined(tmp_path: Path) -> None:
    rows = (
        PORTAL
        + quoted("USD", "2026-08-07", "1.15")
        + quoted("USD", "2026-08", "1.15")
        + quoted("USD", "2026-08-09", "")
    )
    rows += quoted("JPY", "2026-08-07", "140", base="USD") + quoted("GBP", "2026-08-07", "0,86")
    books = Books.of(tmp_path / "w", RATES, {"inbox/a.csv": rows.replace("0,86", '"0,86"')})
    books.take_in()
    assert [(row["line"], row["column_name"]) for row in books.quarantine("a.csv")] == [
        (3, "TIME_PERIOD"),
        (5, "CURRENCY_DENOM"),
        (6, "TIME_PERIOD"),
    ]
    assert books.delivery("a.csv")["rows_skipped"] == 1, "a day without a rate"
    books.put("inbox/b.csv", "TIME_PERIOD,VALUE\n2026-08-07,1.15\n")
    books.take_in()
    assert "neither a column a currency" in books.delivery("b.csv")["refused_because"]


@pytest.mark.slow
def test_a_timesheet_in_spanish_is_read(shared: Path, tmp_path: Path) -> None:
    books = case(shared, tmp_path, "03-clockify-spanish-headers")
    assert true_cost(books) == {"ticket-bot": Decimal("202.5")}
    assert {row["format_version"] for row in finance(books, "SELECT format_version FROM finance.deliveries")} == {
        "Clockify"
    }


def hours(tmp_path: Path, header: str, row: str, more: str = "") -> tuple[Books, Decimal | None]:
    toml = '[workspace]\nname = "time"\n[[sources]]\nname = "time"\nformat = "timesheet"\npath = "inbox/*.csv"\n' + more
    books = Books.of(tmp_path / "w", toml, {"inbox/a.csv": f"{header}\n{row}\n"})
    books.take_in()
    seconds = books.one("SELECT sum(seconds) FROM ledger.worklogs")
    return books, None if seconds is None else Decimal(int(seconds)) / 3600


@pytest.mark.parametrize(
    ("header", "row", "tool"),
    [
        (
            "Projekt,Benutzer,Startdatum,Startzeit,Dauer (h),Dauer (dezimal)",
            "p,ann,21.08.2026,09:00,01:30:00",
            "Clockify",
        ),
        (
            "Proyecto,Usuario,Fecha de inicio,Hora de inicio,Duración (h)",
            "p,ann,21/08/2026,9:00 a. m.,01:30:00",
            "Clockify",
        ),
        ("Projet,Utilisateur,Date de début,Heure de début,Durée (h)", "p,ann,21/08/2026,09:00,01:30:00", "Clockify"),
        ("Progetto,Utente,Data di inizio,Ora di inizio,Durata (h)", "p,ann,21/08/2026,09:00,01:30:00", "Clockify"),
        ("Projeto,Usuário,Data de início,Hora de início,Duração (h)", "p,ann,21/08/2026,09:00,01:30:00", "Clockify"),
        (
            "Projekt,Użytkownik,Data rozpoczęcia,Godzina rozpoczęcia,Czas trwania (h)",
            "p,ann,2026-08-21,09:00,01:30",
            "Clockify",
        ),
        ("プロジェクト,ユーザー,開始日,開始時刻,期間 (h)", "p,ann,2026/08/21,09:00,01:30:00", "Clockify"),
        ("Benutzer,Projekt,Startdatum,Startzeit,Dauer", "ann,p,2026-08-21,09:00:00,01:30:00", "Toggl Track"),
        ("Datum,Kunde,Projekt,Aufgabe,Notizen,Stunden,Vorname,Nachname", 'x;2026-08-21,k,p,a,n,"1,5",Ann,B', "Harvest"),
        ("Date,Client,Projet,Tâche,Notes,Heures,Prénom,Nom", '2026-08-21,k,p,a,n,"1,5",Ann,B', "Harvest"),
    ],
)
def test_timesheets_are_read_in_other_languages(tmp_path: Path, header: str, row: str, tool: str) -> None:
    row = row.removeprefix("x;") + ("," if "dezimal" in header else "")
    books, read = hours(tmp_path, header, row)
    assert (read, books.delivery("a.csv")["format_version"]) == (Decimal("1.5"), tool)


def test_columns_name_the_headings_of_any_other_language(tmp_path: Path) -> None:
    header, row = "Projekt neve,Ki,Kezdő nap,Kezdő idő,Időtartam", "p,ann,2026-08-21,09:00,1h 30m"
    names = {"project": "Projekt neve", "user_name": "Ki", "start_date": "Kezdő nap", "start_time": "Kezdő idő"}
    mapped = ", ".join(f'{name} = "{heading}"' for name, heading in {**names, "duration": "Időtartam"}.items())
    books, read = hours(tmp_path, header, row, f"columns = {{ {mapped} }}\n")
    assert (read, books.delivery("a.csv")["format_version"]) == (Decimal("1.5"), "Toggl Track")
    without_start = ", ".join(
        f'{name} = "{heading}"' for name, heading in {"start_date": "Nap", "duration": "Óra", "user_name": "Ki"}.items()
    )
    books, read = hours(
        tmp_path / "harvest", "Ki,Nap,Óra", 'ann,2026-08-21,"1,5"', f"columns = {{ {without_start} }}\n"
    )
    assert (read, books.delivery("a.csv")["format_version"]) == (Decimal("1.5"), "Harvest")


@pytest.mark.parametrize("heading", ["Duration", "Duration (h)"])
def test_durations_are_read_in_the_forms_tools_have(tmp_path: Path, heading: str) -> None:
    forms = ["1:30:00", "01:30:00", "1.5", "1.50", '"1,50"', "1h 30m", "1 h 30 min", "1h30", "90 min", "90m", "1.5 h"]
    forms += ["5400s", "PT1H30M", "PT90M", "pt5400s", "PT1.5H", "1 Std. 30 Min.", "1 heure 30 minutes", "90:00 min"]
    forms += ["1時間30分"]
    header = f"User,Project,Start date,Start time,{heading}"
    rows = [f"ann,{number},2026-08-21,09:00:00,{written}" for number, written in enumerate(forms)]
    books, _ = hours(tmp_path, header, "\n".join(rows))
    assert books.quarantine("a.csv") == []
    read = {int(row["project"]): row["seconds"] for row in books.ask("SELECT project, seconds FROM ledger.worklogs")}
    assert read == dict.fromkeys(range(len(forms)), 5400)


@pytest.mark.parametrize("written", ["1d 2h", "an hour", "-1h", "1h 30m 5", "PT", "P1D", "1:75:00", "h"])
def test_what_is_no_duration_is_quarantined(tmp_path: Path, written: str) -> None:
    books, read = hours(tmp_path, "User,Project,Start date,Start time,Duration", f"ann,p,2026-08-21,09:00:00,{written}")
    assert read is None
    (bad,) = books.quarantine("a.csv")
    assert (bad["line"], bad["column_name"], bad["value"]) == (2, "Duration", written)


@given(st.lists(st.integers(0, 86_400), min_size=1, max_size=100))
def test_a_duration_is_the_same_time_in_every_form(con: DuckDBPyConnection, seconds: list[int]) -> None:
    for count in seconds:
        h, m, s = count // 3600, count // 60 % 60, count % 60
        forms = [f"{h}h {m}m {s}s", f"{h} h {m} min {s} sec", f"PT{h}H{m}M{s}S", f"{count} sec", f"{count}s"]
        forms += [f"{count // 60} min"] if not s else []
        read = con.execute("SELECT DISTINCT worded_seconds(unnest(?::VARCHAR[]))", [forms]).fetchall()
        assert read == [(count,)], forms


@pytest.mark.parametrize(
    ("source", "key", "value"),
    [
        ("aws", "dates", '"day_first"'),
        ("aws", "timezone", '"Europe/Berlin"'),
        ("rates", "model", '"bot"'),
        ("slurm", "role", '"ml"'),
        ("annotators", "cluster", '"ridge"'),
        ("slurm", "one_in", "10"),
        ("runs", "max_running", '"5d"'),
    ],
)
def test_a_key_that_a_format_can_not_use_is_a_fault(tmp_path: Path, source: str, key: str, value: str) -> None:
    books = Books.of(tmp_path / "w", config(source, more='\n[[models]]\nid = "bot"\n', **{key: value}))
    with pytest.raises(ConfigError, match=f"can't use the key '{key}'"):
        _ = books.workspace


def test_headerless_files_say_how_to_name_their_fields(tmp_path: Path) -> None:
    line = "7|COMPLETED|2026-01-10T00:00:00|2026-01-10T01:00:00|3600|cpu=8,gres/gpu=2"
    books = Books.of(tmp_path / "w", config("slurm"), {"inbox/slurm/a.txt": f"{line}\n"})
    books.take_in()
    assert "line 1 is data and names no columns" in books.delivery("a.txt")["refused_because"]
    assert '`fields = ["JobID", ...]`' in books.delivery("a.txt")["refused_because"]
    fields = '["JobID", "State", "Start", "End", "ElapsedRaw", "AllocTRES"]'
    books.configure(config("slurm", fields=fields))
    books.put("inbox/slurm/p.txt", f"{line.replace('7', '8', 1)}|\n")  # sacct -p
    books.put("inbox/slurm/named.txt", f"JobID|State|Start|End|ElapsedRaw|AllocTRES\n{line.replace('7', '9', 1)}\n")
    books.put("inbox/slurm/short.txt", "10|COMPLETED\n")
    books.take_in()
    jobs = books.ask("SELECT job_id, gpus, x_line FROM ledger.jobs ORDER BY job_id")
    assert [(job["job_id"], job["gpus"], job["x_line"]) for job in jobs] == [("7", 2, 1), ("8", 2, 1), ("9", 2, 2)]
    assert "line 1 has 2 fields, and `fields` of the source names 6" in books.delivery("short.txt")["refused_because"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("7|COMPLETED|2026-01-10T00:00:00|3600|gres/gpu=2\n", "it looks like slurm without a header"),
        (focus({}).replace("EffectiveCost", "Cost2"), "nearest is focus, of which it lacks EffectiveCost"),
        ("Date,Colour,Weight\n2026-01-01,red,2\n", "no format shares more than a column with it"),
    ],
)
def test_check_names_the_nearest_formats_and_what_each_misses(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "a.txt"
    file.write_text(content, "utf-8")
    with pytest.raises(TruecostError) as told:
        check_file(file, None, tmp_path, 10)
    assert said in str(told.value)


def test_an_azure_export_is_not_taken_for_exchange_rates(tmp_path: Path) -> None:
    file = tmp_path / "azure.csv"
    file.write_text(
        "Date,ResourceId,MeterName,Quantity,CostInBillingCurrency,BillingCurrency\n01/31/2026,r,m,1,2,USD\n"
    )
    with pytest.raises(TruecostError) as told:
        check_file(file, None, tmp_path, 10)
    assert "ecb_rates" not in str(told.value)


@pytest.mark.parametrize(
    ("answer", "warned"),
    [
        (
            '{"model_versions": [{"name": "m", "version": "1", "run_id": "r", "last_updated_timestamp": 17672256e5}]}',
            True,
        ),
        (
            '{"model_versions": [{"name": "m", "version": "1", "run_id": "r", "last_updated_timestamp": 1767225600000, '
            '"aliases": []}]}',
            False,
        ),
    ],
)
def test_answers_without_aliases_say_what_else_to_save(tmp_path: Path, answer: str, warned: bool) -> None:
    toml = '[workspace]\nname = "m"\n[[sources]]\nname = "mlflow"\nformat = "mlflow_registry"\npath = "inbox/*"\n'
    books = Books.of(tmp_path / "w", toml, {"inbox/a.json": answer})
    books.take_in()
    told = books.one("SELECT warnings FROM log.deliveries")
    assert ["registered-models/search" in warning for warning in told] == [True] * warned
