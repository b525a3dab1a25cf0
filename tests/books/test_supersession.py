"""Who speaks for a slot, after any sequence of deliveries: the SQL agrees with the rules told in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.effort import examples
from truecost.books.slots import judge_claims
from truecost.store.warehouse import IN_MEMORY, connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SOURCES = {
    "plain": ("charges", None),
    "versioned": ("charges", "period"),
    "one": ("invoices", None),
    "two": ("invoices", None),
}


# An account and its billing period: two accounts of one period, and one of another.
SLOTS = ("x 1", "y 1", "z 2")


@dataclass(frozen=True)
class Delivered:
    """A file of a set, and what it claims: slot -> content."""

    number: int
    source: str
    file: str
    set_name: str
    set_version: int
    version: str | None
    is_incomplete: bool
    slots: dict[str, str] = field(hash=False)


@st.composite
def histories(draw: st.DrawFn) -> list[Delivered]:
    """Deliveries in the order received: files again and again, folders of parts, versions in names."""
    history: list[Delivered] = []
    for _ in range(draw(st.integers(1, 14))):
        source = draw(st.sampled_from(list(SOURCES)))
        names = ["v1", "v2", "v10"] if source == "versioned" else ["a", "b", "folder"]
        name = draw(st.sampled_from(names))
        files = [f"{name}/{part}" for part in range(draw(st.integers(1, 3)))] if name == "folder" else [name]
        first = len(history) + 1
        for file in files:
            history.append(
                Delivered(
                    len(history) + 1,
                    source,
                    file,
                    name,
                    first,
                    name[1:].zfill(20) if source == "versioned" else None,
                    draw(st.integers(0, 3)) == 0,
                    draw(st.dictionaries(st.sampled_from(SLOTS), st.sampled_from("12"), min_size=1, max_size=3)),
                )
            )
    return history


def realm(delivery: Delivered) -> str:
    return "invoices" if SOURCES[delivery.source][0] == "invoices" else delivery.source


def period(slot: str) -> str:
    return slot[-1]


def is_left_behind(history: Sequence[Delivered], d: Delivered, slot: str) -> bool:
    """Whether a newer version of the set has spoken for the period since, and replaces the older one whole."""
    if SOURCES[d.source] != ("charges", None):
        return False
    return any(
        (o.source, o.set_name) == (d.source, d.set_name)
        and o.set_version > d.set_version
        and period(slot) in {period(s) for s in o.slots}
        for o in history
    )


def judged(history: Sequence[Delivered]) -> dict[tuple[int, str], str]:
    """(delivery, slot) -> how its claim stands."""
    told: dict[tuple[int, str], str] = {}
    for where in {(realm(delivery), slot) for delivery in history for slot in delivery.slots}:
        rivals = [d for d in history if realm(d) == where[0] and where[1] in d.slots]
        speaking = {(d.source, d.set_name) for d in rivals if not is_left_behind(history, d, where[1])}
        holder = next(((d.source, d.set_name) for d in rivals if (d.source, d.set_name) in speaking), None)
        own = [d for d in rivals if (d.source, d.set_name) == holder]
        if where[0] == "invoices":
            complete = [d.set_version for d in own if not d.is_incomplete]
            current = min(complete) if complete else max(d.set_version for d in own)
        elif SOURCES[rivals[0].source][1] == "period":
            own = rivals
            current = max((d.version or "", d.set_version) for d in rivals)[1]
        else:
            current = max((d.set_version for d in own), default=0)
        contents = {d.slots[where[1]] for d in own if d.set_version == current}
        for d in rivals:
            if is_left_behind(history, d, where[1]):
                status = "superseded"
            elif d in own and d.set_version == current:
                status = "current"
            elif d in own and (d.set_version < current or where[0] == "versioned"):
                status = "superseded"
            else:
                status = "duplicate" if d.slots[where[1]] in contents else "held"
            told[d.number, where[1]] = status
    return told


def read(con: DuckDBPyConnection, history: Sequence[Delivered]) -> dict[tuple[int, str], str]:
    """What ``books.claims`` says."""
    con.execute("DELETE FROM log.deliveries; DELETE FROM log.claims")
    for d in history:
        con.execute(
            "INSERT INTO log.deliveries BY NAME SELECT ? AS delivery_id, ? AS source, ? AS dataset, ? AS file, "
            "? AS set_name, ? AS set_version, ? AS set_order",
            [
                d.number,
                d.source,
                SOURCES[d.source][0],
                d.file,
                d.set_name,
                d.set_version,
                d.version,
            ],
        )
        for number, (slot, content) in enumerate(d.slots.items(), start=1):
            period_of = period(slot) if SOURCES[d.source][0] == "charges" else None
            con.execute(
                "INSERT INTO log.claims BY NAME SELECT ? AS delivery_id, ? AS slot_no, ? AS slot, ? AS content, "
                "1 AS rows_accepted, ? AS period, ? AS is_incomplete",
                [d.number, number, slot, content, period_of, d.is_incomplete],
            )
    judge_claims(con, (), Decimal("0.05"))
    rows = con.execute("SELECT delivery_id, slot, status FROM books.claims").fetchall()
    assert len({row[:2] for row in rows}) == len(rows), "no claim is told twice"
    return {(number, slot): status for number, slot, status in rows}


def opened() -> DuckDBPyConnection:
    con = connect(IN_MEMORY)
    con.execute(
        "CREATE SCHEMA books; CREATE TEMP TABLE config_sources (source VARCHAR, restates VARCHAR, is_merged BOOLEAN)"
    )
    for source, (_, restates) in SOURCES.items():
        con.execute("INSERT INTO config_sources VALUES (?, ?, FALSE)", [source, restates])
    return con


@given(histories())
@settings(max_examples=examples(45))
def test_every_claim_stands_as_the_rules_say(history: list[Delivered]) -> None:
    with opened() as con:
        assert read(con, history) == judged(history)


@given(histories())
@settings(max_examples=examples(20))
def test_a_slot_that_a_set_still_names_has_one_set_that_speaks_for_it(history: list[Delivered]) -> None:
    with opened() as con:
        told = read(con, history)
    speakers: dict[tuple[str, str], set[tuple[str, int]]] = {}
    for delivery in history:
        for slot in delivery.slots:
            current = speakers.setdefault((realm(delivery), slot), set())
            if told[delivery.number, slot] == "current":
                current.add((delivery.set_name, delivery.set_version))
    for where, sets in speakers.items():
        named = any(
            realm(d) == where[0] and where[1] in d.slots and not is_left_behind(history, d, where[1]) for d in history
        )
        assert len(sets) == int(named), (where, sets)


@given(histories(), st.data())
@settings(max_examples=examples(20))
def test_what_was_superseded_never_comes_back_of_itself(history: list[Delivered], data: st.DataObject) -> None:
    known = data.draw(st.integers(1, len(history)))
    while known < len(history) and history[known].set_version != history[known].number:
        known += 1  # a set is received whole
    with opened() as con:
        before, later = read(con, history[:known]), read(con, history)
    for claim, status in before.items():
        number, slot = claim
        delivery = history[number - 1]
        if status == "superseded":
            assert later[claim] == "superseded"
        if status == "current" and SOURCES[delivery.source][0] == "charges" and later[claim] == "duplicate":
            # The set that held the same before holds it again, and speaks for it.
            assert any(
                later[other.number, slot] == "current" and other.slots[slot] == delivery.slots[slot]
                for other in history
                if slot in other.slots and realm(other) == realm(delivery) and other.number != number
            )
        elif status == "current" and SOURCES[delivery.source][0] == "charges":
            assert later[claim] in ("current", "superseded")


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2, unique=True), st.integers(0, 3))
@settings(max_examples=examples(15))
def test_files_that_come_again_as_parts_of_a_folder_speak_as_the_folder(files: list[str], more: int) -> None:
    """A source that first took each file on its own and now takes the folder, and the other way round."""
    alone = [Delivered(n, "plain", file, file, n, None, False, {"x 1": file}) for n, file in enumerate(files, start=1)]
    first = len(alone) + 1
    parts = [
        Delivered(first + n, "plain", file, "folder", first, None, False, {"x 1": file}) for n, file in enumerate(files)
    ]
    again = [
        Delivered(first + len(parts) + n, "plain", "a", "folder", first + len(parts) + n, None, False, {"x 1": str(n)})
        for n in range(more)
        if files == ["a"]
    ]
    with opened() as con:
        told = read(con, [*alone, *parts, *again])
    assert {told[d.number, "x 1"] for d in alone} == {"superseded"}
    newest = [*parts, *again][-1].set_version
    for d in (*parts, *again):
        assert told[d.number, "x 1"] == ("current" if d.set_version == newest else "superseded")
