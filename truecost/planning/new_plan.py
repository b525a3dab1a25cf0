"""``truecost plan new``: a plan by an approach, out of the facts, or of the workspace's records where it has any."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from truecost.errors import TruecostError
from truecost.planning.approaches import DEFAULTS, settled
from truecost.planning.learned import Seen, learned
from truecost.store.rows import Row
from truecost.workspace.lifecycle import Approach, Lifecycle
from truecost.workspace.plan_figures import Uncertainty
from truecost.workspace.plan_file import as_toml, plan_text, write_plan
from truecost.workspace.plans import months_between
from truecost.workspace.workspace import Workspace

Told = tuple[tuple[str, str], tuple[str, str]]  # (section, key), (as TOML, who says so)

MONTHS = 12
_ROLES = {
    "engineer": ("people", "hourly_rate"),
    "annotat": ("data", "annotator_rate"),
    "expert": ("data", "expert_rate"),
}
_SELF_TRAINED = ("lora", "qlora", "full")


def new_plan(
    workspace: Workspace, model: str, approach: Approach, today: date, to: Path | None, runs: Row, seen: Seen
) -> Path:
    """Write ``plans/MODEL.toml`` (or ``to``) for a year from next month on; returns where it is.

    ``runs`` is what the published books know of our training runs (``sql/planning/own_runs.sql``); empty if nothing.
    ``seen`` is what finished rounds and past forecasts teach.

    Raises:
        TruecostError: there is such a file already, or the model's name can't be one.
    """
    if not model or model != Path(model).name or model.startswith("."):
        raise TruecostError(f"{model!r} can't be the name of a file; name one with --to")
    path = to or workspace.root / "plans" / f"{model}.toml"
    first = months_between(today, date(today.year + 2, 1, 1))[1]
    last = months_between(first, date(first.year + 2, 1, 1))[MONTHS - 1]
    lifecycle = settled(Lifecycle(approach=approach), approach)
    sources = {key: default.source for key, default in DEFAULTS[approach].items()}
    currency = workspace.config.workspace.reporting_currency
    known = {**dict(_learned(approach, lifecycle, seen)), **dict(_known(workspace, approach, lifecycle, runs))}
    write_plan(path, plan_text(lifecycle, sources, known, currency, first, last))
    return path


def _known(workspace: Workspace, approach: Approach, lifecycle: Lifecycle, runs: Row) -> Iterator[Told]:
    """What the rate cards and the published books of the workspace say of a default."""
    config = workspace.config
    currency = config.workspace.reporting_currency
    for rate in config.rates:
        for word, key in _ROLES.items():
            if word in rate.role.lower() and rate.currency == currency:
                yield key, (_plain(rate.hourly_cost), f"[[rates]], {rate.role}")
    for tokens in config.token_rates:
        if tokens.currency == currency:
            source = f"[[token_rates]], {tokens.model}"
            yield ("prices", "input_per_million"), (_plain(tokens.cost_per_1m_input_tokens), source)
            cached = tokens.cost_per_1m_cached_input_tokens
            if cached is not None:
                yield ("prices", "cached_per_million"), (_plain(cached), source)
            yield ("prices", "output_per_million"), (_plain(tokens.cost_per_1m_output_tokens), source)
    if approach in _SELF_TRAINED:
        yield from _own_runs(runs, lifecycle)


def _learned(approach: Approach, lifecycle: Lifecycle, seen: Seen) -> Iterator[Told]:
    for one in learned(seen, lifecycle, Uncertainty()):
        if one.section != "training" or approach in _SELF_TRAINED:
            yield (one.section, one.key), (as_toml(one.value), one.source)


def _own_runs(runs: Row, lifecycle: Lifecycle) -> Iterator[Told]:
    if runs.get("gpu_hour"):
        yield ("training", "gpu_hour"), (_plain(runs["gpu_hour"]), "the ledger, its training runs")
    if runs.get("promoted_gpu_hours"):
        hours = (runs["promoted_gpu_hours"] / (lifecycle.training.gpus or 1)).quantize(Decimal("0.1"))
        yield ("training", "hours"), (_plain(hours), f"the ledger, the median of {runs['promoted']} promoted runs")


def _plain(amount: Decimal) -> str:
    return f"{Decimal(amount).normalize():f}"
