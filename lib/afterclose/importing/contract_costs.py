"""A multiplier and a commission that stand in no column, found together from the PnL.

The PnL of a future is 50 times its price move less 2.25 a side and contract. Neither can be
told from one trade; over several, two numbers that give every PnL to the cent are no chance.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from afterclose.importing.parsed import Trip, gain, root, tidy

CENTS = 0.015
LEAST_TRADES, CLEAR_PNL = 4, 1.0
"""Two numbers fit any two trades: so many of at least so much money must agree."""

COSTS: tuple[tuple[str, Callable[[Trip], float]], ...] = (
    ("a contract", lambda trip: trip.quantity),
    ("a trade", lambda _: 1.0),
)
"""What a commission may be counted by, in words and for one trade."""


def with_costs(trips: Sequence[Trip]) -> tuple[list[Trip], list[str]] | None:
    """Trips with multipliers and costs, and a sentence; None unless all PnL is told so."""
    groups: dict[str, list[Trip]] = defaultdict(list)
    for trip in trips:
        if trip.pnl is not None and trip.exit_price is not None:
            groups[root(trip.symbol)].append(trip)
    found = {name: _fit(group) for name, group in groups.items()}
    if not found or any(fit is None for fit in found.values()):
        return None
    fits = {name: fit for name, fit in found.items() if fit is not None}
    made = [_costed(trip, fits.get(root(trip.symbol))) for trip in trips]
    said = ", ".join(
        f"{name} {times:g} and {cost:.4g} {COSTS[by][0]}"
        for name, (times, cost, by) in sorted(fits.items())
    )
    return made, [f"Multiplier and commission, in no column, by the PnL of all trades: {said}."]


def _fit(group: Sequence[Trip]) -> tuple[float, float, int] | None:
    """Multiplier, cost, and by what it is counted; None where the PnL is not told by them."""
    clear = sum(abs(trip.pnl or 0.0) >= CLEAR_PNL for trip in group)
    if clear < LEAST_TRADES or any(trip.fees for trip in group):
        return None
    for by, (_, counted) in enumerate(COSTS):
        rows = [(gain(trip), counted(trip), trip.pnl or 0.0) for trip in group]
        gg, gx, xx = (sum(a[i] * a[j] for a in rows) for i, j in ((0, 0), (0, 1), (1, 1)))
        gp, xp = (sum(a[i] * a[2] for a in rows) for i in (0, 1))
        determinant = gg * xx - gx * gx
        if determinant <= 1e-9 * gg * xx:
            continue
        times = tidy((gp * xx - xp * gx) / determinant)
        cost = (times * gx - xp) / xx
        if (
            times > 0
            and cost > CENTS
            and all(abs(times * g - cost * x - pnl) <= CENTS for g, x, pnl in rows)
        ):
            return times, cost, by
    return None


def _costed(trip: Trip, fit: tuple[float, float, int] | None) -> Trip:
    if fit is None:
        return trip
    times, cost, by = fit
    fees = cost * COSTS[by][1](trip) if trip.exit_price is not None else 0.0
    return replace(trip, quantity=trip.quantity * times, fees=trip.fees + fees)
