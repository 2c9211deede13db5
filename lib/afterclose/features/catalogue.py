"""Every feature of daily bars: its formula, its unit, its source, and how it is computed.

None holds a price or a volume as such. Adjusted files rewrite old prices at each later split, so a
price in them says what came after, and matches nothing that a bot sees live; ratios of prices do
not change. Each value uses its own bar and earlier ones, at most `LOOKBACK_BARS` of them.

More features were not better on the histories that were measured, so few are the default.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from afterclose.arrays import Floats
from afterclose.features.windows import before, deviation, highest, lowest, mean, wilder

LOOKBACK_BARS: Final = 260
"""With so many bars of a symbol, this one included, every feature has its final value."""


class Columns(NamedTuple):
    """The bars of one symbol, oldest first, float64[n] each."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Feature(NamedTuple):
    """One entry: what it is, for people, and its arithmetic.

    ``group`` is what it tells of; ``compute`` gives float64[n], NaN where there are too few
    bars, or the formula has no value.
    """

    name: str
    group: str
    formula: str
    unit: str
    source: str
    compute: Callable[[Columns], Floats]


def true_range(bars: Columns) -> Floats:
    """High to low, the close before included; of the first bar high - low. In currency."""
    previous = before(bars.close, 1)
    return np.fmax(bars.high, previous) - np.fmin(bars.low, previous)


def average_true_range(bars: Columns) -> Floats:
    """Wilder's average true range over 14 sessions, in currency."""
    return wilder(true_range(bars))


def relative_strength(close: Floats) -> Floats:
    """Wilder's RSI over 14 sessions, 0 to 100; 50 where the price never moved."""
    rsi = np.full(len(close), np.nan)
    change = close[1:] - close[:-1]
    gain, loss = wilder(np.maximum(change, 0)), wilder(np.maximum(-change, 0))
    moved = gain + loss
    with np.errstate(invalid="ignore"):
        rsi[1:] = np.where(moved > 0, 100 * gain / moved, np.where(moved == 0, 50.0, np.nan))
    return rsi


def _ratio(part: Floats, whole: Floats) -> Floats:
    """NaN where ``whole`` is not above 0."""
    ratio: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return ratio


def _growth(values: Floats, bars: int) -> Floats:
    return values / before(values, bars) - 1


def _distance(bars: int) -> Callable[[Columns], Floats]:
    return lambda columns: columns.close / mean(columns.close, bars) - 1


def _return(bars: int) -> Callable[[Columns], Floats]:
    return lambda columns: _growth(columns.close, bars)


def _volatility(bars: int) -> Callable[[Columns], Floats]:
    return lambda columns: deviation(_growth(columns.close, 1), bars)


def _below_high(bars: int) -> Callable[[Columns], Floats]:
    return lambda columns: columns.close / highest(columns.high, bars) - 1


def _above_low(bars: int) -> Callable[[Columns], Floats]:
    return lambda columns: columns.close / lowest(columns.low, bars) - 1


def _atr_pct(columns: Columns) -> Floats:
    return average_true_range(columns) / columns.close


def _gap(columns: Columns) -> Floats:
    return columns.open / before(columns.close, 1) - 1


def _close_in_range(columns: Columns) -> Floats:
    return _ratio(columns.close - columns.low, columns.high - columns.low)


def _volume_ratio(columns: Columns) -> Floats:
    return _ratio(columns.volume, mean(columns.volume, 20))


def _volume_trend(columns: Columns) -> Floats:
    return _ratio(mean(columns.volume, 5), mean(columns.volume, 60))


FRACTION: Final = "fraction"
PLAIN: Final = "common chart arithmetic"
WILDER: Final = "Wilder, New Concepts in Technical Trading Systems, 1978"

_ENTRIES: Final = (
    Feature("dist_20sma", "trend", "C / mean(C, 20) - 1", FRACTION, PLAIN, _distance(20)),
    Feature("dist_50sma", "trend", "C / mean(C, 50) - 1", FRACTION, PLAIN, _distance(50)),
    Feature("dist_200sma", "trend", "C / mean(C, 200) - 1", FRACTION, PLAIN, _distance(200)),
    Feature("ret_1", "momentum", "C / C[1 bar before] - 1", FRACTION, PLAIN, _return(1)),
    Feature("ret_5", "momentum", "C / C[5 bars before] - 1", FRACTION, PLAIN, _return(5)),
    Feature("ret_20", "momentum", "C / C[20 bars before] - 1", FRACTION, PLAIN, _return(20)),
    Feature("ret_60", "momentum", "C / C[60 bars before] - 1", FRACTION, PLAIN, _return(60)),
    Feature(
        "rsi_14", "momentum", "100 * gain / (gain + loss), each smoothed over 14", "0 to 100",
        WILDER, lambda columns: relative_strength(columns.close),
    ),
    Feature("atr_pct", "volatility", "ATR(14) / C", FRACTION, WILDER, _atr_pct),
    Feature(
        "volatility_20", "volatility", "sample deviation of ret_1 over 20 bars", FRACTION, PLAIN,
        _volatility(20),
    ),
    Feature(
        "volatility_60", "volatility", "sample deviation of ret_1 over 60 bars", FRACTION, PLAIN,
        _volatility(60),
    ),
    Feature("vol_ratio", "volume", "V / mean(V, 20)", "ratio", PLAIN, _volume_ratio),
    Feature("vol_trend", "volume", "mean(V, 5) / mean(V, 60)", "ratio", PLAIN, _volume_trend),
    Feature("gap_pct", "gap", "O / C[1 bar before] - 1", FRACTION, PLAIN, _gap),
    Feature(
        "close_in_range", "gap", "(C - L) / (H - L); none where H = L", "0 to 1", PLAIN,
        _close_in_range,
    ),
    Feature("dist_20high", "extremes", "C / max(H, 20) - 1", FRACTION, PLAIN, _below_high(20)),
    Feature("dist_20low", "extremes", "C / min(L, 20) - 1", FRACTION, PLAIN, _above_low(20)),
    Feature(
        "dist_252high", "extremes", "C / max(H, 252) - 1", FRACTION,
        "George & Hwang, The 52-Week High and Momentum Investing, Journal of Finance 2004",
        _below_high(252),
    ),
    Feature("dist_252low", "extremes", "C / min(L, 252) - 1", FRACTION, PLAIN, _above_low(252)),
)  # fmt: skip

CATALOGUE: Final = {feature.name: feature for feature in _ENTRIES}
"""Every feature by name."""

DEFAULT: Final = (
    "atr_pct",
    "dist_200sma",
    "dist_20sma",
    "ret_20",
    "ret_5",
    "rsi_14",
    "vol_ratio",
    "volatility_20",
)
"""What the importer, the demo and the study compute."""
