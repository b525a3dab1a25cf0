"""The rows of the demo's XML, JSON and timesheet files, and what ``[[staff]]`` says, in plain Python.

A charge is told as a dict of what ``demo_by_hand.Charge`` holds. Like the rest of the second computation it shares no
code with the product and refuses what the demo does not hold.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

Fields = dict[str, Any]
UNIT = 10**20  # the books keep 20 fraction digits
_UBL = "{urn:oasis:names:specification:ubl:schema:xsd:Common%sComponents-2}"
_CAC, _CBC = _UBL % "Aggregate", _UBL % "Basic"


def invoice_rows(path: Path) -> list[Fields]:
    """The lines, allowances and taxes of a UBL document; a credit note's lower cost."""
    text = path.read_text("utf-8")
    root = ElementTree.fromstring(text)
    name = root.tag.partition("}")[2]
    sign = -1 if name == "CreditNote" else 1
    issued = date.fromisoformat(_text(root, "cbc:IssueDate") or "")
    period = _period(root)
    currency = _text(root, "cbc:DocumentCurrencyCode")
    totals = "cac:LegalMonetaryTotal/cbc:%sAmount"
    document = {
        "invoice_number": _text(root, "cbc:ID"),
        "prepaid": sign * Fraction(_text(root, totals % "Prepaid") or 0),
        "rounding": sign * Fraction(_text(root, totals % "PayableRounding") or 0),
        "payable": sign * Fraction(_text(root, totals % "Payable") or ""),
    }
    found = []

    def row(kind: str, line: int, value: Fraction, days: tuple[date, date] | None, **fields: Any) -> None:
        first, last = days or (issued, issued)
        category = "Tax" if kind == "tax" else "Credit" if sign * value < 0 else "Usage"
        tags = {"buyer_reference": _text(root, "cbc:BuyerReference"), **fields.pop("tags", {})}
        found.append(
            {
                "line": line,
                "fields": {"charge_category": category, "tags": tags, **document, **fields},
                "start": datetime.combine(first, time()),
                "end": datetime.combine(last + timedelta(days=1), time()),
                "effective": sign * value,
                "billed": sign * value,
                "issued": issued,
            }
        )

    for line, element in zip(_lines(text, f"cac:{name}Line"), root.findall(f"{_CAC}{name}Line"), strict=True):
        item = _text(element, "cac:Item/cac:SellersItemIdentification/cbc:ID")
        value = Fraction(_text(element, "cbc:LineExtensionAmount") or "")
        label = _text(element, "cac:Item/cbc:Name")
        row("line", line, value, _period(element) or period, charge_description=label, tags={"sellers_item_id": item})
    for line, element in zip(_lines(text, "cac:AllowanceCharge"), root.findall(f"{_CAC}AllowanceCharge"), strict=True):
        value = Fraction(_text(element, "cbc:Amount") or "")
        is_charge = _text(element, "cbc:ChargeIndicator") == "true"
        row("allowance", line, value if is_charge else -value, period)
    for line, element in zip(_lines(text, "cac:TaxTotal"), root.findall(f"{_CAC}TaxTotal"), strict=True):
        amount = element.find(f"{_CBC}TaxAmount")
        assert amount is not None
        if amount.get("currencyID") == currency and Fraction(amount.text or ""):
            row("tax", line, Fraction(amount.text or ""), period)
    return found


def _text(element: ElementTree.Element, path: str) -> str | None:
    return element.findtext(path.replace("cac:", _CAC).replace("cbc:", _CBC))


def _period(element: ElementTree.Element) -> tuple[date, date] | None:
    first, last = (_text(element, f"cac:InvoicePeriod/cbc:{end}Date") for end in ("Start", "End"))
    return (date.fromisoformat(first), date.fromisoformat(last)) if first and last else None


def _lines(text: str, tag: str) -> list[int]:
    """The numbers of the lines on which the document's own elements of a name begin."""
    return [number for number, line in enumerate(text.splitlines(), start=1) if line == f"  <{tag}>"]


def bucket_rows(path: Path) -> tuple[list[Fields], int]:
    """The results of a page of OpenAI's costs, and how many buckets hold none. The page is indented by one blank."""
    text = path.read_text("utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if line == "    {"]
    found: list[Fields] = []
    empty = 0
    for bucket in json.loads(text, parse_float=str, parse_int=str)["data"]:
        start, end = (datetime.fromtimestamp(int(bucket[f"{name}_time"]), UTC) for name in ("start", "end"))
        empty += not bucket["results"]
        for result in bucket["results"]:
            if result["amount"]["currency"] != "usd":
                raise NotImplementedError(result["amount"]["currency"])
            value = round(Fraction(result["amount"]["value"]), 20)
            fields = {"sub_account_id": result["project_id"], "service_name": result["line_item"], "tags": {}}
            moments = {"start": start.replace(tzinfo=None), "end": end.replace(tzinfo=None)}
            found.append({"line": lines[len(found)], "fields": fields, **moments, "effective": value, "billed": value})
    assert len(lines) == len(found)
    return found, empty


def time_entries(path: Path, source: Fields, rates: list[Fields]) -> list[Fields]:
    """Toggl's detailed report: hours at the rate of the person, else of the role."""
    found = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for line, row in enumerate(csv.DictReader(lines), start=2):
            local = datetime.fromisoformat(f"{row['Start date']}T{row['Start time']}")
            start = local.replace(tzinfo=ZoneInfo(source["timezone"])).astimezone(UTC).replace(tzinfo=None)
            hours, minutes, seconds = map(int, row["Duration"].split(":"))
            spent = 3600 * hours + 60 * minutes + seconds
            price = Fraction(str(_rate(rates, row["Email"], source["role"], start.date())))
            tags = {"project": row["Project"], "task": row["Task"], "person": row["Email"], "client": row["Client"]}
            found.append(
                {
                    "line": line,
                    "fields": {"charge_description": row["Description"], "tags": tags},
                    "start": start,
                    "end": start + timedelta(seconds=spent),
                    "effective": round(price * spent / 3600, 20),
                    "billed": Fraction(0),
                }
            )
    return found


def _rate(rates: list[Fields], person: str, role: str, day: date) -> float:
    named = [rate for rate in rates if person in rate.get("people", [])]
    of_role = [rate for rate in rates if not rate.get("people") and rate["role"] == role]
    held = [rate for rate in named or of_role if rate.get("from", date.min) <= day <= rate.get("to", date.max)]
    found: float = max(held, key=lambda rate: rate.get("from", date.min))["hourly_cost"]
    return found


def staff_months(config: Fields, text: str) -> Iterator[Fields]:
    """What ``[[staff]]`` comes to, month by month; a month cut short counts by its days."""
    lines = [number for number, line in enumerate(text.splitlines(), start=1) if line.startswith("[[staff]]")]
    for line, staff in zip(lines, config.get("staff", []), strict=True):
        units = Fraction(str(staff["monthly_cost"])) * Fraction(str(staff["share"])) * UNIT
        first, part = staff["from"], 0
        while first <= staff["to"]:
            month = first.replace(day=1)
            next_month = (month + timedelta(days=31)).replace(day=1)
            end = min(next_month, staff["to"] + timedelta(days=1))
            days = (next_month - month).days
            before, after = (int(units * (day - month).days / days) for day in (first, end))
            yield {
                "line": line,
                "part": part,
                "fields": {"tags": {"role": staff["role"]}},
                "start": datetime.combine(first, time()),
                "end": datetime.combine(end, time()),
                "effective": Fraction(after - before, UNIT),
                "billed": Fraction(0),
                "owner": {"model": staff["model"], "activity": staff["activity"], "cost_kind": "labor"},
            }
            first, part = end, part + 1


def scores(path: Path, source: Fields) -> list[Fields]:
    """The scores of a result of lm-evaluation-harness 0.4, one a task and metric."""
    told = json.loads(path.read_text("utf-8"))
    (version,) = re.findall(source["version"], path.as_posix())
    at = datetime.fromtimestamp(int(float(told["date"])), UTC).replace(tzinfo=None)
    return [
        {
            "model_id": source["model"],
            "model_version": version,
            "task": task,
            "metric": name.removesuffix(",none"),
            "score": value,
            "stderr": held[name.replace(",", "_stderr,")],
            "n": told["n-samples"][task]["effective"],
            "higher_is_better": told["higher_is_better"][task][name.partition(",")[0]],
            "evaluated_at": at,
        }
        for task, held in told["results"].items()
        for name, value in held.items()
        if name != "alias" and "_stderr" not in name
    ]


def request_times(path: Path) -> tuple[list[datetime], set[str]]:
    """When each request of a log was made, and what the log says of one besides."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        moments = [datetime.fromisoformat(row["requested_at"]).replace(tzinfo=None) for row in reader]
        return moments, set(reader.fieldnames or ()) - {"request_id", "requested_at"}
