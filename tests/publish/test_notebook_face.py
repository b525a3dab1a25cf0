"""What was published opens in a notebook as Polars frames: exact, never stale, and of one publication if asked."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import typer.main
from polars.testing import assert_frame_equal

import truecost
from truecost.cli.commands import app
from truecost.errors import TruecostError
from truecost.publish.face import OPTIONS, Published
from truecost.store.files import swap_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "notebooks.md"
CODE_ON_PAGE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOLD_ON_PAGE = re.compile(r"^(books\.\w+|trace\.total)  # (\[.*\]|Decimal\('[0-9.]+'\))", re.MULTILINE)
ASKS_FOR_PANDAS = {"intake/validation.py", "drift/evidently_report.py"}
# One amount with all the digits there are, a moment, texts in a list.
VIEW = """
SELECT CAST('999999999999999999.99999999999999999999' AS DECIMAL(38, 20)) AS cost,
    TIMESTAMP '2026-01-02 03:04:05.000006' AS at,
    DATE '2026-01-02' AS day, 'é' AS name, ['a', NULL] AS texts, 1 AS n
UNION ALL SELECT CAST('-0.00000000000000000001' AS DECIMAL(38, 20)), NULL, NULL, NULL, NULL, 2
"""


@pytest.fixture
def books(demo: Path) -> Published:
    return truecost.open(demo)


def published(path: Path, sql: str = VIEW) -> Path:
    """A published file with the view ``exact``, put in place as ``publish`` does."""
    aside = path.with_name(".new-1.duckdb")
    with duckdb.connect(str(aside)) as con:
        con.execute("CREATE SCHEMA finance_v1; CREATE SCHEMA finance")
        con.execute(f"CREATE TABLE finance_v1.exact AS {sql}")
        con.execute("CREATE VIEW finance.exact AS SELECT * FROM finance_v1.exact")
        con.execute("COMMENT ON VIEW finance.exact IS 'All digits.'")
    swap_in(aside, path)
    return path


def asked(path: Path, sql: str) -> Any:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


# ---- Views


def test_decimals_stay_decimals_to_the_last_digit_and_moments_stay_without_a_zone(tmp_path: Path) -> None:
    books = truecost.open(published(tmp_path / "reports.duckdb"))
    for frame in (books.view("exact"), books.scan("exact").collect(), books.exact):
        assert frame.schema == {
            "cost": pl.Decimal(38, 20),
            "at": pl.Datetime("us"),
            "day": pl.Date,
            "name": pl.String,
            "texts": pl.List(pl.String),
            "n": pl.Int32,
        }
        first, second = frame.rows()
        moment = datetime(2026, 1, 2, 3, 4, 5, 6)
        assert first == (
            Decimal("999999999999999999.99999999999999999999"),
            moment,
            date(2026, 1, 2),
            "é",
            ["a", None],
            1,
        )
        assert second == (Decimal("-0.00000000000000000001"), None, None, None, None, 2)


@pytest.mark.slow
def test_every_view_of_the_demo_opens_whole_and_lazily_with_what_it_is(books: Published, demo: Path) -> None:
    told = dict(
        asked(books.path, "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'finance' ORDER BY 1")
    )
    assert books.views == told
    assert all(told.values())
    for name in told:
        frame = books.view(name)
        assert_frame_equal(books.scan(name).collect(), frame)
        kinds = asked(books.path, f"DESCRIBE finance.{name}")
        amounts = {column for column, kind, *_ in kinds if kind.startswith("DECIMAL")}
        assert amounts == {column for column, kind in frame.schema.items() if isinstance(kind, pl.Decimal)}
        assert not [column for column, kind in frame.schema.items() if getattr(kind, "time_zone", None)]
    assert {"costs", "totals", "view", "scan"} <= set(dir(books))


def test_a_sum_of_a_lazy_frame_is_the_sum_of_the_books(books: Published) -> None:
    summed = books.scan("costs").group_by("quarter").agg(pl.col("cost").sum()).sort("quarter").collect()
    assert summed.rows() == asked(books.path, "SELECT quarter, sum(cost) FROM finance.costs GROUP BY 1 ORDER BY 1")


def test_a_lazy_frame_reads_the_columns_and_first_rows_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = truecost.open(published(tmp_path / "reports.duckdb", "SELECT range AS n, 'x' AS t FROM range(250000)"))
    lazy, read = books.scan("exact"), list[tuple[str, int]]()
    batches = truecost.publish.face._batches

    def counted(found: Any, rows: int) -> Iterator[pl.DataFrame]:
        for batch in batches(found, rows):
            read.append((",".join(batch.columns), batch.height))
            yield batch

    monkeypatch.setattr("truecost.publish.face._batches", counted)
    assert lazy.head(3).select("n").collect()["n"].to_list() == [0, 1, 2]
    assert read == [("n", 3)]
    read.clear()
    assert lazy.select(pl.len()).collect().item() == 250_000
    assert len(read) > 1  # not all at once
    assert lazy.filter(pl.col("n") >= 249_998).collect()["n"].to_list() == [249_998, 249_999]
    assert lazy.filter(pl.col("n") > 5).head(2).collect()["n"].to_list() == [6, 7]
    assert lazy.head(7).filter(pl.col("n") > 5).collect()["n"].to_list() == [6]


def test_a_filter_of_an_amount_sees_every_digit(tmp_path: Path) -> None:
    books = truecost.open(published(tmp_path / "reports.duckdb"))
    for digit, found in (("9", 1), ("8", 0)):
        amount = Decimal(f"999999999999999999.9999999999999999999{digit}")
        assert books.scan("exact").filter(pl.col("cost") == amount).collect().height == found


def test_quarters_and_models_are_those_of_the_books(books: Published) -> None:
    assert books.quarters == ["FY2025-Q4", "FY2026-Q1", "FY2026-Q2", "FY2026-Q3"]
    assert books.models == ["invoice-reader", "support-bot"]


# ---- Traces


def test_a_trace_adds_up_to_the_figure_it_is_of(books: Published) -> None:
    for model, quarter, figure in books.view("true_cost_by_quarter").select("model_id", "quarter", "true_cost").rows():
        trace = books.trace(model=model or "unallocated", quarter=quarter)
        assert (trace.total, trace.currency) == (figure, "USD")
        assert trace.charges["cost"].sum() == figure
        assert trace.charges.height == trace.count
    limited = books.trace(model="support-bot", limit=2)
    assert limited.charges.height == 2
    assert limited.count > 2
    assert limited.total == books.trace(model="support-bot").total


def test_a_trace_has_the_options_of_the_command(books: Published) -> None:
    command: Any = typer.main.get_command(app)
    options = {
        option.removeprefix("--").replace("-", "_")
        for parameter in command.commands["trace"].params
        for option in parameter.opts
        if option.startswith("--")
    }
    assert set(OPTIONS) == options - {"limit", "workspace", "json", "as_of", "debug", "help"}


@pytest.mark.slow
def test_months_and_days_are_dates_or_text(books: Published) -> None:
    for month in ("2026-08", "2026-08-01", date(2026, 8, 1), date(2026, 8, 31), datetime(2026, 8, 9, 1)):
        assert books.trace(month=month).total == books.trace(since="2026-08", until="2026-08").total
    whole = books.trace(quarter="FY2026-Q3").total
    assert books.trace(quarter="FY2026-Q3", training_only=False).total == whole  # no run was promoted in it
    assert books.trace(quarter="FY2026-Q3", build=False, model=None).total == whole


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"modle": "bot"}, "a trace has no option 'modle'; did you mean 'model'?"),
        ({}, "name a figure, with model, quarter"),
        ({"month": "August"}, "month can't be 'August'; write it like 2026-03"),
        ({"day": 3}, "day can't be 3; give a date"),
        ({"model": "nobody"}, "no charge fits"),
    ],
)
def test_what_leads_to_no_figure_is_told(books: Published, options: dict[str, Any], told: str) -> None:
    with pytest.raises(TruecostError, match=re.escape(told)):
        books.trace(**options)


# ---- What is opened, and when


def test_each_call_reads_the_file_that_is_there(tmp_path: Path) -> None:
    path = published(tmp_path / "reports.duckdb", "SELECT 1 AS n")
    books = truecost.open(path)
    lazy = books.scan("exact")
    assert books.exact["n"].to_list() == lazy.collect()["n"].to_list() == [1]
    published(path, "SELECT 2 AS n")
    assert books.exact["n"].to_list() == lazy.collect()["n"].to_list() == [2]
    published(path, "SELECT 3 AS other")
    with pytest.raises(TruecostError, match="exact has been published anew, with other columns; scan it again"):
        lazy.collect()


def test_within_with_all_is_of_one_publication_and_after_it_closed(tmp_path: Path) -> None:
    path = published(tmp_path / "reports.duckdb", "SELECT 1 AS n")
    with truecost.open(path) as books:
        lazy = books.scan("exact")
        published(path, "SELECT 2 AS n")
        assert books.exact["n"].to_list() == lazy.collect()["n"].to_list() == [1]
    for use in (lambda: books.views, lambda: books.view("exact"), lazy.collect, books.__enter__):
        with pytest.raises(TruecostError, match="these books are closed; open them again"):
            use()
    assert truecost.open(path).exact["n"].to_list() == [2]


def test_what_is_not_there_is_told(tmp_path: Path, books: Published, make_workspace: Callable[..., Path]) -> None:
    with pytest.raises(TruecostError, match=r"is no workspace: it has no truecost\.toml"):
        truecost.open(tmp_path)
    with pytest.raises(TruecostError, match="is no workspace"):
        truecost.open(tmp_path / "nowhere")
    with pytest.raises(TruecostError, match=r"nothing is published at .* yet; run `truecost run` first"):
        truecost.open(make_workspace('[workspace]\nname = "new"\n'))
    with pytest.raises(TruecostError, match="there is no view 'total'; did you mean 'totals'"):
        books.view("total")
    with pytest.raises(AttributeError, match="there is no view 'total'"):
        books.total  # noqa: B018
    assert not hasattr(books, "_repr_html_")
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    text = tmp_path / "notes.duckdb"
    text.write_text("not a database")
    for path in (other, text):
        with pytest.raises(TruecostError, match="is no file that truecost published"):
            truecost.open(path)


# ---- The page, and the house


def test_the_code_of_the_page_runs_and_says_what_the_page_says(demo: Path, tmp_path: Path, monkeypatch: Any) -> None:
    shutil.copytree(demo, tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text("utf-8")
    blocks, known = CODE_ON_PAGE.findall(page), dict[str, Any]()
    assert len(blocks) >= 5
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), known)
        for expression, told in TOLD_ON_PAGE.findall(block):
            assert repr(eval(expression, known)) == told
    assert len(TOLD_ON_PAGE.findall(page)) == 3


def imported(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((name.name, ()) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, tuple(name.name for name in node.names)


def modules() -> Iterator[Path]:
    for folder in ("truecost", "flows", "dashboards"):
        yield from sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.slow
def test_pandas_is_where_great_expectations_and_evidently_ask_for_it_and_nowhere_else() -> None:
    importing, asking = set(), set()
    for path in modules():
        name = path.relative_to(ROOT / path.relative_to(ROOT).parts[0]).as_posix()
        if any(module.split(".")[0] == "pandas" for module, _ in imported(path)):
            importing.add(name)
        tree = ast.walk(ast.parse(path.read_text("utf-8")))
        calls = {node.attr for node in tree if isinstance(node, ast.Attribute)}
        if calls & {"to_pandas", "fetchdf", "fetch_df", "df"}:
            asking.add(name)
    assert importing <= ASKS_FOR_PANDAS
    assert asking == ASKS_FOR_PANDAS


@pytest.mark.slow
def test_nothing_inside_goes_through_the_door_for_notebooks() -> None:
    for path in modules():
        assert not [names for module, names in imported(path) if module == "truecost" and "open" in names], path
        tree = ast.walk(ast.parse(path.read_text("utf-8")))
        assert not [
            node
            for node in tree
            if isinstance(node, ast.Attribute) and node.attr == "open" and ast.unparse(node.value) == "truecost"
        ], path


def test_importing_truecost_loads_nothing_heavy() -> None:
    script = "import sys, truecost; print({n.split('.')[0] for n in sys.modules} & {'polars', 'duckdb', 'pydantic'})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"


def test_an_unchanged_run_loads_no_polars(demo: Path, tmp_path: Path) -> None:
    own = shutil.copytree(demo, tmp_path / "demo")
    script = """
import sys
from pathlib import Path
from truecost import steps
from truecost.clock import Clock
from truecost.workspace.workspace import load_workspace
workspace = load_workspace(Path(sys.argv[1]))
clock = Clock(workspace.config.workspace.as_of)
steps.land(workspace, clock); steps.load(workspace); steps.attribute(workspace); steps.compare(workspace, clock)
steps.drift(workspace, clock); steps.publish(workspace, clock)
print({"polars"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script, str(own)], capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr
