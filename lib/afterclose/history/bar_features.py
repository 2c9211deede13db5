"""The features of a decision from daily bars: those of the last session that had closed by then.

Signals and imported trades that bring none of their own get them here, by the same lookup.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import pandas as pd
from msgspec.structs import replace

from afterclose.features import DEFAULT
from afterclose.features.chosen import more_features
from afterclose.history.indicators import add_indicators
from afterclose.records import Signal

STALE: Final = timedelta(days=10)
"""The last session is no older than this at a decision; a longer gap is a gap in the file."""

TOO_EARLY: Final = "no bar of the symbol in the 10 days before the decision"
TOO_SHORT: Final = "too few bars before the decision"


class BarFeatures:
    """The features ``names`` of one symbol, by session; ``chart`` is of `add_indicators`."""

    def __init__(self, chart: pd.DataFrame, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._closes = pd.DatetimeIndex(chart["closes_at"])
        self._values = chart[list(names)].to_numpy(dtype="float64")

    def at(self, moment: datetime, *, at_close: bool) -> dict[str, float | None] | str:
        """Of the last session closed before ``moment`` (or at it); or why there are none."""
        side: Literal["left", "right"] = "right" if at_close else "left"
        row = int(self._closes.searchsorted(pd.Timestamp(moment), side)) - 1
        if row < 0 or moment - self._closes[row] > STALE:
            return TOO_EARLY
        values = self._values[row].tolist()
        if all(map(math.isnan, values)):
            return TOO_SHORT
        return {
            name: None if math.isnan(value) else value
            for name, value in zip(self._names, values, strict=True)
        }


def with_bar_features(signals: Sequence[Signal], bars: pd.DataFrame, setting: str) -> list[Signal]:
    """The signals with features of their bars, as ML_BAR_FEATURES (``setting``) asks.

    A signal without features gets the default set, each gets what the setting names; what a
    signal brings itself is kept. ``bars`` are those of `afterclose.history.bars.on_sessions`.
    """
    more = more_features(setting)
    wanting = {signal.symbol for signal in signals if more or not signal.features}
    if not wanting:
        return list(signals)
    chart = add_indicators(bars, (*DEFAULT, *more))
    found = {
        str(symbol): (BarFeatures(frame, (*DEFAULT, *more)), BarFeatures(frame, more))
        for symbol, frame in chart[chart["symbol"].isin(wanting)].groupby("symbol")
    }
    return [_with_features(signal, found.get(signal.symbol)) for signal in signals]


def _with_features(signal: Signal, known: tuple[BarFeatures, BarFeatures] | None) -> Signal:
    if known is None:
        return signal
    moment = signal.decision_timestamp or signal.timestamp
    if not isinstance(moment, datetime):
        moment = datetime.fromisoformat(moment)
    of_bars = known[1 if signal.features else 0].at(moment, at_close=True)
    if isinstance(of_bars, str):
        return signal
    return replace(signal, features={**of_bars, **signal.features})
