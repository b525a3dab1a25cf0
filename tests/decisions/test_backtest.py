"""A model's history becomes worlds that go where its scores say, and every policy is replayed on them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from truecost.decisions.backtest import Backtest, worlds_of
from truecost.decisions.pricing import Scored
from truecost.decisions.rivalry import ORACLE, OWN, try_all

pytestmark = pytest.mark.pure

START = datetime(2026, 1, 1)
WEEKS = 60


def scored(week: int, baseline_week: int, fall: float) -> Scored:
    return Scored(START + timedelta(weeks=week), START + timedelta(weeks=baseline_week), fall, 0.01, 0.01)


# Nothing for twenty weeks, then a fall of a tenth; retrained in week 30, and nothing since.
HISTORY = [
    *(scored(week, 0, 0.0) for week in range(2, 21, 2)),
    *(scored(week, 0, 0.1) for week in range(22, 31, 2)),
    *(scored(week, 30, 0.0) for week in range(32, WEEKS, 2)),
]


def test_the_world_goes_where_the_scores_say() -> None:
    one, *others = worlds_of(HISTORY, np.full(WEEKS, 1e5), 20_000.0, 2, 0.01, START)
    assert one.loss[0, :20].max() == 0
    assert one.loss[0, 25] == pytest.approx(0.1)
    assert one.loss[30, 55] == pytest.approx(0.0)
    assert one.loss[0, 55] == pytest.approx(0.1)  # who never retrained has not won anything back
    assert np.isnan(one.error[23])
    assert not np.array_equal(one.noise, others[0].noise)


def test_every_policy_is_replayed_and_told_with_its_cost_and_how_often_it_retrained() -> None:
    tried = try_all(worlds_of(HISTORY, np.full(WEEKS, 1e5), 20_000.0, 2, 0.01, START))
    names = {"never", "best calendar", "quarterly", "monthly", "alarm only", "tuned CUSUM", "UPF"}
    assert {one.policy for one in tried} == {*names, "CARA threshold", "CARA cumulative", OWN, ORACLE}
    by_name = {one.policy: one for one in tried}
    assert tried[0].policy == ORACLE
    assert [one.total for one in tried] == sorted(one.total for one in tried)
    assert by_name[ORACLE].retrainings == 1
    assert by_name[OWN].total <= 1.5 * by_name[ORACLE].total
    assert by_name["never"].total == pytest.approx(by_name["never"].staleness)
    assert by_name["monthly"].retrainings > by_name["quarterly"].retrainings


def test_the_chart_escapes_what_others_wrote() -> None:
    from truecost.cli.policy import page

    tried = try_all(worlds_of(HISTORY, np.full(WEEKS, 1e5), 20_000.0, 2, 0.01, START)[:1])
    drawn = page(Backtest("<b>bot</b>", "acc", "USD", START, 60, 10, 20_000.0, True, tried))
    assert "<b>" not in drawn
    assert "at least USD 20,000.00" in drawn
    assert drawn.count("<rect") == len(tried)
