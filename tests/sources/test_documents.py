"""Any invoice that adds up loads to its total, and none that does not; any JSON is read as it was written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import Bench
from tests.support.effort import examples
from tests.support.ubl_documents import Line, Ubl
from truecost.errors import DeliveryRefused
from truecost.sources import DEFAULT_LIMITS, FileOptions
from truecost.sources.readers.located_json import Located, parse
from truecost.sources.ubl import FORMAT, read

money = st.decimals(-10_000, 10_000, places=2, allow_nan=False).map(lambda amount: f"{amount:f}")
amounts = st.one_of(money, st.decimals(-10, 10, places=20, allow_nan=False).map(lambda amount: f"{amount:f}"))
CREDIT_TYPES = ["81", "261", "381", "396", "532"]
documents = st.builds(
    Ubl,
    root=st.sampled_from(["Invoice", "CreditNote"]),
    number=st.text("ABC123-", min_size=1, max_size=8),
    type_code=st.sampled_from(["", "380", "384", "389", "326", *CREDIT_TYPES]),
    issuer=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
    lines=st.lists(st.builds(Line, amount=amounts), min_size=1, max_size=5),
    allowances=st.lists(money, max_size=2),
    charges=st.lists(money, max_size=2),
    tax=money,
    prepaid=money,
    rounding=st.decimals(-1, 1, places=2).map(str),
)


def sign(document: Ubl) -> int:
    return -1 if document.root == "CreditNote" or document.type_code in CREDIT_TYPES else 1


@pytest.mark.slow
@settings(max_examples=examples(8))
@given(
    documents=st.lists(documents, min_size=1, max_size=4, unique_by=lambda document: (document.issuer, document.number))
)
def test_invoices_load_to_their_totals_and_a_credit_note_is_the_opposite_of_an_invoice(
    folder: Path, documents: list[Ubl]
) -> None:
    bench = Bench.open(folder, {"sources": [{"name": "vendors", "format": "ubl", "path": "x"}]})
    for document in documents:
        loaded = bench.deliver("vendors", document.xml())
        assert loaded.refused_because is None
        assert loaded.rows_accepted == loaded.rows_read
    bench.keep_books()
    summed = bench.ask(
        "SELECT sum(billed_cost) AS gross FROM books.charges GROUP BY x_delivery_id ORDER BY x_delivery_id"
    )
    assert [row["gross"] for row in summed] == [sign(each) * each.inclusive for each in documents]
    told = bench.view("invoices")
    for document, row in zip(documents, told, strict=True):
        assert row["tax_exclusive_amount"] == sign(document) * document.exclusive
        assert row["tax_inclusive_amount"] == sign(document) * document.inclusive
        assert row["payable_amount"] == row["tax_inclusive_amount"] - row["prepaid_amount"] + row["rounding_amount"]
        assert row["payable_amount"] == sign(document) * document.payable
    bench.close()


TOTALS = ["LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount"]


@given(document=documents, name=st.sampled_from(TOTALS), off=st.decimals(-5, 5, places=2).filter(bool))
def test_a_document_that_is_a_cent_off_is_refused_naming_both_amounts(
    folder: Path, document: Ubl, name: str, off: Decimal
) -> None:
    path = folder / "off.xml"
    true = {
        "LineExtensionAmount": sum((Decimal(line.amount) for line in document.lines), Decimal(0)),
        "TaxExclusiveAmount": document.exclusive,
        "TaxInclusiveAmount": document.inclusive,
        "PayableAmount": document.payable,
    }[name]
    wrong = Ubl(**{**vars(document), "said": {name: f"{true + off:f}"}})
    path.write_text(wrong.xml(), "utf-8")
    with pytest.raises(DeliveryRefused) as refused:
        read(None, path, FORMAT, FileOptions())  # type: ignore[arg-type]
    assert f"the {name} is {true + off:f}, where " in str(refused.value)


leaves = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(
    value=st.one_of(st.lists(values), st.dictionaries(st.text(max_size=3), values)), indent=st.sampled_from([None, 1])
)
def test_json_is_read_as_it_was_written_and_each_object_knows_its_line(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    (found,), aside = parse(text, DEFAULT_LIMITS)
    assert not aside
    assert found == json.loads(text, parse_int=str, parse_float=str)
    lines = text.split("\n")
    for each in objects(found):
        assert "{" in lines[each.line - 1]
    if indent:
        assert [each.line for each in objects(found)] == [n for n, line in enumerate(lines, 1) if opens(line)]


def opens(line: str) -> bool:
    """Whether an indented line opens an object: its brace stands outside any text."""
    return line.endswith("{") or line.rstrip(",").endswith("{}")


def objects(value: Any) -> list[Located]:
    """The objects in a value, outer before inner, in order."""
    if isinstance(value, Located):
        return [value, *(each for inner in value.values() for each in objects(inner))]
    if isinstance(value, list):
        return [each for inner in value for each in objects(inner)]
    return []
