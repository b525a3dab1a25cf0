"""Formats of source files: what each declares, and the registry that finds them.

A format is one module: its versions, disposition, basis, natural key and columns, and one function that turns a landed
file into a :class:`RawTable` of text. The SQL file it names says what the text means. Add a format without touching
this package: register a :class:`Format` under the entry-point group ``truecost.sources`` (docs/formats.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from truecost.errors import DeliveryRefused, TruecostError
from truecost.sources.datasets import OWN, Dataset

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Disposition = Literal["replace", "merge", "append"]
Basis = Literal["billed", "usage", "reference"]


# The keys of a source that mean something to some formats only.
FORMAT_SETTINGS = (
    *("currency", "timezone", "cluster", "model", "role", "dates", "fields"),
    *("one_in", "max_running", "promoted_aliases"),
)


@dataclass(frozen=True)
class Column:
    """A column of a format: our name, the names files give it, and whether a file must have it.

    ``setting`` names the key of the source that stands in for a column the file lacks; ``stand_ins`` are columns of
    ours of which any one does.
    """

    name: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    setting: str | None = None
    stand_ins: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The name to ask a person for: the vendor's spelling where it differs from ours."""
        return next((alias for alias in self.aliases if alias != alias.lower()), self.name)


@dataclass(frozen=True)
class Limits:
    """Beyond what a file is refused, before it takes the machine's memory; sizes are bytes of what is unpacked.

    Of ``max_faults`` malformed records a file's own text is kept; of more, only how many there are.
    """

    max_row: int = 16 << 20
    max_file: int = 20 << 30
    max_faults: int = 10_000

    def see_row(self, line: int, size: int) -> None:
        """Refuse a file whose line ``line`` has ``size`` bytes, where that is too many."""
        if size > self.max_row:
            raise DeliveryRefused(
                f"line {line} is longer than {shown_size(self.max_row)}; write one record a line, or raise `max_row` "
                "of [limits]"
            )

    def see_file(self, size: int) -> None:
        """Refuse a file that holds ``size`` bytes, where that is too many."""
        if size > self.max_file:
            raise DeliveryRefused(
                f"the file holds more than {shown_size(self.max_file)}; deliver it in parts, or raise `max_file` of "
                "[limits]"
            )


DEFAULT_LIMITS = Limits()


def shown_size(size: int) -> str:
    """Bytes as ``truecost.toml`` has them: 16MB; a unit is 1,024 of the one before."""
    for unit in ("B", "kB", "MB"):
        if size % 1024 or not size:
            return f"{size}{unit}"
        size //= 1024
    return f"{size}GB"


@dataclass(frozen=True)
class FileOptions:
    """What a source says of its files: ``columns`` maps our names to theirs, ``settings`` are the keys it sets.

    ``fields`` are the names of the columns of files that have no header line.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    settings: frozenset[str] = frozenset()
    limits: Limits = DEFAULT_LIMITS
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Malformed:
    """A record that can't be split into its columns, and so is quarantined before any check.

    Where a file has more of them than are kept in full, one stands for several ``rows`` of the same fault.
    """

    line: int
    text: str
    message: str
    rows: int = 1


@dataclass(frozen=True)
class RawTable:
    """A landed file as rows of text, in file order.

    ``relation`` is what follows FROM; it yields one VARCHAR column per name in ``header``. ``first_line`` is the line
    of the first row where rows and lines run in step; it is None where the relation has its own ``__line`` column.

    ``relation`` may be read on trust: where reading it fails, or yields another number of rows than ``expected_rows``,
    ``careful`` reads the file again in a way that can't fail on a single record.

    A file may be one page of several: ``begins_at`` is when its first period begins, UTC, and ``continues_at`` when the
    page after it must begin, None where it is the last. ``version`` is the format's version that it is of, where the
    header alone does not tell. ``notes`` are sentences that the delivery is to be told with.
    """

    relation: str
    header: tuple[str, ...]
    first_line: int | None
    malformed: tuple[Malformed, ...] = ()
    expected_rows: int | None = None
    careful: Callable[[], RawTable] | None = None
    begins_at: datetime | None = None
    continues_at: datetime | None = None
    version: str | None = None
    notes: tuple[str, ...] = ()


Reader = Callable[["DuckDBPyConnection", Path, "Format", FileOptions], RawTable]


@dataclass(frozen=True)
class Format:
    """What a kind of file declares about itself. The command line, the docs and the tests read this.

    ``money`` maps each money column of the file (our name) to the staged column that holds it, typed; its currency
    stands in ``currency_column`` of the stage. ``default_header`` names the columns of a file without a header line, by
    how many there are. ``natural_key`` are staged columns; left out, it is the dataset's. A format whose files have no
    header line has ``recognises``, which tells whether a file is one of its own; ``is_data`` tells it of a first line
    that names no columns. ``required_settings`` are keys that a source of the format must set, ``settings`` those of
    ``FORMAT_SETTINGS`` that it can use (any, where it does not say): another is a fault. Files of a format with
    ``manifests`` may lie beside the manifest of the export that wrote them, which is then read. ``sql`` is read from
    the folder of ``package``, without one from truecost's own.
    """

    name: str
    title: str
    versions: tuple[str, ...]
    dataset: Dataset
    disposition: Disposition
    basis: Basis
    columns: tuple[Column, ...]
    sql: str
    read: Reader
    package: str | None = None
    natural_key: tuple[str, ...] = ()
    money: Mapping[str, str] = field(default_factory=dict)
    currency_column: str | None = None
    null_words: tuple[str, ...] = ("",)
    extra_columns: Literal["ignored", "tags"] = "ignored"
    quoted: bool = True
    delimiters: tuple[str, ...] = (",",)
    default_header: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    version_of: Callable[[Sequence[str]], str] = lambda header: ""
    recognises: Callable[[Path], bool] | None = None
    is_data: Callable[[Sequence[str]], bool] | None = None
    required_settings: tuple[str, ...] = ()
    settings: tuple[str, ...] | None = None
    manifests: bool = False

    def __post_init__(self) -> None:
        key = self.dataset.natural_key
        if key and self.natural_key not in ((), key):
            raise ValueError(f"rows of {self.dataset.name} are known by {', '.join(key)}; leave natural_key out")
        object.__setattr__(self, "natural_key", key or self.natural_key)

    @property
    def sql_name(self) -> str:
        """The query that types its rows, by full name."""
        return f"{self.package}:{self.sql}" if self.package else self.sql

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages of others that it is made of: their files decide what a load comes to, as ours do."""
        return tuple(dict.fromkeys(package for package in (self.package, self.dataset.package) if package))

    def match_columns(self, header: Sequence[str], options: FileOptions) -> dict[str, str]:
        """Our column name -> the file's, for those the file has.

        The source's ``columns`` win over the aliases. Names match whatever their case, spaces or underscores.
        """
        by_fold = {_fold(name): name for name in reversed(header)}
        matched = {}
        for column in self.columns:
            renamed = options.columns.get(column.name)
            wanted = [renamed] if renamed else [column.name, *column.aliases]
            found = next((by_fold[_fold(name)] for name in wanted if _fold(name) in by_fold), None)
            if found is not None:
                matched[column.name] = found
        return matched

    def missing_columns(self, header: Sequence[str], options: FileOptions) -> list[str]:
        """The required columns that a file with this header lacks, by the name the file should give them."""
        return [options.columns.get(column.name) or column.shown for column in self._missing(header, options)]

    def settings_for_missing(self, header: Sequence[str], options: FileOptions) -> list[str]:
        """The keys of the source that would stand in for required columns this header lacks."""
        return [column.setting for column in self._missing(header, options) if column.setting]

    def _missing(self, header: Sequence[str], options: FileOptions) -> list[Column]:
        matched = self.match_columns(header, options)
        return [
            column
            for column in self.columns
            if column.required
            and not matched.keys() & {column.name, *column.stand_ins}
            and column.setting not in options.settings
        ]


def _fold(name: str) -> str:
    return name.casefold().replace("_", "").replace(" ", "").replace("-", "")


@cache
def formats() -> dict[str, Format]:
    """Every registered format by name: those of this package and those of other packages.

    Raises:
        TruecostError: one can't be loaded, or two formats or datasets have the same name.
    """
    found: dict[str, Format] = {}
    for entry in sorted(entry_points(group="truecost.sources"), key=lambda entry: entry.name):
        if entry.name in found:
            raise TruecostError(f"two packages bring a format {entry.name!r}; uninstall one, {_origin(entry)} for one")
        found[entry.name] = _load(entry)
    _require_own_names(found.values())
    return found


@cache
def known_datasets() -> dict[str, Dataset]:
    """Every dataset by name: our own, and those that formats of other packages bring."""
    return {dataset.name: dataset for dataset in (*OWN, *(fmt.dataset for fmt in formats().values()))}


def _require_own_names(found: Iterable[Format]) -> None:
    """A dataset is the only one of its name."""
    taken = {dataset.name: dataset for dataset in OWN}
    for fmt in found:
        name = fmt.dataset.name
        if taken.setdefault(name, fmt.dataset) != fmt.dataset:
            raise TruecostError(
                f"the format {fmt.name!r} brings a dataset {name!r}, and there is another of that name; "
                f"the package {fmt.dataset.package} must give it another"
            )


def _load(entry: EntryPoint) -> Format:
    try:
        loaded = entry.load()
        if not isinstance(loaded, Format) or loaded.name != entry.name:
            raise TypeError(f"{entry.value} is no Format of this name")
    except Exception as error:  # whatever someone else's code may raise
        raise TruecostError(
            f"the format {entry.name!r} of {_origin(entry)} can't be loaded ({error}); mend the package or uninstall it"
        ) from error
    return loaded


def _origin(entry: EntryPoint) -> str:
    return f"the package {entry.dist.name!r}" if entry.dist else entry.value
