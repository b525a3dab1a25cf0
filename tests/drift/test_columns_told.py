"""What a column lacks is told as that: values that are gone, values never met, a column that one side has not, other
names."""

from __future__ import annotations

from datetime import date
from random import Random

import numpy as np
import polars as pl
import pytest

from tests.drift.test_drift import TODAY, TOML
from tests.support.books import Books, Row, table
from truecost import steps
from truecost.clock import Clock
from truecost.drift.columns import Column, Sample
from truecost.drift.evidently_report import Window, compare
from truecost.drift.measures import jensen_shannon
from truecost.publish.publication import open_published


def day(first: date, number: int, draw: Random, is_now: bool, a_day: int = 150) -> list[dict[str, str]]:
    """A day of requests: from now on two fifths of the ages are gone, a new tone comes up, and the label and the
    plan."""
    moment = date.fromordinal(first.toordinal() + number)
    rows = []
    for request in range(a_day):
        is_weekend = moment.weekday() >= 5
        rows.append(
            {
                "requested_at": f"{moment} {request * 24 // a_day:02d}:{request % 60:02d}:{number % 60:02d}",
                "product" if is_now else "Product": draw.choices(["card", "loan"], [70, 30])[0],
                "age": "" if is_now and draw.random() < 0.4 else f"{draw.lognormvariate(4, 0.4):.2f}",
                "tone": draw.choices(["calm", "cross", "new"], [70, 25, 8 if is_now else 0])[0],
                "label": "" if is_now else draw.choice(["yes", "no"]),
                "plan": draw.choices(["free", "paid"], [60, 40] if is_weekend else [30, 70])[0],
                "always": "1",
                "confidence": f"{min(0.999, max(0.001, draw.gauss(0.78 if is_now else 0.9, 0.05))):.4f}",
            }
        )
    return rows


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Books, list[Row]]:
    draw = Random(7)
    before = [row for number in range(28) for row in day(date(2026, 8, 31), number, draw, is_now=False)]
    now = [row for number in range(7) for row in day(date(2026, 9, 28), number, draw, is_now=True)]
    logs = {
        f"inbox/log/{name}.csv": table(rows, dict.fromkeys(rows[0], ""))
        for name, rows in (("before", before), ("now", now))
    }
    kept = Books.of(tmp_path_factory.mktemp("told") / "books", TOML + 'confidence = "Confidence"\n', logs)
    kept.run(TODAY)
    steps.drift(kept.workspace, Clock(TODAY))
    return kept, steps.drift_signals(kept.workspace, Clock(TODAY))


def of(rows: list[Row], feature: str) -> dict[str, Row]:
    return {row["method"]: row for row in rows if row["feature"] == feature}


def test_a_number_that_loses_two_fifths_of_its_values_has_drifted(told: tuple[Books, list[Row]]) -> None:
    age = of(told[1], "age")
    assert age["missing"]["drifted"]
    assert age["missing"]["change"] == pytest.approx(0.4, abs=0.05)
    assert {age[method]["verdict"] for method in ("wasserstein", "level", "spread")} == {"stable"}


@pytest.mark.slow
def test_a_value_never_met_before_is_told_by_name(told: tuple[Books, list[Row]]) -> None:
    unseen = of(told[1], "tone")["unseen"]
    assert (unseen["drifted"], unseen["detail"]) == (True, "new")
    assert unseen["change"] == pytest.approx(8 / 103, abs=0.02)


def test_a_column_only_the_reference_has_is_told_as_absent_and_leads_no_table(told: tuple[Books, list[Row]]) -> None:
    (absent,) = of(told[1], "label").values()
    assert (absent["verdict"], absent["value"], absent["detail"]) == ("absent", None, "only the reference has it")
    moved = [row for row in told[1] if row["drifted"]]
    assert moved[-1]["feature"] == "label"


def test_a_name_in_another_case_is_the_same_column(told: tuple[Books, list[Row]]) -> None:
    names = {row["feature"].casefold(): row["feature"] for row in told[1]}
    assert len([name for name in names if name == "product"]) == 1
    rows = of(told[1], names["product"])
    assert {row["verdict"] for row in rows.values()} == {"stable"}


def test_weekends_are_no_drift_and_a_constant_says_nothing(told: tuple[Books, list[Row]]) -> None:
    assert {row["verdict"] for row in of(told[1], "plan").values()} == {"stable"}
    assert of(told[1], "always") == {}


@pytest.mark.slow
def test_a_logged_confidence_that_falls_is_an_estimate_of_quality_and_an_alert(told: tuple[Books, list[Row]]) -> None:
    estimated = of(told[1], "confidence")["estimated_quality"]
    assert estimated["drifted"]
    assert estimated["value"] == pytest.approx(0.12, abs=0.01)
    kept, _ = told
    steps.alert(kept.workspace, Clock(TODAY))
    steps.publish(kept.workspace, Clock(TODAY))
    with open_published(kept.workspace.published) as con:
        (row,) = con.execute("SELECT state, message FROM alerts WHERE rule = 'drift'").fetchall()
    assert row[0] == "ALERT"
    assert "points of answers fewer are right (an estimate)" in row[1]


def test_evidentlys_dashboard_opens_with_panels_of_each_column(told: tuple[Books, list[Row]]) -> None:
    from evidently.ui.workspace import Workspace

    workspace = Workspace(str(told[0].root / "evidently"))
    (project,) = workspace.list_projects()
    model = workspace.get_dashboard(project.id)
    titles = [panel.title for panel in model.panels]
    measured = {row["feature"] for row in told[1] if row["method"] in ("wasserstein", "jensenshannon")}
    assert titles[:2] == ["Drifted columns", "Share of drifted columns"]
    assert set(titles[2:]) == measured
    assert all(panel.values for panel in model.panels)


def test_the_pure_measures_are_evidentlys() -> None:
    draw = np.random.default_rng(1)
    sides = [
        pl.DataFrame(
            {
                "requested_at": pl.Series([TODAY] * rows).cast(pl.Datetime),
                "number": shift + 0.6 * draw.standard_normal(rows),
                "category": draw.choice(["a", "b", "c", "d"], rows, p=shares),
            }
        )
        for rows, shift, shares in ((4000, 0.0, [0.6, 0.3, 0.1, 0.0]), (900, 0.2, [0.5, 0.35, 0.1, 0.05]))
    ]
    columns = (Column("number", "number", "number"), Column("category", "category", "category"))
    window = Window("bot", sides[1]["requested_at"][0], sides[1]["requested_at"][0])
    found = compare(Sample(columns, *sides), {"number": 0.1, "category": 0.1}, 0.5, window)
    measured = {item.feature: item.value for item in found.features}
    grid = np.linspace(-5, 5, 200_001)
    laws = [np.searchsorted(np.sort(side["number"].to_numpy()), grid, side="right") / len(side) for side in sides]
    wasserstein = np.abs(laws[0] - laws[1]).sum() * (grid[1] - grid[0]) / np.std(sides[0]["number"].to_numpy())
    assert measured["number"] == pytest.approx(wasserstein, rel=1e-3)
    shares = [
        np.array([(side["category"] == name).mean() for name in ("a", "b", "c", "d")], dtype=float) for side in sides
    ]
    assert measured["category"] == pytest.approx(jensen_shannon(*shares), rel=1e-9)
