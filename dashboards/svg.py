"""What a chart is drawn with: marks as SVG text, and axes with round ticks.

Lengths are pixels, written to hundredths. Every text is escaped, and nothing has an id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from html import escape

FONT = "Helvetica, Arial, sans-serif"
FONT_SIZE = 12
_NARROW, _WIDE = frozenset("ijltfrI.,:;|!'()[] "), frozenset("mwMW@%")
_EXACT = Context(prec=80)


@dataclass(frozen=True)
class Amounts:
    """An axis of amounts over ``length`` pixels, from the round ``low`` to the round ``high``."""

    low: Decimal
    high: Decimal
    step: Decimal
    length: float

    def along(self, amount: Decimal) -> float:
        """How far along the axis ``amount`` lies; a float only places the mark."""
        return float((amount - self.low) / (self.high - self.low)) * self.length

    def up(self, amount: Decimal) -> float:
        """The same from the top, for an axis that goes up."""
        return self.length - self.along(amount)

    def ticks(self) -> list[Decimal]:
        count = int((self.high - self.low) / self.step)
        return [self.low + self.step * place for place in range(count + 1)]


def amounts(told: Iterable[Decimal], length: float, tick_count: int = 5) -> Amounts:
    """An axis that holds zero and all of ``told``; about ``tick_count`` ticks, 1, 2 or 5 times a power of ten apart."""
    held = [Decimal(0), *told]
    low, high = min(held), max(held)
    if low == high:
        return Amounts(low, low + 1, Decimal(2), length)  # nothing but zero: one tick
    least = _EXACT.divide(high - low, Decimal(tick_count))
    power = Decimal(1).scaleb(least.adjusted())
    sizes = (("1.4", 1), ("3.2", 2), ("7.1", 5))
    step = power * next((size for most, size in sizes if least <= power * Decimal(most)), 10)
    return Amounts(_whole(low, step, ROUND_FLOOR), _whole(high, step, ROUND_CEILING), step, length)


def _whole(amount: Decimal, step: Decimal, rounding: str) -> Decimal:
    """``amount`` as a whole number of steps, down or up."""
    return _EXACT.divide(amount, step).to_integral_value(rounding) * step


@dataclass(frozen=True)
class Bands:
    """``count`` places of one width, side by side over ``length`` pixels."""

    count: int
    length: float

    @property
    def width(self) -> float:
        return self.length / self.count

    def middle(self, place: int) -> float:
        return (place + 0.5) * self.width


def mark(tag: str, inside: str = "", /, **attributes: str | float) -> str:
    """One element; ``stroke_width=2`` is written ``stroke-width="2"``. ``inside`` is markup already."""
    told = "".join(f' {name.replace("_", "-")}="{_told(value)}"' for name, value in attributes.items())
    return f"<{tag}{told}>{inside}</{tag}>" if inside else f"<{tag}{told}/>"


def text(x: float, y: float, words: str, **attributes: str | float) -> str:
    """``words`` on the line ``y``, from ``x`` on."""
    return mark("text", escape(words), x=x, y=y, **attributes)


def lines(x: float, y: float, told: Sequence[str], leading: float, **attributes: str | float) -> str:
    """Texts below one another, the first on the line ``y``."""
    if len(told) == 1:
        return text(x, y, told[0], **attributes)
    parts = (mark("tspan", escape(words), x=x, y=y + leading * place) for place, words in enumerate(told))
    return mark("text", "".join(parts), **attributes)


def line(x1: float, y1: float, x2: float, y2: float, colour: str, **attributes: str | float) -> str:
    return mark("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=colour, **attributes)


def rect(x: float, y: float, width: float, height: float, colour: str, **attributes: str | float) -> str:
    return mark("rect", x=x, y=y, width=width, height=height, fill=colour, **attributes)


def dot(x: float, y: float, radius: float, colour: str, **attributes: str | float) -> str:
    return mark("circle", cx=x, cy=y, r=radius, fill=colour, **attributes)


def path(points: Sequence[tuple[float, float]], colour: str, **attributes: str | float) -> str:
    """Straight lines from point to point."""
    told = " ".join(f"{_told(x)},{_told(y)}" for x, y in points)
    return mark("polyline", points=told, fill="none", stroke=colour, **attributes)


def group(x: float, y: float, *marks: str) -> str:
    """Marks whose origin is at (x, y)."""
    return mark("g", "".join(marks), transform=f"translate({_told(x)},{_told(y)})")


def picture(width: float, height: float, label: str, ink: str, *marks: str) -> str:
    """The SVG that a screen reader reads as a picture called ``label``."""
    return mark(
        "svg",
        "".join(marks),
        role="img",
        aria_label=label,
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {_told(width)} {_told(height)}",
        font_family=FONT,
        font_size=FONT_SIZE,
        fill=ink,
    )


def width_of(words: str, size: float = FONT_SIZE) -> float:
    """About how wide a text is: rather too wide, as the reader's font is not known."""
    return size * sum(map(_letter_width, words))


def _letter_width(letter: str) -> float:
    if letter in _NARROW:
        return 0.4
    if letter in _WIDE:
        return 0.97
    return 0.75 if letter.isupper() else 0.64


def fitting(words: str, width: float, size: float = FONT_SIZE) -> str:
    """``words``, or as much of their beginning as fits."""
    if width_of(words, size) <= width:
        return words
    kept = next(end for end in range(len(words), -1, -1) if width_of(f"{words[:end]}…", size) <= width)
    return f"{words[:kept]}…"


def _told(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    told = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if told == "-0" else told
