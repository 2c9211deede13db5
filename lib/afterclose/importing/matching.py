"""Fills to pieces of trades, and the doubt whether a file begins inside a position.

A sale of what the file has not bought is one of three things that no file tells apart: the
end of a position from before it begins, a short, or a split. A wrong guess makes a trade that
never was, so it is asked, unless the source cannot be short or says which fill opens.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import NamedTuple

from afterclose.importing.decisions import closing_money, pieces_of, with_orders
from afterclose.importing.fifo import match_fifo
from afterclose.importing.parsed import Execution, Options, Trip, Unused
from afterclose.importing.splits import split_fills

UNKNOWN_ENTRY = "closes what the file does not open"


class Pieces(NamedTuple):
    """Trips of fills, what closes nothing that is known, and what must be settled."""

    trips: list[Trip]
    unused: list[Unused]
    problems: list[str]


def matched(
    fills: Sequence[Execution],
    options: Options,
    *,
    spot: bool,
    flat: bool,
    shorts: Collection[str] = (),
) -> Pieces:
    """Match fills first in, first out. ``shorts`` are symbols that say that they open short."""
    ordered = with_orders(split_fills(fills, options.splits))
    skip = options.long_only or options.opening == "skip"
    found = match_fifo(ordered, long_only=spot or skip)
    unused = [
        Unused(lot.execution.place, UNKNOWN_ENTRY, closing_money(lot)) for lot in found.unmatched
    ]
    doubtful: list[Execution] = []
    if not (skip or flat or options.opening == "flat"):
        doubtful = [
            lot.execution for lot in found.unmatched if spot or lot.execution.quantity < 0
        ] or ([] if spot else _sold_unheld(ordered, shorts))
    problems = [_opening(doubtful[0], len(doubtful))] if doubtful else []
    return Pieces(pieces_of(found), unused, problems)


def _sold_unheld(fills: Sequence[Execution], shorts: Collection[str]) -> list[Execution]:
    """Sales that begin a symbol, or turn a long position into a short one, without saying so."""
    held: dict[tuple[str, str], Decimal] = {}
    sales = []
    for fill in fills:
        name = (fill.account, fill.symbol)
        before = held.get(name)
        held[name] = (before or Decimal(0)) + fill.quantity
        sold = fill.quantity < 0 and (before is None or (before > 0 and held[name] < 0))
        if sold and fill.symbol not in shorts:
            sales.append(fill)
    return sales


def _opening(fill: Execution, count: int) -> str:
    others = f" (and {count - 1} more)" if count > 1 else ""
    return (
        f"{fill.place}{others}: {float(-fill.quantity):g} {fill.symbol} are sold and not held. "
        "Either the file begins inside a position (OPENING=skip or LONG_ONLY=1 leaves such sales "
        "out), or it is a short (OPENING=flat: nothing was held before the file begins), or there "
        f"was a split (SPLITS={fill.symbol}:YYYY-MM-DD:NEW_FOR_ONE)"
    )
