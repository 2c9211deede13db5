"""Pieces of a file to ledger records: money checked, decisions merged, ids given."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from afterclose.importing.decisions import decisions, without_crumbs
from afterclose.importing.identity import ids
from afterclose.importing.ledger_changes import ImportedTrade
from afterclose.importing.money import checked
from afterclose.importing.parsed import Options, Parsed, Trip, Unused
from afterclose.importing.splits import split_trips
from afterclose.records import Trade


class Made(NamedTuple):
    """The records of a file, what became of the rest, and what is to be said and settled."""

    trades: list[ImportedTrade]
    unused: list[Unused]
    notes: list[str]
    problems: list[str]
    stated_pnl: float | None
    stated_difference: float | None


def trades_of(parsed: Parsed, options: Options) -> Made:
    """All decisions of a file as ledger records. The trips of ``parsed`` are let go of."""
    merged, made = _decided(parsed, options)
    for trip, name in zip(merged, ids(merged, parsed.name), strict=True):
        trade = _trade(trip, name, parsed.source)
        made.trades.append(ImportedTrade(trade, trip.places, trip.pnl, trip.currency))
    return made


def _decided(parsed: Parsed, options: Options) -> tuple[list[Trip], Made]:
    """One trip a decision, and what is to be said; the pieces end here.

    A million pieces and their records at once are a gigabyte.
    """
    splits = () if parsed.in_new_shares else options.splits
    trips = split_trips(parsed.trips, splits)
    parsed.trips.clear()
    money = checked(trips, parsed.money, parsed.fees_in_pnl, options.pnl == "ignore")
    notes = [*parsed.notes, *money.notes]
    problems = [*parsed.problems, *money.problems]
    pieces, crumbs = without_crumbs(money.trips)
    if crumbs:
        notes.append(
            f"Crumbs left of orders that are closed otherwise: {len(crumbs)} (first: "
            f"{crumbs[0].quantity:g} {crumbs[0].symbol}); they are left out."
        )
    merged = decisions(pieces, parsed.merge)
    if len(merged) < len(trips):
        notes.append(
            f"{len(trips)} pieces are {len(merged)} decisions: fills and partial exits of one "
            "entry are one trade."
        )
    merged, received = _without_received(merged)
    if received:
        total = sum(received)
        notes.append(
            f"More was received than paid (swap, funding, rebates) in {len(received)} trades, "
            f"{total:,.2f} in all: it stands in their exit prices, since fees of a record are "
            "not below 0."
        )
    stated, difference = parsed.stated or (money.stated, money.difference)
    return merged, Made([], list(parsed.unused), notes, problems, stated, difference)


def _without_received(trips: Sequence[Trip]) -> tuple[list[Trip], list[float]]:
    kept, received = [], []
    for trip in trips:
        if trip.fees >= 0:
            kept.append(trip)
        elif trip.exit_price is None:
            kept.append(replace(trip, fees=0.0))
        else:
            sign = 1 if trip.side == "long" else -1
            price = trip.exit_price - sign * trip.fees / trip.quantity
            kept.append(replace(trip, fees=0.0, exit_price=price))
            received.append(-trip.fees)
    return kept, received


def _trade(trip: Trip, trade_id: str, source: str) -> Trade:
    return Trade(
        trade_id=trade_id,
        symbol=trip.symbol,
        side=trip.side,
        entry_timestamp=trip.entry_moment.isoformat(),
        exit_timestamp=None if trip.exit_moment is None else trip.exit_moment.isoformat(),
        decision_timestamp=(
            None if trip.decision_moment is None else trip.decision_moment.isoformat()
        ),
        entry_price=_rounded(trip.entry_price),
        exit_price=(
            None
            if trip.exit_moment is None or trip.exit_price is None
            else _rounded(trip.exit_price)
        ),
        quantity=_rounded(trip.quantity),
        fees=_rounded(trip.fees),
        rule_confidence=trip.confidence,
        rule_features=trip.features,
        mae_pct=_fraction(trip.mae_pct),
        mfe_pct=trip.mfe_pct,
        exit_type=trip.exit_type,
        exit_reason=trip.exit_reason,
        source=trip.origin or source,
    )


def _rounded(value: float) -> float:
    """To 13 digits: sums of the same pieces in another order are the same record."""
    return float(f"{value:.13g}")


def _fraction(mae_pct: float | None) -> float | None:
    """A short can lose more than it was worth; beyond 1 a record's MAE is taken for percent."""
    return None if mae_pct is None else max(-1.0, mae_pct)
