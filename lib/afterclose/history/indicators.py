"""What a trader would have on the chart at the close, for every bar of every symbol.

Features are those of `afterclose.features`, which hold no prices; the rest is what the demo's rule
compares prices with. Each value uses its own bar and earlier ones: of its own symbol only, but for
market context, which looks at all symbols in the frame.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from afterclose.features import CATALOGUE, DEFAULT, feature_columns
from afterclose.features.catalogue import Columns, average_true_range
from afterclose.features.market import Placed, market_of
from afterclose.features.windows import before, highest, mean

FEATURES = DEFAULT
"""The features of a signal, by name, where ML_BAR_FEATURES adds none."""


def add_indicators(bars: pd.DataFrame, names: Sequence[str] = FEATURES) -> pd.DataFrame:
    """``bars`` (as `afterclose.history.bars.DailyBars.frame`) with the indicators as columns.

    Beside the features ``names`` there are, in currency, ``sma_200``, ``atr_14`` and
    ``breakout_level``, the highest of the 20 closes before. NaN until enough bars are there.
    Market context that is a column already (`with_market`) is kept.
    """
    own = [name for name in names if name in CATALOGUE]
    placed = with_market(bars, [name for name in names if name not in {*own, *bars.columns}])
    return pd.concat(
        [_one_symbol(frame, own) for _, frame in placed.groupby("symbol", sort=False)]
    ).reset_index(drop=True)


def with_market(bars: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """``bars`` of a whole market, sorted by symbol and date, with its context as columns.

    ``names`` are of `afterclose.features.market.MARKET`. NaN on days with too few symbols.
    """
    if not names:
        return bars
    days, _ = pd.factorize(bars["date"], sort=True)
    places = bars.groupby("symbol", sort=False).indices
    placed = {
        str(symbol): Placed(_columns(bars.iloc[rows]), days[rows])
        for symbol, rows in places.items()
    }
    found = market_of(placed, names)
    made = {name: np.full(len(bars), np.nan) for name in names}
    for symbol, rows in places.items():
        for name in names:
            made[name][rows] = found[str(symbol)][name]
    return bars.assign(**made)


def _one_symbol(bars: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    columns = _columns(bars)
    return bars.assign(
        **feature_columns(columns, names),
        sma_200=mean(columns.close, 200),
        atr_14=average_true_range(columns),
        breakout_level=before(highest(columns.close, 20), 1),
    )


def _columns(bars: pd.DataFrame) -> Columns:
    return Columns(*(bars[name].to_numpy(dtype="float64") for name in Columns._fields))
