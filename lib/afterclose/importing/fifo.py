"""Single executions matched into round trips, first in, first out.

A sale closes the oldest purchase that is still open, and one execution may close several
lots or a part of one: each piece is a trade of its own, with its share of both fees by
quantity. What is sold beyond all lots opens a short, unless the system says that it closes.
Quantities and fees are fractions, so that after thousands of pieces what was bought is to the
last digit what was closed and what is left.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

Instrument = str | tuple[str, str]
"""A symbol, or an account and a contract: what is matched with itself only."""


class Execution(NamedTuple):
    """One fill. ``quantity`` is above 0 for a purchase and below 0 for a sale, never 0.

    ``instrument`` says what is matched with what; ``moment`` is in UTC and ``timestamp`` the
    same with an offset; ``fees`` are in currency; ``closes_only`` is a fill that opens
    nothing; ``own_id`` is the system's id, empty without one.
    """

    instrument: Instrument
    symbol: str
    moment: datetime
    timestamp: str
    price: float
    quantity: Fraction
    fees: Fraction
    place: str
    closes_only: bool = False
    own_id: str = ""


class Lot(NamedTuple):
    """What is left of an execution: ``quantity`` with its sign, ``fees`` of that part."""

    execution: Execution
    quantity: Fraction
    fees: Fraction


class RoundTrip(NamedTuple):
    """A piece that was opened and closed; ``quantity`` is above 0, ``fees`` are of both."""

    entry: Execution
    exit: Execution
    quantity: Fraction
    fees: Fraction

    @property
    def side(self) -> str:
        """Long when it was bought first."""
        return "long" if self.entry.quantity > 0 else "short"


class Matched(NamedTuple):
    """Round trips by their exit; open lots by instrument; what closed nothing that is known."""

    trips: list[RoundTrip]
    open_lots: list[Lot]
    unmatched: list[Lot]


def match_fifo(executions: Iterable[Execution]) -> Matched:
    """Match executions in the order of time, and of the file within a moment."""
    lots: dict[Instrument, deque[Lot]] = defaultdict(deque)
    trips: list[RoundTrip] = []
    unmatched: list[Lot] = []
    for execution in sorted(executions, key=lambda each: each.moment):
        own = lots[execution.instrument]
        rest = Lot(execution, execution.quantity, execution.fees)
        while rest.quantity and own and _opposed(own[0], rest):
            size = min(abs(own[0].quantity), abs(rest.quantity))
            opened, left = _taken(own.popleft(), size)
            closed, rest = _taken(rest, size)
            if left.quantity:
                own.appendleft(left)
            fees = opened.fees + closed.fees
            trips.append(RoundTrip(opened.execution, execution, size, fees))
        if rest.quantity:
            (unmatched if execution.closes_only else own).append(rest)
    return Matched(trips, [lot for own in lots.values() for lot in own], unmatched)


def _opposed(lot: Lot, rest: Lot) -> bool:
    return (lot.quantity > 0) != (rest.quantity > 0)


def _taken(lot: Lot, size: Fraction) -> tuple[Lot, Lot]:
    """A piece of ``size`` (above 0) with its share of the fees, and what is left."""
    share = size / abs(lot.quantity)
    piece = Lot(lot.execution, lot.quantity * share, lot.fees * share)
    return piece, Lot(lot.execution, lot.quantity - piece.quantity, lot.fees - piece.fees)
