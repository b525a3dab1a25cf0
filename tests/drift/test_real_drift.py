"""Request logs other people made: what is known to have shifted in them is found, and what has not is left in peace."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from tests.support.books import Books, Row
from truecost import steps
from truecost.clock import Clock

pytestmark = pytest.mark.slow

TOML = """
[workspace]
name = "real"

[[models]]
id = "model"

[[sources]]
name = "log"
format = "request_log"
path = "inbox/*.csv"
model = "model"
"""


def signals(root: Path, files: list[Path], day: date, settings: str, source: str = "") -> dict[str, Row]:
    """The signals by feature of a log of these files, as of a day; of several the one that drifted or lies furthest."""
    books = Books.of(root, TOML + source + settings)
    (root / "inbox").mkdir()
    for file in files:
        shutil.copy(file, root / "inbox")
    books.run(day)
    steps.drift(books.workspace, Clock(day))
    found: dict[str, Row] = {}
    for row in steps.drift_signals(books.workspace, Clock(day)):
        found.setdefault(row["feature"], row)
    return found


def drifted(found: dict[str, Row]) -> set[str]:
    return {name for name, row in found.items() if row["drifted"]}


def loans(shared: Path, *names: str) -> list[Path]:
    return [shared / "drift" / f"nannyml_synthetic_car_loan_{name}.csv" for name in names]


def test_the_late_half_of_the_loans_under_analysis_drifts(shared: Path, tmp_path: Path) -> None:
    # Loans know no season, and a year and a half lies between.
    settings = "\n[drift]\nwindow = '50d'\nreference = '60d'\nseason = 0\nignore = ['repaid']\n"
    found = signals(tmp_path / "books", loans(shared, "reference", "analysis"), date(2019, 8, 30), settings)
    # Of the scores that the model gave, how far they moved lies near the limit: that is not for a test to say.
    moved = drifted(found) - {"dataset", "y_pred_proba"}
    assert moved == {"car_value", "loan_length", "repaid_loan_on_prev_car", "salary_range"}
    assert found["car_value"]["value"] > 3 * found["car_value"]["threshold"]


def test_the_early_half_does_not_and_two_halves_of_the_reference_do_not(shared: Path, tmp_path: Path) -> None:
    early = "\n[drift]\nwindow = '40d'\nreference = '60d'\nignore = ['repaid']\n"
    files = loans(shared, "reference", "analysis")
    assert drifted(signals(tmp_path / "early", files, date(2018, 12, 15), early)) == set()
    halves = "\n[drift]\nwindow = '30d'\nreference = '30d'\n"
    found = signals(tmp_path / "halves", loans(shared, "reference"), date(2018, 3, 2), halves)
    assert len(found) == 11
    assert drifted(found) == set()


def test_the_complaints_of_2016_are_about_other_products_than_those_of_2013(shared: Path, tmp_path: Path) -> None:
    settings = "\n[drift]\nwindow = '366d'\nreference = '365d'\n"
    file = shared / "drift" / "cfpb_complaints_2013-2017.csv"
    found = signals(tmp_path / "books", [file], date(2017, 1, 1), settings, 'dates = "month_first"\n')
    assert found["dataset"]["reference_rows"] == 350
    assert found["dataset"]["current_rows"] == 2814
    assert found["Product"]["drifted"]
    assert "Date sent to company" not in found
