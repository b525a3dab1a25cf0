"""What people write is told in numbers: longer texts and new words are found, other texts of the same kind are not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.drift.test_drift import TODAY, TOML
from tests.support.books import Books, Row, table
from truecost import steps
from truecost.clock import Clock

SYLLABLES = ("ka", "ro", "mi", "tel", "zu", "nor", "ash", "vi", "pol", "den")
FIRST = date(2026, 8, 31)


def words(draw: Random, count: int) -> list[str]:
    return ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(count)]


def text(draw: Random, known: Sequence[str], mean: float) -> str:
    """Words as they come in any language: a few often, most seldom."""
    length = max(3, round(draw.lognormvariate(0, 0.4) * mean))
    return " ".join(known[min(len(known) - 1, int(draw.paretovariate(0.7)) - 1)] for _ in range(length))


def log(seed: int, mean: float = 20, strange: float = 0.0, script: str = "") -> dict[str, str]:
    """Four weeks, and one in which texts have ``mean`` words, a share of them strange, or are of another script."""
    draw = Random(seed)
    known, others = words(draw, 4000), [f"{word}x" for word in words(draw, 400)]
    rows = []
    for number in range(35):
        is_now = number >= 28
        for request in range(60):
            prompt = text(draw, known, mean if is_now else 20).split()
            if is_now:
                prompt = [draw.choice(others) if draw.random() < strange else word for word in prompt]
            rows.append(
                {
                    "requested_at": f"{FIRST + timedelta(number)} {request // 3:02d}:{request % 60:02d}:00",
                    "prompt": script * len(prompt) if is_now and script else " ".join(prompt),
                    "ticket": f"T-{number:03d}-{request:04d}-{draw.randrange(10**6)}",
                }
            )
    return {"inbox/log/all.csv": table(rows, dict.fromkeys(rows[0], ""))}


def told(root: Path, files: dict[str, str], more: str = "") -> dict[tuple[str, str], Row]:
    kept = Books.of(root / "books", TOML + more, files)
    kept.run(TODAY)
    steps.drift(kept.workspace, Clock(TODAY))
    return {(row["feature"], row["method"]): row for row in steps.drift_signals(kept.workspace, Clock(TODAY))}


def moved(rows: dict[tuple[str, str], Row]) -> set[tuple[str, str]]:
    return {(feature, method) for (feature, method), row in rows.items() if row["drifted"] and feature != "dataset"}


def test_texts_of_the_same_kind_are_no_drift_though_each_has_words_nobody_wrote_before(tmp_path: Path) -> None:
    rows = told(tmp_path, log(1))
    assert moved(rows) == set()
    assert {feature for feature, _ in rows} == {"dataset", "prompt (length)", "prompt (new words)"}
    assert rows["prompt (new words)", "new_words"]["value"] < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_seeds_without_a_change_stay_silent(tmp_path: Path, seed: int) -> None:
    assert moved(told(tmp_path, log(100 + seed))) == set()


def test_words_that_the_reference_never_used_are_found(tmp_path: Path) -> None:
    rows = told(tmp_path, log(2, strange=0.15))
    found = rows["prompt (new words)", "new_words"]
    assert found["drifted"]
    assert found["change"] == pytest.approx(0.15, abs=0.04)
    assert rows["prompt (new words)", "wasserstein"]["drifted"], "and by Evidently's distance"


@pytest.mark.slow
def test_longer_texts_and_another_script_are_found(tmp_path: Path) -> None:
    longer = told(tmp_path / "longer", log(3, mean=27))
    assert ("prompt (length)", "level") in moved(longer)
    assert longer["prompt (length)", "level"]["change"] == pytest.approx(0.35, abs=0.08)
    foreign = told(tmp_path / "foreign", log(4, script="你"))
    assert foreign["prompt (new words)", "new_words"]["change"] > 0.8


@pytest.mark.slow
def test_a_text_that_is_ignored_is_not_read(tmp_path: Path) -> None:
    rows = told(tmp_path, log(2, strange=0.15), 'ignore = ["prompt"]\n')
    assert not any(feature.startswith("prompt") for feature, _ in rows)
