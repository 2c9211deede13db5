"""`adapters.freqtrade` in the real library: its own backtesting, on made-up candles."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from afterclose.adapters.freqtrade import FilteredEntries
from afterclose.testing import AllowsAll, BlocksAll
from repository import REPOSITORY

pytest.importorskip(
    "freqtrade", reason="freqtrade is not installed; `make adapters` tests it in an environment"
)
import ccxt.async_support as ccxt
from freqtrade.configuration import Configuration
from freqtrade.data.history import get_datahandler
from freqtrade.enums import CandleType, RunMode
from freqtrade.optimize.backtesting import Backtesting

PAIR = "BTC/USDT"
CLOSES = [100.0 + day for day in range(12)]
CANDLES = pd.DataFrame(
    {"date": pd.date_range("2026-01-05", periods=12, freq="D", tz="UTC"), "volume": 1000.0}
    | dict.fromkeys(("open", "high", "low", "close"), CLOSES)
)
RULES = """
from freqtrade.strategy import IStrategy
from afterclose.adapters.freqtrade import FilteredEntries


class Rules(IStrategy):
    timeframe, stoploss, minimal_roi, startup_candle_count = "1d", -0.2, {"0": 0.9}, 0

    def populate_indicators(self, frame, metadata):
        frame["mom_2"] = frame["close"] / frame["close"].shift(2) - 1
        return frame

    def populate_entry_trend(self, frame, metadata):
        frame.loc[frame["close"] == 102, "enter_long"] = 1
        return frame

    def populate_exit_trend(self, frame, metadata):
        frame.loc[frame["close"] == 105, "exit_long"] = 1
        return frame


class Filtered(FilteredEntries, Rules):
    feature_columns = ("mom_2", "atr_pct")
"""

# What the library warns of itself, at its own use of pandas, is not this test's.
pytestmark = pytest.mark.filterwarnings("ignore")

Backtest = Callable[..., pd.DataFrame]


async def one_market(exchange: Any, *_: Any) -> list[dict[str, Any]]:
    """What an exchange would say over a network; an order is 10 USDT at least."""
    market = {
        "id": "BTCUSDT", "symbol": PAIR, "base": "BTC", "quote": "USDT", "type": "spot",
        "spot": True, "active": True, "taker": 0.001, "maker": 0.001,
        "precision": {"amount": 0.001, "price": 0.01},
        "limits": {"cost": {"min": 10.0}, "amount": {"min": 0.001}},
    }  # fmt: skip
    return [exchange.safe_market_structure(market)]


async def no_currencies(exchange: Any, *_: Any) -> dict[str, Any]:
    return {}


@pytest.fixture
def backtest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backtest:
    """Runs a strategy of a file as `freqtrade backtesting` does; the trades that it made."""
    monkeypatch.setattr(ccxt.binance, "fetch_markets", one_market)
    monkeypatch.setattr(ccxt.binance, "fetch_currencies", no_currencies)
    monkeypatch.chdir(tmp_path)
    for folder in ("strategies", "data/binance"):
        (tmp_path / "user_data" / folder).mkdir(parents=True)
    get_datahandler(tmp_path / "user_data/data/binance", "json").ohlcv_store(
        PAIR, "1d", CANDLES, CandleType.SPOT
    )
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "stake_currency": "USDT", "stake_amount": 100, "dry_run_wallet": 1000,
                "max_open_trades": 1, "dataformat_ohlcv": "json", "fee": 0.001,
                "exchange": {"name": "binance", "pair_whitelist": [PAIR]},
                "pairlists": [{"method": "StaticPairList"}],
                "entry_pricing": {"price_side": "same"}, "exit_pricing": {"price_side": "same"},
            }
        )
    )  # fmt: skip

    def run(name: str, code: str = RULES, risk: Any = None) -> pd.DataFrame:
        (tmp_path / "user_data/strategies/mine.py").write_text(code)
        words = {"config": [str(config)], "strategy": name, "export": "none"}
        engine = Backtesting(Configuration(words, RunMode.BACKTEST).get_config())
        if risk is not None:
            engine.strategylist[0].risk = risk
        try:
            engine.start()
            results: pd.DataFrame = engine.all_bt_content[name]["results"]
            return results
        finally:
            engine.exchange.close()

    return run


def test_an_allowed_entry_is_the_rules_own_and_exits_are_not_asked_about(
    backtest: Backtest,
) -> None:
    risk = AllowsAll()
    ours, theirs = backtest("Filtered", risk=risk), backtest("Rules")
    for column in ("stake_amount", "open_date", "close_date", "profit_abs"):
        assert ours[column].tolist() == theirs[column].tolist()
    assert ours["exit_reason"].tolist() == ["exit_signal"]
    (question,) = risk.questions
    assert question.features == {"mom_2": pytest.approx(0.02), "atr_pct": None}
    about = question.about
    assert about is not None
    assert (about.symbol, about.side, about.strategy) == (PAIR, "long", "Filtered")
    assert str(about.at) == "2026-01-08 00:00:00+00:00"  # the open after the candle of the signal
    assert (about.price, about.quantity) == (103.0, pytest.approx(100 / 103))
    assert (about.stop_price, about.target_price) == (pytest.approx(82.4), pytest.approx(195.7))


def test_a_blocked_entry_is_not_made(backtest: Backtest) -> None:
    assert backtest("Filtered", risk=BlocksAll()).empty


def test_a_smaller_stake_is_what_the_verdict_leaves_and_none_below_the_minimum(
    backtest: Backtest,
) -> None:
    (stake,) = backtest("Filtered", risk=AllowsAll(0.5))["stake_amount"]
    assert 0 < stake <= 50
    # 9 USDT is below the 10 that an order must have: freqtrade would raise it.
    assert backtest("Filtered", risk=AllowsAll(0.09)).empty


def test_a_backtest_loads_the_filter_dry(backtest: Backtest, tmp_path: Path) -> None:
    assert len(backtest("Filtered")) == 1  # no model: the rules alone
    assert not (tmp_path / "logs").exists()


def test_the_recipe_runs(backtest: Backtest) -> None:
    text = (REPOSITORY / "docs/recipes/freqtrade.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(backtest("Breakout", code)) >= 1


class Bot:
    """What a strategy sees of a bot that trades: its last analysed candle of 4 hours ago."""

    def __init__(self) -> None:
        frame = pd.DataFrame([{"date": datetime(2026, 1, 7, tzinfo=UTC), "mom_2": 0.01}])
        self.dp = SimpleNamespace(get_analyzed_dataframe=lambda pair, timeframe: (frame, None))
        self.timeframe, self.stoploss, self.minimal_roi = "1d", -0.1, {"0": 0.05, "60": 0.01}
        self.willing = True

    def custom_stake_amount(self, **entry: Any) -> float:
        return float(entry["proposed_stake"])

    def confirm_trade_entry(self, **entry: Any) -> bool:
        return self.willing

    def get_strategy_name(self) -> str:
        return "Bot"


class FilteredBot(FilteredEntries, Bot):
    feature_columns = ("mom_2",)


def entry_at(seconds: int, side: str = "long", **more: Any) -> dict[str, Any]:
    moment = datetime(2026, 1, 8, tzinfo=UTC) + timedelta(seconds=seconds)
    return {"pair": PAIR, "current_time": moment, "side": side} | more


def test_a_signal_that_lasts_is_asked_about_once_a_minute() -> None:
    bot = FilteredBot()
    bot.risk = risk = BlocksAll()
    for seconds in range(0, 125, 5):
        wanted = entry_at(seconds, current_rate=100.0, proposed_stake=10.0, leverage=5.0)
        assert bot.custom_stake_amount(**wanted) == 10.0
        assert not bot.confirm_trade_entry(**entry_at(seconds, rate=100.0, amount=0.1))
    assert len(risk.questions) == 2
    bot.confirm_trade_entry(**entry_at(125, "short", rate=100.0, amount=0.1))
    assert len(risk.questions) == 3
    about = risk.questions[0].about
    assert about is not None
    assert (about.quantity, about.stop_price, about.target_price) == (0.5, 98.0, None)


def test_what_the_rules_refuse_themselves_is_not_asked_about() -> None:
    bot = FilteredBot()
    bot.risk, bot.willing = AllowsAll(), False
    assert not bot.confirm_trade_entry(**entry_at(0, rate=100.0, amount=0.1))
    assert bot.risk.questions == []
