"""Formats that packages of others bring: their rows keep every promise, and what is wrong with a package names it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from tests.support.books import Bench
from truecost import sources
from truecost.errors import TruecostError
from truecost.publish.publication import _views_of_others
from truecost.sources import Column, Format, formats, known_datasets
from truecost.sources.datasets import OWN, RATES, Dataset
from truecost.sources.readers.delimited import read
from truecost.store.fingerprint import fingerprint_of_others
from truecost.store.sql import text_of

MODULE = """
from truecost.sources import Column, Format
from truecost.sources.datasets import RATES, Dataset
from truecost.sources.readers.delimited import read

{dataset}
FORMAT = Format(
    name="shelf",
    title="Shelves",
    versions=("1",),
    dataset={name},
    disposition="merge",
    basis="reference",
    columns=(Column("shelf", required=True), Column("load", required=True)),
    sql="format",
    package=__name__,
    read=read,
)
"""
SHELVES = 'SHELVES = Dataset("shelves", ("source", "shelf"), package=__name__, create="table", view="view")'
FILES = {
    "__init__.py": MODULE.format(dataset=SHELVES, name="SHELVES"),
    "table.sql": (
        "CREATE TABLE ledger.shelves (shelf VARCHAR, load INTEGER, "
        "x_delivery_id INTEGER, x_line BIGINT, x_content VARCHAR)"
    ),
    "format.sql": (
        "SELECT shelf, CAST(load AS INTEGER) AS load, NULL::VARCHAR AS skip_reason, "
        "struct_pack(shelf := CASE WHEN shelf IS NULL THEN 'missing' ELSE 'ok' END) AS checks FROM raw"
    ),
    "view.sql": "-- Shelves.\nSELECT shelf, load FROM books.shelves WHERE status = 'current'",
    "shelves.json": (
        '{"expectations": [{"type": "expect_column_values_to_be_in_set", '
        '"kwargs": {"column": "shelf_check", "value_set": ["ok"]}, "meta": {"column_name": "shelf"}}]}'
    ),
}
TOML = {"sources": [{"name": name, "format": "shelf", "path": f"inbox/{name}/*"} for name in ("east", "west")]}

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package that brings the format ``shelf``: ``install({"table.sql": "..."})`` replaces files of it."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(changed: dict[str, str | None] | None = None, name: str = "shelf") -> None:
        folder = tmp_path / "truecost_shelves"
        folder.mkdir()
        for file, text in {**FILES, **(changed or {})}.items():
            if text is not None:
                (folder / file).write_text(text, "utf-8")
        entry = EntryPoint(name, "truecost_shelves:FORMAT", "truecost.sources")
        monkeypatch.setattr(sources, "entry_points", lambda group: [*entry_points(group=group), entry])

    def forget() -> None:
        for cached in (formats, known_datasets, text_of, fingerprint_of_others):
            cached.cache_clear()
        sys.modules.pop("truecost_shelves", None)

    forget()
    yield put
    monkeypatch.undo()
    forget()


def test_rows_of_a_dataset_from_outside_are_told_apart_by_its_natural_key(install: Install, tmp_path: Path) -> None:
    install()
    bench = Bench.open(tmp_path, TOML)
    bench.deliver("east", "shelf,load\na,1\nb,2\n,3\n")
    bench.deliver("east", "shelf,load\na,1\nb,5\n")
    bench.deliver("west", "shelf,load\na,7\n")
    bench.keep_books()
    sql = "SELECT source, shelf, load, status FROM books.shelves ORDER BY source, shelf, x_delivery_id"
    assert [tuple(row.values()) for row in bench.ask(sql)] == [
        ("east", "a", 1, "current"),
        ("east", "a", 1, "duplicate"),
        ("east", "b", 2, "superseded"),
        ("east", "b", 5, "current"),
        ("west", "a", 7, "current"),
    ]
    counts = bench.ask(
        "SELECT rows_loaded, rows_duplicate, rows_quarantined FROM books.deliveries ORDER BY delivery_id"
    )
    assert [tuple(row.values()) for row in counts] == [(2, 0, 1), (1, 1, 0), (1, 0, 0)]


def test_a_lost_row_of_a_dataset_from_outside_breaks_a_promise(install: Install, tmp_path: Path) -> None:
    install()
    bench = Bench.open(tmp_path, TOML)
    bench.deliver("east", "shelf,load\na,1\nb,2\n")
    bench.keep_books()
    bench.con.execute("DELETE FROM ledger.shelves WHERE shelf = 'b'")
    with pytest.raises(AssertionError, match="rows_are_held"):
        bench.keep_books()


def test_a_source_from_outside_without_a_moment_speaks_when_it_is_received(install: Install, tmp_path: Path) -> None:
    install()
    bench = Bench.open(tmp_path, {**TOML, "expected": [{"source": "east", "every": "30d"}]})
    bench.deliver("east", "shelf,load\na,1\n")
    bench.keep_books()
    (spoken,) = bench.ask("SELECT source, CAST(spoken_from AS DATE) AS day FROM books.spoken")
    assert (spoken["source"], str(spoken["day"])) == ("east", "2026-10-05")


def test_a_file_that_the_sql_of_a_package_fails_on_is_refused_and_names_it(install: Install, tmp_path: Path) -> None:
    install()
    bench = Bench.open(tmp_path, TOML)
    refused = bench.deliver("east", "shelf,load\na,heavy\n").refused_because
    assert refused is not None
    assert refused.startswith("the SQL of the package truecost_shelves fails on it (Conversion Error: ")
    assert bench.deliver("east", "shelf,load\na,1\n").rows_accepted == 1


def test_a_row_that_the_table_of_a_package_has_no_place_for_is_refused_and_names_it(
    install: Install, tmp_path: Path
) -> None:
    install({"table.sql": FILES["table.sql"].replace(" load INTEGER,", "")})
    refused = Bench.open(tmp_path, TOML).deliver("east", "shelf,load\na,1\n").refused_because
    assert refused is not None
    assert refused.startswith("the SQL of the package truecost_shelves fails on it (Binder Error: ")


def test_a_format_from_outside_may_bring_rows_of_a_dataset_of_ours(install: Install, tmp_path: Path) -> None:
    typed = (
        "SELECT shelf AS gpu_type, parse_amount(load) AS price_per_gpu_hour, 'USD' AS currency, "
        "DATE '2026-01-01' AS valid_from, NULL::DATE AS valid_to, NULL::VARCHAR AS skip_reason, struct_pack("
        "gpu_type := 'ok', price_per_gpu_hour := amount_state(load), currency := 'ok', valid_from := 'ok', "
        "valid_to := 'ok') AS checks FROM raw"
    )
    install({"__init__.py": MODULE.format(dataset="", name="RATES"), "format.sql": typed})
    bench = Bench.open(tmp_path, TOML)
    bench.deliver("east", "shelf,load\na100,2.50\nh100,dear\n")
    bench.keep_books()
    assert [row["gpu_type"] for row in bench.ask("FROM books.rates")] == ["a100"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"table.sql": None}, r"the package truecost_shelves has no file table\.sql; "),
        ({"table.sql": "CREATE TABLE"}, r"table\.sql of the package truecost_shelves does not make .*Parser Error"),
        ({"table.sql": "CREATE TABLE ledger.shelf (x INTEGER)"}, r"does not make the table ledger\.shelves \(Catalog"),
        ({"table.sql": FILES["table.sql"].replace("x_line", "line")}, r"\(it lacks the column x_line\); mend"),
        ({"table.sql": FILES["table.sql"].replace("shelf VARCHAR", "shelf VARCHAR, status VARCHAR")}, r"column status"),
        ({"shelves.json": None}, r"the package truecost_shelves has no suite shelves\.json; write expectations/"),
        ({"shelves.json": "{"}, r"truecost_shelves/shelves\.json: the suite can't be read"),
        ({"__init__.py": "import nowhere"}, r"the format 'shelf' of .* can't be loaded \(No module named 'nowhere'\)"),
        ({"__init__.py": "FORMAT = 1"}, r"can't be loaded \(truecost_shelves:FORMAT is no Format of this name\)"),
        (
            {"__init__.py": FILES["__init__.py"].replace('"shelves"', '"jobs"')},
            r"brings a dataset 'jobs', and there is another of that name; the package truecost_shelves must",
        ),
        (
            {"__init__.py": FILES["__init__.py"].replace('("source", "shelf")', "()")},
            r"can't be loaded \(the dataset shelves has no natural_key; ",
        ),
        ({"__init__.py": FILES["__init__.py"].replace('create="table", ', "")}, r"needs `create`, the SQL file that"),
    ],
)
def test_what_is_wrong_with_a_package_is_one_sentence_that_names_it(
    install: Install, tmp_path: Path, changed: dict[str, str | None], sentence: str
) -> None:
    install(changed)
    with pytest.raises(TruecostError, match=sentence) as caught:
        Bench.open(tmp_path, TOML).deliver("east", "shelf,load\na,1\n")
    assert "\n" not in str(caught.value)


def test_two_packages_that_bring_one_format_are_told(install: Install) -> None:
    install(name="slurm")
    with pytest.raises(TruecostError, match="two packages bring a format 'slurm'; uninstall one"):
        formats()


def test_a_view_that_cannot_be_run_is_not_published_and_names_its_package(install: Install, tmp_path: Path) -> None:
    install({"view.sql": "-- Shelves.\nSELECT weight FROM books.shelves"})
    bench = Bench.open(tmp_path, TOML)
    bench.keep_books()
    with pytest.raises(TruecostError, match=r"view\.sql of the package truecost_shelves can't be published"):
        _views_of_others(bench.con, bench.workspace)


def test_a_view_that_has_the_name_of_one_of_ours_is_not_published(install: Install, tmp_path: Path) -> None:
    install({"__init__.py": FILES["__init__.py"].replace('"shelves"', '"gaps"')})
    bench = Bench.open(tmp_path, TOML)
    with pytest.raises(TruecostError, match=r"the package truecost_shelves brings a view 'gaps', which truecost has"):
        _views_of_others(bench.con, bench.workspace)


def test_formats_of_one_dataset_know_its_rows_by_one_key() -> None:
    kinds = {fmt.dataset.name: fmt.natural_key for fmt in formats().values() if fmt.dataset.receipts != "slots"}
    assert kinds == {dataset.name: dataset.natural_key for dataset in OWN if dataset.receipts != "slots"}
    with pytest.raises(
        ValueError, match="rows of rates are known by gpu_type, currency, valid_from; leave natural_key"
    ):
        Format(
            name="prices",
            title="Prices",
            versions=("1",),
            dataset=RATES,
            disposition="merge",
            basis="reference",
            columns=(Column("gpu_type"),),
            sql="prices",
            read=read,
            natural_key=("gpu_type",),
        )


@pytest.mark.parametrize("name", ["", "Shelves", "1a", "a b", 'a"', "a.b"])
def test_a_dataset_has_a_name_that_a_table_can_have(name: str) -> None:
    with pytest.raises(ValueError, match="can't name a dataset; use small letters, digits and underscores"):
        Dataset(name, ("key",))
