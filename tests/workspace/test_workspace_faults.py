"""``truecost.toml``: each fault on its line with its remedy, all of them together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.books import Books
from truecost.errors import ConfigError, Fault
from truecost.sources import formats
from truecost.workspace.workspace import load_workspace, match_columns

HEAD = '[workspace]\nname = "books"\n'
AWS = '[[sources]]\nname = "aws"\nformat = "focus"\npath = "inbox/aws/*.csv"\n'
BOT = '[[models]]\nid = "bot"\n'


def faults(tmp_path: Path, text: str | bytes) -> list[Fault]:
    (tmp_path / "truecost.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_workspace(tmp_path)
    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
    assert all(fault.remedy and fault.message for fault in caught.value.faults)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("text", "line", "message", "remedy"),
    [
        ("", 1, "the section [workspace] is missing", "add it"),
        ("[workspace]\n", 1, "the key 'name' is missing", "add it"),
        (HEAD + "[[sources]]\n" + 'name = "a"\nformat = "focus"\n', 3, "the key 'path' is missing", "add it"),
        (HEAD + 'nmae = "x"\n', 3, "[workspace] has no key 'nmae'", "did you mean 'name'?"),
        (HEAD + "[[source]]\n", 3, "the file has no section 'source'", "did you mean 'sources'?"),
        (HEAD + 'tax = "never"\n', 3, "tax = 'never' is not possible", "it should be 'recoverable' or 'cost'"),
        (HEAD + "fiscal_year_start_month = 0\n", 3, "fiscal_year_start_month = 0 is not possible", None),
        (HEAD + 'reporting_currency = "usd"\n', 3, "reporting_currency = 'usd' is not possible", None),
        (
            HEAD + AWS + 'delivery = "files"\n',
            7,
            "delivery = 'files' is not possible",
            "it should be 'file', 'folder' or 'merge'",
        ),
        (HEAD + AWS + 'currency = "Dollar"\n', 7, "currency = 'Dollar' is not possible", None),
        (
            HEAD + AWS.replace("focus", "slurm") + 'timezone = "Mars/Olympus"\n',
            7,
            "the timezone 'Mars/Olympus' is unknown",
            None,
        ),
        (HEAD + AWS + "version = 'v\\d+'\n", 7, "`version` must be a regular expression with one group", None),
        (HEAD + AWS + "version = '('\n", 7, "`version` must be a regular expression with one group", None),
        (HEAD + AWS + 'restates = "period"\n', 7, "`restates` needs to know which delivery is newer", None),
        (
            HEAD + AWS + 'columns = { bill_cost = "Cost" }\n',
            7,
            "focus has no column 'bill_cost'",
            "did you mean 'billed_cost'?",
        ),
        (HEAD + AWS + AWS, 8, "'aws' is used twice in [[sources]]", "rename one"),
        (HEAD + BOT + BOT, 6, "'bot' is used twice in [[models]]", "rename one"),
        (HEAD + AWS.replace("focus", "focsu"), 5, "the format 'focsu' is unknown", "did you mean 'focus'?"),
        (HEAD + AWS.replace("inbox/", "gs://b/"), 6, "gs://b/aws/*.csv is not on this machine's disk", None),
        (HEAD + BOT + 'plan = "plans/bot.toml"\n', 5, "the plan plans/bot.toml of bot is not there", None),
        (
            HEAD + BOT + '[[attribution]]\nmatch = { sorce = "aws" }\nmodel = "bot"\n',
            6,
            "a charge has no column 'sorce'",
            "did you mean 'source'?",
        ),
        (
            HEAD + AWS + BOT + '[[attribution]]\nmatch = { source = "asw" }\nmodel = "bot"\n',
            10,
            "no source is called 'asw'",
            "did you mean 'aws'?",
        ),
        (
            HEAD + BOT + '[[attribution]]\nmatch = { billed_cost = "1" }\nmodel = "bot"\n',
            6,
            "a charge has no column 'billed_cost'",
            None,
        ),
        (HEAD + BOT + '[[attribution]]\nmatch = {}\nmodel = "bot"\n', 6, "match = {} is not possible", None),
        (
            HEAD + '[[attribution]]\nmatch = { "tags.a" = "b" }\nmodel = "bit"\n',
            5,
            "no [[models]] has the id 'bit'",
            None,
        ),
        (
            HEAD + BOT + '[[attribution]]\nmatch = { "tags.a" = "b" }\nmodel = "bot"\nactivity = "trainning"\n',
            8,
            "activity = 'trainning' is not possible",
            None,
        ),
        (HEAD + BOT + 'evaluate = ""\n', 5, "evaluate = '' is not possible", "name a program, or take the key out"),
        (
            HEAD + BOT + 'evaluate = "python eval.py \'half"\n',
            5,
            """evaluate = "python eval.py 'half" is not possible""",
            "close its quotes: it is taken apart as a shell would",
        ),
        (
            HEAD + 'wait = "soon"\n' + BOT,
            3,
            "wait = 'soon' is not possible",
            "write it like 90s: a whole number and s, m or h",
        ),
    ],
)
def test_a_fault_is_told_on_its_line_with_a_remedy(
    tmp_path: Path, text: str, line: int, message: str, remedy: str | None
) -> None:
    (fault,) = faults(tmp_path, text)
    assert (fault.file, fault.line, fault.message) == ("truecost.toml", line, message)
    assert remedy is None or fault.remedy == remedy


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, HEAD + "[[sources]]\nname = aws\n")
    assert fault.line == 4
    assert fault.message.startswith("the file is not TOML: ")


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, 'name = "Größe"'.encode("latin-1"))
    assert (fault.message, fault.remedy) == ("the file is not UTF-8", "save it as UTF-8")


def test_a_folder_without_a_workspace_is_told_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no workspace here; name one with --workspace, or make one"):
        load_workspace(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "truecost.toml").write_bytes(b"\xef\xbb\xbf" + (HEAD + AWS).replace("\n", "\r\n").encode())
    assert [source.name for source in load_workspace(tmp_path).config.sources] == ["aws"]


def test_faults_of_every_section_come_together_in_one_go(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        HEAD
        + AWS.replace("focus", "fokus")
        + 'restates = "period"\n'
        + BOT
        + 'plan = "gone.toml"\n[[attribution]]\nmatch = { service = "x", source = "nobody" }\nmodel = "bit"\n'
        + '[[coverage]]\nbilled = { colour = "red" }\nusage = { source = "slrm" }\njoin = "resource_id"\n',
    )
    assert [fault.line for fault in found] == [5, 7, 10, 12, 12, 13, 15, 16]


def test_a_value_in_a_match_may_stand_alone_or_in_a_list(tmp_path: Path) -> None:
    text = HEAD + AWS + BOT + '[[attribution]]\nmatch = { source = "aws", "tags.n" = [1, true, "x"] }\nmodel = "bot"\n'
    rule = Books.of(tmp_path, text).workspace.config.attribution[0]
    assert rule.match == {"source": ["aws"], "tags.n": [1, True, "x"]}


def test_a_rule_may_match_texts_and_never_amounts() -> None:
    columns = match_columns()
    assert {"source", "service_name", "resource_name", "sub_account_id", "charge_category", "tags"} <= columns
    assert not {"billed_cost", "effective_cost", "consumed_quantity", "list_unit_price"} & columns


@pytest.mark.parametrize("format_name", sorted(formats()))
def test_every_format_declares_what_the_design_asks_of_it(format_name: str) -> None:
    fmt = formats()[format_name]
    assert fmt.name == format_name
    assert fmt.versions
    assert fmt.natural_key
    assert fmt.disposition in ("replace", "merge", "append")
    assert fmt.basis in ("billed", "usage", "reference")
    assert any(column.required for column in fmt.columns)
    assert bool(fmt.money) == bool(fmt.currency_column)
