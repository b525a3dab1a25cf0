"""A session is had told, and reads what it rests on once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.books import DAY, Books, config, focus, in_month
from truecost import steps
from truecost.clock import Clock
from truecost.store.journal import Journal

MODEL = '[[models]]\nid = "bot"\n[[attribution]]\nmatch = { source = "aws" }\nmodel = "bot"\nactivity = "serving"\n'


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made = Books.of(tmp_path / "books", config("aws", more=MODEL), {"inbox/aws/1.csv": focus(in_month(1))})
    made.run()
    return made


def test_an_unchanged_attribute_reads_each_file_of_the_journal_once(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(books.workspace.journal)
    for number in range(3):
        journal.append("decision", Clock(DAY).now(), "bot", verdict="hold", number=number)
    read: list[str] = []
    of_the_disk = Path.read_bytes

    def counted(path: Path) -> bytes:
        read.append(path.name)
        return of_the_disk(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    assert not steps.attribute(books.workspace)
    assert [name for name in read if name.startswith("0000")] == [f"{number:08d}.json" for number in (1, 2, 3)]


def test_a_day_is_told_with_the_workspace(books: Books) -> None:
    with steps.open_session(books.workspace, Clock(DAY)) as session:
        told = session.con.execute("SELECT CAST(getvariable('as_of') AS DATE), getvariable('tax')").fetchone()
        models = session.con.execute("SELECT model_id FROM config_models").fetchall()
    assert (told, models) == ((DAY, "recoverable"), [("bot",)])
