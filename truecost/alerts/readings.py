"""Readings: what each rule says of each model today, from the comparison with the plans and the drift signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from truecost.alerts.budget_readings import of_budgets
from truecost.alerts.staleness import traffic
from truecost.alerts.states import DRIFT, EVAL_DECAY, OVERSPEND, VOLUME, Reading, State
from truecost.alerts.weights import Weights, in_words, is_large, reasons
from truecost.alerts.workspace_readings import of_workspace
from truecost.books.gaps import tell_day
from truecost.books.session import Session
from truecost.drift.drift import signals
from truecost.drift.signals import DATASET, EVAL_DROP
from truecost.planning.comparison import read_against_plan
from truecost.quarters import latest_ended, quarter_of
from truecost.store.rows import Row, read_rows
from truecost.store.sql import query

_DRIVERS = 3  # so many are named


def read_all(session: Session) -> list[Reading]:
    """One reading a rule and model that has something to be judged by (a plan, a request log, eval scores), and one a
    rule of the workspace.
    """
    read_against_plan(session)
    workspace, today = session.workspace, session.clock.today()
    start_month = workspace.config.workspace.fiscal_year_start_month
    running, ended = quarter_of(today, start_month), latest_ended(today, start_month)
    policy = workspace.config.alerts
    limits = {"warning": policy.overspend_warning, "alert": policy.overspend_alert}
    spent = read_rows(session.con, query("alerts/overspend"), {"running": running.name, "ended": ended.name, **limits})
    return [
        *(overspend(row) for row in spent),
        *_budgets(session),
        *_volume(session),
        *quality(signals(session), _weights(session)),
        *of_workspace(session),
    ]


def _budgets(session: Session) -> list[Reading]:
    """The readings of ``[[budgets]]``, where there are any."""
    if not session.workspace.config.budgets:
        return []
    tell_day(session.con)
    return list(of_budgets(read_rows(session.con, query("finance/budgets"))))


def _volume(session: Session) -> list[Reading]:
    """The readings of promised volume, of models whose plan has a lifecycle."""
    con = session.con
    con.execute(f"CREATE OR REPLACE TEMP VIEW promises AS {query('finance/promises')}")
    return [volume(row) for row in read_rows(con, query("alerts/volume"))]


def volume(row: Row) -> Reading:
    """The reading of a row of ``sql/alerts/volume.sql``."""
    came, promised = (f"{row[key]:,.0f}" for key in ("came", "promised"))
    told = f"{row['model_id']} was asked {came} times in {row['month']:%Y-%m}, and {promised} were promised"
    if row["state"] == "OK":
        return Reading(row["model_id"], VOLUME, "OK", told)
    return Reading(
        row["model_id"], VOLUME, row["state"], f"{told} (P10 {row['low']:,.0f}), nor did it reach that before"
    )


def overspend(row: Row) -> Reading:
    """The reading of a model's quarter: a row of ``sql/alerts/overspend.sql``."""
    model, currency = row["model_id"], row["currency"]
    if row["state"] == "NO_DATA":
        return Reading(model, OVERSPEND, "NO_DATA", f"{model} has a plan, and no cost in {row['quarter']}")
    actual, planned = _money(row["actual"]), _money(row["planned_mean"])
    when = row["quarter"] if row["is_complete"] else f"{row['quarter']} so far"
    if row["state"] == "OK":
        message = f"{model} cost {currency} {actual} in {when}, and {planned} was planned"
        return Reading(model, OVERSPEND, "OK", message)
    cost = f"{model} cost {currency} {actual} in {when}"
    if row["variance_pct"] is None:
        message = f"{cost}, and nothing was planned"
    else:
        p90 = _money(row["planned_p90"])
        message = f"{cost}, {row['variance_pct']:,.0f} % over the {planned} planned (P90 {p90})"
    drivers = tuple(f"{_words(d['stage'])} (+{_money(d['variance'])})" for d in row["drivers"][:_DRIVERS])
    return Reading(model, OVERSPEND, row["state"], message, drivers)


def _weights(session: Session) -> dict[str, Weights]:
    calls = traffic(session)
    return {model.id: _weights_of(session, model.id, calls.get(model.id)) for model in session.workspace.config.models}


def _weights_of(session: Session, model_id: str, calls_a_day: float | None) -> Weights:
    workspace = session.workspace
    settings, today = workspace.config.drift, session.clock.today()
    recent = settings.reference + settings.window
    return Weights(
        size=settings.weighty,
        persists=settings.persists,
        error_cost=workspace.model(model_id).error_cost,
        calls_a_day=calls_a_day,
        currency=workspace.config.workspace.reporting_currency,
        horizon=settings.horizon,
        changes=tuple(
            f"{change.what} on {change.day:%Y-%m-%d}"
            for change in workspace.config.changes
            if change.model == model_id and today - recent < change.day <= today
        ),
    )


def quality(newest: Sequence[Row], weights: Mapping[str, Weights] | None = None) -> Iterator[Reading]:
    """The readings of drift and of eval scores: ``newest`` are the newest drift signals, worst first; by model, what
    of a drift is weighty."""
    for model in dict.fromkeys(row["model_id"] for row in newest):
        of_model = [row for row in newest if row["model_id"] == model]
        requests = [row for row in of_model if row["method"] != EVAL_DROP]
        evals = [row for row in of_model if row["method"] == EVAL_DROP]
        if requests:
            yield drift(requests, (weights or {}).get(model, Weights()))
        if evals:
            yield eval_decay(evals)


def drift(rows: Sequence[Row], weights: Weights = Weights()) -> Reading:  # noqa: B008 - frozen
    """The reading of a model's newest window: its row for all features, then those of each.

    A column that moved is a warning; what is weighty is an alert, and the message says why.
    """
    whole = next(row for row in rows if row["feature"] == DATASET)
    model, days = whole["model_id"], _days(whole)
    since = f" (held against what came after {weights.changes[-1]})" if weights.changes else ""
    if whole["verdict"] == "too_few_rows":
        return Reading(model, DRIFT, "NO_DATA", f"{model} had too few requests to compare from {days}{since}")
    features = {row["feature"] for row in rows if row["feature"] != DATASET}
    moved = [row for row in rows if row["feature"] != DATASET and row["drifted"]]
    why = tuple(dict.fromkeys(reasons(whole, moved, weights)))
    state: State = "ALERT" if why else "WARNING" if moved else "OK"
    columns = len({row["feature"] for row in moved})
    message = f"{columns} of {len(features)} features of {model}'s requests drifted from {days}{since}"
    if why:
        message += f"; weighty: {'; '.join(why[:_DRIVERS])}"
    furthest = sorted(moved, key=lambda row: (not is_large(row, weights), -_excess(row), row["feature"]))
    by_feature: dict[str, Row] = {}
    for row in sorted(furthest, key=lambda row: row.get("change") is None):  # its own terms say more than a distance
        by_feature.setdefault(row["feature"], row)
    drivers = tuple(in_words(by_feature[name]) for name in dict.fromkeys(row["feature"] for row in furthest))
    return Reading(model, DRIFT, state, message, drivers[:_DRIVERS])


def _excess(row: Row) -> float:
    return float(row["value"] / row["threshold"]) if row["value"] is not None and row["threshold"] else 0.0


def eval_decay(rows: Sequence[Row]) -> Reading:
    """The reading of a model's newest eval scores, a row a task and metric."""
    model = rows[0]["model_id"]
    known = [row for row in rows if row["verdict"] in ("drift", "stable")]
    fallen = sorted((row for row in known if row["drifted"]), key=lambda row: (-row["value"], row["feature"]))
    if not known:
        return Reading(model, EVAL_DECAY, "NO_DATA", f"{model}'s eval scores state no error to judge a fall by")
    if not fallen:
        return Reading(
            model, EVAL_DECAY, "OK", f"{model}'s eval scores are within their error of the deployed baseline"
        )
    message = f"{len(fallen)} of {model}'s {len(known)} eval scores fell below the deployed baseline beyond their error"
    drivers = tuple(
        f"{row['feature']} (-{row['value']:.3f}, error {row['threshold']:.3f})" for row in fallen[:_DRIVERS]
    )
    return Reading(model, EVAL_DECAY, "ALERT", message, drivers)


def _days(row: Row) -> str:
    return f"{row['window_start']:%Y-%m-%d} to {row['window_end'] - timedelta(days=1):%Y-%m-%d}"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _words(name: str) -> str:
    return name.replace("_", " ")
