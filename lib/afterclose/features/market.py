"""What the other symbols do: market context, where a file has enough of them to be a market.

Off by default, and no part of `afterclose.features.CATALOGUE`: more features were not better on
the histories that were measured, and a bot that trades one symbol cannot compute these. Each
value uses bars of its own session and earlier ones, of all symbols that have one that day; nothing
here holds a price.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from afterclose.arrays import Floats
from afterclose.errors import InputError
from afterclose.features.catalogue import Columns
from afterclose.features.columns import feature_columns
from afterclose.features.windows import deviation
from afterclose.records import Bar

FEWEST_SYMBOLS: Final = 10
"""With a value that day: fewer are no market, and the value is missing."""


class MarketFeature(NamedTuple):
    """One entry: ``compute`` takes the inputs' panels, float64[days, symbols], by name."""

    group: str
    formula: str
    unit: str
    source: str
    inputs: tuple[str, ...]
    compute: Callable[[Mapping[str, Floats]], Floats]


def market_columns(
    bars: Mapping[str, Sequence[Bar]], names: Sequence[str]
) -> dict[str, dict[str, Floats]]:
    """The market features of every bar: by symbol, by name, float64[n] parallel to its bars.

    ``bars`` are the symbols' own, oldest first, and share their timestamps. NaN where fewer than
    `FEWEST_SYMBOLS` have the input that day. Raises InputError for a name that is not known.
    """
    if unknown := [name for name in names if name not in MARKET]:
        known = ", ".join(sorted(MARKET))
        raise InputError(f"there is no market feature {unknown[0]!r}; known are {known}")
    days = sorted({str(bar.timestamp) for own in bars.values() for bar in own})
    at = {day: number for number, day in enumerate(days)}
    rows = {symbol: [at[str(bar.timestamp)] for bar in own] for symbol, own in bars.items()}
    needed = sorted({one for name in names for one in MARKET[name].inputs})
    panels = {name: np.full((len(days), len(bars)), np.nan) for name in needed}
    for column, (symbol, own) in enumerate(bars.items()):
        for name, values in feature_columns(_columns(own), needed).items():
            panels[name][rows[symbol], column] = values
    made = {name: MARKET[name].compute(panels) for name in names}
    return {
        symbol: {name: made[name][rows[symbol], column] for name in names}
        for column, symbol in enumerate(bars)
    }


def _columns(bars: Sequence[Bar]) -> Columns:
    of_field = ([getattr(bar, name) for bar in bars] for name in Columns._fields)
    return Columns(*(np.array(values, dtype=np.float64) for values in of_field))


def _mean(panel: Floats) -> Floats:
    """The mean of each day, as float64[days, 1]; NaN where too few symbols have a value."""
    known = np.isfinite(panel)
    counts = known.sum(axis=1, keepdims=True)
    sums = np.where(known, panel, 0.0).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts >= FEWEST_SYMBOLS, sums / counts, np.nan)


def _of_all(values: Floats, panel: Floats) -> Floats:
    """``values`` float64[days, 1] for each symbol."""
    return np.broadcast_to(values, panel.shape).copy()


def _breadth(panels: Mapping[str, Floats]) -> Floats:
    panel = panels["dist_50sma"]
    above = np.where(np.isfinite(panel), (panel > 0).astype(np.float64), np.nan)
    return _of_all(_mean(above), panel)


def _market_return(panels: Mapping[str, Floats]) -> Floats:
    return _of_all(_mean(panels["ret_20"]), panels["ret_20"])


def _market_volatility(panels: Mapping[str, Floats]) -> Floats:
    daily = _mean(panels["ret_1"])[:, 0]
    return _of_all(deviation(daily, 20)[:, None], panels["ret_1"])


def _relative(panels: Mapping[str, Floats]) -> Floats:
    relative: Floats = panels["ret_20"] - _mean(panels["ret_20"])
    return relative


def _rank(panels: Mapping[str, Floats]) -> Floats:
    panel = panels["ret_20"]
    below = (panel[:, :, None] > panel[:, None, :]).sum(axis=2).astype(np.float64)
    others = np.isfinite(panel).sum(axis=1, keepdims=True) - 1
    enough = np.isfinite(panel) & (others >= FEWEST_SYMBOLS - 1)
    return np.where(enough, below / np.maximum(others, 1), np.nan)


COMMON: Final = "common chart arithmetic"

MARKET: Final[dict[str, MarketFeature]] = {
    "mkt_breadth_50": MarketFeature(
        "breadth", "share of symbols with C > mean(C, 50)", "0 to 1", COMMON, ("dist_50sma",),
        _breadth,
    ),
    "mkt_ret_20": MarketFeature(
        "trend", "mean of ret_20 over symbols", "fraction", COMMON, ("ret_20",), _market_return
    ),
    "mkt_volatility_20": MarketFeature(
        "volatility", "sample deviation over 20 days of the mean of ret_1 over symbols",
        "fraction", COMMON, ("ret_1",), _market_volatility,
    ),
    "rel_ret_20": MarketFeature(
        "relative strength", "ret_20 - mkt_ret_20", "fraction", COMMON, ("ret_20",), _relative
    ),
    "rank_ret_20": MarketFeature(
        "relative strength", "share of the other symbols with a smaller ret_20", "0 to 1",
        "Jegadeesh & Titman, Returns to Buying Winners and Selling Losers, 1993", ("ret_20",),
        _rank,
    ),
}  # fmt: skip
"""By name; all look back at most 50 sessions."""
