"""Ids of imported trades: made from what cannot change, and equal whatever a file has grown by.

Source, account, symbol, side, and the system's own id of the entry where there is one, else
its first moment. Prices, fees, quantities and exits are not in it: a corrected or a closed
trade changes its record and makes no second one. The own id stands readable in front.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC

from afterclose.importing.parsed import Trip

DIGEST_CHARACTERS = 16
SHORT_DIGEST_CHARACTERS = 8
LONGEST_OWN_ID = 40


def digest(parts: Iterable[object], characters: int = DIGEST_CHARACTERS) -> str:
    """A digest of the parts, in their order."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:characters]


def ids(trips: Sequence[Trip], source: str) -> list[str]:
    """One id a decision; equal ones are told apart by -2, -3 in the order of entries."""
    seen: Counter[str] = Counter()
    found = []
    for trip in trips:
        name = _id(trip, source)
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found


def own_part(trade_id: str) -> str:
    """An id without its digest: equal for two trades that claim one id of their system."""
    return trade_id.rpartition("-")[0]


def _id(trip: Trip, source: str) -> str:
    entered = trip.entry_moment.astimezone(UTC).isoformat()
    what = (source, trip.account, trip.symbol, trip.side)
    if trip.order and trip.own_id:
        return f"{source}-{digest((*what, trip.own_id))}"
    if trip.own_id:
        short = digest((*what, entered), SHORT_DIGEST_CHARACTERS)
        return f"{source}-{trip.own_id[:LONGEST_OWN_ID]}-{short}"
    return f"{source}-{digest((*what, entered))}"
