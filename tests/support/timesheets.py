"""Exports of the three time tracking tools, written by rule, for the tests of staff time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.books import table

GOOD_TOGGL = {
    "User": "Ann",
    "Email": "ann@example.com",
    "Client": "Support",
    "Project": "bot",
    "Task": "labels",
    "Description": "guidelines",
    "Billable": "No",
    "Start date": "2026-01-12",
    "Start time": "09:00:00",
    "End date": "2026-01-12",
    "End time": "10:30:00",
    "Duration": "01:30:00",
    "Tags": "",
    "Amount (USD)": "",
}
GOOD_CLOCKIFY = {
    "Project": "bot",
    "Client": "Support",
    "Description": "guidelines",
    "Task": "labels",
    "User": "Ann",
    "Group": "ML engineer",
    "Email": "ann@example.com",
    "Tags": "",
    "Billable": "No",
    "Start Date": "01/20/2026",
    "Start Time": "09:00:00 AM",
    "End Date": "01/20/2026",
    "End Time": "10:30:00 AM",
    "Duration (h)": "01:30:00",
    "Duration (decimal)": "1.50",
    "Billable Rate (USD)": "0.00",
    "Billable Amount (USD)": "0.00",
}
GOOD_HARVEST = {
    "Date": "2026-01-12",
    "Client": "Support",
    "Project": "bot",
    "Project Code": "",
    "Task": "labels",
    "Notes": "guidelines",
    "Hours": "1.5",
    "First Name": "Ann",
    "Last Name": "Ode",
    "Roles": "ML engineer",
    "Billable Rate": "100.0",
    "Billable Amount": "150.0",
    "Cost Rate": "0.0",
    "Cost Amount": "0.0",
    "Currency": "US Dollar - USD",
}


def toggl(*rows: Mapping[str, str]) -> str:
    return "\ufeff" + table(rows, GOOD_TOGGL)


def clockify(*rows: Mapping[str, str]) -> str:
    return table(rows, GOOD_CLOCKIFY)


def harvest(*rows: Mapping[str, str]) -> str:
    return table(rows, GOOD_HARVEST)


def staff_toml(rates: list[dict[str, Any]] | None = None, **source: str) -> dict[str, Any]:
    """A workspace with one timesheet source, whose hours all belong to the model `bot`."""
    return {
        "sources": [{"name": "time", "format": "timesheet", "path": "inbox/time/*", **source}],
        "models": [{"id": "bot"}],
        "attribution": [{"match": {"source": "time"}, "model": "bot", "activity": "data_curation"}],
        "rates": rates or [],
    }


def rate(role: str, hourly_cost: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "hourly_cost": hourly_cost, "currency": "USD", **more}
