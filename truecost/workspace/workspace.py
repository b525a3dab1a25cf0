"""The workspace: a folder with ``truecost.toml`` and plans, parsed once into typed values.

Every fault of these files is reported together, each with its line and its remedy, before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from truecost.errors import ConfigError, Fault, TruecostError
from truecost.sources import FORMAT_SETTINGS, formats
from truecost.workspace.config import (
    CapacitySection,
    ColumnTest,
    ConfigFile,
    Match,
    ModelSection,
    PromptingSection,
    RateSection,
    SourceSection,
    StaffSection,
    TokenRateSection,
    WorkspaceSection,
)
from truecost.workspace.lookups import Lookup, read_lookup
from truecost.workspace.plans import Plan, read_plans
from truecost.workspace.tomlfiles import TomlLines, by_line, read_toml, schema_fault, suggestion

CONFIG = "truecost.toml"


@dataclass(frozen=True)
class Workspace:
    """A workspace that has passed every check; paths are absolute."""

    root: Path
    config: ConfigFile
    plans: Mapping[str, Plan] = field(default_factory=dict)  # by model, in the order of [[models]]
    staff_lines: tuple[int, ...] = ()  # where each [[staff]] stands in truecost.toml
    capacity_lines: tuple[int, ...] = ()  # and each [[capacity]]
    token_rate_lines: tuple[int, ...] = ()  # and each of [[token_rates]]
    rule_lines: tuple[int, ...] = ()  # and each [[attribution]]
    lookups: Mapping[str, Lookup] = field(default_factory=dict)  # by name
    home: Path | None = None  # where the warehouse, the landing, the journal and the reports are, if not in the root
    patience: timedelta | None = None  # in place of the file's own `wait`; no setting, so the books don't rest on it

    @property
    def name(self) -> str:
        return self.config.workspace.name

    @property
    def wait(self) -> timedelta:
        """How long a step waits for the warehouse."""
        return self.config.workspace.wait if self.patience is None else self.patience

    def without_waiting(self) -> Workspace:
        """The same, for someone who would rather read something else than wait for the warehouse."""
        return replace(self, patience=timedelta(0))

    @property
    def warehouse(self) -> Path:
        return (self.home or self.root) / self.config.workspace.warehouse

    @property
    def landing(self) -> Path:
        return (self.home or self.root) / "landing"

    @property
    def journal(self) -> Path:
        return (self.home or self.root) / "journal"

    @property
    def closed(self) -> Path:
        return (self.home or self.root) / "closed"

    @property
    def reports(self) -> Path:
        return (self.home or self.root) / self.config.workspace.reports

    @property
    def published(self) -> Path:
        return self.reports / "reports.duckdb"

    @property
    def expectations(self) -> Path:
        """Suites here replace those that come with truecost, dataset by dataset."""
        return self.root / "expectations"

    def source(self, name: str) -> SourceSection | None:
        return next((source for source in self.config.sources if source.name == name), None)

    def model(self, model_id: str) -> ModelSection:
        """The model of that name.

        Raises:
            TruecostError: there is none.
        """
        for model in self.config.models:
            if model.id == model_id:
                return model
        known = ", ".join(model.id for model in self.config.models)
        raise TruecostError(f"there is no model {model_id}; the models are {known or 'none yet'}")


def load_workspace(root: Path) -> Workspace:
    """Read and check ``root/truecost.toml`` and the plans it names.

    Raises:
        ConfigError: every fault of these files.
    """
    path = root / CONFIG
    if not path.is_file():
        raise ConfigError(
            [
                Fault(
                    str(path),
                    None,
                    "there is no workspace here",
                    "name one with --workspace, or make one with `truecost init DIR`",
                )
            ]
        )
    parsed, lines = read_toml(path, CONFIG)
    plans, plan_faults = read_plans(root, _named_plans(parsed), _reporting_currency(parsed))
    try:
        config = ConfigFile.model_validate(parsed)
    except ValidationError as error:
        faults = by_line(schema_fault(item, CONFIG, lines, ConfigFile) for item in error.errors())
        raise ConfigError([*faults, *plan_faults]) from error
    models = {model.id for model in config.models}
    lookups, lookup_faults = {}, list[Fault]()
    for section in config.lookups:
        lookups[section.name], found = read_lookup(root, section, models)
        lookup_faults += found
    faults = [*by_line(_cross_faults(root, config, lines)), *plan_faults, *lookup_faults]
    if faults:
        raise ConfigError(faults)
    staff_lines, capacity_lines, token_rate_lines, rule_lines = (
        tuple(lines.find((section, index)) or 1 for index in range(count))
        for section, count in (
            ("staff", len(config.staff)),
            ("capacity", len(config.capacity)),
            ("token_rates", len(config.token_rates)),
            ("attribution", len(config.attribution)),
        )
    )
    return Workspace(root.resolve(), config, plans, staff_lines, capacity_lines, token_rate_lines, rule_lines, lookups)


def match_columns() -> frozenset[str]:
    """The columns of a charge that a rule may match (``tags.*`` beside them)."""
    from truecost.sources.focus import FORMAT

    texts = (column.name for column in FORMAT.columns if not column.name.endswith(("_cost", "_price", "_quantity")))
    return frozenset(texts) | {"source"}


def amount_columns() -> frozenset[str]:
    """The columns of a charge that hold numbers, for ranges."""
    from truecost.sources.focus import FORMAT

    return frozenset(c.name for c in FORMAT.columns if c.name.endswith(("_cost", "_price", "_quantity")))


def _named_plans(parsed: dict[str, Any]) -> dict[str, str]:
    """Model -> its plan, read before the file is known to be sound, so that all faults can be told together."""
    models = parsed.get("models")
    listed = [model for model in models if isinstance(model, dict)] if isinstance(models, list) else []
    return {str(model.get("id")): model["plan"] for model in listed if isinstance(model.get("plan"), str)}


def _reporting_currency(parsed: dict[str, Any]) -> str:
    section = parsed.get("workspace")
    named = section.get("reporting_currency") if isinstance(section, dict) else None
    return str(named or WorkspaceSection.model_fields["reporting_currency"].default)


def _cross_faults(root: Path, config: ConfigFile, lines: TomlLines) -> Iterator[Fault]:
    yield from _repeated([source.name for source in config.sources], "sources", "name", lines)
    yield from _repeated([model.id for model in config.models], "models", "id", lines)
    for index, source in enumerate(config.sources):
        yield from _source_faults(index, source, lines)
    for index, model in enumerate(config.models):
        if model.plan and not (root / model.plan).is_file():
            at = lines.find(("models", index, "plan"))
            yield Fault(
                CONFIG,
                at,
                f"the plan {model.plan} of {model.id} is not there",
                "write it, or take the key out",
            )
    known = {model.id for model in config.models}
    for index, rule in enumerate(config.attribution):
        if rule.model is not None and rule.model not in known:
            yield _unknown_model(rule.model, ("attribution", index, "model"), known, lines)
        if rule.lookup and rule.lookup.table not in {lookup.name for lookup in config.lookups}:
            at = lines.find(("attribution", index, "lookup"))
            yield Fault(CONFIG, at, f"no [[lookups]] has the name {rule.lookup.table!r}", "add it")
        if rule.lookup:
            yield from _match_faults({rule.lookup.on: ["*"]}, ("attribution", index, "lookup"), config, lines)
        yield from _match_faults(rule.match, ("attribution", index, "match"), config, lines)
    for index, allocation in enumerate(config.allocations):
        yield from _match_faults(allocation.match, ("allocations", index, "match"), config, lines)
        where = ("allocations", index)
        yield from _share_faults(allocation.driver, allocation.models, allocation.shares, where, known, lines)
    yield from _share_faults(config.idle.policy, config.idle.models, config.idle.shares, ("idle",), known, lines)
    for index, coverage in enumerate(config.coverage):
        for side, match in (("billed", coverage.billed), ("usage", coverage.usage)):
            yield from _match_faults(match, ("coverage", index, side), config, lines)
    yield from _capacity_faults(config, lines)
    sources = {source.name for source in config.sources}
    for index, source in enumerate(config.sources):
        if source.model is not None and source.model not in known:
            yield _unknown_model(source.model, ("sources", index, "model"), known, lines)
    for index, staff in enumerate(config.staff):
        if staff.model not in known:
            yield _unknown_model(staff.model, ("staff", index, "model"), known, lines)
        yield from _time_faults(staff, ("staff", index), lines)
    for index, rate in enumerate(config.rates):
        yield from _time_faults(rate, ("rates", index), lines)
    for index, change in enumerate(config.changes):
        if change.model not in known:
            yield _unknown_model(change.model, ("changes", index, "model"), known, lines)
    yield from _token_rate_faults(config, known, lines)
    for index, expected in enumerate(config.expected):
        if expected.source not in sources:
            at = lines.find(("expected", index, "source"))
            remedy = suggestion(expected.source, sources, "name one of [[sources]]")
            yield Fault(CONFIG, at, f"no source is called {expected.source!r}", remedy)
    yield from _budget_faults(config, known, lines)
    yield from _prompting_faults(config, known, lines)


def _prompting_faults(config: ConfigFile, known: set[str], lines: TomlLines) -> Iterator[Fault]:
    for index, price in enumerate(config.prompting):
        where = ("prompting", index)
        if price.model not in known:
            yield _unknown_model(price.model, (*where, "model"), known, lines)
        yield from _time_faults(price, where, lines)
        if any(other.model == price.model and _is_same_time(other, price) for other in config.prompting[:index]):
            message = f"two [[prompting]] price the requests of {price.model} at a time, which would count twice"
            yield Fault(CONFIG, lines.find(where), message, "give each its time with `from` and `to`")


def _budget_faults(config: ConfigFile, known: set[str], lines: TomlLines) -> Iterator[Fault]:
    names: set[str] = set()
    for index, budget in enumerate(config.budgets):
        if budget.model is not None and budget.model not in known:
            yield _unknown_model(budget.model, ("budgets", index, "model"), known, lines)
        if budget.name in names:
            at = lines.find(("budgets", index, "name"))
            yield Fault(CONFIG, at, f"two budgets are called {budget.name!r}", "rename one")
        names.add(budget.name)


def _unknown_model(model: str, where: tuple[str | int, ...], known: set[str], lines: TomlLines) -> Fault:
    remedy = suggestion(model, known, "add it under [[models]]")
    return Fault(CONFIG, lines.find(where), f"no [[models]] has the id {model!r}", remedy)


def _source_faults(index: int, source: SourceSection, lines: TomlLines) -> Iterator[Fault]:
    if source.format not in formats():
        at = lines.find(("sources", index, "format"))
        remedy = suggestion(source.format, set(formats()), f"use one of {', '.join(sorted(formats()))}")
        yield Fault(CONFIG, at, f"the format {source.format!r} is unknown", remedy)
    else:
        basis = formats()[source.format].basis
        if source.basis not in (None, basis):
            at = lines.find(("sources", index, "basis"))
            yield Fault(CONFIG, at, f"{source.format} is always {basis}, not {source.basis}", "take the key out")
        for key in formats()[source.format].required_settings:
            if getattr(source, key) is None:
                at = lines.find(("sources", index))
                remedy = "name one of [[models]]" if key == "model" else "add it"
                yield Fault(CONFIG, at, f"a source of the format {source.format} needs the key {key!r}", remedy)
        yield from _unused_keys(index, source, lines)
        yield from _merge_faults(index, source, lines)
        columns = {column.name for column in formats()[source.format].columns}
        for name in sorted(set(source.columns) - columns):
            at = lines.find(("sources", index, "columns"))
            remedy = suggestion(name, columns, f"use one of {', '.join(sorted(columns))}")
            yield Fault(CONFIG, at, f"{source.format} has no column {name!r}", remedy)
    if not _is_timezone(source.timezone):
        at = lines.find(("sources", index, "timezone"))
        yield Fault(CONFIG, at, f"the timezone {source.timezone!r} is unknown", "use a name like Europe/Berlin or UTC")
    if "://" in source.path:
        at = lines.find(("sources", index, "path"))
        yield Fault(
            CONFIG,
            at,
            f"{source.path} is not on this machine's disk",
            "copy the files to a folder and name that",
        )
    if source.version and not _is_version_pattern(source.version):
        at = lines.find(("sources", index, "version"))
        yield Fault(CONFIG, at, "`version` must be a regular expression with one group", "write it like 'v(\\d+)'")
    if source.restates and not source.version:
        at = lines.find(("sources", index, "restates"))
        yield Fault(
            CONFIG,
            at,
            "`restates` needs to know which delivery is newer",
            "add `version`, a pattern over the path",
        )


def _merge_faults(index: int, source: SourceSection, lines: TomlLines) -> Iterator[Fault]:
    """``merge`` is for bills, whose rows are not known by a key of their own, and a key is for ``merge``."""
    if source.delivery != "merge":
        if source.key:
            at = lines.find(("sources", index, "key"))
            yield Fault(CONFIG, at, "`key` means nothing without merging", 'set `delivery = "merge"`, or take it out')
        return
    fmt = formats()[source.format]
    if not fmt.dataset.row_key:
        at = lines.find(("sources", index, "delivery"))
        yield Fault(CONFIG, at, f"rows of {source.format} come again by a key of their own already", "take the key out")
    if source.restates:
        at = lines.find(("sources", index, "restates"))
        yield Fault(CONFIG, at, "files that hold only what changed restate no period", "take `restates` out")
    known = {column.name for column in fmt.columns}
    for name in sorted(set(source.key) - known):
        at = lines.find(("sources", index, "key"))
        remedy = suggestion(name, known, f"use one of {', '.join(sorted(known))}")
        yield Fault(CONFIG, at, f"{source.format} has no column {name!r}", remedy)


def _unused_keys(index: int, source: SourceSection, lines: TomlLines) -> Iterator[Fault]:
    """Keys that the source's format can't use: they would be swallowed, and mean nothing."""
    usable = formats()[source.format].settings
    if usable is None:
        return
    for key in FORMAT_SETTINGS:
        if key in source.model_fields_set and key not in usable:
            at = lines.find(("sources", index, key))
            yield Fault(CONFIG, at, f"a source of the format {source.format} can't use the key {key!r}", "take it out")


def _match_faults(match: Match, where: tuple[str | int, ...], config: ConfigFile, lines: TomlLines) -> Iterator[Fault]:
    for column, values in match.items():
        if isinstance(values, ColumnTest):
            yield from _test_faults(column, values, where, lines)
            continue
        if not column.startswith("tags.") and column not in match_columns():
            remedy = suggestion(column, set(match_columns()), "use a column of the charge or tags.NAME")
            yield Fault(CONFIG, lines.find(where), f"a charge has no column {column!r}", remedy)
        if column == "source":
            names = {source.name for source in config.sources}
            for value in values:
                if isinstance(value, str) and not set(value) & set("*?") and value not in names:
                    remedy = suggestion(value, names, "name one of [[sources]]")
                    yield Fault(CONFIG, lines.find(where), f"no source is called {value!r}", remedy)


def _share_faults(
    driver: str,
    models: Sequence[str],
    shares: Sequence[Decimal],
    where: tuple[str | int, ...],
    known: set[str],
    lines: TomlLines,
) -> Iterator[Fault]:
    """Of what is split over models: they must be known, and fixed shares go with them one to one and sum to 1."""
    section = f"[{where[0]}]" if len(where) == 1 else f"[[{where[0]}]]"
    for position, model in enumerate(models):
        if model not in known:
            yield _unknown_model(model, (*where, "models"), known, lines)
        if model in models[:position]:
            yield Fault(CONFIG, lines.find((*where, "models")), f"{section} names {model} twice", "name it once")
    at = lines.find((*where, "shares")) or lines.find(where)
    if driver != "fixed":
        if shares:
            yield Fault(CONFIG, at, f"{section} has shares and is not fixed", "take `shares` out, or say fixed")
    elif len(shares) != len(models):
        yield Fault(
            CONFIG, at, f"{section} is fixed and has {len(shares)} shares for {len(models)} models", "give each a share"
        )
    elif sum(shares) != 1:
        yield Fault(CONFIG, at, f"the shares of {section} sum to {sum(shares)}", "make them sum to 1")


def _capacity_faults(config: ConfigFile, lines: TomlLines) -> Iterator[Fault]:
    yield from _repeated([capacity.name for capacity in config.capacity], "capacity", "name", lines)
    for index, capacity in enumerate(config.capacity):
        yield from _match_faults(capacity.usage, ("capacity", index, "usage"), config, lines)
        yield from _time_faults(capacity, ("capacity", index), lines)
        alike = [other for other in config.capacity[:index] if _is_same_time(other, capacity)]
        if any(other.gpu_type == capacity.gpu_type and other.usage == capacity.usage for other in alike):
            yield Fault(
                CONFIG,
                lines.find(("capacity", index)),
                f"two [[capacity]] hold {capacity.gpu_type} at a time, and their jobs would count twice",
                "say with `usage` which jobs run on which, like usage = { 'tags.cluster' = 'ridge' }",
            )


def _token_rate_faults(config: ConfigFile, known: set[str], lines: TomlLines) -> Iterator[Fault]:
    logs = {source.name for source in config.sources if source.format == "request_log"}
    for index, rate in enumerate(config.token_rates):
        where = ("token_rates", index)
        if rate.model not in known:
            yield _unknown_model(rate.model, (*where, "model"), known, lines)
        if rate.source is not None and rate.source not in logs:
            remedy = suggestion(rate.source, logs, "name a source of the format request_log")
            yield Fault(CONFIG, lines.find((*where, "source")), f"no request log is called {rate.source!r}", remedy)
        yield from _match_faults(rate.billed, (*where, "billed"), config, lines)
        yield from _time_faults(rate, where, lines)
        alike = [other for other in config.token_rates[:index] if _is_same_time(other, rate)]
        if any(other.model == rate.model and _is_same_log(other.source, rate.source) for other in alike):
            yield Fault(
                CONFIG,
                lines.find(where),
                f"two [[token_rates]] price the calls of {rate.model} at a time, which would count twice",
                "give each its `source`, or its time with `from` and `to`",
            )


def _time_faults(
    item: StaffSection | RateSection | CapacitySection | TokenRateSection | PromptingSection,
    where: tuple[str, int],
    lines: TomlLines,
) -> Iterator[Fault]:
    if item.first_day and item.last_day and item.last_day < item.first_day:
        at = lines.find((*where, "to"))
        yield Fault(CONFIG, at, f"the time of [[{where[0]}]] ends before it starts", "correct `from` or `to`")


def _is_same_log(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


def _is_same_time(
    one: CapacitySection | TokenRateSection | PromptingSection,
    other: CapacitySection | TokenRateSection | PromptingSection,
) -> bool:
    first, last = max(one.first_day or date.min, other.first_day or date.min), date.max
    return first <= min(one.last_day or last, other.last_day or last)


def _test_faults(column: str, test: ColumnTest, where: tuple[str | int, ...], lines: TomlLines) -> Iterator[Fault]:
    is_range = test.minimum is not None or test.maximum is not None
    known = match_columns() | (amount_columns() if is_range else frozenset())
    if not column.startswith("tags.") and column not in known:
        remedy = suggestion(column, set(known), "use a column of the charge or tags.NAME")
        yield Fault(CONFIG, lines.find(where), f"a charge has no column {column!r}", remedy)
    if test.regex is not None and (fault := _regex_fault(test.regex)):
        yield Fault(CONFIG, lines.find(where), f"the regular expression {test.regex!r} can't be used", fault)


def _regex_fault(pattern: str) -> str | None:
    """Why DuckDB, whose regular expressions are RE2's, does not take the pattern."""
    import duckdb

    try:
        duckdb.execute("SELECT regexp_matches('', CAST(? AS VARCHAR))", [pattern])
    except duckdb.Error as error:
        return f"mend it, in RE2's syntax ({str(error).splitlines()[0]})"
    return None


def _repeated(values: list[str], section: str, key: str, lines: TomlLines) -> Iterator[Fault]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Fault(
                CONFIG,
                lines.find((section, index, key)),
                f"{value!r} is used twice in [[{section}]]",
                "rename one",
            )


def _is_timezone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_version_pattern(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except re.error:
        return False
