"""What a bad trade is: one that lost money, or that was too far under water on its way.

The second half is what a rule-based strategy with a stop suffers from and a win rate hides.
Without a recorded excursion only the loss itself is known, and it stands in for it; a label
that left such trades out would learn from the recorded ones only, without saying so.
"""

from math import isnan

import numpy as np

from afterclose.arrays import Floats, Mask

SMALLEST_R, LARGEST_R = -1.5, 2.0
"""Where outcomes in units of risk are clipped: a crash is not to decide alone, nor a take-over."""

ATR_PER_RISK = 2.0
"""What a trade risks, in multiples of its ATR: about where a swing rule puts its stop."""

ATR_UNIT = "atr"
"""The threshold counts multiples of a trade's own average true range."""


def is_bad(
    realized_pnl_pct: float,
    mae_pct: float | None,
    threshold: float,
    atr_pct: float | None = None,
    unit: str = "fraction",
) -> bool:
    """Whether one trade is bad: it lost, or abs(MAE) is above the threshold.

    All values are fractions but the threshold in unit ``atr``, which counts multiples of
    ``atr_pct``. An unknown MAE (None or NaN) is taken to be min(0, PnL). Where the ATR is
    unknown or not above 0 only a loss is bad.
    """
    if realized_pnl_pct < 0:
        return True
    if mae_pct is None or isnan(mae_pct):
        return False  # min(0, PnL) of a trade that did not lose is 0
    if unit != ATR_UNIT:
        return abs(mae_pct) > threshold
    return atr_pct is not None and atr_pct > 0 and abs(mae_pct) > threshold * atr_pct


def bad_labels(
    realized_pnl_pct: Floats,
    mae_pct: Floats,
    threshold: float,
    unit: str = "fraction",
    atr_pct: Floats | None = None,
) -> Mask:
    """`is_bad` for n trades at once: bool[n] from float64[n]; NaN is unknown."""
    lost = realized_pnl_pct < 0
    if unit != ATR_UNIT:
        return lost | (np.abs(mae_pct) > threshold)
    if atr_pct is None:
        return lost
    return lost | ((atr_pct > 0) & (np.abs(mae_pct) > threshold * atr_pct))


def units_of_risk(
    realized_pnl_pct: Floats, atr_pct: Floats | None, stop_pct: Floats | None = None
) -> Floats:
    """Outcomes in units of risk, float64[n]: PnL over what was risked, clipped to [-1.5, 2].

    What was risked is ``stop_pct``, the planned stop's distance, where it is known, else twice the
    ATR. All are fractions of the entry price. NaN where neither is above 0.
    """
    unknown = np.full(len(realized_pnl_pct), np.nan)
    risked = unknown if atr_pct is None else ATR_PER_RISK * atr_pct
    if stop_pct is not None:
        risked = np.where(stop_pct > 0, stop_pct, risked)
    with np.errstate(divide="ignore", invalid="ignore"):
        units = np.where(risked > 0, realized_pnl_pct / risked, np.nan)
    return np.clip(units, SMALLEST_R, LARGEST_R)
