"""``truecost deliveries`` and ``truecost quarantine``: at any width, for machines, and harmless whatever files say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from tests.cli.test_terminal import HOSTILE, SHOWN, command, on_terminals
from tests.support.books import Books, config, focus

Truecost = Callable[..., "subprocess.CompletedProcess[str]"]
BILL = f"inbox/aws/{HOSTILE}.csv"


def day(number: int, **more: str) -> dict[str, str]:
    moment = f"2026-01-{number:02d}T00:00:00Z"
    return {"ChargePeriodStart": moment, "ChargePeriodEnd": f"2026-01-{number + 1:02d}T00:00:00Z", **more}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    """A bill that came again with less, and one of which rows are quarantined."""
    root = tmp_path_factory.mktemp("deliveries") / "workspace"
    bill = focus(*(day(number, ServiceName=f"Host{HOSTILE}") for number in range(1, 10)))
    bad = focus(day(1, BillingAccountId="two"), day(2, BillingAccountId="two", BilledCost=f"${HOSTILE}"))
    made = Books.of(root, config("aws"), {BILL: bill, "inbox/aws/bad.csv": bad})
    made.run()
    made.put(BILL, focus(day(1, ServiceName=f"Host{HOSTILE}")))
    made.run()
    return made


@pytest.mark.slow
def test_what_is_open_fits_any_terminal_and_steers_none(books: Books) -> None:
    calls = [
        ("ingest", "--explain"),
        ("status",),
        ("deliveries", "list"),
        ("deliveries", "list", "--open", "--json"),
        ("deliveries", "show", "3"),
        ("quarantine", "list"),
        ("quarantine", "show", "1"),
        ("quarantine", "retry", "bad.csv"),
    ]
    told = on_terminals("".join(command("-w", str(books.root), *call) for call in calls), (60, 160), NO_COLOR="1")
    for width, shown in told.items():
        assert all(line.isprintable() for line in shown.splitlines()), repr(shown)
        lines = [line for line in shown.splitlines() if '"' not in line]  # JSON is for machines
        assert max(map(cell_len, lines)) <= width
    for seen in ("It loses 8 days (2026-01-02 to 2026-01-09), 8 rows, USD 80.00 of 90.00", f"Host{SHOWN}", "went"):
        assert seen in told[160]
    assert "Of 1 row that was quarantined: 1 quarantined." in told[160]


def test_a_decision_is_made_from_the_command_line_and_told_to_machines(books: Books, truecost: Truecost) -> None:
    place = ("--workspace", str(books.root))
    done = truecost("deliveries", "reject", "1", "--reason", "no", *place)
    assert (done.returncode, "nothing to reject of it" in done.stderr) == (1, True)
    done = truecost("deliveries", "show", "99", *place)
    assert (done.returncode, "there is no delivery 99" in done.stderr) == (1, True)
    done = truecost("deliveries", "reject", "3", "--reason", "a test export", "--by", "M. Finance", "--json", *place)
    told = json.loads(done.stdout)
    assert (told["delivery"]["status"], told["rulings"][0]["by"]) == ("rejected", "M. Finance")
    assert json.loads(truecost("status", "--json", *place).stdout)["standing"]["held"] == []
    done = truecost("deliveries", "accept", "3", "--reason", "it was none", "--json", *place)
    assert json.loads(done.stdout)["delivery"]["status"] == "loaded"
    shown = truecost("deliveries", "show", "3", *place).stdout
    assert "accepted" in shown
    assert books.charged() == 20
