"""Two commands on one workspace: the second waits and says for whom, and not for ever; readers read all the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import Books, config, rates
from tests.support.held import held
from truecost import progress, steps
from truecost.clock import Clock
from truecost.errors import WarehouseBusy
from truecost.store.warehouse import connect

Truecost = Callable[..., subprocess.CompletedProcess[str]]

HOLDER = r"process {pid} \(.*\), running since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture
def books(tmp_path: Path) -> Books:
    toml = config("rates", workspace='wait = "0s"')
    found = Books.of(tmp_path / "workspace", toml, {"inbox/rates/a.csv": rates({}), "inbox/rates/b.csv": rates({})})
    found.run()
    steps.publish(found.workspace, Clock())
    return found


@pytest.mark.slow
def test_who_holds_the_warehouse_is_told_by_process_command_and_time(books: Books) -> None:
    warehouse = books.workspace.warehouse
    with held(warehouse) as holder, pytest.raises(WarehouseBusy) as busy:
        connect(warehouse)
    told = f"{re.escape(str(warehouse))} is in use by {HOLDER.format(pid=holder.pid)}; run again when that has ended"
    assert re.fullmatch(told, str(busy.value), re.DOTALL)
    assert "sys.stdin.read()" in str(busy.value), "its command, as it was typed"


@pytest.mark.slow
def test_a_command_waits_says_for_whom_and_goes_on(books: Books) -> None:
    books.configure(config("rates"))
    told: list[str] = []
    with held(books.workspace.warehouse) as holder:

        def heard(step: progress.Step) -> None:
            if step.at_once:
                told.append(f"{step.what} {step.item}")
                assert holder.stdin is not None
                holder.stdin.close()  # it ends while we wait

        with progress.listening(heard):
            steps.attribute(books.workspace)
    assert re.fullmatch("waiting for " + HOLDER.format(pid=holder.pid), told[0])


@pytest.mark.slow
def test_a_command_gives_up_after_the_time_that_is_set(books: Books) -> None:
    books.configure(config("rates", workspace='wait = "1s"'))
    with held(books.workspace.warehouse), pytest.raises(WarehouseBusy) as busy:
        steps.attribute(books.workspace)
    assert "it was waited for 1 seconds (`wait` of [workspace])" in str(busy.value)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["ingest", "publish"])
def test_a_command_that_writes_says_who_is_in_its_way(truecost: Truecost, books: Books, command: str) -> None:
    with held(books.workspace.warehouse) as holder:
        said = truecost(command, "-w", books.root)
    assert said.returncode == 1
    *_, last = said.stderr.splitlines()
    assert f"is in use by process {holder.pid} (" in last
    assert "Traceback" not in last


def test_status_reads_what_was_published_while_another_command_loads(truecost: Truecost, books: Books) -> None:
    before = json.loads(truecost("status", "-w", books.root, "--json").stdout)
    (books.root / "inbox/rates/c.csv").write_text(rates({"gpu_type": "a100"}))
    with held(books.workspace.warehouse) as holder:
        said = truecost("status", "-w", books.root)
        during = json.loads(truecost("status", "-w", books.root, "--json").stdout)
    assert said.returncode == 0
    assert f"is in use by process {holder.pid}" in said.stdout
    assert "this is how it stood when it was last published" in said.stdout
    assert during["standing"] == before["standing"]
    assert [source["rows_loaded"] for source in during["sources"]] == [
        source["rows_loaded"] for source in before["sources"]
    ]
    assert [source["files_waiting"] for source in during["sources"]] == [1]


@pytest.mark.slow
def test_doctor_looks_at_the_rest_while_another_command_loads(truecost: Truecost, books: Books) -> None:
    with held(books.workspace.warehouse) as holder:
        said = truecost("doctor", "-w", books.root)
        assert said.returncode == 0
        assert f"is in use by process {holder.pid}" in said.stderr
        assert "the ledger and the books are not looked at" in said.stderr
        assert "keep every promise" not in said.stdout
        shutil.rmtree(books.root / "landing/objects")
        said = truecost("doctor", "-w", books.root)
        assert said.returncode == 1
        assert "is missing" in said.stdout
