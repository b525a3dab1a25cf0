"""Alerts of the workspace as a whole: what came in and is no use, who fell silent, whether the books hold."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import Books, focus, in_month, rates
from tests.support.books import config as written
from tests.support.receiver import receiving
from truecost import steps
from truecost.alerts.alerts import Alerted, acknowledge, standing_alerts
from truecost.alerts.causes import told_by_cause
from truecost.alerts.notify import harmless
from truecost.alerts.states import Reading, Standing, moves
from truecost.clock import Clock
from truecost.store.warehouse import connect

OCTOBER = Clock(date(2026, 10, 5))
DAMAGED = gzip.compress(rates({}).encode())[:-6]


def config(*sources: str, more: str = "") -> str:
    """Its messages may go to this machine."""
    return written(*sources, more=f"{more}\n[alerts]\nallow_private = true\n")


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Any:
    with receiving(monkeypatch) as server:
        yield server


def judged(books: Books, clock: Clock = OCTOBER) -> Alerted:
    books.run(clock.today())
    return steps.alert(books.workspace, clock)


def told(receiver: Any) -> list[tuple[str, str, str]]:
    """(kind, title, first line) of each message, and forget them."""
    found = [(item["type"], item["title"], item["message"].splitlines()[0]) for item in receiver.taken]
    receiver.taken.clear()
    return found


@pytest.mark.slow
def test_many_refused_files_are_one_message_by_cause_that_names_the_first(receiver: Any, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {f"inbox/rates/{number:02d}.csv.gz": DAMAGED for number in range(9)}
    files |= {f"inbox/rates/x{number}.csv": "a,b\n1,2\n" for number in range(2)}
    books = Books.of(tmp_path / "workspace", config("rates"), files)
    judged(books)
    ((kind, title, message),) = told(receiver)
    assert (kind, title) == ("failure", "[truecost books] deliveries ALERT")
    assert message.startswith("11 files refused: 9 because the compressed file is cut or damaged, 2 because a line ")
    assert message.endswith("; first: inbox/rates/00.csv.gz.")


@pytest.mark.slow
def test_another_refused_file_is_told_though_the_first_was_acknowledged_and_a_settled_one_is_good_news(
    receiver: Any, tmp_path: Path
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv.gz": DAMAGED})
    judged(books)
    assert [kind for kind, *_ in told(receiver)] == ["failure"]
    (held,) = standing_alerts(books.workspace)
    acknowledge(books.workspace, OCTOBER, held.alert_id)
    judged(books)
    assert told(receiver) == []
    books.put("inbox/rates/b.csv.gz", DAMAGED[:-1])
    judged(books)
    ((kind, _, message),) = told(receiver)
    assert (kind, message[:16]) == ("failure", "2 files refused:")
    for name in "ab":
        books.put(f"inbox/rates/{name}.csv.gz", gzip.compress(rates({"gpu_type": name}).encode()))
    judged(books)
    assert told(receiver) == [("success", "[truecost books] deliveries OK", "every delivery is taken in.")]
    assert standing_alerts(books.workspace) == []


@pytest.mark.slow
def test_held_files_and_a_share_of_quarantined_rows_are_a_warning(receiver: Any, tmp_path: Path) -> None:
    bad = {"gpu_type": "x", "price_per_gpu_hour": "dear"}
    rows = [{"gpu_type": f"g{number}"} for number in range(99)]
    files = {
        "inbox/aws/a.csv": focus(in_month(1)),
        "inbox/aws/b.csv": focus(in_month(1, BilledCost="7")),
        "inbox/rates/few.csv": rates(*rows, bad),
    }
    books = Books.of(tmp_path / "workspace", config("aws", "rates"), files)
    judged(books)
    assert told(receiver) == [
        ("warning", "[truecost books] deliveries WARNING", "1 file held: inbox/aws/b.csv."),
    ]
    books.put("inbox/rates/more.csv", rates(bad, {"gpu_type": "y"}))
    judged(books)
    ((kind, _, message),) = told(receiver)
    assert (kind, message) == (
        "warning",
        "1 file held: inbox/aws/b.csv. 1 file with more than 1 % of its rows quarantined: inbox/rates/more.csv.",
    )


@pytest.mark.slow
def test_a_source_that_should_speak_and_a_path_that_leads_nowhere_are_told(receiver: Any, tmp_path: Path) -> None:
    more = '\n[[expected]]\nsource = "aws"\nevery = "45d"\n'
    books = Books.of(
        tmp_path / "workspace",
        config("aws", "rates", more=more),
        {"inbox/aws/a.csv": focus(in_month(8)), "inbox/rates/a.csv": rates({})},
    )
    judged(books, Clock(date(2026, 9, 20)))
    assert told(receiver) == []
    (books.root / "inbox/rates").rename(books.root / "inbox/moved")
    judged(books, Clock(date(2026, 9, 21)))
    ((kind, title, message),) = told(receiver)
    assert (kind, title) == ("warning", "[truecost books] silence WARNING")
    assert message == "1 source finds no file any more: rates (there is no folder inbox/rates)."
    judged(books, OCTOBER)
    ((kind, _, message),) = told(receiver)
    assert kind == "failure"
    assert message.startswith("1 source is silent for longer than it may: aws (it last spoke for 2026-08-")


@pytest.mark.slow
def test_a_broken_promise_of_the_books_is_told(receiver: Any, tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    books.run()
    with connect(books.workspace.warehouse) as con:
        con.execute("UPDATE books.deliveries SET rows_loaded = rows_loaded + 1")
    steps.alert(books.workspace, OCTOBER)
    ((kind, title, message),) = told(receiver)
    assert (kind, title) == ("failure", "[truecost books] books ALERT")
    assert message.startswith("the books break a promise in 2 places: `rows add up`, `rows are held`; first: ")


@pytest.mark.slow
def test_sound_books_are_not_looked_through_again_until_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from truecost.alerts import workspace_readings

    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    looked: list[object] = []
    look = workspace_readings.breaches
    monkeypatch.setattr(workspace_readings, "breaches", lambda session: looked.append(session) or look(session))
    for _ in range(2):
        judged(books)
    assert len(looked) == 1
    books.put("inbox/rates/b.csv", rates({"gpu_type": "b"}))
    judged(books)
    assert len(looked) == 2


@pytest.mark.slow
def test_an_alert_of_the_workspace_opens_no_reevaluation_and_finance_reads_it(tmp_path: Path) -> None:
    toml = config("rates", more='\n[[models]]\nid = "bot"\n')
    books = Books.of(tmp_path / "workspace", toml, {"inbox/rates/a.csv.gz": DAMAGED})
    assert judged(books).opened == []
    steps.publish(books.workspace, OCTOBER)
    from truecost.publish.publication import open_published

    with open_published(books.workspace.published) as con:
        assert con.execute("SELECT rule, model_id, state FROM alerts").fetchall() == [("deliveries", None, "ALERT")]


@pytest.mark.slow
def test_an_alert_that_no_address_took_fails_the_run_and_is_told_with_the_next(receiver: Any, tmp_path: Path) -> None:
    books = Books.of(
        tmp_path / "workspace",
        config("aws", more='\n[[expected]]\nsource = "aws"\nevery = "1d"\n'),
        {"inbox/aws/a.csv": focus(in_month(8))},
    )
    receiver.is_refusing = True
    judged(books)
    standing = steps.standing(books.workspace)
    assert standing.outcome == "failed"
    (sentence,) = [sentence for _, sentence in standing.lines() if "no address" in sentence]
    assert sentence.startswith("warning: no address took the alert: 1 source is silent")
    assert sentence.endswith("the next run tries again.")
    receiver.is_refusing = False
    assert judged(books).delivered == 1
    assert steps.standing(books.workspace).untold == ()


@pytest.mark.slow
def test_names_call_nobody_in_a_chat(receiver: Any, tmp_path: Path) -> None:
    books = Books.of(
        tmp_path / "workspace", config("rates"), {"inbox/rates/@everyone <!channel>\n<@U1>.csv.gz": DAMAGED}
    )
    judged(books)
    ((_, title, message),) = told(receiver)
    for call in ("@everyone", "<!channel", "<@U1", "\n"):
        assert call not in title + message
    assert "everyone" in message


@pytest.mark.pure
@pytest.mark.parametrize(
    "call", ["@everyone", "@here", "<!channel>", "<@U0123>", "<@&987>", "<b>", "\u202e", "\x1b[2J"]
)
def test_what_a_chat_would_act_on_is_parted(call: str) -> None:
    assert call not in harmless(f"feature {call} drifted")
    assert harmless("a mean of 3 < 4 at 12:00") == "a mean of 3 < 4 at 12:00"


@pytest.mark.pure
def test_what_comes_to_a_state_that_lasts_begins_it_anew_and_what_goes_does_not() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    held = {("", "deliveries"): Standing(4, "", "deliveries", "ALERT", "", day, day, day, about=("1", "2"))}

    def moved(*about: str) -> list[str]:
        found = moves(held, [Reading("", "deliveries", "ALERT", "", about=about)], day, timedelta(days=7))
        return [move.kind for move in found]

    assert moved("1", "2") == moved("1") == []
    assert moved("1", "3") == ["alert"]
    assert moves({}, [Reading("", "deliveries", "OK", "")], day, timedelta(days=7)) == []


@pytest.mark.pure
def test_faults_are_counted_by_what_they_have_in_common() -> None:
    faults = [(f"{number}.gz", f"it is cut (byte {number}); send it again") for number in range(3)]
    faults += [("a.csv", "no column x; add it"), ("b.csv", "it is empty; export it"), ("c.csv", "it is odd; look")]
    assert told_by_cause("file", "files", faults) == (
        "6 files: 3 because it is cut, 1 because no column x, 1 because it is empty, 1 for other reasons; first: 0.gz"
    )
    assert told_by_cause("file", "files", faults[:1]) == "1 file: 0.gz (it is cut)"
    assert told_by_cause("file", "files", []) == ""
