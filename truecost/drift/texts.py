"""Free text, told in numbers: how long it is, and what share of its words the reference does not use.

The words of the reference are those of most of its requests, and what is told of text is told of the others: so the
reference has words that are new too, as many as a window like it. No word leaves the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from truecost.store.sql import query

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Measure = Literal["length", "new_words"]

MEASURES: Mapping[Measure, str] = {"length": "{} (length)", "new_words": "{} (new words)"}
_READ_A_DAY = 1_000  # texts whose words are looked up


@dataclass(frozen=True)
class Telling:
    """How a text is told in a number. ``words`` names the type that holds the reference's words; one request in
    ``every`` is looked up in it, and gave none of them."""

    measure: Measure
    words: str = ""
    every: int = 2

    def number_of(self, text: str) -> str:
        """SQL for the number that a text comes to; what is not looked up has none."""
        if self.measure == "length":
            return f"CAST(length({text}) AS DOUBLE)"
        looked_up = f"CASE WHEN request_hash % {self.every} = 0 THEN text_words({text}) END"
        is_new = f"CAST(try_cast(word AS {self.words}) IS NULL AS INTEGER)"
        return f"list_avg(list_transform({looked_up}, lambda word: {is_new}))"


def one_in(requests_a_day: float) -> int:
    """Of how many requests one is looked up: half of them where there are few."""
    return max(2, int(requests_a_day / _READ_A_DAY))


def learn_words(con: DuckDBPyConnection, telling: Telling, text: str) -> None:
    """Keep the words that the reference in ``drift_sample`` uses, but for the requests that are looked up, as a type:
    whether a word is one of them is then a cast."""
    words = query("drift/words", text=text, every=str(telling.every))
    con.execute(f"CREATE OR REPLACE TEMP TYPE {telling.words} AS ENUM ({words})")
