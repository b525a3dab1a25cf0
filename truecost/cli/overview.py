"""How a workspace stands at a glance: its sources, what is open, what is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from truecost import steps
from truecost.alerts.standing import Standing, read_standing
from truecost.archive.closes import Close, closed_quarters
from truecost.archive.unfinished import Unfinished
from truecost.clock import Clock
from truecost.errors import WarehouseBusy
from truecost.intake.landing import Landing, source_files
from truecost.publish.publication import open_published
from truecost.store.sql import query
from truecost.store.warehouse import connect
from truecost.workspace.workspace import Workspace


@dataclass(frozen=True)
class SourceState:
    """A source: ``files_waiting`` are in the inbox and never landed under their name."""

    name: str
    format: str
    files_waiting: int
    files: int
    rows_loaded: int
    rows_quarantined: int
    last_received_at: datetime | None
    files_refused: int = 0
    files_held: int = 0
    files_duplicate: int = 0
    rows_held: int = 0


@dataclass(frozen=True)
class OpenGaps:
    """How many faults a quarter's figures have, and how many of them make its cost a lower bound."""

    quarter: str
    faults: int
    bounding: int


@dataclass(frozen=True)
class Overview:
    sources: list[SourceState]
    warnings: list[str]
    standing: Standing
    quarters: list[str]
    models: list[str]
    closed: list[Close]
    unfinished: list[Unfinished]
    gaps: list[OpenGaps]


@dataclass(frozen=True)
class QuarterFigures:
    """A row of ``finance.true_cost_by_quarter``, for the terminal."""

    model_id: str | None
    quarter: str
    currency: str
    training_only_cost: Decimal
    true_cost: Decimal
    multiplier: Decimal | None
    training_only_cost_to_date: Decimal
    true_cost_to_date: Decimal
    multiplier_to_date: Decimal | None
    completeness: str


def read_overview(workspace: Workspace, clock: Clock) -> Overview:
    """Read it from the landing log, the warehouse and the published file; where another holds the warehouse, from what
    was last published, which is said.
    """
    try:
        steps.attribute(workspace.without_waiting())
        with connect(workspace.warehouse) as con:
            loaded = con.execute(query("report/sources")).fetchall()
            return _overview(workspace, loaded, read_standing(workspace, con))
    except WarehouseBusy as busy:
        if not workspace.published.is_file():
            raise
        with open_published(workspace.published) as con:
            loaded = con.execute(query("report/published_overview")).fetchall()
            return _overview(workspace, loaded, read_standing(workspace, con, is_published=True), str(busy))


def _overview(
    workspace: Workspace, loaded: Sequence[tuple[Any, ...]], standing: Standing, busy: str | None = None
) -> Overview:
    brought = {row[0]: row[1:] for row in loaded}
    landed = {(entry.source, part.file) for entry in Landing(workspace.landing).entries() for part in entry.parts}
    sources = []
    for source in workspace.config.sources:
        waiting = sum((source.name, file) not in landed for file in source_files(workspace, source))
        held: tuple[Any, ...] = brought.get(source.name, (0, 0, 0, None, 0, 0, 0, 0))
        sources.append(SourceState(source.name, source.format, waiting, held[0], held[1] or 0, held[2] or 0, *held[3:]))
    quarters, models = _published(workspace)
    return Overview(
        sources,
        [f"{busy.partition(';')[0]}: this is how it stood when it was last published"] if busy else [],
        standing,
        quarters,
        models,
        closed_quarters(workspace),
        steps.unfinished(workspace),
        _open_gaps(workspace),
    )


def _open_gaps(workspace: Workspace) -> list[OpenGaps]:
    """As last published; nothing of a file that told less of gaps."""
    if not workspace.published.is_file():
        return []
    with open_published(workspace.published) as con:
        if ("is_lower_bound",) not in con.execute(query("report/columns"), ["gaps"]).fetchall():
            return []
        return [OpenGaps(*row) for row in con.execute(query("report/open_gaps")).fetchall()]


def quarter_figures(workspace: Workspace, quarter: str) -> list[QuarterFigures]:
    """The published figures of one quarter, a row a model, what is unallocated last."""
    with open_published(workspace.published) as con:
        rows = con.execute(query("report/quarter_figures"), [quarter]).fetchall()
    return [QuarterFigures(*row) for row in rows]


def _published(workspace: Workspace) -> tuple[list[str], list[str]]:
    if not workspace.published.is_file():
        return [], []
    with open_published(workspace.published) as con:
        quarters = con.execute("SELECT DISTINCT quarter FROM true_cost_by_quarter ORDER BY quarter").fetchall()
        models = con.execute(
            "SELECT DISTINCT model_id FROM true_cost_by_quarter WHERE model_id IS NOT NULL ORDER BY model_id"
        ).fetchall()
    return [row[0] for row in quarters], [row[0] for row in models]
