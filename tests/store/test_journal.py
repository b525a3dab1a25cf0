"""The journal: events stay, in order, whoever writes at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from truecost.errors import TruecostError
from truecost.store.files import clear_leftovers, write_once
from truecost.store.journal import Journal, mirror, mirror_faults
from truecost.store.warehouse import IN_MEMORY, connect

NOW = datetime(2026, 10, 5, tzinfo=UTC)


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    assert journal.events() == []
    written = [journal.append("decision", NOW, "böt", verdict="hold", reasons=["“fine”"], cost="1.10") for _ in "ab"]
    assert journal.events() == written
    assert [event.event_id for event in written] == [1, 2]


def test_two_who_write_at_once_both_keep_their_event(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.append("delivered", NOW, "bot", message_id=number), range(40)))
    events = journal.events()
    assert [event.event_id for event in events] == list(range(1, 41))
    assert {event.data["message_id"] for event in events} == set(range(40))
    assert not list((tmp_path / "journal").glob(".new-*"))


def test_processes_that_write_at_once_all_keep_their_events(tmp_path: Path) -> None:
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path; "
        "from truecost.store.journal import Journal; journal = Journal(Path(sys.argv[1])); "
        "print(flush=True); sys.stdin.readline(); "
        "[journal.append('delivered', datetime.now(UTC), 'bot', by=sys.argv[2], no=no) for no in range(15)]"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "journal")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen([*command, name], **pipes) for name in "abc"]  # type: ignore[call-overload]
    for writer in writers:
        writer.stdout.readline()  # it is ready
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    events = Journal(tmp_path / "journal").events()
    assert [event.event_id for event in events] == list(range(1, 46))
    for name in "abc":  # none is lost, and each keeps its own order
        assert [event.data["no"] for event in events if event.data["by"] == name] == list(range(15))


@pytest.mark.parametrize("text", ["", "{", '{"kind": "alert"}', "[]"])
def test_a_damaged_event_is_named(tmp_path: Path, text: str) -> None:
    journal = Journal(tmp_path)
    journal.append("decision", NOW, "bot")
    (tmp_path / "00000001.json").chmod(0o644)
    (tmp_path / "00000001.json").write_text(text, "utf-8")
    with pytest.raises(TruecostError, match=r"00000001\.json is damaged"):
        journal.events()


def test_the_warehouse_mirrors_the_journal_and_only_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with connect(IN_MEMORY) as con:
        assert not mirror(con, journal.events())
        journal.append("decision", NOW, "bot", verdict="hold")
        assert mirror(con, journal.events())
        assert not mirror(con, journal.events())
        told = con.execute("SELECT event_id, kind, happened_at, model_id, data FROM outlook.events").fetchall()
        assert told == [(1, "decision", NOW.replace(tzinfo=None), "bot", '{"verdict": "hold"}')]
        assert mirror(con, [])
        assert con.execute("SELECT count(*) FROM outlook.events").fetchall() == [(0,)]


@pytest.mark.parametrize("harm", ["lost", "changed", None])
def test_the_warehouse_shows_what_is_wrong_with_the_newest_event(tmp_path: Path, harm: str | None) -> None:
    journal = Journal(tmp_path)
    with connect(IN_MEMORY) as con:
        assert mirror_faults(con, journal, journal.events()) == []
        for verdict in ("hold", "retrain"):
            journal.append("decision", NOW, "bot", verdict=verdict)
        mirror(con, journal.events())
        newest = tmp_path / "00000002.json"
        if harm == "lost":
            newest.unlink()
        elif harm == "changed":
            newest.chmod(0o644)
            newest.write_text(newest.read_text("utf-8").replace("retrain", "hold"), "utf-8")
        assert journal.read().faults == (), "no later event vouches for it"
        told = mirror_faults(con, journal, journal.events())
        if harm is None:
            journal.append("decision", NOW, "bot", verdict="hold")
            assert told == mirror_faults(con, journal, journal.events()) == [], (
                "the journal may go further than its mirror"
            )
        else:
            (fault,) = told
            assert fault.startswith(f"{newest} is missing" if harm == "lost" else f"{newest} was changed")


def test_an_event_is_written_though_another_process_clears_leftovers_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, cleared = os.link, []

    def clear_once(source: str, target: Path) -> None:
        if not cleared:
            cleared.append(source)
            clear_leftovers(tmp_path)
        link(source, target)

    monkeypatch.setattr(os, "link", clear_once)
    write_once(tmp_path / "00000001.json", b"{}")
    assert cleared
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("00000001.json", b"{}")]
