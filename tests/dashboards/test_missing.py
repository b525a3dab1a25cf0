"""What is missing, on the page: a cause once, however many files it spoils."""

from __future__ import annotations

import pytest
from truecost.dashboards.render import grouped

from truecost.publish.figures import Missing

pytestmark = pytest.mark.pure


def refused(number: int, why: str) -> Missing:
    return Missing(f"inbox/{number}.csv was refused: {why}", "deliver it again", "refused", "aws")


def test_what_one_cause_spoils_is_shown_three_times_and_then_counted() -> None:
    told = grouped([refused(number, "it is damaged") for number in range(60)] + [refused(60, "it lacks a column")])
    assert [item.what for item in told] == [
        "inbox/0.csv was refused: it is damaged",
        "inbox/1.csv was refused: it is damaged",
        "inbox/2.csv was refused: it is damaged",
        "57 more of aws are refused (it is damaged)",
        "inbox/60.csv was refused: it lacks a column",
    ]


def test_one_more_than_is_shown_is_shown() -> None:
    assert len(grouped([refused(number, "it is damaged") for number in range(4)])) == 4
