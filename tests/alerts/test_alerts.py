"""Alerts and re-evaluations on small workspaces: states from the books, messages over loopback, real eval commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.prefect_server import eventually
from tests.support.quality import EVALUATE, put_score
from tests.support.receiver import SECRET, receiving
from truecost import steps
from truecost.alerts.alerts import Alerted, acknowledge, standing_alerts
from truecost.clock import Clock
from truecost.decisions import evaluation
from truecost.errors import TruecostError
from truecost.store.journal import Journal
from truecost.workspace.workspace import Workspace, load_workspace

OCTOBER = Clock(date(2026, 10, 5))

TOML = """
[workspace]
name = "small"

[[models]]
id = "bot"
plan = "plan.toml"
{model}

[[staff]]
role = "ml engineer"
model = "bot"
activity = "data_curation"
share = 1
from = 2026-01-01
to = 2026-12-31
monthly_cost = {cost}
currency = "USD"

[alerts]
renotify_every = "7d"
allow_private = true

{more}
"""
PLAN = """
currency = "USD"
first_month = "2026-07"
last_month = "{last_month}"
trials = 500

[[items]]
name = "work"
stage = "data_curation"
unit_cost = {{ low = 900, likely = 1000, high = 1100, as = "bounds" }}
per = "month"

[uncertainty]
month_spread = 0
blow_up = 0
retrain_rate = 0
"""
EVALS = """
[[sources]]
name = "evals"
format = "lm_eval"
path = "inbox/evals/*.json"
model = "bot"

[[sources]]
name = "log"
format = "request_log"
path = "inbox/log/*.csv"
model = "bot"
"""


def opened(
    root: Path, cost: str = "1000.00", model: str = "", last_month: str = "2026-12", more: str = ""
) -> Workspace:
    root.mkdir(exist_ok=True)
    text = TOML.format(cost=cost, model=model, more=more)
    (root / "truecost.toml").write_text(text, "utf-8")
    (root / "plan.toml").write_text(PLAN.format(last_month=last_month), "utf-8")
    (root / "score.py").write_text(EVALUATE, "utf-8")
    return load_workspace(root)


def judged(workspace: Workspace, clock: Clock = OCTOBER) -> Alerted:
    steps.land(workspace, clock)
    steps.load(workspace)
    steps.attribute(workspace)
    steps.compare(workspace, clock)
    steps.drift(workspace, clock)
    return steps.alert(workspace, clock)


def states(workspace: Workspace) -> dict[str, str]:
    events = Journal(workspace.journal).events()
    return {event.data["rule"]: event.data["state"] for event in events if event.kind == "alert"}


@pytest.mark.parametrize(
    ("cost", "state"),
    [("1000.00", "OK"), ("1090.00", "OK"), ("1110.00", "WARNING"), ("1240.00", "WARNING"), ("1260.00", "ALERT")],
)
def test_overspend_is_judged_by_share_and_p90(tmp_path: Path, cost: str, state: str) -> None:
    """Planned: 1,000 a month on average; the quarter's P90 is well under 1.25 times that."""
    workspace = opened(tmp_path, cost)
    judged(workspace, Clock(date(2026, 10, 1)))
    assert states(workspace) == {"overspend": state}


@pytest.mark.slow
def test_the_worse_of_the_running_quarter_and_the_one_before_it_counts(tmp_path: Path) -> None:
    workspace = opened(tmp_path, "2000.00")
    (raised,) = judged(workspace, Clock(date(2026, 10, 5))).raised
    assert "in FY2026-Q3, " in raised.data["message"]
    # The quarter that has only begun is held against the whole of its plan: nothing of it is over yet.
    workspace = opened(tmp_path / "later", "5000.00", last_month="2026-12")
    (raised,) = judged(workspace, Clock(date(2026, 7, 31))).raised
    assert "FY2026-Q3 so far" in raised.data["message"]


def test_what_is_spent_after_the_plan_has_ended_is_over_it(tmp_path: Path) -> None:
    workspace = opened(tmp_path, last_month="2026-07")
    (raised,) = judged(workspace, Clock(date(2027, 1, 5))).raised
    assert (raised.data["state"], raised.data["rule"]) == ("ALERT", "overspend")
    assert "in FY2026-Q4, and nothing was planned" in raised.data["message"]


def test_a_plan_without_any_cost_has_no_data(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    text = (tmp_path / "truecost.toml").read_text("utf-8")
    (tmp_path / "truecost.toml").write_text(text[: text.index("[[staff]]")], "utf-8")
    workspace = load_workspace(tmp_path)
    assert judged(workspace).raised == []  # nothing known yet is no news
    assert states(workspace) == {"overspend": "NO_DATA"}


def test_a_model_without_plan_log_and_scores_has_no_rule(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    text = (tmp_path / "truecost.toml").read_text("utf-8")
    (tmp_path / "truecost.toml").write_text(text.replace('plan = "plan.toml"', ""), "utf-8")
    workspace = load_workspace(tmp_path)
    assert judged(workspace) == Alerted()
    assert Journal(workspace.journal).events() == []


@pytest.mark.slow
def test_an_earlier_clock_changes_nothing(tmp_path: Path) -> None:
    workspace = opened(tmp_path, "2000.00")
    judged(workspace)
    before = Journal(workspace.journal).events()
    assert judged(workspace, Clock(date(2026, 9, 1))) == Alerted()
    assert Journal(workspace.journal).events() == before


# ---- Telling people ------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with receiving(monkeypatch) as server:
        yield server


@pytest.mark.slow
def test_a_message_reaches_its_address_once_and_says_what_to_do(receiver: Any, tmp_path: Path) -> None:
    workspace = opened(tmp_path, "2000.00")
    assert judged(workspace).delivered == 1
    assert judged(workspace).delivered == 0
    (message,) = receiver.taken
    assert (message["title"], message["type"]) == ("[truecost small] bot: overspend ALERT", "failure")
    assert "most in data curation (+" in message["message"]
    assert "truecost alerts ack 1" in message["message"]


@pytest.mark.slow
def test_a_refused_message_is_sent_with_the_next_run_and_no_secret_is_kept(
    receiver: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = opened(tmp_path, "2000.00")
    receiver.is_refusing = True
    assert judged(workspace).undelivered == ["address 1 (json)"]
    receiver.is_refusing = False
    assert judged(workspace).delivered == 1
    assert len(receiver.taken) == 1
    steps.publish(workspace, OCTOBER)
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    said = capsys.readouterr()
    assert SECRET not in caplog.text + said.out + said.err


@pytest.mark.slow
def test_an_address_that_is_none_is_named_by_its_place(
    receiver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUECOST_ALERT_URLS", f"{os.environ['TRUECOST_ALERT_URLS']} nonsense:{SECRET}")
    alerted = judged(opened(tmp_path, "2000.00"))
    assert (alerted.delivered, alerted.undelivered) == (1, ["address 2 (unknown)"])


@pytest.mark.slow
def test_it_is_told_again_after_a_week_until_someone_acknowledges(receiver: Any, tmp_path: Path) -> None:
    workspace = opened(tmp_path, "2000.00")
    told = [judged(workspace, Clock(date(2026, 10, day))).delivered for day in (5, 11, 12)]
    assert told == [1, 0, 1]
    assert receiver.taken[1]["title"].endswith("overspend ALERT, still")
    acknowledge(workspace, Clock(date(2026, 10, 12)), 1)
    assert [judged(workspace, Clock(date(2026, 10, day))).delivered for day in (19, 26)] == [0, 0]
    (held,) = standing_alerts(workspace)
    assert held.acknowledged_at is not None
    with pytest.raises(TruecostError, match="no alert 99 stands"):
        acknowledge(workspace, OCTOBER, 99)


# ---- Re-evaluation -------------------------------------------------------------------------------------------------


def evaluating(root: Path, command: str, more: str = "") -> Workspace:
    """A workspace with a baseline of 0.91, whose alert asks for the command."""
    workspace = opened(root, "2000.00", model=f"evaluate = {json.dumps(command)}\n{more}", more=EVALS)
    put_score(root, date(2026, 8, 1), 0.91)
    judged(workspace)
    return workspace


def outcome(workspace: Workspace) -> tuple[str, str]:
    (waiting,) = steps.open_reevaluations(workspace)
    decided = steps.reevaluate(workspace, OCTOBER, waiting.model_id)
    assert steps.open_reevaluations(workspace) == []
    assert judged(workspace).opened == []  # what has been decided is not asked again
    return decided.verdict, decided.reasons[0]


@pytest.mark.slow
def test_a_score_that_fell_is_looked_at_where_no_price_is_known_and_one_that_holds_is_held(tmp_path: Path) -> None:
    found = outcome(evaluating(tmp_path / "fallen", "python score.py 0.72"))
    assert found == ("re_evaluate", "intents acc fell by 0.190 to 0.720, beyond its error of 0.032")
    found = outcome(evaluating(tmp_path / "held", "python score.py 0.905"))
    assert found == ("hold", "intents acc fell by 0.005 to 0.905, within its error of 0.032")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("python -c 'raise SystemExit(3)'", "the eval command ended with 3"),
        ("no-such-program --at-all", "the eval command of bot can't be run (No such file or directory)"),
        ("python -c 'print(1)'", "the eval command left no score since 2026-10-05"),
    ],
)
def test_an_evaluation_that_brings_nothing_asks_someone_to_look(tmp_path: Path, command: str, reason: str) -> None:
    verdict, why = outcome(evaluating(tmp_path / "books", command))
    assert (verdict, why[: len(reason)]) == ("re_evaluate", reason)


@pytest.mark.slow
def test_a_command_that_runs_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    root = tmp_path / "books"
    workspace = impatient(evaluating(root, "python spawn.py"), timedelta(seconds=2))
    (root / "spawn.py").write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('child.pid', 'w').write(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    verdict, why = outcome(workspace)
    late = "the eval command ran longer than 2 seconds; see reports/evaluations/bot-2.log"
    assert (verdict, why) == ("re_evaluate", late)
    child = int((root / "child.pid").read_text())
    gone = time.monotonic() + 10
    while is_running(child):
        assert time.monotonic() < gone, "the child outlived the command"


ESCAPE = """
import os, subprocess, sys, time
# A child with a session of its own, and its parent gone: nothing ties it to the command any more.
if os.fork() == 0:
    os.setsid()
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)
    open('child.new', 'w').write(str(child.pid))
    os.rename('child.new', 'child.pid')
    os._exit(0)
while not os.path.exists('child.pid'):
    time.sleep(0.01)
time.sleep(float(sys.argv[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("seconds", "reason"), [(0, "the eval command left no score"), (600, "the eval command ran")])
def test_a_child_with_a_session_of_its_own_ends_with_the_command(tmp_path: Path, seconds: int, reason: str) -> None:
    root = tmp_path / "books"
    workspace = impatient(evaluating(root, f"python escape.py {seconds}"), timedelta(seconds=5))
    (root / "escape.py").write_text(ESCAPE)
    assert outcome(workspace)[1].startswith(reason)
    assert not is_running(int((root / "child.pid").read_text()))


@pytest.mark.slow
def test_the_command_ends_where_we_are_killed(tmp_path: Path) -> None:
    root = tmp_path / "books"
    evaluating(root, "python escape.py 600")
    (root / "escape.py").write_text(ESCAPE + "\n")
    program = (
        "import sys; from datetime import date; from pathlib import Path; from truecost import steps; "
        "from truecost.clock import Clock; from truecost.workspace.workspace import load_workspace\n"
        "steps.reevaluate(load_workspace(Path(sys.argv[1])), Clock(date(2026, 10, 5)), 'bot')"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(root)]) as process:
        eventually((root / "child.pid").exists, within=60)
        child = int((root / "child.pid").read_text())
        assert is_running(child)
        process.kill()
    eventually(lambda: not is_running(child), within=20)


@pytest.mark.slow
def test_what_a_command_says_is_kept_up_to_a_limit_and_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "KEPT_BYTES", 1 << 20)
    root = tmp_path / "books"
    workspace = evaluating(root, "python shout.py")
    (root / "shout.py").write_text("import sys\nfor _ in range(200): sys.stdout.write('x' * (1 << 20))\nsys.exit(7)\n")
    assert outcome(workspace)[1] == "the eval command ended with 7; see reports/evaluations/bot-2.log"
    log = (root / "reports/evaluations/bot-2.log").read_bytes()
    assert len(log) < (1 << 20) + 100
    assert log.endswith(f"[{199 << 20:,} bytes more were not kept]\n".encode())


def impatient(workspace: Workspace, within: timedelta) -> Workspace:
    """With a time limit for the command that is shorter than truecost.toml can say."""
    models = [model.model_copy(update={"evaluate_within": within}) for model in workspace.config.models]
    return replace(workspace, config=workspace.config.model_copy(update={"models": models}))


def is_running(process: int) -> bool:
    """Whether it runs; one that has ended and is not yet collected does not."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.slow
def test_without_a_command_someone_has_to_look(tmp_path: Path) -> None:
    workspace = opened(tmp_path, "2000.00")
    judged(workspace)
    verdict, why = outcome(workspace)
    assert (verdict, why) == ("re_evaluate", "bot has no eval command: name one with `evaluate` under [[models]]")


@pytest.mark.slow
def test_the_command_knows_its_model_and_day_and_not_whom_alerts_go_to(
    receiver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUECOST_ESCALATION_URLS", f"json://127.0.0.1/{SECRET}")
    root = tmp_path / "books"
    workspace = evaluating(root, "python -c 'import json, os; print(json.dumps(dict(os.environ)))'")
    outcome(workspace)
    (log,) = (root / "reports/evaluations").iterdir()
    told = json.loads(log.read_text("utf-8"))
    assert (told["TRUECOST_MODEL"], told["TRUECOST_AS_OF"]) == ("bot", "2026-10-05")
    assert Path(told["TRUECOST_WORKSPACE"]) == root.resolve()
    assert SECRET not in log.read_text("utf-8")


@pytest.mark.slow
def test_an_evaluation_that_was_recorded_is_not_run_again_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "books"
    workspace = evaluating(root, "python count.py")
    (root / "count.py").write_text("open('runs', 'a').write('x')\n")

    def die(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps.reevaluation, "decided", die)
        with pytest.raises(KeyboardInterrupt):
            steps.reevaluate(workspace, OCTOBER, "bot")
    assert outcome(workspace)[0] == "re_evaluate"
    assert (root / "runs").read_text() == "x"
    kinds = [event.kind for event in Journal(workspace.journal).events()]
    assert kinds.count("evaluation") == kinds.count("decision") == 1


@pytest.mark.slow
def test_staying_and_retraining_are_priced_from_the_records(tmp_path: Path) -> None:
    root = tmp_path / "books"
    workspace = evaluating(root, "python score.py 0.72", "error_cost = 2.50")
    log = root / "inbox/log/2026-10.csv"
    log.parent.mkdir(parents=True)
    rows = [f"{number},2026-10-0{1 + number % 4}T00:00:{number:02}Z,10,20" for number in range(28)]
    log.write_text("\n".join(["request_id,requested_at,input_tokens,output_tokens", *rows]) + "\n", "utf-8")
    decided = steps.reevaluate(workspace, OCTOBER, "bot")
    # 28 requests in 7 days are 4 a day; 0.19 of them wrong for a year, at 2.50 each.
    fall = Decimal(repr(0.91 - 0.72))
    assert decided.staleness_cost == (fall * 4 * 365 * Decimal("2.50")).quantize(Decimal("0.01")) == Decimal("693.50")
    # Nothing was ever promoted: the plan says what building it costs, six months of about 1,000.
    assert decided.retrain_cost == pytest.approx(Decimal(6000), abs=Decimal(30))
    assert decided.verdict == "hold"
    assert "4.0 requests a day × USD 2.50 a wrong answer × 365 days" in decided.reasons[1]


def log_of(root: Path, wrong_costs: str, one_in: int = 1, requests: int = 28) -> None:
    """A week's calls in the log of a workspace, at a price of a wrong answer."""
    log, text = root / "inbox/log/2026-10.csv", (root / "truecost.toml").read_text("utf-8")
    log.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{number},2026-10-0{1 + number % 4}T00:00:{number % 60:02}Z,10,20" for number in range(requests)]
    log.write_text("\n".join(["request_id,requested_at,input_tokens,output_tokens", *rows]) + "\n", "utf-8")
    text = text.replace('path = "inbox/log/*.csv"', f'path = "inbox/log/*.csv"\none_in = {one_in}')
    text = text.replace("[[staff]]", f"{wrong_costs}\n\n[[staff]]", 1)
    (root / "truecost.toml").write_text(text, "utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wrong_costs", "requests", "plan", "lacks"),
    [
        ("", 28, True, "set `error_cost` or `value_per_point` under [[models]]"),
        ("error_cost = 2500.00", 0, True, "no request log speaks of bot in the last 7 days"),
        ("error_cost = 2500.00", 28, False, "no run of the model was promoted, and no plan says what one costs"),
    ],
)
def test_without_a_price_nothing_is_retrained_and_what_is_missing_is_said(
    tmp_path: Path, wrong_costs: str, requests: int, plan: bool, lacks: str
) -> None:
    evaluating(tmp_path, "python score.py 0.355")
    log_of(tmp_path, wrong_costs, requests=requests)
    if not plan:
        text = (tmp_path / "truecost.toml").read_text("utf-8")
        (tmp_path / "truecost.toml").write_text(text.replace('plan = "plan.toml"', ""), "utf-8")
    decided = steps.reevaluate(load_workspace(tmp_path), OCTOBER, "bot")
    assert decided.verdict == "re_evaluate"
    assert any(lacks in reason for reason in decided.reasons)


@pytest.mark.slow
def test_a_log_of_one_call_in_many_stands_for_them_all(tmp_path: Path) -> None:
    evaluating(tmp_path, "python score.py 0.72")
    log_of(tmp_path, "error_cost = 2.50", one_in=100)
    decided = steps.reevaluate(load_workspace(tmp_path), OCTOBER, "bot")
    assert decided.staleness_cost == Decimal("69350.00")
    assert decided.verdict == "retrain"
    told = "; ".join(decided.reasons)
    assert "400.0 requests a day" in told
    assert "a retraining begun now has saved what it costs after" in told
    assert "if you retrain, the forecast goes from" in told


@pytest.mark.slow
def test_a_hold_is_asked_again_where_the_fall_or_its_price_grows_though_it_was_acknowledged(tmp_path: Path) -> None:
    evaluating(tmp_path, "python score.py 0.72")
    log_of(tmp_path, "error_cost = 2.50")
    workspace = load_workspace(tmp_path)
    assert steps.reevaluate(workspace, OCTOBER, "bot").verdict == "hold"
    for held in standing_alerts(workspace):
        acknowledge(workspace, OCTOBER, held.alert_id)
    later = Clock(date(2026, 10, 13))
    log = tmp_path / "inbox/log/2026-10.csv"
    log.write_text(
        log.read_text("utf-8") + "\n".join(f"w{n},2026-10-1{n % 3}T00:00:{n}Z,10,20" for n in range(28)), "utf-8"
    )
    assert judged(workspace, later).opened == []  # as it was
    text = (tmp_path / "truecost.toml").read_text("utf-8")
    (tmp_path / "truecost.toml").write_text(text.replace("error_cost = 2.50", "error_cost = 250.00"), "utf-8")
    dearer = load_workspace(tmp_path)
    assert judged(dearer, later).opened == ["bot"]
    decided = steps.reevaluate(dearer, later, "bot")
    assert decided.verdict == "retrain"
    opened = [event for event in Journal(dearer.journal).events() if event.kind == "reevaluation"]
    assert opened[-1].data["triggers"] == ["worsened"]


@pytest.mark.slow
def test_an_evaluation_that_would_pass_the_months_budget_is_not_run(tmp_path: Path) -> None:
    workspace = evaluating(tmp_path, "python score.py 0.72", "evaluation_cost = 60.00")
    text = (tmp_path / "truecost.toml").read_text("utf-8")
    (tmp_path / "truecost.toml").write_text(f"{text}\n[decisions]\nmonthly_budget = 100.00\n", "utf-8")
    workspace = load_workspace(tmp_path)
    first = steps.reevaluate(workspace, OCTOBER, "bot")
    second = steps.reevaluate(workspace, OCTOBER, "bot")
    assert "intents acc fell" in first.reasons[0]
    assert second.verdict == "re_evaluate"
    assert second.reasons[0].startswith("evaluating bot costs USD 60.00, and 60.00 of the month's 100.00 is spent")


@pytest.mark.slow
def test_a_point_is_worth_what_is_said_of_it(tmp_path: Path) -> None:
    evaluating(tmp_path, "python score.py 0.72")
    log_of(tmp_path, "value_per_point = 0.025", one_in=100)
    decided = steps.reevaluate(load_workspace(tmp_path), OCTOBER, "bot")
    assert decided.staleness_cost == Decimal("69350.00")
    assert "19.00 points lost a request × 400.0 requests a day × USD 0.025 a point a request" in decided.reasons[1]


@pytest.mark.slow
def test_a_retraining_is_priced_by_the_last_round_and_held_where_it_saves_less(tmp_path: Path) -> None:
    root = tmp_path / "books"
    evaluating(root, "python score.py 0.72", "error_cost = 2.50")
    text = (root / "truecost.toml").read_text("utf-8")
    runs = '[[sources]]\nname = "runs"\nformat = "training_runs"\npath = "inbox/runs/*.csv"\n'
    (root / "truecost.toml").write_text(text + runs, "utf-8")
    log, promoted = root / "inbox/log/2026-10.csv", root / "inbox/runs/runs.csv"
    log.parent.mkdir(parents=True)
    promoted.parent.mkdir(parents=True)
    log.write_text("request_id,requested_at,input_tokens,output_tokens\n1,2026-10-02T00:00:00Z,10,20\n", "utf-8")
    header = "run_id,model_id,outcome,job_id,parent_run_id,decided_at\n"
    promoted.write_text(f"{header}r1,bot,promoted,,,2026-09-01T00:00:00Z\n", "utf-8")
    decided = steps.reevaluate(load_workspace(root), OCTOBER, "bot")
    # January to August at 2,000 a month came before the promotion; September did not.
    assert decided.retrain_cost == 8 * 2000
    # One request in 7 days, 0.19 of it wrong, for a year, at 2.50: 24.768.
    assert decided.staleness_cost == Decimal("24.77")
    assert decided.verdict == "hold"
    assert any("USD 16,000.00: what is known of what the first build cost" in reason for reason in decided.reasons)


@pytest.mark.slow
def test_two_who_reevaluate_at_once_record_one_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = opened(tmp_path, "2000.00")
    judged(workspace)
    decide = steps.reevaluation.decided
    others = []

    def overtaken(*arguments: Any) -> Any:
        """Someone else has decided on the same evaluation just before."""
        monkeypatch.setattr(steps.reevaluation, "decided", decide)
        others.append(decide(*arguments))
        return decide(*arguments)

    monkeypatch.setattr(steps.reevaluation, "decided", overtaken)
    assert [steps.reevaluate(workspace, OCTOBER, "bot")] == others
    assert [event.kind for event in Journal(workspace.journal).events()].count("decision") == 1


@pytest.mark.slow
def test_nobody_else_judges_between_reading_the_journal_and_writing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = opened(tmp_path, "2000.00")
    append, codes = Journal.append, []
    program = (
        "import sys; from datetime import date; from pathlib import Path; from truecost import steps; "
        "from truecost.clock import Clock; from truecost.errors import WarehouseBusy; "
        "from truecost.workspace.workspace import load_workspace\n"
        "try: steps.alert(load_workspace(Path(sys.argv[1])).without_waiting(), Clock(date(2026, 10, 5)))\n"
        "except WarehouseBusy: sys.exit(75)"
    )

    def interrupted(*arguments: Any, **data: Any) -> Any:
        codes.append(subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode)
        return append(*arguments, **data)

    monkeypatch.setattr(Journal, "append", interrupted)
    judged(workspace)
    assert codes == [75, 75]
    assert [event.kind for event in Journal(workspace.journal).events()] == ["alert", "reevaluation"]


@pytest.mark.slow
def test_a_rebuilt_warehouse_tells_the_same_alerts_and_decisions(tmp_path: Path) -> None:
    root = tmp_path / "books"
    workspace = evaluating(root, "python score.py 0.72")
    outcome(workspace)
    steps.publish(workspace, OCTOBER)
    before = told(workspace)
    assert [len(rows) for rows in before.values()] == [2, 1]
    (root / "warehouse.duckdb").unlink()
    shutil.rmtree(root / "reports")
    judged(workspace)
    steps.publish(workspace, OCTOBER)
    assert told(workspace) == before


@pytest.mark.slow
def test_an_earlier_day_does_not_tell_of_what_came_after_it(tmp_path: Path) -> None:
    workspace = opened(tmp_path, "2000.00")
    judged(workspace)
    steps.publish(workspace, Clock(date(2026, 10, 4)))
    assert told(workspace)["alerts"] == []
    steps.publish(workspace, OCTOBER)
    assert len(told(workspace)["alerts"]) == 1


def told(workspace: Workspace) -> dict[str, list[Any]]:
    described = "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = 'finance' AND table_name = ?"
    with duckdb.connect(str(workspace.published), read_only=True) as con:
        for view in ("alerts", "retrain_decisions"):
            comments = con.execute(described, [view]).fetchall()
            assert all(comment and not comment.startswith("FOCUS") for _, comment in comments), comments
        return {view: con.execute(f"FROM finance.{view}").fetchall() for view in ("alerts", "retrain_decisions")}
