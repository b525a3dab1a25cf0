"""One bad file never stops the others: whatever lies in the inbox is told by name, and the run goes on and ends.

Each kind lies beside a good file; a good file under the same path settles it. What could take all memory or never end
is bounded, and the bounds are measured in a process of their own.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import socket
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.books import DAY, Books, config, focus, rates
from truecost import steps
from truecost.clock import Clock
from truecost.errors import DeliveryRefused
from truecost.intake.landing import Landing
from truecost.sources import formats

MORE = """
[[models]]
id = "bot"

[[sources]]
name = "ubl"
format = "ubl"
path = "inbox/ubl/*"

[[sources]]
name = "openai"
format = "openai_costs"
path = "inbox/openai/*"

[[sources]]
name = "log"
format = "request_log"
path = "inbox/log/*"
model = "bot"
"""
CUT = "the compressed file is cut or damaged ("
TOML = config("aws", "rates", more=MORE)


def bill(account: str, rows: int = 1) -> str:
    return focus(*[{"BillingAccountId": account}] * rows)


def call(name: str = "x") -> str:
    return json.dumps({"id": name, "timestamp": "2026-01-10T00:00:00Z", "prompt_tokens": 3, "note": name})


def page(project: str = "p") -> str:
    result = {
        "object": "organization.costs.result",
        "amount": {"value": 1.5, "currency": "usd"},
        "project_id": project,
    }
    bucket = {"object": "bucket", "start_time": 1767225600, "end_time": 1767312000, "results": [result]}
    return json.dumps({"object": "page", "data": [bucket], "has_more": False, "next_page": None})


def flipped(content: bytes) -> bytes:
    """Packed content with some of its bytes turned, so that it no longer unpacks."""
    for at in range(30, len(content) - 30):
        damaged = content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 8]) + content[at + 8 :]
        try:
            gzip.decompress(damaged)
        except zlib.error:
            return damaged
        except (OSError, EOFError):
            continue
    raise AssertionError("no damage was found that the decompressor itself reports")


LOGGED = "\n".join(call(f"call {number} of {number * 7919}") for number in range(400)) + "\n"
PACKED = gzip.compress(bill("packed", 500).encode())

# What lies where, what its refusal says, and a good file for the same path.
DAMAGED: dict[str, tuple[str, bytes, str, bytes]] = {
    "flipped bytes in a packed bill": ("aws/a.csv.gz", flipped(PACKED), CUT, PACKED),
    "a cut packed bill": ("aws/b.csv.gz", PACKED[: len(PACKED) // 2], CUT, PACKED.replace(b"packed", b"b")),
    "flipped bytes in a packed log": (
        "log/a.jsonl.gz",
        flipped(gzip.compress(LOGGED.encode())),
        CUT,
        gzip.compress(LOGGED.encode()),
    ),
    "a damaged zstd": (
        "aws/c.csv.zst",
        bytes(pa.compress(bill("z").encode(), codec="zstd", asbytes=True)[:40]) + b"\xff" * 40,
        CUT,
        bytes(pa.compress(bill("z").encode(), codec="zstd", asbytes=True)),
    ),
    "XML in an encoding nobody has": (
        "ubl/a.xml",
        b'<?xml version="1.0" encoding="EBCDIC-9"?><Invoice/>',
        "encoding",
        b"",
    ),
    "XML in an encoding of several bytes": (
        "ubl/b.xml",
        b'<?xml version="1.0" encoding="shift_jis"?><Invoice/>',
        "",
        b"",
    ),
    "half a letter in JSON": ("openai/a.json", page("\ud800").encode(), "no text", page("whole").encode()),
    "half a letter where a page should be": (
        "openai/b.json",
        b'["\\ud800"]',
        "where a page should be",
        page("b").encode(),
    ),
    "JSON nested too deeply": ("openai/c.json", b"[" * 1_000_000, "nested too deeply", page("c").encode()),
    "objects nested too deeply": (
        "openai/d.json",
        b'{"data":' * 200_000 + b"1" + b"}" * 200_000,
        "nested too deeply",
        page("d").encode(),
    ),
    "a log nested too deeply": ("log/b.json", b"[" * 1_000_000, "nested too deeply", f"[{call('b')}]".encode()),
}


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Books:
    files: dict[str, str | bytes] = {f"inbox/{file}": content for file, content, *_ in DAMAGED.values()}
    good = {
        "inbox/aws/good.csv": bill("good"),
        "inbox/rates/good.csv": rates({}),
        "inbox/openai/good.json": page("good"),
        "inbox/log/good.jsonl": call("good") + "\n",
    }
    books = Books.of(tmp_path_factory.mktemp("hostile") / "workspace", TOML, {**files, **good})
    books.take_in()
    return books


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_refused_by_name_with_its_reason(inbox: Books, case: str) -> None:
    file, _, told, _ = DAMAGED[case]
    delivery = inbox.delivery(f"inbox/{file}")
    assert delivery["status"] == "refused"
    assert told in delivery["refused_because"]
    assert "objects" not in delivery["refused_because"], "where we keep it is of no use"
    assert (f"inbox/{file}", delivery["refused_because"]) in steps.standing(inbox.workspace).refused


def test_the_good_files_beside_them_load(inbox: Books) -> None:
    for file in ("aws/good.csv", "rates/good.csv", "openai/good.json", "log/good.jsonl"):
        assert inbox.delivery(f"inbox/{file}")["status"] == "loaded", file


def test_a_refused_file_is_not_read_again_until_it_is_delivered_again(inbox: Books) -> None:
    assert inbox.take_in() == []


@pytest.mark.slow
def test_a_good_file_under_the_same_path_settles_it(tmp_path: Path) -> None:
    again = {file: (bad, good) for file, bad, _, good in DAMAGED.values() if good}
    books = Books.of(tmp_path / "workspace", TOML, {f"inbox/{file}": bad for file, (bad, _) in again.items()})
    books.take_in()
    assert len(steps.standing(books.workspace).refused) == len(again)
    for file, (_, good) in again.items():
        books.put(f"inbox/{file}", good)
    books.take_in()
    assert not steps.standing(books.workspace).refused
    for file in again:
        assert books.delivery(f"inbox/{file}")["rows_read"] > 0, file


# ---- faults of readers, whoever's they are ---------------------------------------------------------------------------


class OddError(Exception):
    """What a library might raise one day."""


FAULTS: dict[str, tuple[Exception, str]] = {
    "an odd one": (OddError("what\nnow"), "the file can't be read (OddError: what); export it again, or see with "),
    "one of ours": (KeyError("group"), "the file can't be read (KeyError: 'group'); export it again, or see with "),
    "too large": (MemoryError(), "reading the file takes more memory than there is; deliver it in parts"),
    "half a letter in a message": (ValueError("\ud800"), "the file can't be read (ValueError: \\ud800); "),
    "without words": (AssertionError(), "the file can't be read (AssertionError); export it again"),
}


def broken_for(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> None:
    """Have the format's reader raise on the files that hold ``spoilt``."""
    fmt = formats()[name]
    read = fmt.read

    def reading(con: object, path: Path, *rest: object) -> object:
        if b"spoilt" in path.read_bytes():
            raise error
        return read(con, path, *rest)  # type: ignore[arg-type]

    monkeypatch.setitem(formats(), name, type(fmt)(**{**vars(fmt), "read": reading}))


@pytest.mark.parametrize("case", FAULTS)
def test_whatever_a_reader_raises_refuses_its_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    error, told = FAULTS[case]
    files = {"inbox/rates/a.csv": rates({"gpu_type": "spoilt"}), "inbox/rates/b.csv": rates({})}
    books = Books.of(tmp_path / "workspace", config("rates"), files)
    broken_for(monkeypatch, "rate_card", error)
    books.take_in()
    assert dict(books.statuses()) == {"a.csv": "refused", "b.csv": "loaded"}
    assert books.delivery("a.csv")["refused_because"].startswith(told)


def test_a_fault_nobody_foresaw_is_in_the_log_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({"gpu_type": "spoilt"})})
    broken_for(monkeypatch, "rate_card", OddError("why"))
    with caplog.at_level(logging.ERROR, "truecost"):
        books.take_in()
    (record,) = [record for record in caplog.records if record.name.startswith("truecost")]
    assert "inbox/rates/a.csv" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], OddError)


def test_what_is_the_machines_fault_is_tried_again_at_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({"gpu_type": "spoilt"})})
    with monkeypatch.context() as patched:
        broken_for(patched, "rate_card", OSError(5, "Input/output error"))
        books.take_in()
        assert books.delivery("a.csv")["refused_because"] == (
            "the landed file can't be read (Input/output error); it is tried again at the next run"
        )
    books.take_in()
    assert books.delivery("a.csv")["status"] == "loaded"


def test_rows_that_cannot_be_stored_refuse_their_file_and_leave_nothing(tmp_path: Path) -> None:
    """Each amount is within bounds, and what they add up to is not."""
    rows = [{"price_per_gpu_hour": "999999999999999", "gpu_type": f"g{number}"} for number in range(1_100)]
    files = {"inbox/rates/a.csv": rates(*rows), "inbox/rates/b.csv": rates({})}
    books = Books.of(tmp_path / "workspace", config("rates"), files)
    books.take_in()
    assert dict(books.statuses()) == {"a.csv": "refused", "b.csv": "loaded"}
    assert books.delivery("a.csv")["refused_because"] == (
        "the amounts of price_per_gpu_hour add up to more than any bill; correct them"
    )
    assert books.one("SELECT count(*) FROM ledger.rates") == 1


# ---- what is no file, or leads elsewhere -----------------------------------------------------------------------------

OUT = "the link leads out of inbox; put the file itself there, or name its own folder in `path`"


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _out(path: Path) -> None:
    target = path.parents[3] / "secret.csv"
    target.write_text(rates({}))
    path.symlink_to(target)


def _other_folder(path: Path) -> None:
    target = path.parents[3] / "others"
    target.mkdir(exist_ok=True)
    (target / "secret.csv").write_text(rates({}))
    path.symlink_to(target)


SPECIAL: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (_pipe, "it is a pipe, not a file; take it out"),
    "a socket": (_socket, "it is a socket, not a file; take it out"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), OUT),
    "a link out of the inbox": (_out, OUT),
    "a link to a folder out of the inbox": (_other_folder, OUT),
    "a link to the warehouse": (lambda path: path.symlink_to("../../warehouse.duckdb"), OUT),
    "a link to itself": (lambda path: path.symlink_to(path.name), "the link leads in a circle; take it out"),
    "a link to nowhere": (lambda path: path.symlink_to("gone"), "the link leads to no file; mend it or take it out"),
    "a link to its own folder": (
        lambda path: path.symlink_to("."),
        "the link leads in a circle, to a folder that it lies in; take it out",
    ),
    "a link to the inbox": (
        lambda path: path.symlink_to("../../inbox"),
        "the link leads in a circle, to a folder that it lies in; take it out",
    ),
}
PATHS = ("inbox/rates/*", "inbox/rates", "inbox/**/*.csv", "inbox/*/*", "inbox/**")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", SPECIAL)
def test_what_is_no_file_in_the_inbox_is_told_and_never_opened(tmp_path: Path, case: str, path: str) -> None:
    make, told = SPECIAL[case]
    toml = config("rates").replace("inbox/rates/*", path)
    books = Books.of(tmp_path / "workspace", toml, {"inbox/rates/good.csv": rates({})})
    make(books.root / "inbox/rates/bad.csv")
    steps.land(books.workspace, Clock(DAY))
    landed = {part.file: part for entry in Landing(books.workspace.landing).entries() for part in entry.parts}
    assert set(landed) == {"inbox/rates/good.csv", "inbox/rates/bad.csv"}
    assert landed["inbox/rates/bad.csv"].refused_because == told
    assert landed["inbox/rates/good.csv"].sha256
    objects = [found for found in (books.workspace.landing / "objects").rglob("*") if found.is_file()]
    assert len(objects) == 1
    assert steps.land(books.workspace, Clock(DAY)) == 0, "it is logged once"


def test_a_good_file_in_place_of_a_pipe_or_a_link_settles_it(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/good.csv": rates({})})
    for name, make in (
        ("pipe.csv", _pipe),
        ("zero.csv", SPECIAL["a link to a device"][0]),
        ("loop.csv", SPECIAL["a link to itself"][0]),
    ):
        make(books.root / "inbox/rates" / name)
    books.take_in()
    assert len(steps.standing(books.workspace).refused) == 3
    for at, name in enumerate(("pipe.csv", "zero.csv")):
        (books.root / "inbox/rates" / name).unlink()
        books.put(f"inbox/rates/{name}", rates({"gpu_type": f"g{at}"}))
    books.take_out("inbox/rates/loop.csv")
    books.take_in()
    assert not steps.standing(books.workspace).refused
    assert books.delivery("zero.csv")["status"] == "loaded"


def test_a_link_within_the_inbox_is_fine(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/elsewhere/card": rates({})})
    (books.root / "inbox/rates").mkdir()
    (books.root / "inbox/rates/card.csv").symlink_to("../elsewhere/card")
    books.take_in()
    assert books.statuses() == [("card.csv", "loaded")]


@pytest.mark.parametrize("path", ["inbox/rates", "inbox/rates/**/*.csv"])
def test_a_folder_linked_within_the_inbox_is_looked_into_once(tmp_path: Path, path: str) -> None:
    toml = config("rates").replace("inbox/rates/*", path)
    files = {"inbox/rates/2026/a.csv": rates({}), "inbox/more/b.csv": rates({"gpu_type": "b"})}
    books = Books.of(tmp_path / "workspace", toml, files)
    (books.root / "inbox/rates/latest").symlink_to("2026")
    (books.root / "inbox/rates/more").symlink_to("../more")
    (books.root / "inbox/more/back").symlink_to("../rates")
    steps.land(books.workspace, Clock(DAY))
    entries = Landing(books.workspace.landing).entries()
    assert [part.file for entry in entries for part in entry.parts] == [
        "inbox/rates/2026/a.csv",
        "inbox/rates/more/b.csv",
    ]


def test_an_inbox_that_is_a_link_and_a_path_elsewhere_are_their_owners_choice(tmp_path: Path) -> None:
    (tmp_path / "disk/rates").mkdir(parents=True)
    (tmp_path / "disk/rates/a.csv").write_text(rates({}))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/b.csv").write_text(rates({"gpu_type": "b"}))
    (tmp_path / "elsewhere/out.csv").symlink_to("../disk/rates/a.csv")
    more = '[[sources]]\nname = "else"\nformat = "rate_card"\npath = "../elsewhere/*.csv"\n'
    books = Books.of(tmp_path / "workspace", config("rates", more=more))
    (books.root / "inbox").symlink_to(tmp_path / "disk")
    books.take_in()
    assert dict(books.statuses()) == {"a.csv": "loaded", "b.csv": "loaded", "out.csv": "refused"}


def test_a_file_that_turns_into_a_pipe_while_it_is_landed_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    copy = Landing._copy

    def swapped(self: Landing, path: Path) -> tuple[str, Path]:
        path.unlink()
        os.mkfifo(path)
        return copy(self, path)

    monkeypatch.setattr(Landing, "_copy", swapped)
    steps.land(books.workspace, Clock(DAY))
    (entry,) = Landing(books.workspace.landing).entries()
    assert entry.parts[0].refused_because == "it is a pipe, not a file; take it out"
    assert not list((books.root / "landing/objects").glob(".new-*"))


@pytest.mark.parametrize("path", ["inbox/rates", "inbox/rates/*.csv", "inbox/**/*.csv"])
def test_a_folder_that_may_not_be_read_is_told_until_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    toml = config("rates").replace("inbox/rates/*", path)
    books = Books.of(tmp_path / "workspace", toml, {"inbox/rates/a.csv": rates({})})
    scandir, folder = os.scandir, books.root / "inbox/rates"

    def denied(path: object = ".") -> object:
        if Path(str(path)) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)  # type: ignore[call-overload]

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", denied)
        books.take_in()
        assert books.ask("SELECT file, refused_because FROM books.deliveries") == [
            {"file": "inbox/rates", "refused_because": "the folder can't be read (Permission denied); allow reading it"}
        ]
    books.take_in()
    assert not steps.standing(books.workspace).refused
    assert books.delivery("a.csv")["status"] == "loaded"


# ---- who may read what has landed ------------------------------------------------------------------------------------


def kept(books: Books, file: str) -> int:
    """The mode of the object that a file of the inbox was last landed as."""
    landing = Landing(books.workspace.landing)
    parts = [part for entry in landing.entries() for part in entry.parts if part.file == file]
    return stat.S_IMODE(landing.object_path(parts[-1].sha256 or "").stat().st_mode)


@pytest.mark.parametrize(("mode", "landed"), [(0o600, 0o400), (0o644, 0o444), (0o640, 0o440), (0o755, 0o444)])
def test_a_landed_file_is_as_open_as_the_one_it_came_from_and_nobody_may_write_it(
    tmp_path: Path, mode: int, landed: int
) -> None:
    books = Books.of(tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({})})
    (books.root / "inbox/rates/a.csv").chmod(mode)
    books.take_in()
    assert kept(books, "inbox/rates/a.csv") == landed
    assert books.delivery("a.csv")["status"] == "loaded"


def test_the_same_content_from_two_files_is_as_open_as_the_less_open_one(tmp_path: Path) -> None:
    books = Books.of(
        tmp_path / "workspace", config("rates"), {"inbox/rates/a.csv": rates({}), "inbox/rates/b.csv": rates({})}
    )
    (books.root / "inbox/rates/b.csv").chmod(0o600)
    books.take_in()
    assert kept(books, "inbox/rates/a.csv") == 0o400
    (books.root / "inbox/rates/b.csv").chmod(0o644)
    books.take_in()
    assert kept(books, "inbox/rates/a.csv") == 0o400


# ---- limits ----------------------------------------------------------------------------------------------------------


def limited(toml: str, **limits: object) -> str:
    return toml + "\n[limits]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in limits.items())


LONG = "x" * 3_000
ROWS: dict[str, tuple[str, str, str]] = {
    "a row of a bill": ("aws/a.csv", focus({"BillingAccountId": "long"}, {"ServiceName": LONG}), "line 3"),
    "a header": ("aws/a.csv", bill("long").replace("ServiceName", LONG), "line 1"),
    "a last row without an end": ("aws/a.csv", focus({}, {"ServiceName": LONG}).rstrip("\n"), "line 3"),
    "a line of a log": ("log/a.jsonl", call() + "\n" + call(LONG) + "\n", "line 2"),
    "an element of a list": ("log/a.json", f"[{call()},\n{call(LONG)}]", "line 2"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_row_beyond_the_limit_refuses_its_file_until_the_limit_is_raised(tmp_path: Path, case: str) -> None:
    file, text, where = ROWS[case]
    books = Books.of(
        tmp_path / "workspace", limited(TOML, max_row="2kB"), {f"inbox/{file}": text, "inbox/rates/b.csv": rates({})}
    )
    books.take_in()
    delivery = books.delivery(file)
    assert delivery["refused_because"] == (
        f"{where} is longer than 2kB; write one record a line, or raise `max_row` of [limits]"
    )
    assert books.delivery("b.csv")["status"] == "loaded"
    books.configure(TOML)
    books.take_in()
    if case != "a header":
        assert books.delivery(file)["status"] == "loaded"


def test_rows_as_long_as_the_limit_load(tmp_path: Path) -> None:
    """On every side of the blocks that a file is looked through by."""
    text = rates(*({"gpu_type": "g" * width} for width in range(1_800, 2_030)))
    longest = max(len(line) for line in text.splitlines())
    assert longest >= 2_048
    books = Books.of(tmp_path / "workspace", limited(config("rates"), max_row="3kB"), {"inbox/rates/a.csv": text})
    books.take_in()
    assert books.delivery("a.csv")["rows_loaded"] == 230


def test_a_quote_that_never_closes_spoils_its_line_whatever_the_limit(tmp_path: Path) -> None:
    rows = [{"gpu_type": f"g{number}"} for number in range(200)]
    text = rates(*rows).replace("g0,", '"g0,', 1)
    books = Books.of(tmp_path / "workspace", limited(config("rates"), max_row="1kB"), {"inbox/rates/a.csv": text})
    books.take_in()
    delivery = books.delivery("a.csv")
    assert (delivery["rows_loaded"], delivery["rows_quarantined"]) == (199, 1)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("aws/a.csv.gz", gzip.compress(bill("bomb", 20_000).encode())),
        ("aws/a.csv.zst", bytes(pa.compress(bill("bomb", 20_000).encode(), codec="zstd", asbytes=True))),
        ("log/a.jsonl.gz", gzip.compress((call() + "\n").encode() * 40_000)),
        ("log/a.json.gz", gzip.compress(b"[" + b" " * 3_000_000 + call().encode() + b"]")),
        ("openai/a.json.gz", gzip.compress(page().encode() + b"\n" * 3_000_000)),
        ("ubl/a.xml.gz", gzip.compress(b"<Invoice>" + b" " * 3_000_000 + b"</Invoice>")),
    ],
)
def test_a_file_that_unpacks_beyond_the_limit_is_refused(tmp_path: Path, file: str, content: bytes) -> None:
    files: dict[str, str | bytes] = {f"inbox/{file}": content, "inbox/rates/b.csv": rates({})}
    books = Books.of(tmp_path / "workspace", limited(TOML, max_file="2MB"), files)
    books.take_in()
    assert books.delivery(file)["refused_because"] == (
        "the file holds more than 2MB; deliver it in parts, or raise `max_file` of [limits]"
    )
    assert books.delivery("b.csv")["status"] == "loaded"


def test_a_file_beyond_the_limit_is_not_copied(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", limited(config("rates"), max_file="1MB"), {"inbox/rates/b.csv": rates({})})
    with (books.root / "inbox/rates/a.csv").open("wb") as file:
        file.truncate(1 << 40)
    books.take_in()
    assert books.delivery("a.csv")["refused_because"] == (
        "the file is larger than 1MB; deliver it in parts, or raise `max_file` of [limits]"
    )
    assert books.delivery("b.csv")["status"] == "loaded"


def test_a_parquet_file_of_one_giant_row_is_refused_by_its_footer(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "workspace", limited(config("rates"), max_row="1MB"))
    columns = {
        name: [value]
        for name, value in (
            line.split("=")
            for line in ("gpu_type=a100", "price_per_gpu_hour=1", "currency=USD", "valid_from=2026-01-01")
        )
    }
    path = books.put("inbox/rates/a.parquet", b"")
    pq.write_table(pa.table({**columns, "valid_to": [os.urandom(1_000_000).hex()]}), path)
    books.take_in()
    assert "line 1 is longer than 1MB" in books.delivery("a.parquet")["refused_because"]


@pytest.mark.slow
@pytest.mark.parametrize("file", ["rates/a.csv", "rates/b.csv"])
def test_faults_beyond_the_limit_are_counted_and_nothing_is_lost(tmp_path: Path, file: str) -> None:
    """Rows that fail an expectation, and rows that can't be split: the first in full, the others by fault."""
    faulty = rates(
        {}, *[{"gpu_type": f"g{n}", "price_per_gpu_hour": "$1"} for n in range(50)], *[{"valid_from": ""}] * 3
    )
    if file == "rates/b.csv":
        faulty = rates({}) + "one\n" * 50 + "one,two\n" * 3
    books = Books.of(tmp_path / "workspace", limited(config("rates"), max_faults=10), {f"inbox/{file}": faulty})
    books.run()  # every promise is checked: read = loaded + quarantined + duplicate + skipped, and as many are held
    delivery = books.delivery(file)
    assert (delivery["rows_read"], delivery["rows_loaded"], delivery["rows_quarantined"]) == (54, 1, 53)
    found = books.quarantine(file)
    assert [row["line"] for row in found] == [*range(3, 13), 13, 53]
    assert [row["rows"] for row in found] == [1] * 10 + [40, 3]
    assert found[10]["message"].startswith("40 more rows, the first of which: ")
    assert all(row["row_json"] for row in found[:10])
    published = steps.publish(books.workspace, Clock(DAY))
    assert published


def test_a_limit_that_is_none_is_named_with_its_line(tmp_path: Path) -> None:
    from truecost.errors import ConfigError

    books = Books.of(tmp_path / "workspace", limited(config("rates"), max_row="16 megs"))
    with pytest.raises(ConfigError, match="write it like 16MB: a whole number and kB, MB or GB"):
        _ = books.workspace


# ---- memory, measured ------------------------------------------------------------------------------------------------

MEASURED = """
import json, re, sys
from pathlib import Path
from truecost.intake.check import check_file
checked = check_file(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[1]).parent, 5)
# Not ru_maxrss: that also knows what the process that started this one had.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
print(json.dumps([checked.refused_because, checked.rows_read, checked.rows_quarantined, peak]))
"""


def measured(path: Path, format_name: str) -> tuple[str | None, int, int, int]:
    """(why it is refused, rows read, rows quarantined, the peak of memory in MB) of reading a file."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path), format_name],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    why, read, quarantined, peak = json.loads(done.stdout.splitlines()[-1])
    return why, read, quarantined, peak


def packed_line(path: Path, begins: bytes) -> None:
    """A small gzip of one line of 2 GB."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(begins)
        for _ in range(2_048):
            file.write(b"x" * (1 << 20))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "begins"), [("aws.csv.gz", b"x"), ("aws2.csv.gz", bill("b").encode())])
def test_a_small_file_with_a_line_of_2_gb_is_refused_in_little_memory(tmp_path: Path, name: str, begins: bytes) -> None:
    packed_line(tmp_path / name, begins)
    why, _, _, peak = measured(tmp_path / name, "focus")
    assert "is longer than 16MB" in (why or "")
    assert peak < 500


@pytest.mark.slow
@pytest.mark.parametrize("begins", [b'{"a": "', b'[{"a": "'])
def test_a_small_log_with_a_line_of_2_gb_is_refused_in_little_memory(tmp_path: Path, begins: bytes) -> None:
    packed_line(tmp_path / "log.json.gz", begins)
    why, _, _, peak = measured(tmp_path / "log.json.gz", "request_log")
    assert "is longer than 16MB" in (why or "") or "is larger than 500 MB" in (why or "")
    assert peak < 500


@pytest.mark.slow
def test_a_file_of_nothing_but_faults_is_counted_in_little_memory(tmp_path: Path) -> None:
    rows = (f"{number},cut,{'x' * 1_000}\n" for number in range(200_000))
    (tmp_path / "one.csv").write_text(bill("faults"))
    (tmp_path / "a.csv").write_text(bill("faults") + "".join(rows))
    *_, usual = measured(tmp_path / "one.csv", "focus")  # most of it is Great Expectations itself
    why, read, quarantined, peak = measured(tmp_path / "a.csv", "focus")
    assert (why, read, quarantined) == (None, 200_001, 200_000)
    assert peak < usual + 250


def test_a_refusal_says_nothing_without_end() -> None:
    from truecost.sources.refusals import refusing

    with pytest.raises(DeliveryRefused) as told, refusing(None, "a.csv"):
        raise ValueError("y" * 1_000_000)
    assert len(str(told.value)) < 1_000
