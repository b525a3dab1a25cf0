"""Amounts and texts as machines and spreadsheets read them."""

from __future__ import annotations

from decimal import Decimal


def plain(amount: Decimal | None) -> str:
    """All digits, no exponent, no trailing zeros beyond two places; nothing where there is no amount."""
    if amount is None:
        return ""
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def text_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
