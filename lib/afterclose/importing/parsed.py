"""What passes between the stages of an import: options, executions, trips, and what is left out.

Every row, element or fill of a file ends up in exactly one trade or in `Unused`, with its
place in the file, so that nothing disappears without a line on the receipt.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the user said besides the file; see `docs/importing.md`.

    ``timezone`` (IANA) is that of times without an offset, ``zone_given`` whether the user
    named it; ``side`` long or short where no column says it; ``opening`` flat (nothing was
    held before the file begins) or skip (what closes more than is known is left out);
    ``order`` newest-first or oldest-first for fills of one moment; ``pnl`` ignore (trust prices)
    or multiplier (take it from the PnL column).
    """

    timezone: str
    symbol: str
    zone_given: bool = False
    symbol_given: bool = False
    strategy: str | None = None
    date_format: str | None = None
    decimal: str | None = None
    side: str | None = None
    long_only: bool = False
    opening: str | None = None
    order: str | None = None
    pnl: str | None = None
    features: tuple[str, ...] = ()
    splits: tuple[tuple[str, str, str], ...] = ()
    account: str = ""


class Execution(NamedTuple):
    """One fill.

    ``quantity`` is above 0 for a purchase, below 0 for a sale, and holds the
    contract's multiplier; ``moment`` has an offset; ``fees`` are in currency, below 0 where
    more was received than paid; ``closes_only`` is a fill that opens nothing; ``pnl`` is what
    the file says that the fill realised; one that ``expires`` closes whichever side is held.
    """

    account: str
    symbol: str
    moment: datetime
    price: float
    quantity: Decimal
    fees: float
    place: str
    closes_only: bool = False
    own_id: str = ""
    order_id: str = ""
    features: dict[str, float | bool | None] | None = None
    currency: str = ""
    pnl: float | None = None
    expires: bool = False


class Trip(msgspec.Struct, frozen=True, kw_only=True):
    """A round trip, or a piece of one; its exit is None while it is open.

    ``order`` names the entry decision it is a piece of, empty where only symbol, side and
    moment can tell; ``pnl`` is what the file states; ``own_id`` is the source's name for it.
    """

    symbol: str
    side: str
    quantity: float
    entry_moment: datetime
    entry_price: float
    exit_moment: datetime | None = None
    exit_price: float | None = None
    fees: float = 0.0
    place: str = ""
    exit_place: str = ""
    account: str = ""
    order: str = ""
    own_id: str = ""
    pnl: float | None = None
    mae_pct: float | None = None
    mfe_pct: float | None = None
    decision_moment: datetime | None = None
    confidence: float | None = None
    exit_type: str | None = None
    exit_reason: str | None = None
    origin: str | None = None
    currency: str = ""
    features: dict[str, float | bool | None] = {}

    @property
    def places(self) -> str:
        """Where it stands in the file, for people; put together only where it is said."""
        return f"{self.place} and {self.exit_place}" if self.exit_place else self.place


def gain(trip: Trip) -> float:
    """What the price move was worth, before fees; 0 while it is open."""
    if trip.exit_price is None:
        return 0.0
    return (1 if trip.side == "long" else -1) * (trip.exit_price - trip.entry_price) * trip.quantity


def root(symbol: str) -> str:
    """A contract without its month and year: MESM5 and MESU5 have one multiplier."""
    return symbol[:-2] if symbol[-1:].isdigit() and symbol[-2:-1].isalpha() else symbol


def tidy(rate: float) -> float:
    """A multiplier that rounding has touched: 4.9998 is 5."""
    for digits in (0, 1, 2):
        if round(rate, digits) and abs(rate / round(rate, digits) - 1) < 0.002:
            return round(rate, digits)
    return rate


class Unused(msgspec.Struct, frozen=True):
    """Something that gives no trade.

    ``reason`` is counted, ``detail`` says it of this one, and ``pnl`` is its own money where
    the file states it.
    """

    place: str
    reason: str
    detail: str
    pnl: float | None = None


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """All that one file holds: ``trips`` are pieces, not yet decisions.

    ``problems`` are what cannot be told from the file and decides a sign or an order: with
    any, nothing is written. ``stated`` is what fills say that they realised, and the difference
    of it to what was computed. ``in_new_shares``: SPLITS= was heeded before fills were matched.
    """

    name: str
    title: str
    source: str
    trips: list[Trip]
    unused: list[Unused] = []
    notes: list[str] = []
    problems: list[str] = []
    records: int = 0
    merge: bool = True
    money: str = "no"
    fees_in_pnl: bool = False
    stated: tuple[float, float] | None = None
    in_new_shares: bool = False


class NotUsable(Exception):
    """One row or element cannot be used; see `Unused` for the fields."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")

    def at(self, place: str, pnl: float | None = None) -> Unused:
        """It, with its place."""
        return Unused(place, self.reason, self.detail, pnl)
