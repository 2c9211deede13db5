"""Single values as other systems write them: numbers, moments, names.

Strict on purpose. Python's own `float` takes "1_000", "infinity" and Thai digits, and a comma
may be a decimal or a thousands mark; a price that was guessed is worse than a row that is
named and left out.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from math import isfinite

from afterclose.importing.parsed import NotUsable
from afterclose.trades.excursions import excursion_pct
from afterclose.trades.timestamps import TimestampReader

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

LONGEST_NUMBER_CHARACTERS = 64
LONGEST_QUOTE_CHARACTERS = 60

LARGEST = 1e15
SMALLEST = 1e-15
"""Bounds of prices, quantities and fees: products and quotients of them are finite."""

BLANK = frozenset({"", "na", "n/a", "nan", "nat", "none", "null", "-", "--"})
"""What stands for a missing value, in lower case."""


def is_blank(text: str | None) -> bool:
    """Whether a cell or attribute holds no value."""
    return text is None or text.strip().lower() in BLANK


def quoted(value: object) -> str:
    """A value of the file for a message, cut to a length that fits one."""
    text = str(value)
    return repr(text if len(text) <= LONGEST_QUOTE_CHARACTERS else text[:57] + "...")


def number(name: str, value: object) -> float:
    """A finite number from text or from JSON. Raises NotUsable naming the field."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str) and not is_blank(value):
        text = value.strip()
        if len(text) > LONGEST_NUMBER_CHARACTERS or not _NUMBER.fullmatch(text):
            raise NotUsable(
                "not a number",
                f"{name} is {quoted(value)}; write digits with a decimal point and no "
                "thousands mark",
            )
        found = float(text)
    elif value is None or isinstance(value, str):
        raise NotUsable("missing value", f"{name} is empty")
    else:
        raise NotUsable("not a number", f"{name} is {quoted(value)}")
    if not isfinite(found):
        raise NotUsable("not a finite number", f"{name} is {quoted(value)}")
    return found


def optional_number(name: str, value: object) -> float | None:
    """As `number`; None for a missing value."""
    if value is None or (isinstance(value, str) and is_blank(value)):
        return None
    return number(name, value)


def price(name: str, value: object) -> float:
    """A number above 0 of a size that prices and quantities have. Raises NotUsable."""
    found = number(name, value)
    if found <= 0:
        raise NotUsable("not above 0", f"{name} is {found:g}")
    if not SMALLEST <= found <= LARGEST:
        raise NotUsable("number out of range", f"{name} is {found:g}")
    return found


def exact(name: str, value: object) -> Fraction:
    """A number without rounding, 0 or of a size that money has. Raises NotUsable."""
    found = number(name, value)
    if found and not SMALLEST <= abs(found) <= LARGEST:
        raise NotUsable("number out of range", f"{name} is {quoted(value)}")
    return Fraction(value.strip()) if isinstance(value, str) else Fraction(str(found))


def text_of(name: str, value: object) -> str:
    """A text that is not blank and can be written. Raises NotUsable."""
    if not isinstance(value, str) or not value.strip():
        raise NotUsable("missing value", f"{name} is empty")
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, from JSON
        raise NotUsable("not a text", f"{name} holds half a character") from None
    return value.strip()


def excursions(side: str, entry_price: float, prices: Iterable[float]) -> tuple[float, float]:
    """MAE and MFE of a trade that saw ``prices``: fractions, the first from -1 to 0.

    A short can lose more than it was worth, which a ledger record cannot say (beyond 1 it is
    taken for a percentage): such a MAE is written as -1, and is as bad.
    """
    moves = [excursion_pct(side, entry_price, seen) for seen in prices]
    return max(-1.0, min(0.0, *moves)), max(0.0, *moves)


class Moments:
    """Reads moments; those without an offset are local times of ``timezone`` (IANA)."""

    def __init__(self, timezone: str) -> None:
        self._reader = TimestampReader(timezone)

    def read(self, name: str, value: object) -> tuple[datetime, str]:
        """The moment in UTC, and its ISO 8601 text with an offset. Raises NotUsable."""
        text = text_of(name, value)
        try:
            moment, written = self._reader.read(text)
        except (ValueError, OverflowError):
            raise NotUsable(
                "not a timestamp",
                f"{name} is {quoted(text)}; write it like 2026-01-27T10:00:00-05:00",
            ) from None
        return moment, written.replace(" ", "T")
