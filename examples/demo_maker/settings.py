"""The demo's truecost.toml, from its templates: what both models have in common is written once."""

from __future__ import annotations

from pathlib import Path
from string import Template

from .cloud_usage import FINANCE, SUPPORT
from .cluster import FINANCE_ACCOUNT, SUPPORT_ACCOUNT
from .hosted_models import FALLBACK_PROJECT, JUDGE_PROJECT
from .payroll import STAFF_COLUMN_MAP

TEMPLATES = Path(__file__).parent / "templates"
MODELS = (("support-bot", SUPPORT, SUPPORT_ACCOUNT), ("invoice-reader", FINANCE, FINANCE_ACCOUNT))


def filled(name: str, **values: str) -> str:
    return Template((TEMPLATES / name).read_text("utf-8")).substitute(values)


def settings() -> str:
    """Sources, models and rules for both; then each model's rules; then what is watched."""
    staff_columns = ", ".join(f'{ours} = "{theirs}"' for ours, theirs in STAFF_COLUMN_MAP.items())
    parts = [filled("truecost.toml", staff_columns=staff_columns, support_id=SUPPORT.id)]
    for model, account, cluster_account in MODELS:
        known = {"model": model, "team": account.team, "cluster_account": cluster_account}
        parts.append(filled("rules.toml", dashes="-" * (100 - len(model)), **known))
        projects = {"judge_project": JUDGE_PROJECT, "fallback_project": FALLBACK_PROJECT}
        parts.append(filled(f"rules-{model}.toml", **projects))
    return "".join([*parts, filled("closing.toml")])
