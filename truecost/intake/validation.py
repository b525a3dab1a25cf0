"""Validation: Great Expectations suites, kept as data, decide which rows are quarantined.

DuckDB reduces a delivery to its distinct profile (the columns its suite reads, grouped), Great Expectations judges the
profile, and SQL joins the failing groups back to the rows. So the suite decides, and millions of rows cost what a few
groups cost.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from truecost.errors import Fault, TruecostError
from truecost.sources.datasets import Dataset
from truecost.store.frames import insert_rows
from truecost.store.rows import Row
from truecost.store.sql import identifier
from truecost.workspace.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl
    from duckdb import DuckDBPyConnection

_COLUMN_KEYS = ("column", "column_A", "column_B")
_REMEMBERED_GROUPS = 100  # of the largest profile whose judgement is remembered


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite. ``column_name`` is the file's column it speaks of, for the quarantine."""

    rule: str
    kwargs: Mapping[str, Any]
    column_name: str
    message: str
    remedy: str
    is_warning: bool

    @property
    def columns(self) -> tuple[str, ...]:
        named = [self.kwargs[key] for key in _COLUMN_KEYS if key in self.kwargs]
        return (*named, *self.kwargs.get("column_list", ()))


@dataclass(frozen=True)
class Suite:
    """The expectations of one dataset, in the file's order."""

    dataset: str
    expectations: tuple[Expectation, ...]
    fingerprint: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the profile."""
        return tuple(dict.fromkeys(name for item in self.expectations for name in item.columns))

    @cached_property
    def translated(self) -> Any:
        """The ``great_expectations.ExpectationSuite``; an expectation's ``meta`` holds its ``position``."""
        return _translated(self)


def load_suite(workspace: Workspace, dataset: Dataset) -> Suite:
    """The suite of ``dataset``: the workspace's own where it has one, else the one that comes with the dataset.

    Raises:
        TruecostError: the file is not a suite, or is not there.
    """
    own = workspace.expectations / f"{dataset.name}.json"
    if own.is_file():
        return _parse_suite(dataset.name, own.read_text("utf-8"), str(own))
    packaged = files(dataset.package or "truecost.expectations").joinpath(f"{dataset.name}.json")
    if not packaged.is_file():
        raise TruecostError(
            f"the package {dataset.package} has no suite {dataset.name}.json; write expectations/{dataset.name}.json "
            "in the workspace, or tell its author"
        )
    return _parse_suite(
        dataset.name, packaged.read_text("utf-8"), f"{dataset.package or 'expectations'}/{dataset.name}.json"
    )


@lru_cache
def _parse_suite(dataset: str, text: str, file: str) -> Suite:
    try:
        items = json.loads(text)["expectations"]
        expectations = tuple(
            Expectation(
                rule=item["type"],
                kwargs=item.get("kwargs", {}),
                column_name=item.get("meta", {}).get("column_name") or item.get("kwargs", {}).get("column", ""),
                message=item.get("meta", {}).get("message") or item["type"].replace("_", " "),
                remedy=item.get("meta", {}).get("remedy", "correct the row in its source and deliver it again"),
                is_warning=item.get("severity") == "warning",
            )
            for item in items
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        fault = Fault(
            file,
            None,
            f"the suite can't be read ({error})",
            "mend it: it is a Great Expectations suite as JSON",
        )
        raise TruecostError(str(fault)) from error
    if not any(item.columns for item in expectations):
        fault = Fault(
            file,
            None,
            "no expectation of the suite reads a column",
            "add one, or take the file out to use truecost's own",
        )
        raise TruecostError(str(fault))
    return Suite(dataset, expectations, hashlib.sha256(text.encode()).hexdigest())


def judge(con: DuckDBPyConnection, suite: Suite) -> None:
    """Validate the temp view ``staged``; leaves the temp tables ``profile`` and ``failing``.

    ``profile`` has a ``group_id``, the suite's columns and ``rows``; ``failing`` has one row per failing group and
    expectation: ``group_id, position, rule, column_name, message, remedy, is_warning``.
    """
    known = {name: str(kind) for name, kind, *_ in con.execute("SELECT * FROM staged LIMIT 0").description or ()}
    if unknown := [name for name in suite.columns if name not in known]:
        raise TruecostError(
            f"the suite of {suite.dataset} reads the column {unknown[0]!r}, which there is not; "
            f"use one of {', '.join(sorted(known))}"
        )
    if spans := [name for name in suite.columns if known[name] == "INTERVAL"]:
        raise TruecostError(
            f"the suite of {suite.dataset} reads the column {spans[0]!r}, a span of time, which no expectation can "
            "judge; let the format give it as a number, of seconds say"
        )
    columns = ", ".join(identifier(name) for name in suite.columns)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE profile AS "
        f"SELECT row_number() OVER () AS group_id, {columns}, count(*) AS rows FROM staged GROUP BY {columns}"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE failing (group_id BIGINT, position INTEGER, rule VARCHAR, column_name VARCHAR, "
        "message VARCHAR, remedy VARCHAR, is_warning BOOLEAN)"
    )
    profile = con.execute("SELECT * EXCLUDE (rows) FROM profile ORDER BY group_id").pl()
    insert_rows(con, "failing", _failing_groups(profile, suite))


@dataclass(frozen=True)
class _Question:
    """A profile to be judged by a suite, known by what both say."""

    said: str
    profile: pl.DataFrame = field(compare=False)
    suite: Suite = field(compare=False)


def _failing_groups(profile: pl.DataFrame, suite: Suite) -> list[Row]:
    """The rows of ``failing``. The files of a source are mostly alike: what was judged before is not judged again."""
    if profile.is_empty():
        return []
    if profile.height > _REMEMBERED_GROUPS:
        return _judged(profile, suite)
    said = repr((suite.dataset, suite.fingerprint, profile.schema, profile.rows()))
    return _remembered(_Question(said, profile, suite))


@lru_cache(maxsize=256)
def _remembered(asked: _Question) -> list[Row]:
    return _judged(asked.profile, asked.suite)


def _judged(profile: pl.DataFrame, suite: Suite) -> list[Row]:
    """What Great Expectations says of a profile that has groups."""
    # Great Expectations knows pandas only.
    batch = _profiles().get_batch(batch_parameters={"dataframe": profile.to_pandas(date_as_object=True)})
    if batch.validate(suite.translated, result_format="BOOLEAN_ONLY").success:
        return []  # as most deliveries end: told in half the time
    result = batch.validate(
        suite.translated, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["group_id"]}
    )
    failing: list[Row] = []
    for outcome in result.results:
        position = outcome.expectation_config.meta["position"]
        item = suite.expectations[position]
        if reason := _why_not_run(outcome.exception_info):
            raise TruecostError(
                f"the expectation {item.rule} of {suite.dataset} can't be run ({reason}); mend the suite"
            )
        if outcome.success:
            continue
        groups = {entry["group_id"] for entry in outcome.result.get("unexpected_index_list") or ()}
        if not groups:  # an expectation about the whole, not about rows: every group is at fault
            groups = set(profile["group_id"])
        failing += [
            {
                "group_id": int(group),
                "position": position,
                "rule": item.rule,
                "column_name": item.column_name,
                "message": item.message,
                "remedy": item.remedy,
                "is_warning": item.is_warning,
            }
            for group in sorted(groups)
        ]
    return failing


def _why_not_run(told: Mapping[Any, Any]) -> str | None:
    """What went wrong in an expectation, which Great Expectations tells flat, or by metric."""
    for part in (told, *told.values()):
        if isinstance(part, Mapping) and part.get("raised_exception"):
            return str(part.get("exception_message")).splitlines()[0]
    return None


def _translated(suite: Suite) -> Any:
    """The suite as Great Expectations has it, each expectation with its position."""
    import great_expectations as gx
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    asked = []
    for position, item in enumerate(suite.expectations):
        meant = ExpectationConfiguration(type=item.rule, kwargs=dict(item.kwargs), meta={"position": position})
        try:
            asked.append(meant.to_domain_obj())
        except (GreatExpectationsError, ValueError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise TruecostError(
                f"the expectation {item.rule} of {suite.dataset} can't be run ({reason}); mend the suite"
            ) from error
    return gx.ExpectationSuite(name=suite.dataset, expectations=asked)


@cache
def _profiles() -> Any:
    """What makes a batch of a profile; made once, since to add a data source costs more than to validate a batch."""
    source = _context().data_sources.add_pandas(name="profile")
    return source.add_dataframe_asset(name="profile").add_batch_definition_whole_dataframe("profile")


@cache
def _context() -> Any:
    """One context for the process: in memory, without telemetry or progress bars."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context
