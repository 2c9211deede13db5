"""The rules' trades at once are those of the replay day by day."""

from pathlib import Path

import pytest

from afterclose.history.bars import clean_ohlcv, on_sessions
from afterclose.history.replay import replay_sessions
from afterclose.ledger import TradeLedger
from afterclose.market.clock import market_timezone
from afterclose.settings import Settings
from afterclose.study.rule_trades import rule_trades
from afterclose.study.sources import all_trades
from afterclose.study.strategy import find_signals
from afterclose.trading.costs import Costs
from bar_builders import wandering

FACTS = (
    "symbol", "side", "decision_timestamp", "entry_timestamp", "exit_timestamp", "entry_price",
    "exit_price", "quantity", "fees", "rule_confidence", "rule_features", "mae_pct", "mfe_pct",
    "exit_type", "exit_reason", "source",
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(logs_dir=str(tmp_path), fees_bps=5.0, slippage_bps=5.0)


def test_they_are_the_trades_of_the_replay_to_the_last_digit(settings: Settings) -> None:
    """A hole in one symbol's bars takes a day of entry away, and exits come later."""
    frame = wandering(symbols=3, days=330)
    holes = (frame["symbol"] == "S2") & (frame.index % 25 == 3)
    bars = on_sessions(clean_ohlcv(frame[~holes], Path("made")), settings).frame
    signals = find_signals(bars)
    first = str(signals[0].timestamp)[:10]
    replay_sessions(settings, bars, signals, start=first)
    replayed = [facts(trade) for trade in TradeLedger(settings.ledger_paths[0])]
    at_once = [facts(trade) for trade in all_trades(settings, bars)]
    assert len(at_once) > 10
    assert {trade["symbol"] for trade in at_once} >= {"S0", "S2"}
    assert sorted(at_once, key=by_entry) == sorted(replayed, key=by_entry)


def test_what_is_open_at_the_end_is_left_out(settings: Settings) -> None:
    bars = on_sessions(clean_ohlcv(wandering(symbols=1, days=330), Path("made")), settings).frame
    whole = all_trades(settings, bars)
    cut = bars[bars["closes_at"] < whole[-1].exit_timestamp]
    assert all_trades(settings, cut) == whole[:-1]


def test_too_few_bars_make_no_trades(settings: Settings) -> None:
    bars = on_sessions(clean_ohlcv(wandering(symbols=1, days=50), Path("made")), settings).frame
    opens = [moment.to_pydatetime() for moment in bars["opens_at"]]
    zone = market_timezone(settings)
    assert rule_trades(bars, market_opens=opens, timezone=zone, costs=Costs(0.0, 0.0)) == []


def facts(trade: object) -> dict:
    return {name: getattr(trade, name) for name in FACTS}


def by_entry(trade: dict) -> tuple:
    return trade["entry_timestamp"], trade["symbol"]
