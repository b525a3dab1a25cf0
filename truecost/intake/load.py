"""Loading: each landed file -> staged rows -> judged -> the ledger and the quarantine, one transaction a delivery.

A delivery's rows depend on its file, its source's settings, the suite and the code, and on no other delivery: what a
newer delivery does to an older one is derived later (sql/books/10_deliveries). So any delivery can be loaded again, in
any order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from truecost import progress
from truecost.errors import DeliveryRefused
from truecost.intake.filters import left_out_sql
from truecost.intake.landing import LandedSet, Landing, Part, captured_version, set_order
from truecost.intake.tables import ensure_tables
from truecost.intake.validation import Suite, judge, load_suite
from truecost.sources import DEFAULT_LIMITS, FileOptions, Format, Limits, RawTable, formats, known_datasets
from truecost.sources.datasets import Dataset
from truecost.sources.readers.delimited import UNNAMED
from truecost.sources.readers.records import LINE, PLACE
from truecost.sources.refusals import refusing
from truecost.store.fingerprint import fingerprint as code_fingerprint
from truecost.store.fingerprint import fingerprint_of_others
from truecost.store.frames import in_reach
from truecost.store.sql import identifier, literal, parts_of, query
from truecost.store.warehouse import transaction
from truecost.workspace.config import SourceSection
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class _Counts(NamedTuple):
    read: int
    accepted: int
    quarantined: int
    skipped: int
    unreadable: int
    rounded: int


_LOGGED = ("deliveries", "claims", "slot_totals", "control_totals", "quarantine")  # of schema log, by delivery
_LONGEST_NAME = 1_000  # characters of a column
_NO_ROWS = _Counts(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Loaded:
    """What one delivery came to."""

    delivery_id: int
    source: str
    file: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_skipped: int
    refused_because: str | None


def load_landed(con: DuckDBPyConnection, workspace: Workspace) -> list[Loaded]:
    """Load every landed delivery whose file, settings, suite or code is not what it was last loaded with."""
    landing, limits = Landing(workspace.landing), workspace.config.limits.of_files
    known = dict(con.execute("SELECT delivery_id, fingerprint FROM log.deliveries").fetchall())
    due = []
    for entry, part, source in _landed_parts(landing, workspace):
        suite = load_suite(workspace, formats()[source.format].dataset)
        fingerprint = _fingerprint(part, source, suite, limits)
        if known.get(part.delivery_id) != fingerprint:
            due.append((entry, part, source, suite, fingerprint))
    loaded = []
    for number, (entry, part, source, suite, fingerprint) in enumerate(due, 1):
        progress.say("loading", part.file, number, len(due))
        fault = landing.object_fault(part.sha256) if part.sha256 else None
        path = landing.object_path(part.sha256) if part.sha256 else None
        loaded.append(load_delivery(con, entry, part, path, source, suite, fingerprint, limits, fault))
    return loaded


def load_delivery(
    con: DuckDBPyConnection,
    entry: LandedSet,
    part: Part,
    path: Path | None,
    source: SourceSection,
    suite: Suite,
    fingerprint: str = "",
    limits: Limits = DEFAULT_LIMITS,
    fault: str | None = None,
) -> Loaded:
    """Load one file, replacing what an earlier load of the same delivery left.

    A file that can't be read, whose content is not what landed (``fault``), or whose rows can't be stored, is refused,
    and nothing of it is loaded.
    """
    ensure_tables(con)
    columns = _about(entry, part, source) | {"fingerprint": fingerprint}
    if part.held_because is not None:
        _write_nothing(con, part.delivery_id, source, columns)
        return Loaded(part.delivery_id, source.name, part.file, *_NO_ROWS[:4], None)
    try:
        with refusing(path, part.file):
            if fault:
                raise DeliveryRefused(fault, may_pass=True)
            read = _read(con, entry, part, path, source, suite, limits)
            with transaction(con):
                _forget(con, part.delivery_id)
                counts = _write_facts(con, formats()[source.format], read.raw)
                told = {
                    **read.columns,
                    **_told_counts(counts),
                    "warnings": [*(entry.run.notes if entry.run else ()), *_warnings(con, read.raw)],
                }
                _write_delivery(con, columns | told)
                _write_contents(con, part.delivery_id, formats()[source.format].dataset)
    except DeliveryRefused as refusal:
        counts = _NO_ROWS
        columns |= {"refused_because": str(refusal)}
        if refusal.may_pass:
            columns["fingerprint"] = ""  # no run finds it up to date
        _write_nothing(con, part.delivery_id, source, columns)
    return Loaded(part.delivery_id, source.name, part.file, *counts[:4], columns["refused_because"])


def _write_nothing(
    con: DuckDBPyConnection, delivery_id: int, source: SourceSection, columns: Mapping[str, object]
) -> None:
    """A delivery of which no row is loaded: what it is, and why."""
    with transaction(con):
        _forget(con, delivery_id)
        _write_delivery(con, {**columns, **_told_counts(_NO_ROWS)})
        _write_contents(con, delivery_id, formats()[source.format].dataset)


class _Read(NamedTuple):
    """A file that has been read and judged: its rows, and what its delivery says beside them."""

    raw: RawTable
    columns: dict[str, Any]


def _read(
    con: DuckDBPyConnection,
    entry: LandedSet,
    part: Part,
    path: Path | None,
    source: SourceSection,
    suite: Suite,
    limits: Limits,
) -> _Read:
    """Read, type and judge a file: what is good of it is in ``accepted``, what is not in ``faulty``."""
    if part.refused_because is not None or path is None:
        raise DeliveryRefused(part.refused_because or "it has no content; deliver it again")
    if source.restates and entry.run is None and set_order(source, part.file) is None:
        raise DeliveryRefused(f"`version` of {source.name} finds nothing in its path; rename it or correct `version`")
    fmt = formats()[source.format]
    _tell_delivery(con, entry, part, source)
    options = _options(source, limits)
    with _blamed_on(fmt.package):
        raw = _staged(con, path, fmt, source, options)
    matched = fmt.match_columns(raw.header, options)
    judge(con, suite)
    _find_faulty(con, suite, raw, matched, limits)
    con.execute(f"SET VARIABLE has_malformed = {bool(raw.malformed)}")
    _accept(con, fmt, part.delivery_id, part.sha256 or "")
    return _Read(
        raw,
        {
            "format_version": fmt.version_of(raw.header) if raw.version is None else raw.version,
            "columns_ignored": _unmatched(fmt, raw, matched) if fmt.extra_columns == "ignored" else [],
            "begins_at": raw.begins_at,
            "continues_at": raw.continues_at,
        },
    )


def _about(entry: LandedSet, part: Part, source: SourceSection) -> dict[str, Any]:
    """What a delivery is, whatever comes of it."""
    fmt = formats()[source.format]
    return {
        "delivery_id": part.delivery_id,
        "source": source.name,
        "format": fmt.name,
        "format_version": "",
        "dataset": fmt.dataset.name,
        "file": part.file,
        "set_name": entry.set_name,
        "set_version": entry.set_version,
        "set_order": entry.run.order if entry.run else set_order(source, part.file),
        "run_export": entry.run.export if entry.run else None,
        "covers_from": entry.run.covers_from if entry.run else None,
        "covers_until": entry.run.covers_until if entry.run else None,
        "held_because": part.held_because,
        "sha256": part.sha256,
        "size_bytes": part.size_bytes,
        "received_at": _received_at(entry),
        "refused_because": None,
        "columns_ignored": [],
        "warnings": [],
    }


def _told_counts(counts: _Counts) -> dict[str, int]:
    return {f"rows_{name}": count for name, count in counts._asdict().items()}


@contextmanager
def _blamed_on(package: str | None) -> Iterator[None]:
    """What fails in the SQL of someone else's package is told as theirs."""
    import duckdb

    try:
        yield
    except (duckdb.DataError, duckdb.ProgrammingError) as error:
        if package is None:
            raise
        reason = str(error).splitlines()[0]
        raise DeliveryRefused(f"the SQL of the package {package} fails on it ({reason}); tell its author") from error


def _write_delivery(con: DuckDBPyConnection, columns: Mapping[str, object]) -> None:
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    con.execute(f"INSERT INTO log.deliveries ({names}) VALUES ({marks})", list(columns.values()))


def _landed_parts(landing: Landing, workspace: Workspace) -> Iterator[tuple[LandedSet, Part, SourceSection]]:
    for entry in landing.entries():
        source = workspace.source(entry.source)
        if source is not None:
            yield from ((entry, part, source) for part in entry.parts)


def _received_at(entry: LandedSet) -> datetime:
    return datetime.fromisoformat(entry.received_at).astimezone(UTC).replace(tzinfo=None)


def _tell_delivery(con: DuckDBPyConnection, entry: LandedSet, part: Part, source: SourceSection) -> None:
    """What a format may read of the delivery beside its content: its path, when it came, the version in its path."""
    version = captured_version(source, part.file)
    con.execute(f"SET VARIABLE delivery_file = {literal(part.file)}")
    con.execute(f"SET VARIABLE delivery_received_at = TIMESTAMP {literal(_received_at(entry).isoformat(sep=' '))}")
    con.execute(f"SET VARIABLE delivery_version = {'NULL::VARCHAR' if version is None else literal(version)}")


def _staged(con: DuckDBPyConnection, path: Path, fmt: Format, source: SourceSection, options: FileOptions) -> RawTable:
    """Read and type the file into the temp table ``stage``, seen through the temp view ``staged``."""
    import duckdb

    for variable, value in (
        ("currency", source.currency),
        ("timezone", source.timezone),
        ("cluster", source.cluster),
        ("model", source.model),
        ("role", source.role),
        ("dates", source.dates),
    ):
        con.execute(f"SET VARIABLE source_{variable} = {literal(value) if value else 'NULL::VARCHAR'}")
    con.execute(f"SET VARIABLE source_max_running_seconds = {source.max_running // timedelta(seconds=1)}")
    raw = fmt.read(con, path, fmt, options)
    if any(len(name) > _LONGEST_NAME for name in raw.header):
        raise DeliveryRefused(
            f"a column's name is longer than {_LONGEST_NAME:,} characters: each row would bear it; correct it"
        )
    if raw.careful is None:
        _stage(con, raw, fmt, options)
    else:
        try:
            rows = _stage(con, raw, fmt, options)
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.NotImplementedException):
            rows = None
        if rows != raw.expected_rows:
            raw = raw.careful()
            _stage(con, raw, fmt, options)
    if source.leave_out:
        _leave_out(con, raw, left_out_sql(source.leave_out, raw.header, fmt.match_columns(raw.header, options)))
    _create_staged_view(con, raw)
    return raw


def _stage(con: DuckDBPyConnection, raw: RawTable, fmt: Format, options: FileOptions) -> int:
    matched = fmt.match_columns(raw.header, options)
    words = ", ".join(literal(word) for word in fmt.null_words)
    selected = []
    for column in fmt.columns:
        if column.name in matched:
            name = identifier(matched[column.name])
            selected.append(f"CASE WHEN {name} NOT IN ({words}) THEN {name} END AS {identifier(column.name)}")
        else:
            selected.append(f"CAST(NULL AS VARCHAR) AS {identifier(column.name)}")
    if fmt.extra_columns == "tags":
        extra = sorted(_unmatched(fmt, raw, matched))  # so that the order of a file's columns makes no difference
        packed = ", ".join(f"{identifier(name)} := nullif({identifier(name)}, '')" for name in extra)
        tags = f"CAST(to_json(struct_pack({packed})) AS VARCHAR)" if extra else "CAST(NULL AS VARCHAR)"
        selected.append(f"{tags} AS extra_tags")
    con.execute(f"CREATE OR REPLACE TEMP VIEW raw AS SELECT {', '.join(selected)} FROM {raw.relation}")
    # In autocommit: only then do the stage's row ids count from 0 in the file's order.
    con.execute(f"CREATE OR REPLACE TEMP TABLE stage AS {query(fmt.sql_name)}")
    row = con.execute("SELECT count(*) FROM stage").fetchone()
    return int(row[0]) if row else 0


def _leave_out(con: DuckDBPyConnection, raw: RawTable, condition: str) -> None:
    """Skip the rows that the source leaves out: they are counted, and never judged."""
    row = identifier(f"{LINE}_index")  # a name that no file's column has
    con.execute(
        "UPDATE stage SET skip_reason = 'left_out' WHERE skip_reason IS NULL AND rowid IN ("
        f"SELECT {row} FROM (SELECT row_number() OVER () - 1 AS {row}, * FROM {raw.relation}) WHERE {condition})"
    )


def _create_staged_view(con: DuckDBPyConnection, raw: RawTable) -> None:
    fields = [name for name, *_ in con.execute("SELECT checks.* FROM stage LIMIT 0").description or ()]
    checks = ", ".join(f"checks.{identifier(name)} AS {identifier(f'{name}_check')}" for name in fields)
    line = f"stage.rowid + {raw.first_line}" if raw.first_line is not None else "raw_rows.__line"
    place = "0" if raw.first_line is not None else f"raw_rows.{PLACE}"
    joined = "" if raw.first_line is not None else "JOIN raw_rows ON raw_rows.rowid = stage.rowid"
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW lined AS SELECT stage.rowid AS row_index, {line} AS x_line, "
        f"CAST({place} AS INTEGER) AS x_place, stage.* FROM stage {joined}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * EXCLUDE (checks), {checks} FROM lined "
        "WHERE skip_reason IS NULL"
    )


def _find_faulty(con: DuckDBPyConnection, suite: Suite, raw: RawTable, matched: dict[str, str], limits: Limits) -> None:
    """The temp tables ``faulty``: each row to quarantine, by what it failed, and ``faulty_values``: the file's own.

    The first ``max_faults`` of them are quarantined in full: a file may be nothing but faults.
    """
    con.execute(f"SET VARIABLE max_faults = {limits.max_faults}")
    con.execute("CREATE OR REPLACE TEMP TABLE file_columns (column_name VARCHAR, file_column VARCHAR)")
    if matched:
        con.execute(
            "INSERT INTO file_columns SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            [list(matched), list(matched.values())],
        )
    same_group = " AND ".join(
        f"staged.{identifier(n)} IS NOT DISTINCT FROM profile.{identifier(n)}" for n in suite.columns
    )
    con.execute(query("intake/faulty", same_group=same_group))
    if con.execute("SELECT 1 FROM faulty LIMIT 1").fetchone() is None:
        con.execute("CREATE OR REPLACE TEMP TABLE faulty_values (row_index BIGINT, fields MAP(VARCHAR, VARCHAR))")
        return
    row = identifier(f"{LINE}_index")  # a name that no file's column has
    header = ", ".join(literal(name) for name in raw.header)
    fields = ", ".join(identifier(name) for name in raw.header)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE faulty_values AS "
        f"SELECT {row} AS row_index, MAP([{header}], [{fields}]) AS fields "
        f"FROM (SELECT row_number() OVER () - 1 AS {row}, * FROM {raw.relation}) "
        f"SEMI JOIN (FROM faulty WHERE is_kept) AS kept ON {row} = kept.row_index"
    )


def _accept(con: DuckDBPyConnection, fmt: Format, delivery_id: int, sha256: str) -> None:
    """The temp view ``accepted``: the good rows, with the slot each speaks for where the dataset has slots."""
    for variable, value in (
        ("id", str(delivery_id)),
        ("dataset", literal(fmt.dataset.name)),
        ("sha256", literal(sha256)),
    ):
        con.execute(f"SET VARIABLE delivery_{variable} = {value}")
    # Where no row is faulty, and where there is one slot, a join over every row would say nothing.
    without_faulty = "ANTI JOIN faulty USING (row_index)" if _one(con, "SELECT count(*) FROM faulty")[0] else ""
    not_facts = "checks, skip_reason" if fmt.dataset.slots else "checks, skip_reason, x_place"
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW good AS SELECT * EXCLUDE ({not_facts}) FROM lined "
        f"{without_faulty} WHERE skip_reason IS NULL"
    )
    if fmt.dataset.slots:
        period = identifier(fmt.natural_key[-1])
        parts = {"period": period} if "period" in parts_of(fmt.dataset.slots) else {}
        con.execute(query(fmt.dataset.slots, **parts))
        if _one(con, "SELECT count(*) FROM slots")[0] == 1:
            con.execute("CREATE OR REPLACE TEMP VIEW accepted AS SELECT *, 1 AS slot_no FROM good")
    else:
        con.execute("CREATE OR REPLACE TEMP VIEW accepted AS SELECT *, CAST(NULL AS INTEGER) AS slot_no FROM good")


def _write_facts(con: DuckDBPyConnection, fmt: Format, raw: RawTable) -> _Counts:
    """Write the staged delivery's rows, claims, quarantine and control totals."""
    with _blamed_on(fmt.dataset.package):
        for name in fmt.dataset.load_sql:
            con.execute(_load_sql(con, name, fmt.dataset))
    if fmt.dataset.slots:
        con.execute(query("intake/claims"))
    faulty = _one(con, "SELECT count(*) FROM faulty")[0]
    if faulty:
        con.execute(query("intake/quarantine"))
    if raw.malformed:
        import polars as pl

        kinds = {"line": pl.Int64, "text": pl.String, "message": pl.String, "rows": pl.Int64}
        with in_reach(con, "malformed", pl.DataFrame(list(map(asdict, raw.malformed)), schema=kinds)):
            con.execute(query("intake/malformed"))
    if fmt.money:
        con.execute(f"CREATE OR REPLACE TEMP VIEW money AS {' UNION ALL '.join(_money_selects(fmt))}")
        con.execute(query("intake/control_totals"))
        if too_much := con.execute(query("intake/too_much")).fetchone():
            raise DeliveryRefused(f"the amounts of {too_much[0]} add up to more than any bill; correct them")
    if fmt.dataset.slots:
        con.execute(query("intake/slot_totals"))
    rows = _one(con, "SELECT count(*), count(skip_reason) FROM stage")
    states = [f"checks.{identifier(name)}" for name in fmt.money]
    unreadable = " OR ".join(f"{state} IN ('not_a_number', 'out_of_range')" for state in states) or "FALSE"
    rounded = " OR ".join(f"{state} = 'rounded'" for state in states) or "FALSE"
    odd = _one(con, f"SELECT count(*) FILTER ({unreadable}), count(*) FILTER ({rounded}) FROM stage")
    bad_lines = sum(bad.rows for bad in raw.malformed)
    return _Counts(
        read=rows[0] + bad_lines,
        accepted=rows[0] - rows[1] - faulty,
        quarantined=faulty + bad_lines,
        skipped=rows[1],
        unreadable=odd[0] + (bad_lines if fmt.money else 0),
        rounded=odd[1],
    )


def _load_sql(con: DuckDBPyConnection, name: str, dataset: Dataset) -> str:
    """The query that writes the good rows; a general one is told the table, and the columns that say something."""
    if dataset.load:
        return query(name)
    staged = [column for column, *_ in con.execute("FROM good LIMIT 0").description or ()]
    told = [column for column in staged if column not in ("row_index", "x_line", *dataset.natural_key)]
    texts = ", ".join(f"CAST({identifier(column)} AS VARCHAR)" for column in told)
    return query(name, ledger_table=dataset.ledger_table, told=f"CAST([{texts}] AS VARCHAR[])")


def _money_selects(fmt: Format) -> Iterator[str]:
    currency = identifier(fmt.currency_column or "")
    for name, staged in fmt.money.items():
        shown = f"{literal(name)} AS column_name, {currency} AS currency"
        amount = f"{identifier(staged)} AS amount"
        yield f"SELECT {shown}, 'accepted' AS part, slot_no, {amount} FROM accepted"
        yield f"SELECT {shown}, 'quarantined', NULL, {amount} FROM staged SEMI JOIN faulty USING (row_index)"
        yield f"SELECT {shown}, 'skipped', NULL, {amount} FROM lined WHERE skip_reason IS NOT NULL"


def _warnings(con: DuckDBPyConnection, raw: RawTable) -> list[str]:
    """What the suite finds odd but not wrong, and whether the file is not all there is, in words."""
    found = con.execute(
        "SELECT first(message), sum(rows) FROM failing JOIN profile USING (group_id) "
        "WHERE is_warning GROUP BY position ORDER BY position"
    ).fetchall()
    told = [f"{rows} {'row' if rows == 1 else 'rows'}: {message}" for message, rows in found]
    told += raw.notes
    if raw.continues_at:
        told.append(f"more pages follow, from {raw.continues_at:%Y-%m-%d %H:%M} UTC (has_more): deliver them too")
    return told


def _forget(con: DuckDBPyConnection, delivery_id: int) -> None:
    for table, column in (contents_of() | {"log.contents": "delivery_id"}).items():
        con.execute(f"DELETE FROM {table} WHERE {column} = ?", [delivery_id])


def contents_of() -> dict[str, str]:
    """The tables that deliveries write to, and of each the column that names the delivery."""
    return _written(known_datasets().values())


def _written(datasets: Iterable[Dataset]) -> dict[str, str]:
    tables = {dataset.ledger_table for dataset in datasets} | {"ledger.invoice_totals"}
    return dict.fromkeys(sorted(tables), "x_delivery_id") | {f"log.{table}": "delivery_id" for table in _LOGGED}


def _write_contents(con: DuckDBPyConnection, delivery_id: int, dataset: Dataset) -> None:
    """What the delivery wrote, so that a row that is changed afterwards shows."""
    for name, column in _written([dataset]).items():
        asked = query("intake/contents", table=name, delivery_column=column)
        con.execute(asked, {"delivery": delivery_id, "name": name})


def _options(source: SourceSection, limits: Limits) -> FileOptions:
    settings = frozenset(key for key in ("currency", "cluster", "model", "role") if getattr(source, key))
    return FileOptions(source.columns, settings, limits, tuple(source.fields))


def _unmatched(fmt: Format, raw: RawTable, matched: dict[str, str]) -> list[str]:
    used = set(matched.values())
    return [name for name in raw.header if name not in used and not name.startswith(UNNAMED)]


def _one(con: DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    return tuple(con.execute(sql).fetchone() or ())


def _fingerprint(part: Part, source: SourceSection, suite: Suite, limits: Limits) -> str:
    """What a load depends on, as one hash."""
    settings = source.model_dump(
        mode="json", exclude={"path", "delivery", "key", "restates", "landing", "promoted_aliases"}
    )
    parts = [
        part.sha256,
        part.refused_because,
        part.held_because,
        part.file,
        settings,
        suite.fingerprint,
        astuple(limits),
        code_fingerprint("intake"),
        [fingerprint_of_others(package) for package in formats()[source.format].packages],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
