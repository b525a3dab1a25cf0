"""The sampled requests, column by column: which of them can be compared, and as what.

Numbers are compared by their middle 95 %: what lies beyond is moved to its edge, or a few outliers would squeeze all
else into one bin. Categories keep their most frequent values, and the rest count as one. What every request has of its
own (ids, counters, times, free text) says nothing about drift and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from truecost.store.sql import query
from truecost.workspace.config import DriftSection

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

Kind = Literal["number", "category", "presence"]

QUANTITIES = ("input_tokens", "output_tokens", "latency_ms")
NOT_GIVEN, GIVEN, OTHER = "(none)", "(given)", "(other)"
_MIDDLE = (0.025, 0.975)
_MOST_LEVELS = 49
_LONGEST_LABEL = 80
_NEARLY_ALL = 0.99
_MANY_NUMBERS = 10
_DISTINCT_OF_TEXT, _LENGTH_OF_TEXT = 0.5, 100
_DISTINCT_OF_COUNTER, _CORRELATION_OF_COUNTER = 0.9, 0.9


@dataclass(frozen=True)
class Profile:
    """What a column is like, over both sides, as far as a probe of them tells."""

    values: int
    distinct: int
    numbers: int
    distinct_numbers: int
    is_whole: bool
    dates: int
    mean_length: float
    time_correlation: float

    @property
    def is_numeric(self) -> bool:
        return self.numbers >= _NEARLY_ALL * self.values and self.distinct_numbers > _MANY_NUMBERS

    @property
    def is_counter(self) -> bool:
        """Whole numbers, nearly all different, that rise or fall with time: row numbers, ids, times in seconds."""
        return (
            self.is_whole
            and self.distinct_numbers > _DISTINCT_OF_COUNTER * self.values
            and self.time_correlation > _CORRELATION_OF_COUNTER
        )

    @property
    def is_date(self) -> bool:
        return self.dates >= _NEARLY_ALL * self.values

    @property
    def is_text(self) -> bool:
        """An id, or what someone wrote."""
        return self.distinct > _DISTINCT_OF_TEXT * self.values or self.mean_length > _LENGTH_OF_TEXT


@dataclass(frozen=True)
class Column:
    """A column that is compared: its name in the request log, and the name Evidently shows."""

    name: str
    label: str
    kind: Kind


@dataclass(frozen=True)
class Sample:
    """Both sides of a comparison, a column for each of ``columns`` by its label, and ``requested_at``."""

    columns: tuple[Column, ...]
    reference: pl.DataFrame
    current: pl.DataFrame


def read_sample(con: DuckDBPyConnection, settings: DriftSection, limits: Mapping[str, int]) -> Sample | None:
    """The comparable columns of the temp table ``drift_sample``; None where there are none.

    ``limits``: by side, the highest hash of the requests that are looked at to tell what each column is like.
    """
    con.execute(query("drift/probe"), {f"{side}_limit": limit for side, limit in limits.items()})
    kinds = {
        name: kind
        for name, profile in _profiles(con, limits).items()
        if name not in settings.ignore
        and (not settings.columns or name in settings.columns)
        and (kind := kind_of(profile, is_asked_for=name in settings.columns))
    }
    if not kinds:
        return None
    labels = _labels(kinds)
    reference, current = _frames(con, kinds, labels)
    columns = []
    for name, kind in kinds.items():
        label = labels[name]
        column, *sides = _as_compared(name, label, kind, reference[label], current[label], settings.min_rows)
        if _varies(*sides):
            columns.append(column)
        reference, current = (
            frame.with_columns(side.alias(label)) for frame, side in zip((reference, current), sides, strict=True)
        )
    shown = ["requested_at", *(column.label for column in columns)]
    return Sample(tuple(columns), reference.select(shown), current.select(shown)) if columns else None


def kind_of(profile: Profile, is_asked_for: bool = False) -> Kind | None:
    """As what a column is compared; None where it says nothing about drift.

    ``is_asked_for``: the settings name the column, so it is not for us to say.
    """
    if profile.is_numeric:
        return "number" if is_asked_for or not profile.is_counter else None
    return "category" if is_asked_for or not (profile.is_date or profile.is_text) else None


def _profiles(con: DuckDBPyConnection, limits: Mapping[str, int]) -> dict[str, Profile]:
    rows = {
        f"{side}_rows": con.execute(
            "SELECT count(*) FROM drift_sample WHERE side = ? AND request_hash <= CAST(? AS UBIGINT)", [side, limit]
        ).fetchall()[0][0]
        for side, limit in limits.items()
    }
    return {name: Profile(*rest) for name, *rest in con.execute(query("drift/profile"), rows).fetchall()}


def _frames(
    con: DuckDBPyConnection, kinds: Mapping[str, Kind], labels: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sides as frames of numbers (null where there is none) and categories (never null), by label."""
    levels = _levels(con, [name for name, kind in kinds.items() if kind == "category"])
    features = [name for name in kinds if name not in QUANTITIES]
    values: dict[str, Any] = {"pointers": ["/" + name.replace("~", "~0").replace("/", "~1") for name in features]}
    shown = ""
    for number, (name, kind) in enumerate(kinds.items(), start=1):
        text = f"feature_values[{features.index(name) + 1}]" if name in features else f"CAST({name} AS VARCHAR)"
        if kind == "category":
            values[f"levels_{number}"] = levels[name]
            found = f"coalesce(list_position($levels_{number}, {text}), 0)"
            shown += f",\n    CASE WHEN {text} IS NULL THEN -1 ELSE {found} END AS c{number}"
        elif name in features:
            shown += f",\n    parse_number({text}) AS c{number}"
        else:
            shown += f",\n    CAST({name} AS DOUBLE) AS c{number}"
    sql = query("drift/frame", columns=shown)
    reference, current = (con.execute(sql, {**values, "side": side}).pl() for side in ("reference", "current"))
    return _labelled(reference, kinds, labels, levels), _labelled(current, kinds, labels, levels)


def _labelled(
    side: pl.DataFrame, kinds: Mapping[str, Kind], labels: Mapping[str, str], levels: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """A side as ``drift/frame`` has it, its categories by name, under the labels."""
    moments, *columns = side.get_columns()
    read = (
        _named(column, levels[name]) if kind == "category" else column.fill_nan(None)
        for (name, kind), column in zip(kinds.items(), columns, strict=True)
    )
    return side.select(moments, *(column.alias(labels[name]) for name, column in zip(kinds, read, strict=True)))


def _levels(con: DuckDBPyConnection, names: Sequence[str]) -> dict[str, list[str]]:
    wanted = {"names": list(names), "most": _MOST_LEVELS}
    return dict(con.execute(query("drift/levels"), wanted).fetchall()) if names else {}


def _named(positions: pl.Series, levels: Sequence[str]) -> pl.Series:
    """Positions in ``levels`` (from 1; 0: not among them, -1: no value) as names that can't break Evidently's page."""
    import polars as pl

    return pl.Series([NOT_GIVEN, OTHER, *map(_harmless, levels)]).gather(positions + 1)


def _as_compared(
    name: str, label: str, kind: Kind, reference: pl.Series, current: pl.Series, min_rows: int
) -> tuple[Column, pl.Series, pl.Series]:
    """The column and its sides: numbers are cut to their middle 95 %; where one side has too few of them, whether
    there is one is compared."""
    if kind == "category":
        return Column(name, label, kind), reference, current
    if min(reference.count(), current.count()) < min_rows:
        return Column(name, label, "presence"), _presence(reference), _presence(current)
    import numpy as np

    both = np.concatenate([side.drop_nulls().to_numpy() for side in (reference, current)])
    low, high = map(float, np.quantile(both, _MIDDLE))
    return Column(name, label, kind), reference.clip(low, high), current.clip(low, high)


def _presence(side: pl.Series) -> pl.Series:
    import polars as pl

    return pl.Series([GIVEN, NOT_GIVEN]).gather(side.is_null().cast(pl.UInt32))


def _varies(reference: pl.Series, current: pl.Series) -> bool:
    """Whether there is more than one value, over both sides."""
    import polars as pl

    return pl.concat([reference, current]).drop_nulls().n_unique() > 1


def _labels(names: Iterable[str]) -> dict[str, str]:
    """Names that can't break Evidently's page, each once."""
    labels: dict[str, str] = {}
    taken = {"requested_at"}
    for name in names:
        plain = _harmless(name)
        label, number = plain, 2
        while label in taken:
            label, number = f"{plain} ({number})", number + 1
        taken.add(label)
        labels[name] = label
    return labels


def _harmless(text: str) -> str:
    """Evidently writes names and values into a script of its page as they are: no tag may end it."""
    return text.translate(str.maketrans("<>", "‹›"))[:_LONGEST_LABEL]
