"""From request log to signal: a planted shift is found, nothing else is, and Evidently's page says the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, Row, table
from tests.support.quality import requests
from truecost import steps
from truecost.clock import Clock
from truecost.publish.publication import open_published

TODAY = date(2026, 10, 5)
REQUEST = {
    **dict.fromkeys(("request_id", "requested_at", "input_tokens", "output_tokens", "latency_ms")),
    **dict.fromkeys(("language", "intent", "temperature")),
}
TOML = """
[workspace]
name = "watched"

[[models]]
id = "bot"

[[sources]]
name = "log"
format = "request_log"
path = "inbox/log/*.csv"
model = "bot"

[[sources]]
name = "runs"
format = "training_runs"
path = "inbox/runs/*"

[[sources]]
name = "evals"
format = "lm_eval"
path = "inbox/evals/*.json"
model = "bot"

[drift]
"""


def logged(*batches: list[dict[str, str]]) -> str:
    return table([row for batch in batches for row in batch], dict.fromkeys(REQUEST, ""))


ACCEPTED = requests(date(2026, 8, 1), 28, 20, seed=1)


def books(
    root: Path, current: list[dict[str, str]], settings: str = "", accepted: list[dict[str, str]] = ACCEPTED
) -> Books:
    return Books.of(root, TOML + settings, {"inbox/log/requests.csv": logged(accepted, current)})


def watched(kept: Books, day: date = TODAY) -> tuple[bool, dict[str, Row]]:
    """Whether anything was new, and the newest signals by feature, of several the one that drifted or lies furthest."""
    kept.run(day)
    clock = Clock(day)
    is_new = steps.drift(kept.workspace, clock)
    found: dict[str, Row] = {}
    for row in steps.drift_signals(kept.workspace, clock):
        found.setdefault(row["feature"], row)
    return is_new, found


def distances(kept: Books) -> dict[str, Row]:
    """What Evidently measured, by feature."""
    rows = steps.drift_signals(kept.workspace, Clock(TODAY))
    return {row["feature"]: row for row in rows if row["method"] in ("wasserstein", "jensenshannon")}


def this_week(is_shifted: bool = False, seed: int = 2, a_day: int = 80, **more: Any) -> list[dict[str, str]]:
    return requests(date(2026, 9, 28), 7, a_day, seed, is_shifted, **more)


def page_of(kept: Books, row: Row) -> str:
    return (kept.root / row["report"]).read_text("utf-8")


def runs_kept(kept: Books) -> list[Path]:
    return sorted((kept.root / "evidently").glob("*/snapshots/*.json"))


@pytest.mark.slow
def test_a_planted_shift_is_found_and_what_did_not_shift_is_not(tmp_path: Path) -> None:
    kept = books(tmp_path / "books", this_week(is_shifted=True))
    _, found = watched(kept)
    assert {name for name, row in found.items() if row["drifted"]} == {"input_tokens", "language"}
    assert {name for name, row in found.items() if row["verdict"] == "stable"} == {
        *("dataset", "output_tokens", "latency_ms", "intent", "temperature")
    }
    whole = found["dataset"]
    assert whole["method"] == "share_of_drifted_features"
    assert (whole["value"], whole["threshold"]) == (pytest.approx(2 / 6), 0.5)
    assert (whole["reference_rows"], whole["current_rows"]) == (560, 560)
    assert (whole["window_start"], whole["window_end"]) == (datetime(2026, 9, 28), datetime(2026, 10, 5))


@pytest.mark.slow
def test_removing_the_shift_removes_the_signal(tmp_path: Path) -> None:
    _, found = watched(books(tmp_path / "books", this_week()))
    assert {row["verdict"] for row in found.values()} == {"stable"}


@pytest.mark.slow
def test_the_model_is_said_to_drift_where_enough_of_its_features_do(tmp_path: Path) -> None:
    _, found = watched(books(tmp_path / "books", this_week(is_shifted=True), "drifted_share = 0.3\n"))
    assert (found["dataset"]["drifted"], found["dataset"]["verdict"]) == (True, "drift")


def test_evidentlys_page_and_run_show_the_verdicts_that_the_signals_hold(tmp_path: Path) -> None:
    kept = books(tmp_path / "books", this_week(is_shifted=True))
    _, found = watched(kept)
    (run,) = runs_kept(kept)
    results = json.loads(run.read_text("utf-8"))["metric_results"].values()
    told = {
        result["metric_value_location"]["metric"]["params"]["column"]: result
        for result in results
        if "column" in result["metric_value_location"]["metric"]["params"]
    }
    features = distances(kept)
    assert set(told) == set(features)
    for name, row in features.items():
        assert told[name]["value"] == pytest.approx(row["value"], rel=1e-11)
        assert told[name]["metric_value_location"]["metric"]["params"]["threshold"] == row["threshold"]
        assert told[name]["tests"][0]["status"] == ("FAIL" if row["drifted"] else "SUCCESS")
    page = page_of(kept, found["dataset"])
    assert len(re.findall(r'"Detected"', page)) == sum(row["drifted"] for row in features.values()) == 2
    assert len(re.findall(r'"Not Detected"', page)) == 4
    assert "<title>bot: 2026-09-28 to 2026-10-04</title>" in page
    assert ">bot: 2026-09-28 to 2026-10-04</h1>" in page


@pytest.mark.slow
def test_a_second_check_of_the_same_day_does_nothing_and_adds_no_run(tmp_path: Path) -> None:
    kept = books(tmp_path / "books", this_week())
    is_new, first = watched(kept)
    pages = [path.stat().st_mtime_ns for path in runs_kept(kept)]
    is_new_again, second = watched(kept)
    assert (is_new, is_new_again) == (True, False)
    assert first == second
    assert [path.stat().st_mtime_ns for path in runs_kept(kept)] == pages


@pytest.mark.slow
def test_late_requests_replace_the_window_and_the_next_day_keeps_it(tmp_path: Path) -> None:
    kept = books(tmp_path / "books", this_week())
    _, before = watched(kept)
    kept.put("inbox/log/late.csv", logged(this_week(seed=3, is_shifted=True, a_day=120)))
    _, after = watched(kept)
    assert before["language"]["drifted"] is False
    assert after["language"]["drifted"] is True
    assert len(runs_kept(kept)) == 1
    watched(kept, TODAY + timedelta(days=1))
    ends = kept.ask("SELECT DISTINCT window_end FROM outlook.drift_signals ORDER BY ALL")
    assert [row["window_end"] for row in ends] == [datetime(2026, 10, 5), datetime(2026, 10, 6)]
    assert len(runs_kept(kept)) == 2
    assert len(list((kept.root / "evidently").iterdir())) == 1
    assert len(list((kept.root / "reports" / "drift" / "bot").iterdir())) == 2


@pytest.mark.slow
def test_a_page_that_was_deleted_is_written_again(tmp_path: Path) -> None:
    kept = books(tmp_path / "books", this_week())
    _, found = watched(kept)
    (kept.root / found["dataset"]["report"]).unlink()
    is_new, again = watched(kept)
    assert is_new
    assert again == found
    assert (kept.root / found["dataset"]["report"]).is_file()


@pytest.mark.slow
def test_small_samples_that_a_fixed_threshold_would_flag_are_left_in_peace(tmp_path: Path) -> None:
    settings = "min_rows = 50\n"
    accepted = requests(date(2026, 8, 1), 28, 2, seed=1)
    kept = books(tmp_path / "books", this_week(a_day=8), settings, accepted)
    _, found = watched(kept)
    assert {row["verdict"] for row in found.values()} == {"stable"}
    measured = distances(kept)
    assert max(row["value"] for row in measured.values()) > 0.1
    assert all(row["threshold"] > 0.1 for row in measured.values())


@pytest.mark.slow
def test_tags_in_a_request_show_as_text_on_the_page(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    kept = books(tmp_path / "books", this_week(intent=evil), f"columns = ['intent', '{evil}']\n")
    text = (kept.root / "inbox/log/requests.csv").read_text("utf-8")
    kept.put("inbox/log/requests.csv", text.replace("temperature", evil, 1))
    _, found = watched(kept)
    assert {"intent", evil} <= set(found)
    page = page_of(kept, found["dataset"])
    assert "<script>alert" not in page
    assert r"\u2039script\u203aalert(1)" in page


@pytest.mark.slow
def test_too_few_rows_are_said_to_be_too_few_and_evidently_is_not_loaded(tmp_path: Path) -> None:
    kept = books(tmp_path / "books", this_week(a_day=5))
    kept.run(TODAY)
    script = (
        "import sys; from datetime import date; from pathlib import Path; from truecost import steps; "
        "from truecost.clock import Clock; from truecost.workspace.workspace import load_workspace; "
        "workspace = load_workspace(Path(sys.argv[1])); assert steps.drift(workspace, Clock(date(2026, 10, 5))); "
        "assert 'evidently' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(kept.root)], check=True, timeout=120)
    (row,) = kept.ask("SELECT * FROM outlook.drift_signals")
    assert (row["feature"], row["verdict"], row["drifted"], row["value"]) == ("dataset", "too_few_rows", False, None)
    assert (row["reference_rows"], row["current_rows"]) == (560, 35)


@pytest.mark.slow
def test_a_workspace_without_requests_and_evals_has_no_signals(tmp_path: Path) -> None:
    kept = Books.of(tmp_path / "books", TOML)
    _, found = watched(kept)
    assert found == {}
    assert not (kept.root / "evidently").exists()


@pytest.mark.slow
def test_finance_gets_every_window_and_the_command_prints_the_newest(tmp_path: Path, truecost: Any) -> None:
    kept = books(tmp_path / "books", this_week(is_shifted=True))
    watched(kept, TODAY - timedelta(days=1))
    shown = truecost("drift", "--workspace", kept.root, "--as-of", TODAY.isoformat(), "--model", "bot")
    assert shown.returncode == 0, shown.stderr
    assert "bot: 560 requests, 2026-09-28 to 2026-10-04, against 560, 2026-08-01 to 2026-08-28" in shown.stdout
    assert re.search(r"language +share +0\.[0-9]+ +0\.[0-9]+ +drift", shown.stdout)
    unknown = truecost("drift", "--workspace", kept.root, "--model", "nobody")
    assert (unknown.returncode, unknown.stderr) == (1, "truecost: there is no model nobody; the models are bot\n")
    steps.publish(kept.workspace, Clock(TODAY))
    with open_published(kept.workspace.published) as con:
        rows = con.execute(
            "SELECT window_end, is_newest, count(*) FROM drift_signals GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    assert [row[:2] for row in rows] == [(datetime(2026, 10, 4), False), (datetime(2026, 10, 5), True)]
    assert rows[0][2] > 7


@pytest.mark.slow
def test_a_fallen_eval_score_is_a_signal_without_any_request(tmp_path: Path) -> None:
    def scored(moment: datetime, accuracy: float) -> str:
        result = {"alias": "intents", "acc,none": accuracy, "acc_stderr,none": 0.01}
        report = {"results": {"intents": result}, "n-samples": {"intents": {"original": 400, "effective": 400}}}
        return json.dumps({**report, "higher_is_better": {"intents": {"acc": True}}, "date": moment.timestamp()})

    kept = Books.of(tmp_path / "books", TOML, {"inbox/evals/first.json": scored(datetime(2026, 5, 1), 0.91)})
    assert watched(kept)[1] == {}
    kept.put("inbox/evals/second.json", scored(datetime(2026, 9, 1), 0.84))
    is_new, found = watched(kept)
    assert is_new
    (row,) = found.values()
    assert (row["feature"], row["method"], row["verdict"]) == ("intents acc", "eval_drop", "drift")
    assert row["value"] == pytest.approx(0.07)
    assert watched(kept)[0] is False
