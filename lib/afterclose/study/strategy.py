"""A trend-and-breakout swing rule, long only: the kind of strategy this filter stands behind.

Buy strength in an up-trend at the next open; leave at a stop, at a target or when time is
up. The numbers are round ones, chosen for a sane number of trades and not for profit: the demo is
to show what the filter does to an ordinary rule, and a tuned rule would show the tuning.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import pandas as pd

from afterclose.history.indicators import FEATURES, add_indicators
from afterclose.records import Signal


class TrendBreakout(msgspec.Struct, frozen=True, kw_only=True):
    """The rule's numbers. Distances are in multiples of the 14-session ATR at the decision."""

    stop_atr: float = 2.0
    target_atr: float = 3.0
    max_holding_days: float = 14.0
    notional: float = 10_000.0
    """Money in one position, in currency."""


def find_signals(
    bars: pd.DataFrame, rule: TrendBreakout | None = None, names: Sequence[str] = FEATURES
) -> list[Signal]:
    """The entries of ``rule`` in ``bars``, oldest first, by symbol within a moment.

    ``bars`` are those of `afterclose.history.bars.on_sessions`: ``closes_at`` is when a bar is
    known and the signal is given; its price is that close, and a replay enters at the next open.
    ``rule_confidence`` is how many ATRs the close is above the breakout level, at most 1. A
    breakout that goes on gives a signal each day: one position a symbol is the replay's matter,
    since only the executor knows what is open. ``names`` are the features of each.
    """
    rule = rule or TrendBreakout()
    chart = add_indicators(bars, names)
    found = chart[is_breakout(chart, rule)].sort_values(["closes_at", "symbol"])
    return [_signal(row, rule, names) for row in found.to_dict("records")]


def is_breakout(chart: pd.DataFrame, rule: TrendBreakout) -> pd.Series:
    """True where a close in an up-trend is above every close of the 20 sessions before.

    Where the ATR is so wide that the stop would lie at or below 0, there is no trade to size.
    """
    close = chart["close"]
    tradable = close > rule.stop_atr * chart["atr_14"]
    return (close > chart["sma_200"]) & (close > chart["breakout_level"]) & tradable


def _signal(row: dict[Any, Any], rule: TrendBreakout, names: Sequence[str]) -> Signal:
    close, atr = row["close"], row["atr_14"]
    return Signal(
        symbol=row["symbol"],
        timestamp=row["closes_at"].to_pydatetime(),
        price=close,
        quantity=rule.notional / close,
        rule_confidence=min(1.0, (close - row["breakout_level"]) / atr),
        features={name: None if math.isnan(row[name]) else row[name] for name in names},
        stop_price=close - rule.stop_atr * atr,
        target_price=close + rule.target_atr * atr,
        max_holding_days=rule.max_holding_days,
    )
