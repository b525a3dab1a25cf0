"""Evidently: two samples in, its verdict by column out, with its report as a page and in its own workspace.

The thresholds are calibrated to the number of rows (``drift.psi``) and handed to Evidently, so that its page shows
the verdict that ``drift_signals`` holds.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from truecost.drift import psi
from truecost.drift.columns import Column, Sample
from truecost.workspace.config import DriftSection

METHOD = "psi"
_MOST_NUMBERS_AS_CATEGORIES = 20
_MOST_BINS = 64  # more than the levels of a category, or the bins Evidently cuts a billion numbers into
_NAMESPACE = UUID("6f1f1bb0-5a0e-5d0c-9a53-0f6f6c1f6d7e")  # any: it only keeps our ids apart from others'


@dataclass(frozen=True)
class Measured:
    """What Evidently found of one column."""

    feature: str
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


def thresholds_of(sample: Sample, settings: DriftSection) -> dict[str, float]:
    """By column: the PSI that counts as drift, the configured one or what chance can do with so few rows."""
    with _third_party_warnings_ignored():
        return {column.name: _threshold(column, sample, settings) for column in sample.columns}


def compare(sample: Sample, thresholds: Mapping[str, float], drifted_share: float, window_end: datetime) -> Compared:
    """Compare the sides of a sample, column by column and as a whole, by population stability index."""
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
            method=METHOD,
            per_column_threshold={column.label: thresholds[column.name] for column in sample.columns},
            drift_share=drifted_share,
        )
        current, reference = (
            Dataset.from_pandas(frame.to_pandas(), data_definition=definition)
            for frame in (sample.current, sample.reference)
        )
        snapshot = Report([preset], include_tests=True).run(
            current, reference, timestamp=window_end, name=f"window to {window_end:%Y-%m-%d}"
        )
        return _read(snapshot, {column.label: column.name for column in sample.columns})


def write_page(compared: Compared, path: Path) -> None:
    """Evidently's page, whole in one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".new-{path.name}")
    with _third_party_warnings_ignored():
        temporary.write_text(compared.snapshot.get_html_str(as_iframe=False), "utf-8")
    temporary.replace(path)


def keep_run(compared: Compared, folder: Path, model_id: str, window_end: datetime) -> None:
    """Add the run to the workspace that ``evidently ui --workspace FOLDER`` opens: a project a model, a run a window.

    The ids follow from model and window, so the same window again takes the place of the run before.
    """
    with _third_party_warnings_ignored():
        from evidently.sdk.models import ProjectModel
        from evidently.ui.workspace import Workspace

        project = uuid5(_NAMESPACE, model_id)
        workspace = Workspace(str(folder))
        workspace.add_project(ProjectModel(id=project, name=model_id))
        run = uuid5(project, f"{window_end:%Y-%m-%d}")
        workspace.state.write_snapshot(project, run, compared.snapshot.to_snapshot_model())


def _read(snapshot: Any, names: dict[str, str]) -> Compared:
    """Evidently's own numbers and verdicts, from what it exports."""
    exported = snapshot.dict()
    failed = {test["metric_config"]["metric_id"] for test in exported["tests"] if test["status"].value == "FAIL"}
    features, share, drifted = [], 0.0, False
    for metric in exported["metrics"]:
        config = metric["config"]
        if "column" in config:
            features.append(
                Measured(
                    feature=names[config["column"]],
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


def _threshold(column: Column, sample: Sample, settings: DriftSection) -> float:
    reference, current = (frame[column.label].drop_nulls() for frame in (sample.reference, sample.current))
    # Evidently's own bins: what chance can do depends on them. It takes few different numbers for categories.
    is_binned = column.kind != "number" or reference.n_unique() > _MOST_NUMBERS_AS_CATEGORIES
    if is_binned and psi.is_out_of_reach(settings.threshold, _MOST_BINS, len(reference), len(current)):
        return settings.threshold
    from evidently.legacy.calculations.stattests.utils import get_binned_data
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Numerical if column.kind == "number" else ColumnType.Categorical
    shares = get_binned_data(reference.to_pandas(), current.to_pandas(), kind, 0, feel_zeroes=False)
    reference_counts, current_counts = (
        (share * len(side)).round().astype("int64") for share, side in zip(shares, (reference, current), strict=True)
    )
    return psi.threshold(reference_counts, current_counts, settings.threshold, settings.seed)


@contextmanager
def _third_party_warnings_ignored() -> Iterator[None]:
    """Evidently, and what it imports, use names that are on their way out: theirs to mend. And no telemetry."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        for module in (r"evidently", r"litestar", r"numpy", r"pandas"):
            warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
        warnings.filterwarnings("ignore", message="invalid escape sequence", category=DeprecationWarning)
        yield
