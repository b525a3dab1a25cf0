"""The landing log: numbered once, written once, and the same whoever looks twice."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.books import DAY, Books, config, rates
from truecost import steps
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.intake.landing import LandedSet, Landing, set_order, source_files

LONG_AGO = 1_700_000_000


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books.of(tmp_path / "workspace", config("rates"))


def land(books: Books) -> list[LandedSet]:
    workspace = books.workspace
    return Landing(workspace.landing).land(workspace, Clock(DAY))


def log(books: Books) -> list[tuple[int, list[tuple[int, str]]]]:
    """(set version, [(delivery number, file name)]) of each entry."""
    entries = Landing(books.workspace.landing).entries()
    return [(e.set_version, [(p.delivery_id, Path(p.file).name) for p in e.parts]) for e in entries]


def test_files_are_numbered_in_the_order_of_their_names_and_never_again(books: Books) -> None:
    for name in ("b", "a", "c"):
        books.put(f"inbox/rates/{name}", rates({"gpu_type": name}))
    land(books)
    assert log(books) == [(1, [(1, "a")]), (2, [(2, "b")]), (3, [(3, "c")])]
    books.put("inbox/rates/aa", rates({"gpu_type": "aa"}))
    books.put("inbox/rates/b", rates({"gpu_type": "b2"}))
    land(books)
    assert log(books)[3:] == [(4, [(4, "aa")]), (5, [(5, "b")])]


def test_the_parts_of_a_folder_share_an_entry(books: Books) -> None:
    books.configure(config("rates", delivery='"folder"').replace("rates/*", "rates/**/*"))
    for name in ("x/1", "x/2", "y/1"):
        books.put(f"inbox/rates/{name}", rates({"gpu_type": name}))
    land(books)
    assert log(books) == [(1, [(1, "1"), (2, "2")]), (3, [(3, "1")])]
    assert [entry.set_name for entry in Landing(books.workspace.landing).entries()] == [
        "inbox/rates/x",
        "inbox/rates/y",
    ]


def test_sources_are_landed_in_the_order_of_the_workspace(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", config("runs", "annotators", "rates"))
    for name in ("annotators", "rates", "runs"):
        books.put(f"inbox/{name}/file", name)
    assert [entry.source for entry in land(books)] == ["runs", "annotators", "rates"]


def test_landing_again_writes_nothing(books: Books) -> None:
    books.put("inbox/rates/a", rates({}))
    assert len(land(books)) == 1
    before = {path: path.read_bytes() for path in books.workspace.landing.rglob("*") if path.suffix == ".json"}
    (books.root / "inbox/rates/a").touch()
    assert land(books) == []
    assert set(books.workspace.landing.rglob("*.json")) == set(before)
    assert all(path.read_bytes() == before[path] for path in before if path.name != "seen.json")


def test_an_entry_says_what_came_and_is_never_overwritten(books: Books) -> None:
    books.put("inbox/rates/a", "some text")
    land(books)
    path = books.workspace.landing / "log" / "00000001.json"
    assert json.loads(path.read_text("utf-8")) == {
        "source": "rates",
        "set_name": "inbox/rates/a",
        "set_version": 1,
        "received_at": "2026-10-05T00:00:00+00:00",
        "parts": [
            {
                "delivery_id": 1,
                "file": "inbox/rates/a",
                "sha256": "b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2",
                "size_bytes": 9,
                "refused_because": None,
            }
        ],
    }
    (entry,) = Landing(books.workspace.landing).entries()
    with pytest.raises(FileExistsError):
        Landing(books.workspace.landing)._append(entry)


def test_each_content_is_kept_once_under_its_hash(books: Books) -> None:
    for name in "abc":
        books.put(f"inbox/rates/{name}", "the same")
    (first, *_) = land(books)
    landing = Landing(books.workspace.landing)
    objects = [path for path in (books.workspace.landing / "objects").rglob("*") if path.is_file()]
    assert objects == [landing.object_path(first.parts[0].sha256 or "")]
    assert objects[0].read_text() == "the same"


def test_what_a_run_that_died_left_behind_is_cleared_and_its_numbers_are_free(books: Books) -> None:
    books.put("inbox/rates/a", rates({}))
    landing = books.workspace.landing
    for folder in ("objects", "log"):
        (landing / folder).mkdir(parents=True)
        (landing / folder / ".new-left").write_text("half a fi")
    land(books)
    assert not list(landing.rglob(".new-*"))
    assert log(books) == [(1, [(1, "a")])]


def test_a_content_landed_without_its_entry_is_landed_again(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.put("inbox/rates/a", rates({}))

    def die(self: Landing, entry: LandedSet) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Landing, "_append", die)
        with pytest.raises(KeyboardInterrupt):
            land(books)
    assert log(books) == []
    land(books)
    assert log(books) == [(1, [(1, "a")])]


def test_a_content_that_was_lost_is_copied_again(books: Books) -> None:
    books.put("inbox/rates/a", rates({}))
    os.utime(books.root / "inbox/rates/a", (LONG_AGO, LONG_AGO))
    (entry,) = land(books)
    kept = Landing(books.workspace.landing).object_path(entry.parts[0].sha256 or "")
    kept.unlink()
    assert land(books) == []
    assert kept.read_text() == rates({})


def test_a_damaged_list_of_what_was_seen_is_only_slower(books: Books) -> None:
    books.put("inbox/rates/a", rates({}))
    land(books)
    (books.workspace.landing / "seen.json").write_text("{")
    assert land(books) == []


def test_a_rewrite_of_the_same_size_and_time_is_noticed(books: Books) -> None:
    path = books.put("inbox/rates/a", rates({"price_per_gpu_hour": "1"}))
    os.utime(path, (LONG_AGO, LONG_AGO))
    land(books)
    path.write_text(rates({"price_per_gpu_hour": "2"}))
    os.utime(path, (LONG_AGO, LONG_AGO))
    (entry,) = land(books)
    assert entry.parts[0].delivery_id == 2


def test_hidden_files_are_none_of_ours(books: Books) -> None:
    for name in (".a.swp", ".DS_Store", "a"):
        books.put(f"inbox/rates/{name}", "x")
    assert [part.file for entry in land(books) for part in entry.parts] == ["inbox/rates/a"]


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("inbox", ["inbox/a.csv", "inbox/sub/b.csv", "inbox/sub/deep/c.csv", "inbox/z.txt"]),
        ("inbox/*.csv", ["inbox/a.csv"]),
        ("inbox/**/*.csv", ["inbox/a.csv", "inbox/sub/b.csv", "inbox/sub/deep/c.csv"]),
        ("inbox/**/*", ["inbox/a.csv", "inbox/sub/b.csv", "inbox/sub/deep/c.csv", "inbox/z.txt"]),
        ("inbox/*", ["inbox/a.csv", "inbox/sub", "inbox/z.txt"]),
        ("inbox/a.csv", ["inbox/a.csv"]),
        ("inbox/sub/", ["inbox/sub/b.csv", "inbox/sub/deep/c.csv"]),
        ("inbox/?.*", ["inbox/a.csv", "inbox/z.txt"]),
        ("inbox/[a-c].csv", ["inbox/a.csv"]),
        ("nowhere/*.csv", []),
        ("inbox/none.csv", []),
    ],
)
def test_a_path_is_a_file_a_folder_or_a_glob(tmp_path: Path, path: str, files: list[str]) -> None:
    books = Books.of(tmp_path / "workspace", config("rates").replace("inbox/rates/*", path))
    for file in ("inbox/a.csv", "inbox/sub/b.csv", "inbox/sub/deep/c.csv", "inbox/z.txt"):
        books.put(file, "x")
    assert source_files(books.workspace, books.workspace.config.sources[0]) == files


def test_a_path_outside_the_workspace_is_named_in_full(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.csv").write_text("x")
    toml = config("rates").replace("inbox/rates/*", f"{(tmp_path / 'elsewhere').as_posix()}/*.csv")
    books = Books.of(tmp_path / "workspace", toml)
    assert [part.file for entry in land(books) for part in entry.parts] == [f"{tmp_path.as_posix()}/elsewhere/a.csv"]


@pytest.mark.parametrize(
    ("file", "order"),
    [
        ("aws/2026-01-v2.csv", "00000000000000000002"),
        ("aws/2026-01-v10.csv", "00000000000000000010"),
        ("aws/2026-01.csv", None),
    ],
)
def test_versions_in_names_are_ordered_as_numbers(books: Books, file: str, order: str | None) -> None:
    books.configure(config("rates", version="'-v(\\d+)'", restates='"period"'))
    assert set_order(books.workspace.config.sources[0], file) == order


def test_versions_that_are_no_numbers_are_ordered_as_text(books: Books) -> None:
    books.configure(config("rates", version="'run=([^/]+)/'", restates='"period"'))
    source = books.workspace.config.sources[0]
    assert set_order(source, "run=20260105T04/x.csv") == "20260105T04"
    books.configure(config("rates"))
    assert set_order(books.workspace.config.sources[0], "a-v2.csv") is None


@pytest.mark.parametrize(
    "content", [b"", b'{"source": "aws", "par', b"no JSON", b"[]", b"{}", b"null", b"\xff\xfe", b'{"parts": 3}']
)
def test_a_damaged_entry_is_told_by_name_with_what_to_do(books: Books, content: bytes) -> None:
    books.put("inbox/rates/a.csv", rates({}))
    land(books)
    landing = Landing(books.workspace.landing)
    path = landing.entry_path(landing.entries()[0].set_version)
    path.chmod(0o600)
    path.write_bytes(content)
    for step in (lambda: steps.land(books.workspace, Clock(DAY)), lambda: steps.load(books.workspace)):
        with pytest.raises(TruecostError) as told:
            step()
        assert str(told.value) == f"{path} is damaged: it is no entry of the landing log; put it back from a backup"
    assert str(told.value) in steps.faults(books.workspace)
