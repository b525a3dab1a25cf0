"""Why a charge is whose it is, and what could claim the rest: after a close, under a bill, between two runs."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Books, Row, config, focus, in_month, rates, runs, sacct
from truecost import steps
from truecost.books.explain import Explained, explain
from truecost.books.suggest import Suggestion, suggest
from truecost.cli.attribution import show_explained, show_suggestions
from truecost.clock import Clock
from truecost.publish.publication import open_published
from truecost.store.rows import read_rows

MODELS = '\n[[models]]\nid = "bot"\n\n[[models]]\nid = "reader"\n'
EVERY_CHECK = ("unallocated", "silent", "unpriced", "contested")
JULY, Q1 = Clock(date(2026, 7, 10)), "FY2026-Q1"

BENCH: dict[str, Any] = {"models": [{"id": "bot"}, {"id": "reader"}], "attribution": []}
COVERED: dict[str, Any] = {
    **BENCH,
    "attribution": [{"match": {"source": "slurm", "sub_account_id": "cv"}, "model": "reader"}],
    "coverage": [{"billed": {"source": "aws", "service_name": "EC2"}, "usage": {"source": "slurm"}}],
}
UNIT = Decimal("0.00000000000000000001")


def rule(service: str, model: str) -> str:
    return (
        f'\n[[attribution]]\nmatch = {{ source = "aws", service_name = "{service}" }}\n'
        f'model = "{model}"\nactivity = "serving"\n'
    )


def bill(service: str, cost: str, account: str = "acct-1") -> dict[str, str]:
    return in_month(3, ServiceName=service, BilledCost=cost, EffectiveCost=cost, BillingAccountId=account)


def charge(cost: str, tags: Mapping[str, object] | None = None, **columns: object) -> Row:
    return {
        "service_name": "EC2",
        "sub_account_id": "acct",
        "charge_category": "Usage",
        "billing_currency": "USD",
        "effective_cost": Decimal(cost).quantize(UNIT),
        "billed_cost": Decimal(cost).quantize(UNIT),
        "charge_period_start": date(2026, 1, 10),
        "charge_period_end": date(2026, 1, 11),
        "tags": json.dumps(tags or {}),
        **columns,
    }


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    return lambda toml: Bench.open(tmp_path, toml)


def explained(bench: Bench, charge_id: str) -> Explained:
    return explain(bench.session(), charge_id)


def suggested(bench: Bench, limit: int = 5) -> list[Suggestion]:
    bench.keep_books()
    return suggest(bench.session(), limit)


# ---- After a close ----


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """March was closed by one rule; then two bills of March came, and the rules changed: two in front, and one for each
    of the services nobody claimed."""
    books = Books.of(
        tmp_path_factory.mktemp("closed") / "books",
        config("aws", more=MODELS + rule("Seen", "reader")),
        {"inbox/aws/1.csv": focus(bill("Seen", "100.00"), bill("Nobody", "7.00"))},
    )
    books.run(date(2026, 4, 8))
    steps.close(books.workspace, Clock(date(2026, 4, 8)), Q1, "cfo", EVERY_CHECK)
    books.put("inbox/aws/late.csv", focus(bill("Late", "990.00", "acct-2"), bill("Seen", "30.00", "acct-2")))
    return books


def after(books: Books, rules: str) -> Books:
    books.configure(config("aws", more=MODELS + rules))
    books.run(date(2026, 7, 10))
    return books


NEW_RULES = "".join(rule(*told) for told in (("Other", "bot"), ("Seen", "bot"), ("Late", "bot"), ("Nobody", "bot")))


@pytest.mark.slow
def test_a_late_charge_of_a_closed_quarter_is_claimed_by_todays_rule_where_no_frozen_one_matches(
    closed: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    books = after(closed, rule("Seen", "reader"))
    suggestion = steps.suggest_rules(books.workspace, 5)
    assert [(item.match["service_name"], item.cost) for item in suggestion] == [("Late", 990)], "the close saw Nobody"
    after(closed, NEW_RULES)
    posted = books.ask("SELECT reason, model_id, cost, quarter FROM books.posted WHERE is_adjustment ORDER BY cost")
    assert [tuple(row.values()) for row in posted] == [
        ("late", "reader", 30, "FY2026-Q2"),
        ("late", "bot", 990, "FY2026-Q2"),
    ]
    assert books.one("SELECT sum(cost) FROM books.posted WHERE model_id IS NULL AND quarter = ?", Q1) == 7
    assert steps.suggest_rules(books.workspace, 5) == []

    late = steps.explain_charge(books.workspace, "2:2")
    assert (late.by, late.model, late.settled_with) == ("rule", "bot", None)
    assert late.rule
    assert (late.rule.rule, late.rule.frozen_with) == (3, None)
    assert [(rule.rule, rule.frozen_with) for rule in late.nearly] == [(1, Q1), (1, None), (2, None)]

    seen = steps.explain_charge(books.workspace, "1:2")
    assert seen.rule
    assert (seen.model, seen.rule.rule, seen.rule.line, seen.rule.frozen_with) == ("reader", 1, None, Q1)
    show_explained(seen)
    assert f"1:2:0 is of reader, by rule 1 of the rules frozen with {Q1}." in capsys.readouterr().out
    show_explained(steps.explain_charge(books.workspace, "1:3"))
    told = capsys.readouterr().out
    assert "is of nobody, no rule matches" in told
    assert f"{Q1} was closed with it, and rules written since are for what came later" in told
    assert "Rule 4" not in told

    steps.publish(books.workspace, JULY)
    with open_published(books.workspace.published) as con:
        rows = read_rows(con, "SELECT x_charge_id, x_rule, x_rules_frozen_with FROM charges ORDER BY x_charge_id")
    assert [tuple(row.values()) for row in rows] == [
        ("1:2:0", 1, Q1),
        ("1:3:0", None, None),
        ("2:2:0", 3, None),
        ("2:3:0", 1, Q1),
    ]


# ---- Between runs, and under a bill ----


def test_a_charge_that_two_runs_claim_is_explained_with_both(
    bench: Callable[..., Bench], capsys: pytest.CaptureFixture[str]
) -> None:
    books = bench(BENCH)
    books.deliver("rates", rates({}))
    books.deliver("slurm", sacct({}, {"JobID": "200"}, {"JobID": "300_1"}))
    books.deliver(
        "runs",
        runs({"run_id": "a"}, {"run_id": "b"}, {"run_id": "c", "job_id": "200"}, {"run_id": "d", "job_id": "300"}),
    )
    books.keep_books()
    contested = explained(books, "2:2")
    assert (contested.by, contested.model, contested.run) == ("contested", None, None)
    assert [(claim.run, claim.claimed_by) for claim in contested.runs] == [("a", "its job 100"), ("b", "its job 100")]
    show_explained(contested)
    told = capsys.readouterr().out
    assert "is of nobody, since it is contested, and no rule matches" in told
    assert "Runs that claim it: a (by its job 100), b (by its job 100). It can be of one only" in told
    show_explained(explained(books, "2:3"))
    assert "is of bot, by the run c, which claims it by its job 200." in capsys.readouterr().out
    assert explained(books, "2:4").runs[0].claimed_by == "its job 300", "its array's"
    books.close()


def test_a_job_id_that_several_clusters_have_and_a_charge_longer_than_a_window_are_explained(
    bench: Callable[..., Bench], capsys: pytest.CaptureFixture[str]
) -> None:
    books = bench({**BENCH, "attribution": [{"match": {"source": "aws"}, "model": "bot"}]})
    books.deliver("rates", rates({}))
    books.deliver("slurm", sacct({"Cluster": "alpha"}))
    books.deliver("slurm", sacct({"Cluster": "beta"}))
    half_a_day = {"started_at": "2026-01-10T00:00:00Z", "ended_at": "2026-01-10T12:00:00Z"}
    books.deliver("runs", runs({"run_id": "a"}, {"run_id": "w", "job_id": "", **half_a_day}))
    number = books.put_charges([charge("10", service_category="Compute")])
    books.keep_books()
    ambiguous = explained(books, "2:2")
    assert ambiguous.by == "contested"
    assert [claim.claimed_by for claim in ambiguous.runs] == ["its job 100, which several clusters have"]
    longer = explained(books, f"{number}:1")
    assert (longer.by, longer.activity, longer.runs, longer.overlaps) == ("rule", "undecided", (), ("w",))
    show_explained(longer)
    assert "It lies only in part within the time window of w" in capsys.readouterr().out
    assert not [row for row in books.view("gaps") if row["kind"] == "undecided"], "it is told as an overlap"
    books.close()


@pytest.mark.slow
def test_a_run_that_claims_by_its_time_window_says_so(bench: Callable[..., Bench]) -> None:
    books = bench({**BENCH, "attribution": [{"match": {"source": "aws"}, "model": "bot"}]})
    books.put_charges([charge("10", service_category="Compute"), charge("10")])
    window = {"job_id": "", "started_at": "2026-01-09T00:00:00Z", "ended_at": "2026-01-12T00:00:00Z"}
    books.deliver("runs", runs({"run_id": "w", **window}))
    books.keep_books()
    assert [claim.claimed_by for claim in explained(books, "1:1").runs] == [
        "its time window, 2026-01-09 00:00 to 2026-01-12 00:00 UTC"
    ]
    assert explained(books, "1:2").runs == (), "no compute"
    books.deliver("runs", runs({"run_id": "v", **window}))
    books.keep_books()
    contested = explained(books, "1:1")
    assert (contested.by, contested.model) == ("contested", "bot")
    assert contested.rule, "the rule names the model"
    assert [claim.run for claim in contested.runs] == ["v", "w"]
    books.close()


def covered(bench: Callable[..., Bench], **billed: object) -> Bench:
    """A bill of 800.00: two jobs of the unclaimed account ran three hours of the four, reader's one."""
    books: Bench = bench(COVERED)
    books.deliver("rates", rates({}))
    job = {"End": "2026-01-10T02:00:00", "ElapsedRaw": "7200"}
    books.deliver("slurm", sacct({}, {"JobID": "101", **job}, {"JobID": "102", "Account": "cv"}))
    books.put_charges([charge("800", **billed)])
    books.put_charges([charge("50", service_name="Small")])
    books.keep_books()
    return books


@pytest.mark.slow
def test_usage_that_a_bill_covers_says_so_and_a_share_says_what_it_was_measured_by(
    bench: Callable[..., Bench], capsys: pytest.CaptureFixture[str]
) -> None:
    books = covered(bench)
    job = explained(books, "2:4")
    assert (job.model, job.covered_by, job.is_accrued) == ("reader", ("3:1:0",), False)
    show_explained(job)
    assert "its cost is its share of the bill (3:1:0)" in capsys.readouterr().out
    show_explained(explained(books, "3:1"))
    told = capsys.readouterr().out
    assert "7200 of 28800 GPU seconds" in told
    assert "21600 of 28800 GPU seconds" in told
    books.close()
    hours = {"consumed_quantity": Decimal(4).quantize(UNIT), "consumed_unit": "GPU-Hours"}
    half = covered(bench, **hours)
    assert explained(half, "2:4").is_accrued
    show_explained(explained(half, "2:4"))
    assert "what they do not pay for is accrued" in capsys.readouterr().out
    job, small = suggested(half)
    assert (job.bill_share, small.cost) == (600, 50)
    assert job.cost == 600 + 3 * Decimal("2.50"), "half of six hours at the rate card"
    half.close()


@pytest.mark.slow
def test_jobs_that_nobody_claims_weigh_as_their_share_of_the_bill(
    bench: Callable[..., Bench], capsys: pytest.CaptureFixture[str]
) -> None:
    books = covered(bench)
    first, second = suggested(books)
    assert (first.match["source"], first.match["sub_account_id"], first.charges) == ("slurm", "nlp", 2)
    assert (first.cost, first.bill_share) == (600, 600)
    assert (second.match["service_name"], second.cost, second.bill_share) == ("Small", 50, 0)
    assert not {"tags.state", "tags.job_name"} & set(first.match), "they say little of the next job"
    show_suggestions([first])
    assert "# USD 600.00 in 2 charges, 600.00 of it their share of the bills" in capsys.readouterr().out
    books.close()


@pytest.mark.slow
def test_a_shared_charge_whose_driver_is_zero_is_told_with_what_is_the_matter(
    bench: Callable[..., Bench], capsys: pytest.CaptureFixture[str]
) -> None:
    books = bench(
        {
            **BENCH,
            "allocations": [
                {"match": {"source": "aws", "service_name": "Host"}, "driver": "requests", "models": ["bot", "reader"]}
            ],
        }
    )
    books.put_charges([charge("500", service_name="Host"), charge("20")])
    first, second = suggested(books)
    assert (first.cost, first.charges, first.rule) == (500, 1, None)
    assert first.matter
    assert first.matter.startswith("allocation 1 by requests measures nothing from 2026-01-10 to 2026-01-10")
    assert (second.cost, second.matter) == (20, None)
    show_suggestions([first])
    assert "# of aws, Host: allocation 1 by requests measures nothing" in capsys.readouterr().out
    assert len(suggested(books, 1)) == 1
    books.close()


# ---- Groups, and the tags of a rule ----


def test_a_group_is_divided_by_the_tag_that_tells_its_charges_apart(bench: Callable[..., Bench]) -> None:
    books = bench(BENCH)
    of_a = [charge("10", {"team": "a", "env": "prod", "id": str(n)}) for n in range(3)]
    of_b = [charge("10", {"team": "b", "env": "prod", "id": str(n)}) for n in (3, 4)]
    some = [charge("1", tags, sub_account_id="other") for tags in ({"some": "x"}, {"some": "y"}, {})]
    books.put_charges([*of_a, *of_b, *some])
    found = [(item.match.get("tags.team"), item.cost, item.charges) for item in suggested(books)]
    assert found == [("a", 30, 3), ("b", 20, 2), (None, 3, 3)]
    books.close()


def test_a_tag_of_models_divides_before_any_other(bench: Callable[..., Bench]) -> None:
    books = bench(BENCH)
    books.put_charges(
        [
            charge("30", {"env": "dev", "kind": "bot"}),
            charge("20", {"env": "prod", "kind": "reader"}),
            charge("10", {"env": "prod", "kind": "bot"}),
        ]
    )
    found = [(item.model, item.match["tags.kind"], item.cost) for item in suggested(books)]
    assert found == [("bot", "bot", 40), ("reader", "reader", 20)]
    books.close()


def test_a_credit_does_not_hide_what_it_takes_off(
    bench: Callable[..., Bench], capsys: pytest.CaptureFixture[str]
) -> None:
    books = bench(BENCH)
    follower = charge("-3", charge_category="Credit", service_name="Small")
    books.put_charges([charge("500"), charge("-500"), charge("40", service_name="Small"), follower])
    first, second = suggested(books)
    assert (first.cost, first.credits, first.charges) == (0, -500, 2)
    assert (second.cost, second.charges) == (40, 1), "the credit goes with what it follows"
    show_suggestions([first])
    assert "# USD 0.00 in 2 charges, 500.00 of credits taken off" in capsys.readouterr().out
    books.close()


def test_a_rule_names_two_tags_at_most_and_those_that_differ_least(bench: Callable[..., Bench]) -> None:
    books = bench(BENCH)
    noise = [charge("0.01", {"b": str(n % 3), "c": str(n % 4), "many": str(n)}, service_name="X") for n in range(30)]
    tags = {"a": "only", "b": "1", "c": "2", "many": "5", "model": "bot", "nested": {"x": 1}, "none": None}
    books.put_charges([charge("100", tags), *noise])
    first = suggested(books)[0]
    assert {name for name in first.match if name.startswith("tags.")} == {"tags.model", "tags.a"}
    books.close()


@pytest.mark.slow
def test_a_suggested_rule_is_toml_and_claims_the_group_whatever_its_tags_hold(bench: Callable[..., Bench]) -> None:
    hostile = 'O\'Brien "x" \\ 100 % 🦙 \x7f'
    books = bench(BENCH)
    twice = '{"a": "1", "a": "2"}'
    books.put_charges([charge("10", {f"🦙.{hostile}": hostile}), charge("5", service_name=hostile, tags=twice)])
    found = suggested(books)
    rules = [tomllib.loads(item.rule or "")["attribution"][0] for item in found]
    assert rules[0]["match"][f"tags.🦙.{hostile}"] == hostile
    again = Bench.open(books.folder, {**BENCH, "attribution": [{**told, "model": "bot"} for told in rules]})
    again.put_charges([charge("10", {f"🦙.{hostile}": hostile}), charge("5", service_name=hostile, tags=twice)])
    assert suggested(again) == []
    for opened in (books, again):
        opened.close()


# ---- What stays undecided ----


@pytest.mark.slow
def test_charges_that_no_rule_and_no_run_decides_are_told_and_those_of_an_open_run_are_not(
    bench: Callable[..., Bench],
) -> None:
    named = [
        {"match": {"source": "slurm"}, "model": "bot"},
        {"match": {"source": "aws", "service_name": "EC2"}, "model": "reader"},
        {"match": {"source": "aws"}, "model": "bot", "activity": "serving"},
    ]
    books = bench({**BENCH, "attribution": named})
    books.deliver("rates", rates({}))
    books.deliver("slurm", sacct({}, {"JobID": "200"}))
    books.deliver("runs", runs({"run_id": "open"}))
    compute = {"service_category": "Compute"}
    books.put_charges(
        [charge("10"), charge("5", **compute), charge("7", charge_period_start=date(2026, 3, 1), **compute)]
    )
    books.put_charges([charge("70", service_name="Decided")])
    books.keep_books()

    def told() -> list[tuple[Any, ...]]:
        rows = [row for row in books.view("gaps") if row["kind"] == "undecided"]
        return [(row["source"], row["what"].partition(" stay")[0], row["amounts"]) for row in rows]

    assert told() == [("aws", "3 charges of reader", "USD 22.00"), ("slurm", "1 charge of bot", "USD 5.00")]
    going_on = {"run_id": "on", "model_id": "reader", "job_id": "", "started_at": "2026-02-01T00:00:00Z"}
    books.deliver("runs", runs(going_on))
    books.keep_books()
    assert told()[0] == ("aws", "2 charges of reader", "USD 15.00"), "the run may still claim one"
    books.close()
