"""What a newer delivery changed of the one before it stands in a view of its own, and on the page of its quarter."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.books import DAY, Books, asked, config, focus, run_steps
from truecost import steps
from truecost.clock import Clock
from truecost.publish.publication import open_published

MONTH = "inbox/aws/jan.csv"
QUARTER = "FY2026-Q1"


def charge(service: str, cost: str) -> dict[str, str]:
    return {"ServiceName": service, "BilledCost": cost, "EffectiveCost": cost}


@pytest.mark.slow
def test_what_came_went_and_changed_is_told_once_a_service_beside_the_delivery_before(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "books", config("aws"), {})
    for lines in (
        [charge("Compute", "80.00"), charge("Storage", "0.50")],
        [charge("Compute", "81.25"), charge("Network", "5.00"), charge("Storage", "0.50")],
        [charge("Compute", "81.25"), charge("Network", "5.00"), charge("Storage", "0.75")],
    ):
        books.put(MONTH, focus(*lines))
        run_steps(books.workspace, Clock(DAY))
    with open_published(books.workspace.published) as con:
        told = asked(con, "SELECT delivery_id, against, service, what, difference FROM redeliveries ORDER BY ALL")
    assert [tuple(row.values()) for row in told] == [
        (2, 1, "Compute", "changed", Decimal("1.25")),
        (2, 1, "Network", "came", Decimal("5.00")),
        (3, 2, "Storage", "changed", Decimal("0.25")),
    ]

    written = steps.report(books.workspace, Clock(DAY), QUARTER)
    kept = {file.suffix: file for file in written.folder.iterdir()}
    assert [row["service"] for row in json.loads(kept[".json"].read_text("utf-8"))["redeliveries"]] == [
        *("Storage", "Network", "Compute")
    ]
    page = kept[".html"].read_text("utf-8")
    assert "What newer deliveries changed" in page
    assert "finance.redeliveries" in page


def test_a_quarter_of_which_nothing_was_delivered_again_has_no_such_section(tmp_path: Path) -> None:
    books = Books.of(tmp_path / "books", config("aws"), {MONTH: focus(charge("Compute", "80.00"))})
    run_steps(books.workspace, Clock(DAY))
    written = steps.report(books.workspace, Clock(DAY), QUARTER)
    (page,) = written.folder.glob("*.html")
    assert "What newer deliveries changed" not in page.read_text("utf-8")
