"""What the books miss, and how to mend it: each ``sql/gaps/<kind>.sql`` asks for facts, and here are their sentences.

A query returns a row a fault, quarter and model: what ``sql/clock/missing`` has columns for (how many ``pieces``,
whether it is a cost and makes true cost a lower bound; what it leaves out is not known, or not so), and what its
sentence mentions. Where a kind is told in several forms, ``form`` says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any

from truecost.errors import TruecostError
from truecost.store.rows import read_rows
from truecost.store.sql import names, query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Sentence:
    """What is missing and what to do, with a gap's facts in braces: ``{rows:row|rows}`` is the word for as many."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Gap:
    """What is missing: of which quarters and models (none where that is not known), and how to mend it."""

    kind: str
    source: str
    quarters: list[str]
    models: list[str]
    is_lower_bound: bool
    what: str
    remedy: str
    amounts: str | None


# By kind, and by form where there are several.
SENTENCES = {
    "refused": Sentence("{file} was refused: {refused_because}", "mend the file and deliver it again"),
    "held/invoice": Sentence(
        "{file} brings an invoice that is already held with other lines: {slot}",
        "give the corrected invoice a number of its own, or a credit note",
    ),
    "held/period": Sentence(
        "{file} claims a billing period that another file already holds: {slot}",
        'take the file out; or, if its parts add up, set `delivery = "folder"`; '
        "or, if it restates the period, set `restates`; or, to let it take the other's place once, "
        "`truecost deliveries accept {delivery_id} --reason ...`",
    ),
    "held/shrunk": Sentence(
        "{file} would replace {against_file} and lose of it {lost}: {slot}",
        "look at it with `truecost deliveries show {delivery_id}`, then `truecost deliveries accept {delivery_id} "
        "--reason ...` or `reject`; or deliver a fuller one",
    ),
    "held/run": Sentence("{file} waits: {held_because}", "deliver what is missing, or take the folder out"),
    "quarantined": Sentence(
        "{rows} {rows:row|rows} of {file} {rows:is|are} quarantined", "correct the lines and deliver the file again"
    ),
    "pages": Sentence(
        "the pages after {file} are missing, from {continues_at} UTC on",
        "save the pages that follow (has_more) and deliver them too",
    ),
    "accrued/hours": Sentence(
        "{hours} GPU hours of {month} have no bill yet: they stand at the rate card",
        "deliver the bill; or, if it will never come, correct `billed` and `usage` of their [[coverage]]",
    ),
    "accrued/tokens": Sentence(
        "tokens of {days} {days:day|days} of {month} have no bill yet: they stand at [[token_rates]]",
        "deliver the bill; or, if it will never come, correct `billed` of [[token_rates]]",
    ),
    "unpriced/gpu_hours": Sentence(
        "GPU hours of type {priced_by} from {first_day} to {last_day} have no price ({hours} GPU hours)",
        "add the price to a rate card",
    ),
    "unpriced/cpu_hours": Sentence(
        "{priced_by} jobs without GPUs from {first_day} to {last_day} have no price ({hours} CPU hours)",
        "add `price_per_cpu_hour` to a rate card: 0 where they cost nothing",
    ),
    "unpriced/nothing_named": Sentence(
        "{priced_by} jobs from {first_day} to {last_day} ran and name neither GPUs nor CPUs",
        "export them with AllocTRES or AllocGRES, and with AllocCPUS",
    ),
    "gpus_not_named": Sentence(
        "{jobs} {jobs:job|jobs} ({hours} hours, {job_id} for one) from {first_day} to {last_day} ran on the partition "
        "{partition_name}, where other jobs have GPUs, and {jobs:names|name} none: they count no GPU hours",
        "export them with AllocTRES, AllocGRES and ReqTRES, and let AccountingStorageTRES list gres/gpu; "
        "or, if they had none, run them on another partition",
    ),
    "unpriced/staff_time": Sentence(
        "{hours} hours of staff time from {first_day} to {last_day} have no rate ({priced_by})",
        'add a rate for these roles, or for the role "*", under [[rates]]',
    ),
    "unconverted": Sentence(
        "{charges} charges in {billing_currency} are not converted to {reporting_currency}",
        "deliver the exchange rates of these days (a source of the format ecb_rates), or book them in the reporting "
        "currency",
    ),
    "contested/runs": Sentence(
        "{charges} charges are claimed by more than one training run, and so by none",
        "name each job in one run only, and keep time windows apart",
    ),
    "contested/clusters": Sentence(
        "{charges} {charges:charge is|charges are} claimed by no run, for several clusters know a job of that id: "
        "job {job_name} of the run {run_id} may be of {clusters}",
        "name the cluster in the training_runs file: as `cluster/job_id`, or in a column `cluster`",
    ),
    "overlap": Sentence(
        "{charges} {charges:charge lies|charges lie} only in part within the time window of the run {runs}, and no "
        "part counts as its cost",
        "name the jobs of the run, or deliver a bill of shorter periods, such as hours",
    ),
    "run_without_cost/jobs": Sentence(
        "no cost is linked to the run {run_id}, which is promoted: the training-only cost of {model_id} is too low",
        "deliver the records of its jobs, or correct their ids and cluster in {file}, line {line}",
    ),
    "run_without_cost/nothing_named": Sentence(
        "no cost is linked to the run {run_id}, which is promoted: the training-only cost of {model_id} is too low",
        "name its jobs, or the time window in which its model's charges are its own, in {file}, line {line}",
    ),
    "undecided": Sentence(
        "{charges} {charges:charge|charges} of {models} {charges:stays|stay} undecided: no rule names an activity, "
        "and no run claims {charges:it|them}",
        "give the rule (or the allocation) an `activity`, or name the run they belong to",
    ),
    "unknown_model/runs": Sentence(
        "{times} training runs are of the model {named}, which is not configured", "add it under [[models]]"
    ),
    "unknown_model/requests": Sentence(
        "{times} {times:request is|requests are} of the model {named}, which is not configured",
        "add it under [[models]], or set `model` on the source",
    ),
    "unknown_run": Sentence(
        "the registry promoted version {registered_version} of {registered_model}, made by the run {run_id}, which no "
        "training_runs file names",
        "name the run there, with its model and its jobs, so that its cost counts as training",
    ),
    "lineage/circle": Sentence(
        "the run {run_id} is its own ancestor: its parent is {parent_run_id}, which builds on {run_id}",
        "correct parent_run_id in {file}, line {line}, and deliver it again; until then the run has no parent here",
    ),
    "lineage/parent": Sentence(
        "the run {run_id} builds on {parent_run_id}, which no training_runs file names",
        "name that run too, so that its cost follows what became of it; or, if it is not one of yours, leave "
        "parent_run_id empty in {file}, line {line}",
    ),
    "silent/never": Sentence(
        "{source} has never spoken: the totals of {quarters} lack it",
        "deliver what is missing, or set `every` under [[expected]] to how often it speaks",
    ),
    "silent/since": Sentence(
        "{source} has been silent since {last_day}, longer than it may: the totals of {quarters} lack it",
        "deliver what is missing, or set `every` under [[expected]] to how often it speaks",
    ),
    "silent/between": Sentence(
        "{source} was silent from {last_day} to {next_day}, longer than it may: the totals of {quarters} lack it",
        "deliver what is missing, or set `every` under [[expected]] to how often it speaks",
    ),
    "left_out": Sentence(
        "{entries} time {entries:entry|entries} ({hours} hours) still counted, though a newer export of the same days "
        "leaves {entries:it|them} out: edited or deleted since, or filtered",
        "where an entry no longer holds, deliver it once more as it was, with a duration of 0",
    ),
}


def tell_day(con: DuckDBPyConnection) -> None:
    """What of the books depends on the day: where sources are silent, what is missing, and so what is whole; and which
    milestones are reached."""
    for name in ("silences", "absent_quarters", "missing"):
        con.execute(query(f"clock/{name}"))
    for name in names("gaps"):
        _tell_gaps(con, name)
    for name in ("wholeness", "wholeness_to_date", "reached"):
        con.execute(query(f"clock/{name}"))


def read_gaps(con: DuckDBPyConnection, **wanted: str | None) -> list[Gap]:
    """What is missing, as the day was told; only of the ``quarter``, ``model``, ``kind`` and ``source`` that are named.

    Raises:
        TruecostError: nothing is ever called that.
    """
    kinds = {name.removeprefix("gaps/") for name in names("gaps")}
    if wanted.get("kind") not in (None, *kinds):
        raise TruecostError(f"there is no kind {wanted['kind']}; those there are: {', '.join(sorted(kinds))}")
    asked = {"quarter": None, "model": None, "kind": None, "source": None, **wanted}
    return [Gap(**row) for row in read_rows(con, query("clock/told_gaps"), asked)]


def _tell_gaps(con: DuckDBPyConnection, name: str) -> None:
    kind = name.removeprefix("gaps/")
    told = [_told(kind, facts) for facts in read_rows(con, query(name))]
    if told:
        marks = ", ".join([f"({', '.join('?' * len(told[0]))})"] * len(told))
        con.execute(f"INSERT INTO missing VALUES {marks}", [value for row in told for value in row])


def _told(kind: str, facts: Mapping[str, Any]) -> tuple[Any, ...]:
    """A row of ``missing``."""
    sentence = SENTENCES[f"{kind}/{facts['form']}" if "form" in facts else kind]
    return (
        kind,
        facts["source"],
        facts.get("model_id"),
        facts.get("is_unclaimed", False),
        facts.get("quarter"),
        facts.get("pieces", 1),
        facts.get("is_cost", False),
        facts.get("is_lower_bound", False),
        facts.get("delivery_id"),
        _WORDS.vformat(sentence.what, (), facts),
        _WORDS.vformat(sentence.remedy, (), facts),
        facts.get("amounts"),
        facts.get("told"),
    )


class _Words(Formatter):
    """``{rows:row|rows}``: the first word for one, the second for any other number."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if bar:
            return one if value == 1 else many
        return str(super().format_field(value, format_spec))


_WORDS = _Words()
