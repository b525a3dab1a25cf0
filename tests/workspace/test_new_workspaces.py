"""``init``: beside what is there and over nothing, with the sources that the exports suggest, and always readable."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from tests.workspace.test_schemas import plain
from truecost.errors import TruecostError
from truecost.intake.landing import source_files
from truecost.sources.recognise import guesses
from truecost.workspace import proposals, scaffold
from truecost.workspace.proposals import look
from truecost.workspace.scaffold import make_workspace
from truecost.workspace.workspace import Workspace, load_workspace

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo" / "inbox"
BILL = DEMO / "aws" / "2025-10.csv"
TIMES = DEMO / "timesheets" / "2025-10.csv"
JOBS = DEMO / "slurm" / "2025-10.txt"
LOG = "requested_at,prompt_tokens,completion_tokens\n2026-01-09T01:20:37Z,356,182\n"


def put(file: Path, content: Path | str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.read_bytes() if isinstance(content, Path) else content.encode())


def paths(root: Path) -> dict[str, str]:
    """Source -> its path, as proposed."""
    return {proposal.name: proposal.path for proposal in look(root).proposals}


def answered(root: Path) -> Workspace:
    """The workspace once every mark in front of a proposal is taken away: the examples then answer what is asked."""
    path = root / "truecost.toml"
    before, heading, after = path.read_text("utf-8").partition("# ---- What comes in")
    proposed, example, rest = after.partition('# [[sources]]\n# name = "aws"\n')
    proposed = re.sub(r"(?m)^# (?=\[\[|[a-z_]+ = |#)", "", proposed)
    model = '[[models]]\nid = "MODEL"\n\n'
    path.write_text(before + heading + proposed + model + example + rest, "utf-8")
    return load_workspace(root)


# ---- What is written can be read


@pytest.mark.parametrize(
    "name", ['the "books"', "back\\slash", "größe 模型", "it's", "a = 1", "[x]", "NAME", "a\nb", "#"]
)
def test_a_folder_of_any_name_becomes_a_workspace_of_that_name(tmp_path: Path, name: str) -> None:
    put(tmp_path / name / "aws" / "2026-01.csv", BILL)
    made = make_workspace(tmp_path / name)
    workspace = load_workspace(tmp_path / name)
    assert workspace.name == name
    assert source_files(workspace, workspace.config.sources[0]) == ["aws/2026-01.csv"]
    assert len(made.found.proposals) == 1


def test_a_folder_whose_name_is_no_text_becomes_a_workspace_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    make_workspace(folder)
    assert load_workspace(folder).name == "caf?"


def test_the_comment_on_tags_is_the_same_whatever_the_workspace_is_called(tmp_path: Path) -> None:
    make_workspace(tmp_path / "ws")
    text = (tmp_path / "ws" / "truecost.toml").read_text("utf-8")
    assert '"tags.NAME" in quotes' in text
    assert "tags.ws" not in text


@pytest.mark.parametrize(
    "folder", ['say "hi"', "größe", "two words", "[2026]", "st*r", "wh?t", "tab\tbed", "line\nbreak"]
)
def test_exports_in_a_folder_of_any_name_are_found_by_the_path_that_is_written(tmp_path: Path, folder: str) -> None:
    put(tmp_path / folder / "a.csv", BILL)
    put(tmp_path / folder / "b.csv", BILL)
    put(tmp_path / folder / "tempo.csv", "no,export\n1,2\n")
    make_workspace(tmp_path)
    workspace = load_workspace(tmp_path)
    named = [file for source in workspace.config.sources for file in source_files(workspace, source)]
    assert sorted(named) == sorted([f"{folder}/a.csv", f"{folder}/b.csv"])


def test_what_can_not_be_read_back_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ('name = "', '[workspace]\nname = "another"\n', '[workspace]\nname = "x"\nnmae = "x"\n'):
        monkeypatch.setattr(scaffold, "_config_text", lambda *_, wrong=wrong: wrong)
        with pytest.raises(TruecostError, match="can't be read back"):
            make_workspace(tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_the_first_line_names_the_schema_that_the_file_holds_to(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "inbox")
    make_workspace(tmp_path)
    text = (tmp_path / "truecost.toml").read_text("utf-8")
    directive, path = text.splitlines()[0].split(" ")
    assert (directive, "://" in path) == ("#:schema", False)
    schema = json.loads((tmp_path / path).read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(plain(tomllib.loads(text, parse_float=Decimal)))
    assert (tmp_path / ".truecost" / "plan.schema.json").is_file()


# ---- Nothing is overwritten


def test_what_is_there_stays_as_it_was(tmp_path: Path) -> None:
    put(tmp_path / "aws" / "2026-01.csv", BILL)
    put(tmp_path / "inbox", "a file called inbox")
    put(tmp_path / "notes.md", "mine")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.rglob("*") if path.is_file()}
    make_workspace(tmp_path)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    added = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} - {
        path.relative_to(tmp_path).as_posix() for path in before
    }
    assert added == {"truecost.toml", ".truecost/truecost.schema.json", ".truecost/plan.schema.json"}


@pytest.mark.parametrize("kind", ["file", "link to nothing", "folder"])
def test_only_a_workspace_that_is_there_already_is_refused(tmp_path: Path, kind: str) -> None:
    config = tmp_path / "truecost.toml"
    if kind == "file":
        config.write_text("mine")
    elif kind == "folder":
        config.mkdir()
    else:
        config.symlink_to("nowhere")
    with pytest.raises(TruecostError, match="is there already and stays as it is"):
        make_workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["truecost.toml"]


def test_a_workspace_that_came_up_in_the_meantime_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(*_: object) -> None:
        (tmp_path / "truecost.toml").write_text("mine")

    monkeypatch.setattr(scaffold, "_write_schemas", another)
    with pytest.raises(TruecostError, match="stays as it is"):
        make_workspace(tmp_path)
    assert (tmp_path / "truecost.toml").read_text() == "mine"


def test_where_nothing_is_recognised_there_is_an_inbox_to_fill(tmp_path: Path) -> None:
    put(tmp_path / "notes.txt", "mine")
    made = make_workspace(tmp_path)
    assert (made.found.proposals, made.found.unknown) == ((), ("notes.txt",))
    assert (tmp_path / "inbox").is_dir()


# ---- What is proposed


def test_the_exports_of_the_example_are_recognised(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "inbox")
    make_workspace(tmp_path)
    ready = {source.format for source in load_workspace(tmp_path).config.sources}
    assert ready == {
        *("focus", "invoice_csv", "openai_costs", "rate_card"),
        *("slurm", "timesheet", "training_runs", "ubl"),
    }
    workspace = answered(tmp_path)
    assert {source.format for source in workspace.config.sources} == ready | {"lm_eval", "request_log"}
    assert {source.model for source in workspace.config.sources if source.format == "lm_eval"} == {"MODEL"}
    named = [file for source in workspace.config.sources for file in source_files(workspace, source)]
    assert len(named) == len(set(named))
    everything = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "inbox").rglob("*") if path.is_file()}
    own_columns = {file for file in everything if file.startswith("inbox/staff/")}  # a payroll's: no format has them
    assert set(named) == everything - own_columns


def test_files_of_several_formats_in_one_folder_are_told_apart_by_their_names(tmp_path: Path) -> None:
    for month in ("2026-01", "2026-02"):
        put(tmp_path / f"aws-{month}.csv", BILL)
        put(tmp_path / f"toggl_{month}.csv", TIMES)
    put(tmp_path / "jobs.txt", JOBS)
    put(tmp_path / "readme.txt", "hello")
    assert paths(tmp_path) == {"aws": "aws-*.csv", "jobs": "jobs.txt", "toggl": "toggl_*.csv"}
    assert look(tmp_path).unknown == ("readme.txt",)


def test_files_that_no_path_can_tell_apart_are_named_one_by_one(tmp_path: Path) -> None:
    put(tmp_path / "inbox" / "1.csv", BILL)
    put(tmp_path / "inbox" / "2.csv", TIMES)
    put(tmp_path / "inbox" / "3.csv", BILL)
    assert sorted(paths(tmp_path).values()) == ["inbox/1.csv", "inbox/2.csv", "inbox/3.csv"]


def test_folders_a_month_or_a_run_are_one_source_and_their_parts_are_asked_about(tmp_path: Path) -> None:
    for run in (
        "20230601-20230605/77777777-0000-4000-8000-000000000002",
        "20230601-20230630/00aa11bb-0000-4000-8000-01",
    ):
        run = run.ljust(len("20230601-20230605/77777777-0000-4000-8000-000000000002"), "0")
        for part in ("part_0_0001.csv", "part_1_0001.csv"):
            put(tmp_path / "focus" / run / part, BILL)
        put(tmp_path / "focus" / run / "manifest.json", "{}")
    (found,) = look(tmp_path).proposals
    assert (found.name, found.path) == ("focus", "focus/*/*/*.csv")
    assert [question.key for question in found.questions] == ["delivery"]
    make_workspace(tmp_path)
    (source,) = answered(tmp_path).config.sources
    assert source.delivery == "folder"


def test_a_month_that_stands_alone_so_far_has_a_path_for_the_next_one_too(tmp_path: Path) -> None:
    put(tmp_path / "exports" / "2026-01" / "bill.csv", BILL)
    assert list(paths(tmp_path).values()) == ["exports/*/*.csv"]


def test_what_no_file_says_is_asked_and_never_guessed(tmp_path: Path) -> None:
    put(tmp_path / "log" / "2026-01.csv", LOG)
    put(tmp_path / "bill" / "2026-01.csv", BILL.read_text("utf-8").replace("BillingCurrency", "Nothing", 1))
    put(tmp_path / "jobs" / "2026-01.txt", JOBS)
    made = make_workspace(tmp_path)
    assert {found.name: [question.key for question in found.needed] for found in made.found.proposals} == {
        "bill": ["currency"],
        "jobs": [],
        "log": ["model"],
    }
    (jobs,) = load_workspace(tmp_path).config.sources
    assert (jobs.name, jobs.timezone) == ("jobs", "UTC")
    answers = {source.name: source for source in answered(tmp_path).config.sources}
    assert (answers["bill"].currency, answers["log"].model) == ("USD", "MODEL")
    assert answers["jobs"].timezone == "Europe/Berlin"


def test_two_sources_never_have_one_name(tmp_path: Path) -> None:
    for folder in ("a/aws", "b/aws", "c/AWS", "d/aws"):
        put(tmp_path / folder / "x.csv", BILL)
    names = list(paths(tmp_path))
    assert len(names) == len(set(names)) == 4
    make_workspace(tmp_path)
    assert len(load_workspace(tmp_path).config.sources) == 4


def test_only_plain_files_of_this_folder_are_looked_at(tmp_path: Path) -> None:
    root = tmp_path / "here"
    put(tmp_path / "elsewhere" / "bill.csv", BILL)
    put(root / ".hidden" / "bill.csv", BILL)
    put(root / "other" / "truecost.toml", "")
    put(root / "other" / "inbox" / "bill.csv", BILL)
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "linked.csv").symlink_to(tmp_path / "elsewhere" / "bill.csv")
    os.mkfifo(root / "pipe.csv")  # whoever reads it waits for ever
    put(root / "broken.csv.gz", "no gzip")
    put(root / "empty.csv", "")
    put(root / "deep.json", "[" * 100_000)
    put(root / "blob.parquet", "PAR1 and nothing")
    put(root / os.fsdecode(b"caf\xe9.csv"), BILL)
    found = look(root)
    assert found.proposals == ()
    assert {os.fsencode(name) for name in found.unknown} == {
        *(b"broken.csv.gz", b"empty.csv", b"deep.json", b"blob.parquet", b"caf\xe9.csv")
    }


def test_a_folder_without_end_is_looked_at_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "MOST_FILES", 3)
    for number in range(5):
        put(tmp_path / "aws" / f"{number}.csv", BILL)
    found = look(tmp_path)
    assert found.is_cut
    make_workspace(tmp_path)
    load_workspace(tmp_path)


# ---- What a file is recognised by


def test_a_file_with_a_date_is_not_taken_for_exchange_rates(tmp_path: Path) -> None:
    put(tmp_path / "usage.csv", "Date,ServiceName,Cost,Currency\n2026-01-01,VM,1,USD\n")
    put(tmp_path / "ecb.csv", "Date,USD,GBP,\n2026-02-17,1.1900,0.8700,\n")
    assert guesses(tmp_path / "usage.csv") == []
    assert [guess.format.name for guess in guesses(tmp_path / "ecb.csv")] == ["ecb_rates"]


def test_sacct_without_a_header_line_is_recognised(tmp_path: Path) -> None:
    line = "|".join(["7", "7", "ridge", *["x"] * 8, *["2026-01-02T03:04:05"] * 3, *["x"] * 12])
    put(tmp_path / "sacct.txt", line + "\n")
    assert [guess.format.name for guess in guesses(tmp_path / "sacct.txt")] == ["slurm"]
    put(tmp_path / "names.txt", "|".join(f"column {number}" for number in range(26)) + "\n")
    assert guesses(tmp_path / "names.txt") == []


@pytest.mark.parametrize(
    "text", ['{{"ts": 1, "model": "m", "id": 1}}\n', '[\n {{"ts": 1, "model": "m"}} ]', '{{"ts": 1}}\n']
)
def test_json_records_are_recognised_by_their_keys(tmp_path: Path, text: str) -> None:
    put(tmp_path / "log.jsonl", text.replace("{{", "{").replace("}}", "}"))
    found = [guess.format.name for guess in guesses(tmp_path / "log.jsonl")]
    assert found == (["request_log"] if "model" in text else [])


def test_a_document_that_has_a_model_and_a_time_is_no_record_of_a_request(tmp_path: Path) -> None:
    origin = next((DEMO / "evals").rglob("*.json"))
    told = json.loads(origin.read_text("utf-8")) | {"model_name": "m", "start_time": 1.5, "date": 1.5}
    for indent in (None, 1):
        put(tmp_path / "results.json", json.dumps(told, indent=indent))
        assert [guess.format.name for guess in guesses(tmp_path / "results.json")] == ["lm_eval"]
