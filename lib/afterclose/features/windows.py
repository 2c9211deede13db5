"""Rolling windows whose answer depends on the bars in the window alone, to the last bit.

Running sums, as pandas keeps them, carry the rounding of every earlier bar: a file of ten years
and a bot with one year of bars would then differ in the last digits. Here each window is added up
by itself, oldest first, for all windows at once: every step is one operation on whole columns.

All functions take float64[n], oldest first, and give float64[n]; NaN until a window is full.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from afterclose.arrays import Floats

WILDER_BARS: Final = 14
"""Of Wilder's smoothing, as in his own ATR and RSI."""

WILDER_WINDOW: Final = 200
"""Bars that a smoothed value looks back: what lies before weighs less than a millionth."""


def before(values: Floats, bars: int) -> Floats:
    """The value so many bars earlier."""
    shifted = np.full(len(values), np.nan)
    if bars < len(values):
        shifted[bars:] = values[: len(values) - bars]
    return shifted


def mean(values: Floats, bars: int) -> Floats:
    """Arithmetic mean of the last ``bars`` values."""
    return _folded(values, bars, np.add) / bars


def highest(values: Floats, bars: int) -> Floats:
    """The largest of the last ``bars`` values."""
    return _folded(values, bars, np.maximum)


def lowest(values: Floats, bars: int) -> Floats:
    """The smallest of the last ``bars`` values."""
    return _folded(values, bars, np.minimum)


def deviation(values: Floats, bars: int) -> Floats:
    """Sample standard deviation of the last ``bars`` values."""
    centre = mean(values, bars)
    squares = np.zeros(len(values))
    for age in reversed(range(bars)):
        squares = squares + (before(values, age) - centre) ** 2
    return np.sqrt(squares / (bars - 1))


def wilder(values: Floats) -> Floats:
    """Wilder's smoothing: the mean of the first 14, then 1/14 of each new value.

    It begins at the first value, or `WILDER_WINDOW` bars back. NaN before the 14th (J. Welles
    Wilder, New Concepts in Technical Trading Systems, 1978).
    """
    smooth = np.full(len(values), np.nan)
    windows = max(len(values) - WILDER_WINDOW + 1, 1)  # one from each start that has 200 after it
    if len(values) < WILDER_BARS:
        return smooth

    def from_starts(age: int) -> Floats:
        return values[age : age + windows]

    now = np.zeros(windows)
    for age in range(WILDER_BARS):
        now = now + from_starts(age)
    now = now / WILDER_BARS
    smooth[WILDER_BARS - 1] = now[0]
    for age in range(WILDER_BARS, min(WILDER_WINDOW, len(values))):
        now = (now * (WILDER_BARS - 1) + from_starts(age)) / WILDER_BARS
        smooth[age] = now[0]
    if len(values) >= WILDER_WINDOW:
        smooth[WILDER_WINDOW - 1 :] = now
    return smooth


def _folded(values: Floats, bars: int, together: Callable[[Floats, Floats], Floats]) -> Floats:
    folded = before(values, bars - 1)
    for age in reversed(range(bars - 1)):
        folded = together(folded, before(values, age))
    return folded
