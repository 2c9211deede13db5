"""The fills of a file as ledger trades: matched, named, and what is left over reported."""

from collections.abc import Sequence

from afterclose.importing.fifo import Execution, Lot, Matched, RoundTrip, match_fifo
from afterclose.importing.parsed import Found, LeftOpen, Unused
from afterclose.records import Trade

UNKNOWN_ENTRY = "closes what the file does not open"


def round_trips(
    executions: Sequence[Execution], prefix: str, source: str
) -> tuple[list[Found], list[LeftOpen], list[Unused]]:
    """Trades (without an id where the executions have none), open positions, and the rest."""
    matched = match_fifo(executions)
    found = [_trade(trip, prefix, source) for trip in matched.trips]
    return found, [_left_open(lot) for lot in matched.open_lots], _unmatched(matched)


def _trade(trip: RoundTrip, prefix: str, source: str) -> Found:
    opened, closed = trip.entry, trip.exit
    own_id = f"{prefix}-{opened.own_id}-{closed.own_id}" if opened.own_id and closed.own_id else ""
    trade = Trade(
        trade_id=own_id,
        symbol=opened.symbol,
        side=trip.side,
        entry_timestamp=opened.timestamp,
        exit_timestamp=closed.timestamp,
        entry_price=opened.price,
        exit_price=closed.price,
        quantity=float(trip.quantity),
        fees=float(trip.fees),
        source=source,
    )
    return Found(trade, f"{opened.place} and {closed.place}")


def _left_open(lot: Lot) -> LeftOpen:
    execution = lot.execution
    return LeftOpen(
        symbol=execution.symbol,
        side="long" if lot.quantity > 0 else "short",
        quantity=float(abs(lot.quantity)),
        entry_price=execution.price,
        entry_timestamp=execution.timestamp,
        place=execution.place,
    )


def _unmatched(matched: Matched) -> list[Unused]:
    return [
        Unused(
            lot.execution.place,
            UNKNOWN_ENTRY,
            f"{float(abs(lot.quantity)):g} {lot.execution.symbol} were opened before this file "
            "begins; import one that reaches further back",
        )
        for lot in matched.unmatched
    ]
