"""Where to block: the threshold whose kept trades earned most, on trades not trained on.

A probability of 0.5 is where a trade is as likely bad as good, not where it stops paying.
Few thresholds are tried, and none that keeps fewer than half of the trades: the best of
many cuts through noise always looks like a discovery.
"""

import math
from typing import Final

import numpy as np

from afterclose.arrays import Floats

KEPT_SHARES: Final = tuple(twentieth / 20 for twentieth in range(10, 21))
"""Shares of the trades to try keeping: half, and each twentieth more up to all."""

BLOCK_NONE: Final = 1.0

_STEPS: Final = 10**6


def choose_threshold(unseen_risks: Floats, pnl: Floats) -> float | None:
    """The threshold with the best expectancy of kept trades, a multiple of 1e-6.

    ``unseen_risks`` are scores in 0 to 1 by models that had not seen the trades, ``pnl``
    what those earned, net fractions; both float64[n]. Of equals (ten significant digits)
    the one that keeps most. None for no trades.
    """
    if not len(pnl):
        return None
    ranked = np.sort(unseen_risks)
    cuts = [float(ranked[math.ceil(share * len(ranked)) - 1]) for share in KEPT_SHARES[:-1]]
    # Rounded upwards, so that the trade at the cut is kept on any machine.
    thresholds = [min(BLOCK_NONE, math.ceil(cut * _STEPS) / _STEPS) for cut in cuts]

    def worth(threshold: float) -> tuple[float, float]:
        kept = pnl[unseen_risks <= threshold]
        return float(f"{kept.mean():.9e}"), threshold

    return max({*thresholds, BLOCK_NONE}, key=worth)
