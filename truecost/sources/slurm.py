"""Slurm: ``sacct --parsable2`` (or ``-p``) with AllocTRES, with a header or in the 26-field order XDMoD keeps.

Step rows (``123.batch``, ``123.0``) repeat their job's time and are skipped. Times are in the source's ``timezone``
(UTC unless it says otherwise), for sacct writes none.
"""

from __future__ import annotations

from truecost.sources import Column, Format
from truecost.sources.datasets import JOBS
from truecost.sources.readers.delimited import read

_XDMOD_ORDER = (
    "JobID JobIDRaw Cluster Partition QOS Account Group GID User UID Submit Eligible Start End Elapsed ExitCode State "
    "NNodes NCPUS ReqCPUS ReqMem ReqTRES AllocTRES Timelimit NodeList JobName"
)

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
        Column("alloc_tres", ("AllocTRES",), required=True),
        Column("cluster", ("Cluster",)),
        Column("partition", ("Partition",)),
        Column("qos", ("QOS",)),
        Column("account", ("Account",)),
        Column("user_name", ("User",)),
        Column("job_name", ("JobName",)),
        Column("submitted_at", ("Submit",)),
        Column("ended_at", ("End",)),
        Column("node_list", ("NodeList",)),
    ),
    sql="formats/slurm",
    read=read,
    null_words=("", "Unknown", "None", "N/A"),
    quoted=False,
    delimiters=("|",),
    default_header={26: tuple(_XDMOD_ORDER.split())},
)
