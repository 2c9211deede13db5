"""What holding the traded symbols would have earned: the simplest thing to be better than."""

from collections.abc import Mapping, Sequence

import numpy as np

from afterclose.arrays import Floats, Integers

Closes = Mapping[str, tuple[Integers, Floats]]
"""By symbol, days since 1970 ascending and the close of each."""


def buy_and_hold(
    closes: Closes, start: int, days: Sequence[int], capital: float
) -> list[float] | None:
    """Net PnL on ``days`` of ``capital`` spread evenly over the symbols on day ``start``.

    A symbol is bought at its first close on or after ``start`` and kept; until then, and
    where a day has no close, its worth stays what it was. No costs. None without any close.
    """
    asked = np.asarray(days)
    earned = []
    for on, close in closes.values():
        first = int(np.searchsorted(on, start))
        if first == len(on):
            continue
        at = np.searchsorted(on, asked, side="right") - 1
        worth = close[np.maximum(at, first)] / close[first]
        earned.append(np.where(at < first, 0.0, worth - 1.0))
    if not earned:
        return None
    total: list[float] = (capital * np.mean(earned, axis=0)).tolist()
    return total
