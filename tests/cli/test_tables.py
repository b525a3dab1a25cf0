"""Tables and messages in a narrow terminal: amounts and names stay whole, lines stay within it, nothing steers it."""

from __future__ import annotations

import io
import json
import re
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from truecost.cli.tables import Column, amount, laid_out, name, number, state, text
from truecost.cli.text import folded, money, print_json, visible, wrapped, write

pytestmark = pytest.mark.pure

WIDTHS = (60, 80, 100, 160)
FORECAST = [name("model"), amount("budget"), amount("actual to date"), amount("P10"), amount("P50"), amount("P90")]
ROW = ("invoice-reader", "105,000.00", "112,342.79", "122,168.13", "123,101.20", "124,158.29")
HOSTILE = "a\x1b[31mred\x1b[0m\nb\r\x07\x9b2J\u202egnp.exe\u2066\u200b\x7f\u2028"

amounts = st.decimals(-(10**12), 10**12, places=2).map(money)
names = st.text("abcdefghij-_", min_size=1, max_size=24)
sentences = st.lists(st.text("abc,.:()", min_size=1, max_size=12), max_size=12).map(" ".join)
CELLS = {"name": names, "amount": amounts, "number": st.integers(0, 10**6).map(str), "text": sentences}
CELLS["state"] = st.sampled_from(["OK", "ALERT", ""])


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[list[str | None]]]:
    """One to three names, then any columns."""
    kinds = ["name"] * draw(st.integers(1, 3))
    kinds += draw(st.lists(st.sampled_from(["amount", "amount", "number", "text", "state"]), min_size=1, max_size=7))
    columns = [
        Column(f"h{place} of it", kind, spare=draw(st.integers(0, 2)) if kind in ("number", "text") else 0)
        for place, kind in enumerate(kinds)
    ]
    row = st.tuples(*(CELLS[kind] if kind == "name" else st.none() | CELLS[kind] for kind in kinds)).map(list)
    return columns, draw(st.lists(row, min_size=1, max_size=4))


@given(tables(), st.sampled_from(WIDTHS))
def test_no_width_cuts_an_amount_or_a_name_or_is_overrun(
    table: tuple[list[Column], list[list[str | None]]], width: int
) -> None:
    columns, rows = table
    lines = laid_out("What it comes to", columns, rows, width)
    words = re.split(r"[\s]+", "\n".join(lines))
    for row in rows:
        for column, cell in zip(columns, row, strict=True):
            if column.kind == "amount" and cell is not None:
                assert words.count(cell) >= sum(cell in other for other in rows)
            if column.kind == "name":
                assert any(cell in line for line in lines if cell)
    assert max(map(cell_len, lines)) <= width


def test_a_table_that_fits_is_one_table() -> None:
    assert laid_out("Where it will end", FORECAST, [ROW], 100) == [
        "Where it will end",
        "",
        " model                budget   actual to date          P10          P50          P90",
        " ───────────────────────────────────────────────────────────────────────────────────",
        " invoice-reader   105,000.00       112,342.79   122,168.13   123,101.20   124,158.29",
        "",
    ]


def test_headings_are_wrapped_before_anything_else_gives_way() -> None:
    assert laid_out("", FORECAST, [ROW], 80)[1:5] == [
        "                                actual to",
        " model                budget         date          P10          P50          P90",
        " ───────────────────────────────────────────────────────────────────────────────",
        " invoice-reader   105,000.00   112,342.79   122,168.13   123,101.20   124,158.29",
    ]


def test_what_may_be_left_out_goes_first_and_is_named() -> None:
    columns = [name("charge"), text("what", spare=2), text("from", spare=1), amount("cost")]
    rows = [("58:3:0", "an-unbreakable-description-of-it", "2026-09-01", "1,176.53")]
    lines = laid_out("", columns, rows, 40)
    assert lines[1:] == [
        " charge   from             cost",
        " ──────────────────────────────",
        " 58:3:0   2026-09-01   1,176.53",
        "",
        "No room for: what. A wider terminal",
        "shows them, and --json.",
        "",
    ]


def test_a_table_of_amounts_goes_on_below_with_its_names() -> None:
    lines = laid_out("", FORECAST, [ROW], 60)
    assert [line.split()[0] for line in lines if line.strip()].count("invoice-reader") == 2
    assert [line.split() for line in lines if "invoice-reader" in line] == [[*ROW[:4]], [ROW[0], *ROW[4:]]]


def test_what_fits_no_table_is_a_block_a_row() -> None:
    columns = [name("check"), state(), text("found", least=24), text("remedy", least=24)]
    rows = [
        ("quarantined", "refused", "3 rows of inbox/annotators/2026-07.csv", "correct the lines, deliver again"),
        ("held", "ok", None, None),
        ("pages", "ok", None, None),
    ]
    assert laid_out("", columns, rows, 50) == [
        "",
        " quarantined: refused",
        "   found   3 rows of inbox/annotators/2026-07.csv",
        "   remedy  correct the lines, deliver again",
        "",
        " held: ok",
        " pages: ok",
        "",
    ]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=200))
def test_a_folded_text_keeps_every_character(told: str) -> None:
    lines = folded(told, 20)
    assert "".join(lines).replace(" ", "") == told.replace(" ", "")
    assert max(map(cell_len, lines)) <= 20


def test_a_word_longer_than_a_line_is_broken_where_a_path_may_be() -> None:
    path = "landing/objects/de/de93c172047be1964d2227de4b979b5e5dd84cbe547f6905ac7983d0606868a4"
    lines = wrapped(f"landed as {path}", 40)
    assert lines == [
        "landed as",
        "  landing/objects/de/",
        "  de93c172047be1964d2227de4b979b5e5dd84c",
        "  be547f6905ac7983d0606868a4",
    ]


def test_nothing_that_steers_a_terminal_is_left_in_what_others_wrote() -> None:
    told = visible(HOSTILE)
    assert told.isprintable()
    assert told == ("a\\x1b[31mred\\x1b[0m\\nb\\r\\x07\\u009b2J\\u202egnp.exe\\u2066\\u200b\\u007f\\u2028")
    assert visible("café 東京 ₹ ×") == "café 東京 ₹ ×"
    assert visible("inbox/\udcff.csv") == "inbox/\\udcff.csv", "a file name that is no UTF-8"
    assert visible("\N{MAN}\u200d\N{PERSONAL COMPUTER}") == "\N{MAN}\u200d\N{PERSONAL COMPUTER}"


def test_a_cell_is_made_visible_before_it_is_measured() -> None:
    lines = laid_out(HOSTILE, [name("file"), amount("cost")], [(HOSTILE, "1.00")], 160)
    assert all(line.isprintable() for line in lines)


def test_json_says_the_same_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"file": HOSTILE, "cost": Decimal("105000.00")})
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.splitlines())
    assert json.loads(out) == {"file": HOSTILE, "cost": "105000.00"}


def test_a_stream_without_the_character_spells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    write("4.7×\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"4.7\\xd7\n"  # type: ignore[attr-defined]


def test_numbers_are_kept_in_their_columns() -> None:
    lines = laid_out("", [name("source"), number("files")], [("aws", 12), ("slurm", None)], 60)
    assert [line.split() for line in lines[3:5]] == [["aws", "12"], ["slurm", "–"]]
