"""Figures as a reader sees them.

Every amount is rounded half-even from its exact decimal and never passes through a float. A value that is
missing shows as an en dash, so that nobody reads it as zero.
"""

from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"

_EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
_THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_EVEN)
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_UNITS = ("", "k", "M", "bn", "tn")


def fixed(value: Decimal | int, places: int) -> str:
    """`value` with thousands separators and `places` decimals; a value that rounds to zero has no sign."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), context=_EXACT)
    text = f"{abs(rounded):,f}"
    return MINUS + text if rounded < 0 else text


def money(amount: Decimal | int | None, currency: str = "") -> str:
    """`USD 1,234.50`, or `1,234.50` where the currency stands beside it already."""
    if amount is None:
        return MISSING
    if isinstance(amount, float):
        raise TypeError(f"money is a Decimal, never a float: {amount!r}")
    return f"{currency}\N{NO-BREAK SPACE}{fixed(amount, 2)}" if currency else fixed(amount, 2)


def compact(amount: Decimal | int) -> str:
    """Three significant digits for a chart's label: `812`, `81.2k`, `1.23M`."""
    rounded = _THREE_DIGITS.create_decimal(amount)
    if abs(rounded) < 1:
        return fixed(rounded, 2) if rounded else "0"
    step = min(rounded.adjusted() // 3, len(_UNITS) - 1)
    return f"{rounded.scaleb(-3 * step):f}{_UNITS[step]}".replace("-", MINUS)


def tick(amount: Decimal) -> str:
    """A round amount beside an axis: `500`, `20k`, `1.5M`."""
    step = min(max(amount.adjusted() // 3, 0), len(_UNITS) - 1)
    text = f"{amount.scaleb(-3 * step).normalize():f}" if amount else "0"
    return (text if text == "0" else text + _UNITS[step]).replace("-", MINUS)


def share(value: Decimal | float | None) -> str:
    """A share of 0 to 1 in per cent: `23.4%`."""
    return MISSING if value is None else fixed(Decimal(str(value)) * 100, 1) + "%"


def variance(amount: Decimal | int | None) -> str:
    """Above or below a plan: `+1,234.50`, `−80.00`, `0.00`."""
    return MISSING if amount is None else _with_plus(money(amount))


def percent(value: Decimal | float | None) -> str:
    """A difference of 0 to 100 per cent, with its sign: `+31.0%`."""
    return MISSING if value is None else _with_plus(fixed(Decimal(str(value)), 1) + "%")


def measure(value: float | None) -> str:
    """A score or a distance, with four decimals; of a large one fewer: `0.0620`, `12.35`."""
    if value is None:
        return MISSING
    return fixed(Decimal(str(value)), 4 if abs(value) < 10 else 2)


def index(value: Decimal | float | None) -> str:
    """A ratio around one, with two decimals: `0.93`."""
    return MISSING if value is None else fixed(Decimal(str(value)), 2)


def milliseconds(value: float | None) -> str:
    """`1,240 ms`"""
    return MISSING if value is None else f"{fixed(Decimal(str(value)), 0)}\N{NO-BREAK SPACE}ms"


def multiplier(value: Decimal | float | None) -> str:
    """How many times the training-only cost: `4.3x`, with a real multiplication sign."""
    return MISSING if value is None else fixed(Decimal(str(value)), 1) + TIMES


def _with_plus(text: str) -> str:
    return text if text.startswith(MINUS) or not any(digit in text for digit in "123456789") else f"+{text}"


def hours(value: Decimal | float | None) -> str:
    """Hours with one decimal: `1,024.0`."""
    return MISSING if value is None else fixed(Decimal(str(value)), 1)


def day(value: date) -> str:
    """`30 September 2026`, whatever the locale."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def number_word(count: int) -> str:
    """`two` up to twelve, then digits; `no` for zero. `count` is never negative."""
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"
