"""The filter in front of the entries of a freqtrade strategy.

    class Breakout(FilteredEntries, IStrategy):
        feature_columns = ("rsi_14", "atr_pct")

The two columns are those of the analysed dataframe; the filter loads itself: with lock and log
when the bot trades (live or dry-run), with neither in a backtest. Only new entries are asked
about: freqtrade calls neither method for exits, nor for additions to an open position.

`custom_stake_amount` asks, and makes the stake smaller; `confirm_trade_entry` refuses what was
blocked, so that freqtrade says so in its own log. While a signal lasts freqtrade tries again
every few seconds; the verdict of a candle is kept for a minute of it, or each try were a line
in the log.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from afterclose.adapters.session_filter import SessionFilter
from afterclose.config import load_settings
from afterclose.records import Decision, Subject

KEPT_FOR = timedelta(minutes=1)

TRADING_MODES = frozenset({"live", "dry_run"})
"""freqtrade's run modes in which orders follow from what a strategy says."""


class _Asked(NamedTuple):
    side: str
    candle: object
    at: datetime
    verdict: Decision


class FilteredEntries:
    """Mixed into a strategy, before it; ``risk`` is any filter, None for one of the settings.

    ``feature_columns`` are the columns of the analysed dataframe that the model was trained on;
    override `features` where they have other names there.
    """

    risk: Any = None
    feature_columns: tuple[str, ...] = ()

    def features(self, pair: str, candle: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """What the rules see of ``pair`` at its last analysed ``candle``, a row as a mapping."""
        return {name: candle.get(name) for name in self.feature_columns}

    def bot_start(self, **kwargs: Any) -> None:
        """Of IStrategy: load the filter, unless there is one."""
        super().bot_start(**kwargs)  # type: ignore[misc]
        self._filter()

    def custom_stake_amount(self, **entry: Any) -> float:
        """Of IStrategy: the rules' own stake, or less; 0 is no entry.

        freqtrade raises a stake to the exchange's minimum. What the filter made smaller than
        that is not entered at all: raised, it would be larger than the verdict allows.
        """
        stake = float(super().custom_stake_amount(**entry))  # type: ignore[misc]
        verdict = self._verdict(entry, entry["current_rate"], stake)
        if not verdict.allowed or verdict.size_multiplier >= 1:
            return stake  # a blocked one is refused by name in confirm_trade_entry
        reduced = stake * verdict.size_multiplier
        return 0.0 if reduced < (entry.get("min_stake") or 0.0) else reduced

    def confirm_trade_entry(self, **entry: Any) -> bool:
        """Of IStrategy: False where the rules refuse the entry themselves, or the filter does."""
        if not super().confirm_trade_entry(**entry):  # type: ignore[misc]
            return False
        stake = entry["amount"] * entry["rate"]
        return self._verdict(entry, entry["rate"], stake).allowed

    def _verdict(self, entry: Mapping[str, Any], rate: float, stake: float) -> Decision:
        pair, side, now = entry["pair"], entry["side"], entry["current_time"]
        candle = self._candle(pair)
        asked: dict[str, _Asked] = self.__dict__.setdefault("_asked", {})
        last = asked.get(pair)
        if last is None or last[:2] != (side, candle.get("date")) or now - last.at > KEPT_FOR:
            features, about = self.features(pair, candle), self._about(entry, rate, stake)
            verdict = self._filter().check(features, about)
            last = asked[pair] = _Asked(side, candle.get("date"), now, verdict)
        return last.verdict

    def _filter(self) -> Any:
        if self.risk is None:
            mode = self.dp.runmode.value  # type: ignore[attr-defined]  # of IStrategy
            self.risk = SessionFilter(load_settings(), dry=mode not in TRADING_MODES)
        return self.risk

    def _candle(self, pair: str) -> Mapping[str, Any]:
        """The last analysed candle; empty while there is none."""
        strategy: Any = self
        frame, _ = strategy.dp.get_analyzed_dataframe(pair, strategy.timeframe)
        return {} if frame.empty else dict(frame.iloc[-1])

    def _about(self, entry: Mapping[str, Any], rate: float, stake: float) -> Subject:
        strategy: Any = self
        gain = 1 if entry["side"] == "long" else -1
        leverage = entry.get("leverage") or 1.0  # freqtrade's stops and targets are in PnL
        roi = strategy.minimal_roi
        target = roi.get("0", roi.get(0)) if len(roi) == 1 else None
        return Subject(
            symbol=entry["pair"],
            side=entry["side"],
            at=entry["current_time"],
            strategy=strategy.get_strategy_name(),
            price=rate,
            quantity=stake * leverage / rate if rate else None,
            stop_price=rate * (1 + gain * strategy.stoploss / leverage),
            target_price=rate * (1 + gain * target / leverage) if target else None,
        )
