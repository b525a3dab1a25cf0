"""A path that names nothing, mistyped or moved away, is told by every run and by status."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import Books, config, rates
from truecost import steps

Truecost = Callable[..., subprocess.CompletedProcess[str]]


def told(books: Books) -> list[str]:
    return [str(one) for one in steps.standing(books.workspace).unmatched]


@pytest.fixture
def books(tmp_path: Path) -> Books:
    found = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    found.run()
    assert told(found) == []
    return found


def test_a_folder_that_was_moved_is_told(books: Books) -> None:
    (books.root / "inbox/rates").rename(books.root / "inbox/moved")
    assert told(books) == ["rates: there is no folder inbox/rates; correct `path`, or put the folder there"]


def test_a_mistyped_path_is_told(books: Books) -> None:
    for path, what in (
        ("inbox/rats/*.csv", "there is no folder inbox/rats"),
        ("inbox/rates/*.cvs", "no file matches inbox/rates/*.cvs any more"),
        ("inbox/rates/b.csv", "no file matches inbox/rates/b.csv any more"),
        ("inbox/rats", "no file matches inbox/rats any more"),
        ("/no/such/place/*.csv", "there is no folder /no/such/place"),
    ):
        books.configure(config("rates").replace("inbox/rates/*", path).replace("*.csv.csv", "*.csv"))
        (one,) = steps.standing(books.workspace).unmatched
        assert one.what == what


def test_an_inbox_that_is_emptied_by_landing_is_as_it_should_be(books: Books) -> None:
    books.configure(config("rates", landing='"move"'))
    books.run()
    assert not list((books.root / "inbox/rates").iterdir())
    assert told(books) == []


def test_files_that_someone_took_out_are_told_with_the_way_to_say_so(books: Books) -> None:
    books.take_out("inbox/rates/a.csv")
    (one,) = steps.standing(books.workspace).unmatched
    assert one.remedy.endswith('or set `landing = "move"` where files are taken out once they are in')


@pytest.mark.slow
def test_a_run_and_status_say_it_and_only_strict_makes_it_an_exit_code(truecost: Truecost, books: Books) -> None:
    (books.root / "inbox/rates").rename(books.root / "inbox/moved")
    sentence = "warning: rates: there is no folder inbox/rates; correct `path`, or put the folder there."
    for command, code in ((("ingest",), 0), (("ingest", "--strict"), 3), (("status",), 0)):
        said = truecost(*command, "-w", books.root)
        assert said.returncode == code
        assert sentence in said.stdout.splitlines()
