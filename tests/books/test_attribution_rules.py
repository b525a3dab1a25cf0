"""Attribution rules as SQL: what they match, and that no value can break out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from truecost.books.attribution import match_sql, rule_number_sql, rule_numbers_sql
from truecost.workspace.config import ColumnTest, Match

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Matches = Match

TAGS = {
    "team": "nlp",
    "n": 1,
    "live": True,
    "none": None,
    "a.b": "dotted",
    "it's": "apostrophe",
    'q"q': "quote",
    "back\\slash": "backslash",
    "über": "umlaut",
    "nested": {"team": "no"},
}
CHARGES = [
    ("aws", "Amazon EC2", json.dumps(TAGS)),
    ("slurm", "O'Brien; DROP TABLE charges; --", None),
    ("aws", '50% off_now [x] \\ "y" ?*', "not json"),
    ("azure", "Größe", "[1, 2]"),
]


@pytest.fixture(scope="module")
def con() -> Iterator[DuckDBPyConnection]:
    import duckdb

    with duckdb.connect() as opened:
        opened.execute(
            "CREATE TABLE charges (line INTEGER, source VARCHAR, service_name VARCHAR, tags VARCHAR, "
            "charge_period_start TIMESTAMP)"
        )
        for line, row in enumerate(CHARGES):
            opened.execute("INSERT INTO charges BY POSITION SELECT ?, ?, ?, ?, TIMESTAMP '2026-01-10'", [line, *row])
        yield opened


def matched(con: DuckDBPyConnection, match: Matches) -> list[int]:
    """The lines a match matches; it is true or false of each, never neither."""
    condition = match_sql(match)
    rows = con.execute(f"SELECT line, {condition} FROM charges ORDER BY line").fetchall()
    assert len(rows) == len(CHARGES)
    assert all(isinstance(told, bool) for _, told in rows), rows
    return [line for line, told in rows if told]


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("Amazon EC2", [0]),
        ("amazon ec2", []),
        ("Amazon*", [0]),
        ("*EC?", [0]),
        ("*", [0, 1, 2, 3]),
        ("Amazon", []),
        ("Amazon EC2?", []),
        ("", []),
        ("50% off_now*", [2]),
        ("50_ off%", []),
        ("O'Brien*", [1]),
    ],
)
def test_a_value_is_exact_or_a_glob(con: DuckDBPyConnection, value: str, lines: list[int]) -> None:
    assert matched(con, {"service_name": [value]}) == lines


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        pytest.param("Gr??e", [3]),
        ("*[x]*", [2]),
        pytest.param("*[y]*", []),
        pytest.param("*[abc]*", []),
        pytest.param("*\\ *", [2]),
    ],
)
def test_only_asterisk_and_question_mark_are_special_in_a_glob(
    con: DuckDBPyConnection, value: str, lines: list[int]
) -> None:
    assert matched(con, {"service_name": [value]}) == lines


def test_a_list_matches_any_of_its_values_and_several_columns_all_at_once(con: DuckDBPyConnection) -> None:
    assert matched(con, {"source": ["azure", "slu*"]}) == [1, 3]
    assert matched(con, {"source": ["aws"], "service_name": ["Amazon*", "Gr*"]}) == [0]


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("team", "nlp"),
        ("team", "n*"),
        ("n", 1),
        ("live", True),
        ("a.b", "dotted"),
        ("it's", "apostrophe"),
        ('q"q', "quote"),
        ("back\\slash", "backslash"),
        ("über", "umlaut"),
    ],
)
def test_a_tag_is_read_by_its_whole_name(con: DuckDBPyConnection, tag: str, value: str | int | bool) -> None:
    assert matched(con, {f"tags.{tag}": [value]}) == [0]


@pytest.mark.parametrize(
    "tag",
    ["absent", "none", "nested.absent", "team.nested", "a", "b", "0", "[0]", "$", "Team", "'", '"', "') OR ('1'='1"],
)
def test_a_tag_that_is_not_there_matches_nothing(con: DuckDBPyConnection, tag: str) -> None:
    assert matched(con, {f"tags.{tag}": ["*"]}) == []


@pytest.mark.parametrize("tag", ["", "*"])
def test_a_tag_of_an_odd_name_matches_nothing(con: DuckDBPyConnection, tag: str) -> None:
    assert matched(con, {f"tags.{tag}": ["nlp"]}) == []


@pytest.mark.parametrize(
    "value",
    [
        "'",
        "''",
        "' OR '1'='1",
        "'; DROP TABLE charges; --",
        "\\' OR 1=1 --",
        '"',
        "$$",
        "/* rule number */ NULL",
        "é\n\t",
        "%",
        "_",
        "{}",
        "{0}",
    ],
)
@pytest.mark.parametrize("column", ["service_name", "tags.team", "tags.'; DROP TABLE charges; --"])
def test_no_value_breaks_out_of_the_statement(con: DuckDBPyConnection, column: str, value: str) -> None:
    assert matched(con, {column: [value]}) == []
    assert matched(con, {column: [f"*{value}"], "source": ["*"]}) in ([], [2])
    assert con.execute("SELECT count(*) FROM charges").fetchone() == (len(CHARGES),)


@pytest.mark.parametrize(("value", "lines"), [("2026-01*", [0, 1, 2, 3]), ("2025*", []), ("soon", [])])
def test_a_time_is_matched_as_text(con: DuckDBPyConnection, value: str, lines: list[int]) -> None:
    assert matched(con, {"charge_period_start": [value]}) == lines


def test_a_hostile_value_still_matches_itself(con: DuckDBPyConnection) -> None:
    assert matched(con, {"service_name": [CHARGES[1][1]]}) == [1]  # type: ignore[list-item]
    assert matched(con, {"service_name": ["*DROP TABLE charges; --"]}) == [1]


def test_the_first_match_wins_and_none_is_null(con: DuckDBPyConnection) -> None:
    rules: list[Matches] = [{"source": ["slurm"]}, {"source": ["aws", "slurm"], "tags.team": ["*"]}, {"source": ["a*"]}]
    numbers = con.execute(f"SELECT {rule_number_sql(rules)} FROM charges ORDER BY line").fetchall()
    assert [row[0] for row in numbers] == [2, 1, 3, 3]
    assert con.execute(f"SELECT DISTINCT {rule_number_sql([])} FROM charges").fetchall() == [(None,)]
    only_first = con.execute(f"SELECT {rule_number_sql(rules[:1])} FROM charges ORDER BY line").fetchall()
    assert [row[0] for row in only_first] == [None, 1, None, None]


def test_a_match_of_nothing_matches_nothing(con: DuckDBPyConnection) -> None:
    assert matched(con, {}) == []


def test_every_match_that_fits_is_named(con: DuckDBPyConnection) -> None:
    several: list[Matches] = [{"source": ["aws"]}, {"source": ["slurm"]}, {"source": ["a*"]}]
    found = con.execute(f"SELECT {rule_numbers_sql(several)} FROM charges ORDER BY line").fetchall()
    assert [row[0] for row in found] == [[1, 3], [2], [1, 3], [3]]
    assert con.execute(f"SELECT DISTINCT {rule_numbers_sql([])} FROM charges").fetchall() == [([],)]


def test_a_tag_may_be_nested_and_one_with_that_very_name_comes_first(con: DuckDBPyConnection) -> None:
    assert matched(con, {"tags.nested.team": ["no"]}) == [0]
    tags = json.dumps({"x.y": "outer", "x": {"y": "inner", "z": 3}})
    con.execute("INSERT INTO charges BY POSITION SELECT 9, 'x', NULL, ?, TIMESTAMP '2026-01-10'", [tags])
    try:
        condition = match_sql({"tags.x.y": ["outer"], "tags.x.z": ["3"]})
        assert con.execute(f"SELECT line FROM charges WHERE {condition}").fetchall() == [(9,)]
    finally:
        con.execute("DELETE FROM charges WHERE line = 9")


@pytest.mark.parametrize(
    ("column", "test", "lines"),
    [
        ("service_name", {"regex": "^Amazon"}, [0]),
        ("service_name", {"regex": "(?i)BRIEN|größe"}, [1, 3]),
        ("source", {"not": "aws"}, [1, 3]),
        ("source", {"not": ["a*", "x"]}, [1]),
        ("tags.n", {"min": 1, "max": 1}, [0]),
        ("tags.n", {"min": Decimal("1.5")}, []),
        ("tags.team", {"min": 0}, []),
        ("tags.absent", {"not": "x"}, []),
        ("charge_period_start", {"min": date(2026, 1, 10), "max": date(2026, 1, 10)}, [0, 1, 2, 3]),
        ("charge_period_start", {"min": date(2026, 1, 11)}, []),
        ("service_name", {"regex": "[0-9]", "not": "50%*"}, [0]),
    ],
)
def test_a_column_may_be_tested_otherwise(
    con: DuckDBPyConnection, column: str, test: dict[str, object], lines: list[int]
) -> None:
    assert matched(con, {column: ColumnTest.model_validate(test)}) == lines


def test_values_of_every_kind_leave_the_sql_unharmed(con: DuckDBPyConnection) -> None:
    hostile = ["'", "';--", "%", '"', "\\", "🦙" * 10, "x" * 10_000, "') OR TRUE OR ('", "*'*", "?;?"]
    for value in hostile:
        con.execute("INSERT INTO charges BY POSITION SELECT 9, ?, ?, ?, NULL", [value, value, json.dumps({"t": value})])
        try:
            quoted = value.replace("*", "[*]") if set(value) & set("*?") else value
            tests: list[Matches] = [{"source": [quoted]}, {"tags.t": [quoted]}, {"service_name": [quoted]}]
            for match in tests if quoted == value else []:
                found = con.execute(f"SELECT line FROM charges WHERE {match_sql(match)}").fetchall()
                assert found == [(9,)], value
            escaped = ColumnTest.model_validate({"regex": "^" + re.escape(value) + "$"})
            found = con.execute(f"SELECT line FROM charges WHERE {match_sql({'source': escaped})}").fetchall()
            assert found == [(9,)], value
        finally:
            con.execute("DELETE FROM charges WHERE line = 9")
