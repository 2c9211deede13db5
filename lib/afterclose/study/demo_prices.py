"""Real daily prices that come with a PyPI package, so that the demo needs no network.

AAPL, FB, GOOG, IBM and MSFT, 2000-03-01 to 2013-03-01, from `bokeh_sampledata` (public
domain). The file is read from the installed package: importing its `stocks` module would
build lists that nobody needs, and downloading prices would make a demo fail behind a proxy.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from afterclose.errors import InputError
from afterclose.history.bars import PRICES, DailyBars, clean_ohlcv

PACKAGE = "bokeh_sampledata"


def load_demo_bars() -> DailyBars:
    """The package's bars, adjusted for splits and dividends.

    The file is unadjusted beside one adjusted close, so open, high, low and close are
    multiplied by adj_close/close, and volume divided by it: a split then changes neither
    returns nor money traded. Adjustment factors are known only afterwards, so the *level* of an
    early adjusted price depends on later splits; ratios and returns, and so all features, do
    not. Raises InputError when the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise InputError(f"the demo's prices are in {PACKAGE}: pip install 'afterclose[demo]'")
    path = Path(spec.origin).parent / "_data" / "stocks.csv.gz"
    frame = pd.read_csv(path).rename(columns=str.lower).rename(columns={"ticker": "symbol"})
    factor = frame["adj close"] / frame["close"]
    frame[list(PRICES)] = frame[list(PRICES)].mul(factor, axis=0)
    frame["volume"] /= factor
    return clean_ohlcv(frame, path)
