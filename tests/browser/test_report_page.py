"""The report in a real browser: it shows, asks for nothing from outside, runs no script, and prints."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from truecost import steps
from truecost.clock import Clock
from truecost.scaffold import write_demo
from truecost.workspace import load_workspace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def report_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's report, with one model renamed to something hostile."""
    root = tmp_path_factory.mktemp("report") / "demo"
    write_demo(root)
    config = root / "truecost.toml"
    config.write_text(config.read_text("utf-8").replace('"invoice-reader"', f'"{HOSTILE}"'), "utf-8")
    runs = root / "inbox/runs/training_runs.csv"
    runs.write_text(runs.read_text("utf-8").replace("invoice-reader", HOSTILE), "utf-8")
    workspace, clock = load_workspace(root), Clock(date(2026, 10, 5))
    steps.land(workspace, clock)
    steps.load(workspace)
    steps.attribute(workspace)
    steps.publish(workspace, clock)
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


def test_nothing_is_wider_than_the_page(page: Page, report_page: Path) -> None:
    for width in (1000, 800):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(report_page.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_prints_on_a_few_sheets(page: Page, report_page: Path) -> None:
    page.goto(report_page.as_uri())
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert 2 <= len(sheets) <= 6
