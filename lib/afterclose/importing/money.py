"""The file's own PnL: compared with what is computed, and what it alone can tell.

It tells the multiplier of a contract (PnL over the price move), the rate of an account in
another currency, and a commission that stands in no column. Where a mapping does not say that
it does, a difference is a contradiction, and the import is refused with it.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from afterclose.importing.contract_costs import with_costs
from afterclose.importing.parsed import Trip, gain, root, tidy

CENTS = 0.015
SHARE = 0.001
"""What rounding explains, in currency and as a fraction of the PnL."""

CLEAR_PNL = 1.0
"""From here on a PnL in cents says a rate to within half a percent."""


class Checked(NamedTuple):
    """Trips with money of the file's own PnL, sentences, and what contradicts."""

    trips: list[Trip]
    notes: list[str]
    problems: list[str]
    stated: float | None
    difference: float | None


def checked(trips: Sequence[Trip], multiplier: str, fees: bool, ignore: bool) -> Checked:
    """Compare; with ``multiplier`` (symbol, trade) and ``fees`` take them from the PnL.

    Where one multiplier and one cost a contract (or a trade) give all of a symbol's PnL to the
    cent, that is what they are.
    """
    closed = [trip for trip in trips if trip.pnl is not None and trip.exit_price is not None]
    if not closed or ignore:
        said = ["The PnL column is not compared (PNL=ignore)."] if closed else []
        return Checked(list(trips), said, [], None, None)
    stated = sum(trip.pnl or 0.0 for trip in closed)
    notes: list[str] = []
    scaled = list(trips)
    if multiplier != "no":
        scaled, notes = _scaled(trips, multiplier)
    if fees:
        scaled, said, fits = _with_fees(scaled)
        notes += said
        if fits:
            return Checked(scaled, notes, [], stated, _difference(scaled))
    problems = _contradictions(scaled)
    if problems and (fees or multiplier == "symbol") and (fitted := with_costs(trips)) is not None:
        return Checked(*fitted, [], stated, _difference(fitted[0]))
    return Checked(scaled, notes, problems, stated, _difference(scaled))


def _difference(trips: Sequence[Trip]) -> float:
    """Of the sums, before or after fees, whichever the file means."""
    closed = [trip for trip in trips if trip.pnl is not None and trip.exit_price is not None]
    gross = sum(gain(trip) - (trip.pnl or 0.0) for trip in closed)
    return min(gross, gross - sum(trip.fees for trip in closed), key=abs)


def _contradictions(trips: Sequence[Trip]) -> list[str]:
    wrong = []
    for trip in trips:
        if trip.pnl is None or trip.exit_price is None:
            continue
        allowed = CENTS + SHARE * abs(trip.pnl) + 2e-6 * trip.entry_price * trip.quantity
        differences = (gain(trip) - trip.pnl, gain(trip) - trip.fees - trip.pnl)
        if min(map(abs, differences)) > allowed:
            wrong.append(trip)
    if not wrong:
        return []
    first = wrong[0]
    own, computed = sum(t.pnl or 0.0 for t in wrong), sum(gain(t) - t.fees for t in wrong)
    words = (
        f"the file's own PnL of {len(wrong)} trades is {own:,.2f} and differs from the "
        f"{computed:,.2f} of its prices, quantities and fees by {own - computed:,.2f} (first: "
        f"{first.places}, {first.pnl:,.2f} and {gain(first) - first.fees:,.2f}). A contract's "
        "multiplier is taken from it with PNL=multiplier; PNL=ignore leaves it aside"
    )
    return [words]


def _scaled(trips: Sequence[Trip], by: str) -> tuple[list[Trip], list[str]]:
    rates: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for trip in trips:
        move = gain(trip)
        if trip.pnl is not None and move and trip.pnl:
            rates[root(trip.symbol)].append((abs(trip.pnl), trip.pnl / move))
    usual = {}
    for name, found in rates.items():
        clear = sorted(found, reverse=True)[: max(1, len(found) // 2)]
        usual[name] = tidy(median(rate for _, rate in clear))
    scaled = []
    for trip in trips:
        rate = usual.get(root(trip.symbol), 1.0)
        move = gain(trip)
        if by == "trade" and trip.pnl is not None and abs(trip.pnl) >= CLEAR_PNL and move:
            rate = trip.pnl / move
        if rate <= 0:
            rate = 1.0
        scaled.append(replace(trip, quantity=trip.quantity * rate))
    said = ", ".join(f"{name} {rate:g}" for name, rate in sorted(usual.items()))
    each = ", each trade at its own rate" if by == "trade" else ""
    return scaled, [f"Multiplier by the PnL over the price move{each}: {said}."]


def _with_fees(trips: Sequence[Trip]) -> tuple[list[Trip], list[str], bool]:
    """The commission that the PnL lacks, if it is one share of the turnover in all trades."""
    lacking = []
    for trip in trips:
        if trip.pnl is not None and trip.exit_price is not None:
            turnover = trip.quantity * (trip.entry_price + trip.exit_price)
            lacking.append((turnover, gain(trip) - trip.fees - trip.pnl))
    total = sum(turnover for turnover, _ in lacking)
    missing = sum(each for _, each in lacking)
    share = missing / total if total else 0.0
    if any(abs(each - share * turnover) > CENTS + 5e-6 * turnover for turnover, each in lacking):
        return list(trips), [], False
    if share < 1e-7:
        return list(trips), [], True
    with_fees = [
        replace(trip, fees=trip.fees + gain(trip) - trip.fees - trip.pnl)
        if trip.pnl is not None and trip.exit_price is not None
        else trip
        for trip in trips
    ]
    words = (
        f"Fees stand in no column: the PnL lacks {missing:,.2f}, {share:.4%} of the turnover of "
        "each side, and that is taken as the commission."
    )
    return with_fees, [words], True
