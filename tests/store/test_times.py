"""Times as text: the SQL macros agree with Python's datetime, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

moments = st.datetimes(datetime(1990, 1, 1), datetime(2110, 1, 1))
offsets = st.integers(-12 * 60, 14 * 60)
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]


def read(con: DuckDBPyConnection, texts: list[str], zone: str = "UTC") -> list[tuple[datetime | None, str]]:
    return con.execute(
        "SELECT parse_time(text, ?) AS moment, time_state(text, moment) FROM (SELECT unnest(?::VARCHAR[]) AS text)",
        [zone, texts],
    ).fetchall()


def state(moment: datetime) -> str:
    return "ok" if datetime(2000, 1, 1) <= moment <= datetime(2100, 1, 1) else "out_of_range"


@st.composite
def written(draw: st.DrawFn) -> tuple[str, datetime]:
    """A time as files write it, with or without a zone, and the moment (UTC) it names."""
    moment = draw(moments)
    form = draw(st.sampled_from(["day", "minute", "second", "fraction"]))
    if form == "day":
        return moment.strftime("%Y-%m-%d"), moment.replace(hour=0, minute=0, second=0, microsecond=0)
    text = moment.strftime(f"%Y-%m-%d{draw(st.sampled_from('T '))}%H:%M")
    if form == "minute":
        moment = moment.replace(second=0, microsecond=0)
    else:
        text += moment.strftime(":%S")
        if form == "second":
            moment = moment.replace(microsecond=0)
        else:
            places = draw(st.integers(1, 9))
            fraction = f"{moment.microsecond:06d}" + draw(st.text("0123456789", min_size=3, max_size=3))
            text += "." + fraction[:places]
            moment = moment.replace(microsecond=int(fraction[: min(places, 6)].ljust(6, "0")))
    zone = draw(st.sampled_from(["", "Z", "UTC", " UTC", "offset", "hours"]))
    if zone not in ("offset", "hours"):
        return text + zone, moment
    minutes = draw(offsets) if zone == "offset" else 60 * draw(st.integers(-12, 14))
    sign, (hours, rest) = ("-" if minutes < 0 else "+"), divmod(abs(minutes), 60)
    colon = draw(st.sampled_from([":", ""]))
    text += f"{sign}{hours:02d}" + ("" if zone == "hours" else f"{colon}{rest:02d}")
    there = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    return text, there.astimezone(UTC).replace(tzinfo=None)


@given(st.lists(written(), min_size=1, max_size=120))
def test_every_time_is_read_as_the_moment_it_names(con: DuckDBPyConnection, times: list[tuple[str, datetime]]) -> None:
    found = read(con, [text for text, _ in times])
    assert found == [(moment, state(moment)) for _, moment in times], [text for text, _ in times]


def _on_the_clock_once(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the zone's clocks show that time exactly once: not skipped in spring, not repeated in autumn."""
    first, second = moment.replace(tzinfo=zone), moment.replace(tzinfo=zone, fold=1)
    return first.utcoffset() == second.utcoffset()


@given(
    st.sampled_from(ZONES), st.lists(st.datetimes(datetime(2001, 1, 1), datetime(2036, 1, 1)), min_size=1, max_size=80)
)
def test_a_time_without_a_zone_is_in_the_zone_of_its_source(
    con: DuckDBPyConnection, zone: str, local: list[datetime]
) -> None:
    there = ZoneInfo(zone)
    local = [moment.replace(microsecond=0) for moment in local if _on_the_clock_once(moment, there)]
    found = read(con, [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in local], zone)
    assert [at for at, _ in found] == [
        moment.replace(tzinfo=there).astimezone(UTC).replace(tzinfo=None) for moment in local
    ]


@given(st.lists(st.text(st.sampled_from("0123456789-:TZ+. UC/"), max_size=25) | st.text(max_size=12), max_size=120))
def test_what_is_no_time_is_not_guessed_at(con: DuckDBPyConnection, texts: list[str]) -> None:
    for text, (at, told) in zip(texts, read(con, texts), strict=True):
        day = f"{text[:10]} {text[11:16] or '00:00'}"
        try:
            written_out = datetime.strptime(day, "%Y-%m-%d %H:%M")
        except ValueError:
            assert (at, told) == (None, "not_a_time"), text
        else:
            assert at is None or abs(at - written_out) < timedelta(days=2), text


def test_days_and_offsets_there_are_none_of_are_rejected(con: DuckDBPyConnection) -> None:
    texts = [
        *("2026-02-30", "2026-13-01", "2026-00-10", "2026-01-32", "2026-1-1", "26-01-01", "20260101", "01/02/2026"),
        *(
            "2026-01-01T25:00",
            "2026-01-01T10:60",
            "2026-01-01T10:00:61",
            "2026-01-01T10",
            "2026-01-01T10:00:00.",
            "now",
        ),
        *("2026-01-01T10:00+99:99", "2026-01-01T10:00+15:00", "2026-01-01T10:00+02:60", "2026-01-01T10:00 CET"),
        *(
            "2026-01-01+02:00",
            "2026-01-01Z",
            "2026-01-01T10:00ZZ",
            " 2026-01-01",
            "2026-01-01 ",
            "infinity",
            "epoch",
            "",
        ),
    ]
    assert [text for text, (at, _) in zip(texts, read(con, texts), strict=True) if at is not None] == []


def test_a_missing_time_is_missing(con: DuckDBPyConnection) -> None:
    assert con.execute("SELECT parse_time(NULL, 'UTC'), time_state(NULL, NULL)").fetchone() == (None, "missing")
