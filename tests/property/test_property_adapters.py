"""Whatever a filter says, an adapter never enters more than the rules wanted."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from afterclose.adapters import alpaca, backtesting, freqtrade
from afterclose.records import Decision
from afterclose.testing import FixedFilter

NOW = datetime(2026, 1, 27, 15, tzinfo=UTC)
FRAME = pd.DataFrame([{"date": NOW, "rsi": 50.0}])

verdicts = st.floats(0, 1).map(
    lambda multiplier: Decision(
        allowed=multiplier > 0,
        risk_score=0.5,
        size_multiplier=multiplier,
        reason="low_risk" if multiplier else "high_risk",
        model_id="M",
    )
)
amounts = st.floats(1e-6, 1e9)


class Bot:
    """What a freqtrade strategy is, as far as the mixin sees it."""

    dp = SimpleNamespace(get_analyzed_dataframe=lambda pair, timeframe: (FRAME, None))
    timeframe, stoploss, minimal_roi = "1d", -0.1, {"0": 0.05}

    def custom_stake_amount(self, **entry: Any) -> float:
        return float(entry["proposed_stake"])

    def confirm_trade_entry(self, **entry: Any) -> bool:
        return True

    def get_strategy_name(self) -> str:
        return "Bot"


class Filtered(freqtrade.FilteredEntries, Bot):
    feature_columns = ("rsi",)


@given(verdict=verdicts, stake=amounts, least=st.none() | amounts)
def test_a_stake_is_never_larger_and_never_below_what_freqtrade_would_raise(
    verdict: Decision, stake: float, least: float | None
) -> None:
    bot: Any = Filtered()
    bot.risk = FixedFilter(verdict)
    entry = {"pair": "BTC/USDT", "side": "long", "current_time": NOW}
    wanted = {"current_rate": 100.0, "proposed_stake": stake, "min_stake": least, "leverage": 1.0}
    left = bot.custom_stake_amount(**entry, **wanted)
    entered = bot.confirm_trade_entry(**entry, rate=100.0, amount=left / 100)
    assert entered == verdict.allowed
    assert 0 <= left <= stake
    if entered and verdict.size_multiplier < 1:
        assert left == 0 or left >= (least or 0)
        assert left <= stake * verdict.size_multiplier
    assert len(bot.risk.questions) == 1


@given(verdict=verdicts, size=st.none() | st.floats(1e-6, 1 - 1e-6) | st.integers(1, 10**9))
def test_a_size_of_backtesting_is_never_larger(verdict: Decision, size: float | None) -> None:
    left = backtesting.reduced_size(size, verdict.size_multiplier)
    wanted = 1 if size is None else size
    assert 0 <= left <= wanted * verdict.size_multiplier
    assert left < 1 or float(left).is_integer()


class Request(SimpleNamespace):
    """An order as far as the adapter sees it."""

    def model_copy(self, update: dict[str, Any]) -> "Request":
        return Request(**vars(self) | update)


@given(verdict=verdicts, amount=amounts, by_value=st.booleans())
def test_an_order_to_alpaca_is_never_larger(
    verdict: Decision, amount: float, by_value: bool
) -> None:
    name, other = ("notional", "qty") if by_value else ("qty", "notional")
    left = alpaca.reduced_order(Request(**{name: amount, other: None}), verdict.size_multiplier)
    if left is not None:
        assert 0 < getattr(left, name) <= amount * verdict.size_multiplier
        assert getattr(left, other) is None
