"""The workspace: a folder with ``truecost.toml``, parsed once into typed values.

Every fault of the file is reported together, each with its line and its remedy, before anything runs.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from truecost.config import ConfigFile, Match, SourceSection
from truecost.errors import ConfigError, Fault
from truecost.sources import formats

CONFIG = "truecost.toml"


@dataclass(frozen=True)
class Workspace:
    """A workspace that has passed every check; paths are absolute."""

    root: Path
    config: ConfigFile

    @property
    def name(self) -> str:
        return self.config.workspace.name

    @property
    def warehouse(self) -> Path:
        return self.root / self.config.workspace.warehouse

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def reports(self) -> Path:
        return self.root / self.config.workspace.reports

    @property
    def published(self) -> Path:
        return self.reports / "reports.duckdb"

    @property
    def expectations(self) -> Path:
        """Suites here replace those that come with truecost, dataset by dataset."""
        return self.root / "expectations"

    def source(self, name: str) -> SourceSection | None:
        return next((source for source in self.config.sources if source.name == name), None)


def load_workspace(root: Path) -> Workspace:
    """Read and check ``root/truecost.toml``.

    Raises:
        ConfigError: every fault of the file.
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
    try:
        text = path.read_bytes().decode("utf-8-sig")
        parsed = tomllib.loads(text, parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(CONFIG, None, "the file is not UTF-8", "save it as UTF-8")]) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        what = str(error).split(" (at ")[0]
        at = int(line.group(1)) if line else None
        raise ConfigError(
            [Fault(CONFIG, at, f"the file is not TOML: {what[0].lower()}{what[1:]}", "mend that line")]
        ) from error
    lines = _TomlLines(text)
    try:
        config = ConfigFile.model_validate(parsed)
    except ValidationError as error:
        raise ConfigError(_by_line(_fault(item, lines) for item in error.errors())) from error
    faults = _by_line(_cross_faults(root, config, lines))
    if faults:
        raise ConfigError(faults)
    return Workspace(root.resolve(), config)


def match_columns() -> frozenset[str]:
    """The columns of a charge that a rule may match (``tags.*`` beside them)."""
    from truecost.sources.focus import FORMAT

    texts = (column.name for column in FORMAT.columns if not column.name.endswith(("_cost", "_price", "_quantity")))
    return frozenset(texts) | {"source"}


def _by_line(faults: Iterable[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.line or 0)


def _cross_faults(root: Path, config: ConfigFile, lines: _TomlLines) -> Iterator[Fault]:
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
        if rule.model not in known:
            yield _unknown_model(rule.model, ("attribution", index, "model"), known, lines)
        yield from _match_faults(rule.match, ("attribution", index, "match"), config, lines)
    for index, coverage in enumerate(config.coverage):
        for side, match in (("billed", coverage.billed), ("usage", coverage.usage)):
            yield from _match_faults(match, ("coverage", index, side), config, lines)
    sources = {source.name for source in config.sources}
    for index, source in enumerate(config.sources):
        if source.model is not None and source.model not in known:
            yield _unknown_model(source.model, ("sources", index, "model"), known, lines)
    for index, staff in enumerate(config.staff):
        if staff.model not in known:
            yield _unknown_model(staff.model, ("staff", index, "model"), known, lines)
        if staff.last_day < staff.first_day:
            at = lines.find(("staff", index, "to"))
            yield Fault(CONFIG, at, "the time of [[staff]] ends before it starts", "correct `from` or `to`")
    for index, rate in enumerate(config.rates):
        if rate.first_day and rate.last_day and rate.last_day < rate.first_day:
            at = lines.find(("rates", index, "to"))
            yield Fault(CONFIG, at, "the time of [[rates]] ends before it starts", "correct `from` or `to`")
    for index, expected in enumerate(config.expected):
        if expected.source not in sources:
            at = lines.find(("expected", index, "source"))
            remedy = _suggestion(expected.source, sources, "name one of [[sources]]")
            yield Fault(CONFIG, at, f"no source is called {expected.source!r}", remedy)


def _unknown_model(model: str, where: tuple[str | int, ...], known: set[str], lines: _TomlLines) -> Fault:
    remedy = _suggestion(model, known, "add it under [[models]]")
    return Fault(CONFIG, lines.find(where), f"no [[models]] has the id {model!r}", remedy)


def _source_faults(index: int, source: SourceSection, lines: _TomlLines) -> Iterator[Fault]:
    if source.format not in formats():
        at = lines.find(("sources", index, "format"))
        remedy = _suggestion(source.format, set(formats()), f"use one of {', '.join(sorted(formats()))}")
        yield Fault(CONFIG, at, f"the format {source.format!r} is unknown", remedy)
    else:
        basis = formats()[source.format].basis
        if source.basis not in (None, basis):
            at = lines.find(("sources", index, "basis"))
            yield Fault(CONFIG, at, f"{source.format} is always {basis}, not {source.basis}", "take the key out")
        columns = {column.name for column in formats()[source.format].columns}
        for name in sorted(set(source.columns) - columns):
            at = lines.find(("sources", index, "columns"))
            remedy = _suggestion(name, columns, f"use one of {', '.join(sorted(columns))}")
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


def _match_faults(match: Match, where: tuple[str | int, ...], config: ConfigFile, lines: _TomlLines) -> Iterator[Fault]:
    for column, values in match.items():
        if not column.startswith("tags.") and column not in match_columns():
            remedy = _suggestion(column, set(match_columns()), "use a column of the charge or tags.NAME")
            yield Fault(CONFIG, lines.find(where), f"a charge has no column {column!r}", remedy)
        if column == "source":
            names = {source.name for source in config.sources}
            for value in values:
                if isinstance(value, str) and not set(value) & set("*?") and value not in names:
                    remedy = _suggestion(value, names, "name one of [[sources]]")
                    yield Fault(CONFIG, lines.find(where), f"no source is called {value!r}", remedy)


def _repeated(values: list[str], section: str, key: str, lines: _TomlLines) -> Iterator[Fault]:
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


def _suggestion(word: str, known: set[str], otherwise: str) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else otherwise


def _fault(item: Any, lines: _TomlLines) -> Fault:
    """A pydantic error as a fault of the file."""
    where = tuple(item["loc"])
    at = lines.find(where)
    key = str(next((part for part in reversed(where) if isinstance(part, str)), ""))
    kind = item["type"]
    if kind == "extra_forbidden":
        section = f"[{where[0]}]" if len(where) > 1 else "the file"
        known = set(_section_keys(where))
        named = "section" if len(where) == 1 else "key"
        remedy = _suggestion(key, known, f"take it out, or use one of {', '.join(sorted(known))}")
        return Fault(CONFIG, at, f"{section} has no {named} {key!r}", remedy)
    if kind == "missing":
        if len(where) == 1:
            return Fault(CONFIG, 1, f"the section [{key}] is missing", "add it")
        return Fault(CONFIG, at, f"the key {key!r} is missing", "add it")
    return Fault(CONFIG, at, f"{key} = {_shown(item['input'])} is not possible", _plain(item["msg"]))


def _section_keys(where: tuple[str | int, ...]) -> list[str]:
    if len(where) == 1:
        return list(ConfigFile.model_fields)
    section = ConfigFile.model_fields[str(where[0])].annotation
    of_list = next(iter(get_args(section)), section)
    fields = of_list.model_fields if isinstance(of_list, type) and issubclass(of_list, BaseModel) else {}
    return [field.alias or name for name, field in fields.items()]


def _shown(value: object) -> str:
    return repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."


def _plain(message: str) -> str:
    message = message.replace("Input should be", "it should be").replace(
        "String should match pattern", "it should match"
    )
    return message[0].lower() + message[1:]


class _TomlLines:
    """Where each key of a TOML file stands: ``('sources', 2, 'path')`` -> its line, from 1."""

    _HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"'-]+)\s*\]\]?")
    _KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*=")

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str | int, ...], int] = {}
        counts: dict[str, int] = {}
        table: tuple[str | int, ...] = ()
        for number, line in enumerate(text.splitlines(), start=1):
            if header := self._HEADER.match(line):
                name = header.group(2).strip("\"'")
                if header.group(1) == "[[":
                    counts[name] = counts.get(name, -1) + 1
                    table = (name, counts[name])
                else:
                    table = tuple(name.split("."))
                self._lines.setdefault(table, number)
                self._lines.setdefault(table[:1], number)
            elif key := self._KEY.match(line):
                self._lines.setdefault((*table, key.group(1).strip("\"'")), number)

    def find(self, where: tuple[str | int, ...]) -> int | None:
        """The line of the key, or of the nearest table that holds it."""
        for length in range(len(where), 0, -1):
            if where[:length] in self._lines:
                return self._lines[where[:length]]
        return None
