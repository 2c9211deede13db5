"""Paper trades worked out by hand: prices paid, fees, partial exits, excursions."""

from typing import Any

import pytest
from msgspec.structs import replace

from afterclose.ledger import TradeLedger
from afterclose.paper_trading_executor import PaperTradingExecutor
from afterclose.records import Signal, Trade
from afterclose.settings import Settings
from afterclose.trades.excursions import realized_pnl_pct
from trading_builders import FixedFilter, ledger_lines, make_bar, make_signal


def trade_of(
    settings: Settings, signal: Signal, *bars: tuple[float, float, float, float]
) -> dict[str, Any]:
    """The ledger record after ``bars`` of the days from the 28th on."""
    path = settings.root / "trade_ledger.jsonl"
    executor = PaperTradingExecutor(settings, FixedFilter(), TradeLedger(path))
    executor.execute_signal(signal)
    for day, prices in enumerate(bars, start=28):
        executor.mark_to_market(make_bar(day, prices))
    (record,) = ledger_lines(path)
    return record


def test_a_long_that_ends_at_its_target(settings: Settings) -> None:
    signal = make_signal(stop_price=95, target_price=110)
    record = trade_of(settings, signal, (100, 104, 97, 103), (103, 112, 102, 108))
    assert record["entry_price"] == 100
    assert record["exit_price"] == 110
    assert record["exit_type"] == "TAKE_PROFIT"
    assert record["mae_pct"] == pytest.approx(-0.03)  # the low of the first day
    assert record["mfe_pct"] == pytest.approx(0.10)  # the target, not the high of 112


def test_a_short_from_100_to_90_gains_a_tenth(settings: Settings) -> None:
    signal = make_signal(side="short", stop_price=105, target_price=90)
    record = trade_of(settings, signal, (100, 102, 89, 91))
    assert (record["side"], record["exit_price"]) == ("short", 90)
    assert record["mae_pct"] == pytest.approx(-0.02)
    assert record["mfe_pct"] == pytest.approx(0.10)
    assert realized_pnl_pct("short", 100, 90, 10, 0) == pytest.approx(0.10)


def test_a_gap_through_the_stop_loses_more_than_the_stop_says(settings: Settings) -> None:
    signal = make_signal(stop_price=95, target_price=110)
    record = trade_of(settings, signal, (92, 99, 90, 98))
    assert (record["exit_price"], record["exit_type"]) == (92, "STOP_LOSS")
    assert record["mae_pct"] == pytest.approx(-0.08)  # not the low of 90, which came later
    assert record["mfe_pct"] == 0


def test_fees_and_slippage_of_both_sides_go_against_a_long(settings: Settings) -> None:
    costly = replace(settings, fees_bps=10.0, slippage_bps=20.0)
    record = trade_of(costly, make_signal(target_price=110), (100, 111, 100, 108))
    assert record["entry_price"] == pytest.approx(100.2)  # 100 + 0.2 %
    assert record["exit_price"] == pytest.approx(109.78)  # 110 - 0.2 %
    assert record["fees"] == pytest.approx(1.002 + 1.0978)  # 0.1 % of 1,002 and of 1,097.80


def test_fees_and_slippage_of_both_sides_go_against_a_short(settings: Settings) -> None:
    costly = replace(settings, fees_bps=10.0, slippage_bps=20.0)
    record = trade_of(costly, make_signal(side="short", target_price=90), (100, 100, 89, 95))
    assert record["entry_price"] == pytest.approx(99.8)
    assert record["exit_price"] == pytest.approx(90.18)
    assert record["fees"] == pytest.approx(0.998 + 0.9018)


def test_partial_exits_are_one_trade_at_the_weighted_price(settings: Settings) -> None:
    path = settings.root / "trade_ledger.jsonl"
    executor = PaperTradingExecutor(
        replace(settings, fees_bps=10.0), FixedFilter(), TradeLedger(path)
    )
    _, trade_id = executor.execute_signal(make_signal(price=50.0))
    assert trade_id is not None
    first = executor.close_position(trade_id, 55.0, "2026-01-28T16:00:00-05:00", quantity=4)
    last = executor.close_position(trade_id, 60.0, "2026-01-29T16:00:00-05:00", "STRATEGY", "done")
    assert first is None
    assert isinstance(last, Trade)
    (record,) = ledger_lines(path)
    assert record["quantity"] == 10
    assert record["exit_price"] == pytest.approx(58.0)  # (4 at 55 + 6 at 60) / 10
    assert record["fees"] == pytest.approx(0.50 + 0.22 + 0.36)
    assert record["exit_timestamp"] == "2026-01-29T16:00:00-05:00"
    assert (record["exit_type"], record["exit_reason"]) == ("STRATEGY", "done")
    # 4 of 10 sold at 55 is not a loss of 56 %: (58 - 50) / 50 less 1.08 of 500
    assert realized_pnl_pct("long", 50, record["exit_price"], 10, record["fees"]) == pytest.approx(
        0.15784
    )


def test_five_days_are_five_days_across_the_change_to_summer_time(settings: Settings) -> None:
    path = settings.root / "trade_ledger.jsonl"
    executor = PaperTradingExecutor(settings, FixedFilter(), TradeLedger(path))
    # New York changes on Sunday, 8 March 2026; in UTC these closes are 21:00 and then 20:00
    executor.execute_signal(make_signal(timestamp="2026-03-05T21:00:00+00:00", max_holding_days=5))
    quiet = (100, 101, 99, 100.5)
    for moment in ("2026-03-06T21:00Z", "2026-03-09T20:00Z", "2026-03-10T20:00Z"):
        executor.mark_to_market(make_bar(1, quiet, timestamp=moment))
    (record,) = ledger_lines(path)
    assert record["exit_type"] == "TIME_EXIT"
    assert record["exit_timestamp"] == "2026-03-10T20:00:00+00:00"
    assert record["exit_price"] == 100.5
