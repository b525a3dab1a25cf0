"""The sampled requests, column by column: which of them can be compared, and as what.

Numbers above zero are compared by their logarithms, all by their middle 99 %: what lies beyond is moved to its edge.
Categories keep their most frequent values, and the rest count as one. Names match whatever their case. What every
request has of its own (ids, counters, times, free text) says nothing about drift and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from truecost.store.sql import query
from truecost.workspace.config import DriftSection

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

Kind = Literal["number", "category", "presence", "constant", "absent"]
Side = Literal["reference", "current"]

QUANTITIES = ("input_tokens", "output_tokens", "latency_ms")
NOT_GIVEN, GIVEN, OTHER = "(none)", "(given)", "(other)"
_MIDDLE = (0.005, 0.995)
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
    reference_values: int = 1
    current_values: int = 1

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
    """A column that is watched: its name, the name Evidently shows, how the log spells it, and as what it is compared.

    Of a number: whether its logarithm is, the edges its values are moved to, its middle, and the unit that one which
    has no logarithm is told in.
    """

    name: str
    label: str
    kind: Kind
    spellings: tuple[str, ...] = ()
    is_log: bool = False
    low: float = 0.0
    high: float = 0.0
    middle: float = 0.0
    unit: float = 1.0

    @property
    def is_quantity(self) -> bool:
        """Whether it is a column of the request log, not one of a request's features."""
        return self.name in QUANTITIES


@dataclass(frozen=True)
class Sample:
    """Both sides of a comparison, a column for each of ``columns`` by its label, and ``requested_at``.

    ``watched`` are these and what is never measured: constants, and what one side lacks, which may be missing all the
    same.
    """

    columns: tuple[Column, ...]
    reference: pl.DataFrame
    current: pl.DataFrame
    watched: tuple[Column, ...] = ()


def read_sample(con: DuckDBPyConnection, settings: DriftSection, limits: Mapping[str, int]) -> Sample | None:
    """The comparable columns of the temp table ``drift_sample``; None where there are none.

    ``limits``: by side, the highest hash of the requests that are looked at to tell what each column is like.
    """
    con.execute(query("drift/probe"), {f"{side}_limit": limit for side, limit in limits.items()})
    spellings = _spellings(con, settings)
    profiles = {
        name: profile
        for name, profile in _profiles(con, limits).items()
        if not _is_named(name, settings.ignore) and (not settings.chosen or _is_named(name, settings.chosen))
    }
    kinds = {
        name: kind
        for name, profile in profiles.items()
        if (kind := kind_of(profile, is_asked_for=_is_named(name, settings.chosen)))
    }
    if not kinds:
        return None
    labels = _labels(kinds)
    reference, current = _frames(con, kinds, labels, spellings)
    measured, others = [], []
    for name, kind in kinds.items():
        label = labels[name]
        found = Column(name, label, kind, spellings[name])
        column, *sides = _as_compared(found, reference[label], current[label], settings.min_rows)
        if profiles[name].reference_values == 0 or profiles[name].current_values == 0:
            others.append(replace(column, kind="absent"))
        elif _varies(*sides):
            measured.append(column)
        else:
            others.append(replace(column, kind="constant"))
        reference, current = (
            frame.with_columns(side.alias(label)) for frame, side in zip((reference, current), sides, strict=True)
        )
    shown = ["requested_at", *(column.label for column in measured)]
    watched = tuple(measured + others)
    return Sample(tuple(measured), reference.select(shown), current.select(shown), watched)


def kind_of(profile: Profile, is_asked_for: bool = False) -> Kind | None:
    """As what a column is compared; None where it says nothing about drift.

    ``is_asked_for``: the settings name the column, so it is not for us to say.
    """
    if profile.is_numeric:
        return "number" if is_asked_for or not profile.is_counter else None
    return "category" if is_asked_for or not (profile.is_date or profile.is_text) else None


def pointer(name: str) -> str:
    """Where a feature stands in the JSON of a request."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def text_of(column: Column, spellings: Sequence[str]) -> str:
    """SQL for a column's value as text, a quantity's as it is: the first spelling that the request has.

    ``spellings`` are those whose values stand in ``feature_values``, in order.
    """
    if column.is_quantity:
        return column.name
    found = [f"feature_values[{spellings.index(spelling) + 1}]" for spelling in column.spellings]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def _is_named(name: str, names: Iterable[str]) -> bool:
    return name.casefold() in {other.casefold() for other in names}


def _spellings(con: DuckDBPyConnection, settings: DriftSection) -> dict[str, tuple[str, ...]]:
    """Give each column of the probe one name, whatever its case and as the settings map it; returns how it is spelt."""
    raw = con.execute("SELECT name, count(*) FROM drift_probe GROUP BY name ORDER BY count(*) DESC, name").fetchall()
    mapped = {told.casefold(): name for told, name in settings.renamed.items()}
    found: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for spelling, _ in raw:
        name = mapped.get(spelling.casefold(), spelling)
        found.setdefault(shown.setdefault(name.casefold(), name), []).append(spelling)
    names = {spelling: name for name, spelt in found.items() for spelling in spelt if spelling != name}
    if names:
        con.execute(
            "UPDATE drift_probe SET name = list_extract($to, list_position($from, name)) "
            "WHERE list_contains($from, name)",
            {"from": list(names), "to": list(names.values())},
        )
    return {name: tuple(spelt) for name, spelt in found.items()}


def _profiles(con: DuckDBPyConnection, limits: Mapping[str, int]) -> dict[str, Profile]:
    rows = {
        f"{side}_rows": con.execute(
            "SELECT count(*) FROM drift_sample WHERE side = ? AND request_hash <= CAST(? AS UBIGINT)", [side, limit]
        ).fetchall()[0][0]
        for side, limit in limits.items()
    }
    return {name: Profile(*rest) for name, *rest in con.execute(query("drift/profile"), rows).fetchall()}


def _frames(
    con: DuckDBPyConnection,
    kinds: Mapping[str, Kind],
    labels: Mapping[str, str],
    spellings: Mapping[str, tuple[str, ...]],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sides as frames of numbers and categories, null where there is none, by label."""
    levels = _levels(con, [name for name, kind in kinds.items() if kind == "category"])
    features = [spelling for name in kinds if name not in QUANTITIES for spelling in spellings[name]]
    values: dict[str, Any] = {"pointers": [pointer(name) for name in features]}
    shown = ""
    for number, (name, kind) in enumerate(kinds.items(), start=1):
        column = Column(name, labels[name], kind, spellings[name])
        text = text_of(column, features)
        if kind == "category":
            values[f"levels_{number}"] = levels[name]
            told = f"CAST({text} AS VARCHAR)"
            found = f"coalesce(list_position($levels_{number}, {told}), 0)"
            shown += f",\n    CASE WHEN {text} IS NOT NULL THEN {found} END AS c{number}"
        elif column.is_quantity:
            shown += f",\n    CAST({text} AS DOUBLE) AS c{number}"
        else:
            shown += f",\n    parse_number({text}) AS c{number}"
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
    """Positions in ``levels`` (from 1; 0: not among them) as names that can't break Evidently's page; null stays so."""
    import polars as pl

    return pl.Series([OTHER, *map(_harmless, levels)], dtype=pl.String).gather(positions.cast(pl.UInt32))


def _as_compared(
    column: Column, reference: pl.Series, current: pl.Series, min_rows: int
) -> tuple[Column, pl.Series, pl.Series]:
    """The column and its sides. Numbers are cut to their middle 99 %, and their logarithms taken where all are above
    zero; where one side has too few of them, whether there is one is compared."""
    if column.kind == "category":
        return column, reference, current
    if min(reference.count(), current.count()) < min_rows:
        return replace(column, kind="presence"), _presence(reference), _presence(current)
    import numpy as np

    both = np.concatenate([side.drop_nulls().to_numpy() for side in (reference, current)])
    low, high = map(float, np.quantile(both, _MIDDLE))
    middle = float(np.median(reference.drop_nulls().to_numpy()))
    is_log = low > 0 and float(both.min()) >= 0
    unit = max(abs(middle), 2 * float(np.std(reference.drop_nulls().clip(low, high).to_numpy()))) or 1.0
    found = replace(column, is_log=is_log, low=low, high=high, unit=unit, middle=middle / unit)
    cut = (side.clip(low, high) for side in (reference, current))
    scaled = [side.log() if is_log else side / unit for side in cut]
    return found, scaled[0], scaled[1]


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
