"""Figures as the pages write them: a real minus sign, and units that stay on their line.

Every function takes None for what has no value and gives a dash, because a blank cell looks
like a mistake of the page.
"""

import re
from datetime import UTC, datetime

from afterclose import numerals
from afterclose.wording import money

MINUS, DASH, FIXED = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{NO-BREAK SPACE}"

_NEGATIVE = re.compile(r"(?<![\w.-])-(?=\d)")
"""The hyphen of a number below 0, not one inside an id, a date or a range."""

POLICIES = {
    "rules_only": "the rules alone",
    "rules_active": "the active model",
    "rules_ml": "this model",
}
"""Who decides which of the rules' entries are made."""


def typeset(text: str) -> str:
    """Text of `afterclose.numerals` with the pages' signs."""
    if text == numerals.UNKNOWN:
        return DASH
    return text.replace("-", MINUS).replace(" %", f"{FIXED}%")


def prose(text: str) -> str:
    """Sentences and cells of the terminal's wording with the pages' signs; ids and dates stay."""
    return _NEGATIVE.sub(MINUS, text).replace(" %", f"{FIXED}%")


def amount(value: float) -> str:
    """Money in the ledger's currency, without a sign for gains."""
    return typeset(money.amount(value))


def signed(value: float) -> str:
    """Money with its sign."""
    return typeset(money.signed(value))


def number(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """`0.59`; with ``signed`` `+0.59`."""
    return typeset(numerals.number(value, digits, signed=signed))


def short(value: float) -> str:
    """A value of any size in four digits."""
    return f"{value:.4g}".replace("-", MINUS)


def percent(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """A fraction in percent: `4.6 %`."""
    return typeset(numerals.percent(value, digits, signed=signed))


def count(value: int | None) -> str:
    """`10,000`."""
    return typeset(numerals.count(value))


def counted(value: int, singular: str, plural: str = "") -> str:
    """`1 trade`, `2 trades`."""
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def chance(p_value: float | None) -> str:
    """`p = 0.024`."""
    return typeset(numerals.chance(p_value))


def interval(low: str, high: str) -> str:
    """Two figures as an interval; a dash when either has no value."""
    return DASH if DASH in (low, high) else f"{low} to {high}"


def day(moment: str | datetime | None) -> str:
    """`27 Jan 2026`, in UTC."""
    if moment is None:
        return DASH
    utc = _utc(moment)
    return f"{utc.day}{FIXED}{utc:%b}{FIXED}{utc:%Y}"


def minute(moment: str | datetime | None) -> str:
    """`27 Jan 2026, 21:45 UTC`."""
    return DASH if moment is None else f"{day(moment)}, {_utc(moment):%H:%M} UTC"


def _utc(moment: str | datetime) -> datetime:
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return parsed.astimezone(UTC)
