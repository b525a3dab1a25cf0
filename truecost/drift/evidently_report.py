"""Evidently: two samples in, its verdict by column out, with its report as a page and in its own workspace.

Measures and thresholds are ours to choose (``drift.measures``) and handed to Evidently, so that its page shows the
verdict that ``drift_signals`` holds of each distance.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from truecost.drift.columns import Column, Sample
from truecost.drift.measures import method_of

_NAMESPACE = UUID("6f1f1bb0-5a0e-5d0c-9a53-0f6f6c1f6d7e")  # any: it only keeps our ids apart from others'


@dataclass(frozen=True)
class Measured:
    """What Evidently found of one column."""

    feature: str
    label: str
    method: str
    value: float
    threshold: float
    drifted: bool


@dataclass(frozen=True)
class Compared:
    """What Evidently found of a sample. ``snapshot`` is its own object, from which page and workspace are written."""

    features: tuple[Measured, ...]
    drifted_share: float
    drifted: bool
    snapshot: Any


@dataclass(frozen=True)
class Window:
    """Whose window it is, [start, end) in UTC."""

    model_id: str
    start: datetime
    end: datetime

    @property
    def title(self) -> str:
        """As pages and runs name it: the days that are in it."""
        last = self.end - timedelta(days=1)
        return f"{self.model_id}: {self.start:%Y-%m-%d} to {last:%Y-%m-%d}"


def compare(sample: Sample, thresholds: Mapping[str, float], drifted_share: float, window: Window) -> Compared:
    """Compare the sides of a sample, column by column and as a whole, each column by its own measure."""
    with _third_party_warnings_ignored():
        from evidently import DataDefinition, Dataset, Report
        from evidently.presets import DataDriftPreset

        definition = DataDefinition(
            numerical_columns=[column.label for column in sample.columns if column.kind == "number"],
            categorical_columns=[column.label for column in sample.columns if column.kind != "number"],
            timestamp="requested_at",
        )
        preset = DataDriftPreset(
            columns=[column.label for column in sample.columns],
            per_column_method={column.label: method_of(column) for column in sample.columns},
            per_column_threshold={column.label: thresholds[column.name] for column in sample.columns},
            drift_share=drifted_share,
        )
        current, reference = (
            Dataset.from_pandas(frame.to_pandas(), data_definition=definition)
            for frame in (sample.current, sample.reference)
        )
        snapshot = Report([preset], include_tests=True).run(
            current,
            reference,
            timestamp=window.end - timedelta(days=1),
            name=window.title,
            metadata={"model": window.model_id},
        )
        return _read(snapshot, {column.label: column for column in sample.columns})


def write_page(compared: Compared, path: Path, title: str) -> None:
    """Evidently's page, whole in one file, with the model and the window as its title and heading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".new-{path.name}")
    with _third_party_warnings_ignored():
        temporary.write_text(_titled(compared.snapshot.get_html_str(as_iframe=False), title), "utf-8")
    temporary.replace(path)


def _titled(page: str, title: str) -> str:
    said = escape(title)
    heading = f'<h1 style="font: 600 20px sans-serif; margin: 16px 24px 0">{said}</h1>'
    page = re.sub(r"<title>.*?</title>", "", page, count=1, flags=re.DOTALL)
    page = re.sub(r"<head>", lambda found: f"{found[0]}<title>{said}</title>", page, count=1)
    return re.sub(r"<body[^>]*>", lambda found: found[0] + heading, page, count=1)


def keep_run(compared: Compared, folder: Path, window: Window) -> None:
    """Add the run to the workspace that ``evidently ui --workspace FOLDER`` opens: a project a model, a run a window.

    The ids follow from model and window, so the same window again takes the place of the run before. The project's
    dashboard shows how many columns drifted, and each one's value, window by window.
    """
    with _third_party_warnings_ignored():
        from evidently.sdk.models import ProjectModel
        from evidently.ui.workspace import Workspace

        project = uuid5(_NAMESPACE, window.model_id)
        workspace = Workspace(str(folder))
        workspace.add_project(ProjectModel(id=project, name=window.model_id))
        run = uuid5(project, f"{window.end:%Y-%m-%d}")
        workspace.state.write_snapshot(project, run, compared.snapshot.to_snapshot_model())
        workspace.save_dashboard(project, _dashboard(compared, project))


def _dashboard(compared: Compared, project: UUID) -> Any:
    """The panels of a project; their ids follow from the project, so that they are written once."""
    from evidently.sdk.models import DashboardModel, DashboardTabModel, PanelMetric
    from evidently.sdk.panels import counter_panel, line_plot_panel

    count = "evidently:metric_v2:DriftedColumnsCount"
    panels = [
        counter_panel(
            "Drifted columns",
            [PanelMetric(legend="share", metric=count, metric_labels={"value_type": "share"})],
            size="half",
        ),
        line_plot_panel(
            "Share of drifted columns",
            [PanelMetric(legend="share", metric=count, metric_labels={"value_type": "share"})],
            size="half",
        ),
    ]
    for item in compared.features:
        value = PanelMetric(
            legend="value", metric="evidently:metric_v2:ValueDrift", metric_labels={"column": item.label}
        )
        subtitle = f"{item.method}; it counts from {item.threshold:.3g} in the newest window"
        panels.append(line_plot_panel(item.label, [value], subtitle, size="half"))
    for place, panel in enumerate(panels):
        panel.id = uuid5(project, f"panel {place} {panel.title}")
    tab = DashboardTabModel(id=uuid5(project, "tab"), title="Drift", panels=[panel.id for panel in panels])
    return DashboardModel(tabs=[tab], panels=panels)


def _read(snapshot: Any, columns: Mapping[str, Column]) -> Compared:
    """Evidently's own numbers and verdicts, from what it exports."""
    exported = snapshot.dict()
    failed = {test["metric_config"]["metric_id"] for test in exported["tests"] if test["status"].value == "FAIL"}
    features, share, drifted = [], 0.0, False
    for metric in exported["metrics"]:
        config = metric["config"]
        if "column" in config:
            features.append(
                Measured(
                    feature=columns[config["column"]].name,
                    label=config["column"],
                    method=method_of(columns[config["column"]]),
                    value=_rounded(metric["value"]),
                    threshold=float(config["threshold"]),
                    drifted=metric["id"] in failed,
                )
            )
        else:
            share, drifted = _rounded(metric["value"]["share"]), metric["id"] in failed
    return Compared(tuple(features), share, drifted, snapshot)


def _rounded(value: Any) -> float:
    """To 12 digits: Evidently sums over a set, so the last ones differ from process to process."""
    return float(f"{float(value):.12g}")


@contextmanager
def _third_party_warnings_ignored() -> Iterator[None]:
    """Evidently, and what it imports, use names that are on their way out: theirs to mend. And no telemetry."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        for module in (r"evidently", r"litestar", r"numpy", r"pandas"):
            warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
        warnings.filterwarnings("ignore", message="invalid escape sequence", category=DeprecationWarning)
        yield
