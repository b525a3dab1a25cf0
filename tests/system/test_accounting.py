"""The worked example of docs/accounting.md: every figure is computed a second time, and the page says what came out."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.by_hand.accounting_by_hand import CAPACITY, Example, Piece, lives, posted, total
from truecost import steps
from truecost.clock import Clock
from truecost.publish.publication import open_published
from truecost.store.rows import read_rows
from truecost.workspace.workspace import Workspace, load_workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "accounting"
PAGE = ROOT / "docs" / "accounting.md"
CLOSE_DAY, LATE_DAY = date(2026, 4, 8), date(2026, 7, 10)
Q1, Q2 = "FY2026-Q1", "FY2026-Q2"
NEARLY = Fraction(1, 10**17)  # shares are rounded to 20 places, one at a time


def brought_up_to(root: Path, day: date) -> tuple[Workspace, Clock]:
    workspace, clock = load_workspace(root), Clock(day)
    steps.land(workspace, clock)
    steps.load(workspace)
    steps.attribute(workspace)
    steps.compare(workspace, clock)
    steps.publish(workspace, clock)
    return workspace, clock


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The first quarter closed on 8 April; the late files delivered after it."""
    root = tmp_path_factory.mktemp("worked") / "accounting"
    shutil.copytree(EXAMPLE, root)
    opened, clock = brought_up_to(root, CLOSE_DAY)
    closing = steps.close(opened, clock, Q1, "M. Abara, controller")
    assert closing.close is not None, closing.checks
    shutil.copytree(root / "late" / "inbox", root / "inbox", dirs_exist_ok=True)
    opened, _ = brought_up_to(root, LATE_DAY)
    assert steps.faults(opened) == []
    return opened


@pytest.fixture(scope="module")
def con(workspace: Workspace) -> Iterator[DuckDBPyConnection]:
    with open_published(workspace.published) as opened:
        yield opened


@pytest.fixture(scope="module")
def pieces() -> dict[str, list[Piece]]:
    return posted(EXAMPLE)


def told(con: DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    return read_rows(con, sql)


def same(found: dict[Any, Any], expected: dict[Any, Fraction]) -> None:
    """The same figures under the same keys, to the 17th place; what comes to nothing may be left out."""
    for key in {*found, *expected}:
        assert abs(Fraction(found.get(key) or 0) - expected.get(key, 0)) <= NEARLY, (
            key,
            found.get(key),
            expected.get(key),
        )


def test_true_cost_and_training_only_cost(con: DuckDBPyConnection, pieces: dict[str, list[Piece]]) -> None:
    rows = told(con, "FROM true_cost_by_quarter")
    models = ("bot", "reader", None)
    keys = [(model, quarter) for model in models for quarter in (Q1, Q2)]
    assert {(row["model_id"], row["quarter"]) for row in rows} == set(keys)
    found = {(row["model_id"], row["quarter"]): row for row in rows}
    by_hand = {key: [piece for piece in pieces[key[1]] if piece.model == key[0]] for key in keys}
    same({key: found[key]["true_cost"] for key in keys}, {key: total(by_hand[key]) for key in keys})
    same(
        {key: found[key]["billed_cost"] for key in keys},
        {key: sum((piece.billed for piece in by_hand[key]), Fraction(0)) for key in keys},
    )
    same(
        {key: found[key]["training_only_cost"] for key in keys},
        {key: total(by_hand[key], is_training_only=True) for key in keys},
    )
    same(
        {key: found[key]["idle_assigned"] for key in keys},
        {key: total(piece for piece in by_hand[key] if piece.part.endswith("idle")) for key in keys},
    )
    same(
        {key: found[key]["adjustments"] for key in keys},
        {key: total(piece for piece in by_hand[key] if piece.part.startswith("adjustment")) for key in keys},
    )
    assert {(row["quarter"], row["status"], row["version"]) for row in rows} == {
        (Q1, "closed", 1),
        (Q2, "preliminary", 1),
    }


def test_cost_by_stage(con: DuckDBPyConnection, pieces: dict[str, list[Piece]]) -> None:
    expected: defaultdict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
    for quarter, listed in pieces.items():
        for piece in listed:
            is_idle = piece.part.endswith("idle")
            expected[quarter, piece.model, piece.stage, piece.activity, piece.round, piece.kind, is_idle] += piece.cost
    rows = told(con, "FROM cost_by_stage")
    names = ("quarter", "model_id", "stage", "activity", "round", "cost_kind", "is_idle")
    same({tuple(row[name] for name in names): row["cost"] for row in rows}, expected)


def test_the_bridge(con: DuckDBPyConnection, pieces: dict[str, list[Piece]]) -> None:
    expected: defaultdict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
    for quarter, listed in pieces.items():
        for piece in listed:
            own = piece.part == "own"
            part = "adjustment" if piece.part.startswith("adjustment") else piece.part
            expected[piece.model, quarter, "true"] += piece.cost
            if own:
                expected[piece.model, quarter, "billed"] += piece.billed
                expected[piece.model, quarter, "effective"] += piece.cost - piece.billed
            else:
                expected[piece.model, quarter, part] += piece.cost
    rows = told(con, "FROM bridge")
    same({(row["model_id"], row["quarter"], row["step"]): row["amount"] for row in rows}, expected)
    steps_of: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        steps_of[row["model_id"], row["quarter"]].append(row)
    for listed_steps in steps_of.values():
        *parts, end = listed_steps
        assert end["step"] == "true"
        assert sum(step["amount"] for step in parts) == end["amount"]


def test_the_adjustments(con: DuckDBPyConnection, pieces: dict[str, list[Piece]]) -> None:
    rows = told(con, "FROM adjustments")
    assert {(row["from_quarter"], row["into_quarter"]) for row in rows} == {(Q1, Q2)}
    expected: defaultdict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
    for piece in pieces[Q2]:
        if piece.part.startswith("adjustment"):
            expected[piece.model, piece.stage, piece.kind] += piece.cost
    found: defaultdict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
    for row in rows:
        found[row["model_id"], row["stage"], row["cost_kind"]] += Fraction(row["amount"])
    same(found, expected)
    assert {(row["reason"], row["amount"]) for row in rows} == {
        *(("late", Decimal(350)), ("late", Decimal(-155)), ("reversed", Decimal(-432)))
    }


def test_gpu_use(con: DuckDBPyConnection) -> None:
    example = Example(EXAMPLE, with_late=True)
    rows = told(con, "FROM gpu_use")
    assert len(rows) == 5
    for row in rows:
        used = sum((example._hours(job) for job in example._jobs_on(row["first_day"])), Fraction(0))
        assert (row["capacity_gpu_hours"], Fraction(row["used_gpu_hours"])) == (CAPACITY, used)
        assert abs(Fraction(row["idle_cost"]) - Fraction(row["cost"]) * (CAPACITY - used) / CAPACITY) <= NEARLY


def test_unit_economics(con: DuckDBPyConnection, pieces: dict[str, list[Piece]]) -> None:
    asked = Example(EXAMPLE, with_late=True).requests()
    whole = {(row["model_id"], row["quarter"]): row["completeness"] for row in told(con, "FROM true_cost_by_quarter")}
    for row in told(con, "FROM unit_economics"):
        assert row["completeness"] == whole[row["model_id"], row["quarter"]]
        listed = [piece for piece in pieces[row["quarter"]] if piece.model == row["model_id"]]
        calls, tokens = asked[row["model_id"]] if row["quarter"] == Q1 else (0, 0)
        assert (row["requests"], row["tokens"]) == (calls, tokens)
        for figure, cost in (("", total(listed)), ("serving_", total(listed, stage="serving"))):
            for per, units in (("1k_requests", Fraction(calls, 1000)), ("1m_tokens", Fraction(tokens, 10**6))):
                found = row[f"{figure}cost_per_{per}"]
                if units:
                    assert abs(Fraction(found) - cost / units) <= Fraction(1, 2 * 10**6)
                else:
                    assert found is None


@pytest.mark.slow
def test_model_life(con: DuckDBPyConnection, pieces: dict[str, list[Piece]]) -> None:
    by_hand = lives(EXAMPLE, LATE_DAY)
    rows = told(con, "FROM model_life")
    found: defaultdict[tuple[Any, Any], list[Any]] = defaultdict(list)
    for row in rows:
        found[row["model_id"], row["round"]].append(row)
    assert set(found) == set(by_hand)
    for key, months in found.items():
        # Once nothing is left, a month in which nothing happens need not be told.
        expected = {
            month: life for month, life in by_hand[key].items() if life.left or life.amortised or life.written_off
        }
        assert [row["month"] for row in months] == list(expected), key
        for row in months:
            life = expected[row["month"]]
            figures = (row["build_cost"], row["amortised"], row["written_off"], row["net_book_value"])
            for figure, figure_by_hand in zip(
                figures, (life.cost, life.amortised, life.written_off, life.left), strict=True
            ):
                assert abs(Fraction(figure) - figure_by_hand) <= NEARLY
            assert row["is_future"] == (row["month"] > LATE_DAY)
        spent = sum(month["amortised"] + month["written_off"] for month in months)
        assert spent + months[-1]["net_book_value"] == months[-1]["build_cost"], "to the last unit"
        assert abs(Fraction(months[-1]["build_cost"]) - total(build_pieces(pieces, *key))) <= NEARLY
    first_build = {row["month"].month: row for row in found["bot", 0]}
    assert f"{first_build[3]['written_off']:.2f}" == "7369.26", "as it was closed: the credit note came later"
    assert first_build[4]["written_off"] == -155, "and is caught up when it is posted"
    assert f"{found['bot', 2][-1]['net_book_value']:.2f}" == "3849.50", "the third round is in progress"


def build_pieces(pieces: dict[str, list[Piece]], model: str, own: int) -> Iterator[Piece]:
    for piece in (*pieces[Q1], *pieces[Q2]):
        if (piece.model, piece.round) == (model, own) and piece.activity != "serving":
            yield piece


def test_the_drivers_of_a_change_add_up_to_it(con: DuckDBPyConnection) -> None:
    rows = told(con, "FROM variance_drivers")
    assert {row["compared_with"] for row in rows} == {"previous quarter"}, "no model of the example has a plan"
    for row in rows:
        parts = row["price"] + row["volume"] + row["mix"] + row["other"]
        assert parts == row["cost"] - row["previous_cost"]
    by_model: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        by_model[row["model_id"]] += row["cost"] - row["previous_cost"]
    for model, change in by_model.items():
        first, second = told(
            con, f"SELECT true_cost FROM true_cost_by_quarter WHERE model_id = '{model}' ORDER BY quarter_start"
        )
        assert change == second["true_cost"] - first["true_cost"]
    (gpus,) = [row for row in rows if row["model_id"] == "bot" and row["unit"] == "GPU-Hours"]
    # 272 hours at 4.00 were 1088; 48 hours at 800 / 192 were 200.
    assert (gpus["previous_quantity"], gpus["quantity"]) == (272, 48)
    assert (gpus["price"], gpus["volume"], gpus["mix"]) == (Decimal(8), Decimal(-896), Decimal(0))


def test_the_page_says_what_came_out(con: DuckDBPyConnection) -> None:
    page = PAGE.read_text("utf-8")
    for sql, columns in (
        (
            "FROM true_cost_by_quarter",
            ("training_only_cost", "true_cost", "billed_cost", "idle_assigned", "adjustments"),
        ),
        ("FROM bridge", ("amount",)),
        ("FROM cost_by_stage", ("cost",)),
        ("FROM adjustments", ("amount",)),
    ):
        for row in told(con, sql):
            for column in columns:
                assert f"{row[column]:,.2f}" in page, (sql, column, row)
