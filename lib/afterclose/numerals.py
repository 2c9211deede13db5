"""Figures as text: one form for each kind, in a terminal and in the sentences that are kept.

A figure that is rounded here and there by hand shows two values for one. None is a figure
that has no value. Pages set the same text with their own signs (`afterclose.wording.numbers`).
"""

from datetime import datetime
from typing import Final

UNKNOWN: Final = "-"
"""Stands for a figure without a value: a blank looks like a mistake."""

SMALLEST_P: Final = 0.001

WHOLE_MONEY: Final = 100
"""From here on, money is said without its cents."""


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """`1,234.50`; with ``signed`` `+0.59`, and neither plus nor minus where it rounds to 0."""
    if value is None:
        return UNKNOWN
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    if not float(text.replace(",", "")):
        text = text.lstrip("+-")
    return text


def count(value: float | None, *, signed: bool = False) -> str:
    """`10,000`."""
    return number(value, 0, signed=signed)


def percent(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """A fraction in percent: `4.6 %`."""
    return UNKNOWN if value is None else f"{number(100 * value, digits, signed=signed)} %"


def chance(p_value: float | None) -> str:
    """`p = 0.024`."""
    if p_value is None:
        return UNKNOWN
    return f"p < {SMALLEST_P}" if p_value < SMALLEST_P else f"p = {p_value:.3f}"


def amount(value: float) -> str:
    """Money in the ledger's currency; from `WHOLE_MONEY` on without its cents."""
    return number(value, 0 if abs(value) >= WHOLE_MONEY else 2)


def minute(moment: str) -> str:
    """`2026-01-27 21:45`, of an ISO 8601 timestamp and in its own offset."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M}"


def date(moment: str | None) -> str:
    """`2026-01-27`, of an ISO 8601 timestamp."""
    return moment[:10] if moment else UNKNOWN


def interval(low: str, high: str) -> str:
    """Two figures as an interval; unknown when either is."""
    return UNKNOWN if UNKNOWN in (low, high) else f"{low} to {high}"
