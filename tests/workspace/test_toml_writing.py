"""What is written as TOML is read back the same: any name, path, tag or value."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truecost.books.suggest import Suggestion
from truecost.workspace import tomltext
from truecost.workspace.proposals import Proposal, Question
from truecost.workspace.scaffold import _config_text
from truecost.workspace.tomlfiles import TomlLines, read_toml

pytestmark = pytest.mark.pure

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NASTY = st.one_of(TEXT, st.text("\"'\\\n\r\t\x00\x7f\x85\u2028=#[]{}.,é模\U0001f600 ab", max_size=12))
VALUES = st.recursive(
    st.one_of(
        *(NASTY, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.dates(date(1, 1, 1))),
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**18), max_value=10**18, places=12),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=8,
)


def parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=Decimal)


@given(NASTY, VALUES)
def test_any_key_and_value_come_back(key: str, value: tomltext.Value) -> None:
    line = tomltext.entry(key, value)
    assert parsed(line) == {key: value}
    assert len(line.splitlines()) == 1  # so that it can stand in a comment, and lines are counted alike everywhere


@given(st.dictionaries(NASTY, NASTY, min_size=1, max_size=4), NASTY)
def test_a_suggested_rule_comes_back_whatever_its_tags_are_called(tags: dict[str, str], model: str) -> None:
    match = {f"tags.{name}": value for name, value in tags.items()}
    nothing = Decimal(0)
    rule = Suggestion(match, model or None, nothing, nothing, nothing, "USD", 1).rule
    assert rule is not None
    assert parsed(rule) == {"attribution": [{"match": match, "model": model or "MODEL"}]}


@given(NASTY, st.lists(st.tuples(NASTY, NASTY, st.booleans()), max_size=3))
def test_a_new_configuration_comes_back_whatever_its_names_and_paths(
    name: str, sources: list[tuple[str, str, bool]]
) -> None:
    model = (Question("model", "MODEL", "Which model?"),)
    proposals = tuple(
        Proposal(source, "lm_eval", path, (path,), model if waits else ()) for source, path, waits in sources
    )
    found = parsed(_config_text(name, proposals))
    assert found["workspace"]["name"] == name
    wanted = [{"name": source, "format": "lm_eval", "path": path} for source, path, waits in sources if not waits]
    assert found.get("sources", []) == wanted


@pytest.mark.parametrize("half", ["\ud800", "caf\udce9"])
def test_half_a_character_is_refused_and_not_written_wrong(half: str) -> None:
    with pytest.raises(ValueError, match="half a character"):
        tomltext.text(half)


def test_lines_are_counted_as_toml_counts_them(tmp_path: Path) -> None:
    text = '[workspace]\nname = "a\u2028b\x85c"\ntax = "never"\n'
    (tmp_path / "truecost.toml").write_bytes(text.encode())
    _, lines = read_toml(tmp_path / "truecost.toml", "truecost.toml")
    assert isinstance(lines, TomlLines)
    assert lines.find(("workspace", "tax")) == 3
