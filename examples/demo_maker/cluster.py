"""The cluster: training runs, and the log that Slurm's sacct prints of the jobs that ended in a month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from .basics import FIRST_MONTH, Window, csv_text, dice, iso_utc, midnight, months, table, words
from .cloud_usage import TRAINING_WINDOW

SACCT_COLUMNS = words("""
    JobID JobIDRaw Cluster Partition Account User JobName Submit Start End ElapsedRaw State AllocTRES
""")
CLUSTER = "ridge"
GPUS_PER_NODE = 8
CPUS_PER_GPU = 16
GIGABYTES_PER_GPU = 125
FIRST_JOB_NUMBER = 3758
HOURS_PER_JOB_NUMBER = 2  # other teams' jobs take numbers too

SUPPORT_ACCOUNT = "support-nlp"
FINANCE_ACCOUNT = "ap-automation"


@dataclass(frozen=True)
class Job:
    run_id: str  # empty where the run log knows nothing of the job
    account: str
    user: str
    name: str
    submitted_at: datetime
    started_at: datetime
    elapsed: timedelta
    gpus: int
    gpu_type: str
    state: str
    task: int = 0  # of an array job, from 1

    @property
    def ended_at(self) -> datetime:
        return self.started_at + self.elapsed


@dataclass(frozen=True)
class NumberedJob:
    job: Job
    job_id: str
    raw_id: str


@dataclass(frozen=True)
class Run:
    """An experiment; one without jobs ran elsewhere, in the window given."""

    run_id: str
    parent_run_id: str
    model_id: str
    outcome: str
    decided_at: str
    window: Window | None = None


# The story of the experiments. A crashed run can still be training: sb-06, promoted, resumes what sb-04 left.
RUNS = (
    Run("sb-01", "", "support-bot", "discarded", "2025-11-10T16:20:00Z"),
    Run("sb-02", "", "support-bot", "crashed", "2025-11-16T09:05:00Z"),
    Run("sb-03", "", "support-bot", "discarded", "2025-11-29T11:40:00Z"),
    Run("sb-04", "", "support-bot", "crashed", "2025-12-09T10:15:00Z"),
    Run("sb-05", "sb-04", "support-bot", "discarded", "2025-12-13T14:00:00Z"),
    Run("sb-06", "sb-04", "support-bot", "promoted", "2026-01-08T16:30:00Z"),
    Run("ir-01", "", "invoice-reader", "discarded", "2026-02-17T10:00:00Z", TRAINING_WINDOW),
    Run("ir-02", "", "invoice-reader", "crashed", "2026-02-24T08:45:00Z"),
    Run("ir-03", "", "invoice-reader", "discarded", "2026-03-06T15:10:00Z"),
    Run("ir-04", "ir-01", "invoice-reader", "discarded", "2026-03-17T13:30:00Z"),
    Run("ir-05", "ir-04", "invoice-reader", "discarded", "2026-03-21T09:20:00Z"),
    Run("ir-06", "ir-04", "invoice-reader", "promoted", "2026-04-09T15:00:00Z"),
    Run("sb-07", "sb-06", "support-bot", "crashed", "2026-05-10T12:00:00Z"),
    Run("sb-08", "sb-06", "support-bot", "discarded", "2026-05-20T17:45:00Z"),
    Run("sb-09", "sb-06", "support-bot", "promoted", "2026-06-11T14:30:00Z"),
    Run("ir-07", "ir-06", "invoice-reader", "", ""),
)

# run, account, user, job name, started at, elapsed, GPUs, their type, array task, state; `-` is none
RUN_JOBS_TABLE = """
sb-01 support-nlp   tadeyemi   sft-lora-pilot     2025-11-05T09:12:40  62:14:09  8 a100 - COMPLETED
sb-02 support-nlp   mkeller    sft-full           2025-11-12T10:02:11   9:41:37 32 h100 - OUT_OF_MEMORY
sb-02 support-nlp   mkeller    sft-full           2025-11-13T08:30:05  48:00:21 32 h100 - TIMEOUT
sb-03 support-nlp   tadeyemi   sft-lr-sweep       2025-11-24T09:20:33  66:03:12 16 h100 1 COMPLETED
sb-03 support-nlp   tadeyemi   sft-lr-sweep       2025-11-24T09:20:33  72:00:15 16 h100 2 TIMEOUT
sb-04 support-nlp   mkeller    sft-full-v2        2025-12-03T15:10:52 118:27:44 32 h100 - FAILED
sb-05 support-nlp   mkeller    sft-full-v2-resume 2025-12-11T08:05:19  44:51:10 32 h100 - CANCELLED by 1042
sb-06 support-nlp   mkeller    sft-full-v3-resume 2025-12-28T14:00:08 151:38:02 32 h100 - COMPLETED
ir-02 ap-automation rpatel     doc-lora           2026-02-19T13:25:47  27:33:20  8 a100 - OUT_OF_MEMORY
ir-02 ap-automation rpatel     doc-lora           2026-02-21T07:44:30  48:00:18 16 h100 - TIMEOUT
ir-03 ap-automation rpatel     doc-full           2026-03-02T16:08:14  61:20:41 32 h100 - COMPLETED
ir-04 ap-automation jlindqvist doc-adapted        2026-03-10T09:31:02  94:12:55 32 h100 - COMPLETED
ir-05 ap-automation rpatel     doc-adapted-wide   2026-03-18T18:15:36  41:36:28 32 h100 - CANCELLED by 1077
ir-06 ap-automation jlindqvist doc-adapted-v2     2026-03-29T11:25:43  92:05:17 32 h100 - COMPLETED
sb-07 support-nlp   tadeyemi   sft-refresh        2026-05-07T19:40:21  39:12:06 32 h100 - FAILED
sb-08 support-nlp   tadeyemi   sft-refresh-v2     2026-05-14T10:22:50  88:47:33 32 h100 - COMPLETED
sb-09 support-nlp   mkeller    sft-refresh-v3     2026-05-27T10:00:12 188:15:49 32 h100 - COMPLETED
ir-07 ap-automation jlindqvist doc-new-suppliers  2026-08-24T12:50:28  40:18:22 16 h100 - COMPLETED
ir-07 ap-automation jlindqvist doc-new-suppliers  2026-09-08T09:14:55  52:44:03 16 h100 - COMPLETED

# started by hand and never entered in the run log
-     support-nlp   tadeyemi   explore-dpo        2026-09-15T17:33:09  21:07:42  8 h100 - COMPLETED
"""

MONTHLY_EVALS = (
    (SUPPORT_ACCOUNT, "tadeyemi", "eval-regression", date(2025, 10, 1)),
    (FINANCE_ACCOUNT, "jlindqvist", "eval-field-accuracy", date(2026, 1, 1)),
)
FAILED_EVALS = {"eval-sb-05", "eval-regression-2026-03"}


def run_jobs() -> list[Job]:
    """The jobs of the table; each waited in the queue for up to an hour and a half."""
    jobs = []
    for run, account, user, name, started_at, elapsed, gpus, gpu_type, task, *state in table(RUN_JOBS_TABLE):
        start = datetime.fromisoformat(started_at).replace(tzinfo=UTC)
        hours, minutes, seconds = map(int, elapsed.split(":"))
        jobs.append(
            Job(
                run_id=run.removeprefix("-"),
                account=account,
                user=user,
                name=name,
                submitted_at=start - timedelta(seconds=dice("queue", name, started_at).randint(40, 5400)),
                started_at=start,
                elapsed=timedelta(hours=hours, minutes=minutes, seconds=seconds),
                gpus=int(gpus),
                gpu_type=gpu_type,
                state=" ".join(state),
                task=int(task.replace("-", "0")),
            )
        )
    return jobs


def eval_job(account: str, user: str, name: str, near: datetime) -> Job:
    """A few hours on four older GPUs, some hours after the moment given."""
    rng = dice(account, name)
    start = near + timedelta(hours=3, seconds=rng.randint(0, 6 * 3600))
    submitted_at = start - timedelta(seconds=rng.randint(20, 1800))
    if name in FAILED_EVALS:
        elapsed, state = timedelta(seconds=rng.randint(300, 5400)), "FAILED"
    else:
        elapsed, state = timedelta(seconds=rng.randint(4 * 3600, 11 * 3600)), "COMPLETED"
    return Job("", account, user, name, submitted_at, start, elapsed, 4, "a100", state)


def eval_jobs(of_runs: Iterable[Job]) -> Iterator[Job]:
    """A regression test a month, and one of each run whose last job left a model to test."""
    for account, user, name, first in MONTHLY_EVALS:
        for month in (month for month in months() if month >= first):
            yield eval_job(account, user, f"{name}-{month:%Y-%m}", midnight(month + timedelta(days=19)))
    last_jobs = {job.run_id: job for job in of_runs if job.run_id}
    for run_id, last in last_jobs.items():
        if last.state.startswith(("COMPLETED", "CANCELLED")):
            yield eval_job(last.account, last.user, f"eval-{run_id}", last.ended_at)


def numbered_jobs() -> list[NumberedJob]:
    """All jobs in the order of their numbers. The last task of an array keeps the array's own number."""
    found: list[NumberedJob] = []
    last_number = 0
    jobs = run_jobs()
    ordered = sorted([*jobs, *eval_jobs(jobs)], key=lambda job: (job.submitted_at, job.name, job.task))
    for (submitted_at, _), group in groupby(ordered, key=lambda job: (job.submitted_at, job.name)):
        tasks = list(group)
        hours = int((submitted_at - midnight(FIRST_MONTH)).total_seconds()) // 3600
        number = max(FIRST_JOB_NUMBER + hours // HOURS_PER_JOB_NUMBER, last_number + 1)
        for job in tasks:
            raw = number if job.task in (0, len(tasks)) else number + job.task
            job_id = f"{number}_{job.task}" if job.task else str(number)
            found.append(NumberedJob(job, job_id, str(raw)))
        last_number = number + len(tasks) - 1
    return found


def trackable_resources(job: Job, gpus: int, is_step: bool) -> str:
    """Slurm's AllocTRES; steps carry no billing."""
    cpus = gpus * CPUS_PER_GPU
    parts = [] if is_step else [f"billing={cpus}"]
    parts += [f"cpu={cpus}", f"gres/gpu={gpus}", f"gres/gpu:{job.gpu_type}={gpus}"]
    parts += [f"mem={gpus * GIGABYTES_PER_GPU}G", f"node={-(-gpus // GPUS_PER_NODE)}"]
    return ",".join(parts)


def sacct_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def sacct_lines(numbered: NumberedJob) -> Iterator[str]:
    """The allocation, then its steps, which repeat the time and are no further use of GPUs."""
    job = numbered.job
    start, end = sacct_time(job.started_at), sacct_time(job.ended_at)
    seconds = str(int(job.elapsed.total_seconds()))
    allocation = [numbered.job_id, numbered.raw_id, CLUSTER, job.gpu_type, job.account, job.user, job.name]
    allocation += [sacct_time(job.submitted_at), start, end, seconds, job.state]
    yield "|".join([*allocation, trackable_resources(job, job.gpus, is_step=False)])
    steps = [("batch", min(job.gpus, GPUS_PER_NODE), job.state.split()[0]), ("extern", job.gpus, "COMPLETED")]
    for step, gpus, state in steps:
        ids = [f"{numbered.job_id}.{step}", f"{numbered.raw_id}.{step}"]
        line = [*ids, CLUSTER, "", job.account, "", step, start, start, end, seconds, state]
        yield "|".join([*line, trackable_resources(job, gpus, is_step=True)])


def job_log(jobs: Iterable[NumberedJob], month: date) -> str:
    lines = ["|".join(SACCT_COLUMNS)]
    for numbered in jobs:
        if numbered.job.ended_at.date().replace(day=1) == month:
            lines += sacct_lines(numbered)
    return "\n".join(lines) + "\n"


def run_log(jobs: Sequence[NumberedJob]) -> str:
    """The team's own list of runs; it holds times from 2026 on, and before that only the job ids."""
    header = words("run_id parent_run_id model_id job_id started_at ended_at outcome decided_at")
    rows = []
    for run in RUNS:
        own = [numbered for numbered in jobs if numbered.job.run_id == run.run_id]
        window = run.window or Window(own[0].job.started_at, own[-1].job.ended_at)
        times = [iso_utc(window.start), iso_utc(window.end)] if window.start.year >= 2026 else ["", ""]
        job_ids = ";".join(numbered.job_id for numbered in own)
        rows.append([run.run_id, run.parent_run_id, run.model_id, job_ids, *times, run.outcome, run.decided_at])
    return csv_text(header, rows)


def rate_card() -> str:
    """What an hour of a GPU of the cluster costs; a new contract made it cheaper in May."""
    header = words("gpu_type price_per_gpu_hour currency valid_from valid_to")
    rows = [
        ("h100", "3.20", "USD", "2025-10-01", "2026-04-30"),
        ("h100", "2.85", "USD", "2026-05-01", ""),
        ("a100", "1.85", "USD", "2025-10-01", "2026-04-30"),
        ("a100", "1.70", "USD", "2026-05-01", ""),
    ]
    return csv_text(header, rows)
