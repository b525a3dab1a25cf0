"""The report in a real browser: it shows, asks for nothing from outside, runs no script, and prints."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, sync_playwright

from tests.support.books import run_steps
from tests.support.outlook_rows import put_outlook
from truecost import steps
from truecost.clock import Clock
from truecost.workspace.workspace import load_workspace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def report_page(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's report, with one model renamed to something hostile, which has a plan, drift, alerts and decisions."""
    root = shutil.copytree(demo, tmp_path_factory.mktemp("report") / "demo")
    config = root / "truecost.toml"
    config.write_text(config.read_text("utf-8").replace('"invoice-reader"', f'"{HOSTILE}"'), "utf-8")
    runs = root / "inbox/runs/training_runs.csv"
    runs.write_text(runs.read_text("utf-8").replace("invoice-reader", HOSTILE), "utf-8")
    workspace, clock = load_workspace(root), Clock(date(2026, 10, 5))
    run_steps(workspace, clock)
    put_outlook(workspace.published, HOSTILE, stage=HOSTILE, message=f"{HOSTILE} & more")
    return steps.report(workspace, clock).folder / "true-cost.html"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser.new_page(viewport={"width": 1000, "height": 900})
        browser.close()


def test_the_page_shows_the_quarter_without_script_or_outside_request(page: Page, report_page: Path) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append("a dialog opened"))
    page.goto(report_page.as_uri())
    assert asked == [report_page.as_uri()]
    assert said == []
    assert page.locator("script").count() == 0
    assert "FY2026-Q3" in page.locator("h1").inner_text()
    assert HOSTILE in page.locator("body").inner_text()
    assert page.locator("svg").count() >= 4


def test_the_plan_is_held_against_the_actual_cost(page: Page, report_page: Path) -> None:
    page.goto(report_page.as_uri())
    overview = page.locator("section", has=page.locator("h2", has_text="Against the plan"))
    row = overview.locator("tr", has_text=HOSTILE).first.inner_text().split("\t")
    assert row == [
        *(HOSTILE, "16,530.00", "21,654.30", "+5,124.30", "+31.0%"),
        *("88,000.00", "107,450.50", "101,200.00 to 115,020.00", "93.4%"),
    ]
    section = model_section(page)
    plan = section.locator("table", has=page.locator("caption", has_text="FY2026-Q3 by stage"))
    stages = [text.split("\t") for text in plan.locator("tbody tr").all_inner_texts()]
    assert ["Serving", "7,200.00", "5,400.00 to 9,000.00", "9,432.00", "+2,232.00", "+31.0%"] in stages
    assert HOSTILE.capitalize() in [stage for stage, *_ in stages]
    chart = section.locator("figure.plan svg")
    assert "2026-09: planned 5,510.00 (3,306.00 to 7,714.00), actual 7,218.10" in (
        chart.get_attribute("aria-label") or ""
    )
    words = [text.strip() for text in chart.locator("text").all_text_contents()]
    assert {"budget 88.0k", "plan", "forecast", "Feb2026"} <= set(words)
    assert "will come to about USD\xa0107,450.50" in " ".join(section.inner_text().split(" "))


def test_no_text_of_a_chart_is_cut_off(page: Page, report_page: Path) -> None:
    page.goto(report_page.as_uri())
    cut = page.evaluate(
        """() => [...document.querySelectorAll("svg text")].filter((text) => {
            const [inner, outer] = [text, text.ownerSVGElement].map((shape) => shape.getBoundingClientRect());
            return inner.left < outer.left || inner.right > outer.right || inner.bottom > outer.bottom + 1;
        }).map((text) => text.textContent)"""
    )
    assert cut == []


def test_drift_and_scores_stand_beside_their_thresholds(page: Page, report_page: Path) -> None:
    page.goto(report_page.as_uri())
    section = model_section(page)
    drift = section.locator("table", has=page.locator("caption", has_text="Drift by feature"))
    rows = [text.split("\t") for text in drift.locator("tbody tr").all_inner_texts()]
    assert rows[0] == ["intent", "psi", "1.4200", "0.1000", "yes"]
    assert rows[-1] == ["channel", "psi", "0.0100", "0.1000", "no"]
    assert "they have drifted, 3 of 5 features" in section.inner_text()
    link = section.locator("a", has_text="Evidently").get_attribute("href")
    assert link == "../drift/a%20model/2026-10-05.html"
    scores = section.locator("table", has=page.locator("caption", has_text="Eval scores"))
    told = [text.split("\t") for text in scores.locator("tbody tr").all_inner_texts()]
    rows = [[" ".join(cell.split()) for cell in row] for row in told]
    assert rows[0] == [
        *("support_intents, acc", "0.9130 14 July 2026", "0.8510 5 October 2026", "0.0620", "0.0310", "yes")
    ]
    assert rows[1] == ["tone, acc", "–", "0.7702 14 July 2026", "–", "–", "–"]


def test_what_is_open_stands_at_the_top_and_what_was_decided_with_its_reasons(page: Page, report_page: Path) -> None:
    page.goto(report_page.as_uri())
    alerts = page.locator("section.alerts")
    assert alerts.locator("h2").inner_text() == "5 open alerts"  # three of them the demo's own
    assert f"{HOSTILE} & more" in alerts.inner_text()
    assert "overspend" not in alerts.inner_text()  # it went back to OK
    decided = page.locator("table", has=page.locator("caption", has_text="Decisions")).locator("tbody tr")
    (row,) = [text.split("\t") for text in decided.all_inner_texts() if text.startswith(HOSTILE)]
    assert row[:5] == [HOSTILE, "5 October 2026", "retrain", "18,414.00", "9,120.37"]
    assert "beyond its error" in row[5]


def model_section(page: Page) -> Locator:
    return page.locator("section.model", has=page.locator("h2", has_text=HOSTILE))


def test_nothing_is_wider_than_the_page(page: Page, report_page: Path) -> None:
    for width in (1000, 800):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(report_page.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_prints_on_a_few_sheets(page: Page, report_page: Path) -> None:
    page.goto(report_page.as_uri())
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert 2 <= len(sheets) <= 9
