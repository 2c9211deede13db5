"""What daily bars add to imported trades: features of the decision, and excursions.

Features are those of `afterclose.history.indicators` (the small default set, and what
ML_BAR_FEATURES adds) at the close of the last
session that had closed before the entry, or by the decision where the file gives one. Nothing later
enters: a test changes later bars, and the record stays the same.

Excursions are taken from the lows and highs of sessions that lie wholly inside the trade,
and from the exit price. The entry's session is such a one only if the entry was at its open
or before, the exit's only if the exit was at its close or after. A time of exactly midnight
may stand for a day without a time, so then that day is left out at either end. With no whole
session inside, both stay unknown, as they do where the entry or exit price does not lie in
its day's bar: then the bars are adjusted differently, or of something else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from math import prod
from typing import NamedTuple

import numpy as np
import pandas as pd
from msgspec.structs import replace

from afterclose.features.market import MARKET
from afterclose.history.bar_features import BarFeatures
from afterclose.history.indicators import FEATURES, add_indicators, with_market
from afterclose.importing.bar_splits import USUAL_SPLITS, in_new_shares, split_words, splits_of
from afterclose.importing.values import excursions
from afterclose.records import Trade

ROUNDING = 0.001
"""How far a price may lie outside its bar, as a fraction: prices are rounded one by one."""

NO_SYMBOL = "the bars do not have the symbol"


class WithBars(NamedTuple):
    """The trades in their order, and how many got no features, by reason."""

    trades: list[Trade]
    without: Counter[str]
    notes: list[str]


def with_bars(
    trades: Sequence[Trade], bars: pd.DataFrame, names: Sequence[str] = FEATURES
) -> WithBars:
    """Add the features ``names`` and excursions to trades whose timestamps carry offsets.

    ``bars`` are those of `afterclose.history.bars.on_sessions`; market context is of all their
    symbols. A feature or an excursion that a trade has already is kept.
    """
    placed = with_market(bars, [name for name in names if name in MARKET])
    wanted = placed[placed["symbol"].isin({trade.symbol for trade in trades})]
    charts = {str(symbol): _Chart(frame, names) for symbol, frame in wanted.groupby("symbol")}
    without: Counter[str] = Counter()
    whole, notes = _through_splits(trades, charts)
    done = [_with_chart(trade, charts, without) for trade in whole]
    return WithBars(done, without, [*_split_notes(charts), *notes, *_notes(trades, charts)])


def _split_notes(charts: Mapping[str, "_Chart"]) -> list[str]:
    """A sentence where bars are as traded: their features look across splits in new shares."""
    found = [(symbol, *split) for symbol, chart in charts.items() for split in chart.splits()]
    if not found:
        return []
    symbol, day, ratio = found[0]
    words = (
        f"Bars that are not adjusted for splits: {len(found)} (first: {symbol}, "
        f"{split_words(ratio)} on {day}). Features look across them in new shares."
    )
    return [words]


def _through_splits(
    trades: Sequence[Trade], charts: Mapping[str, "_Chart"]
) -> tuple[list[Trade], list[str]]:
    """Trades held through splits that the bars show, or are adjusted for, in shares of after."""
    changed, notes = [], []
    for trade in trades:
        chart = charts.get(trade.symbol)
        ratio, words = _new_for_one(trade, chart) if chart else (1.0, "")
        if words:
            trade = replace(  # noqa: PLW2901 - the same trade, in new shares
                trade, entry_price=trade.entry_price / ratio, quantity=trade.quantity * ratio
            )
            notes.append(words)
        changed.append(trade)
    return changed, notes


def _new_for_one(trade: Trade, chart: "_Chart") -> tuple[float, str]:
    """New shares at the exit for each one of the entry, and a sentence; empty where nothing is."""
    if trade.exit_timestamp is None:
        return 1.0, ""
    entered, left = str(trade.entry_timestamp)[:10], str(trade.exit_timestamp)[:10]
    through = [(day, ratio) for day, ratio in chart.splits() if entered < day <= left]
    if through and _fits(trade, chart):
        shown = ", ".join(f"{split_words(ratio)} on {day}" for day, ratio in through)
        return prod(ratio for _, ratio in through), (
            f"The bars of {trade.symbol} show a split of {shown}: {trade.trade_id} was held "
            "through it and is put in new shares."
        )
    # bars as traded that the entry does not lie in: SPLITS= has put it in new shares already
    ratio = None if through else _adjusted_by(trade, chart)
    if ratio is None:
        return 1.0, ""
    return ratio, (
        f"The entry of {trade.trade_id} is a price from before a split of {split_words(ratio)}, "
        f"which the bars of {trade.symbol} are adjusted for: it is put in new shares."
    )


def _adjusted_by(trade: Trade, chart: "_Chart") -> float | None:
    """The one split that brings the entry into its adjusted bar, where the exit is in its own."""
    ends = _ends(trade)
    if len(ends) < 2 or not chart.beside(*ends[0]) or not chart.holds(*ends[1]):
        return None
    price, moment = ends[0]
    found = [ratio for ratio in USUAL_SPLITS if chart.holds(price / ratio, moment)]
    return found[0] if len(found) == 1 else None


def _fits(trade: Trade, chart: "_Chart") -> bool:
    """Whether both prices lie in their bars: then the trade is as unadjusted as the bars."""
    return all(chart.holds(price, moment) for price, moment in _ends(trade))


def _notes(trades: Sequence[Trade], charts: Mapping[str, "_Chart"]) -> list[str]:
    """Sentences on prices that lie outside their bars: the two are adjusted differently."""
    outside = [
        (trade, price, moment)
        for trade in trades
        if trade.symbol in charts
        for price, moment in _ends(trade)
        if charts[trade.symbol].beside(price, moment)
    ]
    if not outside:
        return []
    trade, price, moment = outside[0]
    words = (
        f"Prices outside their day's bar: {len(outside)} (first: {trade.symbol} at {price:g} on "
        f"{moment.date()}). Bars or trades are adjusted for a split that the other is not: use "
        f"bars as traded, or SPLITS={trade.symbol}:YYYY-MM-DD:NEW_FOR_ONE."
    )
    return [words]


def _ends(trade: Trade) -> list[tuple[float, datetime]]:
    """Entry and exit, as far as they are known."""
    ends = ((trade.entry_price, trade.entry_timestamp), (trade.exit_price, trade.exit_timestamp))
    return [
        (price, datetime.fromisoformat(str(moment)))
        for price, moment in ends
        if price is not None and moment is not None
    ]


class _Chart:
    """The bars of one symbol as they are, and its features, by session."""

    def __init__(self, frame: pd.DataFrame, names: Sequence[str]) -> None:
        self.opens = pd.DatetimeIndex(frame["opens_at"])
        self.closes = pd.DatetimeIndex(frame["closes_at"])
        self.dates = pd.DatetimeIndex(frame["date"])
        self.low, self.high = frame["low"].to_numpy(), frame["high"].to_numpy()
        self._splits = splits_of(frame)
        indicators = add_indicators(in_new_shares(frame, self._splits), names)
        self.features = BarFeatures(indicators, names)

    def range_inside(self, entered: datetime, left: datetime) -> tuple[float, float] | None:
        """Lowest low and highest high of the whole sessions inside; None without one."""
        begun = (
            self.dates > _day(entered)
            if _whole_day(entered)
            else self.opens >= pd.Timestamp(entered)
        )
        ended = self.dates < _day(left) if _whole_day(left) else self.closes <= pd.Timestamp(left)
        inside = np.asarray(begun & ended)
        if not inside.any():
            return None
        return float(self.low[inside].min()), float(self.high[inside].max())

    def splits(self) -> list[tuple[str, float]]:
        """Days (ISO 8601) of splits, and new shares for one old one."""
        return [(str(self.dates[row].date()), ratio) for row, ratio in self._splits]

    def beside(self, price: float, moment: datetime) -> bool:
        """Whether the day's bar is there and the price is not in it."""
        day = int(self.dates.searchsorted(_day(moment)))
        known = day < len(self.dates) and self.dates[day] == _day(moment)
        return bool(known) and not self.holds(price, moment)

    def holds(self, price: float, moment: datetime) -> bool:
        """Whether a price lies in the bar of its day, or of the session that is open then."""
        if _whole_day(moment):
            row = int(self.dates.searchsorted(_day(moment)))
            known = row < len(self.dates) and self.dates[row] == _day(moment)
        else:
            row = int(self.closes.searchsorted(pd.Timestamp(moment)))
            known = row < len(self.closes) and self.opens[row] <= moment
        if not known:
            return False
        return bool(self.low[row] * (1 - ROUNDING) <= price <= self.high[row] * (1 + ROUNDING))


def _with_chart(trade: Trade, charts: Mapping[str, _Chart], without: Counter[str]) -> Trade:
    chart = charts.get(trade.symbol)
    if chart is None:
        without[NO_SYMBOL] += not trade.rule_features
        return trade
    decided = trade.decision_timestamp
    moment = datetime.fromisoformat(str(decided or trade.entry_timestamp))
    found = chart.features.at(moment, at_close=decided is not None)
    if isinstance(found, str):
        without[found] += not trade.rule_features
        found = {}
    mae_pct, mfe_pct = _excursions(trade, chart)
    return replace(
        trade,
        rule_features={**found, **trade.rule_features},
        mae_pct=mae_pct if trade.mae_pct is None else trade.mae_pct,
        mfe_pct=mfe_pct if trade.mfe_pct is None else trade.mfe_pct,
    )


def _excursions(trade: Trade, chart: _Chart) -> tuple[float | None, float | None]:
    if trade.exit_timestamp is None or trade.exit_price is None:
        return None, None
    entered, left = (
        datetime.fromisoformat(str(text)) for text in (trade.entry_timestamp, trade.exit_timestamp)
    )
    ends = ((trade.entry_price, entered), (trade.exit_price, left))
    inside = chart.range_inside(entered, left)
    if inside is None or not all(chart.holds(price, at) for price, at in ends):
        return None, None
    return excursions(trade.side, trade.entry_price, (*inside, trade.exit_price))


def _whole_day(moment: datetime) -> bool:
    return moment.time() == time.min


def _day(moment: datetime) -> pd.Timestamp:
    return pd.Timestamp(moment.date())
