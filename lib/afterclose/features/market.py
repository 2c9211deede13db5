"""What the other symbols do: market context, where a file has enough of them to be a market.

Off by default (ML_BAR_FEATURES names them), and no part of `afterclose.features.CATALOGUE`: more
features were not better on the histories that were measured, and a bot that trades one symbol
cannot compute these. Each value uses bars of its own session and earlier ones, of all symbols that
have one that day; nothing here holds a price.

A mean over symbols is the exactly rounded one, so neither their order nor those without a bar that
day change its last bit: a bot with the same symbols gets what the importer writes.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from afterclose.arrays import Floats, Indices
from afterclose.errors import InputError
from afterclose.features.catalogue import LOOKBACK_BARS, Columns
from afterclose.features.columns import feature_columns
from afterclose.features.windows import deviation
from afterclose.records import Bar, Features

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


class Placed(NamedTuple):
    """The bars of one symbol, oldest first, and the number of the day of each, ascending."""

    columns: Columns
    days: Indices


def market_features_of(
    bars: Mapping[str, Sequence[Bar]], symbol: str, names: Iterable[str]
) -> Features:
    """The market features of ``symbol`` at the close of its last bar: what a bot asks.

    ``bars`` are all symbols' own, oldest first, with the timestamps that they share; of each the
    last `LOOKBACK_BARS` are looked at. None where fewer than `FEWEST_SYMBOLS` have the input that
    day. Raises InputError for a symbol without bars, or a name that is not known.
    """
    if not bars.get(symbol):
        raise InputError(f"there is no bar of {symbol!r}, whose market features are asked")
    recent = {name: own[-LOOKBACK_BARS:] for name, own in bars.items()}
    found = market_columns(recent, tuple(names))[symbol]
    last = {name: float(values[-1]) for name, values in found.items()}
    return {name: value if math.isfinite(value) else None for name, value in last.items()}


def market_columns(
    bars: Mapping[str, Sequence[Bar]], names: Sequence[str]
) -> dict[str, dict[str, Floats]]:
    """The market features of every bar: by symbol, by name, float64[n] parallel to its bars.

    ``bars`` are the symbols' own, oldest first, and share their timestamps. NaN where fewer than
    `FEWEST_SYMBOLS` have the input that day. Raises InputError for a name that is not known.
    """
    days = sorted({str(bar.timestamp) for own in bars.values() for bar in own})
    at = {day: number for number, day in enumerate(days)}
    placed = {
        symbol: Placed(_columns(own), np.array([at[str(bar.timestamp)] for bar in own], dtype=int))
        for symbol, own in bars.items()
    }
    return market_of(placed, names)


def market_of(bars: Mapping[str, Placed], names: Sequence[str]) -> dict[str, dict[str, Floats]]:
    """As `market_columns`, of bars whose days are numbered from 0."""
    if unknown := [name for name in names if name not in MARKET]:
        known = ", ".join(sorted(MARKET))
        raise InputError(f"there is no market feature {unknown[0]!r}; known are {known}")
    last = max((int(own.days[-1]) for own in bars.values() if len(own.days)), default=-1)
    needed = sorted({one for name in names for one in MARKET[name].inputs})
    panels = {name: np.full((last + 1, len(bars)), np.nan) for name in needed}
    for column, own in enumerate(bars.values()):
        for name, values in feature_columns(own.columns, needed).items():
            panels[name][own.days, column] = values
    made = {name: MARKET[name].compute(panels) for name in names}
    return {
        symbol: {name: made[name][own.days, column] for name in names}
        for column, (symbol, own) in enumerate(bars.items())
    }


def _columns(bars: Sequence[Bar]) -> Columns:
    of_field = ([getattr(bar, name) for bar in bars] for name in Columns._fields)
    return Columns(*(np.array(values, dtype=np.float64) for values in of_field))


def _mean(panel: Floats) -> Floats:
    """The mean of each day, as float64[days, 1]; NaN where too few symbols have a value."""
    known = np.isfinite(panel)
    means = [
        math.fsum(day[there].tolist()) / there.sum() if there.sum() >= FEWEST_SYMBOLS else math.nan
        for day, there in zip(panel, known, strict=True)
    ]
    return np.array(means, dtype=np.float64)[:, None]


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
    ranks = np.full(panel.shape, np.nan)
    for day, values in enumerate(panel):
        known = np.isfinite(values)
        others = int(known.sum()) - 1
        if others >= FEWEST_SYMBOLS - 1:
            smaller = np.searchsorted(np.sort(values[known]), values[known], side="left")
            ranks[day, known] = smaller / others
    return ranks


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
