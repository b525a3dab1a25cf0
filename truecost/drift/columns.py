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
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

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
    """Both sides of a comparison, a pandas column for each of ``columns`` by its label, and ``requested_at``."""

    columns: tuple[Column, ...]
    reference: DataFrame
    current: DataFrame


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
    frames = _frames(con, kinds, labels)
    found = [_as_compared(name, labels[name], kind, *frames, settings.min_rows) for name, kind in kinds.items()]
    columns = [column for column in found if _varies(column, *frames)]
    return Sample(tuple(columns), *frames) if columns else None


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
) -> tuple[DataFrame, DataFrame]:
    """The sides as pandas frames of numbers (NaN where there is none) and categories (never NaN), by label."""
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
    frames = []
    for side in ("reference", "current"):
        found = con.execute(sql, {**values, "side": side}).to_arrow_table()
        columns = [found.column(0)]
        columns += [
            _named(column, levels[name]) if kinds[name] == "category" else column
            for name, column in zip(kinds, found.columns[1:], strict=True)
        ]
        frames.append(found.from_arrays(columns, ["requested_at", *labels.values()]).to_pandas())
    return frames[0], frames[1]


def _levels(con: DuckDBPyConnection, names: Sequence[str]) -> dict[str, list[str]]:
    wanted = {"names": list(names), "most": _MOST_LEVELS}
    return dict(con.execute(query("drift/levels"), wanted).fetchall()) if names else {}


def _named(positions: Any, levels: Sequence[str]) -> Any:
    """Positions in ``levels`` (from 1; 0: not among them, -1: no value) as names that can't break Evidently's page."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [NOT_GIVEN, OTHER, *map(_harmless, levels)]
    return pa.chunked_array(pc.take(pa.array(names), pc.add(positions, 1)))


def _as_compared(name: str, label: str, kind: Kind, reference: DataFrame, current: DataFrame, min_rows: int) -> Column:
    """Numbers are cut to their middle 95 %; where one side has too few of them, whether there is one is compared."""
    if kind == "category":
        return Column(name, label, kind)
    if min(reference[label].count(), current[label].count()) < min_rows:
        for frame in (reference, current):
            frame[label] = frame[label].notna().map({True: GIVEN, False: NOT_GIVEN})
        return Column(name, label, "presence")
    import numpy as np

    both = np.concatenate([reference[label].dropna(), current[label].dropna()])
    low, high = np.quantile(both, _MIDDLE)
    for frame in (reference, current):
        frame[label] = frame[label].clip(low, high)
    return Column(name, label, kind)


def _varies(column: Column, reference: DataFrame, current: DataFrame) -> bool:
    both = (reference[column.label], current[column.label])
    if column.kind == "number":
        return bool(min(side.min() for side in both) < max(side.max() for side in both))
    return len({value for side in both for value in side.unique()}) > 1


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
