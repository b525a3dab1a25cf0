"""lm-evaluation-harness results (0.3, and 0.4 and newer) -> a row for each task and metric.

A results file says neither which of our models it is about nor, before 0.4, when it was made: the source's ``model``
names the model; its version comes from the path or the file, and the time from the file, its name, or its arrival.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truecost.errors import DeliveryRefused
from truecost.sources import Column, FileOptions, Format, Limits, RawTable
from truecost.sources.datasets import EVALS
from truecost.sources.readers.documents import as_text, read_document
from truecost.sources.readers.located_json import Located, parse
from truecost.sources.readers.records import store_records

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_HEADER_0_3 = ("task", "metric", "score", "stderr", "model_version", "task_version", "shots", "prompts")
_HEADER_0_4 = (*_HEADER_0_3, "date", "n", "higher_is_better")
_DELIVER = "deliver a results file of lm-evaluation-harness"
_NO_FILTER = "none"
# What is asked, in a task's configuration, and what is said around it, in the report's.
_PROMPT = ("description", "doc_to_text", "doc_to_choice", "fewshot_delimiter", "target_delimiter", "generation_kwargs")
_FRAME = ("system_instruction_sha", "chat_template_sha", "fewshot_as_multiturn")
# A number, or what Python writes for one that is none; not N/A and the like, which stand for no score.
_SCORE = re.compile(r".*[0-9].*|[+-]?(nan|inf|infinity)", re.IGNORECASE | re.DOTALL)

Score = tuple[str, str | None, str | None]


def read(con: DuckDBPyConnection, path: Path, fmt: Format, options: FileOptions) -> RawTable:
    """Read a results file; each row has the line its task starts on.

    Raises:
        DeliveryRefused: the file is not JSON, is cut, or holds no results by task.
    """
    report = _report(as_text(read_document(path, fmt, options)), options.limits)
    tasks = _tasks(report)
    is_0_3 = not any("," in key for scores in tasks.values() for key in scores)
    header = _HEADER_0_3 if is_0_3 else _HEADER_0_4
    store_records(con, header, ((line, fields[: len(header)]) for line, fields in _records(report, tasks, is_0_3)))
    return RawTable("raw_rows", header, first_line=None)


def recognises(path: Path) -> bool:
    """Whether the file holds results by task."""
    try:
        return bool(_tasks(_report(as_text(read_document(path, FORMAT, FileOptions())), Limits())))
    except DeliveryRefused:
        return False


def _report(text: str, limits: Limits) -> Located:
    if not text.lstrip().startswith("{"):
        raise DeliveryRefused(f"the file is not a JSON object; {_DELIVER}")
    values, malformed = parse(text, limits)
    if malformed or len(values) != 1:
        raise DeliveryRefused(f"the file holds several JSON values, as logs of single samples do; {_DELIVER}")
    return Located(values[0])


def _tasks(report: Located) -> dict[str, Located]:
    """The scores by task. A group stands in ``groups`` and, as a rule, in ``results`` too: it counts once."""
    results = report.get("results")
    if not isinstance(results, dict) or not all(isinstance(scores, Located) for scores in results.values()):
        raise DeliveryRefused(f"the file has no `results` by task; {_DELIVER}")
    if not results:
        raise DeliveryRefused("the file's `results` are empty: no task was evaluated; evaluate again")
    groups = report.get("groups")
    own = groups if isinstance(groups, dict) else {}
    return {**{task: scores for task, scores in own.items() if isinstance(scores, Located)}, **results}


def _records(report: Located, tasks: dict[str, Located], is_0_3: bool) -> Iterator[tuple[int, list[str | None]]]:
    version, date = _version(report), _text(report.get("date"))
    samples, higher = _map(report.get("n-samples")), _map(report.get("higher_is_better"))
    for task, scores in tasks.items():
        count = samples.get(task)
        n = _text(count.get("effective")) if isinstance(count, dict) else _text(count)
        directions = _map(higher.get(task))
        for metric, score, stderr in _scores(scores, is_0_3):
            is_higher = directions.get(metric.partition(",")[0])
            told = str(is_higher).lower() if isinstance(is_higher, bool) else None
            yield scores.line, [task, metric, score, stderr, version, *_setup(report, task), date, n, told]


def _setup(report: Located, task: str) -> tuple[str | None, str | None, str | None]:
    """What a task was measured with: its version, how many examples were shown, and a hash of what was asked."""
    config = _map(_map(report.get("configs")).get(task))
    version = _text(_map(report.get("versions")).get(task)) or _text(_map(config.get("metadata")).get("version"))
    told = (
        _map(report.get("n-shot")).get(task),
        config.get("num_fewshot"),
        _map(report.get("config")).get("num_fewshot"),
    )
    shots = next((text for value in told if (text := _text(value)) and text.isdecimal()), None)
    asked = [config.get(key) for key in _PROMPT] + [report.get(key) for key in _FRAME]
    if not any(asked):
        return version, shots, None
    return version, shots, hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]


def _scores(scores: Located, is_0_3: bool) -> Iterator[Score]:
    """(metric, score, standard error). From 0.4 on a metric's key is ``metric,filter``; other keys are no metrics."""
    for key, value in scores.items():
        metric, comma, taken_by = key.partition(",")
        is_metric = bool(comma) or (is_0_3 and metric != "alias")
        measured = metric.removesuffix("_stderr")
        if not is_metric or not _is_score(value) or (measured != metric and f"{measured}{comma}{taken_by}" in scores):
            continue
        name = metric if taken_by in ("", _NO_FILTER) else key
        yield name, value, _text(scores.get(f"{metric}_stderr{comma}{taken_by}"))


def _is_score(value: Any) -> bool:
    """Numbers are text here; null is a score that is missing."""
    return value is None or (isinstance(value, str) and _SCORE.fullmatch(value) is not None)


def _version(report: Located) -> str | None:
    """Which version of the model was evaluated: its revision, else its adapter, else its name."""
    arguments = _arguments(_map(report.get("config")).get("model_args"))
    named = (
        *(arguments.get("revision"), arguments.get("peft"), report.get("model_name")),
        *(arguments.get("pretrained"), arguments.get("model")),
    )
    return next((text for value in named if (text := _text(value))), None)


def _arguments(told: Any) -> dict[str, Any]:
    """``model_args``: ``pretrained=a,revision=b``, or a map."""
    if isinstance(told, str):
        pairs = (part.partition("=") for part in told.split(","))
        return {name.strip(): value.strip() for name, _, value in pairs}
    return _map(told)


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


FORMAT = Format(
    name="lm_eval",
    title="lm-evaluation-harness results",
    versions=("0.3", "0.4+"),
    dataset=EVALS,
    disposition="merge",
    basis="reference",
    columns=(
        Column("model_id", required=True, setting="model"),
        Column("model_version"),
        Column("task"),
        Column("metric"),
        Column("score", required=True),
        Column("stderr"),
        Column("task_version"),
        Column("shots"),
        Column("prompts"),
        Column("n"),
        Column("higher_is_better"),
        Column("evaluated_at", ("date",)),
    ),
    sql="formats/lm_eval",
    read=read,
    settings=("model", "timezone"),
    recognises=recognises,
    required_settings=("model",),
    null_words=("", "N/A"),
    version_of=lambda header: "0.4+" if "n" in header else "0.3",
)
