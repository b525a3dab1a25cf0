"""The names of the files tell where each table of the books is made, and who fills it."""

from __future__ import annotations

import re

import pytest

from truecost.store.sql import names, text_of

pytestmark = pytest.mark.pure

_MADE = re.compile(r"^\s*CREATE\s[\w\s]*?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.{}\"]+)", re.MULTILINE)
_FILLED = re.compile(r"^\s*INSERT\s+INTO\s+([\w.{}\"]+)", re.MULTILINE)


def _files() -> dict[str, str]:
    """Each file of the books, its comments left out."""
    return {name: re.sub(r"--.*", "", text_of(name)) for name in names("books")}


def test_a_file_makes_one_table_or_view_that_its_name_ends_in() -> None:
    wrong = {}
    for name, text in _files().items():
        tables = _MADE.findall(text)
        # 20_versions is run for several tables, and named after what they keep.
        told = [name.rpartition("/")[2].partition("_")[2]] if tables else []
        if tables != ["{{books_table}}"] and tables != [f"books.{table}" for table in told]:
            wrong[name] = tables
    assert wrong == {}


def test_a_file_that_makes_a_table_fills_no_other() -> None:
    wrong = {}
    for name, text in _files().items():
        tables, filled = _MADE.findall(text), _FILLED.findall(text)
        if not {*filled} <= {*tables} if tables else len(filled) != 1:
            wrong[name] = filled
    assert wrong == {}
