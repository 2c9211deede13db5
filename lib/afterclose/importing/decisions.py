"""Pieces to decisions: the fills and partial exits of one entry of the rules are one trade.

Fills belong together by the order's id; without one by symbol, side and moment: the same
second, or one second after another, or the same day where the file knows only days. A
decision's prices are weighted by quantity, its exit is the last one, and it is open while any
part of it is.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from msgspec.structs import replace

from afterclose.importing.fifo import Lot, Matched, by_moment
from afterclose.importing.parsed import Execution, Trip

SAME_MOMENT = timedelta(seconds=1)
"""Fills less than this apart are of one order where no id tells."""

LEAST_RUN = 3
"""Fills at so many moments, in steps of a second, are one order; at two they may be two."""

CRUMB = 0.02
"""What is left of an order may be this share of it, and the order is closed all the same."""


def with_orders(executions: Iterable[Execution]) -> list[Execution]:
    """Executions in the order of time, each with the name of the order that it is a fill of."""
    ordered = sorted(executions, key=by_moment)
    names: dict[int, str] = {}
    for run in _runs(ordered):
        first = ordered[run[0]]
        whole = len({ordered[place].moment for place in run}) >= LEAST_RUN
        name = f"@{first.moment.isoformat()}/{len(names)}"
        before = first.moment
        for place in run:
            moment = ordered[place].moment
            if not whole and moment - before >= SAME_MOMENT:
                name = f"@{moment.isoformat()}/{len(names)}"
            names[place], before = name, moment
    return [
        each if each.order_id else each._replace(order_id=names[place])
        for place, each in enumerate(ordered)
    ]


def _runs(ordered: Sequence[Execution]) -> list[list[int]]:
    """Fills without an order's id that follow each other: their places, by their first."""
    runs: list[list[int]] = []
    last: dict[tuple[str, str], list[int]] = {}
    for place, execution in enumerate(ordered):
        instrument = (execution.account, execution.symbol)
        run = last.get(instrument)
        if execution.order_id:
            last.pop(instrument, None)
            continue
        if run is not None:
            before = ordered[run[-1]]
            if (before.quantity > 0) == (execution.quantity > 0) and (
                execution.moment - before.moment <= SAME_MOMENT
            ):
                run.append(place)
                continue
        last[instrument] = [place]
        runs.append(last[instrument])
    return runs


def pieces_of(matched: Matched) -> list[Trip]:
    """Closed pieces and open lots as trips of their entry's order.

    The pieces are let go of one by one: a million of them and of trips are too many at once.
    """
    trips = []
    pieces = matched.pieces
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        trips.append(_trip(piece.entry, float(piece.quantity), piece.fees, piece.exit))
    trips += [_trip(lot.execution, float(abs(lot.quantity)), lot.fees) for lot in matched.open_lots]
    return trips


def without_crumbs(trips: Sequence[Trip]) -> tuple[list[Trip], list[Trip]]:
    """Pieces without the open crumbs of orders that are closed otherwise, and the crumbs.

    A fee that was paid in the coin itself leaves one, and nobody ever sells it.
    """
    totals: dict[object, float] = {}
    left: dict[object, float] = {}
    for trip in trips:
        name = (trip.account, trip.symbol, trip.side, trip.order)
        totals[name] = totals.get(name, 0.0) + trip.quantity
        left[name] = left.get(name, 0.0) + (trip.quantity if trip.exit_moment is None else 0.0)
    kept: list[Trip] = []
    crumbs: list[Trip] = []
    for trip in trips:
        name = (trip.account, trip.symbol, trip.side, trip.order)
        crumb = trip.order and trip.exit_moment is None and left[name] <= CRUMB * totals[name]
        (crumbs if crumb else kept).append(trip)
    return kept, crumbs


def closing_money(lot: Lot) -> str:
    """An unmatched part of a fill, in words."""
    execution = lot.execution
    word = "sold" if lot.quantity < 0 else "bought back"
    return f"{float(abs(lot.quantity)):g} {execution.symbol} {word} at {execution.price:g}"


def _trip(entry: Execution, quantity: float, fees: float, left: Execution | None = None) -> Trip:
    return Trip(
        symbol=entry.symbol,
        side="long" if entry.quantity > 0 else "short",
        quantity=quantity,
        entry_moment=entry.moment,
        entry_price=entry.price,
        exit_moment=None if left is None else left.moment,
        exit_price=None if left is None else left.price,
        fees=fees,
        place=entry.place,
        exit_place="" if left is None else left.place,
        account=entry.account,
        order=entry.order_id,
        own_id="" if entry.order_id.startswith("@") else entry.order_id,
        features=entry.features or {},
        currency=entry.currency,
    )


def decisions(trips: Sequence[Trip], merge: bool) -> list[Trip]:
    """One trip a decision, by first entry."""
    groups: dict[object, list[Trip]] = {}
    chains: dict[tuple[str, str, str], Trip] = {}
    names: dict[tuple[str, str, str], int] = {}
    for number, trip in enumerate(sorted(trips, key=lambda each: each.entry_moment)):
        if trip.order:
            key: object = (trip.account, trip.symbol, trip.side, trip.order)
        elif not merge:
            key = number
        else:
            chain = (trip.account, trip.symbol, trip.side)
            before = chains.get(chain)
            if before is None or trip.entry_moment - before.entry_moment >= SAME_MOMENT:
                names[chain] = number
            chains[chain] = trip
            key = (*chain, names[chain])
        groups.setdefault(key, []).append(trip)
    return [_merged(group) if len(group) > 1 else group[0] for group in groups.values()]


def _merged(group: Sequence[Trip]) -> Trip:
    quantity = sum(trip.quantity for trip in group)
    first = group[0]
    left = [trip.exit_moment for trip in group if trip.exit_moment is not None]
    closed = len(left) == len(group)
    stated = [trip.pnl for trip in group if trip.pnl is not None]
    falls = [trip.mae_pct for trip in group if trip.mae_pct is not None]
    rises = [trip.mfe_pct for trip in group if trip.mfe_pct is not None]
    return replace(
        first,
        quantity=quantity,
        entry_price=sum(trip.entry_price * trip.quantity for trip in group) / quantity,
        exit_moment=max(left) if closed else None,
        exit_price=(
            sum((trip.exit_price or 0.0) * trip.quantity for trip in group) / quantity
            if closed
            else None
        ),
        fees=sum(trip.fees for trip in group),
        pnl=sum(stated) if len(stated) == len(group) else None,
        mae_pct=min(falls) if falls else None,
        mfe_pct=max(rises) if rises else None,
    )
