"""JSON whose objects know the line they start on, and whose numbers keep the digits they were written with."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from json.decoder import JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from truecost.errors import DeliveryRefused
from truecost.sources import Limits
from truecost.sources.readers.records import KEPT_TEXT, SetAside

_BLANK = " \t\r\n"
_LINE_END = re.compile("\n")
_MOST_ELEMENTS = 1_000_000


class Located(dict[str, Any]):
    """A JSON object and the line it starts on."""

    line: int = 0


class _Decoder(json.JSONDecoder):
    """Every object as :class:`Located`, every number as the text it was written as."""

    def __init__(self, line_of: Callable[[int], int]) -> None:
        super().__init__(parse_float=str, parse_int=str, parse_constant=str)

        def parse_object(text_and_end: tuple[str, int], *rest: Any) -> tuple[Located, int]:
            value, end = JSONObject(text_and_end, *rest)
            located = Located(value)
            located.line = line_of(text_and_end[1] - 1)
            return located, end

        self.parse_object = parse_object
        # The scanner written in C calls no parse_object; the one in Python does.
        self.scan_once = py_make_scanner(self)


def parse(text: str, limits: Limits) -> tuple[list[Any], SetAside]:
    """The values of a JSON document, of several one after the other, or of JSON Lines; and the lines that hold none.

    Raises:
        DeliveryRefused: the file is not JSON, and the sentence names line and column; or it holds too many objects.
    """
    if text.count("{") + text.count("[") > _MOST_ELEMENTS:
        raise DeliveryRefused(f"the JSON has more than {_MOST_ELEMENTS:,} objects and lists; save it in parts")
    starts = array("L", [0])
    starts.extend(found.end() for found in _LINE_END.finditer(text))
    decoder = _Decoder(lambda at: bisect_right(starts, at))
    values, at = [], _skip_blank(text, 0)
    if text[at : at + 1] not in ("{", "["):
        raise DeliveryRefused("the file is not JSON; save the answer of the API as it is")
    try:
        while at < len(text):
            value, end = decoder.raw_decode(text, at)
            values.append(value)
            follows = _skip_blank(text, end)
            if len(values) == 1 and follows < len(text) and "\n" in text[end:follows] and "\n" not in text[at:end]:
                return _lines(decoder, text, starts, limits)
            at = follows
    except json.JSONDecodeError as error:
        raise DeliveryRefused(
            f"line {error.lineno}, column {error.colno}: the JSON is cut or broken ({error.msg}); save it again"
        ) from error
    except RecursionError as error:
        raise DeliveryRefused("the JSON is nested too deeply; save it again as the API answers it") from error
    return values, SetAside(limits)


def _lines(decoder: _Decoder, text: str, starts: Sequence[int], limits: Limits) -> tuple[list[Any], SetAside]:
    values, malformed = [], SetAside(limits)
    for number, (start, end) in enumerate(_spans(text, starts), start=1):
        begins = _skip_blank(text, start)
        if begins >= end:
            continue
        try:
            value, stops = decoder.raw_decode(text, begins)
            if _skip_blank(text, stops) < end:
                raise json.JSONDecodeError("Extra data", text, stops)
        except (json.JSONDecodeError, RecursionError) as error:
            told = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            malformed.add(number, text[begins : min(end, begins + KEPT_TEXT)], f"the line is not JSON ({told})")
        else:
            values.append(value)
    return values, malformed


def _spans(text: str, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    yield from zip(starts, chain(islice(starts, 1, None), [len(text)]), strict=True)


def _skip_blank(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at
