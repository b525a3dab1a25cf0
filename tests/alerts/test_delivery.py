"""What is decided is told: to a chat, a mailbox and a web hook that fail, fall silent or are slow, over crashes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Channels, Mood, serving
from truecost.alerts import notify, outbox
from truecost.alerts.notify import Message, deliver, escaped
from truecost.alerts.outbox import tell
from truecost.clock import Clock
from truecost.store.journal import Journal
from truecost.workspace.workspace import Workspace, load_workspace

DAY = datetime(2026, 10, 5, tzinfo=UTC)
CLOCK = Clock(date(2026, 10, 5))
HOSTILE = "@everyone *free* [money](http://evil.example) <b>now</b>"


@pytest.fixture
def channels(monkeypatch: pytest.MonkeyPatch) -> Iterator[Channels]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as found:
        monkeypatch.setenv("TRUECOST_ALERT_URLS", " ".join((found.webhook, found.chat, found.mailbox)))
        yield found


def opened(root: Path, more: str = "") -> Workspace:
    text = f'[workspace]\nname = "small"\n\n[[models]]\nid = "bot"\n\n[alerts]\nallow_private = true\n{more}'
    (root / "truecost.toml").write_text(text, "utf-8")
    return load_workspace(root)


def raised(workspace: Workspace, rule: str = "drift", message: str = "3 of 4 features drifted") -> int:
    told = {"rule": rule, "state": "ALERT", "previous": None, "is_told": True, "message": message, "drivers": []}
    return Journal(workspace.journal).append("alert", DAY, "bot", **told).event_id


def decided(workspace: Workspace) -> int:
    price = {"currency": "USD", "staleness_cost": "99825.79", "retrain_cost": "63968.88"}
    data = {"verdict": "retrain", "reasons": ["acc fell by 0.193"], "is_told": True, "reevaluation_id": 1, **price}
    return Journal(workspace.journal).append("decision", DAY, "bot", **data).event_id


def test_a_verdict_reaches_chat_mail_and_webhook_with_its_price_drivers_and_severity(
    channels: Channels, tmp_path: Path
) -> None:
    workspace = opened(tmp_path, 'link = "https://books.example.org"\n')
    number = decided(workspace)
    assert tell(workspace, CLOCK) == (3, [])
    (hook,) = [body for path, _, body in channels.posts if path == "/hook"]
    assert (hook["title"], hook["type"]) == ("[truecost small] bot: retrain", "failure")
    assert "Staying as it is: USD 99,825.79. A retraining: USD 63,968.88." in hook["message"]
    assert "acc fell by 0.193" in hook["message"]
    assert "The report: https://books.example.org" in hook["message"]
    assert f"truecost decisions show {number}" in hook["message"]
    assert len(channels.posts) == 2
    (mail,) = channels.mails
    assert (mail["Subject"], mail["Idempotency-Key"]) == ("[truecost small] bot: retrain", f"truecost-small-{number}")
    assert tell(workspace, CLOCK) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("mood", ["failing", "silent", "slow"])
def test_what_a_bad_channel_did_not_take_is_sent_again_and_nothing_is_lost(
    channels: Channels, tmp_path: Path, mood: Mood
) -> None:
    workspace = opened(tmp_path)
    decided(workspace)
    channels.mood = mood
    taken, failed = tell(workspace, CLOCK)
    names = ["address 1 (json)", "address 2 (rocket)", "address 3 (mailto)"]
    assert (taken, failed) == ((3, []) if mood == "slow" else (0, names))
    channels.mood = "well"
    weeks_later = Clock(date(2026, 11, 5))  # a decision is owed until another takes its place
    assert tell(workspace, weeks_later) == ((0, []) if mood == "slow" else (3, []))
    assert (len(set(channels.keys())), len(channels.mails)) == (1, 1)


class Crash(Exception):
    """The process has died."""


def test_a_run_that_dies_after_sending_sends_it_again_under_the_same_key(
    channels: Channels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = opened(tmp_path)
    decided(workspace)

    def die(*arguments: Any, **named: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(outbox.Journal, "append", die)
        with pytest.raises(Crash):
            tell(workspace, CLOCK)
    assert tell(workspace, CLOCK) == (3, [])
    first, again = channels.keys()
    assert first == again  # by which the web hook tells that it has it
    assert (len(channels.posts), len(channels.mails)) == (3, 1)


def test_a_run_that_dies_before_sending_is_made_good_by_the_next(
    channels: Channels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = opened(tmp_path)
    raised(workspace)

    def die(*arguments: Any) -> bool:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "deliver", die)
        with pytest.raises(Crash):
            tell(workspace, CLOCK)
    assert tell(workspace, CLOCK) == (3, [])
    assert len(channels.keys()) == 1


def test_many_alerts_of_a_run_are_one_message(channels: Channels, tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    numbers = [raised(workspace, rule) for rule in ("overspend", "drift", "eval_decay")]
    assert tell(workspace, CLOCK) == (9, [])
    (key,) = channels.keys()
    assert key == f"truecost-small-{'-'.join(map(str, numbers))}"
    (hook,) = [body for path, _, body in channels.posts if path == "/hook"]
    assert hook["title"] == "[truecost small] 3 alerts"
    assert all(f"alerts ack {number}" in hook["message"] for number in numbers)


def test_what_nobody_acknowledged_goes_to_the_others(
    channels: Channels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUECOST_ALERT_URLS", "")
    monkeypatch.setenv("TRUECOST_ESCALATION_URLS", channels.webhook)
    workspace = opened(tmp_path)
    number = raised(workspace)
    journal = Journal(workspace.journal)
    journal.append("escalation", DAY + timedelta(days=7), "bot", alert_id=number, message="3 of 4 features drifted")
    assert tell(workspace, Clock(date(2026, 10, 12))) == (1, [])
    (post,) = channels.posts
    assert post[2]["title"] == "[truecost small] bot: drift ALERT, and nobody has acknowledged it"


def test_a_digest_tells_all_that_stands(channels: Channels, tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    lines = ["ALERT 1 (drift, since 2026-10-01): 3 of 4 features drifted", "bot waits for its re-evaluation"]
    Journal(workspace.journal).append("digest", DAY, "", message="1 alerts stand", lines=lines)
    assert tell(workspace, CLOCK) == (3, [])
    assert all(line in channels.posts[0][2]["message"] for line in lines)


def test_text_of_others_is_no_markup_anywhere(channels: Channels, tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    raised(workspace, message=HOSTILE)
    tell(workspace, CLOCK)
    chat = next(body for path, _, body in channels.posts if path != "/hook")
    for mark in ("@everyone", "*free*", "](http", "<b>"):
        assert mark not in chat["text"]
    html = channels.mails[0].get_body(("html",))
    assert html is not None
    assert "<b>" not in html.get_content()
    assert "free" in html.get_content()
    assert escaped("a_b") != "a_b"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.7", "169.254.169.254", "[::1]", "192.168.1.1", "2130706433"]
)
def test_a_private_address_takes_nothing_unless_that_is_allowed(host: str, channels: Channels) -> None:
    message = Message("title", ("line",), "info", "key")
    assert not deliver(f"json://{host}:{channels.web}/hook", message)
    assert channels.posts == []
    if host == "127.0.0.1":
        assert deliver(channels.webhook, message, allow_private=True)


def test_a_public_address_sends_nobody_on_to_a_private_one(channels: Channels, monkeypatch: pytest.MonkeyPatch) -> None:
    message = Message("title", ("line",), "info", "key")
    channels.mood = "elsewhere"
    with monkeypatch.context() as patch:
        patch.setattr(notify, "_is_public", lambda plugin: True)
        assert not deliver(channels.webhook, message)
    assert channels.posts == []
    assert deliver(channels.webhook, message, allow_private=True)
    assert [path for path, *_ in channels.posts] == ["/inside"]
