"""Single executions matched into round trips, first in, first out.

A sale closes the oldest purchase that is still open, and one execution may close several
lots or a part of one: each piece has its share of both fees by quantity. What is sold beyond
all lots opens a short, unless nothing can be opened by it: then it is unmatched. Quantities
are decimals, so that after thousands of pieces what was bought is to the last digit what was
closed and what is left.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from afterclose.importing.parsed import Execution


class Lot(NamedTuple):
    """What is left of an execution: ``quantity`` with its sign, ``fees`` of that part."""

    execution: Execution
    quantity: Decimal
    fees: float


class Piece(NamedTuple):
    """What was opened and closed; ``quantity`` is above 0, ``fees`` are of both."""

    entry: Execution
    exit: Execution
    quantity: Decimal
    fees: float


class Matched(NamedTuple):
    """Pieces by their exit; open lots by instrument; what closed nothing that is known."""

    pieces: list[Piece]
    open_lots: list[Lot]
    unmatched: list[Lot]


def by_moment(execution: Execution) -> datetime:
    """The order of matching; the order of the list counts within a moment."""
    return execution.moment


def match_fifo(executions: Iterable[Execution], long_only: bool = False) -> Matched:
    """Match executions in the order of time, and as they are given within a moment."""
    lots: dict[tuple[str, str], deque[Lot]] = defaultdict(deque)
    pieces: list[Piece] = []
    unmatched: list[Lot] = []
    for execution in sorted(executions, key=by_moment):
        own = lots[execution.account, execution.symbol]
        rest = Lot(execution, execution.quantity, execution.fees)
        while rest.quantity and own and (own[0].quantity > 0) != (rest.quantity > 0):
            size = min(abs(own[0].quantity), abs(rest.quantity))
            opened, left = _taken(own.popleft(), size)
            closed, rest = _taken(rest, size)
            if left.quantity:
                own.appendleft(left)
            pieces.append(Piece(opened.execution, execution, size, opened.fees + closed.fees))
        if rest.quantity:
            opens_none = execution.closes_only or (long_only and rest.quantity < 0)
            (unmatched if opens_none else own).append(rest)
    return Matched(pieces, [lot for own in lots.values() for lot in own], unmatched)


def _taken(lot: Lot, size: Decimal) -> tuple[Lot, Lot]:
    """A piece of ``size`` (above 0) with its share of the fees, and what is left."""
    execution, quantity, fees = lot
    if size == abs(quantity):
        return lot, Lot(execution, Decimal(0), 0.0)
    piece = size if quantity > 0 else -size
    share = fees * float(size / abs(quantity))
    return Lot(execution, piece, share), Lot(execution, quantity - piece, fees - share)
