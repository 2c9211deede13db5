"""Splits inside a holding: quantities and prices before one are put in shares after it.

A statement of fills knows nothing of a split: a purchase of 10 at 400 and a sale of 40 at 110
are one position after 4 for 1, and a loss and a short without it. It is settled by the user.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from msgspec.structs import replace

from afterclose.errors import InputError
from afterclose.importing.parsed import Execution, Trip

Splits = Sequence[tuple[str, str, str]]
"""Symbol, first day (ISO 8601) with the new shares, and new shares for each old one."""


def read_splits(text: str) -> tuple[tuple[str, str, str], ...]:
    """ALPHA:2026-01-15:4 and others behind a comma. Raises InputError."""
    found = []
    for each in filter(None, text.split(",")):
        parts = each.strip().rsplit(":", 2)
        try:
            symbol, day, ratio = parts
            date.fromisoformat(day)
            usable = Decimal(ratio) > 0
        except (ValueError, InvalidOperation):
            usable = False
        if not usable:
            raise InputError(
                f"--splits {each!r}: write SYMBOL:YYYY-MM-DD:NEW_FOR_ONE, as ALPHA:2026-01-15:4"
            )
        found.append((symbol, day, ratio))
    return tuple(found)


def split_fills(fills: Iterable[Execution], splits: Splits) -> list[Execution]:
    """Fills in shares of after all splits."""
    changed = []
    for fill in fills:
        for symbol, day, ratio in splits:
            if fill.symbol == symbol and fill.moment.date().isoformat() < day:
                fill = fill._replace(  # noqa: PLW2901 - the same fill, once more
                    quantity=fill.quantity * Decimal(ratio), price=fill.price / float(ratio)
                )
        changed.append(fill)
    return changed


def split_trips(trips: Iterable[Trip], splits: Splits) -> list[Trip]:
    """Trips that were held through a split, in shares of after it; the others as they are."""
    changed = []
    for trip in trips:
        for symbol, day, ratio in splits:
            entered = trip.entry_moment.date().isoformat()
            left = "9999" if trip.exit_moment is None else trip.exit_moment.date().isoformat()
            if trip.symbol == symbol and entered < day <= left:
                trip = replace(  # noqa: PLW2901 - the same trip, once more
                    trip,
                    quantity=trip.quantity * float(ratio),
                    entry_price=trip.entry_price / float(ratio),
                )
        changed.append(trip)
    return changed
