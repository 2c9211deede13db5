"""Where to block: above the riskiest share of trades not trained on, or where it paid most.

A probability of 0.5 is where a trade is as likely bad as good, not where it stops paying:
where over half of the trades are bad it blocks nearly all of them. So the default is a share,
which looks at no outcome and is no discovery. A tuned threshold looks at what kept trades
earned: few are tried, and none that keeps fewer than half of the trades, because the best of
many cuts through noise always looks like one.
"""

import math
from typing import Final

import numpy as np

from afterclose.arrays import Floats

KEPT_SHARES: Final = tuple(twentieth / 20 for twentieth in range(10, 21))
"""Shares of the trades to try keeping: half, and each twentieth more up to all."""

BLOCK_NONE: Final = 1.0

_STEPS: Final = 10**6


def share_threshold(unseen_risks: Floats, block_share: float) -> float:
    """The threshold that ``block_share`` of the scores lie above, a multiple of 1e-6.

    ``unseen_risks`` float64[n] are scores in 0 to 1 by models that had not seen the trades.
    A trade at the threshold is kept, so ties may block fewer. `BLOCK_NONE` for no scores:
    what nobody could try out of sample blocks nothing.
    """
    if not len(unseen_risks):
        return BLOCK_NONE
    # Ten digits, so that a fifth of ten is two whatever the last bit of 0.8 * 10.
    kept = math.ceil(round((1 - block_share) * len(unseen_risks), 10))
    return _at_or_above(float(np.sort(unseen_risks)[max(kept, 1) - 1]))


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
    thresholds = map(_at_or_above, cuts)

    def worth(threshold: float) -> tuple[float, float]:
        kept = pnl[unseen_risks <= threshold]
        return float(f"{kept.mean():.9e}"), threshold

    return max({*thresholds, BLOCK_NONE}, key=worth)


def _at_or_above(risk: float) -> float:
    """Rounded upwards, so that the trade at the cut is kept on any machine."""
    return min(BLOCK_NONE, math.ceil(risk * _STEPS) / _STEPS)
