"""Slurm: ``sacct --parsable2`` (or ``-p``) with a header, in the 26-field order XDMoD keeps, or as `fields` names them.

GPUs are read from AllocTRES, else AllocGRES, else ReqTRES: where AccountingStorageTRES does not list gres/gpu, a job
that used GPUs has an AllocTRES without them.

Step rows (``123.batch``, ``123.0``) repeat their job's time and are skipped. Times are in the source's ``timezone``
(UTC unless it says otherwise), for sacct writes none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from truecost.sources import Column, Format
from truecost.sources.datasets import JOBS
from truecost.sources.readers.delimited import read

_XDMOD_ORDER = (
    "JobID JobIDRaw Cluster Partition QOS Account Group GID User UID Submit Eligible Start End Elapsed ExitCode State "
    "NNodes NCPUS ReqCPUS ReqMem ReqTRES AllocTRES Timelimit NodeList JobName"
)

_JOB = re.compile(r"\d+(_(\d+|\[.*\]))?(\+\d+)?(\.\w+)?")
_STATE = re.compile(
    r"(COMPLETED|FAILED|TIMEOUT|CANCELLED|RUNNING|PENDING|NODE_FAIL|OUT_OF_MEMORY|PREEMPTED)( by \d+|\+)?"
)


def is_data(first: Sequence[str]) -> bool:
    """Whether a line is a job: it begins with the job's id, and tells its state."""
    return bool(first) and bool(_JOB.fullmatch(first[0])) and any(map(_STATE.fullmatch, first))


FORMAT = Format(
    name="slurm",
    title="Slurm job accounting",
    versions=("sacct --parsable2",),
    dataset=JOBS,
    disposition="merge",
    basis="usage",
    columns=(
        Column("job_id", ("JobID", "JobIDRaw"), required=True),
        Column("started_at", ("Start",), required=True),
        Column("elapsed_time", ("ElapsedRaw", "Elapsed"), required=True),
        Column("state", ("State",), required=True),
        Column("alloc_tres", ("AllocTRES",), required=True, stand_ins=("alloc_gres",)),
        Column("alloc_gres", ("AllocGRES",)),
        Column("req_tres", ("ReqTRES",)),
        Column("alloc_cpus", ("AllocCPUS", "NCPUS")),
        Column("req_cpus", ("ReqCPUS",)),
        Column("cluster", ("Cluster",)),
        Column("partition", ("Partition",)),
        Column("qos", ("QOS",)),
        Column("account", ("Account",)),
        Column("user_name", ("User",)),
        Column("job_name", ("JobName",)),
        Column("submitted_at", ("Submit",)),
        Column("ended_at", ("End",)),
        Column("suspended_time", ("Suspended",)),
        Column("node_list", ("NodeList",)),
    ),
    sql="formats/slurm",
    read=read,
    settings=("cluster", "timezone", "max_running", "fields"),
    null_words=("", "Unknown", "None", "N/A", "(null)"),
    quoted=False,
    delimiters=("|",),
    is_data=is_data,
    default_header={26: tuple(_XDMOD_ORDER.split())},
)
