"""Fills to pieces of trades, and the doubt whether a file begins inside a position.

A sale of what the file has not bought is one of three things that no file tells apart: the
end of a position from before it begins, a short, or a split. A wrong guess makes a trade that
never was, so it is asked, unless the source cannot be short or says which fill opens.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import NamedTuple

from afterclose.importing.decisions import closing_money, pieces_of, with_orders
from afterclose.importing.fifo import Matched, Piece, match_fifo
from afterclose.importing.money import CENTS, SHARE
from afterclose.importing.parsed import Execution, Options, Trip, Unused
from afterclose.importing.splits import split_fills

UNKNOWN_ENTRY = "closes what the file does not open"


class Pieces(NamedTuple):
    """Trips of fills, what closes nothing that is known, and what must be settled.

    ``stated`` is the PnL that fills say they realised, and its difference to what was computed.
    """

    trips: list[Trip]
    unused: list[Unused]
    problems: list[str]
    stated: tuple[float, float] | None = None


def matched(
    fills: Sequence[Execution],
    options: Options,
    *,
    spot: bool,
    flat: bool,
    shorts: Collection[str] = (),
) -> Pieces:
    """Match fills first in, first out. ``shorts`` are symbols that say that they open short."""
    ordered = with_orders(_expired(split_fills(fills, options.splits)))
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
    stated, wrong = (None, []) if options.pnl == "ignore" else _realized(found)
    return Pieces(pieces_of(found), unused, [*problems, *wrong], stated)


def _expired(fills: Sequence[Execution]) -> list[Execution]:
    """Fills in the order of time, expiries with the sign that closes what is held then."""
    if not any(fill.expires for fill in fills):
        return list(fills)
    held: dict[tuple[str, str], Decimal] = {}
    signed = []
    # an expiry is of the whole day: what was traded on it came before
    for fill in sorted(fills, key=lambda each: (each.moment, each.expires)):
        name = (fill.account, fill.symbol)
        before = held.get(name, Decimal(0))
        each = fill
        if fill.expires and before >= 0:
            each = fill._replace(quantity=-fill.quantity)
        held[name] = before + each.quantity
        signed.append(each)
    return signed


def _realized(found: Matched) -> tuple[tuple[float, float] | None, list[str]]:
    """What fills say that they realised and the difference, and a sentence on contradictions.

    A fill of which a part closed nothing that is known is not compared.
    """
    unknown = {lot.execution.place for lot in (*found.unmatched, *found.open_lots)}
    closed: dict[str, list[Piece]] = {}
    for piece in found.pieces:
        if piece.exit.pnl is not None and piece.exit.place not in unknown:
            closed.setdefault(piece.exit.place, []).append(piece)
    if not closed:
        return None, []
    stated = computed = 0.0
    wrong = []
    for place, pieces in closed.items():
        own = pieces[0].exit.pnl or 0.0
        gross = sum(map(_gain, pieces))
        net = gross - sum(piece.fees for piece in pieces)
        turnover = sum(piece.entry.price * float(piece.quantity) for piece in pieces)
        best = min((gross, net), key=lambda each: abs(each - own))
        stated, computed = stated + own, computed + best
        if abs(best - own) > CENTS * (1 + len(pieces)) + SHARE * abs(own) + 2e-6 * turnover:
            wrong.append((place, own, net))
    problems = []
    if wrong:
        place, own, net = wrong[0]
        problems.append(
            f"the file's own PnL of {len(wrong)} fills differs from that of its prices, quantities "
            f"and fees, first in, first out (first: {place}, {own:,.2f} and {net:,.2f}). A fill or "
            "a multiplier is missing, or lots are matched otherwise there; PNL=ignore leaves it "
            "aside"
        )
    return (stated, computed - stated), problems


def _gain(piece: Piece) -> float:
    sign = 1 if piece.entry.quantity > 0 else -1
    return sign * (piece.exit.price - piece.entry.price) * float(piece.quantity)


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
