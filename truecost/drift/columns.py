"""The sampled requests, column by column: which of them can be compared, and as what.

Numbers above zero are compared by their logarithms, all by their middle 99 %: what lies beyond is moved to its edge.
Categories keep their most frequent values, and the rest count as one. What someone wrote is told in numbers
(``texts``). Names match whatever their case. What every request has of its own (ids, counters, times) says nothing
about drift and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from truecost.drift.texts import MEASURES, Telling, learn_words
from truecost.store.sql import literal, query
from truecost.workspace.config import DriftSection

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

Kind = Literal["number", "category", "text", "presence", "constant", "absent"]
Side = Literal["reference", "current"]

QUANTITIES = ("input_tokens", "output_tokens", "latency_ms")
NOT_GIVEN, GIVEN, OTHER = "(none)", "(given)", "(other)"
_MIDDLE = (0.005, 0.995)
_MOST_LEVELS = 49
_LONGEST_LABEL = 80
_NEARLY_ALL = 0.99
_MANY_NUMBERS = 10
_DISTINCT_OF_TEXT, _LENGTH_OF_TEXT = 0.5, 100
_WORDS_OF_PROSE = 3
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
    mean_words: float = 1.0
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

    @property
    def is_prose(self) -> bool:
        """Text of several words."""
        return self.is_text and self.mean_words >= _WORDS_OF_PROSE


@dataclass(frozen=True)
class Column:
    """A column that is watched: its name, the name Evidently shows, how the log spells it, and as what it is compared.

    Of a number: whether its logarithm is, the edges its values are moved to, its middle, and the unit that one which
    has no logarithm is told in; of one that tells of a text, how.
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
    telling: Telling | None = None

    @property
    def is_share(self) -> bool:
        """Whether it is a share already: of a text's words."""
        return self.telling is not None and self.telling.measure == "new_words"

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


def read_sample(
    con: DuckDBPyConnection, settings: DriftSection, limits: Mapping[str, int], one_text_in: int = 2
) -> Sample | None:
    """The comparable columns of the temp table ``drift_sample``; None where there are none.

    ``limits``: by side, the highest hash of the requests that are looked at to tell what each column is like;
    ``one_text_in``: of how many texts the words of one are looked up.
    """
    con.execute(query("drift/probe"), {f"{side}_limit": limit for side, limit in limits.items()})
    spellings = _spellings(con, settings)
    profiles = {
        name: profile
        for name, profile in _profiles(con, limits).items()
        if not _is_named(name, settings.ignore) and (not settings.chosen or _is_named(name, settings.chosen))
    }
    asked = list(_asked(con, settings, profiles, spellings, one_text_in))
    if not asked:
        return None
    reference, current = _frames(con, asked)
    measured, others = [], []
    for found, profile in asked:
        label = found.label
        column, *sides = _as_compared(found, reference[label], current[label], settings.min_rows)
        if profile.reference_values == 0 or profile.current_values == 0:
            others.append(replace(column, kind="absent"))
        elif column.kind != "constant" and _varies(*sides):
            measured.append(column)
        elif not column.is_share:
            others.append(replace(column, kind="constant"))
        reference, current = (
            frame.with_columns(side.alias(label)) for frame, side in zip((reference, current), sides, strict=True)
        )
    shown = ["requested_at", *(column.label for column in measured)]
    watched = tuple(measured + others)
    return Sample(tuple(measured), reference.select(shown), current.select(shown), watched)


def _asked(
    con: DuckDBPyConnection,
    settings: DriftSection,
    profiles: Mapping[str, Profile],
    spellings: Mapping[str, tuple[str, ...]],
    one_text_in: int,
) -> Iterator[tuple[Column, Profile]]:
    """Each column that says something, with what it is like; a text is several, each a number that tells of it."""
    kinds = {
        name: kind
        for name, profile in profiles.items()
        if (kind := kind_of(profile, is_asked_for=_is_named(name, settings.chosen)))
    }
    names = [name for name, kind in kinds.items() if kind != "text"]
    names += [shown.format(name) for name, kind in kinds.items() if kind == "text" for shown in MEASURES.values()]
    labels = _labels(names)
    for number, (name, kind) in enumerate(kinds.items(), start=1):
        profile, spelt = profiles[name], spellings[name]
        if kind != "text":
            yield Column(name, labels[name], kind, spelt), profile
            continue
        for measure, shown in MEASURES.items():
            told = shown.format(name)
            telling = Telling(measure, f"drift_words_{number}", one_text_in)
            if told in kinds or (measure == "new_words" and not profile.reference_values):
                continue
            if measure == "new_words":
                found = [f"json_extract_string(features, {literal(pointer(spelling))})" for spelling in spelt]
                learn_words(con, telling, f"coalesce({', '.join(found)})")
            yield Column(told, labels[told], "number", spelt, telling=telling), profile


def kind_of(profile: Profile, is_asked_for: bool = False) -> Kind | None:
    """As what a column is compared; None where it says nothing about drift.

    ``is_asked_for``: the settings name the column, so it is not for us to say.
    """
    if profile.is_numeric:
        return "number" if is_asked_for or not profile.is_counter else None
    if profile.is_prose and not profile.is_date:
        return "text"
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


def _frames(con: DuckDBPyConnection, asked: Sequence[tuple[Column, Profile]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The sides as frames of numbers and categories, null where there is none, by label."""
    columns = [column for column, _ in asked]
    levels = _levels(con, [column.name for column in columns if column.kind == "category"])
    features = [spelling for column in columns if not column.is_quantity for spelling in column.spellings]
    values: dict[str, Any] = {"pointers": [pointer(name) for name in features]}
    shown = ""
    for number, column in enumerate(columns, start=1):
        text = text_of(column, features)
        if column.kind == "category":
            values[f"levels_{number}"] = levels[column.name]
            told = f"CAST({text} AS VARCHAR)"
            found = f"coalesce(list_position($levels_{number}, {told}), 0)"
            shown += f",\n    CASE WHEN {text} IS NOT NULL THEN {found} END AS c{number}"
        elif column.telling is not None:
            shown += f",\n    {column.telling.number_of(text)} AS c{number}"
        elif column.is_quantity:
            shown += f",\n    CAST({text} AS DOUBLE) AS c{number}"
        else:
            shown += f",\n    parse_number({text}) AS c{number}"
    sql = query("drift/frame", columns=shown)
    reference, current = (con.execute(sql, {**values, "side": side}).pl() for side in ("reference", "current"))
    return _labelled(reference, columns, levels), _labelled(current, columns, levels)


def _labelled(side: pl.DataFrame, columns: Sequence[Column], levels: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """A side as ``drift/frame`` has it, its categories by name, under the labels."""
    moments, *found = side.get_columns()
    return side.select(
        moments,
        *(
            (_named(values, levels[column.name]) if column.kind == "category" else values.fill_nan(None)).alias(
                column.label
            )
            for column, values in zip(columns, found, strict=True)
        ),
    )


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
    if column.telling is not None and column.is_share:
        is_enough = min(reference.count(), current.count()) >= min_rows / column.telling.every
        return replace(column, kind="number" if is_enough else "constant", high=1.0), reference, current
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
