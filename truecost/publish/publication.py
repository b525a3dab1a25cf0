"""Publishing: the finance views as one read-only DuckDB file, swapped in whole.

DuckDB lets one process write and locks others out, so finance never opens the warehouse. A new file is written beside
the published one, checkpointed, closed, synced and renamed over it: a reader sees the old figures or the new, never
half of each.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from truecost import __version__
from truecost.archive.closes import VIEWS, Close, quarters_frozen
from truecost.archive.unfinished import PublishedCloses
from truecost.books.derivation import STEP as BOOKS_STEP
from truecost.books.gaps import tell_day
from truecost.books.session import Session
from truecost.errors import TruecostError
from truecost.sources import formats
from truecost.sources.others import others_fingerprints
from truecost.store.files import sha256_of, swap_in
from truecost.store.fingerprint import fingerprint
from truecost.store.sql import identifier, literal, names, query
from truecost.store.warehouse import last_fingerprint, remember_fingerprint, transaction
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VERSION = "finance_v1"
STEP = "publish"  # what is remembered of it: the sha256 of the file


def publish(session: Session) -> bool:
    """Write ``reports/reports.duckdb``; returns whether anything had changed since the last time.

    Raises:
        TruecostError: there are no books yet.
    """
    con, workspace, day = session.con, session.workspace, session.clock.today().isoformat()
    if last_fingerprint(con, BOOKS_STEP) is None:
        raise TruecostError("there are no books to publish yet; run `truecost run` or `truecost ingest` first")
    derived = con.execute(query("report/derived")).fetchall()
    parts = [derived, day, __version__, fingerprint("publish"), others_fingerprints()]
    rests_on = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    if _published_fingerprint(workspace.published) == rests_on and not published_faults(workspace, con):
        if last_fingerprint(con, STEP) is None:  # of a warehouse that was made anew
            remember_fingerprint(con, STEP, sha256_of(workspace.published))
        return False
    workspace.reports.mkdir(parents=True, exist_ok=True)
    for leftover in workspace.reports.glob(".new-*"):
        leftover.unlink()
    temporary = workspace.reports / f".new-{os.getpid()}.duckdb"
    tell_day(con)
    views = {name.removeprefix("finance/"): query(name) for name in names("finance")}
    views |= _views_of_others(con, workspace)
    con.execute(f"ATTACH {literal(str(temporary))} AS published")
    try:
        _write_views(con, views, session.closes.standing)
        con.execute(
            f"CREATE TABLE published.{VERSION}.publication AS SELECT ? AS fingerprint, ? AS workspace, "
            "CAST(? AS DATE) AS as_of, ? AS currency, ? AS truecost_version",
            [
                *(rests_on, workspace.name, day),
                *(workspace.config.workspace.reporting_currency, __version__),
            ],
        )
        con.execute("CHECKPOINT published")
    finally:
        con.execute("DETACH published")
    swap_in(temporary, workspace.published)
    remember_fingerprint(con, STEP, sha256_of(workspace.published))
    return True


def published_faults(workspace: Workspace, con: DuckDBPyConnection) -> list[str]:
    """Whether the published file is the one that was written; what is not there can be written anew at any time."""
    written = last_fingerprint(con, STEP)
    if not workspace.published.is_file() or written in (None, sha256_of(workspace.published)):
        return []
    return [f"{workspace.published} is not as it was published; `truecost publish` writes it anew"]


def open_published(path: Path) -> DuckDBPyConnection:
    """The published file, read-only, with its newest views in reach by bare name.

    Raises:
        TruecostError: nothing has been published.
    """
    import duckdb

    if not path.is_file():
        raise TruecostError(f"nothing is published at {path} yet; run `truecost run` first")
    con = duckdb.connect(str(path), read_only=True)
    set_up(con)
    return con


def set_up(con: DuckDBPyConnection) -> None:
    """Let a connection to the published file read its newest views by bare name, in UTC."""
    con.execute("SET TimeZone = 'UTC'")
    con.execute("USE finance")


def view_names(con: DuckDBPyConnection) -> frozenset[str]:
    """The views a published file holds: one that an older truecost wrote has fewer."""
    found = con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'finance'").fetchall()
    return frozenset(name for (name,) in found)


def read_published(path: Path) -> PublishedCloses | None:
    """What the published file says of quarters and closes; None where there is none that can be read."""
    import duckdb

    if not path.is_file():
        return None
    with contextlib.suppress(duckdb.Error), open_published(path) as con:
        if not {"closes", "true_cost_by_quarter"} <= view_names(con):
            return PublishedCloses({}, frozenset())  # of a truecost that closed nothing
        told = con.execute("SELECT DISTINCT quarter, status, version FROM true_cost_by_quarter").fetchall()
        closes = con.execute("SELECT quarter, version, reopened_at IS NOT NULL FROM closes").fetchall()
        return PublishedCloses({quarter: (status, version) for quarter, status, version in told}, frozenset(closes))
    return None


def header_comments(sql: str) -> tuple[str, dict[str, str]]:
    """(what the view is, what each column is): the comment lines a finance view opens with."""
    about, columns = "", {}
    for line in sql.splitlines():
        if not line.startswith("-- "):
            break
        name, colon, text = line.removeprefix("-- ").partition(": ")
        if about and colon and name.isidentifier():
            columns[name] = text
        else:
            about = f"{about} {line.removeprefix('-- ')}".strip()
    return about, columns


def with_frozen_rows(con: DuckDBPyConnection, name: str, sql: str, closes: Sequence[Close]) -> str:
    """A view's query, with the rows of closed quarters as they were frozen; where a close has none, as told now."""
    held = [str(path) for close in closes if name in VIEWS and (path := close.view(name))]
    if not held:
        return sql
    frozen = f"read_parquet([{', '.join(map(literal, held))}], union_by_name = true)"
    told = _columns(con, f"({sql})")
    shared = ", ".join(identifier(column) for column in _columns(con, frozen) if column in told)
    quarters = ", ".join(map(literal, quarters_frozen(closes, name)))
    return (
        f"SELECT * FROM (SELECT * FROM ({sql}) WHERE quarter NOT IN ({quarters}) "
        f"UNION ALL BY NAME SELECT {shared} FROM {frozen}) ORDER BY ALL"
    )


def _views_of_others(con: DuckDBPyConnection, workspace: Workspace) -> dict[str, str]:
    """The views that other packages bring for the datasets of this workspace's sources.

    Raises:
        TruecostError: the SQL of one can't be run, or its name is taken.
    """
    import duckdb

    views = {}
    for dataset in (formats()[source.format].dataset for source in workspace.config.sources):
        if not dataset.view:
            continue
        if f"finance/{dataset.name}" in names("finance"):
            raise TruecostError(
                f"the package {dataset.package} brings a view {dataset.name!r}, which truecost has already; "
                "it must give its dataset another"
            )
        sql = query(dataset.file(dataset.view))
        try:
            con.execute(f"SELECT * FROM ({sql}) LIMIT 0")
        except duckdb.Error as error:
            raise TruecostError(
                f"{dataset.view}.sql of the package {dataset.package} can't be published "
                f"({str(error).splitlines()[0]}); tell its author, or uninstall the package"
            ) from error
        views[dataset.name] = sql
    return views


def _columns(con: DuckDBPyConnection, relation: str) -> list[str]:
    return [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]


def _write_views(con: DuckDBPyConnection, views: dict[str, str], closes: Sequence[Close]) -> None:
    con.execute(f"CREATE SCHEMA published.{VERSION}")
    con.execute("CREATE SCHEMA published.finance")
    for name, sql in views.items():
        con.execute(f"CREATE TABLE published.{VERSION}.{name} AS {with_frozen_rows(con, name, sql, closes)}")
    # A view resolves its tables when it is made: they must be reachable without the name `published`.
    database = con.execute("SELECT current_database(), current_schema()").fetchone() or ("", "")
    con.execute("USE published")
    try:
        with transaction(con):  # hundreds of comments: each alone would be written to disk and waited for
            for name in views:
                con.execute(f"CREATE VIEW finance.{name} AS SELECT * FROM {VERSION}.{name}")
            con.execute(";\n".join(comment for name, sql in views.items() for comment in _comments(con, name, sql)))
    finally:
        con.execute(f"USE {identifier(database[0])}.{identifier(database[1])}")


def _comments(con: DuckDBPyConnection, name: str, sql: str) -> Iterator[str]:
    """What says what a view is, its table and every column of both, from the head of its SQL."""
    about, told = header_comments(sql)
    is_ours = f"finance/{name}" in names("finance")
    columns = [row[0] for row in con.execute(f"DESCRIBE {VERSION}.{name}").fetchall()]
    for kind, schema in (("TABLE", VERSION), ("VIEW", "finance")):
        yield f"COMMENT ON {kind} {schema}.{name} IS {literal(about)}"
        for column in columns:
            text = told.get(column) or (f"FOCUS 1.2: {_pascal(column)}" if is_ours else "")
            yield f"COMMENT ON COLUMN {schema}.{name}.{identifier(column)} IS {literal(text)}"


def _pascal(column: str) -> str:
    return "".join(word.capitalize() for word in column.split("_"))


def _published_fingerprint(path: Path) -> str | None:
    import duckdb

    if not path.is_file():
        return None
    with contextlib.suppress(duckdb.Error), duckdb.connect(str(path), read_only=True) as con:
        row = con.execute(f"SELECT fingerprint FROM {VERSION}.publication").fetchone()
        return str(row[0]) if row else None
    return None
