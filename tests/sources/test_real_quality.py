"""Evaluations and request logs that other tools made tie out to what was read from the files by other means."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, Row

PYTHIA = "evals/pythia_1.4b_zero-shot"
NANNYML = "drift/nannyml_synthetic_car_loan_"
SOURCES = {
    "pythia": ("lm_eval", f"{PYTHIA}/*.json", {}),
    "by_path": ("lm_eval", f"{PYTHIA}/1.4b_step143000.json", {"version": r"_(\d\.\d+b)_"}),
    "humaneval": ("lm_eval", "evals/lmeval_0.4_humaneval_a.json", {}),
    "inspect": ("lm_eval", "evals/inspect_*", {}),
    "azure": ("request_log", "inference/azure_llm_trace_2023_conv.csv", {}),
    "lora": ("request_log", "drift/alibaba_genai_lora_requests_first.csv", {"timezone": "Asia/Shanghai"}),
    "reference": ("request_log", f"{NANNYML}reference.csv", {}),
    "analysis": ("request_log", f"{NANNYML}analysis.csv", {"columns": {"requested_at": "timestamp"}}),
    "complaints": ("request_log", "drift/cfpb_complaints_2013-2017.csv", {"dates": "month_first"}),
    "undated": ("request_log", "drift/cfpb_complaints_2013-2017.csv", {}),
    "intents": ("request_log", "drift/banking77_test.csv", {}),
}


def toml_of(name: str, kind: str, path: Path, settings: dict[str, Any]) -> str:
    keys = {"name": name, "format": kind, "path": path.as_posix(), "model": "bot", **settings}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items() if not isinstance(value, dict)]
    for table, pairs in keys.items():
        if isinstance(pairs, dict):
            lines += [f"[sources.{table}]", *(f"{key} = {json.dumps(value)}" for key, value in pairs.items())]
    return "\n[[sources]]\n" + "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def books(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Every results file and every request log there is, after one run."""
    toml = '[workspace]\nname = "real"\n\n[[models]]\nid = "bot"\n'
    toml += "".join(toml_of(name, kind, shared / path, settings) for name, (kind, path, settings) in SOURCES.items())
    ledger = Books.of(tmp_path_factory.mktemp("quality") / "workspace", toml)
    ledger.run()
    return ledger


def told_of(shared: Path, file: str) -> str:
    """What the list of sample files says of one of them."""
    listed = (shared / "MANIFEST.md").read_text("utf-8").splitlines()
    (line,) = (line for line in listed if line.startswith(f"| {file} "))
    return line.rsplit("|", 2)[1]


def scores(books: Books, source: str, file: Path) -> dict[tuple[str, str], Row]:
    rows = books.ask(
        "SELECT evals.* FROM books.evals JOIN log.deliveries ON x_delivery_id = delivery_id "
        "WHERE evals.source = ? AND ends_with(file, ?)",
        source,
        file.name,
    )
    return {(row["task"], row["metric"]): row for row in rows}


def counted(books: Books, source: str) -> Row:
    (row,) = books.ask(
        "SELECT count(*) AS n, min(requested_at) AS first_at, max(requested_at) AS last_at, "
        "sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens FROM books.requests "
        "WHERE source = ? AND status = 'current'",
        source,
    )
    return row


def test_every_checkpoints_tasks_and_scores_are_those_of_its_file(books: Books, shared: Path) -> None:
    files = sorted((shared / PYTHIA).iterdir())
    assert len(files) == 27
    for file in files:
        found = scores(books, "pythia", file)
        told = json.loads(file.read_text("utf-8"))["results"]
        assert len(told) == len({task for task, _ in found}) == 87
        expected = {
            (task, metric): (score, told[task].get(f"{metric}_stderr"))
            for task, metrics in told.items()
            for metric, score in metrics.items()
            if not metric.endswith("_stderr")
        }
        assert {key: (row["score"], row["stderr"]) for key, row in found.items()} == expected
        assert {row["model_version"] for row in found.values()} == {file.stem.removeprefix("1.4b_")}


def test_every_checkpoint_ties_to_the_scores_noted_of_it(books: Books, shared: Path) -> None:
    for file in (shared / PYTHIA).iterdir():
        note = told_of(shared, f"{PYTHIA}/{file.name}")
        found = scores(books, "pythia", file)
        noted = {
            (task, metric): float(score)
            for task, metrics in re.findall(r"(\w+) ((?:\w+=[0-9.e-]+(?:, )?)+)(?:;|$)", note)
            for metric, score in re.findall(r"(\w+)=([0-9.e-]+)", metrics)
        }
        assert len(noted) == 5, note
        assert noted == {key: found[key]["score"] for key in noted}


def test_a_perplexity_and_a_bias_are_better_when_lower(books: Books) -> None:
    rows = books.ask("SELECT DISTINCT metric, higher_is_better FROM books.evals WHERE source = 'pythia'")
    assert {row["metric"]: row["higher_is_better"] for row in rows} == {
        "acc": True,
        "acc_norm": True,
        "ppl": False,
        "likelihood_difference": False,
        "pct_stereotype": False,
    }


def test_the_version_can_come_from_the_path(books: Books) -> None:
    assert books.ask("SELECT DISTINCT model_version AS v FROM books.evals WHERE source = 'by_path'") == [{"v": "1.4b"}]


def test_the_newer_harness_tells_its_date_and_its_samples(books: Books, shared: Path) -> None:
    ((key, row),) = scores(books, "humaneval", Path(SOURCES["humaneval"][1])).items()
    assert key == ("humaneval", "pass@1,create_test")
    assert "pass@1,create_test=0.1524390243902439" in told_of(shared, SOURCES["humaneval"][1])
    assert (row["score"], row["stderr"], row["n"]) == (0.1524390243902439, 0.028153977176919386, 164)
    assert row["model_version"] == "meta-llama/Llama-2-7b-chat-hf"
    assert row["evaluated_at"] == datetime(2025, 6, 9, 22, 28, 3, 831759)


def test_logs_of_another_evaluation_tool_are_refused(books: Books) -> None:
    rows = books.ask("SELECT status, refused_because FROM books.deliveries WHERE source = 'inspect'")
    assert len(rows) == 5
    assert all(row["status"] == "refused" and row["refused_because"] for row in rows)


def test_the_inference_trace_ties_to_its_tokens_and_its_times(books: Books, shared: Path) -> None:
    found = counted(books, "azure")
    assert (found["n"], found["input_tokens"], found["output_tokens"]) == (19366, 22361870, 4088665)
    assert f"ΣContextTokens {found['input_tokens']}" in told_of(shared, SOURCES["azure"][1])
    assert found["first_at"] == datetime(2023, 11, 16, 18, 15, 46, 680590)
    assert found["last_at"] == datetime(2023, 11, 16, 19, 14, 8, 402527)


def test_the_image_requests_tie_to_their_times_their_states_and_their_seconds(books: Books) -> None:
    found = counted(books, "lora")
    assert found["n"] == 17882
    assert found["first_at"] == datetime(2024, 11, 15, 8, 57, 50), "16:57:50 in Shanghai"
    assert found["last_at"] == datetime(2024, 12, 2, 16, 19, 32)
    states = books.ask(
        "SELECT features ->> 'predict_status' AS state, count(*) AS n, "
        "sum(CAST(features ->> 'exec_time_seconds' AS DOUBLE)) AS seconds, count(latency_ms) AS latencies "
        "FROM books.requests WHERE source = 'lora' GROUP BY state"
    )
    assert {row["state"]: row["n"] for row in states} == {"SUCCEED": 17577, "FAILED": 288, "PENDING": 17}
    assert round(sum(row["seconds"] or 0 for row in states) / 17882, 4) == 27.1594
    assert not any(row["latencies"] for row in states), "seconds are no milliseconds"


@pytest.mark.parametrize(
    ("source", "rows", "first_at", "last_at", "means"),
    [
        ("reference", 10000, "2018-01-01 00:00:00", "2018-03-02 13:03:16.848", (0.492690, 0.492828)),
        ("analysis", 17000, "2018-10-30 18:00:00", "2019-08-29 11:51:16.848", (0.505558, 0.523048)),
    ],
)
def test_the_loan_requests_tie_to_their_times_and_predictions(
    books: Books, source: str, rows: int, first_at: str, last_at: str, means: tuple[float, float]
) -> None:
    found = counted(books, source)
    assert found["n"] == rows
    assert (found["first_at"], found["last_at"]) == (datetime.fromisoformat(first_at), datetime.fromisoformat(last_at))
    halves = books.ask(
        "SELECT x_line - 2 >= ? AS is_late, avg(CAST(features ->> 'y_pred_proba' AS DOUBLE)) AS mean "
        "FROM books.requests WHERE source = ? GROUP BY is_late ORDER BY is_late",
        rows // 2,
        source,
    )
    assert tuple(round(row["mean"], 6) for row in halves) == means


def test_complaints_dated_month_first_tie_to_their_years_and_products(books: Books) -> None:
    assert counted(books, "complaints")["n"] == 3186
    years = books.ask(
        "SELECT year(requested_at) AS year, count(*) AS n FROM books.requests WHERE source = 'complaints' GROUP BY year"
    )
    assert {row["year"]: row["n"] for row in years} == {2013: 350, 2016: 2814, 2017: 22}
    products = books.ask(
        "SELECT features ->> 'Product' AS product, count(*) AS n FROM books.requests WHERE source = 'complaints' "
        "GROUP BY product ORDER BY n DESC LIMIT 3"
    )
    assert {row["product"]: row["n"] for row in products} == {
        "Mortgage": 921,
        "Credit reporting": 638,
        "Debt collection": 625,
    }


def test_the_same_dates_are_not_guessed_where_the_source_does_not_say(books: Books) -> None:
    rows = books.ask("SELECT rows_read, rows_quarantined FROM books.deliveries WHERE source = 'undated'")
    assert rows == [{"rows_read": 3186, "rows_quarantined": 3186}]


def test_a_file_without_times_is_refused(books: Books) -> None:
    assert books.delivery("banking77_test.csv")["refused_because"].startswith("line 1 lacks the column requested_at ")
