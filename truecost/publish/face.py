"""The published file for notebooks: its views as Polars frames, decimals as decimals, moments in UTC without a zone.

A file is held open only where someone asks for that: DuckDB gives one process one look at a file, so that a handle that
is kept shows old figures to all of it, after the file has been published anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.errors import TruecostError
from truecost.publish.publication import open_published, set_up
from truecost.publish.trace import figure_queries, seen_figure
from truecost.store.rows import read_rows
from truecost.store.sql import identifier, query
from truecost.workspace.tomlfiles import suggestion
from truecost.workspace.workspace import CONFIG, load_workspace

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

_BATCH_ROWS = 100_000
# What narrows a figure, as `truecost trace` calls it, and the filter it is.
OPTIONS = {
    "model": "model_id",
    "kind": "cost_kind",
    "run": "run_id",
    "source": "x_source",
    "service": "service_name",
    "invoice": "invoice_id",
    "delivery": "delivery_id",
    "resource": "resource_id",
    "idle": "is_idle",
    "adjustment": "is_adjustment",
    "training_only": "is_training_only",
} | {
    name: name
    for name in (
        *("quarter", "month", "since", "until", "stage", "activity", "round", "origin_quarter", "reason", "step"),
        *("build", "treatment", "billed", "coverage", "gpu_type", "day"),
    )
}
_SWITCHES = ("build", "billed")  # there is no figure of what they leave out
_MONTHS = ("month", "since", "until")


@dataclass(frozen=True)
class Trace:
    """The charges behind a figure, costliest first. ``total`` is the figure, over all ``count`` of them."""

    charges: pl.DataFrame
    count: int
    total: Decimal | None
    currency: str | None


class Published:
    """What was last published. Each call opens the file as it is then, and closes it.

    ``with truecost.open() as books`` holds one file open until its end, so that all that is read within is of one
    publication, whatever is published meanwhile. After it, the books are closed.

    A view is also an attribute: ``books.totals`` is ``books.view("totals")``.
    """

    def __init__(self, path: str | PathLike[str] = ".") -> None:
        self.path = _published_file(Path(path))
        self._held: DuckDBPyConnection | None = None
        self._is_closed = False
        _see_published(self.path)

    @property
    def views(self) -> dict[str, str]:
        """What each view is, by its name."""
        return dict(self._fetch(query("publish/views")))

    @property
    def quarters(self) -> list[str]:
        """The quarters that have a cost, oldest first."""
        return [name for (name,) in self._fetch(query("publish/quarters"))]

    @property
    def models(self) -> list[str]:
        """The models that have a cost or a plan."""
        return [name for (name,) in self._fetch(query("publish/models"))]

    def view(self, name: str) -> pl.DataFrame:
        """A view, whole.

        Raises:
            TruecostError: there is none of that name.
        """
        with self._reading() as con:
            return _of_view(con, name, "*").pl()

    def scan(self, name: str) -> pl.LazyFrame:
        """A view that is read when it is collected, from the file as it is then; for views that are large.

        DuckDB reads only the columns that are used, and only the first rows where ``head`` comes first. Filters and all
        else are Polars' work, batch by batch: every row of those columns is looked at, but they need not all be held.

        Raises:
            TruecostError: there is none of that name; or when it is collected, the books are closed.
        """
        from polars.io.plugins import register_io_source

        with self._reading() as con:
            schema = _of_view(con, name, "*", 0).pl().schema

        def read(
            columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, batch_rows: int | None
        ) -> Iterator[pl.DataFrame]:
            shown = ", ".join(map(identifier, schema if columns is None else columns))
            with self._reading() as con:
                for batch in _batches(_of_view(con, name, shown, rows), batch_rows or _BATCH_ROWS):
                    # Not DuckDB's work: its own translation of filters rounds amounts to 28 digits.
                    yield batch if predicate is None else batch.filter(predicate)

        return register_io_source(read, schema=schema)

    def trace(self, *, limit: int | None = None, **options: object) -> Trace:
        """The charges that add up to a figure: all of them, or the ``limit`` costliest.

        The options are those of ``truecost trace`` (docs/tracing.md): ``model``, ``quarter``, ``stage``, ``kind``,
        ``training_only`` and others, which narrow one another. Months and days are dates, or text like 2026-03.

        Raises:
            TruecostError: there is no such option, options do not go together, or no charge fits.
        """
        total, charges, values = figure_queries(_filters(options))
        with self._reading() as con:
            con.execute("SET VARIABLE shown_charges = CAST(? AS BIGINT)", [limit])
            whole = seen_figure(read_rows(con, total, values))
            found = con.execute(charges, values).pl()
        return Trace(found, whole["charge_count"], whole["total"], whole["currency"])

    def close(self) -> None:
        """Let go of the file, and read no more."""
        if self._held:
            self._held.close()
        self._held, self._is_closed = None, True

    def __enter__(self) -> Published:
        self._see_open()
        self._held = self._held or open_published(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> pl.DataFrame:
        if name.startswith("_"):  # a notebook asks for many of these, and none is a view
            raise AttributeError(name)
        try:
            return self.view(name)
        except TruecostError as error:
            raise AttributeError(str(error)) from error

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *self.views})

    def __repr__(self) -> str:
        return f"<published books {self.path}>"

    @contextmanager
    def _reading(self) -> Iterator[DuckDBPyConnection]:
        """The published file; the one that is held, if one is."""
        self._see_open()
        with self._held.cursor() if self._held else open_published(self.path) as con:
            set_up(con)
            yield con

    def _see_open(self) -> None:
        if self._is_closed:
            raise TruecostError("these books are closed; open them again with truecost.open")

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        with self._reading() as con:
            return con.execute(sql).fetchall()


def _published_file(path: Path) -> Path:
    """The published file of a workspace, or the file itself."""
    if (path / CONFIG).is_file():
        return load_workspace(path).published
    if path.is_dir() or not path.exists():
        raise TruecostError(f"{path} is no workspace: it has no {CONFIG}; name a workspace, or a reports.duckdb")
    return path


def _see_published(path: Path) -> None:
    """Raise where the file can't be read, at once and not by the first view that is asked for."""
    import duckdb

    try:
        open_published(path).close()
    except duckdb.Error as error:
        raise TruecostError(
            f"{path} is no file that truecost published; name a workspace, or its reports.duckdb"
        ) from error


def _of_view(con: DuckDBPyConnection, name: str, shown: str, rows: int | None = None) -> DuckDBPyConnection:
    """Ask for columns of a view, of the first ``rows`` if so many are given."""
    import duckdb

    known = {view for view, _ in con.execute(query("publish/views")).fetchall()}
    if name not in known:
        told = suggestion(name, known, f"the views are {', '.join(sorted(known))}")
        raise TruecostError(f"there is no view {name!r}; {told}")
    limit = "" if rows is None else f" LIMIT {rows}"
    try:
        return con.execute(f"SELECT {shown} FROM finance.{identifier(name)}{limit}")
    except duckdb.BinderException as error:
        raise TruecostError(f"{name} has been published anew, with other columns; scan it again") from error


def _batches(found: DuckDBPyConnection, rows: int) -> Iterator[pl.DataFrame]:
    import polars as pl

    for batch in found.to_arrow_reader(rows):
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)
        yield frame


def _filters(options: Mapping[str, object]) -> dict[str, object]:
    """The options as filters of a trace.

    Raises:
        TruecostError: there is no such option, or none is given.
    """
    if strange := sorted(options.keys() - OPTIONS.keys()):
        told = suggestion(strange[0], set(OPTIONS), f"the options are {', '.join(sorted(OPTIONS))}")
        raise TruecostError(f"a trace has no option {strange[0]!r}; {told}")
    filters = {
        OPTIONS[name]: _day(name, value) if name in (*_MONTHS, "day") else value
        for name, value in options.items()
        if value is not None and (value or name not in _SWITCHES)
    }
    if not filters:
        raise TruecostError("name a figure, with model, quarter, stage, kind, run and others")
    return filters


def _day(name: str, value: object) -> date:
    """A day, or the first of a month."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, str):
        try:
            value = date.fromisoformat(f"{value}-01" if name in _MONTHS and value.count("-") == 1 else value)
        except ValueError as error:
            form = "2026-03" if name in _MONTHS else "2026-03-05"
            raise TruecostError(f"{name} can't be {value!r}; write it like {form}") from error
    if not isinstance(value, date):
        raise TruecostError(f"{name} can't be {value!r}; give a date")
    return value.replace(day=1) if name in _MONTHS else value
