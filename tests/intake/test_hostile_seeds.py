"""500 files of every format, each spoilt in a way of its own: none ends a run, holds it up or takes good files along.

What a seed does is the same each time: a failure names it, and `spoilt(seed)` makes the file again.
"""

from __future__ import annotations

import gzip
import json
import logging
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.books import Books, config, focus, sacct
from truecost.intake import load as loading
from truecost.workspace.scaffold import write_demo

SEEDS = 500
A_RUN = 50  # files beside one another
MOST_SECONDS = 15  # of the process's own work, for one file: 10, and what a busy machine's caches cost
MOST_MEGABYTES = 2_048  # beyond what the process held before

Spoil = Callable[[random.Random, bytes], bytes]


def flipped(luck: random.Random, content: bytes) -> bytes:
    spoilt = bytearray(content)
    for _ in range(luck.randint(1, 40)):
        spoilt[luck.randrange(len(spoilt))] ^= 1 << luck.randrange(8)
    return bytes(spoilt)


def cut(luck: random.Random, content: bytes) -> bytes:
    return content[: luck.randrange(len(content))]


def cut_in_the_middle(luck: random.Random, content: bytes) -> bytes:
    start = luck.randrange(len(content))
    return content[:start] + content[start + luck.randint(1, 400) :]


def repeated(luck: random.Random, content: bytes) -> bytes:
    start = luck.randrange(len(content))
    return content[:start] + content[start : start + luck.randint(1, 400)] * luck.randint(2, 50) + content[start:]


def zeros(luck: random.Random, content: bytes) -> bytes:
    start = luck.randrange(len(content))
    return content[:start] + b"\0" * luck.randint(1, 500) + content[start:]


def encoded(luck: random.Random, content: bytes) -> bytes:
    codec = luck.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp037", "utf-8-sig"))
    return content.decode("utf-8", "replace").encode(codec, "replace")


def no_encoding(luck: random.Random, content: bytes) -> bytes:
    start = luck.randrange(len(content))
    return (
        content[:start]
        + luck.choice((b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"))
        + content[start:]
    )


def lone_surrogate(luck: random.Random, content: bytes) -> bytes:
    start = luck.randrange(len(content))
    return content[:start] + rb'"\ud800"' + content[start:]


def nested(luck: random.Random, content: bytes) -> bytes:
    deep = luck.choice((2_000, 100_000))
    opening, closing = luck.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"(", b")")))
    return opening * deep + content + closing * deep


def giant_field(luck: random.Random, content: bytes) -> bytes:
    start = luck.randrange(len(content))
    return content[:start] + luck.choice((b"x", b"9", b'"', b",", b"\n")) * 50_000_000 + content[start:]


def giant_numbers(luck: random.Random, content: bytes) -> bytes:
    number = luck.choice(
        (b"9" * 400, b"1e308", b"-0", b"NaN", b"inf", b"0x1F", b"1_000", b"\xd9\xa1\xd9\xa2", b"1.2.3", b"=1+1")
    )
    digits = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    start = luck.choice(digits) if digits else 0
    return content[:start] + number + content[start + 1 :]


def billion_laughs(luck: random.Random, content: bytes) -> bytes:
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    outside = luck.choice(("file:///etc/passwd", "http://127.0.0.1:9/x.dtd"))
    kind = luck.choice((f'<!ENTITY l0 "ha">{lines}', f'<!ENTITY l11 SYSTEM "{outside}">'))
    return f"<?xml version='1.0'?><!DOCTYPE Invoice [{kind}]><Invoice>&l11;</Invoice>".encode()


def gzip_bomb(luck: random.Random, content: bytes) -> bytes:
    return gzip.compress(content + luck.choice((b"0", b"\n", b"a,b\n")) * luck.choice((1_000_000, 60_000_000)), 6)


def damaged_gzip(luck: random.Random, content: bytes) -> bytes:
    return flipped(luck, gzip.compress(content))


def nothing(luck: random.Random, content: bytes) -> bytes:
    return luck.choice((b"", b"\n", b"\xef\xbb\xbf", b" ", b"null", b"{}", b"[]"))


def headings(luck: random.Random, content: bytes) -> bytes:
    first, _, rest = content.partition(b"\n")
    odd = luck.choice((first + b"," + first, first.upper(), first[::-1], b'"' + first, first.replace(b",", b";"), b""))
    return odd + b"\n" + rest


def shuffled(luck: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    luck.shuffle(lines)
    return b"\n".join(lines)


def quoted(luck: random.Random, content: bytes) -> bytes:
    spoilt = bytearray(content)
    for _ in range(luck.randint(1, 30)):
        spoilt.insert(luck.randrange(len(spoilt)), luck.choice(b"\"'\\,;|\t\r\n"))
    return bytes(spoilt)


def control_characters(luck: random.Random, content: bytes) -> bytes:
    start = luck.randrange(len(content))
    return (
        content[:start] + luck.choice((b"\x1b[2J\x1b]0;x\x07", b"\x7f", b"\x0b\x0c", b"\xe2\x80\xae")) + content[start:]
    )


def other_format(luck: random.Random, content: bytes) -> bytes:
    begins = luck.choice((b"PK\x03\x04", b"PAR1", b"\x28\xb5\x2f\xfd", b"%PDF-1.7\n", b"SQLite format 3\0"))
    return begins + content + (b"PAR1" if begins == b"PAR1" else b"")


WAYS: tuple[Spoil, ...] = (
    *(flipped, cut, cut_in_the_middle, repeated, zeros, encoded, no_encoding, lone_surrogate, nested, giant_field),
    *(giant_numbers, billion_laughs, gzip_bomb, damaged_gzip, nothing, headings, shuffled, quoted),
    *(control_characters, other_format),
)
# What a name may hold: it is told in every message.
NAMES = (
    *(
        "..",
        "a\nb",
        "\x1b[31mred",
        "ümlaut",
        "'; DROP TABLE log.deliveries; --",
        "{x}",
        "%00",
        "a" * 180,
        "-rf",
        "$(id)",
    ),
    *("[x]", "*", "<b>", "C:\\x", "..%2f..%2fetc", "~", "\u202egnp"),
)


def spoilt(seed: int, files: list[Path]) -> tuple[Path, str, bytes, str]:
    """(the file it is made from, its own name, its content, how it was spoilt)."""
    luck = random.Random(seed)
    model = files[seed % len(files)]
    way = WAYS[(seed // len(files) + seed) % len(WAYS)]
    suffix = "".join(model.suffixes[-2:]) if model.suffix == ".gz" else model.suffix
    content = model.read_bytes()
    is_packed = model.suffix == ".gz"
    if is_packed and way not in (gzip_bomb, damaged_gzip, other_format, nothing):
        content = gzip.compress(way(luck, gzip.decompress(content)), 1)
    elif is_packed and way is damaged_gzip:
        content = flipped(luck, content)
    elif is_packed and way is gzip_bomb:
        content = way(luck, gzip.decompress(content))
    else:
        content = way(luck, content)
    return model, f"{luck.choice(NAMES)} {seed}{suffix}", content, way.__name__


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of each kind that the demo has, and a workspace that takes all of a folder."""
    root = tmp_path_factory.mktemp("hostile") / "demo"
    write_demo(root)
    toml = (root / "truecost.toml").read_text("utf-8")
    for one in ("gpu_rates.csv", "training_runs.csv"):
        toml = toml.replace(one, "*.csv")
    (root / "truecost.toml").write_text(toml, "utf-8")
    kept = one_of_each(root)
    for file in (root / "inbox").rglob("*"):
        if file.is_file() and file not in kept:
            file.unlink()
    return root


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("first", range(0, SEEDS, A_RUN))
def test_no_spoilt_file_ends_a_run_or_takes_good_ones_along(
    model: Path,
    tmp_path: Path,
    first: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
) -> None:
    root = tmp_path / "books"
    shutil.copytree(model, root)
    files = one_of_each(root)
    seconds: dict[str, float] = {}
    told: Counter[str] = Counter()
    for seed in range(first, first + A_RUN):
        beside, name, content, way = spoilt(seed, files)
        (beside.parent / name).write_bytes(content)
        told[way] += 1
    timed(monkeypatch, seconds)
    books, held = Books(root), megabytes("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    with caplog.at_level(logging.ERROR):
        books.run()
    lost = books.ask(
        "SELECT file FROM books.deliveries WHERE refused_because IS NULL "
        "AND rows_read <> rows_loaded + rows_quarantined + rows_duplicate + rows_held + rows_skipped"
    )
    assert lost == []
    statuses = {row["file"]: row["status"] for row in books.ask("SELECT file, status FROM books.deliveries")}
    good = [str(file.relative_to(model)) for file in (model / "inbox").rglob("*") if file.is_file()]
    delivered = {file: statuses[file] for file in good if file in statuses}
    assert len(delivered) > 12
    assert set(delivered.values()) <= {"loaded", "held", "duplicate", "superseded"}, delivered
    assert not [file for file, status in delivered.items() if status == "refused"]
    record_property("told", json.dumps(told))
    assert {file: round(took) for file, took in seconds.items() if took > MOST_SECONDS} == {}
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert megabytes("VmHWM") - held < MOST_MEGABYTES


def megabytes(name: str) -> int:
    """Memory of this process: VmRSS now, VmHWM at its peak."""
    told = Path("/proc/self/status").read_text("utf-8")
    return int(told.partition(f"{name}:")[2].split()[0]) // 1024


def one_of_each(root: Path) -> list[Path]:
    """A file of each folder of the inbox, the largest: the same in every copy."""
    found: dict[Path, Path] = {}
    for file in sorted((root / "inbox").rglob("*")):
        if file.is_file():
            held = found.setdefault(file.parent, file)
            found[file.parent] = max(held, file, key=lambda path: path.stat().st_size)
    return list(found.values())


def timed(monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float]) -> None:
    """Have each file's loading timed, in seconds of this process's own work; to load a library is no file's."""
    import great_expectations  # noqa: F401

    whole = loading.load_delivery

    def watched(con: object, entry: object, part: loading.Part, *rest: object) -> object:
        start = time.process_time()
        try:
            return whole(con, entry, part, *rest)  # type: ignore[arg-type]
        finally:
            seconds[part.file] = time.process_time() - start

    monkeypatch.setattr(loading, "load_delivery", watched)


@pytest.mark.parametrize("odd", [b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
def test_bytes_that_are_no_text_spoil_their_line_alone(tmp_path: Path, odd: bytes) -> None:
    lines = [line.encode() + b"\n" for line in sacct(*({"JobID": str(number)} for number in range(40))).splitlines()]
    spoilt_line = lines[20].replace(b"train", b"tr" + odd + b"ain")
    toml = config("slurm")
    books = Books.of(tmp_path / "books", toml, {"inbox/slurm/a.txt": b"".join([*lines[:20], spoilt_line, *lines[21:]])})
    books.run()
    delivery = books.delivery("a.txt")
    assert (delivery["rows_read"], delivery["rows_loaded"], delivery["rows_quarantined"]) == (40, 39, 1)


def test_a_name_that_each_row_would_bear_a_thousand_times_over_refuses_the_file(tmp_path: Path) -> None:
    text = focus({"Tags": ""}).replace("Tags", "x" * 100_000, 1)
    books = Books.of(tmp_path / "books", config("aws"), {"inbox/aws/a.csv": text})
    books.run()
    (row,) = books.ask("SELECT refused_because FROM books.deliveries")
    assert row["refused_because"].startswith("a column's name is longer than 1,000 characters")
