"""Training runs as CSV: one row an experiment, with its Slurm jobs or its time window, its parent and its outcome.

A job is named ``cluster/job_id``, or by its id alone, which is then of the row's ``cluster``, or of the source's.
"""

from __future__ import annotations

from truecost.sources import Column, Format
from truecost.sources.datasets import TRAINING_RUNS
from truecost.sources.readers.delimited import read

FORMAT = Format(
    name="training_runs",
    title="Training runs and their outcomes",
    versions=("1",),
    dataset=TRAINING_RUNS,
    disposition="merge",
    basis="reference",
    columns=(
        Column("run_id", ("run",), required=True),
        Column("model_id", ("model",), required=True),
        Column("outcome", (), required=True),
        Column("parent_run_id", ("parent_run", "parent")),
        Column("job_id", ("job_ids", "job", "jobs", "slurm_job_id", "slurm_job_ids", "slurm_job", "slurm_jobs")),
        Column("cluster", ("slurm_cluster",)),
        Column("started_at", ("start", "started", "window_start", "from")),
        Column("ended_at", ("end", "ended", "window_end", "to")),
        Column("decided_at", ("decided", "decided_when", "decided_on", "outcome_at")),
    ),
    sql="formats/training_runs",
    read=read,
    settings=("cluster", "timezone", "fields"),
    null_words=("", "NULL", "null"),
    delimiters=(",", ";", "\t"),
)
