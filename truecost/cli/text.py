"""What a person reads: text without control characters, amounts to the cent, colour for states, and JSON for machines.

Everything that others wrote (file names, models, vendors, messages) reaches a terminal through ``visible``.
"""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

PIPED_WIDTH = 160  # columns of what goes to a file or a pipe
_FALLBACK_WIDTH = 80  # of a terminal that does not say how wide it is
_NARROWEST = 20
_JOINERS = "\u200c\u200d"  # part of how Persian, Hindi and emoji are written; they neither move nor hide anything
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, format characters, lone surrogates, line separators
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_RAW_IN_JSON = re.compile("[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")

_RESET = "\x1b[0m"
_RED, _YELLOW, _GREEN = "\x1b[31m", "\x1b[33m", "\x1b[32m"
_COLOURS = {
    **dict.fromkeys(("ALERT", "refused", "retrain", "differs", "fault", "drift"), _RED),
    **dict.fromkeys(
        ("WARNING", "held", "quarantined", "warning", "re-evaluate", "accepted", "noted", "too few rows"), _YELLOW
    ),
    **dict.fromkeys(("OK", "ok", "hold", "fits", "stable", "accepted before"), _GREEN),
}


def visible(text: object) -> str:
    """``text`` with every character that would steer a terminal, or hide, spelled out: ``\\x1b``, ``\\u202e``."""
    told = str(text)
    return told if told.isprintable() else "".join(map(_spelled, told))


def _spelled(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x20 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def echo(text: str = "", state: str | None = None) -> None:
    """One message, wrapped at blanks where a terminal is too narrow for it, with ``state`` in its colour."""
    lines = wrapped(visible(text), screen_width()) if is_terminal() else [visible(text)]
    if state:
        lines[0] = lines[0].replace(state, coloured(state, state), 1)
    write("\n".join(lines) + "\n")


def echo_code(code: str) -> None:
    """Lines to be pasted elsewhere: never wrapped."""
    write("\n".join(map(visible, code.split("\n"))) + "\n")


def print_json(value: Any) -> None:
    """``value`` as JSON: amounts as text, so that no digit is lost; what would steer a terminal is escaped."""
    told = json.dumps(value, indent=2, default=_jsonable, ensure_ascii=False)
    write(_RAW_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", told) + "\n")


def write(text: str, stream: TextIO | None = None) -> None:
    """Write it; what the stream's encoding has no character for is spelled out."""
    target = stream or sys.stdout
    encoding = target.encoding or "utf-8"
    target.write(text.encode(encoding, "backslashreplace").decode(encoding))


def coloured(text: str, state: str) -> str:
    """``text`` in the colour of ``state``; as it is where colours are off, or the state has none."""
    colour = _COLOURS.get(state) if has_colour() else None
    return f"{colour}{text}{_RESET}" if colour else text


def has_colour() -> bool:
    """Whether colours are shown: on a terminal that has them, unless ``NO_COLOR`` is set."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal() -> bool:
    return sys.stdout.isatty()


def screen_width() -> int:
    """How many columns a line may have."""
    if not is_terminal():
        return PIPED_WIDTH
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        columns = 0
    return max(columns or _FALLBACK_WIDTH, _NARROWEST)


def cell_width(text: str) -> int:
    """How many columns ``text`` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns, broken at blanks, and within a word that is longer than a line; what follows
    the first is indented by two more."""
    if cell_width(text) <= width:
        return [text]
    indent = text[: len(text) - len(text.lstrip(" "))]
    first, *others = folded(text.lstrip(" "), max(width - len(indent) - 2, 1))
    return [indent + first, *(f"{indent}  {line}" for line in others)]


def folded(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns, broken at blanks; a longer word after a ``/``, or where it has to be."""
    if cell_width(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_width(joined) <= width:
            lines[-1] = joined
            continue
        pieces = [word] if cell_width(word) <= width else _pieces(word, width)
        lines = [*lines, *pieces] if lines[-1] else pieces
    return lines


def _pieces(word: str, width: int) -> list[str]:
    """A word that is longer than a line, in lines."""
    lines = [""]
    for part in re.findall(r"[^/]*/|[^/]+", word):
        if cell_width(lines[-1] + part) <= width:
            lines[-1] += part
            continue
        lines += [""] if lines[-1] else []
        for character in part:
            if cell_width(lines[-1] + character) > width and lines[-1]:
                lines.append("")
            lines[-1] += character
    return lines


def shown_path(path: Path) -> str:
    """``path`` as one would type it here: relative where it lies below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.quantize(Decimal('0.01')):,}"


def at_least(row: Mapping[str, Any], column: str) -> str | None:
    """An amount of a row, marked where something of it is missing."""
    told = money(row[column])
    return f"≥ {told}" if row["is_lower_bound"] and told else told


def times(ratio: Decimal | None) -> str | None:
    return None if ratio is None else f"{ratio:.1f}×"


def _jsonable(value: object) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} can't be shown as JSON")
