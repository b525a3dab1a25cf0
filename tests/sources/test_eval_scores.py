"""Results of lm-evaluation-harness: which scores there are, whose, of when, and what is no score."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Bench, Row
from tests.support.quality import NAMED, open_bench, results
from truecost.errors import ConfigError
from truecost.workspace.workspace import load_workspace

DATE = 1749508083.8317592


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = open_bench(
        tmp_path,
        evals={"format": "lm_eval", "model": "bot", "timezone": "Europe/Berlin"},
        versioned={"format": "lm_eval", "model": "bot", "version": r"step(\d+)"},
    )
    yield opened
    opened.close()


def scores(bench: Bench) -> dict[tuple[str, str], Row]:
    rows = bench.ask("FROM ledger.evals")
    return {(row["task"], row["metric"]): row for row in rows}


def refusal(bench: Bench, content: str | bytes) -> str:
    told = bench.deliver("evals", content).refused_because
    assert told is not None
    assert "\n" not in told
    return told


def test_a_score_is_a_row_with_its_error_its_samples_and_its_direction(bench: Bench) -> None:
    text = results(
        {
            "triage": {
                "alias": "triage",
                "acc,none": 0.75,
                "acc_stderr,none": 0.0125,
                "exact_match,strict-match": 0.5,
                "exact_match_stderr,strict-match": "N/A",
                "word_perplexity,none": 12.5,
                "pass_rate,none": 1,
                "sample_len": 400,
            }
        },
        **{
            "date": DATE,
            "n-samples": {"triage": {"original": 400, "effective": 100}},
            "higher_is_better": {"triage": {"acc": True, "pass_rate": False}},
            "config": {"model_args": "pretrained=base,revision=r7"},
        },
    )
    loaded = bench.deliver("evals", text)
    assert (loaded.rows_read, loaded.rows_accepted) == (4, 4)
    found = scores(bench)
    told = {key[1]: (row["score"], row["stderr"], row["n"], row["higher_is_better"]) for key, row in found.items()}
    assert told == {
        "acc": (0.75, 0.0125, 100, True),
        "exact_match,strict-match": (0.5, None, 100, True),
        "word_perplexity": (12.5, None, 100, False),
        "pass_rate": (1.0, None, 100, False),
    }
    acc = found["triage", "acc"]
    assert (acc["model_id"], acc["model_version"]) == ("bot", "r7")
    assert acc["evaluated_at"] == datetime(2025, 6, 9, 22, 28, 3, 831759)
    assert acc["x_line"] == text.splitlines().index('    "triage": {') + 1
    assert bench.ask("SELECT format_version FROM log.deliveries") == [{"format_version": "0.4+"}]


def test_a_group_that_stands_in_both_places_counts_once(bench: Bench) -> None:
    text = results(
        {"mmlu": {"acc,none": 0.5, "alias": "mmlu"}, "mmlu_law": {"acc,none": 0.25, "alias": " - law"}},
        groups={"mmlu": {"acc,none": 0.5, "alias": "mmlu"}, "mmlu_all": {"acc,none": 0.375}},
        group_subtasks={"mmlu": ["mmlu_law"]},
    )
    bench.deliver("evals", text)
    rows = bench.ask("SELECT task, score FROM ledger.evals ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [("mmlu", 0.5), ("mmlu_all", 0.375), ("mmlu_law", 0.25)]


def test_what_stands_for_no_score_is_left_out(bench: Bench) -> None:
    text = results({"group": {" ": " ", "alias": "7 tasks", "acc,none": "N/A"}, "t": {"acc,none": 1, "by,none": [1]}})
    assert bench.deliver("evals", text).rows_read == 1


def test_an_older_files_scores_are_read_by_their_plain_names(bench: Bench) -> None:
    text = results(
        {"lambada": {"ppl": 3480597.4886629432, "ppl_stderr": 1.5e-3, "acc": 0.0}},
        config={"model_args": "use_accelerate=True,pretrained=org/base,revision=step32"},
    )
    bench.deliver("evals", text)
    found = scores(bench)
    assert (found["lambada", "ppl"]["score"], found["lambada", "ppl"]["stderr"]) == (3480597.4886629432, 0.0015)
    assert (found["lambada", "ppl"]["higher_is_better"], found["lambada", "acc"]["higher_is_better"]) == (False, True)
    assert found["lambada", "acc"]["model_version"] == "step32"
    assert bench.ask("SELECT format_version FROM log.deliveries") == [{"format_version": "0.3"}]


@pytest.mark.parametrize(
    ("report", "version"),
    [
        ({"config": {"model_args": "pretrained=base,revision=r1"}, "model_name": "named"}, "r1"),
        ({"config": {"model_args": {"pretrained": "base", "revision": "r2"}}}, "r2"),
        ({"config": {"model_args": "pretrained=base,peft=org/adapter"}, "model_name": "base"}, "org/adapter"),
        ({"config": {"model_args": "pretrained=base"}, "model_name": "named"}, "named"),
        ({"config": {"model_args": "pretrained=base"}}, "base"),
        ({"config": {"model_args": "model=hosted"}}, "hosted"),
        ({"config": {"model_args": None}}, None),
        ({}, None),
    ],
)
def test_the_version_evaluated_is_the_revision_else_the_adapter_else_the_name(
    bench: Bench, report: dict[str, Any], version: str | None
) -> None:
    bench.deliver("evals", results({"t": {"acc,none": 1}}, **report))
    assert scores(bench)["t", "acc"]["model_version"] == version


def test_the_version_in_the_path_wins_where_the_source_looks_for_one(bench: Bench) -> None:
    text = results({"t": {"acc,none": 1}}, model_name="named")
    bench.deliver("versioned", text, "evals/step0064.json")
    bench.deliver("versioned", text, "evals/last.json")
    rows = bench.ask("SELECT model_version FROM ledger.evals ORDER BY x_delivery_id")
    assert [row["model_version"] for row in rows] == ["0064", "named"]


@pytest.mark.parametrize(
    ("file", "report", "at"),
    [
        (f"a/results_{NAMED}.json", {"date": 1749508083}, datetime(2025, 6, 9, 22, 28, 3)),
        (f"a/results_{NAMED}.json", {}, datetime(2026, 9, 30, 16, 32, 58, 151999)),
        ("a/results_2026-01-31T10:00:00.json", {}, datetime(2026, 1, 31, 9)),
        ("2026-01-31T10-00-00/results.json", {}, datetime(2026, 10, 5)),
    ],
)
def test_a_score_is_of_the_files_date_else_of_the_time_in_its_name_else_of_the_day_it_came(
    bench: Bench, file: str, report: dict[str, Any], at: datetime
) -> None:
    bench.deliver("evals", results({"t": {"acc,none": 1}}, **report), file)
    assert scores(bench)["t", "acc"]["evaluated_at"] == at


def test_a_score_that_came_to_nothing_is_quarantined_and_the_others_load(bench: Bench) -> None:
    text = results(
        {
            "t": {
                "nan,none": float("nan"),
                "null,none": None,
                "endless,none": float("inf"),
                "text,none": "1_000",
                "good,none": 0.5,
                "good_stderr,none": float("nan"),
                "error,none": 0.5,
                "error_stderr,none": -0.1,
            }
        }
    )
    loaded = bench.deliver("evals", text)
    assert (loaded.rows_read, loaded.rows_accepted, loaded.rows_quarantined) == (6, 1, 5)
    rows = bench.ask("SELECT column_name, value, row_json, remedy FROM log.quarantine")
    faults = {json.loads(row["row_json"])["metric"]: (row["column_name"], row["value"]) for row in rows}
    assert faults == {
        "nan": ("score", "NaN"),
        "null": ("score", None),
        "endless": ("score", "Infinity"),
        "text": ("score", "1_000"),
        "error": ("stderr", "-0.1"),
    }
    assert all(row["remedy"] for row in rows)
    assert scores(bench)["t", "good"]["stderr"] is None, "an error that is not known"
    bench.keep_books()


def test_a_date_that_is_none_is_quarantined(bench: Bench) -> None:
    loaded = bench.deliver("evals", results({"t": {"acc,none": 1}}, date="soon"))
    assert (loaded.rows_accepted, loaded.rows_quarantined) == (0, 1)
    assert bench.ask("SELECT column_name, value FROM log.quarantine") == [{"column_name": "date", "value": "soon"}]


def test_a_cut_file_is_refused_with_the_place_of_the_cut(bench: Bench) -> None:
    text = results({"t": {"acc,none": 1}}, config={"model_args": "pretrained=base"})
    cut = text[: text.index("pretrained")]
    column = len(cut.splitlines()[-1]) - 1  # the text that is never ended starts there
    assert refusal(bench, cut).startswith(
        f"line {len(cut.splitlines())}, column {column + 1}: the JSON is cut or broken (Unterminated string"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty; export it again"),
        ("acc,stderr\n1,2\n", "the file is not a JSON object; deliver a results file of lm-evaluation-harness"),
        ("[1]", "the file is not a JSON object; deliver a results file of lm-evaluation-harness"),
        ('{"a": 1}\n{"b": 2}\n', "the file holds several JSON values, as logs of single samples do; deliver a results"),
        ('{"eval": {}, "results": {"scores": []}}', "the file has no `results` by task; deliver a results file"),
        ('{"results": {}}', "the file's `results` are empty: no task was evaluated; evaluate again"),
        ("{}".encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
        ('{"a":' * 100_000, "the JSON is nested too deeply"),
    ],
)
def test_a_file_that_holds_no_results_is_refused_in_one_sentence(bench: Bench, content: str | bytes, told: str) -> None:
    assert refusal(bench, content).startswith(told)


def test_a_packed_file_reads_like_a_plain_one(bench: Bench) -> None:
    text = results({"t": {"acc,none": 1}}, date=DATE)
    bench.deliver("evals", "\ufeff" + text)
    bench.deliver("evals", gzip.compress(text.encode()))
    bench.keep_books()
    assert [row["status"] for row in bench.ask("SELECT status FROM books.deliveries ORDER BY delivery_id")] == [
        "loaded",
        "duplicate",
    ]


def test_the_latest_score_of_an_evaluation_is_the_one_published(bench: Bench) -> None:
    for score in (0.5, 0.75):
        bench.deliver("evals", results({"t": {"acc,none": score, "f1,none": 0.25}}, date=DATE, model_name="v1"))
    bench.keep_books()
    rows = bench.view("eval_scores")
    assert [(row["metric"], row["score"], row["delivery_id"]) for row in rows] == [("acc", 0.75, 2), ("f1", 0.25, 1)]
    assert set(rows[0]) >= {"model_id", "model_version", "task", "stderr", "n", "higher_is_better", "evaluated_at"}


def test_a_source_of_evals_that_names_no_model_is_a_fault_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "truecost.toml").write_text(
        '[workspace]\nname = "x"\n\n[[models]]\nid = "bot"\n\n'
        '[[sources]]\nname = "evals"\nformat = "lm_eval"\npath = "inbox/*"\n',
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        load_workspace(tmp_path)
    (fault,) = caught.value.faults
    assert (fault.line, fault.message) == (7, "a source of the format lm_eval needs the key 'model'")
    assert fault.remedy == "name one of [[models]]"
