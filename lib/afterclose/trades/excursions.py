"""How far a price moved for or against a trade, as a fraction of its entry price.

Plain arithmetic on single trades, apart from `afterclose.dataset.labels`, because the trading
process needs it and must not import NumPy. Percent fields of a ledger are never used instead: their
unit and their sign for short trades differ from one writer to the next.
"""

import math

from msgspec import UNSET, UnsetType

SIDES = ("long", "short")


def excursion_pct(side: str, entry_price: float, price: float) -> float:
    """Return of a trade at ``price``, before fees: a fraction, above 0 when it gains.

    ``side`` is long or short, prices are in currency and above 0. A short from 100 is at
    0.1 when the price is 90. Raises ValueError for any other side.
    """
    if side == "long":
        return (price - entry_price) / entry_price
    if side == "short":
        return (entry_price - price) / entry_price
    raise ValueError(f"side {side!r} is neither long nor short")


def realized_pnl_pct(
    side: str, entry_price: float, exit_price: float, quantity: float, fees: float
) -> float:
    """Return of a closed trade net of fees: a fraction of the money put in at entry.

    ``quantity`` is in shares or units, ``fees`` in currency for the whole trade, so their
    share is fees / (entry_price * quantity). Raises ValueError for an unknown side.
    """
    return excursion_pct(side, entry_price, exit_price) - fees / (entry_price * quantity)


def planned_stop(side: str, entry_price: float, stop_price: float | None) -> float | UnsetType:
    """The stop that was planned at the entry, absent unless it lies on the losing side of it.

    A stop that was moved to lock in a gain says nothing of what was risked.
    """
    if stop_price is None or not 0 < stop_price < math.inf:
        return UNSET
    behind = stop_price < entry_price if side == "long" else stop_price > entry_price
    return stop_price if behind else UNSET
