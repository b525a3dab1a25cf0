"""The requests of a model day by day, as DuckDB sums them up: a series for each thing that is told of a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truecost.drift.columns import Column, pointer, text_of
from truecost.drift.judge import Days, Spans, Terms, Verdicts, judge
from truecost.drift.terms import Kind, Term, evidence_for, share_variance, spread_variance, terms_of
from truecost.store.sql import query
from truecost.workspace.config import DriftSection

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Floats = NDArray[np.float64]
_ROWS_A_DAY = 20_000  # of more, so many are as good: a day's mean then errs by less than any change that matters
_MOST_LEVELS = 12
_LEAST_SHARE = 0.01
_ROWS_FOR_SPREAD = 5
_OFTEN_NEW = 0.02  # where so many values of the reference are met once only, a new one says nothing


@dataclass(frozen=True)
class Series:
    """One thing told of a column day by day. ``detail`` says which value, of a share."""

    column: Column
    term: Term
    values: Floats
    variances: Floats
    weights: Floats
    detail: str | None = None


@dataclass(frozen=True)
class Judged:
    """What the newest window says of a series, in its own unit. ``since``: the end of the window it was first told in,
    in days from the start; None where it did not move."""

    series: Series
    change: float
    limit: float
    error: float
    baseline: float
    reference: float
    floor: float
    since: int | None
    by_slope: bool
    slope_change: float
    slope_limit: float


def read_series(
    con: DuckDBPyConnection,
    model: str,
    start: datetime,
    end: datetime,
    columns: Sequence[Column],
    settings: DriftSection,
    reference: int,
    requests: int,
) -> list[Series]:
    """The series of ``columns`` from the day of ``start`` to the day before ``end``; the first ``reference`` days are
    what is accepted. ``requests``: how many there are in all."""
    spellings = [spelling for column in columns for spelling in column.spellings]
    asked: dict[str, Any] = {
        "model": model,
        "start": start,
        "end": end,
        "pointers": [pointer(name) for name in spellings],
    }
    values, summaries = "", ""
    for number, column in enumerate(columns, start=1):
        text = text_of(column, spellings)
        if column.kind == "number":
            asked |= {f"low_{number}": column.low, f"high_{number}": column.high}
            # The columns are numbers already, by the checked grammar: here a cast is enough, and several times as fast.
            parsed = column.telling.number_of(text) if column.telling else f"try_cast({text} AS DOUBLE)"
            clipped = f"greatest(least({parsed}, $high_{number}), $low_{number})"
            values += f",\n    CASE WHEN isfinite({parsed}) THEN {_scaled(column, clipped)} END AS c{number}"
            summaries += f",\n    count(c{number}), avg(c{number}), var_samp(c{number})"
        elif column.kind == "category":
            values += f",\n    {text} AS c{number}"
            summaries += f",\n    count(c{number}), histogram(c{number})"
        else:
            values += f",\n    {text} AS c{number}"
            summaries += f",\n    count(c{number})"
    days = (end - datetime(start.year, start.month, start.day)).days
    of_request = "hash($seed, source, x_key, x_occurrence)"
    hashed = f",\n        {of_request} AS request_hash" if any(column.is_share for column in columns) else ""
    if hashed:
        asked["seed"] = settings.seed
    sampled = "TRUE"
    if requests > _ROWS_A_DAY * days:
        sampled = f"{of_request} <= CAST($hash_limit AS UBIGINT)"
        asked |= {"seed": settings.seed, "hash_limit": int(2**64 * _ROWS_A_DAY * days / requests)}
    sql = query("drift/days", values=values, summaries=summaries, sampled=sampled, hashed=hashed)
    rows = con.execute(sql, asked).fetchall()
    return list(_series(rows, columns, days, terms_of(settings), reference))


def _scaled(column: Column, number: str) -> str:
    return f"ln({number})" if column.is_log else f"({number}) / {column.unit!r}"


def _series(
    rows: Sequence[tuple[Any, ...]], columns: Sequence[Column], days: int, terms: Mapping[Kind, Term], reference: int
) -> Iterator[Series]:
    places = [int(row[0]) for row in rows]
    requests = _laid_out([row[1] for row in rows], places, days)
    field = 2
    for column in columns:
        given = _laid_out([row[field] for row in rows], places, days)
        if column.kind == "number":
            yield from _number(column, rows, field, places, days, given, terms)
            field += 3
            if column.is_share:  # what is not looked up is not missing
                continue
        elif column.kind == "category":
            found = [row[field + 1] or {} for row in rows]
            yield from _category(column, found, places, given, terms, reference)
            field += 2
        else:
            field += 1
        yield Series(column, terms["missing"], *_share(requests - given, requests))


def _laid_out(values: Sequence[Any], places: Sequence[int], days: int) -> Floats:
    laid = np.zeros(days)
    laid[list(places)] = [0.0 if value is None else float(value) for value in values]
    return laid


def _number(
    column: Column,
    rows: Sequence[tuple[Any, ...]],
    field: int,
    places: Sequence[int],
    days: int,
    given: Floats,
    terms: Mapping[Kind, Term],
) -> Iterator[Series]:
    mean, variance = (_laid_out([row[field + more] for row in rows], places, days) for more in (1, 2))
    counts = np.maximum(given, 1)
    enough = given >= _ROWS_FOR_SPREAD
    # A day of few rows says little of its own variance: that of all days stands in.
    usual = float((variance * given)[enough].sum() / max(given[enough].sum(), 1)) or float(variance.max(initial=1e-12))
    level = (
        terms["level"]
        if column.is_log
        else replace(terms["level"], floor=np.expm1(terms["level"].floor), share_of=column.middle)
    )
    level = terms["new_words"] if column.is_share else level
    yield Series(column, level, np.where(given > 0, mean, np.nan), np.full(days, max(usual, 1e-12)) / counts, given)
    if column.is_share:
        return
    is_spread = enough & (variance > 0)
    told = np.where(is_spread, 0.5 * np.log(np.where(is_spread, variance, 1.0)), np.nan)
    yield Series(column, terms["spread"], told, spread_variance(counts), np.where(is_spread, given, 0.0))


def _category(
    column: Column,
    found: Sequence[Mapping[str, int]],
    places: Sequence[int],
    given: Floats,
    terms: Mapping[Kind, Term],
    reference: int,
) -> Iterator[Series]:
    accepted: dict[str, int] = {}
    lately: dict[str, int] = {}
    newest = max(places, default=0) - 6
    for place, counts in zip(places, found, strict=True):
        for name, count in counts.items():
            if place < reference:
                accepted[name] = accepted.get(name, 0) + count
            if place >= newest:
                lately[name] = lately.get(name, 0) + count
    total = max(sum(accepted.values()), 1)
    common = sorted(
        accepted,
        key=lambda name: (-max(accepted[name] / total, lately.get(name, 0) / max(sum(lately.values()), 1)), name),
    )
    for name in common[:_MOST_LEVELS]:
        of_name = _laid_out([counts.get(name, 0) for counts in found], places, len(given))
        if max(accepted[name] / total, lately.get(name, 0) / max(sum(lately.values()), 1)) >= _LEAST_SHARE:
            yield Series(column, terms["share"], *_share(of_name, given), detail=name)
    met_once = sum(1 for count in accepted.values() if count == 1)
    if accepted and met_once <= _OFTEN_NEW * total:
        new = [sum(count for name, count in counts.items() if name not in accepted) for counts in found]
        strangers = {name: count for name, count in lately.items() if name not in accepted}
        detail = max(strangers, key=lambda name: (strangers[name], name)) if strangers else None
        yield Series(column, terms["unseen"], *_share(_laid_out(new, places, len(given)), given), detail=detail)


def _share(found: Floats, rows: Floats) -> tuple[Floats, Floats, Floats]:
    return np.where(rows > 0, found / np.maximum(rows, 1), np.nan), share_variance(found, rows), rows


def judge_newest(series: Sequence[Series], window: int, reference: int, settings: DriftSection) -> list[Judged]:
    """What the window that ends with the last day says of each series."""
    days = Days(
        *(np.stack([getattr(one, part) for one in series], axis=1) for part in ("values", "variances", "weights"))
    )
    levels = _accepted(days, reference)
    terms = [one.term for one in series]
    floors = np.array([term.smallest(float(level)) for term, level in zip(terms, levels, strict=True)])
    seasons = np.array([term.season(float(level), settings.season) for term, level in zip(terms, levels, strict=True)])
    spans = Spans(window, reference, evidence_for(len(series), window, settings.years_between_alarms))
    total, step = len(days.values), max(1, window // 7)
    ends = sorted(range(total, reference + window - 1, -step))
    verdicts = judge(days, Terms(floors, seasons, np.array([term.kind == "level" for term in terms])), spans, ends)
    return [
        _newest(one, verdicts, place, float(levels[place]), float(floors[place])) for place, one in enumerate(series)
    ]


def _accepted(days: Days, reference: int) -> Floats:
    weights = days.weights[:reference]
    values = np.where(weights > 0, days.values[:reference], 0.0)
    return np.asarray((weights * values).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-300))


def _newest(series: Series, verdicts: Verdicts, place: int, reference: float, floor: float) -> Judged:
    since = int(verdicts.since[-1, place]) if len(verdicts.ends) else -1
    return Judged(
        series=series,
        change=float(verdicts.change[-1, place]),
        limit=float(verdicts.limit[-1, place]),
        error=float(verdicts.error[-1, place]),
        baseline=float(verdicts.baseline[-1, place]),
        reference=reference,
        floor=floor,
        since=since if since >= 0 else None,
        by_slope=bool(verdicts.by_slope[-1, place]),
        slope_change=float(verdicts.slope_change[-1, place]),
        slope_limit=float(verdicts.slope_limit[-1, place]),
    )


def as_percent(judged: Judged) -> float:
    """The change in the column's own terms: a share of the level (0.2: a fifth more), or points of a share (0.05)."""
    return (
        float(np.expm1(judged.change))
        if judged.series.term.kind in ("level", "spread") and judged.series.column.is_log
        else judged.change
    )
