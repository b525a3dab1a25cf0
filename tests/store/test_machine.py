"""What the machine does not allow is told as what it is, with what to do, and never as a fault of a file."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from tests.support.books import DAY, Books, config, rates
from truecost import steps
from truecost.clock import Clock
from truecost.errors import TruecostError
from truecost.intake.landing import Landing
from truecost.store.machine import denied
from truecost.store.warehouse import connect, transaction

Truecost = Callable[..., subprocess.CompletedProcess[str]]

# As DuckDB 1.5 says them.
SAID = {
    'IO Error: Could not write file "/w/a": No space left on device': "/w/a can't be written: the disk is full",
    'IO Error: Cannot open file "/w/a": Read-only file system': "/w/a can't be written: its disk is read-only",
    'IO Error: Cannot open file "/w/a.duckdb": Permission denied': "/w/a.duckdb may not be written or read; allow ",
    'TransactionContext Error: Failed to commit: Cannot open file "/w/a.duckdb.wal": Permission denied': (
        "/w/a.duckdb.wal may not be written or read; allow "
    ),
    "Out of Memory Error: failed to offload data block (limit of the 'max_temp_directory_size' setting)": (
        "a file can't be written: the disk is full"
    ),
}


@pytest.mark.pure
@pytest.mark.parametrize("said", SAID)
def test_what_duckdb_says_of_a_disk_is_told_with_what_to_do(said: str) -> None:
    told = denied(duckdb.IOException(said))
    assert told is not None
    assert told.startswith(SAID[said])
    assert "; " in told


@pytest.mark.pure
def test_what_follows_a_full_disk_does_not_hide_it_and_other_errors_are_none_of_it() -> None:
    def rolled_back() -> None:
        try:
            raise duckdb.IOException('IO Error: Could not write file "/w": No space left on device')
        except duckdb.Error:
            raise duckdb.FatalException("database has been invalidated")  # noqa: B904 (as a rollback does)

    with pytest.raises(duckdb.Error) as raised:
        rolled_back()
    assert "the disk is full" in (denied(raised.value) or "")
    assert denied(ValueError("No space left on device")) is None
    assert denied(duckdb.ConversionException("'No space left on device' is no number")) is None, "a value of a file"
    assert denied(OSError(errno.ENOENT, "No such file", "/w")) is None


def test_a_warehouse_that_may_not_be_opened_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = tmp_path / "w.duckdb"
    connect(warehouse).close()

    def refused(*arguments: object, **named: object) -> object:
        raise duckdb.IOException(f'IO Error: Cannot open file "{warehouse}": Permission denied')

    monkeypatch.setattr(duckdb, "connect", refused)
    with pytest.raises(TruecostError, match=r"w.duckdb may not be written or read; allow .* to"):
        connect(warehouse)


@pytest.mark.parametrize(
    ("number", "told"),
    [(errno.ENOSPC, "the disk is full; make room"), (errno.EROFS, "its disk is read-only; mount it")],
)
def test_a_disk_that_takes_no_more_ends_the_landing_and_refuses_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})

    def full(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("truecost.intake.landing._copy_blocks", full)
        patched.setattr("truecost.intake.landing._reflink", lambda origin, target: False)
        with pytest.raises(TruecostError, match=f"landing/objects can't be written: {told}"):
            steps.land(books.workspace, Clock(DAY))
    assert Landing(books.workspace.landing).entries() == []
    books.run()
    assert books.statuses() == [("a.csv", "loaded")]


def test_a_disk_that_is_full_while_a_file_loads_refuses_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})

    def full(*arguments: object, **named: object) -> None:
        raise duckdb.IOException(f'IO Error: Could not write file "{books.root}/w": No space left on device')

    with monkeypatch.context() as patched:
        patched.setattr("truecost.intake.load._write_facts", full)
        with pytest.raises(TruecostError, match="can't be written: the disk is full; make room"):
            books.run()
    books.run()
    assert books.statuses() == [("a.csv", "loaded")]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 40 MB of one's own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk, where that is allowed")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_told_by_name_and_nothing_is_lost(truecost: Truecost, small_disk: Path) -> None:
    books = Books.of(small_disk / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    assert truecost("ingest", "-w", books.root).returncode == 0
    books.put("inbox/rates/b.csv", rates(*[{"gpu_type": f"g{number}"} for number in range(2_000)]))
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        file.write(bytes(shutil.disk_usage(small_disk).free - 60_000))
    said = truecost("ingest", "-w", books.root)
    assert said.returncode == 1
    assert "the disk is full; make room, then run again; what was there before is kept" in said.stderr
    assert "unexpected" not in said.stderr
    filler.unlink()
    assert truecost("ingest", "-w", books.root).returncode == 0
    assert [status for _, status in books.statuses()] == ["loaded", "loaded"]


def test_a_read_only_disk_is_told_by_name(truecost: Truecost, small_disk: Path) -> None:
    books = Books.of(small_disk / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    assert truecost("ingest", "-w", books.root).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for command in ("ingest", "publish", "status", "doctor"):
        said = truecost(command, "-w", books.root)
        assert said.returncode == 1, command
        assert "its disk is read-only; mount it for writing" in said.stderr, command


def test_a_full_transaction_leaves_what_was_there(small_disk: Path) -> None:
    with connect(small_disk / "w.duckdb") as con:
        con.execute("CREATE TABLE kept AS SELECT 1 AS one")
        with pytest.raises(duckdb.Error) as raised, transaction(con):
            con.execute("CREATE TABLE much AS SELECT hash(range) AS h, hash(range + 1) AS i FROM range(20_000_000)")
        assert "the disk is full" in (denied(raised.value) or str(raised.value))
    with connect(small_disk / "w.duckdb") as con:
        assert con.execute("SELECT one FROM kept").fetchall() == [(1,)]
