"""The whole workspace: every file of the demo by its path, and how they are written."""

from __future__ import annotations

from pathlib import Path

from .agencies import agency_invoices
from .basics import months
from .cloud import cloud_bill
from .cluster import job_log, numbered_jobs, rate_card, run_log
from .electronic_invoices import electronic_invoices
from .evals import eval_results
from .hosted_models import costs_pages
from .labelled_samples import invoice_reader_sample, support_bot_sample
from .payroll import staff_cost
from .request_logs import no_drift, planted_drift, request_logs
from .settings import settings
from .timesheets import timesheet

BY_HAND = Path(__file__).parents[1] / "demo"
WRITTEN_BY_HAND = ("evaluation/evaluate.py", "plans/invoice-reader.toml", "plans/support-bot.toml")


def workspace_files(with_drift: bool = True) -> dict[str, str | bytes]:
    """Every file of the demo: its path inside the workspace, and its content.

    Without drift the request logs and the labelled samples go on as they were; every other file stays the same.
    """
    jobs = numbered_jobs()
    change = planted_drift if with_drift else no_drift
    files: dict[str, str | bytes] = {
        "truecost.toml": settings(),
        "inbox/runs/training_runs.csv": run_log(jobs),
        "inbox/rates/gpu_rates.csv": rate_card(),
        **{name: (BY_HAND / name).read_text("utf-8") for name in WRITTEN_BY_HAND},
        "evaluation/support-bot-sample.csv": support_bot_sample(change),
        "evaluation/invoice-reader-sample.csv": invoice_reader_sample(change),
    }
    for month in months():
        files[f"inbox/aws/{month:%Y-%m}.csv"] = cloud_bill(month)
        files[f"inbox/slurm/{month:%Y-%m}.txt"] = job_log(jobs, month)
        files[f"inbox/staff/{month:%Y-%m}.csv"] = staff_cost(month)
        files[f"inbox/timesheets/{month:%Y-%m}.csv"] = timesheet(month)
    folders: dict[str, dict[str, str] | dict[str, bytes]] = {
        "inbox/annotators": agency_invoices(),
        "inbox/annotators-ubl": electronic_invoices(),
        "inbox/openai": costs_pages(),
        "inbox/evals": eval_results(jobs),
        "inbox/requests": request_logs(change),
    }
    for folder, held in folders.items():
        files |= {f"{folder}/{name}": content for name, content in held.items()}
    return files


def write_demo(folder: Path, with_drift: bool = True) -> list[Path]:
    """Write the workspace to the folder, over what an earlier run left there."""
    written = []
    for name, content in sorted(workspace_files(with_drift).items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        written.append(path)
    return written
