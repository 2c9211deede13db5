"""Indicators against arithmetic done by hand; each answer is derived in its comment."""

import numpy as np
import pandas as pd
import pytest

from afterclose.features.catalogue import relative_strength
from afterclose.features.windows import wilder
from afterclose.history.indicators import add_indicators


def bars(close, *, high=None, low=None, volume=100.0):
    close = np.asarray(close, dtype=float)
    frame = pd.DataFrame({"symbol": "AAA", "close": close, "open": close, "volume": volume})
    frame["date"] = pd.date_range("2024-01-01", periods=len(close))
    return frame.assign(high=close if high is None else high, low=close if low is None else low)


def last(column, frame):
    return add_indicators(frame)[column].iloc[-1]


def test_twenty_day_average_and_distance():
    # closes 1..20: mean 10.5; 20 / 10.5 - 1 = 19/21
    frame = bars(range(1, 21))
    assert last("dist_20sma", frame) == pytest.approx(19 / 21, rel=1e-14)


def test_two_hundred_day_distance():
    # 199 closes of 100 and one of 120: mean 100.1; 120 / 100.1 - 1 = 19.9 / 100.1
    assert last("dist_200sma", bars([100.0] * 199 + [120.0])) == pytest.approx(19.9 / 100.1)


def test_returns_over_five_and_twenty_sessions():
    # closes 1..21: 21/16 - 1 and 21/1 - 1
    frame = bars(range(1, 22))
    assert last("ret_5", frame) == 0.3125
    assert last("ret_20", frame) == 20.0


def test_volume_ratio_counts_the_day_itself_in_its_mean():
    # nineteen volumes of 100 and one of 300: mean 110; 300 / 110
    frame = bars([10.0] * 20, volume=[100.0] * 19 + [300.0])
    assert last("vol_ratio", frame) == pytest.approx(30 / 11)


def test_volatility_is_the_sample_deviation_of_daily_returns():
    # ten returns of +10 % and ten of -10 %: mean 0, variance 20 * 0.01 / 19
    closes = 100 * np.cumprod([1.0, *[1.1, 0.9] * 10])
    assert last("volatility_20", bars(closes)) == pytest.approx(0.1 * (20 / 19) ** 0.5)


def test_average_true_range_sees_the_gap_and_smooths_by_a_fourteenth():
    # fourteen ranges of 2, then a gap from close 10 to a bar of 15..17: true range 7;
    # (13 * 2 + 7) / 14 = 33/14, and over the close of 16
    frame = bars([10.0] * 14 + [16.0], high=[11.0] * 14 + [17.0], low=[9.0] * 14 + [15.0])
    assert last("atr_14", frame) == pytest.approx(33 / 14)
    assert last("atr_pct", frame) == pytest.approx(33 / 14 / 16)


def test_relative_strength_after_seven_gains_and_seven_losses_is_fifty():
    closes = [10.0, *range(11, 18), *range(16, 9, -1)]
    assert relative_strength(np.array(closes, dtype=float))[-1] == 50.0


def test_relative_strength_smooths_by_a_fourteenth():
    # average gain and loss of 0.5 each, then +1.5: gain (13 * .5 + 1.5) / 14 = 8/14,
    # loss 6.5/14; 100 * 8 / 14.5
    closes = [10.0, *range(11, 18), *range(16, 9, -1), 11.5]
    assert relative_strength(np.array(closes))[-1] == pytest.approx(100 * 8 / 14.5)


def test_relative_strength_of_a_price_that_never_moves_is_fifty():
    assert relative_strength(np.full(20, 10.0))[-1] == 50.0


def test_wilder_starts_with_the_plain_mean_of_fourteen():
    smooth = wilder(np.arange(1.0, 16.0))  # mean of 1..14 is 7.5; then 7.5 + (15 - 7.5) / 14
    assert np.isnan(smooth[:13]).all()
    assert smooth[13:].tolist() == pytest.approx([7.5, 7.5 + 7.5 / 14])


def test_breakout_level_is_the_highest_of_the_twenty_closes_before():
    frame = bars([50.0] + [30.0] * 19 + [99.0])
    assert last("breakout_level", frame) == 50.0
