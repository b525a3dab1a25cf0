"""Every command that prints money, on real terminals of 60 to 160 columns; and what others wrote, harmless there."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fcntl import ioctl
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.support.books import Books, config, focus, in_month
from truecost.publish.publication import open_published

WIDTHS = (60, 80, 100, 160)
MODELS = ("invoice-reader", "support-bot")
AMOUNT = re.compile(r"(?<![\w.,])[+-]?\d[\d,]*\.\d\d(?![\d.])")
COLOUR = re.compile(r"\x1b\[(?:0|3[0-7])m")
HOSTILE = "red\x1b[31m\x07\x9b2J\u202egnp"
SHOWN = "red\\x1b[31m\\x07\\u009b2J\\u202egnp"

# One process says a command at each width of its own terminal: what is imported is imported once.
AT_WIDTHS = """
import os, struct, sys, termios
from fcntl import ioctl

widths, calls = sys.argv[1].split(","), sys.argv[2]
for width in widths:
    ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, int(width), 0, 0))
    print("\\0" + width + "\\0", end="", flush=True)
    exec(calls)
    sys.stdout.flush()
"""
COMMAND = """
from truecost.cli import main
import sys
sys.argv = ["truecost", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
"""
SUMMARY = """
from pathlib import Path
from truecost.cli.overview import quarter_figures
from truecost.cli.run import _show_figures
from truecost.workspace.workspace import load_workspace
_show_figures("FY2026-Q3", quarter_figures(load_workspace(Path({root!r})), "FY2026-Q3"))
"""


def on_terminals(calls: str, widths: Sequence[int] = WIDTHS, **environment: str) -> dict[int, str]:
    """By width: what ``calls`` write to a terminal that wide."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTHS[0], 0, 0))
    command = [sys.executable, "-c", AT_WIDTHS, ",".join(map(str, widths)), calls]
    settings = {**os.environ, "TERM": "xterm-256color", **environment}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, env=settings) as process:
        os.close(theirs)
        shown = b"".join(blocks(ours))
        os.close(ours)
        assert process.wait(timeout=120) == 0, process.stderr and process.stderr.read().decode()
    parts = shown.decode().replace("\r\n", "\n").split("\0")[1:]
    return {int(width): told for width, told in zip(parts[::2], parts[1::2], strict=True)}


def blocks(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            return
        if not block:
            return
        yield block


def command(*arguments: str) -> str:
    return COMMAND.format(arguments=list(arguments))


def in_json(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "truecost", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return json.loads(done.stdout)


def cents(*amounts: str | None) -> Counter[str]:
    """The amounts, as a terminal shows them."""
    return Counter(f"{Decimal(one).quantize(Decimal('0.01')):,}" for one in amounts if one is not None)


def told(*messages: str) -> Counter[str]:
    """The amounts in messages."""
    return Counter(found for message in messages for found in AMOUNT.findall(message))


@pytest.fixture(scope="module")
def books(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, whose warehouse may be opened."""
    return shutil.copytree(demo, tmp_path_factory.mktemp("terminal") / "demo")


def compared(asked: Any) -> Counter[str]:
    keys = ("planned_mean", "planned_p10", "planned_p90", "actual", "variance")
    ends = ("budget", "actual_to_date", *(f"estimate_at_completion_{name}" for name in ("p10", "p50", "p90")))
    rows = [row for row in asked["by_quarter"] if row["stage"] == "total"]
    return cents(*(row[key] for row in rows for key in keys), *(row[key] for row in asked["forecasts"] for key in ends))


def planned(asked: Any) -> Counter[str]:
    rows = [row for plan in asked for row in plan["by_quarter"] if row["stage"] == "total"]
    return cents(*(row[key] for row in rows for key in ("mean", "p10", "p50", "p90")))


def alerted(asked: Any) -> Counter[str]:
    return told(*(alert["message"] for alert in asked["alerts"]))


MONEY: list[tuple[str, tuple[str, ...], Callable[[Any], Counter[str]], tuple[str, ...]]] = [
    ("compare", ("compare",), compared, MODELS),
    ("plan show", ("plan", "show"), planned, MODELS),
    ("alerts", ("alerts",), alerted, MODELS),
    ("status", ("status",), lambda asked: alerted(asked["standing"]), MODELS),
    (
        "close",
        ("close", "--quarter", "FY2025-Q4", "--dry-run"),
        lambda asked: cents(*asked["true_cost"].values()),
        ("support-bot",),
    ),
    (
        "trace",
        ("trace", "--model", "support-bot", "--quarter", "FY2026-Q3", "--limit", "9"),
        lambda asked: cents(asked["total"], *(charge["cost"] for charge in asked["charges"])),
        ("support-bot",),
    ),
    (
        "trace a charge",
        ("trace", "58:3:0"),
        lambda asked: cents(*(cost["cost"] for cost in asked["costs"])),
        ("support-bot",),
    ),
    (
        "attribution suggest",
        ("attribution", "suggest"),
        lambda asked: cents(*(found["cost"] for found in asked)),
        (),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "expected", "models"), [case[1:] for case in MONEY], ids=[c[0] for c in MONEY])
def test_no_terminal_is_too_narrow_for_an_amount_or_a_name(
    books: Path, arguments: tuple[str, ...], expected: Callable[[Any], Counter[str]], models: tuple[str, ...]
) -> None:
    placed = (*arguments, "--workspace", str(books))
    wanted = expected(in_json(*placed))
    assert wanted
    for width, shown in on_terminals(command(*placed)).items():
        plain = COLOUR.sub("", shown)
        assert "\x1b" not in plain
        missing = wanted - Counter(AMOUNT.findall(plain))
        assert not missing, f"{width} columns"
        for model in models:
            assert model in plain, f"{width} columns"
        is_code = arguments == ("attribution", "suggest")  # to be pasted: a broken line would be no TOML
        lines = [line for line in plain.splitlines() if not (is_code and line.startswith("match ="))]
        assert max(map(cell_len, lines)) <= width


@pytest.mark.slow
def test_the_summary_of_a_run_is_whole_at_any_width(books: Path) -> None:
    with open_published(books / "reports/reports.duckdb") as con:
        rows = con.execute(
            "SELECT training_only_cost::VARCHAR, true_cost::VARCHAR, training_only_cost_to_date::VARCHAR, "
            "true_cost_to_date::VARCHAR FROM true_cost_by_quarter WHERE quarter = 'FY2026-Q3'"
        ).fetchall()
    wanted = cents(*(one for row in rows for one in row))
    for width, shown in on_terminals(SUMMARY.format(root=str(books))).items():
        assert not wanted - Counter(AMOUNT.findall(shown)), f"{width} columns"
        for model in (*MODELS, "(unallocated)"):
            assert model in shown
        assert max(map(cell_len, shown.splitlines())) <= width


@pytest.mark.slow
def test_why_a_charge_is_whose_it_is_fits_any_width(books: Path) -> None:
    for width, shown in on_terminals(command("attribution", "explain", "58:3:0", "-w", str(books))).items():
        plain = COLOUR.sub("", shown)
        assert "58:3:0 is of support-bot, by rule" in plain
        assert "differs" in plain
        assert max(map(cell_len, plain.splitlines())) <= width


@pytest.mark.slow
def test_states_alone_are_coloured_and_only_where_colours_are_wanted(books: Path) -> None:
    coloured = on_terminals(command("alerts", "-w", str(books)))
    plain = on_terminals(command("alerts", "-w", str(books)), NO_COLOR="1")
    dumb = on_terminals(command("alerts", "-w", str(books)), TERM="dumb")
    for width in WIDTHS:
        assert set(re.findall(r"\x1b\[3\dm(.*?)\x1b\[0m", coloured[width])) == {"ALERT", "WARNING"}
        assert COLOUR.sub("", coloured[width]) == plain[width] == dumb[width]
        assert "\x1b" not in plain[width]


@pytest.mark.slow
def test_json_is_the_same_on_a_terminal(books: Path) -> None:
    told_to_machines = in_json("alerts", "-w", str(books))
    for shown in on_terminals(command("alerts", "--json", "-w", str(books))).values():
        assert json.loads(shown) == told_to_machines


# ---- What others wrote


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A refused file and a charge whose names would steer a terminal."""
    root = tmp_path_factory.mktemp("hostile") / "workspace"
    bill = focus(in_month(3, ServiceName=f"Host{HOSTILE}", ChargeDescription=HOSTILE))
    books = Books.of(root, config("aws"), {"inbox/aws/bill.csv": bill, f"inbox/aws/{HOSTILE}\n.csv": ""})
    books.run()
    subprocess.run(
        [sys.executable, "-m", "truecost", "publish", "-w", str(root)], check=True, timeout=120, capture_output=True
    )
    return root


@pytest.mark.slow
def test_no_name_reaches_a_terminal_with_its_control_characters(hostile: Path) -> None:
    file = f"inbox/aws/{HOSTILE}\n.csv"
    calls = [
        ("ingest",),
        ("status",),
        ("status", "--json"),
        ("sources", "--json"),
        ("sources", "check", str(hostile / file), "--format", "focus"),
        ("trace", "--model", "unallocated"),
        ("trace", "--service", f"Host{HOSTILE}"),
        ("trace", "1:2:0"),
        ("attribution", "suggest"),
    ]
    told = on_terminals("".join(command("-w", str(hostile), *call) for call in calls), (60, 160), NO_COLOR="1")
    for shown in told.values():
        assert all(line.isprintable() for line in shown.splitlines()), repr(shown)
    for seen in (f"refused: inbox/aws/{SHOWN}\\n.csv: the file is empty", f"service_name Host{SHOWN}", f"  {SHOWN}  "):
        assert seen in told[160]


@pytest.mark.parametrize(
    "arguments",
    [
        ("drift", "--model", HOSTILE),
        ("status", "-w", HOSTILE),
        ("sources", "check", HOSTILE),
        (HOSTILE,),
        ("trace", f"--{HOSTILE}"),
        ("report", "--quarter", HOSTILE),
        ("--debug", "sources", "check", HOSTILE),
    ],
)
def test_no_error_repeats_control_characters(hostile: Path, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "truecost", "-w", str(hostile), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert all(line.isprintable() for line in (done.stdout + done.stderr).splitlines()), done.stderr
    assert "gnp" in done.stderr
