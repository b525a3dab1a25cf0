"""Manifests of exports order their runs, make their partitions one set, and let no half of a run in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import DAY, Books, config, focus
from truecost import steps
from truecost.clock import Clock
from truecost.intake.manifests import Run, run_of

Open = Callable[..., Books]
PARTS = "part_0_0001.csv", "part_1_0001.csv"


@pytest.fixture
def books(tmp_path: Path) -> Callable[..., Books]:
    """``books(keys of the source, path of its files)``: a workspace that nothing has been delivered to."""

    def opened(path: str = "**/*.csv", **keys: str) -> Books:
        return Books.of(tmp_path / "workspace", config("aws", **keys).replace("aws/*", f"aws/{path}"))

    return opened


def charges(first: int, last: int, cost: str = "10", **more: str) -> str:
    return focus(
        *(
            {
                "BilledCost": cost,
                "EffectiveCost": cost,
                "ChargePeriodStart": f"2026-01-{number:02d}T00:00:00Z",
                "ChargePeriodEnd": f"2026-01-{number + 1:02d}T00:00:00Z",
                **more,
            }
            for number in range(first, last + 1)
        )
    )


def azure(submitted: str, first: str, last: str, listed: tuple[str, ...] = (), **more: Any) -> str:
    return json.dumps(
        {
            "exportConfig": {"exportName": "focus", "type": "FocusCost", **more},
            "deliveryConfig": {"partitionData": True, "dataOverwriteBehavior": "CreateNewReport"},
            "runInfo": {"submittedTime": submitted, "runId": "a", "startDate": first, "endDate": last},
            "blobs": [{"blobName": f"exports/focus/run/{name}", "byteCount": 10} for name in listed],
        }
    )


def put_run(
    ledger: Books, folder: str, submitted: str, days: tuple[int, int], span: tuple[int, int] = (1, 31), **more: Any
) -> None:
    cost = more.pop("cost", "10")
    row = more.pop("row", {})
    middle = (days[0] + days[1]) // 2
    first, last = (f"2026-01-{number:02d}" for number in span)
    ledger.put(f"inbox/aws/{folder}/{PARTS[0]}", charges(days[0], middle, cost, **row))
    if middle < days[1]:
        ledger.put(f"inbox/aws/{folder}/{PARTS[1]}", charges(middle + 1, days[1], cost, **row))
    ledger.put(f"inbox/aws/{folder}/manifest.json", azure(submitted, first, last, **more))


@pytest.mark.slow
@pytest.mark.parametrize("keys", [{}, {"delivery": '"folder"'}, {"restates": '"period"', "version": "'/([^/]+)/part'"}])
def test_the_run_that_was_asked_for_last_holds_the_month_and_one_of_a_part_of_it_adds_nothing(
    books: Open, keys: dict[str, str]
) -> None:
    ledger = books(**keys)
    put_run(ledger, "20260101-20260131/bbbb", "2026-01-09T06:00:00Z", (1, 9))
    put_run(ledger, "20260101-20260131/aaaa", "2026-01-12T06:00:00.1234567Z", (1, 12))
    put_run(ledger, "20260101-20260105/cccc", "2026-01-13T06:00:00Z", (1, 5), (1, 5))
    ledger.run()
    assert ledger.charged() == 120
    assert steps.standing(ledger.workspace).is_clean
    put_run(ledger, "20260101-20260131/0000", "2026-01-08T06:00:00Z", (1, 8))
    ledger.run()
    assert ledger.charged() == 120, "an older run that comes late is older all the same"
    assert steps.standing(ledger.workspace).is_clean
    put_run(ledger, "20260101-20260131/ffff", "2026-01-14T06:00:00Z", (1, 10))
    ledger.run()
    assert (ledger.charged(), len(steps.standing(ledger.workspace).held)) == (120, 2), (
        "a newer one that says less waits"
    )


@pytest.mark.slow
def test_runs_of_other_days_of_a_month_add_up(books: Open) -> None:
    ledger = books()
    put_run(ledger, "a", "2026-01-16T06:00:00Z", (1, 15), (1, 15))
    put_run(ledger, "b", "2026-02-01T06:00:00Z", (16, 31 - 1), (16, 31))
    ledger.run()
    assert ledger.charged() == 300
    put_run(ledger, "c", "2026-02-02T06:00:00Z", (1, 30), (1, 31), cost="11")
    ledger.run()
    assert ledger.charged() == 330, "a run of the whole month takes the place of both"
    put_run(ledger, "d", "2026-02-03T06:00:00Z", (1, 5), (1, 5), cost="12")
    ledger.run()
    assert (ledger.charged(), steps.standing(ledger.workspace).held != ()) == (330, True), "other amounts are told"


@pytest.mark.slow
def test_a_run_of_which_a_partition_is_missing_waits_until_it_comes(books: Open) -> None:
    ledger = books()
    put_run(ledger, "old", "2026-01-09T06:00:00Z", (1, 9), listed=PARTS)
    put_run(ledger, "new", "2026-01-12T06:00:00Z", (1, 12), listed=PARTS)
    missing = ledger.root / f"inbox/aws/new/{PARTS[1]}"
    content = missing.read_bytes()
    missing.unlink()
    for _ in range(2):
        ledger.run()
        assert ledger.charged() == 90
        (held,) = (row for row in ledger.ask("FROM books.deliveries") if row["status"] == "held")
        assert (
            held["held_because"] == f"its manifest lists {PARTS[1]}, which is not there; deliver the missing partition"
        )
    missing.write_bytes(content)
    ledger.run()
    assert (ledger.charged(), steps.standing(ledger.workspace).held) == (120, ())
    ledger.workspace.warehouse.unlink()
    ledger.run()
    assert ledger.charged() == 120


@pytest.mark.slow
def test_a_run_of_which_nothing_but_the_manifest_has_come_is_told_until_its_files_do(books: Open) -> None:
    ledger = books()
    ledger.put("inbox/aws/new/manifest.json", azure("2026-01-09T06:00:00Z", "2026-01-01", "2026-01-31", PARTS))
    ledger.put("inbox/aws/notes/manifest.json", '{"name": "no export of anyone"}')
    ledger.run()
    ledger.run()
    (held,) = steps.deliveries(ledger.workspace, Clock(DAY), only_open=True)
    assert (held.file, held.status) == ("inbox/aws/new/manifest.json", "held")
    assert f"its manifest lists {PARTS[0]}, {PARTS[1]}, which is not there" in str(held.reason)
    assert ledger.one("SELECT count(*) FROM log.deliveries") == 1, "it is told, and not landed again"
    put_run(ledger, "new", "2026-01-09T06:00:00Z", (1, 4), listed=PARTS)
    ledger.run()
    assert (ledger.charged(), steps.standing(ledger.workspace).is_clean) == (40, True)
    for part in PARTS:
        ledger.take_out(f"inbox/aws/new/{part}")
    ledger.run()
    assert steps.standing(ledger.workspace).held == (), "files that are taken out once they are in are no missing run"


def test_what_a_manifest_does_not_list_is_left_out_and_told(books: Open) -> None:
    ledger = books()
    put_run(ledger, "run", "2026-01-09T06:00:00Z", (1, 8), listed=PARTS[:1])
    ledger.run()
    assert ledger.charged() == 40
    warnings = ledger.delivery(PARTS[0])["warnings"]
    assert warnings[0] == f"inbox/aws/run/{PARTS[1]} is left out: inbox/aws/run/manifest.json does not list it"
    assert warnings[1].startswith(f"inbox/aws/run/manifest.json says that inbox/aws/run/{PARTS[0]} has 10 bytes")


@pytest.mark.parametrize("listed", ["../../secret.csv", "..", "a/../b.csv", "", "a\x1b[2J.csv", 7])
def test_a_manifest_whose_paths_lead_elsewhere_is_not_followed(books: Open, listed: Any) -> None:
    ledger = books()
    put_run(ledger, "run", "2026-01-09T06:00:00Z", (1, 8), listed=(listed,))
    told = json.loads((ledger.root / "inbox/aws/run/manifest.json").read_text())
    told["blobs"][0]["blobName"] = listed
    ledger.put("inbox/aws/run/manifest.json", json.dumps(told))
    ledger.put("secret.csv", charges(1, 30))
    ledger.run()
    (held,) = ledger.ask("SELECT file, status, held_because FROM books.deliveries")
    assert (ledger.charged(), held["file"], held["status"]) == (0, "inbox/aws/run/manifest.json", "held")
    assert "can't lie in its folder" in held["held_because"]


@pytest.mark.parametrize("content", ["{", "[" * 100_000, '{"runInfo": {"submittedTime": "yesterday"}}', "\xff\xfe"])
def test_a_damaged_manifest_holds_its_run(books: Open, content: str) -> None:
    ledger = books()
    put_run(ledger, "run", "2026-01-09T06:00:00Z", (1, 8))
    ledger.put("inbox/aws/run/manifest.json", content.encode("latin-1"))
    ledger.run()
    assert (ledger.charged(), ledger.statuses()) == (0, [("manifest.json", "held")])
    for name in (*PARTS, "manifest.json"):
        ledger.take_out(f"inbox/aws/run/{name}")
    ledger.run()
    assert steps.standing(ledger.workspace).held == (), "what was taken out asks for nothing"


def test_a_manifest_that_is_a_link_out_of_the_inbox_is_not_followed(books: Open, tmp_path: Path) -> None:
    ledger = books()
    put_run(ledger, "run", "2026-01-09T06:00:00Z", (1, 8))
    outside = tmp_path / "manifest.json"
    (ledger.root / "inbox/aws/run/manifest.json").rename(outside)
    (ledger.root / "inbox/aws/run/manifest.json").symlink_to(outside)
    ledger.run()
    assert ledger.charged() == 0
    assert "leads out of inbox" in ledger.one("SELECT held_because FROM books.deliveries")


@pytest.mark.slow
def test_a_run_of_other_subscriptions_that_says_nothing_of_these_is_held(books: Open) -> None:
    ledger = books()
    put_run(ledger, "one", "2026-01-09T06:00:00Z", (1, 8), row={"SubAccountId": "one"})
    put_run(ledger, "two", "2026-01-10T06:00:00Z", (1, 9), cost="50", row={"SubAccountId": "two"})
    ledger.run()
    assert (ledger.charged(), steps.standing(ledger.workspace).held != ()) == (80, True)


@pytest.mark.slow
def test_runs_of_aws_in_folders_of_their_own_and_overwritten_ones(books: Open) -> None:
    ledger = books("focus/data/**/*.csv")
    arn = "arn:aws:bcm-data-exports:us-east-1:123456789012:export/focus-1"
    for stamp, last in (("20260112T0600Z", 12), ("20260109T060000Z", 9), ("2026-01-14T06:00:00.000Z", 14)):
        run = f"BILLING_PERIOD=2026-01/{stamp}-b1e7"
        ledger.put(f"inbox/aws/focus/data/{run}/focus-00001.csv", charges(1, last))
        uri = f"s3://bucket/focus/data/{run}/focus-00001.csv"
        told = {"executionId": "b1e7", "exportArn": arn, "columns": [], "dataFiles": [uri]}
        ledger.put(f"inbox/aws/focus/metadata/{run}/focus-Manifest.json", json.dumps(told))
    ledger.run()
    assert ledger.charged() == 140
    ledger.put("inbox/aws/focus/data/BILLING_PERIOD=2026-01/2026-01-15T06:00:00Z-c/focus-00001.csv", charges(1, 15))
    told = {"executionId": "c", "exportArn": arn, "dataFiles": ["s3://b/focus-00001.csv", "s3://b/focus-00002.csv"]}
    ledger.put(
        "inbox/aws/focus/metadata/BILLING_PERIOD=2026-01/2026-01-15T06:00:00Z-c/focus-Manifest.json", json.dumps(told)
    )
    ledger.run()
    assert ledger.charged() == 140
    assert "focus-00002.csv" in ledger.one("SELECT held_because FROM books.deliveries WHERE status = 'held'")


def test_a_json_file_of_that_name_that_no_export_wrote_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a web page", "icons": []}')
    assert run_of(tmp_path, tmp_path, tmp_path) is None
    (tmp_path / "manifest.json").write_text(azure("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00", "2026-01-31"))
    told = run_of(tmp_path, tmp_path, tmp_path)
    assert isinstance(told, Run)
    assert (told.order, told.covers_from) == ("20251231T220000.000000", "2026-01-01")
