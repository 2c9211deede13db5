"""What a trader would have on the chart at the close, for every bar of every symbol.

Features are those of `afterclose.features`, which hold no prices; the rest is what the demo's rule
compares prices with. Each value uses its own bar and earlier ones of its own symbol only.
"""

import pandas as pd

from afterclose.features import DEFAULT, feature_columns
from afterclose.features.catalogue import Columns, average_true_range
from afterclose.features.windows import before, highest, mean

FEATURES = DEFAULT
"""The features of a signal, by name."""


def add_indicators(bars: pd.DataFrame) -> pd.DataFrame:
    """``bars`` (as `afterclose.history.bars.DailyBars.frame`) with the indicators as columns.

    Beside `FEATURES` there are, in currency, ``sma_200``, ``atr_14`` and ``breakout_level``, the
    highest of the 20 closes before. NaN until enough bars are there.
    """
    return pd.concat(
        [_one_symbol(frame) for _, frame in bars.groupby("symbol", sort=False)]
    ).reset_index(drop=True)


def _one_symbol(bars: pd.DataFrame) -> pd.DataFrame:
    columns = Columns(*(bars[name].to_numpy(dtype="float64") for name in Columns._fields))
    return bars.assign(
        **feature_columns(columns, FEATURES),
        sma_200=mean(columns.close, 200),
        atr_14=average_true_range(columns),
        breakout_level=before(highest(columns.close, 20), 1),
    )
