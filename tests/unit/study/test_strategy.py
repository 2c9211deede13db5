"""The rule: when it buys, and what it asks the executor for."""

import numpy as np
import pandas as pd
import pytest

from afterclose.history.indicators import FEATURES
from afterclose.study.strategy import TrendBreakout, find_signals


def bars(closes, spread=1.0):
    """Bars at ``closes`` whose high and low are ``spread`` away, one a day."""
    close = np.asarray(closes, dtype=float)
    closes_at = pd.date_range("2020-01-01T21:00", periods=len(close), freq="D", tz="UTC")
    return pd.DataFrame(
        {
            "symbol": "AAA",
            "date": closes_at.tz_localize(None).normalize(),
            "closes_at": closes_at,
            "open": close,
            "high": close + spread,
            "low": close - spread,
            "close": close,
            "volume": 1000.0,
        }
    )


FLAT_THEN_BREAKOUT = [100.0] * 220 + [102.0]


def test_a_close_above_the_last_twenty_in_an_up_trend_is_bought():
    (signal,) = find_signals(bars(FLAT_THEN_BREAKOUT))
    assert signal.timestamp.isoformat() == "2020-08-08T21:00:00+00:00"
    assert (signal.symbol, signal.side, signal.price) == ("AAA", "long", 102.0)


def test_stop_and_target_are_multiples_of_the_average_true_range():
    # ranges of 2, then 3 (from the close of 100 to the high of 103): (13 * 2 + 3) / 14 = 29/14
    (signal,) = find_signals(bars(FLAT_THEN_BREAKOUT))
    assert signal.stop_price == pytest.approx(102 - 2 * 29 / 14)
    assert signal.target_price == pytest.approx(102 + 3 * 29 / 14)
    assert signal.rule_confidence == pytest.approx(2 / (29 / 14))
    assert signal.max_holding_days == 14


def test_every_position_has_the_same_notional():
    (signal,) = find_signals(bars(FLAT_THEN_BREAKOUT), TrendBreakout(notional=5_100))
    assert signal.quantity == 50.0


def test_a_signal_carries_every_feature_as_a_finite_number():
    (signal,) = find_signals(bars(FLAT_THEN_BREAKOUT))
    assert tuple(signal.features) == FEATURES
    assert all(np.isfinite(value) for value in signal.features.values())


def test_a_breakout_below_the_long_average_is_left_alone():
    assert find_signals(bars([200.0] * 150 + [100.0] * 70 + [102.0])) == []


def test_a_close_at_the_old_high_is_no_breakout():
    assert find_signals(bars([*[100.0] * 190, 102.0, *[100.0] * 15, 102.0])) == []


def test_a_range_so_wide_that_the_stop_would_be_below_zero_is_left_alone():
    assert find_signals(bars(FLAT_THEN_BREAKOUT, spread=30.0)) == []


def test_no_signal_before_two_hundred_bars():
    assert find_signals(bars(np.linspace(100, 200, 199))) == []
    assert len(find_signals(bars(np.linspace(100, 200, 200)))) == 1


def test_signals_are_ordered_by_moment_then_symbol():
    one = bars(np.linspace(100, 200, 205))
    both = pd.concat([one, one.assign(symbol="ABC"), one.assign(symbol="AA")], ignore_index=True)
    keys = [(signal.timestamp, signal.symbol) for signal in find_signals(both)]
    assert keys == sorted(keys)
    assert len(keys) == 18
