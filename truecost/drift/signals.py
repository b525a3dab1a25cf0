"""Signals: what Evidently measured and what the days say, as rows of ``outlook.drift_signals``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from truecost.drift.columns import Column
from truecost.drift.daily import Judged, as_percent

if TYPE_CHECKING:
    from truecost.drift.evidently_report import Compared

DATASET = "dataset"
SHARE = "share_of_drifted_features"
EVAL_DROP = "eval_drop"
ABSENT = "absent"
ESTIMATE = "estimated_quality"


@dataclass(frozen=True)
class Windows:
    """The two windows of a model that are compared, [start, end) in UTC, and the requests in each."""

    model_id: str
    reference_start: datetime
    reference_end: datetime
    current_start: datetime
    current_end: datetime
    reference_rows: int
    current_rows: int


@dataclass(frozen=True)
class Signal:
    """A row of ``outlook.drift_signals``.

    ``value`` is what ``method`` measured, ``threshold`` what it may reach. Of a change in the column's own terms
    (shares: 0.2 is a fifth more, or 20 points): ``change`` with its sign, the ``smallest`` that matters, since the
    window that ended when, and of which value (``detail``).
    """

    model_id: str
    window_start: datetime
    window_end: datetime
    reference_start: datetime
    reference_end: datetime
    feature: str
    method: str
    verdict: str
    reference_rows: int
    current_rows: int
    value: float | None = None
    threshold: float | None = None
    drifted: bool = False
    report: str | None = None
    change: float | None = None
    smallest: float | None = None
    detail: str | None = None
    since: datetime | None = None


def undecided(windows: Windows) -> Signal:
    """The only row of a model that has too little to compare."""
    return _signal(windows, DATASET, SHARE, "too_few_rows")


def decided(
    windows: Windows,
    compared: Compared | None,
    judged: Sequence[Judged],
    watched: Sequence[Column],
    drifted_share: float,
    report: str | None,
) -> Iterator[Signal]:
    """The row for all columns, then what is told of each: its distance, and each change in its own terms."""
    rows = [*_distances(windows, compared, report), *_changes(windows, judged, report)]
    moved = {row.feature for row in rows if row.drifted}
    share = len(moved) / max(len(watched), 1)
    yield replace(
        _signal(windows, DATASET, SHARE, "drift" if share >= drifted_share else "stable"),
        value=share,
        threshold=drifted_share,
        drifted=share >= drifted_share,
        report=report,
        since=min((row.since for row in rows if row.since is not None), default=None),
    )
    yield from rows


def _distances(windows: Windows, compared: Compared | None, report: str | None) -> Iterator[Signal]:
    for item in compared.features if compared is not None else ():
        yield replace(
            _signal(windows, _apart(item.feature), item.method, "drift" if item.drifted else "stable"),
            value=item.value,
            threshold=item.threshold,
            drifted=item.drifted,
            report=report,
        )


def _changes(windows: Windows, judged: Sequence[Judged], report: str | None) -> Iterator[Signal]:
    """A row a column and term, of a category's shares the one that moved most; what can't be told yet has none."""
    of_term: dict[tuple[str, str], list[Judged]] = {}
    for one in judged:
        of_term.setdefault((one.series.column.name, one.series.term.kind), []).append(one)
    for (name, kind), ones in of_term.items():
        worst = max(ones, key=lambda one: (one.since is not None, abs(one.change) / max(one.limit, 1e-12)))
        if kind == "missing" and worst.series.column.kind == "absent":
            yield _absent(windows, worst, report)
            continue
        if kind == "missing" and worst.since is None and abs(worst.change) < 1e-9:
            continue
        if worst.limit != float("inf"):
            yield _change(windows, name, kind, worst, report)


def estimate(windows: Windows, feature: str, fall: float, smallest: float, is_moved: bool) -> Signal:
    """What a confidence or a judge's score in the log says of quality: by how much fewer answers are right,
    estimated."""
    drifted = is_moved and fall >= smallest
    return replace(
        _signal(windows, _apart(feature), ESTIMATE, "drift" if drifted else "stable"),
        value=max(fall, 0.0),
        threshold=smallest,
        drifted=drifted,
        change=-fall,
        smallest=smallest,
    )


def _change(windows: Windows, name: str, kind: str, told: Judged, report: str | None) -> Signal:
    method = "slope" if told.by_slope else kind
    change, limit = (told.slope_change, told.slope_limit) if told.by_slope else (told.change, told.limit)
    first = windows.reference_start.replace(hour=0, minute=0, second=0, microsecond=0)
    is_moved = told.since is not None
    return replace(
        _signal(windows, _apart(name), method, "drift" if is_moved else "stable"),
        value=abs(change),
        # What has moved stays so until it is back: then the limit is what it must come back to.
        threshold=min(limit, max(told.floor, 0.0)) if is_moved and abs(change) <= limit else limit,
        drifted=is_moved,
        report=report,
        change=as_percent(replace(told, change=change)),
        smallest=as_percent(replace(told, change=told.floor)),
        detail=told.series.detail,
        since=first + timedelta(days=told.since) if told.since is not None else None,
    )


def _absent(windows: Windows, told: Judged, report: str | None) -> Signal:
    """A column that only one side has: nothing to measure, and said as that."""
    was_there = told.reference < 0.5
    return replace(
        _signal(windows, _apart(told.series.column.name), ABSENT, ABSENT),
        drifted=was_there,
        report=report,
        change=1.0 if was_there else -1.0,
        since=windows.current_end,
        detail="only the reference has it" if was_there else "only the window has it",
    )


def _apart(feature: str) -> str:
    """The quotes keep a feature of that name apart from the row for all of them."""
    return f'"{DATASET}"' if feature == DATASET else feature


def _signal(windows: Windows, feature: str, method: str, verdict: str) -> Signal:
    return Signal(
        model_id=windows.model_id,
        window_start=windows.current_start,
        window_end=windows.current_end,
        reference_start=windows.reference_start,
        reference_end=windows.reference_end,
        feature=feature,
        method=method,
        verdict=verdict,
        reference_rows=windows.reference_rows,
        current_rows=windows.current_rows,
    )
