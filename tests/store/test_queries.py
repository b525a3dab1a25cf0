"""SQL by name, and names and values quoted for it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from truecost.store.sql import identifier, literal, names, parts_of, query, text_of

ODD = ["", "a", "it's", "''", '"', '""', "a b", "é\n", "; --", "\\", "%s", "{x}", "select"]


@pytest.mark.parametrize("text", ODD)
def test_a_literal_is_the_text_it_was_made_of(text: str) -> None:
    import duckdb

    with duckdb.connect() as con:
        assert con.execute(f"SELECT {literal(text)}").fetchone() == (text,)


@pytest.mark.parametrize("name", [text for text in ODD if text])
def test_an_identifier_is_the_name_it_was_made_of(name: str) -> None:
    import duckdb

    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE {identifier(name)} ({identifier(name)} INTEGER)")
        described = con.execute(f"SELECT * FROM {identifier(name)}").description or []
        assert [column[0] for column in described] == [name]
        assert con.execute("SELECT table_name FROM duckdb_tables()").fetchone() == (name,)


def test_every_sql_file_is_found_by_name_and_says_what_it_is_for() -> None:
    folders = [item for item in files("truecost.sql").iterdir() if item.is_dir() and not item.name.startswith("_")]
    assert {"macros", "schema", "formats", "intake", "books", "finance"} <= {folder.name for folder in folders}
    for folder in folders:
        found = names(folder.name)
        assert len(found) == len(list(Path(str(folder)).rglob("*.sql")))
        assert all(text_of(name).strip() for name in found)


@pytest.mark.parametrize("folder", ["books", "schema"])
def test_what_is_run_in_order_is_numbered_and_named_in_that_order(folder: str) -> None:
    numbers = [tuple(int(part.split("_", 1)[0]) for part in name.split("/")[1:]) for name in names(folder)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("folder", ["books", "formats", "finance", "invariants"])
def test_sql_that_says_what_numbers_mean_opens_with_a_comment(folder: str) -> None:
    assert [name for name in names(folder) if not text_of(name).startswith("-- ")] == []


def test_a_query_takes_each_of_its_parts_and_no_other() -> None:
    given = {"tests": "1", "rule_subjects": ""}
    assert parts_of("attribution/charge") == given.keys()
    assert "{{" not in query("attribution/charge", **given)
    with pytest.raises(TypeError, match=r"sql/attribution/charge.sql is not given tests"):
        query("attribution/charge", rule_subjects="")
    with pytest.raises(TypeError, match=r"sql/attribution/charge.sql has no colour"):
        query("attribution/charge", **given, colour="red")
    with pytest.raises(TypeError, match=r"sql/planning/spent.sql has no colour"):
        query("planning/spent", colour="red")
