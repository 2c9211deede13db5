"""Whether MAE and MFE are in percent, as their headings say, or in fractions.

Spreadsheets keep 2 % as .02, under the same heading. No trade's best moment is worse than its
exit: what contradicts that in percent, and does not in fractions, is written in fractions.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from afterclose.importing.parsed import Trip, gain

ROUNDING = 0.002
"""By how much, as a fraction, MAE and MFE may miss the trade's own move."""


def in_fractions(trips: Sequence[Trip]) -> tuple[list[Trip], list[str]]:
    """Trips whose excursions were read as percent, made right, and a sentence where they were not.

    What fits in neither unit is left out.
    """
    known = [trip for trip in trips if trip.mae_pct is not None or trip.mfe_pct is not None]
    if not known or sum(map(_reached, known)) > len(known) / 2:
        return list(trips), []
    grown = [_times(trip, 100.0) for trip in trips]
    if all(map(_reached, grown)):
        return grown, ["MAE and MFE are fractions in it, whatever their headings say."]
    bare = [replace(trip, mae_pct=None, mfe_pct=None) for trip in trips]
    return bare, ["MAE and MFE contradict the trades' own moves: they are left out."]


def _times(trip: Trip, factor: float) -> Trip:
    mae, mfe = trip.mae_pct, trip.mfe_pct
    return replace(
        trip,
        mae_pct=None if mae is None else mae * factor,
        mfe_pct=None if mfe is None else mfe * factor,
    )


def _reached(trip: Trip) -> bool:
    if trip.exit_price is None:
        return True
    move = gain(trip) / (trip.entry_price * trip.quantity)
    best = move if trip.mfe_pct is None else trip.mfe_pct
    worst = move if trip.mae_pct is None else trip.mae_pct
    return worst - ROUNDING <= move <= best + ROUNDING
