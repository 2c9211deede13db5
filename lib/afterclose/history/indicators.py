"""What a trader would have on the chart at the close, for every bar of every symbol.

Each value uses its own bar and earlier ones only, so no later price can leak into a
feature; a test changes later bars and compares to the last bit. Written with rolling
windows on each symbol's own bars: one window over the whole table would mix the last days
of one symbol into the first of the next.
"""

import numpy as np
import pandas as pd

from afterclose.arrays import Floats

FEATURES = (
    "atr_pct",
    "close",
    "dist_200sma",
    "dist_20sma",
    "ret_20",
    "ret_5",
    "rsi_14",
    "sma_20",
    "vol_ratio",
    "volatility_20",
)
"""The features of a signal, by name."""

WILDER_SESSIONS = 14


def add_indicators(bars: pd.DataFrame) -> pd.DataFrame:
    """``bars`` (as `afterclose.history.bars.DailyBars.frame`) with the indicators as columns.

    Prices are in currency; ``dist_*``, ``ret_*``, ``atr_pct`` and ``volatility_20`` (sample
    deviation of daily returns) are fractions; ``rsi_14`` is 0 to 100; ``vol_ratio`` is volume
    over its 20-session mean; ``breakout_level`` is the highest of the 20 closes before. NaN
    until enough bars are there, and in ``vol_ratio`` where volume is 0 throughout.
    """
    return pd.concat(
        [_one_symbol(frame) for _, frame in bars.groupby("symbol", sort=False)]
    ).reset_index(drop=True)


def _one_symbol(bars: pd.DataFrame) -> pd.DataFrame:
    close, volume = bars["close"], bars["volume"]
    sma_20, sma_200 = close.rolling(20).mean(), close.rolling(200).mean()
    atr_14 = average_true_range(bars)
    mean_volume = volume.rolling(20).mean()
    return bars.assign(
        sma_20=sma_20,
        sma_200=sma_200,
        dist_20sma=close / sma_20 - 1,
        dist_200sma=close / sma_200 - 1,
        vol_ratio=volume / mean_volume.where(mean_volume > 0),
        atr_14=atr_14,
        atr_pct=atr_14 / close,
        rsi_14=relative_strength(close),
        ret_5=close.pct_change(5),
        ret_20=close.pct_change(20),
        volatility_20=close.pct_change().rolling(20).std(),
        breakout_level=close.rolling(20).max().shift(1),
    )


def average_true_range(bars: pd.DataFrame) -> pd.Series:
    """Wilder's average true range over 14 sessions, in currency.

    The first bar has no previous close, so its true range is high - low (J. Welles Wilder,
    New Concepts in Technical Trading Systems, 1978, as is the smoothing).
    """
    previous = bars["close"].shift(1)
    true_range = np.fmax(bars["high"], previous) - np.fmin(bars["low"], previous)
    return pd.Series(wilder(np.asarray(true_range)), index=bars.index)


def relative_strength(close: pd.Series) -> pd.Series:
    """Wilder's RSI over 14 sessions, 0 to 100; 50 where the price never moved."""
    change = close.diff().to_numpy()[1:]
    gain, loss = wilder(np.maximum(change, 0)), wilder(np.maximum(-change, 0))
    moved = gain + loss
    with np.errstate(invalid="ignore"):
        rsi = np.where(moved > 0, 100 * gain / moved, np.where(moved == 0, 50.0, np.nan))
    return pd.Series(np.concatenate([[np.nan], rsi])[: len(close)], index=close.index)


def wilder(values: Floats) -> Floats:
    """Wilder's smoothing: the mean of the first 14, then 1/14 of each new value.

    Same length as ``values``; NaN before the 14th.
    """
    smooth = np.full(len(values), np.nan)
    if len(values) >= WILDER_SESSIONS:
        seeded = values[WILDER_SESSIONS - 1 :].copy()
        seeded[0] = values[:WILDER_SESSIONS].mean()
        smoothed = pd.Series(seeded).ewm(alpha=1 / WILDER_SESSIONS, adjust=False).mean()
        smooth[WILDER_SESSIONS - 1 :] = smoothed
    return smooth
